"""Business: five ways of charging side by side, their three years, tiers by usage."""

from collections.abc import Iterable
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.price.view import COLOURS, HOW, MODELS, PAID, View, band
from mintmark.report.sheet import Raw, section

LINES = {
    "customers": mark("paying customers, end of the year"), "revenue": mark("revenue"),
    "predictions": mark("predictions"), "support": mark("support"), "winning": mark("winning customers"),
    "fees": mark("fees"), "fixed": mark("fixed costs"), "profit": mark("profit"),
}  # fmt: skip


def models(view: View) -> Iterable[str]:
    say = view.say
    lead = say(
        "The same market and the same costs under five ways of charging; {n} draws, discounted at {rate} a year.",
        n=view.plan["samples"], rate=say.share(view.plan["discount"]),
    )  # fmt: skip
    charts = f'<div class="charts two">{_worth(view)}{_path(view)}</div>'
    years = [_years(view, m, i == 0) for i, m in enumerate(view.plan["models"])]
    return section("models", say("Business models"), [charts, _three_years(view), _customer(view), *years], lead)


def _worth(view: View) -> str:
    say, made = view.say, view.plan["models"]
    data = [
        {
            "type": "bar", "orientation": "h", "y": [say(MODELS[m["model"]]) for m in made],
            "x": [m["npv"]["p50"] for m in made], "showlegend": False,
            "marker": {"color": [_colour(m["model"]) for m in made]},
            "error_x": {
                "type": "data", "symmetric": False, "array": [m["npv"]["p90"] - m["npv"]["p50"] for m in made],
                "arrayminus": [m["npv"]["p50"] - m["npv"]["p10"] for m in made], "color": "--ink", "thickness": 1.2,
            },
            "hovertemplate": Raw("%{y}: %{x:,.4~s}<extra></extra>"),
        }
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("worth today of three years, {unit}", unit=view.currency)}, "nticks": 5},
        "yaxis": {"autorange": "reversed"},
    }  # fmt: skip
    caption = say("Bars are medians, lines 8 in 10 chances.")
    error = max(m["npv"]["standard_error"] for m in made)
    source = view.source(
        say(
            "Profit of 36 months, discounted; standard errors of the means at these prices are at most {se}.",
            se=error,
        )
    )
    return view.sheet.plot(say("What three years are worth"), data, layout, caption=caption, source=source)


def _colour(model: str) -> str:
    return COLOURS[list(MODELS).index(model)]


def _path(view: View) -> str:
    say = view.say
    months = list(range(1, 37))
    best = view.plan["models"][0]
    sums = best["cumulated"]
    data: list[dict[str, Any]] = [band(months, sums["p10"], sums["p90"], _colour(best["model"]))]
    data += [
        {
            "type": "scatter", "mode": "lines", "name": say(MODELS[m["model"]]), "x": months,
            "y": m["cumulated"]["p50"],
            "line": {"color": _colour(m["model"]), "width": 2},
            "hovertemplate": Raw(f"{say('month')} %{{x}}: %{{y:,.4~s}}<extra>%{{fullData.name}}</extra>"),
        }
        for m in view.plan["models"]
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("month")}},
        "yaxis": {"title": {"text": say("sum so far, {unit}", unit=view.currency)}},
    }
    caption = say("Medians; the band is 8 in 10 chances of {model}.", model=say(MODELS[best["model"]]))
    if best["most_needed"] > 0:
        caption = say.together(caption, say("At its lowest it needs {money}.", money=view.money(best["most_needed"])))
    rows = [[t, *(m["cumulated"]["p50"][t - 1] for m in view.plan["models"])] for t in range(3, 37, 3)]
    heads = [say("month"), *(say(MODELS[m["model"]]) for m in view.plan["models"])]
    table = view.sheet.table(heads, rows, sort=False, name=0)
    return view.sheet.plot(say("When the money is back"), data, layout, caption=caption, table=table)


