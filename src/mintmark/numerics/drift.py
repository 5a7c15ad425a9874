"""Drift: how far values seen now lie from those that were learnt from, told by counts in the same bins."""

import numpy as np

from mintmark.numerics.answers import Array

LEAST = 1e-4
"""a share counts as no less, so that one empty bin is not infinitely far"""
PERCENT, GROUPS = 100, 10


def psi(expected: Array, actual: Array, least: float = LEAST) -> float:
    """Population stability index: the sum over bins of (a - e) ln(a / e), e and a being shares.

    The same both ways round: Jeffreys' divergence. By custom under 0.1 is little and over 0.25 is much.
    Shapes: (bins,), shares or counts; NaN where one side is empty.   Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    e, a = (np.maximum(_shares(x), least) for x in (expected, actual))
    return float(((a - e) * np.log(a / e)).sum())


def psi_chance(alpha: float, bins: int, n: int, m: int) -> float:
    """What the index exceeds with this probability though both samples, of n and m values, are from one source.

    Source: Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020: psi / (1/n + 1/m) is chi-squared with
    bins - 1 degrees of freedom.
    """
    from scipy.stats import chi2

    return float((1 / n + 1 / m) * chi2.isf(alpha, max(1, bins - 1)))


def ks(expected: Array, actual: Array) -> float:
    """Kolmogorov and Smirnov's distance: the most that the two shares of values up to some edge differ.

    Shapes: (bins,), counts or shares, bins in order. Between edges it cannot see: no more than the true distance.
    """
    return float(np.abs(np.cumsum(_shares(expected)) - np.cumsum(_shares(actual))).max())


def ks_threshold(alpha: float) -> float:
    """c(alpha) of the two-sample test: sqrt(-ln(alpha / 2) / 2).   Source: Smirnov 1948; Knuth, TAOCP 2, 3.3.1."""
    return float(np.sqrt(-np.log(alpha / 2) / 2))


def ks_chance(alpha: float, n: int, m: int) -> float:
    """What the distance exceeds with this probability though both samples, of n and m values, are from one source."""
    return ks_threshold(alpha) * float(np.sqrt((n + m) / (n * m)))


def edges(ordered: Array) -> Array:
    """Edges between bins (.., e1], (e1, e2], ... (ek, ..) of about one percent of these values each.

    Where many values are the least of all, one edge lies just below it, so that lower ones are told from it.
    Shapes: (n,) in ascending order, n > 0 -> (k,), k <= 100.
    """
    at = np.ceil(np.arange(1, PERCENT) / PERCENT * len(ordered)).astype(np.int64) - 1
    made = np.unique(ordered[np.maximum(at, 0)])
    return np.append(np.nextafter(made[0], -np.inf), made) if made[0] == ordered[0] else made


def count(edges: Array, values: Array) -> Array:
    """How many values lie in each bin; NaN in none.   Shapes: (k,), (n,) -> (k + 1,)."""
    known = values[~np.isnan(values)]
    return np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)


def groups(expected: Array) -> Array:
    """Where each group of bins begins: ten of about the same share, and one of each bin that nothing is expected in.

    Shapes: (bins,) in order -> (groups,), for np.add.reduceat.
    """
    share = _shares(expected)
    before = np.minimum(np.floor(GROUPS * (np.cumsum(share) - share) + 1e-9), GROUPS - 1)
    new = (np.diff(before) > 0) | (share[1:] == 0) | (share[:-1] == 0)
    return np.flatnonzero(np.append(True, new))


def _shares(counts: Array) -> Array:
    total = counts.sum()
    made: Array = counts / total if total else np.full(len(counts), np.nan)
    return made
