"""Tell which of two or more classes a row belongs to, from numbers, categories, dates and an entity's history."""

from typing import Any, Literal

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
from mintmark.numerics import answers, metrics, trees
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import Batch, View, stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.trees import Seen
from mintmark.recipe.schema import Columns
from mintmark.recipe.strict import Strict
from mintmark.tasks import Task, drop_target

MOST_CLASSES = 1000
TINY = 1e-15


class Config(Strict):
    model: Literal["lightgbm", "logistic_regression", "random_forest"] = Field(
        "lightgbm", description="The kind of model: boosted trees, a linear model, or a forest of independent trees."
    )
    positive: str = Field(
        "", description="The class that payoffs, precision and recall speak of; without it the last in sorted order."
    )
    categorical: tuple[str, ...] = Field((), description="Number columns whose values are names, such as postcodes.")
    ignore: tuple[str, ...] = Field(
        (), description="Columns that are not used, and not asked for when the model is served."
    )
    max_categories: int = Field(
        200, ge=2, description="Categories of a column that are told apart, the most frequent; the others are one."
    )
    history: int = Field(20, ge=0, description="Earlier rows of the entity that are looked at; 0 ignores them.")
    n_estimators: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Trees at most; without it 2000 for lightgbm (it stops early), 200 in a forest.",
    )
    learning_rate: float = Field(0.05, gt=0, le=1, description="Of lightgbm: how much each tree corrects.")
    num_leaves: int | None = Field(
        None, ge=2, le=4096, description="Of lightgbm: leaves a tree; without it 4 to 31, more for more rows."
    )
    min_child_samples: int | None = Field(
        None, ge=1, description="Rows in a leaf, at least; without it more for more rows."
    )
    early_stopping_rounds: int = Field(
        50, ge=1, description="Of lightgbm: stop after so many trees without a better validation loss."
    )
    max_depth: int | None = Field(
        None, ge=1, description="Of trees: splits from root to leaf, at most; without it no limit."
    )
    max_features: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Of trees: share of the features tried; without it 0.8, in a forest the square root.",
    )
    C: float = Field(1.0, gt=0, description="Of logistic_regression: inverse strength of the penalty on coefficients.")


def ask(rows: Rows, columns: Columns, config: Config) -> tuple[Rows, Rows]:
    """The row without its target and what is to be ignored: that is not asked for when the model is used, either.

    Raises: DataError: one class or none, or a target that is no class. RecipeError: `positive` is no class, `ignore` no
    column.
    """
    questions, truth = drop_target(rows, columns, config)
    for name in config.ignore:
        if name not in rows.names:
            raise unknown("column", name, rows.names, where="settings.ignore")
    questions = questions.drop([n for n in config.ignore if n not in (columns.time, columns.entity)])
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
    counts = _counts(truth)
    classes = sorted(counts, key=lambda c: (c == config.positive, c))
    entity = columns.entity if columns.entity in questions.names else ""
    looks_back = bool(entity and columns.time and config.history)
    leave = {entity: "names the entity" + (", whose history is used instead" if looks_back else "")} if entity else {}
    state = features.learn(
        questions,
        leave=leave,
        time=columns.time,
        categorical=config.categorical,
        max_categories=config.max_categories,
    )
    if not state.facts["names"] and not looks_back:
        raise features.nothing_left(state)
    if config.model == "logistic_regression":
        state = features.learn_linear(state, questions)
    if looks_back:
        total = sum(counts.values())
        told = classes[-1:] if len(classes) == 2 else classes[: features.HISTORIES]
        prior = {c: counts[c] / total for c in told}
        state = features.learn_history(state, questions, prior, config.history, entity=entity, time=columns.time)
    past = state.facts["history"]["numbers"] if looks_back else []
    return State(state.arrays, state.facts | {"classes": classes, "past": past})


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    """Features as trees want them (NaN where missing), or as a linear model does.   Shapes: x (n, d), dense or csr."""
    facts = state.facts
    x: Any = features.encode(state, questions)
    looked = features.history(state, x, past) if "history" in facts else None
    if "one_hot" in facts:
        x = features.linear(state, x, looked)
    elif looked is not None:
        x = np.hstack([x, looked])
    return Batch({"x": x}, {"classes": facts["classes"], "categorical": facts["categorical"]})


