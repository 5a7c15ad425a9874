"""Profiles: figures of columns whose figures are known."""

import json
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from mintmark.data.profile import profile
from mintmark.data.rows import of
from mintmark.recipe.schema import Columns


def test_numbers() -> None:
    made = profile(of({"x": pa.array([*range(1, 101), None], pa.int64())}))
    column = made["columns"]["x"]
    assert (made["rows"], made["sampled"], column["kind"], column["missing"]) == (101, 101, "number", 1)
    assert (column["min"], column["max"], column["mean"]) == (1, 100, 50.5)
    assert column["std"] == pytest.approx(28.866070)  # sqrt((100^2 - 1) / 12)
    assert column["quantiles"] == {"p1": 1, "p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "p99": 99}
    assert column["deciles"]["edges"] == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert column["deciles"]["shares"] == pytest.approx([0.1] * 10)


def test_few_distinct_numbers_have_few_bins() -> None:
    deciles = profile(of({"x": [0] * 95 + [1] * 5}))["columns"]["x"]["deciles"]
    assert deciles["edges"] == [0] and deciles["shares"] == pytest.approx([0.95, 0.05])
    assert profile(of({"x": [3, 3]}))["columns"]["x"]["deciles"] == {"edges": [], "shares": [1.0]}


def test_long_tables_are_sampled_for_quantiles_only() -> None:
    made = profile(of({"x": np.arange(1_000_000.0)}))
    column = made["columns"]["x"]
    assert made["sampled"] == 100_000 and column["max"] == 999_999
    assert column["quantiles"]["p50"] == pytest.approx(500_000, rel=1e-4)


def test_text_booleans_and_times() -> None:
    table = {
        "t": [*"bbbbbb", *"aaaa", None],
        "id": [*"abcdefghijk"],
        "f": [True] * 7 + [False] * 3 + [None],
        "at": pa.array([datetime(2024, 1, 5), None, datetime(2023, 2, 1, 12), *[None] * 8], pa.timestamp("us")),
        "nothing": pa.nulls(11),
        "long": ["x" * 500] * 11,
    }
    columns = profile(of(table))["columns"]
    assert columns["t"] == {"kind": "text", "missing": 1, "distinct": 2, "top": [["b", 6]]}  # 5 rows at least
    assert columns["id"] == {"kind": "text", "missing": 0, "distinct": 11, "top": []}  # no one's name in a record
    assert columns["f"] == {"kind": "boolean", "missing": 1, "distinct": 2, "top": [[True, 7], [False, 3]]}
    assert (columns["at"]["min"], columns["at"]["max"]) == ("2023-02-01T12:00:00", "2024-01-05T00:00:00")
    assert columns["nothing"] == {"kind": "nothing", "missing": 11}
    assert len(columns["long"]["top"][0][0]) < 100


def test_who_is_meant_is_not_told() -> None:
    roles = Columns(entity="card")
    made = profile(of({"card": ["4000-1"] * 9, "shop": ["food"] * 9}), roles)["columns"]
    assert made["card"] == {"kind": "text", "missing": 0, "distinct": 1} and made["shop"]["top"] == [["food", 9]]


def test_it_is_json_whatever_the_numbers() -> None:
    table = {"x": [np.nan, np.inf, -np.inf, 1e308, -1e308, 1e308], "none": [np.nan] * 6, "inf": [np.inf] * 6}
    made = profile(of(table))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["columns"]["x"]["max"] == 1e308 and made["columns"]["x"]["std"] is None
    assert made["columns"]["none"] == {"kind": "number", "missing": 6}
