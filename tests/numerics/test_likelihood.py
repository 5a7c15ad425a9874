"""The largest likelihood: closed forms, standard errors as theory has them, and data that say too little."""

import numpy as np
import pytest
from scipy.special import digamma, gammaln

from mintmark.base.errors import DataError
from mintmark.numerics import likelihood


def poisson(counts: np.ndarray) -> likelihood.Gain:
    """Up to a constant: sum of k log m - m."""
    return lambda p: (float(counts.sum() * np.log(p[0]) - len(counts) * p[0]), counts.sum() / p - len(counts))


def gamma(x: np.ndarray) -> likelihood.Gain:
    """Of shape and rate."""

    def gain(p: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = p
        n, logs, total = len(x), np.log(x).sum(), x.sum()
        value = n * (a * np.log(b) - gammaln(a)) + (a - 1) * logs - b * total
        return float(value), np.array([n * (np.log(b) - digamma(a)) + logs, n * a / b - total])

    return gain


def test_a_rate_and_its_error_in_closed_form() -> None:
    counts = np.array([3, 0, 4, 1, 2, 2, 7, 1])
    found = likelihood.largest(poisson(counts), [[0.01], [50.0]], "counts")
    assert found.values[0] == pytest.approx(2.5, rel=1e-9) and not found.open
    assert found.errors[0] == pytest.approx(1 / np.sqrt(20), rel=1e-5)  # of the logarithm: 1/sqrt(sum of counts)
    low, high = found.between()
    assert low[0] * high[0] == pytest.approx(2.5**2) and high[0] / 2.5 == pytest.approx(np.exp(1.959964 / np.sqrt(20)))
    assert found.log_likelihood == pytest.approx(20 * np.log(2.5) - 20)


def test_known_parameters_lie_in_their_intervals_as_often_as_is_said() -> None:
    """Of 60 studies, two parameters each, a 95 % interval misses 6; more than 14 would come once in 600 times."""
    missed = 0
    for seed in range(60):
        x = np.random.default_rng(seed).gamma(2.0, 1 / 3.0, 400)
        found = likelihood.largest(gamma(x), [[1.0, 1.0]], "x")
        low, high = found.between()
        missed += int(((low > [2.0, 3.0]) | (high < [2.0, 3.0])).sum())
    assert missed <= 14


def test_data_that_do_not_say_where_a_parameter_lies() -> None:
    nothing = likelihood.largest(poisson(np.zeros(5)), [[1.0]], "counts")  # the smaller the likelier
    assert nothing.open
    flat = likelihood.largest(lambda p: (-float(np.log(p[0]) ** 2), np.array([-2 * np.log(p[0]) / p[0], 0.0])),
                              [[2.0, 3.0]], "flat")  # fmt: skip
    assert flat.open and flat.values[0] == pytest.approx(1, abs=1e-6)


def test_figures_of_which_no_likelihood_can_be_made() -> None:
    with pytest.raises(DataError, match="counts: the likelihood of these figures cannot be worked out"):
        likelihood.largest(lambda p: (float("nan"), p), [[1.0]], "counts")
