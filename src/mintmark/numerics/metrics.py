"""Measures under scikit-learn's names."""

import numpy as np

from mintmark.base.record import Measured
from mintmark.numerics.answers import Array


def of_classes(p: Array, y: Array) -> list[Measured]:
    """Measures of probabilities, the task's main one first: roc_auc of two classes, log_loss of more.

    Accuracy, precision (two classes, the last is positive) and their like are of the likeliest class; those of what is
    decided by money stand with the value. A row of an unseen class counts as wrong, and is left out of the ranking.
    What cannot be said is left out: no ranking with one class alone.

    Shapes: p (n, k); y (n,) places among the classes, -1 unseen.
    """
    if not len(y):
        return []
    k, top, known = p.shape[1], p.argmax(1), np.unique(y[y >= 0])
    made = _ranking(p[y >= 0], y[y >= 0])
    losses = [
        Measured("log_loss", _log_loss(p, y), "nats", "down"),
        Measured("brier_score", _brier(p, y), "1", "down"),
    ]
    made = made + losses if k == 2 else losses[:1] + made + losses[1:]
    if (y < 0).any():
        made.append(Measured("unseen", float((y < 0).mean()), "1", "down", source="rows of a class training never saw"))
    made.append(Measured("accuracy", float((top == y).mean()), "1", "up"))
    if len(known):
        hit = np.bincount(y[(top == y)], minlength=k)
        of_class, said = np.bincount(y[y >= 0], minlength=k), np.bincount(top, minlength=k)
        made.append(Measured("balanced_accuracy", float((hit[known] / of_class[known]).mean()), "1", "up"))
        met = (of_class + said) > 0
        made.append(Measured("f1_macro", float((2 * hit[met] / (of_class + said)[met]).mean()), "1", "up"))
    if k == 2:
        both = float(((y == 1) & (top == 1)).sum())
        for name, total in (("precision", (top == 1).sum()), ("recall", (y == 1).sum())):
            made.append(Measured(name, both / float(total) if total else 0.0, "1", "up"))
    return made


def of_numbers(value: Array, y: Array) -> list[Measured]:
    """Measures of numbers, rmse first.   Units: rmse and mae in the target's; smape from 0 to 2.

    r2 is left out of a single row, which has no spread to explain.
    """
    if not len(y):
        return []
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    size = np.abs(value) + np.abs(y)
    off = 2 * np.abs(value - y) / np.where(size == 0, 1.0, size)
    made = [
        Measured("rmse", float(root_mean_squared_error(y, value)), "target", "down"),
        Measured("mae", float(mean_absolute_error(y, value)), "target", "down"),
    ]
    if len(y) > 1:
        made.append(Measured("r2", float(r2_score(y, value)), "1", "up"))
    return [*made, Measured("smape", float(off.mean()), "1", "down")]


def area(score: Array, positive: Array) -> float:
    """Area under the ROC curve by ranks, ties counted half; both kinds of rows are there.

    Shapes: score (n,), positive (n,) of bool.   Cost: O(n log n), a fraction of scikit-learn's, which checks more.
    """
    return float(areas(score[:, None], positive)[0])


def areas(scores: Array, positive: Array) -> Array:
    """The same for each column.   Shapes: scores (n, d), positive (n,) of bool; made (d,)."""
    from scipy.stats import rankdata

    m, rank = int(positive.sum()), rankdata(scores, axis=0)[positive].sum(0)
    made: Array = (rank - m * (m + 1) / 2) / (m * (len(positive) - m))
    return made


def _ranking(p: Array, y: Array) -> list[Measured]:
    """Of the positive class, or the mean over every class that is met against the rest."""
    met = np.unique(y)
    if len(met) < 2:
        return []
    from sklearn.metrics import average_precision_score, roc_auc_score

    classes = [1] if p.shape[1] == 2 else met
    scores = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}
    return [
        Measured(name, float(np.mean([score(y == c, p[:, c]) for c in classes])), "1", "up")
        for name, score in scores.items()
    ]


def _log_loss(p: Array, y: Array) -> float:
    own = np.where(y >= 0, p[np.arange(len(y)), y], 0.0)
    return float(-np.log(np.clip(own, np.finfo(np.float64).eps, 1.0)).mean())  # scikit-learn's bound


def _brier(p: Array, y: Array) -> float:
    """Squared distance to the truth, an unseen class being one that got probability 0; halved for two classes."""
    own = np.where(y >= 0, p[np.arange(len(y)), y], 0.0)
    off = (p**2).sum(1) - 2 * own + 1
    return float(off.mean()) / (2 if p.shape[1] == 2 else 1)
