"""What the loop is asked to do, as JSON that any process can take up, and what comes out."""

import hashlib
import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy.typing as npt
from torch import Tensor, nn

from mintmark.base.errors import RecipeError
from mintmark.base.version import __version__

Row = dict[str, Tensor]
Loss = Callable[[nn.Module, Row], tuple[Tensor, "int | Tensor"]]


class Rows(Protocol):
    """A map-style data set: the row at a place depends on nothing but the place.

    One that also has `__getitems__(places) -> dict[str, Tensor]` hands over whole batches at once.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, place: int) -> Row: ...


@dataclass(frozen=True)
class Options:
    steps: int
    """of the optimiser; the learning rate's way is laid out over them"""
    batch_size: int | None
    """rows in one pass of one process; None: the most rows that fit `memory_mib` and make training faster"""
    learning_rate: float
    evaluate_every: int
    """steps"""
    save_every: int
    """steps"""
    accumulate: int = 1
    """passes whose gradients make up one step"""
    min_learning_rate_share: float = 0.1
    """of the learning rate: where the cosine ends"""
    warmup: float = 0.05
    """share of the steps in which the learning rate rises from 0"""
    weight_decay: float = 0.1
    """of matrices only: not of biases, nor of scales"""
    beta1: float = 0.9
    beta2: float = 0.99
    clip: float = 1.0
    """the longest gradient; 0: any"""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    ema: float = 0.0
    """decay of the moving average of the weights, which is then what is evaluated and kept; 0: none"""
    patience: int = 0
    """evaluations without a gain after which training stops; 0: never"""
    memory_mib: int = 0
    """for one process, while its batch size is found; 0: three quarters of what is free"""
    workers: int = 0
    """processes that load rows ahead; 0: loaded in between"""
    processes: int = 1
    """that train together, each with its own share of every batch"""

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "steps": (1, 1e12), "evaluate_every": (1, 1e12), "save_every": (1, 1e12), "accumulate": (1, 1e9),
            "min_learning_rate_share": (0, 1), "warmup": (0, 1), "weight_decay": (0, 1e3), "beta1": (0, 0.99999),
            "beta2": (0, 0.999999), "clip": (0, 1e12), "ema": (0, 0.999999999), "patience": (0, 1e9),
            "memory_mib": (0, 1e9), "workers": (0, 1024), "processes": (1, 1024), "learning_rate": (0, 1e3),
        }  # fmt: skip
        got: dict[str, Any] = asdict(self)
        if self.batch_size is not None:
            bounds["batch_size"] = (1, 1e9)
        for name, (low, high) in bounds.items():
            if not low <= got[name] <= high:
                raise RecipeError(f"is {got[name]}.", where=name, fix=f"a number from {low:g} to {high:g}.")
        if self.precision not in ("auto", "fp32", "bf16", "fp16"):
            raise RecipeError(f"is {self.precision!r}.", where="precision", fix="auto, fp32, bf16 or fp16.")


@dataclass(frozen=True)
class Work:
    """What is trained, on what: made by the job's `build`, alike in every process."""

    net: nn.Module
    train: Rows
    valid: Rows | None
    loss: Loss
    """the sum of the losses in nats, and how many units it is the sum of. It calls the network itself (`net(...)`), not
    its parts: where several processes train, the call is what brings their gradients together"""
    unit: str = "tokens"
    collate: Callable[[Sequence[Row]], Row] | None = None
    """rows -> one batch; without it their tensors are stacked"""


@dataclass(frozen=True)
class Job:
    build: str
    """`package.module:function`, called as build(facts, folder) -> Work"""
    facts: dict[str, Any]
    options: Options
    seed: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> "Job":
        return cls(raw["build"], raw["facts"], Options(**raw["options"]), raw["seed"])

    def digest(self) -> str:
        """The same for the same job only: what a checkpoint is told by."""
        said = json.dumps([__version__, self.as_dict()], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def load(self, data: Path) -> Work:
        """Build the network and its data.   Raises: RecipeError: `build` names nothing that may be called."""
        return resolve(self.build)(self.facts, data)


@dataclass(frozen=True)
class Fitted:
    weights: dict[str, npt.NDArray[Any]]
    """the best by validation, by name in the state_dict (a tied one under its first name); floats as float32"""
    step: int
    """at which these weights were"""
    steps: int
    """done"""
    valid_loss: float | None
    """nats a unit"""
    per_s: float
    """units a second of training, over all processes"""
    notes: list[str]
    history: list[dict[str, float]] = field(default_factory=list)
    """step, train and valid (nats a unit) at each evaluation"""
    batch_size: int = 0
    """rows in one pass of one process, as found"""
    accumulate: int = 1

    def about(self) -> dict[str, Any]:
        """All but the weights, as JSON."""
        return {k: v for k, v in asdict(replace(self, weights={})).items() if k != "weights"}


@dataclass(frozen=True)
class Pace:
    """How a step of one process is cut."""

    rows: int
    """in one pass"""
    step_rows: int
    """in all passes of a step"""

    def halved(self) -> "Pace":
        return replace(self, rows=(self.rows + 1) // 2)

    @property
    def accumulate(self) -> int:
        return -(-self.step_rows // self.rows)


def resolve(build: str) -> Callable[[dict[str, Any], Path], Work]:
    """The function of this name.

    Only Mintmark's own packages and those that an installed package offers to it (an entry point of a group
    `mintmark.*`) are looked into: a job may have come from a file.
    """
    module, _, name = build.partition(":")
    top = module.partition(".")[0]
    groups = [g for g in entry_points().groups if g.startswith("mintmark.")]
    offered = {e.module.partition(".")[0] for g in groups for e in entry_points(group=g)}
    if top != "mintmark" and top not in offered:
        raise RecipeError(
            f"{build!r} is not part of Mintmark nor of an installed package that extends it.",
            where="build",
            fix="offer the package by an entry point of the group 'mintmark.tasks'.",
        )
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as exc:
        if exc.name is None or not (module == exc.name or module.startswith(exc.name + ".")):
            raise
        found = None
    if not name or not callable(found):
        raise RecipeError(f"{build!r} names no function.", where="build", fix="'package.module:function'.")
    made: Callable[[dict[str, Any], Path], Work] = found
    return made
