"""Weigh rare classes up, so that each counts the same in training; calibration gives the true odds back."""

from dataclasses import replace

import numpy as np

from mintmark.capabilities import Capability
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.tasks import Task


def applies(task: Task) -> str | None:
    return None if task.answer == "classes" else "it needs classes"


def batch(train: View, ctx: Ctx) -> View:
    """Weights are multiplied by n / (classes x rows of the class).   Source: King and Zeng, 2001, section 4.2."""
    y = np.concatenate([np.asarray(b.y) for b in train])
    counts = np.bincount(y[y >= 0])
    up = np.append(counts.sum() / (len(counts) * np.maximum(counts, 1)), 0.0)  # the last: of an unseen class, -1

    def weigh(b: Batch) -> Batch:
        own = up[np.asarray(b.y)]
        return replace(b, weight=own if b.weight is None else b.weight * own)

    return train.map(weigh)


CAPABILITY = Capability(applies=applies, batch=batch)
