"""Money: what the decision is, what it earns beside what needs no model, and how that hangs on the threshold."""

import math
from collections.abc import Iterable, Sequence

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import Raw, Sheet, section

HELD = (
    ("value.do_nothing", mark("doing nothing")),
    ("value.act_on_all", mark("acting on all")),
    ("value.as_forecast", mark("acting on the plain forecast")),
    ("value.per_case", mark("this model")),
    ("value.perfect", mark("knowing all")),
)
"""what the model is held against, in the order of the picture"""
CUT = 4.0
"""a bar that is longer than so many times the next one is cut off, so that the others can be told apart"""
SMALL = 0.1
"""a threshold below it is drawn on a logarithmic axis"""


# --- in sentences -----------------------------------------------------------------------------------------------------


def rule(sheet: Sheet) -> str:
    """How a case is decided, in a sentence; safe. "" where nothing is decided by money."""
    say, told = sheet.say, sheet.figures.decision
    by, classes, actions = told.get("by"), told.get("classes", []), told.get("actions", [])
    if by == "conformal" and "over" in told and "under" in told:
        over, under = (say.money(told[n], words.short(told.get("currency", ""))) for n in ("over", "under"))
        return say("Act on the amounts as answered: a unit too much counts {a}, one too little {b}.", a=over, b=under)
    if by not in ("threshold", "row", "mean"):
        return ""
    if len(actions) != 2 or len(classes) != 2:
        return say("Each case gets the decision that is expected to earn the most.")
    act, positive = (f"<q>{words.short(names[1])}</q>" for names in (actions, classes))
    if by == "threshold":
        share = say.share(told["threshold"])
        said = say(
            "Decide {act} where the probability of {positive} is above {share}.",
            act=act,
            positive=positive,
            share=share,
        )
    elif by == "row":
        said = say(
            "Decide {act} where the probability of {positive} and the amounts of the case promise more money that way.",
            act=act, positive=positive,
        )  # fmt: skip
    else:
        said = say(
            "Decide {act} where the probability of {positive} and mean amounts promise more money that way.",
            act=act, positive=positive,
        )  # fmt: skip
    if told.get("capacity"):
        limit = say("At most {share} of the cases can be acted on.", share=say.share(told["capacity"]))
        said = say.together(said, limit)
    return said


def earned(sheet: Sheet, *, told: bool = False) -> str:
    """What a case earns or costs, within what bounds, and how that is beside the best that needs no model; safe.

    told: of how many test rows it is, was said before.
    """
    say, m = sheet.say, sheet.measure("value.per_case")
    if m is None:
        return ""
    sign = -1 if m.value < 0 else 1
    unit, n = words.short(m.unit), sheet.record.rows.get("test", 0)
    low, high = (sheet.measure(f"value.per_case.{e}") for e in ("low", "high"))
    value = say.money(sign * m.value, unit)
    between = ""
    if low and high:
        a, b = (say.number(v) for v in sorted((sign * low.value, sign * high.value)))
        between = say(" (95 % between {a} and {b})", a=a, b=b) if a != b else ""
    cost = say(
        "a case cost {value}{between}." if m.value < 0 else "a case earned {value}{between}.",
        value=value, between=between,
    )  # fmt: skip
    said = say.together("" if told else say("On {n} test rows that no choice had seen:", n=n), cost)
    said = said[0].upper() + said[1:]
    plain = [(x.value, name) for at, name in HELD[:3] if (x := sheet.measure(at))]
    if plain:
        best, name = max(plain)
        more = m.value - best
        off = say.money(abs(1000 * more), unit)
        beside = say(
            "On 1,000 cases that is {off} better than {name}."
            if more > 0
            else "On 1,000 cases that is {off} worse than {name}.",
            off=off, name=say(name),
        )  # fmt: skip
        said = say.together(said, beside if more else say("That is no better than {name}.", name=say(name)))
    return said


# --- in pictures ------------------------------------------------------------------------------------------------------


