"""Make rare classes count for more in training: weights, sampling, made-up rows; calibration restores the true odds."""

from dataclasses import replace

import numpy as np

from mintmark.capabilities import Capability
from mintmark.numerics import resample
from mintmark.numerics.batch import Array, Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.tasks import Task

WAYS = ("none", "weights", "payoff", "over", "under", "smote")
"""as they are; rows weighed by class; rows weighed by what a mistake on them costs; rare rows again; fewer frequent
rows; rows made up between neighbours"""


def applies(task: Task) -> str | None:
    return None if task.answer == "classes" else "it needs classes"


def batch(train: View, ctx: Ctx, way: str) -> View:
    """The training part of a fold. What is not weighed but sampled is encoded once, as a whole."""
    if way == "none":
        return train
    if way == "weights":
        return _by_class(train)
    if way == "payoff":
        return train.map(_by_cost)
    whole, rng = train.whole(), ctx.rng
    if way == "smote":  # codes of categories are no numbers to go half-way between
        made = resample.smote(whole, rng, list(whole.facts.get("categorical", [])))
    else:
        made = resample.over(whole, rng) if way == "over" else resample.under(whole, rng)
    return View(lambda: iter([made]))


def _by_class(train: View) -> View:
    """Weights are multiplied by n / (classes x rows of the class).   Source: King and Zeng, 2001, section 4.2."""
    y = np.concatenate([np.asarray(b.y) for b in train])
    counts = np.bincount(y[y >= 0])
    up = np.append(counts.sum() / (len(counts) * np.maximum(counts, 1)), 0.0)  # the last: of an unseen class, -1
    return train.map(lambda b: _weighed(b, up[np.asarray(b.y)]))


def _by_cost(b: Batch) -> Batch:
    """Weights are multiplied by what lies between the best and the worst action on the row, at most 100 to 1.

    Source: Elkan, The foundations of cost-sensitive learning, IJCAI 2001; Zadrozny, Langford, Abe, ICDM 2003.
    """
    y = np.asarray(b.y)
    if b.payoff is None:
        return b
    own = b.payoff[np.arange(len(y)), :, y]  # (n, actions)
    cost = own.max(1) - own.min(1)
    cost = np.where(np.isfinite(cost) & (y >= 0), cost, 0.0)
    middle = np.median(cost[cost > 0]) if (cost > 0).any() else 1.0
    return _weighed(b, np.clip(cost / middle, 0.1, 10.0))


def _weighed(b: Batch, own: Array) -> Batch:
    return replace(b, weight=own if b.weight is None else b.weight * own)


CAPABILITY = Capability(applies=applies, ways=WAYS, batch=batch)
