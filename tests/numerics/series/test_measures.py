"""Measures by hand."""

import numpy as np
import pytest

from mintmark.numerics.series import measures


def test_smape_and_mase_by_hand() -> None:
    y, made = np.array([100.0, 0.0, 50.0]), np.array([50.0, 0.0, 50.0])
    assert measures.smape(y, made) == pytest.approx(2 * 50 / 150 / 3)
    history = np.array([1.0, 2.0, 3.0, 5.0, 4.0])  # changes over two steps: 2, 3, 1
    assert (
        measures.scale(history, 2) == 2 and measures.scale(history[:2], 2) == 1 and measures.scale(history[:1], 2) == 0
    )
    assert measures.mase(y, made, history, 2) == pytest.approx(50 / 3 / 2)
    assert np.isnan(measures.mase(y, made, np.ones(9), 2))


def test_owa_is_one_for_the_base_itself() -> None:
    assert measures.owa(0.1, 2.0, 0.1, 2.0) == 1 and measures.owa(0.05, 3.0, 0.1, 2.0) == 1.0
    assert np.isnan(measures.owa(0.1, float("nan"), 0.1, 1.0))


def test_each_series_counts_once() -> None:
    tally = measures.Tally.of(1)
    history = np.array([0.0, 1.0, 0.0])
    for off in (1.0, 3.0):
        tally.add("often", np.array([5.0]), np.array([5.0 + off]), history)
    tally.add("once", np.array([5.0]), np.array([5.0]), history)
    tally.add("never changes", np.array([5.0]), np.array([6.0]), np.ones(4))
    assert tally.mase() == pytest.approx((2 + 0) / 2)
    assert tally.smape() == pytest.approx(((2 * 1 / 11 + 2 * 3 / 13) / 2 + 0 + 2 / 11) / 3)


def test_pinball_costs_what_its_quantile_says() -> None:
    y = np.array([10.0, 10.0])
    assert measures.pinball(y, np.array([8.0, 8.0]), 0.9) == pytest.approx(1.8)
    assert measures.pinball(y, np.array([12.0, 12.0]), 0.9) == pytest.approx(0.2)


def test_forecasts_that_stay_do_not_change() -> None:
    same = np.array([1.0, 2.0])
    assert measures.change([(same, same)]) == 0
    assert measures.change([(np.array([1.0]), np.array([3.0])), (same, same)]) == pytest.approx(0.5)
