"""Business: five ways of charging, month by month over three years, with what a customer brings and costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital import diffusion
from mintmark.capital.pricing.offer import MODELS
from mintmark.capital.pricing.retention import Stay, staying
from mintmark.capital.pricing.study import MONTHS, Array, Study, spread

LINES = ("revenue", "predictions", "support", "winning", "fees", "fixed", "profit")
YEARS = 10
"""that the curve of customers is shown for"""
SLOW = 0.9
"""share of the customers who could be won in three years below which it is said that the diffusion is too slow"""
OWN_MACHINES = ("sale", "licence")
"""models whose predictions are made, and paid, by the customer"""


@dataclass(frozen=True)
class Setting:
    """What all five models share; draws are (draws,)."""

    arriving: Array
    """customers who come in each month, (months, draws)"""
    use: Array
    """units that one uses in a month"""
    winning: Array
    """money to win a customer and get him started"""
    usual: float
    """units that a customer uses in a month on average, by the fixed sample: what prices count on"""
    price: float
    """of a unit, recommended"""
    cohort: Array | None
    """shares of an earlier cohort still there, by month, where the file has one"""


def spreading(study: Study, won: Array, most: Array) -> tuple[Array, dict[str, Any]]:
    """Customers who come in each month, (months, draws), and the curve in words.

    The curve has the shape that the file gives, and reaches those who can be won when the three years end; it never
    grows beyond those whom the product can serve.
    won, most: customers who can be won in the three years, and whom the product can serve, (draws,).
    """
    given = study.plan.diffusion
    n = study.samples
    if given.history:
        fitted = diffusion.fit(np.asarray(given.history, float), f"{study.where}: diffusion.history")
        p, q = np.full(n, fitted.p), np.full(n, fitted.q)
        if fitted.spread is not None:
            logs = fitted.spread[:2, :2] / np.outer([fitted.p, fitted.q], [fitted.p, fitted.q])
            drawn = study.rng(3).multivariate_normal([0.0, 0.0], logs, n)
            p, q = (v * np.exp(np.clip(d, -3, 3)) for v, d in zip((p, q), drawn.T, strict=True))
        if not fitted.peaked:
            study.say(mark("The sales in diffusion.history had not passed their peak: how they go on is a guess."))
    else:
        p, q = np.maximum(study.of("diffusion.p"), 1e-9), study.of("diffusion.q")
    m = np.minimum(won / _adopted(p, q, 3.0), most)
    years = [m * _adopted(p, q, t) for t in range(YEARS + 1)]
    if float(np.median(years[3])) < SLOW * float(np.median(won)):
        study.say(
            mark("At this speed three years win {n} customers, of {all} that could be won: see diffusion."),
            n=float(np.median(years[3])), all=float(np.median(won)),
        )  # fmt: skip
    peak, rate = diffusion.Bass(float(np.median(p)), float(np.median(q)), float(np.median(m))).peak
    said = {
        "p": spread(p), "q": spread(q), "m": spread(m), "peak_year": peak, "peak_a_year": rate,
        "adopted_by_year": [spread(v) for v in years], "from_history": bool(given.history),
    }  # fmt: skip
    return np.diff(np.stack([m * _adopted(p, q, t / 12) for t in range(MONTHS + 1)]), axis=0), said


def _adopted(p: Array, q: Array, t: float) -> Array:
    """Share of all who will ever come that has come by year t."""
    fall = np.exp(-(p + q) * t)
    made: Array = (1 - fall) / (1 + q / p * fall)
    return made


def models(study: Study, setting: Setting) -> list[dict[str, Any]]:
    """The five, the most valuable by its median first."""
    made = [_model(study, setting, name) for name in MODELS]
    return sorted(made, key=lambda m: -float(m["npv"]["p50"]))


def price_of(study: Study, name: str, setting: Setting) -> float:
    """What a customer pays at a time on average: as the file says, else what usual usage comes to at the price."""
    own = getattr(study.plan.models, name).price
    if own is not None:
        return float(np.mean(study.fixed.of(f"models.{name}.price")))
    months = {"sale": MONTHS, "licence": 12}.get(name, 1)
    return setting.price * (1.0 if name == "usage" else months * setting.usual)


def _model(study: Study, setting: Setting, name: str) -> dict[str, Any]:
    """Each line of the three years is new customers or customers there times what one of them brings or costs."""
    at, given = f"models.{name}", getattr(study.plan.models, name).price is not None
    usual = price_of(study, name, setting)
    price = study.of(f"{at}.price") if given else np.full(study.samples, usual)
    come, paying, free = study.of(f"{at}.taken"), np.ones(study.samples), np.zeros(study.samples)
    if name == "freemium":
        come = come * study.of(f"{at}.lift")
        paying, free = study.of(f"{at}.paying"), study.of(f"{at}.free_usage")
    stay = staying(study, name, setting.cohort)
    new = setting.arriving * come
    there = stay.active(new)
    monthly, once = _payments(study, name, price, setting.use)
    cost = study.unit_cost if name not in OWN_MACHINES else np.zeros(study.samples)
    served = paying * setting.use * cost + (1 - paying) * free * cost
    fees, support = study.of("costs.fees"), study.of("costs.support")
    each = {
        "revenue": (paying * once, paying * monthly), "predictions": (0.0, served), "support": (0.0, paying * support),
        "winning": (paying * setting.winning, 0.0), "fees": (paying * once * fees, paying * monthly * fees),
    }  # fmt: skip
    left = monthly * (1 - fees) - support - served / np.maximum(paying, 1e-9)
    return {
        "model": name, "price": usual, "price_given": given,
        **_totals(study, new, there, paying, each),
        **_customer(study, stay, left, monthly, once * (1 - fees), setting.winning),
    }  # fmt: skip


def _payments(study: Study, name: str, price: Array, use: Array) -> tuple[Array, Array]:
    """What a paying customer pays in a month, and once when he comes."""
    none = np.zeros_like(price)
    if name == "sale":
        return price * study.of("models.sale.maintenance") / 12, price
    if name == "usage":
        return price * use, none
    return (price / 12 if name == "licence" else price), none


def _totals(study: Study, new: Array, there: Array, paying: Array, each: dict[str, Any]) -> dict[str, Any]:
    """The three years, the worth of all months, and when the money is back.

    Shapes: new and there (months, draws); each: of a line what a new customer and one who is there bring or cost.
    """
    fixed = study.of("costs.fixed")
    years = [_year(new, there, y, each) | {"fixed": 12 * fixed} for y in range(3)]
    for year in years:
        year["profit"] = year["revenue"] - sum(year[k] for k in LINES[1:-1])
    first, rest = (2 * each["revenue"][i] - sum(pair[i] for pair in each.values()) for i in (0, 1))
    month = np.arange(1, MONTHS + 1)
    worth = (1 + study.plan.monthly) ** -month
    npv = (worth @ new) * first + (worth @ there) * rest - worth.sum() * fixed
    path = new.cumsum(0) * first + there.cumsum(0) * rest - month[:, None] * fixed
    low, mid, high = np.quantile(path, [0.1, 0.5, 0.9], axis=1)
    held = next((i for i in range(MONTHS) if (mid[i:] >= 0).all()), None)
    return {
        "npv": spread(npv), "loss": float((npv < 0).mean()),
        "years": [
            {k: spread(year[k]) for k in LINES} | {"customers": spread(there[12 * y + 11] * paying)}
            for y, year in enumerate(years)
        ],
        "cumulated": {"p10": low.tolist(), "p50": mid.tolist(), "p90": high.tolist()},
        "costs_by_month": _by_month(new, there, each) | {"fixed": [float(fixed.mean())] * MONTHS},
        "break_even_month": None if held is None else held + 1,
        "most_needed": float(max(0.0, -mid.min())),
    }  # fmt: skip


def _year(new: Array, there: Array, y: int, each: dict[str, Any]) -> dict[str, Array]:
    of = slice(12 * y, 12 * y + 12)
    came, were = new[of].sum(0), there[of].sum(0)
    return {name: came * first + were * rest for name, (first, rest) in each.items()}


def _by_month(new: Array, there: Array, each: dict[str, Any]) -> dict[str, list[float]]:
    """Means of the costs of each month."""

    def mean(customers: Array, cost: Array | float) -> Array:
        made: Array = np.zeros(MONTHS) if isinstance(cost, float) else customers @ cost / len(cost)
        return made

    costs = {name: pair for name, pair in each.items() if name != "revenue"}
    return {name: (mean(new, first) + mean(there, rest)).tolist() for name, (first, rest) in costs.items()}


def _customer(study: Study, stay: Stay, left: Array, pays: Array, once: Array, winning: Array) -> dict[str, Any]:
    """What one paying customer brings over his stay, discounted, what winning him costs, and when that is back.

    left: of what he pays in a month.
    """
    ltv = once + left * stay.months(study.plan.monthly)
    with np.errstate(divide="ignore", invalid="ignore"):
        wait = np.where(left > 0, np.maximum(winning - once, 0) / left, np.inf)
        ratio = np.where(winning > 0, ltv / winning, np.inf)
    back = float(np.median(wait))
    times = float(np.median(ratio))
    return {
        "arpa": spread(pays), "contribution": spread(left), "ltv": spread(ltv), "cac": spread(winning),
        "ltv_over_cac": times if np.isfinite(times) else None, "payback_months": back if np.isfinite(back) else None,
    }  # fmt: skip
