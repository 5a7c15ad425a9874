"""Money over time: present values, rates of return, and what a price or an order must do to pay."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import NotNegative
from mintmark.numerics.answers import Array

Rate = Annotated[float, Field(gt=-1)]
Flows = Annotated[list[float], Field(min_length=1)]
SIGN = "money paid out below 0, money that comes in above 0: [-100, 60, 60]."
YEAR = 365
"""days, as spreadsheets count them"""
EDGE, WIDE, STEPS = 700.0, 6.0, 8000
"""how far the logarithm of a discount over the whole time is looked for, how much finer in the middle, in how many
steps"""
TOUCHES = 1e-12
"""a worth so small, as a share of the flows, is none: it touches 0 and turns back"""


# --- present value and rates of return --------------------------------------------------------------------------------


@calculator(
    unit={"npv": "as the flows"},
    formula="npv = sum of flow_t / (1 + rate)^t, t = 1, 2, ...: the first flow lies one period ahead",
    source="Microsoft Excel, function NPV; Brealey, Myers, Allen, Principles of Corporate Finance, chapter 2",
)
def npv(rate: Rate, flows: Flows) -> dict[str, Any]:
    """Present value of flows at the end of each period, the first of them one period ahead.

    A flow of today is added outside: flow_0 + npv(rate, the others).   Units: rate a period, as a fraction.
    """
    return {"npv": present_value(rate, flows) / (1 + rate)}


@calculator(
    unit={"irr": "1 a period", "roots": "1 a period"},
    formula="the rate at which the sum of flow_t / (1 + rate)^t is 0, t = 0, 1, ...; of several the one nearest to "
    "guess, and roots has them all",
    source="Microsoft Excel, function IRR; Brealey, Myers, Allen, Principles of Corporate Finance, chapter 5",
)
def irr(flows: Annotated[list[float], Field(min_length=2)], guess: Rate = 0.1) -> dict[str, Any]:
    """Internal rate of return of flows one period apart, the first of them today.

    Raises: DataError: no change of sign, or no rate makes the value 0.
    """
    found = _nearest(flows, np.arange(len(flows)), guess, "irr")
    return {"irr": found[0]} | _several(found[1])


@calculator(
    unit={"xirr": "1 a year", "roots": "1 a year"},
    formula="the yearly rate at which the sum of flow_i / (1 + rate)^(days_i / 365) is 0; of several the one nearest "
    "to guess, and roots has them all",
    source="Microsoft Excel, function XIRR",
)
def xirr(flows: Annotated[list[float], Field(min_length=2)], dates: list[str], guess: Rate = 0.1) -> dict[str, Any]:
    """Internal rate of return a year of flows on dates (2008-01-31, ISO 8601), in any order.

    Raises: DataError: no change of sign, dates that are none, all flows on one day.
    """
    if len(dates) != len(flows):
        what = f"there are {len(dates)} dates for {len(flows)} flows."
        raise DataError(what, where="xirr: dates", fix="one date for each flow.")
    days = np.array([_day(text, i) for i, text in enumerate(dates)], float)
    if days.max() == days.min():
        raise DataError("all flows are on one day.", where="xirr: dates", fix="flows of different days.")
    found = _nearest(flows, (days - days.min()) / YEAR, guess, "xirr")
    return {"xirr": found[0]} | _several(found[1])


@calculator(
    unit={"mirr": "1 a period"},
    formula="(worth at the end of what comes in, at reinvest_rate / worth today of what is paid out, at "
    "finance_rate)^(1 / periods) - 1",
    source="Microsoft Excel, function MIRR; Lin, Financial Review 11, 1976",
)
def mirr(flows: Annotated[list[float], Field(min_length=2)], finance_rate: Rate, reinvest_rate: Rate) -> dict[str, Any]:
    """Modified internal rate of return: one number, however often the flows change their sign.

    Raises: DataError: no change of sign.
    """
    _change_of_sign(flows, "mirr")
    made = np.asarray(flows, float)
    periods = len(made) - 1
    paid = present_value(finance_rate, np.minimum(made, 0))
    grown = present_value(reinvest_rate, np.maximum(made, 0)) * (1 + reinvest_rate) ** periods
    return {"mirr": float((grown / -paid) ** (1 / periods) - 1)}


# --- price and order --------------------------------------------------------------------------------------------------


@calculator(
    unit={"volume_change": "share of the volume"},
    formula="volume_change = -price_change / (margin + price_change), both as shares of the price",
    source="Nagle, Müller, The Strategy and Tactics of Pricing, chapter on financial analysis",
)
def break_even_volume(margin: Annotated[float, Field(gt=0, le=1)], price_change: Rate) -> dict[str, Any]:
    """Change of the volume that leaves the contribution as it was when the price changes.

    Units: margin is the contribution as a share of the price; price_change a share of the price, -0.05 is a cut.
    Raises: DataError: the cut takes all of the margin.
    """
    if margin + price_change <= 0:
        what = f"a change of {price_change:g} leaves nothing of a margin of {margin:g}: no volume makes up for it."
        raise DataError(what, where="break_even_volume: price_change", fix="a smaller cut.")
    return {"volume_change": -price_change / (margin + price_change)}


@calculator(
    unit={"quantity": "units", "profit": "as the price"},
    formula="quantity = mean + z sd, Phi(z) = (price - cost) / (price - salvage); "
    "profit = (price - cost) mean - (price - salvage) phi(z) sd",
    source="O'Neill, Sanni, newsvendor with normal demand; Arrow, Harris, Marschak, Econometrica 19, 1951",
)
def newsvendor(mean: float, sd: NotNegative, price: float, cost: float, salvage: float = 0.0) -> dict[str, Any]:
    """Order that earns most where demand is normal and what is left over is sold for the salvage, and its mean profit.

    Units: mean and sd in units; price, cost, salvage in money a unit.
    Raises: RecipeError: not salvage < cost < price.
    """
    from scipy.stats import norm

    if not salvage < cost < price:
        what = f"salvage {salvage:g}, cost {cost:g} and price {price:g} must rise in this order."
        raise RecipeError(what, where="newsvendor: cost", fix="salvage < cost < price.")
    z = float(norm.ppf((price - cost) / (price - salvage)))
    profit = (price - cost) * mean - (price - salvage) * float(norm.pdf(z)) * sd
    return {"quantity": mean + z * sd, "profit": profit}


def forecast_worth(sd: float, sd_better: float, price: float, cost: float, salvage: float = 0.0) -> float:
    """Money an order that a better forecast earns more: (price - salvage) phi(z) (sd - sd_better).

    Source: the difference of two profits of `newsvendor`.
    """
    now, then = (newsvendor(mean=0.0, sd=s, price=price, cost=cost, salvage=salvage) for s in (sd, sd_better))
    return float(then["profit"] - now["profit"])


# --- plain functions --------------------------------------------------------------------------------------------------


def present_value(rate: float, flows: Sequence[float] | Array) -> float:
    """Worth today of flows one period apart, the first of them today."""
    made = np.asarray(flows, float)
    return float((made / (1 + rate) ** np.arange(len(made))).sum())


def payback(flows: Sequence[float] | Array, rate: float = 0.0) -> float | None:
    """Periods until what was paid has come back for good, at a rate for the time between; None: it does not.

    Within a period money is taken to come evenly; 0 where nothing is ever owed.   Shapes: (periods + 1,), first today.
    """
    made = np.asarray(flows, float)
    owed = np.cumsum(made / (1 + rate) ** np.arange(len(made)))
    if owed[-1] < 0:
        return None
    below = np.flatnonzero(owed < 0)
    if not len(below):
        return 0.0
    last = int(below[-1])
    return last + float(-owed[last] / (owed[last + 1] - owed[last]))


def roi(flows: Sequence[float] | Array, rate: float = 0.0) -> float | None:
    """Gain over what is paid out, as a share of it, both at today's worth; None where nothing is paid.

    Shapes: (periods + 1,), the first today.
    """
    made = np.asarray(flows, float)
    worth = made / (1 + rate) ** np.arange(len(made))
    paid = float(-np.minimum(worth, 0).sum())
    return float(worth.sum()) / paid if paid > 0 else None


def rates(flows: Sequence[float] | Array, times: Sequence[float] | Array) -> list[float]:
    """All rates above -1 at which these flows are worth nothing today, in ascending order.

    Shapes: both (n,), times in periods.   Cost: O(n), and O(8000 n) where the sign changes more than once.
    """
    from scipy.optimize import brentq, minimize_scalar

    every, made = np.asarray(times, float), np.asarray(flows, float)
    order = np.argsort(every[made != 0], kind="stable")
    at, made = every[made != 0][order], made[made != 0][order]
    if not (made > 0).any() or not (made < 0).any() or at[0] == at[-1]:
        return []
    span = at[-1] - at[0]
    at = (at - at[0]) / span

    def worth(x: float) -> float:
        """Of what the flows are worth, as a share of their size: at a discount of e^-x over the whole time."""
        weight = made * np.exp(-x * at - max(-x, 0.0))
        return float(weight.sum() / np.abs(weight).sum())

    # steps are fine around no discount at all, and reach so far that one flow at either end outweighs all others
    grid = EDGE * np.sinh(np.linspace(-WIDE, WIDE, STEPS + 1)) / np.sinh(WIDE)
    if int((made[:-1] * made[1:] < 0).sum()) == 1 and len(np.unique(at)) == len(at):
        grid = grid[[0, -1]]  # Descartes: one change of sign, one rate
    seen = np.array([worth(float(x)) for x in grid])
    found = [float(x) for x in grid[seen == 0]]
    for i in np.flatnonzero(seen[:-1] * seen[1:] < 0):
        found.append(float(brentq(worth, grid[i], grid[i + 1], xtol=1e-15, rtol=8.9e-16)))
    size, same = np.abs(seen), seen[:-2] * seen[2:] > 0
    for i in np.flatnonzero((size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & same) + 1:
        ends, exact = (float(grid[i - 1]), float(grid[i + 1])), {"xatol": 1e-10}
        low = minimize_scalar(lambda x: abs(worth(x)), bounds=ends, method="bounded", options=exact)
        if low.fun < TOUCHES:
            found.append(float(low.x))
    with np.errstate(over="ignore"):
        made_rates = np.expm1(np.array(sorted(found)) / span)
    return [float(r) for r in made_rates if np.isfinite(r)]


def _nearest(flows: Sequence[float], times: Array, guess: float, name: str) -> tuple[float, list[float]]:
    """The rate nearest to the guess, and all."""
    _change_of_sign(flows, name)
    found = rates(flows, times)
    if not found:
        what = "no rate makes these flows worth 0: they are gains, or losses, at every rate."
        raise DataError(what, where=f"{name}: flows", fix="npv at the rate that you have to pay, or mirr.")
    return min(found, key=lambda r: abs(np.log1p(r) - np.log1p(guess))), found


def _several(found: list[float]) -> dict[str, Any]:
    return {"roots": found} if len(found) > 1 else {}


def _change_of_sign(flows: Sequence[float], name: str) -> None:
    if not (min(flows) < 0 < max(flows)):
        what = "all flows have one sign: there is no rate of return." if any(flows) else "all flows are 0."
        raise DataError(what, where=f"{name}: flows", fix=SIGN)


def _day(text: str, place: int) -> int:
    try:
        return dt.datetime.fromisoformat(text.strip()).toordinal()
    except ValueError:
        raise DataError(f"{text!r:.40} is no date.", where=f"xirr: dates[{place}]", fix='"2008-03-01"') from None
