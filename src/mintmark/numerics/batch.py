"""Batch: what encode makes and fit eats. View: batches that can be read again and again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """Encoded questions. Arrays are dense, or scipy sparse (csr), with n as their first axis."""

    arrays: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    """what fit and predict must know of the features beside arrays: classes, vocabulary"""
    y: Array | None = None
    """attached by the spine, never by encode, as are all the next: place among the classes (-1 unseen), or number"""
    weight: Array | None = None
    group: Array | None = None
    row: Array | None = None
    """place of each row in the source"""
    payoff: Array | None = None
    """money. Shapes: (n, actions, outcomes)"""

    def __len__(self) -> int:
        return int(next(iter(self.arrays.values())).shape[0])


@dataclass(frozen=True)
class View:
    """Encoded chunks, encoded anew each time they are read."""

    read: Callable[[], Iterator[Batch]]

    def __iter__(self) -> Iterator[Batch]:
        return self.read()

    def map(self, change: Callable[[Batch], Batch]) -> "View":
        return View(lambda: map(change, self.read()))

    def whole(self) -> Batch:
        """All chunks as one, for algorithms that need all."""
        chunks = list(self)
        if len(chunks) == 1:
            return chunks[0]

        def join(name: str) -> Array | None:
            parts = [getattr(c, name) for c in chunks]
            return None if parts[0] is None else np.concatenate(parts)

        arrays = {n: stack([c.arrays[n] for c in chunks]) for n in chunks[0].arrays}
        attached: dict[str, Any] = {n: join(n) for n in ("y", "weight", "group", "row", "payoff")}
        return replace(chunks[0], arrays=arrays, **attached)


def stack(parts: list[Any]) -> Any:
    """The same array from its chunks, dense or sparse."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy import sparse

    return sparse.vstack(parts, format="csr")
