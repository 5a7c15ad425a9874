"""Pieces that the parts of a page are made of: tiles, badges, bars, tables; all texts that they take are safe."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mintmark.base.words import Language
from mintmark.report import words
from mintmark.report.sheet import RIGHT

NONE = "–"
"""what stands where there is no figure"""
LEAST = 1e-4
"""money that is still written in full"""


def tile(label: str, figure: str, small: str = "") -> str:
    return f'<div class="tile">{label}<b>{figure}</b><small>{small}</small></div>'


def tiles(made: Iterable[str]) -> str:
    return f'<div class="tiles">{"".join(made)}</div>'


def badge(text: str, kind: str = "") -> str:
    """A word on a state. kind: good, bad, or nothing."""
    return f'<span class="badge {kind}">{text}</span>'


def link(path: str, text: str) -> str:
    """To another view of the page; `path` is put behind the hash."""
    return f'<a href="#/{words.safe(path)}">{text}</a>'


def table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = (), kind: str = ""
) -> str:
    """title: what is read out of it. numbers: the columns that stand to the right.

    Each cell knows its head, which a narrow screen shows beside it.
    """
    right = set(numbers)

    def row(cells: Sequence[str], tag: str) -> str:
        made = ""
        for i, (cell, head) in enumerate(zip(cells, heads, strict=True)):
            name = "th" if tag == "td" and i == 0 else tag
            beside = f' data-head="{"" if cell == NONE else head}"' if tag == "td" else ""
            made += f"<{name}{RIGHT if i in right else ''}{beside}>{cell}</{name}>"
        return f"<tr>{made}</tr>"

    body = "".join(row(r, "td") for r in rows)
    whole = f'<table class="{kind}"><thead>{row(heads, "th")}</thead><tbody>{body}</tbody></table>'
    return f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{whole}</div>'


def bars(rows: Sequence[tuple[str, dict[str, Any], bool]], unit: str, say: Language) -> str:
    """Of each a name, a figure with its ends (per_case, low, high), and whether it is the one that counts.

    Lengths are set by the page's script, as its policy lets no markup do so.
    """
    ends = [0.0]
    for _, figure, _ in rows:
        ends += [figure[n] for n in ("per_case", "low", "high") if n in figure]
    start, width = min(ends), (max(ends) - min(ends)) or 1.0

    def at(value: float) -> float:
        return 100 * (value - start) / width

    made = []
    for name, figure, mine in rows:
        value = figure["per_case"]
        left, right = sorted((at(0.0), at(value)))
        bar = f'<i data-style="left:{left:.2f}%;width:{max(right - left, 0.4):.2f}%"></i>'
        if "low" in figure:
            low, high = at(figure["low"]), at(figure["high"])
            bar += f'<s data-style="left:{low:.2f}%;width:{high - low:.2f}%"></s>'
        kind = "bar-row mine" if mine else "bar-row"
        made.append(f'<div class="{kind}"><span>{name}</span><div>{bar}</div><b>{say.money(value, unit)}</b></div>')
    return f'<div class="bars">{"".join(made)}</div>'


def amount(value: float, unit: str, say: Language) -> str:
    """Money; of a sum that nobody could pay, that it is less than the least. Safe."""
    if 0 < value < LEAST:
        return f"&lt;&nbsp;{say.money(LEAST, unit)}"
    return say.money(value, unit)


def figure(value: float | None, say: Language) -> str:
    return NONE if value is None or not math.isfinite(value) else say.number(value)


def share(value: float | None, say: Language) -> str:
    return NONE if value is None or not math.isfinite(value) else say.share(value)


def seconds(value: float | None, say: Language) -> str:
    return NONE if value is None or not math.isfinite(value) else say.duration(value)
