"""Columns become numbers in one way, whether one row is asked or many; what cannot be used is said."""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mintmark import spine
from mintmark.base.errors import RecipeError
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.features import columns, history, linear
from mintmark.data.features.settings import Settings
from mintmark.data.past import Past
from mintmark.data.rows import Rows
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema
from mintmark.recipe.schema import Columns


def batch(rows: Rows) -> pa.RecordBatch:
    return next(rows.chunks(10**6))


def learn(of: dict[str, Any], **more: Any) -> State:
    return columns.learn(table.of(of), leave={}, **more)


def encoded(state: State, of: dict[str, Any]) -> dict[str, list[float]]:
    x = columns.encode(state, batch(table.of(of)))
    return {n: x[:, j].tolist() for j, n in enumerate(state.facts["names"])}


def why(state: State) -> dict[str, str]:
    return {c["column"]: c["why"] for c in state.facts["left_out"]}


def test_whole_numbers_decimals_and_booleans_are_the_same_numbers() -> None:
    from decimal import Decimal

    state = learn({"a": [1, 2, 3, 5], "b": [True, False, None, True], "c": [0.5, 1.5, 2.5, 2.5]})
    as_ints = encoded(state, {"a": [3], "b": [True], "c": pa.array([Decimal("2.50")])})
    as_floats = encoded(state, {"a": [3.0], "b": [1.0], "c": [2.5]})
    assert as_ints == as_floats == {"a": [3.0], "b": [1.0], "c": [2.5]}


def test_missing_stays_missing_where_training_had_some_and_is_the_median_where_it_had_none() -> None:
    state = learn({"some": [1.0, None, 3.0, 9.0], "none": [1.0, 2.0, 4.0, 9.0]})
    made = encoded(state, {"some": [None], "none": pa.array([None], pa.float64())})
    assert np.isnan(made["some"]).all() and made["none"] == [3.0]


@pytest.mark.parametrize("absurd", [float("inf"), -float("inf"), 1e31, float("nan")])
def test_infinity_and_overflow_count_as_missing(absurd: float) -> None:
    state = learn({"some": [1.0, absurd, 3.0, 9.0], "none": [1.0, 2.0, 4.0, 9.0]})
    made = encoded(state, {"some": [absurd], "none": [absurd]})
    assert np.isnan(made["some"]).all() and made["none"] == [3.0]


def test_categories_are_codes_by_frequency_and_rare_or_unseen_ones_share_a_code() -> None:
    words = ["b"] * 5 + ["a"] * 3 + ["once", "twice", "twice", None]
    state = learn({"w": words}, max_categories=2)
    made = encoded(state, {"w": ["b", "a", "once", "twice", "never seen", None]})["w"]
    assert made[:5] == [0, 1, 2, 2, 2] and np.isnan(made[5])
    known = learn({"w": ["x", "x", "y", "y"]})
    assert np.isnan(encoded(known, {"w": ["never seen"]})["w"]).all()  # no rare one to learn from: missing


def test_many_rows_are_coded_as_each_of_them_alone() -> None:
    rng = np.random.default_rng(0)
    n = 300
    gone = rng.random(n) < 0.1
    of = {
        "n": pa.array(rng.normal(size=n), mask=gone),
        "w": pa.array([f"v{i}" for i in rng.zipf(1.6, n)], mask=gone),
        "c": rng.integers(0, 9, n),
        "t": pa.array(np.datetime64("2020-02-27", "s") + rng.integers(0, 10**8, n), mask=gone),
    }
    rows = table.of(of)
    state = columns.learn(rows, leave={}, categorical=("c",))
    whole = columns.encode(state, batch(rows))
    alone = np.vstack([columns.encode(state, q) for q in rows.chunks(1)])
    sliced = np.vstack([columns.encode(state, q) for q in rows.take(np.arange(n)[::-1]).chunks(70)])[::-1]
    assert np.array_equal(whole, alone, equal_nan=True) and np.array_equal(whole, sliced, equal_nan=True)
    wide = linear.learn_linear(state, rows)
    assert np.allclose(linear.linear(wide, whole), np.vstack([linear.linear(wide, x[None]) for x in whole]), atol=1e-12)


def test_numbers_that_are_names_become_categories() -> None:
    state = learn({"code": [10, 10, 20, 20, 30], "x": [1, 5, 2, 3, 1]}, categorical=["code"])
    assert state.facts["names"] == ["x", "code"] and state.facts["categorical"] == [1]
    made = encoded(state, {"code": [10.0, 20.0, 30.0, 15.0, None], "x": [1] * 5})["code"]
    assert made[:4] == [0, 1, 2, 2] and np.isnan(made[4])


