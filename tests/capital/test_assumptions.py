"""Files of assumptions: what their figures mean, how they move together, and what contradicts itself."""

import math
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from scipy import stats

from mintmark.base.errors import RecipeError
from mintmark.capital import assumptions
from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Amount, Assumption, Money, Share
from mintmark.recipe.strict import Strict

N = 200_000


class Labour(Strict):
    hours: Amount = Amount(value=10.0)
    wage: Money = Money(value=20.0)


class Plan(Assumptions):
    labour: Labour = Labour()
    share: Share = Share(value=0.1)
    tiers: list[Money] = []
    markets: dict[str, Amount] = {}


def plan(**raw: Any) -> Plan:
    return assumptions.parse(raw, Plan, "A.toml")


def drawn(seed: int = 0, n: int = N, **raw: Any) -> dict[str, np.ndarray]:
    return plan(**raw).sample(np.random.default_rng(seed), n)


# --- one figure -------------------------------------------------------------------------------------------------------

SHAPES = [
    ({"low": 4, "mode": 5.5, "high": 10}, stats.beta(2, 4, 4, 6)),
    ({"low": 4, "mode": 5.5, "high": 10, "shape": "triangular"}, stats.triang(0.25, 4, 6)),
    ({"low": 4, "high": 10}, stats.uniform(4, 6)),
    ({"p10": 4, "p90": 10}, stats.norm(7, 3 / stats.norm.ppf(0.9))),
    ({"p10": 4, "p90": 10, "shape": "lognormal"}, stats.lognorm(math.log(2.5) / 2 / stats.norm.ppf(0.9), 0, 40**0.5)),
    ({"mean": 5, "sd": 2}, stats.norm(5, 2)),
    ({"mean": 5, "sd": 2, "shape": "lognormal"}, stats.lognorm(math.log(1.16) ** 0.5, 0, 5 / 1.16**0.5)),
    ({"mean": 0.3, "sd": 0.1, "shape": "beta"}, stats.beta(6, 14)),
    ({"mean": 7, "sd": 1, "low": 4, "high": 10}, stats.beta(4, 4, 4, 6)),
    ({"alpha": 6, "beta": 14}, stats.beta(6, 14)),
    ({"alpha": 6, "beta": 14, "low": -1, "high": 1}, stats.beta(6, 14, -1, 2)),
    ({"mean": 5, "sd": 2, "least": 4}, stats.truncnorm(-0.5, np.inf, 5, 2)),
    ({"mean": 5, "sd": 2, "least": 4, "most": 8}, stats.truncnorm(-0.5, 1.5, 5, 2)),
]


@pytest.mark.parametrize(("raw", "law"), SHAPES, ids=lambda x: str(x)[:60])
def test_a_figure_follows_its_law(raw: dict[str, Any], law: Any) -> None:
    figure = Assumption.model_validate(raw | {k: float(v) for k, v in raw.items() if not isinstance(v, str)})
    p = np.array([0.001, 0.1, 0.5, 0.9, 0.999])
    assert figure.quantile(p) == pytest.approx(law.ppf(p), rel=1e-6)
    assert figure.centre() == pytest.approx(law.mean(), rel=1e-4)
    made = figure.draw(np.random.default_rng(1).standard_normal(N))
    assert made.mean() == pytest.approx(law.mean(), abs=5 * law.std() / N**0.5)
    assert stats.kstest(made, law.cdf).pvalue > 1e-4
    assert not figure.known


def test_values_with_probabilities() -> None:
    figure = Assumption(values=[8.0, 5.0], probabilities=[0.75, 0.25])
    assert figure.centre() == 7.25
    assert figure.quantile(np.array([0.2, 0.3])).tolist() == [5, 8]
    made = figure.draw(np.random.default_rng(0).standard_normal(N))
    assert set(made.tolist()) == {5, 8} and (made == 5).mean() == pytest.approx(0.25, abs=0.005)
    assert Assumption(values=[1.0, 2.0, 6.0]).centre() == 3


@pytest.mark.parametrize(
    "raw", [3, {"value": 3}, {"low": 3, "high": 3}, {"low": 3, "mode": 3, "high": 3}, {"mean": 3, "sd": 0}, "3 USD"]
)
def test_what_does_not_vary_is_known(raw: Any) -> None:
    figure = plan(tiers=[raw]).tiers[0]
    assert figure.known and figure.centre() == 3
    assert figure.draw(np.array([-2.0, 0.0, 2.0])).tolist() == [3, 3, 3]


