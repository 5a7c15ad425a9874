"""Page: a run as one HTML file that stands alone: no font, no picture, no script from elsewhere."""

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
    paper,
    quality,
    samples,
    table,
    trials,
    usage,
    weak,
    words,
)  # fmt: skip
from mintmark.report.figures import Figures
from mintmark.report.sheet import Sheet


def write(path: Path, record: RunRecord, figures: Figures | None = None, lang: str = "") -> Path:
    """The page of a run, whole or not at all, in that language or in the reader's.

    Raises: RecipeError: no language of ours.
    """
    return paper.write(path, html(record, figures or Figures(), language(lang)))


def html(record: RunRecord, figures: Figures, say: Language) -> str:
    """The page as text. Plotly's script is in it once where there is a picture that it draws, else not at all."""
    sheet = Sheet(record, figures, say)
    title = f"{words.safe(say(headline.TASKS[record.task]) if record.task in headline.TASKS else record.task)}"
    return paper.document(f"{title} · {words.safe(record.run)}", "\n".join(_body(sheet)), say)


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
    yield from paper.below(say, top, whole)
