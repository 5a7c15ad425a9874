"""How many rows fit into memory at once: tried out in a process of its own, so that a failure harms nothing."""

import gc
from pathlib import Path

import torch

from mintmark.base.errors import BudgetError
from mintmark.base.need import need
from mintmark.deep import distribute
from mintmark.deep.job import Job
from mintmark.numerics.ctx import Ctx

MIB = 2**20
NOTABLE = 1.05
"""times as fast as with half the rows: else they are not worth their memory"""
PATIENCE = 2
"""sizes in a row that are no faster: a single one may have met a busy moment"""
CGROUP = Path("/sys/fs/cgroup")
SAID = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory", "allocate memory")


def ran_out(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in SAID)


def release() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def too_small(said: str) -> BudgetError:
    return BudgetError(
        f"memory does not suffice for one row at a time ({said.splitlines()[0][:200] if said else 'it ran out'}).",
        where="memory",
        fix="a smaller network, shorter rows (such as a shorter context), or more memory.",
    )


def rows_that_fit(job: Job, data: Path, ctx: Ctx) -> int:
    """Rows in one pass: doubled from 1 while a trial step stays within memory and grows notably faster.

    Raises: BudgetError: not even one row fits.
    """
    limit = job.options.memory_mib or free_mib() * 3 // 4 // job.options.processes
    best, best_per_s, dull, said = 0, 0.0, 0, ""
    for trial in distribute.tried(job, data, limit):
        if "error" in trial:
            said = trial["error"]
            break
        if trial["peak_mib"] > limit:
            said = f"a step of one row takes {trial['peak_mib']:.0f} MiB of {limit} MiB"
            break
        if trial["per_s"] > NOTABLE * best_per_s:
            best, best_per_s, dull = trial["rows"], trial["per_s"], 0
        else:
            dull += 1
        if ctx.report("batch_size", best, "rows", step=0, of=job.options.steps) or dull == PATIENCE:
            break
    if best == 0:
        raise too_small(said)
    return best


def free_mib() -> int:
    """Of the graphics card, else of this machine or the container that bounds this process."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0] // MIB
    free = need("psutil", extra="text").virtual_memory().available
    try:
        most, used = (int((CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, most - used)
    except (OSError, ValueError):  # no such bound
        pass
    return int(free) // MIB
