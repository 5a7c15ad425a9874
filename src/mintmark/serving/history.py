"""The past of a served model: the bundle's own rows, and the events that have come since.

An event is a row that has happened. One of the same key and time as an earlier row takes its place: so a client that is
not sure may send again, and a label that was not known yet may follow.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mintmark import spine
from mintmark.base.errors import DataError
from mintmark.data import clean
from mintmark.data.past import ALONE, Past
from mintmark.data.rows import WANTED, kind_of
from mintmark.serving.journal import Journal, place
from mintmark.serving.questions import Columns, Questions

SPARE_ROWS = 10_000
"""that a journal may hold beyond twice what is needed before it is written anew, at a start"""


class History:
    """Reads the events of one model and adds them to its past."""

    def __init__(self, loaded: spine.Loaded, state: Path | None = None, beside: Iterable["History"] = ()) -> None:
        """state: the folder of the journals; None: events are forgotten when the process ends.

        beside: of other versions of the same name; one of the same run and data shares its journal.
        """
        past, facts = loaded.past, loaded.facts
        fields = _fields(past, facts["questions"])
        asked = {f["name"] for f in facts["questions"]}
        self.events = Questions(fields, passed=asked - {f["name"] for f in fields})
        hidden = [f for f in fields if f["name"] != past.key]
        self._kept = Questions([*hidden, {"name": past.key, "kind": "text", "type": "string"}])
        """events as the journal has them"""
        self._must = [(self.events.names.index(n), n) for n in (past.key, past.time) if n != ALONE]
        self.newest = pc.max(past.rows[past.time]) if past.rows is not None else pa.scalar(None)
        """the time of the newest row that the bundle itself brings"""
        self.shares, self._journal = False, None
        """whether another version keeps the same journal, and so has the events that lie in it"""
        if state:
            name, about = _identity(loaded)
            other = next((h._journal for h in beside if h._journal and h._journal.path == place(state, name)), None)
            self.shares, self._journal = (
                other is not None,
                other.shared(about) if other else Journal(state, name, about),
            )

    @classmethod
    def of(cls, loaded: spine.Loaded, state: Path | None = None, beside: Iterable["History"] = ()) -> "History | None":
        """None for a model that looks back on no rows."""
        return cls(loaded, state, beside) if loaded.past.key and loaded.past.rows is not None else None

    @property
    def lasting(self) -> bool:
        return self._journal is not None

    def columns(self, rows: Any) -> Columns:
        """Raises: DataError: the first row that is no event; names row and field."""
        made = self.events.columns(rows)
        for at, name in self._must:
            for i, value in enumerate(made[at]):
                if value is None or isinstance(value, str) and not value.strip():
                    what = "no value: whose row it is and when it happened must be said."
                    raise DataError(what, where=f"row {i + 1}, field {name!r}", fix="leave the row out.")
        return made

    def after(self, past: Past, parts: Sequence[Columns]) -> Past:
        """The past with these events, which have been written down.   Raises: DataError; NotKept."""
        rows, _ = clean.values(self.events.table(parts))
        new = replace(past, rows=None).append(rows).rows  # its keys are pseudonyms now
        if new is None:
            return past
        made = _put(past, new)
        made.as_of(new.select([past.key, past.time]).slice(0, 1).to_batches()[0])  # makes its index, ahead of answers
        if self._journal:
            self._journal.write(list(_plain(new)))
        return made

    def replayed(self, past: Past) -> Past:
        """The past with the events of the journal; not of one that another version writes just now: see `heir`."""
        if not self._journal or self.shares:
            return past
        events, n = replace(past, rows=past.rows.schema.empty_table() if past.rows is not None else None), 0
        for rows in self._journal.read():
            n += len(rows)
            events = _put(events, self._kept.table([self._kept.columns(rows)]).table())
        if events.rows is None or not n:
            return past
        if n > 2 * len(events.rows) + SPARE_ROWS:
            self._journal.anew(list(_plain(events.rows)))
        return _put(past, events.rows)

    def heir(self, past: Past, before: Past) -> tuple[Past, int]:
        """The past with what that of the version before it knows besides, written down, and how many rows that is.

        Raises: NotKept.
        """
        rows = unknown(past, before)
        if not len(rows) or past.rows is None:
            return past, 0
        rows = rows.select(past.rows.schema.names)
        made = _put(past, rows)
        if self._journal and not self.shares:
            self._journal.write(list(_plain(rows)))
        return made, len(rows)

    def about(self, model: str) -> dict[str, Any]:
        """What a client should know before it sends events."""
        return {
            "path": f"/v1/models/{model}/events",
            "fields": self.events.told,
            "kept": "in a journal" if self._journal else "in memory: a restart forgets them",
            "example": {"rows": [self.events.sample()]},
        }

    def close(self) -> None:
        if self._journal:
            self._journal.close()


def passes_on(before: Past, past: Past) -> bool:
    """Whether what one past knows can be told to another: both have the same pseudonyms and the columns for it."""
    alike = all(getattr(before, n) == getattr(past, n) for n in ("key", "time", "target", "salt"))
    had = set(before.rows.schema.names) if before.rows is not None else set()
    return alike and past.rows is not None and set(past.rows.schema.names) <= had


def unknown(past: Past, before: Past) -> pa.Table:
    """The rows of one past that another of the same pseudonyms has not, or has without their label."""
    there, here = before.rows, past.rows
    if there is None or here is None:
        return pa.table({})
    named = pa.table({"key": there[past.key], "time": _bits(there[past.time]), "row": np.arange(len(there))})
    named = named.append_column("labelled", there[past.target].is_valid())
    own = pa.table({"key": here[past.key], "time": _bits(here[past.time]), "known": here[past.target].is_valid()})
    joined = named.join(own.group_by(["key", "time"]).aggregate([("known", "any")]), ["key", "time"])
    news = pc.or_kleene(joined["known_any"].is_null(), pc.and_(joined["labelled"], pc.invert(joined["known_any"])))
    rows = joined.filter(pc.fill_null(news, True))["row"].to_numpy()
    return there.take(pa.array(np.sort(rows)))


def later(past: Past, before: Past, own: pa.Scalar) -> int:
    """Rows of one past that are later than all that another holds, and than `own`: what has come since, and is new."""
    if before.rows is None or not len(before.rows):
        return 0
    times = before.rows[before.time]
    fresh = pc.greater(times, own) if own.is_valid else pa.repeat(True, len(times))
    newest = pc.max(past.rows[past.time]) if past.rows is not None else pa.scalar(None, times.type)
    if newest.is_valid and kind_of(times.type) == kind_of(newest.type):
        fresh = pc.and_(fresh, pc.greater(times.cast(newest.type, safe=False), newest))
    return int(pc.sum(fresh).as_py() or 0)


def _bits(times: Any) -> pa.Array:
    """Times as whole numbers that are equal where the times are."""
    column = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
    whole = column.cast(pa.timestamp("us"), safe=False) if kind_of(column.type) == "time" else column.cast(pa.float64())
    return whole.view(pa.int64())


def _fields(past: Past, questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an event holds: the columns of the past. What no question has is known only later, and may be left out."""
    asked = {f["name"]: f for f in questions}
    told = []
    for column in past.rows.schema if past.rows is not None else ():
        unasked = {"name": column.name, "kind": kind_of(column.type), "type": str(column.type), "optional": True}
        if column.name == ALONE:
            continue
        told.append(dict(asked.get(column.name, unasked)))
        if column.name in (past.key, past.time):
            told[-1].pop("optional", None)
    return told


