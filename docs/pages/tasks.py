"""The page of the tasks: what each answers, its settings, and a first recipe; and the capabilities."""

import importlib

from mintmark import capabilities, tasks
from mintmark.base.words import mark
from mintmark.cli import new
from mintmark.data.split import SMALL
from pages.form import Say, doc, fields, table

REFITS = {
    "always": mark("always"), "small": mark("where fewer than {n} rows are not test"), "never": mark("never"),
}  # fmt: skip


def page(say: Say) -> str:
    lines = [f"# {say('Tasks')}", ""]
    for name, says in tasks.names().items():
        lines += [f"## {name}", "", say(says), "", *about(tasks.get(name), say)]
        lines += ["", f"### {say('settings')}", "", *fields(tasks.get(name).config, say, {})]
        lines += ["", f"### {say('A first recipe')}", "", *first(name, say)]
    lines += [f"## {say('Capabilities')}", "", say("What a recipe lists under `with`."), ""]
    firsts = ((f"`{c}`", say(doc(_module(c)).splitlines()[0])) for c in capabilities.names())
    return "\n".join(lines + table((say("capability"), say("does")), firsts)) + "\n"


def about(task: tasks.Task, say: Say) -> list[str]:
    """What is so of a task whatever its settings are."""
    makes = [f"`{c}`" for c in fitting(task)]
    lines = [
        say("Answers: {kind}.", kind=f"`{task.answer}`"),
        say(
            "Rows are divided by time where there is one, else by group where there is one, else: {how}.",
            how=f"`{task.split}`",
        ),
        _past(task, say),
        say("May be left out of a question: {columns}.", columns=_list(task.optional, say)) if task.optional else "",
        say("Validation: out of fold where rows are few.")
        if task.validate == "folds"
        else say("Validation: one hold-out."),
        say(
            "Fitted once more on all rows after the test: {when}, or as `refit` in the recipe says.",
            when=say(REFITS[task.refit], n=SMALL) if task.refit == "small" else say(REFITS[task.refit]),
        ),
        say("Capabilities that fit: {names}.", names=say.listed(makes)),
    ]
    return [f"- {line}" for line in lines if line]


def _past(task: tasks.Task, say: Say) -> str:
    if not task.key:
        return say("A question sees nothing of other rows.")
    return say(
        "A question may see the earlier rows of the same {column}, the last {n} of them unless `window` says "
        "otherwise.",
        column=f"`columns.{task.key}`", n=task.window,
    )  # fmt: skip


def _list(names: tuple[str, ...], say: Say) -> str:
    return say.listed([f"`{n}`" for n in names])


def first(name: str, say: Say) -> list[str]:
    """The recipe that `mintmark new` writes."""
    recipe = {"version": 1, "task": name, "data": f"{name}.csv", **tasks.get(name).starter}
    said = say("{command} writes it, with data:", command=f"`mintmark new {name}`")
    return [said, "", "```toml", new.toml(recipe).strip(), "```", ""]


def fitting(task: tasks.Task) -> list[str]:
    """The capabilities that fit a task."""
    return [c for c in capabilities.names() if not capabilities.get(c).applies(task)]


def _module(capability: str) -> str:
    return importlib.import_module(f"mintmark.capabilities.{capability}").__name__
