"""Amounts: intervals in the model's own measure, and money of amounts worked out by hand."""

import numpy as np
import pyarrow as pa
import pytest

from mintmark.numerics import amounts, answers
from mintmark.numerics.payoff import Money


def scaled(value: np.ndarray, scale: np.ndarray) -> pa.Table:
    return answers.make("number", value=value, low=value - scale, high=value + scale)


def test_intervals_follow_the_models_own_scale() -> None:
    # errors are as wide as the scale says: one constant width would cover the wide ones too rarely
    rng = np.random.default_rng(0)
    scale = rng.choice([1.0, 100.0], 8000)
    value, y = np.zeros(8000), rng.normal(size=8000) * scale
    facts = amounts.learn(scaled(value[:4000], scale[:4000]), y[:4000], None, 0.9)
    got = amounts.apply(facts, scaled(value[4000:], scale[4000:]))
    inside = (got["low"].to_numpy() <= y[4000:]) & (y[4000:] <= got["high"].to_numpy())
    for size in (1.0, 100.0):
        assert inside[scale[4000:] == size].mean() == pytest.approx(0.9, abs=0.02)
    assert facts["half_width"] == pytest.approx(1.645, rel=0.05)  # the normal's 95 % quantile


def test_one_answer_alone_has_the_interval_of_the_batch() -> None:
    made = scaled(np.array([1.0, 2.0]), np.array([1e-3, 1e6]))
    facts = {"half_width": 2.0, "shift": 0.5, "level": 0.9}
    assert amounts.apply(facts, made).slice(0, 1).equals(amounts.apply(facts, made.slice(0, 1)))


def test_the_shift_is_the_newsvendors_fractile_of_scaled_errors() -> None:
    money = Money("USD", over=-1.0, under=-4.0)  # 80 % of the errors lie below the shift
    scale = np.tile([1.0, 10.0], 50)
    y = np.repeat(np.arange(1.0, 51.0), 2) * scale
    facts = amounts.learn(scaled(np.zeros(100), scale), y, money, 0.9)
    assert facts["shift"] == 40.0
    got = amounts.apply(facts, scaled(np.array([7.0]), np.array([10.0])))
    assert got["value"].to_pylist() == [407.0] and got["high"].to_pylist()[0] >= 407.0


def test_money_of_amounts_by_hand() -> None:
    money = Money("CNY", over=-1.0, under=-4.0)
    decided = answers.make("number", value=[12.0, 9.0, 10.0])
    plain = answers.make("number", value=[10.0, 10.0, 10.0])
    got = {m.name: m.value for m in amounts.value(decided, plain, np.full(3, 10.0), money, np.random.default_rng(0))}
    assert got["per_case"] == pytest.approx((-2 - 4) / 3) and got["as_forecast"] == got["perfect"] == 0
    assert got["per_case.low"] <= got["per_case"] <= got["per_case.high"]


def test_rows_of_a_series_are_drawn_together() -> None:
    # 20 series whose 50 errors are all alike: the interval is that of 20 draws, not of 1000
    error = np.random.default_rng(1).exponential(size=20).repeat(50)
    money = Money("USD", over=-1.0, under=-1.0)
    made = answers.make("number", value=error)

    def width(cluster: np.ndarray | None) -> float:
        rng = np.random.default_rng(2)
        got = amounts.value(made, made, np.zeros(1000), money, rng, cluster=cluster)
        return got[2].value - got[1].value

    assert width(np.arange(20).repeat(50)) / width(None) == pytest.approx(50**0.5, rel=0.25)


def test_what_was_never_below_zero_is_not_said_to_come_to_less() -> None:
    plain = answers.make("number", value=[5.0, 1.0, -3.0])
    sales = amounts.learn(answers.make("number", value=np.full(20, 4.0)), np.arange(20.0), None, 0.9)
    assert amounts.apply(sales, plain)["low"].to_pylist()[:2] == [0.0, 0.0]
    assert amounts.apply(sales, plain)["low"][2].as_py() < -3  # a model that says so itself is believed
    degrees = amounts.learn(answers.make("number", value=np.full(20, 4.0)), np.arange(20.0) - 1, None, 0.9)
    assert amounts.apply(degrees, plain)["low"][1].as_py() < 0
