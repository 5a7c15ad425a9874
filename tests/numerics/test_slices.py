"""Slices: which rows are alike, and which of them do worse than the rest."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.numerics import slices


def test_a_planted_weakness_is_found_first_and_is_sure() -> None:
    rng = np.random.default_rng(1)
    n = 3000
    region, age = rng.choice(["north", "south", "west"], n), rng.uniform(18, 90, n)
    loss = rng.exponential(1.0, n) + 2.0 * (region == "west")
    noise = {f"noise {i}": rng.normal(size=n) for i in range(10)}
    made = slices.worst(pa.table({"region": region, "age": age, **noise}), loss)
    first, *others = made["shown"]
    assert (first["column"], first["value"]) == ("region", "west") and first["sure"]
    assert first["rows"] == (region == "west").sum()
    assert first["mean"] == pytest.approx(loss[region == "west"].mean())
    assert first["rest"] == pytest.approx(loss[region != "west"].mean())
    spread = loss[region == "west"].std(ddof=1) / np.sqrt(first["rows"])
    assert first["high"] - first["mean"] == pytest.approx(1.96 * spread, rel=1e-3)
    assert not any(s["sure"] for s in others) and made["looked"] == 3 + 11 * 4
    assert all(s["mean"] > s["rest"] for s in made["shown"])


def test_no_slice_of_under_thirty_rows() -> None:
    values = ["rare"] * 29 + ["often"] * 100
    loss = np.r_[np.full(29, 9.0), np.zeros(100)]
    assert slices.worst(pa.table({"c": values}), loss) == {"looked": 1, "rows": 129, "shown": []}
    shown = slices.worst(pa.table({"c": ["rare", *values]}), np.r_[9.0, loss])["shown"]
    assert [s["value"] for s in shown] == ["rare"] and shown[0]["rows"] == 30


def test_quarters_cover_each_number_once() -> None:
    x = np.random.default_rng(0).lognormal(size=1000)
    found = list(slices.groups(pa.chunked_array([pa.array(np.r_[x, np.full(50, np.nan)])])))
    assert [("missing" in about) for about, _ in found] == [True, False, False, False, False]
    assert (sum(rows.astype(int) for _, rows in found) == 1).all()
    for about, rows in found[1:]:
        inside = np.r_[x, np.full(50, np.nan)][rows]
        assert (about["from"], about["to"]) == (inside.min(), inside.max()) and 240 <= rows.sum() <= 260


def test_few_numbers_are_categories_and_times_are_quarters() -> None:
    few = list(slices.groups(pa.chunked_array([pa.array([1, 2, 3] * 50)])))
    assert [about["value"] for about, _ in few] == [1, 2, 3]
    at = pa.array(np.datetime64("2026-01-01", "D") + np.arange(200))
    times = list(slices.groups(pa.chunked_array([at])))
    assert times[0][0]["from"] == "2026-01-01T00:00:00" and times[-1][0]["to"] == "2026-07-19T00:00:00"
    assert list(slices.groups(pa.chunked_array([pa.array([[1]] * 99)]))) == []


def test_rows_of_one_series_are_not_independent() -> None:
    """The same figures in five clusters say less than in five hundred rows."""
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(50), 20)
    loss = rng.normal(size=50)[cluster] + 5
    table = pa.table({"c": np.where(cluster < 25, "a", "b")})
    alone, together = slices.worst(table, loss)["shown"][0], slices.worst(table, loss, cluster=cluster)["shown"][0]
    assert together["mean"] == alone["mean"]
    ratio = (together["high"] - together["mean"]) / (alone["high"] - alone["mean"])
    assert ratio == pytest.approx(np.sqrt(20), rel=0.05)


def test_weights_count() -> None:
    loss, weight = np.r_[np.full(50, 4.0), np.full(50, 1.0)], np.r_[np.full(50, 1.0), np.full(50, 3.0)]
    table = pa.table({"c": ["x"] * 40 + ["y"] * 60})
    (only,) = slices.worst(table, loss, weight, also={"share": loss == 4})["shown"]
    assert only["share"] == 1
    assert only["value"] == "x" and only["rest"] == pytest.approx((10 * 4 + 150) / 160)


def test_of_many_rows_some_are_looked_at() -> None:
    rng = np.random.default_rng(3)
    n = 200_000
    bad = rng.random(n) < 0.3
    made = slices.worst(
        pa.table({"c": np.where(bad, "x", "y")}), rng.exponential(1 + bad), np.ones(n), np.arange(n) // 2
    )
    assert made["rows"] == slices.MOST_ROWS and made["shown"][0]["value"] == "x"
    assert made["shown"][0]["mean"] == pytest.approx(2, rel=0.05)
