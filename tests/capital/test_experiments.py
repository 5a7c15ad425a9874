"""Experiments: sizes and bounds as published, error rates as drawn, and CUPED on data whose effect is known."""

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods import experiments
from mintmark.capital.value.experiment import inflation


def test_users_of_a_test() -> None:
    """Kohavi 2009: a conversion of 5 %, and spending with mean 3.75 and deviation 30, both to change by 5 %."""
    assert experiments.ab_sample_size(rate=0.05, relative_effect=0.05)["users"] == 121_600
    assert experiments.ab_sample_size(mean=3.75, sd=30, relative_effect=0.05)["users"] == 409_600
    fewer = experiments.ab_sample_size(mean=3.75, sd=30, relative_effect=0.05, correlation=0.6)["users"]
    assert fewer == pytest.approx(409_600 * (1 - 0.36), abs=1)
    exact = experiments.ab_sample_size(rate=0.05, relative_effect=0.05, alpha=0.05, power=0.8)["users"]
    assert exact == pytest.approx(121_600 * 15.6978 / 16, rel=1e-4)


@pytest.mark.parametrize(
    "values, field",
    [
        ({"relative_effect": 0.1}, "rate"), ({"relative_effect": 0.1, "rate": 0.1, "sd": 2, "mean": 1}, "rate"),
        ({"relative_effect": 0, "rate": 0.1}, "relative_effect"), ({"relative_effect": 0.1, "sd": 2}, "mean"),
        ({"relative_effect": 0.1, "rate": 0.1, "mean": 0.1}, "mean"), ({"relative_effect": 0.1, "rate": 1.2}, "rate"),
    ],
)  # fmt: skip
def test_contradictory_sizes_are_refused(values: dict[str, float], field: str) -> None:
    with pytest.raises(RecipeError) as said:
        experiments.ab_sample_size(**values)
    assert said.value.where == f"ab_sample_size: {field}" and said.value.fix


@pytest.mark.parametrize(
    "looks, bound, alpha",
    [(2, 2.178, 0.05), (3, 2.289, 0.05), (4, 2.361, 0.05), (5, 2.413, 0.05), (10, 2.555, 0.05), (20, 2.672, 0.05),
     (2, 1.875, 0.1), (5, 2.122, 0.1)],
)  # fmt: skip
def test_pocock(looks: int, bound: float, alpha: float) -> None:
    made = experiments.group_sequential(looks=looks, alpha=alpha, kind="pocock")["bounds"]
    assert made == pytest.approx([bound] * looks, abs=0.0006)


@pytest.mark.parametrize("looks, last", [(2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)])
def test_obrien_fleming(looks: int, last: float) -> None:
    made = experiments.group_sequential(looks=looks, kind="obrien_fleming")["bounds"]
    assert made == pytest.approx([last * np.sqrt(looks / (k + 1)) for k in range(looks)], abs=0.003)
    assert made[-1] == pytest.approx(last, abs=0.0006)


def test_alpha_spent() -> None:
    """The published five looks of both spending functions."""
    obf = experiments.group_sequential(looks=5, kind="lan_demets_obf")["bounds"]
    assert obf == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.0006)
    pocock = experiments.group_sequential(looks=5, kind="lan_demets_pocock")["bounds"]
    assert pocock == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=0.0006)


def test_one_look_is_a_plain_test() -> None:
    for kind in ("pocock", "obrien_fleming", "lan_demets_obf", "lan_demets_pocock"):
        assert experiments.group_sequential(looks=1, kind=kind)["bounds"] == pytest.approx([1.959964], abs=1e-5)


def test_many_and_uneven_looks_keep_alpha() -> None:
    """The false alarms of drawn tests in which nothing changes."""
    at = np.array([0.1, 0.2, 0.5, 0.55, 0.9, 1.0])
    rng = np.random.default_rng(3)
    step = rng.normal(size=(200_000, len(at))) * np.sqrt(np.diff(np.append(0, at)))
    z = np.cumsum(step, axis=1) / np.sqrt(at)
    for kind in ("pocock", "obrien_fleming", "lan_demets_obf", "lan_demets_pocock"):
        bounds = experiments.group_sequential(looks=6, alpha=0.1, kind=kind, information=at)["bounds"]
        assert (np.abs(z) >= bounds).any(1).mean() == pytest.approx(0.1, abs=0.0025), kind
    many = np.array(experiments.group_sequential(looks=60, kind="lan_demets_obf")["bounds"])
    z = np.cumsum(rng.normal(size=(60_000, 60)), axis=1) / np.sqrt(np.arange(1, 61))
    assert (np.abs(z) >= many).any(1).mean() == pytest.approx(0.05, abs=0.003)
    assert 2.031 < many[-1] < many[30] < many[5], "more looks than five cost more; the last of endless ones is 2.2414"
    assert many[-1] < 2.2414


def test_looking_often_costs_users() -> None:
    """Jennison and Turnbull, tables 2.2 and 2.4: five looks, power 80 %: 1.229 (Pocock), 1.028 (O'Brien-Fleming)."""
    for kind, more in (("pocock", 1.229), ("obrien_fleming", 1.028)):
        bounds = np.array(experiments.group_sequential(looks=5, kind=kind)["bounds"])
        assert inflation(bounds, 0.05, 0.8) == pytest.approx(more, abs=0.0015)


def test_looks_that_cannot_be() -> None:
    with pytest.raises(RecipeError, match="information"):
        experiments.group_sequential(looks=3, information=[0.5, 0.4, 1.0])
    with pytest.raises(RecipeError, match="looks"):
        experiments.group_sequential(looks=0)
    with pytest.raises(RecipeError, match="kind"):
        experiments.group_sequential(looks=2, kind="pococks")


def test_cuped_takes_out_what_was_known_before() -> None:
    rng = np.random.default_rng(8)
    n, rho, effect = 40_000, 0.8, 0.05
    before = rng.normal(10, 2, 2 * n)
    after = 10 + rho * (before - 10) + rng.normal(0, 2 * np.sqrt(1 - rho**2), 2 * n)
    after[n:] += effect
    plain = experiments.cuped(after[:n], after[n:])
    made = experiments.cuped(after[:n], after[n:], before[:n], before[n:])
    assert made.share == pytest.approx(1 - rho**2, abs=0.01) and plain.share == pytest.approx(1)
    assert made.error == pytest.approx(plain.error * 0.6, rel=0.02)
    assert made.low < effect < made.high and made.high - made.low < plain.high - plain.low


def test_cuped_covers_the_truth() -> None:
    """The interval holds the true effect in about 95 of 100 studies."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(300):
        before = rng.gamma(2, 1, 400)
        after = before + rng.normal(0, 1, 400)
        after[200:] += 0.3
        made = experiments.cuped(after[:200], after[200:], before[:200], before[200:])
        held += made.low < 0.3 < made.high
    assert 0.91 <= held / 300 <= 0.985


def test_cuped_of_wrong_columns() -> None:
    with pytest.raises(DataError, match="2 values from before for 3 users"):
        experiments.cuped([1, 2, 3], [1, 2], [1, 2], [1, 2])
    with pytest.raises(DataError, match="both groups or of none"):
        experiments.cuped([1, 2, 3], [1, 2], [1, 2, 3])
    with pytest.raises(DataError, match="two finite numbers"):
        experiments.cuped([1.0], [1, 2])
