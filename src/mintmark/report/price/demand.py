"""Demand: how large the market is, whom to aim at, and what the product is worth beside each alternative."""

from collections.abc import Iterable
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.price.view import View
from mintmark.report.sheet import Raw, section

SIZES = {"tam": mark("all (TAM)"), "sam": mark("can be served (SAM)"), "som": mark("can be won (SOM)")}
SIDES = {"top_down": mark("from above"), "bottom_up": mark("from below")}


def market(view: View) -> Iterable[str]:
    say, plan = view.say, view.plan["market"]
    lead = say("Spending on the problem in a year, and what three years can win of it; with 8 in 10 chances.")
    return section("market", say("Market and segments"), [*_sizes(view, plan), *_segments(view, plan)], lead)


def _sizes(view: View, plan: dict[str, Any]) -> Iterable[str]:
    say = view.say
    sides = [s for s in SIDES if s in plan]
    data = []
    for side, colour in zip(sides, ("--coming", "--tested"), strict=False):
        made = plan[side]
        y = [made[k]["p50"] for k in SIZES]
        data.append(
            {
                "type": "bar", "name": say(SIDES[side]), "x": [say(n) for n in SIZES.values()], "y": y,
                "marker": {"color": colour}, "hovertemplate": Raw("%{x}: %{y:,.4~s}<extra></extra>"),
                "error_y": {
                    "type": "data", "symmetric": False, "array": [made[k]["p90"] - made[k]["p50"] for k in SIZES],
                    "arrayminus": [made[k]["p50"] - made[k]["p10"] for k in SIZES], "color": "--ink", "thickness": 1.2,
                },
            }
        )  # fmt: skip
    layout = {
        "yaxis": {"title": {"text": say("{unit} a year", unit=view.currency)}, "type": "log"}, "barmode": "group",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    rows = [[say(SIZES[k]), *(plan[s][k] for s in sides)] for k in SIZES]
    table = view.table([say("{unit} a year", unit=view.currency), *(say(SIDES[s]) for s in sides)], rows, sort=False)
    ratio = plan.get("top_down_over_bottom_up")
    caption = say("The axis is logarithmic; lines are 8 in 10 chances.")
    if ratio:
        caption = say.together(caption, say("From above the market is {n} times that from below.", n=ratio))
    source = view.source(
        say("From above: spending times shares. From below: customers times spending of each segment, times shares."),
    )
    plot = view.sheet.plot(say("Size of the market"), data, layout, caption=caption, source=source, table=table)
    yield f'<div class="charts one">{plot}</div>'


def _segments(view: View, plan: dict[str, Any]) -> Iterable[str]:
    say = view.say
    heads = [
        say("segment"), say("customers to be won"), say("market to be won, {unit} a year", unit=view.currency),
        say("worth, {unit} a year", unit=view.currency), say("aimed at"),
    ]  # fmt: skip
    rows = [
        [
            words.short(s["name"]),
            s["customers"],
            s["som"],
            s["worth"],
            say("yes") if s["name"] in plan["target"] else "",
        ]
        for s in plan["segments"]
    ]
    yield f"<h3>{say('Segments')}</h3>"
    yield view.table(heads, rows)
    yield view.source(
        say("Worth: customers to be won times (spending less the cost of their units and support), less winning them."),
    )


def position(view: View) -> Iterable[str]:
    say, place = view.say, view.plan["position"]
    if not place:
        return ()
    lead = say(
        "What {unit} may cost so that a customer is as well off as with each alternative: its economic value (EVC).",
        unit=view.unit,
    )
    return section("position", say("Beside the alternatives"), _alternatives(view, place), lead)


def _alternatives(view: View, place: dict[str, Any]) -> Iterable[str]:
    say = view.say
    names = [words.short(a["name"], 28) for a in place["alternatives"]]
    kinds = {"price": say("its price"), "predictions": say("better decisions"), "difference": say("other differences")}
    data = [
        {
            "type": "bar", "orientation": "h", "name": label, "y": [a["name"][:28] for a in place["alternatives"]],
            "x": [sum(s["worth"]["p50"] for s in a["steps"] if s["kind"] == kind) for a in place["alternatives"]],
            "marker": {"color": colour}, "hovertemplate": Raw("%{y}: %{x:,.4~g}<extra>%{fullData.name}</extra>"),
        }
        for (kind, label), colour in zip(kinds.items(), ("--known", "--coming", "--tested"), strict=True)
    ]  # fmt: skip
    price = view.plan["corridor"]["recommended"]
    layout = {
        "barmode": "relative", "height": max(300, 170 + 46 * len(names)),
        "xaxis": {"title": {"text": say("{unit} for {what}", unit=view.currency, what=view.unit)}},
        "yaxis": {"autorange": "reversed"}, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "shapes": [
            {"type": "line", "x0": price, "x1": price, "y0": 0, "y1": 1, "yref": "paper",
             "line": {"color": "--good", "width": 2, "dash": "dot"}},
        ],
    }  # fmt: skip
    rows = [[n, a["price"], a["evc"], _steps(view, a)] for n, a in zip(names, place["alternatives"], strict=True)]
    heads = [say("alternative"), say("its price"), say("the product may cost"), say("because of")]
    table = view.table(heads, rows)
    worth = words.safe(view.say.again(place["value_source"])) if place["value_source"] else ""
    source = view.source(
        say("Price of the alternative + (1 − its share of the value) × value of the decisions + other differences."),
        worth,
    )
    caption = say("Dotted: the recommended price. The shortest sum binds: {name}.", name=words.short(place["binding"]))
    plot = view.sheet.plot(say("Value to the customer"), data, layout, caption=caption, source=source)
    yield f'<div class="charts one">{plot}</div>{table}'


def _steps(view: View, alternative: dict[str, Any]) -> str:
    say = view.say
    parts = []
    for s in alternative["steps"][1:]:
        name = say("better decisions") if s["kind"] == "predictions" else words.short(s["name"])
        parts.append(f"{name} {say.number(s['worth']['p50'])}")
    return "<br/>".join(parts)
