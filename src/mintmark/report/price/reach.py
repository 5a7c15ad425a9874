"""Reach: how customers come, stay and come back, and over which channels the budget goes."""

from collections.abc import Iterable
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.price.view import COLOURS, View, band
from mintmark.report.sheet import Raw, section

PERIODS = {"month": mark("month"), "year": mark("year")}
BOUNDS = {"limit": mark("at the limit"), "least": mark("at the least"), "": ""}


def customers(view: View) -> Iterable[str]:
    say = view.say
    charts = [_coming(view), _staying(view)]
    body = [f'<div class="charts two">{"".join(c for c in charts if c)}</div>', *_loyal(view)]
    return section("customers", say("How customers come, stay and come back"), body)


def _coming(view: View) -> str:
    say, made = view.say, view.plan["diffusion"]
    by = made["adopted_by_year"]
    years = list(range(len(by)))
    data = [
        band(years, [v["p10"] for v in by], [v["p90"] for v in by], "--coming"),
        {
            "type": "scatter", "mode": "lines+markers", "x": years, "y": [v["p50"] for v in by], "showlegend": False,
            "line": {"color": "--coming", "width": 2}, "hovertemplate": Raw("%{x}: %{y:,.4~g}<extra></extra>"),
        },
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": say("years after the launch")}},
        "yaxis": {"title": {"text": say("customers won so far")}},
    }  # fmt: skip
    caption = say(
        "Most come after {t} years, {n} a year then; the band is 8 in 10 chances.", t=round(made["peak_year"], 1),
        n=round(made["peak_a_year"], 1),
    )  # fmt: skip
    rows = [[str(t), v] for t, v in zip(years, by, strict=True)]
    table = view.table([say("year"), say("customers")], rows, sort=False)
    source = view.source(
        say(
            "Bass 1969: p {p}, q {q} a year, of {m} customers (medians).",
            p=made["p"]["p50"],
            q=made["q"]["p50"],
            m=made["m"]["p50"],
        ),
        say("p and q were fitted to the sales of a product like it.") if made["from_history"] else "",
    )
    return view.sheet.plot(say("How customers come"), data, layout, caption=caption, source=source, table=table)


def _staying(view: View) -> str:
    say, made = view.say, view.plan["retention"]
    if not made:
        return ""
    period = say(PERIODS[made["period"]])
    at = list(range(len(made["curve"])))
    known = list(range(1, len(made["given"]) + 1))
    data = [
        {
            "type": "scatter", "mode": "lines", "name": say("sBG"), "x": at, "y": [100 * v for v in made["curve"]],
            "line": {"color": "--coming", "width": 2}, "hovertemplate": Raw("%{x}: %{y:.3~g} %<extra></extra>"),
        },
        {
            "type": "scatter", "mode": "markers", "name": say("earlier cohort"), "x": known,
            "y": [100 * v for v in made["given"]], "marker": {"color": "--tested", "size": 8},
            "hovertemplate": Raw("%{x}: %{y:.3~g} %<extra></extra>"),
        },
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": period}}, "yaxis": {"title": {"text": say("still there, %")}, "range": [0, 102]},
    }  # fmt: skip
    caption = say(
        "In the first year {first} leave, of those still there after two years {later} in the third: who stays, stays.",
        first=say.share(made["first_year_loss"]), later=say.share(made["later_year_loss"]),
    )  # fmt: skip
    rows = [[t, 100 * v] for t, v in zip(at, made["curve"], strict=True)]
    table = view.sheet.table([period, say("still there, %")], rows, sort=False, name=0)
    source = view.source(
        say("Shifted-beta-geometric law (Fader and Hardie 2007): a {a}, b {b}; {n} payments are expected, discounted.",
            a=made["a"], b=made["b"], n=made["payments"]),
    )  # fmt: skip
    return view.sheet.plot(say("How customers stay"), data, layout, caption=caption, source=source, table=table)


def _loyal(view: View) -> Iterable[str]:
    say, made = view.say, view.plan["loyalty"]
    if not made:
        return
    day = words.safe(say.moment(made["until"]))
    yield f"<h3>{say('How customers come back: {n} customers to {day}', n=made['customers'], day=day)}</h3>"
    told = say.together(
        say("{share} came back; {alive} are still there.", share=say.share(made["came_back"]),
            alive=say.share(made["alive_share"])),
        say("Next year each makes {n} purchases on average; over three years one is worth {money}, discounted.",
            n=made["purchases_a_customer"], money=view.money(made["worth"])),
        say("The best tenth holds {share} of that.", share=say.share(made["top_tenth"])),
    )  # fmt: skip
    yield f"<p>{told}</p>"
    heads = [say("purchases after the first"), say("customers"), say("still there, %"), say("purchases next year")]
    rows = [[_range(r), r["customers"], 100 * r["p_alive"], r["next_year"]] for r in made["alive_by_count"]]
    yield view.table(heads, rows, sort=False)
    heads = [
        say("customer"),
        say("purchases"),
        say("still there, %"),
        say("purchases next year"),
        say("worth, {unit}", unit=view.currency),
    ]
    best = [
        [words.short(b["customer"]), b["purchases"], 100 * b["p_alive"], b["next_year"], b["worth"]]
        for b in made["best"]
    ]
    yield f"<details><summary>{say('The most valuable customers')}</summary>{view.table(heads, best)}</details>"
    law, money = made["bg_nbd"], made["gamma_gamma"]
    lines = [
        say("BG/NBD (Fader, Hardie and Lee 2005), in weeks: r {r}, alpha {alpha}, a {a}, b {b}.",
            r=law["r"], alpha=law["alpha"], a=law["a"], b=law["b"]),
    ]  # fmt: skip
    if "p" in money:
        lines.append(
            say(
                "Gamma-gamma (Fader and Hardie 2013): p {p}, q {q}, gamma {g}.",
                p=money["p"],
                q=money["q"],
                g=money["gamma"],
            )
        )
    yield view.source(*lines)


