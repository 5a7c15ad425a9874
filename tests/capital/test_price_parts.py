"""Parts of the plan for a market by themselves: who stays, promotion, tiers, the choice of a price, the table."""

import csv
import io
import itertools
from typing import Any

import numpy as np
import pytest

from mintmark.capital import assumptions as files
from mintmark.capital import choice, pricing, survey
from mintmark.capital.pricing import price, promotion, tiers
from mintmark.capital.pricing.promotion import Channels
from mintmark.capital.pricing.retention import LONG, Stay
from mintmark.capital.pricing.study import Study, spread

# --- who stays --------------------------------------------------------------------------------------------------------


def test_customers_there_are_all_who_came_and_have_not_left() -> None:
    rng = np.random.default_rng(0)
    new, churn = rng.random((12, 5)), rng.uniform(0, 0.2, 5)
    shares = np.sort(rng.random(LONG))[::-1]
    for stay, still in (
        (Stay(churn=churn), lambda age: (1 - churn) ** age),
        (Stay(shares=shares), lambda age: np.full(5, shares[age])),
    ):
        expected = [sum(new[m] * still(t - m) for m in range(t + 1)) for t in range(12)]
        assert stay.active(new) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("churn", [0.0, 1e-6, 0.03, 1.0])
@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_months_of_a_stay_are_the_sum_of_those_paid(churn: float, rate: float) -> None:
    age = np.arange(LONG)
    expected = ((1 - churn) ** age / (1 + rate) ** age).sum()
    assert Stay(churn=np.array([churn])).months(rate) == pytest.approx([expected])
    assert Stay(shares=(1 - churn) ** age).months(rate) == pytest.approx([expected])


# --- promotion --------------------------------------------------------------------------------------------------------


def channels(**more: Any) -> Channels:
    made = {"most": [4.0, 2.5, 5.0], "half": [12e3, 4e3, 15e3], "slope": [1.0, 0.8, 1.0], "least": [0.0] * 3,
            "limit": [np.inf] * 3} | more  # fmt: skip
    return Channels(**{k: np.array(v) for k, v in made.items()})


def test_the_last_unit_of_money_wins_as_much_in_each_channel() -> None:
    c = channels()
    for budget in (3e3, 30e3, 300e3):
        split = promotion.best(c, budget)
        assert split.sum() == pytest.approx(budget)
        assert np.ptp(c.marginal(split)) < 1e-3 * c.marginal(split).max()


def test_marginal_is_the_slope_of_what_is_won() -> None:
    c, x = channels(slope=[1.6, 0.8, 1.0]), np.array([5e3, 7e3, 100.0])
    assert c.marginal(x) == pytest.approx((c.won(x + 0.5) - c.won(x - 0.5)), rel=1e-4)


def test_channels_that_start_slowly_are_weighed_as_a_whole() -> None:
    """Equal marginal returns alone would not do: with little money one of two such channels gets all of it."""
    c = channels(most=[4.0, 4.2, 1.0], half=[10e3, 11e3, 30e3], slope=[3.0, 3.0, 2.0])
    for budget in (8e3, 14e3, 40e3):
        split = promotion.best(c, budget)
        tried = [
            float(c.won(budget * np.array([a, b, 1 - a - b])).sum())
            for a, b in itertools.product(np.linspace(0, 1, 201), repeat=2)
            if a + b <= 1
        ]
        assert float(c.won(split).sum()) >= max(tried) - 1e-6 and split.sum() <= budget * (1 + 1e-9)


def test_bounds_of_channels_hold() -> None:
    c = channels(least=[9e3, 0.0, 0.0], limit=[np.inf, 2e3, np.inf])
    split = promotion.best(c, 20e3)
    assert split[0] >= 9e3 - 1e-6 and split[1] <= 2e3 + 1e-6 and split.sum() == pytest.approx(20e3)
    assert promotion.best(c, 9e3) == pytest.approx([9e3, 0, 0])


def minimal(**more: Any) -> Study:
    raw = {
        "product": {"name": "P", "cost_per_1k": 0.1, "usage": 10},
        "market": {"segments": [{"name": "all", "customers": 100, "spend": 500, "fit": 0.5, "reach": 0.4}]},
        "diffusion": {"p": 0.05, "q": 0.4},
    }
    return Study(files.parse(raw | more, pricing.Plan, "P.toml"), "P.toml", samples=500)


def test_the_budget_beside_an_equal_split_and_the_best_one_for_a_customers_worth() -> None:
    names = ("a", "b", "c")
    given = [
        {"name": n, "most": m, "half": h, "now": x, "carry": 0.5}
        for n, m, h, x in zip(names, (4, 2.5, 5), (12e3, 4e3, 15e3), (20e3, 5e3, 5e3), strict=True)
    ]
    study = minimal(promotion={"budget": 30e3, "channels": given})
    made = promotion.promotion(study, 9000.0)
    assert made["customers"] > max(made["equal_split"], made["now"])
    assert made["ramp"] == sorted(made["ramp"]) and made["ramp"][-1] == pytest.approx(made["customers"], rel=0.01)
    ideal = made["best_budget"]
    c = channels(slope=[1.0, 1.0, 1.0])

    def earns(x: float) -> float:
        return 9000 * float(c.won(promotion.best(c, x)).sum()) - x

    assert all(earns(ideal) >= earns(ideal * f) - 1e-3 for f in (0.8, 0.95, 1.05, 1.25))
    assert promotion.promotion(study, 0.0)["best_budget"] == 0
    assert promotion.promotion(minimal(), 9000.0) == {}


