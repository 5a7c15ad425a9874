"""View: a plan and the language it is told in, with the pieces that all parts of its page are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mintmark.base.record import RunRecord
from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.report.figures import Figures
from mintmark.report.sheet import Sheet

METHODS = {
    "cost_plus": mark("cost plus"), "value": mark("value to the customer"), "van_westendorp": "van Westendorp",
    "gabor_granger": "Gabor-Granger", "conjoint": mark("conjoint (logit)"), "elasticity": mark("elasticity"),
}  # fmt: skip
MODELS = {
    "sale": mark("sale"), "subscription": mark("subscription"), "usage": mark("pay by use"),
    "licence": mark("licence"), "freemium": mark("freemium"),
}  # fmt: skip
PAID = {
    "sale": mark("once"), "subscription": mark("a month"), "usage": mark("a unit"), "licence": mark("a year"),
    "freemium": mark("a month, of those who pay"),
}  # fmt: skip
HOW = {"measured": mark("measured"), "estimated": mark("estimated"), "assumed": mark("assumed")}
COLOURS = ("--coming", "--tested", "--good", "--known", "--bad")
"""of the five business models"""


@dataclass(frozen=True)
class View:
    plan: Mapping[str, Any]
    say: Language

    @property
    def sheet(self) -> Sheet:
        return Sheet(RunRecord(str(self.plan["run"]), "price", "", ""), Figures(), self.say)

    @property
    def unit(self) -> str:
        """What a price is for; safe."""
        return words.short(self.plan["unit"])

    @property
    def currency(self) -> str:
        """Safe."""
        return words.short(self.say.currency(str(self.plan["currency"])))

    def money(self, value: float) -> str:
        """Safe, with its currency."""
        return words.short(tagged(self.say, value, str(self.plan["currency"])))

    def between(self, of: Mapping[str, Any]) -> str:
        """P10 and P90, safe."""
        return words.between(self.say.number(rounded(of["p10"])), self.say.number(rounded(of["p90"])))

    def spread(self, of: Mapping[str, Any] | None) -> str:
        """P50 with P10 and P90 below it, as a cell; safe."""
        if of is None:
            return "–"
        value = f'<data value="{float(of["p50"])!r}">{self.say.number(rounded(of["p50"]))}</data>'
        return value if of["p10"] == of["p90"] else f"{value}<small>{self.between(of)}</small>"

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Any]], *, kind: str = "", sort: bool = True) -> str:
        """A table whose cells of spreads stand to the right; heads and texts are safe."""
        made = [[Right(self.spread(c)) if isinstance(c, Mapping) else c for c in row] for row in rows]
        text = self.sheet.table(heads, made, kind=kind, sort=sort)
        return text.replace("<td><data", '<td class="n"><data')

    def source(self, *formulas: str) -> str:
        return self.sheet.source(*formulas, rows=0)


def tagged(say: Language, value: float, currency: str) -> str:
    """An amount in a sentence, of three digits: what follows from assumptions is not known better."""
    return say.money(float(f"{value:.3g}") + 0.0, currency)


class Right(str):
    """A cell of figures that is made already."""


def rounded(value: float) -> float:
    """Without a minus before nothing."""
    return value + 0.0


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str) -> dict[str, Any]:
    """The area between two lines, behind the one that goes through its middle."""
    return {
        "type": "scatter", "mode": "lines", "x": [*x, *reversed(x)], "y": [*low, *reversed(high)], "fill": "toself",
        "fillcolor": f"{colour} 0.14", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
