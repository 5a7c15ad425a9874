"""Leaks: columns that know the answer, as no column can at the moment of the question; and rows that do."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.past import ASKED
from mintmark.data.rows import Rows, kind_of
from mintmark.numerics import metrics

Array = npt.NDArray[Any]
ROWS = 20_000
"""read of larger tables, drawn at random"""
LEAST = 30
COPY, ALONE = 0.995, 0.985
"""share of rows in which a column must agree with the target to be its copy; area under the curve, on rows that the
direction was not chosen on, from which a single column knows too much"""
NAMED = re.compile(r"(?i)(^|[_\W])(id|uuid|guid|hash|email|e-mail|phone|iban|ssn|token|key|no|nr)($|[_\W])|[a-z]I[dD]$")
AFTER = 0.9
MOSTLY, FEW = 0.05, 0.02
"""share of missing values up to which a column may be a copy; share of rows from which a difference is looked at"""
NUMBERS = ("number", "boolean", "time")
CELLS = 2**20
"""values that are ranked at a time"""


@dataclass(frozen=True)
class Suspect:
    """A column or a group of rows that may know the answer."""

    column: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"leak? column {self.column!r} {self.why}. Try: {self.fix}"


def suspects(questions: Rows, truth: Rows, kind: str, time: str = "", seed: int = 0) -> list[Suspect]:
    """What an honest column hardly ever does, on rows that are not test; nothing is left out by itself.

    A column that is the target under another name; one that is there or missing as the target is, as what is written
    down after the event; dates that lie after the row's own time for one answer alone; a single column that tells the
    answer all but surely; identifiers; and values that come again and again with one answer each, where that is more
    than chance.   Cost: O(columns x rows log rows) of at most 20,000 rows.
    """
    n = len(questions)
    if n < LEAST or kind not in ("classes", "number"):
        return []
    rng = np.random.default_rng(seed)
    ids = np.arange(n) if n <= ROWS else np.sort(rng.choice(n, ROWS, replace=False))
    table, aim = questions.take(ids).table(), truth.take(ids).table().column(0)
    y = _codes(aim) if kind == "classes" else _floats(aim)
    seen = _Seen(table, aim, y, kind, rng.permutation(len(ids)) % 2 == 0, time)
    found: list[Suspect] = []
    names = [f.name for f in table.schema if f.name != ASKED and kind_of(f.type) not in ("binary", "list")]
    width = max(1, CELLS // len(ids))
    for at in range(0, len(names), width):
        some = names[at : at + width]
        read = [n for n in some if kind_of(table.schema.field(n).type) in NUMBERS]
        x = {n: _floats(table[n]) for n in read}
        strong = dict(zip(read, seen.strengths(np.stack(list(x.values()), 1)), strict=True)) if read else {}
        found += [s for n in some if (s := _column(n, seen, x.get(n), float(strong.get(n, 0.0))))]
    return found


@dataclass(frozen=True)
class _Seen:
    """What every column is held against."""

    table: pa.Table
    aim: pa.ChunkedArray
    y: Array
    """(n,): codes of classes, -1 unknown; or numbers"""
    kind: str
    half: Array
    """(n,): rows on which directions are chosen, and rows on which they must hold"""
    time: str

    def strengths(self, x: Array) -> Array:
        """How well each column alone tells the answer, 0.5 to 1.   Shapes: x (n, d); made (d,)."""
        return _tells(x, self.y, self.half) if self.kind == "classes" else _same_order(x, self.y, self.half)

    def tells(self, x: Array) -> float:
        """The same of one column.   Shapes: (n,)."""
        return float(self.strengths(x[:, None])[0])


def _column(name: str, seen: _Seen, x: Array | None, strong: float) -> Suspect | None:
    """x: the values as numbers, if they can be read so; strong: how well they tell the answer."""
    values, y, kind = seen.table[name], seen.y, seen.kind
    out = f'settings.ignore = ["{name}"], unless it is known when the question is asked.'
    what, gone = kind_of(values.type), values.null_count / len(y)
    if gone == 1:
        return None
    if gone <= MOSTLY and _copies(values, x, seen, what):
        return Suspect(name, "is the target under another name", f'settings.ignore = ["{name}"].')
    if kind == "classes" and FEW < gone < 1 - FEW and seen.tells(values.is_null().to_numpy().astype(float)) >= ALONE:
        why = "is missing for one answer and there for the other, as what is written down after the event"
        return Suspect(name, why, out)
    if kind == "classes" and what == "time" and _late(values, seen):
        return Suspect(name, "lies after the row's own time for one answer, and not for the other", out)
    if x is not None:
        if _identifies(name, values, x):
            return Suspect(name, "is a number of its own for each row", f'[columns] id = "{name}"')
        if strong >= ALONE and _enough(y, kind, seen.table.num_columns, strong):
            return Suspect(name, f"alone tells the answer almost surely ({strong:.3f} of at most 1)", out)
    return _words(name, values, seen, out) if what == "text" else None


def _late(values: Any, seen: _Seen) -> bool:
    """Whether dates after the row's own time tell the answer."""
    table, time = seen.table, seen.time
    if time not in table.column_names or kind_of(table.schema.field(time).type) != "time":
        return False
    own, clock = values.cast(pa.timestamp("us")), table[time].cast(pa.timestamp("us"))
    after = pc.fill_null(pc.greater(own, clock), False).to_numpy().astype(float)
    return bool(FEW < after.mean() < 1 - FEW and seen.tells(after) >= AFTER)


