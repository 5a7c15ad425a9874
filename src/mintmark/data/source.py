"""Sources: a file, a folder of files, a database, a hub's or a built-in data set, as rows."""

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from mintmark.base.errors import DataError, nearest, unknown
from mintmark.base.url import masked
from mintmark.data import builtin, duck, hub, json_lines, query, running_text, sql, text_table
from mintmark.data.frame import from_frame, like_frame, to_rows
from mintmark.data.query import Query
from mintmark.data.rows import Rows, kind_of
from mintmark.data.text_table import Columns

__all__ = ["Options", "Read", "from_frame", "like_frame", "read"]

COMPRESSED = {".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip", ".7z": "7z x"}
COMPRESSED |= {".tar": "tar xf", ".tgz": "tar xzf", ".rar": "unrar x"}
SCHEMES = (*builtin.LIBRARIES, *sql.SCHEMES, "hub")
DATABASES = (".db", ".sqlite", ".sqlite3")
PATTERN = set("*?[")
FETCHED = ("http", "https", "ftp", "sftp", "s3", "gs", "az", "hdfs")


class Options(text_table.Options, Protocol):
    """The `[read]` table of a recipe."""

    @property
    def query(self) -> str: ...


@dataclass(frozen=True)
class Read:
    """How files are read; what is left empty is found out."""

    encoding: str = ""
    delimiter: str = ""
    missing: tuple[str, ...] = ()
    """further texts that mean missing, in every column"""
    text: tuple[str, ...] = ()
    """columns of a text table whose values are no numbers, such as codes with leading zeros"""
    bad_rows: Literal["stop", "skip"] = "stop"
    query: str = ""
    """one SELECT, that the database answers, or DuckDB where the data are files"""


def read(
    data: str, options: Options | None = None, folder: Path | None = None, txt: str = "table"
) -> tuple[Rows, list[str]]:
    """The rows of a file, a folder of files of one format, a query to a database or to files, a data set of a hub, or
    of `sklearn:NAME` or `statsmodels:NAME`, with a note for each treatment.

    `folder` is where a relative path begins; else the working directory. `txt` says what .txt files are: a "table", or
    running "text" that is cut into pieces.
    Raises: DataError: nothing there, not readable, not a table, or no rows; RecipeError: no query, or not one SELECT.
    """
    options = Read() if options is None else options
    asked = query.parse(options.query) if options.query.strip() else None
    columns, notes = _content(data, options, asked, folder or Path(), txt)
    rows = to_rows(columns)
    if not len(rows):
        if asked:
            raise DataError("the query gives no rows.", where=query.WHERE, fix="ask for more: see its where and joins.")
        raise DataError("no rows.", where=Path(data).name, fix="give at least one row.")
    return (query.in_order(rows, asked) if asked else rows), notes


def _content(data: str, options: Options, asked: Query | None, folder: Path, txt: str) -> tuple[Columns, list[str]]:
    scheme, colon, name = data.partition(":")
    if colon and scheme in builtin.LIBRARIES:
        return _asked(builtin.load(scheme, name).table(), asked, options)
    if colon and scheme == "hub":
        table, notes = hub.load(name)
        columns, said = _asked(table, asked, options)
        return columns, notes + said
    if scheme in sql.SCHEMES and name.startswith("//"):
        place = _found(data, sql.file(data, folder)) if scheme == "sqlite" else None
        return sql.read(data, asked, place, options)
    path = folder / data
    try:
        if asked:
            return duck.read(asked, _files(data, path, txt), options)
        path = _found(data, path)
        return _folder(path, options, txt) if path.is_dir() else _file(path, options, txt)
    except PermissionError:
        raise DataError("may not be read: permission denied.", where=str(path), fix=f"chmod u+r {path}") from None
    except OSError as exc:
        raise DataError(
            f"cannot be read: {exc}.", where=str(path), fix="see that it is a file on a sound disk."
        ) from exc


