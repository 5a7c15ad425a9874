"""Capabilities: one file each, one pure function on one seam of the spine. They never see each other."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.base.errors import RecipeError, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from mintmark.base.record import Measured
    from mintmark.numerics.batch import View
    from mintmark.numerics.ctx import Ctx
    from mintmark.tasks import Task

Again = Callable[["pa.Table"], "pa.Table"]
"""questions -> answers, by the very path that serves: encode, predict, decide"""
Look = Callable[["Task", Again, "pa.Table", "pa.Table", "pa.Table", "Ctx"], "list[Measured]"]
"""task, `again`, questions, truth, answers, ctx -> measures; changes nothing"""
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Capability:
    applies: "Callable[[Task], str | None]"
    """None, or the reason why not"""
    ways: tuple[str, ...] = ()
    """how it can be done: `with = ["balance:smote"]` names one, without it a driver tries them; the first is to do
    nothing, the second what is done where no driver chooses"""
    batch: "Callable[[View, Ctx, str], View] | None" = None
    """the training part of each fold before fit, in this way: weigh, sample, mix"""
    look: "Look | None" = None
    shares: tuple[float, ...] = ()
    """parts of the rows, rising, that a driver fits the chosen model on too"""


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("[a-z]*.py"))


def get(name: str) -> Capability:
    """The capability, whatever way is written behind it.

    Raises: RecipeError: no such capability, or no such way (names the nearest).
    """
    name, _, way = name.partition(":")
    if name not in names():
        raise unknown("capability", name, names(), where="with")
    found: Capability = importlib.import_module(f"mintmark.capabilities.{name}").CAPABILITY
    if way and way not in found.ways:
        raise unknown(f"way of {name!r}", way, found.ways, where="with")
    return found


def open_ways(name: str, *, paid: bool) -> tuple[str, ...]:
    """The names to try one by one where the recipe chose no way; none where there is nothing to choose.

    `paid`: whether the recipe has a payoff, without which no way can go by it.
    """
    ways = () if ":" in name else get(name).ways
    return tuple(f"{name}:{way}" for way in ways if paid or way != "payoff")


def check(chosen: Sequence[str], task: "Task", *, paid: bool) -> None:
    """Raises: RecipeError: no such capability, or one that does not fit the task or the recipe (says why)."""
    for name in chosen:
        if reason := get(name).applies(task):
            raise RecipeError(f"{name!r} does not fit this task: {reason}.", where="with", fix=f"leave {name!r} out.")
        if name.endswith(":payoff") and not paid:
            raise RecipeError(f"{name!r} needs a payoff.", where="with", fix="[payoff], or another way.")


def changed(chosen: Sequence[str], view: "View", ctx: "Ctx") -> "View":
    """The training part of a fold as the chosen capabilities make it, one after the other."""
    for i, name in enumerate(chosen):
        if change := get(name).batch:
            way = name.partition(":")[2] or (*get(name).ways, "", "")[1]
            view = change(view, ctx.child(1000 + i), way)
    return view


def looks(chosen: Sequence[str]) -> "Iterator[tuple[str, Look]]":
    """Those of the chosen capabilities that look at a finished model."""
    for name in chosen:
        if look := get(name).look:
            yield name, look


def shares(chosen: Sequence[str]) -> tuple[float, ...]:
    """Parts of the rows that the chosen capabilities ask for."""
    return tuple(sorted({share for name in chosen for share in get(name).shares}))
