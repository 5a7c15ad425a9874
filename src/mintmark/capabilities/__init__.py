"""Capabilities: one file each, one pure function on one seam of the spine. They never see each other."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.base.errors import unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from mintmark.base.record import Measured
    from mintmark.numerics.batch import View
    from mintmark.numerics.ctx import Ctx
    from mintmark.tasks import Task

Again = Callable[["pa.Table"], "pa.Table"]
"""questions -> answers, by the very path that serves: encode, predict, decide"""
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Capability:
    applies: "Callable[[Task], str | None]"
    """None, or the reason why not"""
    batch: "Callable[[View, Ctx], View] | None" = None
    """the training part of each fold before fit: weigh, sample, mix"""
    look: "Callable[[Task, Again, pa.Table, pa.Table, pa.Table, Ctx], list[Measured]] | None" = None
    """task, `again`, questions, truth, answers, ctx -> measures; changes nothing"""


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("[a-z]*.py"))


def get(name: str) -> Capability:
    """Raises: RecipeError: no such capability (names the nearest)."""
    if name not in names():
        raise unknown("capability", name, names(), where="with")
    found: Capability = importlib.import_module(f"mintmark.capabilities.{name}").CAPABILITY
    return found
