"""What a run measured and a server saw takes the place of assumptions, and says so; what more of it is worth."""

from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.record import Measured
from mintmark.capital.value import known, realised, value

PLAN: dict[str, Any] = {
    "currency": "EUR", "plan": {"years": 1, "discount": 0.0}, "cases": {"per_year": 1000},
    "costs": {"trainings_per_year": 2},
}  # fmt: skip
OUTCOMES: dict[str, Any] = {
    "currency": "EUR", "decisions": 900, "realised": {"per_case": 0.7, "low": 0.5, "high": 0.9, "rows": 400},
    "weighted": None, "promised": {"per_case": 0.9, "low": 0.8, "high": 1.0}, "since": "2026-10-01T00:00:00Z",
    "notes": [],
}  # fmt: skip


def measured(**more: float) -> list[Measured]:
    values = {
        "value.per_case": 1.0, "value.per_case.low": 0.8, "value.per_case.high": 1.2, "value.do_nothing": 0.2,
        "value.act_on_all": -3.0, "value.perfect": 2.0,
    } | more  # fmt: skip
    made = [Measured(name, v, "EUR", "up", source="rows") for name, v in values.items()]
    sheet = "60 s x 0.1 EUR/h (machine, listed, dated 2025-06: a bill)"
    return [
        *made, Measured("cost.train", 4.0, "EUR", "down", "estimated", sheet),
        Measured("cost.per_1k_predictions", 0.5, "EUR", "down", "estimated", sheet),
    ]  # fmt: skip


def rung(rows: int, won: float, **settings: Any) -> dict[str, Any]:
    return {"name": "value.per_case", "value": won, "rows": rows, "settings": settings, "with": []}


def lines(made: dict[str, Any]) -> dict[str, Any]:
    return {line["name"]: line for line in made["lines"]}


def test_a_run_fills_what_the_file_leaves_out() -> None:
    made = value(PLAN, run=known("r1", measured()), samples=4000)
    line = lines(made)
    assert line["accuracy.per_case"]["mean"] == pytest.approx(0.8) and line["accuracy.per_case"]["how"] == "measured"
    assert "value.do_nothing 0.2 of run r1" in line["accuracy.per_case"]["source"]["said"]
    wide = line["accuracy.per_case"]["p90"] - line["accuracy.per_case"]["p10"]
    assert wide == pytest.approx(2 * 1.28155 * 0.4 / (2 * 1.95996), rel=1e-3), "as wide as the 95 % interval says"
    assert (line["costs.training"]["mean"], line["costs.training"]["how"]) == (4, "estimated")
    expected = 1000 * 0.8 - 4 - 2 * 4 - 0.5
    assert abs(made["npv"]["mean"] - expected) < 4 * made["npv"]["mean_se"]
    assert "costs.training is dated 2025-06: it may be out of date." in [n["said"] for n in made["notes"]]


def test_the_file_stands_before_the_run() -> None:
    own = PLAN | {"accuracy": {"per_case": 0.3}, "costs": {"training": 1, "per_1k_predictions": 0}}
    made = value(own, run=known("r1", measured()), samples=1000)
    assert lines(made)["accuracy.per_case"]["how"] == "assumed" and made["npv"]["mean"] == pytest.approx(300 - 1)
    assert any("the run measured 0.8 EUR a case" in n["said"] for n in made["notes"])


@pytest.mark.parametrize("against, gain", [("best", 0.8), ("do_nothing", 0.8), ("act_on_all", 4.0)])
def test_what_is_done_today(against: str, gain: float) -> None:
    made = value(PLAN | {"accuracy": {"against": against}}, run=known("r1", measured()), samples=1000)
    assert lines(made)["accuracy.per_case"]["mean"] == pytest.approx(gain)


def test_accuracy_without_money() -> None:
    plain = [m for m in measured() if not m.name.startswith("value.")]
    with pytest.raises(RecipeError, match="the run does not say what as_forecast earns; it knows do_nothing"):
        value(PLAN | {"accuracy": {"against": "as_forecast"}}, run=known("r1", measured()), samples=1000)
    with pytest.raises(RecipeError, match="the run has no payoff, so accuracy cannot be put in money"):
        value(PLAN | {"accuracy": {}}, run=known("r1", plain), samples=1000)
    with pytest.raises(RecipeError, match="there is no run"):
        value(PLAN | {"accuracy": {}}, samples=1000)
    other = PLAN | {"automation": {"automatic": 0.5, "saved_automatic": 1}}
    made = value(other, run=known("r1", plain), samples=1000)
    assert any("has no payoff" in n["said"] for n in made["notes"]) and made["point"] is None


def test_what_was_realised_replaces_what_was_assumed() -> None:
    real = realised(OUTCOMES, "realised.json")
    own = PLAN | {"accuracy": {"per_case": 5, "holds": 0.5}}
    made = value(own, run=known("r1", measured()), real=real, samples=4000)
    line = lines(made)
    assert line["accuracy.per_case"]["mean"] == pytest.approx(0.7 - 0.2)
    assert line["accuracy.per_case"]["how"] == line["accuracy.holds"]["how"] == "realised"
    assert line["accuracy.holds"]["mean"] == 1
    assert abs(made["npv"]["mean"] - (500 - 12 - 0.5)) < 4 * made["npv"]["mean_se"]
    assert made["realised"]["promised"] == 0.9 and made["realised"]["rows"] == 400
    assert any(n["said"] == "Realised 0.7 a case where 0.9 was promised." for n in made["notes"])


