"""Watched: one served name, with all that is counted and kept of it, whichever version answers."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.recipe import schema
from mintmark.serving import monitor
from mintmark.serving.model import Model
from mintmark.serving.monitor import Guard, Rules
from mintmark.serving.outcomes import Outcomes
from mintmark.serving.terms import Terms
from mintmark.serving.watch import Lines, Window

SHOWN_ROWS = 10_000
"""that the figures of all columns are of"""
log = logging.getLogger("mintmark.serving")


class Bundle:
    """What is counted and kept of the answers of one loaded model."""

    def __init__(self, model: Model, kept: Outcomes | None) -> None:
        self.lines, self.terms = Lines(model.loaded), Terms.of(model.loaded)
        foreign = kept is not None and kept.name != model.name
        self.version = f"{model.name}@{model.version}" if foreign else model.version
        self.number = kept.version(self.version, self.terms) if kept and self.terms else -1


class Watched:
    """One served name."""

    def __init__(self, model: Model, rules: Rules, state: Path | None, where: str) -> None:
        """Raises: RecipeError, DataError: the folder cannot be used, or a trigger does not fit the model."""
        self.name, self.model, self.lock, self._rules = model.name, model, threading.RLock(), rules
        folder = state / "outcomes" if state else None
        self.outcomes = Outcomes(self.name, folder, rules.keep) if Terms.of(model.loaded) else None
        self.bundle = Bundle(model, self.outcomes)
        self.windows = self._windows()
        own = self.bundle.lines, self.outcomes, self.bundle.number, folder, where
        self.guard: Guard = monitor.guard(self.name, rules, *own)

    @property
    def delay_s(self) -> float | None:
        return self._rules.delay_s if self._rules.delay_s is not None else delay_of(self.model.loaded.facts)

    def change(self, model: Model) -> None:
        """Another version answers from now on: what is counted begins anew, what has fired stays fired."""
        with self.lock:
            self.model, self.bundle = model, Bundle(model, self.outcomes)
            self.windows = self._windows()
            for fuse in self.guard.fuses:
                try:
                    fuse.look_at(self.bundle.lines, self.bundle.number)
                except RecipeError as exc:
                    fuse.gauge = None
                    log.error("trigger %r watches nothing now: %s", fuse.trigger.name, exc)

    def add(self, line: str, counts: Any, n: int, at: float) -> None:
        if line in self.windows:
            self.windows[line].add(counts, n, at)
        self.guard.add(line, counts, n, at)

    def _windows(self) -> dict[str, Window]:
        sizes = {line: self.bundle.lines.size(line) for line in ("questions", "answers", "acted", "requests")}
        return {line: Window(size, rows=SHOWN_ROWS) for line, size in sizes.items() if size}


def places(model: Model, by: Model, where: str = "") -> list[int]:
    """Where the fields of another model's questions stand in those of this one.

    Raises: RecipeError: it cannot stand in: it asks for more, or answers something else.
    """
    kinds = {f.name: (f.kind, i) for i, f in enumerate(model.questions.fields)}
    for field in by.questions.fields:
        if kinds.get(field.name, ("", 0))[0] != field.kind:
            what = f"{by.name!r} cannot stand in for {model.name!r}: it asks for {field.name!r} ({field.kind})."
            raise RecipeError(what, where=where, fix="a model of the same questions, or of some of them.")
    facts, other = model.loaded.decision.facts, by.loaded.decision.facts
    same = model.loaded.task.answer == by.loaded.task.answer and set(facts.get("classes", ())) == set(
        other.get("classes", ())
    )
    if not same or facts.get("actions", facts.get("classes")) != other.get("actions", other.get("classes")):
        what = f"{by.name!r} cannot stand in for {model.name!r}: its answers are of another kind, or other classes."
        raise RecipeError(what, where=where, fix="a model of the same answers.")
    return [kinds[field.name][1] for field in by.questions.fields]


def delay_of(facts: Mapping[str, Any]) -> float | None:
    """Seconds in which an outcome can still be unknown, as the recipe says; None where it says nothing in seconds."""
    recipe = facts.get("recipe") or {}
    delay, time_ = recipe.get("label_delay") or 0.0, (recipe.get("columns") or {}).get("time") or "time"
    clock = any(f["name"] == time_ and f["kind"] == "time" for f in facts["questions"])
    try:
        return (schema.delay(delay, clock) or None) if clock else None
    except MintmarkError:
        return None
