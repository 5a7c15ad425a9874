"""Monitor: triggers of monitor.toml, which watch figures of the traffic and warn, hand over to another model, or stop.

A trigger fires once and stays fired until it is reset, by a call or, where it says so, by its figure coming back inside
`clear`. What has fired is kept with the events, so that a restart takes nothing back.
"""

import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, field_validator, model_validator

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.numerics.answers import Array
from mintmark.recipe import schema, text
from mintmark.recipe.strict import Strict, Wrong, build
from mintmark.serving.outcomes import KEEP, Outcomes
from mintmark.serving.refusals import NotFound, Refused
from mintmark.serving.watch import WATCHES, Gauge, Lines, Window, gauge

MOST_ROWS, MOST_DAYS = 10_000_000, 366
OWN = ("answer_psi", "share_acted", "realised_value")
"""figures of the answers that the model gives itself"""
BACK = 0.2
"""so far, as a share of its threshold, must a figure come back inside before it counts as back"""
log = logging.getLogger("mintmark.serving")


class Halted(Refused):
    """A trigger has stopped the model."""

    status = 503
    headers = ((b"retry-after", b"60"),)


class Trigger(Strict):
    """One figure, what is too much or too little of it, and what happens then."""

    name: str = Field(pattern=r"^[^\s\"\\{}](?:[^\n\"\\{}]{0,58}[^\s\"\\{}])?$")
    model: str = ""
    """the served name that it is for; without it every one"""
    watch: str
    """psi:COLUMN, ks:COLUMN, missing:COLUMN, answer_psi, share_acted, realised_value, error_rate, refused_rate, p99"""
    above: float | None = None
    """fires above it"""
    below: float | None = None
    """fires below it"""
    window: int | str = "1000 rows"
    """what it looks back on: "5000 rows", or "24 hours"; rows are decisions, of rates and times requests"""
    min_rows: int = Field(100, ge=1)
    """with fewer it does not fire"""
    action: Literal["warn", "fallback", "stop"] = "warn"
    fallback: str = ""
    """the served model that answers instead: "name", or "name@version" """
    clear: float | None = None
    """the figure counts as back from here on; without it a fifth of the threshold inside"""
    release: Literal["call", "back"] = "call"
    """how it is reset: by a call alone, or also when the figure is back"""

    @field_validator("window")
    @classmethod
    def _span(cls, value: int | str) -> int | str:
        span(value)
        return value

    @field_validator("watch")
    @classmethod
    def _known(cls, value: str) -> str:
        kind, named, column = value.partition(":")
        if (f"{kind}:COLUMN" if named else kind) not in WATCHES or named and not column:
            raise Wrong(f"{value!r} is no figure; known: {', '.join(WATCHES)}.", 'watch = "psi:amount"')
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Trigger":
        if (self.above is None) == (self.below is None):
            raise Wrong(f"trigger {self.name!r} needs above or below, one of them.", "above = 0.25")
        if (self.action == "fallback") != bool(self.fallback):
            what = f"trigger {self.name!r}: a fallback belongs to the action fallback, and that needs one."
            raise Wrong(what, 'action = "fallback" and fallback = "other-model"')
        rows, _ = span(self.window)
        if rows and self.min_rows > rows:
            what = f"trigger {self.name!r}: min_rows = {self.min_rows} are never in a window of {rows} rows."
            raise Wrong(what, f"min_rows = {rows}")
        if self.release == "back" and (self.action == "stop" or self.fallback and self.watch in OWN):
            what = f"trigger {self.name!r}: {self.watch} cannot come back, as the model gives no answers then."
            raise Wrong(what, 'release = "call"')
        if self.clear is not None and self.beyond(self.clear):
            what = f"trigger {self.name!r}: clear = {self.clear:g} lies where it fires."
            raise Wrong(what, f"clear = {self._fifth:g}")
        return self

    @property
    def threshold(self) -> float:
        return self.above if self.above is not None else self.below or 0.0

    @property
    def inside(self) -> float:
        """Where the figure counts as back."""
        return self.clear if self.clear is not None else self._fifth

    @property
    def _fifth(self) -> float:
        back = BACK * abs(self.threshold)
        return self.threshold + (-back if self.above is not None else back)

    def beyond(self, value: float) -> bool:
        return value > self.threshold if self.above is not None else value < self.threshold

    def back(self, value: float) -> bool:
        return value <= self.inside if self.above is not None else value >= self.inside

    @property
    def limit(self) -> str:
        return f"{'above' if self.above is not None else 'below'} {self.threshold:g}"


