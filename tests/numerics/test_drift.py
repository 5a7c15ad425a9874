"""Drift against tables, closed forms and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm

from mintmark.numerics import drift


def test_psi_of_a_hand_worked_table() -> None:
    """Ten equal bins, as scores are watched: each term (a - e) ln(a / e), worked out to six digits."""
    expected = np.full(10, 0.10)
    actual = np.array([0.07, 0.08, 0.09, 0.09, 0.10, 0.10, 0.11, 0.11, 0.12, 0.13])
    terms = [0.010700, 0.004463, 0.001054, 0.001054, 0, 0, 0.000953, 0.000953, 0.003646, 0.007871]
    assert drift.psi(expected, actual) == pytest.approx(sum(terms), abs=1e-5)
    assert drift.psi(np.array([1, 1, 2]), np.array([20, 10, 10])) == pytest.approx(0.5 * np.log(2))  # counts, too
    assert drift.psi(expected, expected) == 0


@pytest.mark.parametrize(("mean", "deviation"), [(0.1, 1.0), (0.5, 1.0), (0.0, 1.5), (-1.0, 0.8)])
def test_psi_of_two_normals_is_jeffreys_divergence(mean: float, deviation: float) -> None:
    """KL(p, q) + KL(q, p) = (s^2 + 1 / s^2 + m^2 (1 + 1 / s^2)) / 2 - 1 for N(0, 1) and N(m, s)."""
    edges = np.concatenate([[-np.inf], np.linspace(-9, 9, 4001), [np.inf]])
    shares = [np.diff(norm.cdf(edges)), np.diff(norm.cdf(edges, mean, deviation))]
    s2 = deviation**2
    exact = (s2 + 1 / s2 + mean**2 * (1 + 1 / s2)) / 2 - 1
    assert drift.psi(*shares, least=1e-300) == pytest.approx(exact, rel=1e-3)
    assert drift.psi(*shares, least=1e-300) == pytest.approx(drift.psi(*shares[::-1], least=1e-300))


def test_an_empty_bin_is_far_and_not_infinitely_far() -> None:
    assert drift.psi(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == pytest.approx(
        0.5 * np.log(2) + 0.4999 * np.log(5e3)
    )
    assert np.isnan(drift.psi(np.array([1, 1]), np.array([0, 0])))


def test_chance_exceeds_its_level_as_often_as_it_says() -> None:
    rng, bins, n, m = np.random.default_rng(0), 10, 3000, 500
    share = np.full(bins, 1 / bins)
    drawn = [drift.psi(rng.multinomial(n, share), rng.multinomial(m, share)) for _ in range(4000)]
    for alpha in (0.1, 0.01):
        beyond = np.mean(np.array(drawn) > drift.psi_chance(alpha, bins, n, m))
        assert beyond == pytest.approx(alpha, rel=0.35)


@pytest.mark.parametrize(
    ("alpha", "c"),
    [(0.20, 1.073), (0.15, 1.138), (0.10, 1.224), (0.05, 1.358), (0.025, 1.480), (0.01, 1.628), (0.005, 1.731),
     (0.001, 1.949)],
)  # fmt: skip
def test_the_table_of_kolmogorov_and_smirnov(alpha: float, c: float) -> None:
    assert round(drift.ks_threshold(alpha), 3) == c
    assert drift.ks_chance(alpha, 200, 50) == pytest.approx(drift.ks_threshold(alpha) * np.sqrt(1 / 200 + 1 / 50))


def test_ks_is_scipys_with_an_edge_at_every_value_and_never_more() -> None:
    rng = np.random.default_rng(1)
    a, b = np.sort(rng.normal(0, 1, 400)), np.sort(rng.normal(0.4, 1.3, 250))
    wanted = ks_2samp(a, b).statistic
    fine = np.unique(np.concatenate([a, b]))
    assert drift.ks(drift.count(fine, a), drift.count(fine, b)) == pytest.approx(wanted)
    coarse = drift.edges(a)
    assert wanted - 0.02 <= drift.ks(drift.count(coarse, a), drift.count(coarse, b)) <= wanted + 1e-12


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 5.0]), min_size=1, max_size=400))
def test_bins_take_each_value_once_and_groups_have_all_bins(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    edges = drift.edges(ordered)
    counts = drift.count(edges, np.append(ordered, np.nan))
    assert len(edges) <= 100 and (np.diff(edges) > 0).all() and counts.sum() == len(values)
    for i, edge in enumerate(edges):
        assert counts[: i + 1].sum() == (ordered <= edge).sum()
    groups = drift.groups(counts)
    merged = np.add.reduceat(counts, groups)
    assert groups[0] == 0 and merged.sum() == len(values) and (merged > 0).sum() <= drift.GROUPS


def test_ten_groups_of_a_tenth_each() -> None:
    values = np.arange(1.0, 1001.0)
    counts = drift.count(drift.edges(values), values)
    assert np.add.reduceat(counts, drift.groups(counts)).tolist() == [100] * 10


@pytest.mark.parametrize("value", [4.0, 6.0])
def test_a_constant_tells_lower_and_higher_values_from_its_own(value: float) -> None:
    edges = drift.edges(np.full(50, 5.0))
    had, now = (drift.count(edges, np.full(50, v)) for v in (5.0, value))
    groups = drift.groups(had)
    assert drift.psi(np.add.reduceat(had, groups), np.add.reduceat(now, groups)) > 5 and drift.ks(had, now) == 1
