"""Page: from the one sentence that says what to spend down to how it was worked out."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import Language
from mintmark.report import paper, words
from mintmark.report.allocate import advice, curves, origin, top
from mintmark.report.value import closing
from mintmark.report.value.terms import Terms

CSS = """
figure.money.broad { max-width: 900px; }
.bars .bar-row { grid-template-columns: 10rem 1fr minmax(7rem, auto); }
.staged td:nth-child(4) { min-width: 11rem; } .staged th { min-width: 4.5rem; }
"""


def html(said: Mapping[str, Any], say: Language) -> str:
    terms = Terms.of(said, say)
    title = say("Allocation of a budget")
    named = f" · {words.short(said['name'])}" if said["name"] else ""
    return paper.document(f"{title}{named}", "\n".join(_body(terms, f"{title}{named}")), say, CSS)


def _body(terms: Terms, title: str) -> Iterable[str]:
    say, said = terms.say, terms.said
    whole = [
        *advice.spending(terms), *advice.ways(terms), *advice.stages(terms), *curves.money(terms),
        *curves.learning(terms), *closing.notes(terms), *closing.method(terms, origin.METHOD),
    ]  # fmt: skip
    counted = say("{n} projects", n=len(said["projects"]))
    periods = say("{n} periods, in {unit}", n=len(said["budget"]), unit=terms.unit)
    yield f"<header><h1>{title}</h1>"
    yield f'<p class="soft">{counted} · {periods} · {say("{n} draws", n=said["samples"])}</p></header>'
    yield f'<p class="lead">{top.sentence(terms)}</p>'
    yield top.tiles(terms)
    yield from paper.below(say, (), whole)
