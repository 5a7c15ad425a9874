"""Profile: what each column looks like, in figures that a record can keep and later rows can be held against."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.state import State
from mintmark.data import rows as table_rows
from mintmark.data.rows import Rows, kind_of
from mintmark.numerics import drift
from mintmark.recipe.schema import Columns

SAMPLE = 100_000
QUANTILES = (1, 5, 25, 50, 75, 95, 99)
TOP, LONGEST, LEAST_SHOWN = 10, 80, 5
MOST_VALUES = 50
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def profile(rows: Rows, roles: Columns | None = None) -> dict[str, Any]:
    """Kind, missing values and distribution of each column, as JSON holds them (null for what cannot be computed).

    Quantiles, deciles and shares come from `sampled` rows, evenly spaced; all else from every row. `deciles` gives the
    edges between bins and the share of the values in each bin, (.., e1], (e1, e2], ... (ek, ..). What names a person or
    a row (the roles id, entity and user) is counted only, and no text is shown that stands in under 5 rows.
    Cost: O(n) a column.
    """
    table = rows.table()
    step = max(1, math.ceil(len(table) / SAMPLE))
    private = {roles.id, roles.entity, roles.user} if roles else set()
    columns = {name: _column(table[name], step) for name in table.column_names}
    for name in private & columns.keys():
        columns[name] = {k: v for k, v in columns[name].items() if k in ("kind", "missing", "distinct")}
    return {"rows": len(table), "sampled": math.ceil(len(table) / step), "columns": columns}


def reference(rows: Rows, roles: Columns | None = None) -> State:
    """What later rows are held against: of each column how many values lie in each of its bins, and how many miss.

    facts["columns"] has of each column name, kind and bins, the last of them for missing values. Those of a number lie
    between `edges`, those of a category (text, boolean) are its most frequent values in facts and one for all others;
    any other kind, and whatever names a person or a row, has one bin for all that is there. All counts stand in
    arrays["counts"], all edges in arrays["edges"], one column after another. From `facts["rows"]` rows, evenly spaced.
    """
    table = rows.take(np.arange(0, len(rows), max(1, math.ceil(len(rows) / SAMPLE)))).table()
    private = {roles.id, roles.entity, roles.user} if roles else set()
    told: list[dict[str, Any]] = []
    counts, edges = [np.zeros(0, np.int64)], [np.zeros(0)]
    for name in table.column_names:
        kind = "other" if name in private else kind_of(table[name].type)
        about, bins, between = _bins(table[name], kind)
        told.append({"name": name, **about, "bins": len(bins)})
        counts.append(bins)
        edges.append(between)
    arrays: dict[str, npt.NDArray[Any]] = {"counts": np.concatenate(counts), "edges": np.concatenate(edges)}
    return State(arrays, {"rows": len(table), "columns": told})


def watched(decision: State, questions: Rows, roles: Columns, answers: pa.Table) -> State:
    """The decision with what later questions and answers are held against, as its parts `questions` and `answers`."""
    parts = {"questions": reference(questions, roles), "answers": reference(table_rows.of(answers))}
    return replace(decision, parts=decision.parts | parts)


def _bins(column: pa.ChunkedArray, kind: str) -> tuple[dict[str, Any], Counts, Floats]:
    """What the facts say of a column, its counts, and the edges of a number."""
    n, missing, none = len(column), column.null_count, np.zeros(0)
    if kind == "number":
        values: Floats = column.to_numpy().astype(np.float64, copy=False)
        known = np.sort(values[~np.isnan(values)])
        if len(known):
            between = drift.edges(known)
            return {"kind": "number"}, np.append(drift.count(between, known), n - len(known)), between
    if kind in ("text", "boolean") and missing < n:
        counted = pc.value_counts(column.drop_null())
        top = [(v, c) for v, c in _most(counted, MOST_VALUES) if kind == "boolean" or len(v) <= LONGEST]
        named = [c for _, c in top]
        about = {"kind": "category", "values": [v for v, _ in top]}
        return about, np.array([*named, n - missing - sum(named), missing]), none
    return {"kind": "other"}, np.array([n - missing, missing]), none


def _column(column: pa.ChunkedArray, step: int) -> dict[str, Any]:
    kind = kind_of(column.type)
    made: dict[str, Any] = {"kind": kind, "missing": column.null_count}
    if kind == "number":
        return made | _number(column, step)
    if kind in ("text", "boolean"):
        return made | _counts(column)
    if kind == "time" and column.null_count < len(column):
        ends = pc.min_max(column.cast(pa.timestamp("us"))).as_py()
        return made | {end: ends[end].isoformat() for end in ("min", "max")}
    return made


def _number(column: pa.ChunkedArray, step: int) -> dict[str, Any]:
    """NaN counts as missing; infinite numbers are in neither moments nor quantiles."""
    values: Floats = column.to_numpy().astype(np.float64, copy=False)
    sample = values[::step]
    finite = np.isfinite(values)
    made: dict[str, Any] = {"missing": int(np.isnan(values).sum())}
    if not finite.all():
        values, sample = values[finite], sample[np.isfinite(sample)]
    if not len(values):
        return made
    with np.errstate(over="ignore", invalid="ignore"):
        made |= {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
        made = {k: _finite(v) for k, v in made.items()}
        if len(sample):
            sample = np.sort(sample)
            made["quantiles"] = {f"p{q}": _finite(_at(sample, q)) for q in QUANTILES}
            made["deciles"] = _deciles(sample)
    return made


def _at(ordered: Floats, percent: int) -> float:
    """A value of the sample: the smallest that `percent` of the values do not exceed."""
    return float(ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)])


def _deciles(ordered: Floats) -> dict[str, list[float]]:
    edges = np.unique([_at(ordered, q) for q in range(10, 100, 10)])
    edges = edges[edges < ordered[-1]]  # the last bin is never empty
    upto = np.concatenate([[0], np.searchsorted(ordered, edges, side="right"), [len(ordered)]])
    return {"edges": edges.tolist(), "shares": (np.diff(upto) / len(ordered)).tolist()}


def _counts(column: pa.ChunkedArray) -> dict[str, Any]:
    """Distinct values and the most frequent ones, longest texts cut."""
    counted = pc.value_counts(column.drop_null())
    return {"distinct": len(counted), "top": [[_short(v), n] for v, n in _most(counted, TOP)]}


def _most(counted: pa.StructArray, top: int) -> list[tuple[Any, int]]:
    """The most frequent values, and in how many rows they stand; texts of a few rows are not told."""
    counts = counted.field("counts").to_numpy()
    order = np.argsort(-counts, kind="stable")[:top]
    order = order[counts[order] >= (LEAST_SHOWN if pa.types.is_string(counted.field("values").type) else 1)]
    values = counted.field("values").take(pa.array(order, pa.int64())).to_pylist()
    return list(zip(values, counts[order].tolist(), strict=True))


def _short(value: Any) -> Any:
    return value if isinstance(value, bool) or len(value) <= LONGEST else value[:LONGEST] + "…"


def _finite(value: Any) -> Any:
    if isinstance(value, int):
        return value
    return float(value) if math.isfinite(value) else None
