"""History: what is known of one series at one moment, on the regular grid of its frequency."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Twice = Literal["mean", "sum", "last"]
LONGEST = 1_000_000
"""steps of a history; what is older, as a wrong date may be, is left out"""


@dataclass(frozen=True)
class History:
    y: Array
    """finite, one value a step, the newest last; empty where nothing is known. Shapes: (m,)"""
    end: int = 0
    """the step of the newest value"""
    who: str = ""
    mean: Array | None = None
    """of the covariates over the newest rows. Shapes: (c,)"""
    last: Array | None = None
    """newest known covariates. Shapes: (c,)"""
    seen: Array | None = None
    """newest known values of what is known only afterwards, less their mean so far. Shapes: (p,)"""

    def __len__(self) -> int:
        return len(self.y)

    def shorter(self) -> "History":
        """As it was known a step before."""
        return replace(self, y=self.y[:-1], end=self.end - 1)


def histories(
    start: Array,
    known: Array,
    y: Array,
    at: Array,
    known_ahead: Array,
    known_after: Array,
    who: Callable[[int], str],
    twice: Twice,
    newest: int,
) -> tuple[list[History], Array]:
    """One history for each different (start, known), and which of them each question has.

    `y`, `at` (steps), and both kinds of covariates are the rows that start and known point into. A value of a step
    without a row lies on the line between its neighbours; several rows of one step are one value, as `twice` says. What
    is known ahead is compared with its mean over so many of the `newest` rows: those that a level is taken of.
    """
    pairs, first, block = np.unique(np.column_stack([start, known]), axis=0, return_index=True, return_inverse=True)
    block = block.reshape(-1)
    breaks = np.concatenate([[0], np.cumsum((np.diff(at) != 1) | ~np.isfinite(y[1:]))]) if len(y) else np.zeros(0)
    made = []
    for (a, b), i in zip(pairs.tolist(), first.tolist(), strict=True):
        if b <= a:
            made.append(History(np.zeros(0)))
        elif breaks[b - 1] == breaks[a] and np.isfinite(y[a]):  # regular already: no copy
            made.append(
                History(y[a:b], int(at[b - 1]), who(i), *_covariates(known_ahead[a:b], known_after[a:b], newest))
            )
        else:
            values, end = regular(at[a:b], y[a:b], twice)
            made.append(History(values, end, who(i), *_covariates(known_ahead[a:b], known_after[a:b], newest)))
    return made, block


def regular(at: Array, y: Array, twice: Twice) -> tuple[Array, int]:
    """One value for each step from the first to the last that is known, and the number of the last.

    Shapes: at, y (k,), in the order of time -> (m,).
    """
    fine = np.isfinite(y)
    at, y = at[fine], y[fine]
    if not len(y):
        return np.zeros(0), 0
    if at[-1] - at[0] >= LONGEST:
        near = at > at[-1] - LONGEST
        at, y = at[near], y[near]
    places, where, counts = np.unique(at, return_inverse=True, return_counts=True)
    if len(places) < len(at):
        if twice == "last":
            values: Array = np.empty(len(places))
            values[where] = y  # later rows of a step overwrite earlier ones
        else:
            total = np.bincount(where, y)
            values = total / counts if twice == "mean" else total
    else:
        values = y.astype(float)
    grid = np.arange(places[0], places[-1] + 1)
    return (values if len(grid) == len(places) else np.interp(grid, places, values)), int(places[-1])


def _covariates(ahead: Array, after: Array, newest: int) -> tuple[Array, Array, Array]:
    """Recent mean and newest of what is known ahead; newest, less its mean, of what comes after; NaN where never."""
    if ahead.shape[1] + after.shape[1] == 0:
        none = np.zeros(0)
        return none, none, none
    return _mean(ahead[-newest:]), _newest(ahead), _newest(after) - _mean(after)


def _mean(x: Array) -> Array:
    fine = np.isfinite(x)
    n = fine.sum(0)
    made: Array = np.where(n > 0, np.where(fine, x, 0.0).sum(0) / np.maximum(n, 1), np.nan)
    return made


def _newest(x: Array) -> Array:
    fine = np.isfinite(x)
    place = len(x) - 1 - np.argmax(fine[::-1], axis=0)
    made: Array = np.where(fine.any(0), x[place, np.arange(x.shape[1])], np.nan)
    return made
