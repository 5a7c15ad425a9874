"""Registers of risks: closed forms of what the draws must come to, limits at their rates, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.capital import register
from mintmark.capital.methods.control import cusum_arl, ewma_arl
from mintmark.capital.register import act
from mintmark.capital.register.indicator import OWN, WATCH
from mintmark.numerics import drift

N = 40_000


def file(**risks: Any) -> dict[str, Any]:
    """A register of these risks, each sure in its impact where it says no other."""
    base = {"kind": "technical", "event": "it breaks", "probability": 0.2, "impact": 1000}
    made = {name: {k: v for k, v in (base | r).items() if v is not None} for name, r in risks.items()}
    return {"kind": "risk", "currency": "EUR", "plan": {"months": 12, "cash": 5000, "spending": 100}, "risks": made}


def came(raw: dict[str, Any], **more: Any) -> dict[str, Any]:
    return register.risk(raw, samples=N, **more)


def test_one_sure_impact_is_a_bernoulli_draw() -> None:
    said = came(file(a={}))
    reserve = said["reserve"]
    assert abs(reserve["mean"] - 200) < 4 * reserve["mean_se"]
    assert reserve["mean_se"] == pytest.approx(1000 * math.sqrt(0.2 * 0.8 / N), rel=0.02)
    assert (reserve["p50"], reserve["p95"], reserve["cvar"]) == (0, 1000, 1000)
    assert said["risks"][0]["happens"]["probability"] == pytest.approx(0.2, abs=0.008)


@pytest.mark.parametrize("rho, both", [(0.0, 0.25), (0.5, 1 / 3), (1.0, 0.5), (-1.0, 0.0)])
def test_risks_come_together_as_the_copula_says(rho: float, both: float) -> None:
    """P(both), each being a coin: 1/4 + asin(rho) / 2 pi (Sheppard, 1899)."""
    raw = file(a={"probability": 0.5}, b={"probability": 0.5})
    said = came(raw | {"together": [{"between": ["a", "b"], "rho": rho}]})
    shares = np.array(said["histogram"]["share"])
    top = float(shares[-1]) if said["reserve"]["p95"] == 2000 else 0.0
    assert top == pytest.approx(both, abs=0.01)


def test_a_control_is_worth_what_it_takes_away_less_its_cost() -> None:
    controls = [
        {"name": "half as often", "probability_left": 0.5, "cost": 10, "per_month": 2},
        {"name": "there", "impact_left": 0.5, "in_place": True, "per_month": 1},
    ]
    said = came(file(a={"controls": controls}))
    by = {c["name"]: c for c in said["controls"]}
    planned, there = by["half as often"], by["there"]
    assert planned["cost"] == 34 and abs(planned["worth"] - (50 - 34)) < 4 * planned["worth_se"]
    assert there["cost"] == 12 and abs(there["worth"] - (100 - 12)) < 4 * there["worth_se"]
    assert said["reserve"]["p95"] == 500 and said["planned"]["cost"] == 34
    assert planned["decision"]["policy"]["start"] == "have" and planned["decision"]["evpi"] > 0


def test_ruin_is_when_the_cash_is_gone() -> None:
    raw = file(a={"impact": 4500, "probability": 0.5})
    said = came(raw)
    # 5000 - 100 a month: a loss of 4500 ruins only where the last money is spent from month 6 on, whenever it came
    assert said["ruin"]["probability"] == pytest.approx(0.5, abs=0.01)
    assert said["runway"]["p5"] == pytest.approx(6, abs=0.1) and said["fan"][12]["p95"] == pytest.approx(3800)
    safe = came(file(a={"impact": 1000}))
    assert safe["ruin"]["probability"] == 0 and safe["runway"]["p5"] is None


def test_money_of_another_currency_and_a_case() -> None:
    raw = file(a={"impact": None, "impact_per_case": "2 USD", "probability": 1.0})
    raw["plan"]["cases"] = 300
    raw["fx"] = {"USD": {"rate": 0.5, "dated": "2020-01-01"}}
    said = came(raw)
    assert said["reserve"]["mean"] == pytest.approx(300) and any("fx.USD" in n["said"] for n in said["notes"])


def test_limits_keep_their_stated_rates() -> None:
    base = {"mean": 0.0, "sd": 1.0, "one_in": 500, "shift": 1.0}
    said = came(file(
        c={"indicator": {"chart": "cusum", **base, "side": "both", "values": [0, 0, 5, 5]}},
        e={"indicator": {"chart": "ewma", **base, "side": "both", "values": [0.1, -0.1]}},
        p={"indicator": {"watch": "psi:x", "one_in": 50, "rows": 300, "reference_rows": 900}},
        s={"indicator": {"watch": "error_rate", "mean": 0.02, "rows": 1000, "one_in": 100}},
    ))  # fmt: skip
    c, e, p, s = (r["indicator"] for r in said["risks"])
    assert cusum_arl(k=c["k"], h=c["h"])["arl"] == pytest.approx(500, rel=1e-3)
    assert ewma_arl(lambda_=0.1, L=e["L"])["arl"] == pytest.approx(500, rel=1e-3)
    assert c["k"] == 0.5 and 5 < c["delay"] < 12 and c["seen"]["alarm"] == 4 and e["seen"]["alarm"] is None
    rng = np.random.default_rng(0)
    share = np.full(11, 1 / 11)
    seen = [
        drift.psi(rng.multinomial(900, share).astype(float), rng.multinomial(300, share).astype(float))
        for _ in range(2000)
    ]
    assert np.mean(np.array(seen) > p["above"]) <= 1 / 50
    assert np.mean(rng.binomial(1000, 0.02, 20_000) / 1000 > s["above"]) <= 1 / 100 / 20 * 1.5


def test_a_window_that_moves_on_raises_no_more_false_alarms_than_stated() -> None:
    """Windows of 200 rows, moved on by ten, against references of 900 rows from the same source."""
    indicator = {"watch": "psi:x", "one_in": 20, "rows": 200, "reference_rows": 900, "bins": 11}
    above = came(file(a={"indicator": indicator}))["risks"][0]["indicator"]["above"]
    rng, share, alarms, windows = np.random.default_rng(0), np.full(11, 1 / 11), 0, 0
    for _ in range(60):
        before = rng.multinomial(900, share).astype(float)
        run = np.cumsum(rng.multinomial(10, share, 20 * 11), axis=0)
        seen = (run[20:] - run[:-20]).astype(float)  # (200, 11): each place of the window
        over = np.array([drift.psi(before, counts) > above for counts in seen])
        alarms, windows = alarms + int(over.reshape(10, 20).any(1).sum()), windows + 10
    assert above > 0.1 and alarms / windows <= 1 / 20


def run(looks: float = 3, **figures: Any) -> register.Evidence | Any:
    from mintmark.base.record import Measured
    from mintmark.capital.register.evidence import Seen

    values = {"valid.accuracy": 0.95, "evaluate.accuracy": 0.9, "evaluate.looks": looks, "value.per_case": 2.0,
              "value.per_case.low": 1.02, "value.per_case.high": 2.98, "value.do_nothing": 0.0, **figures}  # fmt: skip
    unit = {n: "EUR" if n.startswith("value") else "1" for n in values}
    return Seen("r1", {n: Measured(n, v, unit[n]) for n, v in values.items()}, {"test": 400, "validated": 900},
                {"calibration": [{"bins": [{"said": 0.1, "seen": 0.3, "rows": 500}]}]})  # fmt: skip


def test_what_a_run_measured_becomes_a_probability() -> None:
    found = {e.signal: e for e in register.evidence([run()])}
    assert found["overfitting"].value == pytest.approx(1.0) and (found["overfitting"].probability or 0) > 0.95
    assert found["calibration"].probability == pytest.approx(1.0) and found["calibration"].value == pytest.approx(0.2)
    assert found["concentration"].value == pytest.approx(16, rel=1e-3)
    assert found["concentration"].probability == pytest.approx(0.02275, abs=1e-4)
    assert found["reuse"].probability == pytest.approx(1 - 0.95**2)
    raw = file(a={"probability": None, "signal": "reuse"})
    with pytest.raises(RecipeError, match="no run says"):
        came(raw)
    said = came(raw, measured=list(found.values()))
    assert said["risks"][0]["how"] == "measured" and said["risks"][0]["probability"] == pytest.approx(1 - 0.95**2)


def test_two_runs_show_drift() -> None:
    import dataclasses

    edges = list(range(1, 10))
    before = {"columns": {"x": {"min": 0, "max": 10, "deciles": {"edges": edges, "shares": [0.1] * 10}}}}
    after = {
        "columns": {"x": {"min": 5, "max": 15, "deciles": {"edges": [e + 5 for e in edges], "shares": [0.1] * 10}}}
    }
    old, new = dataclasses.replace(run(), profile=before), dataclasses.replace(run(), run="r2", profile=after)
    moved = next(e for e in register.evidence([old, new]) if e.signal == "drift")
    assert moved.value > 1 and moved.probability is None
    same = next(e for e in register.evidence([old, dataclasses.replace(old, run="r3")]) if e.signal == "drift")
    assert same.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "where", "what", "fix"),
    [
        ({"probability": 1.2}, "risks.a.probability", "between 0 and 1", ""),
        ({"probability": {"low": -0.1, "high": 0.2}}, "risks.a.probability", "between 0 and 1", ""),
        ({"probabilty": 0.1}, "risks.a.probabilty", "unknown", "did you mean 'probability'"),
        ({"impact": "5 USD"}, "", "USD", "[fx]"),
        ({"impact": -5}, "risks.a.impact", "0 or more", ""),
        ({"impact": None}, "risks.a", "impact or impact_per_case", ""),
        ({"impact": None, "impact_per_case": 2}, "", "needs the cases of a year", "cases ="),
        ({"controls": [{"name": "x"}]}, "", "takes nothing away", "probability_left"),
        ({"indicator": {"watch": "psi"}}, "risks.a.indicator", "is no figure", "psi:amount"),
        ({"trigger": {"action": "warn"}}, "risks.a", "needs an indicator", ""),
        ({"indicator": {"watch": "error_rate", "mean": 0.1}, "trigger": {"above": 1.5}}, "trigger.above",
         "cannot be reached", ""),
        ({"indicator": {"watch": "psi:x"}, "trigger": {"above": 25.0}}, "trigger.above", "cannot be reached", ""),
        ({"indicator": {"watch": "p99"}, "trigger": {"below": 0.0}}, "trigger.below", "cannot be reached", ""),
        ({"indicator": {"watch": "p99"}, "trigger": {}}, "trigger", "where it fires", ""),
        ({"indicator": {"watch": "psi:x"}, "trigger": {"action": "fallback"}}, "", "needs one", ""),
        (
            {"indicator": {"watch": "error_rate", "mean": 0.1, "side": "both"}, "trigger": {}},
            "indicator.side", "a trigger has one side", "below",
        ),
        (
            {"indicator": {"chart": "cusum", "mean": 0, "sd": 1, "shift": 0.001, "one_in": 1e6}},
            "risks.a.indicator", "no limit of a cusum chart", "a larger shift",
        ),
        (
            {"indicator": {"watch": "psi:x", "rows": 50}, "trigger": {"min_rows": 60}},
            "risks.a", "60 rows are never in a window of 50", "min_rows = 50",
        ),
        (
            {"indicator": {"watch": "psi:x"}, "trigger": {"action": "stop", "release": "back"}},
            "risks.a", "cannot come back", "call",
        ),
        ({"kind": "tecnical"}, "risks.a.kind", "must be one of", "did you mean 'technical'"),
    ],
)  # fmt: skip
def test_what_is_refused(change: dict[str, Any], where: str, what: str, fix: str) -> None:
    with pytest.raises(MintmarkError) as found:
        came(file(a=change))
    assert where in found.value.where and what in found.value.what and fix in found.value.fix, str(found.value)


def test_a_trigger_that_waits_longer_than_the_plan_is_refused() -> None:
    raw = file(a={"indicator": {"watch": "psi:x"}, "trigger": {"action": "warn"}})
    raw["plan"]["cases"] = 1000
    with pytest.raises(RecipeError, match="no more than 1,000 come within the plan"):
        came(raw)


def test_pairs_that_are_wrong() -> None:
    raw = file(a={}, b={}, c={})
    with pytest.raises(RecipeError, match="did you mean 'a'"):
        came(raw | {"together": [{"between": ["A", "b"], "rho": 0.1}]})
    pairs = [{"between": [x, y], "rho": -0.9} for x, y in (("a", "b"), ("b", "c"), ("a", "c"))]
    with pytest.raises(RecipeError, match="cannot hold together: a with b -0.9, b with c"):
        came(raw | {"together": pairs})
    twice = [{"between": ["a", "b"], "rho": 0.1}, {"between": ["b", "a"], "rho": 0.2}]
    with pytest.raises(RecipeError, match=r"together\[1\]: 'b' and 'a' have a correlation already"):
        came(raw | {"together": twice})
    with pytest.raises(RecipeError, match=r"together\[0\]: 'a' is named twice"):
        came(raw | {"together": [{"between": ["a", "a"], "rho": 0.1}]})


@pytest.mark.parametrize(
    ("facts", "made"),
    [
        ({"uses": ["fraud_detection"]}, "minimal"), ({"uses": ["credit_scoring"]}, "high"),
        ({"uses": ["credit_scoring"], "narrow": True}, "minimal"),
        ({"uses": ["credit_scoring"], "narrow": True, "profiles_persons": True}, "high"),
        ({"uses": ["employment"], "prohibited": ["emotions_at_work"]}, "prohibited"),
        ({"open_about": ["makes_content"], "prohibited": ["intimate_images"]}, "prohibited"),
        ({"open_about": ["makes_content"]}, "transparency"), ({"safety_component": True}, "high"),
    ],
)  # fmt: skip
def test_the_class_by_the_ai_act(facts: dict[str, Any], made: str) -> None:
    found = act.classify(act.Act(**facts))
    assert found["class"] == made and found["reasons"]


@pytest.mark.parametrize(("flops", "made"), [(3.14e23, "general_purpose"), (6 * 405e9 * 15.6e12, "systemic")])
def test_systemic_risk_is_presumed_above_1e25(flops: float, made: str) -> None:
    """GPT-3 is below, Llama 3 405B above."""
    model = act.classify(act.Act(general_purpose=True, training_flops=flops))["model"]
    assert model["class"] == made


def test_what_can_be_watched_is_what_the_server_watches() -> None:
    from mintmark.serving import monitor
    from mintmark.serving.watch import WATCHES

    assert list(WATCH) == [w.partition(":")[0] for w in WATCHES] and OWN == monitor.OWN