def _identity(loaded: spine.Loaded) -> tuple[str, dict[str, Any]]:
    """The name of the bundle's journal, and what its first line says of it. The salt of the keys is not told."""
    facts, past = loaded.facts, loaded.past
    run, data = str(facts.get("run", "run")), str(facts.get("data_hash", ""))
    same = orjson.dumps([run, data, past.key, past.time, past.target, past.salt])
    return f"{run}-{data[:16]}", {"run": run, "bundle": hashlib.blake2b(same, digest_size=16).hexdigest()}


def _put(past: Past, new: pa.Table) -> Past:
    """With rows whose keys are pseudonyms, a later row in the place of earlier ones of its key and time.

    Raises: DataError: a value is not of its column's type.
    """
    if past.rows is None:
        return past
    whole = pa.concat_tables([past.rows, _cast(new, past.rows.schema)])
    order = pc.sort_indices(whole, [(past.key, "ascending"), (past.time, "ascending")])  # stable: the newest last
    made, came = whole.take(order).combine_chunks(), order.to_numpy() >= len(past.rows)
    other = np.ones(len(made) + 1, bool)
    """whether a row's key and time are not those of the row before it"""
    for name in (past.key, past.time):
        column = made[name].combine_chunks()
        same = pc.equal(column.slice(1), column.slice(0, len(made) - 1)).to_numpy(zero_copy_only=False)
        other[1:-1] = ~same if name == past.key else other[1:-1] | ~same
    stays = other[1:] | ~np.logical_or.reduceat(came, np.flatnonzero(other[:-1]))[np.cumsum(other[:-1]) - 1]
    return replace(past, rows=made.filter(pa.array(stays)).combine_chunks()).tail()


def _cast(new: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        try:
            columns.append(new[field.name].cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
            where, fix = f"rows, field {field.name!r}", f"values of type {field.type}, as in the training data."
            raise DataError(f"{exc}.", where=where, fix=fix) from exc
    return pa.table(columns, schema=schema)


def _plain(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows as JSON can hold them, such as `Questions` reads."""
    columns = []
    for column in rows.columns:
        kind = kind_of(column.type)
        values = (column.cast(WANTED[kind], safe=False) if kind in WANTED else column).to_pylist()
        if kind == "binary":
            values = [None if v is None else base64.b64encode(v).decode() for v in values]
        columns.append(values)
    return (dict(zip(rows.schema.names, row, strict=True)) for row in zip(*columns, strict=True))
