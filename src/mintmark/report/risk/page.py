"""Page: from the one sentence that says what the risks can cost down to each assumption."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import Language
from mintmark.report import paper, words
from mintmark.report.risk import answer, origin, risks, top, watch
from mintmark.report.value import closing
from mintmark.report.value.terms import Terms

CSS = """
figure.money.broad { max-width: 900px; }
.bars.wide-names .bar-row { grid-template-columns: 16rem 1fr minmax(9rem, auto); }
.bar-row.risk i { background: var(--bad); opacity: .7; }
.how { border: 1px solid var(--line); border-radius: 999px; padding: 1px 8px; font-size: .8rem; white-space: nowrap; }
.how.measured, .how.armed, .how.in_place { border-color: var(--good); color: var(--good); }
.how.fired, .how.over { border-color: var(--bad); color: var(--bad); } .how.assumed { color: var(--soft); }
.heat { border-collapse: separate; border-spacing: 3px; } .heat td { width: 9rem; height: 3.4rem; border: 0;
  border-radius: 6px; padding: 4px 8px; vertical-align: top; overflow-wrap: anywhere; line-height: 1.25; }
.heat th { font-weight: 400; color: var(--soft); font-size: .8rem; border: 0; text-align: right; min-width: 4.5rem; }
.heat tfoot th { text-align: left; } .heat td b { font-weight: 600; font-size: .85rem; display: block; }
.heat .h1 { background: color-mix(in srgb, var(--good) 22%, var(--paper)); }
.heat .h2 { background: color-mix(in srgb, var(--tested) 20%, var(--paper)); }
.heat .h3 { background: color-mix(in srgb, var(--tested) 45%, var(--paper)); }
.heat .h4 { background: color-mix(in srgb, var(--bad) 45%, var(--paper)); }
.register td { min-width: 8rem; } .register td:nth-child(2) { min-width: 18rem; } .register small { display: block; }
ul.tree, ul.tree ul { list-style: none; padding-left: 1.2rem; border-left: 2px solid var(--line); margin: 2px 0; }
ul.tree { border: 0; padding: 0; } ul.tree b { font-weight: 600; }
@media (max-width: 600px) { .bars.wide-names .bar-row { grid-template-columns: 1fr auto; } }
"""


def html(said: Mapping[str, Any], say: Language) -> str:
    terms = Terms.of(said, say)
    title = say("Register of risks")
    named = f" · {words.short(said['name'])}" if said["name"] else ""
    return paper.document(f"{title}{named}", "\n".join(_body(terms, f"{title}{named}")), say, CSS)


def _body(terms: Terms, title: str) -> Iterable[str]:
    say, said = terms.say, terms.said
    whole = [
        *risks.heat(terms), *risks.ranked(terms), *answer.controls(terms), *answer.decisions(terms),
        *watch.indicators(terms), *watch.live(terms), *risks.register(terms), *origin.evidence(terms),
        *origin.act(terms), *closing.notes(terms), *closing.method(terms, origin.METHOD),
    ]  # fmt: skip
    plan = say("{n} months, in {unit}", n=said["months"], unit=terms.unit)
    counted = say("{n} risks", n=len(said["risks"]))
    yield f"<header><h1>{title}</h1>"
    yield f'<p class="soft">{counted} · {plan} · {say("{n} draws", n=said["samples"])}</p></header>'
    yield f'<p class="lead">{top.sentence(terms)}</p>'
    first = list(top.pictures(terms))
    yield from first
    yield top.tiles(terms)
    yield from paper.below(say, first, whole)
