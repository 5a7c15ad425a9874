"""Closing: what pages of a result end with: what to know, and how all of it was worked out."""

from collections.abc import Iterable, Sequence

from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms


def notes(terms: Terms) -> Iterable[str]:
    items = "".join(f"<li>{terms.told(n)}</li>" for n in terms.said["notes"])
    return section("notes", terms.say("Worth knowing"), [f"<ul>{items}</ul>"] if items else [])


def method(terms: Terms, texts: Sequence[str], source: str = "") -> Iterable[str]:
    """texts: marked. source: what the figures hang on, safe; else it is the file alone."""
    say = terms.say
    items = "".join(f"<li>{words.safe(say(text))}</li>" for text in texts)
    seed = say("Seed {seed}: the same file gives the same figures.", seed=str(terms.said["seed"]))
    ends = source or f'<p class="soft">{seed}</p>'
    return section("method", say("How it was worked out"), [f"<ul>{items}</ul>{ends}"])
