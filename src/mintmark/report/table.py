"""Table: what is forecast to come, in figures."""

from collections.abc import Iterable, Sequence

import numpy as np

from mintmark.report import words
from mintmark.report.series import Series
from mintmark.report.words import Array

MOST_STEPS, MOST_COLUMNS, MOST_GRIDS = 60, 6, 3


def coming(shown: Sequence[Series], every: Sequence[Series], note: str = "") -> Iterable[str]:
    """A row for each series, a column for each step or for six of them; other times have a table of their own."""
    shown = [s for s in shown if len(s.coming[0])]
    if not shown:
        return
    level = next((s.level for s in shown if s.level), None)
    inside = f", made to hold {words.share(level)} of what happens" if level else ""
    some = f"The {len(shown)} largest of {len(every):,} series. " if len(shown) < len(every) else ""
    where = "Every step is in the tables below the charts. " if _longest(shown) > MOST_COLUMNS else ""
    yield "<h2>What comes next</h2>"
    yield f'<p class="soft">{some}{note}Below each figure its interval{inside}. {where}</p>'
    total = _total(every)
    for i, group in enumerate(groups(shown)):
        longest = _longest(group)
        steps = np.unique(np.linspace(0, longest - 1, min(longest, MOST_COLUMNS)).round().astype(int))
        heads = _step_names(group)
        added = [total] if total and not i else []
        rows = [f"<th>{_named(s, heads)}</th>{''.join(_cells(s, steps))}" for s in [*group, *added]]
        yield _table("series", [heads[i] for i in steps], rows)
    if total:
        said = "The sum is for readers to whom it means something"
        yield f'<p class="soft">{said}; it has no interval, as those of its parts do not add up.</p>'


def every_step(shown: Sequence[Series]) -> Iterable[str]:
    """All that is forecast of these series: a row for each step, six series side by side."""
    shown = [s for s in shown if len(s.coming[0])]
    if not shown or _longest(shown) <= MOST_COLUMNS:
        return
    yield "<h2>Every step</h2>"
    for group in groups(shown):
        for start in range(0, len(group), MOST_COLUMNS):
            block = group[start : start + MOST_COLUMNS]
            labels = _step_names(block)[:MOST_STEPS]
            columns = [_cells(s, np.arange(len(labels))) for s in block]
            rows = ["".join([f"<th>{label}</th>", *(c[i] for c in columns)]) for i, label in enumerate(labels)]
            yield _table("time", [_named(s, labels) for s in block], rows)
    if _longest(shown) > MOST_STEPS:
        yield f'<p class="soft">{_longest(shown) - MOST_STEPS:,} later steps are in forecast.csv of the run.</p>'


def groups(series: Sequence[Series]) -> list[list[Series]]:
    """Series that are forecast for the same times, most first; all in one group where hardly any two share theirs."""
    found: dict[tuple[object, ...], list[Series]] = {}
    for s in series:
        found.setdefault(tuple(s.coming[0].tolist()), []).append(s)
    return sorted(found.values(), key=lambda g: -len(g)) if len(found) <= MOST_GRIDS else [list(series)]


def _longest(series: Sequence[Series]) -> int:
    return max(len(s.coming[0]) for s in series)


def _total(every: Sequence[Series]) -> Series | None:
    """The sum of the series that are forecast for the same times, where these are several and most of all."""
    same = groups([s for s in every if len(s.coming[0])])[0]
    at = same[0].coming[0]
    if len(same) < 2 or 2 * len(same) <= len(every) or not all(np.array_equal(s.coming[0], at) for s in same):
        return None
    with np.errstate(over="ignore"):
        value = np.sum([s.coming[1] for s in same], axis=0)
    none = np.full(len(at), np.nan)
    known, made = (at[:0], value[:0]), (at[:0], value[:0], value[:0], value[:0])
    return Series(f"sum of {len(same):,} series", known, known, made, (at, value, none, none))


def _step_names(series: Sequence[Series]) -> list[str]:
    """The times, where all series share them; else the first step, the second, and so on."""
    if all(np.array_equal(s.coming[0], series[0].coming[0]) for s in series):
        return words.times(series[0].coming[0])
    return [f"step {i + 1:,}" for i in range(_longest(series))]


def _named(series: Series, labels: Sequence[str]) -> str:
    """Its name, and from when to when it is forecast, where the labels do not say that."""
    ends = words.times(series.coming[0][[0, -1]])
    span = "" if ends[0] in labels else f"<small>{ends[0]} to {ends[1]}</small>"
    return f"<bdi>{words.short(series.name)}</bdi>{span}"


def _table(corner: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th class="n">{h}</th>' for h in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    whole = f'<table class="forecast"><thead><tr><th>{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{whole}</div>'


def _cells(series: Series, steps: Array) -> list[str]:
    """The forecast at each of these steps with its interval; a dash where there is none."""
    _, value, low, high = series.coming
    places, made = words.decimals(value), []
    for i in steps:
        if i >= len(value) or not np.isfinite(value[i]):
            made.append('<td class="n">–</td>')
            continue
        middle, under, over = (words.fixed(float(a[i]), places) for a in (value, low, high))
        ends = f"<small>{under} to {over}</small>" if np.isfinite([low[i], high[i]]).all() else ""
        made.append(f'<td class="n"><data value="{float(value[i])!r}">{middle}</data>{ends}</td>')
    return made
