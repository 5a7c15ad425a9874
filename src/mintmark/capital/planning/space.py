"""Space: all layouts of a plan on one kind of machine, those that fit memory, and of these the fastest of each kind."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mintmark.capital.planning import memory, speed
from mintmark.capital.planning.file import Plan
from mintmark.capital.planning.goal import Target
from mintmark.capital.planning.layout import METHODS, RECOMPUTE, Layouts, sizes
from mintmark.capital.planning.machine import Machine
from mintmark.capital.planning.shape import Shape
from mintmark.numerics.answers import Array

LEANER, SHARED, TRANSFER, FLEET, BATCHED = 1, 2, 4, 8, 16
"""the five strategies, as bits: smaller shape, shared out, pretrained, choice of machines, batch and precision"""
OVER = 1.5
"""a step of more sequences than that times the wanted ones is no candidate"""
BEST = 3
"""layouts that are kept of each kind on each machine"""
ORDER = ("fp32", "tf32", "mixed", "fp8")


@dataclass(frozen=True)
class Job:
    """What is trained: a shape, how, and with how many tokens."""

    shape: Shape
    leaner: int
    """place among the shapes; 0 is the given one"""
    method: str
    tokens: float
    """at the batch of the goal, the mean"""


@dataclass(frozen=True)
class Found:
    """Layouts with what is known of each.   Shapes: each (n,)."""

    layouts: Layouts
    machine: Array
    """place in the list of machines"""
    job: Array
    """place in the list of jobs"""
    tokens: Array
    gb: Array
    used: Array
    """strategies as bits, but for FLEET"""
    step_s: Array
    hours: Array
    """without checkpoints and failures"""

    def __len__(self) -> int:
        return len(self.hours)

    def take(self, at: Array) -> "Found":
        return Found(self.layouts.take(at), **{f.name: getattr(self, f.name)[at] for f in fields(self)[1:]})


def joined(parts: list[Found]) -> Found:
    whole = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Found)[1:]}
    layouts = {f.name: np.concatenate([getattr(p.layouts, f.name) for p in parts]) for f in fields(Layouts)}
    return Found(Layouts(**layouts), **whole)


def jobs(plan: Plan, shapes: list[tuple[Shape, float]]) -> list[Job]:
    """A pretrained model has the shape that it has; from nothing, smaller ones of the same loss are tried too."""
    made = []
    for method in sorted(set(plan.transfer.methods), key=METHODS.index):
        share = 1.0 if method == "scratch" else getattr(plan.transfer, method).centre()
        for i, (shape, tokens) in enumerate(shapes if method == "scratch" else shapes[:1]):
            made.append(Job(shape, i, method, tokens * share))
    return made


def grids(plan: Plan, target: Target, machine: Machine, at: int, all_jobs: list[Job]) -> Iterator[Found]:
    """Every layout on so many of these machines, not yet weighed: `gb`, `step_s` and `hours` are 0."""
    basic = min(plan.layouts.precisions, key=ORDER.index)
    for count in machine.counts(plan.fleet.gpu_counts):
        made: dict[int, dict[str, Array]] = {}  # of each shape: it is the same for all precisions and methods
        for asked, (j, job) in itertools.product(plan.layouts.precisions, enumerate(all_jobs)):
            precision = machine.precision(asked)
            if precision is None or (job.method == "qlora" and asked != "mixed"):
                continue
            grid = made.get(job.leaner) or made.setdefault(job.leaner, _grid(plan, target, machine, job.shape, count))
            n = len(grid["tensor"])
            if not n:
                continue
            rows = sizes(job.shape) | machine.sizes(precision)
            rows |= {
                "trained": _trained(job, plan.transfer.rank), "method": METHODS.index(job.method), "gpus": count,
                "flash": plan.layouts.flash_attention,
            }  # fmt: skip
            whole = {k: np.full(n, v) for k, v in rows.items()} | {k: v for k, v in grid.items() if k != "batched"}
            layouts = Layouts(**whole)
            stretch = target.stretched(layouts.batch * float(job.shape.seq))
            used = LEANER * (job.leaner > 0) + TRANSFER * (
                METHODS.index(job.method) > METHODS.index(all_jobs[0].method)
            )
            more = (layouts.micro_batch > 1) | grid["batched"] | (asked != basic)
            zeros = np.zeros(n)
            yield Found(
                layouts,
                np.full(n, at),
                np.full(n, j),
                np.asarray(job.tokens * stretch),
                zeros,
                used + BATCHED * more,
                zeros,
                zeros,
            )


def _grid(plan: Plan, target: Target, machine: Machine, shape: Shape, count: int) -> dict[str, Array]:
    """All that can be combined, as columns."""
    w = plan.layouts
    recompute = [RECOMPUTE.index(r) for r in w.recompute if not (r == "selective" and w.flash_attention)] or [0]
    wanted = max(1, round(target.batch_tokens / shape.seq))
    axes = (w.tensor, w.pipeline, w.interleave, w.zero, w.sequence_parallel, recompute, w.micro_batches, w.batches)
    t, p, v, zero, sp, again, micro, times = (a.ravel() for a in np.meshgrid(*map(np.array, axes), indexing="ij"))
    d = count // (t * p)
    fits = (t <= machine.node) & (count % (t * p) == 0) & (shape.heads % t == 0) & (shape.hidden % t == 0)
    fits &= (shape.kv_heads % t == 0) | (t % shape.kv_heads == 0)
    fits &= (shape.layers % (p * v) == 0) & ((p > 1) | (v == 1))
    fits &= (t > 1) | ~sp if False in w.sequence_parallel else np.ones_like(fits)
    fits &= ((d > 1) | (zero == min(w.zero))) & ((p == 1) | (zero < 2))
    d = np.maximum(d, 1)
    m = np.maximum(1, np.round(wanted * times / (d * micro))).astype(int)
    m = np.where(v > 1, np.maximum(p, np.round(m / p).astype(int) * p), m)
    batch = m * d * micro
    fits &= batch <= OVER * wanted * times
    columns = {
        "tensor": t, "pipeline": p, "interleave": v, "zero": zero, "sequence_parallel": sp & (t > 1),
        "recompute": again, "micro_batch": micro, "batch": batch, "batched": times != w.batches[0],
    }  # fmt: skip
    return {k: c[fits] for k, c in columns.items()}


def _trained(job: Job, rank: int) -> float:
    """Parameters that are changed."""
    s = job.shape
    if job.method in ("scratch", "full"):
        return float(s.parameters)
    query, keys = s.heads * s.head_dim, s.kv_heads * s.head_dim
    sides = 2 * (s.hidden + query) + 2 * (s.hidden + keys) + (3 if s.gated else 2) * (s.hidden + s.ffn) * s.experts
    return float(s.layers * rank * sides)


def weigh(found: Found) -> Found:
    """With the memory that each needs."""
    return _with(found, gb=memory.need(found.layouts).gb)


def time(found: Found, c: speed.Coefficients) -> Found:
    """With the seconds of a step and the hours of the run."""
    x = found.layouts
    step_s = speed.step(x, c).seconds
    return _with(found, step_s=step_s, hours=found.tokens / (x.batch * x.seq) * step_s / 3600)


def marked(found: Found) -> Found:
    """With SHARED where more is shared out than the model needs to fit: of one machine and job, all of them fit.

    Plain is nothing but copies of the model; where no GPU holds it, the fewest GPUs for a copy.
    """
    x = found.layouts
    plain = (x.zero == 0) & (x.interleave == 1) & ~x.sequence_parallel
    least = np.full(len(found), np.inf)
    for key in np.unique(found.job):
        mine = found.job == key
        some = mine & plain
        if some.any():
            least[mine] = (x.tensor * x.pipeline)[some].min()
    plain &= x.tensor * x.pipeline == least
    return _with(found, used=found.used + SHARED * ~plain)


def best(found: Found) -> Found:
    """The fastest few of each job, precision and set of strategies."""
    key = (found.job * 8 + found.layouts.precision) * 64 + found.used
    order = np.lexsort((found.hours, key))
    return found.take(order[places(key[order]) < BEST])


def places(key: Array) -> Array:
    """Of each row among those of the same key, which stand together."""
    if not len(key):
        return np.zeros(0, dtype=int)
    first = np.r_[0, np.flatnonzero(np.diff(key)) + 1]
    return np.asarray(np.arange(len(key)) - np.repeat(first, np.diff(np.r_[first, len(key)])))


def _with(found: Found, **columns: Array) -> Found:
    made: Mapping[str, Any] = {f.name: getattr(found, f.name) for f in fields(found)} | columns
    return Found(**made)
