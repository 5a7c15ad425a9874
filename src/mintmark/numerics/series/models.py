"""Models of one series: each a pure function of its history; the known seasons and a specification go with it.

A specification is what a search over forms found (the order of an ARIMA, the letters of an ETS), as JSON. Parameters
are fitted anew on whatever history there is: no model's inside is ever kept. Forms that multiply are tried only where
all values are positive. A series that is too short or does not change gets the simple forecast that fits it.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.need import need

Array = npt.NDArray[Any]
Spec = dict[str, Any]
SIMPLE = ("naive", "seasonal_naive", "naive2")
SINGLE = (*SIMPLE, "theta", "ces", "mstl", "ets", "arima")
"""cheap to dear"""
SEASON_OF_STATES = 24
"""longest season that models with a state for each step of it are given; longer ones are left to the others"""
NEWEST = {"arima": 600, "ets": 1500, "ces": 1500, "theta": 3000, "mstl": 6000}
"""values that are enough to fit these"""
RANGE = 3.0
"""a forecast further outside what was seen than so many times its range is a model gone astray"""


def naive(y: Array, horizon: int) -> Array:
    return np.full(horizon, y[-1])


def seasonal_naive(y: Array, horizon: int, season: int) -> Array:
    """The newest value of the same place in the season."""
    if season < 2 or len(y) < season:
        return naive(y, horizon)
    made: Array = np.resize(y[-season:], horizon)
    return made


def naive2(y: Array, horizon: int, season: int) -> Array:
    """Naive on what is seasonally adjusted, where a test at 90 % finds a season; else naive. M4's benchmark.

    Source: Makridakis, Spiliotis, Assimakopoulos, IJF 36(1), 2020; the test and classical multiplicative decomposition
    as in the competition's published code.
    """
    factors = seasonal_factors(y, season)
    if factors is None:
        return naive(y, horizon)
    n = len(y)
    ahead = factors[np.arange(n, n + horizon) % season]
    made: Array = y[-1] / factors[(n - 1) % season] * ahead
    return made


def seasonal_factors(y: Array, season: int) -> Array | None:
    """Multiplicative seasonal factors by place in the season, or None where the test finds none or a value is not
    positive.   Shapes: (season,).
    """
    if season < 2 or len(y) < 3 * season or y.min() <= 0 or not _seasonal(y, season):
        return None
    half = season // 2
    weights = np.ones(season) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(y, weights / season, "valid")  # of y[half : n - half]
    ratio = y[half : half + len(trend)] / trend
    place = np.arange(half, half + len(trend)) % season
    factors = np.bincount(place, ratio, season) / np.bincount(place, minlength=season)
    made: Array = factors / factors.mean()
    return made if made.min() > 0 else None


def _seasonal(y: Array, season: int) -> bool:
    """M4's test: the autocorrelation at the season against 1.645 standard errors."""
    centred = y - y.mean()
    total = float((centred**2).sum())
    if total <= 0:
        return False
    acf = np.array([(centred[k:] * centred[:-k]).sum() for k in range(1, season + 1)]) / total
    limit = 1.645 * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / len(y))
    return bool(abs(acf[-1]) > limit)


# --- statsforecast's models -----------------------------------------------------------------------------------------


def _short(seasons: Sequence[int]) -> int:
    """The longest season that a model with a state for each of its steps can bear."""
    return max([m for m in seasons if m <= SEASON_OF_STATES], default=1)


def _theta(y: Array, horizon: int, seasons: Sequence[int], spec: Spec) -> Array:
    y = y[-NEWEST["theta"] :]
    kind = "multiplicative" if y.min() > 0 else "additive"
    season = seasons[0] if len(y) >= 2 * seasons[0] else 1
    made = _models().DynamicOptimizedTheta(season_length=season, decomposition_type=kind)
    return _mean(made.forecast(y, horizon))


def _ces(y: Array, horizon: int, seasons: Sequence[int], spec: Spec) -> Array:
    season = _short(seasons)
    form = spec.get("form", "Z")
    form = "N" if season == 1 or len(y) < 2 * season + 2 else form
    return _mean(_models().AutoCES(season_length=season, model=form).forecast(y[-NEWEST["ces"] :], horizon))


def _ets(y: Array, horizon: int, seasons: Sequence[int], spec: Spec) -> Array:
    season = _short(seasons)
    form, damped = spec.get("form", "ZZZ"), spec.get("damped")
    if y.min() <= 0:
        form = form.replace("M", "A")
    if len(y) < 2 * season + 2:
        season, form = 1, form[:2] + "N"
    made = _models().AutoETS(season_length=season, model=form, damped=damped)
    return _mean(made.forecast(y[-NEWEST["ets"] :], horizon))


def _arima(y: Array, horizon: int, seasons: Sequence[int], spec: Spec) -> Array:
    y = y[-NEWEST["arima"] :]
    if not spec:
        return _mean(_auto_arima(seasons).forecast(y, horizon))
    made = _models().ARIMA(
        order=tuple(spec["order"]),
        season_length=spec["season"],
        seasonal_order=tuple(spec["seasonal"]),
        include_mean=spec["constant"],
        include_drift=spec["drift"],
    )
    return _mean(made.forecast(y, horizon))


