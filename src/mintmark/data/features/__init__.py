"""Features of tables: columns to numbers, what a linear model makes of them, and the history of an entity."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.errors import DataError, unknown
from mintmark.base.state import State
from mintmark.data.features import columns as column
from mintmark.data.features import history as before
from mintmark.data.features import linear as straight
from mintmark.data.features.settings import Settings
from mintmark.data.past import Earlier
from mintmark.data.rows import Rows
from mintmark.recipe.schema import Columns

__all__ = ["Settings", "ask", "encode", "learn"]

Array = npt.NDArray[Any]


def ask(rows: Rows, columns: Columns, config: Settings) -> Rows:
    """Without what is to be ignored: that is not asked for when the model is used, either.

    Raises: RecipeError: a column to be ignored that is not there.
    """
    for name in config.ignore:
        if name not in rows.names:
            raise unknown("column", name, rows.names, where="settings.ignore")
    return rows.drop([n for n in config.ignore if n in rows.names and n not in (columns.time, columns.entity)])


def learn(
    questions: Rows,
    y: Array,
    classes: list[str],
    columns: Columns,
    config: Settings,
    *,
    wants: Literal["trees", "linear"],
) -> State:
    """What the features need to know, from these rows alone.

    Shapes: y (n,): place among the classes, -1 unknown; or a number, NaN unknown, where there are no classes.
    facts["names"] are the features as trees want them, facts["categorical"] the places of those that are codes,
    facts["left_out"] the columns that are not used, with the reason.
    Raises: DataError: no column can be used.
    """
    entity = columns.entity if columns.entity in questions.names else ""
    looks_back = bool(entity and columns.time and config.history)
    leave = {entity: "names the entity" + (", whose history is used instead" if looks_back else "")} if entity else {}
    state = column.learn(
        questions,
        leave=leave,
        time=columns.time,
        categorical=config.categorical,
        max_categories=config.max_categories,
    )
    if not state.facts["names"] and not looks_back:
        raise _nothing_left(state)
    if wants == "linear":
        state = straight.learn_linear(state, questions)
    if looks_back:
        known = y[y >= 0] if classes else y[np.isfinite(y)]
        counts = np.bincount(known.astype(int), minlength=len(classes)) if classes else np.zeros(0)
        told = classes[-1:] if len(classes) == 2 else classes[: before.HISTORIES]
        prior = {c: float(counts[classes.index(c)]) / max(len(known), 1) for c in told}
        state = before.learn_history(state, questions, prior, config.history, entity=entity, time=columns.time)
    past = state.facts["history"]["numbers"] if looks_back else []
    return State(state.arrays, state.facts | {"past": past}, state.files, state.parts)


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Any:
    """Features as trees want them (NaN where missing), or as a linear model does.   Shapes: (n, d), dense or csr."""
    x = column.encode(state, questions)
    looked = before.history(state, x, past) if "history" in state.facts else None
    if "one_hot" in state.facts:
        return straight.linear(state, x, looked)
    return x if looked is None else np.hstack([x, looked])


def _nothing_left(state: State) -> DataError:
    """The error of a table without one usable column."""
    said = "; ".join(f"{c['column']!r} {c['why']}" for c in state.facts["left_out"][:10])
    return DataError(f"no column can be used: {said}.", where="questions", fix="add a column that tells rows apart.")
