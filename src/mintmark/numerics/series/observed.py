"""Observed: the rows of a long table as series; their covariates as numbers; and what is odd about them, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError
from mintmark.numerics.answers import names_of
from mintmark.numerics.series.calendar import SECOND, Frequency
from mintmark.numerics.series.history import History, Twice, regular

Array = npt.NDArray[Any]
CATEGORIES = 12
"""values of a text that are told apart, the most frequent"""
GRIDS = 2000
"""series that are enough to see what they are like"""
EMPTY, LEAST_EMPTY = 100, 10_000
"""steps without a row that are borne: so many for each row, and so many besides"""
LEAST_MOMENTS = 3
"""at which it is asked: in training, validation and test"""
FEW = 3
"""names in a note"""


def numbers(column: Any) -> tuple[Array, bool]:
    """Times as numbers, and whether they are dates: microseconds then, else the numbers of the column."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        whole = column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False).cast(pa.int64())
        return _plain(whole).astype(np.int64), True
    return _plain(column.cast(pa.float64(), safe=False)).astype(float), False


def _plain(column: Any) -> Array:
    made: Array = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return made


@dataclass(frozen=True)
class Observed:
    """Rows in the order of series and time."""

    order: Array
    """places in the table. Shapes: all (n,)"""
    series: Array
    """number of the series of each row"""
    times: Array
    clock: bool
    names: list[str]
    """of the series, by number"""

    @classmethod
    def of(cls, rows: pa.Table, id_: str, time: str) -> "Observed":
        """Without an id column all rows are one series."""
        times, clock = numbers(rows[time])
        if id_:
            coded = names_of(rows[id_]).dictionary_encode()
            codes, names = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
        else:
            codes, names = np.zeros(len(rows), np.int64), [""]
        order = np.lexsort((times, codes))
        return cls(order, codes[order], times[order], clock, names)

    def starts(self) -> Array:
        """Whether a row is the first of its series."""
        return np.concatenate([[True], np.diff(self.series) != 0])[: len(self.series)]

    def ends(self) -> Array:
        """Place, in this order, of the last row of each series."""
        return np.flatnonzero(np.concatenate([np.diff(self.series) != 0, [True]]))

    def twice(self) -> Array:
        """Whether a row is of the same series and time as the one before."""
        same = (np.diff(self.series) == 0) & (np.diff(self.times) == 0)
        return np.concatenate([[False], same])[: len(self.series)]

    def blocks(self, at: Array, horizon: int) -> Array:
        """For each row of the table the row that its block of `horizon` steps begins with.

        Blocks are counted back from the end of each series.   Shapes: at (n,), steps in this order -> (n,).
        """
        ends = self.ends()
        block = (at[ends][np.cumsum(self.starts()) - 1] - at) // horizon
        new = self.starts() | np.concatenate([[True], np.diff(block) != 0])[: len(block)]
        first = np.flatnonzero(new)[np.cumsum(new) - 1]
        made = np.empty(len(at), np.int64)
        made[self.order] = self.order[first]
        return made

    def refuse_twice(self, allowed: str, id_: str, time: str, frequency: Frequency) -> None:
        """Raises: DataError: several rows of a series at one time, and it is not said what to do with them."""
        again = np.flatnonzero(self.twice())
        if allowed != "error" or not len(again) or self.clock_change(frequency):
            return
        i = int(again[0])
        when = (
            str(self.times[i].astype("datetime64[us]").astype("datetime64[s]")) if self.clock else f"{self.times[i]:g}"
        )
        whose = f"series {self.names[self.series[i]]!r} has" if id_ else "there are"
        what = f"{whose} several rows at {when.replace('T', ' ')}; {len(again)} rows repeat a time like this."
        fix = 'settings.duplicates = "mean", "sum" or "last"' + (
            "." if id_ else ', or columns.id = "what tells series apart".'
        )
        raise DataError(what, where=f"column {time!r}, row {int(self.order[i]) + 1}", fix=fix)

    def refuse_emptiness(self, at: Array, id_: str, time: str, frequency: Frequency) -> None:
        """Raises: DataError: a series whose grid is nearly all gap: a wrong date, or too fine a frequency."""
        ends, first = self.ends(), np.flatnonzero(self.starts())
        span, rows = at[ends] - at[first] + 1, ends - first + 1
        wide = np.flatnonzero(span > EMPTY * rows + LEAST_EMPTY)
        if not len(wide):
            return
        k = wide[int(np.argmax(span[wide] / rows[wide]))]
        i = int(first[k] + 1 + np.argmax(np.diff(at[first[k] : ends[k] + 1])))
        whose = f"series {self.names[self.series[i]]!r}" if id_ else "the series"
        what = f"{whose} has {rows[k]} rows for {span[k]} steps of one {frequency.words()}; the widest gap ends here."
        fix = "mend a wrong time before or after the gap, or name a coarser settings.frequency."
        raise DataError(what, where=f"column {time!r}, row {int(self.order[i]) + 1}", fix=fix)

    def refuse_short(self, at: Array, moments: int, horizon: int) -> None:
        """Raises: DataError: questions are asked at fewer moments than there are parts to divide them into."""
        if moments >= LEAST_MOMENTS or not len(at):
            return
        longest = int((at[self.ends()] - at[np.flatnonzero(self.starts())]).max()) + 1
        what = f"the longest series has {longest} steps, too few to forecast {horizon} at once and to check it."
        fix = f"{max(1, longest // 5)} or less, or more history: five times the horizon at least."
        raise DataError(what, where="settings.horizon", fix=fix)

    def clock_change(self, frequency: Frequency) -> bool:
        """Whether all repeated times look like an hour that daylight-saving time repeats: one a year, in one hour."""
        again = self.twice()
        if not again.any() or frequency.unit != "second" or (again[1:] & again[:-1]).any():
            return False
        hours = self.times[again] // (3600 * SECOND)
        years = self.times[again].astype("datetime64[us]").astype("datetime64[Y]").astype(int)
        pairs = np.unique(np.column_stack([self.series[again], years, hours]), axis=0)
        return len(np.unique(pairs[:, :2], axis=0)) == len(pairs)

    def treatment(self, allowed: str, frequency: Frequency) -> Twice:
        """What becomes of several rows of one step; one that comes again when the model serves replaces the first."""
        if allowed == "error":
            return "mean" if self.clock_change(frequency) else "last"
        return allowed  # type: ignore[return-value]

    def together(self, truth: pa.Table, how: str) -> pa.Table:
        """The truth with one value, the first column's, for all rows of a series and time."""
        y = np.array(truth.column(0).cast(pa.float64()).to_numpy(), float)[self.order]
        group = np.cumsum(~self.twice()) - 1
        if how == "last":
            made = y[np.append(np.flatnonzero(np.diff(group)), len(y) - 1)]
        else:
            made = np.bincount(group, y) / (np.bincount(group) if how == "mean" else 1)
        out = np.empty(len(y))
        out[self.order] = made[group]
        return truth.set_column(0, truth.schema.names[0], pa.array(out))

    def grids(self, at: Array, y: Array, twice: Twice) -> list[Array]:
        """The series on the regular grid, not more than enough of them."""
        edges = [*np.flatnonzero(self.starts())[: GRIDS + 1].tolist(), len(at)][: GRIDS + 1]
        made = [regular(at[a:b], y[a:b], twice)[0] for a, b in zip(edges, edges[1:], strict=False)]
        return [g for g in made if len(g)]


