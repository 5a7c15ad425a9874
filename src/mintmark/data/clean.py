"""Cleaning that looks at each value alone: nothing is learnt here, so that it may be done before rows are split."""

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError, unknown
from mintmark.data.rows import Rows
from mintmark.data.values import blank_to_null


def clean(rows: Rows, target: str) -> tuple[Rows, list[str]]:
    """The rows with null for NaN, infinite numbers and blank texts, without those whose target is missing.

    A note for each treatment comes with them. An empty `target` means there is none.
    Raises: DataError: no rows, no such column as the target, or a target without a single value.
    """
    if not len(rows):
        raise DataError("no rows.", where="data", fix="give at least one.")
    if target and target not in rows.names:
        raise unknown("column", target, rows.names, where="target", error=DataError)
    treated, notes = values(rows)
    table = treated.table()
    if target:
        missing = table[target].null_count
        if missing == len(table):
            what = f"column {target!r} has no value in any of {len(table)} rows."
            raise DataError(what, where="target", fix="name the column that holds the answers.")
        if missing:
            table = table.filter(pc.is_valid(table[target]))
            notes.append(f"column {target!r}: {_many(missing, 'row')} without a target left out; {len(table)} remain.")
    return Rows(table.combine_chunks()), notes


def values(rows: Rows) -> tuple[Rows, list[str]]:
    """The same rows with null for NaN, infinite numbers and blank texts; a note for each treatment."""
    table = rows.table()
    treated = [_cleaned(column, name) for column, name in zip(table.columns, table.schema.names, strict=True)]
    made = pa.table([column for column, _ in treated], schema=table.schema)
    return Rows(made), [note for _, note in treated if note]


def _cleaned(column: pa.ChunkedArray, name: str) -> tuple[pa.ChunkedArray, str]:
    """The column with null for what is no value, and what is to be said of it."""
    if pa.types.is_floating(column.type):
        finite = pc.is_finite(column)
        if pc.all(finite).as_py() is not False:
            return column, ""
        infinite = pc.sum(pc.is_inf(column)).as_py() or 0
        note = f"column {name!r}: {_many(infinite, 'infinite number')} treated as missing." if infinite else ""
        return pc.if_else(finite, column, pa.scalar(None, column.type)), note
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return blank_to_null(column), ""
    return column, ""


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
