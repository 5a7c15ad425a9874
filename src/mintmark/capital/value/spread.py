"""Spread: what many draws say, each figure with its standard error."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mintmark.numerics.answers import Array

PLACES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
WORST = 0.05


def money(values: Array) -> dict[str, Any]:
    """Mean, spread, P10, P50, P90, the mean of the worst twentieth, and the standard error of each.

    Shapes: (n,), all finite.
    """
    n = len(values)
    sd = float(values.std(ddof=1)) if n > 1 else 0.0
    ordered = np.sort(values)
    worst = ordered[: max(1, round(WORST * n))]
    made: dict[str, Any] = {"mean": float(values.mean()), "mean_se": sd / math.sqrt(n), "sd": sd}
    made |= quantiles(ordered)
    # Source of the error: Manistre, Hancock, North American Actuarial Journal 9(2), 2005
    edge = float(worst[-1])
    tail = worst.var() + (1 - WORST) * (worst.mean() - edge) ** 2
    return made | {"worst": float(worst.mean()), "worst_se": math.sqrt(float(tail) / len(worst))}


def quantiles(ordered: Array, places: Mapping[str, float] = PLACES) -> dict[str, Any]:
    """P10, P50 and P90, or other places, of values in ascending order, each with its standard error.

    None where they are infinite.
    The error is half the distance of the order statistics one binomial deviation to either side.
    Source: Conover, Practical Nonparametric Statistics, section 3.2.
    """
    n, made = len(ordered), {}
    for name, p in places.items():
        value = float(np.quantile(ordered, p)) if n and np.isfinite(_around(ordered, p)).all() else None
        made[name] = value
        made[f"{name}_se"] = None if value is None else float(np.diff(_around(ordered, p))[0] / 2)
    return made


def _around(ordered: Array, p: float) -> Array:
    n = len(ordered)
    off = math.sqrt(n * p * (1 - p))
    at = np.clip([math.floor(n * p - off), math.ceil(n * p + off)], 0, n - 1)
    made: Array = ordered[at]
    return made


def share(yes: Array) -> dict[str, float]:
    """How often something holds, with its standard error."""
    p = float(yes.mean())
    return {"probability": p, "se": math.sqrt(p * (1 - p) / len(yes))}
