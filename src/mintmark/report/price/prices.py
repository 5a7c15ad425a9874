"""Prices: what each method says, side by side, with the curves behind it."""

from collections.abc import Iterable
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.price.view import METHODS, View
from mintmark.report.sheet import Raw, section

SHOWN = 2.5
"""times the corridor's high end up to which prices are drawn"""
WHY = {
    "cost_plus": mark("all costs of a unit over what margin and fees leave; from 8 in 10 chances"),
    "value": mark("price of the best alternative and a share of the advantage over it; 8 in 10 chances"),
    "van_westendorp": mark("as many call it too cheap as too expensive; from marginal cheapness to dearness"),
    "gabor_granger": mark("largest margin a person asked; prices that bring nearly as much"),
    "conjoint": mark("largest margin times share against the alternatives; 8 in 10 draws of the coefficients"),
    "elasticity": mark("Lerner: cost of one more unit × e/(1+e); 8 in 10 chances"),
}
CURVES = {
    "too_cheap": (mark("too cheap"), "--coming"), "cheap": (mark("cheap"), "--good"),
    "expensive": (mark("expensive"), "--tested"), "too_expensive": (mark("too expensive"), "--bad"),
}  # fmt: skip


def picture(view: View) -> Iterable[str]:
    """All methods on one axis, with the corridor behind them."""
    say, plan = view.say, view.plan
    made, path = plan["prices"], plan["corridor"]
    names = [say(METHODS[m["method"]]) for m in made]
    end = max(SHOWN * max(path["high"], path["recommended"]), min(m["high"] for m in made))
    x = [min(m["price"], end) for m in made]
    data = [
        {
            "type": "scatter", "mode": "markers", "x": x, "y": names, "text": [say.number(m["price"]) for m in made],
            "marker": {"color": "--coming", "size": 10,
                       "symbol": ["diamond" if m["price"] <= end else "triangle-right" for m in made]},
            "showlegend": False, "hovertemplate": Raw("%{y}: %{text}<extra></extra>"),
            "error_x": {
                "type": "data", "symmetric": False, "color": "--coming", "thickness": 2,
                "array": [max(min(m["high"], end) - at, 0) for m, at in zip(made, x, strict=True)],
                "arrayminus": [max(at - m["low"], 0) for m, at in zip(made, x, strict=True)],
            },
        }
    ]  # fmt: skip
    line = {"type": "line", "y0": 0, "y1": 1, "yref": "paper"}
    box = {
        "type": "rect", "x0": path["low"], "x1": path["high"], "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
        "fillcolor": "--good 0.14", "line": {"width": 0},
    }  # fmt: skip
    best = {**line, "x0": path["recommended"], "x1": path["recommended"]}
    layout = {
        "xaxis": _axis(view) | {"rangemode": "tozero"},
        "yaxis": {"autorange": "reversed"}, "height": max(300, 130 + 40 * len(made)),
        "shapes": [box, {**best, "line": {"color": "--good", "width": 2}}],
    }  # fmt: skip
    caption = say(
        "Green: the corridor, {low} to {high}; the line is the recommended price, {price}.",
        low=view.money(path["low"]), high=view.money(path["high"]), price=view.money(path["recommended"]),
    )  # fmt: skip
    beyond = [say(METHODS[m["method"]]) for m in made if m["price"] > end]
    if beyond:
        caption = say.together(caption, say("Beyond the right end: {names}.", names=say.listed(beyond)))
    source = view.source(
        say(
            "Low end: {method}. High end: {other}.",
            method=say(METHODS[path["low_by"]]),
            other=say(METHODS[path["high_by"]]),
        ),
        say("Recommended: the median of what demand and value say, moved into the corridor."),
    )
    plot = view.sheet.plot(say("What each method says"), data, layout, caption=caption, source=source)
    yield f'<div class="charts one first">{plot}</div>'


def prices(view: View) -> Iterable[str]:
    say = view.say
    charts = [f(view, m) for m in view.plan["prices"] if (f := DRAWN.get(m["method"]))]
    body = [_table(view), _unit(view)]
    if charts:
        body.append(f'<div class="charts two">{"".join(charts)}</div>')
    body += [_worth(view, m) for m in view.plan["prices"] if m["method"] == "conjoint"]
    return section("price", say("Price, method by method"), body)


def _table(view: View) -> str:
    say = view.say
    heads = [say("method"), say("price"), say("from"), say("to"), say("replies"), say("what it is")]
    rows = [
        [
            say(METHODS[m["method"]]),
            m["price"],
            m["low"],
            m["high"],
            m.get("n"),
            f"<small>{say(WHY[m['method']])}</small>",
        ]
        for m in view.plan["prices"]
    ]
    return view.table(heads, rows)


def _unit(view: View) -> str:
    """What a unit costs, line by line."""
    say = view.say
    costs = next(m for m in view.plan["prices"] if m["method"] == "cost_plus")
    unit = costs["unit"]
    names = {
        "predictions": say("predictions"), "variable": say("all that one more unit costs (with support)"),
        "winning": say("winning and onboarding customers"), "fixed": say("fixed costs at the planned volume"),
        "full": say("all costs"),
    }  # fmt: skip
    rows = [[names[k], unit[k]] for k in names]
    head = say("cost of {what}, {unit}", what=view.unit, unit=view.currency)
    return f"<h3>{say('What a unit costs')}</h3>" + view.table([head, say("P50 and 8 in 10 chances")], rows, sort=False)


