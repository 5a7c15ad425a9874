"""Sources: a file, a folder of files, or a built-in data set, as rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from mintmark.base.errors import DataError, nearest
from mintmark.data import builtin, json_lines, running_text, text_table
from mintmark.data.frame import from_frame, like_frame, to_rows
from mintmark.data.rows import Rows, kind_of
from mintmark.data.text_table import Columns, Options

__all__ = ["Options", "Read", "from_frame", "like_frame", "read"]

COMPRESSED = {".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip", ".7z": "7z x"}
COMPRESSED |= {".tar": "tar xf", ".tgz": "tar xzf", ".rar": "unrar x"}


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


def read(
    data: str, options: Options | None = None, folder: Path | None = None, txt: str = "table"
) -> tuple[Rows, list[str]]:
    """The rows of a file, of a folder of files of one format, or of `sklearn:NAME` or `statsmodels:NAME`, with a note
    for each treatment.

    `folder` is where a relative path begins; else the working directory. `txt` says what .txt files are: a "table", or
    running "text" that is cut into pieces.
    Raises: DataError: nothing there, not readable, not a table, or no rows.
    """
    library, colon, name = data.partition(":")
    if colon and library in builtin.LIBRARIES:
        return builtin.load(library, name), []
    options = Read() if options is None else options
    path = _found(data, (folder or Path()) / data)
    try:
        columns, notes = _folder(path, options, txt) if path.is_dir() else _file(path, options, txt)
    except PermissionError:
        raise DataError("may not be read: permission denied.", where=str(path), fix=f"chmod u+r {path}") from None
    except OSError as exc:
        raise DataError(
            f"cannot be read: {exc}.", where=str(path), fix="see that it is a file on a sound disk."
        ) from exc
    rows = to_rows(columns)
    if not len(rows):
        raise DataError("no rows.", where=path.name, fix="give at least one row.")
    return rows, notes


def _found(data: str, path: Path) -> Path:
    """Raises: DataError: no such path (names the nearest file beside it)."""
    if not data.strip() or "\0" in data:
        raise DataError(f"{data!r} is no path.", where="data", fix='data = "table.csv"')
    try:
        if path.exists():
            return path
        if "://" in data:
            raise DataError(
                f"{data!r} is an address; files are read from disk.", where="data", fix="download it first."
            )
        if not path.parent.is_dir():
            raise DataError(f"no such folder: {path.parent}.", where="data", fix=f"look where {path.name!r} lies.")
        beside = sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))
    except PermissionError:
        raise DataError("may not be read: permission denied.", where=str(path), fix=f"ls -ld {path.parent}") from None
    except OSError as exc:  # a name too long, or a loop of links
        raise DataError(f"cannot be read: {exc.strerror}.", where=str(path)[:200], fix='data = "table.csv"') from None
    near = nearest(path.name, beside)
    fix = f"did you mean {near!r}?" if near else f"a file of {path.parent.absolute()}, or sklearn:breast_cancer."
    raise DataError(f"no such file: {path}.", where="data", fix=fix)


def _file(path: Path, options: Options, txt: str) -> tuple[Columns, list[str]]:
    tool = COMPRESSED.get(path.suffix.lower())
    if tool:
        raise DataError("is compressed; it is not unpacked here.", where=path.name, fix=f"{tool} {path.name}")
    if not path.is_file():
        raise DataError("is neither a file nor a folder.", where=str(path), fix="save it as a file first.")
    return _format(path, txt)[1](path, options)


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
    files = sorted((p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")), key=lambda p: p.name)
    if not files:
        raise DataError("no file in this folder.", where=str(path), fix="put CSV, Parquet or JSON lines files there.")
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


def _same_names(parts: Sequence[pa.Table], files: Sequence[Path]) -> list[str]:
    """The columns, in the order of the first file.   Raises: DataError: a file has others."""
    first: list[str] = parts[0].column_names
    for part, file in zip(parts, files, strict=True):
        lacks, more = set(first) - set(part.column_names), set(part.column_names) - set(first)
        if lacks or more:
            said = [
                f"{verb} {', '.join(map(repr, sorted(s)[:10]))}" for verb, s in (("lacks", lacks), ("adds", more)) if s
            ]
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
