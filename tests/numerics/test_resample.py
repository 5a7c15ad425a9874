"""Resampling: how many rows of each class there are then, and where made-up rows lie."""

import numpy as np
import pytest
from scipy import sparse

from mintmark.numerics import resample
from mintmark.numerics.batch import Batch

RNG = np.random.default_rng(0)


def batch(n: int = 300, rare: int = 20, categorical: bool = True) -> Batch:
    x = RNG.normal(size=(n, 4))
    x[:, 3] = RNG.integers(0, 3, n)
    y = np.zeros(n, int)
    y[:rare] = 1
    x[:rare, 0] += 5
    facts = {"categorical": [3] if categorical else []}
    return Batch({"x": x}, facts, y=y, weight=np.ones(n), row=np.arange(n), payoff=np.ones((n, 2, 2)))


def test_over_and_under_even_the_classes_out() -> None:
    over, under = resample.over(batch(rare=100), RNG), resample.under(batch(rare=20), RNG)
    assert np.bincount(over.y).tolist() == [200, 200] and len(over.payoff) == 400
    assert np.bincount(under.y).tolist() == [20, 20]
    assert len(np.unique(under.row)) == 40  # none twice


def test_a_table_grows_no_more_than_fourfold() -> None:
    b = batch(n=300, rare=2)
    y = np.concatenate([[1, 2, 3, 4, 5], np.zeros(295, int)])
    made = resample.over(Batch(b.arrays, b.facts, y=y), RNG)
    assert len(made) <= 4 * 300 and np.bincount(made.y)[1:].min() > 150


def test_made_up_rows_lie_between_two_rows_of_their_class() -> None:
    b = batch(n=300, rare=100)
    made = resample.smote(b, RNG, [3])
    new = made.arrays["x"][300:]
    assert np.bincount(made.y).tolist() == [200, 200] and (made.row[300:] == -1).all()
    rare = b.arrays["x"][:100]
    assert set(new[:, 3]) <= {0.0, 1.0, 2.0}  # a category is one of those that are there
    for point in new[:20]:
        a = rare[:, None, :3]
        line = rare[None, :, :3] - a
        t = ((point[:3] - a) * line).sum(2) / np.maximum((line**2).sum(2), 1e-12)
        away = np.abs(a + np.clip(t, 0, 1)[..., None] * line - point[:3]).max(2)
        assert away.min() < 1e-9


def test_what_is_missing_stays_missing_only_where_both_miss_it() -> None:
    b = batch(rare=30)
    b.arrays["x"][:30, 1] = np.nan
    b.arrays["x"][:15, 2] = np.nan
    new = resample.smote(b, RNG, [3]).arrays["x"][300:]
    assert np.isnan(new[:, 1]).all() and not np.isnan(new[:, 2]).all() and not np.isnan(new[:, 0]).any()


def test_one_row_alone_is_drawn_again_and_sparse_rows_stay_sparse() -> None:
    b = batch(rare=1)
    made = resample.smote(b, RNG, [3])
    assert (made.arrays["x"][300:, :3] == b.arrays["x"][0, :3]).all()
    sparse_batch = Batch({"x": sparse.csr_matrix(np.abs(batch().arrays["x"]))}, {}, y=batch().y)
    assert sparse.issparse(resample.smote(sparse_batch, RNG, []).arrays["x"])


def test_like_the_reference_without_categories() -> None:
    imblearn = pytest.importorskip("imblearn.over_sampling")
    b = batch(n=400, rare=120, categorical=False)
    theirs, y = imblearn.SMOTE(random_state=0).fit_resample(b.arrays["x"], b.y)
    ours = resample.smote(b, np.random.default_rng(0), [])
    assert np.bincount(ours.y).tolist() == np.bincount(y).tolist()
    a, c = ours.arrays["x"][400:], theirs[400:]
    assert np.abs(a.mean(0) - c.mean(0)).max() < 0.25 and np.abs(a.std(0) - c.std(0)).max() < 0.2
