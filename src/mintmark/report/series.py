"""Series: what a chart of a forecast shows, as plain data; and how tables of questions and answers become them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.report.words import Array

MOST_KNOWN, MOST_COMING, MOST_GRIDS, LARGEST = 120, 400, 3, 1e300
Known = tuple[Array, Array]
"""times (datetime64 or numbers), values"""
Forecast = tuple[Array, Array, Array, Array]
"""times, value, low, high"""


@dataclass(frozen=True)
class Series:
    """One series: what was known, the test period forecast and as it came, and the forecast of what comes next.

    Shapes: all arrays of a tuple (n,); times ascending; NaN where a value is not known.
    """

    name: str
    history: Known
    """before the test period"""
    actual: Known
    """what the test period brought"""
    forecast: Forecast
    """of the test period"""
    coming: Forecast
    level: float | None = None
    """share of the values that intervals are made to hold"""

    @property
    def size(self) -> float:
        """How large it is: the sum of what is forecast to come, else of what the test period brought."""
        values = self.coming[1] if len(self.coming[1]) else self.actual[1]
        return float(np.nansum(np.minimum(np.abs(values if len(values) else self.history[1]), LARGEST)))

    @property
    def smape(self) -> float:
        """Of the test period, 0 to 2; NaN where nothing of it is known."""
        _, here, there = np.intersect1d(self.forecast[0], self.actual[0], return_indices=True)
        value, y = self.forecast[1][here], self.actual[1][there]
        with np.errstate(all="ignore"):
            size = np.abs(value) + np.abs(y)
            off = 2 * np.abs(value - y) / np.where(size == 0, 1.0, size)
        return float(np.nanmean(off)) if np.isfinite(off).any() else float("nan")

    def cut(self, season: int) -> "Series":
        """The last five horizons and two seasons before the test, at least 24 points, and no part above its bound."""
        horizon = len(self.coming[0]) or len(self.actual[0])
        n = int(np.clip(5 * horizon + 2 * season, 24, MOST_KNOWN))
        return replace(
            self,
            history=(self.history[0][-n:], self.history[1][-n:]),
            actual=(self.actual[0][-MOST_KNOWN:], self.actual[1][-MOST_KNOWN:]),
            forecast=_slice(self.forecast, slice(-MOST_KNOWN, None)),
            coming=_slice(self.coming, slice(MOST_COMING)),
        )


def of_tables(
    history: pa.Table,
    asked: pa.Table,
    answers: pa.Table,
    truth: pa.Table,
    coming_questions: pa.Table | None = None,
    coming_answers: pa.Table | None = None,
    *,
    id: str = "",
    time: str,
    target: str,
) -> list[Series]:
    """A series for each value of the column `id` (one alone without it), in the order in which they are met.

    history: all rows that are known; those asked in the test are taken out of it. asked, answers, truth: the test's,
    row by row. truth's first column is the target. Answers have value, low, high and level, as of kind "number".
    """
    test = [_times(asked, time), _floats(truth.column(0)), *_answers(answers)]
    known = [_times(history, time), _floats(history[target])]
    next_ = [test[0][:0], *[np.zeros(0)] * 3]
    if coming_questions is not None and coming_answers is not None:
        next_ = [_times(coming_questions, time), *_answers(coming_answers)]
    names = [_names(t, id) for t in (history, asked)]
    names.append(_names(coming_questions, id) if coming_questions is not None else np.zeros(0, object))
    level = answers["level"].to_pylist()[0] if len(answers) and "level" in answers.schema.names else None
    made = []
    places = [_places(n) for n in names]
    for name in dict.fromkeys(n for some in places for n in some):
        before, tested, later = (_of(p.get(name), a) for p, a in zip(places, (known, test, next_), strict=True))
        old = ~np.isin(before[0], tested[0])
        label = (target if not id else "(no name)") if name is None else name
        made.append(
            Series(
                label,
                (before[0][old], before[1][old]),
                (tested[0], tested[1]),
                (tested[0], tested[2], tested[3], tested[4]),
                (later[0], later[1], later[2], later[3]),
                level,
            )
        )
    return made


def groups(every: Sequence[Series], most: int = MOST_GRIDS) -> list[list[Series]]:
    """Series that are forecast for the same times, most first; all in one group where hardly any two share theirs."""
    found: dict[tuple[object, ...], list[Series]] = {}
    for s in every:
        found.setdefault(tuple(s.coming[0].tolist()), []).append(s)
    return sorted(found.values(), key=lambda g: -len(g)) if len(found) <= most else [list(every)]


def total(every: Sequence[Series]) -> Series | None:
    """The sum of the series that are forecast for the same times, where these are several and most of all."""
    coming = [s for s in every if len(s.coming[0])]
    if not coming:
        return None
    same = groups(coming)[0]
    at = same[0].coming[0]
    if len(same) < 2 or 2 * len(same) <= len(every) or not all(np.array_equal(s.coming[0], at) for s in same):
        return None
    with np.errstate(over="ignore"):
        value = np.sum([s.coming[1] for s in same], axis=0)
    none = np.full(len(at), np.nan)
    known, made = (at[:0], value[:0]), (at[:0], value[:0], value[:0], value[:0])
    sum_ = Series(f"sum of {len(same):,} series", known, known, made, (at, value, none, none))
    return replace(sum_, coming=_slice(sum_.coming, slice(MOST_COMING)))


def _slice(forecast: Forecast, at: slice) -> Forecast:
    times, value, low, high = (a[at] for a in forecast)
    return times, value, low, high


def _of(rows: Any, arrays: Sequence[Array]) -> list[Array]:
    """The rows of one series, by time."""
    if rows is None:
        return [a[:0] for a in arrays]
    order = rows[np.argsort(arrays[0][rows], kind="stable")]
    return [a[order] for a in arrays]


def _places(names: Array) -> dict[str | None, Array]:
    """Where the rows of each series lie."""
    if not len(names):
        return {}
    known = {n: i for i, n in enumerate(dict.fromkeys(names.tolist()))}
    codes = np.array([known[n] for n in names.tolist()])
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(known) + 1))
    return {n: order[ends[i] : ends[i + 1]] for n, i in known.items()}


def _names(rows: pa.Table, id: str) -> Array:
    values = [None if v is None else str(v) for v in rows[id].to_pylist()] if id else [None] * len(rows)
    made = np.empty(len(values), object)
    made[:] = values
    return made


def _times(rows: pa.Table, time: str) -> Array:
    """Shapes: (n,), datetime64[us] for dates, else numbers."""
    column = rows[time]
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        made: Array = column.cast(pa.timestamp("us"), safe=False).to_numpy().astype("datetime64[us]")
        return made
    return _floats(column)


def _floats(column: Any) -> Array:
    made: Array = column.cast(pa.float64(), safe=False).to_numpy()
    return made


def _answers(answers: pa.Table) -> list[Array]:
    return [_floats(answers[name]) for name in ("value", "low", "high")]
