"""Advice: money by project and period, against other ways to spend it, and when to stop."""

from collections.abc import Iterable, Mapping

from mintmark.report import words
from mintmark.report.allocate.terms import WAYS, rule
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms, round_money


def spending(terms: Terms) -> Iterable[str]:
    say, said = terms.say, terms.said
    periods = range(len(said["budget"]))
    heads = [say("project"), *(say("period {n}", n=t + 1) for t in periods), say("all"), say("needs"),
             say("error now"), say("error then, 95 %"), say("next unit brings"), say("worth"),
             say("to know it")]  # fmt: skip
    rows = [
        [words.short(p["label"]), *map(round_money, (*p["each"], p["spent"])),
         say.listed([words.breakable(n) for n in p["needs"]]) or "–", f"{p['now']['mid']:.3g}",
         words.between(f"{p['then']['low']:.3g}", f"{p['then']['high']:.3g}"),
         "–" if p["next"] is None else f"{p['next']:.3g}", p["net"], round_money(p["knowing"])]
        for p in said["projects"]
    ]  # fmt: skip
    total = [f"<b>{say('new money')}</b>", *said["budget"], sum(said["budget"]), *[""] * 4, None, None]
    lead = say.together(
        say("The exact answer, in {unit}; worth is at today's, less what is spent.", unit=terms.unit),
        say("To know it: worth at most of knowing its curve, costs and value before the first unit is spent."),
    )
    body = [terms.sheet.table(heads, [*rows, total], sort=False), _bought(terms)]
    return section("spending", say("What to spend"), body, lead)


def _bought(terms: Terms) -> str:
    """How many rows that is, and what the money goes to."""
    say = terms.say
    heads = [say("project"), say("rows today"), say("rows more"), say("once"), say("data"), say("compute"),
             say("staff")]  # fmt: skip
    rows = [[words.short(p["label"]), round(p["rows"]), round_money(p["bought"]), *map(round_money, p["goes"].values())]
            for p in terms.said["projects"]]  # fmt: skip
    return terms.sheet.table(heads, rows, sort=False)


def ways(terms: Terms) -> Iterable[str]:
    say, made = terms.say, terms.said["ways"]
    most = max(max(w["p90"] for w in made), 1e-9)
    least = min(0.0, *(w["p10"] for w in made))
    width = most - least

    def at(value: float) -> float:
        return float(100 * min(max((value - least) / width, 0.0), 1.0))

    bars = []
    for w in made:
        left, right = sorted((at(0.0), at(w["mean"])))
        inside = (f'<i style="left:{left:.2f}%;width:{max(right - left, 0.3):.2f}%"></i>'
                  f'<s style="left:{at(w["p10"]):.2f}%;width:{at(w["p90"]) - at(w["p10"]):.2f}%"></s>')  # fmt: skip
        kind = "mine" if w["name"] == "exact" else ""
        bars.append(f'<div class="bar-row {kind}"><span>{say(WAYS[w["name"]])}</span><div>{inside}</div>'
                    f"<b>{terms.plain_money(w['mean'])}</b></div>")  # fmt: skip
    caption = say("Means beyond costs, {unit}; the dark lines go from P10 to P90.", unit=terms.unit)
    figure = f'<figure class="money broad"><div class="bars">{"".join(bars)}</div><figcaption>{caption}</figcaption>'
    heads = [say("way"), say("worth"), say("standard error"), say("measured then, 80 %"), say("less than exact"),
             say("standard error"), "CVaR", say("probability of a loss"), say("spent")]  # fmt: skip
    rows = [[say(WAYS[w["name"]]), w["mean"], w["mean_se"], _between(terms, w["measured"]), w["less"], w["less_se"],
             w["cvar"], say.share(round(w["loss"], 4)), w["spent"]] for w in made]  # fmt: skip
    lead = say("All in the same draws; CVaR is the mean loss of the worst {share}: below 0 it is a gain.",
               share=say.share(round(1 - terms.said["tail"], 4)))  # fmt: skip
    body = [f"{figure}</figure>", terms.sheet.table(heads, rows, sort=False)]
    return section("ways", say("Against other ways to spend"), body, lead)


def _between(terms: Terms, of: Mapping[str, float]) -> str:
    """What lies between P10 and P90; safe."""
    return words.between(terms.plain_money(of["p10"]), terms.plain_money(of["p90"]))


def stages(terms: Terms) -> Iterable[str]:
    say, made = terms.say, terms.said["stages"]
    if not made:
        return ()
    labels = {p["name"]: words.short(p["label"]) for p in terms.said["projects"]}
    heads = [say("project"), say("first stage"), say("rest"), say("rule"), say("stops"), say("all at once"),
             say("first stage only"), say("staged"), say("worth of the measurement"), say("of knowing the curve"),
             say("right to stop")]  # fmt: skip
    rows = [
        [labels[s["project"]], s["first"], s["rest"], words.safe(rule(say, s)), say.share(float(f"{s['stops']:.3g}")),
         s["commit"], s["stop"], s["staged"], s["information"], s["perfect"], s["option"]]
        for s in made
    ]  # fmt: skip
    lead = say("Spend the first stage, measure the error, and go on by the rule; in {unit}.", unit=terms.unit)
    return section("stages", say("Staged funding"), [terms.sheet.table(heads, rows, kind="staged", sort=False)], lead)
