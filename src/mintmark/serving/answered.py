"""Answered: the decisions that were given, in columns, found again by request and row or by the client's own case id.

A segment is one stretch of them and one file of the journal; the oldest is dropped whole. Of a row nothing is kept but
what its payoff needs: decision, score, the payoff's amounts, time and version.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.numerics.answers import Array
from mintmark.serving.terms import Decisions

COLUMNS = ("at", "came", "version", "action", "score", "expected", "amounts", "outcome", "won", "at_mean")
LEAST_ROWS = 256
KEY = 8
"""bytes of a key: among a million two meet by chance once in ten million stores"""


def key_of(request: str, row: int) -> int:
    return _hashed(f"r{row}#{request}", b"")


def case_key(case: str, salt: bytes) -> int:
    """A pseudonym: whoever reads the journal does not read the ids of a client's cases."""
    return _hashed(f"c{case}", salt)


def _hashed(text: str, salt: bytes) -> int:
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY, key=salt).digest()
    return int.from_bytes(made, "little")


class Segment:
    def __init__(self, size: int, path: Path | None = None) -> None:
        """size: entries that it takes, one for each decision and for each outcome.   path: its file."""
        self.size, self.path, self.n, self.entries = size, path, 0, 0
        self.at, self.came, self.version, self.action = _none(float), _none(float), _none(np.int16), _none(np.int32)
        self.score, self.expected, self.amounts = _none(float), _none(float), np.zeros((0, 0))
        self.outcome, self.won, self.at_mean = _none(float), _none(float), _none(bool)
        """NaN: not known yet; and where the terms cannot say what it earned"""
        self._open: dict[int, int] | None = {}
        self._sealed = np.zeros(0, np.uint64), np.zeros(0, np.int64)

    def takes(self, n: int) -> bool:
        """A request larger than a whole segment has one of its own."""
        return self._open is not None and self.entries + n <= self.size

    def add(self, at: float, version: int, made: Decisions, keys: Sequence[int], cases: Sequence[int]) -> None:
        """cases: 0 where the client named none."""
        rows = slice(self.n, self.n + len(keys))
        if rows.stop > len(self.at):
            self._grow(max(rows.stop, min(2 * len(self.at) + LEAST_ROWS, self.size)))
        self.at[rows], self.version[rows], self.action[rows] = at, version, made.action
        self.score[rows], self.expected[rows] = made.score, made.expected
        if (more := made.amounts.shape[1] - self.amounts.shape[1]) > 0:
            self.amounts = np.hstack([self.amounts, np.full((len(self.at), more), np.nan)])
        self.amounts[rows, : made.amounts.shape[1]] = made.amounts
        places = self._open if self._open is not None else {}
        places.update(zip(keys, range(rows.start, rows.stop), strict=True))
        places.update((case, rows.start + i) for i, case in enumerate(cases) if case)
        self.n += len(keys)
        self.entries += len(keys)

    def find(self, key: int) -> int:
        """The row of a key, -1 where there is none."""
        if self._open is not None:
            return self._open.get(key, -1)
        keys, rows = self._sealed
        i = int(np.searchsorted(keys, np.uint64(key)))
        return int(rows[i]) if i < len(keys) and keys[i] == key else -1

    def seal(self) -> None:
        """No more is added: keys as arrays take a tenth of the memory."""
        if self._open is not None:
            keys = np.fromiter(self._open.keys(), np.uint64, len(self._open))
            rows = np.fromiter(self._open.values(), np.int64, len(self._open))
            order = np.argsort(keys)
            self._sealed, self._open = (keys[order], rows[order]), None

    def column(self, name: str) -> Array:
        made: Array = getattr(self, name)[: self.n]
        return made

    def _grow(self, rows: int) -> None:
        """Room for so many rows, as large as it is needed."""
        for name in COLUMNS:
            had = getattr(self, name)
            made = np.full((rows, *had.shape[1:]), np.nan if had.dtype == np.float64 else 0, had.dtype)
            made[: len(had)] = had
            setattr(self, name, made)


def _none(kind: type) -> Array:
    return np.zeros(0, kind)


# --- lines of the journal --------------------------------------------------------------------------------------------


def line(request: str, at: float, version: int, made: Decisions, cases: Sequence[int]) -> dict[str, Any]:
    """The decisions of one request as JSON can hold them."""
    said: dict[str, Any] = {
        "request": request, "at": at, "version": version, "action": made.action.tolist(), "score": _plain(made.score),
        "expected": _plain(made.expected), "amounts": [_plain(row) for row in made.amounts],
    }  # fmt: skip
    return said | {"cases": list(cases)} if any(cases) else said


def read(said: Mapping[str, Any]) -> tuple[Decisions, list[int], list[int]]:
    """Decisions, keys and case keys of a line."""
    n = len(said["action"])
    amounts = np.array(said["amounts"], dtype=np.float64).reshape(n, -1)
    score, expected = (np.array(said[name], dtype=np.float64) for name in ("score", "expected"))
    made = Decisions(np.array(said["action"], dtype=np.int64), score, expected, amounts)
    return made, [key_of(said["request"], i) for i in range(n)], said.get("cases", [0] * n)


def _plain(values: Array) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]
