"""Single models: simple ones worked out by hand, statsforecast's equal to itself, and none that crashes."""

import numpy as np
import pytest

from mintmark.numerics.series import models

T = np.arange(72)
Y = 100 + 0.4 * T + 12 * np.sin(2 * np.pi * T / 12) + np.random.default_rng(0).normal(size=72)


def test_naive2_of_a_pure_season_repeats_it() -> None:
    assert np.allclose(models.naive2(np.tile([10.0, 20, 30, 40], 4), 6, 4), [10, 20, 30, 40, 10, 20])


def test_naive2_by_the_published_steps() -> None:
    """Classical multiplicative decomposition by another library, the last adjusted value, and the factors put back."""
    from statsmodels.tsa.seasonal import seasonal_decompose

    factors = seasonal_decompose(Y, "multiplicative", period=12).seasonal
    expected = Y[-1] / factors[-1] * np.tile(factors[-12:], 2)[:18]
    assert np.allclose(models.naive2(Y, 18, 12), expected)


def test_naive2_of_what_has_no_season_is_naive() -> None:
    noise = 50 + np.random.default_rng(1).normal(size=60)
    assert (models.naive2(noise, 5, 12) == noise[-1]).all()
    assert (models.naive2(Y[:35], 5, 12) == Y[34]).all(), "three seasons are needed"
    assert (models.naive2(Y - 200, 5, 12) == Y[-1] - 200).all(), "nothing multiplies below zero"


def test_seasonal_naive_says_the_same_month_of_last_year() -> None:
    assert np.array_equal(models.forecast("seasonal_naive", Y, 14, [12]), [*Y[-12:], *Y[-12:-10]])


@pytest.mark.parametrize(
    "name, peer",
    [
        ("ets", "AutoETS"), ("theta", "DynamicOptimizedTheta"), ("ces", "AutoCES"),
    ],
)  # fmt: skip
def test_equal_to_the_library_itself(name: str, peer: str) -> None:
    """Found form and all: the parameters are fitted anew with the form fixed."""
    from statsforecast import models as library

    expected = getattr(library, peer)(season_length=12).forecast(Y, 12)["mean"]
    spec = models.search(name, Y, [12])
    assert np.allclose(models.forecast(name, Y, 12, [12], spec), expected, rtol=1e-6)


@pytest.mark.slow
def test_arima_keeps_its_order_and_refits() -> None:
    from statsforecast import models as library

    found = library.AutoARIMA(season_length=12, approximation=True).forecast(Y, 12)["mean"]
    made = models.forecast("arima", Y, 12, [12], models.search("arima", Y, [12]))
    assert np.abs(made - found).max() < 0.02 * np.ptp(Y)


ODD = {
    "one": np.array([3.0]), "two": np.array([3.0, 4.0]), "constant": np.full(40, 7.0), "zeros": np.zeros(30),
    "negative": Y - 150, "one jump": np.r_[np.zeros(30), 5.0], "huge": Y * 1e12, "tiny": Y * 1e-12, "line": T * 1.0,
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in models.SINGLE if n != "arima"])
def test_odd_series_neither_crash_nor_go_astray(name: str) -> None:
    for what, y in ODD.items():
        made = models.forecast(name, y, 12, [12], models.search(name, y, [12]))
        assert np.isfinite(made).all() and len(made) == 12, what
        far = models.RANGE * np.ptp(y) + 1e-6 * np.abs(y).max()
        assert (made >= y.min() - far).all() and (made <= y.max() + far).all(), what
    assert (models.forecast(name, ODD["constant"], 12, [12]) == 7).all()


def test_no_sales_below_none() -> None:
    falling = np.linspace(60, 0.5, 40)
    assert (models.forecast("theta", falling, 20, [1]) >= 0).all()


def test_a_value_gone_astray_is_replaced_where_it_stands() -> None:
    y = np.tile([1.0, 2.0], 10)
    ahead = np.array([1, 2, 4])
    assert models.guarded_at(np.array([1.5, 1e6, np.nan]), ahead, y, [2]).tolist() == [1.5, 2.0, 2.0]
