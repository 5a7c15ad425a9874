"""Price: what each method says of the price of a unit, side by side, and the corridor that they leave."""

from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.words import mark
from mintmark.capital import choice, survey
from mintmark.capital.pricing.reading import Survey
from mintmark.capital.pricing.study import Array, Study, spread

FEWEST = 10
"""people below whom a survey is refused"""
DRAWS = 400
"""of the coefficients of a conjoint study"""
INELASTIC = -1.05
"""draws of an elasticity above it are taken as this: above -1 there is no best price"""


def cost_plus(study: Study, use: Array, loyal: Array, volume: Array) -> dict[str, Any]:
    """The price that leaves the margin after all costs of a unit; and the floor, which covers what a unit more costs.

    study: of the fixed sample, as for all methods; use: units a customer a month; loyal: months that a customer stays;
    volume: units sold a month on average.
    Raises: RecipeError: margin and fees leave nothing.
    """
    margin, fees = study.plan.pricing.margin, study.of("costs.fees")
    left = 1 - fees
    if not (left - margin > 0).all():
        what = f"a margin of {margin:g} and fees of {float(fees.max()):g} leave nothing of the price."
        raise study.wrong("pricing.margin", what, "margin and fees that sum to less than 1.")
    costs = _costs(study, use, loyal, volume)
    made = costs["full"] / (left - margin)
    return {
        "method": "cost_plus", "kind": "cost", "price": float(np.median(made)), "low": float(np.quantile(made, 0.1)),
        "high": float(np.quantile(made, 0.9)), "floor": float(np.median(costs["variable"] / left)),
    }  # fmt: skip


def unit(study: Study, use: Array, loyal: Array, volume: Array) -> dict[str, Any]:
    """What a unit costs, part by part, over the draws; inputs as those of `cost_plus`."""
    costs = {name: spread(cost) for name, cost in _costs(study, use, loyal, volume).items()}
    return {"predictions": spread(study.prediction[0], study.prediction[1]), **costs}


def _costs(study: Study, use: Array, loyal: Array, volume: Array) -> dict[str, Array]:
    variable = study.unit_cost + study.of("costs.support") / use
    winning = (study.of("costs.acquisition") + study.of("costs.onboarding")) / (use * loyal)
    fixed = study.of("costs.fixed") / volume
    return {"variable": variable, "winning": winning, "fixed": fixed, "full": variable + winning + fixed}


def value(place: dict[str, Any]) -> dict[str, Any] | None:
    """The reference price and a share of what the product is worth above it."""
    if not place:
        return None
    price, ceiling = place["price"], place["ceiling"]
    return {
        "method": "value", "kind": "value", "price": price["p50"], "low": price["p10"], "high": price["p90"],
        "ceiling": ceiling["p50"], "binding": place["binding"],
    }  # fmt: skip


def westendorp(study: Study, answers: Survey | None) -> dict[str, Any] | None:
    """The optimal price point, in the range from marginal cheapness to marginal dearness."""
    if answers is None or answers.four is None:
        return None
    made = survey.sensitivity(answers.four, "survey", FEWEST)
    if made.dropped:
        study.say(
            mark("{n} of {all} people gave four prices that do not rise; they were left out."),
            n=made.dropped, all=made.valid + made.dropped,
        )  # fmt: skip
    names = ("prices", "too_cheap", "cheap", "expensive", "too_expensive")
    curves = {n: _thin(getattr(made, n)) for n in names}
    return {
        "method": "van_westendorp", "kind": "demand", "price": made.opp, "low": made.pmc, "high": made.pme,
        "opp": made.opp, "ipp": made.ipp, "pmc": made.pmc, "pme": made.pme, "n": made.valid, "dropped": made.dropped,
        "curves": curves,
    }  # fmt: skip


