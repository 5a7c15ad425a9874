"""Frames: pandas, polars, Arrow and plain Python in, and the same kind back out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError
from mintmark.data import rows
from mintmark.data.rows import Rows

LARGEST = 2**31 - 1  # bytes of text that Arrow's `string` holds in one piece
WRONG = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)


def from_frame(frame: Any) -> Rows:
    """Rows of a pandas or polars DataFrame, an Arrow table or batch, a mapping of columns, or a list of dicts.

    A column of several kinds becomes text. A pandas index is left out.
    Raises: DataError: no such frame, two columns of one name, or columns of different lengths.
    """
    if isinstance(frame, Rows):
        return frame
    kind = _library(frame)
    if kind == "pandas":
        columns = _named([str(n) for n in frame.columns], [_bare(column) for _, column in frame.items()])
    elif kind == "polars":
        table = frame.to_arrow()
        columns = _named(table.column_names, table.columns)
    elif isinstance(frame, pa.Table | pa.RecordBatch):
        columns = _named(frame.schema.names, frame.columns)
    elif isinstance(frame, Mapping):
        columns = {str(name): values for name, values in frame.items()}
    elif isinstance(frame, Sequence) and all(isinstance(one, Mapping) for one in frame):
        columns = {str(n): [one.get(n) for one in frame] for n in dict.fromkeys(k for one in frame for k in one)}
    else:
        fix = "a pandas or polars DataFrame, an Arrow table, a dict of columns, or a list of dicts."
        raise DataError(f"{type(frame).__name__} is no table.", where="frame", fix=fix)
    made = {name: column if _is_arrow(column) else array(column, name)[0] for name, column in columns.items()}
    lengths = {len(c): name for name, c in made.items()}
    if len(lengths) > 1:
        listed = ", ".join(f"{name!r} has {n}" for n, name in lengths.items())
        raise DataError(f"columns differ in length: {listed}.", where="frame", fix="give one value for each row.")
    return to_rows(made)


def like_frame(table: pa.Table, frame: Any) -> Any:
    """The table as the kind of thing that `frame` is, with its index where it has one; maps are dicts."""
    kind = _library(frame)
    if kind == "pandas":
        answers = table.to_pandas(maps_as_pydicts="strict")
        answers.index = frame.index
        return answers
    if kind == "polars":
        import polars

        return polars.from_arrow(table)
    if isinstance(frame, Rows):
        return rows.of(table)
    if isinstance(frame, pa.RecordBatch):
        return table.combine_chunks().to_batches()[0] if table.num_rows else table.to_reader().read_all()
    if isinstance(frame, Mapping):
        return {n: table[n].to_pylist(maps_as_pydicts="strict") for n in table.column_names}
    return table if isinstance(frame, pa.Table) else table.to_pylist(maps_as_pydicts="strict")


def array(values: Any, name: str = "") -> tuple[pa.Array, bool]:
    """An Arrow array of anything in a row, and whether it had several kinds of value and so became text."""
    try:
        made = pa.array(values, from_pandas=True)
        return (made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made), False
    except WRONG:
        pass
    except TypeError:
        fix = "a list, an array or a series."
        raise DataError(f"{str(values)[:60]!r} is no column.", where=f"frame: column {name!r}", fix=fix) from None
    missing = pa.array([v is None or v != v for v in values])
    texts = pa.array([v if isinstance(v, str) else str(v) for v in values], pa.string())
    return pc.if_else(missing, pa.scalar(None, pa.string()), texts), True


def _bare(column: Any) -> Any:
    """A pandas column, plain numbers without what is around them: there may be thousands of columns."""
    return column.to_numpy() if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf" else column


def to_rows(columns: dict[str, Any]) -> Rows:
    """Rows of Arrow columns: each in one piece and of one of the usual types.   Takes the columns out of the dict."""
    names = list(columns)
    made = [_usual(columns.pop(name)) for name in names]
    return Rows(pa.table(made, names=names))


def _usual(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Whole numbers as int64, others as float64, times as timestamp[us] in UTC, text as string; the rest as it is."""
    t, type_ = pa.types, column.type
    if t.is_dictionary(type_):
        column, type_ = column.cast(type_.value_type), type_.value_type
    wanted = type_
    if t.is_integer(type_):
        wanted = pa.int64()
        if type_ == pa.uint64() and (pc.max(column).as_py() or 0) >= 2**63:
            wanted = pa.float64()
    elif t.is_floating(type_) or t.is_decimal(type_):
        wanted = pa.float64()
    elif t.is_date(type_):
        wanted = pa.timestamp("us")
    elif t.is_timestamp(type_):
        wanted = pa.timestamp("us")
        column = column.cast(pa.timestamp("us", type_.tz), safe=False)  # nanoseconds are cut off
    elif t.is_duration(type_):
        column = pc.divide(column.cast(pa.duration("us"), safe=False).cast(pa.int64()).cast(pa.float64()), 1e6)  # s
        wanted = pa.float64()
    elif t.is_time(type_):
        wanted = pa.string()
    elif t.is_string(type_) or t.is_large_string(type_) or t.is_string_view(type_):
        wanted = pa.string() if (pc.sum(pc.binary_length(column)).as_py() or 0) <= LARGEST else pa.large_string()
    if column.type != wanted:
        column = column.cast(wanted, safe=wanted != pa.float64())
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _named(names: list[str], columns: Sequence[Any]) -> dict[str, Any]:
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise DataError(f"column name {twice!r} occurs more than once.", where="frame", fix="rename one of them.")
    return dict(zip(names, columns, strict=True))


def _is_arrow(column: Any) -> bool:
    return isinstance(column, pa.Array | pa.ChunkedArray)


def _library(frame: Any) -> str:
    """pandas or polars, told by the name of the class's module, so that neither is imported to find out."""
    library = type(frame).__module__.partition(".")[0]
    return library if library in ("pandas", "polars") and type(frame).__name__ == "DataFrame" else ""
