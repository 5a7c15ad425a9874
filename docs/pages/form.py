"""What all pages are made of: tables, sentences, types in plain words; and a home to run things in."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from mintmark.base.words import Language, mark
from mintmark.recipe import strict

Say = Language
PLACES = {
    "MINTMARK_HOME": mark(
        "The folder of keys and ledger; else `$XDG_DATA_HOME/mintmark`, else `~/.local/share/mintmark`."
    ),
    "MINTMARK_LEDGER": mark(
        "The ledger: a path, `sqlite:///path` or `postgresql://user@host/database`; "
        "else `ledger.sqlite` in the folder above."
    ),
    "MINTMARK_SEAL_KEY": mark(
        "The key of sealed bundles, base64 or hex of 32 bytes; `keyring` asks the system keyring alone."
    ),
    "MINTMARK_API_KEY": mark("The key that `mintmark value` shows to a server whose outcomes it asks for."),
    "MINTMARK_PRICES": mark(
        "A price sheet of your own, in the form of the package's `capital/prices/sheet.json`."
    ),
    "MINTMARK_LANG": mark("The language to speak, `en` or `zh`; else `LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`."),
}  # fmt: skip
"""environment variables"""
BOUNDS = {"ge": "at least {n}", "gt": "above {n}", "le": "at most {n}", "lt": "below {n}"}
SIMPLE = ("a number", "a whole number", "text in quotes", "true or false", "a list", "a table")
"""types that are said as they are"""
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table, without the columns that are empty throughout."""
    filled = list(rows)
    kept = [i for i in range(len(head)) if any(row[i] for row in filled)]
    lines = [[head[i] for i in kept], ["---"] * len(kept), *([cell(row[i]) for i in kept] for row in filled)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def cell(text: str) -> str:
    """On one line, bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def sentence(text: str) -> str:
    text = text.strip().removesuffix(".")
    if not text or CJK.search(text[-1]) or text.endswith("。"):
        return text and text.rstrip("。") + "。"
    return text[0].upper() + text[1:] + "."


def doc(module: str) -> str:
    return str(sys.modules[module].__doc__).strip()


def first_line(kind: Any) -> str:
    return " ".join(str(kind.__doc__).split("\n\n")[0].split())


def described(text: str, say: Say) -> str:
    """A type in plain words, as `strict.describe` has it in English."""
    if text in SIMPLE:
        return say(text)
    if found := re.fullmatch(r"a list \((.*) each\)", text):
        return say("a list ({each} each)", each=described(found[1], say))
    if text.startswith("one of "):
        return say("one of {choices}", choices=text.removeprefix("one of "))
    if " or " in text:
        a, _, b = text.partition(" or ")
        return say("{a} or {b}", a=described(a, say), b=described(b, say))
    return text


def fields(
    kind: type[BaseModel], say: Say, unsaid: dict[str, str], before: str = "", later: str = "", *, head: str = "key"
) -> list[str]:
    """A table of the settings of a pydantic model.

    unsaid: what is said of keys whose field says nothing; later: of those that are not in it either.
    """
    rows = []
    for name, f in kind.model_fields.items():
        key = str(f.validation_alias or f.alias or name)
        marks = [(words, getattr(m, b)) for m in f.metadata for b, words in BOUNDS.items() if hasattr(m, b)]
        bounds = [say(words, n=str(n)) for words, n in marks]
        says = " ".join((f.description or unsaid.get(before + key) or later).split())
        value = say("{a}, {b}", a="", b="").join([described(strict.describe(f.annotation), say), *bounds])
        rows.append((f"`{key}`", value, default(f, say), sentence(say(says))))
    return table((say(head), say("value"), say("default"), say("says")), rows)


def default(f: Any, say: Say) -> str:
    import json

    value = f.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return say("needed")
    return (
        ""
        if value is None or isinstance(value, BaseModel | dict)
        else f"`{json.dumps(value, ensure_ascii=False, default=str)}`"
    )


@contextmanager
def home() -> Iterator[Path]:
    """A folder to work in, with keys, ledger and prices of its own."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"MINTMARK_HOME": f"{folder}/home"}):
        for name in PLACES.keys() - {"MINTMARK_HOME"}:
            os.environ.pop(name, None)
        yield Path(folder)
