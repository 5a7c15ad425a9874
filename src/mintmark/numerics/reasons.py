"""Reasons: what each column of a question adds to the score of a model that is a sum.

A score is the log odds of the second of two classes, of each of more classes the log of its probability up to a
constant that all share, or the number itself. Base and parts add up to it.

lightgbm, xgboost, catboost   the library's own contributions (Shapley values of its trees)
logistic_regression, linear_regression, linear_svm   coefficient x value of each feature
ebm                           its terms; of a term of two features each has half

Source: Lundberg and others, Nature Machine Intelligence 2, 2020 (trees); Lou and others, KDD 2013 (EBM).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.errors import DataError
from mintmark.base.need import need
from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.answers import Array
from mintmark.numerics.ensemble import members, weights_of
from mintmark.numerics.models import catboost, ebm, xgboost

NUMBERS = "all numbers"
"""the column that is named for features of all number columns at once: how unusual a row is, how far from a cluster"""
EARLIER = "earlier rows"
"""likewise, where it is not known whose rows they are"""
TINY = 1e-12


@dataclass(frozen=True)
class Sum:
    """Scores as sums.   Shapes: base (n, scores), parts (n, scores, columns)."""

    base: Array
    parts: Array

    def times(self, weight: float) -> "Sum":
        return Sum(weight * self.base, weight * self.parts)


def missing(features: State, model: State) -> str:
    """Why a model has no reasons, in a few words; empty for one that has."""
    for _, models in members(features, model):
        for one in models:
            kind = one.facts.get("model", "")
            if "always" not in one.arrays and _way(one) is None:
                whole = "" if one is model else ", which is a member of this blend,"
                return f"a {kind or 'model of this kind'}{whole} is no sum over the columns of a question"
    return ""


def columns(features: State, model: State, key: str = "") -> list[str]:
    """Every column that a part of the score can be named for.   `key`: the column whose earlier rows are looked at."""
    found = [c for own, _ in members(features, model) for feature in origins(own, key) for c in feature]
    return list(dict.fromkeys(found))


def of(features: State, model: State, encode: Callable[[State], Any], names: list[str], key: str = "") -> Sum:
    """The score of each row, of an ensemble the weighted mean of its members' scores.

    encode: features -> x, as the model gets it; names: `columns` of the same model.
    Raises: DataError: a model without reasons.
    """
    made: list[Sum] = []
    for own, models in members(features, model):
        x = encode(own)
        shares = _shares(origins(own, key), names)
        if shares.shape[0] != x.shape[1]:
            what = f"{x.shape[1]} features, {shares.shape[0]} are known by name."
            raise DataError(what, where="reasons", fix="package the model anew with this version: mintmark run")
        made += [_of_one(m, x, shares) for m in models]
    wide = max(s.base.shape[1] for s in made)
    if len({s.base.shape[1] for s in made}) > 1:  # a member that never met a class has no score for it
        made = [_wider(s, wide) for s in made]
    mixed = [s.times(w) for s, w in zip(made, weights_of(model), strict=True)]
    return Sum(np.sum([s.base for s in mixed], 0), np.sum([s.parts for s in mixed], 0))


def origins(features: State, key: str = "") -> list[tuple[str, ...]]:
    """The columns of a question that each feature is made of, in the order in which a model gets them."""
    facts, parts = features.facts, features.parts
    times = [(t["name"],) for t in facts["times"] for _ in t["parts"]]
    plain = [*((n,) for n in facts["numbers"]), *times]
    words = [(c["name"],) for c in (*facts["words"], *facts["codes"])]
    more = _derived(features, [*plain, *words])
    if "target" in parts:
        width = parts["target"].arrays["means"].shape[1]
        more += [(c["name"],) for c in parts["target"].facts["columns"] for _ in range(width)]
    looked = [(key or EARLIER,)] * len(facts.get("history", {}).get("names", ()))
    texts = list(enumerate(parts["text"].facts["columns"])) if "text" in parts else []
    own = [parts["text"].parts[str(i)] for i, _ in texts]
    if "one_hot" in facts:
        often = np.isnan(features.arrays["fill"])
        indicators = [c for c, o in zip(plain, often, strict=True) if o]
        one_hot = [c for c, size in zip(words, facts["one_hot"], strict=True) for _ in range(size)]
        terms = [(name,) for (_, name), o in zip(texts, own, strict=True) for _ in o.facts["places"]]
        made = [*plain, *indicators, *more, *looked, *one_hot, *terms]
    else:
        topics = [(name,) for (_, name), o in zip(texts, own, strict=True) for _ in range(_width(o))]
        made = [*plain, *words, *more, *topics, *looked]
    kept = features.arrays.get("kept")
    return made if kept is None else [made[i] for i in kept]


def _derived(features: State, own: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    if "derived" not in features.parts:
        return []
    state = features.parts["derived"]
    facts, arrays = state.facts, state.arrays
    made: list[tuple[str, ...]] = [tuple(pair) for pair in facts.get("gaps", ())]
    alike = (facts.get("outliers") == "mark") + len(arrays.get("centres", ())) + ("edges" in arrays)
    made += [(NUMBERS,)] * alike
    return made + [tuple(dict.fromkeys(own[i] + own[j])) for i, j in facts.get("products", ())]


def _width(text: State) -> int:
    return len(text.arrays["directions"]) if "directions" in text.arrays else len(text.facts["places"])


def _shares(features: list[tuple[str, ...]], names: list[str]) -> Any:
    """How much of each feature's part each column has: of two columns each half.   Shapes: (features, columns), csr."""
    from scipy import sparse

    place = {n: i for i, n in enumerate(names)}
    row = [i for i, found in enumerate(features) for _ in found]
    share = [1 / len(found) for found in features for _ in found]
    column = [place[c] for found in features for c in found]
    return sparse.csr_matrix((share, (row, column)), shape=(len(features), len(names)))


