"""Portfolios: allocations against closed forms and each other; curves with intervals; what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.base.record import Measured
from mintmark.capital import portfolio
from mintmark.capital.assumptions import parse
from mintmark.capital.methods.allocation import knapsack
from mintmark.capital.portfolio import rival
from mintmark.capital.portfolio.case import Case, case
from mintmark.capital.portfolio.curve import drawn
from mintmark.capital.portfolio.file import Portfolio
from mintmark.capital.portfolio.solve import best, concave

N = 2000
SIZES, ERRORS = [500, 1000, 2000, 4000, 8000], [2 * n**-0.4 + 0.05 for n in (500, 1000, 2000, 4000, 8000)]


def project(value: float = 1e5, **more: Any) -> dict[str, Any]:
    """Known in all: error = n^-0.5, a row costs 1, 100 rows are learnt from today."""
    return {"value": value, "rows": 100, "curve": {"a": 1.0, "b": 0.5, "c": 0.0}, "costs": {"data": 1.0}} | more


def file(budget: list[float], **projects: Any) -> dict[str, Any]:
    return {"kind": "allocate", "currency": "EUR", "plan": {"budget": budget}, "projects": projects}


def made(raw: dict[str, Any], samples: int = 10) -> Case:
    return case(parse(raw, Portfolio, "portfolio"), {}, samples, 0)


def test_two_known_curves_share_the_money_where_their_slopes_meet() -> None:
    """d/dn v n^-0.5 is the same for both: n_a/n_b = (v_a/v_b)^(2/3)."""
    spent = best(made(file([1000], a=project(8e4), b=project(2e4)))).spent[:, -1]
    assert spent.sum() == pytest.approx(1000)
    total = 1200  # rows in all
    share = 4 ** (2 / 3) / (1 + 4 ** (2 / 3))
    assert spent[0] + 100 == pytest.approx(share * total, rel=0.05)  # straight lines between levels
    net = made(file([1000], a=project(8e4), b=project(2e4)))
    rows = share * total
    truth = 8e4 * (0.1 - rows**-0.5) + 2e4 * (0.1 - (total - rows) ** -0.5) - 1000
    assert net.net(best(net).spent)[0] == pytest.approx(truth, rel=2e-3)
    assert concave(net).worth >= truth


def test_the_price_of_money_is_what_one_more_unit_brings() -> None:
    """v/2 n^-1.5 - 1 at the rows that all the money buys; nothing where money is left."""
    case_ = made(file([900], a=project(1e6)))
    assert concave(case_).prices[0] == pytest.approx(5e5 * 1000**-1.5 - 1, rel=0.15)
    rich = concave(made(file([1e6], a=project(1e4, most=5e4))))
    assert rich.prices[0] == pytest.approx(0, abs=1e-9)


def test_money_is_kept_where_it_brings_less_than_it_costs() -> None:
    """v/2 n^-1.5 = 1: n = (v/2)^(2/3)."""
    spent = best(made(file([5000], a=project(1e5)))).spent[0, -1]
    assert spent == pytest.approx(5e4 ** (2 / 3) - 100, rel=0.15)
    said = portfolio.allocate(file([5000], a=project(1e5)), samples=N)
    assert any("stay unspent" in n["said"] for n in said["notes"]) and said["prices"] == [pytest.approx(0, abs=1e-6)]


def test_whole_projects_are_a_knapsack() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(200, 900, 8).astype(float)
    values = rng.uniform(1e5, 4e5, 8)
    whole = {f"p{i}": project(v, minimum=w, most=w) for i, (v, w) in enumerate(zip(values, weights, strict=True))}
    case_ = made(file([1900.0], **whole))
    profits = [float(w.benefit[0, 0] - w.levels[0]) for w in case_.works]
    truth = knapsack(capacity=1900.0, profits=profits, weights=weights.tolist())
    answer = best(case_)
    assert answer.worth == pytest.approx(truth["optimum"], rel=1e-5)
    assert np.flatnonzero(answer.spent[:, -1]).tolist() == truth["chosen"]
    assert concave(case_).worth == pytest.approx(truth["lp_bound"], rel=0.2) and concave(case_).worth >= answer.worth


def test_needs_and_first_stages_and_what_must_be_done() -> None:
    needed = file([1000], base=project(1.0, minimum=400, most=400), top=project(5e5, needs=["base"]))
    spent = best(made(needed)).spent[:, -1]
    assert spent[0] == pytest.approx(400) and spent[1] == pytest.approx(600)
    spent = best(made(file([1000], base=project(1.0, minimum=400, most=400), top=project(5e5)))).spent[:, -1]
    assert spent[0] == 0
    musty = best(made(file([1000], a=project(1.0, minimum=300, must=True), b=project(5e5)))).spent[:, -1]
    assert musty[0] == pytest.approx(300, rel=1e-3)


def test_periods_keep_money_and_earlier_is_better() -> None:
    raw = file([300, 500], a=project(5e5, minimum=600))
    raw["plan"]["discount"] = 0.1
    spent = best(made(raw)).spent[0]
    assert spent[0] == 0 and spent[1] == pytest.approx(800)  # what is left of the first period waits
    free = file([300, 500], a=project(5e5))
    free["plan"]["discount"] = 0.1
    assert best(made(free)).spent[0] == pytest.approx([300, 800], rel=1e-6)
    prices = concave(made(free)).prices
    assert prices[0] >= prices[1] > 0


def test_no_way_is_worth_more_than_the_exact_one_and_it_than_the_bound() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        several = {f"p{i}": project(float(rng.uniform(5e4, 8e5)), minimum=float(rng.uniform(0, 600)))
                   for i in range(4)}  # fmt: skip
        several["p3"]["needs"] = ["p1"]
        case_ = made(file([700.0, 400.0, 600.0], **several))
        exact = float(case_.net(best(case_).spent).mean())
        slack = sum(w.gap() for w in case_.works)
        for way in (rival.equal(case_), rival.greedy(case_)):
            assert (way.sum(0) <= case_.budget + 1e-6).all() and (np.diff(way, axis=1) >= -1e-9).all()
            assert float(case_.net(way).mean()) <= exact + slack
        assert exact <= concave(case_).worth + 1e-6


def test_caution_takes_from_the_tail() -> None:
    safe = project(3e5)
    wild = project() | {"value": {"values": [0.0, 8e5], "probabilities": [0.5, 0.5]}}
    said = portfolio.allocate(file([2000], safe=safe, wild=wild), samples=N)
    bold, careful = said["risk"][0], said["risk"][-1]
    assert careful["cvar"] < bold["cvar"] and careful["mean"] <= bold["mean"] * 1.001
    assert careful["each"]["wild"] < bold["each"]["wild"]


def test_a_curve_is_found_again_and_two_points_leave_it_wide() -> None:
    rng = np.random.default_rng(0)
    far = np.full(4000, 64_000.0)
    truth = 2 * 64_000**-0.4 + 0.05

    def band(sizes: list[int], errors: list[float]) -> tuple[float, float]:
        low, high = np.quantile(drawn(sizes, errors, 4000, rng).at(far), (0.025, 0.975))
        return float(low), float(high)

    many, two = band(SIZES, ERRORS), band(SIZES[-2:], ERRORS[-2:])
    assert many[0] < truth < many[1] and two[0] < truth < two[1]
    assert two[1] - two[0] > 1.5 * (many[1] - many[0])


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        b, c = 0.3 * math.exp(0.8 * rng.standard_normal()), rng.uniform(0, 0.1)
        errors = (0.3 * (np.array(SIZES) / 2000) ** -b + c) * np.exp(0.03 * rng.standard_normal(5))
        low, high = np.quantile(drawn(SIZES, errors.tolist(), 1000, rng).at(np.full(1000, 32e3)), (0.025, 0.975))
        held += low <= 0.3 * 16**-b + c <= high
    assert held >= 51


def test_stopping_is_worth_something_where_the_first_stage_tells() -> None:
    curve = {"a": {"values": [0.1, 10.0]}, "b": 0.5, "c": 0.0}
    raw = file([2000], a=project(6000, curve=curve, minimum=300, most=2000, salvage=0.2))
    (stage,) = portfolio.allocate(raw, samples=N)["stages"]
    assert stage["rule"] in ("below", "above") and 0.3 < stage["stops"] < 0.7
    assert stage["staged"] > max(stage["commit"], stage["stop"])
    assert 0 < stage["information"] <= stage["perfect"] * 1.05 and stage["option"] > 0
    sure = file([2000], a=project(6e5, minimum=300))
    (stage,) = portfolio.allocate(sure, samples=N)["stages"]
    assert stage["rule"] == "always" and stage["option"] == pytest.approx(0)


def test_few_points_are_warned_of_and_the_study_is_whole() -> None:
    raw = file([3000, 1000], a=project(3e5, curve={"sizes": [500, 2000], "errors": [0.3, 0.2]}),
               b=project(3e5, curve={"sizes": SIZES, "errors": ERRORS}))  # fmt: skip
    said = portfolio.allocate(raw, samples=N)
    assert any("2 measurements only" in n["said"] for n in said["notes"])
    a, b = said["projects"]
    assert a["classical"] is None and b["classical"]["low"] <= b["classical"]["error"] <= b["classical"]["high"]
    assert all(p["low"] <= p["error"] <= p["high"] for p in b["curve"])
    worth = [f["worth"] for f in said["frontier"]]
    assert worth == sorted(worth) and said["measures"]["worth.exact"]["unit"] == "EUR"
    assert said == portfolio.allocate(raw, samples=N)
    assert "curve,a." in portfolio.csv(said)


def test_what_the_money_buys_adds_up() -> None:
    costs = {"once": 300.0, "data": 0.5, "compute": "0.2 USD", "staff": 0.3}
    raw = file([3000], a=project(3e5, costs=costs)) | {"fx": {"USD": {"rate": 0.5, "dated": "2026-10-01"}}}
    (a,) = portfolio.allocate(raw, samples=N)["projects"]
    assert sum(a["goes"].values()) == pytest.approx(a["spent"]) and a["goes"]["once"] == 300
    assert a["goes"]["data"] / a["goes"]["compute"] == pytest.approx(0.5 / 0.1)
    assert a["bought"] * 0.9 + 300 == pytest.approx(a["spent"]) and a["rows_then"] == a["rows"] + a["bought"]
    (none,) = portfolio.allocate(file([3000], a=project(1.0)), samples=N)["projects"]
    assert none["bought"] == 0 and not any(none["goes"].values())


def test_knowing_is_worth_what_it_would_change() -> None:
    """Nothing where all is known or nothing would pay; else what each draw's own best is above the one best of all."""
    sure, two = (made(file([900], a=project(v)), samples=20_000).works[0] for v in (1e5, {"low": 0, "high": 1e5}))
    assert sure.knowing() == pytest.approx(0, abs=1e-6)
    draws = two.value[:, None] * (0.1 - (100 + two.levels) ** -0.5) - two.levels
    each = np.maximum(draws.max(1), 0).mean() - max(draws.mean(0).max(), 0)
    assert two.knowing() == pytest.approx(each, rel=1e-9) and each > 0
    dear = made(file([900], a=project({"low": 0, "high": 100.0})), samples=2000).works[0]
    assert dear.knowing() == 0, "nothing that may be learnt would make it pay"