def _three_years(view: View) -> str:
    say = view.say
    heads = [
        say("way of charging"), say("price"), say("paid"), say("worth of three years"), say("chance of a loss, %"),
        say("money is back, month"),
    ]  # fmt: skip
    rows = [
        [
            say(MODELS[m["model"]]), m["price"], f"<small>{_given(view, m)}</small>", m["npv"], 100 * m["loss"],
            m["break_even_month"],
        ]
        for m in view.plan["models"]
    ]  # fmt: skip
    return f"<h3>{say('Side by side, in {unit}', unit=view.currency)}</h3>" + view.table(heads, rows)


def _customer(view: View) -> str:
    """Unit economics: what one paying customer brings and costs."""
    say = view.say
    heads = [
        say("way of charging"), say("pays a month"), say("left of it"), say("is worth"), say("costs to win"),
        say("worth over cost"), say("months to win back"),
    ]  # fmt: skip
    rows = [
        [
            say(MODELS[m["model"]]), m["arpa"], m["contribution"], m["ltv"], m["cac"], m["ltv_over_cac"],
            m["payback_months"],
        ]
        for m in view.plan["models"]
    ]  # fmt: skip
    cost = view.plan["cost"]["predictions"]
    source = view.source(
        say("Left of it: payments less fees, support and the predictions that it uses at their cost ({how}).",
            how=say(HOW[cost["how"]])),
        say("Worth: that over its stay, discounted. Months to win back: what winning it costs over what is left."),
        say("Sale and licence run on the customer's own machines, which make the predictions."),
    )  # fmt: skip
    return f"<h3>{say('One paying customer, in {unit}', unit=view.currency)}</h3>" + view.table(heads, rows) + source


def _given(view: View, m: dict[str, Any]) -> str:
    say = view.say
    paid = say(PAID[m["model"]])
    return (
        say("{paid}; from the file", paid=paid)
        if m["price_given"]
        else say("{paid}; from the recommended price", paid=paid)
    )


def _years(view: View, m: dict[str, Any], opened: bool) -> str:
    say = view.say
    name = say(MODELS[m["model"]])
    heads = [say("{unit}, P50 and 8 in 10 chances", unit=view.currency), *(say("year {n}", n=n) for n in (1, 2, 3))]
    rows = [[say(label), *(year[key] for year in m["years"])] for key, label in LINES.items()]
    table = view.table(heads, rows, sort=False)
    said = say("Three years by {model}", model=name)
    return f"<details{' open' if opened else ''}><summary>{said}</summary>{table}</details>"


def tiers(view: View) -> Iterable[str]:
    say, made = view.say, view.plan["tiers"]
    lead = say(
        "Each customer takes what is cheapest for its usage: {mean} units a month on average, half less than {p50}.",
        mean=made["usage"]["mean"], p50=made["usage"]["p50"],
    )  # fmt: skip
    heads = [
        say("tier"), say("units included"), say("price a month"), say("each unit more"), say("customers, %"),
        say("of the revenue, %"), say("they use"), say("they pay"), say("left after predictions, %"),
    ]  # fmt: skip
    rows = [
        [
            words.short(t["name"]), t["included"], t["price"], t["overage"], 100 * t["share"], 100 * t["revenue_share"],
            t["usage"], t["bill"], None if t["margin"] is None else 100 * t["margin"],
        ]
        for t in made["tiers"]
    ]  # fmt: skip
    told = [
        say(
            "Tiers bring {tiers} a customer a month, paying by the unit {units}.",
            tiers=view.money(made["revenue_a_customer"]), units=view.money(made["revenue_by_the_unit"]),
        )
    ]  # fmt: skip
    if made["proposed"]:
        told.insert(0, say("The file has no tiers; these are proposed."))
    if made["priced_out"] > 0.001:
        told.append(
            say(
                "For {share} of the customers every tier costs more than it is worth.",
                share=say.share(made["priced_out"]),
            )
        )
    said = f"<p>{say.together(*told)}</p>"
    return section("tiers", say("Tiers by usage"), [said, view.table(heads, rows)], lead)
