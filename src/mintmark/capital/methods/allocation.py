"""What scarce money or machines are best given to: projects, trials, arms, one more measurement, more data."""

import math
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import NotNegative, Positive
from mintmark.numerics.answers import Array

LONGEST_S = 8.0
"""that the solver of a knapsack may take"""
MOST_DIGITS, LARGEST_TABLE = 6, 10**8
"""behind the point of weights, and cells, with which a table of all capacities is made instead"""
LONGEST_LADDER = 100
"""rounds of successive halving"""
FEASIBLE = 1e-6
"""how far the solver may step over a bound"""
FITS = 1 + 1e-12
"""times the capacity: sums of decimals such as 0.1 + 0.2 are off by so little"""
FAR = 1e-5
"""what income at the horizon is worth today; what is still learnt there is worth far less than that income"""
DEEPEST = 12_000
"""periods: enough for a discount of 0.999"""


@calculator(
    unit={k: "as the profits" for k in ("optimum", "greedy", "lp_bound")} | {"chosen": "places from 0"},
    formula="max sum of profits of the chosen, sum of their weights at most capacity; greedy: by profit for weight, "
    "whatever still fits; lp_bound: the same, the first that does not fit in part",
    source="Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, sections 2.1 to 2.3; solved by HiGHS where weights "
    "have many digits",
)
def knapsack(
    capacity: NotNegative,
    profits: Annotated[list[float], Field(min_length=1)],
    weights: Annotated[list[NotNegative], Field(min_length=1)],
) -> dict[str, Any]:
    """The choice of projects that earns most within a budget, each taken whole or not; with two simpler ones beside it.

    Shapes: profits, weights (n,). No larger choice than `lp_bound` exists.
    Raises: DataError: lists of two lengths, or no proof of the best choice within 8 seconds.
    """
    if len(profits) != len(weights):
        what = f"there are {len(weights)} weights for {len(profits)} profits."
        raise DataError(what, where="knapsack: weights", fix="one weight for each profit.")
    p, w = np.array(profits), np.array(weights)
    chosen = _best(capacity, p, w)
    greedy, bound = _greedy(capacity, p, w)
    places = [int(i) for i in np.flatnonzero(chosen)]
    return {"optimum": _total(p, chosen), "chosen": places, "greedy": greedy, "lp_bound": bound}


@calculator(
    unit={"brackets": "configurations n, each with r of the resource"},
    formula="s = s_max, ..., 0, s_max = floor(log_eta R): n0 = ceil((s_max + 1) eta^s/(s + 1)), r0 = R eta^-s; in "
    "round i: n = floor(n0 eta^-i), r = r0 eta^i",
    source="Li et al., JMLR 18(185), 2018, algorithm 1 and table 1",
)
def hyperband(max_resource: Annotated[float, Field(ge=1)], eta: Annotated[float, Field(gt=1)] = 3) -> dict[str, Any]:
    """The rounds of successive halving that Hyperband runs: how many settings, with how much of the resource each.

    `max_resource`: the most that one setting may get, in units of the least. `eta`: one of so many goes on.
    Raises: RecipeError: more than 100 rounds.
    """
    if math.log(max_resource) > LONGEST_LADDER * math.log(eta):
        what = f"{eta:g} makes more than {LONGEST_LADDER} rounds of {max_resource:g}."
        raise RecipeError(what, where="hyperband: eta", fix="eta=3, or a smaller max_resource.")
    most, power = 0, eta
    while power <= max_resource * (1 + 1e-12):  # a logarithm would miss 243 = 3^5
        most, power = most + 1, power * eta
    brackets = []
    for s in range(most, -1, -1):
        n0 = math.ceil((most + 1) * eta**s / (s + 1) * (1 - 1e-12))
        n = [math.floor(n0 / eta**i * (1 + 1e-12)) for i in range(s + 1)]
        r = [max_resource / eta ** (s - i) for i in range(s + 1)]
        brackets.append({"s": s, "n0": n0, "r0": r[0], "n": n, "r": r})
    return {"brackets": brackets}