# --- covariates -------------------------------------------------------------------------------------------------------


def learn(rows: pa.Table, names: Sequence[str]) -> dict[str, Any]:
    """How to make numbers of these columns: which are used, their categories, mean and spread; which are left out."""
    columns: list[dict[str, Any]] = []
    left_out = []
    for name in names:
        column, kind = rows[name], rows.schema.field(name).type
        if (
            pa.types.is_boolean(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
        ):
            columns.append({"name": name, "categories": None})
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            counts = pc.value_counts(names_of(column).drop_null())
            pairs = zip(counts.field(1).to_pylist(), counts.field(0).to_pylist(), strict=True)
            some = [name for _, name in sorted(pairs, key=lambda p: (-p[0], p[1]))[:CATEGORIES]]
            columns.append({"name": name, "categories": some})
        else:
            left_out.append({"column": name, "why": f"holds {kind} values"})
    made: dict[str, Any] = {"columns": columns, "left_out": left_out}
    x = matrix(rows, made, len(rows))
    fine = np.isfinite(x)
    count = np.maximum(fine.sum(0), 1)
    mean = np.where(fine, x, 0.0).sum(0) / count
    size = np.sqrt(np.where(fine, (x - mean) ** 2, 0.0).sum(0) / count)
    return made | {"mean": mean.tolist(), "size": np.where(size > 1e-12, size, 1.0).tolist()}


def matrix(rows: pa.Table, learnt: dict[str, Any], n: int) -> Array:
    """Numbers as they are, NaN where missing; a text as one column of 0 and 1 for each category.   Shapes: (n, c)."""
    made = []
    for c in learnt["columns"] if n else ():
        column = rows[c["name"]]
        if c["categories"] is None:
            made.append(_plain(column.cast(pa.float64(), safe=False)).astype(float)[:, None])
        else:
            place = pc.index_in(names_of(column), value_set=pa.array(c["categories"], pa.string()))
            code = _plain(place.fill_null(-1))
            x = (code[:, None] == np.arange(len(c["categories"]))).astype(float)
            x[_plain(column.is_null())] = np.nan
            made.append(x)
    width = sum(1 if c["categories"] is None else len(c["categories"]) for c in learnt["columns"])
    return np.hstack(made) if made else np.zeros((n, width))


def ahead(given: Array, found: Sequence[History], block: Array, learnt: dict[str, Any]) -> Array:
    """What is known of each question's step, above its recent mean and above the newest value, in spreads.

    A missing value is carried forward from the history, or is the usual one.   Shapes: (n, c) -> (n, 2 c).
    """
    if not given.shape[1]:
        return np.zeros((len(block), 0))
    usual, size = np.array(learnt["mean"]), np.array(learnt["size"])
    mean, last = (_each(found, n, given.shape[1])[block] for n in ("mean", "last"))
    mean = np.where(np.isfinite(mean), mean, usual)
    last = np.where(np.isfinite(last), last, mean)
    value = np.where(np.isfinite(given), given, last)
    return np.hstack([(value - mean) / size, (value - last) / size])


def after(found: Sequence[History], block: Array, learnt: dict[str, Any]) -> Array:
    """The newest known value of what is known only afterwards, above its mean so far, in spreads.   Shapes: (n, p)."""
    size = np.array(learnt["size"])
    return np.nan_to_num(_each(found, "seen", len(size))[block] / size) if len(size) else np.zeros((len(block), 0))


def _each(found: Sequence[History], name: str, width: int) -> Array:
    empty = np.full(width, np.nan)
    rows = [getattr(h, name) for h in found]
    return np.array([empty if r is None or not len(r) else r for r in rows]).reshape(len(found), width)


# --- notes ------------------------------------------------------------------------------------------------------------


def notes(
    seen: Observed,
    at: Array,
    grids: Sequence[Array],
    frequency: Frequency,
    seasons: Sequence[int],
    horizon: int,
    twice: str,
) -> list[str]:
    """What a reader should know of these series and of how they were treated, in sentences."""
    said = [f"a row is taken for each {frequency.words()}; season: {' and '.join(map(str, seasons))} steps."]
    first, ends = np.flatnonzero(seen.starts()), seen.ends()
    jumps = np.diff(at)[np.diff(seen.series) == 0]
    if gaps := int(np.maximum(jumps - 1, 0).sum()):
        said.append(f"{gaps} steps without a row lie on the line between their neighbours.")
    again = int(seen.twice().sum())
    if seen.clock_change(frequency) and twice == "mean":
        said.append(f"{again} times come twice, as when clocks are set back: the mean of the two rows is taken.")
    elif again:
        said.append(f"{again} rows repeat a time of their series: of such rows the {twice} is taken.")
    if irregular := int((jumps == 0).sum()) - again:
        said.append(f"{irregular} rows share a step with the row before: the {twice} is taken.")
    lengths = at[ends] - at[first] + 1
    few = max(8, 2 * seasons[0])
    if (short := lengths < few).any():
        said.append(f"{_some(seen, ends, short)} under {few} steps: simple forecasts are made for such a series.")
    if (early := at[ends] < at.max() - horizon).any():
        said.append(f"{_some(seen, ends, early, 'ends', 'end')} over {horizon} steps before the last time of all.")
    if negative := sum(bool(g.min() <= 0) for g in grids):
        said.append(
            f"{_verb(negative, 'holds', 'hold')} values of zero or below: no model that multiplies is tried there."
        )
    if constant := sum(bool(np.ptp(g) == 0) for g in grids):
        said.append(f"{_verb(constant, 'never changes', 'never change')}: the value is carried forward.")
    return said


def _verb(count: int, one: str, many: str) -> str:
    return f"{count} series {one if count == 1 else many}"


def _some(seen: Observed, ends: Array, which: Array, one: str = "has", many: str = "have") -> str:
    """How many series, and the names of a few."""
    names = [seen.names[k] for k in seen.series[ends][which][:FEW]]
    listed = f" ({', '.join(names)}{', ...' if which.sum() > FEW else ''})" if any(names) else ""
    return f"{int(which.sum())} series{listed} {one if which.sum() == 1 else many}"
