"""Which rows go where: nothing twice, nothing lost, nothing across a border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintmark.base.errors import DataError
from mintmark.data.split import DEV_PART, SMALL, TEST_PART, VALID_PART, Sealed, Split, cut


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def sound(made: Split, n: int) -> None:
    """Test and the rest are all rows; each fold has rows on both sides, none of them test."""
    assert np.array_equal(np.sort(np.concatenate([made.test, made.dev])), np.arange(n))
    for fit_on, held in made.folds:
        assert len(fit_on) and len(held) and not np.intersect1d(fit_on, held).size
        assert np.isin(np.concatenate([fit_on, held]), made.dev).all()


@given(n=st.integers(12, 400), k=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_by_class(n: int, k: int, seed: int) -> None:
    classes = np.random.default_rng(seed).integers(0, k, n)
    made = cut(n, rng(), classes=classes)
    sound(made, n)
    held = np.sort(np.concatenate([h for _, h in made.folds]))
    assert np.array_equal(held, made.dev), "out of fold, every row is answered once"
    for c in range(k):
        if (classes == c).sum() >= 10:
            assert abs((classes[made.test] == c).sum() - 0.2 * (classes == c).sum()) <= 1


def test_many_rows_have_one_hold_out() -> None:
    n = 2 * SMALL
    made = cut(n, rng(), classes=np.arange(n) % 2)
    sound(made, n)
    ((fit_on, held),) = made.folds
    assert len(held) == pytest.approx(0.16 * n, rel=0.02) and len(fit_on) == pytest.approx(0.64 * n, rel=0.02)


@given(st.lists(st.integers(0, 30), min_size=12, max_size=200).filter(lambda t: len(set(t)) > 2))
@settings(max_examples=60, deadline=None)
def test_by_time_goes_forward_and_keeps_moments_together(times: list[int]) -> None:
    asked = np.array(times, float)
    made = cut(len(times), rng(), asked=asked)
    sound(made, len(times))
    assert asked[made.dev].max() < asked[made.test].min()
    for fit_on, held in made.folds:
        assert asked[fit_on].max() < asked[held].min()


@given(st.lists(st.integers(0, 40), min_size=15, max_size=200).filter(lambda g: len(set(g)) > 3))
@settings(max_examples=60, deadline=None)
def test_groups_stay_whole(names: list[int]) -> None:
    groups = np.array(names)
    made = cut(len(names), rng(), groups=groups)
    sound(made, len(names))
    assert not np.intersect1d(groups[made.test], groups[made.dev]).size
    for fit_on, held in made.folds:
        assert not np.intersect1d(groups[fit_on], groups[held]).size


def test_given_files_rule() -> None:
    part = np.array([DEV_PART] * 60 + [VALID_PART] * 20 + [TEST_PART] * 20, np.int8)
    made = cut(100, rng(), part=part, classes=np.arange(100) % 2)
    assert np.array_equal(made.test, np.arange(80, 100)) and np.array_equal(made.folds[0][1], np.arange(60, 80))
    only_test = cut(100, rng(), part=np.where(part == VALID_PART, DEV_PART, part), classes=np.arange(100) % 2)
    assert np.array_equal(only_test.test, np.arange(80, 100)) and len(only_test.folds) == 5


def test_too_little_to_split_is_said() -> None:
    with pytest.raises(DataError, match="rows"):
        cut(1, rng())
    with pytest.raises(DataError, match="different times"):
        cut(20, rng(), asked=np.repeat([1.0, 2.0], 10))
    with pytest.raises(DataError, match="groups"):
        cut(20, rng(), groups=np.repeat([1, 2], 10))


def test_opening_is_counted() -> None:
    sealed = Sealed("x")
    assert sealed.opened == 0 and sealed.open() == "x" and sealed.opened == 1


def test_what_happens_after_a_part_is_asked_is_not_fitted_on() -> None:
    # two panels whose blocks of six steps begin at different moments: a block may reach into the part that follows
    asked = np.concatenate([np.repeat(np.arange(0.0, 60, 6), 6), np.repeat(np.arange(3.0, 63, 6), 6)])
    happens = np.concatenate([np.arange(60.0), np.arange(3.0, 63)])
    made = cut(120, rng(), asked=asked, happens=happens)
    assert happens[made.dev].max() < asked[made.test].min()
    assert len(made.dev) + len(made.test) == 120 - 3  # three steps of one block
    for fit_on, held in made.folds:
        assert happens[fit_on].max() < asked[held].min()


def test_shares_and_one_hold_out_for_few_rows() -> None:
    made = cut(100, rng(), asked=np.arange(100.0), test_share=0.1, valid_share=0.3, folds=False)
    ((fit_on, held),) = made.folds
    assert (len(made.test), len(held), len(fit_on)) == (10, 27, 63)
    ((fit_on, held),) = cut(100, rng(), test_share=0.5, valid_share=0.1, folds=False).folds
    assert (len(fit_on), len(held)) == (45, 5)
