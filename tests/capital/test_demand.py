"""Calculators of demand: diffusion, choices, price questions, the best price: published figures and refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.capital import diffusion
from mintmark.capital.methods import demand
from mintmark.capital.pricing import example

DATA = Path(__file__).parents[3] / "shared" / "capital" / "data"


def beside(name: str) -> str:
    if not (DATA / name).is_file():
        pytest.skip("the published tables are not beside this checkout (../shared/capital/data)")
    return str(DATA / name)


# --- diffusion --------------------------------------------------------------------------------------------------------

COLOUR_TV = [747, 1480, 2646, 5118, 5777, 5982, 5962, 4631]
AIR_CONDITIONERS = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]


@pytest.mark.parametrize(
    ("sales", "p", "q", "m"),
    [(COLOUR_TV, 0.0185, 0.6159, 39_659), (AIR_CONDITIONERS, 0.0094, 0.3748, 18_713)],
    ids=["colour TV", "air conditioners"],
)
def test_published_diffusion(sales: list[float], p: float, q: float, m: float) -> None:
    made = demand.bass_fit(sales=sales)
    assert (made["p"], made["q"]) == pytest.approx((p, q), abs=5e-5)
    assert made["m"] == pytest.approx(m, abs=1)


def test_a_curve_is_found_again_whatever_its_unit() -> None:
    for scale in (1.0, 1e-3, 1e6):
        sales = diffusion.Bass(0.02, 0.4, 500 * scale).sales(14)
        made = demand.bass_fit(sales=sales.tolist())
        assert (made["p"], made["q"], made["m"] / scale) == pytest.approx((0.02, 0.4, 500), rel=1e-5)


def test_the_peak_is_where_sales_are_largest() -> None:
    made = demand.bass_peak(p=0.0185, q=0.6159, m=39_659)
    curve = diffusion.Bass(0.0185, 0.6159, 39_659)
    t = np.linspace(0, 20, 200_001)
    rate = np.gradient(curve.adopted(t), t)
    assert made["peak_time"] == pytest.approx(t[rate.argmax()], abs=1e-3)
    assert made["peak_sales"] == pytest.approx(rate.max(), rel=1e-6)
    assert demand.bass_peak(p=0.3, q=0.1, m=100) == {"peak_time": 0.0, "peak_sales": pytest.approx(30)}


@pytest.mark.parametrize("sales", [[1, 2, 3], [0, 0, 0, 0], [5, -1, 5, 5], [], [100, 0, 0, 100, 0, 0, 100]], ids=str)
def test_sales_that_tell_no_curve_are_refused(sales: list[float]) -> None:
    with pytest.raises(MintmarkError, match="bass_fit: sales"):
        demand.bass_fit(sales=sales)


# --- choices ----------------------------------------------------------------------------------------------------------


def test_heating_systems() -> None:
    made = demand.logit_fit(csv=beside("heating_wide.csv"), choice="depvar", features=["ic", "oc"])
    assert made["coefficients"] == pytest.approx({"ic": -0.0062319, "oc": -0.0045801}, abs=5e-8)
    assert made["log_likelihood"] == pytest.approx(-1095.24, abs=0.005)


def test_heating_systems_with_a_constant_each() -> None:
    """Published with the heat pump as reference; here the first alternative is, so differences are compared."""
    made = demand.logit_fit(
        csv=beside("heating_wide.csv"), choice="depvar", features=["ic", "oc"], constants=True,
        alternatives=["hp", "ec", "er", "gc", "gr"],
    )  # fmt: skip
    names = {
        f"(intercept):{a}": v
        for a, v in (("ec", 1.65884594), ("er", 1.85343697), ("gc", 1.71097930), ("gr", 0.30826328))
    }
    assert made["coefficients"] == pytest.approx(names | {"ic": -0.00153315, "oc": -0.00699637}, abs=1e-6)
    assert made["log_likelihood"] == pytest.approx(-1008.2, abs=0.05)


def test_electricity_suppliers() -> None:
    features = ["pf", "cl", "loc", "wk", "tod", "seas"]
    made = demand.logit_fit(csv=beside("electricity_long.csv"), choice="choice", id="chid", features=features)
    expected = [-0.625228, -0.108299, 1.442243, 0.995504, -5.462759, -5.840031]
    assert [made["coefficients"][f] for f in features] == pytest.approx(expected, abs=1e-6)
    assert made["log_likelihood"] == pytest.approx(-4958.649, abs=0.0005)


def test_fishing_with_features_of_the_alternative_and_of_the_person() -> None:
    path = beside("fishing_long.csv")
    plain = demand.logit_fit(csv=path, choice="choice", id=["id", "alt"], features=["price", "catch"], constants=True)
    assert plain["coefficients"] == pytest.approx(
        {"(intercept):boat": 0.871375, "(intercept):charter": 1.498888, "(intercept):pier": 0.307055,
         "price": -0.024790, "catch": 0.377169}, abs=1e-6,
    )  # fmt: skip
    features = ["price", "catch", "income"]
    whole = demand.logit_fit(csv=path, choice="choice", id="id", alternatives="alt", features=features, constants=True)
    assert whole["coefficients"]["income:boat"] == pytest.approx(8.9440e-05, rel=1e-4)
    assert whole["log_likelihood"] == pytest.approx(-1215.1, abs=0.05)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "t.csv"
    path.write_text(text)
    return str(path)


LONG = "id,alt,chosen,price\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [("1,a,1,2\n1,b,1,3\n", "exactly one"), ("1,a,0,2\n1,b,0,3\n", "exactly one"), ("1,a,1,2\n", "one alternative"),
     ("1,a,1,2\n1,a,0,3\n", "twice"), ("1,a,maybe,2\n1,b,0,3\n", "neither 1 nor 0"),
     ("1,a,1,2\n1,b,0,3\n", "do not tell"), ("1,a,1,2\n1,b,0,2\n2,a,1,2\n2,b,0,2\n", "same for all"),
     ("1,a,1,2\n1,b,0,3\n2,a,1,2\n2,b,0,4\n3,a,1,1\n3,b,0,4\n", "without a miss")],
)  # fmt: skip
def test_choices_that_tell_nothing_are_refused(rows: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        demand.logit_fit(csv=written(tmp_path, LONG + rows), choice="chosen", id=["id", "alt"], features=["price"])


def test_wide_and_long_files_are_not_mixed_up(tmp_path: Path) -> None:
    path = written(tmp_path, "pick,price.a,price.b\na,1,2\nb,2,1\nc,1,1\n")
    with pytest.raises(DataError, match="'c' in row 3"):
        demand.logit_fit(csv=path, choice="pick", features=["price"])
    with pytest.raises(RecipeError, match="alternatives"):
        demand.logit_fit(csv=path, choice="pick", features=["price"], alternatives="alt")
    with pytest.raises(RecipeError, match="alternatives"):
        demand.logit_fit(csv=path, choice="pick", id="id", features=["price"], alternatives=["a", "b"])
    with pytest.raises(DataError, match="speed"):
        demand.logit_fit(csv=path, choice="pick", alternatives=["a", "b"], features=["speed"])


def test_what_was_chosen_is_no_feature(tmp_path: Path) -> None:
    path = written(tmp_path, LONG + "1,a,1,2\n1,b,0,3\n")
    with pytest.raises(RecipeError, match="logit_fit: features: 'chosen'"):
        demand.logit_fit(csv=path, choice="chosen", id="id", features=["price", "chosen"])


# --- price questions --------------------------------------------------------------------------------------------------

FOUR = {
    "too_cheap": [2, 3, 4, 5, 6], "cheap": [4, 5, 6, 7, 8], "expensive": [7, 8, 9, 11, 12],
    "too_expensive": [9, 11, 13, 14, 15],
}  # fmt: skip


def lines(points: list[float], rising: Any, falling: Any) -> float:
    """Where two curves of straight lines cross, by bisection of the first change of sign."""
    fine = np.linspace(min(points), max(points), 1_000_001)
    gap = np.interp(fine, points, [rising(p) - falling(p) for p in points])
    return float(fine[int(np.argmax(gap >= 0))])


def test_four_questions_by_hand() -> None:
    made = demand.van_westendorp(**FOUR)
    points = sorted({float(v) for column in FOUR.values() for v in column})

    def share(name: str, above: bool) -> Any:
        return lambda p: np.mean([(v > p) if above else (v <= p) for v in FOUR[name]])

    expected = {
        "opp": lines(points, share("too_expensive", False), share("too_cheap", True)),
        "ipp": lines(points, share("expensive", False), share("cheap", True)),
        "pmc": lines(points, share("cheap", False), share("too_cheap", True)),
        "pme": lines(points, share("too_expensive", False), share("expensive", True)),
    }
    assert {k: made[k] for k in expected} == pytest.approx(expected, abs=1e-4)
    assert (made["valid"], made["dropped"]) == (5, 0)


def test_large_surveys_tell_the_crossings_of_their_laws(tmp_path: Path) -> None:
    """The four prices are lognormal with one spread: two curves cross at the root of the product of their medians."""
    path = tmp_path / "survey.csv"
    path.write_text(example.survey(np.random.default_rng(0), people=40_000))
    made = demand.van_westendorp(csv=str(path))
    tc, c, e, te = example.FOUR
    truth = {"opp": (tc * te) ** 0.5, "ipp": (c * e) ** 0.5, "pmc": (tc * c) ** 0.5, "pme": (e * te) ** 0.5}
    assert {k: made[k] for k in truth} == pytest.approx(truth, rel=0.02)
    assert 0 < made["dropped"] < 4000


def test_answers_in_no_order_are_dropped_and_counted() -> None:
    mixed = {k: [*v, 9] for k, v in FOUR.items()}
    made = demand.van_westendorp(**mixed)
    assert made == demand.van_westendorp(**FOUR) | {"dropped": 1}
    with pytest.raises(DataError, match="0 of 1 answers hold together"):
        demand.van_westendorp(too_cheap=[5], cheap=[4], expensive=[3], too_expensive=[2])


@pytest.mark.parametrize(
    ("given", "field"),
    [({}, "csv"), ({"csv": "x.csv", **FOUR}, "csv"), ({k: FOUR[k] for k in ("cheap", "expensive")}, "too_cheap"),
     (FOUR | {"too_expensive": [9, 11]}, "too_expensive"), (FOUR | {"cheap": [-1, 5, 6, 7, 8]}, "cheap")],
)  # fmt: skip
def test_questions_left_out_are_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(MintmarkError, match=f"van_westendorp: {field}"):
        demand.van_westendorp(**given)


# --- the best price, unit economics -----------------------------------------------------------------------------------


def test_best_prices() -> None:
    assert demand.optimal_price(cost=10, elasticity=-2) == {"price": 20}
    assert demand.optimal_price(cost=10, intercept=100, slope=2) == {"price": 30}
    assert demand.optimal_price(cost=10, intercept=100, slope=-2) == {"price": 30}
    assert demand.optimal_price(cost=6, elasticity=-1.5)["price"] == pytest.approx(18)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"elasticity": -0.5}, "elasticity"), ({"elasticity": 2}, "elasticity"), ({}, "elasticity"),
     ({"intercept": 9}, "slope"), ({"slope": 2}, "intercept"), ({"intercept": 100, "slope": 0}, "slope"),
     ({"intercept": 10, "slope": 1}, "cost"), ({"elasticity": -2, "intercept": 100, "slope": 2}, "elasticity")],
)  # fmt: skip
def test_no_best_price_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(RecipeError, match=f"optimal_price: {field}"):
        demand.optimal_price(cost=10, **given)


def test_unit_economics() -> None:
    made = demand.unit_economics(arpa=100, margin=0.8, churn=0.03, cac=1200)
    assert (made["ltv"], made["payback_months"]) == pytest.approx((2666.67, 15), abs=0.005)
    made = demand.unit_economics(revenue_now=12.5, revenue_before=11, sales_marketing=5)
    assert made == {"ltv": None, "payback_months": None, "magic_number": pytest.approx(1.2)}
    whole = demand.unit_economics(
        arpa=80, margin=1, churn=0.03, cac=1200, revenue_now=12.5, revenue_before=11, sales_marketing=5
    )
    assert list(whole.values()) == pytest.approx([2666.67, 15, 1.2], abs=0.005)


@pytest.mark.parametrize(
    ("given", "field"),
    [({}, "arpa"), ({"arpa": 100, "churn": 0.1}, "margin"), ({"arpa": 100, "margin": 0.8}, "churn"),
     ({"revenue_now": 2}, "revenue_before"), ({"arpa": 100, "margin": 0.8, "churn": 0}, "churn"),
     ({"arpa": 100, "margin": 0, "cac": 5}, "margin"), ({"arpa": 100, "margin": 1.2, "churn": 0.1}, "margin")],
)  # fmt: skip
def test_unit_economics_name_what_is_missing(given: dict[str, Any], field: str) -> None:
    with pytest.raises(RecipeError, match=f"unit_economics: {field}"):
        demand.unit_economics(**given)