def _sensitivity(view: View, m: dict[str, Any]) -> str:
    say, curves = view.say, m["curves"]
    data = [
        {
            "type": "scatter", "mode": "lines", "name": say(label), "x": curves["prices"],
            "y": [100 * v for v in curves[key]], "line": {"color": colour, "width": 2},
            "hovertemplate": Raw("%{x:,.4~g}: %{y:.3~g} %<extra>%{fullData.name}</extra>"),
        }
        for key, (label, colour) in CURVES.items()
    ]  # fmt: skip
    box = {
        "type": "rect", "x0": m["pmc"], "x1": m["pme"], "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
        "fillcolor": "--soft 0.12", "line": {"width": 0},
    }  # fmt: skip
    line = {"type": "line", "x0": m["opp"], "x1": m["opp"], "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": "--ink", "width": 1.5, "dash": "dot"}}  # fmt: skip
    layout = {"xaxis": _axis(view), "yaxis": {"title": {"text": say("people, %")}}, "shapes": [box, line]}
    caption = say(
        "{n} people ({dropped} left out). Optimal {opp} (dotted), indifference {ipp}, accepted {pmc} to {pme} (grey).",
        n=m["n"], dropped=m["dropped"], opp=m["opp"], ipp=m["ipp"], pmc=m["pmc"], pme=m["pme"],
    )  # fmt: skip
    rows = list(zip(curves["prices"], *(curves[k] for k in CURVES), strict=True))[
        :: max(1, len(curves["prices"]) // 12)
    ]
    table = view.sheet.table([say("price"), *(say(v[0]) for v in CURVES.values())], rows, sort=False, name=0)
    source = view.source(say("van Westendorp 1976; answers that do not rise from question to question are left out."))
    return view.sheet.plot(
        say("Too cheap, cheap, expensive, too expensive"), data, layout, caption=caption, source=source, table=table
    )


def _granger(view: View, m: dict[str, Any]) -> str:
    say, curves = view.say, m["curves"]
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "x": curves["prices"], "y": [100 * v for v in curves["share"]],
            "line": {"color": "--coming", "width": 2}, "showlegend": False,
            "hovertemplate": Raw("%{x:,.4~g}: %{y:.3~g} %<extra></extra>"),
        }
    ]  # fmt: skip
    line = {"type": "line", "x0": m["price"], "x1": m["price"], "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": "--ink", "width": 1.5, "dash": "dot"}}  # fmt: skip
    layout = {
        "xaxis": _axis(view),
        "yaxis": {"title": {"text": say("would buy, %")}, "rangemode": "tozero"},
        "shapes": [line],
    }
    caption = say(
        "{n} answers. The margin is largest at {price} (dotted); the elasticity there is {e}.",
        n=m["n"], price=m["price"], e=m["elasticity"],
    )  # fmt: skip
    rows = list(zip(curves["prices"], curves["share"], curves["asked"], strict=True))
    table = view.sheet.table([say("price"), say("would buy"), say("replies")], rows, sort=False, name=0)
    source = view.source(
        say("Gabor and Granger 1966; the share is smoothed so that it never rises; the price by a logit.")
    )
    return view.sheet.plot(say("Would buy at this price"), data, layout, caption=caption, source=source, table=table)


def _conjoint(view: View, m: dict[str, Any]) -> str:
    say, curve = view.say, m["curve"]
    data = [
        {
            "type": "scatter", "mode": "lines", "name": say("share, %"), "x": curve["prices"],
            "y": [100 * v for v in curve["share"]], "line": {"color": "--coming", "width": 2},
            "hovertemplate": Raw("%{x:,.4~g}: %{y:.3~g} %<extra></extra>"),
        },
        {
            "type": "scatter", "mode": "lines", "name": say("margin, % of the largest"), "x": curve["prices"],
            "y": [100 * v / max(max(curve["margin"]), 1e-300) for v in curve["margin"]],
            "line": {"color": "--good", "width": 2}, "hovertemplate": Raw("%{x:,.4~g}: %{y:.3~g} %<extra></extra>"),
        },
    ]  # fmt: skip
    box = {
        "type": "rect", "x0": m["low"], "x1": m["high"], "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
        "fillcolor": "--soft 0.12", "line": {"width": 0},
    }  # fmt: skip
    layout = {"xaxis": _axis(view), "yaxis": {"title": {"text": "%"}, "rangemode": "tozero"}, "shapes": [box]}
    caption = say(
        "{n} choices. The margin is largest at {price}, with {share} of the choices; grey: 8 in 10 draws.",
        n=m["n"], price=m["price"], share=say.share(m["share"]),
    )  # fmt: skip
    rows = list(zip(curve["prices"], curve["share"], curve["margin"], strict=True))[::6]
    table = view.sheet.table([say("price"), say("share"), say("margin a choice")], rows, sort=False, name=0)
    source = view.source(
        say("Conditional logit of the choices (McFadden 1974), against the alternatives that the file names.")
    )
    return view.sheet.plot(say("Chosen at this price"), data, layout, caption=caption, source=source, table=table)


def _worth(view: View, m: dict[str, Any]) -> str:
    """What features are worth, with what the data leave open."""
    say = view.say
    rows = [
        [words.short(w["name"]), w["value"],
         words.between(*(say.number(w["value"] + z * w["standard_error"]) for z in (-1.96, 1.96)))]
        for w in m["worth"]
    ]  # fmt: skip
    head = say("worth of one more, {unit}", unit=view.currency)
    title = f"<h3>{say('What features are worth')}</h3>"
    fit = say(
        "−b/b_price of the logit; log likelihood {ll}, McFadden R² {r}.", ll=m["log_likelihood"], r=m["rho_squared"]
    )
    return title + view.table([say("feature"), head, "95 %"], rows) + view.source(fit)


def _axis(view: View) -> dict[str, Any]:
    return {"title": {"text": view.say("{unit} for {what}", unit=view.currency, what=view.unit)}}


DRAWN = {"van_westendorp": _sensitivity, "gabor_granger": _granger, "conjoint": _conjoint}
