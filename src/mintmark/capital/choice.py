"""Choice: what makes people choose one of several alternatives, by the conditional logit, and what that is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import DataError

Array = npt.NDArray[Any]
STEPS = 100
SURE = 30.0
"""a utility so far from the others, in standard deviations of a feature, says that the choices are told exactly"""


@dataclass(frozen=True)
class Choices:
    """Situations with their alternatives, those that a situation lacks marked."""

    x: Array
    """(situations, alternatives, terms); anything where the alternative is not there"""
    there: Array
    """(situations, alternatives) of bool"""
    chosen: Array
    """(situations,), places among the alternatives"""
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Logit:
    """Coefficients as likely as can be, with how far they can be trusted."""

    terms: tuple[str, ...]
    values: Array
    spread: Array
    """covariance, (terms, terms)"""
    log_likelihood: float
    null: float
    """log likelihood if all alternatives of a situation were alike"""
    situations: int

    def __getitem__(self, term: str) -> float:
        return float(self.values[self.terms.index(term)])

    @property
    def errors(self) -> Array:
        made: Array = np.sqrt(np.diag(self.spread))
        return made

    def worth(self, term: str, price: str) -> tuple[float, float]:
        """Money that one more of a feature is worth, -b/b_price, and its standard error by the delta method."""
        i, j = self.terms.index(term), self.terms.index(price)
        b, c = self.values[i], self.values[j]
        slope = np.zeros(len(self.values))
        slope[i], slope[j] = -1 / c, b / c**2
        return float(-b / c), float(np.sqrt(slope @ self.spread @ slope))


def fit(choices: Choices, where: str = "") -> Logit:
    """The conditional logit of the choices, by Newton's method.

    Raises: DataError: fewer choices than terms, a term that others make up or that never differs, choices that a
    feature tells without a miss.   Cost: O(situations x alternatives x terms^2) a step.
    Source: McFadden, in Frontiers in Econometrics, 1974, eq. 13-17.
    """
    n, _, k = choices.x.shape
    if n <= k:
        what = f"{n} choices do not tell {k} coefficients."
        raise DataError(what, where=where, fix="more choices, or fewer features.")
    x = np.where(choices.there[:, :, None], choices.x, 0.0)
    scale = _scale(choices, where)
    x = x / scale
    b = np.zeros(k)
    value, slope, curve = _gain(b, x, choices)
    null = value
    for _ in range(STEPS):
        step = _solve(curve, slope, choices.terms, where)
        if np.abs(b + step).max() > SURE and value > -1e-3 * n:
            break
        size = 1.0
        while size > 1e-6:
            tried = _gain(b + size * step, x, choices)
            if tried[0] >= value - 1e-12 * abs(value):
                break
            size /= 2
        b, (value, slope, curve) = b + size * step, tried
        if float(step @ slope) < 1e-12 and np.abs(size * step).max() < 1e-9:
            break
    if value > -1e-3 * n:
        what = "the features tell every choice without a miss, so no coefficient is the likeliest."
        raise DataError(what, where=where, fix="choices in which people differ, or fewer features.")
    spread = np.linalg.inv(curve) / np.outer(scale, scale)
    return Logit(choices.terms, b / scale, spread, value, null, n)


def probabilities(b: Array, x: Array, there: Array) -> Array:
    """Of each alternative to be chosen, 0 where it is not there.   Shapes: (situations, alternatives)."""
    u = np.where(there, x @ b, -np.inf)
    e = np.exp(u - u.max(1, keepdims=True))
    made: Array = e / e.sum(1, keepdims=True)
    return made


def _gain(b: Array, x: Array, choices: Choices) -> tuple[float, Array, Array]:
    """Log likelihood, its gradient, and minus its curvature."""
    p = probabilities(b, x, choices.there)
    rows = np.arange(len(p))
    with np.errstate(divide="ignore"):
        value = float(np.log(p[rows, choices.chosen]).sum())
    mean = np.einsum("na,nak->nk", p, x)
    slope = (x[rows, choices.chosen] - mean).sum(0)
    off = np.sqrt(p)[:, :, None] * (x - mean[:, None, :])
    flat = off.reshape(-1, x.shape[2])
    return value, slope, flat.T @ flat


def _scale(choices: Choices, where: str) -> Array:
    """How far each term differs within situations; one that never does cannot be told."""
    there = choices.there[:, :, None]
    x = np.where(there, choices.x, 0.0)
    mean = x.sum(1, keepdims=True) / there.sum(1, keepdims=True)
    off = np.where(there, x - mean, 0.0)
    made: Array = np.sqrt((off**2).sum((0, 1)) / choices.there.sum())
    size = np.abs(x).max((0, 1))
    for i in np.flatnonzero(made <= 1e-12 * np.maximum(size, 1e-300)):
        what = f"{choices.terms[i]!r} is the same for all alternatives of every choice."
        raise DataError(what, where=where, fix="leave it out, or features that differ between alternatives.")
    return made


def _solve(curve: Array, slope: Array, terms: Sequence[str], where: str) -> Array:
    strength, vectors = np.linalg.eigh(curve)
    if strength[0] <= 1e-10 * strength[-1]:
        part = np.abs(vectors[:, 0])
        bound = [terms[i] for i in np.flatnonzero(part > 0.1 * part.max()).tolist()]
        what = f"what {', '.join(map(repr, bound))} say cannot be told apart in these choices."
        raise DataError(what, where=where, fix="leave one of them out, or ask choices in which they differ.")
    made: Array = np.linalg.solve(curve, slope)
    return made
