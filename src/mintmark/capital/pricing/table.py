"""Table: a plan as CSV, a line a figure."""

from collections.abc import Iterator, Mapping
from typing import Any

from mintmark.capital import spreadsheet

HEADS = ("section", "name", "value", "standard_error", "p10", "p90", "unit", "how", "source")
Row = tuple[str, str, Any, Any, Any, Any, str, str, str]


def csv(plan: Mapping[str, Any]) -> str:
    """The figures of a plan, with their units, and whether they were measured, assumed or worked out."""
    return spreadsheet.text(HEADS, (*_price(plan), *_market(plan), *_business(plan), *_rest(plan)))


def _spread(section: str, name: str, of: Mapping[str, Any], unit: str, source: str = "") -> Row:
    return section, name, of["p50"], of["standard_error"], of["p10"], of["p90"], unit, of["how"], source


def _plain(section: str, name: str, value: Any, unit: str, source: str = "") -> Row:
    return section, name, value, None, None, None, unit, "estimated", source


def _price(plan: Mapping[str, Any]) -> Iterator[Row]:
    path, unit = plan["corridor"], f"{plan['currency']} for {plan['unit']}"
    for name, source in (("recommended", ""), ("low", path["low_by"]), ("high", path["high_by"])):
        yield _plain("price", name, path[name], unit, source)
    for m in plan["prices"]:
        yield "method", m["method"], m["price"], None, m["low"], m["high"], unit, "estimated", ""
    yield _spread("cost", "predictions", plan["cost"]["predictions"], unit, plan["cost"]["source"])
    yield _spread("cost", "unit", plan["cost"]["unit"], unit)
    for a in plan["position"].get("alternatives", ()):
        yield _spread("position", a["name"], a["evc"], unit)


def _market(plan: Mapping[str, Any]) -> Iterator[Row]:
    unit = f"{plan['currency']} a year"
    for side in ("top_down", "bottom_up"):
        for name, value in plan["market"].get(side, {}).items():
            yield _spread("market", f"{side}.{name}", value, unit)
    for s in plan["market"]["segments"]:
        yield _spread("segment", f"{s['name']}.som", s["som"], unit)
        yield _spread("segment", f"{s['name']}.customers", s["customers"], "customers")
        yield _spread("segment", f"{s['name']}.worth", s["worth"], unit)
    for year, value in enumerate(plan["diffusion"]["adopted_by_year"]):
        yield _spread("diffusion", f"customers.{year}", value, "customers")


def _business(plan: Mapping[str, Any]) -> Iterator[Row]:
    unit = plan["currency"]
    for m in plan["models"]:
        for name in ("npv", "ltv", "cac"):
            yield _spread("model", f"{m['model']}.{name}", m[name], unit)
        for name in ("arpa", "contribution"):
            yield _spread("model", f"{m['model']}.{name}", m[name], f"{unit} a month")
        yield _plain("model", f"{m['model']}.loss", m["loss"], "1")
        for name in ("payback_months", "break_even_month"):
            yield _plain("model", f"{m['model']}.{name}", m[name], "months")
        for y, year in enumerate(m["years"], 1):
            for name, value in year.items():
                of = "customers" if name == "customers" else unit
                yield _spread("model", f"{m['model']}.year_{y}.{name}", value, of)
    for t in plan["tiers"]["tiers"]:
        yield _plain("tier", f"{t['name']}.price", t["price"], f"{unit} a month")
        yield _plain("tier", f"{t['name']}.share", t["share"], "1")


def _rest(plan: Mapping[str, Any]) -> Iterator[Row]:
    unit = plan["currency"]
    for c in plan["promotion"].get("channels", ()):
        yield _plain("channel", f"{c['name']}.budget", c["budget"], f"{unit} a month")
        yield _spread("channel", f"{c['name']}.customers", c["customers"], "customers a month")
    if kept := plan["retention"]:
        for period, value in enumerate(kept["curve"]):
            yield _plain("retention", f"survival.{period}", value, "1", kept["period"])
    if loyal := plan["loyalty"]:
        for name in ("customers", "alive", "purchases_next_year"):
            yield _plain("loyalty", name, loyal[name], "customers" if name != "purchases_next_year" else "purchases")
        for name in ("worth", "worth_in_all"):
            yield _plain("loyalty", name, loyal[name], unit)
    for a in plan["assumptions"]:
        yield _spread("assumption", a["name"], a, a["currency"] or "1", a["source"])