def test_outcomes_that_count_by_how_often_they_were_decided() -> None:
    weighted = {"per_case": 0.4, "low": 0.1, "high": 0.7, "rows": 400}
    real = realised(OUTCOMES | {"weighted": weighted}, "x")
    assert real is not None and real.weighted and real.per_case == 0.4
    assert realised(OUTCOMES | {"realised": None}, "x") is None, "no outcome is known yet"


def test_outcomes_that_are_none() -> None:
    for raw in ({}, [], {"realised": 1}, "x"):
        with pytest.raises(DataError, match="is not what a server says of outcomes"):
            realised(raw, "x.json")
    with pytest.raises(DataError, match="lacks figures of what was realised"):
        realised(OUTCOMES | {"realised": {"per_case": 1}}, "x.json")
    real = realised(OUTCOMES, "x.json")
    with pytest.raises(RecipeError, match="nothing says what is earned without the model"):
        value(PLAN, real=real, samples=1000)
    with pytest.raises(RecipeError, match="outcomes are in USD, the run is in EUR"):
        dollars = realised(OUTCOMES | {"currency": "USD"}, "x.json")
        value(PLAN, run=known("r1", measured()), real=dollars, samples=1000)


def test_one_more_point_of_accuracy() -> None:
    """Of 20 % that are acted on 3 in 4 rightly, of 30 % there are: 5 % wrong alarms, 15 % missed, 20 % wrong."""
    more = {"value.acted": 0.2, "value.precision": 0.75, "value.recall": 0.5}
    made = value(PLAN, run=known("r1", measured(**more)), samples=1000)["point"]
    assert made["per_case"] == pytest.approx(1.0 / 0.2 * 0.01) and made["value"] == pytest.approx(50)
    rare = {"value.acted": 0.002, "value.precision": 0.75, "value.recall": 0.5}
    made = value(PLAN, run=known("r1", measured(**rare)), samples=1000)["point"]
    assert made["per_case"] == pytest.approx(1.0), "fewer than a point are wrong: all of it"
    many = value(PLAN, run=known("r1", measured()), samples=1000)["point"]
    assert many["value"] == pytest.approx(1000 * 1.0 * 0.01), "without alarms: a hundredth of what is missed"
    own = PLAN | {"accuracy": {"point": {"low": 0.02, "high": 0.04}}}
    made = value(own, run=known("r1", measured()), samples=20_000)["point"]
    assert abs(made["value"] - 30) < 4 * made["se"] and made["se"] > 0


def test_one_more_row_by_the_rungs_of_the_search() -> None:
    """What is missed was made to fall as rows^-0.5: the slope is found, and a row is worth its derivative."""
    trials = [rung(n, 2.0 - 40 / n**0.5, model="a") for n in (400, 1600, 6400)] + [rung(400, 1.9, model="b")]
    made = value(PLAN, run=known("r1", measured(), trials, 6400), samples=4000)
    line = lines(made)["data.exponent"]
    assert line["mean"] == pytest.approx(0.5) and line["how"] == "measured"
    assert made["row"]["value"] == pytest.approx(1000 * 0.5 * 1.0 / 6400) and made["row"]["rows"] == 6400
    assert made["measures"]["row.value"]["value"] == made["row"]["value"]


def test_the_slope_is_that_of_all_models_together() -> None:
    """Each has a level of its own; the noise of the logarithms is 0.05."""
    rng, n = np.random.default_rng(0), (500, 1500, 4500)
    trials = [
        rung(rows, 2.0 - level * rows**-0.3 * np.exp(rng.normal(0, 0.05)), model=name)
        for name, level in (("a", 10), ("b", 7), ("c", 12), ("d", 9)) for rows in n
    ]  # fmt: skip
    line = lines(value(PLAN, run=known("r1", measured(), trials, 4500), samples=1000))["data.exponent"]
    error = 0.05 / np.sqrt(4 * 2 * np.log(3) ** 2)
    assert abs(line["mean"] - 0.3) < 3 * error
    assert (line["p90"] - line["p10"]) / 2.5631 == pytest.approx(error, rel=0.6)
    assert "12 rungs" in line["source"]["said"]


def test_one_more_row_without_rungs_is_assumed() -> None:
    made = value(PLAN | {"data": {"cost_per_row": 0.01}}, run=known("r1", measured(), rows=500), samples=4000)
    line = lines(made)["data.exponent"]
    assert line["how"] == "assumed" and "Hestness" in line["source"]["said"]
    row = made["row"]
    assert row["pays"] and row["rows_until"] > 500
    cheap = row["value"] * (500 / row["rows_until"]) ** (line["mean"] + 1)
    assert cheap == pytest.approx(0.01, rel=0.02), "the last row that pays is worth what it costs"
    own = PLAN | {"data": {"exponent": 0.2, "rows": 100}}
    made = value(own, run=known("r1", measured(), rows=500), samples=1000)["row"]
    assert made["value"] == pytest.approx(1000 * 0.2 / 100)
    assert value(PLAN | {"accuracy": {"per_case": 1}}, samples=1000)["row"]["value"] is None


def test_more_rows_that_did_not_help() -> None:
    trials = [rung(n, 2.0 - 0.01 * n**0.3, model="a") for n in (400, 1600, 6400)]
    assert value(PLAN, run=known("r1", measured(), trials, 6400), samples=1000)["row"]["value"] == pytest.approx(
        0, abs=1e-9
    )
