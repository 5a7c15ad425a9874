"""What a step may use of the outside world: randomness, a folder, its share, a place to report to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

Hear = Callable[[str, float, str, int, int], bool]


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

    def report(self, name: str, value: float, unit: str, *, step: int, of: int) -> bool:
        """Say a number and how far the work is; True means: stop here, keep what there is."""
        return self.hear(name, value, unit, step, of)
