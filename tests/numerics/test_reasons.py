"""Reasons add up to the score that the model gave, and are named for the columns of the question."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from contract import loaded, recipe_of, source_of

from mintmark import spine, tasks
from mintmark.base.errors import DataError
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.rows import Rows
from mintmark.fitting import predict
from mintmark.numerics import answers, reasons
from mintmark.numerics.ensemble import joined

CLASSES = ("lightgbm", "xgboost", "catboost", "ebm", "logistic_regression", "linear_svm")
NUMBERS = ("lightgbm", "xgboost", "catboost", "ebm", "linear_regression", "linear_svm")
NONE = ("random_forest", "extra_trees", "kernel_svm", "decision_tree")
SMALL = {"n_estimators": 12}
EXACT = {"xgboost": 1e-4, "catboost": 1e-6}
"""these two sum in single precision, or round what they keep"""


def wide(n: int = 400, k: int = 2) -> Rows:
    """Numbers, dates, categories many and few, running text, missing values; the answer hangs on some of them."""
    rng = np.random.default_rng(8)
    a, b, kind = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 5, n)
    good = np.where(a + (kind == 2) + rng.normal(size=n) > 0, "fine and good", "bad and poor")
    start = np.datetime64("2026-01-01", "us")
    day = np.timedelta64(1, "D")
    words = np.array(["oil", "tea", "rice", "salt", "milk", "corn"])
    text = [" ".join([g, *rng.choice(words, 12)]) for g in good]
    y = a + 2 * b * a + 0.5 * (kind == 2) + (good == "fine and good")
    content = {
        "a": pa.array(a, mask=rng.random(n) < 0.1), "b": b, "kind": [f"k{i}" for i in kind],
        "many": [f"m{i:02d}" for i in rng.integers(0, 40, n)], "first": start + rng.integers(0, 300, n) * day,
        "last": start + rng.integers(300, 600, n) * day, "remark": text, "flag": rng.random(n) < 0.3,
        "target": pa.array([f"c{int(c)}" for c in np.digitize(y, np.quantile(y, np.arange(1, k) / k))]) if k else y,
    }  # fmt: skip
    return table.of(content)


def made(task: str, source: Rows, settings: dict[str, Any], folder: Path, **changes: Any) -> spine.Loaded:
    recipe: dict[str, Any] = {"target": "target", "settings": settings, "label_delay": 0, "columns": {}, "payoff": None}
    return loaded(task, folder, source, **(recipe | changes))


def told(model: spine.Loaded, asked: Rows) -> tuple[reasons.Sum, list[str], np.ndarray]:
    """The sums, their columns, and the scores by the answers before calibration."""
    (questions,) = list(table.check(asked, model.facts["questions"]))
    earlier = model.past.as_of(questions)

    def encode(own: State) -> Any:
        return model.task.encode(own, questions, earlier).arrays["x"]

    names = reasons.columns(model.features, model.model, model.past.key)
    found = reasons.of(model.features, model.model, encode, names, model.past.key)
    raw = predict(model.task, model.features, model.model, asked, model.past)
    if model.task.answer == "number":
        return found, names, raw["value"].to_numpy()[:, None]
    logs = np.log(answers.probability(raw)[0])
    return found, names, logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


def up_to_a_constant(scores: np.ndarray) -> np.ndarray:
    return scores - scores.mean(1, keepdims=True) if scores.shape[1] > 1 else scores


def adds_up(model: spine.Loaded, asked: Rows, exact: float) -> tuple[reasons.Sum, list[str]]:
    found, names, wanted = told(model, asked)
    score = found.base + found.parts.sum(2)
    assert found.parts.shape == (len(asked), wanted.shape[1], len(names))
    assert up_to_a_constant(score) == pytest.approx(up_to_a_constant(wanted), abs=exact, rel=exact)
    assert set(names) <= {*asked.names, reasons.NUMBERS}
    return found, names


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("model", CLASSES)
def test_parts_add_up_to_the_log_odds(model: str, k: int, tmp_path: Path) -> None:
    source = wide(k=k)
    bundle = made("tabular_classification", source, SMALL | {"model": model}, tmp_path)
    adds_up(bundle, source.drop(["target"]).take(np.arange(40)), EXACT.get(model, 1e-8))


@pytest.mark.parametrize("model", NUMBERS)
def test_parts_add_up_to_the_number(model: str, tmp_path: Path) -> None:
    source = wide(k=0)
    bundle = made("tabular_regression", source, SMALL | {"model": model}, tmp_path)
    adds_up(bundle, source.drop(["target"]).take(np.arange(40)), EXACT.get(model, 1e-8))


@pytest.mark.parametrize("model", ["lightgbm", "logistic_regression"])
@pytest.mark.parametrize(
    "settings",
    [
        {"gaps": True, "products": 4, "clusters": 3, "anomaly": True, "outliers": "mark"},
        {"outliers": "clip", "target_encoding": 10, "texts": "none"},
        {"select": "filter", "products": 4, "ignore": ["a", "kind", "many", "remark", "first", "last"]},
        {"categorical": ["b"]},
    ],
)  # fmt: skip
def test_every_kind_of_feature_has_its_column(model: str, settings: dict[str, Any], tmp_path: Path) -> None:
    settings = settings | ({"max_categories": 3} if "categorical" in settings else {})
    source = wide(600)
    bundle = made("tabular_classification", source, SMALL | settings | {"model": model}, tmp_path)
    found, names = adds_up(bundle, source.drop(["target"]).take(np.arange(30)), 1e-8)
    assert (np.abs(found.parts).max((0, 1)) > 0).sum() >= 1 and {"b", "flag"} & set(names)


@pytest.mark.parametrize("name", ["tabular_classification", "tabular_regression"])
@pytest.mark.parametrize("model", ["lightgbm", "linear_svm"])
def test_what_the_earlier_rows_say_is_named_for_whose_rows_they_are(name: str, model: str, tmp_path: Path) -> None:
    settings = tasks.get(name).starter.get("settings", {}) | SMALL | {"model": model}
    bundle = loaded(name, tmp_path, settings=settings)
    source = source_of(name)
    found, names = adds_up(bundle, source.drop(["target"]).take(np.arange(300, 400)), 1e-8)
    key = tasks.get(name).starter["columns"]["entity"]
    assert bundle.past.key == key and key in names
    assert np.abs(found.parts[:, :, names.index(key)]).max() > 0.1  # these data are made so


def test_folds_and_blends_are_the_weighted_mean_of_their_members_whatever_features_they_have(tmp_path: Path) -> None:
    source = wide(k=0)
    asked = source.drop(["target"]).take(np.arange(25))
    one = made("tabular_regression", source, SMALL | {"model": "lightgbm", "gaps": True}, tmp_path / "1")
    two = made("tabular_regression", source.drop(["many"]), SMALL | {"model": "linear_regression"}, tmp_path / "2")
    fits = [(one.features, one.model), (two.features, two.model)]
    features, model = joined(fits, [0.75, 0.25])
    both = spine.Loaded(one.facts, one.task, features, model, one.decision, one.past)
    found, names = adds_up(both, asked, 1e-8)
    first, second = told(one, asked), told(two, asked.drop(["many"]))
    for name in names:
        wanted = sum(
            w * some.parts[:, :, own.index(name)]
            for w, (some, own, _) in ((0.75, first), (0.25, second))
            if name in own
        )
        assert found.parts[:, :, names.index(name)] == pytest.approx(wanted, abs=1e-9)
    bagged = made("tabular_classification", wide(), SMALL | {"model": "lightgbm"}, tmp_path / "3", folds=3)
    some, names, _ = told(bagged, asked)
    assert len(bagged.model.parts) in (0, 3) and some.parts.shape == (25, 1, len(names))


@pytest.mark.parametrize("model", NONE)
def test_a_model_that_is_no_sum_says_so(model: str, tmp_path: Path) -> None:
    source = source_of("tabular_classification")
    bundle = loaded("tabular_classification", tmp_path / "1", settings=SMALL | {"model": model, "positive": "fraud"})
    assert model in reasons.missing(bundle.features, bundle.model)
    with pytest.raises(DataError, match="none"):
        told(bundle, source.drop(["target"]).take(np.arange(3)))
    other = loaded("tabular_classification", tmp_path / "2", settings=SMALL | {"positive": "fraud"})
    assert not reasons.missing(other.features, other.model)
    mixed = joined([(other.features, other.model), (bundle.features, bundle.model)])
    assert "member of this blend" in reasons.missing(*mixed)


def test_a_linear_model_by_hand() -> None:
    """Three features of two columns: a number, and a category as two columns of which the second counts."""
    features = State(
        {"fill": np.array([0.0])},
        {"numbers": ["a"], "times": [], "words": [{"name": "w"}], "codes": [], "one_hot": [2], "names": ["a", "w"]},
    )
    model = State({"coefficient": np.array([[2.0, 1.0, -3.0]]), "intercept": np.array([0.5])})
    x = np.array([[1.5, 0.0, 1.0], [-1.0, 1.0, 0.0]])
    found = reasons.of(features, model, lambda own: x, ["a", "w"])
    assert found.base.tolist() == [[0.5], [0.5]]
    assert found.parts.tolist() == [[[3.0, -3.0]], [[-2.0, 1.0]]]


def test_the_recipe_of_these_tests_is_one() -> None:
    assert recipe_of("tabular_classification").task == "tabular_classification"
