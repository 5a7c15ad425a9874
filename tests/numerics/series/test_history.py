"""The regular grid, and histories that share rows."""

import numpy as np
import pytest

from mintmark.numerics.series.history import Twice, histories, regular


def test_gaps_lie_on_the_line() -> None:
    values, end = regular(np.array([3, 4, 7]), np.array([1.0, 2.0, 8.0]), "mean")
    assert values.tolist() == [1, 2, 4, 6, 8] and end == 7


@pytest.mark.parametrize("twice, value", [("mean", 3.0), ("sum", 6.0), ("last", 4.0)])
def test_rows_of_one_step_are_one_value(twice: Twice, value: float) -> None:
    assert regular(np.array([1, 2, 2]), np.array([1.0, 2.0, 4.0]), twice)[0].tolist() == [1, value]


def test_values_not_known_yet_are_no_part_of_it() -> None:
    values, end = regular(np.array([1, 2, 3]), np.array([1.0, 2.0, np.nan]), "mean")
    assert values.tolist() == [1, 2] and end == 2


def test_a_date_long_before_all_others_is_left_out() -> None:
    values, end = regular(np.array([0, 2_000_000_000, 2_000_000_001]), np.array([9.0, 1.0, 2.0]), "mean")
    assert values.tolist() == [1, 2] and end == 2_000_000_001


def test_questions_of_one_moment_share_a_history() -> None:
    y, at, none = np.arange(6.0), np.array([0, 1, 2, 0, 1, 3]), np.zeros((6, 0))
    found, block = histories(
        np.array([0, 0, 3, 3, 0]), np.array([2, 2, 6, 3, 3]), y, at, none, none, lambda i: f"q{i}", "mean", 4
    )
    assert [found[b].y.tolist() for b in block] == [[0, 1], [0, 1], [3, 4, 4.5, 5], [], [0, 1, 2]]
    assert len(found) == 4 and found[block[2]].end == 3 and found[block[0]].who == "q0"


def test_covariates_so_far() -> None:
    x = np.array([[1.0], [3.0], [np.nan]])
    (made,), _ = histories(
        np.array([0]), np.array([3]), np.arange(3.0), np.arange(3), x, 2 * x, lambda i: "", "mean", 4
    )
    assert made.mean is not None and made.last is not None and made.seen is not None
    assert made.mean.tolist() == [2] and made.last.tolist() == [3] and made.seen.tolist() == [2]


def test_what_is_known_ahead_is_held_against_the_newest_rows() -> None:
    """Those that the level is the mean of: else a promotion in them would be taken for the level."""
    x, none = np.array([[9.0], [1.0], [3.0]]), np.zeros((3, 0))
    (made,), _ = histories(np.array([0]), np.array([3]), np.arange(3.0), np.arange(3), x, none, lambda i: "", "mean", 2)
    assert made.mean is not None and made.mean.tolist() == [2]
