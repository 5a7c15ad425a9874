"""Little networks for the tests of the loop, as a package that extends Mintmark would bring them."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mintmark.deep.job import Work


@dataclass
class Curve:
    """Points of a curve with a little noise."""

    count: int
    seed: int
    width: int = 4

    def __post_init__(self) -> None:
        draw = torch.Generator().manual_seed(self.seed)
        self.x = torch.randn(self.count, self.width, generator=draw)
        self.y = torch.sin(self.x.sum(1) / 2) + 0.1 * torch.randn(self.count, generator=draw)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        return {"x": self.x[place], "y": self.y[place]}


class Net(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(dropout))
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.inner(x))
        return out[:, 0]


def squares(net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
    return nn.functional.mse_loss(net(batch["x"]), batch["y"], reduction="sum"), len(batch["y"])


def killed(at: int) -> Callable[[nn.Module, dict[str, Tensor]], tuple[Tensor, int]]:
    """Like squares, until the at-th pass of training: then as if the power went."""
    passes = iter(range(1, 10**9))

    def loss(net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        if net.training and next(passes) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return squares(net, batch)

    return loss


def curve(facts: dict[str, Any], folder: Path) -> Work:
    net = Net(facts.get("dropout", 0.2))
    valid = Curve(64, 2) if facts.get("valid", True) else None
    loss = killed(int(os.environ["KILLED_AT"])) if "KILLED_AT" in os.environ else squares
    return Work(net, Curve(facts.get("rows", 100), 1), valid, loss, unit="points")


def line(facts: dict[str, Any], folder: Path) -> Work:
    """No dropout, no batch norm: what several processes compute is what one computes."""
    draw = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    return Work(draw, Curve(64, 1), Curve(50, 2), squares, unit="points")


def greedy(facts: dict[str, Any], folder: Path) -> Work:
    """Memory for so many rows only."""

    def loss(net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        if len(batch["y"]) > facts["most"]:
            raise torch.OutOfMemoryError("pretended: out of memory")
        return squares(net, batch)

    return Work(line(facts, folder).net, Curve(64, 1), Curve(50, 2), loss, unit="points")


def breaking(facts: dict[str, Any], folder: Path) -> Work:
    """A loss that is no number from some step on."""
    passes = iter(range(1, 10**9))

    def loss(net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        total, count = squares(net, batch)
        return (total * float("nan") if net.training and next(passes) == facts["at"] else total), count

    return Work(line(facts, folder).net, Curve(64, 1), Curve(50, 2), loss, unit="points")


class Tied(nn.Module):
    """A table of vectors that is the way in and the way out."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 8)
        self.out = nn.Linear(8, 10, bias=False)
        self.out.weight = self.table.weight
        self.fixed = nn.Linear(8, 8)
        self.fixed.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(self.fixed(self.table(x)))
        return out


def tied(facts: dict[str, Any], folder: Path) -> Work:
    class Letters:
        def __len__(self) -> int:
            return 40

        def __getitem__(self, place: int) -> dict[str, Tensor]:
            return {"x": torch.tensor([place % 10, (place + 1) % 10])}

    def loss(net: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        x = batch["x"]
        return nn.functional.cross_entropy(net(x[:, :1])[:, 0], x[:, 1], reduction="sum"), len(x)

    return Work(Tied(), Letters(), None, loss)


def failing(facts: dict[str, Any], folder: Path) -> Work:
    if os.environ.get("RANK") == "1":
        raise ValueError("rank 1 has lost its data")
    time.sleep(30)
    raise AssertionError
