"""Money over time: the examples of Excel's own documentation, of textbooks, and what has a closed form."""

import numpy as np
import pandas as pd
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import finance

PROJECT = [-70_000, 12_000, 15_000, 18_000, 21_000]


def test_npv_as_a_spreadsheet_says() -> None:
    assert finance.npv(rate=0.1, flows=[-10_000, 3000, 4200, 6800])["npv"] == pytest.approx(1188.44, abs=0.005)
    rest = [8000, 9200, 10_000, 12_000, 14_500]
    assert finance.npv(rate=0.08, flows=rest)["npv"] - 40_000 == pytest.approx(1922.06, abs=0.005)
    assert finance.npv(rate=0.08, flows=[*rest, -9000])["npv"] - 40_000 == pytest.approx(-3749.47, abs=0.005)


@pytest.mark.parametrize("flows, rate", [(PROJECT, -0.021), ([*PROJECT, 26_000], 0.087), (PROJECT[:3], -0.444)])
def test_irr_as_a_spreadsheet_says(flows: list[float], rate: float) -> None:
    assert finance.irr(flows=flows)["irr"] == pytest.approx(rate, abs=0.0005)


def test_xirr_as_a_spreadsheet_says_in_whatever_order() -> None:
    flows = [-10_000, 2750, 4250, 3250, 2750]
    dates = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
    assert finance.xirr(flows=flows, dates=dates)["xirr"] == pytest.approx(0.373362535, abs=1e-8)
    assert finance.xirr(flows=flows[::-1], dates=dates[::-1])["xirr"] == pytest.approx(0.373362535, abs=1e-8)
    days = pd.to_datetime(pd.Series(dates))
    assert finance.xirr(flows=pd.Series(flows), dates=days)["xirr"] == pytest.approx(0.373362535, abs=1e-8)


def test_mirr_as_a_spreadsheet_says() -> None:
    flows = [-120_000, 39_000, 30_000, 21_000, 37_000, 46_000]

    def mirr(n: int, reinvest: float) -> float:
        return float(finance.mirr(flows=flows[:n], finance_rate=0.1, reinvest_rate=reinvest)["mirr"])

    assert mirr(6, 0.12) == pytest.approx(0.126094, abs=1e-6)
    assert mirr(4, 0.12) == pytest.approx(-0.048044655, abs=1e-8)
    assert mirr(6, 0.14) == pytest.approx(0.134759111, abs=1e-8)


def test_a_rate_makes_the_flows_worth_nothing() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        flows = np.append(-rng.uniform(1, 100), rng.uniform(0, 30, rng.integers(4, 12)))
        rate = finance.irr(flows=flows)["irr"]
        weight = (1 + rate) ** -np.arange(len(flows), dtype=float)
        assert finance.present_value(rate, flows) == pytest.approx(0, abs=1e-8 * float(np.abs(flows) @ weight))
        days = [f"2020-{m + 1:02d}-15" for m in range(len(flows))]
        by_day = finance.xirr(flows=flows, dates=days)["xirr"]
        at = ((pd.to_datetime(days) - pd.Timestamp(days[0])).days / 365).to_numpy()
        worth = flows / (1 + by_day) ** at
        assert worth.sum() == pytest.approx(0, abs=1e-8 * float(np.abs(worth).sum()))


def test_several_rates_are_all_said() -> None:
    made = finance.irr(flows=[-1600, 10_000, -10_000])
    assert made["irr"] == pytest.approx(0.25) and made["roots"] == pytest.approx([0.25, 4.0])
    assert finance.irr(flows=[-1600, 10_000, -10_000], guess=3)["irr"] == pytest.approx(4.0)
    assert "roots" not in finance.irr(flows=[-100, 60, 60])
    assert finance.irr(flows=[-100, 220, -121])["irr"] == pytest.approx(0.1, abs=1e-6), "it touches 0"


