"""Project: a network of activities with durations in three points, its critical path and its chance to be in time."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import RecipeError, unknown
from mintmark.capital.calculator import calculator
from mintmark.capital.methods.risk import shape
from mintmark.numerics.answers import Array
from mintmark.recipe.strict import Strict

WHERE = "project_network: activities"


class Activity(Strict):
    """A piece of work."""

    low: Annotated[float, Field(ge=0)]
    """shortest time"""
    mode: Annotated[float, Field(ge=0)]
    """likeliest time"""
    high: Annotated[float, Field(ge=0)]
    """longest time"""
    after: list[str] | str = []
    """what must be done before"""


@calculator(
    unit={
        "critical_path": "activities in their order", "mean": "as the durations", "variance": "square of the durations",
        "p_deadline": "probability", "p_deadline_mc": "probability",
    },
    formula="mean of an activity (low + 4 mode + high) / 6, variance ((high - low) / 6)^2; both summed along the path "
    "of the largest mean, p_deadline = Phi((deadline - mean) / sd); p_deadline_mc: share of draws of PERT-beta "
    "durations in which all paths end in time",
    source="Malcolm, Roseboom, Clark, Fazar, Operations Research 7, 1959; van Slyke, Operations Research 11, 1963",
)  # fmt: skip
def project_network(
    activities: Annotated[dict[str, Activity], Field(min_length=1)],
    deadline: float,
    samples: Annotated[int, Field(ge=100, le=2_000_000)] = 100_000,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> dict[str, Any]:
    """Critical path of a network of activities, its length, and the chance to be done by the deadline.

    The chance by the critical path alone is too good where other paths are nearly as long: the drawn one sees them all.
    Of paths equally long the one that varies most is taken.
    Raises: RecipeError: an unknown predecessor, a circle, durations that do not rise.
    """
    from scipy.stats import norm

    order = _order({name: _before(a) for name, a in activities.items()})
    for name, a in activities.items():
        if not a.low <= a.mode <= a.high:
            what = f"low {a.low:g}, mode {a.mode:g} and high {a.high:g} must rise in this order."
            raise RecipeError(what, where=f"{WHERE}.{name}", fix="low <= mode <= high.")
    best: dict[str, tuple[float, float, list[str]]] = {}
    for name in order:
        a = activities[name]
        mean, variance = (a.low + 4 * a.mode + a.high) / 6, ((a.high - a.low) / 6) ** 2
        before = _longest([best[n] for n in _before(a)])
        best[name] = before[0] + mean, before[1] + variance, [*before[2], name]
    mean, variance, path = _longest(list(best.values()))
    p = float(norm.cdf((deadline - mean) / sqrt(variance))) if variance > 0 else float(mean <= deadline)
    return {
        "critical_path": path, "mean": mean, "variance": variance, "p_deadline": p,
        "p_deadline_mc": float((_drawn(activities, order, samples, seed) <= deadline).mean()),
    }  # fmt: skip


def _longest(paths: Sequence[tuple[float, float, list[str]]]) -> tuple[float, float, list[str]]:
    """Means that differ by rounding alone are equal."""
    if not paths:
        return 0.0, 0.0, []
    most = max(p[0] for p in paths)
    return max((p for p in paths if p[0] >= most - 1e-9 * max(1.0, abs(most))), key=lambda p: p[1])


def _drawn(activities: Mapping[str, Activity], order: Sequence[str], samples: int, seed: int) -> Array:
    """How long the project takes, many times.   Shapes: -> (samples,)."""
    rng = np.random.default_rng(seed)
    ends: dict[str, Array] = {}
    for name in order:
        a = activities[name]
        took = np.full(samples, a.low)
        if a.high > a.low:
            took = a.low + (a.high - a.low) * rng.beta(*shape(a.low, a.mode, a.high), samples)
        before = [ends[n] for n in _before(a)]
        ends[name] = took + (np.maximum.reduce(before) if before else 0.0)
    made: Array = np.maximum.reduce(list(ends.values()))
    return made


def _before(activity: Activity) -> list[str]:
    """A single name may stand without its brackets, several with commas between them."""
    after = activity.after
    return [n.strip() for n in after.split(",") if n.strip()] if isinstance(after, str) else after


def _order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Names so that each comes after those before it.   Raises: RecipeError: an unknown name, a circle."""
    for name, before in after.items():
        for other in before:
            if other not in after:
                raise unknown("activity", other, after, where=f"{WHERE}.{name}.after")
    done: dict[str, None] = {}
    while len(done) < len(after):
        ready = [n for n, before in after.items() if n not in done and all(b in done for b in before)]
        if not ready:
            circle = [n for n in after if n not in done]
            what = f"each of {', '.join(circle[:8])} waits for another of them."
            raise RecipeError(what, where=WHERE, fix="take one name out of one `after`.")
        done |= dict.fromkeys(ready)
    return list(done)
