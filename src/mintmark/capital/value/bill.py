"""Bill: the costs of a plan as FOCUS rows, month by month, all of them expected and none billed yet."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mintmark.base.record import Measured
from mintmark.capital.focus import Charge, month_after
from mintmark.capital.value.flows import COSTS

MONTHS = 12
SERVICES = {"build": "Building", "training": "Model training", "predictions": "Predictions", "running": "Operation"}
SOURCE = "mean of the draws of mintmark value"


def charges(said: Mapping[str, Any], start: date) -> list[Charge]:
    """What the plan costs: once in the month of `start`, then a twelfth of each year's costs in each month after it.

    said: a result of `value`.
    """
    return [charge for year in said["by_year"] for charge in _of_year(said, year, start)]


def _of_year(said: Mapping[str, Any], year: Mapping[str, Any], start: date) -> Iterator[Charge]:
    first = 1 + (year["year"] - 1) * MONTHS if year["year"] else 0
    months = range(first, first + MONTHS) if year["year"] else range(1)
    for name in COSTS:
        cost = -year["parts"].get(name, 0.0) / len(months)
        if not cost:
            continue
        once, when = not year["year"], f"year {year['year']}" if year["year"] else "once"
        quantity, unit = (year["cases"] / MONTHS, "Predictions") if name == "predictions" else (1.0, "Months")
        for month in months:
            yield Charge(
                SERVICES[name], f"{SERVICES[name]}, {when}",
                Measured(f"cost.{name}", cost, said["currency"], "down", "estimated", SOURCE),
                month_after(start, month), month_after(start, month + 1), 1.0 if once else quantity,
                "Projects" if once else unit, forecast=True, category="Purchase" if once else "Usage",
                frequency="One-Time" if once else "Recurring", resource=said["run"],
            )  # fmt: skip
