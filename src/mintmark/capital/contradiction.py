"""Contradiction: what the figures of an assumption cannot be together."""

import math
from typing import TYPE_CHECKING

from mintmark.recipe.strict import Wrong

if TYPE_CHECKING:
    from mintmark.capital.distribution import Assumption

TOTAL_TOLERANCE = 1e-6
"""by which probabilities may miss 1: six digits were written"""


def in_order(a: "Assumption") -> None:
    """Refuses ends, quantiles and bounds that fall, and parameters that no distribution has.   Raises: Wrong."""
    for low, high in (("low", "high"), ("low", "mode"), ("mode", "high"), ("p10", "p90"), ("least", "most")):
        x, y = getattr(a, low), getattr(a, high)
        if x is not None and y is not None and x > y:
            raise Wrong(f"{low} is {x:g}, above {high}, which is {y:g}.", f"{low} at most {high}.")
    for name in ("alpha", "beta"):
        x = getattr(a, name)
        if x is not None and x <= 0:
            raise Wrong(f"{name} must be greater than 0, got {x:g}.", f"{name} = 2")
    if a.sd is not None and a.sd < 0:
        raise Wrong(f"sd must be 0 or more, got {a.sd:g}.", "a standard deviation, or 0.")
    shape = a.form()
    if shape == "lognormal":
        name, x = ("mean", a.mean) if a.p10 is None else ("p10", a.p10)
        if x is not None and x <= 0:
            raise Wrong(f"{name} must be greater than 0 where the shape is lognormal, got {x:g}.", 'shape = "normal"')
    if shape == "beta" and a.mean is not None and a.sd is not None:
        least, most = a.low or 0.0, 1.0 if a.high is None else a.high
        if not least < a.mean < most:
            raise Wrong(f"mean is {a.mean:g}, not between {least:g} and {most:g}.", "a mean between low and high.")
        widest = math.sqrt((a.mean - least) * (most - a.mean))
        if a.sd >= widest:
            raise Wrong(f"sd is {a.sd:g}; between {least:g} and {most:g} it is below {widest:.4g}.", "a smaller sd.")


def probable(a: "Assumption") -> None:
    """Refuses values without a probability each, and probabilities that do not sum to 1.   Raises: Wrong."""
    if not a.values:
        raise Wrong("values is empty.", "values = [5, 8]")
    if a.probabilities is None:
        return
    if len(a.probabilities) != len(a.values):
        what = f"there are {len(a.values)} values and {len(a.probabilities)} probabilities."
        raise Wrong(what, "a probability for each value.")
    sum_to_one({f"probabilities[{i}]": p for i, p in enumerate(a.probabilities)}, "probabilities")


def sum_to_one(parts: dict[str, float], name: str) -> None:
    """Refuses probabilities or shares that are not between 0 and 1, or do not sum to 1.   Raises: Wrong."""
    for part, p in parts.items():
        if not 0 <= p <= 1:
            raise Wrong(f"{part} must be between 0 and 1, got {p:g}.", "a share between 0 and 1.")
    total = math.fsum(parts.values())
    if abs(total - 1) > TOTAL_TOLERANCE:
        raise Wrong(f"{name} sum to {total:.6g}, not to 1.", "shares that sum to 1.")


def within(a: "Assumption") -> None:
    """Refuses what was written beyond the field's own bounds; a tail beyond them is cut off.   Raises: Wrong."""
    given = {k: getattr(a, k) for k in ("value", "low", "mode", "high", "p10", "p90", "mean", "least", "most")}
    given |= {f"values[{i}]": v for i, v in enumerate(a.values or [])}
    if a.form() == "beta":
        given |= {"low": a.low or 0.0, "high": 1.0 if a.high is None else a.high}
    for name, x in given.items():
        if x is not None and not a.LEAST <= x <= a.MOST:
            said = f"{x:g}" if name == "value" else f"{name} {x:g}"
            raise Wrong(f"must be {a.WHAT}, got {said}.", "another value.")
    for bound, x, name in (("least", a.least, "p90"), ("most", a.most, "p10")):
        against = getattr(a, name) if a.p10 is not None else a.mean
        if x is not None and against is not None and (x > against if bound == "least" else x < against):
            raise Wrong(f"{bound} is {x:g}, which cuts off most of the distribution.", f"another {bound}.")