@calculator(
    unit={"index": "1"},
    formula="the sure income a period that is worth as much as playing on: the L with "
    "V(a, b) = m + g (m V(a+1, b) + (1 - m) V(a, b+1)) = L/(1 - g), m = a/(a + b), V at least L/(1 - g)",
    source="Gittins, Glazebrook, Weber, Multi-armed Bandit Allocation Indices, 2011, section 8.4",
)
def gittins(a: Positive, b: Positive, discount: Annotated[float, Field(gt=0, lt=1)]) -> dict[str, Any]:
    """Gittins index of an arm that pays 1 or 0, whose chance is known as Beta(a, b): play the arm of the largest one.

    `a`, `b`: successes and failures so far, plus those of the prior (1 and 1 if nothing is known).
    `discount`: what income of the next period is worth today.
    Raises: RecipeError: a discount above 0.999, which would take too long.
    """
    from scipy.optimize import brentq

    depth = max(50, math.ceil(math.log(FAR) / math.log(discount)))
    if depth > DEEPEST:
        what = f"{discount:g} would need a horizon of {depth:,} periods."
        raise RecipeError(what, where="gittins: discount", fix="0.999 or less.")
    mean = a / (a + b)
    index = brentq(lambda sure: _play(a, b, discount, depth, sure) - sure / (1 - discount), mean, 1.0, xtol=1e-8)
    return {"index": float(index)}


@calculator(
    unit={"value": "1"},
    formula="f(z) = z Phi(z) + phi(z)",
    source="Raiffa and Schlaifer, Applied Statistical Decision Theory, 1961, section 5.4; Frazier, Powell, Dayanik, "
    "SIAM Journal on Control and Optimization 47(5), 2008",
)
def unit_normal_loss(z: float | list[float]) -> dict[str, Any]:
    """Expected amount by which a standard normal variable exceeds -z: what a chance of being better is worth.

    The worth of one more measurement (knowledge gradient) is s f(-|d|/s), with d the distance to the best other choice
    and s the spread by which the measurement moves the mean.
    """
    made = _loss(np.asarray(z, float))
    return {"value": made.tolist()}


def knowledge_gradient(means: Array, sds: Array, noise: float) -> Array:
    """What one more measurement of each choice is worth, in the unit of the means.

    Shapes: means, sds (n,), of what is believed of each; noise: standard deviation of a measurement; out (n,).
    Source: Frazier, Powell, Dayanik 2008, equation 19.
    """
    moved = np.where(sds > 0, sds**2 / np.sqrt(sds**2 + noise**2 + (sds <= 0)), 0.0)
    best = np.array([np.delete(means, i).max() if len(means) > 1 else -np.inf for i in range(len(means))])
    with np.errstate(divide="ignore", invalid="ignore"):
        value = moved * _loss(-np.abs(means - best) / moved)
    return np.where(moved > 0, value, 0.0)


# --- knapsack ---------------------------------------------------------------------------------------------------------


def _best(capacity: float, p: Array, w: Array) -> Array:
    """Whether each is chosen, of the best choice."""
    chosen: Array = (w == 0) & (p > 0)
    free = np.flatnonzero((w > 0) & (w <= capacity) & (p > 0))
    if math.fsum(w[free]) <= capacity * FITS:
        chosen[free] = True
        return chosen
    for digits in range(MOST_DIGITS + 1):
        scaled, room = w[free] * 10**digits, math.floor(capacity * 10**digits * FITS)
        if len(free) * room > LARGEST_TABLE:
            break
        if (np.abs(scaled - np.rint(scaled)) <= 1e-12 * scaled).all():
            chosen[free] = _by_capacity(room, p[free], np.rint(scaled).astype(int))
            return chosen
    chosen[free] = _solved(capacity, p[free], w[free])
    return chosen


