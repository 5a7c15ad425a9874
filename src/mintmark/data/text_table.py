"""Text tables (CSV, TSV and their like): delimiter, header and types are found, and bad rows are named by line."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa
import pyarrow.csv as arrow_csv

from mintmark.base.errors import DataError
from mintmark.data import encoding
from mintmark.data.values import MISSING, absent_to_null, decimal_point, settle

DELIMITERS = (",", ";", "\t", "|")
NONE = "\x1f"  # one column: a character that no text holds
OWN = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
BLANKS = tuple(" " * n for n in range(1, 9)) + ("\t",)
FIRST_BLOCK, LAST_BLOCK = 2**20, 2**30
LARGE = 2**25  # bytes above which types are looked for in the first block: inference keeps all the text in memory
LONGEST_FIELD = 2**31 - 1
Columns = dict[str, pa.ChunkedArray]


class Options(Protocol):
    """The `[read]` table of a recipe."""

    @property
    def encoding(self) -> str: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def missing(self) -> Sequence[str]: ...
    @property
    def bad_rows(self) -> Literal["stop", "skip"]: ...
    @property
    def text(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Layout:
    """What is known of a text table before its values are read."""

    text: encoding.Text
    delimiter: str
    names: list[str]
    at: int
    """where the rows begin: a place in the file"""
    line: int
    """the line at which the rows begin, counted from 1"""

    @property
    def name(self) -> str:
        return self.text.path.name


def read(path: Path, options: Options) -> tuple[Columns, list[str]]:
    """The columns of a text table and a note for each treatment.   Raises: DataError: says the line where it can."""
    text, notes = encoding.find(path, options.encoding)
    layout = layout_of(text, options, notes)
    table = _table(layout, options, notes)
    if not table.num_rows:
        raise DataError("only a header line, no rows.", where=layout.name, fix="give a file with at least one row.")
    columns = dict(zip(layout.names, table.columns, strict=True))
    clock = [n for n, c in columns.items() if pa.types.is_time(c.type)]
    if clock:  # times of the day have no kind of their own: as they are written
        columns |= dict(zip(clock, _parse(layout, options, texts=clock)[0].columns, strict=True))
    del table
    for name, column in columns.items():
        if name in options.text:
            columns[name] = absent_to_null(column, options.missing)
        elif pa.types.is_string(column.type):
            where = f"{layout.name}: column {name!r}"
            if layout.delimiter != ",":
                column, found = decimal_point(column, where)
                notes += found
            columns[name], found = settle(column, options.missing, where)
            notes += found
    return columns, notes


# --- delimiter and header ---------------------------------------------------------------------------------------------


def layout_of(text: encoding.Text, options: Options, notes: list[str]) -> Layout:
    size = 2**16
    while True:
        head = text.head(size)
        whole = len(head) < size
        delimiter = _delimiter(text, head, whole, options.delimiter)
        header, used, lines = _header(head, delimiter)
        if whole or used < len(head):
            break
        size *= 8
    if not header:
        raise DataError("the file is empty.", where=text.path.name, fix="give a file with a header line and rows.")
    return Layout(text, delimiter, _names(header, text.path.name, lines, notes), text.start + used, lines + 1)


def _delimiter(text: encoding.Text, head: bytes, whole: bool, asked: str) -> str:
    """The one asked for, else the one that most lines have as often as the first line does, else none."""
    lines = head.decode("utf-8", "ignore").splitlines(keepends=True)
    lines = (lines if whole or len(lines) < 2 else lines[:-1])[:200]
    widths = {d: [len(r) for r in _records(iter(lines), d) if r] for d in DELIMITERS}
    found = _agreed(widths, OWN.get(text.path.suffix.lower(), ""))
    if not asked:
        return found or NONE
    asked = {"\\t": "\t", "tab": "\t"}.get(asked, asked)
    if len(asked) != 1 or not asked.isascii() or asked in '"\r\n':
        fix = '"," or ";" or "\\t" or "|".'
        raise DataError(f"delimiter {asked!r} is not one character.", where="read.delimiter", fix=fix)
    if found and widths[found][0] > 1 and all(len(r) == 1 for r in _records(iter(lines[:1]), asked)):
        what = f"delimiter {asked!r} is not in the header line; {found!r} gives {widths[found][0]} columns."
        raise DataError(what, where=text.path.name, fix=f"[read] delimiter = {found!r}, or leave it out.")
    return asked


def _agreed(widths: dict[str, list[int]], own: str) -> str:
    """The delimiter that gives lines of one width; `own` is the one that the file's name speaks for."""
    shares = {d: w.count(w[0]) / len(w) for d, w in widths.items() if w and w[0] > 1}
    best = max(shares, key=lambda d: (shares[d] >= 0.9, d == own, shares[d] * widths[d][0]), default="")
    if best and (shares[best] > 0.5 or best == own):
        return best
    if own in shares:
        return own
    for delimiter, w in widths.items():  # a first line of another width: a title, or a header line that lacks names
        if len(w) > 2 and w[1] > 1 and w[1:].count(w[1]) >= 0.9 * (len(w) - 1):
            return delimiter
    return ""


