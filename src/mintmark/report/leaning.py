"""Leaning: what the model goes by: columns shuffled one by one, its own contributions, and a tree as a picture."""

from collections.abc import Iterable

from mintmark.base.words import mark
from mintmark.report import tree, words
from mintmark.report.sheet import Cell, Sheet, section

MOST = 25
OURS = {"all numbers": mark("all numbers")}
"""what is no column but made of several"""


def parts(sheet: Sheet) -> Iterable[str]:
    say = sheet.say
    beside = [f"<div>{''.join(made)}</div>" for part in (_shuffled, _contributions) if (made := list(part(sheet)))]
    pair = [f'<div class="charts two">{"".join(beside)}</div>'] if beside else []
    return section("leaning", say("What it goes by"), [*pair, *_tree(sheet)])


def _shuffled(sheet: Sheet) -> Iterable[str]:
    say = sheet.say
    found = [m for m in sheet.record.measures if m.name.startswith("explain.")]
    if not found:
        return
    found.sort(key=lambda m: -m.value)
    most = max(abs(m.value) for m in found) or 1.0
    felt = [m for m in found if m.value != 0]
    rows: list[list[Cell]] = [
        [words.breakable(m.name.partition(".")[2], words.NAME), bar(max(m.value, 0.0) / most), m.value]
        for m in felt[:MOST]
    ]
    yield f"<h3>{say('Columns shuffled one by one')}</h3>"
    more = say("The {n} largest of {all}.", n=MOST, all=len(felt)) if len(felt) > MOST else ""
    if len(felt) < len(found):
        rest = len(found) - len(felt)
        more = say.together(more, say.count(rest, "{n} other changes nothing.", "{n} others change nothing."))
    said = say("How much worse the measure becomes on the test rows if a column is shuffled.")
    yield f'<p class="soft">{say.together(said, more)}</p>'
    yield sheet.table([say("column"), "", say("loss")], rows, kind="barred")
    yield sheet.source(words.safe(say.again(found[0].source)), say("Breiman 2001, section 10."))


def _contributions(sheet: Sheet) -> Iterable[str]:
    say, made = sheet.say, sheet.figures.contributions
    if not made.get("columns"):
        return
    most = max(c["size"] for c in made["columns"]) or 1.0
    rows: list[list[Cell]] = [
        [_column(sheet, c["name"]), bar(c["size"] / most), c["size"]] for c in made["columns"][:MOST]
    ]
    yield f"<h3>{say('What each column adds')}</h3>"
    said = say("How far each column moves the score of an answer up or down, on average.")
    yield f'<p class="soft">{said}</p>'
    yield sheet.table([say("column"), "", say("mean size")], rows, kind="barred")
    yield sheet.source(
        say("Shapley values (SHAP) as the trees themselves give them, or the terms of a model that is a sum."),
        say("Of {n} test rows, before calibration; log odds of classes, the unit of numbers.", n=made["rows"]),
        say("Lundberg and others, Nature Machine Intelligence 2, 2020."), rows=0,
    )  # fmt: skip


def _column(sheet: Sheet, name: str) -> str:
    return words.safe(sheet.say(OURS[name])) if name in OURS else words.breakable(name, words.NAME)


def _tree(sheet: Sheet) -> Iterable[str]:
    say, made = sheet.say, sheet.figures.tree
    if not made:
        return
    yield f"<h3>{say('The tree')}</h3>"
    said = say("From the top: left where it is so, right where it is not. {n} nodes in all.", n=made["nodes"])
    yield f'<p class="soft">{said}</p><div class="wide">{tree.draw(made, say)}</div>'
    yield sheet.source(
        say("The tree that is in the bundle; shares are those of its training rows, before calibration.")
    )


def bar(share: float) -> str:
    """A bar within a cell, 0 to 1 long."""
    return f'<i class="bar" style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i>'
