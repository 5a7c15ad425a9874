"""Questions from JSON: the rows of a request, checked against a bundle's schema, as columns.

The check is made once for each model and works column by column; only what is not plain is looked at value by value.
A value says what it is: numbers are JSON numbers, times ISO 8601 text or seconds since 1970, bytes base64 text; null is
a missing value in every field, and a field that was empty in all of the training data takes anything.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import pyarrow as pa

from mintmark.base.errors import DataError, nearest
from mintmark.data.rows import Rows
from mintmark.serving.single import Single

Columns = list[Sequence[Any]]
"""the values of each field, in the order of the schema"""
DEEPEST = 8
"""so deep may lists and objects lie in each other within one field"""
SHOWN = 60
EPOCH = datetime(1970, 1, 1)
FIRST_S, LAST_S = -62135596800, 253402300799
"""the years 1 to 9999"""
MISSING = type(None)


class Unfit(ValueError):
    """One value is not of its field's kind; says what was wanted."""


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    arrow: pa.DataType | None
    """None: found from the values"""
    plain: frozenset[type]
    """values of these classes go to Arrow as they are"""
    read: Callable[[Any], Any]
    """any other value, as Arrow wants it.   Raises: Unfit."""
    json: dict[str, Any]
    """JSON Schema of one value"""
    sample: Any


class Questions:
    """The schema of a bundle's questions, or of its events, ready to check rows."""

    def __init__(self, schema: Sequence[dict[str, Any]], passed: Collection[str] = ()) -> None:
        """passed: fields that a row may have and that are left out unread."""
        self.told, self._passed = schema, frozenset(passed)
        self.fields = [_field(f["name"], f["kind"], f.get("type", "")) for f in schema]
        self._absent = {f["name"]: None for f in schema if f.get("optional")}
        self.names = [f.name for f in self.fields]
        first = self.names[0]
        self._values = itemgetter(*self.names) if len(self.names) > 1 else lambda row: (row[first],)
        alike: dict[Any, list[int]] = {}
        for i, field in enumerate(self.fields):
            alike.setdefault(i if field.arrow is None else field.arrow, []).append(i)
        self._alike = [(self.fields[places[0]].arrow, places) for places in alike.values()]
        """type -> places of the fields of that type"""
        self._single = Single.of(self.names, [f.arrow for f in self.fields])

    def columns(self, rows: Any) -> Columns:
        """Raises: DataError: no rows, or the first that does not fit; names row and field, and what was received."""
        if type(rows) is not list:
            what = f"rows must be a list of objects, got {shown(rows)}."
            raise DataError(what, where="rows", fix=self._fix())
        if not rows:
            raise DataError("no rows.", where="rows", fix="ask at least one.")
        width, out = len(self.names), Columns()
        whole = list(map(self._whole, rows)) if self._absent or self._passed else rows
        try:
            values = list(map(self._values, whole))
        except (KeyError, TypeError):  # a field is missing, or a row is no object
            values = []
        if len(values) != len(rows) or any(len(row) != width for row in whole):
            raise next(wrong for i, row in enumerate(rows) if (wrong := self._misshapen(row, i)))
        for field, column in zip(self.fields, zip(*values, strict=True), strict=True):
            out.append(column if field.plain.issuperset(map(type, column)) else _read(field, column))
        return out

    def table(self, parts: Sequence[Columns]) -> Rows:
        """The rows of several requests, one after another. Fields of one type share an array: 30 cost as much as 1."""
        n = sum(len(part[0]) for part in parts)
        if n == 1 and self._single and None not in (row := [column[0] for column in parts[0]]):
            return Rows(self._single.table(row))
        arrays: list[pa.Array] = [None] * len(self.fields)
        for type_, places in self._alike:
            values = pa.array(list(chain.from_iterable(part[i] for i in places for part in parts)), type_)
            for at, i in enumerate(places):
                arrays[i] = values.slice(at * n, n)
        return Rows(pa.table(arrays, names=self.names))

    def schema(self) -> dict[str, Any]:
        """JSON Schema of one row."""
        return {
            "type": "object",
            "properties": {f.name: f.json for f in self.fields},
            "required": [n for n in self.names if n not in self._absent],
            "additionalProperties": False,
        }

    def sample(self) -> dict[str, Any]:
        """A row of the right kinds without what may be left out; its values mean nothing."""
        return {f.name: f.sample for f in self.fields if f.name not in self._absent}

    def _whole(self, row: Any) -> Any:
        """The row with null for what may be absent, without what is passed over."""
        if type(row) is not dict:
            return row
        kept = {n: v for n, v in row.items() if n not in self._passed} if self._passed else row
        return self._absent | kept

    def _misshapen(self, row: Any, i: int) -> DataError | None:
        """What is wrong with a row that is no object, or has other fields than it should; None for a good one."""
        where = f"row {i + 1}"
        if type(row) is not dict:
            return DataError(f"a row must be an object, got {shown(row)}.", where=where, fix=self._fix())
        missing = [n for n in self.names if n not in row and n not in self._absent]
        known = {*self.names, *self._passed}
        for got in row:
            if got not in known:
                near = nearest(got, missing or self.names)
                what = f"unknown field; known: {_listed(self.names)}."
                fix = f"did you mean {near!r}?" if near else "leave it out."
                return DataError(what, where=f"{where}, field {got[:SHOWN]!r}", fix=fix)
        if not missing:
            return None
        name = missing[0]
        kind = next(f.kind for f in self.fields if f.name == name)
        more = f" ({len(missing)} fields are missing: {_listed(missing)})" if len(missing) > 1 else ""
        what = f"missing{more}; got {_listed(list(row))}."
        return DataError(what, where=f"{where}, field {name!r}", fix=f"add it ({WANTED[kind]}), or null if not known.")

    def _fix(self) -> str:
        names = ", ".join(f'"{n}": ...' for n in self.names[:3]) + (", ..." if len(self.names) > 3 else "")
        return f'{{"rows": [{{{names}}}]}}'


