"""The past: earlier rows of the same key, by one as-of function that training and serving share.

A question is asked at a moment: its column `asked`, else its time. It sees the rows of its key strictly earlier than
that moment, the newest `window` of them, and their labels only once `label_delay` has gone by. The window is part of
the function, not of the bundle: so the last `window` rows of each key are all that later questions can ever need.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.rows import Rows
from mintmark.numerics.answers import names_of

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
ASKED = "asked"
ALONE = "(all rows)"
"""the key where all rows are of one: a column that the past adds by itself"""
WIDTH = 24
"""characters of a pseudonym"""


@dataclass(frozen=True)
class Earlier:
    """What a batch of n questions may see: question i sees rows start[i] to stop[i], labels up to known[i]."""

    table: pa.Table
    key: str
    time: str
    target: str
    start: Places
    stop: Places
    known: Places
    asked: Array
    """the moment of each question: seconds for timestamps, else units of the time column"""
    who: pa.Array
    """the pseudonym of each question's key; null where the key is missing"""
    unknown: npt.NDArray[np.bool_]
    """whether there is no row of the question's key at all, at whatever time"""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def last(self, name: str, width: int, *, labelled: bool = False, like: str | None = None) -> Array:
        """The newest `width` values of a column, newest last, NaN where there is none.   Shapes: (n, width).

        labelled: only rows whose label is known (always so for the target); like: 1 where the value is this, else 0.
        """
        picked, seen = self.picked(name, width, labelled=labelled)
        if picked is None:
            return np.full(seen.shape, np.nan)
        values = (
            _numbers(picked)
            if like is None
            else pc.equal(names_of(picked), like).cast(pa.float64()).to_numpy(zero_copy_only=False)
        )
        return np.where(seen, values.reshape(seen.shape), np.nan)

    def picked(self, name: str, width: int, *, labelled: bool = False) -> tuple[Any, npt.NDArray[np.bool_]]:
        """The same values as Arrow has them, one line after another, any where there is none; and whether there is.

        None where there are no rows at all. The column is not read as a whole: this is done at each answer.
        Shapes: (n x width,), (n, width).
        """
        end = self.known if labelled or name == self.target else self.stop
        at = end[:, None] - np.arange(width, 0, -1)  # (n, width)
        seen = at >= self.start[:, None]
        if not len(self):
            return None, seen & False
        picked = self.table[name].take(pa.array(np.where(seen, at, 0).ravel()))
        return picked.combine_chunks() if isinstance(picked, pa.ChunkedArray) else picked, seen


