"""What people are told beside messages: texts marked for it, the help of commands, names of what they show, settings.

python tests/told.py          what has no Chinese yet, with where it is said; exit 1 where there is any
"""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import said
from said import SRC
from syntax import Module

SAYS = {"say", "mark", "count"}
SPEAKERS = {"spoken", "language"}
"""functions that return who says"""
LABELLED = {**dict.fromkeys(said.LINED, ""), "artifact/sign.py": "keys"}
"""files whose dictionaries are shown line by line; of one with a name, this function alone"""
CHECKED_ELSEWHERE = {"others.po", "record.po", "reference.po", "capital_calc.po"}
"""catalogues of what no text of ours is, or with a check of their own: tests/base/test_words.py, tests/test_docs.py,
tests/capital/test_calculators.py"""


def everything() -> dict[str, str]:
    """Every text that needs a Chinese one -> a place where it is said."""
    code = said.read()
    messages = {text: places[0] for text, places in code.texts.items()}
    return {**messages, **dict(helps()), **dict(of_tasks()), **dict(labels()), **dict(marked(code.modules))}


def lacking(texts: dict[str, str]) -> dict[str, str]:
    """Those without a Chinese one, and where they are said."""
    from mintmark.base import words

    known = {said.skeleton(t) for p in catalogues() for t, zh in words.read(p).items() if zh}
    return {text: place for text, place in texts.items() if said.skeleton(text) not in known}


def stale(texts: dict[str, str]) -> dict[str, str]:
    """What stands in the catalogues and is none of these texts, and in which."""
    from mintmark.base import words

    used = {said.skeleton(t) for t in texts}
    asked = ((t, p.name) for p in catalogues() if p.name not in CHECKED_ELSEWHERE for t in words.read(p))
    return {text: name for text, name in asked if said.skeleton(text) not in used}


def catalogues() -> list[Path]:
    from mintmark.base import words

    return sorted((words.LOCALE / "zh").glob("*.po"))


# --- texts that are marked --------------------------------------------------------------------------------------------


def marked(modules: Iterable[Module]) -> Iterator[tuple[str, str]]:
    """Texts given to `say`, `say.count` (the second of its two), `mark` and `spoken()`."""
    for module in modules:
        for node, _, _ in module.spots:
            if isinstance(node, ast.Call) and (given := _text(node)) is not None:
                for text in constants(given):
                    yield text, f"{module.path.as_posix()}:{node.lineno}"


def _text(call: ast.Call) -> ast.expr | None:
    """The argument of a call that is said."""
    func = call.func
    name = getattr(func, "id", getattr(func, "attr", ""))
    if isinstance(func, ast.Call) and getattr(func.func, "id", "") in SPEAKERS:
        name = "say"
    place = 2 if name == "count" else 0
    return call.args[place] if name in SAYS and len(call.args) > place else None


def constants(node: ast.expr) -> set[str]:
    """The texts that this argument can be: one, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return constants(node.body) | constants(node.orelse) if isinstance(node, ast.IfExp) else set()


def labels() -> Iterator[tuple[str, str]]:
    """Keys of what is shown line by line, each with a colon."""
    for name, function in sorted(LABELLED.items()):
        tree = ast.parse((SRC / name).read_text(encoding="utf-8"))
        roots = [n for n in tree.body if not function or getattr(n, "name", "") == function]
        nodes = [n for root in roots for n in ast.walk(root)]
        keys = [k for n in nodes if isinstance(n, ast.Dict) for k in n.keys]
        targets = [n.targets[0] for n in nodes if isinstance(n, ast.Assign)]
        for key in [*keys, *(t.slice for t in targets if isinstance(t, ast.Subscript))]:
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value != "exit":
                yield f"{key.value}:", f"{name}:{key.lineno}"


# --- texts that are found by asking -----------------------------------------------------------------------------------


def helps() -> Iterator[tuple[str, str]]:
    """The help of every command, argument and option, as the command line itself has it."""
    from typer.main import get_command

    from mintmark import cli

    todo: list[tuple[str, Any]] = [("mintmark", get_command(cli._app()))]
    while todo:
        name, command = todo.pop()
        for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
            yield " ".join(paragraph.split()), name
        for parameter in command.params:
            if text := getattr(parameter, "help", None):
                yield " ".join(text.split()), f"{name} {parameter.name}"
        todo += [(f"{name} {n}", c) for n, c in getattr(command, "commands", {}).items()]


def of_tasks() -> Iterator[tuple[str, str]]:
    """What each task is for, and each of its settings, as `mintmark tasks` says it."""
    from mintmark import tasks

    for name, says in tasks.names().items():
        yield says, f"mintmark tasks {name}"
        for setting, field in tasks.get(name).config.model_fields.items():
            if field.description:
                yield " ".join(field.description.split()), f"mintmark tasks {name}: {setting}"


if __name__ == "__main__":
    found = lacking(everything())
    for text, place in found.items():
        print(f"{place}\t{text!r}")
    sys.exit(1 if found else 0)
