"""Leaks: planted ones are named, honest columns are not."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.data import leaks
from mintmark.data import rows as table
from mintmark.numerics import metrics

RNG = np.random.default_rng(0)
N = 2000
Y = RNG.integers(0, 2, N)
T = np.datetime64("2024-01-01", "us") + np.arange(N) * np.timedelta64(1, "h")
HONEST = {
    "t": T, "close": Y + RNG.normal(size=N), "noise": RNG.normal(size=N), "shop": [f"s{i % 7}" for i in range(N)],
    "age": pa.array(RNG.normal(size=N), mask=RNG.random(N) < 0.3),
    "customer": [f"c{i}" for i in RNG.integers(0, 500, N)], "note": [f"text number {i}" for i in range(N)],
}  # fmt: skip
PLANTED = {
    "copy": (np.where(Y == 1, "bad", "good"), "under another name"),
    "code": (Y * 10 + 5, "under another name"),
    "post": (pa.array(RNG.normal(size=N), mask=Y == 0), "after the event"),
    "closed": (T + np.where(Y == 1, 3, -2) * np.timedelta64(1, "D"), "after the row's own time"),
    "score": (2 * Y + 0.1 * RNG.normal(size=N), "almost surely"),
    "order_id": (RNG.permutation(N), "of its own for each row"),
    "email": ([f"a{i}@b.c" for i in range(N)], "of its own for each row"),
}


def found(content: dict[str, object], y: object = Y, kind: str = "classes") -> dict[str, str]:
    said = leaks.suspects(table.of(content), table.of({"y": y}), kind, "t")
    return {s.column: str(s) for s in said}


def test_honest_columns_are_not_named() -> None:
    assert found(HONEST) == {}
    assert found({f"g{i}": RNG.normal(size=40) for i in range(3000)}, RNG.integers(0, 2, 40)) == {}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_leak_is_named(name: str) -> None:
    values, words = PLANTED[name]
    said = found(HONEST | {name: values})
    assert set(said) == {name} and words in said[name] and "Try: " in said[name]


def test_an_entity_of_one_answer_is_named() -> None:
    who = [f"p{i // 4}" for i in range(N)]
    said = found({"patient": who, "x": RNG.normal(size=N)}, np.repeat(RNG.integers(0, 2, N // 4), 4))
    assert "group" in said["patient"]


def test_of_numbers_a_copy_in_other_units_is_named() -> None:
    y = RNG.lognormal(size=N)
    said = found({"euros": 0.93 * y + 2, "near": y + RNG.normal(size=N)}, y, "number")
    assert set(said) == {"euros"}


@pytest.mark.parametrize("kind", ["classes", "number"])
def test_columns_read_together_say_what_each_says_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    some = PLANTED | HONEST | {"half": pa.array(Y + 0.01 * RNG.normal(size=N), mask=RNG.random(N) < 0.5)}
    some = {n: v for n, v in some.items() if n not in PLANTED} | {n: v[0] for n, v in PLANTED.items()}
    y = Y if kind == "classes" else Y + np.linspace(0, 1, N)
    together = found(some, y, kind)
    monkeypatch.setattr(leaks, "CELLS", 1)
    assert found(some, y, kind) == together != {}


def test_the_areas_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    x = np.round(RNG.normal(size=(200, 5)), 1)  # with ties
    x[RNG.random(x.shape) < 0.1] = -np.inf
    wanted = [roc_auc_score(Y[:200], np.nan_to_num(x[:, j], neginf=-99)) for j in range(5)]
    assert metrics.areas(x, Y[:200] == 1) == pytest.approx(wanted)
