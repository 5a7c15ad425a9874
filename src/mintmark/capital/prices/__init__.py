"""What an hour of a machine costs: a dated sheet, each row with its source.

The sheet that comes with the package is a stand-in: list prices of large clouds. Your own goes into a file of the same
form, named by `$MINTMARK_PRICES`; a row `machine` there is the price of an hour of your machine as a whole.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from mintmark.base.errors import DataError, unknown
from mintmark.base.record import Measured

How = Literal["measured", "listed", "estimated"]
GIB_A_VCPU = 4
"""memory of a general-purpose machine, for each of its virtual CPUs"""
STALE_DAYS = 365
MAX_BYTES = 1_000_000
DATED = re.compile(r"\bdated (\d{4}(?:-\d{2}){0,2})\b")


@dataclass(frozen=True)
class Price:
    """One row of a sheet."""

    name: str
    value: float
    unit: str
    """currency and what it buys: `USD/h`, `USD/kWh`"""
    dated: str
    """ISO 8601, as exact as the source is: 2025, 2025-06 or 2025-06-01"""
    source: str
    how: How = "listed"
    """`measured`: from your own bills; `listed`: as a seller publishes it; `estimated`: derived, the source says how"""

    @property
    def currency(self) -> str:
        return self.unit.partition("/")[0]

    def stale(self, today: date) -> str:
        """A warning where the price is, or may be, more than a year old; else nothing."""
        if (today - day(self.dated)).days <= STALE_DAYS:
            return ""
        return f"The price of {self.name}, {self.value:g} {self.unit}, is dated {self.dated}: it may be out of date."


def sheet(path: Path | None = None) -> dict[str, Price]:
    """The rows by name: of the file at `path`, else of `$MINTMARK_PRICES`, else of the sheet in the package.

    Raises: DataError: unreadable, no JSON, an unknown key, a value of the wrong kind (names the row).
    """
    chosen = path or (Path(named).expanduser() if (named := os.environ.get("MINTMARK_PRICES")) else None)
    where = str(chosen) if chosen else "the package's price sheet"
    raw = _json(chosen, where)
    _keys(raw, {"currency", "prices"}, where)
    currency, rows = raw["currency"], raw["prices"]
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        what = f"currency must be three capital letters (ISO 4217), got {currency!r}."
        raise DataError(what, where=where, fix='"currency": "USD"')
    if not isinstance(rows, list) or not rows:
        raise DataError("prices must be a list of rows.", where=where, fix='"prices": [{"name": "machine", ...}]')
    made = [_row(row, currency, f"{where}, row {i + 1}") for i, row in enumerate(rows)]
    twice = [p.name for i, p in enumerate(made) if p.name in {q.name for q in made[:i]}]
    if twice:
        raise DataError(f"{twice[0]!r} has two rows.", where=where, fix="keep one.")
    return {p.name: p for p in made}


def machine_hour(cpus: int, gpu: str | None = None) -> Price:
    """An hour of the machine that the run is on: the sheet's `machine`, else of its GPU, else of so many virtual CPUs.

    A GPU's price has its share of the host in it. `gpu` is a model's name as the driver gives it.
    Raises: DataError: the sheet has no row for it.
    """
    if cpus < 1:
        raise ValueError(f"a machine has at least one CPU, got {cpus}")
    rows = sheet()
    if "machine" in rows:
        return _hourly(rows["machine"])
    if gpu:
        return _hourly(_of_gpu(rows, gpu))
    vcpu, gib = (_hourly(_find(rows, name)) for name in ("vcpu", "gib"))
    value = cpus * (vcpu.value + GIB_A_VCPU * gib.value)
    what = f"{cpus} vCPU at {vcpu.value:g} and {GIB_A_VCPU * cpus} GiB at {gib.value:g} {vcpu.unit} each; {vcpu.source}"
    return Price("machine", value, vcpu.unit, min(vcpu.dated, gib.dated), what, "estimated")


def cost(seconds: Measured | float, price: Price, name: str) -> Measured:
    """Time times price.   Units: seconds; `price` is for an hour.

    It counts as measured only where the time is, and the price is from the user's own bills.
    """
    if not isinstance(seconds, Measured):
        seconds = Measured("wall", float(seconds), "s")
    if seconds.unit != "s":
        raise ValueError(f"{seconds.name} is in {seconds.unit!r}, not in seconds")
    spent, real = seconds.value, seconds.how == price.how == "measured"
    origin = f"{price.name}, {price.how}, dated {price.dated}: {price.source}"
    source = f"{spent:.4g} s x {price.value:.4g} {price.unit} ({origin})"
    value = spent / 3600 * _hourly(price).value
    return Measured(name, value, price.currency, "down", "measured" if real else "estimated", source)


def dated(source: str) -> str:
    """The date of the price that a figure was worked out from, as its source says; empty where it says none."""
    found = DATED.search(source)
    return found[1] if found else ""


def day(dated: str) -> date:
    """The first day that a date, as exact as its writer knew it, can mean: 2025, 2025-06 or 2025-06-01.

    Raises: ValueError: it is none.
    """
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", dated):
        raise ValueError(dated)
    return date.fromisoformat(dated + "-01" * (2 - dated.count("-")))


# --- rows -------------------------------------------------------------------------------------------------------------


def _of_gpu(rows: Mapping[str, Price], gpu: str) -> Price:
    """The row all of whose words are in the GPU's name, the longest first: "NVIDIA A100-SXM4-80GB" is gpu.A100-80GB."""
    words = _words(gpu)
    fits = [p for p in rows.values() if p.name.startswith("gpu.") and _words(p.name[4:]) <= words]
    if not fits:
        known = [name[4:] for name in rows if name.startswith("gpu.")]
        raise unknown("GPU in the price sheet", gpu, known, where="prices", error=DataError)
    return max(fits, key=lambda p: len(p.name))


