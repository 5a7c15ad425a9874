"""Decisions and what they earn, against closed forms."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from samples import drawn, rng, two

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.state import State
from mintmark.numerics import answers, calibrate, decide, payoff
from mintmark.recipe.schema import Payoff

Array = npt.NDArray[Any]
TWO = ["no", "yes"]


def validation(p: Array, y: Array, money: payoff.Money | None, columns: dict[str, Any] | None = None,
               hidden: dict[str, Any] | None = None, classes: list[str] = TWO) -> decide.Validation:  # fmt: skip
    """`hidden` columns are there when the money is counted, and not when the question is asked."""
    questions = pa.table({"x": np.zeros(len(y)), **(columns or {})})
    rows = pa.table({**dict(zip(questions.column_names, questions.columns, strict=True)), **(hidden or {})})
    made = answers.of_classes(p if p.ndim == 2 else two(p), classes)
    tensor = None if money is None else money.tensor(rows, classes)
    return decide.Validation(made, questions, y, classes, tensor, None, 0.1)


def decided(state: State, p: Array, questions: pa.Table | None = None, classes: list[str] = TWO) -> list[str]:
    asked = pa.table({"x": np.zeros(len(p))}) if questions is None else questions
    got = decide.apply(state, answers.of_classes(p if p.ndim == 2 else two(p), classes), asked)
    names: list[str] = got["decision"].to_pylist()
    return names


# --- prevalence -----------------------------------------------------------------------------------------------------


def test_prevalence_by_hand() -> None:
    # a test with sensitivity 0.9 and specificity 0.8, half of the sample ill: p(ill | +) = 0.9 / 1.1. At one in a
    # hundred Bayes' rule gives 0.9 * 0.01 / (0.9 * 0.01 + 0.2 * 0.99).
    shift = calibrate.shift(0.01, 0.5)
    state = State(facts={"by": "likeliest", "classes": TWO, "slope": 1.0, "bias": [0.0, 0.0], "shift": shift})
    made = decide.apply(state, answers.of_classes(two(np.array([0.9 / 1.1])), TWO), pa.table({"x": [0.0]}))
    assert answers.probability(made)[0][0, 1] == pytest.approx(0.009 / (0.009 + 0.198), rel=1e-12)


def test_task_measures_see_the_sample_and_decisions_the_true_prevalence() -> None:
    p, y = drawn(5000, a=2, b=2)
    money = payoff.parse(Payoff(true_positive=10, false_positive=-1, prevalence=0.05))
    seen = validation(p, y, money)
    state = decide.learn("classes", seen, money, rng())
    sample = answers.probability(decide.calibrated(state, seen.answers), TWO)[0][:, 1]
    true = answers.probability(decide.apply(state, seen.answers, seen.questions), TWO)[0][:, 1]
    assert sample.mean() == pytest.approx(y.mean(), rel=1e-2)
    weight, share = decide.at_prevalence(y, TWO, money, None)
    assert share == y.mean()
    assert np.average(y, weights=weight) == pytest.approx(0.05, rel=1e-12)
    assert np.average(true, weights=weight) == pytest.approx(0.05, rel=0.05)
    assert decide.calibrated(state, seen.answers)["decision"].null_count == 5000


def test_prevalence_needs_two_classes() -> None:
    money = payoff.parse(Payoff(matrix={"a": {"a": 1}}, prevalence=0.1))
    p = np.full((3, 3), 1 / 3)
    with pytest.raises(RecipeError, match="two classes"):
        decide.learn("classes", validation(p, np.arange(3), money, classes=["a", "b", "c"]), money, rng())


# --- decisions ------------------------------------------------------------------------------------------------------


def test_bayes_threshold_is_elkans() -> None:
    # Elkan 2001: p* = (c10 - c00) / (c10 - c00 + c01 - c11); a biopsy of 1 against a missed cancer of 9: 0.1
    money = payoff.parse(Payoff(true_positive=-1, false_positive=-1, false_negative=-9))
    p, y = drawn(2000)
    state = decide.learn("classes", validation(p, y, money), money, rng())
    assert state.facts["by"] == "threshold"
    assert state.facts["bayes"] == pytest.approx(1 / 9)  # acting costs 1 either way; not acting 9 p
    plain = payoff.parse(Payoff(false_positive=-1, false_negative=-9))
    assert decide.learn("classes", validation(p, y, plain), plain, rng()).facts["bayes"] == pytest.approx(0.1)


def test_a_better_threshold_by_luck_is_not_believed() -> None:
    # true probabilities: no cut can be better than Bayes'. Between 1/51 and the lowest positive of 60 rows there are
    # negatives only, each of which seems to earn 1; a positive there would cost 50.
    money = payoff.parse(Payoff(false_positive=-1, false_negative=-50))
    kept, true = 0.0, drawn(20_000, 99)[0]
    for seed in range(20):
        p, y = drawn(60, seed)
        state = decide.learn("classes", validation(p, y, money), money, rng())
        kept += state.facts["threshold"] == state.facts["bayes"]
    assert kept >= 18
    lost = np.where(np.array(decided(state, true)) == "yes", 1 - true, 50 * true).mean()
    assert lost < 1.1 * np.minimum(1 - true, 50 * true).mean()


def test_a_clearly_better_threshold_is_taken() -> None:
    # a score that is right in rank but so bent that no slope and bias make it true: 1 up to 0.5, then 50 % above
    made = rng(5)
    score = made.random(4000)
    y = (made.random(4000) < np.where(score < 0.5, 0.0, np.where(score < 0.9, 0.3, 0.6))).astype(np.int64)
    money = payoff.parse(Payoff(true_positive=1, false_positive=-1))  # act above one half: from 0.9 on
    state = decide.learn("classes", validation(score, y, money), money, rng())
    acted = np.array(decided(state, score)) == "yes"
    assert (acted == (score > 0.9)).mean() > 0.97


def test_a_payment_of_2_passes_and_one_of_500_is_stopped_at_the_same_risk() -> None:
    money = payoff.parse(Payoff(true_positive="Amount - 5", false_positive=-5, false_negative="-Amount"))
    p, y = drawn(3000)
    amount = rng(1).choice([2.0, 50.0, 500.0], 3000)
    state = decide.learn("classes", validation(p, y, money, {"Amount": amount}), money, rng())
    assert state.facts["by"] == "row"
    asked = pa.table({"x": [0.0, 0.0], "Amount": [2.0, 500.0]})
    assert decided(state, np.array([0.2, 0.2]), asked) == ["no", "yes"]
    # acting is worth it from 2 p Amount > 5 on: p = 0.05 at 50
    near = pa.table({"x": [0.0, 0.0], "Amount": [50.0, 50.0]})
    assert decided(state, np.array([0.03, 0.08]), near) == ["no", "yes"]


def test_a_row_without_its_amount_is_decided_on_the_mean() -> None:
    money = payoff.parse(Payoff(true_positive="Amount - 5", false_positive=-5, false_negative="-Amount"))
    p, y = drawn(3000)
    amount = np.where(y == 1, 50.0, 1000.0)  # what a missed fraud costs is the mean of frauds: 50
    state = decide.learn("classes", validation(p, y, money, {"Amount": amount}), money, rng())
    asked = pa.table({"x": [0.0] * 3, "Amount": pa.array([None, None, 1000.0], pa.float64())})
    assert decided(state, np.array([0.03, 0.08, 0.03]), asked) == ["no", "yes", "yes"]


def test_money_known_only_later_gets_one_threshold() -> None:
    money = payoff.parse(Payoff(true_positive="loss - 5", false_positive=-5))
    p, y = drawn(4000)
    loss = rng(2).exponential(50, 4000)
    state = decide.learn("classes", validation(p, y, money, hidden={"loss": loss}), money, rng())
    assert state.facts["by"] == "threshold" and "money" not in state.facts
    assert state.facts["bayes"] == pytest.approx(5 / loss[y == 1].mean())  # p loss > 5
    threshold = state.facts["threshold"]
    assert decided(state, np.array([0.01, 0.9])) == ["no", "yes"] and 0.05 < threshold < 0.2


def test_more_actions_than_two() -> None:
    matrix = {"pass": {"bad": -100.0}, "review": {"good": -10.0, "bad": -10.0}, "stop": {"good": -50.0}}
    money = payoff.parse(Payoff(matrix=matrix))  # type: ignore[arg-type]
    p, y = drawn(5000, a=1, b=1)
    classes = ["good", "bad"]
    state = decide.learn("classes", validation(p, y, money, classes=classes), money, rng())
    # pass costs 100 p, review 10, stop 50 (1 - p): review between 0.1 and 0.8
    asked = two(np.array([0.02, 0.3, 0.7, 0.95]))
    assert decided(state, asked, classes=classes) == ["pass", "review", "review", "stop"]


def test_ties_go_to_the_first_action_and_no_money_to_the_likeliest() -> None:
    money = payoff.parse(Payoff(matrix={"wait": {"yes": 1}, "go": {"yes": 1}, "run": {"yes": 1}}))
    p, y = drawn(200)
    state = decide.learn("classes", validation(p, y, money), money, rng())
    assert set(decided(state, p)) == {"wait"}
    plain = decide.learn("classes", validation(p, y, None), None, rng())
    assert decided(plain, np.array([0.01, 0.99])) == ["no", "yes"]


def test_acting_that_always_or_never_pays() -> None:
    p, y = drawn(500)
    for spec, wanted in ((Payoff(true_positive=9, false_positive=1), "yes"),
                         (Payoff(true_positive=-1, false_positive=-9), "no")):  # fmt: skip
        money = payoff.parse(spec)
        state = decide.learn("classes", validation(p, y, money), money, rng())
        assert set(decided(state, p)) == {wanted}


@pytest.mark.parametrize("capacity", [0.01, 0.1, 0.25])
@pytest.mark.parametrize("columns", [["Amount"], []])
def test_capacity_is_kept_and_used_where_acting_gains_most(capacity: float, columns: list[str]) -> None:
    spec = Payoff(true_positive="Amount * 2" if columns else 100, false_positive=-1, capacity=capacity)
    money = payoff.parse(spec)
    p, y = drawn(2000)
    amount = {"Amount": rng(1).uniform(1, 500, 2000)}
    seen = validation(p, y, money, amount)
    state = decide.learn("classes", seen, money, rng())
    acted = np.array(decided(state, p, seen.questions)) == "yes"
    assert capacity - 1 / 2000 <= acted.mean() <= capacity
    calibrated = answers.probability(decide.calibrated(state, seen.answers), TWO)[0][:, 1]
    gain = calibrated * (amount["Amount"] * 2 + 1 if columns else 101) - 1
    assert gain[acted].min() > gain[~acted].max()


def test_capacity_with_ties_acts_on_fewer_not_on_more() -> None:
    money = payoff.parse(Payoff(true_positive=10, false_positive=-1, capacity=0.3))
    p = np.repeat([0.8, 0.5, 0.2], [20, 40, 40])
    y = np.concatenate([np.arange(20) < 16, np.arange(40) < 20, np.arange(40) < 8]).astype(np.int64)
    state = decide.learn("classes", validation(p, y, money), money, rng())
    assert (np.array(decided(state, p)) == "yes").mean() == 0.2


def test_capacity_with_more_actions() -> None:
    matrix = {"pass": {"yes": -100.0}, "review": {"no": -10.0, "yes": -10.0}, "stop": {"no": -50.0}}
    money = payoff.parse(Payoff(matrix=matrix, capacity=0.05))  # type: ignore[arg-type]
    p, y = drawn(1000)
    state = decide.learn("classes", validation(p, y, money), money, rng())
    acted = np.array(decided(state, p)) != "pass"
    assert acted.mean() == pytest.approx(0.05) and p[acted].min() > p[~acted].max()


def test_a_row_alone_is_decided_as_among_others_and_the_state_is_json() -> None:
    money = payoff.parse(Payoff(true_positive="Amount - 5", false_positive=-5, capacity=0.2, prevalence=0.1))
    p, y = drawn(300)
    amount = rng(1).uniform(1, 100, 300)
    seen = validation(p, y, money, {"Amount": amount})
    learnt = decide.learn("classes", seen, money, rng())
    state = State(facts=json.loads(json.dumps(learnt.facts, allow_nan=False)))
    together = decide.apply(state, seen.answers, seen.questions)
    for i in range(0, 300, 7):
        alone = decide.apply(state, seen.answers.slice(i, 1), seen.questions.slice(i, 1))
        assert alone["decision"].to_pylist() == together["decision"].slice(i, 1).to_pylist()
        mine, among = answers.probability(alone)[0], answers.probability(together.slice(i, 1))[0]
        assert mine == pytest.approx(among, rel=1e-12)


def test_validation_without_a_known_class_is_a_data_error() -> None:
    with pytest.raises(DataError, match="class that training saw"):
        decide.learn("classes", validation(np.array([0.5]), np.array([-1]), None), None, rng())


# --- numbers --------------------------------------------------------------------------------------------------------


def numbers(value: Array, y: Array) -> decide.Validation:
    made = answers.make("number", value=value)
    return decide.Validation(made, pa.table({"x": value}), y, [], None, None, 0.1)


def test_conformal_interval_covers_what_it_says() -> None:
    made = rng(6)
    value = made.normal(size=4000)
    y = value + made.standard_t(3, size=4000)
    state = decide.learn("number", numbers(value[:2000], y[:2000]), None, rng())
    got = decide.apply(state, answers.make("number", value=value[2000:]), pa.table({"x": value[2000:]}))
    inside = (got["low"].to_numpy() <= y[2000:]) & (y[2000:] <= got["high"].to_numpy())
    assert inside.mean() == pytest.approx(0.9, abs=3.5 * (2 * 0.09 / 2000) ** 0.5)
    assert got["level"].to_pylist()[0] == 0.9


def test_conformal_rank_is_that_of_a_finite_sample() -> None:
    # 99 errors 1..99: rank ceil(100 * 0.9) = 90
    state = decide.learn("number", numbers(np.zeros(99), np.arange(1.0, 100.0)), None, rng())
    assert state.facts["half_width"] == 90
    few = decide.learn("number", numbers(np.zeros(4), np.array([1.0, -2, 3, -4])), None, rng())
    assert few.facts["half_width"] == 4 and few.facts["level"] == pytest.approx(4 / 5)


def test_newsvendor_orders_the_critical_fractile() -> None:
    money = payoff.parse(Payoff(over=-1, under=-4))
    state = decide.learn("number", numbers(np.full(100, 50.0), 50 + np.arange(1.0, 101.0)), money, rng())
    got = decide.apply(state, answers.make("number", value=[10.0]), pa.table({"x": [0.0]})).to_pylist()[0]
    assert got["value"] == 10 + 80  # 4 / (4 + 1) of errors 1..100
    assert got["low"] == 0 and got["high"] == pytest.approx(10 + 91)  # none of these was ever below zero


def test_other_kinds_are_left_as_they_are() -> None:
    made = answers.make("text", text=["a"])
    seen = decide.Validation(made, pa.table({"x": [0]}), np.array(["a"], object), [], None, None, 0.1)
    state = decide.learn("text", seen, None, rng())
    assert state.facts == {"by": "none"} and decide.apply(state, made, pa.table({"x": [0]})) is made
    assert decide.calibrated(state, made) is made


# --- value ----------------------------------------------------------------------------------------------------------


def figures(decision: list[str], y: Array, spec: Payoff, rows: pa.Table, seed: int = 0, classes: list[str] = TWO,
            weight: Array | None = None) -> dict[str, float]:  # fmt: skip
    money = payoff.parse(spec)
    made = answers.of_classes(np.full((len(y), len(classes)), 1 / len(classes)), classes, decision)
    got = decide.value(money.tensor(rows, classes), made, y, classes, money, rng(seed), weight)
    assert {m.unit for m in got} == {money.currency, "1"}
    return {m.name: m.value for m in got}


def test_value_beside_what_needs_no_model_and_what_none_can_beat() -> None:
    spec = Payoff(currency="EUR", true_positive="Amount - 5", false_positive=-5, false_negative="-Amount")
    rows = pa.table({"Amount": [100.0, 10.0, 3.0, 50.0]})
    y = np.array([1, 0, 1, 0])
    got = figures(["yes", "yes", "no", "no"], y, spec, rows)
    assert got["per_case"] == (95 - 5 - 3 + 0) / 4
    assert got["do_nothing"] == (-100 - 3) / 4
    assert got["act_on_all"] == (95 - 5 - 2 - 5) / 4
    assert got["perfect"] == (95 + 0 - 2 + 0) / 4
    assert got["acted"] == 0.5
    assert got["per_case.low"] <= got["per_case"] <= got["per_case.high"]


def test_value_of_many_actions_and_of_an_unseen_class() -> None:
    spec = Payoff(matrix={"pass": {"bad": -8}, "review": {"good": -1, "bad": -1}, "stop": {"good": -4}})
    y = np.array([0, 0, 1, -1])
    rows = pa.table({"x": [0.0] * 4})
    got = figures(["pass", "review", "stop", "review"], y, spec, rows, classes=["good", "bad"])
    assert got["per_case"] == -0.25 and got["do_nothing"] == -2 and got["act_on_all"] == -0.75 and got["perfect"] == 0
    assert got["acted"] == 0.75


def test_value_at_the_true_prevalence() -> None:
    # half of the sample is positive, 1 in 100 in truth: 0.01 * 10 - 0.99 * 1 for acting on all
    spec = Payoff(true_positive=10, false_positive=-1, prevalence=0.01)
    y = np.arange(1000) % 2
    got = figures(["yes"] * 1000, y, spec, pa.table({"x": np.zeros(1000)}))
    assert got["per_case"] == pytest.approx(0.1 - 0.99) == pytest.approx(got["act_on_all"])
    assert got["perfect"] == pytest.approx(0.1) and got["acted"] == pytest.approx(1)
    # every positive earns the same, so does every negative, and their shares are known: nothing is uncertain
    assert got["per_case.high"] - got["per_case.low"] == pytest.approx(0, abs=1e-12)


def test_weights_in_value_count_as_repeated_rows() -> None:
    spec = Payoff(true_positive="x", false_positive=-1)
    x, y = np.arange(1.0, 61.0), (np.arange(60) % 3 == 0).astype(np.int64)
    weight = np.where(np.arange(60) < 20, 3.0, 1.0)
    got = figures(["yes"] * 60, y, spec, pa.table({"x": x}), weight=weight)
    times = weight.astype(int)
    again = figures(["yes"] * 100, y.repeat(times), spec, pa.table({"x": x.repeat(times)}))
    assert got["per_case"] == pytest.approx(again["per_case"], rel=1e-12)
    assert got["act_on_all"] == pytest.approx(again["act_on_all"], rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_bootstrap_interval_covers_the_true_mean(weighted: bool) -> None:
    # 300 samples of 150 normal values: 0.95 within the binomial's bounds, of which the percentile method loses 0.005
    made, hits = rng(7), 0
    for seed in range(300):
        rows = pa.table({"money": made.normal(3, 10, 150)})
        weight = made.choice([0.5, 1.0, 2.0], 150) if weighted else None
        got = figures(["yes"] * 150, np.ones(150, np.int64), Payoff(true_positive="money"), rows, seed, weight=weight)
        hits += got["per_case.low"] <= 3 <= got["per_case.high"]
    assert 0.90 <= hits / 300 <= 0.985


def test_bootstrap_of_few_distinct_values_is_the_binomials() -> None:
    # 100 of 1000 earn 10: mean 1, standard error 10 * sqrt(0.1 * 0.9 / 1000)
    y = (np.arange(1000) < 100).astype(np.int64)
    got = figures(["yes"] * 1000, y, Payoff(true_positive=10), pa.table({"x": np.zeros(1000)}))
    half = 1.96 * 10 * (0.09 / 1000) ** 0.5
    assert got["per_case"] == pytest.approx(1)
    assert (got["per_case.high"] - got["per_case.low"]) / 2 == pytest.approx(half, rel=0.12)


def test_prevalence_interval_is_the_stratified_one() -> None:
    # 200 positives earn N(50, 20), 800 negatives cost 1, true share 0.05: half width 1.96 * 0.05 * 20 / sqrt(200)
    made = rng(8)
    y = (np.arange(1000) < 200).astype(np.int64)
    gain = made.normal(50, 20, 1000)
    spec = Payoff(true_positive="gain", false_positive=-1, prevalence=0.05)
    got = figures(["yes"] * 1000, y, spec, pa.table({"gain": gain}))
    assert got["per_case"] == pytest.approx(0.05 * gain[:200].mean() - 0.95)
    half = 1.96 * 0.05 * gain[:200].std() / 200**0.5
    assert (got["per_case.high"] - got["per_case.low"]) / 2 == pytest.approx(half, rel=0.12)


def test_the_same_seed_gives_the_same_interval() -> None:
    rows, y = pa.table({"m": rng(9).normal(size=300)}), np.ones(300, np.int64)
    spec = Payoff(true_positive="m")
    assert figures(["yes"] * 300, y, spec, rows, 1) == figures(["yes"] * 300, y, spec, rows, 1)
    assert figures(["yes"] * 300, y, spec, rows, 1) != figures(["yes"] * 300, y, spec, rows, 2)


def test_answers_without_a_decision_have_no_value() -> None:
    money = payoff.parse(Payoff(true_positive=1))
    rows = pa.table({"x": [0.0]})
    with pytest.raises(DataError, match="without a decision"):
        decide.value(
            money.tensor(rows, TWO), answers.of_classes(np.array([[0.5, 0.5]]), TWO), np.array([1]), TWO, money, rng()
        )