def fit(train: View, valid: View | None, config: Config, ctx: Ctx) -> State:
    """Rows whose class is unknown are left out; one class alone makes a model that always says it."""
    first = next(iter(train))
    k = len(first.facts["classes"])
    seen, held = Seen.of(train), Seen.of(valid)
    if k < 2 or seen is None or len(np.unique(seen.y)) < 2:
        always = np.zeros(k)
        always[0 if seen is None else int(seen.y[0])] = 1
        return State({"always": always})
    if config.model == "logistic_regression":
        return _fit_linear(seen, held, k, config, ctx)
    if config.model == "random_forest":
        return _fit_forest(seen, held, k, config, ctx)
    n = len(seen)
    params: dict[str, Any] = {
        "learning_rate": config.learning_rate,
        "num_leaves": config.num_leaves or int(np.clip(n // 50, 4, 31)),
        "min_data_in_leaf": config.min_child_samples or int(np.clip(n // 100, 3, 50)),
        "max_depth": config.max_depth or -1,
        "feature_fraction": config.max_features or 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "min_data_per_group": int(np.clip(n // 50, 5, 100)),
    }
    params |= {"objective": "binary"} if k == 2 else {"objective": "multiclass", "num_class": k}
    rounds = config.n_estimators or (2000 if held else 200)
    return trees.boost(
        seen, held, params, ctx,
        rounds=rounds, patience=config.early_stopping_rounds, categorical=first.facts["categorical"],
    )  # fmt: skip


def settle(config: Config, models: list[State]) -> Config:
    """As many trees as early stopping left, in the middle of these models."""
    rounds = [m.facts["rounds"] for m in models if "rounds" in m.facts]
    return config.model_copy(update={"n_estimators": max(1, round(np.median(rounds)))}) if rounds else config


def predict(state: State, batch: Batch) -> pa.Table:
    x, arrays = batch.arrays["x"], state.arrays
    if "always" in arrays:
        p = np.tile(arrays["always"], (x.shape[0], 1))
    elif "coefficient" in arrays:
        p = _linear(state, x)
    elif "root" in arrays:
        p = trees.forest(state, x)
    else:
        p = trees.boosted(state, x)
        if p.ndim == 1:
            p, positive = np.empty((len(p), 2)), p
            p[:, 0], p[:, 1] = 1 - positive, positive
    return answers.of_classes(p, batch.facts["classes"])


def score(made: pa.Table, truth: pa.Table) -> list[Measured]:
    p, classes = answers.probability(made)
    return metrics.of_classes(p, answers.places(truth.column(0), classes))


def _counts(truth: Rows) -> dict[str, int]:
    """How often each class comes."""
    found = pc.value_counts(answers.names_of(truth.table().column(0)).drop_null())
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def _fit_linear(seen: Seen, held: Seen | None, k: int, config: Config, ctx: Ctx) -> State:
    """Shapes: coefficient (k, d), intercept (k,); one row alone for two classes. A class no row has gets none of it."""
    from sklearn.linear_model import LogisticRegression

    made = LogisticRegression(C=config.C, max_iter=10_000).fit(stack(seen.x), seen.y, sample_weight=seen.weight)
    coefficient, intercept = made.coef_, made.intercept_
    if len(made.classes_) == 2 and k > 2:
        coefficient, intercept = np.vstack([0 * coefficient, coefficient]), np.append(0.0, intercept)
    if k > 2:
        wide, high = np.zeros((k, coefficient.shape[1])), np.full(k, -1e3)
        wide[made.classes_], high[made.classes_] = coefficient, intercept
        coefficient, intercept = wide, high
    state = State({"coefficient": coefficient, "intercept": intercept})
    on = held or seen
    ctx.report("log_loss", _log_loss(_linear(state, stack(on.x)), on.y, on.weight), "nats", step=1, of=1)
    return state


def _linear(state: State, x: Any) -> Array:
    """Shapes: x (n, d) dense or csr -> (n, k)."""
    z = np.asarray(x @ state.arrays["coefficient"].T) + state.arrays["intercept"]
    if z.shape[1] == 1:
        z = np.hstack([np.zeros_like(z), z])
    e = np.exp(z - z.max(1, keepdims=True))
    made: Array = e / e.sum(1, keepdims=True)
    return made


def _fit_forest(seen: Seen, held: Seen | None, k: int, config: Config, ctx: Ctx) -> State:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        n_estimators=config.n_estimators or 200,
        max_depth=config.max_depth,
        max_features=config.max_features or "sqrt",
        min_samples_leaf=config.min_child_samples or max(1, round(len(seen) ** 0.5 / 15)),
        random_state=ctx.draw_seed(),
    )
    return trees.grow(model, seen, held, ctx, width=k, loss=_log_loss)


def _log_loss(p: Array, y: Array, weight: Array | None) -> float:
    return float(np.average(-np.log(np.clip(p[np.arange(len(y)), y], TINY, 1)), weights=weight))


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
    {"model": "lightgbm", "num_leaves": 7},
    {"model": "lightgbm"},
    {"model": "random_forest"},
    {"model": "lightgbm", "learning_rate": 0.02, "num_leaves": 63, "early_stopping_rounds": 100},
)

TASK = Task(
    config=Config, answer="classes", example=example, starter=STARTER, ask=ask, learn=learn, encode=encode, fit=fit,
    predict=predict, score=score, settle=settle, ladder=LADDER, key="entity", split="stratify", refit="small",
)  # fmt: skip
