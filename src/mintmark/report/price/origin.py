"""Origin: what the plan rests on: notes, and every assumption with how sure it is and where it comes from."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.report import words
from mintmark.report.price.view import HOW, View
from mintmark.report.sheet import section


def notes(view: View) -> Iterable[str]:
    say = view.say
    items = "".join(f"<li>{noted(view, n)}</li>" for n in view.plan["notes"])
    return section("notes", say("To note"), [f"<ul>{items}</ul>"] if items else [])


def noted(view: View, note: Mapping[str, Any]) -> str:
    """A note in the page's language; safe."""
    said = view.say(note["text"], **note["values"]) if note["text"] else view.say.again(str(note["said"]))
    return words.safe(said)


def assumptions(view: View) -> Iterable[str]:
    say, made = view.say, view.plan["assumptions"]
    lead = say(
        "{n} figures; {m} of them are measured. Price and plan change with them: look hardest at what is assumed.",
        n=len(made), m=sum(a["how"] == "measured" for a in made),
    )  # fmt: skip
    heads = [say("figure"), say("P50 and 8 in 10 chances"), say("unit"), say("how"), say("source")]
    rows = [
        [
            words.breakable(a["name"]),
            a,
            words.short(say.currency(a["currency"] or "")),
            say(HOW[a["how"]]),
            words.safe(a["source"]),
        ]
        for a in made
    ]
    table = view.table(heads, rows, kind="measures")
    body = f"<details><summary>{say('All assumptions')}</summary>{table}</details>"
    return section("assumptions", say("What this rests on"), [body], lead)
