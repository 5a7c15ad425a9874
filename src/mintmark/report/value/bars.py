"""Bars: what each driver brings and each cost takes, by year too, and what the present value hangs on."""

from collections.abc import Iterable

from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms

MOST = 12


def parts(terms: Terms) -> Iterable[str]:
    """Drivers and costs at today's worth, on one axis."""
    say, made = terms.say, terms.said["parts"]
    if not made:
        return ()
    total = sum(p["mean"] for p in made)
    ends = [0.0, total, *(p[e] for p in made for e in ("mean", "p10", "p90"))]
    low, width = min(ends), (max(ends) - min(ends)) or 1.0

    def at(value: float) -> float:
        return float(100 * (value - low) / width)

    zero = f'<u style="left:{at(0):.2f}%"></u>'
    rows = []
    for p in made:
        left, right = sorted((at(0.0), at(p["mean"])))
        bar = f'<i style="left:{left:.2f}%;width:{max(right - left, 0.3):.2f}%"></i>'
        if p["p90"] > p["p10"]:
            bar += f'<s style="left:{at(p["p10"]):.2f}%;width:{at(p["p90"]) - at(p["p10"]):.2f}%"></s>'
        rows.append(_row(p["kind"], say(p["label"]), zero + bar, p["mean"], terms.money(p["mean"])))
    left, right = sorted((at(0.0), at(total)))
    bar = f'<i style="left:{left:.2f}%;width:{max(right - left, 0.3):.2f}%"></i>'
    rows.append(_row("mine", say("net present value"), zero + bar, total, terms.money(total)))
    caption = say("Means at today's worth over all years; the dark lines go from P10 to P90.")
    inside = f'<div class="bars">{"".join(rows)}</div><figcaption>{caption}</figcaption>'
    figure = f'<figure class="money broad">{inside}</figure>'
    lead = say("The five ways in which a model earns, as far as the file names them, and what it costs.")
    return section("parts", say("What it brings and what it costs"), [figure, _years(terms)], lead)


def _years(terms: Terms) -> str:
    """Money of each year on average, a row for each driver and cost."""
    say, years = terms.say, terms.said["by_year"]
    labels = {p["name"]: say(p["label"]) for p in terms.said["parts"]}
    rows = [[label, *(terms.cell(y["parts"].get(name, 0.0)) for y in years)] for name, label in labels.items()]
    total = [f"<b>{say('all')}</b>", *(f"<b>{terms.cell(y['flow'])}</b>" for y in years)]
    cases = [say("cases that the model decides"), *(terms.cell(y["cases"]) for y in years)]
    heads = [say("mean money of the year, {unit}", unit=terms.unit), say("today")]
    heads += [say("year {n}", n=y["year"]) for y in years[1:]]
    return terms.sheet.table(heads, [*rows, total, cases], kind="years", sort=False)


def tornado(terms: Terms) -> Iterable[str]:
    """The present value at P10 and at P90 of each figure, the widest first."""
    say, made = terms.say, terms.said["tornado"]
    if not made:
        return ()
    shown = made[:MOST]
    ends = [t[e] for t in shown for e in ("npv_low", "npv_high")]
    start, width = min(ends), (max(ends) - min(ends)) or 1.0
    middle = terms.said["centre"]

    def at(value: float) -> float:
        return float(min(100.0, max(0.0, 100 * (value - start) / width)))

    rows = []
    for t in shown:
        bar = f'<u style="left:{at(middle):.2f}%"></u>'
        for end, kind in (("npv_low", "low"), ("npv_high", "high")):
            left, right = sorted((at(middle), at(t[end])))
            bar += f'<i class="{kind}" style="left:{left:.2f}%;width:{max(right - left, 0.2):.2f}%"></i>'
        spans = " … ".join(terms.plain_money(v) for v in sorted((t["npv_low"], t["npv_high"])))
        rows.append(_row("", terms.told(t["label"]), bar, abs(t["npv_high"] - t["npv_low"]), spans))
    key = (
        f'<li><i style="background:var(--known);opacity:.45"></i>{say("the figure at its P10")}</li>'
        f'<li><i style="background:var(--coming);opacity:.85"></i>{say("at its P90")}</li>'
    )
    body = f'<ul class="legend key">{key}</ul><div class="bars wide-names">{"".join(rows)}</div>'
    caption = say(
        "Net present value in {unit} as one figure moves from its P10 to its P90, the others at their means.",
        unit=terms.unit,
    )
    figure = f'<figure class="money broad">{body}<figcaption>{caption}</figcaption>{_table(terms)}</figure>'
    lead = say("Where better knowledge of one figure would tell most: find out about the first ones before you spend.")
    return section("tornado", say("What moves it most"), [figure], lead)


def _table(terms: Terms) -> str:
    say = terms.say
    heads = [
        say("figure"),
        say("unit"),
        "P10",
        "P90",
        say("worth at P10"),
        say("worth at P90"),
        say("rank correlation"),
    ]
    rows = [
        [terms.told(t["label"]), terms.unit_of(t), terms.figure(t, t["low"]), terms.figure(t, t["high"]), t["npv_low"],
         t["npv_high"], round(t["rank"], 3)]
        for t in terms.said["tornado"]
    ]  # fmt: skip
    summary = say("The figures as a table")
    return f"<details><summary>{summary}</summary>{terms.sheet.table(heads, rows)}</details>"


def _row(kind: str, label: str, bar: str, value: float, figure: str) -> str:
    data = f'<data value="{value!r}">{figure}</data>'
    return f'<div class="bar-row {kind}"><span>{label}</span><div>{bar}</div><b>{data}</b></div>'
