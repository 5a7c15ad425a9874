"""Split: which rows are fitted on, which validate, which are kept for the one test."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import DataError
from mintmark.data.rows import Ids

T = TypeVar("T")
Floats = npt.NDArray[np.float64]
Pairs = list[tuple[Ids, Ids]]
SMALL = 5000
"""below so many rows that are not test, answers are taken out of fold instead of from one hold-out"""
FOLDS = 5
DEV_PART, VALID_PART, TEST_PART = 0, 1, 2


@dataclass(frozen=True)
class Split:
    folds: Pairs
    """(fit on, validate on): one pair is a hold-out, several give out-of-fold answers"""
    dev: Ids
    test: Ids
    by: str
    """how, in a word"""


def cut(
    n: int,
    rng: np.random.Generator,
    *,
    part: npt.NDArray[np.int8] | None = None,
    asked: Floats | None = None,
    groups: Ids | None = None,
    classes: Ids | None = None,
    happens: Floats | None = None,
    test_share: float = 0.2,
    valid_share: float = 0.2,
    folds: int = FOLDS,
    always: bool = False,
) -> Split:
    """By the files that the rows came from (`part`), else by time, else by group, else by class, else at random.

    Files may fix the test rows, the validation rows or both; what they leave open is cut as without them. A row that
    `happens` only when a later part is already asked is left out of what that part is compared with: its truth was not
    known then. Without `folds` there is one hold-out however few rows there are; with `always` folds however many.
    Raises: DataError: too few rows, times or groups for three parts.
    """
    ids, origin = np.arange(n), np.zeros(n, np.int8) if part is None else part
    loose = ids[origin == DEV_PART]
    valid, test = ids[origin == VALID_PART], ids[origin == TEST_PART]
    place = np.zeros(n)
    if asked is not None:
        by = "time"
        happens = asked if happens is None else happens
        if not len(test):
            test = _test_by_time(loose, asked, test_share)
            loose = loose[(happens[loose] < asked[test].min()) | np.isin(loose, test)]
    else:
        by = "group" if groups is not None else "shuffle" if classes is None else "stratify"
        place[loose] = _dealt(loose, rng, classes) if groups is None else _grouped(groups[loose], rng)
        test = test if len(test) else loose[place[loose] < test_share]
    fit_on = np.setdiff1d(loose, test)
    if len(test) < 1 or len(fit_on) < 2:
        what = f"{len(loose)} rows are too few for training, validation and test."
        raise DataError(what, where="data", fix="at least ten rows.")
    if len(valid):
        pairs = [(fit_on, valid)]
    elif asked is None or happens is None:
        pairs = _folds(fit_on, place[fit_on], valid_share, folds, always)
    else:
        pairs = _folds_by_time(fit_on, asked, happens, valid_share, folds, always)
    return Split(pairs, np.sort(np.concatenate([fit_on, valid])), test, "files and " + by if part is not None else by)


def _test_by_time(some: Ids, asked: Floats, share: float) -> Ids:
    """The last moments; questions of one moment stay together."""
    moments = np.unique(asked[some])
    if len(moments) < 3:
        what = f"{len(moments)} different times cannot be split into training, validation and test."
        raise DataError(what, where="columns.time", fix="at least three moments, or no time role.")
    return some[asked[some] >= _moment(moments, np.sort(asked[some]), 1 - share, 2)]


def _folds_by_time(some: Ids, asked: Floats, happens: Floats, share: float, folds: int, always: bool) -> Pairs:
    """What comes before and the block that follows: one block, or several steps forward where rows are few."""
    times, order = asked[some], np.sort(asked[some])
    moments = np.unique(times)
    if len(moments) < 2:
        raise DataError("all rows have the same time.", where="columns.time", fix="no time role, or more moments.")
    starts = [0.4, 0.6, 0.8] if folds and len(some) < SMALL else [1 - share]
    if always:  # the first 40 % are always fitted on
        starts = [0.4 + 0.6 * i / folds for i in range(folds)]
    edges = [*sorted({_moment(moments, order, s, 1) for s in starts}), np.inf]
    steps = list(zip(edges, edges[1:], strict=False))
    made = [(some[(times < a) & (happens[some] < a)], some[(times >= a) & (times < b)]) for a, b in steps]
    known = [pair for pair in made if len(pair[0])]
    return known or [(some[times < a], some[(times >= a) & (times < b)]) for a, b in steps[-1:]]


def _moment(moments: Floats, order: Floats, share: float, least: int) -> float:
    """The first moment after about this share of the rows; at least `least` moments lie before it, and one after."""
    at = int(np.searchsorted(moments, order[min(len(order) - 1, round(len(order) * share))]))
    return float(moments[min(max(at, least), len(moments) - 1)])


def _dealt(some: Ids, rng: np.random.Generator, classes: Ids | None) -> Floats:
    """A random place in [0, 1) for each row, spread evenly within each class.   Shapes: (n,)."""
    n = len(some)
    order, place = rng.permutation(n), np.empty(n)
    if classes is None:
        place[order] = (np.arange(n) + 0.5) / max(n, 1)
        return place
    own = classes[some][order]
    for name in np.unique(own):
        rows = order[own == name]
        place[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
    return place


def _grouped(groups: Ids, rng: np.random.Generator) -> Floats:
    """The same random place in [0, 1) for all rows of a group, about as many rows before each as its place says."""
    named, inverse = np.unique(groups, return_inverse=True)
    if len(named) < 3:
        what = f"{len(named)} groups cannot be split into training, validation and test."
        raise DataError(what, where="columns.group", fix="a column with more groups, or no group role.")
    size, order, place = np.bincount(inverse), rng.permutation(len(named)), np.empty(len(named))
    place[order] = (np.cumsum(size[order]) - size[order] / 2) / len(groups)
    place[order[0]], place[order[-1]] = 0.0, 1.0 - 1e-9  # the first group is test and the last is not, however large
    rows: Floats = place[inverse]
    return rows


def _folds(some: Ids, place: Floats, share: float, folds: int, always: bool) -> Pairs:
    """A hold-out, or folds where rows are few; each fold has rows on both sides."""
    rank = np.searchsorted(np.unique(place), place)  # what was cut off for the test leaves no gap
    at = (rank + 0.5) / (rank.max() + 1)
    if not always and (len(some) >= SMALL or not folds) and (at < share).any():
        return [(some[at >= share], some[at < share])]
    folds = folds or FOLDS
    part = np.minimum((at * folds).astype(int), folds - 1)
    return [(some[part != k], some[part == k]) for k in range(folds) if (part == k).any() and (part != k).any()]


class Sealed(Generic[T]):
    """What may be looked at, but is counted."""

    def __init__(self, content: T) -> None:
        self._content, self.opened = content, 0

    def open(self) -> T:
        self.opened += 1
        return self._content