def test_times_become_their_parts() -> None:
    times = [dt.datetime(2024, 2, 29, 18, 30), dt.datetime(1969, 12, 31, 6, 0), None]
    made = encoded(learn({"t": times}), {"t": times})
    since = dt.datetime(2024, 2, 29, 18, 30, tzinfo=dt.UTC).timestamp()
    assert [v[0] for v in made.values()] == [2024, 2, 29, 3, 18.5, since]
    assert [v[1] for v in made.values()] == [1969, 12, 31, 2, 6, -18 * 3600]
    assert list(made) == ["t: year", "t: month", "t: day", "t: weekday", "t: hour", "t: seconds"]
    assert all(np.isnan(v[2]) for v in made.values())


def test_a_zone_changes_no_moment() -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    aware = pa.array([dt.datetime(2024, 5, 1, 2, tzinfo=zone), dt.datetime(2024, 7, 9, 23, tzinfo=zone)])
    plain = {"t": [dt.datetime(2024, 4, 30, 18), dt.datetime(2024, 7, 9, 15)]}
    assert encoded(learn({"t": aware}), {"t": aware}) == encoded(learn(plain), plain)


def test_of_the_clock_of_the_rows_only_what_recurs_is_used() -> None:
    times = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=7 * i) for i in range(2000)]
    assert learn({"t": times}, time="t").facts["names"] == ["t: month", "t: day", "t: weekday", "t: hour"]
    assert "clock" in why(learn({"t": [1, 5, 3], "x": [1, 2, 2]}, time="t"))["t"]


