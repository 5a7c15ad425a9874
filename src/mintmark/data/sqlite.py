"""SQLite: a file is opened for reading only. A column may hold several kinds of value, so they are looked at."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError, nearest
from mintmark.base.need import need
from mintmark.data.query import WHERE, Query
from mintmark.data.text_table import Options
from mintmark.data.values import settle

WAIT_MS = 10_000
INTEGER, REAL, TEXT, BLOB = 1, 2, 4, 8
KINDS = {INTEGER: "integer", REAL: "real", TEXT: "text", BLOB: "blob"}
TABLES = "select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite@_%' escape '@'"
TIME = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?"
ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)$"


def read(place: Path, query: Query, options: Options) -> tuple[pa.Table, list[str]]:
    """What the query gives, and a note for each column of several kinds."""
    with _opened(place) as connection:
        _fetch(connection, f"create temp view mintmark_asked as {query.text}")
        about = _fetch(connection, "pragma table_info(mintmark_asked)")
        names, declared = about["name"].to_pylist(), about["type"].to_pylist()
        _fetch(
            connection, "create temp table mintmark_found as select * from mintmark_asked"
        )  # once: what it gives may change
        held = [_named(n) for n in _fetch(connection, "pragma table_info(mintmark_found)")["name"].to_pylist()]
        kinds = [" + ".join(f"{bit} * max(typeof({n}) = '{kind}')" for bit, kind in KINDS.items()) for n in held]
        counted = _fetch(connection, f"select count(*), {', '.join(kinds)} from mintmark_found")
        rows, *masks = [c[0].as_py() or 0 for c in counted.columns]
        wanted = [_cast(n, mask) for n, mask in zip(held, masks, strict=True)]
        first = [
            sample for _, sample in wanted
        ]  # a row that says the types: the driver takes them from what comes first
        found = _fetch(
            connection,
            f"select {', '.join(first)} union all select {', '.join(w for w, _ in wanted)} from mintmark_found",
        )
    made, notes = [], []
    for name, kind, mask, column in zip(names, declared, masks, found.slice(1).columns, strict=True):
        made.append(pa.chunked_array([pa.nulls(rows)]) if not mask else _value(column, name, kind))
        if mask & TEXT and mask != TEXT and not mask & BLOB and name not in options.text:
            made[-1], said = settle(made[-1], options.missing, f"column {name!r}")
            notes += said or [f"column {name!r}: values of several kinds; kept as text."]
        elif mask == TEXT and name not in options.text:
            made[-1] = times(made[-1])
    return pa.table(made, names=[_once(n, names) for n in names]), notes


def tables(place: Path) -> list[str]:
    with _opened(place) as connection:
        return list(_fetch(connection, TABLES)["name"].to_pylist())


def times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column as times, where every value is one in ISO 8601."""
    zoned, plain = (pc.all(pc.match_substring_regex(column, TIME + end)).as_py() for end in (ZONE, "$"))
    if not zoned and not plain:
        return column
    try:
        return column.cast(pa.timestamp("us", "UTC" if zoned else None))
    except pa.ArrowInvalid:  # the 31st of February
        return column


def _value(column: pa.ChunkedArray, name: str, declared: str) -> pa.ChunkedArray:
    """The column as its declaration says, where SQLite itself does not care: true and false."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        fix = f"repair it, or read its bytes: cast({_named(name)} as blob)"
        raise DataError("holds bytes that are no UTF-8 text.", where=f"column {name!r}", fix=fix) from None
    if "bool" in declared.lower() and pa.types.is_integer(column.type):
        limits = pc.min_max(column)
        if limits["min"].as_py() >= 0 and limits["max"].as_py() <= 1:
            return column.cast(pa.bool_())
    return column


def _cast(name: str, mask: int) -> tuple[str, str]:
    """How a column with values of these kinds is asked for, and a value of the type that comes of it."""
    if mask & BLOB:
        return f"cast({name} as blob)", "x''"
    if mask & TEXT:
        return f"cast({name} as text)", "''"
    return (f"cast({name} as real)", "0.0") if mask & REAL else (name, "0")


def _once(name: str, names: list[str]) -> str:
    """The name that the query gave: SQLite itself makes id:1 of a second id."""
    found = re.fullmatch(r"(.+):\d+", name, re.S)
    return found[1] if found and found[1] in names else name


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _opened(place: Path) -> Iterator[Any]:
    """A connection that cannot write, and SQLite's errors in our words."""
    manager = need("adbc_driver_manager.dbapi", extra="sql")
    driver = need("adbc_driver_sqlite.dbapi", extra="sql")
    if not place.is_file():
        raise DataError("is no file.", where=str(place), fix="sqlite:///path/to/file.db")
    try:
        with closing(driver.connect(f"{place.absolute().as_uri()}?mode=ro")) as connection:
            _fetch(connection, f"pragma busy_timeout = {WAIT_MS}")
            yield connection
    except (manager.Error, OSError, pa.ArrowException) as exc:
        raise _said(exc, place) from exc


def _fetch(connection: Any, statement: str) -> pa.Table:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return cursor.fetch_arrow_table()


def _said(exc: Exception, place: Path) -> DataError:
    said = str(exc).partition("\nquery:")[0]
    said = re.sub(r"^.*(Failed to \w+ query: |failed to open '[^']*': |\[SQLite\] )", "", said, flags=re.S).strip()
    if found := re.search(r"no such table: (\S+)", said):
        near = nearest(found[1], tables(place))
        return DataError(f"no such table: {found[1]}.", where=WHERE, fix=_known(near, tables(place)))
    fix, where = "see that the query runs: sqlite3 -readonly FILE", WHERE
    if "readonly" in said or "parameters" in said:
        fix = "one SELECT; a database is only read."
    elif "not a database" in said or "malformed" in said or "encrypted" in said:
        fix, where = "give a SQLite file; other files are named by their path alone.", str(place)
    elif "locked" in said or "busy" in said:
        fix, where = "again, once the program is done that writes to it.", str(place)
    elif "unable to open" in said or "memory" in said:
        fix, where = f"see that you may read it and write to its folder: ls -l {place}", str(place)
    return DataError(f"the query cannot be answered: {said}.", where=where, fix=fix)


def _known(near: str, known: list[str]) -> str:
    return f"did you mean {near!r}?" if near else f"one of: {', '.join(sorted(known)[:20])}."
