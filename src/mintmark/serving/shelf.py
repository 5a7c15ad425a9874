"""The shelf: the models that are served, by name and version, and which version answers for a name now.

A version is put in place in one step on the event loop: a request has the model that it found, whatever is put in its
place afterwards, and a version that answers no more is closed once nothing waits for it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintmark import spine
from mintmark.base.errors import RecipeError, unknown
from mintmark.serving.batch import Meter
from mintmark.serving.body import Limits
from mintmark.serving.history import History
from mintmark.serving.model import Model
from mintmark.serving.refusals import NotFound

FIRST = "1"
IDLE_S = 0.05


@dataclass
class Line:
    """The versions of one name."""

    versions: dict[str, Model]
    current: str
    first: str
    """the version that the command line has answer"""
    before: str = ""
    """the version that a roll-back goes to; empty: there is none"""
    fixed: frozenset[str] = frozenset()
    """versions that stay, as the command line named them"""
    numbered: int = 1
    """the highest number that a version has had: none is given twice"""

    @property
    def model(self) -> Model:
        return self.versions[self.current]


class Shelf(Mapping[str, Model]):
    """Name -> the model that answers for it now; "name@version" -> that version."""

    def __init__(
        self,
        pool: Executor,
        writing: Executor,
        growing: Executor,
        state: Path | None = None,
        limits: Limits | None = None,
        meter: Callable[[str], Meter] | None = None,
    ) -> None:
        """pool, writing: where tables and texts are answered; growing: one thread, where pasts grow.

        state: the folder of the journals; None: events are forgotten when the process ends.
        """
        self._pool, self._writing, self._growing, self._state = pool, writing, growing, state
        self._limits, self._meter = limits, meter
        self.lines: dict[str, Line] = {}
        self.changed: list[Callable[[str], None]] = []
        """told of each name whose answering version has changed"""
        self._current: dict[str, Model] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def __getitem__(self, name: str) -> Model:
        found = self._current.get(name)
        if found is not None:
            return found
        of, _, version = name.partition("@")
        return self.lines[of].versions[version]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current)

    def __len__(self) -> int:
        return len(self._current)

    def put(self, given: Mapping[str, spine.Loaded]) -> None:
        """Put bundles on the shelf at the start: "name" is the one that answers, "name@version" another version of it.

        Raises: RecipeError, DataError: see `make`; two of one version.
        """
        for text, loaded in given.items():
            name, _, version = text.partition("@")
            line = self.lines.get(name)
            version = version or FIRST
            if line and version in line.versions:
                what = f"model {name!r} has two bundles of version {version!r}."
                raise RecipeError(what, where="BUNDLES", fix=f"another version: {name}@{version}b=FOLDER")
            made = self.make(name, loaded, version)
            if made.history and made.history.shares and line:
                made.inherit(line.model.loaded.past)
            if line is None:
                line = self.lines[name] = Line({}, version, version)
            line.versions[version] = made
            line.fixed |= {version}
            line.numbered = max([line.numbered, *(int(v) for v in line.versions if v.isdecimal())])
            if text == name:
                line.current = line.first = version
            self._current[name] = line.model

    def make(self, name: str, loaded: spine.Loaded, version: str) -> Model:
        """A model of this name, not yet on the shelf.   Raises: RecipeError, DataError: its journal cannot be used."""
        line = self.lines.get(name)
        beside: list[History] = [m.history for m in line.versions.values() if m.history] if line else []
        pool = self._writing if loaded.task.answer == "text" else self._pool
        meter = self._meter(name) if self._meter else None
        return Model(name, loaded, pool, self._growing, self._state, version, beside, self._limits, meter)

    def version(self, name: str, version: str) -> Model:
        """Raises: NotFound."""
        versions = self.lines[name].versions
        if version not in versions:
            raise unknown(f"version of {name}", version[:60], versions, where="path", error=NotFound)
        return versions[version]

    def others(self, model: Model) -> list[Model]:
        """The other versions of a model's name that look back on a past."""
        return [m for m in self.lines[model.name].versions.values() if m.history and m is not model]

    def versions(self, name: str) -> list[Model]:
        """Of a name, the one that answers first."""
        line = self.lines[name]
        return [line.model, *(m for m in line.versions.values() if m is not line.model)]

    def all(self) -> list[Model]:
        """Every version of every name."""
        return [m for line in self.lines.values() for m in line.versions.values()]

    def about(self, name: str) -> list[dict[str, Any]]:
        """The versions of a name, and which of them answers."""
        line = self.lines[name]
        return [
            {
                "version": v,
                "run": m.loaded.facts.get("run", ""),
                "answers": v == line.current,
                "before": v == line.before,
            }
            for v, m in line.versions.items()
        ]

    def families(self) -> Iterator[Any]:
        """What Prometheus reads."""
        from prometheus_client.core import GaugeMetricFamily

        said = "The versions of each model: 1 for the one that answers."
        made = GaugeMetricFamily("mintmark_model_info", said, labels=["model", "run", "version"])
        for name, line in self.lines.items():
            for version, model in line.versions.items():
                made.add_metric([name, str(model.loaded.facts.get("run", "")), version], float(version == line.current))
        yield made

    def turn(self, name: str, version: str, before: str = "") -> None:
        """Have this version answer for the name from now on; what needs not stay goes."""
        line = self.lines[name]
        line.current, line.before = version, before
        self._current[name] = line.model
        for other in [v for v in line.versions if v not in line.fixed | {version, before}]:
            self.retire(line.versions.pop(other))
        for hear in self.changed:
            hear(name)

    def retire(self, model: Model) -> None:
        """Close a model once all that it has been asked is answered."""

        async def later() -> None:
            while not model.idle:
                await asyncio.sleep(IDLE_S)
            model.close()

        task = asyncio.get_running_loop().create_task(later())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
