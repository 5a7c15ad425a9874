"""Saving: what each of the five strategies takes off the cost, and what a trial on this machine measured."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.plan.view import View
from mintmark.report.sheet import section

MEANS = {
    "none": mark("from nothing, in the first precision and micro-batch 1, on the first GPU, on demand, copies alone"),
    "leaner": mark("a smaller model with more tokens, of the same loss by the law of scaling"),
    "layout": mark("ZeRO, tensor, pipeline and sequence parallelism"),
    "transfer": mark("begin with a pretrained model: all weights, LoRA or QLoRA"),
    "fleet": mark("another GPU or number of them; spot with the best interval of checkpoints"),
    "batch": mark("larger micro-batches and steps, 16 bits or fewer"),
}

WHY = {"memory": mark("does not fit"), "bounds": mark("keeps no bounds")}
"""why a step has no cost"""


def waterfall(view: View) -> Iterable[str]:
    """From the cost as one begins, step by step, to the cheapest plan."""
    say, steps = view.say, view.said["waterfall"]
    known = [s["cost"] for s in steps if s["cost"] is not None]
    if not known:
        return ()
    top = max(known)
    rows = [_bar(view, s, top) for s in steps]
    rows.append(_bar(view, steps[-1] | {"strategy": "", "saved": None}, top))
    caption = say("The least cost in 8 of 10 chances, as one strategy after another is allowed.")
    figure = (
        f'<figure class="money broad"><div class="bars wide-names">{"".join(rows)}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
    lead = say("A strategy that comes later saves less where one before has done its work: the table has each alone.")
    return section("waterfall", say("What each strategy saves"), [figure, _alone(view)], lead)


def _bar(view: View, step: Mapping[str, Any], top: float) -> str:
    say, cost, saved = view.say, step["cost"], step["saved"]
    last = step["strategy"] == ""
    name = say("the cheapest plan") if last else view.strategy(step["strategy"])
    means = "" if last else f"<small>{words.safe(say(MEANS[step['strategy']]))}</small>"
    if cost is None:
        bar, said, value = "", say(WHY[step["why"]]), 0.0
    elif saved is None:
        bar, said, value = _piece(0.0, cost, top), view.money(cost), cost
    else:
        bar, value = _piece(cost, cost + saved, top), saved
        said = f"− {view.money(saved)}" if saved > 0 else view.money(0.0)
    kind = "saved" if saved is not None else ("mine" if last else "")
    return (
        f'<div class="bar-row {kind}"><span>{name}{means}</span><div>{bar}</div>'
        f'<b><data value="{value!r}">{said}</data></b></div>'
    )


def _piece(low: float, high: float, top: float) -> str:
    return f'<i style="left:{100 * low / top:.2f}%;width:{max(100 * (high - low) / top, 0.3):.2f}%"></i>'


def _alone(view: View) -> str:
    say = view.say
    unit = words.short(say.currency(view.said["currency"]))
    heads = [say("strategy"), say("saves by itself, {unit}", unit=unit), say("giving it up costs, {unit}", unit=unit)]
    rows = [
        [view.strategy(s["strategy"]), *(None if s[k] is None else float(f"{s[k]:.3g}") for k in ("alone", "without"))]
        for s in view.said["strategies"]
    ]
    return view.table(heads, rows, sort=False)


def measured(view: View) -> Iterable[str]:
    """A trial of a recipe with and without each strategy that this machine can run."""
    say, made = view.say, view.said.get("measured")
    if not made:
        return ()
    heads = [say("way"), say("a second"), say("times, measured"), say("times, estimated"), say("why not")]
    rows = [
        [words.safe(view.way(m)), words.safe(view.rate(m)), view.times(m["times"]), view.times(m["estimated"]),
         words.safe(say.again(m["why"])) if m["why"] else ""]
        for m in made["ways"]
    ]  # fmt: skip
    lead = say(
        "{recipe}, trained for a few seconds each way. Times: as fast as the batch alone; the batch: as one at a time.",
        recipe=f"<bdi>{words.short(Path(made['recipe']).name)}</bdi>",
    )  # fmt: skip
    return section("measured", say("Measured on this machine"), [view.table(heads, rows, sort=False)], lead)
