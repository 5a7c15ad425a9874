"""Control: how long charts run before they raise an alarm, and how far what is seen lies from what was expected."""

from math import ceil, sqrt
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import NotNegative, Positive
from mintmark.numerics import drift
from mintmark.numerics.answers import Array

Counts = Annotated[list[NotNegative], Field(min_length=2)]
DENSE, FEWEST, MOST = 8, 32, 2000
"""points of the integral: for each standard deviation, and in all"""
LONGEST = 1e12
"""observations; beyond it the figures of a computer do not tell an alarm from none"""


@calculator(
    unit={"arl": "observations"},
    formula="L(u) = 1 + L(0) Phi(k - u - shift) + integral from 0 to h of L(y) phi(y + k - u - shift) dy, for sums of "
    "what lies above k; two sides: 1 / ARL = 1 / ARL+ + 1 / ARL-",
    source="Page, Biometrika 41, 1954; Brook, Evans, Biometrika 59, 1972; Montgomery, Introduction to Statistical "
    "Quality Control, chapter 9",
)
def cusum_arl(k: NotNegative, h: Positive, shift: float = 0.0, sides: Literal[1, 2] = 2) -> dict[str, Any]:
    """Mean number of observations until a CUSUM chart raises an alarm, from a start at 0.

    Units: k, h and shift in standard deviations of an observation.
    Raises: RecipeError: limits too wide to be solved.   DataError: more than 1e12 observations.
    """
    up = _one_sided(k, h, shift)
    alarms = 1 / up + (1 / _one_sided(k, h, -shift) if sides == 2 else 0)
    return {"arl": _told(alarms, "cusum_arl: h")}


@calculator(
    unit={"arl": "observations"},
    formula="L(u) = 1 + integral over |y| < c of L(y) phi((y - (1 - lambda) u) / lambda - shift) dy / lambda, "
    "c = L sqrt(lambda / (2 - lambda))",
    source="Crowder, Technometrics 29, 1987; Lucas, Saccucci, Technometrics 32, 1990",
)
def ewma_arl(
    lambda_: Annotated[float, Field(gt=0, le=1)],
    L: Positive,  # noqa: N803
    shift: float = 0.0,
) -> dict[str, Any]:
    """Mean number of observations until an EWMA chart with fixed limits raises an alarm, from a start at 0.

    Units: L in standard deviations of the average, shift in those of an observation.
    Raises: as `cusum_arl`.
    """
    limit = L * sqrt(lambda_ / (2 - lambda_))
    y, weight = _points(-limit, limit, 2 * limit / lambda_, "ewma_arl: L")
    arl = _solved(lambda u: _density((y - (1 - lambda_) * u) / lambda_ - shift) * weight / lambda_, y, 0.0)
    return {"arl": _told(1 / arl, "ewma_arl: L")}


@calculator(
    unit={"psi": "1"},
    formula="psi = sum over bins of (a - e) ln(a / e), e and a being the shares expected and seen; an empty bin counts "
    "as 0.0001",
    source="Siddiqi, Credit Risk Scorecards, 2006: below 0.1 little has changed, above 0.25 much",
)
def psi(expected: Counts, actual: Counts) -> dict[str, Any]:
    """Population stability index: how far the shares of the bins have moved.

    expected, actual: counts or shares of the same bins, in the same order.
    Raises: DataError: not the same bins, nothing in them.
    """
    if len(expected) != len(actual):
        what = f"there are {len(actual)} bins, expected are {len(expected)}."
        raise DataError(what, where="psi: actual", fix="counts of the same bins.")
    for name, counts in (("expected", expected), ("actual", actual)):
        if not sum(counts):
            raise DataError("all bins are empty.", where=f"psi: {name}", fix="[120, 80, 40]")
    return {"psi": drift.psi(np.asarray(expected, float), np.asarray(actual, float))}


@calculator(
    unit={"c": "1"},
    formula="c = sqrt(-ln(alpha / 2) / 2); two samples differ where their distance exceeds c sqrt((n + m) / (n m))",
    source="Smirnov, Annals of Mathematical Statistics 19, 1948; Knuth, The Art of Computer Programming 2, 3.3.1",
)
def ks_threshold(alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05) -> dict[str, Any]:
    """Limit of Kolmogorov and Smirnov's distance between two samples at this rate of false alarms, for large ones."""
    return {"c": drift.ks_threshold(alpha)}


def _one_sided(k: float, h: float, shift: float) -> float:
    """Of the sum max(0, S + x - k)."""
    from scipy.stats import norm

    y, weight = _points(0.0, h, h, "cusum_arl: h")

    def after(u: Array) -> Array:
        """From u: to 0, which comes first, and to each of the points."""
        stays = norm.cdf(k - u - shift)
        return np.concatenate([stays + 0 * u, _density(y + k - u - shift) * weight], axis=1)

    return _solved(after, np.append(0.0, y), 0.0)


def _points(low: float, high: float, deviations: float, where: str) -> tuple[Array, Array]:
    """Places and weights of the integral.   Raises: RecipeError: too many are needed."""
    n = max(FEWEST, ceil(min(DENSE * deviations, MOST + 1)))
    if n > MOST:
        what = f"is {deviations:.4g} standard deviations wide in all, more than the {MOST // DENSE} that can be solved."
        raise RecipeError(what, where=where, fix="narrower limits, or a larger lambda.")
    x, weight = np.polynomial.legendre.leggauss(n)
    return low + (x + 1) / 2 * (high - low), weight * (high - low) / 2


def _solved(after: Any, at: Array, start: float) -> float:
    """The mean length from the start; infinite where it is beyond what can be solved for.

    Shapes: after: (n, 1) -> (n, points): chances of the next place.
    """
    moves = after(at[:, None])
    try:
        length = np.linalg.solve(np.eye(len(at)) - moves, np.ones(len(at)))
    except np.linalg.LinAlgError:
        return float("inf")
    made = float(1 + (after(np.array([[start]])) @ length)[0])
    return made if 1 <= made <= LONGEST else float("inf")


def _told(alarms: float, where: str) -> float:
    """The length between so many alarms an observation.   Raises: DataError: none to speak of."""
    if not alarms > 0:
        what = f"lets more than {LONGEST:g} observations pass without an alarm."
        raise DataError(what, where=where, fix="narrower limits, or a larger shift.")
    return 1 / alarms


def _density(x: Array) -> Array:
    made: Array = np.exp(-(x**2) / 2) / sqrt(2 * np.pi)
    return made
