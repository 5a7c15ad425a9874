"""Target encoding: what the rows of a category were like, for columns of so many categories that codes say little.

Training and serving share one call, so a row's own label is in what its category says. Its part is kept below a
thirtieth: a category speaks for itself only from ten rows on, and is drawn towards the mean of all by twenty more.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.state import State
from mintmark.data.features.columns import text_of
from mintmark.data.rows import Rows

Array = npt.NDArray[Any]
LEAST, DRAWN = 10, 20.0
"""rows of a category that is listened to; rows of the mean that are mixed in"""
MOST_CLASSES, MOST_CATEGORIES = 5, 50_000


def learn(questions: Rows, y: Array, k: int, names: list[str]) -> State:
    """Shapes: y (n,), -1 or NaN unknown; means (categories, columns), of each class or of the number.

    facts["columns"]: for each column its name and the place of each category.
    """
    known = y >= 0 if k else np.isfinite(y)
    told = [k - 1] if k == 2 else list(range(min(k, MOST_CLASSES))) if k else [0]
    aim = np.stack([y == c for c in told], 1).astype(float) if k else np.where(known, y, 0.0)[:, None]
    prior = aim[known].mean(0) if known.any() else np.zeros(len(told))
    spread = np.ones(len(told)) if k else np.array([float(aim[known].std()) or 1.0])
    facts, means, at = [], [], 0
    for name in names:
        column = text_of(questions.select([name]).table().column(0)).combine_chunks()
        coded = column.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        rows = known & (codes >= 0)
        count = np.bincount(codes[rows], minlength=len(coded.dictionary))
        own = np.stack([np.bincount(codes[rows], aim[rows, j], minlength=len(count)) for j in range(len(told))], 1)
        kept = np.flatnonzero(count >= LEAST)
        kept = kept[np.argsort(-count[kept], kind="stable")][:MOST_CATEGORIES]
        made = (own[kept] + DRAWN * prior) / (count[kept] + DRAWN)[:, None]
        means.append((made - prior) / spread)
        places = {v: at + i for i, v in enumerate(coded.dictionary.take(pa.array(kept)).to_pylist())}
        facts.append({"name": name, "places": places})
        at += len(kept)
    width = len(told)
    said = [f"{n}: what it was like" + (f" ({j})" if width > 1 else "") for n in names for j in range(width)]
    return State({"means": np.concatenate(means) if means else np.zeros((0, width))}, {"columns": facts, "names": said})


def encode(state: State, questions: pa.RecordBatch) -> Array:
    """Difference of the category's mean from that of all, 0 where too little is known.   Shapes: (n, columns)."""
    means, made = state.arrays["means"], []
    for column in state.facts["columns"]:
        values = text_of(questions.column(column["name"]))
        places = column["places"]
        if len(values) <= 64:
            at = np.array([places.get(v, -1) for v in values.to_pylist()], int)
        else:
            coded = pc.dictionary_encode(values)
            coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
            own = np.array([places.get(v, -1) for v in coded.dictionary.to_pylist()] + [-1], int)
            at = own[coded.indices.fill_null(len(own) - 1).to_numpy(zero_copy_only=False)]
        made.append(np.where(at[:, None] >= 0, np.vstack([means, np.zeros(means.shape[1])])[at], 0.0))
    return np.hstack(made)
