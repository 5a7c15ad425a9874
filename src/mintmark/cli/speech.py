"""Speech: in which language the command line speaks, and its help in that language.

The language holds for one call of `main` and ends with it: nothing of it is left for the next one in the same process.
"""

import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from mintmark.base.words import Language, language, mark

Lang = Annotated[
    str,
    typer.Option("--lang", help="The language to speak: en or zh; else that of the environment.", show_default=False),
]
SPOKEN: ContextVar[Language] = ContextVar("spoken")
ENGLISH = Language("en")
FIXED = {
    "ARGUMENTS_PANEL_TITLE": mark("Arguments"), "OPTIONS_PANEL_TITLE": mark("Options"),
    "COMMANDS_PANEL_TITLE": mark("Commands"), "DEFAULT_STRING": mark("[default: {}]"),
    "REQUIRED_LONG_STRING": mark("[required]"),
}  # fmt: skip
"""what typer writes around our texts: its names of them, and the texts"""
HELP = {"--help", "-h"}


def spoken() -> Language:
    """The language of the command that is being carried out."""
    return SPOKEN.get(ENGLISH)


@contextmanager
def speaking(words: Sequence[str]) -> Iterator[Language]:
    """The language that the command line asks for, else that of the environment.

    Raises: RecipeError: no language of ours.
    """
    token = SPOKEN.set(language(asked(words)))
    try:
        yield spoken()
    finally:
        SPOKEN.reset(token)


def asked(words: Sequence[str]) -> str:
    """What the last `--lang` says; "" without one. Found before anything is parsed, as errors of that are said too."""
    found = ""
    for i, word in enumerate(words):
        if word == "--":
            break
        if word == "--lang":
            found = words[i + 1] if i + 1 < len(words) else found
        elif word.startswith("--lang="):
            found = word.removeprefix("--lang=")
    return found


@contextmanager
def framed(say: Language, words: Sequence[str]) -> Iterator[None]:
    """typer's own texts around a help, which it keeps for itself, in this language while the help is written."""
    if say.code == "en" or (words and not HELP & set(words) and len(words) > 3):
        yield
        return
    from typer import rich_utils

    before = {name: getattr(rich_utils, name) for name in FIXED if hasattr(rich_utils, name)}
    try:
        for name in before:
            setattr(rich_utils, name, say(FIXED[name]))
        yield
    finally:
        for name, text in before.items():
            setattr(rich_utils, name, text)


class Command(TyperCommand):
    """A command whose usage line and help option are said, too."""

    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _help(super().get_help_option(ctx))


class Group(TyperGroup):
    """The same of a group of commands."""

    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return _help(super().get_help_option(ctx))


def _usage(text: str) -> str:
    head, found, rest = text.partition("Usage: ")
    return head + spoken()("Usage: {words}", words=rest) if found else text


def _help(option: Any) -> Any:
    if option is not None:
        option.help = spoken()("Show this message and exit.")
    return option


def helped(command: Callable[..., Any]) -> str:
    """What a command does, from its docstring, paragraph by paragraph."""
    paragraphs = inspect.cleandoc(str(command.__doc__)).split("\n\n")
    return "\n\n".join(spoken()(" ".join(p.split())) for p in paragraphs)


def told(command: Callable[..., Any], more: Sequence[inspect.Parameter] = ()) -> Callable[..., Any]:
    """A command as typer reads it: with these options more, and the help of every argument and option said."""

    @functools.wraps(command)
    def same(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    signature = inspect.signature(command)
    parameters = [_said(p) for p in (*signature.parameters.values(), *more)]
    same.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    same.__annotations__ = {**command.__annotations__, **{p.name: p.annotation for p in parameters}}
    return same


def _said(parameter: inspect.Parameter) -> inspect.Parameter:
    """An argument or option, its help said."""
    found = get_args(parameter.annotation)
    if spoken().code == "en" or len(found) < 2 or not getattr(found[1], "help", None):
        return parameter
    info = copy.copy(found[1])  # several commands share one
    info.help = spoken()(" ".join(info.help.split()))
    return parameter.replace(annotation=Annotated[found[0], info])
