"""Case: a portfolio as numbers: what each level of spending brings, in each draw."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.capital.portfolio.curve import SCATTER, Curves, drawn
from mintmark.capital.portfolio.file import Portfolio, Project
from mintmark.numerics.answers import Array

LEVELS = 24
"""of spending, beyond the first stage"""
NEAR = 1e-3
"""the level beside the first stage, where none is asked for, as a share of the most"""
REACH = 2.0
"""times the budget that a project without a `most` can use: more money than there is, is looked at, too"""
FAR = 10.0
"""times what a project would bring without an error that data take away: more money than that is not looked at"""


@dataclass(frozen=True)
class Work:
    """One project.   Shapes: levels (k,), benefit (samples, k), others (samples,)."""

    name: str
    of: Project
    curves: Curves
    rows: float
    once: float
    per_row: Array
    value: Array
    levels: Array
    """money, the first stage first"""
    benefit: Array
    """of each level, before costs"""

    def knowing(self) -> float:
        """What it is worth at most to know the curve, costs and value before the first unit is spent, on this project.

        Source: expected value of perfect information; Raiffa, Schlaifer, Applied Statistical Decision Theory, 1961.
        """
        net = self.benefit - self.levels
        return max(float(np.maximum(net.max(1), 0.0).mean()) - max(float(net.mean(0).max()), 0.0), 0.0)

    def gap(self) -> float:
        """So far, at most, is what is brought on average above the straight lines between levels.

        A concave curve that is d above a chord at its middle is nowhere more than 2 d above it.
        """
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        mean = self.benefit.mean(0)
        lines = (mean[1:] + mean[:-1]) / 2
        over = [float(self.brings(float(m)).mean()) - line for m, line in zip(middles, lines, strict=True)]
        return 2.0 * float(max([0.0, *over]))

    def learnt(self, spent: float) -> Array:
        """Rows that are learnt from once so much is spent.   Shapes: (samples,)."""
        return self.rows + max(spent - self.once, 0.0) / self.per_row

    def brings(self, spent: float) -> Array:
        """Money, once so much is spent; nothing below the first stage.   Shapes: (samples,)."""
        if spent < self.levels[0] * (1 - 1e-9) or spent <= 0:
            return np.zeros(len(self.value))
        made: Array = self.value * (
            self.curves.at(np.full(len(self.value), self.rows)) - self.curves.at(self.learnt(spent))
        )
        return made


@dataclass(frozen=True)
class Case:
    """All projects; money in the file's currency."""

    portfolio: Portfolio
    works: tuple[Work, ...]
    budget: Array
    """money there is by the end of each period, all since the start"""
    weights: Array
    """what money of each period is worth today"""

    @property
    def tail(self) -> float:
        return self.portfolio.plan.tail

    def needs(self) -> list[tuple[int, int]]:
        """Places of a project and of one that it needs."""
        at = {w.name: i for i, w in enumerate(self.works)}
        return [(i, at[other]) for i, w in enumerate(self.works) for other in w.of.needs]

    def admitted(self, spent: Array) -> Array:
        """What of it counts: no project below its first stage, none before what it needs.   Shapes: (n, periods)."""
        made = spent.copy()
        for i, w in enumerate(self.works):
            made[i][made[i] < w.levels[0] * (1 - 1e-9)] = 0
        for _ in self.works:
            for i, other in self.needs():
                made[i][made[other] <= 0] = 0
        return made

    def net(self, spent: Array) -> Array:
        """Worth today in each draw, less what is spent (all since the start).   Shapes: (n, periods); (samples,)."""
        total = np.zeros(len(self.works[0].value))
        for w, path in zip(self.works, spent, strict=True):
            had, paid = np.zeros(len(total)), 0.0
            for weight, money in zip(self.weights, path, strict=True):
                if money > paid:
                    now = w.brings(float(money))
                    total += weight * (now - had - (money - paid))
                    had, paid = now, float(money)
        return total

    def measured(self, spent: Array, rng: np.random.Generator) -> Array:
        """The same as two measurements of each error, today and then, will show it: they scatter about the curve."""
        total = self.net(spent)
        for w, path in zip(self.works, spent, strict=True):
            if path[-1] > 0:
                n = len(total)
                for rows, sign in ((np.full(n, w.rows), 1), (w.learnt(float(path[-1])), -1)):
                    luck = np.expm1(w.curves.scatter * rng.standard_normal(n))
                    total += sign * w.value * w.curves.at(rows) * luck
        return total


def case(portfolio: Portfolio, measured: Mapping[str, Mapping[str, Any]], samples: int, seed: int) -> Case:
    """measured: sizes and errors of the projects whose curves are of runs."""
    rng = np.random.default_rng(seed)
    figures = portfolio.sample(rng, samples)
    plan = portfolio.plan
    total = float(np.sum(plan.budget))
    centres = portfolio.centres()
    works = []
    for name, of in portfolio.projects.items():
        path = f"projects.{name}"
        curves, rows = _curves(of, figures, path, measured.get(name), samples, rng)
        per_row = sum((figures[f"{path}.costs.{k}"] for k in ("data", "compute", "staff")), np.zeros(samples))
        per_row, once = np.maximum(per_row, 1e-12), centres[f"{path}.costs.once"]
        no_more = figures[f"{path}.value"] * (curves.at(np.full(samples, rows)) - curves.c)
        levels = _levels(of, once, min(REACH * total, FAR * float(no_more.mean())))
        learnt = rows + np.maximum(levels - once, 0.0) / per_row[:, None]
        value = figures[f"{path}.value"]
        now = curves.at(np.full((samples, 1), rows))
        works.append(Work(name, of, curves, rows, once, per_row, value, levels,
                          value[:, None] * (now - curves.at(learnt))))  # fmt: skip
    weights = (1 + plan.discount) ** -np.arange(len(plan.budget), dtype=float)
    return Case(portfolio, tuple(works), np.cumsum(plan.budget), weights)


def points(of: Project, measured: Mapping[str, Any] | None) -> tuple[list[float], list[float]]:
    """Sizes and errors that a curve was measured at; none where it is given."""
    if measured is not None:
        return list(measured["sizes"]), list(measured["errors"])
    return of.curve.sizes or [], of.curve.errors or []


def _curves(
    of: Project,
    figures: Mapping[str, Array],
    path: str,
    measured: Mapping[str, Any] | None,
    samples: int,
    rng: np.random.Generator,
) -> tuple[Curves, float]:
    sizes, errors = points(of, measured)
    if sizes:
        return drawn(sizes, errors, samples, rng), of.rows or max(sizes)
    a, b = (figures[f"{path}.curve.{k}"] for k in "ab")
    c = figures.get(f"{path}.curve.c", np.zeros(samples))
    return Curves(a, b, c, np.full(samples, SCATTER)), of.rows or 1.0


def _levels(of: Project, once: float, reach: float) -> Array:
    """The first stage, and more up to the most: closer together where little is spent, as curves bend there."""
    first = max(of.minimum, once)
    most = max(min(of.most or math.inf, reach), first)
    room = most - first
    if room <= 0:
        return np.array([first])
    return first + np.concatenate([[0.0], np.geomspace(max(NEAR * room, 1e-9), room, LEVELS)])
