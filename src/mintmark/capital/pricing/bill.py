"""Bill: the costs of the recommended way of charging as FOCUS rows, month by month, expected and not billed yet."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from mintmark.base.record import Measured
from mintmark.capital.focus import Charge, month_after

SERVICES = {
    "predictions": "Predictions", "support": "Customer support", "winning": "Winning customers",
    "fees": "Payment and sales fees", "fixed": "Operation",
}  # fmt: skip
SOURCE = "mean of the draws of mintmark price"


def charges(plan: Mapping[str, Any], start: date) -> list[Charge]:
    """What the three years cost from the month of `start` on; plan: what `plan` returns.   Units: its currency."""
    best = plan["models"][0]
    return [
        Charge(
            SERVICES[name], f"{SERVICES[name]}, {best['model']}, month {i + 1}",
            Measured(f"cost.{name}", cost, plan["currency"], "down", "estimated", SOURCE),
            month_after(start, i), month_after(start, i + 1), 1.0, "Months", forecast=True, frequency="Recurring",
            service_category="AI and Machine Learning" if name == "predictions" else "Business Applications",
            resource=plan["run"],
        )
        for name, months in best["costs_by_month"].items() for i, cost in enumerate(months) if cost
    ]  # fmt: skip
