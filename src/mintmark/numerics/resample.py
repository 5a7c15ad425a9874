"""Resampling: rows drawn again, left out, or made up between neighbours, so that rare classes count for more."""

from dataclasses import replace
from typing import Any

import numpy as np

from mintmark.numerics.answers import Array
from mintmark.numerics.batch import Batch, stack

NEIGHBOURS = 5
MOST = 4.0
"""times the rows of before that over-sampling makes at most"""
COMPARED = 20_000
"""rows of a class that neighbours are looked for among"""


def over(batch: Batch, rng: np.random.Generator) -> Batch:
    """Rows of rarer classes again, drawn at random, until each class has as many as the largest.

    Never more than four times the rows of before: what is as rare as that gains little from yet another copy.
    """
    ids = [np.arange(len(batch))]
    for rows, wanted in _wanted(batch):
        ids.append(rng.choice(rows, wanted))
    return take(batch, np.concatenate(ids))


def under(batch: Batch, rng: np.random.Generator) -> Batch:
    """Of each class as many rows as the rarest has, drawn at random; rows of an unseen class stay."""
    y = np.asarray(batch.y)
    counts = np.bincount(y[y >= 0])
    least = counts[counts > 0].min()
    ids = [np.flatnonzero(y < 0)]
    for c in np.flatnonzero(counts):
        rows = np.flatnonzero(y == c)
        ids.append(rows if len(rows) == least else rng.choice(rows, least, replace=False))
    return take(batch, np.sort(np.concatenate(ids)))


def smote(batch: Batch, rng: np.random.Generator, categorical: list[int]) -> Batch:
    """Rows of rarer classes made up on the line between one and one of its five nearest neighbours of the same class.

    The places of `categorical` take the value that is most frequent among those neighbours instead (SMOTE-NC), and
    count in the distance with the median deviation of the numbers where they differ. A missing value is taken for the
    class's median in distances, and stays missing where both ends miss it. A class of one row is drawn again.
    Source: Chawla, Bowyer, Hall, Kegelmeyer, JAIR 16, 2002, sections 4.2 and 6.1.
    """
    x = batch.arrays["x"]
    dense = x if isinstance(x, np.ndarray) else x.toarray()
    made, parents = [], []
    for rows, wanted in _wanted(batch):
        some = rows if len(rows) <= COMPARED else np.sort(rng.choice(rows, COMPARED, replace=False))
        first, second, near = _pairs(dense[some], rng, wanted, categorical)
        gap = rng.random((wanted, 1))
        a, b = dense[some[first]], dense[some[second]]
        new = np.where(np.isnan(a), b, np.where(np.isnan(b), a, a + gap * (b - a)))
        for j in categorical:
            new[:, j] = _modes(dense[some][:, j][near])
        made.append(new)
        parents.append(some[first])
    if not made:
        return batch
    new, from_ = np.concatenate(made), np.concatenate(parents)
    arrays = dict(batch.arrays)
    if isinstance(x, np.ndarray):
        arrays["x"] = np.concatenate([x, new])
    else:
        from scipy import sparse

        arrays["x"] = stack([x, sparse.csr_matrix(new)])
    longer = take(replace(batch, arrays={"row": np.arange(len(batch))}), np.concatenate([np.arange(len(batch)), from_]))
    row = None if batch.row is None else np.concatenate([batch.row, np.full(len(new), -1)])
    return replace(longer, arrays=arrays, row=row)


def take(batch: Batch, ids: Array) -> Batch:
    """These rows, with all that is known of them."""
    names = ("y", "weight", "group", "row", "payoff")
    some: dict[str, Any] = {n: None if getattr(batch, n) is None else getattr(batch, n)[ids] for n in names}
    return replace(batch, arrays={n: a[ids] for n, a in batch.arrays.items()}, **some)


def _wanted(batch: Batch) -> list[tuple[Array, int]]:
    """The rows of each rarer class, and how many more it is to have."""
    y = np.asarray(batch.y)
    counts = np.bincount(y[y >= 0])
    wanted = np.where(counts > 0, counts.max() - counts, 0)
    room = (MOST - 1) * counts.sum()
    wanted = (wanted * min(1.0, room / max(wanted.sum(), 1))).astype(int)
    return [(np.flatnonzero(y == c), int(wanted[c])) for c in np.flatnonzero(wanted)]


def _pairs(x: Array, rng: np.random.Generator, wanted: int, categorical: list[int]) -> tuple[Array, Array, Array]:
    """A row, one of its neighbours, and all of its neighbours, for each row that is wanted.

    Shapes: (wanted,), (wanted,), (wanted, neighbours).
    """
    n = len(x)
    first = rng.integers(0, n, wanted)
    if n == 1:
        return first, first, first[:, None]
    from sklearn.neighbors import NearestNeighbors

    numbers = [j for j in range(x.shape[1]) if j not in set(categorical)]
    with np.errstate(all="ignore"):
        plain = x[:, numbers]
        middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in plain.T])
    z = np.where(np.isnan(plain), middle, plain)
    spread = z.std(0)
    z = z / np.where(spread > 0, spread, 1.0)
    away = float(np.median(z.std(0))) if z.shape[1] else 1.0
    for j in categorical:
        codes = np.unique(np.nan_to_num(x[:, j], nan=-1.0), return_inverse=True)[1]
        z = np.hstack([z, np.eye(codes.max() + 1)[codes] * away / np.sqrt(2)])
    k = min(NEIGHBOURS, n - 1)
    near = NearestNeighbors(n_neighbors=k + 1).fit(z).kneighbors(z, return_distance=False)
    own = near == np.arange(n)[:, None]
    own[~own.any(1), -1] = True  # copies of a row may push it out of its own neighbours
    near = near[~own].reshape(n, k)
    return first, near[first, rng.integers(0, k, wanted)], near[first]


def _modes(values: Array) -> Array:
    """The most frequent value of each line, of several the smallest; NaN where most are missing.   Shapes: (n, k)."""
    filled = np.where(np.isnan(values), np.inf, values)
    count = (filled[:, :, None] == filled[:, None, :]).sum(2)
    best = np.where(count == count.max(1, keepdims=True), filled, np.inf).min(1)
    made: Array = np.where(np.isinf(best), np.nan, best)
    return made
