"""Curves: held against scikit-learn, and against what can be counted by hand."""

import json

import numpy as np
import pytest
from sklearn import metrics
from statsmodels.stats.proportion import proportion_confint

from mintmark.numerics import curves


@pytest.fixture(params=[0, 1], ids=["plain", "ties and weights"])
def sample(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    rng = np.random.default_rng(request.param)
    y = (rng.random(3000) < 0.1).astype(int)
    score = rng.normal(size=3000) + 1.5 * y
    return (y, score.round(1), rng.uniform(0.2, 3, 3000)) if request.param else (y, score, None)


def on_curve(x: list[float], y: list[float], curve: tuple[np.ndarray, np.ndarray]) -> bool:
    """Each point is one of the curve's, to six digits."""
    away = np.abs(np.array(x)[:, None] - curve[0]) + np.abs(np.array(y)[:, None] - curve[1])
    return bool((away.min(1) < 1e-5).all())


def test_roc_is_scikit_learns(sample: tuple[np.ndarray, np.ndarray, np.ndarray | None]) -> None:
    y, score, weight = sample
    made = curves.roc(y, score, weight)
    assert made["auc"] == pytest.approx(metrics.roc_auc_score(y, score, sample_weight=weight), abs=1e-12)
    fpr, tpr, _ = metrics.roc_curve(y, score, sample_weight=weight, drop_intermediate=False)
    assert on_curve(made["fpr"], made["tpr"], (fpr, tpr))
    assert (made["fpr"][0], made["tpr"][0], made["fpr"][-1], made["tpr"][-1]) == (0, 0, 1, 1)
    assert len(made["fpr"]) <= curves.MOST
    drawn = np.trapezoid(made["tpr"], made["fpr"])
    assert drawn == pytest.approx(made["auc"], abs=0.005), "thinned, the curve is still the curve"


def test_precision_and_recall_are_scikit_learns(sample: tuple[np.ndarray, np.ndarray, np.ndarray | None]) -> None:
    y, score, weight = sample
    made = curves.precision_recall(y, score, weight)
    assert made["average_precision"] == pytest.approx(
        metrics.average_precision_score(y, score, sample_weight=weight), abs=1e-12
    )
    p, r, _ = metrics.precision_recall_curve(y, score, sample_weight=weight)
    assert on_curve(made["recall"], made["precision"], (r, p))
    assert made["chance"] == pytest.approx(np.average(y, weights=weight)) and len(made["recall"]) <= curves.MOST


def test_one_class_alone_has_no_ranking() -> None:
    assert curves.roc(np.zeros(5, int), np.arange(5.0)) == {} == curves.precision_recall(np.zeros(5, int), np.ones(5))
    assert curves.roc(np.ones(5, int), np.arange(5.0)) == {}


def test_calibration_bins_are_scikit_learns_and_intervals_wilsons() -> None:
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(3)
    p = rng.beta(1, 4, 5000)
    y = (rng.random(5000) < p).astype(int)
    made = curves.calibration(y, p)
    seen, said = calibration_curve(y, p, n_bins=10, strategy="quantile")
    assert [b["said"] for b in made] == pytest.approx(said.tolist(), rel=2e-3)
    assert [b["seen"] for b in made] == pytest.approx(seen.tolist(), abs=2e-3)
    assert sum(b["rows"] for b in made) == 5000
    for b in made:
        ends = proportion_confint(round(b["seen"] * b["rows"]), b["rows"], method="wilson")
        assert (b["low"], b["high"]) == pytest.approx(ends, abs=1e-5)
    assert sum(b["low"] <= b["said"] <= b["high"] for b in made) >= 8, "honest probabilities lie in their intervals"
    assert len(curves.calibration(y, np.full(5000, 0.2))) == 1
    weighted = curves.calibration(y, p, rng.uniform(0.1, 5, 5000))
    assert all(w["high"] - w["low"] > b["high"] - b["low"] for w, b in zip(weighted, made, strict=True))


def test_value_by_hand() -> None:
    score, y = np.array([0.9, 0.7, 0.7, 0.2]), np.array([1, 0, 1, 0])
    acting, resting = np.full(4, -5.0), np.where(y == 1, -100.0, 0.0)
    made = curves.value(score, acting, resting, y=y)
    assert made["acted"] == [0, 0.25, 0.75, 1] and made["threshold"] == [1, 0.9, 0.7, 0.2]
    assert made["value"] == [-50, -26.25, -3.75, -5]
    assert made["caught"] == [0, 0.5, 1, 1] and made["right"] == pytest.approx([0, 1, 2 / 3, 0.5], abs=1e-5)
    won = np.array([-5.0, 0, -100, 0])
    half = 1.96 * won.std() / 2
    assert made["high"][1] - made["value"][1] == pytest.approx(half, rel=1e-3)
    assert made["value"][1] - made["low"][1] == pytest.approx(half, rel=1e-3)


def test_value_of_many_rows_keeps_both_ends_and_the_best() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    y = rng.random(n) < 0.01
    score, weight = rng.normal(size=n) + 3 * y, np.where(y, 0.2, 1.0)
    acting, resting = np.full(n, -1.0), np.where(y, -80.0, 0.0)
    made = curves.value(score, acting, resting, weight, y.astype(int))
    assert len(made["value"]) <= curves.MOST
    assert made["value"][0] == pytest.approx(np.average(resting, weights=weight), rel=1e-5)
    assert made["value"][-1] == pytest.approx(-1, rel=1e-5)
    order = np.argsort(-score)
    total = (weight * resting).sum() + np.append(0, np.cumsum((weight * (acting - resting))[order]))
    assert max(made["value"]) == pytest.approx(total.max() / weight.sum(), rel=1e-5)
    at = int(np.argmax(made["value"]))
    acted = score >= made["threshold"][at] - 1e-5
    assert made["acted"][at] == pytest.approx(np.average(acted, weights=weight), abs=1e-3)


def test_cells_of_the_confusion_add_up_to_the_value() -> None:
    rng = np.random.default_rng(6)
    y, action = rng.integers(-1, 3, 500), rng.integers(0, 2, 500)
    money, weight = rng.normal(size=(500, 2, 3)), rng.uniform(0.5, 2, 500)
    made = curves.confusion(action, y, 2, 3, money, weight)
    known = y >= 0
    expected = [[int(((action == a) & (y == o)).sum()) for o in range(3)] for a in range(2)]
    assert made["rows"] == expected and made["unseen"] == int((~known).sum())
    won = np.where(known, money[np.arange(500), action, y], 0.0)
    assert np.sum(made["money"]) == pytest.approx(np.average(won, weights=weight))
    assert np.sum(made["share"]) == pytest.approx(weight[known].sum() / weight.sum())


def test_errors_add_up() -> None:
    rng = np.random.default_rng(7)
    value = rng.normal(50, 10, 2000)
    y = value + rng.normal(1, 3, 2000)
    made = curves.errors(value, y, value - 6, value + 6)
    assert made["mean"] == pytest.approx((y - value).mean()) and sum(made["counts"]) == 2000
    assert made["quantiles"]["p50"] == pytest.approx(np.median(y - value))
    assert made["inside"] == pytest.approx((np.abs(y - value) <= 6).mean())
    assert len(made["points"]["said"]) <= 300 and len(made["bins"]) == 10
    inside = sum(b["inside"] * b["rows"] for b in made["bins"]) / 2000
    assert inside == pytest.approx(made["inside"])
    assert sum(b["off"] * b["rows"] for b in made["bins"]) / 2000 == pytest.approx(made["mean"])
    assert curves.errors(np.array([np.nan]), np.array([1.0])) == {}
    assert curves.errors(np.array([2.0]), np.array([1.0]))["mean_size"] == 1


def test_errors_by_step() -> None:
    step, y = np.tile(np.arange(1, 4), 10), np.zeros(30)
    made = curves.by_step(step, step * 2.0, y, y - 1, y + np.where(step == 3, -0.5, 1))
    assert [(m["step"], m["off"], m["inside"], m["rows"]) for m in made] == [
        (1, 2, 1, 10),
        (2, 4, 1, 10),
        (3, 6, 0, 10),
    ]
    many = curves.by_step(np.arange(1, 5001), np.ones(5000), np.zeros(5000))
    assert len(many) == curves.MOST and sum(m["rows"] for m in many) == 5000


def test_all_of_it_is_json() -> None:
    rng = np.random.default_rng(8)
    y, score = rng.integers(0, 2, 50), rng.random(50)
    made = [
        curves.roc(y, score), curves.precision_recall(y, score), curves.calibration(y, score),
        curves.value(score, -score, score, y=y), curves.confusion(y, y, 2, 2, rng.random((50, 2, 2))),
        curves.errors(score, y.astype(float), score, score), curves.by_step(y + 1, score, score),
    ]  # fmt: skip
    json.dumps(made, allow_nan=False)
