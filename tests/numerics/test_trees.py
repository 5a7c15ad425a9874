"""Forests as arrays give scikit-learn's answers; boosted trees stop early, and live on in their text."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.trees import Seen


def data(n: int = 600, classes: int = 3, missing: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6))
    y = np.clip((x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=n) * 0.5 + 1).round(), 0, classes - 1).astype(np.int64)
    x[rng.random(x.shape) < missing] = np.nan
    return x, y


def chunks(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, step: int = 250) -> View:
    def cut(a: np.ndarray | None, i: int) -> np.ndarray | None:
        return None if a is None else a[i : i + step]

    return View(
        lambda: iter(
            [Batch({"x": x[i : i + step]}, y=cut(y, i), weight=cut(weight, i)) for i in range(0, len(x), step)]
        )
    )


def loss(p: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> float:
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-9, 1)).mean())


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("leaf", [1, 10])
def test_a_forest_of_arrays_answers_as_scikit_learn_does(missing: float, leaf: int) -> None:
    x, y = data(missing=missing)
    forest = RandomForestClassifier(30, min_samples_leaf=leaf, random_state=0).fit(x, y)
    made = State(trees.forest_arrays([t.tree_ for t in forest.estimators_], 3))
    x[::7, 0] = np.nan  # also where training had none
    assert np.abs(trees.forest(made, x) - forest.predict_proba(x)).max() < 1e-12


def test_a_split_of_missing_from_present_is_kept() -> None:
    x = np.where(np.arange(200) % 2, np.nan, np.arange(200.0))[:, None]
    y = np.isnan(x[:, 0]).astype(int)
    forest = RandomForestClassifier(5, random_state=0).fit(x, y)
    made = State(trees.forest_arrays([t.tree_ for t in forest.estimators_], 2))
    assert (trees.forest(made, x).argmax(1) == y).all()


def test_values_beside_a_threshold_go_where_scikit_learn_sends_them() -> None:
    rng = np.random.default_rng(3)
    x = (1e7 + rng.integers(0, 30, 400)).astype(float)[:, None]  # neighbours in single precision
    y = (x[:, 0] % 3 == 0).astype(int)
    forest = RandomForestClassifier(20, random_state=0).fit(x, y)
    made = State(trees.forest_arrays([t.tree_ for t in forest.estimators_], 2))
    near = np.concatenate([x, x + 0.5, x - 0.5])
    assert np.abs(trees.forest(made, near) - forest.predict_proba(near)).max() < 1e-12


def test_a_forest_grown_in_parts_is_the_forest_grown_at_once() -> None:
    x, y = data()
    grown = trees.grow(
        RandomForestClassifier(25, random_state=7), Seen.of(chunks(x, y)), None, Ctx(), width=3, loss=loss
    )
    whole = RandomForestClassifier(25, random_state=7).fit(x.astype(np.float32), y)
    assert grown.facts["rounds"] == len(grown.arrays["root"]) == 25
    assert np.abs(trees.forest(grown, x) - whole.predict_proba(x)).max() < 1e-12


def test_a_forest_stops_when_it_is_told_to_and_keeps_what_there_is() -> None:
    x, y = data()
    heard: list[tuple[str, int, int]] = []

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        heard.append((name, step, of))
        return step >= 12

    seen = Seen.of(chunks(x, y))
    made = trees.grow(RandomForestClassifier(40, random_state=0), seen, seen, Ctx(hear=hear), width=3, loss=loss)
    assert heard == [("log_loss", 4, 40), ("log_loss", 8, 40), ("log_loss", 12, 40)]
    assert len(made.arrays["root"]) == 12


def test_regression_forests_fit_the_same_arrays() -> None:
    x, _ = data(missing=0.1)
    y = np.nan_to_num(x[:, 0]) * 2
    forest = RandomForestRegressor(10, random_state=0).fit(x, y)
    made = State(trees.forest_arrays([t.tree_ for t in forest.estimators_], 1))
    assert np.abs(trees.forest(made, x)[:, 0] - forest.predict(x)).max() < 1e-12


def test_rows_without_a_known_answer_and_their_weights_are_left_out() -> None:
    seen = Seen.of(chunks(np.arange(6.0)[:, None], np.array([0, -1, 1, -1, -1, 1]), np.arange(6.0), step=2))
    assert seen is not None
    assert np.concatenate(seen.x)[:, 0].tolist() == [0, 2, 5]
    assert (
        seen.y.tolist() == [0, 1, 1]
        and seen.weight is not None
        and np.allclose(seen.weight / seen.weight[1], [0, 1, 2.5])
    )
    assert Seen.of(chunks(np.ones((2, 1)), np.array([-1, -1]))) is None


def boost(hear: object = None, weight: np.ndarray | None = None, rounds: int = 400) -> tuple[State, np.ndarray]:
    x, y = data(classes=2)
    ctx = Ctx(seed=1) if hear is None else Ctx(seed=1, hear=hear)  # type: ignore[arg-type]
    train = Seen.of(chunks(x[:400], y[:400], None if weight is None else weight[:400]))
    valid = Seen.of(chunks(x[400:], y[400:]))
    assert train is not None
    params = {"objective": "binary", "num_leaves": 8, "learning_rate": 0.2}
    return trees.boost(train, valid, params, ctx, rounds=rounds, patience=10), x


def test_boosting_stops_early_and_keeps_the_best_round() -> None:
    heard: list[float] = []

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        heard.append(value)
        return False

    made, _ = boost(hear)
    assert made.facts["fitted"] == len(heard) < 400
    assert made.facts["rounds"] == int(np.argmin(heard)) + 1
    assert made.files["model.txt"].decode().count("Tree=") == made.facts["rounds"]


def test_boosting_stops_when_it_is_told_to() -> None:
    made, _ = boost(lambda name, value, unit, step, of: step == 5)
    assert made.facts["fitted"] == 5


def test_the_text_of_boosted_trees_is_the_model() -> None:
    import lightgbm

    made, x = boost()
    p = trees.boosted(made, x)
    assert np.array_equal(p, lightgbm.Booster(model_str=made.files["model.txt"].decode()).predict(x))
    copy = replace(made, files={"model.txt": bytes(bytearray(made.files["model.txt"]))})
    assert np.array_equal(p, trees.boosted(copy, x))
    assert np.array_equal(p[:1], trees.boosted(made, x[:1]))


def test_weights_move_boosted_trees() -> None:
    x, y = data(classes=2)
    plain, heavy = boost(rounds=20)[0], boost(weight=np.where(y == 1, 10.0, 1.0), rounds=20)[0]
    assert trees.boosted(heavy, x).mean() > trees.boosted(plain, x).mean() + 0.1