# --- tiers ------------------------------------------------------------------------------------------------------------


def test_each_customer_takes_the_cheapest_tier_for_his_usage() -> None:
    offered = [
        {"name": "S", "included": 5, "price": 10}, {"name": "M", "included": 20, "price": 30, "overage": 3},
        {"name": "L", "included": 100, "price": 90},
    ]  # fmt: skip
    made = tiers.tiers(minimal(tiers={"offered": offered, "spread": 1.0}), 15.0, 2.0, 0.5, None)
    from scipy import stats

    law = stats.lognorm(1.0, scale=15 * np.exp(-0.5))
    small, large = law.cdf(5), law.cdf(100) - law.cdf(40)  # 30 + 3 (u - 20) is 90 at u = 40
    shares = [t["share"] for t in made["tiers"]]
    assert shares == pytest.approx([small, 1 - small - large, large], abs=2e-4)  # above 100 its overage keeps them
    assert made["unserved"] == 0


def test_customers_beyond_every_tier_are_said() -> None:
    study = minimal(tiers={"offered": [{"name": "S", "included": 10, "price": 10}], "spread": 1.0})
    made = tiers.tiers(study, 15.0, 2.0, 0.5, None)
    assert made["unserved"] > 0.3 and "more than any tier holds" in study.notes[0]["said"]
    assert tiers.tiers(minimal(), 15.0, 2.0, 0.5, 1e-6)["priced_out"] == 1


# --- the price of a logit, and of yes and no --------------------------------------------------------------------------


def test_the_best_price_against_rivals_is_the_best_of_all_tried() -> None:
    b, ours = np.array([-0.35, 0.6]), np.array([0.0, 8.0])
    others = np.array([[6.0, 5.0], [0.0, 0.0]])
    best, share = price._best(b, ours, others, 1.5)
    tried = np.linspace(1.5, 40, 400_001)
    margin = price._share(b, ours, others, tried) * (tried - 1.5)
    assert best == pytest.approx(tried[margin.argmax()], abs=2e-4)
    assert share == pytest.approx(float(price._share(b, ours, others, np.array(best))))


def test_yes_and_no_at_prices_find_their_law_and_its_best_price() -> None:
    rng = np.random.default_rng(1)
    asked = rng.choice([4.0, 6, 8, 10, 12, 15, 20], 6000)
    yes = (rng.random(6000) < 1 / (1 + np.exp(-(4 - 0.4 * asked)))).astype(float)
    made = survey.granger(asked, yes, cost=1.0)
    assert (made.intercept, made.slope) == pytest.approx((4, -0.4), rel=0.07)
    tried = np.linspace(4, 20, 10_001)
    truth = tried[((tried - 1) / (1 + np.exp(-(4 - 0.4 * tried)))).argmax()]
    assert made.best == pytest.approx(truth, abs=0.3) and made.low <= made.best <= made.high
    assert (np.diff(made.share) <= 0).all()


def test_answers_that_a_price_parts_without_a_miss_have_a_price() -> None:
    asked = np.array([4.0, 5, 6, 7] * 5)
    made = survey.granger(asked, (asked < 5.5).astype(float), cost=0.0)
    assert 4.5 < made.best < 6


def test_worth_of_a_feature_has_the_error_of_many_studies() -> None:
    """Standard errors by the delta method against the spread over simulated studies."""
    b = np.array([-0.5, 1.0])
    found = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(400, 3, 2)) * [2, 1]
        picks = (x @ b + rng.gumbel(size=(400, 3))).argmax(1)
        fit = choice.fit(choice.Choices(x, np.ones((400, 3), bool), picks, ("price", "speed")))
        found.append(fit.worth("speed", "price"))
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx(2.0, abs=0.06)
    assert errors.mean() == pytest.approx(values.std(), rel=0.2)


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_is_read_back_and_holds_no_formula() -> None:
    raw = {
        "currency": "EUR", "product": {"name": "P", "cost_per_1k": 0.1, "usage": 10, "value_per_case": 0.01},
        "market": {"segments": [{"name": "=1+1", "customers": 100, "spend": 500, "fit": 0.5, "reach": 0.4}]},
        "alternatives": [{"name": "@rival", "price": 1, "captures": 0.5}], "diffusion": {"p": 0.05, "q": 0.4},
    }  # fmt: skip
    made = pricing.plan(files.parse(raw, pricing.Plan, "P"), "P", samples=500)
    rows = list(csv.DictReader(io.StringIO(pricing.csv(made))))
    assert all(len(r) == 9 and None not in r for r in rows)
    assert float(rows[0]["value"]) == made["corridor"]["recommended"] and rows[0]["unit"] == "EUR for 1,000 predictions"
    assert {"'=1+1.som", "'@rival"} <= {r["name"] for r in rows}
    assert not [v for r in rows for v in r.values() if v[:1] in ("=", "+", "@")]
    measured = [r for r in rows if r["section"] == "model" and r["name"].endswith(".npv")]
    assert len(measured) == 5


def test_a_spread_of_one_value_has_no_error() -> None:
    assert spread(3.0) == {"mean": 3, "p10": 3, "p50": 3, "p90": 3, "standard_error": 0, "how": "estimated"}
    made = spread(np.arange(101.0))
    assert (made["p10"], made["p50"], made["p90"]) == (10, 50, 90)
    assert made["standard_error"] == pytest.approx(np.arange(101).std(ddof=1) / 101**0.5)