def picture(sheet: Sheet) -> Iterable[str]:
    """Bars of money a case: what needs no model, this model with its interval, and what none can beat."""
    say = sheet.say
    rows = [(m, name) for at, name in HELD if (m := sheet.measure(at))]
    if not any(m.name == "value.per_case" for m, _ in rows):
        return
    low, high = (sheet.measure(f"value.per_case.{e}") for e in ("low", "high"))
    most = _most([m.value for m, _ in rows], [m.value for m in (low, high) if m])
    ends = [0.0, *(max(-most, min(m.value, most)) for m, _ in rows), *(m.value for m in (low, high) if m)]
    start, width = min(ends), (max(ends) - min(ends)) or 1.0

    def at(value: float) -> float:
        return 100 * (value - start) / width

    yield f'<figure class="money"><h3>{say("Money a case, on the test rows")}</h3><div class="bars">'
    for m, name in rows:
        mine = m.name == "value.per_case"
        left, right = sorted((at(0.0), at(max(-most, min(m.value, most)))))
        cut = ' class="cut"' if abs(m.value) > most else ""
        bar = f'<i{cut} style="left:{left:.2f}%;width:{max(right - left, 0.4):.2f}%"></i>'
        if mine and low and high:
            bar += f'<s style="left:{at(low.value):.2f}%;width:{at(high.value) - at(low.value):.2f}%"></s>'
        figure = f'<data value="{m.value!r}">{say.money(m.value, words.short(m.unit))}</data>'
        kind = "bar-row mine" if mine else "bar-row"
        yield f'<div class="{kind}"><span>{say(name)}</span><div>{bar}</div><b>{figure}</b></div>'
    yield "</div>"
    lines = [say("The dark line is the 95 % interval of this model.") if low and high else ""]
    lines.append(say("The bar that is cut is far longer than it is drawn.") if most < math.inf else "")
    if any(lines):
        yield f"<figcaption>{say.together(*lines)}</figcaption>"
    per_case = next(m for m, _ in rows if m.name == "value.per_case")
    yield sheet.source(
        say("Money of the decisions with the payoff of the recipe, the mean over the test rows."),
        words.safe(say.again(per_case.source)), words.safe(say.again(high.source)) if high else "",
    )  # fmt: skip
    yield "</figure>"


def _most(values: Sequence[float], interval: Sequence[float]) -> float:
    """How long a bar is drawn at most: no bound unless one dwarfs all others."""
    longest, *others = sorted((abs(v) for v in values), reverse=True)
    room = max([*others, *(abs(v) for v in interval)], default=0.0)
    return 1.5 * room if 0 < CUT * room < longest else math.inf


def parts(sheet: Sheet) -> Iterable[str]:
    """Value against the threshold, and the confusion in counts and in money."""
    say = sheet.say
    body = [*_threshold(sheet), *_confusion(sheet)]
    title = say("Decisions and money") if sheet.unit else say("Decisions")
    return section("decisions", title, [f'<div class="charts">{"".join(body)}</div>'] if body else [])


