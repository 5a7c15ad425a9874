"""Our figures are scikit-learn's."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from mintmark.numerics import metrics


def named(measured: list) -> dict[str, float]:  # type: ignore[type-arg]
    return {m.name: m.value for m in measured}


def test_two_classes() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    positive = np.clip(0.3 * y + 0.7 * rng.random(500), 0, 1)
    p = np.column_stack([1 - positive, positive])
    made = metrics.of_classes(p, y)
    got, top = named(made), p.argmax(1)
    assert made[0].name == "roc_auc"
    assert got == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(y, positive),
            "average_precision": sk.average_precision_score(y, positive),
            "log_loss": sk.log_loss(y, p),
            "brier_score": sk.brier_score_loss(y, positive),
            "accuracy": sk.accuracy_score(y, top),
            "balanced_accuracy": sk.balanced_accuracy_score(y, top),
            "f1_macro": sk.f1_score(y, top, average="macro"),
            "precision": sk.precision_score(y, top),
            "recall": sk.recall_score(y, top),
        },
        rel=1e-12,
    )
    better = {m.name: m.better for m in made}
    assert {n for n, b in better.items() if b == "down"} == {"log_loss", "brier_score"}
    assert {m.name for m in made if m.unit == "nats"} == {"log_loss"}


def test_many_classes() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 4, 400)
    p = rng.dirichlet(np.ones(4), 400) * 0.6
    p[np.arange(400), y] += 0.4
    made = metrics.of_classes(p, y)
    got, top = named(made), p.argmax(1)
    assert made[0].name == "log_loss"
    assert got == pytest.approx(
        {
            "log_loss": sk.log_loss(y, p),
            "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr"),
            "average_precision": sk.average_precision_score(np.eye(4)[y], p),
            "brier_score": ((p - np.eye(4)[y]) ** 2).sum(1).mean(),  # Brier 1950, as published
            "accuracy": sk.accuracy_score(y, top),
            "balanced_accuracy": sk.balanced_accuracy_score(y, top),
            "f1_macro": sk.f1_score(y, top, average="macro"),
        },
        rel=1e-12,
    )


def test_one_class_alone_has_no_ranking() -> None:
    p = np.array([[0.8, 0.2], [0.6, 0.4]])
    got = named(metrics.of_classes(p, np.array([0, 0])))
    assert "roc_auc" not in got and "average_precision" not in got
    assert got["accuracy"] == 1 and got["balanced_accuracy"] == 1 and got["recall"] == 0


def test_a_class_that_never_comes_true_is_left_out_of_the_ranking() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    got = named(metrics.of_classes(p, np.array([0, 1, 0])))
    assert got["roc_auc"] == 1


def test_rows_of_an_unseen_class_count_as_wrong() -> None:
    p = np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]])
    got = named(metrics.of_classes(p, np.array([1, 0, -1, -1])))
    assert got["accuracy"] == 0.5
    assert got["roc_auc"] == 1
    clipped = -math.log(np.finfo(float).eps)
    assert got["log_loss"] == pytest.approx((-math.log(0.9) - math.log(0.8) + 2 * clipped) / 4)
    assert got["brier_score"] == pytest.approx((0.01 + 0.04 + (0.49 + 0.09 + 1) / 2 + (0.04 + 0.64 + 1) / 2) / 4)
    assert got["precision"] == 0.5
    assert all(math.isfinite(v) for v in named(metrics.of_classes(p, np.full(4, -1))).values())


def test_numbers() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(10, 3, 200)
    value = y + rng.normal(0, 1, 200)
    made = metrics.of_numbers(value, y)
    assert made[0].name == "rmse"
    assert named(made) == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(y, value),
            "mae": sk.mean_absolute_error(y, value),
            "r2": sk.r2_score(y, value),
            "smape": np.mean(2 * np.abs(y - value) / (np.abs(y) + np.abs(value))),
        }
    )


def test_smape_of_nothing_is_nothing() -> None:
    # 0 forecast as 0 is right; 100 against 300 is 2 * 200 / 400 = 1
    got = named(metrics.of_numbers(np.array([0.0, 300.0]), np.array([0.0, 100.0])))
    assert got["smape"] == pytest.approx(0.5)
    assert "r2" not in named(metrics.of_numbers(np.array([1.0]), np.array([2.0])))
    assert metrics.of_numbers(np.array([]), np.array([])) == []
