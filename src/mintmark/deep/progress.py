"""How far a training run is: what a checkpoint says beside its tensors."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from mintmark.deep.job import Pace


@dataclass
class Progress:
    pace: Pace
    step: int = 0
    seen: int = 0
    """rows, by all processes"""
    evaluated: int = 0
    """the step of the last evaluation"""
    best_step: int = 0
    best_loss: float = math.inf
    stale: int = 0
    """evaluations since the best"""
    finished: bool = False
    seconds: float = 0.0
    """of training alone, without evaluations and checkpoints"""
    units: float = 0.0
    since: tuple[float, float] = (0.0, 0.0)
    """nats and units of training since the last evaluation"""
    history: list[dict[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> "Progress":
        loss = math.inf if raw["best_loss"] is None else raw["best_loss"]
        return cls(**raw | {"pace": Pace(**raw["pace"]), "best_loss": loss, "since": tuple(raw["since"])})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"best_loss": self.best_loss if math.isfinite(self.best_loss) else None}

    def add(self, losses: list[tuple[float, float]], seconds: float) -> None:
        """Steps' nats and units, one after the other, so that the sum does not depend on when they were read."""
        for nats, units in losses:
            self.since = self.since[0] + nats, self.since[1] + units
            self.units += units
        self.seconds += seconds

    def evaluation(self, loss: float | None) -> bool:
        """Note an evaluation; True where it is the best so far."""
        entry = {"step": float(self.step), "train": self.since[0] / max(self.since[1], 1.0)}
        self.history.append(entry | ({} if loss is None else {"valid": loss}))
        self.since, self.evaluated = (0.0, 0.0), self.step
        better = loss is None or loss < self.best_loss
        if better:
            self.best_step, self.best_loss, self.stale = self.step, math.inf if loss is None else loss, 0
        else:
            self.stale += 1
        return better
