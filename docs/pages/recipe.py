"""The page of the recipe: every key of it."""

from mintmark.base.words import mark
from mintmark.recipe import schema, upgrades
from pages.form import Say, fields, sentence

LATER = mark("For tasks to come; none uses it yet.")
UNSAID = {
    "version": mark("Of the recipe's form. Older recipes are upgraded, and the record says what changed."),
    "task": mark("What is learnt: see [tasks](tasks.md)."),
    "seed": mark("Of all randomness: split, models, bootstrap."),
    "engine": mark("Where the work is done."),
    "columns": mark("A table: see [below](#columns)."),
    "read": mark("A table: see [below](#read)."),
    "payoff": mark("A table: see [below](#payoff). Without it nothing is decided by money."),
    "policy": mark("A table: see [below](#policy). What no text that is answered may hold."),
    "columns.target": mark("The same as `target` at the top."),
    "columns.time": mark(
        "When the row happened. Rows are split by it, and the past of a question is what lies before it."
    ),
    "columns.id": mark("Names the row; no feature. Of a forecast: the series that the row belongs to."),
    "columns.entity": mark("Whose row it is: the earlier rows of the same entity become features. Needs `time`."),
    "columns.group": mark("Without `time`: rows of one group stay in one part of the split. No feature."),
    "columns.weight": mark("How much the row counts, 0 or more. No feature."),
    "columns.text": mark("The text that `text_generation` learns to write; without it the column that is named so."),
    "read.encoding": mark("Such as gb18030. Found out if left empty."),
    "read.delimiter": mark("One character. Found out if left empty."),
    "payoff.currency": mark("Three capital letters (ISO 4217)."),
    "payoff.true_positive": mark("Acted on, and the row is of the positive class."),
    "payoff.false_positive": mark("Acted on, and it is not."),
    "payoff.false_negative": mark("Not acted on, and it is."),
    "payoff.true_negative": mark("Not acted on, and it is not."),
}
"""of keys whose field says nothing in the code"""
TABLES = {"columns": schema.Columns, "read": schema.Read, "payoff": schema.Payoff, "policy": schema.Policy}


def page(say: Say) -> str:
    head = say(
        "One TOML file. A key that is not listed here is an error, which names the nearest. On the command line "
        "`--set` changes any of them: `--set payoff.capacity=0.1`. For editors there is a "
        "[JSON Schema](recipe.schema.json); `mintmark tasks TASK --schema` prints that of one task."
    )
    not_yet = say(
        "A `budget` bounds a [search](../how-to/search.md); of one model alone it bounds the fits, which keep what "
        "they have by then. `accepted` of a payoff is for tasks to come."
    )
    lines = [f"# {say('Recipe')}", "", head, "", *fields(schema.Recipe, say, UNSAID), "", not_yet, ""]
    for name, kind in TABLES.items():
        later = LATER if name == "columns" else ""
        lines += [f"## {name}", "", sentence(say(str(kind.__doc__))), ""]
        lines += [*fields(kind, say, UNSAID, f"{name}.", later), ""]
    lines += ["## settings", "", say("The task's own: see [tasks](tasks.md)."), "", f"## {say('Older recipes')}", ""]
    lines += [f"- {say(str(step.__doc__))}" for step in upgrades.UPGRADES.values()]
    return "\n".join(lines) + "\n"
