"""Runs that a page tells of: those of the ledger, and those of the bundles that are served.

A run is named by its number in the ledger, or by the model that it made (`payments@1`) where the ledger has it not: no
path comes from whoever asks. The files that are read have fixed names and lie in the folder of the run itself; a link
out of it is not followed.
"""

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mintmark import report, reporting
from mintmark.base.errors import DataError, MintmarkError
from mintmark.base.record import RunRecord
from mintmark.ledger import Ledger
from mintmark.report import Figures
from mintmark.serving.model import Model
from mintmark.serving.refusals import NotFound

MOST = 500
"""runs that are listed, the newest"""
log = logging.getLogger("mintmark.serving")


@dataclass(frozen=True)
class Entry:
    """A run as it is entered."""

    id: str
    run: str
    task: str
    time: str
    folder: Path
    measures: dict[str, tuple[float, str]] = field(default_factory=dict)
    """name -> value and unit, of the few that the ledger holds"""
    sha256: str = ""
    """of the record when it was entered"""
    data_hash: str = ""
    models: tuple[str, ...] = ()
    """served here: those that it made"""

    def file(self, name: str) -> Path | None:
        """The file of this name in the folder; None: there is none, or it leads out of the folder."""
        path = self.folder / name
        try:
            return path if path.is_file() and path.resolve().parent == self.folder.resolve() else None
        except OSError:
            return None


@dataclass(frozen=True)
class Read:
    """What lies in the folder of a run."""

    record: RunRecord
    figures: Figures
    sha256: str
    """of the record as it lies there now"""


class Runs:
    def __init__(self, places: Mapping[str, Path]) -> None:
        """places: the folders of the bundles that the command line names, by name or name@version."""
        self._places, self._lock = places, threading.Lock()
        self._ledger: Ledger | None = None

    def all(self, seen: Sequence[Model], every: bool) -> list[Entry]:
        """The newest first. seen: the models that may be known; every: whether runs of no such model may be too.

        Raises: DataError, RecipeError: the ledger cannot be read.
        """
        made: dict[tuple[str, str], list[str]] = {}
        for model in seen:
            made.setdefault(_identity(model), []).append(f"{model.name}@{model.version}")
        entered = [replace(e, models=tuple(made.get((e.run, e.data_hash), ()))) for e in self._entered()]
        listed = {(e.run, e.data_hash) for e in entered if e.models}
        beside = [e for m in seen if _identity(m) not in listed and (e := self._beside(m))]
        return [e for e in [*beside, *entered] if every or e.models]

    def find(self, id: str, seen: Sequence[Model], every: bool) -> Entry:
        """Raises: NotFound: no such run, or none that may be known of; as `all`."""
        for entry in self.all(seen, every):
            if entry.id == id:
                return entry
        raise NotFound(f"no run {id[:60]!r}.", where="path", fix="the list of runs names those that there are.")

    def of(self, models: Sequence[Model]) -> list[Entry | None]:
        """The run that made each model; None where nothing is known of it here."""
        try:
            entered = {(e.run, e.data_hash): e for e in self.all(models, False)[::-1]}
        except MintmarkError as exc:  # the models are shown all the same, and the list of runs says what is wrong
            log.warning("the page cannot read the ledger: %s", exc)
            return [self._beside(m) for m in models]
        return [entered.get(_identity(m)) for m in models]

    def _entered(self) -> list[Entry]:
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.default()
        made = []
        for row in self._ledger.runs(MOST):
            content = row["content"] if isinstance(row["content"], dict) else {}
            measures = _measures(content.get("measures"))
            sha256, data_hash = (str(content.get(n, "")) for n in ("record_sha256", "data_hash"))
            time = str(content.get("started") or row["time"])
            made.append(Entry(str(row["seq"]), row["run"], str(content.get("task", "")), time, Path(row["folder"]),
                              measures, sha256, data_hash))  # fmt: skip
        return made

    def _beside(self, model: Model) -> Entry | None:
        """The run in whose folder the bundle of a model lies."""
        named = f"{model.name}@{model.version}"
        place = self._places.get(named) or self._places.get(model.name)
        if place is None:
            return None
        entry = Entry(named, *_about(model), "", place.resolve().parent, models=(named,))
        try:
            found = read(entry)
        except MintmarkError:
            return None
        record = found.record
        if (record.run, record.data_hash) != _identity(model):
            return None
        measures = {m.name: (m.value, m.unit) for m in record.measures}
        return replace(entry, time=record.started, measures=measures, data_hash=record.data_hash)


def read(entry: Entry) -> Read:
    """Raises: DataError: the folder is gone, or what lies there is damaged."""
    path = entry.file(reporting.RECORD)
    if path is None:
        what = "the record of this run is not there any more: its folder was moved or deleted."
        raise DataError(what, where=str(entry.folder / reporting.RECORD), fix="bring the folder back to its place.")
    kept = entry.file(report.NAME)
    return _read(path, kept, _stamp(path), _stamp(kept) if kept else ())


@lru_cache(maxsize=64)
def _read(path: Path, kept: Path | None, _: tuple[int, ...], __: tuple[int, ...]) -> Read:
    content = b""
    try:
        content = path.read_bytes()
        record = RunRecord.load(path)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        what = f"is no record of a run: {type(exc).__name__}."
        raise DataError(what, where=str(path), fix="mintmark runs --verify") from exc
    figures = report.Figures.load(kept, record.run) if kept else Figures()
    return Read(record, figures, hashlib.sha256(content).hexdigest())


def _measures(said: Any) -> dict[str, tuple[float, str]]:
    """Those that are whole: others may write to a ledger that many share."""
    made = {}
    for name, one in said.items() if isinstance(said, dict) else ():
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], int | float):
            made[str(name)] = (float(one[0]), str(one[1]))
    return made


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _identity(model: Model) -> tuple[str, str]:
    facts = model.loaded.facts
    return str(facts.get("run", "")), str(facts.get("data_hash", ""))


def _about(model: Model) -> tuple[str, str]:
    facts = model.loaded.facts
    return str(facts.get("run", "")), str(facts.get("task", ""))
