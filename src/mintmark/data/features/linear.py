"""What a linear model wants: standardised numbers, indicators of what is missing, a column for each category."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.state import State
from mintmark.data.features.columns import encode
from mintmark.data.rows import Rows

Array = npt.NDArray[Any]
WIDE = 256
"""one-hot columns from which on they are stored sparsely"""
FAR = 10.0
"""deviations beyond which a standardised number is cut off: one absurd value shall not decide alone"""


def learn_linear(state: State, questions: Rows) -> State:
    """The same state, with means, deviations and the width of each category's columns."""
    plain = len(state.arrays["fill"])
    first: Array = state.arrays["median"]
    total, squares = np.zeros(plain), np.zeros(plain)
    for chunk in questions:
        x = encode(state, chunk)[:, :plain]
        away = np.where(np.isnan(x), 0.0, x - first)
        total, squares = total + away.sum(0), squares + (away**2).sum(0)
    n = max(len(questions), 1)
    spread = np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0))
    groups = [*state.facts["words"], *state.facts["codes"]]
    sizes = [len(c.get("codes") or c["values"]) + (c["rare"] is not None) for c in groups]
    arrays = {"mean": first + total / n, "spread": np.where(spread > 0, spread, 1.0)}
    return replace(state, arrays=state.arrays | arrays, facts=state.facts | {"one_hot": sizes})


def linear(state: State, x: Array, more: Array | None = None) -> Any:
    """Encoded features as a linear model wants them, beside more numbers of order 1.

    Shapes: x (n, d), more (n, h) -> (n, D), scipy csr where that is wide.
    """
    sizes, arrays = state.facts["one_hot"], state.arrays
    plain = x.shape[1] - len(sizes)
    some, often = x[:, :plain], np.isnan(arrays["fill"])
    missing = np.isnan(some)
    z = np.clip((np.where(missing, arrays["median"], some) - arrays["mean"]) / arrays["spread"], -FAR, FAR)
    z = np.hstack([z, missing[:, often], *([] if more is None else [np.nan_to_num(more)])])
    if not sizes:
        return z
    n, before = z.shape
    width, first = before + int(sum(sizes)), before + np.cumsum([0, *sizes])[:-1]
    there = ~np.isnan(x[:, plain:])
    place = first + np.where(there, x[:, plain:], 0).astype(np.int64)  # (n, categories)
    if width <= WIDE:
        made = np.zeros((n, width))
        made[:, :before] = z
        made[np.arange(n)[:, None], place] = there
        return made
    from scipy import sparse

    values = np.hstack([z, there])
    places = np.hstack([np.broadcast_to(np.arange(before), z.shape), place])
    starts = np.arange(n + 1) * values.shape[1]
    return sparse.csr_matrix((values.ravel(), places.ravel(), starts), shape=(n, width))
