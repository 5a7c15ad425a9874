"""Data: what the columns look like, as the record's profile of the rows that were read has them."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import Cell, Sheet, section

MOST, MANY, SPIKE = 200, 30, 1 / 60
KINDS = {
    "number": mark("number"), "text": mark("text"), "boolean": mark("yes or no"), "time": mark("time"),
    "binary": mark("bytes"), "list": mark("list"), "nothing": mark("nothing"),
}  # fmt: skip


def parts(sheet: Sheet) -> Iterable[str]:
    say, columns = sheet.say, sheet.record.profile.get("columns") or {}
    if not columns:
        return ()
    n = int(sheet.record.profile.get("rows") or 0)
    rows = [_row(sheet, name, c, n) for name, c in list(columns.items())[:MOST]]
    heads = [
        say("column"),
        say("kind"),
        say("missing, %"),
        say("different"),
        say("lowest"),
        say("middle"),
        say("highest"),
        say("how it is spread"),
    ]
    table = sheet.table(heads, rows, kind="profile")
    title = say.count(len(columns), "{n} column", "{n} columns")
    opens = f'<details class="paper"><summary>{title}</summary>{table}</details>'
    body = [opens] if len(columns) > MANY else [table]
    sampled = int(sheet.record.profile.get("sampled") or n)
    formulas = [
        say("Counts, lowest and highest from every row; middle and spread from {n} rows, evenly spaced.", n=sampled)
    ]
    formulas.append(say("No text is shown that stands in under five rows, and nothing of columns that name a person."))
    lead = say("{n} rows and {columns} columns were read.", n=n, columns=len(columns))
    return section("data", say("The data"), [*body, _read(sheet, formulas)], lead)


def _read(sheet: Sheet, formulas: list[str]) -> str:
    lines = "".join(f"<p>{f}</p>" for f in formulas)
    hashed = f'{sheet.say("data")} <span class="hash">{words.safe(sheet.record.data_hash)}</span>'
    summary = sheet.say("Where this comes from")
    return f'<details class="source"><summary>{summary}</summary>{lines}<p>{hashed}</p></details>'


def _row(sheet: Sheet, name: str, c: Mapping[str, Any], n: int) -> list[Cell]:
    say = sheet.say
    kind = say(KINDS[c["kind"]]) if c.get("kind") in KINDS else words.short(c.get("kind", ""))
    role = _role(sheet, name)
    first = f"<bdi>{words.breakable(name, words.NAME)}</bdi>" + (f"<small>{role}</small>" if role else "")
    quantiles = c.get("quantiles") or {}
    ends: list[Cell] = [_end(sheet, c.get("min")), _end(sheet, quantiles.get("p50")), _end(sheet, c.get("max"))]
    return [first, kind, 100 * c.get("missing", 0) / n if n else None, c.get("distinct", ""), *ends, _spread(c)]


def _role(sheet: Sheet, name: str) -> str:
    """What the recipe says that the column is."""
    recipe = sheet.record.recipe
    roles = {str(v): k for k, v in (recipe.get("columns") or {}).items() if isinstance(v, str) and v}
    if isinstance(recipe.get("target"), str) and recipe["target"]:
        roles[recipe["target"]] = "target"
    return words.short(roles.get(name, ""))


def _end(sheet: Sheet, value: Any) -> Cell:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return words.short(str(value).replace("T00:00:00", "")) if value is not None else ""


def _spread(c: Mapping[str, Any]) -> str:
    """Bars as high as each tenth is dense, or the most frequent values. Whole numbers are as wide as one; a value that
    holds a tenth or more by itself is as wide as SPIKE of the picture."""
    if c.get("top"):
        said = ", ".join(f"<bdi>{words.short(v, 18)}</bdi> {count:,}" for v, count in c["top"][:4])
        return f"<small>{said}</small>"
    deciles, low, high = c.get("deciles"), c.get("min"), c.get("max")
    if not deciles or low is None or high is None or not high > low:
        return ""
    edges = [low, *deciles["edges"], high]
    if all(float(e).is_integer() for e in edges):
        edges = [low - 0.5, *(e + 0.5 for e in edges[1:])]
    bars, width, low, high = [], 120.0, edges[0], edges[-1]
    least = SPIKE * (high - low)
    spans = list(zip(edges, edges[1:], deciles["shares"], strict=False))
    dense = [share / max(b - a, least) for a, b, share in spans]
    most = max(dense, default=0.0)
    if not 0 < most < float("inf"):
        return ""
    for (a, b, _), d in zip(spans, dense, strict=True):
        x, w, h = (a - low) / (high - low) * width, max(b - a, least) / (high - low) * width, 24 * (d / most) ** 0.5
        bars.append(f'<rect x="{x:.1f}" y="{24 - h:.1f}" width="{max(w - 0.5, 0.5):.1f}" height="{max(h, 0.6):.1f}"/>')
    return f'<svg class="spread" viewBox="0 0 120 24" aria-hidden="true">{"".join(bars)}</svg>'
