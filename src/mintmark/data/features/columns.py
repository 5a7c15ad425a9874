"""Columns to numbers: what a table's columns must learn, and the same arithmetic for training and for one question.

Numbers and booleans stay what they are, text becomes a code (the most frequent first), a time becomes its parts.
Beyond ±1e30 a number is an overflow or a placeholder: it counts as missing, as infinity does. A missing value stays
missing where training had some; where it had none, it becomes the median.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import RecipeError, unknown
from mintmark.base.state import State
from mintmark.data.past import ASKED
from mintmark.data.rows import Rows, kind_of

Array = npt.NDArray[Any]
F64, I64, MICROSECONDS = pa.float64(), pa.int64(), pa.timestamp("us")
GONE, DAY = np.iinfo(np.int64).min, 86_400_000_000  # microseconds
BIG = 1e30
CELLS = 2**21
"""values that are read at a time"""
SAMPLE = 10_000
"""rows that medians are taken of"""
FEW = 64
"""rows below which a dictionary is faster than Arrow"""
NAMES_ROWS = re.compile(r"(?i)(^|_)(id|uuid|guid|index|rowid)$|^(unnamed: 0|__index_level_0__)$|[a-z]I[dD]$")
PARTS = ("year", "month", "day", "weekday", "hour", "seconds")
RECUR = ("month", "day", "weekday", "hour")


def learn(
    questions: Rows,
    *,
    leave: Mapping[str, str],
    time: str = "",
    categorical: Collection[str] = (),
    max_categories: int = 200,
) -> State:
    """Which columns are used, and how.

    leave: columns that are none of the features, with the reason; time: the column whose clock means nothing later on,
    so that only what recurs of it is used. facts["names"] are the features, facts["categorical"] the places of those
    that are codes, facts["left_out"] the columns that are not used, with the reason.
    Raises: RecipeError: `categorical` names no column, or one that cannot be read so.
    """
    _checked(questions, categorical)
    numbers: list[tuple[str, float, bool]] = []
    words: list[Any] = []
    codes: list[Any] = []
    times: list[Any] = []
    left_out, clocks = [], (time, ASKED) if time else ()
    for name, column in _columns(questions, leave):
        kind, why = kind_of(questions.schema.field(name).type), leave.get(name, "")
        if column is None or kind in ("binary", "list"):
            why = why or f"holds {'bytes' if kind == 'binary' else 'lists or tables'}, not single values"
        elif column.null_count == len(column):
            why = "has no values"
        elif kind == "text":
            why = _learn_words(name, column, max_categories, words)
        elif kind == "time":
            why = _learn_times(name, column, RECUR if name in clocks else PARTS, times)
        elif name in clocks:
            why = "is the clock of the rows, which means nothing later on"
        else:
            why = _learn_numbers(name, column, name in categorical, max_categories, numbers, codes)
        if why:
            left_out.append({"column": name, "why": why})
    parts = [(f"{t['name']}: {p}", t["median"][p], t["missing"]) for t in times for p in t["parts"]]
    plain = [*numbers, *parts]
    names = [n for n, _, _ in plain] + [c["name"] for c in [*words, *codes]]
    facts = {
        "numbers": [n for n, _, _ in numbers],
        "times": [{"name": t["name"], "parts": t["parts"]} for t in times],
        "words": words,
        "codes": codes,
        "names": names,
        "categorical": list(range(len(plain), len(names))),
        "left_out": left_out,
    }
    median = np.array([m for _, m, _ in plain], float)
    often = np.array([missing for _, _, missing in plain], bool)
    return State({"median": median, "fill": np.where(often, np.nan, median)}, facts)


def encode(state: State, questions: pa.RecordBatch) -> Array:
    """The features: numbers, parts of times, codes of categories; NaN where missing.   Shapes: (n, d)."""
    facts, n = state.facts, questions.num_rows
    fill = state.arrays["fill"]
    plain = len(fill)  # not by facts["categorical"], which may be of a selection
    numbers = _read_numbers(questions, facts["numbers"])
    x: Array = numbers
    if len(facts["names"]) > numbers.shape[1]:
        x = np.empty((n, len(facts["names"])))
        x[:, : numbers.shape[1]] = numbers
        made = _parts([questions.column(t["name"]) for t in facts["times"]])
        more = [made[part][:, j] for j, t in enumerate(facts["times"]) for part in t["parts"]]
        more += [_word_codes(c, questions.column(c["name"])) for c in facts["words"]]
        more += [_number_codes(c, floats(questions.column(c["name"]))) for c in facts["codes"]]
        for at, values in enumerate(more, numbers.shape[1]):
            x[:, at] = values
    some = x[:, :plain]
    fine = np.abs(some) <= BIG
    if not fine.all():
        x[:, :plain] = np.where(fine, some, fill)
    return x


# --- columns one by one -----------------------------------------------------------------------------------------------


def _columns(questions: Rows, leave: Collection[str]) -> Iterator[tuple[str, pa.ChunkedArray | None]]:
    """Each column with its values, but for those that are left; read a few at a time, so that little is copied."""
    width = max(1, CELLS // max(1, len(questions)))
    for at in range(0, len(questions.names), width):
        some = questions.names[at : at + width]
        table = questions.select([n for n in some if n not in leave]).table()
        yield from ((n, None if n in leave else table.column(n)) for n in some)


def _checked(questions: Rows, categorical: Collection[str]) -> None:
    for name in categorical:
        if name not in questions.names:
            raise unknown("column", name, questions.names, where="settings.categorical")
        kind = kind_of(questions.schema.field(name).type)
        if kind not in ("number", "boolean", "text", "nothing"):
            what = f"column {name!r} holds {kind} values, which cannot be read as categories."
            raise RecipeError(what, where="settings.categorical", fix="number columns only; text is read so anyway.")


def _learn_numbers(
    name: str, column: pa.ChunkedArray, categorical: bool, most: int, numbers: list[Any], codes: list[Any]
) -> str:
    """Adds the column to `numbers` or `codes`, or says why not."""
    x = floats(column)
    ok = np.abs(x) <= BIG
    missing = not ok.all()
    known = x[ok] if missing else x
    if not len(known):
        return "has no values"
    if categorical:
        values, counts = np.unique(known, return_counts=True)
        keep = _frequent(counts, most)
        if not len(keep) or len(values) == 1 and not missing:
            return "has one value" if len(values) == 1 else "never has the same value twice"
        rare = len(keep) if len(keep) < len(values) else None
        codes.append({"name": name, "values": values[np.sort(keep)].tolist(), "rare": rare})
        return ""
    if not missing and known.min() == known.max():
        return "has one value"
    if pa.types.is_integer(column.type) and _counts_rows(name, known):
        return "is a number for each row"
    step = max(1, len(known) // SAMPLE)
    numbers.append((name, _median(known[::step]), missing))
    return ""


def _median(x: Array) -> float:
    """As numpy's, of finite numbers, without what it checks: there may be thousands of columns.   Shapes: (n,)."""
    low, high = (len(x) - 1) // 2, len(x) // 2
    middle = np.partition(x, [low, high])
    return float((middle[low] + middle[high]) / 2)


