"""Table: a result as CSV, a line a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mintmark.capital import spreadsheet

HEADS = ("section", "name", "value", "standard_error", "unit", "how", "source")
Row = tuple[str, str, Any, Any, str, str, str]


def csv(said: Mapping[str, Any]) -> str:
    """The figures of a result of `risk`, with their units, and whether they were measured, assumed or worked out."""
    return spreadsheet.text(HEADS, _rows(said))


def _rows(said: Mapping[str, Any]) -> Iterator[Row]:
    unit = said["currency"]
    for name in ("mean", "p50", "p80", "p95", "cvar"):
        yield "result", f"reserve.{name}", said["reserve"][name], said["reserve"][f"{name}_se"], unit, "estimated", ""
    yield "result", "ruin.probability", said["ruin"]["probability"], said["ruin"]["se"], "1", "estimated", ""
    for name in ("p5", "p20", "p50"):
        yield "result", f"runway.{name}", said["runway"][name], said["runway"][f"{name}_se"], "months", "estimated", ""
    for r in said["risks"]:
        yield "risk", f"{r['id']}.probability", r["probability"], None, "1", r["how"], r["source"]["said"]
        yield "risk", f"{r['id']}.impact", r["impact"], None, unit, "assumed", r["event"]
        yield "risk", f"{r['id']}.expected", r["expected"], r["expected_se"], unit, "estimated", r["owner"]
    for c in said["controls"]:
        where = f"{c['risk']}: {c['name']}"
        yield "control", f"{where}: worth", c["worth"], c["worth_se"], unit, "estimated", ""
        yield "control", f"{where}: cost", c["cost"], None, unit, "assumed", ""
        yield "control", f"{where}: less_p80", c["less_p80"], None, unit, "estimated", ""
    for r in said["risks"]:
        for side in ("above", "below") if r["indicator"] else ():
            if r["indicator"][side] is not None:
                yield (
                    "limit",
                    f"{r['id']}: {side}",
                    r["indicator"][side],
                    None,
                    "",
                    "estimated",
                    r["indicator"]["source"],
                )
    for m in said["fan"]:
        yield "cash", f"month {m['month']}", m["p50"], None, unit, "estimated", ""