def _threshold(sheet: Sheet) -> Iterable[str]:
    """By the probability, or by the share acted on where the cut is one of expected gain."""
    say, made, unit = sheet.say, sheet.figures.value, words.short(sheet.unit)
    if not made:
        return
    by_share = made["by"] == "gain"
    x = [100 * v for v in (made["acted"] if by_share else made["threshold"])]
    chosen = 100 * made["chosen"]
    if by_share:
        acted = sheet.measure("value.acted")
        chosen = 100 * acted.value if acted else 0.0
    small = min(x, default=0.0) >= 0 and 0 < chosen < 100 * SMALL
    if small:  # a logarithm has no zero
        kept = [i for i, v in enumerate(x) if v > 0]
        made = {n: [v[i] for i in kept] if isinstance(v, list) and len(v) == len(x) else v for n, v in made.items()}
        x = [x[i] for i in kept]
    title = say("Money against how many are acted on") if by_share else say("Money against the threshold")
    money = say("money a case, {unit}", unit=say.currency(unit))
    axis = say("cases acted on, %") if by_share else say("act above this probability, %")
    shares = [made.get(n) or [0.0] * len(x) for n in ("caught", "right")]
    told = [[100 * a, 100 * c, 100 * r] for a, c, r in zip(made["acted"], *shares, strict=True)]
    hover = "<br>".join(
        [
            f"{say('money a case')} %{{y:.4~g}} {say.currency(unit)}", f"{say('acted on')} %{{customdata[0]:.3~g}} %",
            f"{say('positives caught')} %{{customdata[1]:.3~g}} %",
            f"{say('right when acting')} %{{customdata[2]:.3~g}} %",
        ]
    )  # fmt: skip
    line = {"mode": "lines", "type": "scatter", "x": x}
    data = [
        {**line, "y": made["low"], "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False},
        {
            **line, "y": made["high"], "line": {"width": 0}, "fill": "tonexty", "fillcolor": "--coming 0.16",
            "hoverinfo": "skip", "name": say("95 % interval"),
        },
        {
            **line, "y": made["value"], "line": {"color": "--coming", "width": 2}, "customdata": told,
            "hovertemplate": Raw(hover + "<extra></extra>"), "name": say("money a case"),
        },
    ]  # fmt: skip
    mark_ = {"type": "line", "x0": chosen, "x1": chosen, "y0": 0, "y1": 1, "yref": "paper"}
    layout = {
        "xaxis": {"title": {"text": axis}, "type": "log" if small else "linear"},
        "yaxis": {"title": {"text": money}} | _focus(sheet, made["value"]),
        "shapes": [{**mark_, "line": {"color": "--tested", "width": 1.5, "dash": "dot"}}],
    }
    caption = say("Dotted: where the decision is, learnt on validation rows before these were seen.")
    rows = [
        (xi, v, lo, hi, 100 * a)
        for xi, v, lo, hi, a in _some(x, made["value"], made["low"], made["high"], made["acted"])
    ]
    heads = [axis, money, say("95 % from"), say("to"), say("acted on, %")]
    source = sheet.source(
        say("For each threshold: the mean money of all test rows if those above it are acted on."),
        say("The interval is that of a mean (normal), at each point by itself."),
        say("The best place on this curve is seen only now: taking it would be choosing on the test rows."),
    )  # fmt: skip
    yield sheet.plot(
        title, data, layout, caption=caption, source=source, table=sheet.table(heads, rows, sort=False, name=0)
    )


def _focus(sheet: Sheet, values: Sequence[float]) -> dict[str, list[float]]:
    """The part of the axis where the decision is made: beside a loss of all, what matters would be a flat line."""
    told = [m.value for at, _ in HELD[:4] if (m := sheet.measure(at))]
    if len(told) < 2:
        return {}
    mine, best = told[-1], max(told[:-1])
    low, high = min(mine, best), max(mine, best, *values)
    room = high - low
    bottom = low - 1.5 * room
    return {"range": [bottom, high + 0.25 * room]} if room > 0 and bottom > min(values) else {}


def _confusion(sheet: Sheet) -> Iterable[str]:
    say, made, unit = sheet.say, sheet.figures.confusion, words.short(sheet.unit)
    if not made:
        return
    caption = say("Each column is what was true, each row what was decided.")
    if made.get("left_out"):
        caption = say.together(caption, say("The most frequent ones are shown; {n} more are not.", n=made["left_out"]))
    if made.get("unseen"):
        caption = say.together(caption, say("{n} rows are of a class that training never saw.", n=made["unseen"]))
    total = [sum(column) or 1 for column in zip(*made["rows"], strict=True)]
    shade = [[v / t for v, t in zip(row, total, strict=True)] for row in made["rows"]]
    yield _matrix(
        sheet, say("Decisions and truths, in rows"), made["rows"], shade, caption, say("Counts of test rows.")
    )
    if "money" in made:
        money = [[1000 * v for v in row] for row in made["money"]]
        most = max((abs(v) for row in money for v in row), default=0.0) or 1.0
        said = say("Per 1,000 cases; the cells add up to what 1,000 cases earn.")
        title = say("Decisions and truths, in {unit}", unit=say.currency(unit))
        why = say(
            "Money of the rows of a cell over all test rows, times 1,000; "
            "at the true share of positives where the recipe gives it."
        )
        yield _matrix(sheet, title, money, [[v / most for v in row] for row in money], said, why)


def _matrix(
    sheet: Sheet,
    title: str,
    values: Sequence[Sequence[float]],
    shade: Sequence[Sequence[float]],
    caption: str,
    why: str,
) -> str:
    """A table whose cells are the darker the more they hold, and red where that is a loss."""
    say, made = sheet.say, sheet.figures.confusion
    money = any(v < 0 for row in shade for v in row) or any(isinstance(v, float) for row in values for v in row)
    heads = "".join(f"<th>{words.short(c, 24)}</th>" for c in made["classes"])
    rows = []
    for action, line, dark in zip(made["actions"], values, shade, strict=True):
        cells = "".join(_shaded(sheet, v, s, money) for v, s in zip(line, dark, strict=True))
        rows.append(f"<tr><th>{words.short(action, 24)}</th>{cells}</tr>")
    corner = f'<tr><th></th><th colspan="{len(made["classes"])}">{say("truth")}</th></tr>'
    head = f"<thead>{corner}<tr><th>{say('decision')}</th>{heads}</tr></thead>"
    table = f'<div class="wide"><table class="matrix">{head}<tbody>{"".join(rows)}</tbody></table></div>'
    return f"<figure><h3>{title}</h3>{table}<figcaption>{caption}</figcaption>{sheet.source(why)}</figure>"


def _shaded(sheet: Sheet, value: float, shade: float, money: bool) -> str:
    kind = ("loss" if shade < 0 else "gain") if money else "share"
    strong = " strong" if abs(shade) > 0.55 else ""
    return f'<td class="{kind}{strong}" style="--s:{100 * min(abs(shade), 1.0):.0f}%">{sheet.cell(value)}</td>'


def _some(*lists: Sequence[float], most: int = 12) -> Iterable[tuple[float, ...]]:
    """Some places, evenly."""
    n = len(lists[0])
    step = max(1, -(-n // most))
    return [tuple(v[i] for v in lists) for i in [*range(0, n, step)]]
