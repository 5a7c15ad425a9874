"""Training rows unlike all others of their class: left out, or weighed down; validation and test stay whole."""

from dataclasses import replace

import numpy as np

from mintmark.capabilities import Capability
from mintmark.numerics import resample
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.tasks import Task

MOST, LIGHT = 0.05, 0.2
"""share of a class that is held for outliers at most; weight that such a row keeps"""
LEAST = 50
"""rows of a class below which none is judged"""


def applies(task: Task) -> str | None:
    if task.key == "id":
        return "a row of a series is what came before it, too"
    return "prompts are not rows of numbers" if task.answer == "text" else None


def batch(train: View, ctx: Ctx, way: str) -> View:
    """The whole training part of a fold, encoded once. How many rows it is about stands in facts["treated"]."""
    if way == "none":
        return train
    whole = train.whole()
    out = _unlike(whole, ctx)
    said = f"{int(out.sum())} of {len(out)} training rows are unlike all others of their class"
    if way == "filter":
        made = resample.take(whole, np.flatnonzero(~out))
        said += ", and were left out of the fit."
    else:
        weight = np.ones(len(out)) if whole.weight is None else whole.weight
        made = replace(whole, weight=np.where(out, LIGHT, 1.0) * weight)
        said += f", and weigh {LIGHT:g} in the fit."
    made = replace(made, facts=made.facts | {"treated": said})
    return View(lambda: iter([made]))


def _unlike(whole: Batch, ctx: Ctx) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The rows of each class that an isolation forest finds most lonely, where they stand clearly apart.

    Shapes: (n,).   Source: Liu, Ting, Zhou, Isolation forest, ICDM 2008.
    """
    from sklearn.ensemble import IsolationForest

    x = whole.arrays["x"]
    x = np.asarray(x if isinstance(x, np.ndarray) else x.toarray(), float)
    middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in x.T])
    x = np.where(np.isnan(x), middle, x)
    y = np.asarray(whole.y)
    classes = np.unique(y) if y.dtype.kind == "i" else [None]
    out = np.zeros(len(x), bool)
    for i, c in enumerate(classes):
        rows = np.flatnonzero(y == c) if c is not None else np.arange(len(y))
        if len(rows) < LEAST:
            continue
        forest = IsolationForest(n_estimators=100, random_state=ctx.child(i).draw_seed(), n_jobs=1).fit(x[rows])
        lonely = -forest.score_samples(x[rows])
        low, high = np.quantile(lonely, [0.25, 0.75])
        edge = max(high + 1.5 * (high - low), np.quantile(lonely, 1 - MOST))
        out[rows[lonely > edge]] = True
    return out


CAPABILITY = Capability(applies=applies, ways=("none", "filter", "weigh"), batch=batch)