def test_tails_beyond_what_a_field_can_be_are_cut_off() -> None:
    made = drawn(share={"mean": 0.05, "sd": 0.1}, labour={"hours": {"p10": 1, "p90": 9}})
    assert 0 < made["share"].min() and made["share"].max() < 1 and made["labour.hours"].min() > 0
    expected = stats.truncnorm(-0.5, 9.5, 0.05, 0.1)
    assert made["share"].mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / N**0.5)


# --- together ---------------------------------------------------------------------------------------------------------


def test_normal_figures_have_the_correlation_that_was_said() -> None:
    raw = {
        "labour": {"wage": {"mean": 50, "sd": 5}},
        "tiers": [{"mean": 10, "sd": 1}, {"low": 0, "mode": 3, "high": 9}],
    }
    pairs = [("labour.wage", "tiers[0]", 0.6), ("tiers[0]", "tiers[1]", -0.5)]
    made = drawn(**raw, correlations=[{"between": [a, b], "rho": r} for a, b, r in pairs])
    assert np.corrcoef(made["labour.wage"], made["tiers[0]"])[0, 1] == pytest.approx(0.6, abs=0.01)
    ranks = stats.spearmanr(made["tiers[0]"], made["tiers[1]"]).statistic
    assert ranks == pytest.approx(6 / math.pi * math.asin(-0.25), abs=0.01)
    assert np.corrcoef(made["labour.wage"], made["tiers[1]"])[0, 1] == pytest.approx(0, abs=0.01)
    total = made["labour.wage"] + made["tiers[0]"]
    assert total.var() == pytest.approx(25 + 1 + 2 * 0.6 * 5, rel=0.02)
    for name, law in (("labour.wage", stats.norm(50, 5)), ("tiers[1]", stats.beta(1 + 4 / 3, 1 + 8 / 3, 0, 9))):
        assert stats.kstest(made[name], law.cdf).pvalue > 1e-4  # each by itself is as before


def test_full_correlation_moves_as_one() -> None:
    raw = {"tiers": [{"mean": 10, "sd": 1}, {"mean": 20, "sd": 4}]}
    made = drawn(n=1000, **raw, correlations=[{"between": ["tiers[0]", "tiers[1]"], "rho": -1}])
    assert (made["tiers[1]"] - 20) / 4 == pytest.approx(-(made["tiers[0]"] - 10), abs=1e-6)


def test_a_known_figure_may_be_named_in_a_correlation() -> None:
    made = drawn(
        n=10, tiers=[3, {"mean": 1, "sd": 1}], correlations=[{"between": ["tiers[0]", "tiers[1]"], "rho": 0.5}]
    )
    assert set(made["tiers[0]"].tolist()) == {3} and made["tiers[1]"].std() > 0


def test_the_same_seed_draws_the_same() -> None:
    raw = {"share": {"low": 0.1, "high": 0.2}}
    assert (drawn(1, 50, **raw)["share"] == drawn(1, 50, **raw)["share"]).all()
    assert (drawn(1, 50, **raw)["share"] != drawn(2, 50, **raw)["share"]).any()


def test_money_comes_out_in_the_currency_of_the_file() -> None:
    fx = {"EUR": {"rate": 1.25, "dated": "2026-05-01", "source": "a bank"}, "CNY": {"rate": 0.14, "dated": "2026-05"}}
    wage = {"p10": 20, "p90": 30, "currency": "EUR", "source": "a bill", "how": "measured"}
    made = plan(fx=fx, labour={"wage": wage}, tiers=["100 CNY", 5, "-2.5 USD"])
    assert made.centres()["labour.wage"] == pytest.approx(31.25)
    assert made.quantiles(0.1)["labour.wage"] == pytest.approx(25)
    now = made.sample(np.random.default_rng(0), 3)
    assert [now[f"tiers[{i}]"][0] for i in range(3)] == pytest.approx([14, 5, -2.5])
    assert (made.labour.wage.how, made.labour.wage.source) == ("measured", "a bill")
    assert list(made.figures) == ["labour.hours", "labour.wage", "share", "tiers[0]", "tiers[1]", "tiers[2]"]
    assert list(plan(markets={"north": 1, "south": 2}).figures)[-2:] == ["markets.north", "markets.south"]


