"""Recipes of older versions, rewritten one version at a time; a recipe that says no version is of the present one."""

import copy
from collections.abc import Callable
from typing import Any

from mintmark.base.errors import RecipeError

VERSION = 1
CELLS = {"tp": "true_positive", "fp": "false_positive", "fn": "false_negative", "tn": "true_negative"}


def _from_0(raw: dict[str, Any]) -> dict[str, Any]:
    """Version 0 said `label` for `target`, `model` outside [settings], and [payoff] tp, fp, fn, tn."""
    if "label" in raw:
        _move(raw, "label", raw, "target", "target")
    if "model" in raw:
        _move(raw, "model", _table(raw, "settings"), "model", "settings.model")
    payoff = raw.get("payoff")
    if isinstance(payoff, dict):
        for old, new in CELLS.items():
            if old in payoff:
                _move(payoff, old, payoff, new, f"payoff.{new}")
    return raw


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _from_0}
"""version -> what makes of a recipe of that version one of the next; each may change the table it is given"""

MOVED = {
    "label": 'target = "..." (version 0 called it label; with version = 0 the recipe is rewritten for you).',
    "model": '[settings] model = "..." (version 0 had it at the top).',
} | {f"payoff.{old}": f"{new} = ... (version 0 called it {old})." for old, new in CELLS.items()}
"""old spellings, for whoever writes them in a recipe of today"""


def upgrade(raw: dict[str, Any], where: str = "") -> tuple[dict[str, Any], list[str]]:
    """The recipe in the present version, and what was rewritten, a sentence each; `raw` itself stays as it is.

    Raises: RecipeError: the version is newer than ours, is no version, or a value is given in both spellings.
    """
    version = raw.get("version", VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        what = f"must be a whole number from 0 to {VERSION}, got {version!r}."
        raise RecipeError(what, where=f"{where}version", fix=f"version = {VERSION}")
    if version > VERSION:
        what = f"the recipe is of version {version}; this mintmark reads versions up to {VERSION}."
        raise RecipeError(what, where=f"{where}version", fix="upgrade mintmark: pip install --upgrade mintmark")
    made, said = copy.deepcopy(raw), []
    for step in range(version, VERSION):
        before = _keys(made)
        try:
            made = UPGRADES[step](made)
        except RecipeError as exc:
            raise RecipeError(exc.what, where=f"{where}{exc.where}", fix=exc.fix) from None
        gone, came = before - _keys(made), _keys(made) - before
        made["version"] = step + 1
        changed = f"{', '.join(sorted(gone))} became {', '.join(sorted(came))}" if gone else "nothing had to change"
        said.append(f"The recipe was read as version {step} and upgraded to {step + 1}: {changed}.")
    return made, said


def _move(source: dict[str, Any], old: str, to: dict[str, Any], new: str, name: str) -> None:
    if new in to:
        raise RecipeError(f"given twice, as {old!r} too.", where=name, fix=f"keep one, and leave {old!r} out.")
    to[new] = source.pop(old)


def _table(raw: dict[str, Any], name: str) -> dict[str, Any]:
    table: Any = raw.setdefault(name, {})
    if not isinstance(table, dict):
        raise RecipeError(f"must be a table, got {table!r}.", where=name, fix=f"[{name}]")
    return table


def _keys(raw: dict[str, Any], before: str = "") -> set[str]:
    """Dotted names of everything that is no table."""
    found: set[str] = set()
    for key, value in raw.items():
        found |= _keys(value, f"{before}{key}.") if isinstance(value, dict) else {before + key}
    return found - {"version"}
