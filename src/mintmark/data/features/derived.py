"""Derived numbers: gaps between dates, distances to clusters, how unusual a row is, products of two numbers."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.state import State
from mintmark.data.features.columns import DAY, GONE, microseconds
from mintmark.data.features.settings import Settings
from mintmark.data.past import ASKED
from mintmark.data.rows import Rows, kind_of

Array = npt.NDArray[Any]
MOST_DATES = 4
"""date columns that are held against each other"""
EDGES = 64
"""quantiles by which it is told how unusual a number is"""
SAMPLE = 20_000
SCREENED = 20
"""numbers whose products are tried"""
SURE = 0.01
"""chance, for all products together, of one that seems to help and does not"""


def learn(state: State, questions: Rows, x: Array, y: Array, k: int, time: str, config: Settings, rng: Any) -> State:
    """The same state with what the derived numbers need, under parts["derived"].

    Shapes: x (n, d) of `columns.encode`, y (n,).
    """
    plain = len(state.arrays["fill"])
    made: dict[str, Any] = {}
    facts: dict[str, Any] = {"plain": plain}
    names: list[str] = []
    pairs = _gap_pairs(questions, time) if config.gaps else []
    if pairs:
        facts["gaps"] = pairs
        names += [f"days from {a} to {b}" for a, b in pairs]
    z, known = _standard(state, x[:, :plain])
    if config.outliers != "keep" and plain:
        low, high = np.nanquantile(np.where(np.isfinite(x[:, :plain]), x[:, :plain], np.nan), [0.005, 0.995], axis=0)
        made |= {"low": low, "high": high}
        facts["outliers"] = config.outliers
        names += ["numbers far outside"] if config.outliers == "mark" else []
    if (config.clusters or config.anomaly or config.products) and plain:
        made |= {"middle": known[0], "spread": known[1]}
    if config.clusters and plain:
        from sklearn.cluster import KMeans

        some = z if len(z) <= SAMPLE else z[rng.choice(len(z), SAMPLE, replace=False)]
        k_means = KMeans(min(config.clusters, len(some)), n_init=4, random_state=int(rng.integers(2**31 - 1))).fit(some)
        made["centres"] = k_means.cluster_centers_
        names += [f"distance to cluster {i + 1}" for i in range(len(k_means.cluster_centers_))]
    if config.anomaly and plain:
        made["edges"] = np.quantile(z, np.linspace(0, 1, EDGES + 1), axis=0)  # (edges, plain)
        names.append("how unusual")
    if config.products and plain > 1:
        found = _paying(z, y, k, config.products)
        facts["products"] = found
        own = state.facts["names"]
        names += [f"{own[i]} x {own[j]}" for i, j in found]
    if not names and "outliers" not in facts:
        return state
    facts["names"] = names
    return replace(state, parts=state.parts | {"derived": State(made, facts)})


def clip(state: State, x: Array) -> Array:
    """Numbers cut off at the edge of the usual, where that was asked for.   Shapes: (n, d)."""
    own = state.parts.get("derived")
    if own is None or own.facts.get("outliers") != "clip":
        return x
    plain = own.facts["plain"]
    made = x.copy()
    made[:, :plain] = np.clip(x[:, :plain], own.arrays["low"], own.arrays["high"])
    return made


def encode(state: State, questions: pa.RecordBatch, x: Array) -> Array:
    """Shapes: x (n, d) of `columns.encode` -> (n, derived), NaN where a date is missing."""
    own = state.parts["derived"]
    facts, arrays, plain = own.facts, own.arrays, own.facts["plain"]
    made = [_gap(questions, a, b) for a, b in facts.get("gaps", [])]
    if facts.get("outliers") == "mark":
        some = x[:, :plain]
        made.append(((some < arrays["low"]) | (some > arrays["high"])).sum(1).astype(float))
    if "middle" in arrays:
        some = np.where(np.isnan(x[:, :plain]), arrays["middle"], x[:, :plain])
        z = np.clip((some - arrays["middle"]) / arrays["spread"], -10, 10)
        if "centres" in arrays:
            away = [np.sqrt(((z - c) ** 2).mean(1)) for c in np.asarray(arrays["centres"])]
            made += away
        if "edges" in arrays:
            made.append(_unusual(np.asarray(arrays["edges"]), z))
        made += [z[:, i] * z[:, j] for i, j in facts.get("products", [])]
    return np.stack(made, 1) if made else np.zeros((len(x), 0))


def _standard(state: State, x: Array) -> tuple[Array, tuple[Array, Array]]:
    """Numbers from their median in units of their deviation, 0 where missing.   Shapes: (n, plain)."""
    middle = np.asarray(state.arrays["median"])
    some = np.where(np.isnan(x), middle, x)
    spread = some.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    return np.clip((some - middle) / spread, -10, 10), (middle, spread)


def _unusual(edges: Array, z: Array) -> Array:
    """Mean over the numbers of -log of how few lie as far out on the same side.

    Source: Li and others, ECOD, IEEE TKDE 35(12), 2022, here with the shares of 64 quantiles.
    """
    n = len(edges) - 1
    total: Array = np.zeros(len(z))
    for j in range(z.shape[1]):
        low = np.searchsorted(edges[:, j], z[:, j], side="right") / (n + 1)
        high = 1 - np.searchsorted(edges[:, j], z[:, j], side="left") / (n + 1)
        total -= np.log(np.clip(np.minimum(low, high), 0.5 / (n + 1), 0.5))
    mean: Array = total / max(z.shape[1], 1)
    return mean


def _gap_pairs(questions: Rows, time: str) -> list[tuple[str, str]]:
    dates = [f.name for f in questions.schema if kind_of(f.type) == "time" and f.name != ASKED]
    dates = [d for d in dates if questions.select([d]).table().column(0).null_count < len(questions)][:MOST_DATES]
    return [(a, b) for a, b in itertools.combinations(dates, 2)]


def _gap(questions: pa.RecordBatch, a: str, b: str) -> Array:
    """Days from one date to the other.   Shapes: (n,)."""
    first, second = microseconds(questions.column(a)), microseconds(questions.column(b))
    gone = (first == GONE) | (second == GONE)
    made: Array = np.where(gone, np.nan, (second - np.where(gone, 0, first)) / DAY)
    return made


def _paying(z: Array, y: Array, k: int, most: int) -> list[tuple[int, int]]:
    """Pairs whose product goes with what a linear model leaves over, beyond what chance would give among so many."""
    from scipy import stats

    known = y >= 0 if k else np.isfinite(y)
    z, y = z[known], y[known]
    if len(y) < 50:
        return []
    first = k - 1 if k == 2 else int(np.bincount(y.astype(int)).argmax()) if k else 0
    step = max(1, len(y) // SAMPLE)
    z, aim = z[::step], (y == first if k else y)[::step].astype(float)
    around = np.hstack([np.ones((len(z), 1)), z])
    left = aim - around @ np.linalg.lstsq(around, aim, rcond=None)[0]
    strong = np.argsort(-np.abs(z.T @ (aim - aim.mean())), kind="stable")[:SCREENED]
    pairs = [(int(min(i, j)), int(max(i, j))) for i, j in itertools.combinations(strong, 2)]
    found = []
    for i, j in pairs:
        product = z[:, i] * z[:, j]
        product = product - around @ np.linalg.lstsq(around, product, rcond=None)[0]
        if product.std() > 1e-9:
            found.append((float(stats.pearsonr(product, left).pvalue), i, j))
    return [(i, j) for p, i, j in sorted(found) if p < SURE / len(pairs)][:most]
