"""The one as-of function, against a plain loop over all rows."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.errors import DataError
from mintmark.data import rows
from mintmark.data.past import Past


def table(n: int = 300, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    keys = [None if k == 0 else f"k{k}" for k in rng.integers(0, 15, n)]
    clock = pa.array(rng.integers(0, 60, n) * 1_000_000, pa.timestamp("us"))
    return pa.table({"key": keys, "time": clock, "v": rng.normal(size=n), "y": rng.choice(["a", "b"], n)})


def loop(whole: list[dict], key: str | None, asked: float, window: int, delay: float) -> tuple[list, list]:  # type: ignore[type-arg]
    """What a question may see, row by row: values of the window, and labels known in it."""
    mine = [r for r in whole if key is not None and r["key"] == key and r["time"].timestamp() < asked]
    mine = sorted(mine, key=lambda r: r["time"])[-window:]
    return [r["v"] for r in mine], [r["y"] == "a" for r in mine if r["time"].timestamp() <= asked - delay]


@pytest.mark.parametrize("window, delay", [(1, 0), (5, 3), (50, 20), (50, 0)])
def test_against_a_plain_loop(window: int, delay: float) -> None:
    made = table()
    past = Past("key", "time", "y", delay, window, "salt").append(rows.of(made))
    earlier = past.as_of(made.to_batches()[0])
    values, labels = earlier.last("v", window), earlier.last("y", window, like="a")
    plain = made.set_column(1, "time", made["time"].cast(pa.timestamp("us", "UTC"))).to_pylist()
    for i, row in enumerate(plain):
        seen, known = loop(plain, row["key"], row["time"].timestamp(), window, delay)
        assert np.isclose(values[i][~np.isnan(values[i])].sum(), sum(seen))
        assert (~np.isnan(values[i])).sum() == len(seen)
        assert (~np.isnan(labels[i])).sum() == len(known) and np.nansum(labels[i]) == sum(known)


def test_the_tail_is_all_that_later_questions_need() -> None:
    made = table()
    past = Past("key", "time", "y", 4.0, 3, "salt").append(rows.of(made))
    later = pa.table({"key": [f"k{i}" for i in range(15)], "time": pa.array([61_000_000] * 15, pa.timestamp("us"))})
    batch = later.to_batches()[0]
    kept = Past.of(past.tail().state())
    assert kept.rows is not None and past.rows is not None and kept.rows.num_rows < past.rows.num_rows
    for name, like in (("v", None), ("y", "a")):
        whole, tail = past.as_of(batch).last(name, 3, like=like), kept.as_of(batch).last(name, 3, like=like)
        assert np.array_equal(whole, tail, equal_nan=True)


def test_appended_one_by_one_is_appended_at_once() -> None:
    made = table(80)
    empty = Past("key", "time", "y", 0.0, 5, "salt")
    one_by_one = empty
    for i in range(len(made)):
        one_by_one = one_by_one.append(rows.of(made.slice(i, 1)))
    assert one_by_one.rows is not None and one_by_one.rows.equals(empty.append(rows.of(made)).rows)


def test_keys_are_pseudonyms_and_differ_by_salt() -> None:
    made = rows.of(table())
    first, second = (Past("key", "time", "y", 0.0, 5, salt).append(made).rows for salt in "ab")
    assert first is not None and second is not None
    mine, others = set(first["key"].to_pylist()), set(second["key"].to_pylist())
    assert not mine & others and not mine & set(made.table()["key"].to_pylist())


def test_a_row_without_its_time_is_an_error() -> None:
    made = pa.table({"key": ["a"], "time": pa.array([None], pa.timestamp("us")), "v": [1.0], "y": ["a"]})
    with pytest.raises(DataError, match="time"):
        Past("key", "time", "y").append(rows.of(made))


def test_without_a_key_there_is_no_past() -> None:
    made = table(10)
    earlier = Past("", "time", "y").append(rows.of(made)).as_of(made.to_batches()[0])
    assert len(earlier) == 0 and np.isnan(earlier.last("v", 4)).all()


def test_who_asks_and_whether_anything_is_known_of_them() -> None:
    made = table()
    past = Past("key", "time", "y", salt="s").append(rows.of(made.slice(0, 200)))
    asked = pa.RecordBatch.from_pydict(
        {"key": ["k1", "nobody", None], "time": made["time"].slice(0, 3).combine_chunks()}
    )
    seen = past.as_of(asked)
    assert seen.unknown.tolist() == [False, True, True] and seen.who[2].as_py() is None
    assert seen.who[0] == past.as_of(asked.slice(0, 1)).who[0] and seen.who[0].as_py() != "k1"
    assert Past("key", "time", "y", salt="s").as_of(asked).unknown.all()
