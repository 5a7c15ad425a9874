"""Assumed: each figure that went in, measured or assumed; and how all of it was worked out."""

from collections.abc import Iterable

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value import closing
from mintmark.report.value.terms import Terms

HOW = {"measured": mark("measured"), "assumed": mark("assumed"), "realised": mark("realised"),
       "estimated": mark("estimated")}  # fmt: skip
METHOD = (
    mark("Net present value: money of each year over (1 + discount)^year, less what is paid today; "
         "Brealey, Myers, Allen, Principles of Corporate Finance."),
    mark("Accuracy: cases × gain a case × share that holds × (1 − share lost)^(year − 1). "
         "Automation: cases × shares × what is saved. Labour: hours × cost of labour × share that becomes money. "
         "Market and revenue: sales × share × margin. All by the share of the cases that the model decides."),
    mark("Draws: every figure from its distribution, together as the file correlates them (a Gaussian copula); "
         "P10, P50 and P90 are below which one, five and nine of ten draws lie."),
    mark("Rate of return: the rate at which the flows are worth nothing, of draws whose money changes its sign once. "
         "Payback: when what was paid has come back for good. Return on the money: present value over costs."),
)  # fmt: skip


def lines(terms: Terms) -> Iterable[str]:
    say = terms.say
    heads = [say("figure"), say("mean"), "P10", "P90", say("unit"), say("how"), say("source")]
    rows = []
    for line in terms.said["lines"]:
        how = f'<span class="how {line["how"]}">{say(HOW[line["how"]])}</span>'
        spread = [terms.figure(line, line[p]) if line["p90"] > line["p10"] else "–" for p in ("p10", "p90")]
        source = terms.told(line["source"]) if line["source"]["text"] else ""
        dated = say.moment(line["dated"]) if line["dated"] else ""
        said = " · ".join(x for x in (source, words.safe(dated)) if x)
        rows.append([terms.told(line["label"]), _right(terms.figure(line, line["mean"])), *map(_right, spread),
                     words.safe(terms.unit_of(line)), how, said])  # fmt: skip
    n = sum(line["how"] != "assumed" for line in terms.said["lines"])
    lead = say(
        "{n} of {all} figures come from the run or the server; the others are assumptions, as good as their sources.",
        n=n,
        all=len(rows),
    )
    return section(
        "assumptions", say("Assumed and measured"), [terms.sheet.table(heads, rows, kind="lines", sort=False)], lead
    )


def method(terms: Terms) -> Iterable[str]:
    said = terms.said
    seed = terms.say("Seed {seed}: the same file and run give the same figures.", seed=str(said["seed"]))
    source = terms.sheet.source(seed, rows=0) if said["run"] else f'<p class="soft">{seed}</p>'
    return closing.method(terms, METHOD, source)


def _right(text: str) -> str:
    return f'<span class="ends">{text}</span>'
