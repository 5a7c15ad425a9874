"""Words of a page: text made safe, figures and dates as people write them, a recipe as TOML."""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base import figures

Array = npt.NDArray[Any]
NAME = 60
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""what XML forbids, what UTF-8 cannot hold, and what turns the direction of the text that follows"""
PART = re.compile(r"(?:[^\s._/-](?![A-Z](?<=[a-z][A-Z]))){0,13}.")
"""what of a name stays in one line"""
UNITS = {"M": "%Y-%m", "D": "%Y-%m-%d", "m": "%Y-%m-%d %H:%M", "s": "%Y-%m-%d %H:%M:%S"}


def safe(text: Any) -> str:
    """Any text as it may stand in a page, between tags or in a quoted attribute."""
    return html.escape(UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text)), quote=True)


def short(text: Any, most: int = NAME) -> str:
    """The text in one line, safe, and cut where it is longer."""
    return safe(_cut(text, most))


def breakable(name: Any, most: int = 4 * NAME) -> str:
    """A name in one line, safe and cut, that may go on in the next line: after its points and underscores, before its
    capitals, and anywhere in what is too long without them."""
    return "<wbr/>".join(safe(part) for part in PART.findall(_cut(name, most)))


def _cut(text: Any, most: int) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def number(value: float) -> str:
    """As figures are written, with a true minus sign; a dash for what is none."""
    return figures.number(value).replace("-", "−") if np.isfinite(value) else "–"


def between(low: str, high: str) -> str:
    """Both ends of an interval, in one line; safe where they are."""
    return f'<span class="ends">{low} … {high}</span>'


def decimals(values: Array) -> int:
    """Places after the point that leave the largest of these four significant digits, at most six."""
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max()) if known.size else 0.0
    return 0 if largest == 0 else int(np.clip(3 - np.floor(np.log10(largest)), 0, 6))


def fixed(value: float, places: int) -> str:
    """With so many places after the point, so that a column of them can be compared."""
    if not np.isfinite(value):
        return "–"
    if abs(value) >= 1e15:
        return number(value)
    text = f"{value:,.{places}f}"
    return (text[1:] if text.startswith("-") and not text.strip("-0.,") else text).replace("-", "−")


def times(at: Array) -> list[str]:
    """Dates no finer than they need be: 2026-01 where all are firsts of months, 2026-01-31 where all are midnights."""
    if not np.issubdtype(at.dtype, np.datetime64):
        return [f"{v:,.0f}".replace("-", "−") if float(v).is_integer() and abs(v) < 1e15 else number(v) for v in at]
    whole = at.astype("datetime64[s]")
    known = whole[~np.isnat(whole)]
    unit = next((u for u in ("M", "D", "m") if (known == known.astype(f"datetime64[{u}]")).all()), "s")
    return ["–" if np.isnat(v) else date(v, UNITS[unit]) for v in whole]


def date(at: Any, form: str) -> str:
    """One moment in the form of strftime; plainly, where the calendar of Python ends."""
    moment = at.astype("datetime64[s]").item()
    return str(moment.strftime(form)) if hasattr(moment, "strftime") else str(at)


def toml(recipe: Mapping[str, Any]) -> str:
    """A recipe as TOML, what is empty left out; tables after the plain keys."""
    return "\n".join(_table(recipe, "")).strip() + "\n"


def _table(content: Mapping[str, Any], path: str) -> list[str]:
    kept = {k: v for k, v in content.items() if v is not None and v != "" and v != [] and v != {}}
    flat = [f"{_key(k)} = {_value(v)}" for k, v in kept.items() if not isinstance(v, Mapping)]
    lines = [f"\n[{path}]", *flat] if path and flat else flat
    for name, inner in kept.items():
        if isinstance(inner, Mapping):
            lines += _table(inner, f"{path}.{_key(name)}" if path else _key(name))
    return lines


def _key(name: Any) -> str:
    return str(name) if re.fullmatch(r"[A-Za-z0-9_-]+", str(name)) else json.dumps(str(name), ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
