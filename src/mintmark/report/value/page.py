"""Page: from the one sentence that says what a model is worth down to each assumption."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mintmark.base.record import RunRecord
from mintmark.base.words import Language, language
from mintmark.report import paper, words
from mintmark.report.value import assumed, bars, closing, more, top
from mintmark.report.value.terms import Terms

CSS = """
.bar-row u { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--soft); text-decoration: none; }
.bar-row.cost i, .bar-row i.low { background: var(--known); opacity: .45; }
.bar-row.driver i, .bar-row i.high { background: var(--coming); opacity: .85; }
.bars.wide-names .bar-row { grid-template-columns: 16rem 1fr minmax(9rem, auto); }
figure.money.broad { max-width: 900px; }
.how { border: 1px solid var(--line); border-radius: 999px; padding: 1px 8px; font-size: .8rem; white-space: nowrap; }
.how.measured, .how.realised { border-color: var(--good); color: var(--good); }
.how.assumed { color: var(--soft); }
.lines th:first-child { min-width: 11rem; }
.lines td:nth-child(5) { white-space: nowrap; }
.years td, .years th + th { text-align: right; }
.lines td:last-child { font-size: .85em; color: var(--soft); overflow-wrap: anywhere; min-width: 20rem; }
.key i { display: inline-block; width: 14px; height: 10px; border-radius: 2px; margin-right: 6px; }
@media (max-width: 600px) { .bars.wide-names .bar-row { grid-template-columns: 1fr auto; } }
"""


def write(path: Path, said: Mapping[str, Any], record: RunRecord | None = None, lang: str = "") -> Path:
    """The page of a result of `mintmark value`, whole or not at all.   Raises: RecipeError: no language of ours."""
    return paper.write(path, html(said, record, language(lang)))


def html(said: Mapping[str, Any], record: RunRecord | None, say: Language) -> str:
    terms = Terms.of(said, say, record)
    title = say("What the model is worth")
    named = f" · {words.safe(said['run'])}" if said["run"] else ""
    return paper.document(f"{title}{named}", "\n".join(_body(terms, title)), say, CSS)


def _body(terms: Terms, title: str) -> Iterable[str]:
    say, said = terms.say, terms.said
    whole = [
        *bars.parts(terms), *bars.tornado(terms), *more.parts(terms), *more.realised(terms), *more.experiment(terms),
        *assumed.lines(terms), *closing.notes(terms), *assumed.method(terms),
    ]  # fmt: skip
    run = f'{say("run")} <span class="hash">{words.safe(said["run"])}</span>' if said["run"] else say("without a run")
    yield f"<header><h1>{title}</h1>"
    plan = say("{n} years, in {unit}", n=said["years"], unit=terms.unit)
    yield f'<p class="soft">{run} · {plan} · {say("{n} draws", n=said["samples"])}</p></header>'
    yield f'<p class="lead">{top.sentence(terms)}</p>'
    first = list(top.pictures(terms))
    yield from first
    yield top.tiles(terms)
    yield from paper.below(say, first, whole)