WANTED = {
    "number": "a number",
    "boolean": "true or false",
    "time": "a time as ISO 8601 text, or seconds since 1970 as a number",
    "text": "a text",
    "binary": "bytes as base64 text",
    "list": "a list",
    "nothing": "anything",
}


def shown(value: Any) -> str:
    """What was received, in few words and whatever its size."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the text {value[:SHOWN]!r}" + ("..." if len(value) > SHOWN else "")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"the number {value!r}"


def _listed(names: list[str]) -> str:
    cut = ", ".join(n[:SHOWN] for n in names[:20])
    return (cut + (f" and {len(names) - 20} more" if len(names) > 20 else "")) or "none"


def _read(field: Field, values: Sequence[Any]) -> list[Any]:
    out = []
    for i, value in enumerate(values):
        try:
            out.append(value if type(value) in field.plain else field.read(value))
        except Unfit as exc:
            where, more = f"row {i + 1}, field {field.name!r}", f": {exc}" if str(exc) else ""
            what = f"{WANTED[field.kind]} is wanted, got {shown(value)}{more}."
            raise DataError(what, where=where, fix=_hint(field.kind, value)) from None
    return out


def _hint(kind: str, value: Any) -> str:
    if kind == "number" and isinstance(value, str):
        return "a number without quotes, or null where it is missing."
    if kind == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'"{value}", in quotes.'
    example = {"time": '"2026-01-31T12:00:00"', "boolean": "true, false", "binary": '"bWludA=="', "list": "[...]"}
    return f"{example.get(kind, WANTED[kind])}, or null where it is missing."


def _field(name: str, kind: str, type_: str) -> Field:
    """How values of a kind are read."""
    as_they_are: dict[str, type] = {"number": float, "boolean": bool, "text": str}
    plain = frozenset({as_they_are.get(kind, MISSING), MISSING})
    types: dict[str, pa.DataType] = {
        "number": pa.float64(), "boolean": pa.bool_(), "text": pa.string(), "time": pa.timestamp("us"),
        "binary": pa.binary(), "list": _list_type(type_), "nothing": pa.null(),
    }  # fmt: skip
    readers: dict[str, Callable[[Any], Any]] = {
        "number": _number, "time": _time, "binary": _binary, "nothing": _nothing, "list": partial(_list, types["list"]),
    }  # fmt: skip
    json: dict[str, dict[str, Any]] = {
        "number": {"type": ["number", "null"]},
        "boolean": {"type": ["boolean", "null"]},
        "text": {"type": ["string", "null"]},
        "time": {
            "type": ["string", "number", "null"],
            "format": "date-time",
            "minimum": FIRST_S,
            "maximum": LAST_S,
            "description": "ISO 8601, or seconds since 1970",
        },
        "binary": {"type": ["string", "null"], "contentEncoding": "base64"},
        "list": {"type": ["array", "null"]},
        "nothing": {"description": "held nothing in the training data; ignored"},
    }
    samples = {
        "number": 0,
        "boolean": False,
        "text": "a",
        "time": "2026-01-31T12:00:00",
        "binary": "bWludA==",
        "list": [],
    }
    read = readers.get(kind, _refuse)
    return Field(name, kind, types[kind], plain, read, json[kind], samples.get(kind))


def _list_type(type_: str) -> pa.DataType | None:
    """The type of a list of plain values, from its name; None where it is something else."""
    found = re.fullmatch(r"(?:large_)?list<\w+: (\w+)(?: not null)?>", type_)
    try:
        return pa.list_(pa.type_for_alias(found[1])) if found else None
    except ValueError:
        return None


def _refuse(value: Any) -> Any:
    raise Unfit


def _number(value: Any) -> float:
    if type(value) is not int and type(value) is not float or not math.isfinite(value):
        raise Unfit
    return float(value)


def _time(value: Any) -> int:
    """Microseconds since 1970, UTC; a time without a zone is taken as it stands."""
    if type(value) in (int, float):
        if not FIRST_S <= value <= LAST_S:
            raise Unfit("outside the years 1 to 9999")
        return int(round(value * 1_000_000))
    if type(value) is not str:
        raise Unfit
    try:
        at = datetime.fromisoformat(value.strip())
        at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise Unfit from None
    since = at - EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def _binary(value: Any) -> bytes:
    if type(value) is not str:
        raise Unfit
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Unfit("not base64") from None


def _nothing(value: Any) -> None:
    """The field tells nothing, so whatever stands in it is left out."""


def _list(type_: pa.DataType | None, value: Any) -> Any:
    if type(value) is not list or _depth(value) > DEEPEST:
        raise Unfit(f"nested deeper than {DEEPEST}" if type(value) is list else "")
    try:
        pa.array([value], type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        raise Unfit(f"not {type_ or 'of one type'}") from None
    return value


def _depth(value: Any) -> int:
    """How deep lists and objects lie in each other; stops counting just beyond DEEPEST."""
    level, deep = [value], 0
    while deep <= DEEPEST:
        level = [v for v in level if type(v) in (list, dict)]
        if not level:
            break
        deep += 1
        level = [inner for v in level for inner in (v.values() if type(v) is dict else v)]
    return deep
