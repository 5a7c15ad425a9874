"""Experiments: how many users a test needs, when it may be read, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Positive
from mintmark.numerics.answers import Array

Kind = Literal["pocock", "obrien_fleming", "lan_demets_obf", "lan_demets_pocock"]
Inside = Annotated[float, Field(gt=0, lt=1)]
RULE = 16
"""times variance over squared difference: users of each variant for a power of 80 % at 5 %, rounded up from 15.7"""
FAR = 9.0
"""standard deviations beyond which nothing happens"""
DENSE = 5
"""points of the integral for each standard deviation of a step"""
LARGEST = 38.0
"""a bound that nothing reaches: beyond it a normal tail is smaller than any number"""


# --- how many ---------------------------------------------------------------------------------------------------------


@calculator(
    unit={"users": "users of each variant"},
    formula="users = 16 sd^2 (1 - correlation^2) / (relative_effect mean)^2; a rate p has the sd sqrt(p (1 - p)); "
    "with alpha or power, 2 (z_(1 - alpha/2) + z_power)^2 in place of 16",
    source="Kohavi, Longbotham, Sommerfield, Henne, Data Mining and Knowledge Discovery 18, 2009, eq. 3; "
    "van Belle, Statistical Rules of Thumb; Deng, Xu, Kohavi, Walker, WSDM 2013 (correlation)",
)
def ab_sample_size(
    relative_effect: float,
    rate: Inside | None = None,
    sd: Positive | None = None,
    mean: float | None = None,
    correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.0,
    alpha: Inside | None = None,
    power: Inside | None = None,
) -> dict[str, Any]:
    """Users that each of two variants needs for a change of this relative size to be seen.

    Either rate (a share, such as a conversion) or sd and mean. correlation: of the measure with one from before the
    test, which CUPED takes out. Without alpha and power the rule of 16: 80 % power at 5 %, two-sided.
    Raises: RecipeError: both, or neither, of rate and sd; no effect; a mean of 0.
    """
    where = "ab_sample_size: "
    if (rate is None) == (sd is None):
        raise RecipeError("either rate or sd (with mean) is wanted.", where=f"{where}rate", fix="rate = 0.05")
    if rate is not None and mean is not None:
        raise RecipeError("a rate is its own mean.", where=f"{where}mean", fix="leave it out, or give sd for rate.")
    if relative_effect == 0:
        raise RecipeError("an effect of 0 is never seen.", where=f"{where}relative_effect", fix="0.05")
    if rate is not None:
        spread, level = sqrt(rate * (1 - rate)), rate
    elif mean:
        spread, level = float(sd or 0), mean
    else:
        raise RecipeError("is missing, or 0: an effect is relative to it.", where=f"{where}mean", fix="mean = 3.75")
    times = RULE if alpha is None and power is None else _factor(alpha or 0.05, power or 0.8)
    exact = times * spread**2 * (1 - correlation**2) / (relative_effect * level) ** 2
    return {"users": ceil(exact * (1 - 1e-12))}


def _factor(alpha: float, power: float) -> float:
    from scipy.special import ndtri

    return float(2 * (ndtri(power) - ndtri(alpha / 2)) ** 2)


# --- when it may be read ----------------------------------------------------------------------------------------------


@calculator(
    unit={"bounds": "z at each look"},
    formula="P(|z_k| reaches bounds_k at some look) = alpha where nothing changes; pocock: all bounds equal; "
    "obrien_fleming: c / sqrt(t_k), t the share of the data; lan_demets: alpha is spent as 4 (1 - Phi(z_(1 - alpha/4) "
    "/ sqrt(t))), or as alpha ln(1 + (e - 1) t)",
    source="Pocock, Biometrika 64, 1977; O'Brien, Fleming, Biometrics 35, 1979; Lan, DeMets, Biometrika 70, 1983; "
    "recursive integration: Armitage, McPherson, Rowe, JRSS A 132, 1969",
)
def group_sequential(
    looks: Annotated[int, Field(ge=1, le=200)],
    alpha: Inside = 0.05,
    kind: Kind = "obrien_fleming",
    information: list[float] | None = None,
) -> dict[str, Any]:
    """Bounds that |z| must reach at each look, so that looking often raises no false alarm beyond alpha; two-sided.

    information: share of all data at each look, rising to at most 1; without it evenly to 1.
    Raises: RecipeError: shares that do not rise, or not one for each look.
    """
    at = np.arange(1, looks + 1) / looks if information is None else _shares(information, looks)
    if kind in ("lan_demets_obf", "lan_demets_pocock"):
        return {"bounds": _spending(at, _spent(at, alpha, kind))}
    shape = np.ones(looks) if kind == "pocock" else np.sqrt(at[-1] / at)
    return {"bounds": (_constant(at, alpha, shape) * shape).tolist()}


def _shares(information: Sequence[float], looks: int) -> Array:
    at = np.asarray(information, float)
    if len(at) != looks or not (np.diff(at) > 0).all() or at[0] <= 0 or at[-1] > 1 + 1e-12:
        what = f"{looks} rising shares above 0 and up to 1 are wanted, got {list(information)!s:.60}."
        raise RecipeError(what, where="group_sequential: information", fix="[0.25, 0.5, 0.75, 1.0]")
    return at


def _spent(at: Array, alpha: float, kind: str) -> Array:
    """Of each tail, the chance of a false alarm that may be used up by each look."""
    from scipy.special import ndtr, ndtri

    if kind == "lan_demets_pocock":
        made: Array = alpha / 2 * np.log1p((np.e - 1) * at)
        return made
    made = 2 * ndtr(ndtri(alpha / 4) / np.sqrt(at))
    return made


def _constant(at: Array, alpha: float, shape: Array) -> float:
    from scipy.optimize import brentq
    from scipy.special import ndtri

    def more(c: float) -> float:
        walk = Walk()
        return sum(walk.look(float(t), c * float(s)) for t, s in zip(at, shape, strict=True)) - alpha

    low, high = -float(ndtri(alpha / 2)), 1 - float(ndtri(alpha / 2 / len(at)))
    return float(brentq(more, low - 1e-9, high, xtol=1e-9)) if len(at) > 1 else low


def _spending(at: Array, spent: Array) -> list[float]:
    from scipy.optimize import brentq

    walk, bounds = Walk(), []
    for t, tail in zip(at.tolist(), np.diff(np.append(0.0, spent)).tolist(), strict=True):

        def more(bound: float, t: float = t, tail: float = tail) -> float:
            return walk.leaves(t, bound) / 2 - tail

        bound = LARGEST if more(LARGEST) >= 0 else float(brentq(more, 1e-6, LARGEST, xtol=1e-10))
        walk.look(t, bound)
        bounds.append(bound)
    return bounds


@lru_cache(maxsize=64)
def _legendre(n: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(n)


class Walk:
    """The sum of what is seen, as long as it has left no bound: its density on some points.

    drift: by which it moves until the end; 0 where nothing changes.

    Source: Armitage, McPherson, Rowe 1969; Jennison, Turnbull, Group Sequential Methods, chapter 19.
    """

    def __init__(self, drift: float = 0.0) -> None:
        self.drift, self.time, self.at, self.mass = drift, 0.0, np.zeros(1), np.ones(1)

    def leaves(self, time: float, bound: float) -> float:
        """The chance that |z| is beyond the bound at this look, and was within before."""
        from scipy.special import ndtr

        edge, step = bound * sqrt(time), sqrt(time - self.time)
        middle = self.at + self.drift * (time - self.time)
        return float(self.mass @ (ndtr((middle - edge) / step) + ndtr((-edge - middle) / step)))

    def look(self, time: float, bound: float) -> float:
        """The same; and goes on from those that are within."""
        out, step = self.leaves(time, bound), sqrt(time - self.time)
        edge = min(bound, FAR + abs(self.drift)) * sqrt(time)
        x, weight = (edge * v for v in _legendre(16 * ceil(max(48, DENSE * 2 * edge / step) / 16)))
        apart = np.subtract.outer(x, self.at + self.drift * (time - self.time)) / step
        density = (np.exp(-(apart**2) / 2) @ self.mass) / (step * sqrt(2 * np.pi))
        self.time, self.at, self.mass = time, x, density * weight
        return out


# --- what it says -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """Treatment less control, a user."""

    value: float
    error: float
    """standard error"""
    low: float
    high: float
    """95 % interval"""
    z: float
    share: float
    """of the variance that is left, 1 without CUPED"""


def cuped(
    control: Sequence[float] | Array,
    treated: Sequence[float] | Array,
    control_before: Sequence[float] | Array | None = None,
    treated_before: Sequence[float] | Array | None = None,
) -> Difference:
    """Difference of two groups' means, less what the same measure from before the test already explains (CUPED).

    Shapes: control (n,), treated (m,), and the same measure of the same users before, if there is one.
    Raises: DataError: lengths that differ, fewer than two users, values that are not finite.
    Source: Deng, Xu, Kohavi, Walker, WSDM 2013, eq. 3 to 5: y - theta (x - mean of x), theta = cov(y, x) / var(x).
    """
    groups = [_values(control, "control"), _values(treated, "treated")]
    plain = sum(float(g.var(ddof=1)) / len(g) for g in groups)
    if (control_before is None) != (treated_before is None):
        raise DataError("is wanted of both groups or of none.", where="cuped: before", fix="the same column of both.")
    if control_before is not None and treated_before is not None:
        before = [_values(control_before, "control before"), _values(treated_before, "treated before")]
        for name, now, then in zip(("control", "treated"), groups, before, strict=True):
            if len(now) != len(then):
                what = f"there are {len(then)} values from before for {len(now)} users."
                raise DataError(what, where=f"cuped: {name}", fix="one for each user, in the same order.")
        centred = [b - b.mean() for b in before]
        spread = sum(float((c**2).sum()) for c in centred)
        together = sum(float((c * (g - g.mean())).sum()) for c, g in zip(centred, groups, strict=True))
        theta = together / spread if spread else 0.0
        middle = float(np.concatenate(before).mean())
        groups = [g - theta * (b - middle) for g, b in zip(groups, before, strict=True)]
    variance = sum(float(g.var(ddof=1)) / len(g) for g in groups)
    value, error = float(groups[1].mean() - groups[0].mean()), sqrt(variance)
    z = value / error if error else 0.0
    return Difference(value, error, value - 1.959964 * error, value + 1.959964 * error, z, variance / (plain or 1.0))


def _values(values: Sequence[float] | Array, name: str) -> Array:
    made = np.asarray(values, float)
    if made.ndim != 1 or len(made) < 2 or not np.isfinite(made).all():
        raise DataError("two finite numbers or more are wanted.", where=f"cuped: {name}", fix="[1.0, 0.0, 2.5]")
    return made
