"""Paper: the frame of a page that stands alone, whatever stands on it."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from mintmark.base.words import Language
from mintmark.report import script
from mintmark.report.style import CSS

FIGURE = "data-figure="
"""what a picture is known by that plotly draws"""
HEADING = re.compile(r'<section id="([a-z_]+)"><h2>(.*?)</h2>')


def document(title: str, body: str, say: Language, css: str = "") -> str:
    """A whole page of a safe title and body; with plotly's script only where there is a picture that it draws."""
    scripts = [script.plotly()] if FIGURE in body else []
    scripts.append(script.OURS)
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{script.policy(scripts)}"/><title>{title}</title>'
    )
    run = "".join(f"<script>{s}</script>\n" for s in scripts)
    lang = "zh-CN" if say.code == "zh" else say.code
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head>{head}<style>{CSS}{css}</style></head>\n'
        f"<body>\n{body}\n{run}</body></html>\n"
    )


def contents(body: str) -> str:
    """Where to find what."""
    items = [f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in HEADING.findall(body)]
    return f"<nav><ul>{''.join(items)}</ul></nav>" if len(items) > 2 else ""


def below(say: Language, first: Iterable[str], parts: Sequence[str]) -> Iterator[str]:
    """What stands below the first things of a page: where to find what, a word to who runs no scripts, the parts."""
    yield contents("".join(parts))
    if FIGURE in "".join([*first, *parts]):
        text = say(
            "Pictures are drawn by a script in this page. Without it their figures are in tables that open below them."
        )
        yield f'<noscript><p class="soft">{text}</p></noscript>'
    yield from parts


def write(path: Path, page: str) -> Path:
    """Write all or nothing."""
    half = path.with_name(path.name + ".half")
    try:
        half.write_text(page, encoding="utf-8", newline="\n")
        os.replace(half, path)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return path
