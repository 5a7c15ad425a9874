"""Bill: what each plan costs and how long it takes, on demand and on spot, in many draws of what is not known."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.capital.planning import failure
from mintmark.capital.planning.device import GIGA
from mintmark.capital.planning.file import Plan
from mintmark.capital.planning.layout import FAMILIES
from mintmark.capital.planning.machine import Machine
from mintmark.capital.planning.offer import Range
from mintmark.capital.planning.space import FLEET, Found, Job, joined, places
from mintmark.numerics.answers import Array

SPREAD = 0.23
"""standard deviation of the logarithm of a step's time where nothing like the run was seen: the root mean square error
over the published rows, each source predicted from all others (benchmarks/plan.py)"""
STATE_BYTES = 14.0
"""of a parameter in a checkpoint: the weights and the optimiser's states"""
AT_ONCE = 2_000_000
"""figures of one chunk of rows times draws"""
MARGIN = 0.65
"""of a bound of days in the middle, within which nearly all plans keep it in 8 of 10 chances"""
CHANCE = 0.8
"""in which plans are ranked: 8 in 10"""


@dataclass(frozen=True)
class Offered:
    """Plans: layouts, each on demand or on spot.   Shapes: each (n,)."""

    found: Found
    spot: Array
    """whether on spot"""
    used: Array
    """all strategies as bits"""
    every_h: Array
    """work between two checkpoints"""
    dump_h: Array
    cost: Array
    """at the middle of all figures, in the file's currency"""
    days: Array

    def __len__(self) -> int:
        return len(self.cost)

    def take(self, at: Array) -> "Offered":
        rest = (getattr(self, k)[at] for k in ("spot", "used", "every_h", "dump_h", "cost", "days"))
        return Offered(self.found.take(at), *rest)


def offered(plan: Plan, found: Found, machines: list[Machine], first: str) -> Offered:
    """Each layout at the middle of all figures, on demand and, where it is to be had, on spot."""
    parts = []
    for spot in (False, True):
        has = np.array([bool(m.spot if spot else m.demand) for m in machines])[found.machine]
        some = found.take(np.flatnonzero(has))
        price = _prices(machines, spot, 0.5)[some.machine]
        x, s = some.layouts, plan.spot
        writing = STATE_BYTES * x.trained / (s.checkpoint_gb_s * GIGA * np.maximum(x.gpus / x.node, 1))
        dump = (s.checkpoint_starts_s + writing) / 3600
        mtbf = _mtbf(some, s.gpu_hours_between_failures, s.reclaimed_per_hour.centre() if spot else 0.0)
        every = failure.interval(dump, mtbf)
        slow = failure.stretch(every, dump, mtbf, s.restart_minutes.centre() / 60)
        hours = some.hours * slow * plan.costs.overrun.centre()
        cost = hours * x.gpus * price * plan.rate("USD") + plan.costs.fixed.centre() * plan.rate(
            plan.costs.fixed.currency
        )
        other = np.array([m.device.name != first for m in machines])[some.machine]
        used = some.used + FLEET * (other | spot)
        parts.append(Offered(some, np.full(len(some), spot), used, every, dump, cost, hours / 24))
    both = [
        np.concatenate([getattr(p, k) for p in parts]) for k in ("spot", "used", "every_h", "dump_h", "cost", "days")
    ]
    made = Offered(joined([p.found for p in parts]), *both)
    return made.take(np.flatnonzero(np.isfinite(made.cost)))


def screened(made: Offered, most: int, most_days: float) -> Offered:
    """The cheapest of each set of strategies, machine and job, and those that no other is both cheaper and faster.

    As days are bounded in 8 of 10 chances and not in the middle, some that are well within the bound are kept too.
    """
    keep = np.zeros(len(made), dtype=bool)
    keep[pareto(made.cost, made.days)] = True
    f = made.found
    for bound in {most_days, MARGIN * most_days}:
        some = np.flatnonzero(made.days <= bound)
        for keys in (made.used, 2 * f.machine + made.spot, f.job, 64 * f.machine + f.layouts.precision):
            key = keys[some]
            order = np.lexsort((made.cost[some], key))
            keep[some[order[places(key[order]) < most]]] = True
    return made.take(np.flatnonzero(keep))


