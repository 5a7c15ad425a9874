"""Trees as State: boosted ones as LightGBM's own text, forests as arrays that no library's version can outdate.

A forest lies in arrays, one entry a node, all trees one after another. The children of node i are `child[i]` (where the
value is at most the threshold) and `child[i] + 1`; a leaf is its own child. Values are compared in single precision, as
they were when the forest was grown.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.state import State
from mintmark.numerics.batch import View, stack
from mintmark.numerics.ctx import Ctx

Array = npt.NDArray[Any]
FEW = 1000
"""rows below which several threads cost more than they bring"""
PAIRS = 10_000
"""of row and tree that walk together: what stays in the processor's cache"""
STEPS = 10
"""parts in which a forest is grown, so that it can be stopped"""
MOST_TREES_A_STEP = 50
"""so that a budget is kept and a bar moves in the largest forest"""
VALUES_A_THREAD = 100_000
"""below which another thread slows the fit of boosted trees"""
NOTABLE = 1e-3
"""share by which a loss must fall, over all rounds of patience, to go on"""


@dataclass(frozen=True)
class Seen:
    """The rows whose answer is known, for libraries that want them all."""

    x: list[Any]
    """chunks, not joined. Shapes: (n_i, d)"""
    y: Array
    weight: Array | None

    def __len__(self) -> int:
        return len(self.y)

    @classmethod
    def of(cls, view: View | None) -> "Seen | None":
        """None where no row is left: those with an unseen class (-1) or no number (NaN) are left out."""
        x, y, weight = [], [], []
        for batch in view or ():
            if batch.y is None:
                continue
            known = batch.y >= 0 if batch.y.dtype.kind == "i" else np.isfinite(batch.y)
            every = bool(known.all())
            if known.any():
                x.append(batch.arrays["x"] if every else batch.arrays["x"][known])
                y.append(batch.y if every else batch.y[known])
                weight.append(None if batch.weight is None else batch.weight[known])
        if not y:
            return None
        weights = [w for w in weight if w is not None]
        joined = np.concatenate(weights) if len(weights) == len(y) else None
        if joined is not None and joined.sum() > 0:  # limits such as LightGBM's least weight of a leaf count rows
            joined = joined / joined.mean()
        return cls(x, np.concatenate(y), joined)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(rows: int) -> int:
    """Threads for answers to so many rows: to start them for a few takes longer than the answer."""
    return 1 if rows < FEW else cores()


# --- boosted trees ---------------------------------------------------------------------------------------------------


