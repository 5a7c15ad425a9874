"""History: what the earlier rows of an entity say: how many, how long ago, how they ended, what is unlike them."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.state import State
from mintmark.data.features.columns import BIG, floats, text_of
from mintmark.data.features.linear import FAR
from mintmark.data.features.settings import Settings
from mintmark.data.past import ASKED, Earlier, moments
from mintmark.data.rows import Rows, kind_of
from mintmark.recipe.schema import Columns, delay

Array = npt.NDArray[Any]
HISTORIES = 20
"""number columns that are held against the entity's earlier values"""
NAMES, SUMMED = 5, 3
"""category columns that are looked up in the entity's earlier rows; number columns that are summed in each window"""
DRAWN = 2.0
"""rows of the mean of all that a share or a mean is drawn to"""


def learn_history(
    state: State, questions: Rows, y: Array, classes: list[str], columns: Columns, config: Settings
) -> State:
    """The same state, with what the history of an entity must know.

    Shapes: y (n,): place among the classes or number, -1 or NaN unknown.
    facts["history"]["names"] are the features, ["columns"] those of the past that they read beside key, time, target.
    """
    time = columns.time
    asked = questions.select([c for c in questions.names if c in (time, ASKED)]).table()
    at, n = moments(asked, time), len(questions)
    entities = pc.count_distinct(questions.select([columns.entity]).table().column(0)).as_py()
    gap = float(at.max() - at.min()) * entities / n
    compared = state.facts["numbers"][:HISTORIES]
    spread = []
    for name in compared:
        x = floats(questions.select([name]).table().column(0))
        x = x[np.abs(x) <= BIG]
        spread.append(float(x.std()) if len(x) and x.std() > 0 else 1.0)
    known = y[y >= 0] if classes else y[np.isfinite(y)]
    told = classes[-1:] if len(classes) == 2 else classes[:HISTORIES]
    counts = np.bincount(known.astype(int), minlength=len(classes)) if classes else np.zeros(0)
    prior = {c: float(counts[classes.index(c)]) / max(len(known), 1) for c in told}
    clock = kind_of(questions.schema.field(time).type) == "time"
    windows = [delay(_number(w), clock) for w in config.windows]
    named = [w["name"] for w in state.facts["words"] if _varies(questions, columns.entity, w["name"])][:NAMES]
    made: dict[str, Any] = {
        "width": config.history, "gap": gap or 1.0, "prior": prior, "time": time, "numbers": compared, "named": named,
        "windows": windows, "columns": [*compared, *named],
    }  # fmt: skip
    if not classes and len(known):
        made["mean"], made["deviation"] = float(known.mean()), float(known.std()) or 1.0
    names = ["earlier rows", "time since the last", *(f"earlier share of {c}" for c in prior)]
    names += [f"{c} against earlier" for c in compared]
    names += [f"time since the last {told[0]}"] if len(classes) == 2 else []
    names += ["mean of earlier answers"] if "mean" in made else []
    names += [f"{c} as before" for c in named]
    for said in config.windows:
        names += [f"rows within {said}", *(f"share of {c} within {said}" for c in list(prior)[:1])]
        names += [f"{c} within {said}" for c in compared[:SUMMED]]
    names += [f"{a} to {b}" for a, b in zip(config.windows, config.windows[1:], strict=False)]
    arrays = state.arrays | {"history_spread": np.array(spread)}
    return replace(state, facts=state.facts | {"history": made | {"names": names}}, arrays=arrays)


