"""Ranking: the plans on two axes, cost and time, and as tables."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mintmark.report import words
from mintmark.report.plan.view import View
from mintmark.report.sheet import Cell, Raw, section

COLOURS = ("--coming", "--tested", "--good", "--known", "--bad", "--soft")


def picture(view: View) -> Iterable[str]:
    """Cost against days, each GPU in a colour, with the line of those that no other beats in both."""
    say, said = view.say, view.said
    points, front = said["points"], said["pareto"]
    gpus = list(dict.fromkeys(p["gpu"] for p in points))
    data: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "markers", "name": gpu, "x": [p["days"] for p in points if p["gpu"] == gpu],
            "y": [p["cost"] for p in points if p["gpu"] == gpu],
            "text": [
                view.row([f"{p['gpus']:,} × {gpu}", say("spot") if p["spot"] else say("on demand")])
                for p in points if p["gpu"] == gpu
            ],
            "marker": {"color": f"{colour} 0.55", "size": 7},
            "hovertemplate": Raw("%{text}<br>%{x:,.3~g} · %{y:,.3~g}<extra></extra>"),
        }
        for gpu, colour in zip(gpus, COLOURS * (1 + len(gpus) // len(COLOURS)), strict=False)
    ]  # fmt: skip
    data.append({
        "type": "scatter", "mode": "lines+markers", "name": say("none is both cheaper and faster"),
        "x": [p["days"]["p80"] for p in front], "y": [p["cost"]["p80"] for p in front], "hoverinfo": "skip",
        "line": {"color": "--ink", "width": 1.5}, "marker": {"color": "--ink", "size": 6, "symbol": "diamond"},
    })  # fmt: skip
    layout = {
        "xaxis": {"type": "log", "title": {"text": say("days")}} | _tens(view, [p["days"] for p in points]),
        "yaxis": {"type": "log", "title": {"text": say("cost, {unit}", unit=say.currency(said["currency"]))}}
        | _tens(view, [p["cost"] for p in points]), "height": 380,
    }  # fmt: skip
    caption = say("Each point is a plan, in 8 of 10 chances at most that cost and those days; both axes by tens.")
    table = _table(view, front)
    source = view.source(
        say("Days: tokens over tokens of a step × seconds of a step × checkpoints and failures × overrun."),
        say("Cost: days × 24 × GPUs × price of a GPU hour × exchange rate + fixed costs."),
    )
    plot = view.sheet.plot(say("Cost and time"), data, layout, caption=caption, source=source, table=table)
    yield f'<div class="charts one first">{plot}</div>'


def _tens(view: View, values: Sequence[float]) -> dict[str, Any]:
    """Marks of an axis at powers of ten, and at their doubles and fivefolds where there are few."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    marks = [m * 10.0**k for k in range(low, high + 1) for m in ((1,) if high - low > 3 else (1, 2, 5))]
    return {"tickvals": marks, "ticktext": [view.say.compact(m) for m in marks]}


def cheapest(view: View) -> Iterable[str]:
    lead = view.say("The best layout of each machine, number of GPUs and method, the cheapest first.")
    return section("plans", view.say("Plans by cost"), [_table(view, view.said["plans"])], lead)


def front(view: View) -> Iterable[str]:
    lead = view.say("No other plan is both cheaper and faster than one of these.")
    return section("front", view.say("From the cheapest to the fastest"), [_table(view, view.said["pareto"])], lead)


def _table(view: View, plans: Sequence[Mapping[str, Any]]) -> str:
    say = view.say
    heads = [say("plan"), say("cost, {unit}", unit=words.short(say.currency(view.said["currency"]))), "±", say("days"),
             say("GPU hours"), say("GB of a GPU"), say("of the peak, %"), say("kWh"), say("CO2, t"),
             say("checkpoint, min")]  # fmt: skip
    return view.table(heads, [_row(view, p) for p in plans], kind="plans")


def _row(view: View, p: Mapping[str, Any]) -> list[Cell]:
    size = f"{view.count(p['parameters'])}, " if p["parameters"] != view.said["model"]["parameters"] else ""
    laid = words.safe(f"{size}{view.method(p)} · {view.layout(p)}")
    name = f"{words.safe(view.machine(p))}<small>{laid}</small>"
    return [
        name, three(p["cost"]["p80"]), three(p["cost"]["se"]), three(p["days"]["p80"]), three(p["gpu_hours"]),
        three(p["memory_gb"]["needed"]), three(100 * p["mfu"]), three(p["kwh"]), three(p["t_co2"]),
        three(p["checkpoint_minutes"]),
    ]  # fmt: skip


def three(value: float) -> float:
    """Of three digits."""
    return float(f"{value:.3g}")
