"""Top: what the risks can cost, and whether the cash lasts: a sentence, two pictures and a few figures."""

from collections.abc import Iterable
from typing import Any

from mintmark.report import words
from mintmark.report.sheet import Raw
from mintmark.report.value.terms import Terms


def sentence(terms: Terms) -> str:
    """What the risks cost, which reserve is enough, and how likely the cash is used up; safe."""
    say, said = terms.say, terms.said
    reserve = said["reserve"]
    cost = say(
        "Within {months} months the risks cost {mean} on average; {p80} are enough in eight of ten futures, {p95} in "
        "nineteen of twenty.",
        months=said["months"], mean=terms.money(reserve["mean"]), p80=terms.money(reserve["p80"]),
        p95=terms.money(reserve["p95"]),
    )  # fmt: skip
    ruin = say("The cash is used up in {share} of them.", share=say.share(round(said["ruin"]["probability"], 4)))
    paid = [c for c in said["controls"] if not c["in_place"] and c["worth"] > 0]
    most = say("The planned control that is worth most: {name}.", name=words.short(paid[0]["name"])) if paid else ""
    return say.together(cost, ruin, most).replace(" %", "\N{NO-BREAK SPACE}%")


def pictures(terms: Terms) -> Iterable[str]:
    yield f'<div class="charts two">{_fan(terms)}{_histogram(terms)}</div>'


def _fan(terms: Terms) -> str:
    say, fan = terms.say, terms.said["fan"]
    x = [m["month"] for m in fan]
    line = {"type": "scatter", "mode": "lines", "x": x}

    def band(low: str, high: str, name: str, fill: str) -> list[dict[str, Any]]:
        quiet = {"line": {"width": 0}, "hoverinfo": "skip"}
        return [
            {**line, **quiet, "y": [m[low] for m in fan], "showlegend": False},
            {**line, **quiet, "y": [m[high] for m in fan], "fill": "tonexty", "fillcolor": fill, "name": name},
        ]

    middle = {**line, "y": [m["p50"] for m in fan], "line": {"color": "--coming", "width": 2}, "name": "P50",
              "hovertemplate": Raw(f"{say('month')} %{{x}}: %{{y:,.4~g}} {terms.unit}<extra></extra>")}  # fmt: skip
    data = [*band("p5", "p95", say("P5 to P95"), "--coming 0.12"), *band("p25", "p75", say("P25 to P75"),
                                                                         "--coming 0.22"),
            middle]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("month")}, "dtick": 6 if len(x) > 13 else 1},
        "yaxis": {"title": {"text": say("cash, {unit}", unit=terms.unit)}},
        "shapes": [{"type": "line", "x0": 0, "x1": x[-1], "y0": 0, "y1": 0, "line": {"color": "--bad", "width": 1}}],
    }
    rows = [[m[k] for k in ("month", "p5", "p25", "p50", "p75", "p95")] for m in fan]
    table = terms.sheet.table([say("month"), "P5", "P25", "P50", "P75", "P95"], rows, sort=False)
    caption = say("Cash at the end of each month: income less spending, less the losses that come.")
    return terms.sheet.plot(say("How long the cash lasts"), data, layout, caption=caption, table=table)


def _histogram(terms: Terms) -> str:
    say, made, reserve = terms.say, terms.said["histogram"], terms.said["reserve"]
    edges, share = made["edges"], made["share"]
    middle = [(a + b) / 2 for a, b in zip(edges, edges[1:], strict=False)]
    bar = {"type": "bar", "x": middle, "y": [100 * s for s in share], "marker": {"color": "--bad"}, "opacity": 0.7,
           "hovertemplate": Raw(f"%{{x:,.3~g}} {terms.unit}: %{{y:.2~g}} %<extra></extra>")}  # fmt: skip
    if len(share) == 1:
        bar["width"] = [1.0]
    marks = [(reserve[p], p.upper()) for p in ("p50", "p80", "p95")]
    layout = {
        "xaxis": {"title": {"text": say("loss of the plan, {unit}", unit=terms.unit)}}, "bargap": 0.05,
        "yaxis": {"title": {"text": say("share of the draws, %")}}, "showlegend": False,
        "shapes": [{"type": "line", "x0": v, "x1": v, "y0": 0, "y1": 1, "yref": "paper",
                    "line": {"color": "--soft", "width": 1, "dash": "dot"}} for v, _ in marks],
        "annotations": [{"x": v, "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left", "text": name,
                         "showarrow": False}
                        for v, name in marks],
    }  # fmt: skip
    heads = [say("from, {unit}", unit=terms.unit), say("to"), say("share of the draws, %")]
    rows = [[a, b, 100 * s] for a, b, s in zip(edges, edges[1:], share, strict=False)]
    table = terms.sheet.table(heads, rows, sort=False, name=0)
    caption = say("All losses of a future together, with the controls that are in place.")
    return terms.sheet.plot(say("What to set aside"), [bar], layout, caption=caption, table=table)


def tiles(terms: Terms) -> str:
    """The main figures, each with its standard error."""
    say, said = terms.say, terms.said
    reserve, ruin, run = said["reserve"], said["ruin"], said["runway"]
    error = say("standard error {error}", error=terms.plain_money(reserve["p80_se"]))
    lasts = "–" if run["p5"] is None else say("{n} months", n=round(run["p5"], 1))
    made = [
        _tile(say("Reserve, P80"), terms.money(reserve["p80"]), error, say("enough in eight of ten futures")),
        _tile(say("Reserve, P95"), terms.money(reserve["p95"]),
              say("standard error {error}", error=terms.plain_money(reserve["p95_se"])), _appetite(terms)),
        _tile(say("Mean of the worst {share}", share=say.share(round(1 - said["tail"], 4))),
              terms.money(reserve["cvar"]),
              say("standard error {error}", error=terms.plain_money(reserve["cvar_se"])), "CVaR"),
        _tile(say("Probability of ruin"), say.share(round(ruin["probability"], 4)),
              say("standard error {error}", error=say.share(float(f"{ruin['se']:.2g}"))),
              say("the cash falls below 0 within the plan")),
        _tile(say("Runway, one in twenty"), lasts if run["p5"] is not None else say("beyond the plan"),
              say("so soon is the cash used up in the worst twentieth")),
    ]  # fmt: skip
    if planned := said["planned"]:
        made.append(_tile(say("With all planned controls"), terms.money(planned["reserve"]["p80"]),
                          say("P80; they cost {cost}", cost=terms.money(planned["cost"])),
                          say("ruin then: {share}", share=say.share(round(planned["ruin"]["probability"],
                                                                          4)))))  # fmt: skip
    return f'<div class="tiles">{"".join(made)}</div>'


def _appetite(terms: Terms) -> str:
    say, most = terms.say, terms.said["appetite"]
    if most is None:
        return ""
    if terms.said["reserve"]["p95"] > most:
        return say("above the {most} that may be lost", most=terms.money(most))
    return say("within the {most} that may be lost", most=terms.money(most))


def _tile(label: str, figure: str, *means: str) -> str:
    return f'<div class="tile">{label}<b>{figure}</b>{"".join(f"<small>{m}</small>" for m in means if m)}</div>'
