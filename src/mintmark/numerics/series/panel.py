"""Panel: questions with the histories they look back on; which models answer them, and what those say."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.state import State
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.series import combine, lags, measures, models
from mintmark.numerics.series.combine import Trial
from mintmark.numerics.series.history import History, regular

Array = npt.NDArray[Any]
STANDS_IN = {"linear": "theta", "lightgbm": "theta", "arima": "theta"}
"""for a model that could not be fitted, or whose form nobody searched"""
NEWEST = 60
"""values, or four seasons, that say how large errors of a series are"""


@dataclass(frozen=True)
class Panel:
    histories: list[History]
    block: Array
    """place of each question's history. Shapes: (n,)"""
    ahead: Array
    """steps from the end of that history, at least 1. Shapes: (n,)"""
    known: Array
    """what is known ahead of the question's step. Shapes: (n, k)"""
    y: Array
    """NaN where the truth is not known. Shapes: (n,)"""

    @classmethod
    def of(cls, batch: Batch) -> "Panel":
        a = batch.arrays
        y = np.full(len(batch), np.nan) if batch.y is None else np.asarray(batch.y, float)
        return cls(batch.facts["histories"], a["block"], a["ahead"], a["known"], y)

    @classmethod
    def whole(cls, view: View) -> "Panel":
        """All chunks as one."""
        return cls.join([cls.of(batch) for batch in view])

    @classmethod
    def join(cls, parts: "Sequence[Panel]") -> "Panel":
        """The questions of all; a history that two parts share is one history."""
        place: dict[tuple[str, int, int], int] = {}
        kept: list[History] = []
        blocks = []
        for part in parts:
            own = []
            for h in part.histories:
                key = (h.who, h.end, len(h))
                if key not in place:
                    place[key] = len(kept)
                    kept.append(h)
                own.append(place[key])
            blocks.append(np.array(own, np.int64)[part.block])
        joined = {n: np.concatenate([getattr(p, n) for p in parts]) for n in ("ahead", "known", "y")}
        return cls(kept, np.concatenate(blocks), **joined)

    def take(self, rows: Array, histories: list[History] | None = None) -> "Panel":
        """Fewer questions."""
        own = self.histories if histories is None else histories
        return Panel(own, self.block[rows], self.ahead[rows], self.known[rows], self.y[rows])

    def rows(self) -> list[Array]:
        """The questions of each history."""
        order = np.argsort(self.block, kind="stable")
        return np.split(order, np.searchsorted(self.block[order], np.arange(1, len(self.histories))))

    def features(self, seasons: Sequence[int], horizon: int) -> tuple[Array, Array]:
        return lags.features(self.histories, self.block, self.ahead, self.known, seasons, horizon)


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(state: State, panel: Panel) -> tuple[Array, Array]:
    """Forecasts, and how far off each may well be.   Shapes: (n,), (n,) above 0."""
    facts = state.facts
    seasons, horizon, series = facts["seasons"], facts["horizon"], facts["series"]
    value, half = np.full(len(panel.block), facts["level"]), np.full(len(panel.block), facts["spread"])
    together = {}
    if state.parts:
        x, base = panel.features(seasons, horizon)
        together = {n: lags.apply(part, x, base) for n, part in state.parts.items()}
    for history, rows in zip(panel.histories, panel.rows(), strict=True):
        if not len(rows) or not len(history):
            continue
        own = series.get(history.who, facts["typical"])
        ahead = panel.ahead[rows]
        made = {}
        for name in own["weights"]:
            if name in together and len(history) >= lags.LEAST_HISTORY:
                made[name] = models.guarded_at(together[name][rows], ahead, history.y, seasons)
            else:
                made[name] = one(name, history, ahead, seasons, horizon, own["specs"].get(name))
        value[rows] = combine.mixed(made, own["weights"])
        grown = np.array(facts["growth"])[np.minimum(ahead, horizon) - 1] * np.sqrt(np.maximum(ahead / horizon, 1.0))
        half[rows] = size(history.y, seasons[0]) * own.get("held", {}).get(str(history.end), own["ratio"]) * grown
    return value, half


