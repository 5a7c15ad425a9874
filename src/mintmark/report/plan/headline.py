"""Headline: what training costs and how long it takes, in two sentences and some figures."""

from mintmark.report import words
from mintmark.report.plan.view import View


def counted(view: View) -> str:
    """How many layouts were weighed; safe."""
    say, n = view.say, view.said["layouts"]
    return words.safe(say("{n} layouts weighed, {m} fit", n=n["weighed"], m=n["fit"]))


def plain(view: View) -> str:
    """The same as a text, for a terminal."""
    return _first(view, view.machine(view.said["best"]), *_figures(view))


def sentence(view: View) -> str:
    """The cheapest plan, and what the strategies saved; safe."""
    say = view.say
    machine = words.safe(view.machine(view.said["best"]))
    cost, days, method = _figures(view)
    first = _first(view, f"<b>{machine}</b>", f"<b>{cost}</b>", f"<b>{days}</b>", method)
    fast = view.said["pareto"][-1]
    more = ""
    if fast["days"]["p80"] < 0.95 * view.said["best"]["days"]["p80"]:
        more = say(
            "The fastest, {machine}, takes {days} for {cost}.", machine=words.safe(view.machine(fast)),
            days=view.days(fast["days"]["p80"]), cost=view.money(fast["cost"]["p80"]),
        )  # fmt: skip
    return say.together(first, more, _saved(view)).replace(" %", "\N{NO-BREAK SPACE}%")


def _figures(view: View) -> tuple[str, str, str]:
    best = view.said["best"]
    return view.money(best["cost"]["p80"]), view.days(best["days"]["p80"]), view.method(best)


def _first(view: View, machine: str, cost: str, days: str, method: str) -> str:
    return view.say(
        "The cheapest way is {machine} ({method}): in 8 of 10 chances at most {cost} and {days}.", machine=machine,
        method=method, cost=cost, days=days,
    )  # fmt: skip


def _saved(view: View) -> str:
    """What the strategies saved together."""
    say, steps = view.say, [s for s in view.said["waterfall"] if s["cost"] is not None]
    if len(steps) < 2 or steps[-1]["cost"] > 0.99 * steps[0]["cost"]:
        return ""
    return say(
        "Without the five strategies it would be {cost}: they save {share}.", cost=view.money(steps[0]["cost"]),
        share=say.share(1 - steps[-1]["cost"] / steps[0]["cost"]),
    )  # fmt: skip


def tiles(view: View) -> str:
    """The figures that decide."""
    say, said, best = view.say, view.said, view.said["best"]
    goal, cost, memory = said["goal"], best["cost"], best["memory_gb"]
    made = [
        (say("Cost"), view.money(cost["p80"]), say(
            "in 8 of 10 chances at most; the middle is {p50}, 1 in 10 below {p10}; ± {se} of the draws",
            p50=view.money(cost["p50"]), p10=view.money(cost["p10"]), se=view.money(cost["se"]))),
        (say("Time"), view.days(best["days"]["p80"]), say("a step takes {s} s; {mfu} of the peak is used",
            s=view.number(best["step_s"]), mfu=say.share(best["mfu"]))),
        (say("Tokens"), view.count(best["tokens"]), say(
            "from nothing {tokens}: {n} for each parameter; loss by the law {loss}",
            tokens=view.count(goal["tokens"]), n=view.number(goal["tokens_a_parameter"]), loss=round(goal["loss"], 3))),
        (say("Memory of a GPU"), f"{memory['needed']:.0f} / {memory['of']:g} GB", say(
            "weights and optimiser {states} GB, activations {activations} GB",
            states=view.number(memory["states"]), activations=view.number(memory["activations"]))),
        (say("Energy"), f"{view.number(best['kwh'])} kWh", say("{t} t of CO2", t=view.number(best["t_co2"]))),
    ]  # fmt: skip
    return f'<div class="tiles">{"".join(_tile(*t) for t in made)}</div>'


def _tile(label: str, figure: str, means: str) -> str:
    return f'<div class="tile">{label}<b>{figure}</b><small>{means}</small></div>'
