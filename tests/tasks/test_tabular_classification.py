"""Classes from mixed columns: what it can tell, what it refuses, and that one row alone gets the batch's answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.past import Past
from mintmark.data.rows import Rows
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.recipe.schema import Columns
from mintmark.tasks import tabular_classification as task
from mintmark.tasks.tabular_classification import TASK, Config

TARGET = Columns(target="target")
MODELS = ["lightgbm", "logistic_regression", "random_forest"]


def view(state: State, questions: Rows, truth: Rows, past: Past, weight: np.ndarray | None = None) -> View:
    def read() -> Iterator[Batch]:
        at = 0
        for q, t in zip(questions.chunks(1000), truth.chunks(1000), strict=True):
            w = None if weight is None else weight[at : at + len(q)]
            at += len(q)
            batch = task.encode(state, q, past.as_of(q))
            yield replace(batch, y=answers.y_of("classes", t, state.facts), weight=w)

    return View(read)


class Fitted:
    """Features and model of some rows, to ask."""

    def __init__(
        self, rows: Rows, config: Config, columns: Columns = TARGET, valid: Rows | None = None,
        past: Past | None = None, weight: np.ndarray | None = None, ctx: Ctx | None = None,
    ) -> None:  # fmt: skip
        self.past = past or Past()
        questions, truth = task.ask(rows, columns, config)
        self.features = task.learn(questions, truth, columns, config)
        held = None
        if valid is not None:
            held = view(self.features, *TASK.ask(valid, columns, config), self.past)
        seen = view(self.features, questions, truth, self.past, weight)
        self.model = task.fit(seen, held, config, ctx or Ctx(seed=3))

    @property
    def classes(self) -> list[str]:
        return list(self.features.facts["classes"])

    def ask(self, rows: Rows, step: int = 16384) -> np.ndarray:
        made = [task.predict(self.model, task.encode(self.features, q, self.past.as_of(q))) for q in rows.chunks(step)]
        return answers.probability(answers.check("classes", pa.concat_tables(made), len(rows)), self.classes)[0]


def mixed(n: int = 600, classes: int = 2, seed: int = 0) -> Rows:
    """Numbers, a category, a flag and a date that all tell something, each with values missing."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=n), rng.integers(0, 5, n), rng.integers(0, 400, n)
    logit = 1.5 * a + (b == 2) * 2.0 + (c > 200) + rng.normal(size=n) * 0.7
    place = np.searchsorted(np.quantile(logit, np.arange(1, classes) / classes), logit)
    gone = rng.random(n) < 0.1
    return table.of({
        "a": pa.array(a, mask=gone), "b": pa.array([f"kind {i}" for i in b], mask=np.roll(gone, 5)),
        "day": pa.array(np.datetime64("2025-01-01", "D") + c, mask=np.roll(gone, 9)),
        "flag": pa.array(rng.random(n) < 0.5, mask=np.roll(gone, 3)), "target": [f"class {i}" for i in place],
    })  # fmt: skip


def places(fitted: Fitted, rows: Rows) -> np.ndarray:
    return answers.places(rows.table()["target"], fitted.classes)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("classes", [2, 3])
def test_every_model_tells_classes_apart_and_one_row_alone_gets_the_answer_of_the_batch(
    model: str, classes: int
) -> None:
    train, test = mixed(classes=classes), mixed(300, classes, seed=1)
    made = Fitted(train, Config(model=model, n_estimators=60), valid=mixed(200, classes, seed=2))
    p = made.ask(test)
    y = places(made, test)
    auc = roc_auc_score(y, p[:, 1]) if classes == 2 else roc_auc_score(y, p, multi_class="ovr")
    assert auc > 0.8
    assert np.abs(p - made.ask(test, step=1)).max() < 1e-9 and np.abs(p - made.ask(test, step=37)).max() < 1e-9


