"""Models of tables: each answers as its library does, one row as many, and finds what was planted."""

from typing import Any

import numpy as np
import pytest

from mintmark.base.state import State
from mintmark.numerics import models
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 5))
X[:, 4] = RNG.integers(0, 4, 600)
X[RNG.random((600, 5)) < 0.05] = np.nan
SIGNAL = 2 * np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1]) ** 2 + 2 * (X[:, 4] == 2)
KINDS: dict[str, tuple[Any, list[str]]] = {
    "two": ((SIGNAL + 0.5 * RNG.normal(size=600) > 1).astype(int), ["a", "b"]),
    "three": (np.digitize(SIGNAL, [0, 1.5]), ["a", "b", "c"]),
    "number": (SIGNAL + 0.1 * RNG.normal(size=600), []),
}
QUICK = models.Settings(n_estimators=40)


def fitted(name: str, kind: str, settings: models.Settings = QUICK, held: bool = True) -> tuple[State, Any, Any]:
    """The model, the rows as it wants them, and their answers; fitted on 400, validated on 100."""
    y, classes = KINDS[kind]
    trees = models.get(name).wants == "trees"
    x = X if trees else np.nan_to_num(X)
    facts = {"classes": classes, "categorical": [4] if trees else []}

    def view(a: int, b: int) -> View:
        return View(lambda: iter([Batch({"x": x[a:b]}, facts, y=y[a:b])]))

    return models.fit(name, view(0, 400), view(400, 500) if held else None, settings, Ctx(0)), x, y


def cases() -> list[tuple[str, str]]:
    found = [(n, "two") for n in models.names("classes")] + [(n, "number") for n in models.names("number")]
    return [*found, *((n, "three") for n in ("ebm", "xgboost", "kernel_svm", "linear_svm", "balanced_random_forest"))]


@pytest.mark.parametrize("name, kind", cases())
def test_a_model_learns_and_one_row_gets_what_it_gets_among_others(name: str, kind: str) -> None:
    state, x, y = fitted(name, kind)
    made = models.predict(state, x[500:])
    alone = np.concatenate([models.predict(state, x[i : i + 1]) for i in range(500, 520)])
    assert np.abs(alone - made[:20]).max() < 1e-9
    if kind == "number":
        linear = models.get(name).wants == "linear" and name != "kernel_svm"
        assert 1 - np.mean((made - y[500:]) ** 2) / np.var(y[500:]) > (0.4 if linear else 0.55)
    else:
        assert np.allclose(made.sum(1), 1) and (made >= 0).all()
        chance = np.bincount(y[500:]).max() / 100
        assert (made.argmax(1) == y[500:]).mean() > chance + 0.02


def test_ebm_answers_as_its_library() -> None:
    from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

    kept: list[Any] = []
    for kind, library in (("two", ExplainableBoostingClassifier), ("number", ExplainableBoostingRegressor)):
        right = library.fit

        def fit(self: Any, *args: Any, right: Any = right, **more: Any) -> Any:
            kept.append(self)
            return right(self, *args, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(library, "fit", fit)
            state, x, _ = fitted("ebm", kind)
        named = x.astype(object)
        named[:, 4] = [None if np.isnan(v) else str(int(v)) for v in x[:, 4]]
        theirs = kept[-1].predict_proba(named) if kind == "two" else kept[-1].predict(named)
        assert np.abs(models.predict(state, x) - theirs).max() < 1e-9
        unseen = x[:3].copy()
        unseen[:, 4] = 9
        named = unseen.astype(object)
        named[:, 4] = "9"
        theirs = kept[-1].predict_proba(named) if kind == "two" else kept[-1].predict(named)
        assert np.abs(models.predict(state, unseen) - theirs).max() < 1e-9


def test_a_kernel_svm_is_its_libraries() -> None:
    from sklearn.svm import SVR

    state, x, y = fitted("kernel_svm", "number")
    own, middle, scale = y[:400], y[:400].mean(), y[:400].std()
    theirs = SVR(C=1.0, gamma=1 / (5 * x[:400].var())).fit(x[:400], (own - middle) / scale).predict(x[500:])
    assert np.abs(models.predict(state, x[500:]) - (theirs * scale + middle)).max() < 1e-9


def test_weights_count_as_copies_do() -> None:
    y, classes = KINDS["two"]
    x, weight = np.nan_to_num(X), np.where(np.arange(600) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(600), weight.astype(int))
    facts = {"classes": classes, "categorical": []}
    a = models.fit("logistic_regression", View(lambda: iter([Batch({"x": x}, facts, y=y, weight=weight)])), None,
                   QUICK, Ctx(0))  # fmt: skip
    b = models.fit("logistic_regression", View(lambda: iter([Batch({"x": x[twice]}, facts, y=y[twice])])), None,
                   models.Settings(C=800 / 600 * 1.0), Ctx(0))  # fmt: skip
    assert np.abs(models.predict(a, x) - models.predict(b, x)).max() < 0.02


def test_a_tree_is_pruned_on_the_validation_rows() -> None:
    held, free = (
        fitted("decision_tree", "two", models.Settings(min_child_samples=1), held=h)[0] for h in (True, False)
    )
    assert held.facts["pruned"] > 0 and len(held.arrays["child"]) < len(free.arrays["child"]) / 2
    assert models.settle(QUICK, [held, held]).prune == held.facts["pruned"]


def test_undersampled_boosting_says_more_often_that_it_is_the_rare_class() -> None:
    y = (SIGNAL > np.quantile(SIGNAL, 0.95)).astype(int)
    facts = {"classes": ["a", "b"], "categorical": []}

    def mean(undersample: bool) -> float:
        settings = models.Settings(n_estimators=30, undersample=undersample)
        state = models.fit("lightgbm", View(lambda: iter([Batch({"x": X}, facts, y=y)])), None, settings, Ctx(0))
        return float(models.predict(state, X)[:, 1].mean())

    assert mean(True) > 2 * mean(False)


def test_one_class_alone_is_always_said() -> None:
    facts = {"classes": ["a", "b"], "categorical": []}
    batch = Batch({"x": X[:5]}, facts, y=np.array([1, 1, -1, 1, 1]))
    state = models.fit("ebm", View(lambda: iter([batch])), None, QUICK, Ctx(0))
    assert models.predict(state, X[:2]).tolist() == [[0, 1], [0, 1]]
