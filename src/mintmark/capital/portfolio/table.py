"""Table: a result as CSV, a line a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mintmark.capital import spreadsheet

HEADS = ("section", "name", "value", "low", "high", "unit", "how")
Row = tuple[str, str, Any, Any, Any, str, str]


def csv(said: Mapping[str, Any]) -> str:
    """The figures of a result of `allocate`, with their units, and whether they were measured or worked out."""
    return spreadsheet.text(HEADS, _rows(said))


def _rows(said: Mapping[str, Any]) -> Iterator[Row]:
    unit = said["currency"]
    for w in said["ways"]:
        yield "way", f"{w['name']}.worth", w["mean"], w["p10"], w["p90"], unit, "estimated"
        yield "way", f"{w['name']}.measured", w["measured"]["p50"], *_ends(w["measured"]), unit, "estimated"
        yield "way", f"{w['name']}.cvar", w["cvar"], None, None, unit, "estimated"
        for name, each in w["each"].items():
            for t, money in enumerate(each, 1):
                yield "spend", f"{w['name']}: {name}.{t}", money, None, None, unit, "estimated"
    yield "result", "worth.bound", said["bound"], None, None, unit, "estimated"
    for t, price in enumerate(said["prices"], 1):
        yield "price", f"period.{t}", price, None, None, "1", "estimated"
    for p in said["projects"]:
        yield "project", f"{p['name']}.net", p["net"], p["net_p10"], p["net_p90"], unit, "estimated"
        yield "project", f"{p['name']}.knowing", p["knowing"], None, None, unit, "estimated"
        yield "project", f"{p['name']}.rows_more", p["bought"], None, None, "rows", "estimated"
        for name, money in p["goes"].items():
            yield "project", f"{p['name']}.{name}", money, None, None, unit, "estimated"
        for size, error in zip(p["sizes"], p["errors"], strict=True):
            yield "point", f"{p['name']}.{size:g}", error, None, None, "", "measured"
        for c in p["curve"]:
            yield "curve", f"{p['name']}.{c['rows']:.6g}", c["error"], c["low"], c["high"], "", "estimated"
    for s in said["stages"]:
        for name in ("first", "rest", "error", "commit", "stop", "staged", "information", "option"):
            yield "stage", f"{s['project']}.{name}", s[name], None, None, "" if name == "error" else unit, "estimated"
    for f in said["frontier"]:
        yield "frontier", f"budget.{f['budget']:g}", f["worth"], None, None, unit, "estimated"


def _ends(of: Mapping[str, float]) -> tuple[float, float]:
    return of["p10"], of["p90"]