def granger(study: Study, answers: Survey | None, cost: float) -> dict[str, Any] | None:
    """The price of the largest margin a person asked, from yes and no at given prices."""
    if answers is None or answers.asked is None or answers.yes is None:
        return None
    if len(answers.yes) < FEWEST:
        what = f"{len(answers.yes)} people were asked; {FEWEST} are needed."
        raise DataError(what, where="survey: would_buy", fix="more people.")
    made = survey.granger(answers.asked, answers.yes, cost, "survey: would_buy")
    if made.best >= made.prices[-1] - 1e-9:
        study.say(mark("Nearly as many would buy at the highest price that was asked: ask higher ones."))
    return {
        "method": "gabor_granger", "kind": "demand", "price": made.best, "low": made.low, "high": made.high,
        "n": len(answers.yes), "elasticity": made.elasticity, "intercept": made.intercept, "slope": made.slope,
        "curves": {"prices": made.prices.tolist(), "share": made.share.tolist(), "asked": made.asked.tolist()},
    }  # fmt: skip


def conjoint(study: Study, study_of: choice.Choices | None, cost: float) -> dict[str, Any] | None:
    """The price of the largest margin times share, from what people chose; and what features are worth to them.

    Raises: DataError: a dearer alternative is not chosen less.   RecipeError: `ours` or `rivals` name other features.
    """
    if study_of is None:
        return None
    read = study.plan.choices
    found = choice.fit(study_of, "choices")
    slope = found[read.price]
    if slope >= 0:
        what = f"people did not choose less what cost more (coefficient of {read.price!r} is {slope:.3g})."
        raise DataError(what, where="choices", fix="choices in which prices differ by more, or check that column.")
    ours = _profile(study, read.ours, found.terms, "choices.ours")
    rivals = [_profile(study, r, found.terms, f"choices.rivals[{i}]") for i, r in enumerate(read.rivals)]
    others = np.array(rivals or [np.zeros(len(found.terms))])
    best, share = _best(found.values, ours, others, cost)
    rng = study.rng(2)
    tries = rng.multivariate_normal(found.values, found.spread, DRAWS)
    tries = tries[tries[:, 0] < 0]
    prices = [_best(b, ours, others, cost)[0] for b in tries]
    low, high = np.quantile(prices, [0.1, 0.9])
    return {
        "method": "conjoint", "kind": "demand", "price": best, "low": float(low), "high": float(high),
        "n": found.situations, "share": share, "log_likelihood": found.log_likelihood,
        "rho_squared": 1 - found.log_likelihood / found.null,
        "coefficients": [
            {"name": t, "value": float(v), "standard_error": float(e)}
            for t, v, e in zip(found.terms, found.values, found.errors, strict=True)
        ],
        "worth": [
            {"name": t, "value": w, "standard_error": e}
            for t in found.terms if t != read.price for w, e in [found.worth(t, read.price)]
        ],
        "curve": _demand(found.values, ours, others, cost, best),
    }  # fmt: skip


def elasticity(study: Study, cost: Array) -> dict[str, Any] | None:
    """Lerner's price from the cost of one more unit, fees included."""
    if study.plan.pricing.elasticity is None:
        return None
    e = study.of("pricing.elasticity")
    held = np.minimum(e, INELASTIC)
    if (e > INELASTIC).mean() > 0.01:
        study.say(
            mark("{share} of the draws of the elasticity are above {bound}; they are taken as that."),
            share=f"{(e > INELASTIC).mean():.0%}", bound=INELASTIC,
        )  # fmt: skip
    made = cost * held / (1 + held)
    low, mid, high = np.quantile(made, [0.1, 0.5, 0.9])
    return {
        "method": "elasticity", "kind": "demand", "price": float(mid), "low": float(low), "high": float(high),
        "elasticity": spread(e),
    }  # fmt: skip


