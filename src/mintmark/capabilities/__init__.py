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
    batch: "Callable[[View, Ctx], View] | None" = None
    """the training part of each fold before fit: weigh, sample, mix"""
    look: "Look | None" = None


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("[a-z]*.py"))


def get(name: str) -> Capability:
    """Raises: RecipeError: no such capability (names the nearest)."""
    if name not in names():
        raise unknown("capability", name, names(), where="with")
    found: Capability = importlib.import_module(f"mintmark.capabilities.{name}").CAPABILITY
    return found


def check(chosen: Sequence[str], task: "Task") -> None:
    """Raises: RecipeError: no such capability, or one that does not fit the task (says why)."""
    for name in chosen:
        if reason := get(name).applies(task):
            raise RecipeError(f"{name!r} does not fit this task: {reason}.", where="with", fix=f"leave {name!r} out.")


def changed(chosen: Sequence[str], view: "View", ctx: "Ctx") -> "View":
    """The training part of a fold as the chosen capabilities make it, one after the other."""
    for name in chosen:
        if change := get(name).batch:
            view = change(view, ctx)
    return view


def looks(chosen: Sequence[str]) -> "Iterator[tuple[str, Look]]":
    """Those of the chosen capabilities that look at a finished model."""
    for name in chosen:
        if look := get(name).look:
            yield name, look
