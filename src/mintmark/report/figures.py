"""Figures: all that the pictures of a page are drawn from, small and plain, so that a page can be written again."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.errors import DataError
from mintmark.report import series, words
from mintmark.report.series import Forecast, Known, Series
from mintmark.report.words import Array

NAME, FORMAT = "figures.json", 1
MOST_SERIES = 24
AGAIN = "the figures.json that the run wrote, or none: the page is then written without pictures."


@dataclass(frozen=True)
class Forecasts:
    """The largest series, cut to what is drawn, and what is said of all of them."""

    shown: list[Series]
    every: int
    """how many there are"""
    total: Series | None
    """the sum of those that are forecast for the same times, where these are most"""
    worst: list[tuple[str, float]]
    """names of the three whose test errors (sMAPE) were the largest"""
    span: tuple[int, str, str, bool]
    """steps that most series are forecast ahead, the first and last of them, and whether most share these"""
    smapes: list[float]
    """errors of the test of those that are shown; NaN where nothing is known"""
    longest: int
    """steps of the longest forecast that is shown"""

    @classmethod
    def of(cls, every: Sequence[Series], season: int = 0) -> "Forecasts | None":
        """None where there is no series."""
        if not every:
            return None
        shown = sorted(every, key=lambda s: -s.size)[:MOST_SERIES]
        off = sorted((s for s in every if np.isfinite(s.smape)), key=lambda s: -s.smape)
        worst = [(s.name, s.smape) for s in off[:3]] if len(off) > 3 else []
        return cls(
            [s.cut(season) for s in shown], len(every), series.total(every), worst, _span(every),
            [s.smape for s in shown], max(len(s.coming[0]) for s in shown),
        )  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """What is drawn of a run; the kinds of answers fill what suits them. All but `forecasts` is JSON as it is."""

    run: str = ""
    answer: str = ""
    rows: int = 0
    """test rows that they were made of"""
    decision: dict[str, Any] = field(default_factory=dict)
    """how answers become decisions: by, threshold, cut, classes, actions, capacity, prevalence"""
    roc: list[dict[str, Any]] = field(default_factory=list)
    """a curve for each class that is told from the others; so are precision and calibration"""
    precision: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)
    confusion: dict[str, Any] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    """money against the threshold"""
    errors: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    """errors by steps ahead"""
    slices: dict[str, Any] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    """texts that were written"""
    tree: dict[str, Any] = field(default_factory=dict)
    contributions: dict[str, Any] = field(default_factory=dict)
    forecasts: Forecasts | None = None

    def save(self, path: Path) -> Path:
        """Write all or nothing."""
        plain = {n: getattr(self, n) for n in self.__dataclass_fields__ if n != "forecasts"}
        plain |= {"format": FORMAT, "forecasts": None if self.forecasts is None else _plain(self.forecasts)}
        half = path.with_name(path.name + ".half")
        half.write_text(json.dumps(plain, ensure_ascii=False, allow_nan=False), encoding="utf-8", errors="replace")
        os.replace(half, path)
        return path

    @classmethod
    def load(cls, path: Path, run: str) -> "Figures":
        """Those of this run.   Raises: DataError: damaged, of another run, or of a later format."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw.pop("format") != FORMAT:
                raise DataError("is of a later format.", where=str(path), fix="pip install --upgrade mintmark")
            told = raw.pop("forecasts")
            made = cls(**raw, forecasts=None if told is None else _forecasts(told))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise DataError(f"holds no figures of a run: {exc}.", where=str(path), fix=AGAIN) from exc
        if made.run != run:
            raise DataError(f"is of run {made.run!r}, not of {run!r}.", where=str(path), fix=AGAIN)
        return made


def _span(every: Sequence[Series]) -> tuple[int, str, str, bool]:
    coming = [s for s in every if len(s.coming[0])]
    if not coming:
        return 0, "", "", False
    ends = [words.times(s.coming[0][[0, -1]]) for s in coming]
    spans = Counter((len(s.coming[0]), a, b) for s, (a, b) in zip(coming, ends, strict=True))
    (steps, first, last), n = spans.most_common(1)[0]
    return steps, first, last, 2 * n > len(coming)


# --- to JSON and back -------------------------------------------------------------------------------------------------


def _plain(made: Forecasts) -> dict[str, Any]:
    said = asdict(replace(made, shown=[], total=None)) | {"shown": [_series(s) for s in made.shown]}
    smapes = [v if np.isfinite(v) else None for v in made.smapes]
    return said | {"total": None if made.total is None else _series(made.total), "smapes": smapes}


def _series(one: Series) -> dict[str, Any]:
    parts = {n: [_array(a) for a in getattr(one, n)] for n in ("history", "actual", "forecast", "coming")}
    return {"name": one.name, "level": one.level} | parts


def _array(values: Array) -> list[Any]:
    if np.issubdtype(values.dtype, np.datetime64):
        return [None if t == "NaT" else t for t in values.astype("datetime64[us]").astype(str).tolist()]
    return [float(v) if np.isfinite(v) else None for v in values]


def _forecasts(raw: dict[str, Any]) -> Forecasts:
    total, (steps, first, last, shared) = raw["total"], raw["span"]
    return Forecasts(
        [_series_of(s) for s in raw["shown"]], int(raw["every"]), None if total is None else _series_of(total),
        [(str(n), float(v)) for n, v in raw["worst"]], (int(steps), str(first), str(last), bool(shared)),
        _read(raw["smapes"]).tolist(), int(raw["longest"]),
    )  # fmt: skip


def _series_of(raw: dict[str, Any]) -> Series:
    def known_of(a: Any) -> Known:
        return _read(a[0], times=True), _read(a[1])

    def forecast_of(a: Any) -> Forecast:
        return _read(a[0], times=True), _read(a[1]), _read(a[2]), _read(a[3])

    parts = known_of(raw["history"]), known_of(raw["actual"]), forecast_of(raw["forecast"]), forecast_of(raw["coming"])
    return Series(str(raw["name"]), *parts, None if raw["level"] is None else float(raw["level"]))


def _read(values: list[Any], times: bool = False) -> Array:
    if times and any(isinstance(v, str) for v in values):
        return np.array(["NaT" if v is None else v for v in values], "datetime64[us]")
    return np.array([np.nan if v is None else v for v in values], float)