class Rules(Strict):
    """A monitor.toml."""

    label_delay: str = ""
    """so long can an outcome take: "30 days"; without it as the recipe says"""
    keep: int = Field(KEEP, ge=1000, le=100_000_000)
    """decisions and outcomes that are kept for each model; the oldest go first"""
    every_s: float = Field(5.0, ge=0.01, le=3600)
    """seconds from one look at the figures to the next"""
    trigger: tuple[Trigger, ...] = ()

    @field_validator("label_delay")
    @classmethod
    def _time(cls, value: str) -> str:
        if value:
            _seconds(value, 'label_delay = "30 days"')
        return value

    @model_validator(mode="after")
    def _once(self) -> "Rules":
        names = [t.name for t in self.trigger]
        if twice := next((n for i, n in enumerate(names) if n in names[:i]), ""):
            raise Wrong(f"two triggers have the name {twice!r}.", "a name for each.")
        return self

    @property
    def delay_s(self) -> float | None:
        return _seconds(self.label_delay, "") if self.label_delay else None


def load(path: Path) -> Rules:
    """Raises: RecipeError: unreadable, no TOML, an unknown key, or a value that does not fit."""
    raw = text.read(path)
    triggers = raw.get("trigger")
    for i, trigger in enumerate(triggers if isinstance(triggers, list) else ()):
        if isinstance(trigger, dict):  # each by itself first, so that an error names its place and its nearest key
            build(Trigger, trigger, f"{path}: trigger[{i}]")
    return build(Rules, raw, f"{path}: ")


def span(window: int | str) -> tuple[int, float]:
    """Rows, or seconds, of a window; the other is 0.   Raises: Wrong."""
    fix = 'window = "5000 rows" or "24 hours"'
    found = re.fullmatch(r"([0-9][0-9_,]*)\s*rows?", window.strip()) if isinstance(window, str) else None
    if found or isinstance(window, int):
        rows = int(re.sub("[_,]", "", found[1])) if found else int(window)
        if not 1 <= rows <= MOST_ROWS:
            raise Wrong(f"{rows} rows are no window: from 1 to {MOST_ROWS:,}.", fix)
        return rows, 0.0
    return 0, _seconds(str(window), fix)


def _seconds(words: str, fix: str) -> float:
    try:
        seconds = schema.delay(words, True)
    except RecipeError as exc:
        raise Wrong(exc.what, fix) from None
    if not 0 < seconds <= MOST_DAYS * 86400:
        raise Wrong(f"{words!r} is no time from 1 s to {MOST_DAYS} days.", fix)
    return seconds


