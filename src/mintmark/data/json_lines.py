"""JSON lines, and JSON files that hold one array of objects."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as arrow_json

from mintmark.base.errors import DataError
from mintmark.data import encoding
from mintmark.data.frame import array
from mintmark.data.text_table import Columns, Options
from mintmark.data.values import absent_to_null, settle

FIRST_BLOCK, LAST_BLOCK = 2**22, 2**30
MOST = 256 * 2**20  # bytes of an array of objects: it is read whole


def read(path: Path, options: Options) -> tuple[Columns, list[str]]:
    """The columns of objects, one a row, and a note for each treatment.   Raises: DataError: names the line."""
    text, notes = encoding.find(path, options.encoding)
    if path.suffix.lower() == ".json":
        objects = _objects(text)
    else:
        try:
            table = _parse(text)
            columns = dict(zip(table.column_names, table.columns, strict=True))
            if len(columns) == table.num_columns:
                return {n: without(c, options.missing) for n, c in columns.items()}, notes
        except pa.ArrowInvalid:
            pass  # Python's reader says which line, and takes what Arrow does not: NaN, or two kinds in a column
        objects = list(_lines(text))
    if not objects:
        raise DataError("no rows.", where=path.name, fix="give at least one object.")
    columns = {}
    for name in dict.fromkeys(key for one in objects for key in one):
        values = [one.get(name) for one in objects]
        column, mixed = array(values)
        if mixed:
            where = f"{path.name}: column {name!r}"
            column, found = settle(pa.chunked_array([column]), options.missing, where)
            notes += found or [f"{where}: values of several kinds; kept as text."]
        columns[name] = without(
            column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]), options.missing
        )
    if not columns:
        raise DataError("the objects are empty.", where=path.name, fix='give rows as {"column": value}.')
    return columns, notes


def without(column: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """The column, of any type; these texts are null in it."""
    return absent_to_null(column, missing) if pa.types.is_string(column.type) else column


def _parse(text: encoding.Text) -> pa.Table:
    """Raises: pa.ArrowInvalid: not JSON lines of one kind a column."""
    block = FIRST_BLOCK
    while True:
        try:
            with text.open(text.start) as stream:
                return arrow_json.read_json(stream, arrow_json.ReadOptions(block_size=block))
        except pa.ArrowInvalid as exc:
            if "straddl" not in str(exc) or block >= LAST_BLOCK:
                raise
        block = min(8 * block, LAST_BLOCK)


def _lines(text: encoding.Text) -> Iterator[dict[str, Any]]:
    with text.open(text.start) as stream:
        content: bytes = stream.read()
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            where = f"{text.path.name}: line {number}"
            try:
                one = json.loads(line)
            except json.JSONDecodeError as exc:
                what = f"is not JSON: {exc.msg} at column {exc.colno}: {exc.doc[:60]!r}."
                raise DataError(what, where=where, fix="one object a line.") from None
            except RecursionError:
                raise DataError("is nested too deep.", where=where, fix="one flat object a line.") from None
            if not isinstance(one, dict):
                raise DataError(f"is no object: {str(one)[:60]!r}.", where=where, fix='{"column": value}.')
            yield one


def _objects(text: encoding.Text) -> list[dict[str, Any]]:
    """Of a file that is one array of objects, or else JSON lines."""
    name = text.path.name
    if not text.head(4096).lstrip().startswith(b"["):
        return list(_lines(text))
    if text.size > MOST:
        what = f"one array of {text.size / 2**20:.0f} MiB; at most {MOST // 2**20} MiB are read whole."
        raise DataError(what, where=name, fix="save it as JSON lines (.jsonl): one object a line.")
    try:
        objects = json.loads(text.head(text.size))
    except json.JSONDecodeError as exc:
        what = f"is not JSON: {exc.msg} at column {exc.colno}."
        raise DataError(what, where=f"{name}: line {exc.lineno}", fix="an array of objects.") from None
    except RecursionError:
        raise DataError("is nested too deep.", where=name, fix="an array of flat objects.") from None
    wrong = next((i for i, one in enumerate(objects, 1) if not isinstance(one, dict)), 0)
    if wrong:
        what = f"element {wrong} is no object: {str(objects[wrong - 1])[:60]!r}."
        raise DataError(what, where=name, fix='[{"column": value}, ...].')
    return list(objects)
