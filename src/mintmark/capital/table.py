"""Columns of a small CSV file, as the calculators take them: whole, finite, or refused with file, column and row."""

import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import DataError, unknown

Array = npt.NDArray[Any]
MAX_BYTES = 64 * 1024 * 1024
DELIMITERS = (",", ";", "\t")


def columns(path: str | Path, names: Sequence[str], where: str, text: Sequence[str] = ()) -> dict[str, Array]:
    """The named columns of a CSV file in the order of its rows: numbers as float64, those of `text` as str.

    `where` says who asks, as "scaling_fit: csv". The first line holds the names; blank lines are left out; the
    delimiter is the comma, semicolon or tab that the first line has most of. UTF-8 with or without a mark, or GB18030.
    Shapes: each (n,), n at least 1.
    Raises: DataError: no such file or column, too large, a ragged row, a cell that is no finite number.
    """
    place = _place(path, where)
    head, rows = _rows(path, place)
    made: dict[str, Array] = {}
    for name in dict.fromkeys((*names, *text)):
        at = _find(head, name, place)
        cells = [row[at].strip() for row in rows]
        column = f"{place}: column {name!r}"
        made[name] = np.asarray(cells, dtype=str) if name in text else _numbers(cells, column)
    return made


def header(path: str | Path, where: str) -> list[str]:
    """The names of the columns of a CSV file.   Raises: DataError: no such file, too large, no names."""
    place = _place(path, where)
    return _read(_text(path, place), place, most=1)[0]


def _place(path: str | Path, where: str) -> str:
    return f"{where}: {Path(path).name}" if where else Path(path).name


def _rows(path: str | Path, place: str) -> tuple[list[str], list[list[str]]]:
    head, *rows = _read(_text(path, place), place)
    if not rows:
        raise DataError("has no rows.", where=place, fix="a row for each case below the names.")
    for i, row in enumerate(rows):
        if len(row) != len(head):
            what = f"has {len(row)} cells, the line of names has {len(head)}."
            raise DataError(what, where=f"{place}: row {i + 1}", fix="a cell for each name; quote cells with commas.")
    return head, rows


def _read(text: str, place: str, most: int | None = None) -> list[list[str]]:
    """The lines that are not blank, the names first; no more than `most`."""
    delimiter = max(DELIMITERS, key=text[: text.find("\n") + 1 or None].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = list(islice((line for line in reader if line), most))
    except csv.Error as exc:
        fix = "a plain table with a quote at both ends of a quoted cell."
        raise DataError(f"line {reader.line_num}: {exc}.", where=place, fix=fix) from None
    names = [name.strip() for name in lines[0]] if lines else []
    if not any(names):
        raise DataError("has no line of names.", where=place, fix="a first line with the names of the columns.")
    return [names, *lines[1:]]


def _text(path: str | Path, place: str) -> str:
    try:
        with Path(path).open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        said = getattr(exc, "strerror", None) or exc
        raise DataError(f"cannot be read: {said}.", where=place, fix="the path of a CSV file.") from None
    if len(content) > MAX_BYTES:
        what = f"is larger than {MAX_BYTES // 1024**2} MiB."
        raise DataError(what, where=place, fix="a sample of the rows, or only the columns that are needed.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError("is neither UTF-8 nor GB18030 text.", where=place, fix="save it as CSV in UTF-8.")


def _find(head: list[str], name: str, place: str) -> int:
    if name not in head:
        raise unknown("column", name, head, where=place, error=DataError)
    if head.count(name) > 1:
        raise DataError(f"column {name!r} is there {head.count(name)} times.", where=place, fix="one of each name.")
    return head.index(name)


def _numbers(cells: Sequence[str], column: str) -> Array:
    try:
        made = np.array([float(cell) for cell in cells])
    except ValueError:
        made = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~np.isfinite(made) | np.array(["_" in cell for cell in cells]))  # float() lets 1_000 pass
    if len(bad):
        cell = cells[bad[0]]
        what = f"{cell[:40]!r} is not a number." if cell.strip() else "is empty."
        fix = "a number with a point for the decimals and nothing else in each cell, or leave the row out."
        raise DataError(what, where=f"{column}, row {bad[0] + 1}", fix=fix)
    return made


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