def test_what_measurements_will_show_is_wider_by_their_scatter() -> None:
    """Two measurements that scatter by 3 %: the spread of a known curve is theirs alone."""
    known = file([900], a=project(1e5))
    (way,) = [w for w in portfolio.allocate(known, samples=20_000)["ways"] if w["name"] == "exact"]
    assert way["p90"] - way["p10"] == pytest.approx(0, abs=1e-6)
    rows = 100 + way["spent"]
    sd = 0.03 * 1e5 * math.hypot(100**-0.5, rows**-0.5)
    assert way["measured"]["p90"] - way["measured"]["p10"] == pytest.approx(2 * 1.2816 * sd, rel=0.05)
    assert way["measured"]["p50"] == pytest.approx(way["mean"], abs=0.05 * sd)
    unspent = portfolio.allocate(file([900], a=project(1.0)), samples=N)["ways"][0]
    assert unspent["measured"]["p10"] == unspent["measured"]["p90"] == 0


def test_rungs_of_a_run_are_its_best_errors() -> None:
    trials = [
        {"name": "accuracy", "better": "up", "rows": 100, "value": 0.7, "measures": {"log_loss": 0.6}},
        {"name": "accuracy", "better": "up", "rows": 100, "value": 0.8, "measures": {"log_loss": 0.5}},
        {"name": "accuracy", "better": "up", "rows": 400, "value": 0.9, "measures": {"log_loss": 0.3}},
    ]
    measures = [Measured("valid.accuracy", 0.9, "1", better="up"), Measured("valid.log_loss", 0.3, "nats",
                                                                           better="down")]  # fmt: skip
    made_ = portfolio.rungs(trials, measures, "", "here")
    assert made_["sizes"] == [100, 400] and made_["errors"] == pytest.approx([0.2, 0.1])
    assert portfolio.rungs(trials, measures, "log_loss", "here")["errors"] == [0.5, 0.3]
    with pytest.raises(MintmarkError, match="log_loss"):
        portfolio.rungs(trials, measures, "log_los", "here")
    with pytest.raises(MintmarkError, match="no curve"):
        portfolio.rungs(trials[:2], measures, "", "here")


