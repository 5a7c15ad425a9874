"""Selection of features: which are kept, found on the rows of the fit alone."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FALSE = 0.05
"""share of the kept ones that may be there by chance (filter)"""
LEAST = 5
HALVES, OFTEN = 20, 0.6
"""half samples, and the share of them in which a feature must be picked (stability)"""
ROWS = 20_000
TOLD, SHUFFLED = 2000, 100
"""rows that tell what shuffling costs; features that are shuffled"""


def chosen(x: Any, y: Array, k: int, way: str, rng: np.random.Generator) -> Array:
    """Places of the features that are kept, at least five.

    filter       F test of each alone, at a false discovery rate of 5 % (Benjamini, Hochberg 1995)
    permutation  what a quick model of boosted trees misses on rows held back, when it is shuffled (Breiman 2001)
    stability    picked by a sparse linear model in 6 of 10 half samples (Meinshausen, Buehlmann 2010)

    Shapes: x (n, d) dense or csr, NaN where missing; y (n,), -1 or NaN unknown; k classes, 0 for a number.
    """
    known = np.flatnonzero(y >= 0 if k else np.isfinite(y))
    if len(known) > ROWS:
        known = np.sort(rng.choice(known, ROWS, replace=False))
    dense = x[known] if isinstance(x, np.ndarray) else x[known].toarray()
    y = y[known]
    if k and len(np.unique(y)) < 2:
        return np.arange(dense.shape[1])
    middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in dense.T])
    filled = np.where(np.isnan(dense), middle, dense)
    score, keep = {"filter": _filter, "permutation": _permutation, "stability": _stability}[way](filled, y, k, rng)
    least = np.argsort(-score, kind="stable")[: min(LEAST, dense.shape[1])]
    return np.union1d(np.flatnonzero(keep), least)


def _filter(x: Array, y: Array, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.feature_selection import f_classif, f_regression

    with np.errstate(all="ignore"):
        f, p = (f_classif if k else f_regression)(x, y)
    p, f = np.where(np.isfinite(p), p, 1.0), np.where(np.isfinite(f), f, 0.0)
    order = np.argsort(p, kind="stable")
    fine = np.flatnonzero(p[order] <= FALSE * np.arange(1, len(p) + 1) / len(p))
    keep = np.zeros(len(p), bool)
    keep[order[: fine[-1] + 1 if len(fine) else 0]] = True
    return f, keep


def _permutation(x: Array, y: Array, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Of the features that the model uses at all, the hundred that it gains most from are shuffled three times."""
    import lightgbm

    order = rng.permutation(len(y))
    cut = max(len(y) // 4, 1)
    held, rest = order[:cut][:TOLD], order[cut:]
    kind = {"objective": "binary"} if k == 2 else {"objective": "multiclass", "num_class": k} if k else {}
    params: dict[str, Any] = {"verbosity": -1, "num_threads": 1, "seed": 0, "deterministic": True, "num_leaves": 15}
    model = lightgbm.train(params | kind, lightgbm.Dataset(x[rest], y[rest]), 80)

    def loss(some: Array) -> Array:
        said = np.asarray(model.predict(some, num_threads=1))
        if not k:
            return np.asarray((said - y[held]) ** 2)
        p = said[np.arange(len(held)), y[held].astype(int)] if k > 2 else np.where(y[held] == 1, said, 1 - said)
        made: Array = -np.log(np.maximum(p, 1e-9))
        return made

    score, keep, gain = np.zeros(x.shape[1]), np.zeros(x.shape[1], bool), model.feature_importance("gain")
    before = loss(x[held]).mean()
    for j in np.argsort(-gain, kind="stable")[:SHUFFLED]:
        if gain[j] > 0:
            some, worse = x[held].copy(), []
            for _ in range(3):
                some[:, j] = rng.permutation(some[:, j])
                worse.append(loss(some).mean() - before)
            score[j] = np.mean(worse)
            keep[j] = np.mean(worse) > np.std(worse)
    return score, keep


def _stability(x: Array, y: Array, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
    from sklearn.linear_model import LassoLars, LogisticRegression

    spread = x.std(0)
    z, picked = (x - x.mean(0)) / np.where(spread > 0, spread, 1.0), np.zeros(x.shape[1])
    aim = y if k else (y - y.mean()) / (y.std() or 1.0)
    strength = np.sqrt(2 * np.log(max(x.shape[1], 2)) / max(len(y) // 2, 1))  # of pure noise the largest correlation
    for _ in range(HALVES):
        half = rng.choice(len(y), max(len(y) // 2, 2), replace=False)
        if k and len(np.unique(aim[half])) < 2:
            continue
        if k:
            model: Any = LogisticRegression(l1_ratio=1.0, C=2.0 / (strength * len(half)), solver="liblinear" if k == 2
                                            else "saga", max_iter=200, random_state=0)  # fmt: skip
        else:
            model = LassoLars(alpha=0.5 * strength, max_iter=500)
        picked += (np.abs(np.atleast_2d(model.fit(z[half], aim[half]).coef_)) > 1e-8).any(0)
    return picked, picked >= OFTEN * HALVES
