"""Combine: how much each model is trusted for each series, from its errors at rolling origins.

A series has a few origins only, so its own errors are noisy: they are drawn towards the errors of the model over all
series, by as much as the origins of a series disagree. The weights fall with the drawn error, and how steeply is what
would have done best at origins that the weights did not see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
STEEPNESS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
LEAST_WEIGHT = 0.07
"""a model that counts for less is left out"""
PRIOR = 0.4
"""trust in a series' own error where it has one origin and nothing says how noisy it is"""


@dataclass
class Trial:
    """One origin of one series: the truth, and what each model said from what was known then."""

    who: str
    y: Array
    """(k,)"""
    ahead: Array
    """steps from the origin. Shapes: (k,)"""
    scale: float
    """what an error is measured by"""
    made: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Trust:
    """Weights of the models, with the sum 1, for each series and for one never judged."""

    series: dict[str, dict[str, float]]
    typical: dict[str, float]
    steepness: float


def errors(trials: Sequence[Trial], names: Sequence[str]) -> Array:
    """Of each model at each trial: MAE and sMAPE, each over its mean of all models, averaged.

    Shapes: (trials, models); relative, so that no series counts for more than another.
    """
    out = np.empty((len(trials), len(names)))
    for i, t in enumerate(trials):
        made = np.array([t.made[n] for n in names])
        off = np.abs(made - t.y)
        size = np.abs(made) + np.abs(t.y)
        both = np.array([off.mean(1), (2 * off / np.where(size == 0, 1, size)).mean(1)])  # (2, models)
        mean = both.mean(1, keepdims=True)
        out[i] = np.where(mean > 0, both / np.where(mean > 0, mean, 1), 1.0).mean(0)
    return out


def learn(trials: Sequence[Trial], names: Sequence[str]) -> Trust:
    """Weights from trials that all hold a forecast of each of these models."""
    if len(names) == 1 or not trials:
        even = dict.fromkeys(names, 1 / max(len(names), 1))
        return Trust({}, even, 0.0)
    error, who = np.log(errors(trials, names) + 0.02), np.array([t.who for t in trials])
    keep = reliability(error, who)
    steep = _steepness(trials, names, error, who, keep)
    keys, of = np.unique(who, return_inverse=True)
    count = np.bincount(of)
    own = np.stack([np.bincount(of, e) / count for e in error.T], 1)  # (series, models)
    pooled = own.mean(0)
    weights = _weights(drawn(own, pooled, count, keep), steep)
    typical = _weights(pooled[None], steep)[0]
    return Trust({str(k): _named(w, names) for k, w in zip(keys, weights, strict=True)}, _named(typical, names), steep)


def even(trials: Sequence[Trial], names: Sequence[str]) -> Trust:
    """Every model counts the same."""
    return Trust({}, dict.fromkeys(names, 1 / len(names)), 0.0)


def reliability(error: Array, who: Array) -> float:
    """How much of what sets a series apart at one origin is there at another, between 0 and 0.9.

    The correlation between origins of a series of its errors, less the models' means: the intraclass correlation.
    """
    centred = error - error.mean(0)
    centred = centred - centred.mean(1, keepdims=True)
    keys, of, count = np.unique(who, return_inverse=True, return_counts=True)
    many = count > 1
    if many.sum() < 3:
        return PRIOR
    total = np.stack([np.bincount(of, c) for c in centred.T], 1)
    squares = np.stack([np.bincount(of, c**2) for c in centred.T], 1)
    n = count[:, None]
    across = ((total**2 - squares) / np.maximum(n * (n - 1), 1))[many].mean()
    within = (squares / n)[many].mean()
    return float(np.clip(across / within, 0.0, 0.9)) if within > 0 else 0.0


def drawn(own: Array, pooled: Array, count: Array, keep: float) -> Array:
    """Mean errors drawn towards those of all series; less, the more origins there are (Spearman-Brown).

    Shapes: own (series, models), pooled (models,), count (series,).
    """
    trust = (count * keep / (1 + (count - 1) * keep))[:, None]
    made: Array = trust * own + (1 - trust) * pooled
    return made


