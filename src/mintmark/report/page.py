"""Page: a run as one HTML file that stands alone: no script, no font, no picture from elsewhere."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mintmark.base.record import Measured, RunRecord
from mintmark.report import chart, headline, table, trials, words
from mintmark.report.series import Series
from mintmark.report.style import CSS

MOST_SERIES = 24
STAGES = {
    "value": "Money", "evaluate": "On the test rows", "valid": "On the validation rows", "explain": "What it leans on",
    "cost": "Costs", "serve": "Answering", "train": "Training", "collect": "Reading", "package": "Packing",
}  # fmt: skip
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""should an escape ever be forgotten: a browser still runs and fetches nothing"""
LEGEND = (("known", "known"), ("tested", "forecast of the test period"), ("coming", "forecast of what comes next"))


def write(path: Path, record: RunRecord, figures: Sequence[Series] = ()) -> Path:
    """The page of a run, whole or not at all.

    At most 24 series are shown, the largest first; all of them are counted.
    """
    shown = sorted(figures, key=lambda s: -s.size)[:MOST_SERIES]
    title = f"{record.task.replace('_', ' ')} · {record.run}"
    body = [
        f"<h1>{words.short(record.task.replace('_', ' ').capitalize())}</h1>",
        f'<p class="soft">Run <span class="hash">{words.safe(record.run)}</span>{_when(record.started)}</p>',
        f'<p class="lead">{headline.sentence(record, figures)}</p>',
        headline.tiles(record, figures),
        *table.coming(shown, figures, _shifted(record)),
        *_charts(shown, figures, _season(record)),
        *table.every_step(shown),
        *trials.table(record.trials),
        *_measures(record.measures),
        *_notes(record.notes),
        *_origin(record),
    ]
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/><title>{words.safe(title)}</title>'
    )
    page = f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{CSS}</style></head>\n<body>\n'
    half = path.with_name(path.name + ".half")
    half.write_text(page + "\n".join(body) + "\n</body></html>\n", encoding="utf-8")
    os.replace(half, path)
    return path


def _when(started: str) -> str:
    return f", {words.safe(started[:16].replace('T', ' '))} UTC" if started else ""


def _season(record: RunRecord) -> int:
    """The longest that the recipe says, 0 where it says none."""
    said = (record.recipe.get("settings") or {}).get("season")
    return max((n for n in (said if isinstance(said, list | tuple) else [said]) if isinstance(n, int)), default=0)


def _shifted(record: RunRecord) -> str:
    """That figures lean to the side that costs less, where the recipe says what either side costs."""
    paid = record.recipe.get("payoff") or {}
    over, under = paid.get("over"), paid.get("under")
    if over is None or under is None:
        return ""
    unit = words.short(paid.get("currency", ""))
    costs = f"a unit too much counts {words.number(over)} {unit} and one too little {words.number(under)} {unit}"
    return f"Figures are the amounts that pay best, where {costs}: on purpose they lie off the middle of the likely. "


def _charts(shown: Sequence[Series], every: Sequence[Series], season: int) -> Iterable[str]:
    if not shown:
        return
    yield f"<h2>{'Series' if len(shown) > 1 else 'Chart'}</h2>"
    some = f"The {len(shown)} largest of {len(every):,}" if len(shown) < len(every) else "All"
    if len(shown) > 1:
        yield f'<p class="soft">{some} series, the largest first by what is forecast.{_worst(every)}</p>'
    marks = {
        "known": '<polyline class="known" points="0,10 10,4 20,9 30,3"/>',
        "tested": '<polygon class="tested" points="0,4 30,1 30,13 0,12"/><polyline class="tested" points="0,8 30,7"/>',
        "coming": '<polygon class="coming" points="0,4 30,1 30,13 0,12"/><polyline class="coming" points="0,8 30,7"/>',
    }
    items = "".join(f'<li><svg viewBox="0 0 30 14">{marks[n]}</svg>{says}</li>' for n, says in LEGEND)
    yield f'<ul class="legend">{items}<li>shaded: interval</li></ul>'
    few = {1: " one", 2: " two"}.get(len(shown), "")
    yield f'<div class="charts{few}">'
    for i, series in enumerate(shown):
        picture = chart.draw(series.cut(season), i)
        if picture:
            yield f"<figure><h3><bdi>{words.short(series.name)}</bdi></h3>{picture}{_caption(series)}</figure>"
    yield "</div>"


