"""Tiers: packages by usage, who takes which, and what each brings."""

from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.pricing.study import Array, Study

CUSTOMERS = 20_001
"""customers of evenly spread usage, of whom it is worked out"""
PROPOSED = (("Start", 0.5, 0.0), ("Team", 0.85, 0.5), ("Scale", 0.98, 1.0))
"""name, share of customers whose usage it holds, share of the discount"""


def tiers(study: Study, use: float, price: float, cost: float, ceiling: float | None) -> dict[str, Any]:
    """Each customer takes the tier that is cheapest for his usage, unless that is more than it is worth to him.

    use: mean units a customer a month; price: recommended, of a unit; cost: of a unit; ceiling: the most that a unit is
    worth, where something says so. Usage is lognormal, by the spread that the file gives.
    """
    usage = _usage(use, study.plan.tiers.spread)
    offered = _offered(study) or _proposed(study, usage, price)
    bills = np.stack([_bill(usage, t) for t in offered])
    best = bills.min(0)
    which = np.where(np.isfinite(best), bills.argmin(0), -1)
    dear = np.isfinite(best) & (best > (np.inf if ceiling is None else ceiling) * usage)
    which = np.where(dear, -2, which)
    bought = which >= 0
    rows = [_row(t, which == i, usage, best, cost) for i, t in enumerate(offered)]
    unserved, priced_out = float((which == -1).mean()), float((which == -2).mean())
    if unserved > 0.01:
        study.say(
            mark("{share} of the customers use more than any tier holds: an overage price would keep them."),
            share=f"{unserved:.0%}",
        )
    revenue = float(best[bought].sum() / CUSTOMERS)
    return {
        "proposed": not study.plan.tiers.offered, "tiers": rows, "unserved": unserved, "priced_out": priced_out,
        "revenue_a_customer": revenue, "revenue_by_the_unit": float(price * usage.mean()),
        "usage": {"mean": float(usage.mean()), "p50": float(np.median(usage)), "p90": float(np.quantile(usage, 0.9))},
    }  # fmt: skip


def _usage(mean: float, sigma: float) -> Array:
    """Evenly spread quantiles of the lognormal law of this mean."""
    from scipy.special import ndtri

    z = ndtri((np.arange(CUSTOMERS) + 0.5) / CUSTOMERS)
    made: Array = np.exp(np.log(mean) - sigma**2 / 2 + sigma * z)
    return made


def _offered(study: Study) -> list[dict[str, Any]]:
    made = []
    for i, t in enumerate(study.plan.tiers.offered):
        at = f"tiers.offered[{i}]"
        over = float(study.of(f"{at}.overage").mean()) if t.overage is not None else None
        made.append(
            {"name": t.name, "included": t.included, "price": float(study.of(f"{at}.price").mean()), "overage": over}
        )
    return made


def _proposed(study: Study, usage: Array, price: float) -> list[dict[str, Any]]:
    made = []
    for name, share, part in PROPOSED:
        included = _round(float(np.quantile(usage, share)))
        each = price * (1 - study.plan.tiers.discount * part)
        made.append({"name": name, "included": included, "price": included * each, "overage": price})
    return made


def _round(value: float) -> float:
    """To two significant digits: 1,234 is 1,200."""
    if value <= 0:
        return 0.0
    power = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.round(value / power) * power)


def _bill(usage: Array, tier: dict[str, Any]) -> Array:
    beyond = np.maximum(usage - tier["included"], 0.0)
    more = np.where(beyond > 0, np.inf, 0.0) if tier["overage"] is None else beyond * tier["overage"]
    made: Array = tier["price"] + more
    return made


def _row(tier: dict[str, Any], takes: Array, usage: Array, bill: Array, cost: float) -> dict[str, Any]:
    share = float(takes.mean())
    if not share:
        return tier | {"share": 0.0, "usage": None, "bill": None, "revenue_share": 0.0, "margin": None}
    paid, used = float(bill[takes].sum()), float(usage[takes].sum())
    n = int(takes.sum())
    all_paid = float(bill[np.isfinite(bill)].sum())
    margin = (paid - cost * used) / paid if paid else None
    return tier | {
        "share": share, "usage": used / n, "bill": paid / n, "revenue_share": paid / all_paid if all_paid else 0.0,
        "margin": margin,
    }  # fmt: skip
