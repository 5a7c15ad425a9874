"""Explainable boosting machine: a sum of one curve a feature and a few pairs, each of which can be drawn."""

import math
import warnings
from typing import Any

import numpy as np

from mintmark.base.need import need
from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import softmax
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

BAGS, PAIRS, WIDE = 2, 10, 100
"""models that are averaged; pairs of features; features from which on there are no pairs"""
ROUNDS = 5000


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Cuts and values of each term as arrays, so that answers need no library.

    Shapes: for term t of one feature values-t (1 + bins + 1 [, k]), the first for missing ones, the last for categories
    that training did not have; of two features one axis each; cuts-j the inner edges of feature j.
    Source: Lou, Caruana, Gehrke, Hooker, KDD 2013; InterpretML.
    """
    glass = need("interpret.glassbox", extra="tables")
    x: Any = stack(seen.x)
    x = np.asarray(x if isinstance(x, np.ndarray) else x.toarray(), np.float64)
    d = x.shape[1]
    pairs = (PAIRS if d < WIDE else 0) if settings.interactions is None else settings.interactions
    kind = glass.ExplainableBoostingClassifier if k else glass.ExplainableBoostingRegressor
    nominal = [int(j) for j in categorical]
    options = {
        "outer_bags": BAGS, "inner_bags": 0, "max_rounds": settings.n_estimators or ROUNDS, "n_jobs": 1,
        "interactions": 0 if k > 2 else min(pairs, d * (d - 1) // 2), "random_state": ctx.draw_seed(),
        "feature_types": ["nominal" if j in nominal else "continuous" for j in range(d)],
        "learning_rate": min(0.8 * settings.learning_rate, 0.5), "max_bins": 256,
    }  # fmt: skip
    if settings.n_estimators is None:
        options["early_stopping_rounds"] = settings.early_stopping_rounds
    named = x.astype(object) if nominal else x
    for j in nominal:
        named[:, j] = [None if math.isnan(v) else str(int(v)) for v in x[:, j]]
    ctx.report("bags", 0, "1", step=0, of=BAGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = kind(**options).fit(named, seen.y, sample_weight=seen.weight)
    ctx.report("bags", BAGS, "1", step=BAGS, of=BAGS)
    return _state(made, k, d, nominal)


def _state(made: Any, k: int, d: int, nominal: list[int]) -> State:
    arrays: dict[str, Array] = {"intercept": np.atleast_1d(np.asarray(made.intercept_, np.float64))}
    used = sorted({j for term in made.term_features_ for j in term})
    for j in used:
        for level, bins in enumerate(made.bins_[j][:2]):
            if j in nominal:  # place of each code, 0 for one that training did not have
                codes = np.full(max(map(int, bins), default=0) + 1, 0, np.int64)
                for name, place in bins.items():
                    codes[int(name)] = place
                arrays[f"codes-{j}-{level}"] = codes
            else:
                arrays[f"cuts-{j}-{level}"] = np.asarray(bins, np.float64)
    levels = {j: len(made.bins_[j]) for j in used}
    for t, values in enumerate(made.term_scores_):
        arrays[f"values-{t}"] = np.asarray(values, np.float64)
    terms = [list(map(int, term)) for term in made.term_features_]
    facts = {"terms": terms, "k": k, "nominal": nominal, "levels": {str(j): n for j, n in levels.items()}}
    return State(arrays, facts | {"width": d, "met": len(getattr(made, "classes_", [])) or 0})


def predict(state: State, x: Any) -> Array:
    """The sum of the terms.   Source: the bin of a value is 1 + how many cuts are not above it; 0 is missing."""
    a, facts = state.arrays, state.facts
    x = x if isinstance(x, np.ndarray) else x.toarray()
    nominal, places = set(facts["nominal"]), {}
    wide = a["intercept"].shape[0]
    made = np.tile(a["intercept"], (len(x), 1))
    for t, term in enumerate(facts["terms"]):
        at = []
        for j in term:
            level = min(len(term), facts["levels"][str(j)]) - 1
            if (j, level) not in places:
                places[j, level] = binned(state, x[:, j], j, level, j in nominal)
            at.append(places[j, level])
        values = a[f"values-{t}"]
        picked = values[tuple(np.where(p < 0, s - 1, p) for p, s in zip(at, values.shape, strict=False))]
        made += picked.reshape(len(x), wide)
    if not facts["k"]:
        return made[:, 0]
    return softmax(made)


def binned(state: State, x: Array, j: int, level: int, nominal: bool) -> Array:
    """Place of each value on the axis of its feature; -1: a category of its own, the last place.   Shapes: (n,)."""
    missing = np.isnan(x)
    if not nominal:
        cuts = state.arrays[f"cuts-{j}-{level}"]
        return np.where(missing, 0, 1 + np.searchsorted(cuts, np.where(missing, 0.0, x), side="right"))
    codes = state.arrays[f"codes-{j}-{level}"]
    whole = np.where(missing, 0, x).astype(np.int64)
    known = (whole < len(codes)) & (whole >= 0)
    place = np.where(known, codes[np.where(known, whole, 0)], 0)
    return np.where(missing, 0, np.where(place > 0, place, -1))


MODEL = Model(fit=fit, predict=predict)
