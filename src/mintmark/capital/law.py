"""Law: how the figures of an assumption spread: their mean, and their draws at normal scores."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mintmark.capital.distribution import Assumption

Array = npt.NDArray[np.float64]
Z90 = 1.2815515655446004
"""the 90 % point of the standard normal distribution"""
GRID = np.linspace(-6.0, 6.0, 4801)
"""normal scores between which a slow quantile function is interpolated; the error is below 1e-5 of the spread"""
MIDPOINTS = 100_000
"""quantiles over which the mean of a cut distribution is taken"""


def centre(a: "Assumption") -> float:
    """The mean; of a cut distribution by the midpoint rule over its quantiles."""
    shape = a.form()
    if shape in ("normal", "lognormal") and (a.lowest > -math.inf or a.highest < math.inf):
        return float(a.quantile((np.arange(MIDPOINTS) + 0.5) / MIDPOINTS).mean())
    if shape == "discrete":
        values, chances = _choices(a)
        return float(values @ chances)
    if shape == "lognormal":
        mu, sigma = _normal(a, log=True)
        return math.exp(mu + sigma**2 / 2)
    low, high = _ends(a)
    if shape == "beta" and a.alpha is not None and a.beta is not None:
        return low + (high - low) * a.alpha / (a.alpha + a.beta)
    if a.mode is not None:
        weight = 4 if shape == "pert" else 1
        return (low + weight * a.mode + high) / (weight + 2)
    if shape == "normal":
        return _normal(a, log=False)[0]
    return next(v for v in (a.value, a.mean, (low + high) / 2) if v is not None)


def draw(a: "Assumption", z: Array) -> Array:
    """The values at normal scores.   Shapes: z (...); as z."""
    from scipy.special import ndtr

    shape = a.form()
    if shape is None:
        return np.full(np.shape(z), a.value)
    if shape in ("normal", "lognormal"):
        return _cut_normal(a, z, log=shape == "lognormal")
    if shape == "uniform":
        low, high = _ends(a)
        return np.asarray(low + (high - low) * ndtr(z))
    if shape == "discrete":
        values, chances = _choices(a)
        at = np.searchsorted(chances.cumsum()[:-1], ndtr(z), side="right")
        return np.asarray(values[at])
    return _triangular(a, ndtr(z)) if shape == "triangular" else _beta(a, z)


def _ends(a: "Assumption") -> tuple[float, float]:
    return a.low or 0.0, 1.0 if a.high is None else a.high


def _normal(a: "Assumption", log: bool) -> tuple[float, float]:
    """Mean and standard deviation, of the logarithm where the shape is lognormal."""
    if a.p10 is not None and a.p90 is not None:
        low, high = (math.log(v) if log else v for v in (a.p10, a.p90))
        return (low + high) / 2, (high - low) / (2 * Z90)
    mean, sd = a.mean or 0.0, a.sd or 0.0
    if not log:
        return mean, sd
    sigma = math.sqrt(math.log1p((sd / mean) ** 2))
    return math.log(mean) - sigma**2 / 2, sigma


def _cut_normal(a: "Assumption", z: Array, log: bool) -> Array:
    from scipy.special import ndtr, ndtri

    mu, sigma = _normal(a, log)
    if sigma:
        low, high = ((b - mu) / sigma for b in _bounds(a, log))
        if math.isfinite(low) or math.isfinite(high):
            below, above = ndtr(low), ndtr(-high)
            z = np.clip(ndtri(below + ndtr(z) * (1 - below - above)), low, high)
    made = mu + sigma * z
    return np.exp(made) if log else made


def _bounds(a: "Assumption", log: bool) -> tuple[float, float]:
    if not log:
        return a.lowest, a.highest
    low, high = max(a.lowest, 0.0), a.highest
    return (math.log(low) if low > 0 else -math.inf), (math.log(high) if high < math.inf else math.inf)


def _choices(a: "Assumption") -> tuple[Array, Array]:
    """Values, rising, and the probability of each."""
    values = np.array(a.values, float)
    n = len(values)
    chances = np.full(n, 1 / n) if a.probabilities is None else np.array(a.probabilities, float)
    order = np.argsort(values, kind="stable")
    return values[order], chances[order] / chances.sum()


def _triangular(a: "Assumption", u: Array) -> Array:
    low, mode, high = a.low or 0.0, a.mode or 0.0, a.high or 0.0
    width = high - low
    if not width:
        return np.full(np.shape(u), low)
    left = low + np.sqrt(u * width * (mode - low))
    right = high - np.sqrt((1 - u) * width * (high - mode))
    return np.where(u < (mode - low) / width, left, right)


def _beta(a: "Assumption", z: Array) -> Array:
    """PERT (Malcolm 1959, with the usual weight 4 of the mode) and beta, between low and high."""
    from scipy.special import betaincinv, ndtr

    low, high = _ends(a)
    if low == high:
        return np.full(np.shape(z), low)
    alpha, beta = _beta_parameters(a, low, high)
    if not math.isfinite(alpha):
        return np.full(np.shape(z), a.mean)
    if z.size <= len(GRID):
        share = betaincinv(alpha, beta, ndtr(z))
    else:
        share = np.interp(z, GRID, betaincinv(alpha, beta, ndtr(GRID)))
    return np.asarray(low + (high - low) * share)


def _beta_parameters(a: "Assumption", low: float, high: float) -> tuple[float, float]:
    if a.alpha is not None and a.beta is not None:
        return a.alpha, a.beta
    if a.mode is not None:
        return 1 + 4 * (a.mode - low) / (high - low), 1 + 4 * (high - a.mode) / (high - low)
    mean, sd = ((a.mean or 0.0) - low) / (high - low), (a.sd or 0.0) / (high - low)
    n = mean * (1 - mean) / sd**2 - 1 if sd else math.inf
    return mean * n, (1 - mean) * n
