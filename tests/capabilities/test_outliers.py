"""Outliers: planted ones are left out of the fit, and hurt less then."""

import numpy as np
import pytest

from mintmark import capabilities
from mintmark.numerics import models
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx


def planted(n: int = 600) -> tuple[View, np.ndarray, np.ndarray]:
    """Ten rows of the first class lie far out on the other side."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 3)), np.arange(n) % 2
    x[:, 0] += 1.5 * y
    x[:20:2] = [60.0, 60.0, 60.0]
    return View(lambda: iter([Batch({"x": x}, {"classes": ["a", "b"]}, y=y, row=np.arange(n))])), x, y


@pytest.mark.parametrize("way", ["filter", "weigh"])
def test_planted_rows_are_found_and_hurt_less(way: str) -> None:
    view, x, y = planted()
    made = capabilities.changed([f"outliers:{way}"], view, Ctx(0))
    whole = made.whole()
    far = set(range(0, 20, 2))
    if way == "filter":
        assert not far & set(whole.row.tolist()) and len(whole) >= 580  # type: ignore[union-attr]
    else:
        assert (whole.weight[list(far)] == 0.2).all()  # type: ignore[index]
    settings, right = models.Settings(), np.setdiff1d(np.arange(600), list(far))

    def accuracy(of: View) -> float:
        state = models.fit("linear_svm", of, None, settings, Ctx(0))
        return float((models.predict(state, x[right]).argmax(1) == y[right]).mean())

    assert accuracy(made) >= accuracy(view)
    state = models.fit("logistic_regression", made, None, settings, Ctx(0))
    assert "unlike all others" in state.facts["training"]["notes"][0]
