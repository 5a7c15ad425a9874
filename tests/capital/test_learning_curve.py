"""Learning curves: known ones are found again, and their interval holds what it says."""

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import learning

SIZES = np.array([100, 200, 400, 800, 1600, 3200, 6400])


@pytest.mark.parametrize(("a", "b", "c"), [(0.9, 0.3, 0.05), (2.0, 0.5, 0.1), (1.0, 0.07, 0.0), (30.0, 1.0, 0.01)])
def test_a_curve_without_noise(a: float, b: float, c: float) -> None:
    made = learning.learning_curve(sizes=SIZES, errors=a * SIZES**-b + c, at=1e5)
    assert set(made) == {"a", "b", "c", "error", "low", "high"}
    assert (made["a"], made["b"]) == (pytest.approx(a, rel=1e-3), pytest.approx(b, rel=1e-3))
    assert made["c"] == pytest.approx(c, abs=1e-4)
    true = a * 1e5**-b + c
    assert made["low"] == pytest.approx(true, rel=1e-3) == made["high"]


def test_one_place_or_several() -> None:
    errors = (2 * SIZES**-0.5 + 0.05) * np.exp(np.random.default_rng(5).normal(0, 0.02, len(SIZES)))
    several = learning.learning_curve(sizes=SIZES, errors=errors, at=[1000, 10_000, 1_000_000])
    for i, at in enumerate((1000, 10_000, 1_000_000)):
        one = learning.learning_curve(sizes=SIZES, errors=errors, at=at)
        assert (one["low"], one["error"], one["high"]) == tuple(several[k][i] for k in ("low", "error", "high"))
        assert 0 <= one["low"] < one["error"] < one["high"]
        assert one["error"] == pytest.approx(one["a"] * at ** -one["b"] + one["c"])
    widths = np.log(np.array(several["high"]) / np.array(several["low"]))
    assert widths[0] < widths[1] < widths[2]  # the farther away, the less is known


def test_the_interval_holds_the_curve_as_often_as_it_says() -> None:
    """Of 20 studies a 95 % interval misses one; more than 4 would come once in 380 times."""
    missed = 0
    true = 2 * 50_000**-0.5 + 0.05
    for seed in range(20):
        noise = np.exp(np.random.default_rng(seed).normal(0, 0.03, len(SIZES)))
        made = learning.learning_curve(sizes=SIZES, errors=(2 * SIZES**-0.5 + 0.05) * noise, at=50_000)
        missed += not made["low"] <= true <= made["high"]
    assert missed <= 4


def test_curves_that_are_wrong() -> None:
    with pytest.raises(DataError, match="there are 3 errors for 4 sizes|errors: "):
        learning.learning_curve(sizes=[1, 2, 3, 4, 5], errors=[4, 3, 2, 1], at=10)
    with pytest.raises(DataError, match="fewer than 3 different values"):
        learning.learning_curve(sizes=[1, 2, 1, 2], errors=[4, 3, 4, 3], at=10)
    with pytest.raises(DataError, match=r"learning_curve: at\[1\]: 1e\+20 is more than 1e\+09 times away"):
        learning.learning_curve(sizes=[1, 2, 3, 4], errors=[4, 3, 2.5, 2.2], at=[10, 1e20])
    with pytest.raises(DataError, match="do not fall"):
        learning.learning_curve(sizes=[1, 2, 3, 4], errors=[0.6, 0.7, 0.8, 0.85], at=10)
    with pytest.raises(RecipeError, match=r"learning_curve: errors\[3\]: must be greater than 0"):
        learning.learning_curve(sizes=[1, 2, 3, 4], errors=[0.6, 0.5, 0.4, 0], at=10)
    with pytest.raises(RecipeError, match="learning_curve: sizes"):
        learning.learning_curve(sizes=[1, 2, 3], errors=[3, 2, 1], at=10)