def one(
    name: str, history: History, ahead: Array, seasons: Sequence[int], horizon: int, spec: models.Spec | None
) -> Array:
    """What one model says at these steps; the same however many steps are asked at once."""
    used = name if spec or name not in STANDS_IN else STANDS_IN[name]
    made: Array = models.forecast(used, history.y, max(horizon, int(ahead.max())), seasons, spec)[ahead - 1]
    return made


def size(y: Array, season: int) -> float:
    """What errors of this series are measured by: its mean change over a season of late; never zero."""
    newest = y[-max(4 * season, NEWEST) :]
    return max(measures.scale(newest, season), 1e-3 * float(np.abs(newest).mean()), 1e-9)


# --- fits -------------------------------------------------------------------------------------------------------------


@dataclass
class Chosen:
    """What a fit finds out: settings of the fits that follow, as JSON."""

    series: dict[str, dict[str, Any]]
    """who -> weights, specs, ratio; and held: the ratio that leaves out the block after this step"""
    typical: dict[str, Any]
    growth: list[float]
    sizes: dict[str, float]
    """of the models of lags: penalty, rounds"""
    steepness: float = 0.0


def choose(
    panel: Panel, names: Sequence[str], seasons: Sequence[int], fit: "Fit", *, even: bool, held: int | None = None
) -> Chosen:
    """Try each model at the newest blocks of each series, from what was known then, and say how much each counts.

    Models are tried from cheap to dear; when `fit.ctx` says stop, those that were tried are what there is. Questions
    from `held` on are those that the interval is learnt from: how large their errors are is told by the others, else
    the interval would be measured by the very errors that it is to hold.
    """
    judged, specs = _judged(panel, fit.origins, seasons), dict[tuple[str, str], models.Spec]()
    trials = [_trial(panel, rows, seasons) for _, rows in judged]
    tried: list[str] = []
    sizes: dict[str, float] = {}
    for k, name in enumerate(names):
        if name in lags.NAMES:
            state = _before(panel, [rows for _, rows in judged], name, seasons, fit)
            if state is None or not judged:
                continue
            sizes[name] = state.facts["size"]
            for (i, rows), trial in zip(judged, trials, strict=True):
                x, base = panel.take(rows).features(seasons, fit.horizon)
                trial.made[name] = models.guarded_at(
                    lags.apply(state, x, base), panel.ahead[rows], panel.histories[i].y, seasons
                )
        else:
            for (i, rows), trial in zip(judged, trials, strict=True):
                if tried and fit.late():
                    break
                h = panel.histories[i]
                if (h.who, name) not in specs:  # the form is looked for at the oldest origin, and kept
                    specs[h.who, name] = models.search(name, h.y, seasons)
                trial.made[name] = one(name, h, panel.ahead[rows], seasons, fit.horizon, specs[h.who, name])
        if any(name not in t.made for t in trials):
            break  # the time is up, half-way through the series
        tried.append(name)
        error = float(np.mean([np.abs(t.made[name] - t.y).mean() / t.scale for t in trials])) if trials else 0.0
        if fit.ctx.report(f"error of {name}", error, "1", step=k + 1, of=len(names)):
            break
    if not tried:  # a model of lags alone, and too few rows for one
        tried = ["naive2"]
        for (i, rows), trial in zip(judged, trials, strict=True):
            trial.made["naive2"] = one("naive2", panel.histories[i], panel.ahead[rows], seasons, fit.horizon, None)
    trust = (combine.even if even else combine.learn)(trials, tried)
    late = [held is not None and rows[0] >= held for _, rows in judged]
    earlier = [t for t, after in zip(trials, late, strict=True) if not after]
    enough = 2 * len({t.who for t in earlier}) >= len({t.who for t in trials})
    growth = combine.growth(earlier if enough else trials, trust, fit.horizon)
    each: dict[str, list[tuple[int, float, bool]]] = {}
    for (i, _), of, after in zip(judged, combine.ratios(trials, trust, growth), late, strict=True):
        each.setdefault(panel.histories[i].who, []).append((panel.histories[i].end, of, after))
    series = {}
    for who, latest in _latest(panel).items():
        weights, own = trust.series.get(who, trust.typical), each.get(who, [])
        found = {n: models.search(n, latest, seasons) for n in weights if n in models.SEARCHED}
        series[who] = {
            "weights": weights,
            "specs": {n: s for n, s in found.items() if s},
            "ratio": combine.ratio([of for _, of, _ in own]),
            "held": {str(end): combine.ratio([o for e, o, _ in own if e != end]) for end, _, after in own if after},
        }
    return Chosen(series, {"weights": trust.typical, "specs": {}, "ratio": 1.0}, growth, sizes, trust.steepness)


