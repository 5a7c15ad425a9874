"""Curves: what pictures of test answers are drawn from, as small plain lists: rankings, calibration, money, errors.

Pure functions; each gives JSON's own types, at most some hundred points, whatever the number of rows.
"""

from typing import Any

import numpy as np

from mintmark.numerics.answers import Array

MOST = 200
"""points of a curve"""
Z = 1.959964
"""standard errors on either side of what holds 95 %"""


def roc(y: Array, score: Array, weight: Array | None = None, most: int = MOST) -> dict[str, Any]:
    """False and true positive rates over all thresholds, thinned, and the exact area below them.

    Shapes: y (n,) in {0, 1}; score, weight (n,). Nothing where a class is absent.
    """
    hits, misses, cuts = _cumulated(y, score, weight)
    if not hits[-1] or not misses[-1]:
        return {}
    tpr, fpr = hits / hits[-1], misses / misses[-1]
    kept = _thinned(fpr, tpr, most)
    area = float(np.trapezoid(tpr, fpr))
    return {"fpr": _list(fpr[kept]), "tpr": _list(tpr[kept]), "threshold": _list(cuts[kept]), "auc": area}


def precision_recall(y: Array, score: Array, weight: Array | None = None, most: int = MOST) -> dict[str, Any]:
    """Recall and precision over all thresholds, thinned; average precision, and the share of positives (chance).

    Shapes: as `roc`. Nothing where there are no positives.
    """
    hits, misses, cuts = _cumulated(y, score, weight)
    if not hits[-1]:
        return {}
    recall, precision = hits[1:] / hits[-1], hits[1:] / (hits[1:] + misses[1:])
    average = float((np.diff(np.append(0.0, recall)) * precision).sum())
    kept = _thinned(recall, precision, most)
    return {
        "recall": _list(recall[kept]), "precision": _list(precision[kept]), "threshold": _list(cuts[1:][kept]),
        "average_precision": average, "chance": float(hits[-1] / (hits[-1] + misses[-1])),
    }  # fmt: skip


def calibration(y: Array, p: Array, weight: Array | None = None, bins: int = 10) -> list[dict[str, float]]:
    """Bins of about as many rows each, by probability: what was said, what happened, and its 95 % interval.

    Shapes: y (n,) in {0, 1}; p, weight (n,).
    Source: Wilson 1927, on the rows that weigh as much (Kish 1965: the square of the sum over the sum of squares).
    """
    w = np.ones(len(p)) if weight is None else np.asarray(weight, float)
    if not len(p) or not w.sum() > 0:
        return []
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))
    at = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, max(len(edges) - 2, 0))
    made = []
    for b in range(max(len(edges) - 1, 1)):
        rows = at == b
        mass = w[rows].sum()
        if not mass > 0:
            continue
        seen = float((w[rows] * y[rows]).sum() / mass)
        low, high = wilson(seen, float(mass**2 / (w[rows] ** 2).sum()))
        said = float((w[rows] * p[rows]).sum() / mass)
        made.append({"said": said, "seen": seen, "low": low, "high": high, "rows": int(rows.sum())})
    return made


def wilson(share: float, n: float) -> tuple[float, float]:
    """Ends of the 95 % interval of a share that was seen in n cases."""
    middle = share + Z**2 / (2 * n)
    half = Z * float(np.sqrt(max(share * (1 - share), 0.0) / n + Z**2 / (4 * n**2)))
    return max((middle - half) / (1 + Z**2 / n), 0.0), min((middle + half) / (1 + Z**2 / n), 1.0)


