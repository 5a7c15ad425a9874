"""Tokens of many texts as rows of one length: random windows to learn from, windows one after another to measure on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mintmark.deep.job import Row

IGNORED = -1
"""what stands for a token that is not asked for"""
PLACES = 64
"""windows that begin with the same text, in one epoch"""
Ids = npt.NDArray[Any]


def write(folder: Path, name: str, texts: Sequence[Ids], *, joined: bool, vocabulary: int) -> None:
    """Keep texts for `read`. joined: a window may begin anywhere in them, else only where a text begins."""
    small = np.uint16 if vocabulary <= 2**16 else np.int32
    stream = np.concatenate([np.zeros(0, small), *(np.asarray(t, small) for t in texts)])
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    np.save(folder / f"{name}.npy", stream)
    np.save(folder / f"{name}_ends.npy", ends[[0, -1]] if joined else ends)


def read(folder: Path, context: int, seed: int) -> "tuple[Anywhere | Whole, InOrder | None]":
    """Rows to learn from and to validate on."""
    stream, ends = (np.load(folder / f"train{part}.npy", mmap_mode="r") for part in ("", "_ends"))
    train = Anywhere(stream, context) if len(ends) == 2 else Whole(stream, np.asarray(ends), context, seed)
    if not (folder / "valid.npy").exists():
        return train, None
    stream, ends = (np.load(folder / f"valid{part}.npy", mmap_mode="r") for part in ("", "_ends"))
    return train, InOrder(stream, in_order(np.asarray(ends), context), context)


@dataclass(frozen=True)
class Anywhere:
    """The window at each place of one long text."""

    stream: Ids
    context: int

    def __len__(self) -> int:
        return max(1, len(self.stream) - self.context)

    def __getitem__(self, place: int) -> Row:
        return row(self.stream[place : place + self.context + 1], self.context)

    def __getitems__(self, places: list[int]) -> Row:
        return stacked([self[place] for place in places])


@dataclass(frozen=True)
class Whole:
    """Windows that begin with a text and go on with others, drawn at random; of a long text, some of it.

    A text is as many windows' first one as it would fill.
    """

    stream: Ids
    ends: npt.NDArray[np.int64]
    context: int
    seed: int

    @cached_property
    def texts(self) -> npt.NDArray[np.int64]:
        """The text of each window's worth of tokens."""
        lengths = np.diff(self.ends)
        return np.repeat(np.arange(len(lengths)), -(-lengths // self.context))

    def __len__(self) -> int:
        return len(self.texts) * PLACES

    def __getitem__(self, place: int) -> Row:
        rng, size = np.random.default_rng([self.seed, place]), self.context + 1
        parts: list[Ids] = []
        text, room = self.texts[place % len(self.texts)], size
        while room > 0:
            start, stop = int(self.ends[text]), int(self.ends[text + 1])
            if not parts and stop - start > size:  # from anywhere in it, as often from its beginning as it is due
                start = max(start, int(rng.integers(start - self.context, stop - self.context)))
            parts.append(self.stream[start : min(stop, start + room)])
            room -= len(parts[-1])
            text = self.texts[int(rng.integers(len(self.texts)))]
        return row(np.concatenate(parts), self.context)

    def __getitems__(self, places: list[int]) -> Row:
        return stacked([self[place] for place in places])


@dataclass(frozen=True)
class InOrder:
    """Windows of which each token is asked for once."""

    stream: Ids
    spans: list[tuple[int, int, int]]
    """where a window begins and ends, and the first token that is asked for"""
    context: int

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, place: int) -> Row:
        start, stop, first = self.spans[place]
        made = row(self.stream[start:stop], self.context)
        made["y"][: max(0, first - start - 1)] = IGNORED
        return made

    def __getitems__(self, places: list[int]) -> Row:
        return stacked([self[place] for place in places])


def in_order(ends: npt.NDArray[np.int64], context: int) -> list[tuple[int, int, int]]:
    """Windows over texts that lie one after another: as many whole ones as fit, a long one in several pieces.

    A window's first token is only read; so each window but the first of a text begins with the last of the one before.
    """
    spans: list[tuple[int, int, int]] = []
    start = int(ends[0])
    for begin, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        if stop - start <= context + 1:
            continue
        if begin > start:
            spans.append((start, begin, start + 1))
            start = begin
        while stop - start > context + 1:
            spans.append((start, start + context + 1, start + 1))
            start += context
    if int(ends[-1]) - start > 1:
        spans.append((start, int(ends[-1]), start + 1))
    return spans


def overlapping(length: int, context: int) -> list[tuple[int, int, int]]:
    """Windows over one text in steps of half a context: each token but the first is asked for once, and sees at least
    half a context or all that there is."""
    stride = max(1, context // 2)
    spans, asked = [], 1
    while asked < length:
        stop = min(length, asked + (context if asked == 1 else stride))
        spans.append((max(0, stop - context - 1), stop, asked))
        asked = stop
    return spans


def row(tokens: Ids, context: int) -> Row:
    """x are the tokens, y the ones after them; filled up on the right.   Shapes: (context,)."""
    x, y = np.zeros(context, np.int32), np.full(context, IGNORED, np.int32)
    count = len(tokens) - 1
    if count > 0:
        x[:count], y[:count] = tokens[:-1], tokens[1:]
    return {"x": torch.from_numpy(x), "y": torch.from_numpy(y)}


def stacked(rows: Sequence[Row]) -> Row:
    return {name: torch.stack([r[name] for r in rows]) for name in rows[0]}