class Fuse:
    """A trigger at one model: its window, its figure, and whether it has fired."""

    def __init__(self, trigger: Trigger, lines: Lines, outcomes: Outcomes | None, version: int, where: str) -> None:
        """Raises: RecipeError: the model has no such figure."""
        self.trigger, self.outcomes, self.where = trigger, outcomes, where
        self.rows, self.seconds = span(trigger.window)
        self.fired: float | None = None
        """when, seconds since 1970"""
        self.value, self.n, self.reason = float("nan"), 0, ""
        self.over = False
        """whether the figure is beyond, until it is back"""
        self.since = 0.0
        """what was decided before is not looked at: set by a reset"""
        self.gauge: Gauge | None = None
        self.look_at(lines, version)

    def look_at(self, lines: Lines, version: int) -> None:
        """Begin anew with what this version's bundle counts; what has fired stays fired.   Raises: RecipeError."""
        self.version = version
        if self.trigger.watch == "realised_value":
            if self.outcomes is None or version < 0 or not self.outcomes.versions[version][1].money:
                what = "the recipe of the model has no payoff, so no value is realised."
                raise RecipeError(what, where=f"{self.where}.watch", fix='watch = "answer_psi"')
            return
        self.gauge = gauge(self.trigger.watch, lines, f"{self.where}.watch")
        at, size = self.gauge.at, lines.size(self.gauge.line)
        self.window = Window(len(range(*at.indices(size))), self.rows, self.seconds)

    def add(self, line: str, counts: Array, n: int, at: float) -> None:
        if self.gauge and self.gauge.line == line:
            self.window.add(counts[self.gauge.at], n, at)

    def read(self, now: float) -> None:
        """Bring figure and rows up to date."""
        self.value, self.n = float("nan"), 0
        if self.gauge:
            self.window.forget(now)
            self.n = self.window.n
            self.value = self.gauge.read(self.window.counts) if self.n else float("nan")
        elif self.outcomes and self.trigger.watch == "realised_value":
            self.value, self.n = self.outcomes.recent(now, self.version, self.rows, self.seconds, self.since)

    def check(self, now: float) -> bool:
        """Whether it fires now."""
        self.read(now)
        if self.n < self.trigger.min_rows or self.value != self.value:
            return False
        if self.over and self.trigger.back(self.value):
            self.over = False
            if self.fired is not None and self.trigger.release == "back":
                self.fired = None
                log.warning("%s: %s is %.4g, back inside %.4g; the trigger is reset", self.where, self.trigger.watch,
                            self.value, self.trigger.inside)  # fmt: skip
        elif not self.over and self.trigger.beyond(self.value):
            self.over = True
        if not self.over or self.fired is not None:
            return False
        self.fired = now
        self.reason = f"{self.trigger.watch} was {self.value:.4g}, {self.trigger.limit}, over {self.n:,} rows"
        return True

    def reset(self, now: float) -> None:
        """Armed again, with a window that begins now: what it fired on does not make it fire once more."""
        self.fired, self.over, self.reason, self.since = None, False, "", now
        if self.gauge:
            self.window.restart()

    def state(self) -> dict[str, Any]:
        t = self.trigger
        said: dict[str, Any] = {
            "name": t.name, "watch": t.watch, "limit": t.limit, "window": t.window, "min_rows": t.min_rows,
            "action": t.action, "value": None if self.value != self.value else self.value, "rows": self.n,
            "state": "armed" if self.fired is None else "fired", "beyond": self.over,
        }  # fmt: skip
        said |= {"fallback": t.fallback} if t.fallback else {}
        if self.fired is None:
            return said
        return said | {
            "fired_at": datetime.fromtimestamp(self.fired, UTC).isoformat(timespec="seconds"),
            "reason": self.reason,
        }


