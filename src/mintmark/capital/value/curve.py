"""Curve: how what is missed falls as a model learns from more rows, by the rungs of a run's search."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Curve = tuple[tuple[int, float], ...]
"""rows, and money a case on the validation rows"""


def curves(trials: Sequence[Mapping[str, Any]]) -> tuple[Curve, ...]:
    """Of each of the settings that were tried on more than one number of rows."""
    found: dict[str, dict[int, float]] = {}
    for t in trials:
        if t.get("name") == "value.per_case" and t.get("value") is not None and t.get("rows"):
            named = repr((sorted(t.get("settings", {}).items()), t.get("with")))
            found.setdefault(named, {})[int(t["rows"])] = float(t["value"])
    return tuple(tuple(sorted(f.items())) for f in found.values() if len(f) > 1)


def exponent(found: Sequence[Curve], most: float) -> tuple[float, float, int] | None:
    """b of missed ~ rows^-b, its standard error, and from how many rungs; None of too few.

    One slope for all models, each with a level of its own: least squares of the logarithms.
    """
    across, down, n, models = [], [], 0, 0
    for curve in found:
        kept = [(rows, most - value) for rows, value in curve if most > value]
        if len(kept) > 1:
            x, y = np.log(np.array(kept, float)).T
            across.append(x - x.mean())
            down.append(y - y.mean())
            n, models = n + len(kept), models + 1
    if n - models < 2:
        return None
    x, y = np.concatenate(across), np.concatenate(down)
    slope = float(x @ y / (x @ x))
    left = y - slope * x
    return -slope, float(np.sqrt(left @ left / (n - models - 1) / (x @ x))), n
