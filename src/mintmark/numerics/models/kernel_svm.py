"""Kernel SVM: the margin in the space of a Gaussian kernel, by its support vectors."""

from typing import Any

import numpy as np

from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import softmax
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

MOST_ROWS = 10_000
"""the fit takes time as their square: of more a sample is taken, and said"""
AT_ONCE = 4_000_000
"""kernel values in memory"""
SLOPE = 2.0


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """One machine a class against the rest, one for two classes or a number.

    Shapes: vectors (s, d), dual (machines, s), intercept (machines,).
    """
    from sklearn.svm import SVC, SVR

    x: Any = stack(seen.x)
    x = x if isinstance(x, np.ndarray) else x.toarray()
    y, weight, notes = seen.y, seen.weight, []
    if len(y) > MOST_ROWS:
        ids = np.sort(ctx.rng.choice(len(y), MOST_ROWS, replace=False))
        notes = [f"kernel_svm was fitted on {MOST_ROWS} of {len(y)} rows, drawn at random."]
        x, y, weight = x[ids], y[ids], None if weight is None else weight[ids]
    gamma = settings.gamma or 1 / (x.shape[1] * (float(x.var()) or 1.0))
    options = {"C": settings.C, "gamma": gamma, "cache_size": 500}
    machines, middle, scale = [], 0.0, 1.0
    if k:
        met = np.unique(y)
        for c in met[1:] if len(met) == 2 else met:
            machines.append(SVC(**options).fit(x, (y == c).astype(int), sample_weight=weight))
            ctx.report("machines", len(machines), "1", step=len(machines), of=len(met))
    else:
        met, middle, scale = np.arange(1), float(np.mean(y)), float(np.std(y)) or 1.0
        machines.append(SVR(**options).fit(x, (y - middle) / scale, sample_weight=weight))
    used = np.unique(np.concatenate([m.support_ for m in machines]))
    dual = np.zeros((len(machines), len(used)))
    for i, m in enumerate(machines):
        dual[i, np.searchsorted(used, m.support_)] = m.dual_coef_[0]
    intercept = np.array([m.intercept_[0] for m in machines])
    arrays = {"vectors": x[used], "dual": dual * scale, "intercept": intercept * scale + middle}
    return State(arrays, {"k": k, "gamma": gamma, "met": met.tolist(), "training": {"notes": notes}})


def predict(state: State, x: Any) -> Array:
    """By chunks of rows, so that the kernel fits in memory; each row's sums do not depend on its chunk."""
    a: dict[str, Array] = dict(state.arrays)
    k = state.facts["k"]
    x = x if isinstance(x, np.ndarray) else x.toarray()
    norms, step = np.einsum("ij,ij->i", a["vectors"], a["vectors"]), max(1, AT_ONCE // len(a["vectors"]))
    made = np.empty((len(x), len(a["dual"])))
    for start in range(0, len(x), step):
        some = x[start : start + step]
        away = np.einsum("ij,ij->i", some, some)[:, None] - 2 * some @ a["vectors"].T + norms
        made[start : start + step] = np.exp(-state.facts["gamma"] * np.maximum(away, 0)) @ a["dual"].T
    made += a["intercept"]
    if not k:
        return made[:, 0]
    met = state.facts["met"]
    if len(met) == 2 and k == 2:
        return softmax(SLOPE * made)
    z = np.full((len(x), k), -1e3)
    z[:, met] = SLOPE * np.hstack([-made, made]) if len(met) == 2 else SLOPE * made
    return softmax(z)


MODEL = Model(fit=fit, predict=predict, wants="linear")
