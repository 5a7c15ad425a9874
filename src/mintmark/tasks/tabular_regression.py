"""Tell a number of a row, such as a price or a demand, from numbers, categories, dates and an entity's history."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from mintmark.base.errors import DataError
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


class Config(features.Settings, models.Settings):
    model: Literal[
        "auto", "lightgbm", "xgboost", "catboost", "random_forest", "extra_trees", "decision_tree", "ebm",
        "linear_regression", "linear_svm", "kernel_svm",
    ] = Field("auto", description="The kind; auto: sought within the budget, lightgbm without one.")  # fmt: skip


def ask(rows: Rows, columns: Columns, config: Config) -> tuple[Rows, Rows]:
    """The row without its target and what is to be ignored. A row without its number is left out of fits and measures.

    Raises: RecipeError: a column to be ignored that is not there. DataError: the target holds no numbers, or one alone.
    """
    questions, truth = drop_target(rows, columns, config)
    name, column = columns.target, truth.table().column(0)
    kind = table.kind_of(column.type)
    if kind != "number":
        what = f"tabular_regression needs numbers; column {name!r} holds {kind} values."
        raise DataError(what, where="target", fix='a target of numbers, or task = "tabular_classification".')
    values = pc.drop_null(column.cast(pa.float64(), safe=False)).to_numpy()
    values = values[np.isfinite(values)]
    if len(values) < len(column):
        what = f"{len(column) - len(values)} of {len(column)} rows have no finite number in column {name!r}."
        raise DataError(what, where="target", fix="drop or fill these rows: their answer is not known.")
    if len(np.unique(values)) < 2:
        raise DataError(f"column {name!r} has only one value.", where="target", fix="rows that differ in their target.")
    return features.ask(questions, columns, config), truth


def learn(questions: Rows, truth: Rows, columns: Columns, config: Config) -> State:
    """What the features need.   Raises: DataError: no column can be used."""
    y = answers.y_of("number", truth.table(), {})
    return features.learn(questions, y, [], columns, config, wants=models.get(config.model).wants)


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    """Shapes: x (n, d), dense or csr."""
    return Batch({"x": features.encode(state, questions, past)}, {"categorical": state.facts["categorical"]})


def fit(train: View, valid: View | None, config: Config, ctx: Ctx) -> State:
    return models.fit(config.model, train, valid, config, ctx)


def settle(config: Config, fitted: list[State]) -> Config:
    return models.settle(config, fitted)


def predict(state: State, batch: Batch) -> pa.Table:
    return answers.make("number", value=models.predict(state, batch.arrays["x"]))


def score(made: pa.Table, truth: pa.Table) -> list[Measured]:
    """Measures of the values, and the share of truths inside their interval where there is one."""
    value, y = made["value"].to_numpy(), answers.y_of("number", truth, {})
    said = metrics.of_numbers(value, y)
    if len(y) and not made["low"].null_count:
        inside = (made["low"].to_numpy() <= y) & (y <= made["high"].to_numpy())
        level = float(made["level"].to_numpy()[0])
        said.append(Measured("coverage", float(inside.mean()), "1", source=f"of intervals meant to hold {level:.0%}"))
    return said


def example(rng: np.random.Generator) -> Rows:
    """Orders of shops: some shops sell more, weekends and offers draw customers."""
    n = 400
    shop, day = np.concatenate([rng.permutation(20)[:4] for _ in range(n // 4)]), np.arange(n) // 4
    time = np.datetime64("2026-01-01T00:00:00", "us") + day * np.timedelta64(1, "D")
    price, offer = rng.lognormal(1, 0.4, n).round(2), rng.random(n) < 0.2
    weather = rng.choice(["sun", "rain", "snow"], n)
    demand = 20 + 3.0 * (shop % 5) + 8 * offer - 1.5 * price + 4 * (day % 7 > 4) - 5 * (weather == "snow")
    content = {
        "time": time,
        "shop": [f"S{s:02d}" for s in shop],
        "price": pa.array(price, mask=rng.random(n) < 0.05),
        "offer": offer,
        "weather": pa.array([None if g else str(w) for w, g in zip(weather, rng.random(n) < 0.05, strict=True)]),
        "target": np.maximum(demand + rng.normal(0, 2, n), 0).round(1),
    }
    return table.of(content)


STARTER = {
    "target": "target",
    "label_delay": "1 day",
    "columns": {"time": "time", "entity": "shop"},
    "payoff": {"currency": "USD", "over": -1, "under": -4},
}
LADDER = (
    {"model": "linear_regression"},
    {"model": "linear_regression", "C": 0.1},
    {"model": "lightgbm", "num_leaves": 7},
    {"model": "lightgbm"},
    {"model": "extra_trees"},
    {"model": "kernel_svm"},
    {"model": "xgboost"},
    {"model": "ebm"},
    {"model": "catboost"},
    {"model": "lightgbm", "learning_rate": 0.02, "num_leaves": 63, "early_stopping_rounds": 100},
)

TASK = Task(
    config=Config, answer="number", example=example, starter=STARTER, ask=ask, learn=learn, encode=encode, fit=fit,
    predict=predict, score=score, settle=settle, ladder=LADDER, key="entity", refit="small",
)  # fmt: skip
