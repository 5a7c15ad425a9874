"""Rows in their order, as batches: a function of seed and place alone, however they are loaded."""

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from mintmark.deep.job import Row, Work

AHEAD = 4
"""batches that each worker holds ready"""


@dataclass
class Shuffled:
    """Every epoch's rows in an order of its own, one epoch after the other without an end."""

    seed: int
    rows: int
    _epoch: int = -1
    _order: npt.NDArray[np.int64] | None = None

    def places(self, start: int, count: int) -> list[int]:
        """Rows from the start-th on; a batch may reach over the end of an epoch, so that no row is left out."""
        found: list[int] = []
        while len(found) < count:
            epoch, at = divmod(start + len(found), self.rows)
            if epoch != self._epoch or self._order is None:
                self._epoch, self._order = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.rows)
            found += self._order[at : at + count - len(found)].tolist()
        return found


@dataclass
class Share:
    """The batches of one process: of each step's rows its own part."""

    order: Shuffled
    start: int
    """rows that all processes have seen before"""
    steps: int
    step_rows: int
    """of one process"""
    rank: int
    processes: int

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.steps):
            at = self.start + (step * self.processes + self.rank) * self.step_rows
            yield self.order.places(at, self.step_rows)

    def __len__(self) -> int:
        return self.steps


def batches(work: Work, rows: Any, places: Any, workers: int) -> Iterator[Row]:
    """The rows at `places` (lists of them), collated; loaded ahead by `workers` where there are some."""
    together = partial(collate, work.collate)
    if workers == 0:
        return (together(_fetched(rows, batch)) for batch in places)
    loader: DataLoader[Any] = DataLoader(
        rows,
        batch_sampler=places,
        num_workers=workers,
        collate_fn=together,
        prefetch_factor=AHEAD,
        worker_init_fn=_deaf,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # its own, so that the network's draws do not depend on how rows are loaded
    )
    return iter(loader)


def collate(own: Callable[[Sequence[Row]], Row] | None, rows: Any) -> Row:
    if isinstance(rows, dict):  # whole already
        return rows
    if own is not None:
        return own(rows)
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def parts(batch: Row, rows: int) -> list[Row]:
    """A batch cut into pieces of so many rows."""
    count = len(next(iter(batch.values())))
    if count <= rows:
        return [batch]
    return [{name: tensor[at : at + rows] for name, tensor in batch.items()} for at in range(0, count, rows)]


def moved(batch: Row, device: torch.device) -> dict[str, Tensor]:
    return batch if device.type == "cpu" else {k: v.to(device, non_blocking=True) for k, v in batch.items()}


def _fetched(rows: Any, places: list[int]) -> Any:
    whole = getattr(rows, "__getitems__", None)
    return whole(places) if whole is not None else [rows[place] for place in places]


def _deaf(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal; what it ends is the training process's to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
