"""Scans: files as tables of DuckDB, read by the rules of our own readers where those can be followed block by block."""

import codecs
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mintmark.base.errors import DataError
from mintmark.base.need import need
from mintmark.data import encoding, text_table
from mintmark.data.text_table import Options
from mintmark.data.values import COMMA, GROUPED, MISSING, NUMBER, WHOLE

HEAD = 2**20
SAMPLE = 200_000  # rows from which types are found at first
TYPES = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR")  # DuckDB would take t and f for truths
TRUTH = "^(true|True|TRUE|false|False|FALSE)$"
READ = {"": "utf-8", "utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16", "iso8859-1": "latin-1"}
"""encodings that DuckDB reads, by Python's names"""


def together(connection: Any, files: Sequence[Path], options: Options, whole: bool, notes: list[str]) -> str:
    """A query for the rows of all files.   Raises: DataError: a file has other columns than the first."""
    made = [one(connection, p, options, whole, notes) for p in files]
    names = [[n for n, _ in _columns(connection, scan)] for scan in made]
    for path, has in zip(files, names, strict=True):
        if set(has) != set(names[0]):
            differ = ", ".join(map(repr, sorted(set(has) ^ set(names[0]))[:10]))
            what = f"its columns are not those of {files[0].name}: {differ}."
            fix = f"the same columns, or name the table: select ... from {path.stem}"
            raise DataError(what, where=path.name, fix=fix)
    return " union all by name ".join(made)


def one(connection: Any, path: Path, options: Options, whole: bool, notes: list[str]) -> str:
    """A query for the rows of a file."""
    if not path.stat().st_size:
        raise DataError("the file is empty.", where=path.name, fix="give a file with rows.")
    ending = path.suffix.lower()
    if ending in (".parquet", ".pq"):
        return _cleared(connection, f"select * from read_parquet({literal(place(path))})", options)
    if ending in (".jsonl", ".ndjson", ".json"):
        found = f"select * from read_json({literal(place(path))}, sample_size = -1)"
        return _cleared(connection, found, options)
    return _text(connection, path, options, whole, notes)


def place(path: Path) -> str:
    return str(path.absolute())


def named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as DuckDB writes it."""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(map(literal, value)) + "]"


def wrong_line(said: str, line: int, files: Sequence[Path]) -> DataError:
    """What DuckDB said of a line of a text table."""
    found = re.search(r"^\s*file = (.+)$", said, re.M)
    name = Path(found[1].strip()).name if found else files[0].name
    where = f"{name}: line {line}"
    if "utf-8" in said and "unicode" in said:
        fix = f"iconv -f gb18030 -t utf-8 {name} > new.csv, or -f with the encoding that it has."
        return DataError("is not UTF-8, and a query reads no other.", where=where, fix=fix)
    if found := re.search(r'converting column "(.+)"\. Could not convert string "(.*)" to \'(.+)\'', said):
        fix = f"try_cast({found[1]} as {found[3].lower()}) gives null there."
        return DataError(f"{found[2][:60]!r} is no {found[3]}.", where=f"{where}, column {found[1]!r}", fix=fix)
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said)
    if widths:
        what = f"has {widths[2]} fields, not {widths[1]} as the header line has."
        return DataError(what, where=where, fix='[read] bad_rows = "skip" leaves such rows out.')
    reason = " ".join(said.partition("Possible")[0].split("\n", 1)[-1].split())[:300]
    fix = "look at this line, and at quotation marks above it."
    return DataError(f"cannot be read: {reason}", where=where, fix=fix)


# --- text tables ------------------------------------------------------------------------------------------------------


def _text(connection: Any, path: Path, options: Options, whole: bool, notes: list[str]) -> str:
    text, written = _opened(path, options.encoding)
    layout = text_table.layout_of(text, options, notes)
    nulls = [n for n in ("", *text_table.BLANKS, *options.missing) if layout.delimiter not in n]
    form: dict[str, Any] = {
        "header": False, "skip": layout.line - 1, "delim": layout.delimiter, "quote": '"', "escape": '"',
        "encoding": written, "nullstr": nulls,
    }  # fmt: skip
    if options.bad_rows == "skip":
        form |= {"ignore_errors": True, "store_rejects": True}
    sample = form | {"names": layout.names, "auto_type_candidates": TYPES, "sample_size": -1 if whole else SAMPLE}
    types, dates = _types(connection, path, sample, options)
    loose, more = _types(connection, path, sample | {"nullstr": [*nulls, *MISSING]}, options)
    form |= {"auto_detect": False, "columns": dict.fromkeys(layout.names, "VARCHAR")}
    texts = [n for n in layout.names if loose[n] == "VARCHAR" and n not in options.text]
    casts = {n: _cast(n, loose[n], dates | more) for n in types if types[n] != loose[n]}
    casts |= _texts(connection, path, form, texts, layout.delimiter, whole)
    form |= {"columns": types | dict.fromkeys(casts, "VARCHAR")} | dates
    replaced = f" replace ({', '.join(f'{c} as {named(n)}' for n, c in casts.items())})" if casts else ""
    return f"select *{replaced} from {_call('read_csv', path, form)}"


def _cast(name: str, type_: str, dates: Mapping[str, str]) -> str:
    """A column of text as what it is, but for texts that mean missing in such a column and are words in others."""
    how = dates.get({"DATE": "dateformat", "TIMESTAMP": "timestampformat"}.get(type_, ""))
    return f"cast({f'strptime({_present(name)}, {literal(how)})' if how else _present(name)} as {type_})"


def _present(name: str) -> str:
    trimmed = f"trim({named(name)})"
    return f"case when {trimmed} in ({', '.join(map(literal, MISSING))}) then null else {trimmed} end"


def _texts(
    connection: Any, path: Path, form: Mapping[str, Any], texts: Sequence[str], delimiter: str, whole: bool
) -> dict[str, str]:
    """How columns of text are cast that are true and false, or numbers by our own rules: with blanks around them, or
    with decimal commas."""
    if not texts:
        return {}
    asked, patterns = [], (NUMBER, WHOLE, GROUPED, COMMA, TRUTH)
    for value in map(_present, texts):
        fits = (f"count(*) filter (regexp_full_match({value}, {literal(p)}))" for p in patterns)
        asked.append(f"[count({value}), {', '.join(fits)}]")
    limit = "" if whole else f" limit {SAMPLE}"
    scan = f"select * from {_call('read_csv', path, {k: v for k, v in form.items() if k != 'store_rejects'})}{limit}"
    (found,) = connection.execute(f"select {', '.join(asked)} from ({scan})").fetchall()
    casts = {}
    for name, (n, numbers, wholes, grouped, commas, truths) in zip(texts, found, strict=True):
        if n and truths == n:
            casts[name] = f"cast({_present(name)} as boolean)"
        elif n and numbers == n:
            casts[name] = f"cast({_present(name)} as {'bigint' if wholes == n else 'double'})"
        elif n and delimiter != "," and commas and grouped == n:
            casts[name] = f"cast(replace(replace({_present(name)}, '.', ''), ',', '.') as double)"
    return casts


def _opened(path: Path, asked: str) -> tuple[encoding.Text, str]:
    """The file's beginning as text, and DuckDB's name for what it is written in."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    for magic, (what, fix) in encoding.NOT_TEXT.items():
        if head.startswith(magic):
            raise DataError(f"is {what}, not a text table.", where=path.name, fix=fix)
    try:
        known = codecs.lookup(asked).name if asked else ""
    except LookupError:
        raise DataError(
            f"unknown encoding {asked!r}.", where="read.encoding", fix="utf-8, utf-16 or latin-1."
        ) from None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        known = "utf-16"
    if known not in READ:
        what = f"is {known}; a query reads UTF-8, UTF-16 and Latin-1."
        raise DataError(what, where=path.name, fix=f"iconv -f {known} -t utf-8 {path.name} > new.csv")
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    content = None if READ[known] == "utf-8" else head.decode(known, "ignore").encode()
    return encoding.Text(path, content, start, path.stat().st_size, 0), READ[known]


