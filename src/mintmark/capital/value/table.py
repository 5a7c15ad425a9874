"""Table: a result as CSV, a line a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mintmark.capital import spreadsheet

HEADS = ("section", "name", "value", "standard_error", "p10", "p90", "unit", "how", "source")
Row = tuple[str, str, Any, Any, Any, Any, str, str, str]


def csv(said: Mapping[str, Any]) -> str:
    """The figures of a result of `value`, with their units, and whether they were measured, assumed or worked out."""
    return spreadsheet.text(HEADS, _rows(said))


def _rows(said: Mapping[str, Any]) -> Iterator[Row]:
    unit = said["currency"]
    for name, of in (("npv", unit), ("irr", "1 a year"), ("payback", "years"), ("roi", "1")):
        m = said[name]
        if name == "npv":
            yield "result", "npv.mean", m["mean"], m["mean_se"], m["p10"], m["p90"], of, "estimated", ""
            yield "result", "npv.worst", m["worst"], m["worst_se"], None, None, of, "estimated", "mean of the worst 5 %"
        yield "result", f"{name}.p50", m["p50"], m["p50_se"], m["p10"], m["p90"], of, "estimated", ""
    loss = said["loss"]
    yield "result", "loss.probability", loss["probability"], loss["se"], None, None, "1", "estimated", ""
    for p in said["parts"]:
        yield "part", p["name"], p["mean"], None, p["p10"], p["p90"], unit, "estimated", p["kind"]
    for y in said["by_year"]:
        yield "year", f"flow.{y['year']}", y["flow"], None, None, None, unit, "estimated", ""
        for name, money in y["parts"].items():
            yield "year", f"{name}.{y['year']}", money, None, None, None, unit, "estimated", ""
        yield "year", f"worth.{y['year']}", y["p50"], None, y["p10"], y["p90"], unit, "estimated", ""
    for line in said["lines"]:
        of = line["unit"].replace("{money}", unit)
        yield ("assumption", line["name"], line["mean"], None, line["p10"], line["p90"], of, line["how"],
               line["source"]["said"])  # fmt: skip
    for t in said["tornado"]:
        yield ("tornado", t["name"], t["npv_high"] - t["npv_low"], None, t["npv_low"], t["npv_high"], unit, "estimated",
               "")  # fmt: skip
    for name in ("point", "row"):
        if (m := said[name]) and m["value"] is not None:
            yield "more", name, m["value"], m["se"], None, None, unit, "estimated", m["how"]["said"]
    if even := said["break_even"]:
        yield ("more", "break_even", even["cases"], None, even.get("p10"), even.get("p90"), "cases a year", "estimated",
               even["how"]["said"])  # fmt: skip