@pytest.mark.parametrize(
    "change, said",
    [
        ({"plan": {"budget": [0.0]}}, "no money"),
        ({"plan": {"budget": [10.0]}}, "pays for no first stage"),
        ({"plan": {"budget": [100.0], "budgets": 1}}, "budget"),
        ({"projects": {"a": project(needs=["b"]), "b": project(needs=["a"])}}, "needs another"),
        ({"projects": {"a": project(needs=["c"]), "b": project()}}, "no project is named"),
        ({"projects": {"a": project(minimum=600, must=True), "b": project(minimum=600, must=True)}}, "does not pay"),
        ({"projects": {"a": project(curve={"sizes": [1, 2], "errors": [0.2, 0.3]})}}, "do not fall"),
        ({"projects": {"a": project(curve={"sizes": [1, 2], "errors": [0.3, 0.2, 0.1]})}}, "3 errors for 2 sizes"),
        ({"projects": {"a": project(curve={"a": 1.0})}}, "needs a and b"),
        ({"projects": {"a": project(curve={"run": "r1"})}}, "r1"),
        ({"projects": {"a": project(costs={})}}, "costs nothing"),
        ({"projects": {"a": project(minimum=50, most=10)}}, "less than minimum"),
        ({"plan": {"budget": []}}, "portfolio: plan.budget: is empty"),
        ({"plan": {"budget": [1.0] * 13}}, "at most 12 entries, got 13"),
        ({"plan": {"budget": [1e16]}}, r"plan.budget\[0\]: must be at most"),
        ({"projects": {"a": project(curve={"sizes": [1, 1e300], "errors": [0.3, 0.2]})}}, "must be at most 1e"),
        ({"projects": {"a": project(1e15), "b": project()}}, "projects.a.value: .* nothing else would"),
    ],
)
def test_what_is_refused(change: dict[str, Any], said: str) -> None:
    raw = file([1000.0], a=project(minimum=20), b=project(minimum=20)) | change
    with pytest.raises(RecipeError, match=said):
        portfolio.allocate(raw, samples=N)


def test_what_must_be_done_costs_more_than_there_is() -> None:
    raw = file([1000.0], a=project(minimum=600, must=True, needs=["b"]), b=project(minimum=500))
    with pytest.raises(RecipeError, match=r"portfolio: plan.budget: 1000 does not pay .* a, .* cost 1100") as found:
        portfolio.allocate(raw, samples=N)
    assert "must = false" in found.value.fix


def test_more_money_never_brings_less() -> None:
    """Levels stay close together where the money is spent, however much there is."""
    worth = [best(made(file([money], a=project(1e6), b=project(3e5)))).worth for money in (1e4, 1e6, 1e9, 1e12, 1e15)]
    assert all(more >= less * 0.99 for less, more in zip(worth, worth[1:], strict=False)), worth


def test_an_allocation_that_was_not_proved_is_said() -> None:
    from mintmark.capital.portfolio.solve import Answer
    from mintmark.capital.portfolio.study import _unproved

    answer = Answer(np.zeros((1, 1)), 1.0, np.zeros(1), gap=0.02)
    assert [n.plain()["values"] for n in _unproved(answer)] == [{"share": "2 %"}]
    assert best(made(file([1000], a=project(8e4), b=project(2e4)))).gap == 0.0