def _by_capacity(capacity: int, p: Array, w: Array) -> Array:
    """The best choice for whole weights: what each capacity up to this one can earn, project by project.

    Cost: O(n x capacity).   Source: Bellman 1957, as in Kellerer et al., section 2.3.
    """
    best, taken = np.zeros(capacity + 1), np.zeros((len(p), capacity + 1), bool)
    for i, (profit, weight) in enumerate(zip(p, w, strict=True)):
        with_it = best[:-weight] + profit
        taken[i, weight:] = with_it > best[weight:]
        best[weight:] = np.maximum(best[weight:], with_it)
    chosen, left = np.zeros(len(p), bool), capacity
    for i in range(len(p) - 1, -1, -1):
        if taken[i, left]:
            chosen[i], left = True, left - int(w[i])
    return chosen


def _solved(capacity: float, p: Array, w: Array) -> Array:
    """The best choice by branch and bound.

    The solver may step over the capacity by its tolerance: a choice that is too heavy is forbidden by a slightly
    smaller capacity.
    Raises: DataError: no proof in time.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    from mintmark.capital.hush import hushed

    scale = float(w.max())
    room = capacity / scale
    while True:
        with hushed():
            done = milp(
                -p / np.abs(p).max(),
                constraints=LinearConstraint(w[None, :] / scale, -np.inf, room),
                integrality=np.ones(len(p)),
                bounds=Bounds(0, 1),
                options={"mip_rel_gap": 0.0, "time_limit": LONGEST_S},
            )
        if done.status != 0:
            what = f"the best of {len(p)} projects was not proved within {LONGEST_S:g} s."
            raise DataError(what, where="knapsack: weights", fix="fewer projects, or weights rounded more coarsely.")
        taken: Array = done.x > 0.5
        if math.fsum(w[taken]) <= capacity * FITS:
            return taken
        room -= FEASIBLE


def _greedy(capacity: float, p: Array, w: Array) -> tuple[float, float]:
    """Profit of taking by profit for weight whatever still fits; and with the first that does not fit taken in part."""
    worth = np.flatnonzero((p > 0) & (w <= capacity))
    with np.errstate(divide="ignore"):
        order = worth[np.argsort(-(p[worth] / w[worth]), kind="stable")]
    taken, weight, bound = np.zeros(len(p), bool), 0.0, None
    for i in order:
        if weight + w[i] <= capacity * FITS:
            taken[i], weight = True, weight + w[i]
        elif bound is None:
            bound = _total(p, taken) + p[i] * (capacity - weight) / w[i]
    greedy = _total(p, taken)
    return greedy, greedy if bound is None else float(bound)


def _total(p: Array, chosen: Array) -> float:
    return math.fsum(p[chosen])


# --- gittins ----------------------------------------------------------------------------------------------------------


def _play(a: float, b: float, discount: float, depth: int, sure: float) -> float:
    """Worth of playing now and stopping for the sure income whenever that is better, backwards from the horizon."""
    stop = sure / (1 - discount)
    wins = np.arange(depth + 1)
    value = np.maximum((a + wins) / (a + b + depth), sure) / (1 - discount)
    for n in range(depth - 1, -1, -1):
        mean = (a + wins[: n + 1]) / (a + b + n)
        value = mean * (1 + discount * value[1:]) + (1 - mean) * discount * value[:-1]
        if n:
            value = np.maximum(value, stop)
    return float(value[0])


def _loss(z: Array) -> Array:
    """z Phi(z) + phi(z), by Mills' ratio where both terms nearly cancel.   Shapes: z (...); as z."""
    from scipy.special import erfcx, ndtr

    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    tail = np.maximum(-z, 0.0)
    below = density * (1 - tail * math.sqrt(math.pi / 2) * erfcx(tail / math.sqrt(2)))
    made: Array = np.where(z < 0, np.maximum(below, 0.0), z * ndtr(z) + density)
    return made
