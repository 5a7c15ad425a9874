"""Costs as FOCUS 1.2 rows, which tools for the cost of clouds read, as CSV or JSON.

Source: FinOps Open Cost and Usage Specification 1.2, the columns that it makes mandatory, and those of price, quantity
and resource where they are known. Columns of our own begin with `x_`: `x_IsForecast` marks what is not billed but
expected, `x_How` says measured or estimated, `x_Source` where the figure is from.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from mintmark.base.errors import DataError, unknown
from mintmark.base.record import Measured

Category = Literal["Usage", "Purchase", "Tax", "Credit", "Adjustment"]
Frequency = Literal["One-Time", "Recurring", "Usage-Based"]
SERVICES = (
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
    "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
    "Multicloud", "Networking", "Other", "Security", "Storage", "Web",
)  # fmt: skip
COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName",
    "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ResourceId", "ServiceCategory", "ServiceName", "Tags",
)  # fmt: skip
OWN = ("x_IsForecast", "x_How", "x_Source")
NAME = re.compile("x_[A-Z][A-Za-z0-9]{0,62}")


@dataclass(frozen=True)
class Charge:
    """One cost of one period."""

    service: str
    """what was bought: "Model training", "Predictions", "Labelling" """
    description: str
    cost: Measured
    """amount, currency as its unit, whether measured, and its source"""
    start: datetime
    end: datetime
    """the first moment that no longer belongs to it; both with a time zone, or in UTC"""
    quantity: float
    unit: str
    """what `quantity` counts: "Hours", "Predictions" """
    forecast: bool
    category: Category = "Usage"
    frequency: Frequency = "Usage-Based"
    service_category: str = "AI and Machine Learning"
    provider: str = "own"
    """who provides the service; the publisher and the issuer of the invoice, too, where these are not named"""
    publisher: str = ""
    issuer: str = ""
    account: str = "own"
    resource: str = ""
    """such as the run, or the bundle that answered"""
    tags: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str | float | bool] = field(default_factory=dict)
    """columns of one's own: x_ and a name in capitals and small letters"""


def rows(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """A FOCUS row for each charge; all have the same columns in the same order.

    Raises: DataError: a period that does not end after its start, an amount that is not finite, a currency or a
    category that FOCUS does not know, a column of one's own without x_.
    """
    made = [_row(charge, f"charge {i + 1}") for i, charge in enumerate(charges)]
    own = dict.fromkeys(name for row in made for name in row if name not in COLUMNS)
    return [{name: row.get(name) for name in (*COLUMNS, *own)} for row in made]


def to_csv(charges: Iterable[Charge]) -> str:
    """The rows as CSV with a line of names; what has no value is empty.   Raises: DataError: as `rows`."""
    made = rows(charges)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(made[0]) if made else [*COLUMNS, *OWN], lineterminator="\n")
    writer.writeheader()
    for row in made:
        tags = {"Tags": json.dumps(row["Tags"], ensure_ascii=False)}
        writer.writerow({k: _cell(v) for k, v in (row | tags).items()})
    return out.getvalue()


def to_json(charges: Iterable[Charge]) -> str:
    """The rows as a JSON list of objects.   Raises: DataError: as `rows`."""
    return json.dumps(rows(charges), ensure_ascii=False, indent=1) + "\n"


def _row(charge: Charge, where: str) -> dict[str, Any]:
    start, end = _utc(charge.start), _utc(charge.end)
    _check(charge, start, end, where)
    cost, first = charge.cost.value, start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    next_month = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    priced, used = charge.category in ("Usage", "Purchase"), charge.category == "Usage"  # a tax has no quantity
    price = cost / charge.quantity if priced and charge.quantity else None
    return {
        "BilledCost": cost, "EffectiveCost": cost, "ListCost": cost, "ContractedCost": cost,
        "BillingCurrency": charge.cost.unit, "BillingAccountId": charge.account, "BillingAccountName": charge.account,
        "BillingPeriodStart": _text(first), "BillingPeriodEnd": _text(next_month),
        "ChargePeriodStart": _text(start), "ChargePeriodEnd": _text(end),
        "ChargeCategory": charge.category, "ChargeClass": None, "ChargeDescription": charge.description,
        "ChargeFrequency": charge.frequency, "PricingCategory": "Standard" if priced else None,
        "PricingQuantity": charge.quantity if priced else None, "PricingUnit": charge.unit if priced else None,
        "ListUnitPrice": price, "ContractedUnitPrice": price,
        "ConsumedQuantity": charge.quantity if used else None, "ConsumedUnit": charge.unit if used else None,
        "ProviderName": charge.provider, "PublisherName": charge.publisher or charge.provider,
        "InvoiceIssuerName": charge.issuer or charge.provider, "ServiceCategory": charge.service_category,
        "ServiceName": charge.service, "ResourceId": charge.resource or None, "Tags": dict(charge.tags),
        "x_IsForecast": charge.forecast, "x_How": charge.cost.how, "x_Source": charge.cost.source or None,
        **charge.own,
    }  # fmt: skip


def _check(charge: Charge, start: datetime, end: datetime, where: str) -> None:
    if not start < end:
        what = f"ends {_text(end)}, not after its start {_text(start)}."
        raise DataError(what, where=f"{where}: end", fix="the first moment after it.")
    if not re.fullmatch("[A-Z]{3}", charge.cost.unit):
        what = f"must be three capital letters (ISO 4217), got {charge.cost.unit!r}."
        raise DataError(what, where=f"{where}: cost", fix="an amount in USD, EUR, CNY, ...")
    for name, value in (("cost", charge.cost.value), ("quantity", charge.quantity)):
        if not math.isfinite(value):
            raise DataError(f"{value} is not a finite number.", where=f"{where}: {name}", fix="a number.")
    choices: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("category", charge.category, get_args(Category)),
        ("frequency", charge.frequency, get_args(Frequency)),
        ("service_category", charge.service_category, SERVICES),
    )
    for name, got, known in choices:
        if got not in known:
            raise unknown(name, got, known, where=where, error=DataError)
    for name in charge.own:
        if not NAME.fullmatch(name) or name in OWN:
            what = f"{name!r} is no name for a column of your own."
            raise DataError(what, where=f"{where}: own", fix="x_ and a name such as x_Segment.")


def month_after(start: date, after: int) -> datetime:
    """The first moment of a month so many months after that of `start`."""
    at = start.year * 12 + start.month - 1 + after
    return datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value