def test_long_and_large_flows() -> None:
    monthly = [-200_000, *[1000] * 360]
    rate = finance.irr(flows=monthly)["irr"]
    assert 1000 * (1 - (1 + rate) ** -360) / rate == pytest.approx(200_000)
    assert finance.irr(flows=[-1e-6, 1e6])["irr"] == pytest.approx(1e12 - 1)
    assert finance.irr(flows=[-1000, 0, 0, 0, 1e-3])["irr"] == pytest.approx(1e-6**0.25 - 1)
    turning = [(-1.0) ** i * (100 + i) for i in range(400)]
    for root in finance.rates(turning, range(400)):
        assert abs(finance.present_value(root, turning)) < 1e-6


@pytest.mark.parametrize(
    "flows, match",
    [([1, 2, 3], "one sign"), ([-1, -2], "one sign"), ([0, 0], "all flows are 0"), ([-100, 150, -100], "no rate")],
)
def test_flows_without_a_rate_are_said(flows: list[float], match: str) -> None:
    with pytest.raises(DataError, match=match) as said:
        finance.irr(flows=flows)
    assert said.value.where == "irr: flows" and said.value.fix


def test_dates_that_are_none() -> None:
    with pytest.raises(DataError, match=r"xirr: dates\[1\]: '31.12.2020' is no date"):
        finance.xirr(flows=[-1, 2], dates=["2020-01-01", "31.12.2020"])
    with pytest.raises(DataError, match="3 dates for 2 flows"):
        finance.xirr(flows=[-1, 2], dates=["2020-01-01"] * 3)
    with pytest.raises(DataError, match="on one day"):
        finance.xirr(flows=[-1, 2], dates=["2020-01-01"] * 2)


def test_break_even_volume() -> None:
    """Nagle's table of the price cut, and of the price that is raised."""
    assert finance.break_even_volume(margin=0.45, price_change=-0.05)["volume_change"] == pytest.approx(0.125)
    assert finance.break_even_volume(margin=0.45, price_change=0.05)["volume_change"] == pytest.approx(-0.1)
    with pytest.raises(DataError, match="leaves nothing of a margin"):
        finance.break_even_volume(margin=0.2, price_change=-0.2)
    with pytest.raises(RecipeError, match="break_even_volume: margin"):
        finance.break_even_volume(margin=1.5, price_change=0)


def test_newsvendor() -> None:
    made = finance.newsvendor(mean=3192, sd=1181, price=190, cost=110, salvage=90)
    assert made["quantity"] == pytest.approx(4186.0, abs=0.05) and made["profit"] == pytest.approx(222_296, abs=1)
    sure = finance.newsvendor(mean=100, sd=0, price=10, cost=4)
    assert sure == {"quantity": 100, "profit": 600}
    rng = np.random.default_rng(0)
    demand = rng.normal(3192, 1181, 400_000)
    sold = np.minimum(demand, made["quantity"])
    earned = 190 * sold + 90 * (made["quantity"] - sold) - 110 * made["quantity"]
    assert made["profit"] == pytest.approx(earned.mean(), rel=0.002)
    assert finance.forecast_worth(1181, 0, 190, 110, 90) == pytest.approx(80 * 3192 - made["profit"])
    with pytest.raises(RecipeError, match="must rise in this order"):
        finance.newsvendor(mean=1, sd=1, price=1, cost=2)


def test_payback_and_return() -> None:
    assert finance.payback([-100, 60, 60]) == pytest.approx(1 + 40 / 60)
    assert finance.payback([-100, 60, 60], rate=0.1) == pytest.approx(1 + (100 - 60 / 1.1) / (60 / 1.21))
    assert finance.payback([-100, 200, -150, 60]) == pytest.approx(2 + 50 / 60), "for good, not for the first time"
    assert finance.payback([-100, 20, 20]) is None and finance.payback([10, 5]) == 0
    assert finance.roi([-100, 60, 60]) == pytest.approx(0.2) and finance.roi([0, 5]) is None
    assert finance.roi([-100, 110], rate=0.1) == pytest.approx(0)