def _words(name: str, values: Any, seen: _Seen, out: str) -> Suspect | None:
    """Texts: identifiers, categories that tell all, and entities whose answer is always the same."""
    codes, y, n = _codes(values), seen.y, len(seen.y)
    distinct = len(np.unique(codes[codes >= 0]))
    known = int((codes >= 0).sum())
    if known and distinct == known and NAMED.search(name):
        return Suspect(name, "is a name of its own for each row", f'[columns] id = "{name}"')
    if seen.kind != "classes" or distinct < 2:
        return None
    if distinct <= max(50, n // 50):
        strength = seen.tells(_share(codes, y, seen.half))
        if strength >= ALONE:
            return Suspect(name, f"alone tells the answer almost surely ({strength:.3f} of at most 1)", out)
    elif distinct < 0.7 * known:
        again = _alike(codes, y)
        if again:
            return Suspect(name, again, f'[columns] group = "{name}", so that rows of one stay on one side.')
    return None


def _copies(values: Any, x: Array | None, seen: _Seen, what: str) -> bool:
    """Whether each value goes with one answer and each answer with one value, or the numbers lie on a line."""
    y = seen.y
    if seen.kind == "number":
        if x is None or what == "time":
            return False
        fine = np.isfinite(x) & np.isfinite(y)
        if fine.sum() < LEAST or np.ptp(x[fine]) == 0 or np.ptp(y[fine]) == 0:
            return False
        return bool(abs(np.corrcoef(x[fine], y[fine])[0, 1]) > 0.99999)
    k = len(np.unique(y[y >= 0]))
    if k < 2 or x is not None and len(np.unique(x)) > k + 1:
        return False
    codes = _codes(values)
    if len(np.unique(codes[codes >= 0])) != k:
        return False
    pair, count = np.unique(codes.astype(np.int64) * (y.max() + 1) + y, return_counts=True)
    top = np.argsort(-count)[:k]
    one_to_one = len(np.unique(pair[top] % (y.max() + 1))) == len(np.unique(pair[top] // (y.max() + 1))) == k
    return bool(one_to_one and count[top].sum() >= COPY * len(y))


def _identifies(name: str, values: Any, x: Array) -> bool:
    """Whole numbers, a new one in each row, of a column that is named so."""
    if not pa.types.is_integer(values.type) or not NAMED.search(name):
        return False
    fine = x[np.isfinite(x)]
    return len(fine) >= LEAST and len(np.unique(fine)) == len(fine)


def _tells(x: Array, y: Array, half: Array) -> Array:
    """Area under the curve of the best class against the rest, in the direction found on the other half of the rows;
    a missing value counts as the lowest.   Shapes: x (n, d), y and half (n,); made (d,)."""
    best, score = np.full(x.shape[1], 0.5), np.where(np.isfinite(x), x, -np.inf)
    classes = np.unique(y[y >= 0])
    for c in classes[1:] if len(classes) == 2 else classes:
        hit = y == c
        if any(not 3 <= hit[part].sum() <= part.sum() - 3 for part in (half, ~half)):
            continue
        one, other = (metrics.areas(score[part], hit[part]) - 0.5 for part in (half, ~half))
        agreed = np.where(one * other > 0, np.minimum(abs(one), abs(other)), 0.0)
        best = np.maximum(best, agreed + 0.5)
    return best


def _same_order(x: Array, y: Array, half: Array) -> Array:
    """Half, and half of the squared rank correlation, the lower of the two halves of the rows; 0 below 0.99.

    Shapes: x (n, d), y and half (n,); made (d,).
    """
    made, clean = np.zeros(x.shape[1]), np.isfinite(x).all(0)
    groups = [np.flatnonzero(clean)] + [np.array([j]) for j in np.flatnonzero(~clean)]
    for places in groups:
        if not len(places):
            continue
        some = x[:, places]
        fine = np.isfinite(y) & np.isfinite(some).all(1)
        least = np.minimum(*(_rank_correlation(some[fine & p], y[fine & p]) for p in (half, ~half)))
        made[places] = np.where(least > 0.99, 0.5 + 0.5 * least**2, 0.0)
    return made


def _rank_correlation(x: Array, y: Array) -> Array:
    """Its size, 0 where there are too few rows or one value only.   Shapes: x (n, d), y (n,); made (d,)."""
    from scipy.stats import rankdata

    if len(y) < LEAST:
        return np.zeros(x.shape[1])
    a, b = rankdata(x, axis=0), rankdata(y)
    a, b = a - a.mean(0), b - b.mean()
    size = np.sqrt((a * a).sum(0) * (b * b).sum())
    made: Array = abs(b @ a) / np.where(size > 0, size, np.inf)
    return made


def _enough(y: Array, kind: str, columns: int, strong: float) -> bool:
    """Whether there are rows enough that no honest one of so many columns looks as strong by luck."""
    if kind == "number":
        return len(y) >= LEAST
    counts = np.bincount(y[y >= 0])
    rare = int(np.sort(counts[counts > 0])[0])
    return rare >= LEAST or rare >= 5 and columns <= 50 and strong == 1


def _share(codes: Array, y: Array, half: Array) -> Array:
    """Of the commonest other class in each category, counted on the other half.   Shapes: (n,)."""
    top = np.bincount(y[y >= 0]).argsort()[::-1]
    hit = (y == top[1]).astype(float) if len(top) > 1 else np.zeros(len(y))
    made, places = np.zeros(len(y)), np.where(codes < 0, codes.max() + 1, codes)
    for part in (half, ~half):
        total = np.bincount(places[~part], hit[~part], minlength=places.max() + 1)
        count = np.bincount(places[~part], minlength=places.max() + 1)
        made[part] = ((total + hit.mean()) / (count + 1))[places[part]]
    return made


def _alike(codes: Array, y: Array) -> str:
    """That rows of one value have one answer far more often than chance: they are of one customer, patient, device."""
    known = (codes >= 0) & (y >= 0)
    codes, y = codes[known], y[known]
    count = np.bincount(codes)
    often = count[codes] > 1
    codes, y = codes[often], y[often]
    if len(y) < 2 * LEAST:
        return ""
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    agree = float((y[order][1:] == y[order][:-1])[same].mean())
    share = np.bincount(y) / len(y)
    by_chance = float((share**2).sum())
    error = np.sqrt(max(by_chance * (1 - by_chance), 1e-9) / max(int(same.sum()), 1))
    if agree < 0.98 or agree - by_chance < 6 * error:
        return ""
    return f"comes again in {len(y)} rows, {agree:.0%} of which have the answer of the others with the same value"


def _codes(values: Any) -> Array:
    """A number for each value, -1 where missing.   Shapes: (n,)."""
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    made: Array = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return made


def _floats(values: Any) -> Array:
    column = values
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.int64())
    made: Array = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) if isinstance(
        column, pa.Array) else column.cast(pa.float64(), safe=False).to_numpy()  # fmt: skip
    return made
