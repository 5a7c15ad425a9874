"""History: what the earlier rows of an entity say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from mintmark.base.state import State
from mintmark.data.features.columns import BIG, floats
from mintmark.data.features.linear import FAR
from mintmark.data.past import ASKED, Earlier, moments
from mintmark.data.rows import Rows

Array = npt.NDArray[Any]
HISTORIES = 20
"""number columns that are held against the entity's earlier values"""


def learn_history(
    state: State, questions: Rows, prior: Mapping[str, float], width: int, *, entity: str, time: str
) -> State:
    """The same state, with what the history of an entity must know.

    prior: each class whose share among the entity's known labels is a feature, and its share among all.
    """
    asked, n = questions.select([c for c in questions.names if c in (time, ASKED)]).table(), len(questions)
    at, entities = moments(asked, time), pc.count_distinct(questions.select([entity]).table().column(0)).as_py()
    gap = float(at.max() - at.min()) * entities / n
    compared = state.facts["numbers"][:HISTORIES]
    spread = []
    for name in compared:
        x = floats(questions.select([name]).table().column(0))
        x = x[np.abs(x) <= BIG]
        spread.append(float(x.std()) if len(x) and x.std() > 0 else 1.0)
    names = ["earlier rows", "time since the last", *(f"earlier share of {c}" for c in prior)]
    names += [f"{c} against earlier" for c in compared]
    made = {"width": width, "gap": gap or 1.0, "prior": dict(prior), "time": time, "numbers": compared, "names": names}
    arrays = state.arrays | {"history_spread": np.array(spread)}
    return replace(state, facts=state.facts | {"history": made}, arrays=arrays)


def history(state: State, x: Array, past: Earlier) -> Array:
    """How many earlier rows, how long since the last, shares of classes (shrunk to the prior), numbers against before.

    Shapes: x (n, d) of `encode` -> (n, h). Each is of order 1, as no part of it can be standardised by training rows.
    """
    facts = state.facts["history"]
    width, prior = facts["width"], facts["prior"]
    made = np.full((len(x), len(facts["names"])), np.nan)
    made[:, 0] = np.log1p(np.minimum(past.stop - past.start, width))
    made[:, 1] = np.log1p(np.maximum(past.asked - past.last(facts["time"], 1)[:, 0], 0) / facts["gap"])
    for j, (label, share) in enumerate(prior.items(), 2):
        total, count = _sums(past.last(past.target, width, like=label))
        made[:, j] = (total + 2 * share) / (count + 2) - share
    for j, name in enumerate(facts["numbers"]):
        total, count = _sums(past.last(name, width))
        mean = np.divide(total, count, out=np.full(len(x), np.nan), where=count > 0)
        away = (x[:, j] - mean) / state.arrays["history_spread"][j]
        made[:, 2 + len(prior) + j] = np.clip(away, -FAR, FAR)
    return made


def _sums(values: Array) -> tuple[Array, Array]:
    """Of what is there, row by row.   Shapes: (n, width) -> (n,), (n,)."""
    known = np.abs(values) <= BIG
    return np.where(known, values, 0.0).sum(1), known.sum(1)