def value(
    score: Array, acting: Array, resting: Array, weight: Array | None = None, y: Array | None = None, most: int = MOST
) -> dict[str, list[float]]:
    """Money a case if all cases above a threshold are acted on, for each threshold, from none to all of them.

    With pointwise 95 % intervals of the mean (normal), the share acted on, and where `y` says which are positive the
    shares of them that are caught, and of the acted ones that are positive.
    Shapes: score, weight (n,); acting, resting (n,): money of the row if it is acted on, and if not; y (n,) in {0, 1}.
    """
    w = np.ones(len(score)) if weight is None else np.asarray(weight, float)
    total = w.sum()
    if not len(score) or not total > 0:
        return {}
    order = np.argsort(-score, kind="stable")
    ends = np.append(0, np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) + 1)
    cuts = np.append(np.inf, score[order][ends[1:] - 1])

    def summed(change: Array, start: float) -> Array:
        made: Array = start + np.append(0.0, np.cumsum(change[order]))[ends]
        return made

    a, r = np.asarray(acting, float), np.asarray(resting, float)
    mean = summed(w * (a - r), float((w * r).sum())) / total
    squares, cross = (
        summed(w**2 * (a**2 - r**2), float((w**2 * r**2).sum())),
        summed(w**2 * (a - r), float((w**2 * r).sum())),
    )
    error = np.sqrt(np.maximum(squares - 2 * mean * cross + mean**2 * (w**2).sum(), 0.0)) / total
    acted = summed(w, 0.0) / total
    kept = _spread(acted, mean, most)
    made = {
        "threshold": _list(cuts[kept]), "acted": _list(acted[kept]), "value": _list(mean[kept]),
        "low": _list((mean - Z * error)[kept]), "high": _list((mean + Z * error)[kept]),
    }  # fmt: skip
    if y is not None:
        hits = summed(w * (np.asarray(y) == 1), 0.0)
        made["caught"] = _list((hits / hits[-1])[kept]) if hits[-1] > 0 else []
        made["right"] = _list(np.divide(hits, acted * total, out=np.zeros(len(hits)), where=acted > 0)[kept])
    return made


def confusion(
    action: Array, y: Array, actions: int, classes: int, money: Array | None = None, weight: Array | None = None
) -> dict[str, Any]:
    """How often each decision met each truth, and the money a case that comes of it: its cells sum to the whole value.

    Shapes: action, y, weight (n,), y -1 for a truth that is none of the classes; money (n, actions, classes).
    """
    known = y >= 0
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    at = action[known] * classes + y[known]
    size = actions * classes
    made: dict[str, Any] = {
        "rows": np.bincount(at, minlength=size).reshape(actions, classes).tolist(),
        "share": _table(np.bincount(at, w[known], size) / (w.sum() or 1.0), actions, classes),
        "unseen": int((~known).sum()),
    }
    if money is not None:
        won = w[known] * money[np.flatnonzero(known), action[known], y[known]]
        made["money"] = _table(np.bincount(at, won, size) / (w.sum() or 1.0), actions, classes)
    return made


def errors(
    value: Array, y: Array, low: Array | None = None, high: Array | None = None, bins: int = 10, points: int = 300
) -> dict[str, Any]:
    """How far answers lay off: their quantiles, a histogram, bins by what was said, and some single rows.

    Rows are taken evenly over the order of what was said. Shapes: all (n,).   Units: of the target; off = y - value.
    """
    known = np.isfinite(value) & np.isfinite(y)
    value, y = value[known], y[known]
    low, high = (None if e is None else np.asarray(e, float)[known] for e in (low, high))
    n = len(y)
    if not n:
        return {}
    off = y - value
    edges = np.histogram_bin_edges(np.clip(off, *np.quantile(off, [0.005, 0.995])), int(np.clip(n**0.5, 5, 40)))
    counts = np.histogram(np.clip(off, edges[0], edges[-1]), edges)[0]
    order = np.argsort(value, kind="stable")
    some = order[np.unique(np.linspace(0, n - 1, min(points, n)).round().astype(int))]
    made: dict[str, Any] = {
        "rows": n, "mean": float(off.mean()), "mean_size": float(np.abs(off).mean()),
        "quantiles": {f"p{q}": float(np.quantile(off, q / 100)) for q in (1, 5, 25, 50, 75, 95, 99)},
        "edges": _list(edges), "counts": counts.tolist(),
        "points": {"said": _list(value[some]), "seen": _list(y[some])},
        "bins": [_bin(value[rows], y[rows], low, high, rows) for rows in np.array_split(order, min(bins, n))],
    }  # fmt: skip
    if low is not None and high is not None:
        made["points"] |= {"low": _list(low[some]), "high": _list(high[some])}
        made["inside"] = float(((low <= y) & (y <= high)).mean())
    return made


