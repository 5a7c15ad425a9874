"""Solve: the allocation that is worth most, exactly, on concave curves, or with the tail of the losses weighed in.

Money spent on a project lies between levels; beyond its first stage what it brings is concave, so weights of levels
choose two neighbours by themselves, and only whether a project has been started is a whole number.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.hush import hushed
from mintmark.capital.portfolio.case import Case
from mintmark.numerics.answers import Array

SCENARIOS = 150
"""draws that the tail is weighed over"""
LONGEST_S = 3.0
GAP = 1e-6
OUT_OF_TIME, INFEASIBLE = 1, 2
"""status of both solvers"""


@dataclass(frozen=True)
class Answer:
    spent: Array
    """(n, periods), all since the start"""
    worth: float
    """that the solver saw: means of the draws, weighed with the tail where asked"""
    prices: Array
    """what one more unit of money in each period is worth; of the concave answer only"""
    gap: float = 0.0
    """share by which the best may be better, where it was not proved in time"""


@dataclass(frozen=True)
class Problem:
    """Variables: weights of levels (project, period, level), then started (project, period), then the tail's."""

    case: Case

    def sizes(self) -> tuple[list[int], int, int]:
        """Where each project's weights begin, where `started` does, and how many there are."""
        t = len(self.case.budget)
        starts = np.cumsum([0, *(t * len(w.levels) for w in self.case.works)])
        return starts[:-1].tolist(), int(starts[-1]), int(starts[-1]) + t * len(self.case.works)

    def at(self, i: int, t: int) -> slice:
        k = len(self.case.works[i].levels)
        begin = self.sizes()[0][i] + t * k
        return slice(begin, begin + k)

    def started(self, i: int, t: int) -> int:
        return self.sizes()[1] + i * len(self.case.budget) + t

    def worth(self, draws: Array | None = None) -> Array:
        """What each variable brings, net, at today's worth: on average, or in some draws.   Shapes: (draws, all)."""
        case, width = self.case, self.sizes()[2]
        step = case.weights - np.append(case.weights[1:], 0.0)  # what is there at the end of t, and no more in t + 1
        made = np.zeros((1 if draws is None else len(draws), width))
        for i, w in enumerate(case.works):
            brings = w.benefit.mean(0)[None] if draws is None else w.benefit[draws]
            for t, weight in enumerate(step):
                made[:, self.at(i, t)] = weight * (brings - w.levels)
        return made

    def rules(self) -> tuple[Array, Array, Array]:
        """Rows that must lie between two bounds; the budget's rows first."""
        case, width, periods = self.case, self.sizes()[2], len(self.case.budget)
        rows: list[Array] = []
        low: list[float] = []
        high: list[float] = []

        def rule(least: float, most: float) -> Array:
            rows.append(np.zeros(width))
            low.append(least)
            high.append(most)
            return rows[-1]

        for t in range(periods):
            row = rule(-np.inf, float(case.budget[t]))
            for i, w in enumerate(case.works):
                row[self.at(i, t)] = w.levels
        for i, w in enumerate(case.works):
            for t in range(periods):
                row = rule(0, 0)
                row[self.at(i, t)], row[self.started(i, t)] = 1, -1
                if t:
                    row = rule(0, np.inf)
                    row[self.at(i, t)], row[self.at(i, t - 1)] = w.levels, -w.levels
                    row = rule(0, np.inf)
                    row[self.started(i, t)], row[self.started(i, t - 1)] = 1, -1
        for i, other in case.needs():
            for t in range(periods):
                row = rule(0, np.inf)
                row[self.started(other, t)], row[self.started(i, t)] = 1, -1
        for i, w in enumerate(case.works):
            if w.of.must:
                rule(1, np.inf)[self.started(i, periods - 1)] = 1
        return np.array(rows), np.array(low), np.array(high)

    def spent(self, x: Array) -> Array:
        case = self.case
        made = [[float(w.levels @ x[self.at(i, t)]) for t in range(len(case.budget))] for i, w in enumerate(case.works)]
        return np.array(made)


def best(case: Case, caution: float = 0.0, draws: Array | None = None) -> Answer:
    """The exact answer; with caution c: most of (1 - c) mean - c CVaR of the losses over `draws`.

    Raises: RecipeError: what must be done costs more than the budget.   DataError: no answer in time.
    Source: Rockafellar, Uryasev, Journal of Risk 2, 2000, for the tail as linear rules.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix

    problem = Problem(case)
    width, first = problem.sizes()[2], problem.sizes()[1]
    rows, low, high = problem.rules()
    gain = problem.worth()[0]
    scale = max(float(np.abs(gain).max()), 1e-12)
    cost, whole = -(1 - caution) * gain / scale, np.zeros(width)
    whole[first:] = 1
    least, most = np.zeros(width), np.ones(width)
    if caution > 0 and draws is not None:
        n = len(draws)
        rows = np.hstack([rows, np.zeros((len(rows), n + 1))])
        beyond = np.hstack([problem.worth(draws) / scale, np.ones((n, 1)), np.eye(n)])  # u + var >= loss = -worth
        rows = np.vstack([rows, beyond])
        low, high = np.append(low, np.zeros(n)), np.append(high, np.full(n, np.inf))
        cost = np.concatenate([cost, [caution], np.full(n, caution / (1 - case.tail) / n)])
        whole = np.append(whole, np.zeros(n + 1))
        least = np.concatenate([least, [-np.inf], np.zeros(n)])
        most = np.concatenate([most, np.full(n + 1, np.inf)])
    with hushed():
        done = milp(cost, constraints=LinearConstraint(csr_matrix(rows), low, high), integrality=whole,
                    bounds=Bounds(least, most), options={"mip_rel_gap": GAP, "time_limit": LONGEST_S})  # fmt: skip
    _found(done, case)
    gap = float(done.mip_gap) if done.status == OUT_OF_TIME else 0.0
    return Answer(_clean(problem.spent(done.x[:width])), -float(done.fun) * scale, np.zeros(len(case.budget)), gap)


def concave(case: Case) -> Answer:
    """On the least concave curves above: first stages may be taken in part, so no allocation is worth more.

    The prices are the multipliers of the budget's rules: money of a period can be spent in it and in all later ones.
    """
    from scipy.optimize import linprog

    problem = Problem(case)
    rows, low, high = problem.rules()
    gain = problem.worth()[0]
    scale = max(float(np.abs(gain).max()), 1e-12)
    above, below = np.isfinite(high), np.isfinite(low)
    matrix, bound = np.vstack([rows[above], -rows[below]]), np.append(high[above], -low[below])
    with hushed():
        done = linprog(-gain / scale, A_ub=matrix, b_ub=bound, bounds=(0, 1), method="highs")
    _found(done, case)
    multipliers = -np.asarray(done.ineqlin.marginals)[: len(case.budget)] * scale
    prices = np.cumsum(multipliers[::-1])[::-1]
    above_lines = sum(w.gap() for w in case.works)
    return Answer(_clean(problem.spent(done.x)), above_lines - float(done.fun) * scale, prices)


def _clean(spent: Array) -> Array:
    """Without the solver's tiny remains."""
    top = max(float(spent.max()), 1e-12)
    made = np.where(spent < 1e-7 * top, 0.0, spent)
    return np.maximum.accumulate(made, axis=1)


def _found(done: Any, case: Case) -> None:
    if done.status == INFEASIBLE:
        raise RecipeError("the budget does not pay for what must be done.", where="plan.budget", fix="a larger budget.")
    if done.x is None:
        what = f"no allocation was found within {LONGEST_S:g} s."
        raise DataError(what, where="projects", fix="fewer projects or periods.")