def _types(
    connection: Any, path: Path, form: Mapping[str, Any], options: Options
) -> tuple[dict[str, str], dict[str, str]]:
    """The type of each column, and how dates and times are written.

    A column is text where that was asked for, and where a date may be a day or a month.
    """
    columns, day, moment = _sniffed(connection, path, form)
    forms, types = {"DATE": day, "TIMESTAMP": moment}, {}
    for name, found in ((c["name"], c["type"]) for c in columns):
        doubtful = (how := forms.get(found) or "") and not how.startswith(("%Y", "%d.%m.%Y"))
        types[name] = "VARCHAR" if name in options.text or doubtful else found
    dates = {"dateformat": day, "timestampformat": moment}
    return types, {k: how for k, how in dates.items() if how}


def _sniffed(connection: Any, path: Path, form: Mapping[str, Any]) -> tuple[list[dict[str, str]], str, str]:
    """Name and type of each column, and how dates and times are written.   Raises: duckdb.Error: names the line."""
    sniffed = {k: v for k, v in form.items() if k != "store_rejects"}
    try:
        said = f"select Columns, DateFormat, TimestampFormat from {_call('sniff_csv', path, sniffed)}"
        ((columns, day, moment),) = connection.execute(said).fetchall()
    except need("duckdb").InvalidInputException:
        plain = {k: v for k, v in sniffed.items() if k not in ("names", "sample_size", "auto_type_candidates")}
        plain |= {"auto_detect": False, "columns": dict.fromkeys(form["names"], "VARCHAR")}
        connection.execute(f"select count(*) from {_call('read_csv', path, plain)}").fetchall()
        raise
    return columns, day, moment


def left_out(connection: Any, options: Options) -> list[str]:
    """A note for each file of which rows were left out."""
    known = "select count(*) from duckdb_tables() where table_name = 'reject_errors'"
    if options.bad_rows != "skip" or not connection.execute(known).fetchall()[0][0]:
        return []
    said = """select file_path, count(distinct line), min(line) from reject_errors
    join reject_scans using (scan_id, file_id) group by file_path order by file_path"""
    return [
        f"{Path(path).name}: {n} row{'s do' if n > 1 else ' does'} not have as many fields as the header line: "
        f"line {first}{', ...' if n > 1 else ''}; left out."
        for path, n, first in connection.execute(said).fetchall()
    ]


def _call(function: str, path: Path, form: Mapping[str, Any]) -> str:
    return f"{function}({literal(place(path))}, {', '.join(f'{k} = {literal(v)}' for k, v in form.items())})"


def _cleared(connection: Any, scan: str, options: Options) -> str:
    """The scan with null for texts that mean missing."""
    texts = [named(n) for n, type_ in _columns(connection, scan) if type_ == "VARCHAR"]
    if not texts or not options.missing:
        return scan
    absent = ", ".join(map(literal, options.missing))
    each = [f"case when {n} in ({absent}) then null else {n} end as {n}" for n in texts]
    return scan.replace("select *", f"select * replace ({', '.join(each)})", 1)


def _columns(connection: Any, scan: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in connection.execute(f"describe {scan}").fetchall()]
