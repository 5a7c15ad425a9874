"""Answers: one Arrow schema for each kind; JSON, the output check and clients come from it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError

Array = npt.NDArray[Any]
number, text = pa.float64(), pa.string()
FEW = 4096
"""answers up to which what they share is kept from one call to the next"""
KINDS = {
    "classes": pa.schema([("probability", pa.map_(text, number)), ("decision", text)]),
    "number": pa.schema([("value", number), ("low", number), ("high", number), ("level", number)]),
    "text": pa.schema([("text", text), ("finish", text), ("prompt_tokens", number), ("tokens", number)]),
}


def make(kind: str, **columns: Any) -> pa.Table:
    """Answers of a kind; columns that only a decision can fill stay null."""
    n = len(next(iter(columns.values())))
    values = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type) for f in KINDS[kind]]
    return pa.table(values, schema=KINDS[kind])


def of_classes(p: Array, classes: list[str], decision: Any = None) -> pa.Table:
    """Shapes: p (n, k), in the order of `classes`; decision (n,) names, or none yet."""
    n = len(p)
    items = pa.array(np.ascontiguousarray(p, dtype=np.float64).ravel())
    probability = pa.MapArray.from_arrays(*_frame(tuple(classes), n), items)
    made = pa.nulls(n, text) if decision is None else pa.array(decision, text)
    return pa.table([probability, made], schema=KINDS["classes"])


def _frame(classes: tuple[str, ...], n: int) -> tuple[pa.Array, pa.Array]:
    """Offsets and keys of n maps that all have these classes in this order."""
    if n > FEW:
        return _kept.__wrapped__(classes, n)
    size = 1 << max(n - 1, 0).bit_length()  # few sizes, so that what is kept serves many
    offsets, keys = _kept(classes, size)
    return (offsets, keys) if size == n else (offsets.slice(0, n + 1), keys.slice(0, n * len(classes)))


@lru_cache(maxsize=64)
def _kept(classes: tuple[str, ...], n: int) -> tuple[pa.Array, pa.Array]:
    k = len(classes)
    offsets = pa.array(np.arange(0, n * k + 1, k, dtype=np.int32))
    return offsets, pa.array(classes, text).take(pa.array(np.tile(np.arange(k), n)))


def probability(answers: pa.Table, classes: list[str] | None = None) -> tuple[Array, list[str]]:
    """The probabilities and the classes they belong to, all there are or in the order given (0 where one is absent).

    Shapes: (n, k).
    """
    column = answers["probability"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], KINDS["classes"].field(0).type)
    keys, items, n = column.keys, column.items.to_numpy(zero_copy_only=False), len(column)
    if 0 < n <= FEW and len(keys) % n == 0:  # the usual case, and quick: every map has the same classes in one order
        k = len(keys) // n
        same = keys.slice(0, k).to_pylist() if classes is None else classes
        if len(same) == k and keys.equals(_frame(tuple(same), n)[1]):
            return items.reshape(n, k).copy(), same
    codes = keys.dictionary_encode()
    names, place = codes.dictionary.to_pylist(), codes.indices.to_numpy(zero_copy_only=False)
    wanted = names if classes is None else classes
    row = np.repeat(np.arange(len(column)), np.diff(column.offsets.to_numpy()))
    at = np.array([wanted.index(n) if n in wanted else -1 for n in names], dtype=np.int64)[place]
    out = np.zeros((len(column), len(wanted)))
    out[row[at >= 0], at[at >= 0]] = items[at >= 0]
    return out, wanted


def names_of(values: Any) -> pa.Array:
    """Class names of a column of truth: text as it is, whole numbers without a fraction, booleans as true and false."""
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        known = column.to_numpy(zero_copy_only=False)
        known = known[~np.isnan(known)]
        if (known == np.floor(known)).all() and (np.abs(known) < 2**53).all():
            column = column.cast(pa.int64())
    return column.cast(text)


def places(values: Any, classes: list[str]) -> Array:
    """Each value's place among the classes, -1 for an unseen one.   Shapes: (n,)."""
    at = pc.index_in(names_of(values), value_set=pa.array(classes, text))
    found: Array = at.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def y_of(kind: str, truth: pa.Table | pa.RecordBatch, facts: dict[str, Any]) -> Array:
    """Truth as an array. Shapes: (n,): classes -> places among facts["classes"]; numbers; anything else as it is."""
    values = truth.column(0)
    if kind == "classes":
        return places(values, facts["classes"])
    return np.array(values.to_pylist(), dtype=float if kind == "number" else object)


def merge(kind: str, made: Sequence[pa.Table], weights: Sequence[float]) -> pa.Table:
    """The weighted mean of several models' answers to the same questions, before any decision.

    Of classes the probabilities, a class that a model does not know being 0 there; of numbers value, low and high.
    Raises: ValueError: there is no mean of several texts.
    """
    if len(made) == 1:
        return made[0]
    if kind == "classes":
        said = [probability(m) for m in made]
        classes = max((c for _, c in said), key=len)
        mixed = sum(
            w * (p if own == classes else probability(m, classes)[0])
            for (p, own), m, w in zip(said, made, weights, strict=True)
        )
        return of_classes(np.asarray(mixed), classes)
    if kind == "number":
        names = [n for n in ("value", "low", "high") if not any(m[n].null_count for m in made)]
        mean = {n: sum(w * m[n].to_numpy() for m, w in zip(made, weights, strict=True)) for n in names}
        return make("number", **mean)
    raise ValueError(f"answers of kind {kind!r} cannot be merged")


def check(kind: str, answers: pa.Table, n: int) -> pa.Table:
    """The same answers.   Raises: DataError: not n answers of this kind, or an absurd one among them."""
    if answers.schema != KINDS[kind] or len(answers) != n:
        raise DataError(f"{len(answers)} answers {answers.schema.names}, wanted {n} of kind {kind!r}.", where="answer")
    if kind == "classes":
        p, _ = probability(answers)
        if not ((p >= 0).all() and (np.abs(p.sum(1) - 1) <= 1e-5).all()):  # false for NaN and infinity too
            raise DataError("probabilities are not between 0 and 1 with the sum 1.", where="answer")
    if kind == "number" and not np.isfinite(answers["value"].to_numpy()).all():
        raise DataError("a value is not finite.", where="answer")
    return answers


def to_json(answers: pa.Table) -> list[dict[str, Any]]:
    """One plain object an answer; maps as objects."""
    maps = [f.name for f in answers.schema if pa.types.is_map(f.type)]
    return [a | {m: dict(a[m]) for m in maps} for a in answers.to_pylist()]


def flat(answers: pa.Table) -> pa.Table:
    """The same answers with one plain column for each key of a map: what CSV can hold."""
    if "probability" not in answers.schema.names:
        return answers
    p, classes = probability(answers)
    columns = {f"probability {c}": p[:, i] for i, c in enumerate(classes)}
    return pa.table(columns | {n: answers[n] for n in answers.schema.names if n != "probability"})
