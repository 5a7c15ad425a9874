"""Promotion: a budget over channels so that the last unit of money wins as much in each of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.pricing.study import Array, Study, spread

GRID = 400
"""steps of the budget of which the best way to spend it is sought, before it is made exact"""
RAMP = 12
FLAT = 1e-9


@dataclass(frozen=True)
class Channels:
    """All (channels,): new customers a month = most x^slope / (half^slope + x^slope) of a budget of x a month."""

    most: Array
    half: Array
    slope: Array
    least: Array
    limit: Array

    def won(self, x: Array) -> Array:
        """Shapes: x (..., channels), as the result."""
        part = (np.maximum(x, 0) / self.half) ** self.slope
        made: Array = self.most * part / (1 + part)
        return made

    def marginal(self, x: Array) -> Array:
        """Customers that one more unit of money wins."""
        x = np.maximum(x, FLAT * self.half)
        part = (x / self.half) ** self.slope
        made: Array = self.most * self.slope * part / (x * (1 + part) ** 2)
        return made


def best(channels: Channels, budget: float) -> Array:
    """What to spend in each channel, (channels,): the most customers for the budget.

    Channels with a slope above 1 have no falling return at first, so the best split is sought over a grid of the budget
    by dynamic programming, which misses no optimum, and then made exact among the channels that get something.
    """
    free = budget - float(channels.least.sum())
    step = free / GRID
    count = len(channels.most)
    if free <= 0 or step <= 0:
        return channels.least.copy()
    grid = channels.least + step * np.arange(GRID + 1)[:, None]  # (steps, channels)
    gain = np.where(grid <= channels.limit + 1e-9, channels.won(np.minimum(grid, channels.limit)), -np.inf)
    table = np.zeros(GRID + 1)
    taken = np.zeros((count, GRID + 1), int)
    at = np.subtract.outer(np.arange(GRID + 1), np.arange(GRID + 1))  # steps left after so many are spent here
    for i in range(count):
        value = np.where(at >= 0, table[np.maximum(at, 0)] + gain[:, i], -np.inf)
        taken[i] = value.argmax(1)
        table = value.max(1)
    left, steps = GRID, np.zeros(count, int)
    for i in range(count - 1, -1, -1):
        steps[i] = taken[i, left]
        left -= steps[i]
    return _exact(channels, channels.least + step * steps, budget, step)


def _exact(channels: Channels, start: Array, budget: float, step: float) -> Array:
    """Near the split that was found, the one with equal marginal returns."""
    from scipy.optimize import minimize

    low = np.maximum(channels.least, start - 2 * step)
    high = np.minimum(channels.limit, start + 2 * step)
    scale = float(channels.won(start).sum()) or 1.0
    whole = {"type": "ineq", "fun": lambda z: (budget - z.sum() * step) / step, "jac": lambda z: -np.ones_like(z)}
    made = minimize(
        lambda z: -float(channels.won(z * step).sum()) / scale, start / step,
        jac=lambda z: -channels.marginal(z * step) * step / scale, method="SLSQP", constraints=[whole],
        bounds=list(zip(low / step, high / step, strict=True)), options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    found = np.clip(made.x * step, low, high)
    found *= min(1.0, budget / max(float(found.sum()), 1e-300)) if (found > channels.least).all() else 1.0
    kept: Array = found if channels.won(found).sum() >= channels.won(start).sum() else start
    return kept


def promotion(study: Study, worth: float) -> dict[str, Any]:
    """The budget over the channels, beside an equal split and today's, and whether more or less of it would pay.

    worth: what one more customer is worth, before what winning him costs.
    Source: adstock, Broadbent, Journal of the Market Research Society 21, 1979; saturation as Hill's equation.
    """
    given = study.plan.promotion
    if given is None:
        return {}
    channels = _channels(study)
    split = best(channels, given.budget)
    now = np.array([c.now if c.now is not None else np.nan for c in given.channels])
    same = _equal(channels, given.budget)
    won = channels.won(split)
    total = float(won.sum())
    marginal = channels.marginal(split)
    drawn = _drawn(study, split)
    ideal = _ideal(channels, worth, given.budget)
    rows = [
        {
            "name": c.name, "budget": float(split[i]), "customers": spread(drawn[:, i]), "equal": float(same[i]),
            "now": None if np.isnan(now[i]) else float(now[i]),
            "each": float(split[i] / won[i]) if won[i] > 0 else None,
            "next_each": float(1 / marginal[i]) if marginal[i] > 0 else None, "marginal": float(marginal[i]),
            "bound": _bound(channels, split, i), "curve": _curve(channels, i, given.budget),
        }
        for i, c in enumerate(given.channels)
    ]  # fmt: skip
    known = not np.isnan(now).any()
    if known and now.sum() > given.budget * 1.001:
        study.say(
            mark("Today {now} a month is spent, more than the budget of {budget}."),
            now=float(now.sum()), budget=given.budget,
        )  # fmt: skip
    return {
        "budget": given.budget, "spent": float(split.sum()), "channels": rows, "customers": total,
        "customers_drawn": spread(drawn.sum(1)), "equal_split": float(channels.won(same).sum()),
        "now": float(channels.won(now).sum()) if known else None, "worth_of_a_customer": worth,
        "best_budget": ideal, "each": float(split.sum()) / total if total > 0 else None,
        "ramp": _ramp(study, channels, split),
    }  # fmt: skip


def _channels(study: Study) -> Channels:
    given = study.plan.promotion
    channels = given.channels if given else []
    means = [
        [float(study.fixed.of(f"promotion.channels[{i}].{k}").mean()) for k in ("most", "half")]
        for i in range(len(channels))
    ]
    limits = [np.inf if c.limit is None else c.limit for c in channels]
    most, half = np.array(means).T
    if (half <= 0).any():
        name = channels[int(np.argmin(half))].name
        raise study.wrong("promotion.channels", f"half of channel {name!r} must be above 0.", "half = 2000")
    return Channels(
        most, half, np.array([c.slope for c in channels]), np.array([c.least for c in channels]), np.array(limits)
    )


def _drawn(study: Study, split: Array) -> Array:
    """Customers of each channel over the draws, (draws, channels)."""
    given = study.plan.promotion
    channels = given.channels if given else []
    most, half = (
        np.stack([study.of(f"promotion.channels[{i}].{k}") for i in range(len(channels))], 1) for k in ("most", "half")
    )
    slope = np.array([c.slope for c in channels])
    part = (split / np.maximum(half, 1e-12)) ** slope
    made: Array = most * part / (1 + part)
    return made


def _equal(channels: Channels, budget: float) -> Array:
    """The same in each channel, what a limit forbids spread over the others."""
    count = len(channels.most)
    made: Array = np.clip(np.full(count, budget / count), channels.least, channels.limit)
    for _ in range(len(made)):
        off = budget - float(made.sum())
        open_ = made < channels.limit - 1e-9 if off > 0 else made > channels.least + 1e-9
        if abs(off) < 1e-9 * budget or not open_.any():
            break
        made = np.where(open_, np.clip(made + off / open_.sum(), channels.least, channels.limit), made)
    return made


def _ideal(channels: Channels, worth: float, budget: float) -> float | None:
    """The budget whose last unit of money brings just itself back; None where none does, or none is enough."""
    if worth <= 0:
        return 0.0

    def earns(x: float) -> float:
        return worth * float(channels.won(best(channels, x)).sum()) - x

    low = float(channels.least.sum())
    high = max(float(np.minimum(channels.limit, 50 * (budget + channels.half)).sum()), low + 1e-9)
    from scipy.optimize import minimize_scalar

    grid = np.unique(np.concatenate([[low], np.geomspace(max(low, budget / 50), high, 24)]))
    top = int(np.argmax([earns(float(x)) for x in grid]))
    if top == 0:
        return float(grid[0])
    span = (float(grid[top - 1]), float(grid[min(top + 1, len(grid) - 1)]))
    made = minimize_scalar(
        lambda x: -earns(float(x)), bounds=span, method="bounded", options={"xatol": 0.002 * span[1]}
    )
    return float(made.x)


def _bound(channels: Channels, split: Array, i: int) -> str:
    if split[i] >= channels.limit[i] * (1 - 1e-6):
        return "limit"
    return "least" if split[i] <= channels.least[i] + 1e-6 else ""


def _curve(channels: Channels, i: int, budget: float) -> dict[str, list[float]]:
    most = min(float(channels.limit[i]), budget)
    x = np.linspace(0, most, 41)
    part = (x / channels.half[i]) ** channels.slope[i]
    return {"budget": x.tolist(), "customers": (channels.most[i] * part / (1 + part)).tolist()}


def _ramp(study: Study, channels: Channels, split: Array) -> list[float]:
    """Customers in each of the first months, while the effect of earlier months builds up."""
    given = study.plan.promotion
    carry = np.array([c.carry for c in given.channels]) if given else np.zeros(0)
    return [float(channels.won(split * (1 - carry ** (t + 1))).sum()) for t in range(RAMP)]
