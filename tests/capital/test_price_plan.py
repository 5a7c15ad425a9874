"""The whole plan for a market: known laws found again, money by hand, what a run measured, what contradicts itself."""

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.base.record import Measured
from mintmark.capital import assumptions as files
from mintmark.capital import focus, pricing
from mintmark.capital.pricing import example
from mintmark.recipe import text

RECIPE = Path(__file__).parents[2] / "recipes" / "q04_commercialisation.toml"
BESIDE = RECIPE.with_suffix("")
TODAY = date(2026, 11, 1)
N = 4000


def planned(raw: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = files.parse(raw, pricing.Plan, "P.toml")
    return pricing.plan(made, "P.toml", today=TODAY, **{"samples": N, **more})


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return text.read(RECIPE)


@pytest.fixture(scope="module")
def plan(raw: dict[str, Any]) -> dict[str, Any]:
    return planned(raw, **{name: BESIDE / f"{name}.csv" for name in ("survey", "choices", "transactions")})


def method(plan: dict[str, Any], name: str) -> dict[str, Any]:
    return next(m for m in plan["prices"] if m["method"] == name)


# --- the recipe and its made-up files ---------------------------------------------------------------------------------


def test_the_recipe_is_what_new_writes_and_its_files_are_drawn_from_known_laws() -> None:
    body = RECIPE.read_text(encoding="utf-8").partition('kind     = "price"')[2]
    assert pricing.STARTER.partition('kind     = "price"')[2] == body
    assert {p.name: p.read_text(encoding="utf-8") for p in BESIDE.iterdir()} == example.files()


def test_all_methods_speak_and_the_price_lies_in_their_corridor(plan: dict[str, Any]) -> None:
    names = ["cost_plus", "value", "van_westendorp", "gabor_granger", "conjoint", "elasticity"]
    assert [m["method"] for m in plan["prices"]] == names
    assert all(m["low"] <= m["price"] <= m["high"] for m in plan["prices"])
    path = plan["corridor"]
    assert path["holds"] and path["low"] <= path["recommended"] <= path["high"]
    spoken = [m["price"] for m in plan["prices"] if m["method"] != "cost_plus"]
    assert path["middle"] == pytest.approx(np.median(spoken))


def test_known_laws_are_found_again(plan: dict[str, Any]) -> None:
    chosen = method(plan, "conjoint")
    for c in chosen["coefficients"]:
        assert abs(c["value"] - example.TASTE[c["name"]]) < 3.3 * c["standard_error"]
    worth = {w["name"]: w for w in chosen["worth"]}
    true = -example.TASTE["caught"] / example.TASTE["price"]
    assert abs(worth["caught"]["value"] - true) < 3.3 * worth["caught"]["standard_error"]
    buying = plan["loyalty"]["bg_nbd"]
    for name, value in zip(("r", "alpha", "a", "b"), example.BUYING, strict=True):
        low, high = buying["between"][name]
        assert low / 1.5 < value < high * 1.5
    spending = plan["loyalty"]["gamma_gamma"]
    p, q, gamma = example.SPENDING
    assert spending["mean"] == pytest.approx(p * gamma / (q - 1), rel=0.1)
    tc, c, e, te = example.FOUR
    found = method(plan, "van_westendorp")
    assert [found[k] for k in ("opp", "ipp", "pmc", "pme")] == pytest.approx(
        [(tc * te) ** 0.5, (c * e) ** 0.5, (tc * c) ** 0.5, (e * te) ** 0.5], rel=0.15
    )
    asked = method(plan, "gabor_granger")
    assert (asked["intercept"], asked["slope"]) == pytest.approx(example.YES, rel=0.35)


def test_the_same_seed_says_the_same_and_another_one_nearly(raw: dict[str, Any]) -> None:
    one, same, other = planned(raw), planned(raw), planned(raw, seed=7)
    assert one == same
    for a, b in zip(one["models"], other["models"], strict=True):
        assert a["model"] == b["model"]
        assert a["npv"]["mean"] != b["npv"]["mean"]
        assert abs(a["npv"]["mean"] - b["npv"]["mean"]) < 5 * np.hypot(
            a["npv"]["standard_error"], b["npv"]["standard_error"]
        )


# --- by hand ----------------------------------------------------------------------------------------------------------


def known(**more: Any) -> dict[str, Any]:
    """Assumptions without a spread, so that everything can be worked out by hand."""
    made: dict[str, Any] = {
        "currency": "EUR", "discount": 0.1,
        "product": {
            "name": "P", "unit": "report", "predictions": 500, "cost_per_1k": 2, "value_per_case": 0.1, "usage": 10,
        },
        "market": {
            "top_down": {"spend": 1e6, "serviceable": 0.5, "obtainable": 0.1},
            "segments": [
                {"name": "large", "customers": 100, "spend": 9000, "fit": 0.5, "reach": 0.4},
                {"name": "small", "customers": 1000, "spend": 500, "fit": 0.2, "reach": 0.1},
            ],
            "target": ["large"],
        },
        "alternatives": [
            {"name": "nothing", "price": 0, "captures": 0},
            {"name": "rival", "price": 12, "captures": 0.4, "differences": [{"name": "trust", "worth": -2}]},
        ],
        "costs": {
            "fixed": 1000, "acquisition": 300, "onboarding": 100, "support": 5, "fees": 0.05, "other_per_unit": 1,
        },
        "diffusion": {"p": 0.05, "q": 0.4},
        "pricing": {"margin": 0.5, "share_of_value": 0.25},
        "models": {"subscription": {"price": 200, "taken": 0.8, "churn": 0.03}},
    }  # fmt: skip
    return deepcopy(made) | more


def test_the_market_from_above_and_below_by_hand() -> None:
    made = planned(known())["market"]
    assert [made["top_down"][k]["mean"] for k in ("tam", "sam", "som")] == [1e6, 5e5, 5e4]
    assert [made["bottom_up"][k]["mean"] for k in ("tam", "sam", "som")] == pytest.approx([1.4e6, 5.5e5, 1.9e5])
    assert made["target"] == ["large"] and made["segments"][0]["customers"]["mean"] == 20


def test_economic_value_by_hand() -> None:
    made = planned(known())
    place = made["position"]
    assert [a["evc"]["mean"] for a in place["alternatives"]] == pytest.approx([50, 12 + 0.6 * 50 - 2])
    assert place["binding"] == "rival" and method(made, "value")["price"] == pytest.approx(12 + 0.25 * 28)


def test_three_years_month_by_month_by_hand() -> None:
    """New customers of the curve, those who stay, what they pay and cost: in plain loops."""
    made = planned(known())
    model = next(m for m in made["models"] if m["model"] == "subscription")

    def share(t: float) -> float:
        return (1 - np.exp(-0.45 * t)) / (1 + 8 * np.exp(-0.45 * t))

    m = min(20 / share(3), 50)
    there, npv, path, revenue = 0.0, 0.0, [], [0.0, 0.0, 0.0]
    for month in range(36):
        new = 0.8 * m * (share((month + 1) / 12) - share(month / 12))
        there = there * 0.97 + new
        paid = 200 * there
        profit = paid * 0.95 - there * (5 + 10 * (1 + 1)) - new * 400 - 1000
        npv += profit * 1.1 ** (-(month + 1) / 12)
        path.append(profit)
        revenue[month // 12] += paid
    assert model["npv"]["mean"] == pytest.approx(npv)
    assert [y["revenue"]["mean"] for y in model["years"]] == pytest.approx(revenue)
    assert model["years"][2]["customers"]["mean"] == pytest.approx(there)
    assert model["cumulated"]["p50"] == pytest.approx(np.cumsum(path).tolist())
    a_month = 200 * 0.95 - 25
    kept = 0.97 * 1.1 ** (-1 / 12)
    assert model["ltv"]["mean"] == pytest.approx(a_month * (1 - kept**600) / (1 - kept))
    assert model["payback_months"] == pytest.approx(400 / a_month)
    assert made["diffusion"]["adopted_by_year"][3]["mean"] == pytest.approx(m * share(3))


def test_three_years_win_those_who_can_be_won_but_no_more_than_can_be_served() -> None:
    raw = known()
    raw["market"]["segments"][0]["reach"] = 0.2
    made = planned(raw)
    assert made["diffusion"]["adopted_by_year"][3]["p50"] == pytest.approx(10) and made["diffusion"]["m"]["p50"] < 50
    assert not any("see diffusion" in n["said"] for n in made["notes"])
    slow = planned(known(diffusion={"p": 0.002, "q": 0.1}))
    assert slow["diffusion"]["m"]["p50"] == 50 and slow["diffusion"]["adopted_by_year"][3]["p50"] < 1
    assert any("see diffusion" in n["said"] for n in slow["notes"])


def test_costs_as_focus_rows_sum_to_those_of_the_three_years() -> None:
    made = planned(known())
    rows = focus.rows(pricing.charges(made, TODAY))
    best = made["models"][0]
    costs = ("predictions", "support", "winning", "fees", "fixed")
    total = sum(y[k]["mean"] for y in best["years"] for k in costs)
    assert sum(r["BilledCost"] for r in rows) == pytest.approx(total)
    assert {r["x_IsForecast"] for r in rows} == {True} and {r["BillingCurrency"] for r in rows} == {"EUR"}
    assert rows[-1]["ChargePeriodEnd"] == "2029-11-01T00:00:00Z"


def test_prices_of_a_product_follow_the_history_of_one_like_it() -> None:
    history = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]
    made = planned(known(diffusion={"history": history}))["diffusion"]
    assert made["from_history"] and made["p"]["p50"] == pytest.approx(0.0094, rel=0.05)
    assert made["q"]["p50"] == pytest.approx(0.3748, rel=0.05) and made["q"]["p10"] < made["q"]["p90"]


# --- what a run measured ----------------------------------------------------------------------------------------------


def measures(unit: str = "USD") -> list[Measured]:
    source = "2 s x 0.1 USD/h (machine, estimated, dated 2025-01: two cores)"
    return [
        Measured("cost.per_1k_predictions", 4.0, unit, "down", "measured", source),
        Measured("cost.per_1k_predictions.batch_256", 1.0, unit, "down", "measured", "mean of five"),
        Measured("value.per_case", 0.25, unit, "up", "measured", "test rows"),
        Measured("value.per_case.low", 0.15, unit, "up", "measured", "test rows"),
        Measured("value.per_case.high", 0.35, unit, "up", "measured", "test rows"),
        Measured("value.do_nothing", 0.05, unit, "up", "measured", "test rows"),
    ]


def test_what_a_run_measured_takes_the_place_of_assumptions_in_the_files_currency() -> None:
    raw = known(fx={"USD": {"rate": 0.5, "dated": "2026-10"}})
    made = planned(raw, run="r1", measures=measures())
    assert (
        made["cost"]["predictions"]["mean"] == pytest.approx(4 * 0.5 * 0.5)
        and made["cost"]["predictions"]["how"] == "measured"
    )
    worth = made["position"]["value_per_unit"]
    assert worth["how"] == "measured" and worth["mean"] == pytest.approx(0.2 * 0.5 * 500, rel=0.02)
    assert (worth["p90"] - worth["p10"]) / 2 == pytest.approx(1.2816 * 0.05 / 0.98 * 0.5 * 500 / 1.02, rel=0.06)
    said = " ".join(n["said"] for n in made["notes"])
    assert "takes the place of product.cost_per_1k" in said and "value_per_case" in said and "is of 2025-01" in said
    raw["product"]["batched"] = True
    assert planned(raw, run="r1", measures=measures())["cost"]["predictions"]["mean"] == pytest.approx(0.25)


def test_money_without_a_rate_is_refused() -> None:
    with pytest.raises(RecipeError, match="USD, which has no rate") as caught:
        planned(known(), run="r1", measures=measures())
    assert caught.value.where == "P.toml: fx"
    raw = known()
    raw["costs"]["fixed"] = "900 USD"
    with pytest.raises(RecipeError, match=r"costs.fixed is in USD, which has no rate"):
        planned(raw)
    raw = known(pricing={"survey_currency": "USD"})
    with pytest.raises(RecipeError, match="survey_currency is in USD"):
        planned(raw, survey=BESIDE / "survey.csv")


def test_nothing_that_says_what_predictions_cost_or_are_worth_is_refused() -> None:
    for field in ("cost_per_1k", "value_per_case"):
        raw = known()
        del raw["product"][field]
        with pytest.raises(RecipeError, match=f"P.toml: product.{field}"):
            planned(raw)
    raw = known()
    del raw["product"]["usage"]
    with pytest.raises(RecipeError, match=r"usage of segment 'large'"):
        planned(raw)


def test_rates_and_figures_of_long_ago_are_noted() -> None:
    made = planned(known(fx={"USD": {"rate": 0.9, "dated": "2025-03"}}))
    assert any("rate of USD" in n["said"] and "2025-03" in n["said"] for n in made["notes"])


# --- what does not hold together --------------------------------------------------------------------------------------


def test_no_price_covers_its_cost_and_is_accepted() -> None:
    raw = known()
    raw["costs"]["other_per_unit"] = 100
    made = planned(raw)
    assert not made["corridor"]["holds"] and made["corridor"]["recommended"] > made["position"]["ceiling"]["mean"]
    assert any("No price covers" in n["said"] for n in made["notes"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prodct": {}}, "did you mean 'product'"),
        ({"pricing": {"elasticity": -0.5}}, "elasticity must be below -1"),
        ({"pricing": {"margin": 0.97}}, "leave nothing of the price"),
        ({"diffusion": {"p": 0.1}}, "q is missing"),
        ({"diffusion": {"p": 0.1, "q": 0.3, "history": [1, 2, 3, 4]}}, "either p and q, or history"),
        ({"retention": {"survival": [0.5, 0.7]}}, "must not rise"),
        ({"discount": 2}, "discount"),
        ({"costs": {"fees": 1.4}}, "share between 0 and 1"),
        ({"costs": {"fixed": -5}}, "0 or more"),
        ({"costs": {"fixed": {"values": [1, 2], "probabilities": [0.5, 0.6]}}}, "sum to 1.1, not to 1"),
        (
            {"promotion": {"budget": 5, "channels": [{"name": "a", "most": 1, "half": 1, "least": 9}]}},
            "above the budget",
        ),
        ({"correlations": [{"between": ["costs.fixed", "costs.fixd"], "rho": 0.3}]}, "did you mean 'costs.fixed'"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_assumptions_that_contradict_themselves_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(MintmarkError, match=said):
        planned(known(**change))


def test_twice_the_same_name_and_an_unknown_target_are_refused() -> None:
    raw = known()
    raw["market"]["target"] = ["lagre"]
    with pytest.raises(RecipeError, match="'lagre' is no segment"):
        planned(raw)
    raw["market"]["target"] = []
    raw["market"]["segments"][1]["name"] = "large"
    with pytest.raises(RecipeError, match="two segments"):
        planned(raw)


# --- files that tell nothing ------------------------------------------------------------------------------------------


def written(folder: Path, lines: list[str]) -> Path:
    path = folder / "t.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


HEAD = "too_cheap,cheap,expensive,too_expensive"


def test_a_survey_of_three_people_or_of_answers_in_no_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 of 3 answers hold together.*10 are needed"):
        planned(known(), survey=written(tmp_path, [HEAD, *["2,3,4,5"] * 3]))
    with pytest.raises(DataError, match="9 of 40 answers hold together"):
        planned(known(), survey=written(tmp_path, [HEAD, *["2,3,4,5"] * 9, *["5,4,3,2"] * 31]))
    some = planned(known(), survey=written(tmp_path, [HEAD, *["12,13,14,15"] * 12, *["5,4,3,2"] * 3]))
    assert any("3 of 15 people" in n["said"] for n in some["notes"]) and method(some, "van_westendorp")["dropped"] == 3
    with pytest.raises(DataError, match="none of the questions"):
        planned(known(), survey=written(tmp_path, ["a,b", "1,2"]))
    with pytest.raises(DataError, match="neither 1 nor 0"):
        planned(known(), survey=written(tmp_path, ["asked_price,would_buy", "5,maybe"]))
    with pytest.raises(DataError, match="does not fall with the price"):
        rows = [f"{p},{int(p > 5)}" for p in (4, 6) for _ in range(20)]
        planned(known(), survey=written(tmp_path, ["asked_price,would_buy", *rows]))


def test_choices_of_dearer_things_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{i},{int(j == (rng.random() < 0.8))},{p}" for i in range(60) for j, p in ((0, 5), (1, 9))]
    good = [
        r
        for i in range(0, len(rows), 2)
        for r in rows[i : i + 2]
        if sum(int(x.split(",")[1]) for x in rows[i : i + 2]) == 1
    ]
    with pytest.raises(DataError, match="did not choose less what cost more"):
        planned(known(choices={"features": []}), choices=written(tmp_path, ["choice,chosen,price", *good]))


@pytest.mark.parametrize(
    ("row", "said"),
    [("C1,soon,5", "'soon' is no date"), ("C1,2027-01-01,5", "after today"), ("C1,2026-01-01,-5", "is no purchase"),
     ("C1,2026-01-01,much", "not a number"), ("C1,2026-08-01,5", "last day that was watched")],
)  # fmt: skip
def test_purchases_that_cannot_be_are_refused(row: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, ["customer,date,amount", "C0,2026-01-01,5", row])
    with pytest.raises(DataError, match=said):
        planned(known(transactions={"until": "2026-06-30"}), transactions=path)


def test_few_customers_are_refused_and_returns_can_be_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, ["customer,date,amount", *[f"C{i},2026-01-0{d},5" for i in range(9) for d in (1, 2)]])
    with pytest.raises(DataError, match="9 customers; 30 are needed"):
        planned(known(), transactions=path)
    lines = (BESIDE / "transactions.csv").read_text(encoding="utf-8").splitlines()
    made = planned(
        known(transactions={"returns": "drop"}), transactions=written(tmp_path, [*lines, "C0001,2026-01-05,-3"])
    )
    assert any("1 transactions of 0 or less" in n["said"] for n in made["notes"])
    assert made["loyalty"]["customers"] == 400
