"""Headline: the price, the way of charging and what they bring, in sentences and figures; the plan in five steps."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.report import words
from mintmark.report.price.view import HOW, METHODS, MODELS, PAID, View
from mintmark.report.sheet import section


def title(view: View) -> str:
    return view.say("Price and plan for the market: {name}", name=f"<bdi>{words.short(view.plan['name'])}</bdi>")


def sentence(view: View) -> str:
    """The recommendation in two sentences; safe."""
    say, path, best = view.say, view.plan["corridor"], view.plan["models"][0]
    first = say(
        "Ask {price} for {unit} (between {low} and {high}), and charge by: {model}.",
        price=f"<b>{view.money(path['recommended'])}</b>", unit=view.unit, low=view.money(path["low"]),
        high=view.money(path["high"]), model=say(MODELS[best["model"]]),
    )  # fmt: skip
    if not path["holds"]:
        first = say(
            "No price of {unit} covers its cost and is accepted: it takes {low}, and {high} is the most.",
            unit=view.unit, low=view.money(path["low"]), high=view.money(path["high"]),
        )  # fmt: skip
    npv = best["npv"]
    second = say(
        "Three years are worth {value} today (8 in 10 chances: {low} to {high}); a loss has a chance of {loss}.",
        value=f"<b>{view.money(npv['p50'])}</b>", low=view.money(npv["p10"]), high=view.money(npv["p90"]),
        loss=say.share(best["loss"]),
    )  # fmt: skip
    return say.together(first, second).replace(" %", "\N{NO-BREAK SPACE}%")


def tiles(view: View) -> str:
    """The figures that decide; each says where it comes from."""
    say, plan = view.say, view.plan
    best, cost = plan["models"][0], plan["cost"]["predictions"]
    som = plan["market"]["bottom_up"]["som"]
    by = say("from below; 8 in 10 chances: {low} to {high}", low=view.money(som["p10"]), high=view.money(som["p90"]))
    made = [
        _tile(
            view, say("Price of {unit}", unit=view.unit), view.money(plan["corridor"]["recommended"]),
            say("recommended: the middle of what demand and value say, within the corridor"), "",
        ),
        _tile(
            view, say("Cost of its predictions"), view.money(cost["p50"]),
            say("{how}, of {unit}", how=say(HOW[cost["how"]]), unit=view.unit),
            words.safe(say.again(plan["cost"]["source"])),
        ),
        _tile(view, say("Market to be won"), say("{money} a year", money=view.money(som["p50"])), by, ""),
        _tile(view, say("A customer is worth"), view.money(best["ltv"]["p50"]), _worth(view, best), ""),
        _tile(view, say("Money is back"), _month(view, best), say("first month from which the sum stays above 0"), ""),
    ]  # fmt: skip
    return f'<div class="tiles">{"".join(made)}</div>'


def _worth(view: View, best: Mapping[str, Any]) -> str:
    say = view.say
    cac = view.money(best["cac"]["p50"])
    if best["ltv_over_cac"] is None:
        return say("over a stay, discounted; winning one costs nothing")
    return say("over a stay, discounted; winning one costs {cac}: {n} times", cac=cac, n=best["ltv_over_cac"])


def _month(view: View, best: Mapping[str, Any]) -> str:
    say, month = view.say, best["break_even_month"]
    return say("not in 3 years") if month is None else say("month {n}", n=month)


def _tile(view: View, label: str, figure: str, means: str, source: str) -> str:
    opens = (
        f'<details class="source"><summary>{view.say("source")}</summary><p>{source}</p></details>' if source else ""
    )
    return f'<div class="tile">{label}<b>{figure}</b><small>{means}</small>{opens}</div>'


# --- the plan in five steps -------------------------------------------------------------------------------------------


def steps(view: View) -> Iterable[str]:
    say = view.say
    told = [
        (say("Demand"), _demand(view)), (say("Position"), _position(view)), (say("Business model"), _model(view)),
        (say("Price"), _price(view)), (say("Promotion"), _promotion(view)),
    ]  # fmt: skip
    items = "".join(f"<li><b>{name}.</b> {text}</li>" for name, text in told if text)
    return section("plan", say("The plan in five steps"), [f"<ol>{items}</ol>"])


def _demand(view: View) -> str:
    say, market = view.say, view.plan["market"]
    names = [f"<bdi>{words.short(n)}</bdi>" for n in market["target"]]
    one, three = (_whole(view, view.plan["diffusion"]["adopted_by_year"][t]["p50"]) for t in (1, 3))
    return say.together(
        say("Aim at {names}.", names=say.listed(names)),
        say("About {three} of them can be won in three years, {one} of these in the first.", three=three, one=one),
    )


def _position(view: View) -> str:
    say, place = view.say, view.plan["position"]
    if not place:
        return ""
    against = f"<bdi>{words.short(place['binding'])}</bdi>"
    said = say(
        "The alternative to beat is {name}: beside it {unit} may cost up to {most}.",
        name=against, unit=view.unit, most=view.money(place["ceiling"]["p50"]),
    )  # fmt: skip
    worth = place["value_per_unit"]
    if not worth:
        return said
    gain = say(
        "Its decisions are worth {value} to a customer for {unit} ({how}).",
        value=view.money(worth["p50"]), unit=view.unit, how=say(HOW[worth["how"]]),
    )  # fmt: skip
    return say.together(said, gain)


def _model(view: View) -> str:
    say, models = view.say, view.plan["models"]
    best, second = models[0], models[1]
    return say.together(
        say("Charge by {model}: {price} {paid}.", model=say(MODELS[best["model"]]), price=view.money(best["price"]),
            paid=say(PAID[best["model"]])),
        say("The next best is {model}, worth {less} less over three years.", model=say(MODELS[second["model"]]),
            less=view.money(best["npv"]["p50"] - second["npv"]["p50"])),
    )  # fmt: skip


def _price(view: View) -> str:
    say, path = view.say, view.plan["corridor"]
    return say(
        "Between {low} ({low_by}) and {high} ({high_by}) for {unit}; methods asked: {n}.",
        low=view.money(path["low"]), low_by=say(METHODS[path["low_by"]]), high=view.money(path["high"]),
        high_by=say(METHODS[path["high_by"]]), unit=view.unit, n=len(view.plan["prices"]),
    )  # fmt: skip


def _promotion(view: View) -> str:
    say, spend = view.say, view.plan["promotion"]
    if not spend:
        return ""
    used = [c for c in spend["channels"] if c["budget"] > 0.005 * spend["budget"]]
    parts = [f"<bdi>{words.short(c['name'])}</bdi> {view.money(c['budget'])}" for c in used]
    said = say(
        "Spend {budget} a month as follows: {parts}. That wins {n} customers a month.",
        budget=view.money(spend["budget"]), parts=say.listed(parts), n=say.number(spend["customers"]),
    )  # fmt: skip
    more = spend["customers"] - (spend["now"] if spend["now"] is not None else spend["equal_split"])
    than = say("than today") if spend["now"] is not None else say("than an equal split")
    gain = say("{n} more {than}.", n=say.number(more), than=than) if more > 0.005 * spend["customers"] else ""
    return say.together(said, gain)


def _whole(view: View, value: float) -> str:
    return view.say.number(round(value) if abs(value) >= 10 else round(value, 1))
