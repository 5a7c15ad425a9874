"""Profit: the published examples, to the digits that they are printed with."""

import numpy as np
import pytest

from mintmark.base.errors import DataError
from mintmark.numerics import profit

Y = np.array([0, 1, 0, 1, 0, 1, 0, 1])
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])


def test_savings_of_the_toy() -> None:
    missed = np.array([0, 100, 0, 50, 0, 80, 0, 20.0])
    made = profit.savings(Y, np.array([0, 0, 0, 1, 1, 1, 0, 1]), 10.0, missed)
    assert made == {"cost": 140, "savings": pytest.approx(-0.75)}


def test_expected_maximum_profit() -> None:
    assert profit.emp_churn(Y, SCORE)["emp"] == pytest.approx(23.875593, abs=1e-6)
    assert profit.emp_credit(Y, SCORE)["emp"] == pytest.approx(0.097470, abs=1e-6)


def test_h_measure_of_its_authors_example() -> None:
    y = np.array([1, 1, 0, 1, 1, 0, 1, 1, 1, 0])
    score = np.array([
        0.84901876, 0.10282827, 0.43752488, 0.46004468, 0.90878931, 0.79177719, 0.5297229, 0.13803906, 0.73166264,
        0.22959056,
    ])  # fmt: skip
    assert profit.h_measure(y, score)["h"] == pytest.approx(0.188895963, abs=1e-8)
    assert profit.h_measure(y, score, severity_ratio=0.7)["h"] == pytest.approx(0.135026168, abs=1e-8)


def test_a_perfect_score_and_one_of_ties() -> None:
    assert profit.h_measure(Y, Y)["h"] == pytest.approx(1)
    assert profit.h_measure(Y, np.zeros(8))["h"] == pytest.approx(0)
    with pytest.raises(DataError):
        profit.emp_churn(np.ones(4), np.arange(4))