def corridor(study: Study, methods: list[dict[str, Any]]) -> dict[str, Any]:
    """From what a unit must bring to what customers accept; the middle of what demand and value say is recommended.

    Low: the floor of the costs, or marginal cheapness where that is higher. High: what the best alternative leaves, or
    marginal dearness where that is lower, else the highest price that a method says.
    """
    by = {m["method"]: m for m in methods}
    floor = by["cost_plus"]["floor"]
    lows = [("cost_plus", floor)] + [(m, by[m]["pmc"]) for m in ("van_westendorp",) if m in by]
    highs = [(m, by[m][k]) for m, k in (("value", "ceiling"), ("van_westendorp", "pme")) if m in by]
    points = [m["price"] for m in methods if m["kind"] != "cost"] or [by["cost_plus"]["price"]]
    if not highs:
        top = max(methods, key=lambda m: float(m["high"]))
        highs = [(top["method"], max(float(top["high"]), floor))]
    low_by, low = max(lows, key=lambda x: float(x[1]))
    high_by, high = min(highs, key=lambda x: float(x[1]))
    middle = float(np.median(points))
    if floor > high:
        study.say(
            mark("No price covers the cost of a unit ({floor}) and is accepted ({high}): cut costs or offer more."),
            floor=floor, high=high,
        )  # fmt: skip
        low, low_by, recommended, holds = floor, "cost_plus", floor, False
    else:
        if low > high:  # what people call cheap lies above what the best alternative leaves
            low, low_by = floor, "cost_plus"
        recommended, holds = float(np.clip(middle, low, high)), True
    if holds and recommended < by["cost_plus"]["price"]:
        study.say(
            mark("The planned volume does not bring the margin of {margin} at this price; that takes {price}."),
            margin=f"{study.plan.pricing.margin:.0%}", price=by["cost_plus"]["price"],
        )  # fmt: skip
    return {
        "low": float(low), "low_by": low_by, "high": float(high), "high_by": high_by, "recommended": recommended,
        "middle": middle, "holds": holds,
    }  # fmt: skip


# --- demand from a logit ----------------------------------------------------------------------------------------------


def _profile(study: Study, given: dict[str, float], terms: tuple[str, ...], where: str) -> Array:
    """The features of an alternative in the order of the terms, 0 where it says nothing."""
    strange = [k for k in given if k not in terms]
    if strange:
        raise RecipeError(
            f"{strange[0]!r} is no feature of the choices.",
            where=f"{study.where}: {where}",
            fix=f"one of {', '.join(terms)}.",
        )
    return np.array([float(given.get(t, 0.0)) for t in terms])


def _share(b: Array, ours: Array, others: Array, price: Array) -> Array:
    """Of those who choose ours at each price, which is the first term."""
    own = ours[1:] @ b[1:] + b[0] * price
    u = np.logaddexp.reduce(others @ b)
    made: Array = 1 / (1 + np.exp(np.clip(u - own, -700, 700)))
    return made


def _best(b: Array, ours: Array, others: Array, cost: float) -> tuple[float, float]:
    """The price of the largest margin times share: p = c + 1/(-b_price (1 - share)), which has one solution.

    Source: Train, Discrete Choice Methods with Simulation, 2009, section 3.6 (own-price derivative of a logit share).
    """
    from scipy.optimize import brentq

    def off(price: float) -> float:
        share = float(_share(b, ours, others, np.array(price)))
        return float(price - cost - 1 / (-b[0] * (1 - share + 1e-300)))

    low, high = cost, cost + 1 / -b[0]
    while off(high) < 0:
        high = cost + 2 * (high - cost)
    best = float(brentq(off, low, high, xtol=1e-12))
    return best, float(_share(b, ours, others, np.array(best)))


def _demand(b: Array, ours: Array, others: Array, cost: float, best: float) -> dict[str, Any]:
    prices = np.linspace(max(0.0, cost), cost + 2.5 * (best - cost), 60)
    share = _share(b, ours, others, prices)
    return {"prices": prices.tolist(), "share": share.tolist(), "margin": (share * (prices - cost)).tolist()}


def _thin(values: Array, most: int = 160) -> list[float]:
    """Points enough to draw."""
    at = np.unique(np.linspace(0, len(values) - 1, min(len(values), most)).astype(int))
    return [float(v) for v in values[at]]
