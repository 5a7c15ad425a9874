"""Features of tables: columns to numbers, what a linear model makes of them, and the history of an entity."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.errors import DataError, unknown
from mintmark.base.state import State
from mintmark.data.features import columns as column
from mintmark.data.features import derived, select, target, text
from mintmark.data.features import history as before
from mintmark.data.features import linear as straight
from mintmark.data.features.settings import Settings
from mintmark.data.past import Earlier, Past
from mintmark.data.rows import Rows, kind_of
from mintmark.numerics.batch import stack
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
    running = _running(questions, columns, config, leave)
    state = column.learn(
        questions,
        leave=leave | dict.fromkeys(running, "is read as running text"),
        time=columns.time,
        categorical=config.categorical,
        max_categories=config.max_categories,
    )
    left = [c for c in state.facts["left_out"] if c["column"] not in running]
    state = replace(state, facts=state.facts | {"left_out": left})
    rng = np.random.default_rng(len(questions))
    if running:
        own = text.learn(questions, running, int(rng.integers(2**31 - 1)))
        state = replace(state, parts=state.parts | ({"text": own} if own.facts["columns"] else {}))
    many = [w["name"] for w in state.facts["words"] if _many(w, config)]
    if many:
        state = replace(state, parts=state.parts | {"target": target.learn(questions, y, len(classes), many)})
    if not state.facts["names"] and not looks_back and "text" not in state.parts:
        raise _nothing_left(state)
    x = np.concatenate([column.encode(state, q) for q in questions]) if _reads_all(config) else np.zeros((0, 0))
    if len(x) or config.gaps:
        x = x if len(x) else np.full((1, len(state.facts["names"])), np.nan)
        state = derived.learn(state, questions, x, y, len(classes), columns.time, config, rng)
    if wants == "linear":
        state = straight.learn_linear(state, questions)
        state = _learn_scale(state, questions)
    if looks_back:
        state = before.learn_history(state, questions, y, classes, columns, config)
    seen = {"past": state.facts["history"]["columns"] if looks_back else [], "wants": wants}
    state = State(state.arrays, state.facts | seen, state.files, state.parts)
    return _selected(state, questions, y, len(classes), config, rng)


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Any:
    """Features as trees want them (NaN where missing), or as a linear model does.   Shapes: (n, d), dense or csr."""
    x = _every(state, questions, past)
    return x if "kept" not in state.arrays else x[:, state.arrays["kept"]]


def _every(state: State, questions: pa.RecordBatch, past: Earlier) -> Any:
    """All features, before any selection."""
    x = column.encode(state, questions)
    looked = before.history(state, x, past, questions) if "history" in state.facts else None
    more = _more(state, questions, x)
    x = derived.clip(state, x)
    if "one_hot" in state.facts:
        if more is not None and "more_middle" in state.arrays:
            z = (more - state.arrays["more_middle"]) / state.arrays["more_spread"]
            more = np.clip(np.nan_to_num(z), -straight.FAR, straight.FAR)
        blocks = [b for b in (more, looked) if b is not None]
        made = straight.linear(state, x, np.hstack(blocks) if blocks else None)
        if "text" not in state.parts:
            return made
        from scipy import sparse

        return sparse.hstack([sparse.csr_matrix(made), text.terms(state.parts["text"], questions)], format="csr")
    topics = text.topics(state.parts["text"], questions) if "text" in state.parts else None
    blocks = [b for b in (x, more, topics, looked) if b is not None]
    return blocks[0] if len(blocks) == 1 else np.hstack(blocks)


def _more(state: State, questions: pa.RecordBatch, x: Array) -> Array | None:
    """Derived numbers and what categories were like.   Shapes: (n, more)."""
    made = []
    if "derived" in state.parts:
        made.append(derived.encode(state, questions, x))
    if "target" in state.parts:
        made.append(target.encode(state.parts["target"], questions))
    return np.hstack(made) if made else None


def _running(questions: Rows, columns: Columns, config: Settings, leave: dict[str, str]) -> list[str]:
    """Columns of running text: those of the role, and those that read like it."""
    if config.texts == "none":
        return []
    found = []
    for field in questions.schema:
        if kind_of(field.type) != "text" or field.name in leave or field.name in (columns.time, columns.entity):
            continue
        values = questions.select([field.name]).table().column(0)
        if field.name == columns.text or column.often_new(values) and text.is_running(values):
            found.append(field.name)
    return found


def _many(word: dict[str, Any], config: Settings) -> bool:
    size = len(word["codes"]) + (word["rare"] is not None)
    return bool(config.target_encoding) and size > config.target_encoding


def _reads_all(config: Settings) -> bool:
    """Whether all encoded rows are needed to learn what is derived from them."""
    return bool(config.clusters or config.anomaly or config.products or config.outliers != "keep")


def _learn_scale(state: State, questions: Rows) -> State:
    """Means and deviations of the derived numbers, as a linear model wants them."""
    made = [m for q in questions if (m := _more(state, q, column.encode(state, q))) is not None]
    if not made:
        return state
    all_ = np.concatenate(made)
    count = np.maximum((~np.isnan(all_)).sum(0), 1)
    middle = np.nansum(all_, 0) / count
    spread = np.sqrt(np.nansum((all_ - middle) ** 2, 0) / count)
    arrays = {"more_middle": middle, "more_spread": np.where(spread > 0, spread, 1.0)}
    return replace(state, arrays=state.arrays | arrays)


def _selected(state: State, questions: Rows, y: Array, k: int, config: Settings, rng: Any) -> State:
    """With the places of the features that are kept, where some are to be chosen. A history is always kept: what it
    says of these rows cannot be seen while features are learnt."""
    if config.select == "none":
        return state
    plain = replace(state, facts={n: v for n, v in state.facts.items() if n != "history"})
    nothing = Past().as_of
    x = stack([_every(plain, q, nothing(q)) for q in questions])
    kept = select.chosen(x, y, k, config.select, rng)
    before_, d = len(state.facts.get("history", {}).get("names", [])), x.shape[1]
    kept = np.concatenate([kept, np.arange(d, d + before_)])
    codes = set(state.facts["categorical"])
    categorical = [int(i) for i, j in enumerate(kept) if j in codes] if state.facts["wants"] == "trees" else []
    said = f"{len(kept)} of {d + before_} features were kept by {config.select}."
    facts = state.facts | {"categorical": categorical, "notes": [*state.facts.get("notes", []), said]}
    return replace(state, arrays=state.arrays | {"kept": kept.astype(np.int64)}, facts=facts)


def _nothing_left(state: State) -> DataError:
    """The error of a table without one usable column."""
    said = "; ".join(f"{c['column']!r} {c['why']}" for c in state.facts["left_out"][:10])
    return DataError(f"no column can be used: {said}.", where="questions", fix="add a column that tells rows apart.")
