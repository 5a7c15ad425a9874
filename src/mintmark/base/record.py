"""A run's record: every number with its unit, direction and origin."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mintmark.base import pretty


@dataclass(frozen=True)
class Measured:
    """One figure. `how` says whether an instrument read it or a formula made it; `source` names which."""

    name: str
    """stage.metric: `train.wall`, `evaluate.accuracy`"""
    value: float
    unit: str
    """`s`, `rows`, `bytes`, `J`, `USD`, `nats`, `1` for a share or a score"""
    better: Literal["up", "down", ""] = ""
    how: Literal["measured", "estimated"] = "measured"
    source: str = ""
    """instrument, or formula and where its inputs come from, prices with their date"""


@dataclass
class RunRecord:
    """What a run was, saw and measured. `save` and `load` are exact inverses."""

    run: str
    task: str
    recipe_hash: str
    data_hash: str
    test_hash: str = ""
    """of the content of the test rows, in whatever order"""
    started: str = ""
    """UTC, ISO 8601"""
    recipe: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """how many there are in all, for choosing (dev), answered in validation, and for the test"""
    split: str = ""
    """how the rows were divided, in a word"""
    profile: dict[str, Any] = field(default_factory=dict)
    """of the data as read: see data/profile.py"""
    notes: list[str] = field(default_factory=list)
    """each treatment of the data that a reader should know of, in a sentence"""
    measures: list[Measured] = field(default_factory=list)
    trials: list[dict[str, Any]] = field(default_factory=list)
    """what a search tried: settings, rows fitted on, what it was worth, seconds; the blend first, if there is one"""

    def add(self, *measured: Measured, stage: str = "", source: str = "") -> None:
        """Keep measures under the name of their stage; `source` says where those come from that do not say it."""
        self.measures += [
            replace(m, name=f"{stage}.{m.name}" if stage else m.name, source=m.source or source) for m in measured
        ]

    def total(self, name: str, value: float, unit: str, source: str) -> None:
        """Add to the measure of this name, which begins at 0."""
        before = sum(m.value for m in self.measures if m.name == name)
        self.measures = [m for m in self.measures if m.name != name]
        self.measures.append(Measured(name, before + value, unit, source=source))

    def get(self, name: str) -> float:
        """The value of one measure, the latest of that name; KeyError if the run never measured it."""
        return {m.name: m.value for m in self.measures}[name]

    def identity(self) -> dict[str, Any]:
        """What a bundle says of the run that made it."""
        names = ("run", "task", "recipe_hash", "data_hash", "test_hash", "split")
        files = {n: Path(self.recipe[n]).name for n in ("data", "valid", "test") if self.recipe.get(n)}
        return {n: getattr(self, n) for n in names} | {"recipe": self.recipe | files}  # names of files, not of folders

    def save(self, path: Path) -> Path:
        """Write all or nothing."""
        half = path.with_name(path.name + ".half")
        content = vars(self) | {"measures": [vars(m) for m in self.measures]}
        half.write_text(pretty.dumps(content), encoding="utf-8")
        os.replace(half, path)
        return path

    @classmethod
    def load(cls, path: Path) -> "RunRecord":
        raw = json.loads(path.read_text(encoding="utf-8"))
        return cls(**raw | {"measures": [Measured(**m) for m in raw["measures"]]})


def curve_of(trials: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the trials of a record those of the model whose learning curve was asked for, on all rows too; else none."""
    done = [t for t in trials if "value" in t]
    model = next(((t["settings"], t["with"]) for t in done if t.get("origin") == "curve"), None)
    return [t for t in done if (t.get("settings"), t.get("with")) == model]


def mean(lists: Iterable[list[Measured]], *, spread: bool = False) -> list[Measured]:
    """The same measures from several folds, averaged name by name; a measure that a fold lacks is left out of it.

    spread: with how far the first one differs between folds, its standard deviation, under its name with `.spread`.
    """
    folds = list(lists)
    names = list(dict.fromkeys(m.name for fold in folds for m in fold))
    by_name = {n: [m for fold in folds for m in fold if m.name == n] for n in names}
    made = [replace(same[0], value=sum(m.value for m in same) / len(same)) for same in by_name.values()]
    return [*made, *(_spread([fold[0] for fold in folds if fold]) if spread else [])]


def _spread(same: list[Measured]) -> list[Measured]:
    """Of one measure in several folds."""
    if len(same) < 2:
        return []
    middle = sum(m.value for m in same) / len(same)
    deviation = (sum((m.value - middle) ** 2 for m in same) / (len(same) - 1)) ** 0.5
    return [replace(same[0], name=f"{same[0].name}.spread", value=deviation, better="down")]