def _words(name: str) -> set[str]:
    return {w for w in re.split("[^a-z0-9]+", name.lower()) if w}


def _find(rows: Mapping[str, Price], name: str) -> Price:
    if name not in rows:
        fix = 'a row "machine" with the price of an hour of your machine, in the file that MINTMARK_PRICES names.'
        raise DataError(f"the price sheet has no row {name!r}.", where="prices", fix=fix)
    return rows[name]


def _hourly(price: Price) -> Price:
    if not price.unit.endswith("/h"):
        what = f"{price.name} is in {price.unit}, not for an hour."
        raise DataError(what, where="prices", fix=f'"unit": "{price.currency}/h"')
    return price


def _json(path: Path | None, where: str) -> dict[str, Any]:
    try:
        file = path or resources.files(__name__).joinpath("sheet.json")
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        raw = json.loads(content.decode("utf-8-sig")) if len(content) <= MAX_BYTES else None
    except OSError as exc:
        what = f"the price sheet cannot be read: {exc}."
        raise DataError(what, where=where, fix="a readable file in MINTMARK_PRICES, or none.") from exc
    except (ValueError, RecursionError) as exc:
        raise DataError(f"is no JSON: {exc}.", where=where, fix='{"currency": "USD", "prices": [...]}') from exc
    if not isinstance(raw, dict):
        raise DataError("is no price sheet.", where=where, fix='{"currency": "USD", "prices": [...]}')
    return raw


def _row(row: Any, currency: str, where: str) -> Price:
    if not isinstance(row, dict):
        raise DataError(f"must be a table, got {row!r}.", where=where, fix='{"name": "machine", "value": 0.09, ...}')
    _keys(row, {"name", "value", "unit", "dated", "source", "how"}, where)
    where = f"{where} ({row['name']})"
    blank = [k for k in ("name", "unit", "dated", "source") if not isinstance(row[k], str) or not row[k].strip()]
    if blank:
        raise DataError(f"{blank[0]} must be text, got {row[blank[0]]!r}.", where=where, fix=f'"{blank[0]}": "..."')
    value = row["value"]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise DataError(f"value must be a number, 0 or more, got {value!r}.", where=where, fix='"value": 0.09')
    if not re.fullmatch(currency + "/(h|kWh)", row["unit"]):
        what = f"unit must be {currency}/h or {currency}/kWh, got {row['unit']!r}."
        raise DataError(what, where=where, fix=f'"unit": "{currency}/h"')
    if row["how"] not in get_args(How):
        raise unknown("how", str(row["how"]), get_args(How), where=where, error=DataError)
    try:
        day(row["dated"])
    except ValueError:
        what = f"dated must be a date, got {row['dated']!r}."
        raise DataError(what, where=where, fix='"dated": "2025-06-01"') from None
    return Price(**row | {"value": float(value)})


def _keys(raw: Mapping[str, Any], wanted: set[str], where: str) -> None:
    for key in raw:
        if key not in wanted:
            raise unknown("key", key, wanted, where=where, error=DataError)
    for key in sorted(wanted - set(raw)):
        raise DataError(f"{key} is missing.", where=where, fix=f'"{key}": ...')
