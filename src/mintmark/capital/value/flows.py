"""Flows: what each driver brings and each cost takes, year by year, for many draws of the assumptions at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mintmark.capital.value.assumed import Value
from mintmark.numerics.answers import Array

DRIVERS = ("accuracy", "automation", "market", "labour", "revenue")
COSTS = ("build", "training", "predictions", "running")
Get = Callable[[str], Array]
HOUR = 60
"""minutes"""


@dataclass(frozen=True)
class Flows:
    """Money in the file's currency; year 0 is today, the others end at their end."""

    parts: dict[str, Array]
    """driver or cost -> (years + 1, n); costs are below 0"""
    discount: Array
    """(n,), a year"""
    cases: Array
    """that the model decides; (years + 1, n)"""

    @property
    def net(self) -> Array:
        """Shapes: (years + 1, n)."""
        made: Array = np.sum(list(self.parts.values()), axis=0)
        return made

    @property
    def weight(self) -> Array:
        """What a unit of each year is worth today.   Shapes: (years + 1, n)."""
        years = len(next(iter(self.parts.values())))
        made: Array = (1 + self.discount) ** -np.arange(years)[:, None]
        return made

    def present(self, part: str) -> Array:
        """What a part is worth today.   Shapes: (n,)."""
        made: Array = (self.parts[part] * self.weight).sum(0)
        return made

    @property
    def npv(self) -> Array:
        made: Array = (self.net * self.weight).sum(0)
        return made

    @property
    def roi(self) -> Array:
        """Gain over costs, both at today's worth; NaN where nothing is paid.   Shapes: (n,)."""
        paid = -np.sum([self.present(c) for c in COSTS], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            made: Array = np.where(paid > 0, self.npv / paid, np.nan)
        return made


def flows(assumed: Value, drawn: Mapping[str, Array]) -> Flows:
    """What the draws of the figures come to.   Shapes: drawn (n,) each."""
    n, years = len(next(iter(drawn.values()))), assumed.plan.years
    parts = {name: np.zeros((years + 1, n)) for name in (*DRIVERS, *COSTS)}
    zero, decided = np.zeros(n), np.zeros((years + 1, n))

    def get(name: str) -> Array:
        return drawn.get(name, zero)

    parts["build"][0] = -get("costs.build")
    parts["training"][0] = -get("costs.training")
    for year in range(1, years + 1):
        used = get(f"plan.ramp[{min(year, len(assumed.plan.ramp)) - 1}]")
        cases = get("cases.per_year") * (1 + get("cases.growth")) ** (year - 1) * used
        decided[year] = cases
        for name, money in (*_drivers(get, year, used, cases), *_costs(get, cases)):
            parts[name][year] = money
    return Flows(parts, get("plan.discount"), decided)


def _drivers(get: Get, year: int, used: Array, cases: Array) -> list[tuple[str, Array]]:
    automatic = np.minimum(get("automation.automatic"), 1)
    assisted = np.minimum(get("automation.assisted"), 1 - automatic)
    minutes = automatic * get("labour.minutes_automatic") + assisted * get("labour.minutes_assisted")
    hours = used * get("labour.hours_per_year") + cases * minutes / HOUR
    saved = automatic * get("automation.saved_automatic") + assisted * get("automation.saved_assisted")
    better = used * get("automation.decisions_per_year") * get("automation.gain_per_decision")
    market = get("market.size_per_year") * (1 + get("market.growth")) ** (year - 1)
    base = get("revenue.base_per_year") * (1 + get("revenue.growth")) ** (year - 1)
    return [
        ("accuracy", cases * left(get, year) * get("accuracy.per_case")),
        ("automation", cases * saved + better),
        ("market", used * market * get("market.share_gained") * get("market.margin")),
        ("labour", hours * get("labour.wage_per_hour") * get("labour.realised")),
        ("revenue", used * base * get("revenue.uplift") * get("revenue.margin")),
    ]


def left(get: Get, year: int) -> Array:
    """Share of what was measured that is left in that year."""
    made: Array = get("accuracy.holds") * (1 - get("accuracy.fades")) ** (year - 1)
    return made


def _costs(get: Get, cases: Array) -> list[tuple[str, Array]]:
    return [
        ("training", -get("costs.trainings_per_year") * get("costs.training")),
        ("predictions", -cases / 1000 * get("costs.per_1k_predictions")),
        ("running", -get("costs.run_per_year")),
    ]


def per_case(assumed: Value, drawn: Mapping[str, Array]) -> Array:
    """What one unit of money more a case is worth today, over all years.   Shapes: (n,)."""
    one = np.ones_like(drawn["plan.discount"])
    made = flows(assumed, {**drawn, "accuracy.per_case": one})
    return made.present("accuracy")


# --- rates and times --------------------------------------------------------------------------------------------------


def irr(net: Array) -> Array:
    """Internal rate of return of each draw; NaN where its flows do not change their sign exactly once.

    By halving between -99.99 % and a million percent.   Shapes: (years + 1, n) -> (n,).
    """
    made = np.full(net.shape[1], np.nan)
    sign = _filled(np.sign(net))
    changes = (sign[1:] * sign[:-1] < 0).sum(0)
    some = np.flatnonzero(changes == 1)
    if not len(some):
        return made
    flow, first = net[:, some], sign[0, some]
    low, high = np.full(len(some), np.log(1e-4)), np.full(len(some), np.log(1e4))
    for _ in range(60):
        middle = (low + high) / 2
        factor = np.exp(-middle)
        worth = np.zeros(len(some))
        for row in flow[::-1]:
            worth = worth * factor + row
        early = worth * first < 0  # what comes later still outweighs: the rate is higher
        low, high = np.where(early, middle, low), np.where(early, high, middle)
    found = np.expm1((low + high) / 2)
    made[some] = np.where((found < -0.999) | (found > 9990), np.nan, found)
    return made


def _filled(sign: Array) -> Array:
    """A year without money has the sign of the next one with some."""
    made = sign.copy()
    for i in range(len(made) - 2, -1, -1):
        made[i] = np.where(made[i] == 0, made[i + 1], made[i])
    return made


def payback(net: Array) -> Array:
    """Years until what was paid has come back for good, 0 where nothing is ever owed; infinite where it does not.

    Money comes evenly within a year.   Shapes: (years + 1, n) -> (n,).
    """
    owed = np.cumsum(net, axis=0)
    below = owed < 0
    last = len(owed) - 1 - below[::-1].argmax(0)  # the last year that ends in debt
    never, none = below[-1], ~below.any(0)
    at = np.minimum(last, len(owed) - 2)
    columns = np.arange(owed.shape[1])
    now, then = owed[at, columns], owed[at + 1, columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        made: Array = at - now / (then - now)
    return np.where(none, 0.0, np.where(never, np.inf, made))
