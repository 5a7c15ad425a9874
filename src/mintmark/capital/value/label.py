"""Labels: what each figure, driver and cost is called, and in what unit it is."""

import re
from typing import Any

from mintmark.base.words import mark
from mintmark.capital.value.said import Said

FIGURES: dict[str, tuple[str, str]] = {
    "plan.discount": (mark("discount rate"), mark("a year")),
    "cases.per_year": (mark("cases"), mark("a year")),
    "cases.growth": (mark("growth of the cases"), mark("a year")),
    "accuracy.per_case": (mark("gain of better decisions"), mark("{money} a case")),
    "accuracy.holds": (mark("share of the gain that holds in use"), ""),
    "accuracy.fades": (mark("share of the gain lost"), mark("a year")),
    "accuracy.point": (mark("one more point of accuracy"), mark("{money} a case")),
    "automation.automatic": (mark("cases decided automatically"), mark("of the decided cases")),
    "automation.assisted": (mark("cases decided with help"), mark("of the decided cases")),
    "automation.saved_automatic": (mark("saved beside labour, automatic"), mark("{money} a case")),
    "automation.saved_assisted": (mark("saved beside labour, with help"), mark("{money} a case")),
    "automation.decisions_per_year": (mark("better decisions of management"), mark("a year")),
    "automation.gain_per_decision": (mark("gain of a better decision"), "{money}"),
    "market.size_per_year": (mark("size of the market"), mark("{money} each year")),
    "market.growth": (mark("growth of the market"), mark("a year")),
    "market.share_gained": (mark("share of the market gained"), ""),
    "market.margin": (mark("margin of these sales"), ""),
    "labour.minutes_automatic": (mark("minutes saved, automatic case"), mark("min a case")),
    "labour.minutes_assisted": (mark("minutes saved, case with help"), mark("min a case")),
    "labour.hours_per_year": (mark("hours saved elsewhere"), mark("h a year")),
    "labour.wage_per_hour": (mark("cost of labour"), mark("{money} an hour")),
    "labour.realised": (mark("share of free hours that becomes money"), ""),
    "revenue.base_per_year": (mark("sales the model can move"), mark("{money} each year")),
    "revenue.growth": (mark("growth of these sales"), mark("a year")),
    "revenue.uplift": (mark("uplift of these sales"), ""),
    "revenue.margin": (mark("margin of the uplift"), ""),
    "costs.build": (mark("cost to build"), "{money}"),
    "costs.training": (mark("cost of one training"), "{money}"),
    "costs.trainings_per_year": (mark("trainings again"), mark("a year")),
    "costs.per_1k_predictions": (mark("cost of 1,000 predictions"), "{money}"),
    "costs.run_per_year": (mark("cost to run"), mark("{money} each year")),
    "data.exponent": (mark("exponent of the learning curve"), ""),
    "data.cost_per_row": (mark("cost of one more row"), "{money}"),
}
"""path of a figure -> its name, and its unit"""
FRACTIONS = {
    "plan.discount", "cases.growth", "accuracy.holds", "accuracy.fades", "automation.automatic", "automation.assisted",
    "market.growth", "market.share_gained", "market.margin", "labour.realised", "revenue.growth", "revenue.uplift",
    "revenue.margin",
}  # fmt: skip
"""those that people write as percentages"""
PARTS = {
    "accuracy": mark("accuracy in money"), "automation": mark("automation and decisions"),
    "market": mark("market share"), "labour": mark("labour saved"), "revenue": mark("revenue gained"),
    "build": mark("building"), "training": mark("training"), "predictions": mark("predicting"),
    "running": mark("running"),
}  # fmt: skip
"""driver or cost -> its name"""


def figure(path: str) -> dict[str, Any]:
    """What a figure is called, its unit, and whether it is written as a percentage."""
    if found := re.fullmatch(r"plan\.ramp\[(\d+)\]", path):
        said = Said(mark("share of the cases decided by the model, year {n}"), n=int(found[1]) + 1)
        return {"label": said.plain(), "unit": "", "fraction": True}
    name, unit = FIGURES[path]
    return {"label": Said(name).plain(), "unit": unit, "fraction": path in FRACTIONS}
