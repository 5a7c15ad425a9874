"""Tell which of two or more classes a row belongs to, from numbers, categories, dates and an entity's history."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mintmark.base.errors import DataError, unknown
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.data import features
from mintmark.data import rows as table
from mintmark.data.past import Earlier
from mintmark.data.rows import Rows
from mintmark.numerics import answers, metrics, models
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.recipe.schema import Columns
from mintmark.tasks import Task, drop_target

MOST_CLASSES = 1000


class Config(features.Settings, models.Settings):
    model: Literal[
        "auto", "lightgbm", "xgboost", "catboost", "random_forest", "extra_trees", "balanced_random_forest",
        "decision_tree", "ebm", "logistic_regression", "linear_svm", "kernel_svm",
    ] = Field("auto", description="The kind; auto: sought within the budget, lightgbm without one.")  # fmt: skip
    positive: str = Field(
        "", description="The class that payoffs, precision and recall speak of; without it the last in sorted order."
    )


def ask(rows: Rows, columns: Columns, config: Config) -> tuple[Rows, Rows]:
    """The row without its target and what is to be ignored: that is not asked for when the model is used, either.

    Raises: DataError: one class or none, or a target that is no class. RecipeError: `positive` is no class, `ignore` no
    column.
    """
    questions, truth = drop_target(rows, columns, config)
    questions = features.ask(questions, columns, config)
    name, column = columns.target, truth.table().column(0)
    kind = table.kind_of(column.type)
    if kind not in ("text", "number", "boolean", "nothing"):
        what = f"tabular_classification needs classes; column {name!r} holds {kind} values."
        raise DataError(what, where="target", fix="a target of names, whole numbers or true and false.")
    classes = sorted(_counts(truth))
    if len(classes) < 2:
        what = f"column {name!r} has " + (f"only the class {classes[0]!r}." if classes else "no values.")
        raise DataError(what, where="target", fix="rows of at least two classes, or another target.")
    fraction = kind == "number" and not all(c.lstrip("-").isdigit() for c in classes)
    most = min(20, len(rows) // 2) if fraction else min(MOST_CLASSES, max(20, len(rows) // 2))
    if len(classes) > most:
        what = f"tabular_classification needs classes; column {name!r} has {len(classes)} different values in "
        fix = "a target with few values, or a column made of it (high and low, say)."
        raise DataError(what + f"{len(rows)} rows.", where="target", fix=fix)
    if config.positive and config.positive not in classes:
        raise unknown("class", config.positive, classes, where="settings.positive")
    return questions, truth


def learn(questions: Rows, truth: Rows, columns: Columns, config: Config) -> State:
    """The classes, with `positive` last, and what the features need.   Raises: DataError: no column can be used."""
    classes = sorted(_counts(truth), key=lambda c: (c == config.positive, c))
    y, wants = answers.places(truth.table().column(0), classes), models.get(config.model).wants
    state = features.learn(questions, y, classes, columns, config, wants=wants)
    return State(state.arrays, state.facts | {"classes": classes}, state.files, state.parts)


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    """Shapes: x (n, d), dense or csr."""
    facts = {n: state.facts[n] for n in ("classes", "categorical")}
    return Batch({"x": features.encode(state, questions, past)}, facts)


def fit(train: View, valid: View | None, config: Config, ctx: Ctx) -> State:
    return models.fit(config.model, train, valid, config, ctx)


def settle(config: Config, fitted: list[State]) -> Config:
    return models.settle(config, fitted)


def predict(state: State, batch: Batch) -> pa.Table:
    return answers.of_classes(models.predict(state, batch.arrays["x"]), batch.facts["classes"])


def score(made: pa.Table, truth: pa.Table) -> list[Measured]:
    p, classes = answers.probability(made)
    return metrics.of_classes(p, answers.places(truth.column(0), classes))


def _counts(truth: Rows) -> dict[str, int]:
    """How often each class comes."""
    found = pc.value_counts(answers.names_of(truth.table().column(0)).drop_null())
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def example(rng: np.random.Generator) -> Rows:
    """Payments: some customers are cheated again and again, and large amounts draw fraud."""
    n = 400
    customer, hour = rng.integers(0, 25, n), rng.integers(0, 24, n)
    start = np.datetime64("2026-01-01T00:00:00", "us")
    time = np.sort(start + (np.arange(n) // 4) * np.timedelta64(1, "D") + hour * np.timedelta64(1, "h"))
    amount, shop = rng.lognormal(3, 1, n).round(2), rng.choice(["food", "travel", "games", "fuel"], n)
    logit = 4.0 * (customer % 5 == 0) + 0.03 * amount + 1.0 * (shop == "games") - 4.0
    fraud = rng.random(n) < 1 / (1 + np.exp(-logit))
    content = {
        "time": time,
        "customer": [f"C{c:02d}" for c in customer],
        "amount": amount,
        "shop": pa.array([None if gone else str(s) for s, gone in zip(shop, rng.random(n) < 0.05, strict=True)]),
        "age": pa.array(rng.integers(18, 90, n), mask=rng.random(n) < 0.1),
        "abroad": rng.random(n) < 0.2,
        "target": np.where(fraud, "fraud", "ok"),
    }
    return table.of(content)


STARTER = {
    "target": "target",
    "label_delay": "3 days",
    "columns": {"time": "time", "entity": "customer"},
    "settings": {"positive": "fraud"},
    "payoff": {"currency": "USD", "true_positive": -5, "false_positive": -5, "false_negative": "-amount"},
}
LADDER = (
    {"model": "logistic_regression"},
    {"model": "logistic_regression", "C": 0.1},
    {"model": "lightgbm", "num_leaves": 7},
    {"model": "lightgbm"},
    {"model": "random_forest"},
    {"model": "extra_trees"},
    {"model": "kernel_svm"},
    {"model": "xgboost"},
    {"model": "ebm"},
    {"model": "catboost"},
    {"model": "lightgbm", "learning_rate": 0.02, "num_leaves": 63, "early_stopping_rounds": 100},
)

TASK = Task(
    config=Config, answer="classes", example=example, starter=STARTER, ask=ask, learn=learn, encode=encode, fit=fit,
    predict=predict, score=score, settle=settle, ladder=LADDER, key="entity", split="stratify", refit="small",
)  # fmt: skip
