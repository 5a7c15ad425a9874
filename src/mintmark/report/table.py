"""Table: what is forecast to come, in figures."""

from collections.abc import Iterable, Sequence

import numpy as np

from mintmark.base.words import Language
from mintmark.report import words
from mintmark.report.forecast import note
from mintmark.report.series import Series, groups
from mintmark.report.sheet import Sheet
from mintmark.report.words import Array

MOST_STEPS, MOST_COLUMNS = 60, 6


def coming(sheet: Sheet) -> Iterable[str]:
    """A row for each series, a column for each step or for six of them; other times have a table of their own."""
    say, told = sheet.say, sheet.figures.forecasts
    shown = [s for s in told.shown if len(s.coming[0])] if told else []
    if told is None or not shown:
        return
    level = next((s.level for s in shown if s.level), None)
    lines = [say("The {n} largest of {all} series.", n=len(shown), all=told.every)] if len(shown) < told.every else []
    lines.append(note(sheet))
    lines.append(
        say("Below each figure its interval, made to hold {share} of what happens.", share=say.share(level))
        if level
        else say("Below each figure its interval.")
    )
    if _longest(shown) > MOST_COLUMNS:
        lines.append(say("Every step is in the tables below the charts."))
    yield f'<section id="coming"><h2>{say("What comes next")}</h2><p class="soft">{say.together(*lines)}</p>'
    for i, group in enumerate(groups(shown)):
        longest = _longest(group)
        steps = np.unique(np.linspace(0, longest - 1, min(longest, MOST_COLUMNS)).round().astype(int))
        heads = _step_names(group, say)
        added = [told.total] if told.total and not i else []
        rows = [f"<th>{_named(s, heads, say)}</th>{''.join(_cells(s, steps, say))}" for s in [*group, *added]]
        yield _table(say("series"), [f'<span class="ends">{heads[i]}</span>' for i in steps], rows)
    if told.total:
        said = say(
            "The sum is for readers to whom it means something; it has no interval: those of its parts do not add up."
        )
        yield f'<p class="soft">{said}</p>'
    yield "</section>"


def every_step(sheet: Sheet) -> Iterable[str]:
    """All that is forecast of these series: a row for each step, six series side by side."""
    say, told = sheet.say, sheet.figures.forecasts
    shown = [s for s in told.shown if len(s.coming[0])] if told else []
    if told is None or not shown or _longest(shown) <= MOST_COLUMNS:
        return
    yield f'<section id="steps"><h2>{say("Every step")}</h2>'
    for group in groups(shown):
        for start in range(0, len(group), MOST_COLUMNS):
            block = group[start : start + MOST_COLUMNS]
            labels = _step_names(block, say)[:MOST_STEPS]
            columns = [_cells(s, np.arange(len(labels)), say) for s in block]
            rows = ["".join([f"<th>{label}</th>", *(c[i] for c in columns)]) for i, label in enumerate(labels)]
            yield _table(say("time"), [_named(s, labels, say) for s in block], rows)
    if told.longest > MOST_STEPS:
        later = say("{n} later steps are in forecast.csv of the run.", n=told.longest - MOST_STEPS)
        yield f'<p class="soft">{later}</p>'
    yield "</section>"


def _longest(series: Sequence[Series]) -> int:
    return max(len(s.coming[0]) for s in series)


def _step_names(series: Sequence[Series], say: Language) -> list[str]:
    """The times, where all series share them; else the first step, the second, and so on."""
    if all(np.array_equal(s.coming[0], series[0].coming[0]) for s in series):
        return words.times(series[0].coming[0])
    return [say("step {n}", n=i + 1) for i in range(_longest(series))]


def _named(series: Series, labels: Sequence[str], say: Language) -> str:
    """Its name, and from when to when it is forecast, where the labels do not say that."""
    ends = words.times(series.coming[0][[0, -1]])
    span = "" if ends[0] in labels else f"<small>{say('{a} to {b}', a=ends[0], b=ends[1])}</small>"
    return f"<bdi>{words.short(say.again(series.name))}</bdi>{span}"


def _table(corner: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th class="n">{h}</th>' for h in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    whole = f'<table class="forecast sort"><thead><tr><th>{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{whole}</div>'


def _cells(series: Series, steps: Array, say: Language) -> list[str]:
    """The forecast at each of these steps with its interval; a dash where there is none."""
    _, value, low, high = series.coming
    places, made = words.decimals(value), []
    for i in steps:
        if i >= len(value) or not np.isfinite(value[i]):
            made.append('<td class="n">–</td>')
            continue
        middle, under, over = (words.fixed(float(a[i]), places) for a in (value, low, high))
        known = np.isfinite([low[i], high[i]]).all()
        ends = f"<small>{say('{a} to {b}', a=under, b=over)}</small>" if known else ""
        made.append(f'<td class="n"><data value="{float(value[i])!r}">{middle}</data>{ends}</td>')
    return made