def _header(head: bytes, delimiter: str) -> tuple[list[str], int, int]:
    """The first record that is not blank, and the bytes and lines up to its end."""
    used = 0

    def lines() -> Iterator[str]:
        nonlocal used
        for line in head.splitlines(keepends=True):
            used += len(line)
            yield line.decode("utf-8", "ignore")

    reader = csv.reader(lines(), delimiter=delimiter)
    with _long_fields():
        for record in reader:
            if any(field.strip() for field in record):
                return record, used, reader.line_num
    return [], used, 0


def _names(header: list[str], file: str, line: int, notes: list[str]) -> list[str]:
    """Column names: blanks around them removed, empty ones named, the same name twice refused."""
    where, names = f"{file}: line {line}", [n.strip() for n in header]
    unnamed = [i for i, n in enumerate(names) if not n]
    for i in unnamed:
        names[i] = f"col_{i + 1}"
    if unnamed:
        listed = ", ".join(names[i] for i in unnamed[:5]) + (" ..." if len(unnamed) > 5 else "")
        notes.append(f"{where}: {len(unnamed)} columns have no name; called {listed}.")
    elif [n for n in header] != names:
        notes.append(f"{where}: blanks around column names removed.")
    figures = all(_is_number(n) for n in header)
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        places = " and ".join(str(i + 1) for i, n in enumerate(names) if n == twice)
        like_data = any(_is_number(n) or len(n) > 60 for n in header)
        fix = "add a header line: this one looks like data." if like_data else "give each column its own name."
        raise DataError(f"column name {twice!r} occurs more than once (columns {places}).", where=where, fix=fix)
    if figures:
        notes.append(f"{where}: the header line is all numbers. Try: add a line of column names if it is data.")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- rows -------------------------------------------------------------------------------------------------------------


def _table(layout: Layout, options: Options, notes: list[str]) -> pa.Table:
    """All rows, each of the right width; a quotation mark that pairs with none is a character like others."""
    try:
        table = _parse(layout, options)[0]
    except pa.ArrowInvalid as exc:
        table = None
        if "columns, got" not in str(exc):
            fix = "look for a quotation mark that is never closed."
            raise DataError(f"cannot be read as a table: {exc}", where=layout.name, fix=fix) from exc
    if layout.text.quotes and (table is None or table.num_rows < _lines(layout)):
        plain = _plain(layout, options) if len(layout.names) > 1 else None
        if plain is not None and (table is None or plain.num_rows > table.num_rows) and not _is_strict(layout):
            notes.append(f"{layout.name}: quotation marks do not pair up; taken as characters like others.")
            return plain
        if table is not None and layout.text.quotes % 2:
            _check_closed(layout)
    return table if table is not None else _without_bad(layout, options, notes)


