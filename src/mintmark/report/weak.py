"""Weak: the slices of the test rows that do worst."""

from collections.abc import Iterable
from typing import Any

from mintmark.report import words
from mintmark.report.sheet import Cell, Sheet, section


def parts(sheet: Sheet) -> Iterable[str]:
    say, made = sheet.say, sheet.figures.slices
    if not made or not made.get("looked"):
        return ()
    return section("slices", say("Where it does worst"), _body(sheet, made), _lead(sheet, made))


def _lead(sheet: Sheet, made: dict[str, Any]) -> str:
    say = sheet.say
    sure = sum(s["sure"] for s in made["shown"])
    said = say(
        "{n} groups of at least 30 test rows were looked at: categories, and quarters of numbers.", n=made["looked"]
    )
    if sure:
        worse = say.count(
            sure, "{n} is worse than the rest beyond chance.", "{n} are worse than the rest beyond chance."
        )
        return say.together(said, worse)
    return say.together(said, say("Of so many some look bad by chance; none is surely worse than the rest."))


def _body(sheet: Sheet, made: dict[str, Any]) -> Iterable[str]:
    say, shown, unit = sheet.say, made["shown"], sheet.say.currency(words.short(sheet.unit))
    if not shown:
        return
    names = {
        "missed": say("missed a case, {unit}", unit=unit), "log_loss": say("log loss"), "off": say("error, mean size"),
        "cost": say("cost a case, {unit}", unit=unit),
    }  # fmt: skip
    heads = [say("group"), say("rows"), names[made["by"]], "95 %", say("all others"), say("sure?")]
    extra = {
        "positive": say("positives, %"), "money": say("earned a case, {unit}", unit=unit), "log_loss": say("log loss"),
        "wrong": say("likeliest class wrong, %"), "off": say("error, mean size"),
    }  # fmt: skip
    more = [n for n in extra if n in shown[0] and n != made["by"]]
    sure = [s for s in shown if s["sure"]]
    rows = [_row(sheet, s, more) for s in [*sure, *(s for s in shown if not s["sure"])][: max(len(sure), 6)]]
    yield sheet.table([*heads, *(extra[n] for n in more)], rows)
    formulas = {
        "missed": say("Missed: what a perfect decision would have earned beyond the one taken."),
        "log_loss": say("Log loss: how surprised the probabilities were by what was true."),
        "off": say("Error: the distance of the answer from the truth."),
        "cost": say("Cost: the distance of the answer from the truth, times what a unit of it costs."),
    }
    yield sheet.source(
        formulas[made["by"]],
        say("Ordered by how surely a group is worse than all others; 95 % interval of the mean (normal)."),
        say(
            "Sure: chance alone would do it less than once in 20, counting that {n} were looked at (Bonferroni).",
            n=made["looked"],
        ),
        rows=made.get("rows", -1),
    )  # fmt: skip


def _row(sheet: Sheet, one: dict[str, Any], more: list[str]) -> list[Cell]:
    say = sheet.say
    between = words.between(say.number(one["low"]), say.number(one["high"]))
    sure = f"<b>{say('yes')}</b>" if one["sure"] else say("no")
    also: list[Cell] = [100 * one[n] if n in ("positive", "wrong") else one[n] for n in more]
    return [named(sheet, one), one["rows"], one["mean"], between, one["rest"], sure, *also]


def named(sheet: Sheet, one: dict[str, Any]) -> str:
    """Column and what its rows have in common; safe."""
    say, column = sheet.say, f"<bdi>{words.breakable(one['column'], words.NAME)}</bdi>"
    if one.get("missing"):
        return f"{column}<small>{say('missing')}</small>"
    if "value" in one:
        value = one["value"]
        said = say.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        return f"{column}<small><bdi>{words.short(said)}</bdi></small>"
    ends = (one["from"], one["to"])
    low, high = (
        say.number(e) if isinstance(e, int | float) else words.short(str(e).replace("T00:00:00", "")) for e in ends
    )
    return f"{column}<small>{say('{a} to {b}', a=low, b=high)}</small>"