def test_what_is_older_than_a_year_is_said() -> None:
    fx = {"EUR": {"rate": 1.25, "dated": "2025-06-01"}}
    made = plan(fx=fx, share={"value": 0.2, "dated": "2024"}, tiers=[{"value": 1, "dated": "2026-05"}])
    assert made.stale(date(2026, 6, 1)) == ["share, as the file has it, is dated 2024: it may be out of date."]
    assert made.stale(date(2026, 6, 2))[0] == "The rate of EUR, 1.25 USD, is dated 2025-06-01: it may be out of date."
    assert len(made.stale(date(2028, 1, 1))) == 3


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "A.toml"
    path.write_text(
        'currency = "CNY"\nshare = { low = 0.1, mode = 0.2, high = 0.4, source = "a guess" }\n'
        '[fx]\nUSD = { rate = 7.1, dated = 2026-05-01 }\n[labour]\nhours = 12\nwage = "30 USD"\n'
        '[[correlations]]\nbetween = ["share", "labour.hours"]\nrho = 0.2\n',
        encoding="utf-8",
    )
    made = assumptions.load(path, Plan)
    assert made.centres() == {"labour.hours": 12, "labour.wage": 213, "share": pytest.approx(13 / 60)}
    path.write_text("share = {", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"A.toml, line 1: is no TOML"):
        assumptions.load(path, Plan)


def test_a_file_of_another_kind_is_told_before_its_keys() -> None:
    class Kind(Plan):
        kind: Literal["plan"] = "plan"

    assert assumptions.parse({"kind": "plan"}, Kind, "A.toml").share.value == 0.1
    with pytest.raises(RecipeError, match=r'A.toml: kind: is "price"; .* kind .plan.*`mintmark new plan`'):
        assumptions.parse({"kind": "price", "product": {}}, Kind, "A.toml")