def test_what_cannot_be_used_is_said_column_by_column() -> None:
    n = 40
    of = {
        "constant": [1] * n, "same": ["a"] * n, "empty": pa.nulls(n), "gone": pa.array([None] * n, pa.float64()),
        "list": [[1]] * n, "bytes": [b"x"] * n, "name": [f"person {i}" for i in range(n)], "row": list(range(n)),
        "user_id": list(range(900, 900 + 3 * n, 3))[::-1], "amount": [f"{i}.5" for i in range(n - 1)] + ["n/a"],
        "ignored": [1, 2] * (n // 2), "used": [1.5, 2.5] * (n // 2), "day": [dt.date(2024, 1, 1)] * n,
    }  # fmt: skip
    state = columns.learn(table.of(of), leave={"ignored": "is ignored"})
    assert state.facts["names"] == ["used"]
    said = why(state)
    assert set(said) == set(of) - {"used"}
    assert said["constant"] == said["same"] == said["day"] == "has one value"
    assert "lists" in said["list"] and "bytes" in said["bytes"] and "no values" in said["gone"]
    assert "'n/a'" in said["amount"] and "[read]" in said["amount"]
    assert said["row"] == said["user_id"] == "is a number for each row"


def test_a_setting_that_names_no_column_or_one_of_times_is_refused() -> None:
    with pytest.raises(RecipeError, match="did you mean 'code'"):
        learn({"code": [1, 2, 2]}, categorical=["cod"])
    with pytest.raises(RecipeError, match="time values"):
        learn({"t": [dt.datetime(2024, 1, 1)] * 2}, categorical=["t"])


def test_a_linear_model_gets_standard_numbers_indicators_and_a_column_a_category() -> None:
    rng = np.random.default_rng(1)
    of = {
        "x": rng.normal(50, 7, 500), "y": pa.array(rng.normal(size=500), mask=rng.random(500) < 0.2),
        "w": [f"v{i}" for i in rng.integers(0, 3, 500)],
    }  # fmt: skip
    rows = table.of(of)
    state = linear.learn_linear(columns.learn(rows, leave={}), rows)
    z = linear.linear(state, columns.encode(state, batch(rows)))
    assert z.shape == (500, 2 + 1 + 3)  # two numbers, one of them with an indicator, three categories
    assert abs(z[:, 0].mean()) < 1e-9 and abs(z[:, 0].std() - 1) < 1e-9
    assert (z[:, 2] == np.isnan(of["y"].to_numpy(zero_copy_only=False))).all() and (z[:, 3:].sum(1) == 1).all()
    far = columns.encode(state, batch(table.of({"x": [1e25], "y": [0.0], "w": ["new"]})))
    assert linear.linear(state, far)[0, 0] == linear.FAR and linear.linear(state, far)[0, 3:].sum() == 0


def test_many_categories_are_stored_sparsely_with_the_same_numbers() -> None:
    rng = np.random.default_rng(2)
    rows = table.of(
        {"x": rng.normal(size=4000), **{f"w{j}": [f"v{i}" for i in rng.integers(0, 150, 4000)] for j in "ab"}}
    )
    state = linear.learn_linear(columns.learn(rows, leave={}), rows)
    x = columns.encode(state, batch(rows))
    more = rng.normal(size=(4000, 2))
    z = linear.linear(state, x, more)
    assert z.format == "csr" and z.shape == (4000, 1 + 2 + 300)
    dense = z.toarray()
    assert np.array_equal(dense[:, 1:3], more) and (dense[:, 3:].sum(1) == 2).all()
    assert (dense[:, 3:153].argmax(1) == x[:, 1]).all() and (dense[:, 153:].argmax(1) == x[:, 2]).all()


def payments() -> tuple[Rows, Past]:
    day = [dt.datetime(2024, 1, i) for i in (1, 2, 3, 4, 10)]
    rows = table.of({"t": day, "who": list("aabaa"), "x": [1.0, 3.0, 8.0, 5.0, 7.0], "y": ["n", "p", "p", "p", "n"]})
    past = Past(key="who", time="t", target="y", label_delay=2 * 86400.0, window=50, salt="s").append(rows)
    return rows, past


def test_the_history_of_an_entity_holds_its_earlier_rows_and_known_labels_only() -> None:
    rows, past = payments()
    questions = rows.drop(["y"])
    state = columns.learn(questions, leave={"who": "names the entity"}, time="t")
    roles, config = Columns(entity="who", time="t", target="y"), Settings(history=2)
    state = history.learn_history(state, questions, np.array([1, 0, 1, 1, 0]), ["n", "p"], roles, config)
    names, q = state.facts["history"]["names"], batch(questions)
    h = dict(zip(names, history.history(state, columns.encode(state, q), past.as_of(q), q).T, strict=True))
    assert names[:4] == ["earlier rows", "time since the last", "earlier share of p", "x against earlier"]
    assert np.allclose(np.expm1(h["earlier rows"]), [0, 1, 0, 2, 2])
    assert np.isnan(h["time since the last"][[0, 2]]).all()
    gap = 9 * 2 / 5  # days: nine days, two entities, five rows
    assert np.allclose(np.expm1(h["time since the last"][[1, 3, 4]]) * gap, [1, 2, 6])
    # on day 4 the labels of days 1 and 2 are known, one of them p; on day 10 the last two are those of days 2 and 4
    assert np.allclose(h["earlier share of p"] + 0.6, [0.6, 0.6, 0.6, (1 + 1.2) / 4, (2 + 1.2) / 4])
    spread = np.std([1, 3, 8, 5, 7])
    assert np.allclose(h["x against earlier"][[1, 3, 4]] * spread, [2, 3, 3])


def test_an_entity_without_a_past_has_an_empty_history() -> None:
    rows, _ = payments()
    questions = rows.drop(["y"])
    state = columns.learn(questions, leave={"who": "names the entity"}, time="t")
    roles, config = Columns(entity="who", time="t", target="y"), Settings(history=2)
    state = history.learn_history(state, questions, np.array([1, 0, 1, 1, 0]), ["n", "p"], roles, config)
    q = batch(questions)
    h = history.history(state, columns.encode(state, q), Past(key="who", time="t", target="y").as_of(q), q)
    assert (h[:, 0] == 0).all() and (h[:, 2] == 0).all() and np.isnan(h[:, [1, 3, 4]]).all()


def test_a_selection_bears_missing_numbers_beside_texts() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    gone = np.where(rng.random(200) < 0.2, np.nan, rng.normal(size=200))
    content = {f"x{i}": x + rng.normal(size=200) for i in range(6)}  # so that what says nothing is dropped
    content |= {"x": x, "gone": gone, "shop": rng.choice(["a", "b", "c"], 200), "town": rng.choice(["p", "q"], 200)}
    made = {"task": "tabular_classification", "target": "y", "settings": {"model": "lightgbm", "select": "filter"}}
    p = spine.prepare(schema.parse(made, ""), table.of(content | {"y": np.where(x > 0, "yes", "no")}))
    assert spine.train(p, {}, Ctx(0)).validation.answers.num_rows == len(p.parts.held)


def test_columns_read_a_few_at_a_time_are_learnt_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    wide: dict[str, Any] = {f"x{i}": np.round(rng.normal(size=31), 2) for i in range(40)}
    wide |= {f"n{i}": rng.integers(0, 9, 31) for i in range(40)} | {"one": np.ones(31), "word": ["a", "b"] * 15 + ["a"]}
    wide["gaps"] = pa.array(rng.normal(size=31), mask=rng.random(31) < 0.3)
    state = learn(wide)
    median = dict(zip(state.facts["numbers"], state.arrays["median"], strict=False))
    assert [median[n] for n in ("x0", "n7")] == [np.median(wide["x0"]), np.median(wide["n7"])]
    monkeypatch.setattr(columns, "CELLS", 1)
    again = learn(wide)
    assert again.facts == state.facts and "one" in why(again)
    assert all(np.array_equal(again.arrays[n], v, equal_nan=True) for n, v in state.arrays.items())