@dataclass
class Guard:
    """The triggers of one served name, and what follows from those that have fired."""

    name: str
    fuses: list[Fuse]
    path: Path | None = None
    """where is kept what has fired"""
    fallback: str = ""
    halted: Halted | None = None

    def add(self, line: str, counts: Array, n: int, at: float) -> None:
        for fuse in self.fuses:
            fuse.add(line, counts, n, at)

    def check(self, now: float) -> None:
        """Fire what is to fire, each logged once, and keep it."""
        before = [f.fired for f in self.fuses]
        for fuse in self.fuses:
            if fuse.check(now):
                then = f"answers come from {fuse.trigger.fallback}" if fuse.trigger.fallback else fuse.trigger.action
                log.warning("model %s: trigger %r fired: %s; %s", self.name, fuse.trigger.name, fuse.reason, then)
        if before != [f.fired for f in self.fuses]:
            self._follow()

    def reset(self, now: float, name: str = "") -> list[str]:
        """Arm this trigger, or all; the names of those that had fired.   Raises: NotFound: no such trigger."""
        some = [f for f in self.fuses if not name or f.trigger.name == name]
        if name and not some:
            known = [f.trigger.name for f in self.fuses]
            raise unknown("trigger", name[:60], known, where="trigger", error=NotFound)
        fired = [f.trigger.name for f in some if f.fired is not None]
        for fuse in some:
            fuse.reset(now)
        if fired:
            log.warning("model %s: reset: %s", self.name, ", ".join(fired))
            self._follow()
        return fired

    def restore(self) -> None:
        """What had fired before a restart, of triggers that are the same still, has fired.   Raises: DataError."""
        if self.path and self.path.is_file():
            kept = _kept(self.path)
            for fuse in self.fuses:
                if said := kept.get(_identity(fuse.trigger)):
                    fuse.fired, fuse.reason, fuse.over = said["fired"], said["reason"], True
            self._follow(keep=False)

    def state(self, now: float) -> list[dict[str, Any]]:
        for fuse in self.fuses:
            fuse.read(now)
        return [fuse.state() for fuse in self.fuses]

    def _follow(self, keep: bool = True) -> None:
        fired = [f for f in self.fuses if f.fired is not None]
        stop = next((f for f in fired if f.trigger.action == "stop"), None)
        self.fallback = next((f.trigger.fallback for f in fired if f.trigger.fallback), "")
        self.halted = halted(self.name, f"trigger {stop.trigger.name!r} fired: {stop.reason}") if stop else None
        if keep and self.path:
            said = {_identity(f.trigger): {"fired": f.fired, "reason": f.reason} for f in fired}
            try:
                half = self.path.with_name(self.path.name + ".half")
                half.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                half.write_bytes(orjson.dumps(said))
                os.replace(half, self.path)
            except OSError as exc:
                log.error("%s cannot be written: %s; a restart would forget what has fired", self.path, exc.strerror)


def guard(
    name: str, rules: Rules, lines: Lines, outcomes: Outcomes | None, version: int, state: Path | None, where: str
) -> Guard:
    """version: the number that the version that answers has among the outcomes.

    Raises: RecipeError: a trigger watches what the model does not have.
    """
    fuses = [
        Fuse(t, lines, outcomes, version, f"{where}: trigger {t.name!r}, model {name}")
        for t in rules.trigger
        if t.model == name or not t.model and t.fallback != name
    ]
    made = Guard(name, fuses, state / f"{name}.fired.json" if state else None)
    made.restore()
    return made


def halted(model: str, why: str) -> Halted:
    fix = f'another model; or, once the cause is mended, POST /v1/models/{model}/monitor {{"reset": "all"}}.'
    return Halted(f"model {model!r} is stopped: {why}.", where="model", fix=fix)


def check_names(rules: Rules, served: Iterable[str], where: str = "monitor.toml") -> None:
    """Raises: RecipeError: a trigger names a model, or a fallback, that is not served; or its own model."""
    served = list(served)
    for i, t in enumerate(rules.trigger):
        place = f"{where}: trigger[{i}]"
        if t.model and t.model not in served:
            raise unknown("model", t.model, served, where=f"{place}.model")
        if t.fallback and t.fallback not in served:
            raise unknown("model", t.fallback, served, where=f"{place}.fallback")
        if t.fallback and t.fallback in (t.model or served):
            if t.model or len(served) == 1:
                raise RecipeError("a model cannot stand in for itself.", where=f"{place}.fallback", fix="another one.")


def _identity(trigger: Trigger) -> str:
    return orjson.dumps(trigger.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()


def _kept(path: Path) -> dict[str, Any]:
    """Raises: DataError: damaged. It is written whole, so a person did that; and what was stopped must not start."""
    try:
        said = orjson.loads(path.read_bytes())
        return {key: {"fired": float(kept["fired"]), "reason": str(kept["reason"])} for key, kept in said.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        what = f"which triggers have fired cannot be read there: {type(exc).__name__}: {exc}."
        raise DataError(what, where=str(path), fix="delete the file; then none counts as fired.") from exc
