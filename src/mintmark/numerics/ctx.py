"""What a step may use of the outside world: randomness, a folder, its share, a place to report to."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

Hear = Callable[[str, float, str, int, int], bool]
Count = Callable[[], int]
"""writes down that it was called; how often that was, by now"""


@dataclass(frozen=True)
class Ctx:
    seed: int = 0
    path: tuple[int, ...] = ()
    folder: Path | None = None
    """for checkpoints that survive a kill"""
    share: float = 1.0
    """of the training questions: the rung of the search"""
    rank: int = 0
    """of this process, where several train one model; only rank 0 reports"""
    hear: Hear = lambda name, value, unit, step, of: False
    """who listens to reports; its answer is: stop?"""
    deadline: float = math.inf
    """on the monotonic clock; past it every report is answered with: stop"""

    @property
    def rng(self) -> np.random.Generator:
        """All randomness; the same ctx gives the same stream, whatever other steps drew."""
        return np.random.default_rng([self.seed, *self.path])

    def draw_seed(self) -> int:
        """A seed for a library that takes a whole number, below 2**31."""
        return int(self.rng.integers(2**31 - 1))

    def child(self, i: int) -> "Ctx":
        """For part i of the work: its own stream, its own folder."""
        return replace(self, path=(*self.path, i), folder=self.folder / str(i) if self.folder else None)

    def part(self, i: int, of: int) -> "Ctx":
        """For part i of several that share the time that is left: an equal share of it for each of those to come."""
        now = time.monotonic()
        return replace(self.child(i), deadline=now + (self.deadline - now) / (of - i))

    def to_the_end(self) -> "Ctx":
        """For work whose length is settled: stopped half-way it would make another model than the one chosen."""
        return replace(self, deadline=math.inf)

    def report(self, name: str, value: float, unit: str, *, step: int, of: int) -> bool:
        """Say a number and how far the work is; True means: stop here, keep what there is."""
        stop = self.hear(name, value, unit, step, of) if self.rank == 0 else False
        return stop or time.monotonic() > self.deadline
