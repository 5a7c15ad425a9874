"""Curves: the error of each project by rows, what more money would bring, and what less of the tail costs."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.report import words
from mintmark.report.sheet import Raw, section
from mintmark.report.value.terms import Terms, round_money


def learning(terms: Terms) -> Iterable[str]:
    drawn = "".join(_curve(terms, p) for p in terms.said["projects"])
    lead = terms.say("Error by the rows learnt from, with the band that holds 95 % of the draws of the curve.")
    return section("curves", terms.say("Learning curves"), [f'<div class="charts two">{drawn}</div>'], lead)


def _curve(terms: Terms, p: Mapping[str, Any]) -> str:
    say, points = terms.say, p["curve"]
    x = [c["rows"] for c in points]
    line, quiet = {"type": "scatter", "mode": "lines", "x": x}, {"line": {"width": 0}, "hoverinfo": "skip"}
    hover = Raw(f"%{{x:,.4~g}} {say('rows')}: %{{y:.3~g}}<extra></extra>")
    data: list[dict[str, Any]] = [
        {**line, **quiet, "y": [c["low"] for c in points], "showlegend": False},
        {**line, **quiet, "y": [c["high"] for c in points], "fill": "tonexty", "fillcolor": "--coming 0.18",
         "name": "95 %"},
        {**line, "y": [c["error"] for c in points], "line": {"color": "--coming", "width": 2}, "name": say("curve"),
         "hovertemplate": hover},
    ]  # fmt: skip
    dots = {"type": "scatter", "mode": "markers", "hovertemplate": hover}
    if p["sizes"]:
        data.append({**dots, "x": p["sizes"], "y": p["errors"], "name": say("measured"),
                     "marker": {"color": "--known", "size": 7}})  # fmt: skip
    if p["spent"] > 0:
        data.append({**dots, "x": [p["rows_then"]], "y": [p["then"]["mid"]], "name": say("advised"),
                     "marker": {"color": "--tested", "size": 10, "symbol": "diamond"}})  # fmt: skip
    layout = {"xaxis": {"type": "log", "title": {"text": say("rows")}}, "yaxis": {"title": {"text": say("error")},
                                                                                "rangemode": "tozero"}}  # fmt: skip
    table = terms.sheet.table([say("rows"), say("low"), say("error"), say("high")],
                              [[round_money(c[k]) for k in ("rows", "low", "error", "high")] for c in points[::4]],
                              sort=False)  # fmt: skip
    return terms.sheet.plot(words.short(p["label"]), data, layout, caption=_told(terms, p), table=table)


def _told(terms: Terms, p: Mapping[str, Any]) -> str:
    """Where the curve is from."""
    say = terms.say
    b = {k: f"{v:.2g}" for k, v in p["exponent"].items()}
    steep = say("Exponent {mid}, between {low} and {high}.", **b)
    if p["run"]:
        said = say("{n} rungs of run {run}.", n=p["points"], run=words.short(p["run"]))
    elif p["points"]:
        said = say("{n} measurements.", n=p["points"])
    else:
        said = say("Assumed.")
    other = p["classical"]
    if other is None:
        return say.together(said, steep)
    high = "∞" if other["high"] is None else f"{other['high']:.3g}"
    least = say("Least squares says {error} at the advice, 95 % between {low} and {high}.",
                error=f"{other['error']:.3g}", low=f"{other['low']:.3g}", high=high)  # fmt: skip
    return say.together(said, steep, least)


def money(terms: Terms) -> Iterable[str]:
    """Worth by budget with the price of money, and mean by tail."""
    say, made, tails = terms.say, terms.said["frontier"], terms.said["risk"]
    line = {"type": "scatter", "mode": "lines+markers", "line": {"color": "--coming", "width": 2}}
    unit, here = terms.unit, sum(terms.said["budget"])
    data = [{**line, "x": [f["budget"] for f in made], "y": [f["worth"] for f in made], "name": say("worth"),
             "hovertemplate": Raw(f"%{{x:,.4~g}}: %{{y:,.4~g}} {unit}<extra></extra>")}]  # fmt: skip
    layout = {"xaxis": {"title": {"text": say("budget, {unit}", unit=unit)}},
              "yaxis": {"title": {"text": say("worth, {unit}", unit=unit)}, "rangemode": "tozero"}, "showlegend": False,
              "shapes": [{"type": "line", "x0": here, "x1": here, "y0": 0, "y1": 1, "yref": "paper",
                          "line": {"color": "--tested", "width": 1, "dash": "dot"}}]}  # fmt: skip
    table = terms.sheet.table([say("budget"), say("worth"), say("spent"), say("price of money")],
                              [[f["budget"], f["worth"], f["spent"], round_money(f["price"])] for f in made],
                              sort=False)  # fmt: skip
    caption = say("Worth of the exact answer at parts and multiples of the budget, which is the dotted line.")
    first = terms.sheet.plot(say("What more money brings"), data, layout, caption=caption, table=table)
    data = [{**line, "x": [t["cvar"] for t in tails], "y": [t["mean"] for t in tails], "name": say("worth"),
             "text": [f"{t['caution']:g}" for t in tails],
             "hovertemplate": Raw(f"{say('caution')} %{{text}}: %{{y:,.4~g}} {unit}<extra></extra>")}]  # fmt: skip
    layout = {"xaxis": {"title": {"text": f"CVaR, {unit}"}}, "yaxis": {"title": {"text": say("worth, {unit}",
                                                                                         unit=unit)}},
              "showlegend": False}  # fmt: skip
    labels = {p["name"]: words.short(p["label"]) for p in terms.said["projects"]}
    table = terms.sheet.table([say("caution"), say("worth"), "CVaR", *labels.values()],
                              [[t["caution"], t["mean"], t["cvar"], *(t["each"][n] for n in labels)] for t in tails],
                              sort=False)  # fmt: skip
    caption = say("Mean and mean loss of the worst draws as caution grows: to the left is less to lose.")
    second = terms.sheet.plot(say("What less of the tail costs"), data, layout, caption=caption, table=table)
    each = [say("{price} in period {n}", price=f"{p:.3g}", n=t + 1) for t, p in enumerate(terms.said["prices"])]
    prices = say("One more {unit} brings, beyond itself: {prices}.", unit=unit, prices=say.listed(each))
    return section("money", say("Price of money"), [f'<div class="charts two">{first}{second}</div>'], prices)
