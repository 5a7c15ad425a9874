"""Risks: how likely and how dear each is, which cost most, and each with its cause, effect and owner."""

from collections.abc import Iterable, Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import section
from mintmark.report.value.terms import Terms

KINDS = {"technical": mark("technical"), "market": mark("market"), "funding": mark("funding"), "legal": mark("legal")}
HOW = {"measured": mark("measured"), "assumed": mark("assumed")}
STEPS = 5


def heat(terms: Terms) -> Iterable[str]:
    """Likely upwards, dear to the right; each risk in its place, with the controls that are in place."""
    say, scale = terms.say, terms.said["heat"]
    chances = _steps([say.share(c) for c in scale["chance"]])
    money = _steps([say.compact(float(f"{m:.3g}")) for m in scale["impact"]])
    rows = []
    for chance in range(STEPS, 0, -1):
        cells = "".join(_cell(terms, chance, impact) for impact in range(1, STEPS + 1))
        rows.append(f"<tr><th>{chances[chance - 1]}</th>{cells}</tr>")
    foot = "".join(f"<th>{m}</th>" for m in money)
    axis = say("loss where it comes, {unit}", unit=terms.unit)
    table = f"<tbody>{''.join(rows)}</tbody><tfoot><tr><th></th>{foot}</tr></tfoot>"
    lead = say("Upwards how likely a risk comes within the plan, to the right what it costs then.")
    body = f'<div class="wide"><table class="heat">{table}</table></div><p class="soft">→ {axis}</p>'
    return section("heat", say("Heat map"), [body], lead)


def _steps(edges: list[str]) -> list[str]:
    return [
        f"&lt; {edges[0]}",
        *(words.between(a, b) for a, b in zip(edges, edges[1:], strict=False)),
        f"≥ {edges[-1]}",
    ]


def _cell(terms: Terms, chance: int, impact: int) -> str:
    here = [r for r in terms.said["risks"] if r["place"] == {"chance": chance, "impact": impact}]
    heat = 1 + min(3, max(0, (chance + impact - 3) // 2))
    names = "".join(f'<b title="{words.short(r["event"], 200)}">{words.breakable(r["id"])}</b>' for r in here)
    return f'<td class="h{heat}">{names}</td>'


def ranked(terms: Terms) -> Iterable[str]:
    """Expected losses, the largest first, and what each risk has in the worst futures."""
    say, made = terms.say, sorted(terms.said["risks"], key=lambda r: -r["expected"])
    most = max(r["expected"] for r in made) or 1.0
    whole = sum(r["expected"] for r in made) or 1.0
    rows, table, so_far = [], [], 0.0
    for r in made:
        so_far += r["expected"]
        width = max(0.3, 100 * r["expected"] / most)
        figure = f'<data value="{r["expected"]!r}">{terms.money(r["expected"])}</data>'
        label = f"<span>{words.short(r['event'])}</span>"
        rows.append(
            f'<div class="bar-row risk">{label}<div><i style="left:0;width:{width:.2f}%"></i></div>'
            f"<b>{figure}</b></div>"
        )
        table.append([words.short(r["event"]), r["happens"]["probability"], r["impact"], r["expected"],
                      r["expected_se"],
                      100 * so_far / whole, 100 * r["tail_share"]])  # fmt: skip
    heads = [say("risk"), say("probability"), say("impact"), say("expected loss"), say("standard error"),
             say("of all losses up to here, %"), say("of the losses of the worst twentieth, %")]  # fmt: skip
    caption = say("Probability times impact with the controls that are in place, in {unit}.", unit=terms.unit)
    bars = f'<div class="bars wide-names">{"".join(rows)}</div><figcaption>{caption}</figcaption>'
    figure = f'<figure class="money broad">{bars}</figure>'
    return section("ranked", say("Which risks cost most"), [figure, terms.sheet.table(heads, table)])


def register(terms: Terms) -> Iterable[str]:
    """Each risk in words, and where its probability comes from."""
    say = terms.say
    heads = [say("risk"), say("cause → event → effect"), say("probability"), say("impact"), say("how"), say("owner"),
             say("once it has come")]  # fmt: skip
    rows = [_line(terms, r) for r in terms.said["risks"]]
    n = sum(r["how"] == "measured" for r in terms.said["risks"])
    lead = say("{n} of {all} probabilities were measured; the others are assumptions, as good as their sources.", n=n,
               all=len(rows))  # fmt: skip
    return section("register", say("The register"), [terms.sheet.table(heads, rows, kind="register", sort=False)], lead)


def _line(terms: Terms, r: Mapping[str, Any]) -> list[str]:
    say = terms.say
    story = " → ".join(words.safe(r[k]) for k in ("cause", "event", "effect") if r[k])
    low, high = (terms.plain_money(r[k]) for k in ("impact_p10", "impact_p90"))
    impact = f"{terms.plain_money(r['impact'])}<small>{words.between(low, high)}</small>"
    source = f"<small>{words.safe(say.again(r['source']['said']))}</small>" if r["source"]["said"] else ""
    how = f'<span class="how {r["how"]}">{say(HOW[r["how"]])}</span>{source}'
    name = f"{words.breakable(r['id'])}<small>{say(KINDS[r['kind']])}</small>"
    return [name, story, say.share(round(r["probability"], 4)), impact, how, words.safe(r["owner"] or "–"),
            words.safe(r["contingency"] or "–")]  # fmt: skip
