"""Forecast: series with what was known, the test as forecast and as it came, and what comes next."""

from collections.abc import Iterable

import numpy as np

from mintmark.base.words import mark
from mintmark.report import chart, words
from mintmark.report.series import Series
from mintmark.report.sheet import Sheet

LEGEND = (
    ("known", mark("known")), ("tested", mark("forecast of the test period")),
    ("coming", mark("forecast of what comes next")),
)  # fmt: skip
MARKS = {
    "known": '<polyline class="known" points="0,10 10,4 20,9 30,3"/>',
    "tested": '<polygon class="tested" points="0,4 30,1 30,13 0,12"/><polyline class="tested" points="0,8 30,7"/>',
    "coming": '<polygon class="coming" points="0,4 30,1 30,13 0,12"/><polyline class="coming" points="0,8 30,7"/>',
}


def note(sheet: Sheet) -> str:
    """That figures lean to the side that costs less, where the recipe says what either side costs; safe."""
    paid, say = sheet.record.recipe.get("payoff") or {}, sheet.say
    over, under = paid.get("over"), paid.get("under")
    if not isinstance(over, int | float) or not isinstance(under, int | float):
        return ""
    a, b = (say.money(v, words.short(paid.get("currency", ""))) for v in (over, under))
    costs = say(
        "Figures are the amounts that pay best, where a unit too much counts {a} and one too little {b}:", a=a, b=b
    )
    return say.together(costs, say("on purpose they lie off the middle of the likely."))


def charts(sheet: Sheet) -> Iterable[str]:
    say, told = sheet.say, sheet.figures.forecasts
    if told is None:
        return
    shown = told.shown
    yield f'<section id="series"><h2>{say("Series") if len(shown) > 1 else say("Chart")}</h2>'
    if len(shown) > 1:
        some = (
            say("The {n} largest of {all} series, the largest first by what is forecast.", n=len(shown), all=told.every)
            if len(shown) < told.every
            else say("All series, the largest first by what is forecast.")
        )
        yield f'<p class="soft">{say.together(some, _worst(sheet))}</p>'
    yield legend(sheet)
    few = {1: " one", 2: " two"}.get(len(shown), "")
    yield f'<div class="charts{few}">'
    for i, (series, off) in enumerate(zip(shown, told.smapes, strict=True)):
        picture = chart.draw(series, i, say)
        if picture:
            name = words.short(series.name)
            yield f"<figure><h3><bdi>{name}</bdi></h3>{picture}{_caption(sheet, series, off)}</figure>"
    formula = say(
        "Test forecasts are of a model that had not seen the test period; those to come of one fitted on all rows."
    )
    yield f"</div>{sheet.source(formula)}</section>"


def legend(sheet: Sheet) -> str:
    say = sheet.say
    items = "".join(f'<li><svg viewBox="0 0 30 14">{MARKS[n]}</svg>{say(says)}</li>' for n, says in LEGEND)
    return f'<ul class="legend">{items}<li>{say("shaded: interval")}</li></ul>'


def picture(sheet: Sheet) -> Iterable[str]:
    """The largest series alone, for the top of the page."""
    told = sheet.figures.forecasts
    drawn = chart.draw(told.shown[0], 999, sheet.say) if told and told.shown else ""
    if told and drawn:
        name = words.short(told.shown[0].name)
        caption = _caption(sheet, told.shown[0], told.smapes[0])
        yield f'<figure class="first"><h3><bdi>{name}</bdi></h3>{drawn}{caption}</figure>'


def _worst(sheet: Sheet) -> str:
    """Names of the three whose test errors were the largest."""
    say, told = sheet.say, sheet.figures.forecasts
    if told is None or not told.worst:
        return ""
    named = say.listed([f"<bdi>{words.short(n)}</bdi> ({say.number(v)})" for n, v in told.worst])
    return say("The worst test errors (sMAPE, 0 to 2): {names}.", names=named)


def _caption(sheet: Sheet, series: Series, off: float) -> str:
    said, say = [], sheet.say
    known = np.concatenate([series.history[1], series.actual[1]])
    known = known[np.isfinite(known)]
    at, value, low, high = series.coming
    if len(known):
        said.append(say("last known {value}", value=float(known[-1])))
    if len(at) and np.isfinite(value[0]):
        ends = ""
        if np.isfinite([low[0], high[0]]).all():
            ends = say(" ({a} to {b})", a=float(low[0]), b=float(high[0]))
        said.append(say("next {value}{ends}", value=float(value[0]), ends=ends))
    if np.isfinite(off):
        said.append(say("test sMAPE {value}", value=off))
    return f"<figcaption>{' · '.join(said)}</figcaption>"