def _asked(table: pa.Table, asked: Query | None, options: Options) -> tuple[Columns, list[str]]:
    """The columns of a table at hand, or what the query makes of it."""
    if asked:
        return duck.over(asked, table, options)
    return dict(zip(table.column_names, table.columns, strict=True)), []


def _files(data: str, path: Path, txt: str) -> list[Path]:
    """The files that a query may read: one, those of a folder, or those of a pattern.

    Raises: DataError: there is none, or one of them is no table.
    """
    if PATTERN & set(data) and not path.exists():
        found = [Path(p) for p in sorted(glob.glob(str(path))) if Path(p).is_file()]
        if not found:
            raise DataError(f"no file is named like {data}.", where="data", fix='data = "2024-*.csv"')
    else:
        path = _found(data, path)
        found = _visible(path) if path.is_dir() else [path]
    for file in found:
        _packed(file)
        if _format(file, txt)[0] == "text":
            raise DataError(
                "is running text, which has no columns to ask for.", where=file.name, fix="no [read] query."
            )
    return found


def _found(data: str, path: Path) -> Path:
    """Raises: DataError: no such path (names the nearest file beside it)."""
    if not data.strip() or "\0" in data:
        raise DataError(f"{data!r} is no path.", where="data", fix='data = "table.csv"')
    try:
        if path.exists():
            return path
        if scheme := data.partition(":")[0] if ":" in data else "":
            _address(data, scheme)
        if not path.parent.is_dir():
            raise DataError(f"no such folder: {path.parent}.", where="data", fix=f"look where {path.name!r} lies.")
        beside = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    except PermissionError:
        raise DataError("may not be read: permission denied.", where=str(path), fix=f"ls -ld {path.parent}") from None
    except OSError as exc:  # a name too long, or a loop of links
        raise DataError(f"cannot be read: {exc.strerror}.", where=str(path)[:200], fix='data = "table.csv"') from None
    near = nearest(path.name, beside)
    fix = f"did you mean {near!r}?" if near else f"a file of {path.parent.absolute()}, or sklearn:breast_cancer."
    if PATTERN & set(data):
        fix = 'a folder, or a pattern with a query: [read] query = "select * from data"'
    raise DataError(f"no such file: {path}.", where="data", fix=fix)


def _address(data: str, scheme: str) -> None:
    """Raises: DataError: data are an address, or meant to be one, that nothing here reads."""
    near, shown = nearest(scheme, SCHEMES), masked(data)
    if scheme in SCHEMES and "://" not in data:
        fix = "sqlite:///path/to/file.db" if scheme == "sqlite" else f"{scheme}://user@host/database"
        raise DataError(f"{shown!r} is no address of a database.", where="data", fix=f'data = "{fix}"')
    if "://" in data and scheme in FETCHED:
        raise DataError(f"{shown!r} is an address; files are read from disk.", where="data", fix="download it first.")
    if scheme not in SCHEMES and (near or "://" in data):
        raise unknown("kind of data", scheme, SCHEMES, where="data", error=DataError)


def _file(path: Path, options: Options, txt: str) -> tuple[Columns, list[str]]:
    _packed(path)
    if not path.is_file():
        raise DataError("is neither a file nor a folder.", where=str(path), fix="save it as a file first.")
    return _format(path, txt)[1](path, options)


def _packed(path: Path) -> None:
    """Raises: DataError: a file that has to be opened in another way."""
    tool = COMPRESSED.get(path.suffix.lower())
    if tool:
        raise DataError("is compressed; it is not unpacked here.", where=path.name, fix=f"{tool} {path.name}")
    if path.suffix.lower() in DATABASES:
        fix = f'data = "sqlite:///{path}" and [read] query = "select * from ..."'
        raise DataError("is a database, and no table.", where=path.name, fix=fix)


def _parquet(path: Path, options: Options) -> tuple[Columns, list[str]]:
    if not path.stat().st_size:
        raise DataError("the file is empty.", where=path.name, fix="give a file with rows.")
    try:
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as exc:
        if isinstance(exc, PermissionError):
            raise
        fix = "save it again, or name it by the format that it has."
        raise DataError(f"not a sound Parquet file: {exc}", where=path.name, fix=fix) from exc
    names = table.column_names
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise DataError(f"column name {twice!r} occurs more than once.", where=path.name, fix="rename one of them.")
    columns = dict(zip(names, table.columns, strict=True))
    return {n: json_lines.without(c, options.missing) for n, c in columns.items()}, []