# --- models one by one ------------------------------------------------------------------------------------------------


def _of_one(model: State, x: Any, shares: Any) -> Sum:
    if "always" in model.arrays:
        always = np.asarray(model.arrays["always"], float)
        logs = np.log(np.clip(always, TINY, 1)) if len(always) > 1 else always
        base = logs[1:] - logs[:1] if len(logs) == 2 else logs
        return Sum(np.tile(base, (x.shape[0], 1)), np.zeros((x.shape[0], len(base), shares.shape[1])))
    way = _way(model)
    if way is None:
        raise DataError(f"a {model.facts.get('model', 'model')} has none.", where="reasons", fix="ask without them.")
    return way(model, x, shares)


def _way(model: State) -> Callable[[State, Any, Any], Sum] | None:
    kind = model.facts.get("model") or ("linear" if "coefficient" in model.arrays else "")
    if "coefficient" in model.arrays:
        return _linear
    ways = {"xgboost": _xgboost, "catboost": _catboost, "ebm": _ebm, "lightgbm": _lightgbm}
    return ways.get(kind) or (_lightgbm if "model.txt" in model.files else None)


def _linear(model: State, x: Any, shares: Any) -> Sum:
    from scipy import sparse

    coefficient, intercept = model.arrays["coefficient"], np.asarray(model.arrays["intercept"], float)
    parts = [sparse.csr_matrix(x).multiply(c[None, :]) @ shares for c in np.asarray(coefficient)]
    return Sum(np.tile(intercept, (x.shape[0], 1)), np.stack([np.asarray(p.todense()) for p in parts], 1))


def _lightgbm(model: State, x: Any, shares: Any) -> Sum:
    threads = trees.threads(x.shape[0])
    booster = trees.booster(model.files["model.txt"])
    made = np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads))
    return _gathered(made.reshape(x.shape[0], -1, x.shape[1] + 1), shares)


def _xgboost(model: State, x: Any, shares: Any) -> Sum:
    threads = trees.threads(x.shape[0])
    matrix = xgboost.matrix(need("xgboost", extra="tables"), x, None, None, model.facts["categorical"], threads)
    booster = xgboost.booster(model.files["model.ubj"])
    return _gathered(booster.predict(matrix, pred_contribs=True, strict_shape=True), shares)


def _catboost(model: State, x: Any, shares: Any) -> Sum:
    pool = need("catboost", extra="tables").Pool(catboost.dense(x))
    threads = trees.threads(x.shape[0])
    booster = catboost.booster(model.files["model.json"])
    made = np.asarray(booster.get_feature_importance(pool, type="ShapValues", thread_count=threads))
    return _gathered(made.reshape(x.shape[0], -1, x.shape[1] + 1), shares)


def _ebm(model: State, x: Any, shares: Any) -> Sum:
    x, facts = x if isinstance(x, np.ndarray) else x.toarray(), model.facts
    base, own = np.tile(model.arrays["intercept"], (len(x), 1)), shares.toarray()
    parts = np.zeros((len(x), base.shape[1], own.shape[1]))
    for t, term in enumerate(facts["terms"]):
        values, at = model.arrays[f"values-{t}"], []
        for j, size in zip(term, values.shape, strict=False):
            level = min(len(term), facts["levels"][str(j)]) - 1
            place = ebm.binned(model, x[:, j], j, level, j in facts["nominal"])
            at.append(np.where(place < 0, size - 1, place))
        added = values[tuple(at)].reshape(base.shape)
        parts += added[:, :, None] * own[term].mean(0)
    return Sum(base, parts)


def _gathered(made: Array, shares: Any) -> Sum:
    """Shapes: made (n, scores, features + 1), the last of them the base."""
    n, k, d = made.shape
    flat = np.asarray(made[:, :, :-1], np.float64).reshape(n * k, d - 1)
    return Sum(np.asarray(made[:, :, -1], np.float64), np.asarray(flat @ shares).reshape(n, k, -1))


def _wider(some: Sum, k: int) -> Sum:
    """Of two classes, as those of more say it: the first has the score 0."""
    if some.base.shape[1] != 1:
        raise DataError("members of this blend know other classes.", where="reasons", fix="ask without them.")
    base, parts = np.zeros((len(some.base), k)), np.zeros((len(some.base), k, some.parts.shape[2]))
    base[:, 1], parts[:, 1] = some.base[:, 0], some.parts[:, 0]
    return Sum(base, parts)