def _range(row: dict[str, Any]) -> str:
    low, high = row["from"], row["to"]
    return f"{low}" if low == high else f"{low}+" if high is None else f"{low}–{high}"


def promotion(view: View) -> Iterable[str]:
    say, made = view.say, view.plan["promotion"]
    if not made:
        return ()
    told = [
        say("{budget} a month win {n} customers, {each} each; an equal split would win {equal}.",
            budget=view.money(made["budget"]), n=say.number(made["customers"]), each=view.money(made["each"] or 0.0),
            equal=say.number(made["equal_split"])),
    ]  # fmt: skip
    if made["now"] is not None:
        told.append(say("Today's split wins {n}.", n=say.number(made["now"])))
    if made["best_budget"] is not None:
        told.append(
            say("With customers worth {worth} the last unit of money brings itself back at {budget} a month.",
                worth=view.money(made["worth_of_a_customer"]), budget=view.money(made["best_budget"]))
        )  # fmt: skip
    body = [f"<p>{say.together(*told)}</p>", f'<div class="charts two">{_split(view, made)}{_answer(view, made)}</div>']
    return section("promotion", say("Promotion: the budget over its channels"), [*body, _channels(view, made)])


def _split(view: View, made: dict[str, Any]) -> str:
    say = view.say
    names = [c["name"][:28] for c in made["channels"]]
    parts = [
        (say("best"), [c["budget"] for c in made["channels"]], "--coming"),
        (say("equal"), [c["equal"] for c in made["channels"]], "--line"),
    ]
    if made["now"] is not None:
        parts.insert(1, (say("today"), [c["now"] for c in made["channels"]], "--tested"))
    data = [
        {"type": "bar", "name": label, "x": names, "y": values, "marker": {"color": colour},
         "hovertemplate": Raw("%{x}: %{y:,.4~s}<extra>%{fullData.name}</extra>")}
        for label, values, colour in parts
    ]  # fmt: skip
    layout = {"barmode": "group", "yaxis": {"title": {"text": say("{unit} a month", unit=view.currency)}}}
    caption = say("Best: the last unit of money wins as many customers in each channel.")
    return view.sheet.plot(say("The budget"), data, layout, caption=caption)


def _answer(view: View, made: dict[str, Any]) -> str:
    say = view.say
    data: list[dict[str, Any]] = []
    for c, colour in zip(made["channels"], COLOURS * 10, strict=False):
        line = {"color": colour, "width": 2}
        data.append(
            {"type": "scatter", "mode": "lines", "name": c["name"][:28], "x": c["curve"]["budget"],
             "y": c["curve"]["customers"], "line": line,
             "hovertemplate": Raw("%{x:,.4~s}: %{y:.3~g}<extra>%{fullData.name}</extra>")}
        )  # fmt: skip
    dots = {
        "type": "scatter", "mode": "markers", "x": [c["budget"] for c in made["channels"]],
        "y": [c["customers"]["p50"] for c in made["channels"]], "marker": {"color": "--ink", "size": 7},
        "showlegend": False, "hoverinfo": "skip",
    }  # fmt: skip
    data.append(dots)
    layout = {
        "xaxis": {"title": {"text": say("{unit} a month", unit=view.currency)}, "nticks": 5},
        "yaxis": {"title": {"text": say("new customers a month")}},
    }  # fmt: skip
    caption = say(
        "What each channel wins for its budget, once its effect has built up; dots are where the budget goes."
    )
    source = view.source(say("Hill's equation over money carried on from month to month (adstock)."))
    return view.sheet.plot(say("What channels win"), data, layout, caption=caption, source=source)


def _channels(view: View, made: dict[str, Any]) -> str:
    say = view.say
    heads = [
        say("channel"), say("budget a month"), say("new customers a month"), say("money for each"),
        say("money for the next one"), "",
    ]  # fmt: skip
    rows = [
        [
            words.short(c["name"]),
            c["budget"],
            c["customers"],
            c["each"],
            c["next_each"],
            say(BOUNDS[c["bound"]]) if c["bound"] else "",
        ]
        for c in made["channels"]
    ]
    ramp = say(
        "In the first months fewer come, while the effect builds up: {months}.",
        months=" · ".join(say.number(float(f"{v:.3g}")) for v in made["ramp"]),
    )
    return view.table(heads, rows) + f'<p class="soft">{ramp}</p>'
