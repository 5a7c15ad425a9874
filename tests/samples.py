"""Made-up answers whose truth is known."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def two(p: Array) -> Array:
    return np.column_stack([1 - p, p])


def drawn(n: int, seed: int = 0, a: float = 1.0, b: float = 3.0) -> tuple[Array, Array]:
    """Probabilities, and truths that come true as often as they say."""
    made = rng(seed)
    p = made.beta(a, b, n)
    return p, (made.random(n) < p).astype(np.int64)
