"""Calibration: what has been shifted or sharpened is restored, and few rows do no harm."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from samples import drawn, rng, two

from mintmark.numerics import calibrate

Array = npt.NDArray[Any]


def test_odds_shifted_by_weighting_positives_five_to_one_are_restored() -> None:
    true, y = drawn(20_000)
    shifted = 5 * true / (5 * true + 1 - true)
    slope, bias = calibrate.learn(two(shifted), y, None, rng())
    assert slope == pytest.approx(1, abs=0.05)
    assert bias[1] - bias[0] == pytest.approx(-np.log(5), abs=0.1)
    restored = calibrate.apply(two(shifted), slope, bias)[:, 1]
    assert np.abs(restored - true).max() < 0.02
    assert restored.mean() == pytest.approx(y.mean(), rel=1e-3)  # the likelihood equation of a bias


def test_odds_shifted_six_hundredfold_are_restored() -> None:
    true, y = drawn(60_000, a=0.02, b=12.0)
    shifted = 600 * true / (600 * true + 1 - true)
    restored = calibrate.apply(two(shifted), *calibrate.learn(two(shifted), y, None, rng()))[:, 1]
    assert restored.mean() == pytest.approx(y.mean(), rel=0.03)


def test_overconfidence_is_taken_back_in_many_classes() -> None:
    made = rng(3)
    true = made.dirichlet([1, 2, 3], 20_000)
    y = (made.random((20_000, 1)) > true.cumsum(1)).sum(1)
    sharp = true**2.5 / (true**2.5).sum(1, keepdims=True)
    slope, bias = calibrate.learn(sharp, y, None, rng())
    assert slope == pytest.approx(1 / 2.5, abs=0.02)
    assert np.abs(calibrate.apply(sharp, slope, bias) - true).mean() < 0.01


def test_weights_count_as_repeated_rows() -> None:
    p, y = drawn(400)
    weight = np.where(np.arange(400) < 100, 2.0, 1.0)
    slope, bias = calibrate.learn(two(p), y, weight, rng())
    again = calibrate.learn(two(np.append(p, p[:100])), np.append(y, y[:100]), None, rng())
    # the prior weighs the same against 500 rows as against 400 of mean weight one: almost, not quite
    assert slope == pytest.approx(again[0], rel=0.02) and bias == pytest.approx(again[1], abs=0.02)


def test_thirty_rows_do_no_harm() -> None:
    harm = []
    for seed in range(60):
        p, y = drawn(30, seed)
        slope, bias = calibrate.learn(two(p), y, None, rng())
        true, _ = drawn(4000, 999)
        made = calibrate.apply(two(true), slope, bias)[:, 1]
        harm.append(float((true * np.log(true / made) + (1 - true) * np.log((1 - true) / (1 - made))).mean()))
    # without any prior two parameters cost about 2 / (2 * 30) nats
    assert np.mean(harm) < 0.04 and max(harm) < 0.25


def test_separated_and_reversed_answers_keep_a_finite_positive_slope() -> None:
    y = np.arange(30) % 2
    for p in (np.where(y == 1, 1.0, 0.0), np.where(y == 1, 0.0, 1.0), np.full(30, 0.5)):
        slope, bias = calibrate.learn(two(p), y, None, rng())
        made = calibrate.apply(two(p), slope, bias)
        assert slope > 0 and np.isfinite(bias).all() and np.isfinite(made).all()


def test_a_class_missing_from_validation_stays_possible() -> None:
    made = rng(4)
    p = made.dirichlet([5, 5, 0.5], 200)
    y = (made.random(200) < 0.5).astype(np.int64)
    got = calibrate.apply(p, *calibrate.learn(p, y, None, rng()))
    assert (got[:, 2] > 0).all() and np.allclose(got.sum(1), 1)
    slope, bias = calibrate.learn(p, np.zeros(200, np.int64), None, rng())
    assert slope == 1 and not bias.any()


def test_unseen_rows_teach_nothing() -> None:
    p, y = drawn(300)
    extra = np.append(p, np.full(50, 0.9)), np.append(y, np.full(50, -1))
    assert calibrate.learn(two(extra[0]), extra[1], None, rng())[1] == pytest.approx(
        calibrate.learn(two(p), y, None, rng())[1], abs=1e-12
    )
