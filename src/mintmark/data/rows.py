"""Rows: record batches that can be read again and again, and some of them taken without a copy of the table."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.errors import DataError
from mintmark.base.state import State
from mintmark.data.values import blank_to_null

Ids = npt.NDArray[np.int64]
VALUES_A_CHUNK = 2**21


@dataclass(frozen=True)
class Rows:
    content: pa.Table
    """each column in one piece"""
    ids: Ids | None = None
    """places in `content`; None: all, in order"""

    @property
    def schema(self) -> pa.Schema:
        return self.content.schema

    @property
    def names(self) -> list[str]:
        return list(self.content.schema.names)

    def __len__(self) -> int:
        return self.content.num_rows if self.ids is None else len(self.ids)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Chunks of at most 16,384 rows, fewer where rows are wide; the chunks depend on n and width alone."""
        step = max(64, min(16384, VALUES_A_CHUNK // max(1, self.content.num_columns)))
        return self.chunks(step)

    def chunks(self, step: int) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self), step):
            yield _batch(self._piece(start, min(start + step, len(self))))

    def table(self) -> pa.Table:
        return self._piece(0, len(self))

    def take(self, ids: Ids) -> "Rows":
        """Some rows, in this order; nothing is copied before they are read."""
        return replace(self, ids=np.asarray(ids, np.int64) if self.ids is None else self.ids[ids])

    def select(self, names: list[str]) -> "Rows":
        return replace(self, content=self.content.select(names))

    def drop(self, names: list[str]) -> "Rows":
        return replace(self, content=self.content.drop_columns([n for n in names if n in set(self.names)]))

    def hash(self) -> str:
        """Of the values and the schema, however they are batched.   Cost: one pass, no copy of the whole."""
        sink = _Hashing()
        with pa.ipc.new_stream(sink, self.schema.remove_metadata()) as out:
            for chunk in self.chunks(65536):
                out.write_batch(_plain(chunk.replace_schema_metadata(None)))
        return sink.made.hexdigest()

    def row_hashes(self) -> npt.NDArray[np.uint64]:
        """The same number for the same row, whatever the order of its columns.

        Shapes: (n,).   Cost: one pass; 64 bits a row, so that different rows do not meet by chance.
        """
        table = self.table()
        total = np.zeros(len(self), np.uint64)
        for name in sorted(self.names):
            total += _mixed(_value_hashes(table[name]) ^ np.uint64(_hash64(name)))
        return _mixed(total)

    def _piece(self, start: int, stop: int) -> pa.Table:
        if self.ids is None:
            return self.content if (start, stop) == (0, len(self)) else self.content.slice(start, stop - start)
        ids = self.ids[start:stop]
        if len(ids) and ids[-1] - ids[0] == len(ids) - 1 and (np.diff(ids) == 1).all():  # a run of rows: no copy
            return self.content.slice(int(ids[0]), len(ids))
        return self.content.take(pa.array(ids))


class _Hashing:
    """A file to write to that keeps nothing but a hash."""

    closed = False

    def __init__(self) -> None:
        self.made = hashlib.sha256()

    def write(self, content: Any) -> int:
        self.made.update(content)
        return len(content)

    def flush(self) -> None: ...

    def close(self) -> None: ...


def of(columns: pa.Table | pa.RecordBatch | Mapping[str, Any]) -> Rows:
    """Rows of what lies in memory."""
    if isinstance(columns, pa.RecordBatch):
        columns = pa.Table.from_batches([columns])
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    return Rows(table.combine_chunks())


def content_hash(row_hashes: npt.NDArray[np.uint64]) -> str:
    """Of which rows there are, in whatever order of rows and columns: who shuffles a table has the same rows."""
    return hashlib.sha256(np.sort(row_hashes).tobytes()).hexdigest()


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each number scattered over all 64 bits.   Source: splitmix64, Steele, Lea and Flood, OOPSLA 2014."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def _value_hashes(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """A number for each value, the same for the same value; whole numbers as the floats that they are."""
    if kind_of(column.type) in ("number", "boolean", "time"):
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        values = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64) + 0.0  # no minus zero
        values[np.isnan(values)] = np.nan
        bits: npt.NDArray[np.uint64] = values.view(np.uint64)
        return bits
    coded = column.combine_chunks().dictionary_encode() if kind_of(column.type) in ("text", "binary") else None
    if coded is None:  # lists and the like
        return np.array([_hash64(str(v)) for v in column.to_pylist()], np.uint64)
    known = np.array([_hash64(str(v)) for v in coded.dictionary.to_pylist()] + [0], np.uint64)
    found: npt.NDArray[np.uint64] = known[coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
    return found


def _plain(chunk: pa.RecordBatch) -> pa.RecordBatch:
    """The same values, with nothing left in the buffers of what is missing or lies beside a slice."""
    order = pa.array(np.arange(chunk.num_rows))
    bits = [c.null_count > 0 or pa.types.is_boolean(c.type) for c in chunk.columns]
    columns = [c.take(order) if loose else c for c, loose in zip(chunk.columns, bits, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=chunk.schema)


def _batch(table: pa.Table) -> pa.RecordBatch:
    pieces = table.to_batches()
    if len(pieces) > 1:
        pieces = table.combine_chunks().to_batches()
    return pieces[0] if pieces else pa.RecordBatch.from_pylist([], schema=table.schema)


# --- the schema of questions: four kinds of value, which REST, files and frames are brought to alike -----------------

PLAIN = {pa.int64(), pa.float64()}
WANTED = {"number": pa.float64(), "boolean": pa.bool_(), "time": pa.timestamp("us"), "text": pa.string()}


def kind_of(type_: pa.DataType) -> str:
    """Which kind of value an Arrow type is."""
    t = pa.types
    if t.is_dictionary(type_):
        return kind_of(type_.value_type)
    if t.is_boolean(type_):
        return "boolean"
    if t.is_integer(type_) or t.is_floating(type_) or t.is_decimal(type_):
        return "number"
    if t.is_timestamp(type_) or t.is_date(type_):
        return "time"
    if t.is_string(type_) or t.is_large_string(type_) or t.is_string_view(type_):
        return "text"
    if t.is_binary(type_) or t.is_large_binary(type_):
        return "binary"
    return "nothing" if t.is_null(type_) else "list"


def schema_of(rows: Rows, optional: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Name, kind and Arrow type of each column, and whether it may be left out: what a bundle says of its questions."""
    told = [{"name": f.name, "kind": kind_of(f.type), "type": str(f.type)} for f in rows.schema]
    return [f | {"optional": True} if f["name"] in optional else f for f in told]


