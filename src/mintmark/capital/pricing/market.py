"""Market: how large it is from above and from below, and which segments to aim at."""

from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.pricing.study import Array, Study, spread

YEARS = 3
APART = 3.0
"""times by which the two sizes may differ before it is said"""
NEARLY = 0.5
"""share of the best segment's worth from which on another is aimed at too"""


def market(study: Study) -> dict[str, Any]:
    """TAM, SAM and SOM from above and below, money a year; and the segments, the most worthwhile first."""
    made: dict[str, Any] = {}
    above = _top_down(study)
    below, segments = _bottom_up(study)
    made["bottom_up"] = {k: spread(v) for k, v in below.items()}
    if above:
        made["top_down"] = {k: spread(v) for k, v in above.items()}
        ratio = float(np.median(above["tam"]) / max(float(np.median(below["tam"])), 1e-12))
        made["top_down_over_bottom_up"] = ratio
        if not 1 / APART <= ratio <= APART:
            study.say(
                mark("The market from above is {ratio} times that from below: one of them counts something else."),
                ratio=ratio,
            )
    made["segments"] = segments
    made["target"] = targets(study)
    return made


def targets(study: Study) -> list[str]:
    """Those the file names, else the most worthwhile of the fixed sample."""
    if study.plan.market.target:
        return list(study.plan.market.target)
    _, segments = _bottom_up(study.fixed)
    best = segments[0]["worth"]["mean"]
    return [s["name"] for s in segments if s["worth"]["mean"] >= NEARLY * best] if best > 0 else [segments[0]["name"]]


def customers(study: Study, names: list[str]) -> Array:
    """Customers of these segments that can be won in the three years, (draws,)."""
    parts = [_won(study, i) for i, s in enumerate(study.plan.market.segments) if s.name in names]
    made: Array = np.sum(parts, axis=0)
    return made


def served(study: Study, names: list[str]) -> Array:
    """Customers of these segments whom the product can serve, (draws,)."""
    at = [f"market.segments[{i}]" for i, s in enumerate(study.plan.market.segments) if s.name in names]
    made: Array = np.sum([study.of(f"{a}.customers") * study.of(f"{a}.fit") for a in at], axis=0)
    return made


def usage(study: Study, names: list[str]) -> Array:
    """Units that one of their customers uses in a month, (draws,).   Raises: RecipeError: nobody says."""
    if study.plan.product.usage is not None:
        return study.of("product.usage")
    return _weighted(study, names, "usage", "product.usage", None)


def acquisition(study: Study, names: list[str]) -> Array:
    """Money to win one of their customers, (draws,)."""
    return _weighted(study, names, "acquisition", "costs.acquisition", study.of("costs.acquisition"))


def spending(study: Study, names: list[str]) -> float:
    """What one of their customers spends on the problem in a year, on average."""
    return float(_weighted(study, names, "spend", "market", None).mean())


def _weighted(study: Study, names: list[str], field: str, where: str, default: Array | None) -> Array:
    """The mean of a figure over segments, weighted by the customers to be won."""
    total = np.zeros(study.samples)
    weight = np.zeros(study.samples)
    for i, s in enumerate(study.plan.market.segments):
        if s.name not in names:
            continue
        own = study.of(f"market.segments[{i}].{field}") if getattr(s, field) is not None else default
        if own is None:
            what = f"is missing, and so is the {field} of segment {s.name!r}."
            raise study.wrong(where, what, f"usage = 50, in {study.plan.product.unit} a month.")
        won = _won(study, i) + 1e-12
        total += own * won
        weight += won
    made: Array = total / weight
    return made


def _won(study: Study, i: int) -> Array:
    at = f"market.segments[{i}]"
    made: Array = study.of(f"{at}.customers") * study.of(f"{at}.fit") * study.of(f"{at}.reach")
    return made


def _top_down(study: Study) -> dict[str, Array]:
    if study.plan.market.top_down is None:
        return {}
    at = "market.top_down"
    tam = study.of(f"{at}.spend")
    sam = tam * study.of(f"{at}.serviceable")
    return {"tam": tam, "sam": sam, "som": sam * study.of(f"{at}.obtainable")}


def _bottom_up(study: Study) -> tuple[dict[str, Array], list[dict[str, Any]]]:
    total = {k: np.zeros(study.samples) for k in ("tam", "sam", "som")}
    rows = []
    for i, s in enumerate(study.plan.market.segments):
        at = f"market.segments[{i}]"
        spend, count, fit = (study.of(f"{at}.{k}") for k in ("spend", "customers", "fit"))
        tam = count * spend
        sam = tam * fit
        som = sam * study.of(f"{at}.reach")
        for k, v in (("tam", tam), ("sam", sam), ("som", som)):
            total[k] = total[k] + v
        win = study.of(f"{at}.acquisition") if s.acquisition is not None else study.of("costs.acquisition")
        use = next(
            (study.of(n) for n, f in ((f"{at}.usage", s.usage), ("product.usage", study.plan.product.usage)) if f),
            np.zeros(study.samples),
        )
        yearly = spend - 12 * (use * study.unit_cost + study.of("costs.support"))
        won = _won(study, i)
        worth = won * (yearly - (win + study.of("costs.onboarding")) / YEARS)
        sizes = {"tam": spread(tam), "sam": spread(sam), "som": spread(som)}
        rows.append({"name": s.name, **sizes, "customers": spread(won), "worth": spread(worth)})
    return total, sorted(rows, key=lambda r: -float(r["worth"]["mean"]))
