"""Page: a run as one HTML file that stands alone: no font, no picture, no script from elsewhere."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from mintmark.base.record import RunRecord
from mintmark.base.words import Language, language
from mintmark.report import (
    data,
    forecast,
    headline,
    leaning,
    money,
    origin,
    quality,
    samples,
    script,
    table,
    trials,
    usage,
    weak,
    words,
)  # fmt: skip
from mintmark.report.figures import Figures
from mintmark.report.sheet import Sheet
from mintmark.report.style import CSS

HEADING = re.compile(r'<section id="([a-z]+)"><h2>(.*?)</h2>')


def write(path: Path, record: RunRecord, figures: Figures | None = None, lang: str = "") -> Path:
    """The page of a run, whole or not at all, in that language or in the reader's.

    Raises: RecipeError: no language of ours.
    """
    page = html(record, figures or Figures(), language(lang))
    half = path.with_name(path.name + ".half")
    half.write_text(page, encoding="utf-8", newline="\n")
    os.replace(half, path)
    return path


def html(record: RunRecord, figures: Figures, say: Language) -> str:
    """The page as text. Plotly's script is in it once where there is a picture that it draws, else not at all."""
    sheet = Sheet(record, figures, say)
    body = "\n".join(_body(sheet))
    scripts = [script.plotly()] if "data-figure=" in body else []
    scripts.append(script.OURS)
    title = f"{words.safe(say(headline.TASKS[record.task]) if record.task in headline.TASKS else record.task)}"
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{script.policy(scripts)}"/>'
        f"<title>{title} · {words.safe(record.run)}</title>"
    )
    run = "".join(f"<script>{s}</script>\n" for s in scripts)
    lang = "zh-CN" if say.code == "zh" else say.code
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head>{head}<style>{CSS}</style></head>\n'
        f"<body>\n{body}\n{run}</body></html>\n"
    )


def _body(sheet: Sheet) -> Iterable[str]:
    say, record = sheet.say, sheet.record
    whole = [
        *table.coming(sheet), *forecast.charts(sheet), *money.parts(sheet), *samples.parts(sheet),
        *quality.parts(sheet),
        *leaning.parts(sheet), *weak.parts(sheet), *table.every_step(sheet), *trials.parts(sheet), *data.parts(sheet),
        *usage.parts(sheet), *origin.notes(sheet), *origin.measures(sheet), *origin.origin(sheet),
    ]  # fmt: skip
    read = record.recipe.get("data")
    named = words.short(Path(read).name) if isinstance(read, str) and read else ""
    when = say("{time} UTC", time=words.safe(say.moment(record.started))) if record.started else ""
    run = f'{say("run")} <span class="hash">{words.safe(record.run)}</span>'
    yield f"<header><h1>{headline.title(sheet)}</h1>"
    yield f'<p class="soft">{" · ".join(x for x in (named, run, when) if x)}</p></header>'
    yield f'<p class="lead">{headline.sentence(sheet)}</p>'
    top = list(headline.picture(sheet))
    yield from top
    yield headline.tiles(sheet)
    yield _contents("".join(whole))
    if "data-figure=" in "".join([*top, *whole]):
        said = say(
            "Pictures are drawn by a script in this page. Without it their figures are in tables that open below them."
        )
        yield f'<noscript><p class="soft">{said}</p></noscript>'
    yield from whole


def _contents(body: str) -> str:
    """Where to find what."""
    items = [f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in HEADING.findall(body)]
    return f"<nav><ul>{''.join(items)}</ul></nav>" if len(items) > 2 else ""