def check(rows: Rows, schema: list[dict[str, Any]]) -> Rows:
    """The questions alone, in the order and the types of the schema; columns beyond it are left out, optional ones that
    are absent are null.

    Raises: DataError: no rows, a column of the schema is absent, or a value is not of its kind (names row and column).
    """
    if not len(rows):
        raise DataError("no rows.", where="questions", fix="ask at least one.")
    table = rows.table()
    fixed = _uncast(tuple((f["name"], f["kind"]) for f in schema))
    if table.schema == fixed:
        return rows
    if fixed and table.column_names == fixed.names and {*table.schema.types, *fixed.types} <= PLAIN:
        return Rows(table.cast(fixed, safe=False))  # thousands of numbers at a time
    given = dict(zip(table.schema.names, table.columns, strict=True))
    nothing = pa.nulls(len(rows))
    given = {f["name"]: pa.chunked_array([nothing]) for f in schema if f.get("optional")} | given
    lacking = next((f for f in schema if f["name"] not in given), None)
    if lacking:
        what = f"no column {lacking['name']!r} ({lacking['kind']}); got {', '.join(rows.names[:30])}."
        raise DataError(what, where="questions", fix=f"add {lacking['name']!r}.")
    columns = [_cast(given[field["name"]], field) for field in schema]
    columns = [blank_to_null(c) if c.type == pa.string() else c for c in columns]  # as in training
    return Rows(pa.table(columns, names=[f["name"] for f in schema]).combine_chunks())


@lru_cache(maxsize=32)
def _uncast(fields: tuple[tuple[str, str], ...]) -> pa.Schema | None:
    """The schema of questions that need no treatment; None where a kind has no type of its own, or may be blank."""
    fixed = all(k in WANTED and k != "text" for _, k in fields)
    return pa.schema([(n, WANTED[k]) for n, k in fields]) if fixed else None


def _cast(values: pa.ChunkedArray, field: dict[str, Any]) -> pa.ChunkedArray:
    """The values as this field's kind: numbers as float64, so that 3 and 3.0 are one answer."""
    type_ = WANTED.get(field["kind"])
    if type_ is None or values.type == type_:
        return values
    kind = kind_of(values.type)
    whole = pa.types.is_integer(values.type)
    fits = kind in (field["kind"], "nothing") or (field["kind"] == "number" and kind == "boolean")
    fits = fits or (field["kind"] == "text" and whole)  # a code that happens to hold digits alone
    if kind == "text" and field["kind"] in ("number", "time", "boolean") or fits:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_timestamp(values.type) and values.type.tz:
            values = values.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        values = blank_to_null(values) if values.type == pa.string() else values  # as in training
        try:
            return values.cast(type_, safe=field["kind"] != "time" and not whole)
        except pa.ArrowInvalid:
            for i, value in enumerate(values):
                try:
                    value.cast(type_)
                except pa.ArrowInvalid:
                    what = f"{str(value)[:60]!r} is not a {field['kind']}."
                    where = f"questions: column {field['name']!r}, row {i + 1}"
                    raise DataError(what, where=where, fix="null where it is missing.") from None
    first = next((v for v in values if v.is_valid), None)
    what = f"{str(first)[:60]!r} is not a {field['kind']}."
    raise DataError(what, where=f"questions: column {field['name']!r}", fix=f"give {field['kind']} values.")


def to_state(table: pa.Table | None) -> State:
    """A table as one Arrow IPC file."""
    if table is None:
        return State()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    return State(files={"rows.arrow": sink.getvalue().to_pybytes()})


def from_state(state: State) -> pa.Table | None:
    return pa.ipc.open_file(state.files["rows.arrow"]).read_all() if "rows.arrow" in state.files else None
