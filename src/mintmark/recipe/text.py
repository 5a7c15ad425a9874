"""The recipe as it is written: a TOML file, and `key=value` on the command line."""

import re
import tomllib
from pathlib import Path
from typing import Any

from mintmark.base.errors import RecipeError

MAX_BYTES = 1_000_000


def read(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.   Raises: RecipeError: unreadable, too long, not UTF-8, no TOML (names the line)."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise RecipeError("is a folder.", where=str(path), fix="the .toml file inside it.") from None
    except FileNotFoundError:
        raise RecipeError("no such file.", where=str(path), fix="check the path, or: mintmark new TASK") from None
    except (OSError, ValueError) as exc:
        raise RecipeError(f"cannot be read: {exc}.", where=str(path), fix="a readable .toml file.") from None
    if len(content) > MAX_BYTES:
        what = f"is longer than {MAX_BYTES:,} bytes, which is no recipe."
        raise RecipeError(what, where=str(path), fix="the .toml file, not the data.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise RecipeError("is not UTF-8.", where=f"{path}, line {line}", fix="save the file as UTF-8.") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        found = re.search(r"\(at line (\d+), column \d+\)", str(exc))
        line = int(found[1]) if found else text.count("\n") + 1
        what = re.sub(r" ?\(at [^()]*\)$", "", str(exc))
        fix = 'key = "text", key = 5, key = ["a", "b"] or [table].'
        raise RecipeError(f"is no TOML: {what}.", where=f"{path}, line {line}", fix=fix) from None
    except RecursionError:
        raise RecipeError("lists are nested too deep.", where=str(path), fix="write it flatter.") from None


def put(raw: dict[str, Any], text: str) -> None:
    """Put one `key=value` of the command line into the recipe."""
    key, equals, value = text.partition("=")
    keys = _dotted(key.strip())
    if not equals or not keys:
        what = f"must be key=value, got {text!r}."
        raise RecipeError(what, where="--set", fix="--set seed=1 or --set settings.model=lightgbm")
    table: Any = raw
    for i, name in enumerate(keys[:-1]):
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            what = f"{'.'.join(keys[: i + 1])} is no table, it is {table!r}."
            raise RecipeError(what, where=f"--set {text}", fix=f"--set {name}=...")
    table[keys[-1]] = _value(value.strip())


def _dotted(key: str) -> list[str]:
    """The parts of a key as TOML reads them; parts outside ASCII need no quotes here."""
    try:
        table: Any = tomllib.loads(f"{key} = 0") if "\n" not in key else {}
    except tomllib.TOMLDecodeError:
        parts = [p.strip() for p in key.split(".")]
        return parts if all(parts) and '"' not in key else []
    parts = []
    while isinstance(table, dict):
        (name, table), *_ = table.items() or [("", 0)]
        parts.append(name)
    return parts if all(parts) else []


def _value(text: str) -> Any:
    """A TOML value; what is none is text."""
    try:
        made = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return made["value"] if list(made) == ["value"] else text
