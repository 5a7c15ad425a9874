"""Profit of scores, each measure by itself; figures as published, inputs refused where they cannot be."""

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import profit

Y, SCORE = [0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]


def test_expected_maximum_profit() -> None:
    churn = profit.emp_churn(y=Y, score=SCORE)
    assert churn["emp"] == pytest.approx(23.875593, abs=1e-6) and 0 < churn["fraction"] <= 1
    assert profit.emp_credit(y=Y, score=SCORE)["emp"] == pytest.approx(0.097470, abs=1e-6)
    assert profit.emp_churn(y=Y, score=SCORE, clv=400)["emp"] == pytest.approx(2 * churn["emp"])


def test_expected_maximum_profit_by_trying_all_thresholds() -> None:
    """The definition, over many gammas: at each the best threshold."""
    from scipy.stats import beta

    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 200)
    score = (0.4 * y + rng.random(200)).round(2)
    gamma = beta.ppf((np.arange(4000) + 0.5) / 4000, 6, 14)
    cuts = np.append(np.unique(score), 9)
    f1 = np.array([((score >= c) & (y == 1)).sum() / 200 for c in cuts])
    f0 = np.array([((score >= c) & (y == 0)).sum() / 200 for c in cuts])
    won = 200 * (gamma[:, None] * 0.95 - 0.005) * f1 - 200 * 0.055 * f0
    assert profit.emp_churn(y=y, score=score)["emp"] == pytest.approx(won.max(1).mean(), rel=1e-4)


def test_h_measure() -> None:
    y = [1, 1, 0, 1, 1, 0, 1, 1, 1, 0]
    s = [0.84901876, 0.10282827, 0.43752488, 0.46004468, 0.90878931, 0.79177719, 0.5297229, 0.13803906, 0.73166264,
         0.22959056]  # fmt: skip
    assert profit.h_measure(y=y, score=s)["h"] == pytest.approx(0.188895963, abs=1e-8)
    assert profit.h_measure(y=y, score=s, severity_ratio=0.7)["h"] == pytest.approx(0.135026168, abs=1e-8)
    assert profit.h_measure(y=np.array(y, bool), score=np.array(s)) == profit.h_measure(y=y, score=s)


def test_savings() -> None:
    said = [0, 0, 0, 1, 1, 1, 0, 1]
    lost = [0, 100, 0, 50, 0, 80, 0, 20]
    assert profit.savings(y=Y, predicted=said, cost_fp=10, cost_fn=lost) == {
        "cost": 140, "savings": pytest.approx(-0.75)}  # fmt: skip
    assert profit.savings(y=Y, predicted=Y, cost_fp=10, cost_fn=100) == {"cost": 40, "savings": pytest.approx(0.5)}


@pytest.mark.parametrize(
    "values, match",
    [
        ({"y": [0, 1, 2], "score": [1, 2, 3]}, r"y\[2\]: must be 0 or 1, got 2"),
        ({"y": [0, 1], "score": [1, 2, 3]}, "score: there are 3 of them for 2 rows"),
        ({"y": [1, 1], "score": [1, 2]}, "one class is absent"),
        ({"y": [], "score": []}, "y"),
    ],
)
def test_rows_that_cannot_be(values: dict[str, list[float]], match: str) -> None:
    for method in (profit.emp_churn, profit.emp_credit, profit.h_measure):
        with pytest.raises((DataError, RecipeError), match=match):
            method(**values)


def test_costs_and_chances_that_cannot_be() -> None:
    with pytest.raises(RecipeError, match="cannot add up to more than 1"):
        profit.emp_credit(y=Y, score=SCORE, p0=0.9, p1=0.2)
    with pytest.raises(RecipeError, match="emp_credit: p0"):
        profit.emp_credit(y=Y, score=SCORE, p0=-0.1)
    with pytest.raises(RecipeError, match="cost_fp"):
        profit.savings(y=Y, predicted=Y, cost_fp=-1, cost_fn=3)
    with pytest.raises(DataError, match="cost_fn: there are 2 of them for 8 rows"):
        profit.savings(y=Y, predicted=Y, cost_fp=1, cost_fn=[1, 2])
    with pytest.raises(DataError, match="nothing to save"):
        profit.savings(y=[0, 0], predicted=[0, 1], cost_fp=1, cost_fn=1)
