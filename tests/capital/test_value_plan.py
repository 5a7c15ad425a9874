"""What a model is worth: plans worked out by hand, laws that hold for any plan, and what cannot be refused."""

from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import RecipeError
from mintmark.capital.value import csv, value
from mintmark.capital.value.flows import irr, payback

KNOWN: dict[str, Any] = {
    "currency": "EUR",
    "plan": {"years": 2, "discount": 0.1, "ramp": [0.5, 1.0]},
    "cases": {"per_year": 1000, "growth": 0.2},
    "accuracy": {"per_case": 2, "holds": 0.8, "fades": 0.5},
    "automation": {"automatic": 0.4, "assisted": 0.1, "saved_automatic": 0.5, "saved_assisted": 0.2,
                   "decisions_per_year": 10, "gain_per_decision": 7},
    "market": {"size_per_year": 100_000, "growth": 0.1, "share_gained": 0.01, "margin": 0.3},
    "labour": {"minutes_automatic": 3, "minutes_assisted": 1, "hours_per_year": 5, "wage_per_hour": 30,
               "realised": 0.5},
    "revenue": {"base_per_year": 20_000, "growth": 0.1, "uplift": 0.02, "margin": 0.4},
    "costs": {"build": 1500, "training": 10, "trainings_per_year": 4, "per_1k_predictions": 3, "run_per_year": 200},
}  # fmt: skip


def changed(**tables: Any) -> dict[str, Any]:
    """The known plan with keys of its tables changed; a table that is None is left out."""
    made = {k: {**v, **(tables.get(k) or {})} if isinstance(v, dict) else v for k, v in KNOWN.items()}
    made |= {k: v for k, v in tables.items() if k not in KNOWN}
    return {k: v for k, v in made.items() if not (k in tables and tables[k] is None)}


def test_a_plan_by_hand() -> None:
    made = value(KNOWN, samples=1000)
    cases = [1000 * 0.5, 1000 * 1.2]
    hours = [2.5 + 500 * (0.4 * 3 + 0.1) / 60, 5 + 1200 * (0.4 * 3 + 0.1) / 60]
    parts = {
        "accuracy": [cases[0] * 2 * 0.8, cases[1] * 2 * 0.8 * 0.5],
        "automation": [cases[0] * 0.22 + 35, cases[1] * 0.22 + 70],
        "market": [0.5 * 100_000 * 0.01 * 0.3, 110_000 * 0.01 * 0.3],
        "labour": [h * 30 * 0.5 for h in hours],
        "revenue": [0.5 * 20_000 * 0.02 * 0.4, 22_000 * 0.02 * 0.4],
        "training": [-40, -40],
        "predictions": [-c / 1000 * 3 for c in cases],
        "running": [-200, -200],
    }
    flow = [-1510.0, *np.sum(list(parts.values()), axis=0)]
    npv = flow[0] + flow[1] / 1.1 + flow[2] / 1.21
    assert made["npv"]["mean"] == pytest.approx(npv) and made["npv"]["p10"] == made["npv"]["p90"] == pytest.approx(npv)
    assert [y["flow"] for y in made["by_year"]] == pytest.approx(flow)
    for name, (first, second) in parts.items():
        assert made["by_year"][1]["parts"][name] == pytest.approx(first), name
        assert made["by_year"][2]["parts"][name] == pytest.approx(second), name
    rate = made["irr"]["p50"]
    assert flow[0] + flow[1] / (1 + rate) + flow[2] / (1 + rate) ** 2 == pytest.approx(0, abs=1e-6)
    assert made["irr"]["of_means"] == pytest.approx([rate])
    assert made["payback"]["p50"] == pytest.approx(1 + (1510 - flow[1]) / flow[2])
    paid = 1510 + sum(-parts[c][y] / 1.1 ** (y + 1) for c in ("training", "predictions", "running") for y in (0, 1))
    assert made["roi"]["p50"] == pytest.approx(npv / paid)
    assert made["loss"] == {"probability": 0, "se": 0} and made["tornado"] == []


def test_each_figure_says_how_it_is_known() -> None:
    said = changed(cases={"per_year": {"value": 1000, "how": "measured", "source": "log", "dated": "2026"}})
    lines = {line["name"]: line for line in value(said, samples=1000)["lines"]}
    assert lines["cases.per_year"]["how"] == "measured" and lines["cases.per_year"]["source"]["said"] == "log"
    assert {line["how"] for name, line in lines.items() if name != "cases.per_year"} == {"assumed"}
    assert lines["cases.per_year"]["unit"] == "a year" and lines["accuracy.holds"]["fraction"]


