"""Profile: what each column looks like, in figures that a record can keep and later rows can be held against."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.data.rows import Rows, kind_of
from mintmark.recipe.schema import Columns

SAMPLE = 100_000
QUANTILES = (1, 5, 25, 50, 75, 95, 99)
TOP, LONGEST, LEAST_SHOWN = 10, 80, 5
Floats = npt.NDArray[np.float64]


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
    counts = counted.field("counts").to_numpy()
    made: dict[str, Any] = {"distinct": len(counts), "top": []}
    order = np.argsort(-counts, kind="stable")[:TOP]
    order = order[counts[order] >= (LEAST_SHOWN if pa.types.is_string(column.type) else 1)]
    if len(order):
        values = counted.field("values").take(pa.array(order)).to_pylist()
        made["top"] = [[_short(v), int(n)] for v, n in zip(values, counts[order], strict=True)]
    return made


def _short(value: Any) -> Any:
    return value if isinstance(value, bool) or len(value) <= LONGEST else value[:LONGEST] + "…"


def _finite(value: Any) -> Any:
    if isinstance(value, int):
        return value
    return float(value) if math.isfinite(value) else None
