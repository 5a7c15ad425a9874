"""mintmark plan: what training a model costs, how long it takes, and what saves most."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import Open, browse, save
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

PAGE = "plan.html"
SHOWN = 6
"""plans of the table"""


def plan(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN", help="The plan's file, TOML: `mintmark new plan` writes one.", show_default=False
        ),
    ],
    prices: Annotated[
        Path | None,
        typer.Option(
            help="A price list as SkyPilot's catalogue has them, CSV; else the built-in sheet.", show_default=False
        ),
    ] = None,
    measure: Annotated[
        Path | None,
        typer.Option(
            help="A recipe: it runs briefly with and without each strategy that this machine can run, and what that "
            "saved stands beside what was estimated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write; without it plan.html beside the plan's file.", show_default=False),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV file of the ranked plans, too.", show_default=False)] = None,
    rejected: Annotated[
        Path | None,
        typer.Option(help="A CSV file of all layouts that do not fit, with the GB they lack.", show_default=False),
    ] = None,
    focus: Annotated[
        Path | None, typer.Option(help="A CSV file of the cheapest plan's cost, as FOCUS 1.2 rows.", show_default=False)
    ] = None,
    open_: Open = False,
) -> dict[str, Any]:
    """Rank the ways to train a model by cost and by time, and say what each strategy saves and why others fail."""
    from datetime import date

    from mintmark.capital import focus as bills
    from mintmark.capital import planning
    from mintmark.report import plan as paper

    asked = planning.load(file)
    made = planning.study(asked, str(file), file.parent, prices)
    said = planning.said(made, date.today())
    if measure is not None:
        said["measured"] = _tried(measure)
    page = out or file.parent / PAGE
    where = {"page": str(page)}
    made_of: dict[str, tuple[Path | None, Callable[[], str]]] = {
        "csv": (csv, lambda: planning.plans(said)),
        "rejected_csv": (rejected, lambda: planning.rejected(made)),
        "focus": (focus, lambda: bills.to_csv(planning.charges(said))),
        "page": (page, lambda: paper.html(said, spoken().code)),
    }
    for name, (path, text) in made_of.items():
        if path is not None:
            where[name] = save(path, text(), file)
    if open_:
        browse(page)
    return said | where


def _tried(recipe: Path) -> dict[str, Any]:
    """What the ways to train that this machine can run really saved, beside what was expected."""
    from dataclasses import asdict

    from mintmark.capital.planning import expected
    from mintmark.drivers import ways

    made = ways.ways(recipe)
    per_s = {w.name: w.per_s for w in made.ways}
    each = [expected.beside(asdict(w), per_s, made.sequence, made.card) for w in made.ways]
    return {"recipe": str(recipe), "ways": each}


def show(said: dict[str, Any]) -> str:
    """A table for people: the best plan, the ranking, the fastest, the waterfall, what does not fit, what to note."""
    from mintmark.report.plan import headline
    from mintmark.report.plan.view import View

    say = spoken()
    view = View(said, say)
    lines = [
        headline.plain(view), "",
        say("Plans by cost, in {unit}, in 8 of 10 chances", unit=say.currency(said["currency"])),
        *_plans(view, said["plans"]),
        "", say("From the cheapest to the fastest"), *_plans(view, said["pareto"]),
        "", say("What each strategy saves, one after the other"), *_waterfall(view),
    ]  # fmt: skip
    if said["rejected"]["nearest"]:
        lines += ["", say("What does not fit"), *_rejected(view)]
    if said.get("measured"):
        lines += ["", say("Measured on this machine"), *_measured(view)]
    if said["notes"]:
        lines += ["", say("To note"), *(f"  - {view.told(n)}" for n in said["notes"])]
    written = {"page": say("page"), "csv": "CSV", "rejected_csv": say("too large"), "focus": "FOCUS"}
    lines += ["", *(say.left(label, 12) + said[n] for n, label in written.items() if said.get(n))]
    if not said.get("measured"):
        lines += ["", say("Next"), f"  {program()} plan {said['plan_file']} --measure RECIPE"]
    return "\n".join(lines)


def _row(label: str, *cells: str, last: str = "") -> str:
    say = spoken()
    return (
        "  " + say.left(label, 38) + "".join(say.right(c, 12) for c in cells) + ("  " + last if last else "")
    ).rstrip()


def _plans(view: Any, plans: list[dict[str, Any]]) -> Iterator[str]:
    say = view.say
    yield _row("", say("cost"), "±", say("days"), say("memory, GB"), say("CO2, t"), last=say("layout"))
    for p in plans[:SHOWN]:
        cells = [view.number(p["cost"]["p80"]), view.number(p["cost"]["se"]), view.number(p["days"]["p80"])]
        memory = f"{p['memory_gb']['needed']:.0f}/{p['memory_gb']['of']:g}"
        laid = view.row([view.method(p), view.layout(p)])
        yield _row(view.machine(p), *cells, memory, view.number(p["t_co2"]), last=laid)


def _waterfall(view: Any) -> Iterator[str]:
    say = view.say
    from mintmark.report.plan.saving import WHY

    yield _row("", say("saves"), say("cost"), say("days"))
    for step in view.said["waterfall"]:
        cells = [view.number(step[k]) for k in ("saved", "cost", "days")]
        yield _row(view.strategy(step["strategy"]), *cells, last=say(WHY[step["why"]]) if step["why"] else "")


def _rejected(view: Any) -> Iterator[str]:
    say = view.say
    yield _row("", say("layouts"), say("too large"), say("least, GB"), say("most, GB"))
    for r in view.said["rejected"]["by"]:
        if r["rejected"]:
            cells = [say.number(r["layouts"]), say.number(r["rejected"])]
            yield _row(
                view.row([r["gpu"], view.method(r)]),
                *cells,
                view.number(r["least_over_gb"]),
                view.number(r["most_over_gb"]),
            )


def _measured(view: Any) -> Iterator[str]:
    say = view.say
    yield _row("", say("a second"), say("times"), say("estimated"))
    for m in view.said["measured"]["ways"]:
        why = say.again(m["why"]) if m["why"] else ""
        yield _row(view.way(m), view.rate(m), view.times(m["times"]), view.times(m["estimated"]), last=why)