def test_spread_and_its_standard_error() -> None:
    """A normal figure that the present value is a straight line of: mean, deviation, quantiles and risk are known."""
    plan = {"plan": {"years": 1, "discount": 0.25}, "cases": {"per_year": 100},
            "accuracy": {"per_case": {"mean": 2, "sd": 1}}, "costs": {"build": 100}}  # fmt: skip
    made = value(plan, samples=100_000, seed=3)
    npv, mean, sd = made["npv"], 100 * 2 / 1.25 - 100, 100 / 1.25
    for name, true in (("mean", mean), ("p10", mean - 1.28155 * sd), ("p50", mean), ("p90", mean + 1.28155 * sd)):
        assert abs(npv[name] - true) < 4 * npv[f"{name}_se"] and 0 < npv[f"{name}_se"] < 0.02 * sd, name
    assert abs(npv["worst"] - (mean - 2.0627 * sd)) < 4 * npv["worst_se"]
    assert npv["mean_se"] == pytest.approx(sd / np.sqrt(100_000), rel=0.02)
    loss = made["loss"]
    assert abs(loss["probability"] - 0.22663) < 4 * loss["se"]
    assert made["tornado"][0]["npv_low"] == pytest.approx(mean - 1.28155 * sd, abs=0.01)
    assert made["break_even"]["cases"] == pytest.approx(100 * 1.25 / 2, rel=0.01)
    again = value(plan, samples=100_000, seed=3)
    assert again["npv"] == npv, "the same seed, the same figures"


def test_correlation_widens_what_moves_together() -> None:
    spread = {"low": 1, "mode": 2, "high": 4}
    plan = changed(cases={"per_year": {"low": 500, "mode": 1000, "high": 2000}}, accuracy={"per_case": spread})
    pair = ["cases.per_year", "accuracy.per_case"]
    sds = [
        value(plan | {"correlations": [{"between": pair, "rho": rho}]}, samples=20_000)["npv"]["sd"]
        for rho in (-0.9, 0.0, 0.9)
    ]
    assert sds[0] < 0.7 * sds[1] and sds[2] > 1.2 * sds[1]


def test_the_tornado_is_widest_first_and_knows_its_ends() -> None:
    plan = changed(
        accuracy={"per_case": {"p10": 1, "p90": 3}}, costs={"build": {"low": 1400, "high": 1600}},
        labour={"wage_per_hour": {"low": 20, "high": 40}},
    )  # fmt: skip
    made = value(plan, samples=4000)
    names = [t["name"] for t in made["tornado"]]
    assert names == ["accuracy.per_case", "labour.wage_per_hour", "costs.build"]
    wide = [abs(t["npv_high"] - t["npv_low"]) for t in made["tornado"]]
    assert wide == sorted(wide, reverse=True)
    at_low = value(changed(accuracy={"per_case": 1}, costs={"build": 1500}), samples=1000)
    assert made["tornado"][0]["npv_low"] == pytest.approx(at_low["npv"]["mean"])
    assert made["tornado"][0]["rank"] > 0.8 and made["tornado"][2]["rank"] < 0


def test_break_even() -> None:
    even = value(KNOWN, samples=1000)["break_even"]
    zero = value(changed(cases={"per_year": even["cases"]}), samples=1000)
    assert even["says"] == "from" and zero["npv"]["mean"] == pytest.approx(0, abs=1e-6)
    only = {"plan": {"years": 1, "discount": 0.0}, "cases": {"per_year": 10}, "accuracy": {"per_case": 2}}
    made = value(only | {"costs": {"build": 60}}, samples=1000)
    assert made["break_even"]["cases"] == pytest.approx(30) and made["loss"]["probability"] == 1
    assert value(only, samples=1000)["break_even"]["says"] == "always"
    never = value({**only, "accuracy": {"per_case": -2}, "costs": {"build": 60}}, samples=1000)["break_even"]
    assert never["cases"] is None and never["says"] == "never"


def test_flows_without_a_rate() -> None:
    never = {"plan": {"years": 2}, "cases": {"per_year": 10}, "accuracy": {"per_case": -2}, "costs": {"build": 60}}
    made = value(never, samples=1000)
    assert made["irr"]["p50"] is None and "never earns" in made["irr"]["says"]["said"]
    assert made["payback"]["p50"] is None and made["payback"]["never"] == 1
    free = {**never, "accuracy": {"per_case": 2}, "costs": {}}
    made = value(free, samples=1000)
    assert "Nothing is paid before it earns" in made["irr"]["says"]["said"] and made["payback"]["p50"] == 0
    assert made["roi"]["p50"] is None