def _parse(
    layout: Layout, options: Options, *, quotes: bool = True, skip: bool = False, texts: Sequence[str] = ()
) -> tuple[pa.Table, int]:
    """The table as Arrow reads it, with the number of rows skipped; with `texts`, these columns only, as text.

    Raises: pa.ArrowInvalid: a row of another width.
    """
    skipped = 0

    def leave_out(row: arrow_csv.InvalidRow) -> str:
        nonlocal skipped
        skipped += 1
        return "skip"

    parsing = arrow_csv.ParseOptions(
        delimiter=layout.delimiter,
        quote_char='"' if quotes else False,
        newlines_in_values=quotes and layout.text.quotes > 0,
        invalid_row_handler=leave_out if skip else None,
    )
    values = arrow_csv.ConvertOptions(
        check_utf8=False,
        null_values=[*MISSING, *BLANKS, *options.missing],
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
        include_columns=list(texts) or None,
        column_types=(forced := dict.fromkeys({*texts, *options.text} & set(layout.names), pa.string())),
    )
    block = min(FIRST_BLOCK * max(1, len(layout.names) // 100), 2**25)  # wide tables: fewer, larger pieces
    if layout.text.size - layout.at > LARGE and not texts:
        values.column_types = _types(layout, parsing, values, FIRST_BLOCK) | forced
    while layout.at < layout.text.size:
        reading, skipped = arrow_csv.ReadOptions(column_names=layout.names, block_size=block), 0
        try:
            with layout.text.open(layout.at) as stream:
                return arrow_csv.read_csv(stream, reading, parsing, values), skipped
        except pa.ArrowInvalid as exc:
            if "Empty CSV" in str(exc):
                break
            if "conversion error" in str(exc):  # types of the first block that do not hold further on
                values.column_types = forced
            elif "straddl" in str(exc) and block < LAST_BLOCK:  # a row is longer than a block
                block = min(8 * block, LAST_BLOCK)
            else:
                raise
    return pa.table({n: pa.nulls(0) for n in layout.names}), 0


def _types(
    layout: Layout, parsing: arrow_csv.ParseOptions, values: arrow_csv.ConvertOptions, block: int
) -> dict[str, pa.DataType]:
    """The types of the first block, where a column has values there; none if a row is longer than the block."""
    reading = arrow_csv.ReadOptions(column_names=layout.names, block_size=block, use_threads=False)
    try:
        with layout.text.open(layout.at) as stream, arrow_csv.open_csv(stream, reading, parsing, values) as first:
            return {f.name: f.type for f in first.schema if not pa.types.is_null(f.type)}
    except pa.ArrowInvalid:
        return {}


def _plain(layout: Layout, options: Options) -> pa.Table | None:
    """The table with quotation marks as characters like others, where every line then has the right width."""
    try:
        return _parse(layout, options, quotes=False)[0]
    except pa.ArrowInvalid:
        return None


def _is_strict(layout: Layout) -> bool:
    """Whether every quotation mark that opens a value is closed at the end of it."""
    with layout.text.open(layout.at) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as lines, _long_fields():
        try:
            return all(True for _ in csv.reader(lines, delimiter=layout.delimiter, strict=True))
        except csv.Error:
            return False


def _without_bad(layout: Layout, options: Options, notes: list[str]) -> pa.Table:
    table, bad = _parse(layout, options, skip=True)
    width = len(layout.names)
    first = _bad_lines(layout, 5)
    listed = ", ".join(f"line {line} has {found}" for line, found in first) + (", ..." if bad > len(first) else "")
    rows = "1 row does" if bad == 1 else f"{bad} rows do"
    what = f"{rows} not have {width} fields as the header line does: {listed}"
    if options.bad_rows == "skip" and table.num_rows:
        notes.append(f"{layout.name}: {what}; left out.")
        return table
    fix = '[read] bad_rows = "skip" leaves them out.'
    if not table.num_rows:
        fix = f"see that line {layout.line - 1} is the header line and names every column, and which delimiter is used."
    raise DataError(what + ".", where=layout.name, fix=fix)


def _bad_lines(layout: Layout, most: int) -> list[tuple[int, int]]:
    """The first lines of the wrong width, and the number of fields found there."""
    found: list[tuple[int, int]] = []
    for line, record in _numbered(layout):
        if record and len(record) != len(layout.names):
            found.append((line, len(record)))
            if len(found) == most:
                break
    return found


def _check_closed(layout: Layout) -> None:
    """Raises: DataError: the last row runs to the end of the file inside quotation marks."""
    last, end = layout.line, "\x01"
    for line, record in _numbered(layout, end):
        if record == [end]:
            return
        last = line
    what = "a quotation mark is opened and never closed, so that all lines after it are one value."
    raise DataError(
        what, where=f"{layout.name}: line {last}", fix='close it, or double it ("") where it is a character.'
    )


def _numbered(layout: Layout, end: str = "") -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts at."""
    with layout.text.open(layout.at) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as lines:
        line, step = layout.line, 0

        def counted() -> Iterator[str]:
            nonlocal step
            for text in lines:
                step += 1
                yield text
            if end:
                yield "\n"
                yield end

        for record in _records(counted(), layout.delimiter):
            yield line, record
            line = layout.line + step


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    with _long_fields():
        yield from csv.reader(lines, delimiter=delimiter)


class _long_fields:
    """The csv module's limit on the length of a field, lifted for a while."""

    def __enter__(self) -> None:
        self.before = csv.field_size_limit(LONGEST_FIELD)

    def __exit__(self, *_: object) -> None:
        csv.field_size_limit(self.before)


def _lines(layout: Layout) -> int:
    """How many lines there are after the header, blank ones included."""
    with layout.text.open(layout.at) as stream:
        count, last = 0, b"\n"
        while block := stream.read(encoding.BLOCK):
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")
