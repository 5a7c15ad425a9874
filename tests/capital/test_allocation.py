"""Allocation: printed problems, brute force over all choices, and closed forms."""

import ctypes
import itertools
import math
import os

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.hush import hushed
from mintmark.capital.methods import allocation

P07 = (
    [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240],
    [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120],
)
BURKARDT = [
    (165, [92, 57, 49, 68, 60, 43, 67, 84, 87, 72], [23, 31, 29, 44, 53, 38, 63, 85, 89, 82], 309),
    (26, [24, 13, 23, 15, 16], [12, 7, 11, 8, 9], 51),
    (190, [50, 50, 64, 46, 50, 5], [56, 59, 80, 64, 75, 17], 150),
    (50, [70, 20, 39, 37, 7, 5, 10], [31, 10, 20, 19, 4, 3, 6], 107),
    (104, [350, 400, 450, 20, 70, 8, 5, 5], [25, 35, 45, 5, 25, 3, 2, 2], 900),
    (170, [442, 525, 511, 593, 546, 564, 617], [41, 50, 49, 59, 55, 57, 60], 1735),
    (750, *P07, 1458),
]


@pytest.mark.parametrize(("capacity", "profits", "weights", "best"), BURKARDT)
def test_knapsacks_of_burkardt(capacity: float, profits: list[float], weights: list[float], best: float) -> None:
    made = allocation.knapsack(capacity=capacity, profits=profits, weights=weights)
    assert made["optimum"] == best == sum(profits[i] for i in made["chosen"])
    assert sum(weights[i] for i in made["chosen"]) <= capacity
    assert made["greedy"] <= best <= made["lp_bound"]


def test_greedy_and_bound_of_two_knapsacks() -> None:
    second = allocation.knapsack(capacity=26, profits=[24, 13, 23, 15, 16], weights=[12, 7, 11, 8, 9])
    assert (second["greedy"], second["lp_bound"]) == (47, 52.625)
    seventh = allocation.knapsack(capacity=750, profits=P07[0], weights=P07[1])
    assert (seventh["greedy"], round(seventh["lp_bound"], 3)) == (1441, 1461.504)


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_is_better_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    profits, weights = rng.uniform(-1, 5, 9).round(3), rng.uniform(0, 3, 9).round(2)
    capacity = float(rng.uniform(1, 10).__round__(1))
    choices = np.array(list(itertools.product([0, 1], repeat=9)))
    fits = choices @ weights <= capacity * (1 + 1e-12)
    best = float((choices @ profits)[fits].max())
    made = allocation.knapsack(capacity=capacity, profits=profits, weights=weights)
    assert made["optimum"] == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_to_solve_agree(seed: int) -> None:
    """A table over all capacities where weights are whole, the solver where they have more digits than it takes."""
    rng = np.random.default_rng(seed)
    weights, profits = rng.integers(1, 400, 25), rng.uniform(1, 9, 25)
    whole = allocation.knapsack(capacity=2000, profits=profits, weights=weights)
    moved = allocation.knapsack(capacity=2000 + 25 / 3e9, profits=profits, weights=weights + 1 / 3e9)
    assert whole["optimum"] == pytest.approx(moved["optimum"]) and whole["optimum"] <= whole["lp_bound"]
    tenths = allocation.knapsack(capacity=200, profits=profits, weights=weights / 10)
    assert tenths["optimum"] == whole["optimum"]


def test_what_a_solver_prints_stays_off_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """HiGHS has lines of its own for some problems; a command may print one JSON object and nothing else."""
    c = ctypes.CDLL(None)
    with hushed():
        c.puts(b"a line of the solver")
        os.write(1, b"another\n")
    c.puts(b"ours")
    c.fflush(None)
    assert capfd.readouterr().out == "ours\n"


def test_knapsacks_at_their_edges() -> None:
    nothing = allocation.knapsack(capacity=1, profits=[5, 6], weights=[2, 3])
    assert nothing == {"optimum": 0.0, "chosen": [], "greedy": 0.0, "lp_bound": 0.0}
    free = allocation.knapsack(capacity=0, profits=[5, 6, -1], weights=[0, 1, 0])
    assert (free["optimum"], free["chosen"]) == (5, [0])
    decimals = allocation.knapsack(capacity=0.6, profits=[1, 1, 1], weights=[0.1, 0.2, 0.3])
    assert decimals["optimum"] == decimals["greedy"] == decimals["lp_bound"] == 3
    narrow = allocation.knapsack(capacity=0.3, profits=[1, 1, 5], weights=[0.1, 0.2, 0.30000001])
    assert narrow["chosen"] == [0, 1]  # the third is too heavy by less than the solver's tolerance
    large = allocation.knapsack(capacity=3e9, profits=[3e6, 5e6, 4e6], weights=[1e9, 2e9, 1.5e9])
    assert (large["optimum"], large["chosen"]) == (8e6, [0, 1])
    with pytest.raises(DataError, match="there are 1 weights for 2 profits"):
        allocation.knapsack(capacity=1, profits=[1, 2], weights=[1])
    with pytest.raises(RecipeError, match=r"knapsack: weights\[1\]: must be at least 0"):
        allocation.knapsack(capacity=1, profits=[1, 2], weights=[1, -1])
    with pytest.raises(RecipeError, match="knapsack: profits"):
        allocation.knapsack(capacity=1, profits=[], weights=[])