def boost(
    train: Seen,
    valid: Seen | None,
    params: dict[str, Any],
    ctx: Ctx,
    *,
    rounds: int,
    patience: int,
    categorical: Sequence[int] = (),
    name: str = "log_loss",
    unit: str = "nats",
) -> State:
    """A LightGBM model, stopped after `patience` rounds without a notably better validation loss, or when ctx says so.

    facts["rounds"]: the best round, or all where there was no validation.
    """
    import lightgbm

    d = train.x[0].shape[1]
    fixed = {
        "seed": ctx.draw_seed(),
        "deterministic": True,
        "force_col_wise" if d > 1000 else "force_row_wise": True,
        "num_threads": min(cores(), 1 + len(train) * d // VALUES_A_THREAD),
        "verbosity": -1,
    }
    settings = fixed | params
    seen = _dataset(train, settings, categorical, None)
    held = [_dataset(valid, settings, categorical, seen)] if valid else []
    fitted, best, notable = 0, (np.inf, 0), (np.inf, 0)

    def follow(env: Any) -> None:
        nonlocal fitted, best, notable
        fitted = env.iteration + 1
        if not held:
            best = (0.0, fitted)
            stop = ctx.report("rounds", fitted, "1", step=fitted, of=rounds)
        else:
            loss = float(env.evaluation_result_list[0][2])
            best = min(best, (loss, fitted))
            notable = (loss, fitted) if loss < notable[0] * (1 - NOTABLE) else notable
            stop = ctx.report(name, loss, unit, step=fitted, of=rounds) or fitted - notable[1] >= patience
        if stop:
            raise lightgbm.callback.EarlyStopException(best[1] - 1, env.evaluation_result_list)

    made = lightgbm.train(settings, seen, rounds, valid_sets=held, callbacks=[follow])
    text = made.model_to_string(num_iteration=best[1]).encode()
    return State(facts={"rounds": best[1], "fitted": fitted}, files={"model.txt": text})


def boosted(state: State, x: Any) -> Array:
    """What the model says.   Shapes: x (n, d) -> (n,), or (n, k) for more than two classes."""
    made: Array = booster(state.files["model.txt"]).predict(x, num_threads=threads(x.shape[0]))
    return made


@lru_cache(maxsize=32)
def booster(text: bytes) -> Any:
    """The model of a text. Kept, because parsing takes longer than a thousand answers; a pure function of the bytes, so
    what is kept can never be wrong, and bytes remember their own hash, so finding it again costs nothing."""
    import lightgbm

    return lightgbm.Booster(model_str=text.decode())


def _dataset(rows: Seen, params: dict[str, Any], categorical: Sequence[int], like: Any) -> Any:
    """Binned at once, so that the floats can be forgotten."""
    import lightgbm

    x = rows.x if isinstance(rows.x[0], np.ndarray) else stack(rows.x)
    places = list(categorical)
    made = lightgbm.Dataset(x, rows.y, like, weight=rows.weight, categorical_feature=places, params=params)
    return made.construct()


# --- forests ---------------------------------------------------------------------------------------------------------


def grow(
    model: Any,
    train: Seen,
    valid: Seen | None,
    ctx: Ctx,
    *,
    width: int,
    loss: Callable[[Array, Array, Array | None], float],
    name: str = "log_loss",
    unit: str = "nats",
) -> State:
    """A scikit-learn forest (classifier or regressor) as arrays, grown in parts until it is whole or ctx says stop.

    `width`: columns of an answer, the number of classes or 1; `loss` of answers, y and weight is reported.
    """
    x = np.asarray(stack(train.x), np.float32)
    held = np.asarray(stack(valid.x)) if valid else None
    parts: list[dict[str, Array]] = []
    total, said = model.n_estimators, np.zeros(1)
    model.set_params(warm_start=True, n_jobs=cores())
    until, start = 0, 0
    step = max(1, min(total // STEPS, MOST_TREES_A_STEP))
    while until < total:
        until, start = min(until + step, total), until
        model.set_params(n_estimators=until)
        model.fit(x, train.y, sample_weight=train.weight)
        classes = getattr(model, "classes_", None)
        parts.append(forest_arrays([t.tree_ for t in model.estimators_[start:]], width, classes))
        if valid is not None and held is not None:
            said = said + forest(State(parts[-1]), held) * (until - start)
            value, what, of = loss(said / until, valid.y, valid.weight), name, unit
        else:
            value, what, of = float(until), "rounds", "1"
        if ctx.report(what, value, of, step=until, of=total):
            break
    return State(_join(parts), {"rounds": until})


def forest_of(kind: Any, seen: Seen, held: Seen | None, k: int, settings: Any, ctx: Ctx) -> State:
    """A forest of scikit-learn's `kind`, classifier or regressor, with our settings."""
    from mintmark.numerics.models.linear import log_loss, rmse

    model = kind(
        n_estimators=settings.n_estimators or 200,
        max_depth=settings.max_depth,
        max_features=settings.max_features or ("sqrt" if k else 1 / 3),
        min_samples_leaf=settings.min_child_samples or max(1, round(len(seen) ** 0.5 / 15)),
        random_state=ctx.draw_seed(),
    )
    if k:
        return grow(model, seen, held, ctx, width=k, loss=log_loss)
    return grow(model, seen, held, ctx, width=1, loss=rmse, name="rmse", unit="target")


def forest_answers(state: State, x: Any) -> Array:
    """Probabilities (n, k), or numbers (n,), of a forest."""
    made = forest(state, x if isinstance(x, np.ndarray) else x.toarray())
    return made if made.shape[1] > 1 else made[:, 0]


def forest_arrays(trees: Sequence[Any], width: int, classes: Array | None = None) -> dict[str, Array]:
    """Arrays of scikit-learn trees; `classes` are the places that the trees' own columns of values stand for.

    Shapes: column, threshold, child (nodes,); value (nodes, width); root (trees,). Of d features, `column` is the place
    of the one that is compared, or its place + d where a missing value goes left.
    """
    return _join([_arrays(t, width, np.arange(width) if classes is None else classes.astype(int)) for t in trees])


def forest(state: State, x: Array) -> Array:
    """The mean answer of all trees.   Shapes: x (n, d), NaN where missing -> (n, width)."""
    tree, roots = state.arrays, state.arrays["root"].astype(np.int64)
    column, threshold, child = tree["column"], tree["threshold"], tree["child"]
    n, d = x.shape
    out = np.zeros((n, tree["value"].shape[1]))
    for start in range(0, n, PAIRS):
        some = x[start : start + PAIRS].astype(np.float32)
        missing = np.isnan(some)  # twice beside each other: once missing is high and goes right, once low and left
        both = np.hstack([np.where(missing, np.inf, some), np.where(missing, -np.inf, some)]).astype(np.float32)
        m, group = len(some), max(1, PAIRS // len(some))
        for first in range(0, len(roots), group):
            these = roots[first : first + group]
            at = np.repeat(np.arange(m) * 2 * d, len(these))
            leaf = _walk(both.ravel(), at, np.tile(these, m), column, threshold, child)
            out[start : start + m] += tree["value"].take(leaf, 0).reshape(m, len(these), -1).sum(1)
    return out / len(roots)


def _walk(x: Array, at: Array, node: Array, column: Array, threshold: Array, child: Array) -> Array:
    """The leaf that each pair of row and tree ends in.   Shapes: at (pairs,), where its row begins; node (pairs,)."""
    end, pair = node.copy(), np.arange(len(node))
    while len(node):
        for _ in range(3):
            right = x.take(at + column.take(node)) > threshold.take(node)
            node = np.add(child.take(node), right, dtype=np.int64)
        done = child.take(node) == node
        if done.any():
            end[pair[done]] = node[done]
            going = np.flatnonzero(~done)
            node, at, pair = node.take(going), at.take(going), pair.take(going)
    return end


def _arrays(tree: Any, width: int, columns: Array) -> dict[str, Array]:
    """One tree, its nodes in a new order: siblings side by side, so that one number says where both are."""
    inner = tree.children_left >= 0
    first = 2 * np.cumsum(inner) - 1  # of the children of each inner node
    new = np.zeros(len(inner), np.int64)
    new[tree.children_left[inner]] = first[inner]
    new[tree.children_right[inner]] = first[inner] + 1
    old = np.argsort(new)
    # a float32 is at most a float64 threshold exactly where it is at most the nearest float32 not above it
    near = np.clip(tree.threshold, -np.finfo(np.float32).max, np.finfo(np.float32).max).astype(np.float32)
    near = np.where(near > tree.threshold, np.nextafter(near, np.float32(-np.inf)), near)
    missing_left = tree.missing_go_to_left != 0
    value = np.zeros((len(inner), width))
    value[:, columns] = tree.value[:, 0, :]
    return {
        "column": np.where(inner, tree.feature + tree.n_features * missing_left, 0)[old].astype(np.int32),
        "threshold": np.where(inner, near, np.float32(np.inf))[old].astype(np.float32),
        "child": np.where(inner, first, new)[old].astype(np.int32),
        "value": value[old],
        "root": np.zeros(1, np.int32),
    }


def _join(parts: Sequence[dict[str, Array]]) -> dict[str, Array]:
    """Forests one after another."""
    before = np.cumsum([0, *(len(p["child"]) for p in parts)])[:-1].astype(np.int32)
    moved = [p | {n: p[n] + b for n in ("child", "root")} for p, b in zip(parts, before, strict=True)]
    return {n: np.concatenate([p[n] for p in moved]) for n in parts[0]}
