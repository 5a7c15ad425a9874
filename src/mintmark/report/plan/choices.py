"""Choices: the cheapest plan with each size, method, GPU, number of GPUs, way of paying, precision and micro-batch."""

from collections.abc import Callable, Iterable
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.plan.ranking import three
from mintmark.report.plan.view import METHODS, View
from mintmark.report.sheet import Cell, section

NAMES = {
    "size": mark("parameters"), "method": mark("method"), "gpu": mark("GPU"), "gpus": mark("number of GPUs"),
    "spot": mark("paid as"), "precision": mark("precision"), "micro_batch": mark("micro-batch"),
}  # fmt: skip


def choices(view: View) -> Iterable[str]:
    say, unit = view.say, words.short(view.say.currency(view.said["currency"]))
    shown: dict[str, Callable[[Any], str]] = {
        "size": view.count, "method": lambda v: say(METHODS[v]),
        "spot": lambda v: say("spot") if v else say("on demand"),
    }  # fmt: skip
    made = []
    for name, each in view.said["choices"].items():
        if len(each) < 2:
            continue
        write = shown.get(name, str)
        more = name in ("size", "method")
        heads = [say(NAMES[name]), say("cost, {unit}", unit=unit), say("days")]
        heads += [say("tokens, billions")] if more else []
        rows: list[list[Cell]] = []
        for e in sorted(each, key=lambda e: float(e["cost"])):
            figures = [e["cost"], e["days"], *([e["tokens"] / 1e9] if more else [])]
            rows.append([words.safe(write(e["value"])), *(three(v) for v in figures)])
        made.append(f"<div>{view.table(heads, rows)}</div>")
    lead = say("The cheapest plan that has each, whatever the others are.")
    return section(
        "choices", say("Choice by choice"), [f'<div class="groups">{"".join(made)}</div>'] if made else [], lead
    )
