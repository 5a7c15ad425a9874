"""Sheet: what every part of a page knows (record, figures, language), and the pieces that parts are made of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mintmark.base.record import Measured, RunRecord
from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.report.figures import Figures

Cell = str | float | int | None
"""safe text as it stands, or a figure that tables sort by"""
RIGHT = ' class="n"'
UNITS = {
    "s": mark("s"), "rows": mark("rows"), "bytes": mark("bytes"), "nats": mark("nats"), "bits": mark("bits"),
    "runs": mark("runs"), "target": mark("target"), "tokens": mark("tokens"),
}  # fmt: skip
"""units that have a word of their own in other languages"""


@dataclass(frozen=True)
class Sheet:
    record: RunRecord
    figures: Figures
    say: Language

    def measure(self, name: str) -> Measured | None:
        """The latest of that name."""
        return {m.name: m for m in self.record.measures}.get(name)

    @property
    def unit(self) -> str:
        """The currency of the payoff, or nothing."""
        per_case = self.measure("value.per_case")
        return per_case.unit if per_case else ""

    def unit_of(self, m: Measured) -> str:
        """As it stands behind a figure; safe. Nothing for a share or a score."""
        if m.unit == "1":
            return ""
        return self.say(UNITS[m.unit]) if m.unit in UNITS else words.short(self.say.currency(m.unit))

    def source(self, *formulas: str, rows: int = -1) -> str:
        """A line that opens, and says where a figure comes from: what made it, from which rows, of which run.

        formulas: safe texts. rows: 0 where it is not of test rows.
        """
        say, record = self.say, self.record
        made = [f for f in formulas if f]
        n = self.figures.rows if rows < 0 else rows
        if n:
            made.append(words.safe(say("Made of {n} answered test rows, once, when the run ended.", n=n)))
        hashes = [("run", record.run), ("data", record.data_hash[:16]), ("test rows", record.test_hash[:16])]
        named = {"run": say("run"), "data": say("data"), "test rows": say("test rows")}
        told = " · ".join(f'{words.safe(named[n])} <span class="hash">{words.safe(h)}</span>' for n, h in hashes if h)
        lines = "".join(f"<p>{line}</p>" for line in [*made, told])
        return f'<details class="source"><summary>{words.safe(say("Where this comes from"))}</summary>{lines}</details>'

    def table(
        self, heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, kind: str = "", sort: bool = True, name: int = 1
    ) -> str:
        """A table whose figures stand to the right and are what it is sorted by; the first `name` cells are headings.

        heads and texts are safe; a figure that is None is a dash.
        """
        body, numeric = [], [False] * len(heads)
        for row in rows:
            cells = []
            for i, cell in enumerate(row):
                number = cell is None or isinstance(cell, int | float)
                numeric[i] = numeric[i] or number
                tag = "th" if i < name else "td"
                cells.append(f"<{tag}{RIGHT if number else ''}>{self.cell(cell)}</{tag}>")
            body.append(f"<tr>{''.join(cells)}</tr>")
        head = "".join(f"<th{RIGHT if n else ''}>{h}</th>" for h, n in zip(heads, numeric, strict=True))
        style = " ".join(s for s in (kind, "sort" if sort else "") if s)
        whole = f'<table class="{style}"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
        return f'<div class="wide">{whole}</div>'

    def cell(self, value: Cell) -> str:
        if isinstance(value, str):
            return value
        return "–" if value is None else f'<data value="{float(value)!r}">{self.say.number(value)}</data>'

    def plot(
        self,
        title: str,
        data: Sequence[Mapping[str, Any]],
        layout: Mapping[str, Any],
        *,
        caption: str = "",
        source: str = "",
        table: str = "",
    ) -> str:
        """A figure that plotly draws, with what it says in a sentence, where it comes from, and its values as a table.

        All texts are safe but those inside data and layout, which are made so here.
        """
        figure = words.safe(json.dumps({"data": _tame(data), "layout": _tame(layout)}, ensure_ascii=False))
        values = words.safe(self.say("The figures as a table"))
        shown = f"<details><summary>{values}</summary>{table}</details>" if table else ""
        said = f"<figcaption>{caption}</figcaption>" if caption else ""
        drawn = f'<div class="draw" role="img" aria-label="{title}" data-figure="{figure}"></div>'
        return f"<figure><h3>{title}</h3>{drawn}{said}{shown}{source}</figure>"


def section(anchor: str, title: str, body: Iterable[str], lead: str = "") -> Iterable[str]:
    """A part of a page under its heading; nothing where it has no body.   All texts are safe."""
    parts = list(body)
    if parts:
        said = f'<p class="soft">{lead}</p>' if lead else ""
        yield f'<section id="{anchor}"><h2>{title}</h2>{said}'
        yield from parts
        yield "</section>"


def _tame(thing: Any) -> Any:
    """Texts as plotly shows them unread: it takes tags and entities in every label for its own markup."""
    if isinstance(thing, Mapping):
        return {k: _tame(v) for k, v in thing.items()}
    if isinstance(thing, list | tuple):
        return [_tame(v) for v in thing]
    return _plain(thing) if isinstance(thing, str) else thing


class Raw(str):
    """A text of our own that plotly is to read: <br> and %{x}."""


def _plain(text: str) -> str:
    if isinstance(text, Raw):
        return str(text)
    clean = words.UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "%\u200b{")
