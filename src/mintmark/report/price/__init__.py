"""Price: a plan for the market as one HTML page that needs nothing beside itself."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mintmark.base.words import language
from mintmark.report import paper, words
from mintmark.report.price import business, demand, headline, origin, prices, reach
from mintmark.report.price.view import View

CSS = """
ol { padding-left: 1.4em; } ol li { margin: 6px 0; max-width: 85ch; }
td:not(.n) data + small { display: block; }
td > small:only-child { display: inline-block; min-width: 11rem; }
"""


def html(plan: Mapping[str, Any], lang: str = "") -> str:
    """`plan`: what mintmark.capital.pricing.plan returns."""
    view = View(plan, language(lang))
    title = f"{words.short(plan['name'])} · {view.say('price')}"
    return paper.document(title, "\n".join(_body(view)), view.say, CSS)


def _body(view: View) -> Iterable[str]:
    say, plan = view.say, view.plan
    run = f'{say("run")} <span class="hash">{words.safe(plan["run"])}</span>' if plan["run"] else ""
    soft = [words.short(Path(plan["assumptions_file"]).name), run, words.safe(say.moment(plan["date"]))]
    yield f"<header><h1>{headline.title(view)}</h1>"
    yield f'<p class="soft">{" · ".join(s for s in soft if s)}</p></header>'
    yield f'<p class="lead">{headline.sentence(view)}</p>'
    top = list(prices.picture(view))
    yield from top
    yield headline.tiles(view)
    whole = [
        *headline.steps(view), *origin.notes(view), *demand.market(view), *demand.position(view), *prices.prices(view),
        *business.models(view), *business.tiers(view), *reach.customers(view), *reach.promotion(view),
        *origin.assumptions(view),
    ]  # fmt: skip
    yield from paper.below(say, top, whole)