def test_hyperband_of_li_et_al_table_1() -> None:
    made = allocation.hyperband(max_resource=81, eta=3)["brackets"]
    assert [b["n0"] for b in made] == [81, 34, 15, 8, 5]
    assert [b["s"] for b in made] == [4, 3, 2, 1, 0]
    assert [b["n"] for b in made] == [[81, 27, 9, 3, 1], [34, 11, 3, 1], [15, 5, 1], [8, 2], [5]]
    assert [b["r"] for b in made] == [[1, 3, 9, 27, 81], [3, 9, 27, 81], [9, 27, 81], [27, 81], [81]]


def test_hyperband_at_powers_and_between_them() -> None:
    """The logarithm of 243 to the base 3 is 4.99... in floating point."""
    assert [b["n0"] for b in allocation.hyperband(max_resource=243, eta=3)["brackets"]] == [243, 98, 41, 18, 9, 6]
    assert len(allocation.hyperband(max_resource=1000, eta=10)["brackets"]) == 4
    assert len(allocation.hyperband(max_resource=242, eta=3)["brackets"]) == 5
    assert allocation.hyperband(max_resource=1)["brackets"] == [{"s": 0, "n0": 1, "r0": 1.0, "n": [1], "r": [1.0]}]
    sixteen = allocation.hyperband(max_resource=16, eta=4)["brackets"]
    assert [(b["n0"], b["r0"]) for b in sixteen] == [(16, 1), (6, 4), (3, 16)]
    with pytest.raises(RecipeError, match="hyperband: eta: must be greater than 1"):
        allocation.hyperband(max_resource=81, eta=1)


@pytest.mark.parametrize(
    ("a", "b", "discount", "index"),
    [
        (1, 1, 0.9, 0.7029), (2, 1, 0.9, 0.8001), (1, 2, 0.9, 0.5001), (3, 1, 0.9, 0.8452), (1, 3, 0.9, 0.3796),
        (2, 2, 0.9, 0.6346), (1, 1, 0.99, 0.8699), (1, 2, 0.99, 0.7005), (2, 1, 0.99, 0.9102),
    ],
)  # fmt: skip
def test_indices_of_gittins_tables(a: float, b: float, discount: float, index: float) -> None:
    assert allocation.gittins(a=a, b=b, discount=discount)["index"] == pytest.approx(index, abs=5.1e-5)


def test_the_index_lies_between_the_mean_and_one() -> None:
    for a, b in ((0.5, 0.5), (40, 60), (1.5, 7)):
        near, far = (allocation.gittins(a=a, b=b, discount=g)["index"] for g in (0.05, 0.95))
        assert a / (a + b) < near < far < 1
        # one look, then the better of both for ever, is worth nearly as much where the future counts for little
        m, up = a / (a + b), (a + 1) / (a + b + 1)
        look = m + 0.05 * m * (up - m) / (1 - 0.05 + 0.05 * m)
        assert look - 1e-7 < near < look + 1e-3
    sure = allocation.gittins(a=5000, b=5000, discount=0.9)["index"]
    assert sure == pytest.approx(0.5, abs=0.01)
    with pytest.raises(RecipeError, match=r"gittins: discount: 0.9999 would need"):
        allocation.gittins(a=1, b=1, discount=0.9999)


def test_unit_normal_loss() -> None:
    assert round(allocation.unit_normal_loss(z=0)["value"], 5) == 0.39894
    assert round(allocation.unit_normal_loss(z=-1)["value"], 5) == 0.08332
    assert round(allocation.unit_normal_loss(z=-2)["value"], 5) == 0.00849
    several = allocation.unit_normal_loss(z=[-1, 0, 1])["value"]
    assert several[2] - several[0] == pytest.approx(1)  # f(z) - f(-z) = z
    assert several[1] == pytest.approx(1 / math.sqrt(2 * math.pi))
    far = allocation.unit_normal_loss(z=-30)["value"]
    phi = math.exp(-450) / math.sqrt(2 * math.pi)
    assert far == pytest.approx(phi / 900 * (1 - 3 / 900 + 15 / 900**2), rel=1e-6)  # asymptotic series


def test_the_knowledge_gradient_is_the_mean_gain_of_a_look() -> None:
    means, sds, noise = np.array([1.0, 1.4, 0.2]), np.array([0.8, 0.1, 2.0]), 1.5
    made = allocation.knowledge_gradient(means, sds, noise)
    rng = np.random.default_rng(3)
    for i in range(3):
        moved = sds[i] ** 2 / math.hypot(sds[i], noise)
        after = np.maximum(means[i] + moved * rng.standard_normal(400_000), np.delete(means, i).max())
        assert made[i] == pytest.approx(after.mean() - means.max(), abs=4 * after.std() / math.sqrt(400_000))
    assert allocation.knowledge_gradient(means, np.array([0.0, 0.0, 0.0]), noise).tolist() == [0, 0, 0]