def _weights(log_error: Array, steep: float) -> Array:
    """Shapes: (series, models) -> the same, rows with the sum 1; weak models have none."""
    raw = np.exp(-steep * (log_error - log_error.min(1, keepdims=True)))
    raw = raw / raw.sum(1, keepdims=True)
    best = raw.max(1, keepdims=True)
    raw = np.where(raw >= np.minimum(LEAST_WEIGHT, best), raw, 0.0)
    made: Array = raw / raw.sum(1, keepdims=True)
    return made


def _steepness(trials: Sequence[Trial], names: Sequence[str], error: Array, who: Array, keep: float) -> float:
    """The steepness whose weights, learnt without an origin, make the smallest error at that origin."""
    keys, of = np.unique(who, return_inverse=True)
    count = np.bincount(of)
    total = np.stack([np.bincount(of, e) for e in error.T], 1)
    left = count[of] - 1
    pooled_total = error.sum(0)
    pooled = (pooled_total - error) / max(len(error) - 1, 1)
    own = np.where(left[:, None] > 0, (total[of] - error) / np.maximum(left, 1)[:, None], pooled)
    guess = np.where(left[:, None] > 0, _drawn_each(own, pooled, left, keep), pooled)
    base = [np.array([t.made[n] for n in names]) for t in trials]
    scores = []
    for steep in STEEPNESS:
        weights = _weights(guess, steep)
        scores.append(float(np.mean([_relative(t, w @ b, b) for t, w, b in zip(trials, weights, base, strict=True)])))
    best = min(scores)
    return next(s for s, score in zip(STEEPNESS, scores, strict=True) if score <= best + 1e-9)


def _drawn_each(own: Array, pooled: Array, count: Array, keep: float) -> Array:
    trust = (count * keep / (1 + (np.maximum(count, 1) - 1) * keep))[:, None]
    made: Array = trust * own + (1 - trust) * pooled
    return made


def _relative(t: Trial, made: Array, each: Array) -> float:
    """Error of a combination over the mean error of its members, by MAE and sMAPE."""

    def both(f: Array) -> Array:
        off, size = np.abs(f - t.y), np.abs(f) + np.abs(t.y)
        return np.stack([off.mean(-1), (2 * off / np.where(size == 0, 1, size)).mean(-1)])

    mean = both(each).mean(-1)
    return float(np.where(mean > 0, both(made) / np.where(mean > 0, mean, 1), 1.0).mean())


def _named(weights: Array, names: Sequence[str]) -> dict[str, float]:
    return {n: float(w) for n, w in zip(names, weights, strict=True) if w > 0}


def growth(trials: Sequence[Trial], trust: Trust, horizon: int) -> list[float]:
    """How the error grows with the steps ahead, over the scale of the series.

    Never falling; beyond the horizon it goes on as the square root.
    """
    total, count = np.zeros(horizon), np.zeros(horizon)
    for t in trials:
        at = np.clip(t.ahead, 1, horizon) - 1
        total += np.bincount(at, np.minimum(_off(t, trust), 50.0), horizon)
        count += np.bincount(at, minlength=horizon)
    prior = np.sqrt(np.arange(1, horizon + 1) / horizon)
    mean = (total.sum() + 1.0) / (count @ prior + 1.0) * prior
    made: list[float] = np.maximum.accumulate((total + 5 * mean) / (count + 5)).tolist()
    return made


def ratios(trials: Sequence[Trial], trust: Trust, growth: Sequence[float]) -> list[float]:
    """Of each trial the mean error over what is usual so many steps ahead."""
    usual = np.array(growth)
    at = [np.clip(t.ahead, 1, len(usual)) - 1 for t in trials]
    return [float(np.minimum(_off(t, trust) / usual[a], 20.0).mean()) for t, a in zip(trials, at, strict=True)]


def ratio(own: Sequence[float]) -> float:
    """How large errors of a series are, from the ratios of its trials; drawn towards 1, the fewer there are."""
    return (sum(own) + 1.5) / (len(own) + 1.5)


def _off(t: Trial, trust: Trust) -> Array:
    made: Array = np.abs(mixed(t.made, trust.series.get(t.who, trust.typical)) - t.y) / t.scale
    return made


def mixed(made: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """The weighted mean of forecasts.   Shapes: (k,) each -> (k,)."""
    out: Array = sum(w * made[n] for n, w in weights.items()) / sum(weights.values())  # type: ignore[assignment]
    return out
