"""Top: what it is worth, in a sentence, two pictures and a few figures."""

from collections.abc import Iterable
from typing import Any

from mintmark.report.sheet import Raw
from mintmark.report.value.terms import Terms


def sentence(terms: Terms) -> str:
    """What the plan is worth, how sure that is, and what it hangs on most; safe."""
    say, said = terms.say, terms.said
    npv, loss = said["npv"], said["loss"]["probability"]
    worth = say(
        "Over {years} years it is worth {middle} today (in eight of ten cases between {low} and {high})."
        if npv["p90"] > npv["p10"]
        else "Over {years} years it is worth {middle} today.",
        years=said["years"], middle=terms.money(npv["p50"]), low=terms.plain_money(npv["p10"]),
        high=terms.money(npv["p90"]),
    )  # fmt: skip
    risk = (
        say("No draw of the assumptions loses money.") if loss == 0
        else say("Every draw of the assumptions loses money.") if loss == 1
        else say("The chance that it loses money is {share}.", share=say.share(round(loss, 3)))
    )  # fmt: skip
    most = say("What moves it most: {name}.", name=terms.told(said["tornado"][0]["label"])) if said["tornado"] else ""
    return say.together(worth, risk, most).replace(" %", "\N{NO-BREAK SPACE}%")


def pictures(terms: Terms) -> Iterable[str]:
    yield f'<div class="charts two">{_fan(terms)}{_histogram(terms)}</div>'


def _fan(terms: Terms) -> str:
    say, years = terms.say, terms.said["by_year"]
    x = [y["year"] for y in years]
    line = {"type": "scatter", "mode": "lines", "x": x}
    middle, outer = say("P50"), say("P10 to P90")
    data: list[dict[str, Any]] = [
        {**line, "y": [y["p10"] for y in years], "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False},
        {**line, "y": [y["p90"] for y in years], "line": {"width": 0}, "fill": "tonexty", "fillcolor": "--coming 0.18",
         "hoverinfo": "skip", "name": outer},
        {**line, "y": [y["p50"] for y in years], "mode": "lines+markers", "line": {"color": "--coming", "width": 2},
         "name": middle, "hovertemplate": Raw(f"{say('year')} %{{x}}: %{{y:,.4~g}} {terms.unit}<extra></extra>")},
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("year")}, "dtick": 1 if len(x) < 12 else 5},
        "yaxis": {"title": {"text": say("all money so far, {unit}", unit=terms.unit)}},
        "shapes": [{"type": "line", "x0": 0, "x1": x[-1], "y0": 0, "y1": 0, "line": {"color": "--soft", "width": 1}}],
    }
    rows = [[y["year"], y["flow"], y["p10"], y["p50"], y["p90"]] for y in years]
    heads = [say("year"), say("mean money of the year"), "P10", "P50", "P90"]
    table = terms.sheet.table(heads, rows, sort=False)
    caption = say("All money up to each year, at today's worth; the last year is the present value of the whole.")
    return terms.sheet.plot(say("When it pays"), data, layout, caption=caption, table=table)


def _histogram(terms: Terms) -> str:
    say, made, npv = terms.say, terms.said["histogram"], terms.said["npv"]
    edges, share = made["edges"], made["share"]
    middle = [(a + b) / 2 for a, b in zip(edges, edges[1:], strict=False)]
    colour = ["--bad" if m < 0 else "--good" for m in middle]
    bar = {"type": "bar", "x": middle, "y": [100 * s for s in share], "marker": {"color": colour}, "opacity": 0.8,
           "hovertemplate": Raw(f"%{{x:,.3~g}} {terms.unit}: %{{y:.2~g}} %<extra></extra>")}  # fmt: skip
    if len(share) == 1:
        bar["width"] = [max(abs(edges[0]) * 0.02, 1e-9)]
    layout = {
        "xaxis": {"title": {"text": say("net present value, {unit}", unit=terms.unit)}}, "bargap": 0.05,
        "yaxis": {"title": {"text": say("share of the draws, %")}}, "showlegend": False,
    }  # fmt: skip
    heads = [say("from, {unit}", unit=terms.unit), say("to"), say("share of the draws, %")]
    rows = [[a, b, 100 * s] for a, b, s in zip(edges, edges[1:], share, strict=False)]
    caption = say(
        "What the draws come to: red ones lose money. In the worst twentieth the mean is {worst}.",
        worst=terms.money(npv["worst"]),
    )
    table = terms.sheet.table(heads, rows, sort=False, name=0)
    return terms.sheet.plot(say("How sure that is"), [bar], layout, caption=caption, table=table)


def tiles(terms: Terms) -> str:
    """The main figures, each with how far it spreads and its standard error."""
    say, said = terms.say, terms.said
    npv, irr, back, roi = said["npv"], said["irr"], said["payback"], said["roi"]
    made = [
        _tile(say("Net present value"), terms.money(npv["p50"]), _between(terms, npv),
              say("P50; mean {mean}{error}", mean=terms.plain_money(npv["mean"]), error=terms.error(npv["mean_se"]))),
        _tile(say("Chance of a loss"), say.share(round(said["loss"]["probability"], 4)),
              say("standard error {error}", error=say.share(float(f"{said['loss']['se']:.2g}"))),
              say("share of the draws whose present value is below 0")),
        _tile(say("Rate of return"), "–" if irr["p50"] is None else say.share(round(irr["p50"], 4)),
              terms.told(irr["says"]) if irr["says"] else _shares(terms, irr),
              say("a year; P50 of the draws that have one ({share})", share=say.share(round(irr["share"], 3)))),
        _tile(say("Payback"), terms.years(back["p50"]),
              say("P10 {low}, P90 {high}", low=terms.years(back["p10"]), high=terms.years(back["p90"])),
              say("not within the plan in {share} of the draws", share=say.share(round(back["never"], 3)))),
        _tile(say("Return on the money"), "–" if roi["p50"] is None else say.share(round(roi["p50"], 4)),
              _shares(terms, roi), say("gain over all costs, at today's worth")),
    ]  # fmt: skip
    return f'<div class="tiles">{"".join(made)}</div>'


def _between(terms: Terms, m: Any) -> str:
    return terms.say("P10 {low}, P90 {high}", low=terms.plain_money(m["p10"]), high=terms.plain_money(m["p90"]))


def _shares(terms: Terms, m: Any) -> str:
    low, high = ("–" if m[p] is None else terms.say.share(round(m[p], 4)) for p in ("p10", "p90"))
    return terms.say("P10 {low}, P90 {high}", low=low, high=high)


def _tile(label: str, figure: str, *means: str) -> str:
    return f'<div class="tile">{label}<b>{figure}</b>{"".join(f"<small>{m}</small>" for m in means if m)}</div>'
