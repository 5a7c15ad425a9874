"""Page: from the one sentence that says what training costs down to each assumption."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mintmark.base.words import language
from mintmark.report import paper, words
from mintmark.report.plan import choices, headline, limits, origin, ranking, saving
from mintmark.report.plan.view import View

CSS = """
figure.money.broad { max-width: 900px; }
.bars.wide-names .bar-row { grid-template-columns: 15rem 1fr minmax(8rem, auto); }
.bar-row.saved i { background: var(--good); opacity: .8; } .bar-row small { display: block; line-height: 1.3; }
.groups { display: grid; gap: 8px 28px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 390px), 1fr)); }
.plans tbody th { min-width: 13rem; } .plans th small { display: block; font-weight: 400; }
@media (max-width: 600px) { .bars.wide-names .bar-row { grid-template-columns: 1fr auto; } }
"""


def html(said: Mapping[str, Any], lang: str = "") -> str:
    """`said`: what mintmark.capital.planning.plan returns."""
    view = View(said, language(lang))
    title = f"{words.short(said['name'])} · {view.say('what training costs')}"
    return paper.document(title, "\n".join(_body(view)), view.say, CSS)


def _body(view: View) -> Iterable[str]:
    say, said = view.say, view.said
    soft = [words.short(Path(said["plan_file"]).name), words.safe(say.moment(said["date"])), headline.counted(view)]
    title = say("What training costs: {name}", name=f"<bdi>{words.short(said['name'])}</bdi>")
    yield f'<header><h1>{title}</h1><p class="soft">{" · ".join(soft)}</p></header>'
    yield f'<p class="lead">{headline.sentence(view)}</p>'
    top = list(ranking.picture(view))
    yield from top
    yield headline.tiles(view)
    whole = [
        *origin.notes(view), *saving.waterfall(view), *ranking.cheapest(view), *ranking.front(view),
        *choices.choices(view), *saving.measured(view), *limits.rejected(view), *origin.speed(view),
        *origin.assumptions(view),
    ]  # fmt: skip
    yield from paper.below(say, top, whole)