@dataclass(frozen=True)
class Past:
    """Rows that questions may look back on, ordered by key and time; keys are pseudonyms.

    `key` is empty where the task has none: then there is no past, and every question sees nothing of it.
    """

    key: str = ""
    time: str = ""
    target: str = ""
    label_delay: float = 0.0
    window: int = 50
    salt: str = ""
    """of the pseudonyms: the same person has another one in a bundle of other data"""
    rows: pa.Table | None = None

    def append(self, rows: Rows) -> "Past":
        """With more rows. Rows of one key and time keep the order in which they came."""
        if not self.key or not len(rows):
            return self
        new = rows.table()
        if new[self.time].null_count:
            raise DataError("a row has no time.", where=f"column {self.time!r}", fix="give each row its time.")
        if self.key == ALONE and ALONE not in new.schema.names:
            new = new.append_column(ALONE, pa.repeat("", len(new)))
        new = new.set_column(new.schema.get_field_index(self.key), self.key, self._pseudonyms(new[self.key]))
        new = new.filter(pc.is_valid(new[self.key]))  # whose rows they are is not known, so no question may see them
        if self.rows is not None:
            new = pa.concat_tables([self.rows, _like(new, self.rows.schema)])
        order = np.lexsort((_numbers(new[self.time]), _codes(new[self.key])))
        return replace(self, rows=new.take(pa.array(order)).combine_chunks())

    def as_of(self, questions: pa.RecordBatch) -> Earlier:
        """What each of these questions may see.   Cost: O(n log rows)."""
        n = questions.num_rows
        told = self.key or {ASKED, self.time} & {*questions.schema.names}  # a prompt is asked at no time
        asked = moments(questions, self.time) if self.time and told else np.zeros(n)
        if self.key == ALONE:
            who = self._pseudonyms(pa.repeat("", n))
        else:
            who = self._pseudonyms(questions[self.key]) if self.key else pa.nulls(n, pa.string())
        if self.rows is None or not self.rows.num_rows:
            none, all_ = np.zeros(n, np.int64), np.ones(n, bool)
            return Earlier(pa.table({}), self.key, self.time, self.target, none, none, none, asked, who, all_)
        first, last = self._blocks(who)
        times = self._index[3]
        stop = _search(times, first, last, asked, strict=True)
        start = np.maximum(first, stop - self.window)
        known = np.clip(_search(times, first, last, asked - self.label_delay, strict=False), start, stop)
        return Earlier(
            self.rows, self.key, self.time, self.target, start, stop, known, asked, who, unknown=first == last
        )

    def tail(self) -> "Past":
        """The last `window` rows of each key: what a bundle carries."""
        if self.rows is None:
            return self
        codes = _codes(self.rows[self.key])
        from_end = np.searchsorted(codes, codes, "right") - np.arange(len(codes))
        return replace(self, rows=self.rows.filter(pa.array(from_end <= self.window)).combine_chunks())

    def only(self, columns: list[str] | None) -> "Past":
        """With no more columns than these and its own three; None: all. A bundle holds no more than answers need."""
        if self.rows is None or columns is None:
            return self
        wanted = {self.key, self.time, self.target, *columns}
        return replace(self, rows=self.rows.select([n for n in self.rows.schema.names if n in wanted]))

    def state(self) -> State:
        facts = {n: getattr(self, n) for n in ("key", "time", "target", "label_delay", "window", "salt")}
        return State(facts=facts, files=table.to_state(self.rows).files)

    @classmethod
    def of(cls, state: State) -> "Past":
        return cls(**state.facts, rows=table.from_state(state))

    @cached_property
    def _index(self) -> tuple[npt.NDArray[np.bytes_], Places, Places, Array]:
        """The keys in order, where the rows of each begin and end, and the times of all rows; made once."""
        if self.rows is None or not self.rows.num_rows:
            return np.zeros(0, f"S{WIDTH}"), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        keys = _bytes(self.rows[self.key].combine_chunks())  # ascending: rows lie key by key
        first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        return keys[first], first, np.append(first[1:], len(keys)), _numbers(self.rows[self.time])

    def _blocks(self, who: pa.Array) -> tuple[Places, Places]:
        """Where the rows of each pseudonym begin and end; nowhere for one that is unknown or missing."""
        known, first, last, _ = self._index
        wanted = _bytes(who)
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        code = np.where(known[at] == wanted, at, -1)
        return np.append(first, 0)[code], np.append(last, 0)[code]

    def _pseudonyms(self, keys: Any) -> pa.Array:
        """Keyed hashes, the same on both sides; a missing key stays missing."""
        column = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        coded = names_of(column).dictionary_encode()
        salt = self.salt.encode()[:64]
        made = [
            hashlib.blake2b(k.encode(), digest_size=WIDTH // 2, key=salt).hexdigest()
            for k in coded.dictionary.to_pylist()
        ]
        return pa.array(made, pa.string()).take(coded.indices)


def _like(events: pa.Table, schema: pa.Schema) -> pa.Table:
    """Events with the columns of the past; what they do not hold, such as a label to come, is missing.

    Raises: DataError: a value is not of its column's kind.
    """
    columns = []
    for f in schema:
        given = events[f.name] if f.name in events.schema.names else pa.nulls(len(events), f.type)
        try:
            columns.append(given.cast(f.type))
        except pa.ArrowInvalid as exc:
            raise DataError(f"{exc}", where=f"events: column {f.name!r}", fix=f"values of type {f.type}.") from exc
    return pa.table(columns, schema=schema)


def moments(questions: pa.RecordBatch | pa.Table, time: str) -> Array:
    """When each question is asked.   Shapes: (n,), seconds for timestamps, else units of the time column.

    Raises: DataError: a question without its moment, or with text for one.
    """
    name = ASKED if ASKED in questions.schema.names else time
    try:
        at = _numbers(questions[name])
    except DataError as exc:
        raise DataError(exc.what, where=f"column {name!r}", fix=exc.fix) from None
    if np.isnan(at).any():
        row = int(np.flatnonzero(np.isnan(at))[0]) + 1
        raise DataError("no time.", where=f"column {name!r}, row {row}", fix="give each row the time it happened.")
    return at


def _numbers(column: Any) -> Array:
    """A column as floats, timestamps as seconds, NaN where missing.   Shapes: (n,)."""
    kind = table.kind_of(column.type)
    if kind == "time":
        column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        scale = 1e-6
    elif kind in ("number", "boolean"):
        scale = 1.0
    else:
        raise DataError(
            f"{kind} values where numbers or times are wanted.", fix="dates as 2026-01-31 or 2026-01-31 12:00."
        )
    floats = column.cast(pa.float64(), safe=False)
    made: Array = floats.to_numpy(zero_copy_only=False) if isinstance(floats, pa.Array) else floats.to_numpy()
    return made * scale if scale != 1.0 else made


def _bytes(pseudonyms: pa.Array) -> npt.NDArray[np.bytes_]:
    """The same, of one width; what is missing as no pseudonym is written.   Shapes: (n,)."""
    plain = pc.fill_null(pseudonyms, "-" * WIDTH).cast(pa.binary()).cast(pa.binary(WIDTH))
    return np.frombuffer(plain.buffers()[1], f"S{WIDTH}")[plain.offset : plain.offset + len(plain)]


def _codes(keys: pa.ChunkedArray) -> Places:
    """Each key's place among all keys in sorted order.   Shapes: (n,)."""
    coded = keys.combine_chunks().dictionary_encode()
    rank = np.empty(len(coded.dictionary), np.int64)
    rank[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(rank))
    codes: Places = rank[coded.indices.to_numpy()]
    return codes


def _search(times: Array, first: Places, last: Places, at: Array, *, strict: bool) -> Places:
    """In each sorted block, the place after the last time that is before `at` (strict) or not after it.

    Shapes: first, last, at (n,) -> (n,).   Cost: one vectorised bisection, O(n log rows).
    """
    low, high = first.copy(), last.copy()
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) // 2
        value = times[np.minimum(middle, len(times) - 1)]
        right = open_ & ((value < at) if strict else (value <= at))
        low, high = np.where(right, middle + 1, low), np.where(open_ & ~right, middle, high)