def _counts_rows(name: str, x: Array) -> bool:
    """Every row has its own whole number, and the name says so or the numbers rise with hardly a gap."""
    rises = len(x) >= 20 and x.max() - x.min() < 2.5 * len(x) and (np.diff(x) > 0).all()
    return bool(rises or (len(x) >= 20 and NAMES_ROWS.search(name) and len(np.unique(x)) == len(x)))


def _learn_words(name: str, column: pa.ChunkedArray, most: int, words: list[Any]) -> str:
    """Adds the column to `words`, or says why not."""
    found = pc.value_counts(text_of(column).drop_null())
    values, counts = found.field("values"), found.field("counts").to_numpy()
    n = int(counts.sum())
    if len(counts) == 1 and n == len(column):
        return "has one value"
    if n >= 20 and len(counts) > 0.9 * n:
        return "hardly ever has the same text twice" + _like_numbers(values)
    keep = _frequent(counts, most)
    if not len(keep):
        return "never has the same text twice"
    kept = values.take(pa.array(keep)).to_pylist()
    rare = len(kept) if len(kept) < len(counts) else None
    words.append({"name": name, "codes": {v: i for i, v in enumerate(kept)}, "rare": rare})
    return ""


def often_new(column: pa.ChunkedArray) -> bool:
    """Whether a text hardly ever comes twice."""
    known = len(column) - column.null_count
    return bool(known >= 20 and pc.count_distinct(column).as_py() > 0.5 * known)