def history(state: State, x: Array, past: Earlier, questions: pa.RecordBatch) -> Array:
    """How many earlier rows, how long since the last, shares of classes (drawn to the prior), numbers against before,
    categories that came before, and the same within windows of time, of the newest `history` rows.

    Shapes: x (n, d) of `columns.encode` -> (n, h). Each is of order 1, as no part of it can be standardised by training
    rows.
    """
    facts = state.facts["history"]
    width, prior = facts["width"], facts["prior"]
    when = past.last(facts["time"], width)  # (n, width)
    made = [
        np.log1p(np.minimum(past.stop - past.start, width)),
        np.log1p(np.maximum(past.asked - when[:, -1], 0) / facts["gap"]),
    ]
    labels = {c: past.last(past.target, width, like=c) for c in prior}
    for label, share in prior.items():
        total, count = _sums(labels[label])
        made.append((total + DRAWN * share) / (count + DRAWN) - share)
    numbers = {name: past.last(name, width) for name in facts["numbers"]}
    for j, name in enumerate(facts["numbers"]):
        made.append(_against(x[:, j], numbers[name], state.arrays["history_spread"][j]))
    if "columns" not in facts:  # a bundle of before
        return np.stack(made, 1)
    labelled = past.last(facts["time"], width, labelled=True)
    if len(labels) == 1:
        hit = np.where(next(iter(labels.values())) == 1, labelled, np.nan)
        last = np.fmax.reduce(hit, axis=1, initial=np.nan)
        made.append(np.log1p(np.maximum(past.asked - last, 0) / facts["gap"]))
    if "mean" in facts:
        total, count = _sums((past.last(past.target, width) - facts["mean"]) / facts["deviation"])
        made.append(np.clip(total / (count + DRAWN), -FAR, FAR))
    for name in facts["named"]:
        made.append(_as_before(past, name, questions.column(name), width))
    made += _windowed(facts, past.asked, when, labelled, labels, numbers)
    return np.stack(made, 1)


def _windowed(
    facts: dict[str, Any],
    asked: Array,
    when: Array,
    labelled: Array,
    labels: dict[str, Array],
    numbers: dict[str, Array],
) -> list[Array]:
    """Rows, share of the first class and numbers within each window, and each window's count against the next."""
    made, counts = [], []
    for window in facts["windows"]:
        inside = when >= asked[:, None] - window  # NaN is not
        counts.append(inside.sum(1).astype(float))
        made.append(np.log1p(counts[-1]))
        for label, share in list(facts["prior"].items())[:1]:
            total, count = _sums(np.where(labelled >= asked[:, None] - window, labels[label], np.nan))
            made.append((total + DRAWN * share) / (count + DRAWN) - share)
        for name in facts["numbers"][:SUMMED]:
            total, _ = _sums(np.where(inside, numbers[name], np.nan))
            made.append(np.sign(total) * np.log1p(np.abs(total)))
    made += [(a + 1) / (b + 1) for a, b in zip(counts, counts[1:], strict=False)]
    return made


def _against(own: Array, earlier: Array, spread: float) -> Array:
    """From the mean of the earlier ones, in deviations of all; NaN where there are none.   Shapes: (n,), (n, width)."""
    total, count = _sums(earlier)
    mean = np.divide(total, count, out=np.full(len(own), np.nan), where=count > 0)
    away: Array = np.clip((own - mean) / spread, -FAR, FAR)
    return away


def _as_before(past: Earlier, name: str, own: Any, width: int) -> Array:
    """Share of the earlier rows that have the row's own value; 0 where it is new, NaN where there are no rows."""
    picked, seen = past.picked(name, width)
    if picked is None:
        return np.full(len(own), np.nan)
    values = text_of(own)
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    again = values.take(pa.array(np.repeat(np.arange(len(values)), width)))
    same = pc.fill_null(pc.equal(text_of(picked), again), False)
    hit = same.to_numpy(zero_copy_only=False).reshape(seen.shape) & seen if len(seen) else seen
    count = seen.sum(1)
    share: Array = np.divide(hit.sum(1), count, out=np.full(len(own), np.nan), where=count > 0)
    return share


def _sums(values: Array) -> tuple[Array, Array]:
    """Of what is there, row by row.   Shapes: (n, width) -> (n,), (n,)."""
    known = np.abs(values) <= BIG
    return np.where(known, values, 0.0).sum(1), known.sum(1)


def _varies(questions: Rows, entity: str, name: str) -> bool:
    """Whether some entity has rows of several values of the column: else it is always as before."""
    pairs = questions.select([entity, name]).table().drop_null().group_by([entity, name]).aggregate([])
    return bool(pc.count_distinct(pairs[entity]).as_py() < len(pairs))


def _number(window: str) -> float | str:
    """A span of time, or a plain number in the units of the time column."""
    try:
        return float(window)
    except ValueError:
        return window
