"""Failure: what checkpoints, failures and reclaimed machines add to a run, for many runs at once."""

import numpy as np

from mintmark.numerics.answers import Array

MTBF_GPU_HOURS = 50_700.0
"""of one GPU: 419 unexpected interruptions in 54 days on 16,384 (Llama 3, arXiv 2407.21783, table 5)"""


def interval(dump: Array, mtbf: Array) -> Array:
    """Work between two checkpoints that makes a run end soonest, in the unit of its arguments.

    Source: Daly, FGCS 22(3), 2006, equation 37; capital/methods/training.py has the same for one run.
    """
    share = dump / (2 * mtbf)
    made = np.sqrt(2 * dump * mtbf) * (1 + np.sqrt(share) / 3 + share / 9) - dump
    return np.where(dump < 2 * mtbf, made, mtbf)


def stretch(every: Array, dump: Array, mtbf: Array, restart: Array | float) -> Array:
    """Times as long as a run takes with checkpoints and failures; infinite where it never ends in practice.

    Source: Daly, FGCS 22(3), 2006: M e^(R/M) (e^((t + d)/M) - 1)/t.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = mtbf * np.exp(restart / mtbf) * np.expm1((every + dump) / mtbf) / every
    return np.where(np.isfinite(made), made, np.inf)


def mtbf_hours(gpus: Array, gpu_hours: float, instances: Array | float = 0.0, reclaimed: Array | float = 0.0) -> Array:
    """Hours between interruptions of a cluster: GPUs that fail, and instances that a cloud takes back (a hour each)."""
    return 1 / (gpus / gpu_hours + instances * reclaimed)