def by_step(
    step: Array, value: Array, y: Array, low: Array | None = None, high: Array | None = None, most: int = MOST
) -> list[dict[str, float]]:
    """Mean size of the error, and the share of truths inside their interval, for each step ahead; many are grouped.

    Shapes: step (n,) 1 and up; value, y, low, high (n,).
    """
    known = np.isfinite(value) & np.isfinite(y)
    if not known.any():
        return []
    steps = np.unique(step[known])
    made = []
    for group in np.array_split(steps, min(most, len(steps))):
        rows = known & (step >= group[0]) & (step <= group[-1])
        one = {"step": float(group.mean()), "rows": int(rows.sum()), "off": float(np.abs(y - value)[rows].mean())}
        if low is not None and high is not None:
            one["inside"] = float(((low <= y) & (y <= high))[rows].mean())
        made.append(one)
    return made


# --- rows alike -------------------------------------------------------------------------------------------------------


def _bin(value: Array, y: Array, low: Array | None, high: Array | None, rows: Array) -> dict[str, float]:
    off = y - value
    made = {"said": float(value.mean()), "off": float(off.mean()), "size": float(np.abs(off).mean()), "rows": len(y)}
    if low is not None and high is not None:
        made["inside"] = float(((low[rows] <= y) & (y <= high[rows])).mean())
    return made


def _cumulated(y: Array, score: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """Weight of positives and of negatives at or above each threshold, from none on; rows of one score come together.

    Shapes: (thresholds + 1,).
    """
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) if len(y) else np.zeros(0, int)
    positive = np.asarray(y)[order] == 1
    hits = np.append(0.0, np.cumsum(w[order] * positive)[last])
    misses = np.append(0.0, np.cumsum(w[order] * ~positive)[last])
    return hits, misses, np.append(np.inf, score[order][last])


def _thinned(x: Array, y: Array, most: int) -> Array:
    """Places of at most so many points, those that lie furthest along the curve from one another, ends included."""
    if len(x) <= most:
        return np.arange(len(x))
    way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    at = np.searchsorted(way, np.linspace(0, way[-1], most))
    return np.unique(np.append(np.clip(at, 0, len(x) - 1), [0, len(x) - 1]))[:most]


def _spread(acted: Array, money: Array, most: int) -> Array:
    """Places evenly over the share acted on, closer where that is small, with both ends and the best one."""
    if len(acted) <= most:
        return np.arange(len(acted))
    goals = np.append(np.linspace(0, 1, most // 2), np.geomspace(acted[1], 1, most - most // 2 - 3))
    at = np.searchsorted(acted, np.sort(goals))
    return np.unique(np.append(np.clip(at, 0, len(acted) - 1), [0, int(np.argmax(money)), len(acted) - 1]))


def _table(flat: Array, rows: int, columns: int) -> list[list[float]]:
    made: list[list[float]] = np.asarray(flat, float).reshape(rows, columns).tolist()
    return made


def _list(values: Array) -> list[float]:
    """Six significant digits; what is infinite (the threshold above all scores) is the next larger one, or 1."""
    made = np.asarray(values, float)
    if np.isinf(made).any():
        finite = made[np.isfinite(made)]
        made = np.where(np.isinf(made), max(1.0, float(finite.max())) if len(finite) else 1.0, made)
    return [float(f"{v:.6g}") for v in made]