def _mstl(y: Array, horizon: int, seasons: Sequence[int], spec: Spec) -> Array:
    y = y[-NEWEST["mstl"] :]
    fits = [m for m in seasons if 1 < m <= len(y) // 2]
    if not fits:
        return _theta(y, horizon, seasons, spec)
    trend = _models().AutoETS(model="ZZN")
    return _mean(_models().MSTL(season_length=fits, trend_forecaster=trend).forecast(y, horizon))


def _auto_arima(seasons: Sequence[int]) -> Any:
    return _models().AutoARIMA(season_length=_short(seasons), approximation=True)


RUN: dict[str, Callable[[Array, int, Sequence[int], Spec], Array]] = {
    "naive": lambda y, h, m, spec: naive(y, h),
    "seasonal_naive": lambda y, h, m, spec: seasonal_naive(y, h, max([s for s in m if s <= len(y)], default=1)),
    "naive2": lambda y, h, m, spec: naive2(y, h, m[0]),
    "theta": _theta,
    "ces": _ces,
    "ets": _ets,
    "arima": _arima,
    "mstl": _mstl,
}
LEAST = {"theta": 5, "ces": 8, "ets": 8, "arima": 10, "mstl": 8}
"""values that a model needs; below, and where nothing changes, the naive forecast stands in"""
SEARCHED = ("ces", "ets", "arima")


def forecast(name: str, y: Array, horizon: int, seasons: Sequence[int], spec: Spec | None = None) -> Array:
    """The next values; always finite, and not below zero where no value was.   Shapes: y (m,), m >= 1 -> (horizon,).

    What was worked out lately is kept: questions of one block come one by one and share their history.
    """
    kept = _kept(name, np.ascontiguousarray(y, float).tobytes(), horizon, tuple(seasons), json.dumps(spec or {}))
    return kept.copy()


@lru_cache(maxsize=8192)
def _kept(name: str, content: bytes, horizon: int, seasons: tuple[int, ...], spec: str) -> Array:
    y = np.frombuffer(content)
    if len(y) < LEAST.get(name, 1) or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return naive(y, horizon) if np.ptp(y) == 0 or name != "seasonal_naive" else RUN[name](y, horizon, seasons, {})
    try:
        made = _quiet(lambda: RUN[name](y, horizon, seasons, json.loads(spec)))
    except (ValueError, ZeroDivisionError, IndexError, RuntimeError, ArithmeticError, np.linalg.LinAlgError, KeyError):
        made = np.full(horizon, np.nan)  # statsforecast raises the like where no form can be fitted
    return guarded(made, y, seasons)


def guarded(made: Array, y: Array, seasons: Sequence[int]) -> Array:
    """The forecast, or the seasonal naive one where a value is absurd; no value below zero where none was."""
    absurd = _absurd(made, y)
    return _floored(RUN["seasonal_naive"](y, len(made), seasons, {}) if absurd.any() else made, y)


def guarded_at(made: Array, ahead: Array, y: Array, seasons: Sequence[int]) -> Array:
    """The same of values that stand by themselves, so many steps ahead, each.   Shapes: (k,), (k,) -> (k,)."""
    absurd = _absurd(made, y)
    if absurd.any():
        made = np.where(absurd, RUN["seasonal_naive"](y, int(ahead.max()), seasons, {})[ahead - 1], made)
    return _floored(made, y)


def _absurd(made: Array, y: Array) -> Array:
    low, high = float(y.min()), float(y.max())
    far = RANGE * (high - low) + 1e-9 * abs(high)
    return ~np.isfinite(made) | (made < low - far) | (made > high + far)


def _floored(made: Array, y: Array) -> Array:
    return np.maximum(made, 0.0) if float(y.min()) >= 0 else made


def search(name: str, y: Array, seasons: Sequence[int]) -> Spec:
    """The form that fits this history best, {} where there is none to choose."""
    if name not in SEARCHED or len(y) < LEAST[name] or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return {}
    return dict(_searched(name, np.ascontiguousarray(y, float).tobytes(), tuple(seasons)))


@lru_cache(maxsize=8192)
def _searched(name: str, content: bytes, seasons: tuple[int, ...]) -> Spec:
    y, season = np.frombuffer(content)[-NEWEST[name] :], _short(seasons)
    if name != "arima" and len(y) < 2 * season + 2:
        season = 1
    try:
        return dict(_quiet(lambda: _form(name, y, season)))
    except (ValueError, ZeroDivisionError, IndexError, RuntimeError, ArithmeticError, np.linalg.LinAlgError, KeyError):
        return {}


def _form(name: str, y: Array, season: int) -> Spec:
    if name == "ets":
        letters = _models().AutoETS(season_length=season).fit(y).model_["components"]
        return {"form": letters[:3], "damped": letters[3] == "D"}
    if name == "ces":
        kind = _models().AutoCES(season_length=season).fit(y).model_["seasontype"]
        return {"form": str(getattr(kind, "name", kind))[0]}
    model = _auto_arima([season]).fit(y).model_
    p, q, seasonal_p, seasonal_q, m, d, seasonal_d = (int(v) for v in model["arma"])
    return {
        "order": [p, d, q], "seasonal": [seasonal_p, seasonal_d, seasonal_q], "season": m,
        "constant": "intercept" in model["coef"], "drift": "drift" in model["coef"],
    }  # fmt: skip


def _models() -> Any:
    return need("statsforecast.models", extra="series")


def _mean(answer: Any) -> Array:
    return np.asarray(answer["mean"], float)


def _quiet(work: Callable[[], Any]) -> Any:
    """Optimisers warn of every step that overflows; what comes out is checked instead."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return work()
