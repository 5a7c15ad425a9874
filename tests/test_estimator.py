"""Estimators as scikit-learn's users meet them: its own checks, pipelines, searches, frames as they come."""

import os
import pickle
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import mintmark as mm
from mintmark import tasks
from mintmark.base.errors import DataError, RecipeError

TASKS = ("tabular_classification", "tabular_regression")
QUICK = {"tabular_classification": "logistic_regression", "tabular_regression": "linear_regression"}
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "a row of weight 2 lies in one fold, two equal rows in two: "
    "calibration and early stopping learn from folds that are dealt at random",
}
"""checks of scikit-learn that our estimators cannot pass, and why"""
Array = np.ndarray[Any, np.dtype[Any]]


def quick(task: str, **settings: Any) -> Any:
    return mm.as_estimator(task, **{"model": QUICK[task]} | settings)


def payments(n: int = 400, seed: int = 0) -> tuple[pd.DataFrame, Array]:
    """A frame with texts, categories of two kinds, times, truths and gaps; what is fraud hangs on all but the times."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, n),
            "shop": rng.choice(["food", "travel", "games", None], n),
            "kind": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "postcode": pd.Categorical(rng.choice([101, 202, 303, 404], n)),
            "abroad": rng.random(n) < 0.3,
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, n), "D"),
        },
        index=np.arange(n) * 3 + 7,
    )
    logit = 0.05 * frame["amount"] + 3 * (frame["shop"] == "games") + 3 * (frame["postcode"] == 202) - 4
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "fraud", "ok")
    frame.loc[frame.index[rng.random(n) < 0.1], "amount"] = np.nan
    return frame, y


# scikit-learn's own checks


def checks(task: str, **settings: Any) -> list[Any]:
    """Each check with its estimator; one of our own parameters for those that it cannot pass."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(estimator_checks_generator(mm.as_estimator(task, **settings)))
    names = [c.func.__name__ if isinstance(c, partial) else c.__name__ for _, c in made]
    return [pytest.param(e, c, id=f"{task} {i} {n}") for i, ((e, c), n) in enumerate(zip(made, names, strict=True))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator, check", [c for t in TASKS for c in checks(t, model=QUICK[t])])
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    name = check.func.__name__
    if name not in EXPECTED:
        check(estimator)
        return
    with pytest.raises(AssertionError):
        check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", [{}, {"model": "extra_trees", "n_estimators": 10}], ids=["auto", "extra_trees"])
@pytest.mark.parametrize("task", TASKS)
def test_check_estimator_passes_but_for_the_listed_few(task: str, settings: dict[str, Any]) -> None:
    said = check_estimator(mm.as_estimator(task, **settings), expected_failed_checks=EXPECTED, on_fail="raise")
    assert len(said) > 50
    assert {c["check_name"] for c in said if c["status"] == "xfail"} <= set(EXPECTED)
    skipped = {c["check_name"] for c in said if c["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}, "only what needs another setting of the environment"


def test_what_we_list_as_not_passing_exists() -> None:
    names = {p.values[1].func.__name__ for p in checks(TASKS[0]) + checks(TASKS[1])}
    assert set(EXPECTED) <= names


def test_they_are_what_scikit_learn_takes_them_for() -> None:
    sorts, numbers = (mm.as_estimator(t) for t in TASKS)
    assert is_classifier(sorts) and is_regressor(numbers) and not is_classifier(numbers)
    assert isinstance(sorts, BaseEstimator) and "TabularClassifier" in repr(sorts) and sorts._repr_html_()
    assert repr(quick(TASKS[0])) == "TabularClassifier(model='logistic_regression')"
    assert "num_leaves" in type(sorts).__doc__


# parameters


def test_settings_are_parameters_with_the_tasks_own_defaults() -> None:
    for task in TASKS:
        config = tasks.get(task).config()
        params = mm.as_estimator(task).get_params()
        assert {n: v for n, v in params.items() if n not in ("columns", "payoff", "random_state")} == dict(config)
    made = mm.as_estimator(TASKS[0], num_leaves=7)
    copy = clone(made.set_params(learning_rate=0.1))
    assert (copy.num_leaves, copy.learning_rate) == (7, 0.1) and not hasattr(copy, "bundle_")


@pytest.mark.parametrize(
    "task, settings, word",
    [
        ("tabular_classification", {"num_leavs": 3}, "num_leaves"),
        ("tabular_classification", {"num_leaves": "many"}, "whole number"),
        ("tabular_classification", {"num_leaves": 1}, "at least 2"),
        ("tabular_classification", {"model": "lightgmb"}, "lightgbm"),
        ("tabular_classification", {"payoff": {"true_positiv": 3}}, "true_positive"),
        ("tabular_classification", {"columns": {"tim": "x0"}}, "time"),
        ("tabular_classification", {"columns": {"target": "x0"}}, "y is the target"),
        ("tabular_regression", {"random_state": -1}, "seed"),
        ("tabular_regression", {"positive": "a"}, "positive"),
        ("forecasting", {}, "tabular_classification"),
        ("text_generation", {}, "mm.run"),
        ("tabular_clasification", {}, "tabular_classification"),
    ],
)
def test_a_wrong_parameter_is_told_at_once(task: str, settings: dict[str, Any], word: str) -> None:
    with pytest.raises(RecipeError, match=word):
        mm.as_estimator(task, **settings)


def test_a_parameter_that_is_set_wrong_later_is_told_at_the_fit() -> None:
    X, y = make_classification(40, random_state=0)
    with pytest.raises(ValueError, match="num_leaves"):
        mm.as_estimator(TASKS[0]).set_params(num_leaves=1).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter"):
        mm.as_estimator(TASKS[0]).set_params(num_leavs=1)
    with pytest.raises(TypeError, match="num_leavs"):
        type(mm.as_estimator(TASKS[0]))(num_leavs=3)


def test_parameters_of_numpys_types_are_taken() -> None:
    X, y = make_classification(60, random_state=0)
    space = {"C": np.logspace(-2, 1, 4), "max_categories": np.arange(5, 9), "history": [np.int64(3)]}
    found = RandomizedSearchCV(quick(TASKS[0]), space, n_iter=2, cv=2, random_state=0, error_score="raise").fit(X, y)
    assert found.best_params_.keys() == space.keys()


# use


def test_all_rows_train_and_answers_are_good() -> None:
    """As good on real data as scikit-learn's own, at the same cross-validation."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    ours = cross_val_score(quick(TASKS[0]), X, y, cv=3, scoring="neg_log_loss").mean()
    theirs = cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, y, cv=3, scoring="neg_log_loss")
    assert ours > theirs.mean() - 0.02
    X, y = load_diabetes(return_X_y=True)
    assert cross_val_score(quick(TASKS[1]), X, y, cv=3).mean() > 0.4


def test_not_one_row_is_kept_back() -> None:
    """Trees that may learn every row by heart do so, of each that they have seen."""
    for n in (60, 6500):  # out of fold, and with one hold-out
        rng = np.random.default_rng(0)
        X, y = rng.permutation(n)[:, None] + 0.25, rng.permutation(n)
        made = mm.as_estimator("tabular_regression", model="extra_trees", min_child_samples=1, n_estimators=2).fit(X, y)
        np.testing.assert_allclose(made.predict(X), y)


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [9, 10, 11], [1.0, 2.0], ["", "x"], [-1, 1]])
def test_classes_come_back_as_they_went_in(labels: list[Any]) -> None:
    X, code = make_classification(120, n_classes=len(labels), n_informative=4, class_sep=3, random_state=0)
    y = np.array(labels)[code]
    made = quick(TASKS[0]).fit(X, y)
    assert made.classes_.tolist() == labels and made.classes_.dtype == y.dtype
    p = made.predict_proba(X)
    assert p.shape == (120, len(labels)) and np.allclose(p.sum(1), 1)
    assert made.predict(X).dtype == y.dtype and (made.predict(X) == made.classes_[p.argmax(1)]).all()
    assert made.score(X, y) > 0.8


def test_a_frame_with_texts_categories_and_gaps_needs_no_preparation() -> None:
    X, y = payments()
    auc = cross_val_score(mm.as_estimator(TASKS[0], model="lightgbm", n_estimators=60), X, y, cv=3, scoring="roc_auc")
    by_hand = make_pipeline(
        ColumnTransformer(
            [("words", OneHotEncoder(handle_unknown="ignore"), ["shop", "kind", "postcode"])],
            remainder=SimpleImputer(),
        ),
        LogisticRegression(max_iter=2000),
    )
    theirs = cross_val_score(by_hand, X.drop(columns="day"), y, cv=3, scoring="roc_auc")
    assert auc.mean() > theirs.mean() - 0.05 > 0.6


def test_what_is_unknown_when_it_predicts_is_answered() -> None:
    X, y = payments()
    made = quick(TASKS[0]).fit(X, y)
    strange = X.head(3).copy()
    strange["shop"], strange["amount"] = ["opera", None, "food"], [np.inf, np.nan, -1.0]
    assert np.isfinite(made.predict_proba(strange)).all()


def test_numbers_that_pandas_calls_categories_are_names() -> None:
    X, y = payments(600)
    frame = X[["postcode"]]
    by_name = quick(TASKS[0]).fit(frame, y)
    by_amount = quick(TASKS[0]).fit(frame.astype({"postcode": float}), y)
    p = by_name.predict_proba(frame)[:, 0]
    odd = frame["postcode"] == 202
    assert p[odd].min() > 2 * p[~odd].max(), "one in the middle stands out: no straight line can say that"
    assert np.ptp(by_amount.predict_proba(frame.astype(float))[:, 0]) < np.ptp(p)


def test_pandas_polars_arrow_and_numpy_are_one() -> None:
    X, y = payments()
    X = X.astype({"kind": str}).drop(columns="postcode")
    frames = [X, pl.from_pandas(X), pl.from_pandas(X).to_arrow()]
    said = [quick(TASKS[0]).fit(f, y).predict_proba(f) for f in frames]
    np.testing.assert_allclose(said[1], said[0])
    np.testing.assert_allclose(said[2], said[0])
    plain = X[["amount", "abroad"]].to_numpy(dtype=float)
    one, two = quick(TASKS[0]).fit(plain, y), quick(TASKS[0]).fit(plain.tolist(), pl.Series(y))
    np.testing.assert_array_equal(one.predict_proba(plain), two.predict_proba(plain))
    texts = X[["shop", "amount"]].to_numpy()
    assert texts.dtype == object and roc_auc_score(y, quick(TASKS[0]).fit(texts, y).predict_proba(texts)[:, 1]) > 0.6


def test_columns_may_have_any_name() -> None:
    X, y = payments()
    named = X.rename(columns={"amount": "target", "shop": "weight", "day": "time", "abroad": "id", "kind": "target_"})
    weight = np.ones(len(y))
    said = [quick(TASKS[0]).fit(f, y, sample_weight=weight).predict_proba(f) for f in (X, named)]
    np.testing.assert_allclose(said[0], said[1])
    numbered = X[["amount", "abroad"]].set_axis([0, 1], axis=1)
    assert quick(TASKS[0]).fit(numbered, y).predict(numbered).shape == (400,)


def test_another_frame_is_told_apart() -> None:
    X, y = payments()
    made = quick(TASKS[0]).fit(X, y)
    assert made.feature_names_in_.tolist() == list(X) and made.n_features_in_ == X.shape[1]
    for wrong in (X.drop(columns="shop"), X[X.columns[::-1]], X.assign(more=1)):
        with pytest.raises(ValueError, match="feature"):
            made.predict(wrong)
    with pytest.raises(ValueError, match="'lots' is not a number"):
        made.predict(X.head(2).assign(amount=["1", "lots"]))


@pytest.mark.parametrize("task", TASKS)
def test_a_pipeline_is_cross_validated(task: str) -> None:
    make = make_classification if task == TASKS[0] else make_regression
    X, y = make(150, random_state=0)
    X[::7, 0] = np.nan
    assert cross_val_score(make_pipeline(SimpleImputer(), StandardScaler(), quick(task)), X, y, cv=3).mean() > 0.8


def test_a_search_over_settings_finds_the_better_one() -> None:
    X, y = make_classification(200, n_informative=6, random_state=0)
    found = GridSearchCV(quick(TASKS[0]), {"C": [1e-4, 1.0]}, cv=3, scoring="neg_log_loss").fit(X, y)
    assert found.best_params_ == {"C": 1.0}
    assert found.best_estimator_.C == 1.0 and found.predict(X).shape == (200,)
    piped = GridSearchCV(make_pipeline(StandardScaler(), quick(TASKS[0])), {"tabularclassifier__C": [0.1, 1.0]}, cv=2)
    assert piped.fit(X, y).best_score_ > 0.7


def test_probabilities_are_calibrated_out_of_fold() -> None:
    """Labels of chance: who trusts the rows it was fitted on says them too boldly."""
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 30)), rng.integers(0, 2, 300)
    bold, ours = LogisticRegression(C=1e6, max_iter=5000), quick(TASKS[0], C=100.0)
    said = [cross_val_predict(e, X, y, cv=3, method="predict_proba") for e in (ours, bold)]
    assert log_loss(y, said[0]) < min(0.71, log_loss(y, said[1]) - 0.02)


def test_weights_count() -> None:
    X, y = payments()
    heavy = np.where(y == "fraud", 20.0, 1.0)
    share = [quick(TASKS[0]).fit(X, y, sample_weight=w).predict_proba(X)[:, 0].mean() for w in (None, heavy)]
    assert share[1] > share[0] + 0.2
    scores = cross_val_score(quick(TASKS[0]), X, y, cv=3, params={"sample_weight": heavy})
    assert np.isfinite(scores).all()


def test_a_row_of_weight_zero_is_no_row() -> None:
    X, y = payments()
    some = np.random.default_rng(1).random(len(y)) < 0.7
    weighted = quick(TASKS[0]).fit(X, y, sample_weight=some.astype(float))
    alone = quick(TASKS[0]).fit(X[some], y[some], sample_weight=np.ones(some.sum()))
    np.testing.assert_array_equal(weighted.predict_proba(X), alone.predict_proba(X))
    three = np.where(y == "fraud", "fraud", np.where(np.arange(len(y)) % 2, "ok", "z"))
    made = quick(TASKS[0]).fit(X, three, sample_weight=(three != "z").astype(float))
    assert made.classes_.tolist() == ["fraud", "ok", "z"] and (made.predict_proba(X)[:, 2] == 0).all()


@pytest.mark.parametrize(
    "weight", [[1.0], np.ones((400, 2)), np.full(400, -1.0), np.full(400, np.nan), np.zeros(400), ["heavy"] * 400]
)
def test_weights_that_are_none_are_told(weight: Any) -> None:
    X, y = payments()
    with pytest.raises(ValueError):
        quick(TASKS[0]).fit(X, y, sample_weight=weight)


def test_a_payoff_decides_for_money() -> None:
    X, y = payments(800)
    X["amount"] = X["amount"].fillna(20.0)
    payoff = {"true_positive": -5, "false_positive": -5, "false_negative": "-20 * amount"}
    dear = quick(TASKS[0], payoff=payoff, positive="fraud").fit(X, y)
    plain = quick(TASKS[0]).fit(X, y)
    np.testing.assert_allclose(dear.predict_proba(X), plain.predict_proba(X), atol=1e-6)

    def earned(decided: Array) -> float:
        lost = np.where((y == "fraud") & (decided == "ok"), 20 * X["amount"], 0).sum()
        return float(-5 * (decided == "fraud").sum() - lost)

    assert earned(dear.predict(X)) > earned(plain.predict(X))
    assert (
        set(dear.predict(X)) <= {"fraud", "ok"}
        and clone(dear).fit(X, y).predict(X).tolist() == dear.predict(X).tolist()
    )
    with pytest.raises(ValueError, match="is no class"):
        quick(TASKS[0], payoff={"matrix": {"wait": {"fraud": -1}, "ok": {"fraud": -9}}}).fit(X, y)


def test_over_and_under_move_the_number_and_its_interval_holds() -> None:
    X, y = make_regression(600, noise=20, random_state=0)
    plain, short = (
        quick(TASKS[1]).fit(X[:400], y[:400]),
        quick(TASKS[1], payoff={"over": -1, "under": -9}).fit(X[:400], y[:400]),
    )
    assert (short.predict(X) > plain.predict(X)).all()
    low, high = plain.predict_interval(X[400:]).T
    assert 0.8 < ((low <= y[400:]) & (y[400:] <= high)).mean() <= 0.99


def test_the_history_of_an_entity_is_known_where_its_column_is_named() -> None:
    source = tasks.get(TASKS[0]).example(np.random.default_rng(0)).table().to_pandas()
    X, y = source.drop(columns="target"), source["target"]
    columns = {"time": "time", "entity": "customer"}
    known = mm.as_estimator(TASKS[0], model="lightgbm", n_estimators=30, columns=columns).fit(X[:300], y[:300])
    assert known.bundle_.past.files, "earlier rows of each customer are kept"
    auc = roc_auc_score(y[300:] == "fraud", known.predict_proba(X[300:])[:, 0])
    assert auc > 0.8
    assert b"C05" not in known.bundle_.past.files["rows.arrow"], "under a pseudonym"


# what is learnt


@pytest.mark.parametrize("task", TASKS)
def test_a_fitted_one_goes_through_pickle_into_another_process(task: str, tmp_path: Path) -> None:
    make = make_classification if task == TASKS[0] else make_regression
    X, y = make(100, random_state=0)
    made = mm.as_estimator(task, n_estimators=20).fit(X, y)
    (tmp_path / "made").write_bytes(pickle.dumps(made))
    np.save(tmp_path / "x.npy", X)
    code = (
        f"import pickle, numpy as np; at = {str(tmp_path)!r}; made = pickle.load(open(at + '/made', 'rb'));"
        "np.save(at + '/said.npy', made.predict(np.load(at + '/x.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
    np.testing.assert_array_equal(np.load(tmp_path / "said.npy"), made.predict(X))


def test_what_was_fitted_decides_and_not_what_is_set_afterwards() -> None:
    X, y = payments()
    made = quick(TASKS[0]).fit(X, y)
    before = made.predict(X)
    made.set_params(payoff={"false_negative": -1000, "true_positive": -1}, model="lightgbm")
    assert (made.predict(X) == before).all()


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    X, y = make_classification(150, random_state=0)
    said = [mm.as_estimator(TASKS[0], model="extra_trees", n_estimators=4, random_state=s).fit(X, y).predict_proba(X)
            for s in (3, 3, 4)]  # fmt: skip
    assert (said[0] == said[1]).all() and (said[0] != said[2]).any()


def test_measures_of_the_folds_are_there() -> None:
    X, y = payments()
    made = quick(TASKS[0]).fit(X, y)
    assert 0.6 < made.measures_["roc_auc"] < 1 and made.measures_["log_loss"] < 0.7
    constant = quick(TASKS[0]).fit(X.assign(amount=X["amount"].where(X["amount"] < 50, np.inf)), y)
    assert any("infinite" in note for note in constant.notes_) and not any("copies" in n for n in constant.notes_)


# mistakes


def test_nothing_is_answered_before_a_fit() -> None:
    X, _ = payments(5)
    for task in TASKS:
        with pytest.raises(NotFittedError):
            mm.as_estimator(task).predict(X)


def test_data_that_do_not_fit_are_told_as_value_error_and_as_ours() -> None:
    X, y = payments()
    twice = pd.concat([X, X[["shop"]]], axis=1)
    for wrong, truth, word in (
        (X, y[:-1], "399 values for 400 rows"),
        (X.head(1), y[:1], "1 sample"),
        (X.head(0), y[:0], "sample"),
        (X, np.full(len(y), "ok"), "only the class"),
        (twice, y, "unique|more than once"),
        (X.assign(asked=1), y, "asked"),
        (X, None, "y to be passed"),
    ):
        with pytest.raises(ValueError, match=word):
            quick(TASKS[0]).fit(wrong, truth)
    with pytest.raises(DataError):
        quick(TASKS[0]).fit(X, np.full(len(y), "ok"))
    with pytest.raises(ValueError, match="Unknown label type"):
        quick(TASKS[0]).fit(X, np.random.default_rng(0).random(len(y)))
    with pytest.raises(ValueError):
        quick(TASKS[1]).fit(X, y)


def test_few_rows_are_enough() -> None:
    X, y = payments(8)
    y[:] = ["ok", "fraud"] * 4
    assert quick(TASKS[0]).fit(X, y).predict(X).shape == (8,)
    assert DummyClassifier().fit(X, y).score(X, y) == 0.5
    assert quick(TASKS[1]).fit(X[:3], [1.0, 2.0, 3.0]).predict(X[:3]).shape == (3,)


def test_importing_mintmark_imports_no_scikit_learn() -> None:
    code = (
        "import sys, mintmark as mm\nassert not {'sklearn', 'numpy'} & set(sys.modules)\n"
        "mm.as_estimator\nassert not {'sklearn', 'numpy'} & set(sys.modules)\n"
        "from mintmark.estimator import TabularClassifier, TabularRegressor\nassert 'sklearn' in sys.modules\n"
        "assert type(mm.as_estimator('tabular_regression')) is TabularRegressor"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
