"""Slices: rows that share a category, or lie in the same quarter of a number or a time, and what happens to them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.numerics.answers import Array
from mintmark.numerics.curves import Z

LEAST = 30
"""rows below which no slice is spoken of"""
MOST_VALUES, FEW_VALUES, MOST_COLUMNS = 20, 8, 200
"""categories of a column, the most frequent; different numbers that are categories; columns that are looked at"""
MOST_ROWS = 50_000
"""of more, so many evenly spaced ones are looked at"""
LONGEST = 60


def worst(
    questions: pa.Table,
    loss: Array,
    weight: Array | None = None,
    cluster: Array | None = None,
    skip: Sequence[str] = (),
    also: Mapping[str, Array] | None = None,
    most: int = 12,
    least: int = LEAST,
) -> dict[str, Any]:
    """The slices whose mean loss lies surest above that of all other rows.

    {"looked": how many were, "rows": of how many rows, "shown": [...]}.

    Shown by the lower end of the 95 % interval of the difference. `sure`: it stands also among as many as were looked
    at (Bonferroni). Rows of one cluster are not independent of each other, and count together. `also`: further
    figures of each row, whose means are told beside.
    Shapes: loss, weight, cluster, those of also (n,), all finite.
    """
    n, also = len(loss), also or {}
    w = np.ones(n) if weight is None else np.asarray(weight, float)
    if n > MOST_ROWS:
        some = np.linspace(0, n - 1, MOST_ROWS).astype(np.int64)
        questions, loss, w, n = questions.take(pa.array(some)), loss[some], w[some], MOST_ROWS
        also, cluster = {k: v[some] for k, v in also.items()}, None if cluster is None else cluster[some]
    of = np.arange(n) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    looked, found, least_loss = 0, [], 0.0 if n and loss.min() >= 0 else -np.inf
    for name in [c for c in questions.schema.names if c not in skip][:MOST_COLUMNS]:
        for about, rows in groups(questions[name], least):
            inside, outside = w * rows, w * ~rows
            if not inside.sum() > 0 or not outside.sum() > 0:
                continue
            looked += 1
            mean, error = _mean(loss, inside, of)
            rest, error_of_rest = _mean(loss, outside, of)
            apart = float(np.hypot(error, error_of_rest))
            one = {"column": name[:LONGEST]} | about | {"rows": int(rows.sum()), "mean": mean, "rest": rest}
            one |= {n: float((inside * x).sum() / inside.sum()) for n, x in also.items()}
            found.append(one | {"low": max(mean - Z * error, least_loss), "high": mean + Z * error, "apart": apart})
    found = [s for s in found if s["mean"] > s["rest"]]
    found.sort(key=lambda s: s["rest"] - s["mean"] + Z * s["apart"])
    return {"looked": looked, "rows": len(loss), "shown": [_judged(s, looked) for s in found[:most]]}


def groups(column: pa.ChunkedArray, least: int = LEAST) -> Iterator[tuple[dict[str, Any], Array]]:
    """What the rows of each group have in common, and which rows they are; groups of at least so many rows.

    {"value": a category}, {"from": , "to": } in numbers or ISO 8601 (both ends in it), or {"missing": True}.
    """
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    gone = column.is_null().to_numpy(zero_copy_only=False)
    clock = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (clock or number or pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return
    if gone.sum() >= least:
        yield {"missing": True}, gone
    if clock or number and len(pc.unique(column.drop_null())) > FEW_VALUES:
        yield from _quarters(column, gone, clock, least)
    else:
        yield from _values(column, least)


def _values(column: Any, least: int) -> Iterator[tuple[dict[str, Any], Array]]:
    coded = column.dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(coded.dictionary))
    for code in np.argsort(-counts, kind="stable")[:MOST_VALUES]:
        if counts[code] >= least:
            value = coded.dictionary[int(code)].as_py()
            said = value if isinstance(value, bool | int | float) else str(value)[:LONGEST]
            yield {"value": said}, codes == code


def _quarters(column: Any, gone: Array, clock: bool, least: int) -> Iterator[tuple[dict[str, Any], Array]]:
    if clock:
        whole = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).fill_null(0)
        x = whole.to_numpy(zero_copy_only=False).astype(float)
    else:
        x = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    known = ~gone & np.isfinite(x)
    if known.sum() < least:
        return
    edges = np.unique(np.quantile(x[known], [0.25, 0.5, 0.75], method="lower"))
    at = np.searchsorted(edges, x)
    for b in range(len(edges) + 1):
        rows = known & (at == b)
        if rows.sum() >= least:
            ends = [float(x[rows].min()), float(x[rows].max())]
            said = [str(np.datetime64(int(e), "us").astype("datetime64[s]")) for e in ends] if clock else ends
            yield {"from": said[0], "to": said[1]}, rows


def _mean(loss: Array, w: Array, of: Array) -> tuple[float, float]:
    """The weighted mean, and its standard error with rows of one cluster taken together."""
    mean = float((w * loss).sum() / w.sum())
    off = np.bincount(of, w * (loss - mean))
    parts = int(np.count_nonzero(np.bincount(of, w)))
    return mean, float(np.sqrt((off**2).sum() * parts / max(parts - 1, 1)) / w.sum())


def _judged(one: dict[str, Any], looked: int) -> dict[str, Any]:
    from scipy.stats import norm

    apart = one.pop("apart")
    chance = 2 * norm.sf((one["mean"] - one["rest"]) / apart) if apart > 0 else 0.0
    return one | {"sure": bool(chance * looked < 0.05)}