def _worst(every: Sequence[Series]) -> str:
    """Names of the three whose test errors were the largest."""
    known = [s for s in every if np.isfinite(s.smape)]
    if len(known) < 4:
        return ""
    worst = sorted(known, key=lambda s: -s.smape)[:3]
    named = ", ".join(f"<bdi>{words.short(s.name)}</bdi> ({words.number(s.smape)})" for s in worst)
    return f" The worst test errors (sMAPE, 0 to 2): {named}."


def _caption(series: Series) -> str:
    said = []
    known = np.concatenate([series.history[1], series.actual[1]])
    known = known[np.isfinite(known)]
    at, value, low, high = series.coming
    if len(known):
        said.append(f"last known {words.number(float(known[-1]))}")
    if len(at) and np.isfinite(value[0]):
        under, over = words.number(float(low[0])), words.number(float(high[0]))
        ends = f" ({under} to {over})" if np.isfinite([low[0], high[0]]).all() else ""
        said.append(f"next {words.number(float(value[0]))}{ends}")
    if np.isfinite(series.smape):
        said.append(f"test sMAPE {words.number(series.smape)}")
    return f"<figcaption>{' · '.join(said)}</figcaption>"


def _measures(measures: Sequence[Measured]) -> Iterable[str]:
    """Every measure, by stage; what is exact stands in the page too, as the value of its element."""
    if not measures:
        return
    stages = list(dict.fromkeys(m.name.partition(".")[0] for m in measures))
    names = ("unit", "better", "how", "source")
    head = '<th>measure</th><th class="n">value</th>' + "".join(f"<th>{n}</th>" for n in names)
    bodies = []
    for stage in [*(s for s in STAGES if s in stages), *(s for s in stages if s not in STAGES)]:
        rows = "".join(_measure(m) for m in measures if m.name.partition(".")[0] == stage)
        title = f'<tr><th colspan="6" scope="rowgroup">{words.short(STAGES.get(stage, stage))}</th></tr>'
        bodies.append(f"<tbody>{title}{rows}</tbody>")
    whole = f'<table class="measures"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table>'
    yield f'<h2>All measures</h2><div class="wide">{whole}</div>'


def _measure(m: Measured) -> str:
    better = {"up": "↑ more", "down": "↓ less", "": ""}[m.better]
    figure = f'<data value="{float(m.value)!r}">{words.number(m.value)}</data>'
    unit = "" if m.unit == "1" else words.short(m.unit)
    cells = "".join(f"<td>{text}</td>" for text in (unit, better, m.how, words.safe(m.source)))
    return f'<tr><td>{words.breakable(m.name)}</td><td class="n">{figure}</td>{cells}</tr>'


def _notes(notes: Sequence[str]) -> Iterable[str]:
    if notes:
        yield f"<h2>Worth knowing</h2><ul>{''.join(f'<li>{words.safe(n)}</li>' for n in notes)}</ul>"


def _origin(record: RunRecord) -> Iterable[str]:
    """Where the figures come from: rows, hashes, machine, recipe. Names of files, not of folders."""
    rows = {"all": "rows in all", "dev": "to choose on", "validated": "answered in validation", "test": "for the test"}
    sizes = ", ".join(f"{record.rows[k]:,} {says}" for k, says in rows.items() if k in record.rows)
    facts = [
        ("rows", words.safe(sizes) + (f"; divided by {words.safe(record.split)}" if record.split else "")),
        *((n, f'<span class="hash">{words.safe(getattr(record, n.replace(" ", "_")))}</span>')
          for n in ("recipe hash", "data hash", "test hash")),
        ("machine", words.safe(", ".join(f"{k} {v}" for k, v in record.machine.items()))),
    ]  # fmt: skip
    lines = "".join(f"<tr><th>{name}</th><td>{says}</td></tr>" for name, says in facts)
    yield f"<h2>Where it comes from</h2><table><tbody>{lines}</tbody></table>"
    recipe = words.toml(record.identity()["recipe"])
    yield '<h3>Recipe</h3><p class="soft">With its defaults; what is empty is left out.</p>'
    yield f"<pre>{words.safe(recipe)}</pre>"
