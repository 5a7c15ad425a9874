"""Repeat buying, retention and spending: published figures, closed forms, and parameters found again."""

import numpy as np
import pytest

from mintmark.base.errors import DataError
from mintmark.numerics import customers

CDNOW = (0.243, 4.414, 0.793, 2.426)


def bought(rng: np.random.Generator, n: int, r: float, alpha: float, a: float, b: float, until: float) -> np.ndarray:
    """(n, 3): purchases after the first, time of the last of them, age; by the story of the model."""
    rows = np.zeros((n, 3))
    for i, (rate, leaving) in enumerate(zip(rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), strict=True)):
        t = last = 0.0
        count = 0
        while (t := t + rng.exponential(1 / rate)) < until:
            count, last = count + 1, t
            if rng.random() < leaving:
                break
        rows[i] = count, last, until
    return rows


# --- BG/NBD -----------------------------------------------------------------------------------------------------------


def test_expected_purchases_of_the_published_customer() -> None:
    made = customers.bg_nbd_expect(CDNOW, np.array([2.0]), np.array([30.43]), np.array([38.86]), 39.0)
    assert made[0] == pytest.approx(1.226, abs=0.0005)


def test_purchases_grow_with_time_and_stop_at_none() -> None:
    x, tx, t = np.array([0.0, 2, 300]), np.array([0.0, 30, 38]), np.full(3, 38.86)
    ahead = np.stack([customers.bg_nbd_expect(CDNOW, x, tx, t, h) for h in (0.0, 1, 10, 1000, 1e6)])
    assert ahead[0] == pytest.approx(0, abs=1e-12)
    assert (np.diff(ahead, axis=0) > 0).all() and np.isfinite(ahead).all()


@pytest.mark.parametrize("a", [1.0, 1 - 1e-7, 1 + 1e-7])
def test_the_pole_of_the_formula_is_crossed_smoothly(a: float) -> None:
    x, tx, t = np.array([3.0]), np.array([20.0]), np.array([30.0])
    near = [customers.bg_nbd_expect((0.5, 5, v, 2), x, tx, t, 20)[0] for v in (0.999, 1.001)]
    assert customers.bg_nbd_expect((0.5, 5, a, 2), x, tx, t, 20)[0] == pytest.approx(sum(near) / 2, rel=1e-4)


def test_who_never_came_back_has_not_left_and_who_bought_often_has() -> None:
    x, tx = np.array([0.0, 1, 20, 20]), np.array([0.0, 5, 5, 38])
    alive = customers.bg_nbd_alive(CDNOW, x, tx, np.full(4, 38.86))
    assert alive[0] == 1 and alive[2] < 1e-6 and alive[3] > 0.9 and 0 < alive[1] < 1


def test_what_is_expected_is_what_a_simulated_cohort_does() -> None:
    law = (0.8, 6.0, 0.9, 2.5)
    rng = np.random.default_rng(3)
    whole = bought(np.random.default_rng(3), 20_000, *law, until=80.0)
    first = bought(rng, 20_000, *law, until=40.0)
    made = customers.bg_nbd_expect(law, *first.T, 40.0).mean()
    assert made == pytest.approx(whole[:, 0].mean() - first[:, 0].mean(), rel=0.06)


def test_a_cohorts_parameters_are_found_again_within_their_errors() -> None:
    law = np.array([0.6, 5.0, 0.8, 2.4])
    found = customers.bg_nbd_fit(*bought(np.random.default_rng(0), 3000, *law, until=60.0).T)
    low, high = found.between(3.3)
    assert not found.open and ((low < law) & (law < high)).all()


def test_weights_stand_for_customers() -> None:
    rows = bought(np.random.default_rng(1), 400, 0.6, 5.0, 0.8, 2.4, until=60.0)
    twice = customers.bg_nbd_fit(*np.repeat(rows, 2, axis=0).T)
    weighed = customers.bg_nbd_fit(*rows.T, np.full(400, 2.0))
    assert weighed.values == pytest.approx(twice.values, rel=1e-6)
    assert weighed.log_likelihood == pytest.approx(twice.log_likelihood)


@pytest.mark.parametrize(
    "rows, said",
    [([[1.5, 1, 2]], "whole number"), ([[1, 3, 2]], "between 0 and the age"), ([[0, 1, 2]], "must be 0 where"),
     ([[1, 0, 2]], "above 0 where"), ([[0, 0, 2]], "nobody bought again")],
)  # fmt: skip
def test_impossible_histories_are_refused(rows: list[list[float]], said: str) -> None:
    with pytest.raises(DataError, match=said):
        customers.bg_nbd_fit(*np.array(rows, float).T, where="cohort")


# --- sBG and gamma-gamma ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "a", "b"),
    [
        ([63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1], 0.704, 1.182),
        ([86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1], 0.668, 3.806),
    ],
    ids=["regular", "high end"],
)
def test_retention_of_the_two_published_cohorts(shares: list[float], a: float, b: float) -> None:
    found = customers.sbg_fit(np.array(shares) / 100)
    assert found.values == pytest.approx([a, b], abs=0.0006)


def test_payments_still_expected_are_the_sum_of_those_who_stay() -> None:
    t = np.arange(2000)
    for renewed in (0, 4):
        stay = customers.sbg_survival(0.7, 1.2, t + renewed) / customers.sbg_survival(0.7, 1.2, np.array([renewed]))
        made = customers.sbg_lifetime(0.7, 1.2, 0.1, renewed)
        assert made == pytest.approx((stay / 1.1**t).sum(), rel=1e-6)


def test_spending_goes_from_the_customers_own_mean_to_the_cohorts() -> None:
    law = (6.25, 3.74, 15.44)
    made = customers.gamma_gamma_expect(law, np.array([0.0, 1, 1e9]), np.array([0.0, 80, 80]))
    assert made[0] == pytest.approx(6.25 * 15.44 / 2.74) and made[2] == pytest.approx(80, rel=1e-6)
    assert made[0] < made[1] < made[2]


def test_what_customers_spend_is_found_again() -> None:
    p, q, gamma = law = np.array([6.0, 4.0, 60.0])
    rng = np.random.default_rng(5)
    count = rng.integers(1, 12, 2500).astype(float)
    rate = rng.gamma(q, 1 / gamma, 2500)
    found = customers.gamma_gamma_fit(count, rng.gamma(p * count, 1 / (rate * count)))
    low, high = found.between(3.3)
    assert ((low < law) & (law < high)).all()
