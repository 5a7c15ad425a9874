"""Ways: a recipe trained briefly with and without each strategy of training that this machine can run."""

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mintmark import spine
from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.base.words import mark
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema

SECONDS, STEPS, EVERY = 5.0, 400, 5
"""of each way at most, and how often it is read"""
BATCH, ACCUMULATE = 16, 4
NEEDED = ("steps", "batch", "evaluate_every", "patience")
"""settings of tasks whose networks are trained step by step"""


@dataclass(frozen=True)
class Way:
    """One way to train, and how fast it was."""

    name: str
    """batch, precision, accumulate, processes, transfer; the first is `one`: a row at a time"""
    against: str
    """the way that it is held against"""
    settings: Mapping[str, Any]
    per_s: float | None = None
    """units of work a second, the median of the readings after the first"""
    unit: str = ""
    seconds: float = 0.0
    """that the trial took"""
    why: str = ""
    """not tried, or failed"""


@dataclass(frozen=True)
class Tried:
    """All ways of a recipe, on this machine."""

    ways: list[Way]
    sequence: int
    """units of work in a row, such as the tokens of a text"""
    card: str
    """the driver's name of the graphics card; "" without one"""


def ways(recipe: Path, seconds: float = SECONDS) -> Tried:
    """Each way in turn, a few seconds each; what this machine cannot run says why.

    Raises: RecipeError: a task that is not trained step by step. DataError: as the spine.
    """
    asked = schema.load(recipe)
    prepared = spine.prepare(asked)
    config = schema.build(prepared.task.config, asked.settings, where="settings")
    lacking = [n for n in NEEDED if not hasattr(config, n)]
    if lacking:
        what = f"task {asked.task} has no setting {lacking[0]!r}: it is not trained step by step."
        raise RecipeError(what, where=f"{recipe}: task", fix="a recipe of text_generation.")
    made = [way if way.why else _tried(prepared, way, seconds) for way in _planned(config)]
    return Tried(made, getattr(config, "context", 1), _cards()[0] if _cards() else "")


def _planned(config: Any) -> Iterator[Way]:
    """What to try: everything off, a larger batch, and each other strategy beside that."""
    has = [n for n in ("precision", "accumulate", "processes", "pretrained") if hasattr(config, n)]
    off = {"precision": "fp32", "accumulate": 1, "processes": 1, "pretrained": ""}
    off = {n: v for n, v in off.items() if n in has} | {"batch": 1}
    large = off | {"batch": config.batch if config.batch > 1 else BATCH}
    yield Way("one", "", off)
    yield Way("batch", "one", large)
    if "precision" in has:
        yield Way("precision", "batch", large | {"precision": "bf16"})
    if "accumulate" in has:
        yield Way("accumulate", "batch", large | {"accumulate": max(config.accumulate, ACCUMULATE)})
    if "processes" in has:
        n = _processes()
        why = "" if n > 1 else mark("there is one processor or graphics card.")
        yield Way("processes", "batch", large | {"processes": n}, why=why)
    if "pretrained" in has:
        why = "" if config.pretrained else mark("the recipe names no pretrained model: [settings] pretrained.")
        yield Way("transfer", "batch", large | {"pretrained": config.pretrained}, why=why)


def _processes() -> int:
    """Two where they can work side by side."""
    return min(2, len(_cards()) or os.cpu_count() or 1)


def _cards() -> list[str]:
    """Names of the graphics cards."""
    if not find_spec("torch"):
        return []
    import torch

    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _tried(prepared: spine.Prepared, way: Way, seconds: float) -> Way:
    read: list[tuple[str, float]] = []

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        if unit == "1/s":
            read.append((name.removesuffix("/s"), value))
        return bool(read) and time.perf_counter() - begun > seconds

    brief = {"steps": STEPS, "evaluate_every": EVERY, "patience": 0}
    settings = dict(prepared.recipe.settings) | dict(way.settings) | brief
    config = schema.build(prepared.task.config, settings, where="settings")
    part, _ = prepared.parts.folds[0]
    begun = time.perf_counter()
    try:
        spine.fit(prepared, config, part, None, Ctx(prepared.recipe.seed, hear=hear))
    except MintmarkError as exc:
        return Way(way.name, way.against, way.settings, why=exc.what)
    rates = [v for _, v in read[1:]] or [v for _, v in read]
    if not rates:
        return Way(way.name, way.against, way.settings, why=mark("it was too brief to be read."))
    took = time.perf_counter() - begun
    return Way(way.name, way.against, way.settings, statistics.median(rates), read[0][0], took)
