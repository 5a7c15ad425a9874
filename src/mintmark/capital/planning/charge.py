"""Charge: the cheapest plan as rows of FOCUS 1.2, expected and not billed yet, a row for each month."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mintmark.base.record import Measured
from mintmark.capital.focus import Charge

SOURCE = "median of the draws of mintmark plan"


def charges(said: Mapping[str, Any], start: datetime | None = None) -> list[Charge]:
    """The run begins at `start`, or today, and goes on without a break; its cost falls evenly on its time."""
    best, begun = said["best"], start or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = best["days"]["p50"]
    made, at, end = [], begun, begun + timedelta(days=days)
    while at < end:
        until = min(end, _next_month(at))
        share = (until - at) / (end - begun)
        cost = Measured("cost.train", best["cost"]["p50"] * share, said["currency"], "down", "estimated", SOURCE)
        what = f"{best['gpus']} x {best['gpu']}, {'spot' if best['spot'] else 'on demand'}, {best['method']}"
        made.append(Charge(
            "Model training", what, cost, at, until, best["gpu_hours"] * share, "GPU Hours", forecast=True,
            provider=best["cloud"], resource=best["instance"], tags={"plan": str(said["name"])},
            own={"x_Kwh": best["kwh"] * share, "x_TCo2": best["t_co2"] * share},
        ))  # fmt: skip
        at = until
    return made


def _next_month(at: datetime) -> datetime:
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