# --- contradictions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"share": 1.2}, r"A.toml: share: must be a share between 0 and 1, got 1.2"),
        ({"share": {"low": 0.5, "high": 0.2}}, r"share: low is 0.5, above high, which is 0.2"),
        ({"share": {"low": 0.1, "mode": 0.6, "high": 0.5}}, r"share: mode is 0.6, above high"),
        ({"share": {"p10": 0.5, "p90": 0.2}}, r"share: p10 is 0.5, above p90"),
        ({"share": {"p10": -0.1, "p90": 0.2}}, r"share: must be a share between 0 and 1, got p10 -0.1"),
        ({"share": {"low": 0.1, "high": 1.5}}, r"share: must be a share .* got high 1.5"),
        ({"share": {"alpha": 2, "beta": 3, "low": 0, "high": 4}}, r"share: must be a share .* got high 4"),
        ({"share": {"low": 0.1, "mean": 0.2}}, r"share: low and mean cannot be taken together"),
        ({"share": {"value": 0.1, "sd": 0.2}}, r"share: sd and value cannot be taken together"),
        ({"share": {"source": "a guess"}}, r"share: has no figure"),
        ({"share": {"value": 0.1, "shape": "pert"}}, r"share: is one number and has no shape"),
        ({"share": {"low": 0.1, "high": 0.2, "shape": "normal"}}, r"shape 'normal' cannot be made from high, low"),
        ({"share": {"low": 0.1, "high": 0.2, "least": 0.1}}, r"least and most cut a normal or lognormal"),
        ({"share": {"mean": 0.5, "sd": 0.5, "shape": "beta"}}, r"sd is 0.5; between 0 and 1 it is below 0.5"),
        ({"share": {"mean": 0.5, "sd": -0.5}}, r"share: sd must be 0 or more"),
        ({"share": {"alpha": 0, "beta": 1}}, r"share: alpha must be greater than 0"),
        ({"share": {"mean": 0.5, "sd": 0.1, "least": 0.6}}, r"least is 0.6, which cuts off most"),
        ({"share": {"values": [0.1, 0.2], "probabilities": [0.5, 0.6]}}, r"probabilities sum to 1.1, not to 1"),
        (
            {"share": {"values": [0.1, 0.2], "probabilities": [1.5, -0.5]}},
            r"probabilities\[0\] must be between 0 and 1",
        ),
        ({"share": {"values": [0.1, 0.2], "probabilities": [1.0]}}, r"there are 2 values and 1 probabilities"),
        ({"share": {"values": []}}, r"values is empty"),
        ({"share": {"value": 0.1, "currency": "USD"}}, r"share: is a share between 0 and 1 and has no currency"),
        ({"share": {"value": 0.1, "dated": "May"}}, r"share.dated: must be a date, got 'May'"),
        ({"share": {"value": 0.1, "how": "guessed"}}, r"share.how: must be one of \"measured\", \"assumed\""),
        ({"share": {"modes": 0.1}}, r"share.modes: unknown setting 'modes'.*did you mean 'mode'"),
        ({"share": "a tenth"}, r"share: must be a share between 0 and 1, got \"a tenth\""),
        ({"share": True}, r"share: must be a share between 0 and 1, got true"),
        ({"labour": {"hours": -1}}, r"labour.hours: must be a number, 0 or more, got -1"),
        (
            {"labour": {"wage": {"mean": -1, "sd": 1, "shape": "lognormal"}}},
            r"labour.wage: mean must be greater than 0",
        ),
        ({"labour": {"wage": "20 GBP"}}, r"A.toml: labour.wage is in GBP, which has no rate in \[fx\].*GBP = \{ rate"),
        ({"labour": {"wage": "20 dollars"}}, r"labour.wage: must be an amount of money"),
        ({"tiers": [1, {"value": 2, "currency": "euro"}]}, r"tiers\[1\]: currency must be three capital letters"),
        ({"labour": {"wage": -1e31}}, r"A.toml: labour.wage reaches 1e\+31"),
        ({"labour": {"wage": {"p10": 1e-300, "p90": 1e300, "shape": "lognormal"}}}, r"labour.wage reaches inf"),
        ({"currency": "$"}, r"a currency is three capital letters"),
        ({"fx": {"USD": {"rate": 1, "dated": "2026"}}}, r"fx.USD is the file's own currency"),
        ({"fx": {"EUR": {"rate": 0, "dated": "2026"}}}, r"fx.EUR.rate: must be greater than 0"),
        ({"fx": {"EUR": {"rate": 1.1}}}, r"fx.EUR.dated: is missing"),
        ({"fx": {"EUR": {"rate": 1.1, "dated": "2026-13"}}}, r"fx.EUR.dated: must be a date"),
    ],
)
def test_what_contradicts_itself_is_refused(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as caught:
        plan(**raw)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("share", "labour.hour", 0.1)], r"no figure is named 'labour.hour'.*did you mean 'labour.hours'"),
        ([("share", "share", 0.1)], r"'share' is named twice"),
        ([("share", "tiers[0]", 0.1), ("tiers[0]", "share", 0.2)], r"have a correlation already"),
        ([("share", "tiers[0]", 1.5)], r"correlations\[0\].rho: must be at most 1"),
        (
            [("share", "tiers[0]", 0.9), ("share", "tiers[1]", 0.9), ("tiers[0]", "tiers[1]", -0.9)],
            r"correlations cannot hold together: share with tiers\[0\] 0.9.*each times 0.55 or less",
        ),
    ],
)
def test_correlations_that_cannot_be(pairs: list[tuple[str, str, float]], said: str) -> None:
    raw = {"share": {"mean": 0.1, "sd": 0.01}, "tiers": [{"mean": 1, "sd": 1}, {"mean": 1, "sd": 1}]}
    with pytest.raises(RecipeError, match=said):
        plan(**raw, correlations=[{"between": [a, b], "rho": r} for a, b, r in pairs])


def test_what_is_advised_holds_together() -> None:
    raw = {"share": {"mean": 0.1, "sd": 0.01}, "tiers": [{"mean": 1, "sd": 1}, {"mean": 1, "sd": 1}]}
    pairs = [("share", "tiers[0]", 0.9), ("share", "tiers[1]", 0.9), ("tiers[0]", "tiers[1]", -0.9)]
    plan(**raw, correlations=[{"between": [a, b], "rho": 0.55 * r} for a, b, r in pairs])
