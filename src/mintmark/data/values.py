"""Values: columns of text that are really numbers or times, and what stands for a missing one."""

import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-")
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(inf|Inf|INF|infinity|Infinity)$"
COMMA = r"^[+-]?[\d.]*\d,\d+$"
GROUPED = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
CODE = r"^[\w-]*(\d[A-Za-z]|[A-Za-z]-?\d)[\w-]*$"  # letters and digits in one word, as in 85123A
WHOLE = r"^[+-]?\d+$"
DATE = r"^\d{4}(/|-|\.|年)|^\d{1,2}\.\d{1,2}\.\d{4}"  # dots: the day comes first
DAYS = ("%Y/%m/%d", "%Y-%m-%d", "%Y.%m.%d", "%Y年%m月%d日", "%d.%m.%Y")
MONTHS = ("%Y/%m", "%Y-%m", "%Y.%m", "%Y年%m月")
TIMES = tuple(day + time for day in DAYS for time in ("", " %H:%M", " %H:%M:%S")) + MONTHS
SAMPLE = 1000


def settle(column: pa.ChunkedArray, missing: Iterable[str], where: str) -> tuple[pa.ChunkedArray, list[str]]:
    """A text column as numbers (9 of 10 values are), as times (all are), or as text with null for what is blank.

    `missing` are further texts that mean missing. A note says what was treated.
    """
    absent = pa.array(sorted({*MISSING, *missing}), pa.string())
    sample = _present(column.take(pa.array(np.arange(0, len(column), len(column) // SAMPLE + 1))), absent)
    present, notes = None, []
    if _share(sample, NUMBER) >= 0.3 or len(sample) == sample.null_count:
        present = _present(column, absent)
        share, is_number = _share(present, NUMBER), pc.match_substring_regex(present, NUMBER)
        others = present.filter(pc.invert(is_number))
        codes = _share(others, CODE) > 0.5
        if share >= 0.9 and not codes:
            return _numbers(present, is_number, where)
        if share > 0.5:
            row, value = _first(present, is_number)
            what = f"{share:.0%} of the values are numbers, but row {row} is {value!r}; kept as text."
            fix = "" if codes else f" Try: [read] missing = [{_toml(value)}] if that means missing."
            notes = [f"{where}: {what}{fix}"]
    elif _share(sample, DATE) == 1:
        present = _present(column, absent)
        times = _times(present)
        if times.null_count == present.null_count:
            return times, []
    return absent_to_null(blank_to_null(column), missing), notes


def decimal_point(column: pa.ChunkedArray, where: str) -> tuple[pa.ChunkedArray, list[str]]:
    """A text column with 1.234,5 as 1234.5, where 9 of 10 values are such numbers and one at least has its comma."""
    sample = pc.utf8_trim_whitespace(column.take(pa.array(np.arange(0, len(column), len(column) // SAMPLE + 1))))
    sample = sample.filter(pc.invert(pc.is_in(sample, pa.array(MISSING, sample.type))))
    if not _share(sample, COMMA) or _share(sample, GROUPED) < 0.9:
        return column, []
    trimmed = pc.utf8_trim_whitespace(column)
    plain = pc.replace_substring(pc.replace_substring(trimmed, ".", ""), ",", ".")
    return pc.if_else(pc.match_substring_regex(trimmed, GROUPED), plain, column), [
        f"{where}: decimal commas were read."
    ]


def blank_to_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column without texts that are empty or white space only."""
    blank = pc.or_(pc.equal(pc.binary_length(column), 0), pc.utf8_is_space(column))
    return pc.if_else(blank, pa.scalar(None, column.type), column) if pc.any(blank).as_py() else column


def absent_to_null(column: pa.ChunkedArray, missing: Iterable[str]) -> pa.ChunkedArray:
    """A text column without these texts."""
    absent = pa.array(sorted(missing), column.type)
    return pc.if_else(pc.is_in(column, absent), pa.scalar(None, column.type), column) if len(absent) else column


def _present(column: pa.ChunkedArray, absent: pa.Array) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, absent.cast(column.type)), pa.scalar(None, column.type), trimmed)


def _share(present: pa.ChunkedArray, pattern: str) -> float:
    """The share of the values that fit, of those not missing."""
    return float(pc.mean(pc.match_substring_regex(present, pattern)).as_py() or 0)


def _first(present: pa.ChunkedArray, fits: pa.ChunkedArray) -> tuple[int, str]:
    """The first row, counted from 1, whose value does not fit."""
    row = pc.index(fits, False).as_py()
    return row + 1, present[row].as_py()[:60]


def _numbers(present: pa.ChunkedArray, is_number: pa.ChunkedArray, where: str) -> tuple[pa.ChunkedArray, list[str]]:
    values, notes = present, []
    if not pc.all(is_number).as_py():
        values = pc.if_else(is_number, present, pa.scalar(None, present.type))
        (row, value), bad = _first(present, is_number), values.null_count - present.null_count
        found = pc.unique(pc.filter(present, pc.invert(is_number))).to_pylist()[:3]
        what = f"{value!r} is not a number; {bad} of {len(present)} values treated as missing."
        listed = ", ".join(_toml(v[:60]) for v in found)
        notes = [f"{where}, row {row}: {what} Try: [read] missing = [{listed}] says the same without this note."]
    if pc.all(pc.match_substring_regex(values, WHOLE)).as_py():
        try:
            return pc.utf8_ltrim(values, "+").cast(pa.int64()), notes
        except pa.ArrowInvalid:
            pass  # beyond 64 bits
    return pc.utf8_ltrim(values, "+").cast(pa.float64()), notes


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _times(present: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times by the first form that fits each value; null where none does."""
    made = pa.chunked_array([pa.nulls(len(present), pa.timestamp("us"))])
    for form in TIMES:
        made = pc.coalesce(made, pc.strptime(present, format=form, unit="us", error_is_null=True))
        if made.null_count == present.null_count:
            break
    return made
