"""FOCUS rows: the columns that the specification makes mandatory, and what it says of their values."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mintmark.base.errors import DataError
from mintmark.base.record import Measured
from mintmark.capital import focus

MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName",
    "ServiceCategory", "ServiceName",
}  # fmt: skip
CHARGE = focus.Charge(
    service="Model training", description="Run 12, on one machine, 甲", quantity=2.5, unit="Hours", forecast=False,
    cost=Measured("cost.train", 4.0, "USD", "down", "estimated", "9000 s x 1.6 USD/h"),
    start=datetime(2026, 12, 30, 22, tzinfo=UTC), end=datetime(2026, 12, 31, 0, 30, tzinfo=UTC), resource="run-12",
    tags={"team": "risk"}, own={"x_Segment": "banks", "x_Share": 0.5, "x_Shared": True},
)  # fmt: skip


def test_a_row_has_what_is_mandatory_and_our_own_columns() -> None:
    row = focus.rows([CHARGE])[0]
    assert set(row) >= MANDATORY
    assert {n for n in row if n not in focus.COLUMNS} == {
        "x_IsForecast", "x_How", "x_Source", "x_Segment", "x_Share", "x_Shared",
    }  # fmt: skip
    nothing = {n for n, v in row.items() if v is None}
    assert nothing == {"ChargeClass"}  # null but for corrections
    assert row["BilledCost"] == row["ListCost"] == row["PricingQuantity"] * row["ListUnitPrice"] == 4
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-12-30T22:00:00Z", "2026-12-31T00:30:00Z")
    assert (row["x_IsForecast"], row["x_How"], row["BillingCurrency"]) == (False, "estimated", "USD")
    assert row["InvoiceIssuerName"] == row["PublisherName"] == row["ProviderName"]


def test_moments_are_told_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    local = replace(
        CHARGE, start=datetime(2027, 1, 1, 6, tzinfo=shanghai), end=datetime(2027, 1, 1, 7, tzinfo=shanghai)
    )
    row = focus.rows([local])[0]
    assert (row["ChargePeriodStart"], row["BillingPeriodStart"]) == ("2026-12-31T22:00:00Z", "2026-12-01T00:00:00Z")
    naive = focus.rows([replace(CHARGE, start=datetime(2026, 1, 1), end=datetime(2026, 2, 1))])[0]
    assert (naive["ChargePeriodStart"], naive["BillingPeriodEnd"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


def test_csv_and_json_say_the_same() -> None:
    tax = replace(CHARGE, category="Tax", forecast=True, own={})
    read = list(csv.DictReader(io.StringIO(focus.to_csv([CHARGE, tax]))))
    told = json.loads(focus.to_json([CHARGE, tax]))
    assert [list(r) for r in read] == [list(r) for r in told]
    assert read[0]["x_IsForecast"] == "false" and read[1]["x_IsForecast"] == "true"
    assert read[0]["ChargeClass"] == "" and json.loads(read[0]["Tags"]) == {"team": "risk"} == told[0]["Tags"]
    assert read[0]["ChargeDescription"] == "Run 12, on one machine, 甲" == told[0]["ChargeDescription"]
    assert float(read[0]["BilledCost"]) == 4 == told[0]["BilledCost"]
    assert (read[0]["x_Segment"], read[1]["x_Segment"], told[1]["x_Segment"]) == ("banks", "", None)
    for name in ("PricingQuantity", "PricingUnit", "ListUnitPrice", "ConsumedQuantity"):
        assert told[1][name] is None and read[1][name] == ""  # a tax has no quantity
    assert focus.to_csv([]).startswith("BilledCost,") and json.loads(focus.to_json([])) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"end": CHARGE.start}, r"charge 1: end: ends 2026-12-30T22:00:00Z, not after its start"),
        ({"cost": Measured("c", 1.0, "dollars")}, r"charge 1: cost: must be three capital letters"),
        ({"cost": Measured("c", float("nan"), "USD")}, r"charge 1: cost: nan is not a finite number"),
        ({"quantity": float("inf")}, r"charge 1: quantity: inf is not a finite number"),
        ({"category": "Use"}, r"unknown category 'Use'.*did you mean 'Usage'"),
        ({"frequency": "Monthly"}, r"unknown frequency 'Monthly'"),
        ({"service_category": "AI"}, r"unknown service_category 'AI'"),
        ({"own": {"Segment": "a"}}, r"'Segment' is no name for a column of your own"),
        ({"own": {"x_IsForecast": True}}, r"'x_IsForecast' is no name"),
    ],
)
def test_charges_that_are_wrong(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        focus.rows([replace(CHARGE, **change)])