def test_rates_of_many_flows_at_once() -> None:
    from mintmark.capital.methods import finance

    rng = np.random.default_rng(8)
    net = np.vstack([-rng.uniform(50, 100, 40), rng.uniform(5, 60, (4, 40))])
    found, back = irr(net), payback(net)
    for i in range(40):
        assert found[i] == pytest.approx(finance.irr(flows=net[:, i])["irr"], abs=1e-8)
        assert (None if np.isinf(back[i]) else back[i]) == pytest.approx(finance.payback(net[:, i]))
    two = irr(np.array([[-100.0, 100.0], [230.0, 0.0], [-132.0, 0.0]]))
    assert np.isnan(two).all(), "two changes of sign, and none"


def test_other_currencies_by_their_rate() -> None:
    plan = changed(costs={"build": "1000 USD"}, accuracy={"per_case": "2 GBP"})
    fx = {"USD": {"rate": 0.9, "dated": "2026-10-01"}, "GBP": {"rate": 1.15, "dated": "2026-10-01"}}
    made = value(plan | {"fx": fx}, samples=1000)
    same = value(changed(costs={"build": 900}, accuracy={"per_case": 2.3}), samples=1000)
    assert made["npv"]["mean"] == pytest.approx(same["npv"]["mean"])
    with pytest.raises(RecipeError, match="accuracy.per_case is in GBP, which has no rate"):
        value(plan | {"fx": {"USD": fx["USD"]}}, samples=1000)


@pytest.mark.parametrize(
    "tables, match",
    [
        ({"automation": {"automatic": 0.8, "assisted": 0.4}}, r"1\.2 of the cases together, more than all"),
        ({"cases": None}, "nothing says how many cases come"),
        ({"automation": {"assisted": 0}}, "minutes_assisted is saved on assisted cases, and automation.assisted says"),
        ({"automation": {"automatic": 0}}, "labour.minutes_automatic is saved"),
        ({"automation": None}, "labour.minutes_automatic is saved"),
        ({"plan": {"years": 1}}, "ramp has 2 years, the plan 1"),
        ({"revenue": {"base_per_year": 100_000}}, "it would be counted twice"),
        (
            {"labour": {"minutes_automatic": None, "minutes_assisted": None, "hours_per_year": None}},
            "minutes_automatic",
        ),
        ({"market": {"margin": 1.4}}, "a share between 0 and 1"),
        ({"accuracy": {"hold": 0.8}}, "did you mean 'holds'"),
        ({"cases": {"per_year": {"values": [1, 2], "probabilities": [0.5, 0.6]}}}, "sum to 1.1, not to 1"),
        ({"plan": {"ramp": [1.2]}}, "a share between 0 and 1"),
        ({"costs": {"build": {"low": 5, "high": 2}}}, "low is 5, above high"),
    ],
)
def test_contradictions_are_refused(tables: dict[str, Any], match: str) -> None:
    with pytest.raises(RecipeError, match=match) as said:
        value(changed(**tables), samples=1000)
    assert said.value.where and said.value.fix


def test_a_plan_needs_a_driver() -> None:
    with pytest.raises(RecipeError, match="nothing says what the model is worth"):
        value({"costs": {"build": 3}}, samples=1000)
    only = {"automation": {"decisions_per_year": 12, "gain_per_decision": 100}, "plan": {"years": 1, "discount": 0.2}}
    assert value(only, samples=1000)["npv"]["mean"] == pytest.approx(1000), "decisions need no cases"


def test_old_rates_and_figures_are_warned_of() -> None:
    plan = changed(costs={"build": {"value": 5, "currency": "USD", "dated": "2024-02"}})
    plan["fx"] = {"USD": {"rate": 0.9, "dated": "2020"}}
    notes = [n["said"] for n in value(plan, samples=1000)["notes"]]
    assert notes == [
        "fx.USD is dated 2020: it may be out of date.",
        "costs.build is dated 2024-02: it may be out of date.",
    ]


def test_a_table_of_all_figures() -> None:
    import csv as files
    import io

    made = value(KNOWN, samples=1000)
    rows = list(files.DictReader(io.StringIO(csv(made))))
    by_name = {r["name"]: r for r in rows}
    assert float(by_name["npv.mean"]["value"]) == pytest.approx(made["npv"]["mean"])
    assert by_name["costs.build"]["how"] == "assumed" and by_name["costs.build"]["unit"] == "EUR"
    assert float(by_name["accuracy.2"]["value"]) == pytest.approx(1200 * 2 * 0.8 * 0.5)
    assert {r["section"] for r in rows} >= {"result", "part", "year", "assumption", "more"}
