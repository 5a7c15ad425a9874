"""DuckDB: a query over files that may be larger than memory, in a bounded part of it; only the answer is held."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.base.need import need
from mintmark.data import query, scan
from mintmark.data.query import WHERE, Query
from mintmark.data.text_table import Columns, Options

TABLE = "data"
MEMORY = "50%"
"""of what the machine has; what needs more is laid in a temporary folder"""
UNSEEDED = r'"method":"(System|Bernoulli)"[^{}]*"seed":-1\b'
CLOSED = {
    "threads": 1,  # so that sums of floats, samples and random() are the same each time
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # a name in a query is no variable of this program
}


def read(asked: Query, files: Sequence[Path], options: Options, memory: str = MEMORY) -> tuple[Columns, list[str]]:
    """What the query gives over files, and a note for each treatment; no other file can be read.

    All files together are the table `data`, and each is one by its own name without the ending.
    Raises: DataError: a file that cannot be read, or a query that cannot be answered; MissingExtra.
    """
    with _opened(memory, files) as connection:
        if options.bad_rows == "stop":
            try:  # types from the beginning of each file; where they do not hold further on, from all of it
                return _read(connection, asked, files, options, whole=False)
            except need("duckdb").ConversionException:
                pass
        return _read(connection, asked, files, options, whole=True)


def over(asked: Query, table: pa.Table, options: Options, memory: str = MEMORY) -> tuple[Columns, list[str]]:
    """What the query gives over a table at hand, which it calls `data`, and a note for each treatment."""
    with _opened(memory, ()) as connection:
        connection.register(TABLE, table)
        return _answer(connection, asked, options)


def _read(
    connection: Any, asked: Query, files: Sequence[Path], options: Options, whole: bool
) -> tuple[Columns, list[str]]:
    notes: list[str] = []
    for name, of in _tables(files).items():
        if name.lower() in asked.text.lower():
            view = scan.together(connection, of, options, whole, notes)
            connection.execute(f"create or replace view {scan.named(name)} as {view}").fetchall()
    made, said = _answer(connection, asked, options)
    return made, [*dict.fromkeys(notes), *scan.left_out(connection, options), *said]


def _tables(files: Sequence[Path]) -> dict[str, Sequence[Path]]:
    return {p.stem: [p] for p in files} | {TABLE: files}


def _answer(connection: Any, asked: Query, options: Options) -> tuple[Columns, list[str]]:
    (statement,) = connection.extract_statements(asked.text)
    if statement.type.name != "SELECT":
        raise RecipeError(f"must be a SELECT, is {statement.type.name}.", where=WHERE, fix=query.SAMPLE)
    said = connection.execute("select json_serialize_sql(?)", [asked.text]).fetchall()[0][0]
    if re.search(UNSEEDED, said):
        what = "a share of the rows is another each time without a number to begin from."
        raise RecipeError(what, where=WHERE, fix="using sample 10% (bernoulli, 42)")
    connection.execute("select setseed(0)").fetchall()
    return query.columns(connection.sql(asked.text).to_arrow_table(), options)


@contextmanager
def _opened(memory: str, files: Sequence[Path]) -> Iterator[Any]:
    """A database in memory that can read these files and no other, and its errors in our words."""
    duckdb = need("duckdb", extra="duckdb")
    with tempfile.TemporaryDirectory(prefix="mintmark-") as folder:
        settings = CLOSED | {"memory_limit": memory, "temp_directory": folder}
        with closing(duckdb.connect(":memory:", config=settings)) as connection:
            for setting in (
                "enable_progress_bar = false",  # it would be written to standard output
                f"allowed_paths = {scan.literal([scan.place(p) for p in files])}",
                "enable_external_access = false",
                "lock_configuration = true",
            ):
                connection.execute(f"set {setting}").fetchall()
            try:
                yield connection
            except duckdb.Error as exc:
                raise _said(exc, duckdb, files) from exc


def _said(exc: Exception, duckdb: Any, files: Sequence[Path]) -> DataError:
    """DuckDB's error in our words: of its message the first paragraph, without its own name for it."""
    text = str(exc)
    what = " ".join(re.sub(r"^[\w ]+ Error: ", "", text.partition("\n\n")[0]).split())[:400].rstrip(".") + "."
    if found := re.search(r"Table with name (\S+) does not exist", text):
        error = unknown("table", found[1].strip('"'), _tables(files), where=WHERE, error=DataError)
        return DataError(error.what, where=WHERE, fix=error.fix)
    if isinstance(exc, duckdb.PermissionException):
        fix = 'the files of one query in one folder: data = "folder/", and each is a table by its name.'
        return DataError("the query reads what `data` does not name.", where=WHERE, fix=fix)
    if isinstance(exc, duckdb.OutOfMemoryException):
        what = f"its work does not fit into the memory that it may use: {what}"
        fix = "fewer columns or rows, or more room in TMPDIR, where it lays the rest."
        return DataError(what, where=WHERE, fix=fix)
    if found := re.search(r"CSV Error on Line: (\d+)", text):
        return scan.wrong_line(text, int(found[1]), files)
    if of := next((p.name for p in files if p.name in what), ""):
        fix = "save it again, or name it by the format that it has."
        return DataError(f"cannot be read: {what}", where=of, fix=fix)
    fix = "the SQL of DuckDB; its table is `data`."
    return DataError(f"the query cannot be answered: {what}", where=WHERE, fix=fix)
