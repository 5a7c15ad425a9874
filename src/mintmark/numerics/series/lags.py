"""Lags: models over all series at once, ridge regression and boosted trees, on what each was like before its forecast.

A question is asked h steps ahead of a history, and answered directly: no forecast is fed back as if it had happened.
Each history is put at level 0 and spread 1, so that large and small series are alike; answers are put back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.series.history import History

Array = npt.NDArray[Any]
NAMES = ("linear", "lightgbm")
LEAST_ROWS, LEAST_HISTORY = 40, 3
"""rows to fit, and values before a row's block, that these models need"""
CYCLES = 4
"""rounds of a season that are averaged"""
PENALTIES = (0.3, 3.0, 30.0, 300.0, 3000.0)
ROUNDS = 400
FAR = 1.5
"""answers end so many times further out than the training rows went"""


def level_of(season: int) -> int:
    """Newest values that the level of a history is the mean of."""
    return max(season, 4)


def spread(history: History, seasons: Sequence[int]) -> tuple[float, float]:
    """Level and spread of the newest part of a history: mean and mean absolute deviation of two seasons, or so."""
    newest = history.y[-max(2 * seasons[0], 8) :]
    level = float(history.y[-level_of(seasons[0]) :].mean())
    size = float(np.abs(newest - newest.mean()).mean())
    return level, size + 1e-3 * abs(level) + 1e-12


def features(
    histories: Sequence[History], block: Array, ahead: Array, known: Array, seasons: Sequence[int], horizon: int
) -> tuple[Array, Array]:
    """What a row's history was like, seen from its step; and the level and spread of each row.

    Shapes: block, ahead (n,); known (n, k) -> (n, d), (n, 2). A row without a history has zeros.
    """
    order = np.argsort(block, kind="stable")
    edges = np.searchsorted(block[order], np.arange(len(histories) + 1))
    width = 6 + 3 * len(seasons)
    x, base = np.zeros((len(block), width)), np.tile([0.0, 1.0], (len(block), 1))
    for i, history in enumerate(histories):
        rows = order[edges[i] : edges[i + 1]]
        if len(rows) and len(history) >= LEAST_HISTORY:
            level, size = spread(history, seasons)
            x[rows] = _of_block((history.y - level) / size, ahead[rows], seasons)
            base[rows] = level, size
    far = (ahead / horizon)[:, None]
    x = np.hstack([x, x[:, :4] * far, x[:, :4] / ahead[:, None], far, known])
    return x, base


def _of_block(z: Array, ahead: Array, seasons: Sequence[int]) -> Array:
    """Newest values, slope, and for each season the values a whole number of rounds before.   Shapes: (k, d)."""
    n, first = len(z), seasons[0]
    newest = [z[-1], z[-2], z[-3], z[-3:].mean()]
    whole = max(first, 4)
    before = z[-2 * whole : -whole]
    slope = (z[-whole:].mean() - before.mean()) if len(before) else 0.0
    columns = [np.full(len(ahead), v) for v in newest]
    columns += [np.full(len(ahead), slope), slope * ahead / whole]
    for m in seasons:
        at = n - 1 + ahead - m * (-(-ahead // m))  # the newest known place of the season
        rounds = at[:, None] - m * np.arange(CYCLES)  # (k, cycles)
        seen = np.where(rounds >= 0, z[np.maximum(rounds, 0)], np.nan)
        count = (rounds >= 0).sum(1)
        mean = np.where(count > 0, np.nansum(seen, 1) / np.maximum(count, 1), 0.0)
        last = np.where(count > 0, np.nan_to_num(seen[:, 0]), 0.0)
        recent = _above(z, m)
        columns += [last, mean, np.full(len(ahead), recent)]
    return np.column_stack(columns)


def _above(z: Array, m: int) -> float:
    """How far the newest round lies above the one before, on average."""
    if m < 2 or len(z) <= m:
        return 0.0
    k = min(m, len(z) - m)
    return float((z[-k:] - z[-k - m : -m]).mean())


def fit(name: str, x: Array, z: Array, late: Array, ctx: Ctx, size: float = 0.0) -> State:
    """One of NAMES. facts["size"]: the penalty, or the rounds of trees; where it is not given, what does best on the
    rows that are `late` after a fit on the others.   Shapes: x (n, d); z (n,), level 0 and spread 1; late (n,) bool.
    """
    low, high = (float(q) for q in np.quantile(z, [0.005, 0.995]))
    z = np.clip(z, low - (high - low), high + (high - low))
    ends = np.array([FAR * min(z.min(), 0.0), FAR * max(z.max(), 0.0)])
    size = size or _size(name, x, z, late, ctx)
    if name == "linear":
        return State(_ridge(x, z, size) | {"ends": ends}, {"size": size})
    made = _boost(x, z, None, ctx, int(size))
    return State({"ends": ends}, made.facts | {"size": size}, made.files)


def apply(state: State, x: Array, base: Array) -> Array:
    """The values that a model of lags says.   Shapes: x (n, d), base (n, 2) -> (n,)."""
    if "coefficient" in state.arrays:
        fine = (x - state.arrays["middle"]) / state.arrays["size"]
        z = (fine * state.arrays["coefficient"]).sum(1) + state.arrays["intercept"]
    else:
        z = trees.boosted(state, x)
    low, high = state.arrays["ends"]
    made: Array = base[:, 0] + base[:, 1] * np.clip(z, low, high)
    return made


def _size(name: str, x: Array, z: Array, late: Array, ctx: Ctx) -> float:
    """The penalty, or number of rounds, that does best on the late rows."""
    if late.sum() < LEAST_ROWS // 4 or (~late).sum() < LEAST_ROWS // 2:
        return PENALTIES[2] if name == "linear" else float(ROUNDS // 4)
    if name == "lightgbm":
        return float(max(10, _boost(x[~late], z[~late], (x[late], z[late]), ctx, ROUNDS).facts["rounds"]))
    tried = []
    for penalty in PENALTIES:
        made = _ridge(x[~late], z[~late], penalty)
        said = (x[late] - made["middle"]) / made["size"] @ made["coefficient"] + made["intercept"]
        tried.append((float(np.abs(said - z[late]).mean()), penalty))
    return min(tried)[1]


def _boost(x: Array, z: Array, held: tuple[Array, Array] | None, ctx: Ctx, rounds: int) -> State:
    params: dict[str, Any] = {
        "objective": "regression_l1", "metric": "l1", "learning_rate": 0.05, "num_leaves": 15,
        "min_data_in_leaf": int(np.clip(len(z) // 50, 5, 40)), "feature_fraction": 0.7, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 1.0,
    }  # fmt: skip
    valid = trees.Seen([held[0]], held[1], None) if held else None
    seen = trees.Seen([x], z, None)
    return trees.boost(seen, valid, params, ctx, rounds=rounds, patience=40, name="error", unit="1")


def _ridge(x: Array, z: Array, penalty: float) -> dict[str, Array]:
    middle, size = x.mean(0), x.std(0)
    size = np.where(size > 1e-9, size, 1.0)
    fine, centre = (x - middle) / size, z.mean()
    w = np.linalg.solve(fine.T @ fine + penalty * np.eye(x.shape[1]), fine.T @ (z - centre))
    return {"coefficient": w, "intercept": np.array(centre), "middle": middle, "size": size}
