"""Likelihood: the largest one, found from several starts over parameters that are above zero, with their errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mintmark.base.errors import DataError
from mintmark.numerics.answers import Array

Gain = Callable[[Array], tuple[float, Array]]
"""parameters -> log likelihood and its gradient by the parameters"""
LARGEST = 16.0
"""of a parameter's logarithm, to either side: beyond it the data do not say where the parameter lies"""
STEP = 1e-5


@dataclass(frozen=True)
class Found:
    """Where the likelihood is largest."""

    values: Array
    """(parameters,)"""
    errors: Array
    """standard errors of their logarithms, (parameters,); NaN where the data do not say"""
    log_likelihood: float

    @property
    def open(self) -> bool:
        """Whether a parameter ran to a bound, or its neighbourhood is hardly worse: the data hold too little."""
        wide = not (self.errors < LARGEST).all()  # NaN too
        return bool(wide or (np.abs(np.log(self.values)) > LARGEST - 0.5).any())

    def between(self, z: float = 1.959964) -> tuple[Array, Array]:
        """Low and high of each parameter, by the normal law of its logarithm."""
        off = np.exp(z * self.errors)
        return self.values / off, self.values * off


def largest(gain: Gain, starts: Sequence[Sequence[float]], where: str) -> Found:
    """The parameters, all above zero, that make the data likeliest, sought by their logarithms from each start.

    Shapes: each start (parameters,).   Raises: DataError: the likelihood is not finite at any start.
    """
    from scipy.optimize import minimize

    def loss(logs: Array) -> tuple[float, Array]:
        values = np.exp(logs)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            worth, slope = gain(values)
        if not np.isfinite(worth) or not np.isfinite(slope).all():
            return 1e300, np.zeros_like(logs)
        return -worth, -slope * values

    bounds = [(-LARGEST, LARGEST)] * len(starts[0])
    tried = [
        minimize(loss, np.log(s), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000, "ftol": 1e-14})
        for s in starts
    ]
    best = min(tried, key=lambda t: float(t.fun))
    if best.fun >= 1e300:
        fix = "figures of an ordinary size, or more cases."
        raise DataError("the likelihood of these figures cannot be worked out.", where=where, fix=fix)
    logs = _polished(loss, np.asarray(best.x, float))
    return Found(np.exp(logs), _errors(loss, logs), float(-loss(logs)[0]))


def _polished(loss: Callable[[Array], tuple[float, Array]], logs: Array) -> Array:
    """Some steps of Newton's method on top, each kept where it makes the loss smaller."""
    for _ in range(20):
        value, slope = loss(logs)
        try:
            step = np.linalg.solve(_curvature(loss, logs), slope)
        except np.linalg.LinAlgError:
            break
        after = logs - step
        if np.abs(step).max() > 1 or np.abs(after).max() > LARGEST or not loss(after)[0] <= value:
            break
        logs = after
        if np.abs(step).max() < 1e-10:
            break
    return logs


def _curvature(loss: Callable[[Array], tuple[float, Array]], logs: Array) -> Array:
    """Second derivatives by differences of the gradient, (parameters, parameters)."""
    rows = []
    for i in range(len(logs)):
        off = np.zeros_like(logs)
        off[i] = STEP
        rows.append((loss(logs + off)[1] - loss(logs - off)[1]) / (2 * STEP))
    made = np.array(rows)
    return (made + made.T) / 2


def _errors(loss: Callable[[Array], tuple[float, Array]], logs: Array) -> Array:
    try:
        spread = np.diag(np.linalg.inv(_curvature(loss, logs)))
    except np.linalg.LinAlgError:
        return np.full(len(logs), np.nan)
    made: Array = np.where(spread > 0, np.sqrt(np.where(spread > 0, spread, 1.0)), np.nan)
    return made
