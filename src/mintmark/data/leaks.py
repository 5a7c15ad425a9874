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
    half = rng.permutation(len(ids)) % 2 == 0
    found: list[Suspect] = []
    for name in table.schema.names:
        if name == ASKED:
            continue
        one = _column(name, table[name], aim, y, kind, half, table, time)
        found += [one] if one else []
    return found


def _column(
    name: str, values: Any, aim: Any, y: Array, kind: str, half: Array, table: Any, time: str
) -> Suspect | None:
    columns = table.num_columns
    out = f'settings.ignore = ["{name}"], unless it is known when the question is asked.'
    what = kind_of(values.type)
    missing = values.is_null().to_numpy() if isinstance(values, pa.ChunkedArray) else np.zeros(len(y), bool)
    if what in ("binary", "list") or missing.all():
        return None
    if _copies(values, aim, y, kind, what, missing):
        return Suspect(name, "is the target under another name", f'settings.ignore = ["{name}"].')
    if kind == "classes" and 0.02 < missing.mean() < 0.98:
        if _tells(missing.astype(float), y, half) >= ALONE:
            why = "is missing for one answer and there for the other, as what is written down after the event"
            return Suspect(name, why, out)
    if kind == "classes" and table is not None and what == "time" and time in table.schema.names:
        if kind_of(table.schema.field(time).type) == "time":
            late = pc.fill_null(
                pc.greater(values.cast(pa.timestamp("us")), table[time].cast(pa.timestamp("us"))), False
            )
            after = late.to_numpy().astype(float)
            if 0.02 < after.mean() < 0.98 and _tells(after, y, half) >= AFTER:
                return Suspect(name, "lies after the row's own time for one answer, and not for the other", out)
    if what in ("number", "boolean", "time"):
        x = _floats(values)
        if _identifies(name, values, x, what):
            return Suspect(name, "is a number of its own for each row", f'[columns] id = "{name}"')
        strong = _tells(x, y, half) if kind == "classes" else _same_order(x, y, half)
        if strong >= ALONE and _enough(y, kind, columns, strong):
            return Suspect(name, f"alone tells the answer almost surely ({strong:.3f} of at most 1)", out)
    if what == "text":
        return _words(name, values, y, kind, half, out)
    return None


def _late(values: Any, table: Any, time: str, y: Array, half: Array) -> bool:
    """Whether dates after the row's own time tell the answer."""
    if time not in table.schema.names or kind_of(table.schema.field(time).type) != "time":
        return False
    own, clock = values.cast(pa.timestamp("us")), table[time].cast(pa.timestamp("us"))
    after = pc.fill_null(pc.greater(own, clock), False).to_numpy().astype(float)
    return 0.02 < after.mean() < 0.98 and _tells(after, y, half) >= AFTER


def _words(name: str, values: Any, y: Array, kind: str, half: Array, out: str) -> Suspect | None:
    """Texts: identifiers, categories that tell all, and entities whose answer is always the same."""
    codes, n = _codes(values), len(y)
    distinct = len(np.unique(codes[codes >= 0]))
    known = int((codes >= 0).sum())
    if known and distinct == known and NAMED.search(name):
        return Suspect(name, "is a name of its own for each row", f'[columns] id = "{name}"')
    if kind != "classes" or distinct < 2:
        return None
    if distinct <= max(50, n // 50):
        strength = _tells(_share(codes, y, half), y, half)
        if strength >= ALONE:
            return Suspect(name, f"alone tells the answer almost surely ({strength:.3f} of at most 1)", out)
    elif distinct < 0.7 * known:
        again = _alike(codes, y)
        if again:
            return Suspect(name, again, f'[columns] group = "{name}", so that rows of one stay on one side.')
    return None


def _copies(values: Any, aim: Any, y: Array, kind: str, what: str, missing: Array) -> bool:
    """Whether each value goes with one answer and each answer with one value, or the numbers lie on a line."""
    if missing.mean() > 0.05:
        return False
    if kind == "number":
        x = _floats(values) if what in ("number", "boolean") else None
        fine = np.isfinite(x) & np.isfinite(y) if x is not None else np.zeros(1, bool)
        if x is None or fine.sum() < LEAST or np.ptp(x[fine]) == 0 or np.ptp(y[fine]) == 0:
            return False
        return bool(abs(np.corrcoef(x[fine], y[fine])[0, 1]) > 0.99999)
    codes, k = _codes(values), len(np.unique(y[y >= 0]))
    if len(np.unique(codes[codes >= 0])) != k or k < 2:
        return False
    pair, count = np.unique(codes.astype(np.int64) * (y.max() + 1) + y, return_counts=True)
    top = np.argsort(-count)[:k]
    one_to_one = len(np.unique(pair[top] % (y.max() + 1))) == len(np.unique(pair[top] // (y.max() + 1))) == k
    return bool(one_to_one and count[top].sum() >= COPY * len(y))


def _identifies(name: str, values: Any, x: Array, what: str) -> bool:
    whole = what == "number" and pa.types.is_integer(values.type)
    fine = x[np.isfinite(x)]
    return bool(whole and len(fine) >= LEAST and len(np.unique(fine)) == len(fine) and NAMED.search(name))


def _tells(x: Array, y: Array, half: Array) -> float:
    """Area under the curve of the best class against the rest, in the direction found on the other half of the rows;
    a missing value counts as the lowest.   Shapes: (n,)."""
    best, score = 0.0, np.where(np.isfinite(x), x, -np.inf)
    classes = np.unique(y[y >= 0])
    for c in classes[1:] if len(classes) == 2 else classes:
        hit = y == c
        areas = []
        for part in (half, ~half):
            m, total = int(hit[part].sum()), int(part.sum())
            if not 3 <= m <= total - 3:
                areas = [0.5, 0.5]
                break
            areas.append(metrics.area(score[part], hit[part]))
        if (areas[0] - 0.5) * (areas[1] - 0.5) > 0:
            best = max(best, min(abs(a - 0.5) for a in areas) + 0.5)
    return best


def _same_order(x: Array, y: Array, half: Array) -> float:
    """Size of the rank correlation, the lower of the two halves."""
    from scipy.stats import spearmanr

    found = []
    for part in (half, ~half):
        fine = part & np.isfinite(x) & np.isfinite(y)
        if fine.sum() < LEAST or np.ptp(x[fine]) == 0 or np.ptp(y[fine]) == 0:
            return 0.0
        found.append(abs(float(spearmanr(x[fine], y[fine]).statistic)))
    return 0.5 + 0.5 * min(found) ** 2 if min(found) > 0.99 else 0.0


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
