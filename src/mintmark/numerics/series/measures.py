"""Measures of forecasts, as the M4 competition took them, and of how much they change from day to day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def smape(y: Array, made: Array) -> float:
    """Mean of 2 |y - f| / (|y| + |f|), from 0 to 2; 0 where both are 0. M4 printed it times 100.

    Source: Makridakis, Spiliotis, Assimakopoulos, IJF 36(1), 2020, section 2.3.
    """
    size = np.abs(y) + np.abs(made)
    return float(np.mean(2 * np.abs(y - made) / np.where(size == 0, 1.0, size)))


def scale(history: Array, season: int) -> float:
    """Mean absolute change over a season within the history, over a step where it is too short for that.

    0 where nothing changes.   Source: Hyndman, Koehler, IJF 22(4), 2006.
    """
    lag = season if len(history) > season else 1
    return float(np.abs(history[lag:] - history[:-lag]).mean()) if len(history) > lag else 0.0


def mase(y: Array, made: Array, history: Array, season: int) -> float:
    """Mean absolute error over `scale`; NaN where that is 0."""
    by = scale(history, season)
    return float(np.abs(y - made).mean() / by) if by > 0 else float("nan")


def pinball(y: Array, made: Array, quantile: float) -> float:
    """Mean loss of a quantile: quantile * (y - f) where y is above it, (1 - quantile) * (f - y) where it is below.

    Source: Koenker, Bassett, Econometrica 46(1), 1978.
    """
    off = y - made
    return float(np.mean(np.maximum(quantile * off, (quantile - 1) * off)))


def change(made: Sequence[tuple[Array, Array]]) -> float:
    """How far forecasts of the same times move when a step more is known, as sMAPE is taken, from 0 to 2.

    `made`: for each series (before, after), forecasts of the same times from two origins that follow one another.
    Source: Van Belle, Crevits, Verbeke, IJF 39(3), 2023 (sMAPC, there in per cent).
    """
    return float(np.mean([smape(before, after) for before, after in made])) if made else float("nan")


@dataclass
class Tally:
    """sMAPE and MASE of forecasts, averaged within each series first, then over series."""

    season: int
    found: dict[str, list[tuple[float, float]]]

    @classmethod
    def of(cls, season: int) -> "Tally":
        return cls(season, {})

    def add(self, who: str, y: Array, made: Array, history: Array) -> None:
        self.found.setdefault(who, []).append((smape(y, made), mase(y, made, history, self.season)))

    def smape(self) -> float:
        return self._mean(0)

    def mase(self) -> float:
        """Over the series whose history changes at all; NaN where none does."""
        return self._mean(1)

    def _mean(self, i: int) -> float:
        each = [[pair[i] for pair in pairs if np.isfinite(pair[i])] for pairs in self.found.values()]
        return float(np.mean([np.mean(e) for e in each if e])) if any(each) else float("nan")


def owa(smape: float, mase: float, base_smape: float, base_mase: float) -> float:
    """Overall weighted average: mean of sMAPE and MASE, each over that of the base (Naive2 in M4).

    Source: Makridakis, Spiliotis, Assimakopoulos, IJF 36(1), 2020, section 2.3.
    """
    ratios = [a / b for a, b in ((smape, base_smape), (mase, base_mase)) if np.isfinite([a, b]).all() and b > 0]
    return float(np.mean(ratios)) if len(ratios) == 2 else float("nan")
