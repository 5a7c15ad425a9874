"""What linear models share: scores to probabilities, losses, and places of classes that no row has."""

from typing import Any

import numpy as np

from mintmark.base.state import State
from mintmark.numerics.answers import Array

TINY = 1e-15


def softmax(z: Array) -> Array:
    """Shapes: (n, k), or (n, 1) where the first of two scores is 0 -> (n, k)."""
    if z.shape[1] == 1:
        z = np.hstack([np.zeros_like(z), z])
    e = np.exp(z - z.max(1, keepdims=True))
    made: Array = e / e.sum(1, keepdims=True)
    return made


def scores(state: State, x: Any) -> Array:
    """Shapes: x (n, d) dense or csr -> (n, rows of coefficient)."""
    made: Array = np.asarray(x @ state.arrays["coefficient"].T) + state.arrays["intercept"]
    return made


def spread(coefficient: Array, intercept: Array, met: Array, k: int) -> State:
    """Of all k classes, where only some were met: one that no row has gets none of the probability.

    Shapes: coefficient (k, d), or (1, d) for two classes.
    """
    if len(met) == 2 and k > 2:
        coefficient, intercept = np.vstack([0 * coefficient, coefficient]), np.append(0.0, intercept)
    if k > 2:
        wide, high = np.zeros((k, coefficient.shape[1])), np.full(k, -1e3)
        wide[met], high[met] = coefficient, intercept
        coefficient, intercept = wide, high
    return State({"coefficient": coefficient, "intercept": intercept})


def log_loss(p: Array, y: Array, weight: Array | None) -> float:
    return float(np.average(-np.log(np.clip(p[np.arange(len(y)), y], TINY, 1)), weights=weight))


def rmse(made: Array, y: Array, weight: Array | None) -> float:
    return float(np.sqrt(np.average((made.reshape(len(y)) - y) ** 2, weights=weight)))
