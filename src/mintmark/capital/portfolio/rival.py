"""Rivals: how budgets are often spent: in equal parts, or step by step on what looks best next."""

import numpy as np

from mintmark.capital.portfolio.case import Case
from mintmark.numerics.answers import Array


def equal(case: Case) -> Array:
    """Each project has the same part of each period's money; what it cannot use comes to nothing.   (n, periods)."""
    part = case.budget / len(case.works)
    spent = np.array([np.minimum(part, w.levels[-1]) for w in case.works])
    return case.admitted(spent)


def greedy(case: Case) -> Array:
    """Period by period: the next level that brings most for its money, while it brings more than it costs."""
    n, periods = len(case.works), len(case.budget)
    brings = [w.benefit.mean(0) for w in case.works]
    place, spent = [-1] * n, np.zeros((n, periods))
    order = case.needs()
    for t in range(periods):
        while (step := _next(case, brings, place, order, float(case.budget[t]))) is not None:
            place[step] += 1
        spent[:, t] = [w.levels[p] if p >= 0 else 0.0 for w, p in zip(case.works, place, strict=True)]
    return spent


def _next(case: Case, brings: list[Array], place: list[int], order: list[tuple[int, int]], budget: float) -> int | None:
    """Which project goes one level up."""
    left = budget - sum(float(w.levels[p]) for w, p in zip(case.works, place, strict=True) if p >= 0)
    chosen, most = None, 1.0
    for i, w in enumerate(case.works):
        up = place[i] + 1
        if up >= len(w.levels) or any(place[other] < 0 for j, other in order if j == i):
            continue
        had, paid = (brings[i][up - 1], w.levels[up - 1]) if up else (0.0, 0.0)
        cost = float(w.levels[up] - paid)
        ratio = float(brings[i][up] - had) / cost if cost > 0 else np.inf
        if cost <= left * (1 + 1e-12) and ratio > most:
            chosen, most = i, ratio
    return chosen