def _like_numbers(values: pa.Array) -> str:
    number = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
    some = values.slice(0, 1000).to_pylist()
    if sum(bool(number.fullmatch(v)) for v in some) < 0.9 * len(some):
        return ""
    odd = next((v for v in values.to_pylist() if not number.fullmatch(v)), None)
    return "" if odd is None else f"; most are numbers, but {odd[:30]!r} is not: name it in missing under [read]"


def _frequent(counts: Array, most: int) -> Array:
    """Places of the values that come at least twice, the most frequent first; equals in their order."""
    order = np.argsort(-counts, kind="stable")[:most]
    return order[counts[order] >= 2]


def _learn_times(name: str, column: pa.ChunkedArray, parts: tuple[str, ...], times: list[Any]) -> str:
    """Adds the parts that differ to `times`, or says why there are none."""
    made = _parts([column])
    some = {p: made[p][~np.isnan(made[p])] for p in parts}
    differ = [p for p in parts if some[p].min() < some[p].max()]
    if not differ:
        return "has one value" if parts is PARTS else "is the clock of the rows; nothing of it recurs"
    median = {p: float(np.median(some[p])) for p in differ}
    times.append({"name": name, "parts": differ, "median": median, "missing": column.null_count > 0})
    return ""


def _read_numbers(questions: pa.RecordBatch, names: list[str]) -> Array:
    """Shapes: (n, len(names)), an array of its own."""
    if not names or not questions.num_rows:
        return np.empty((questions.num_rows, len(names)))
    block = questions if questions.schema == _numbers_only(tuple(names)) else questions.select(names)
    if block is not questions and not set(block.schema.types) <= {F64, I64}:
        block = pa.RecordBatch.from_arrays([_asfloats(c) for c in block.columns], names=names)
    made: Array = block.to_tensor(null_to_nan=True).to_numpy()
    return made.astype(np.float64, copy=False)


@lru_cache(maxsize=64)
def _numbers_only(names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([(n, F64) for n in names])


def _asfloats(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column if column.type == F64 else column.cast(F64, safe=False)


def floats(column: Any) -> Array:
    """Shapes: (n,), NaN where missing."""
    return _numpy(_asfloats(column))


def text_of(column: Any) -> Any:
    return column if column.type == pa.string() else column.cast(pa.string())


def _word_codes(fact: dict[str, Any], column: Any) -> Array:
    """Shapes: (n,): the code of each text, that of rare ones where it is not known, NaN where missing."""
    codes, rare = fact["codes"], np.nan if fact["rare"] is None else fact["rare"]
    if len(column) <= FEW:
        return np.array([np.nan if v is None else codes.get(v, rare) for v in text_of(column).to_pylist()], float)
    known = pa.array(sorted(codes, key=codes.__getitem__), pa.string())
    made = _numpy(pc.index_in(text_of(column), value_set=known).cast(F64).fill_null(rare))
    return np.where(_numpy(column.is_null()), np.nan, made) if column.null_count else made


def _number_codes(fact: dict[str, Any], x: Array) -> Array:
    """Shapes: (n,): as for texts; the values of the fact ascend."""
    values, rare = np.array(fact["values"]), np.nan if fact["rare"] is None else fact["rare"]
    at = np.minimum(np.searchsorted(values, x), len(values) - 1)
    return np.where(np.abs(x) <= BIG, np.where(values[at] == x, at, rare), np.nan)


def _parts(columns: list[Any]) -> dict[str, Array]:
    """Parts of times, in UTC; Monday is 0, an hour has a fraction, seconds count from 1970.   Shapes: (n, columns)."""
    if not columns:
        return {}
    us = np.stack([microseconds(c) for c in columns], 1)
    days = us // DAY
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    since = months.astype(np.int64)
    made = {
        "year": since // 12 + 1970.0,
        "month": since % 12 + 1.0,
        "day": (dates - months.astype("datetime64[D]")).astype(np.int64) + 1.0,
        "weekday": (days + 3) % 7 + 0.0,
        "hour": (us - days * DAY) / 3.6e9,
        "seconds": us / 1e6,
    }
    gone = us == GONE
    return {p: np.where(gone, np.nan, v) for p, v in made.items()} if gone.any() else made


def microseconds(column: Any) -> Array:
    """Since 1970 of UTC, GONE where missing.   Shapes: (n,)."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type != MICROSECONDS:
        column = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
    whole = column.cast(pa.int64())
    return _numpy(whole.fill_null(GONE) if whole.null_count else whole)


def _numpy(column: Any) -> Array:
    made: Array = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    return made