@pytest.mark.parametrize("model", MODELS)
def test_what_training_never_saw_is_answered(model: str) -> None:
    made = Fitted(mixed(), Config(model=model, n_estimators=20))
    asked = {"a": [1e40, None, -np.inf], "b": ["unheard of", None, ""], "day": [None] * 3, "flag": [None] * 3}
    types = pa.schema([("a", pa.float64()), ("b", pa.string()), ("day", pa.timestamp("us")), ("flag", pa.bool_())])
    p = made.ask(table.of(pa.table(asked, schema=types)))
    assert np.isfinite(p).all() and np.allclose(p.sum(1), 1)


@pytest.mark.parametrize("model", MODELS)
def test_whole_numbers_as_integers_or_floats_are_one_question(model: str) -> None:
    rng = np.random.default_rng(0)
    x, k = rng.integers(0, 9, 300), rng.integers(0, 4, 300)
    y = (x + 3 * (k == 1) + rng.normal(size=300) > 5).astype(int)
    made = Fitted(table.of({"x": x, "k": k, "target": y}), Config(model=model, categorical=("k",), n_estimators=20))
    whole = made.ask(table.of({"x": x[:20], "k": k[:20]}))
    assert np.array_equal(whole, made.ask(table.of({"x": x[:20].astype(float), "k": k[:20].astype(float)})))
    assert made.classes == ["0", "1"] and roc_auc_score(y, made.ask(table.of({"x": x, "k": k}))[:, 1]) > 0.9


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_makes_the_same_model(model: str) -> None:
    config = Config(model=model, n_estimators=20)
    one, again = (Fitted(mixed(), config, ctx=Ctx(seed=5)).ask(mixed(50, seed=9)) for _ in range(2))
    assert np.array_equal(one, again)


@pytest.mark.parametrize("model", MODELS)
def test_validation_rows_may_lack_a_class_or_have_one_that_training_never_saw(model: str) -> None:
    train = mixed(classes=3)
    valid = mixed(100, 2, seed=4).table()
    names = ["class 0" if i % 2 else "class 9" for i in range(100)]
    valid = table.of(valid.set_column(valid.schema.get_field_index("target"), "target", pa.array(names)))
    made = Fitted(train, Config(model=model, n_estimators=30), valid=valid)
    assert made.ask(valid).shape == (100, 3)


@pytest.mark.parametrize("model", MODELS)
def test_a_fit_on_rows_of_one_class_says_that_class(model: str) -> None:
    rows = mixed(classes=2)
    made = Fitted(rows, Config(model=model))
    one = rows.take(np.flatnonzero(places(made, rows) == 0))
    questions, truth = task.drop_target(one, TARGET, Config())
    state = task.learn(questions, truth, TARGET, Config(model=model))
    model_of_one = task.fit(view(state, questions, truth, Past()), None, Config(model=model), Ctx())
    batch = task.encode(state, next(iter(questions)), Past().as_of(next(iter(questions))))
    p, classes = answers.probability(task.predict(model_of_one, batch))
    assert classes == ["class 0"] and (p == 1).all()


@pytest.mark.parametrize("model", MODELS)
def test_weights_count(model: str) -> None:
    rows = mixed()
    plain = Fitted(rows, Config(model=model, n_estimators=20, min_child_samples=20))
    weight = np.where(places(plain, rows) == 1, 20.0, 1.0)
    heavy = Fitted(rows, Config(model=model, n_estimators=20, min_child_samples=20), weight=weight)
    assert heavy.ask(rows)[:, 1].mean() > plain.ask(rows)[:, 1].mean() + 0.1


@pytest.mark.parametrize("model", MODELS)
def test_ten_thousand_columns(model: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 10_000))
    content = {f"c{j}": x[:, j] for j in range(10_000)}
    content["target"] = np.where(x[:, 17] + 0.3 * rng.normal(size=100) > 0, "high", "low")
    made = Fitted(table.of(content), Config(model=model, n_estimators=10))
    assert made.ask(table.of(content)).shape == (100, 2)


