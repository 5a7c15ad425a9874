"""Rows: the same content however it is taken, and questions brought to one schema."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.errors import DataError
from mintmark.data import rows


def test_taken_rows_are_the_same_in_chunks_and_whole() -> None:
    made = rows.of({"a": np.arange(50_000), "b": [str(i % 7) for i in range(50_000)]})
    some = made.take(np.random.default_rng(0).permutation(50_000)[:20_000]).take(np.arange(5, 19_000))
    assert pa.Table.from_batches(list(some)).equals(some.table().combine_chunks())
    assert len(some) == 18_995


def test_the_hash_is_of_content_alone() -> None:
    made = rows.of({"a": [1.5, None, 3.0], "b": ["x", "y", None], "c": [True, None, False]})
    twice = rows.of(pa.concat_tables([made.table(), made.table()]))
    assert made.hash() == twice.take(np.arange(3)).hash() == twice.take(np.arange(3, 6)).hash()
    made = made.drop(["c"])
    assert made.hash() != rows.of({"a": [1.5, None, 3.5], "b": ["x", "y", None]}).hash()
    assert made.hash() != rows.of({"a": [1.5, None, 3.0], "c": ["x", "y", None]}).hash()


SCHEMA = [
    {"name": "n", "kind": "number", "type": "double"},
    {"name": "t", "kind": "time", "type": "timestamp[us]"},
    {"name": "s", "kind": "text", "type": "string"},
    {"name": "b", "kind": "boolean", "type": "bool"},
]


def test_questions_come_in_any_order_and_width() -> None:
    asked = {"b": [True], "extra": [1], "s": ["x"], "t": ["2026-01-02 03:04:05"], "n": [3]}
    made = rows.check(rows.of(asked), SCHEMA).table()
    assert made.schema.names == ["n", "t", "s", "b"] and made["n"].to_pylist() == [3.0]
    assert str(made["t"][0]) == "2026-01-02 03:04:05"


def test_what_does_not_fit_is_named() -> None:
    good = {"n": [1.0, 2.0], "t": ["2026-01-01", None], "s": ["x", None], "b": [None, False]}
    rows.check(rows.of(good), SCHEMA)
    with pytest.raises(DataError, match="no column 's'"):
        rows.check(rows.of({k: v for k, v in good.items() if k != "s"}), SCHEMA)
    with pytest.raises(DataError, match="column 'n', row 2: 'two' is not a number"):
        rows.check(rows.of(good | {"n": ["1", "two"]}), SCHEMA)
    with pytest.raises(DataError, match="column 's'.*not a text"):
        rows.check(rows.of(good | {"s": [1.5, 2.5]}), SCHEMA)
    with pytest.raises(DataError, match="no rows"):
        rows.check(rows.of(good).take(np.array([], np.int64)), SCHEMA)
