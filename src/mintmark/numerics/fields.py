"""Fields of a question that may be left out: numbers within limits, lists of texts, a default where one is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.errors import DataError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Limits:
    """What a number of a question may be."""

    low: float
    high: float
    whole: bool = False
    above: bool = False
    """low itself is too low"""

    def allow(self, values: Array) -> Array:
        """Shapes: (n,) -> (n,) of booleans."""
        inside = (values > self.low if self.above else values >= self.low) & (values <= self.high)
        allowed: Array = inside & (values == np.floor(values)) if self.whole else inside
        return allowed

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'above' if self.above else 'from'} {self.low:.15g} to {self.high:.15g}"


def numbers(column: Any, name: str, default: float, limits: Limits) -> Array:
    """A column's values, the default where one is missing.

    Shapes: (n,).   Raises: DataError: a value beyond the limits (names row and column).
    """
    values: Array = np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    values[np.isnan(values)] = default
    bad = np.flatnonzero(~limits.allow(values))
    if len(bad):
        where = f"questions: column {name!r}, row {bad[0] + 1}"
        raise DataError(f"is {values[bad[0]]:.15g}.", where=where, fix=f"{limits}, or null for {default:.15g}.")
    return values


def lists(column: Any, name: str, most: int, longest: int) -> list[tuple[str, ...]]:
    """A column's lists of texts without empty ones; one text alone is a list of it.

    Raises: DataError: something else, more than `most` texts, or one of more than `longest` characters.
    """
    made = []
    for i, value in enumerate(column.to_pylist()):
        some = [value] if isinstance(value, str) else value or []
        if not all(isinstance(s, str) and len(s) <= longest for s in some) or len(some) > most:
            where, fix = (
                f"questions: column {name!r}, row {i + 1}",
                f"a list of at most {most} texts of at most {longest} characters.",
            )
            raise DataError(f"is {str(value)[:60]}.", where=where, fix=fix)
        made.append(tuple(s for s in some if s))
    return made


def objects(values: Sequence[Any]) -> Array:
    """One object a row, whatever its length.   Shapes: (n,)."""
    made = np.empty(len(values), object)
    for i, value in enumerate(values):
        made[i] = value
    return made