def test_a_wide_table_of_many_categories_is_fitted_sparsely() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 300, 3000)
    y = np.where(rng.random(3000) < (code % 3 == 0) * 0.6 + 0.2, "p", "n")
    words = {f"w{j}": [f"v{i}" for i in rng.integers(0, 100, 3000)] for j in range(2)}
    rows = table.of({"code": [f"shop {i}" for i in code], **words, "target": y})
    made = Fitted(rows, Config(model="logistic_regression", max_categories=300))
    q = next(iter(rows.drop(["target"])))
    assert task.encode(made.features, q, Past().as_of(q)).arrays["x"].format == "csr"
    assert np.abs(made.ask(rows) - made.ask(rows, step=50)).max() < 1e-9
    assert roc_auc_score(y == "p", made.ask(rows)[:, 1]) > 0.75


# --- history ----------------------------------------------------------------------------------------------------------


def with_history(seed: int = 0, n: int = 3000) -> tuple[Rows, Columns]:
    """Customers who differ in nothing but what they did before."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, 150, n)
    y = np.where(rng.random(n) < np.where(who % 4 == 0, 0.7, 0.1), "yes", "no")
    rows = table.of({"time": np.arange(n), "who": [f"C{w}" for w in who], "noise": rng.normal(size=n), "target": y})
    return rows, Columns(target="target", time="time", entity="who")


@pytest.mark.parametrize("model", ["lightgbm", "logistic_regression"])
def test_the_history_of_an_entity_tells(model: str) -> None:
    rows, columns = with_history()
    aucs = []
    for history in (20, 0):
        config = Config(model=model, n_estimators=60, history=history)
        first, later = rows.take(np.arange(2000)), rows.take(np.arange(2000, 3000))
        past = Past(key="who", time="time", target="target", window=50, salt="s")
        made = Fitted(first, config, columns, past=past.append(first))
        made.past = past.append(rows)
        questions = later.drop(["target"])
        aucs.append(roc_auc_score(later.table()["target"].to_pylist(), made.ask(questions)[:, 1]))
        assert np.abs(made.ask(questions) - made.ask(questions, step=1)).max() < 1e-9
        if not history:
            assert made.features.facts["names"] == ["noise"]
    assert aucs[0] > 0.75 and aucs[1] < 0.6


def test_labels_that_are_not_known_yet_and_rows_from_then_on_change_no_answer() -> None:
    rows, columns = with_history(n=800)
    delay, content, time = 100.0, rows.table(), np.arange(800)
    empty = Past(key="who", time="time", target="target", label_delay=delay, window=50, salt="s")
    made = Fitted(rows, Config(n_estimators=30), columns, past=empty.append(rows))
    asked = rows.take(np.array([500])).drop(["target"])
    answered = made.ask(asked)

    def with_past(forged: np.ndarray) -> np.ndarray:
        """The answer, where these rows have the other label, and those from the moment on a wild number too."""
        was = content["target"].to_numpy()
        label = np.where(forged, np.where(was == "yes", "no", "yes"), was)
        noise = np.where(time >= 500, 1e6, content["noise"].to_numpy())
        past = content.set_column(3, "target", pa.array(label.tolist())).set_column(2, "noise", pa.array(noise))
        made.past = empty.append(table.of(past))
        return made.ask(asked)

    assert np.array_equal(answered, with_past(time > 500 - delay))
    assert not np.array_equal(answered, with_past(time <= 500 - delay))  # those that are known do count


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (["same"] * 40, "only the class 'same'"),
        (pa.nulls(40, pa.string()), "no values"),
        (np.linspace(0, 1, 40), "has 40 different values in 40 rows"),
        ([f"id {i}" for i in range(40)], "has 40 different values in 40 rows"),
        (np.datetime64("2025-01-01", "s") + np.arange(40), "time values"),
    ],
)
def test_a_target_without_classes_is_refused(target: Any, said: str) -> None:
    rows = table.of({"x": np.arange(40) % 7, "target": target})
    with pytest.raises(DataError, match=said) as caught:
        task.ask(rows, TARGET, Config())
    assert "target" in str(caught.value) and caught.value.fix


def test_a_class_of_one_row_and_a_target_of_few_whole_numbers_are_classes() -> None:
    for target in (["a"] * 39 + ["b"], [1.0, 2.0, 3.0, 4.0] * 10, [True, False] * 20):
        assert len(task.ask(table.of({"x": np.arange(40), "target": target}), TARGET, Config())[1]) == 40


def test_the_positive_class_is_last_and_one_that_does_not_exist_is_refused() -> None:
    rows = mixed(classes=3)
    questions, truth = task.ask(rows, TARGET, Config(positive="class 0"))
    state = task.learn(questions, truth, TARGET, Config(positive="class 0"))
    assert state.facts["classes"] == ["class 1", "class 2", "class 0"]
    with pytest.raises(RecipeError, match="did you mean 'class 0'"):
        task.ask(rows, TARGET, Config(positive="clas 0"))


def test_a_table_without_a_usable_column_is_refused_with_the_reasons() -> None:
    rows = table.of({"same": [1] * 30, "name": [f"n{i}" for i in range(30)], "target": ["a", "b"] * 15})
    with pytest.raises(DataError, match="'same' has one value; 'name' hardly ever has the same text twice"):
        task.learn(*task.ask(rows, TARGET, Config()), TARGET, Config())


# --- refit and example ------------------------------------------------------------------------------------------------


def test_a_refit_grows_as_many_trees_as_early_stopping_left() -> None:
    config = Config(early_stopping_rounds=10)
    models = [Fitted(mixed(seed=s), config, valid=mixed(200, seed=s + 1)).model for s in range(3)]
    rounds = sorted(m.facts["rounds"] for m in models)
    assert rounds[-1] < 2000
    settled = task.settle(config, models)
    assert settled.n_estimators == rounds[1] and settled.early_stopping_rounds == 10
    again = Fitted(mixed(), settled).model
    assert again.facts["rounds"] == rounds[1] == again.files["model.txt"].decode().count("Tree=")
    assert task.settle(config, [State()]) == config


def test_progress_is_reported_and_stops_the_fit() -> None:
    heard: list[tuple[str, str, int]] = []

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        heard.append((name, unit, step))
        return step == 3

    made = Fitted(mixed(), Config(), valid=mixed(100, seed=1), ctx=Ctx(hear=hear))
    assert heard == [("log_loss", "nats", i) for i in (1, 2, 3)] and made.model.facts["fitted"] == 3


def test_the_example_has_mixed_columns_and_its_history_tells() -> None:
    rows = TASK.example(np.random.default_rng(0))
    columns = Columns(target="target", **TASK.starter["columns"])
    assert {table.kind_of(f.type) for f in rows.schema} == {"time", "text", "number", "boolean"}
    past = Past(key="customer", time="time", target="target", label_delay=3 * 86400.0, salt="s").append(rows)
    config = Config(positive="fraud", model="logistic_regression")
    first, later = rows.take(np.arange(250)), rows.take(np.arange(250, 400))
    made = Fitted(first, config, columns, past=past)
    truth = later.table()["target"].to_pylist()
    assert made.classes == ["ok", "fraud"]
    assert roc_auc_score(np.array(truth) == "fraud", made.ask(later.drop(["target"]))[:, 1]) > 0.7
    measures = task.score(task.predict(made.model, _encoded(made, later)), later.select(["target"]).table())
    assert measures[0].name == "roc_auc" and measures[0].value > 0.7


def _encoded(made: Fitted, rows: Rows) -> Batch:
    q = next(rows.drop(["target"]).chunks(10**6))
    return task.encode(made.features, q, made.past.as_of(q))
