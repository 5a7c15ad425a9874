"""The page of the command line: every command, argument and option, with what their help says."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import typer

from mintmark import cli
from pages.form import PLACES, Say, first_line, table

WORDS = {bool: "", str: "text", int: "whole number", float: "number", Path: "path"}
MANY = {list[str]: "text, more than once if need be"}


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each command's words and its function."""
    app = cli._app()
    for command in app.registered_commands:
        yield str(command.name), command.callback  # type: ignore[misc]
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands:  # type: ignore[union-attr]
            yield f"{group.name} {command.name}", command.callback  # type: ignore[misc]


def arguments(command: Callable[..., Any], say: Say | None = None) -> Iterator[tuple[str, bool, str, str, str]]:
    """Name, whether it is an option, type, default and help of each argument of a command."""
    say = say or Say("en")
    for p in inspect.signature(command).parameters.values():
        kind, info = get_args(p.annotation)[:2]
        option = isinstance(info, typer.models.OptionInfo)
        yield _name(p, info, option), option, _kind(kind, info, say), _default(p, say), say(info.help or "")


def _name(p: inspect.Parameter, info: Any, option: bool) -> str:
    if str(info.default).startswith("--"):
        return str(info.default)
    return f"--{p.name.replace('_', '-')}" if option else info.metavar or p.name.upper()


def _kind(kind: Any, info: Any, say: Say) -> str:
    if isinstance(kind, UnionType):
        kind = next(t for t in get_args(kind) if t is not type(None))
    many = get_origin(kind) is list
    says = MANY.get(kind) or WORDS[get_args(kind)[0] if many else kind]
    bounds = [("at least {n}", info.min), ("at most {n}", info.max)]
    told = [say(words, n=str(b)) for words, b in bounds if b is not None]
    return say("{a}, {b}", a="", b="").join([say(says), *told]) if says else ""


def _default(p: inspect.Parameter, say: Say) -> str:
    if p.default is inspect.Parameter.empty:
        return say("needed")
    return "" if p.default in (None, False, "", []) else f"`{p.default}`"


def page(say: Say) -> str:
    more = say("`mintmark --version` says the version. Exit codes: [errors](errors.md).")
    lines = [f"# {say('Command line')}", "", *overview(say), "", more, ""]
    for name, command in commands():
        given = list(arguments(command, say))
        words = [n if default else f"[{n}]" for n, option, _, default, _ in given if not option]
        lines += [f"## {name}", "", f"`{' '.join(['mintmark', name, *words])}`", "", said(command, say), ""]
        lines += table(
            (say("argument"), say("type"), say("default"), say("says")),
            ((f"`{n}`", kind, default, says) for n, _, kind, default, says in given),
        )
        lines.append("")
    lines += [f"## {say('Environment')}", ""]
    places = ((f"`{n}`", say(says)) for n, says in PLACES.items())
    return "\n".join(lines + table((say("variable"), say("says")), places)) + "\n"


def said(command: Callable[..., Any], say: Say) -> str:
    """What a command does, paragraph by paragraph as its help has it."""
    text = inspect.cleandoc(str(command.__doc__))
    return "\n\n".join(say(" ".join(part.split())) for part in text.split("\n\n")) if say.code != "en" else text


def overview(say: Say, page: str = "") -> list[str]:
    """A table of the commands with what each does, linked to its part of the page."""
    rows = ((f"[`mintmark {n}`]({page}#{n.replace(' ', '-')})", say(first_line(c))) for n, c in commands())
    return table((say("command"), say("does")), rows)