def pareto(cost: Array, days: Array) -> Array:
    """Places of those that no other beats in both, from the cheapest to the fastest."""
    order = np.lexsort((days, cost))
    fastest = np.minimum.accumulate(days[order])
    new = np.r_[True, days[order][1:] < fastest[:-1]] if len(order) else np.zeros(0, bool)
    return np.asarray(order[new])


# --- draws ------------------------------------------------------------------------------------------------------------


def drawn(plan: Plan, made: Offered, machines: list[Machine], jobs: list[Job]) -> dict[str, Array]:
    """Quantiles of cost and days of each plan, with the standard error of the one in 8 of 10 chances.

    All plans meet the same draws, so that they differ by what they are. The speed of a family of GPUs is off as one.
    Shapes: each (n,): cost_p10, cost_p50, cost_p80, cost_p90, cost_se, days_p50, days_p80, days_se.
    """
    n, rng = plan.draws, np.random.default_rng(plan.seed)
    speed = np.exp(SPREAD * rng.standard_normal((len(FAMILIES), n)))
    region = rng.random(n)
    values = plan.sample(rng, n)
    tokens = values["goal.tokens"] / plan.goal.tokens.centre() if plan.goal.tokens else np.ones(n)
    shares = np.stack([_share(plan, values, j.method, n) for j in jobs])
    price = np.stack([_prices(machines, spot, region) for spot in (False, True)])  # (2, machines, n)
    fixed, rate = values["costs.fixed"], plan.rate("USD")
    restart, reclaimed = values["spot.restart_minutes"] / 60, values["spot.reclaimed_per_hour"]
    made_of: dict[str, list[Array]] = {}
    step = max(1, AT_ONCE // n)
    for start in range(0, len(made), step):
        part = made.take(np.arange(start, min(start + step, len(made))))
        f = part.found
        mtbf = 1 / (
            (f.layouts.gpus / plan.spot.gpu_hours_between_failures)[:, None]
            + (np.maximum(f.layouts.gpus / f.layouts.node, 1) * part.spot)[:, None] * reclaimed
        )
        slow = failure.stretch(part.every_h[:, None], part.dump_h[:, None], mtbf, restart)
        hours = f.hours[:, None] * speed[f.layouts.family] * tokens * shares[f.job] * slow * values["costs.overrun"]
        cost = hours * f.layouts.gpus[:, None] * price[part.spot.astype(int), f.machine] * rate + fixed
        for name, figures in (("cost", cost), ("days", hours / 24)):
            for q, value in _quantiles(figures).items():
                made_of.setdefault(f"{name}_{q}", []).append(value)
    return {k: np.concatenate(v) if v else np.zeros(0) for k, v in made_of.items()}


def _quantiles(figures: Array) -> dict[str, Array]:
    """Of each row; se: half of the distance between the quantiles one binomial deviation to either side of CHANCE."""
    off = float(np.sqrt(CHANCE * (1 - CHANCE) / figures.shape[1]))
    p10, p50, low, p80, high, p90 = np.quantile(figures, [0.1, 0.5, CHANCE - off, CHANCE, CHANCE + off, 0.9], axis=1)
    return {"p10": p10, "p50": p50, "p80": p80, "p90": p90, "se": (high - low) / 2}


def _share(plan: Plan, values: dict[str, Array], method: str, n: int) -> Array:
    if method == "scratch":
        return np.ones(n)
    return np.asarray(values[f"transfer.{method}"] / getattr(plan.transfer, method).centre())


def _mtbf(found: Found, gpu_hours: float, reclaimed: float) -> Array:
    x = found.layouts
    return failure.mtbf_hours(x.gpus.astype(float), gpu_hours, np.maximum(x.gpus / x.node, 1), reclaimed)


def _prices(machines: list[Machine], spot: bool, region: Any) -> Array:
    """USD an hour for one GPU at this quantile of regions, for each machine; infinite where it is not offered."""
    nowhere = np.full(np.shape(region), np.inf)
    ranges = [_range(m, spot) for m in machines]
    return np.array([np.interp(region, [0.0, 0.5, 1.0], r) if r else nowhere for r in ranges])


def _range(machine: Machine, spot: bool) -> Range | None:
    offer = machine.spot if spot else machine.demand
    return (offer.spot if spot else offer.price) if offer else None