@dataclass(frozen=True)
class Fit:
    """How to fit: blocks a series is judged on, steps of a block, and what steps use of the outside world."""

    origins: int
    horizon: int
    ctx: Ctx

    def late(self) -> bool:
        return time.monotonic() > self.ctx.deadline


def lagged(panel: Panel, name: str, seasons: Sequence[int], fit: Fit, size: float = 0.0) -> State | None:
    """A model of lags of all questions whose truth is known; None where they are too few."""
    lengths = np.array([len(h) for h in panel.histories])
    rows = np.flatnonzero((lengths[panel.block] >= lags.LEAST_HISTORY) & np.isfinite(panel.y))
    if len(rows) < lags.LEAST_ROWS:
        return None
    some = panel.take(rows)
    x, base = some.features(seasons, fit.horizon)
    at = np.array([h.end for h in some.histories])[some.block] + some.ahead
    late = at > np.quantile(at, 0.8)
    return lags.fit(name, x, (some.y - base[:, 0]) / base[:, 1], late, fit.ctx, size)


def _judged(panel: Panel, origins: int, seasons: Sequence[int]) -> list[tuple[int, Array]]:
    """The newest blocks of each series whose truth is known and whose history is long enough, oldest first.

    The newest of all is judged however short its history is, if there is one at all.
    """
    known = np.isfinite(panel.y)
    by: dict[str, list[tuple[int, int, Array]]] = {}
    for i, rows in enumerate(panel.rows()):
        rows = rows[known[rows]]
        if len(rows) and len(panel.histories[i]):
            by.setdefault(panel.histories[i].who, []).append((panel.histories[i].end, i, rows))
    made = []
    for blocks in by.values():
        newest = sorted(blocks, key=lambda b: b[0])[-origins:]
        made += [
            (i, r) for k, (_, i, r) in enumerate(newest) if _long(panel.histories[i], seasons) or k == len(newest) - 1
        ]
    return made


def _long(history: History, seasons: Sequence[int]) -> bool:
    return len(history) >= max(8, 2 * seasons[0])


def _trial(panel: Panel, rows: Array, seasons: Sequence[int]) -> Trial:
    h = panel.histories[panel.block[rows[0]]]
    return Trial(h.who, panel.y[rows], panel.ahead[rows], size(h.y, seasons[0]))


def _before(panel: Panel, judged: Sequence[Array], name: str, seasons: Sequence[int], fit: Fit) -> State | None:
    """A model of lags that saw no block it is judged on, nor a later one of another series where enough is left."""
    rows = np.ones(len(panel.block), bool)
    if judged:
        rows[np.concatenate(judged)] = False
        at = np.array([h.end for h in panel.histories])[panel.block] + panel.ahead
        first = at[~rows].min()
        if (rows & (at < first)).sum() >= max(lags.LEAST_ROWS, 0.3 * rows.sum()):
            rows &= at < first
    return lagged(panel.take(np.flatnonzero(rows)), name, seasons, fit)


def _latest(panel: Panel) -> dict[str, Array]:
    """All that is known of each series: its newest history, and the truth of the block that followed."""
    newest: dict[str, tuple[int, Array]] = {}
    rows = panel.rows()
    for i, h in enumerate(panel.histories):
        if len(h) and (h.who not in newest or newest[h.who][0] < h.end):
            at = np.concatenate([np.arange(h.end - len(h) + 1, h.end + 1), h.end + panel.ahead[rows[i]]])
            y = np.concatenate([h.y, panel.y[rows[i]]])
            order = np.argsort(at, kind="stable")
            newest[h.who] = (h.end, regular(at[order], y[order], "mean")[0])
    return {who: y for who, (_, y) in newest.items()}
