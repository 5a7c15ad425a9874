"""Stage: after the first stage of a project its error is measured; where it must lie so that the rest is still paid.

The rule (go on below, or above, an error) is chosen on one half of the draws and valued on the other.
"""

from typing import Any

import numpy as np

from mintmark.capital.portfolio.case import Case, Work
from mintmark.numerics.answers import Array

TRIED = 60
"""errors that a rule is tried at"""


def stages(case: Case, spent: Array, seed: int) -> list[dict[str, Any]]:
    """Of each project that is advised more than its first stage: the rule, and what the right to stop is worth."""
    rng = np.random.default_rng(seed + 1)
    return [_stage(w, float(path[-1]), rng) for w, path in zip(case.works, spent, strict=True)
            if path[-1] > w.levels[0] * (1 + 1e-6)]  # fmt: skip


def _stage(w: Work, whole: float, rng: np.random.Generator) -> dict[str, Any]:
    first = _first(w, whole)
    n = len(w.value)
    seen = w.curves.at(w.learnt(first)) * np.exp(w.curves.scatter * rng.standard_normal(n))
    early = w.brings(first) - first
    rest = (w.brings(whole) - w.brings(first)) - (whole - first)
    back = w.of.salvage * first
    choose, judge = slice(0, n // 2), slice(n // 2, n)
    below, at = _rule(seen[choose], rest[choose], back)
    go_on = seen[judge] <= at if below else seen[judge] > at
    policy = np.where(go_on, rest[judge], back)
    plain = max(float(rest[judge].mean()), back)
    error = float(policy.std(ddof=1)) / np.sqrt(len(policy))
    worth = float(policy.mean()) - plain
    stays = bool(go_on.all() or not go_on.any())
    return {
        "project": w.name, "first": first, "rest": whole - first, "rows": float(np.median(w.learnt(first))),
        "rule": "always" if stays and go_on.all() else "never" if stays else "below" if below else "above",
        "error": None if stays else at, "stops": float(1 - go_on.mean()),
        "commit": float((early + rest)[judge].mean()), "stop": float(early[judge].mean()) + back,
        "staged": float((early[judge] + policy).mean()), "staged_se": float(error),
        "information": max(worth, 0.0),
        "perfect": float(np.maximum(rest[judge], back).mean()) - plain,
        "option": float((early[judge] + policy).mean() - (early + rest)[judge].mean()),
    }  # fmt: skip


def _first(w: Work, whole: float) -> float:
    """The first stage, at least a fifth of the whole: less would say too little."""
    return float(min(max(w.levels[0], 0.2 * whole), whole))


def _rule(seen: Array, rest: Array, back: float) -> tuple[bool, float]:
    """Whether to go on below (else above) which error; infinite where always."""
    places = [*np.quantile(seen, np.linspace(0.02, 0.98, TRIED)), np.inf]
    tried = [
        (float(np.where(seen <= at if below else seen > at, rest, back).mean()), below, float(at))
        for at in places
        for below in (True, False)
    ]
    _, below, at = max(tried, key=lambda t: t[0])
    return below, at