Reader = Callable[[Path, Any], tuple[Columns, list[str]]]
FORMATS: dict[str, tuple[str, Reader]] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), ("text table", text_table.read)),
    **dict.fromkeys((".parquet", ".pq"), ("Parquet", _parquet)),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), ("JSON", json_lines.read)),
}


def _format(path: Path, txt: str) -> tuple[str, Reader]:
    if txt == "text" and path.suffix.lower() == ".txt":
        return "text", running_text.read
    return FORMATS.get(path.suffix.lower(), (f"{path.suffix or path.name!r} file", text_table.read))


# --- folders ----------------------------------------------------------------------------------------------------------


def _folder(path: Path, options: Options, txt: str) -> tuple[Columns, list[str]]:
    """The rows of all files, by name; hidden files and folders within are left out."""
    files = _visible(path)
    formats = {_format(p, txt)[0]: p.name for p in reversed(files)}
    if len(formats) > 1:
        listed = ", ".join(f"{name} is a {kind}" for kind, name in sorted(formats.items(), key=lambda kv: kv[1])[:5])
        fix = "leave files of one format in the folder, or name one file."
        raise DataError(f"files of several formats: {listed}.", where=str(path), fix=fix)
    parts, notes = [], []
    for file in files:
        columns, found = _file(file, options, txt)
        parts.append(to_rows(columns).content)
        notes += found
    whole = {name: _one_type(name, [p.schema for p in parts], files) for name in _same_names(parts, files)}
    columns = {n: pa.chunked_array([c for p in parts for c in p[n].cast(t).chunks], t) for n, t in whole.items()}
    if "text" in formats:  # the files follow each other by name
        columns["at"] = pa.chunked_array([np.arange(sum(len(p) for p in parts))])
    return columns, notes


def _visible(path: Path) -> list[Path]:
    """The files of a folder by name, without hidden ones.   Raises: DataError: there is none."""
    files = sorted((p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")), key=lambda p: p.name)
    if not files:
        raise DataError("no file in this folder.", where=str(path), fix="put CSV, Parquet or JSON lines files there.")
    return files


def _same_names(parts: Sequence[pa.Table], files: Sequence[Path]) -> list[str]:
    """The columns, in the order of the first file.   Raises: DataError: a file has others."""
    first: list[str] = parts[0].column_names
    for part, file in zip(parts, files, strict=True):
        lacks, more = set(first) - set(part.column_names), set(part.column_names) - set(first)
        if lacks or more:
            said = [f"lacks {', '.join(map(repr, sorted(lacks)[:10]))}"] if lacks else []
            said += [f"adds {', '.join(map(repr, sorted(more)[:10]))}"] if more else []
            what = f"columns differ from those of {files[0].name}: {' and '.join(said)}."
            raise DataError(what, where=file.name, fix="give every file of the folder the same header line.")
    return first


def _one_type(name: str, schemas: Sequence[pa.Schema], files: Sequence[Path]) -> pa.DataType:
    """The type that holds the column of every file.   Raises: DataError: a file has another kind of value."""
    made, by = pa.null(), files[0]
    for schema, file in zip(schemas, files, strict=True):
        type_ = schema.field(name).type
        if pa.types.is_null(made) or {made, type_} in ({pa.int64(), pa.float64()}, {pa.string(), pa.large_string()}):
            made, by = (type_ if pa.types.is_null(made) or type_ in (pa.float64(), pa.large_string()) else made), file
        elif type_ != made and not pa.types.is_null(type_):
            what = f"column {name!r} is {kind_of(type_)} ({type_}), but {kind_of(made)} ({made}) in {by.name}."
            raise DataError(what, where=file.name, fix="make the column alike in all files of the folder.")
    return made
