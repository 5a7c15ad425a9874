"""mintmark allocate: which projects get how much of a budget, when to stop one, and what more money would bring."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import Csv, Open, Seed, browse, save
from mintmark.cli.speech import spoken

PAGE = "allocation.html"


def allocate(
    portfolio: Annotated[
        Path,
        typer.Argument(
            metavar="PORTFOLIO",
            help="The portfolio, TOML: a budget, and projects with their curves and costs.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write; without it allocation.html beside the portfolio.", show_default=False),
    ] = None,
    csv: Csv = None,
    samples: Annotated[int, typer.Option(min=1000, max=100_000, help="Draws of the assumptions.")] = 10_000,
    seed: Seed = 0,
    open_: Open = False,
) -> dict[str, Any]:
    """Say which projects get how much of a budget, period by period, when to stop one, and what more money brings."""
    from mintmark import portfolio as driver
    from mintmark.capital import portfolio as room
    from mintmark.report import allocate as paper

    said = driver.allocate(portfolio, samples=samples, seed=seed)
    page = out or portfolio.parent / PAGE
    where = {"page": save(page, paper.html(said, spoken()), portfolio)}
    if csv is not None:
        where["csv"] = save(csv, room.csv(said), portfolio)
    if open_:
        browse(page)
    return said | where


def show(said: dict[str, Any]) -> str:
    """Tables for people: the advice, the projects, other ways to spend, staged funding and the price of money."""
    say = spoken()
    plan = say("{n} periods, {total} {unit}, {draws} draws", n=len(said["budget"]), total=sum(said["budget"]),
               unit=say.currency(said["currency"]), draws=said["samples"])  # fmt: skip
    lines = [f"{said['name']}: {plan}" if said["name"] else plan]
    lines += ["", say("What to spend"), *_advice(said), "", say("What it buys"), *_bought(said)]
    lines += ["", say("What it brings"), *_projects(said)]
    lines += ["", say("Against other ways to spend"), *_ways(said)]
    if said["stages"]:
        lines += ["", say("Staged funding"), *_stages(said)]
    lines += ["", say("What one more unit of money brings beyond itself"), *_prices(said)]
    if said["notes"]:
        lines += ["", say("Worth knowing"), *(f"  - {spoken().told(n)}" for n in said["notes"])]
    lines += ["", *(say.left(text, 10) + said[n] for n, text in (("page", say("page")), ("csv", "csv")) if said.get(n))]
    return "\n".join(lines)


def _row(label: str, *cells: str) -> str:
    say = spoken()
    return "  " + say.left(say.cut(label, 32), 34) + "".join("  " + say.right(c, 12) for c in cells)


def _money(value: float) -> str:
    return spoken().number(float(f"{value:.4g}"))


def _advice(said: dict[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row(say("period"), *(str(t + 1) for t in range(len(said["budget"]))), say("all"))
    for p in said["projects"]:
        yield _row(p["label"], *map(_money, p["each"]), _money(p["spent"]))


def _bought(said: dict[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row("", say("rows more"), say("once"), say("data"), say("compute"), say("staff"))
    for p in said["projects"]:
        yield _row(p["label"], _money(p["bought"]), *map(_money, p["goes"].values()))


def _projects(said: dict[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row("", say("error now"), say("error then"), say("low"), say("high"), say("worth"), say("to know it"))
    for p in said["projects"]:
        errors = (p["now"]["mid"], p["then"]["mid"], p["then"]["low"], p["then"]["high"])
        yield _row(p["label"], *(f"{e:.3g}" for e in errors), _money(p["net"]), _money(p["knowing"]))


def _ways(said: dict[str, Any]) -> Iterator[str]:
    from mintmark.report.allocate.terms import WAYS

    say = spoken()
    yield _row("", say("worth"), "±", "P10", "P90", "CVaR", say("spent"))
    for w in said["ways"]:
        figures = (w["mean"], w["mean_se"], w["p10"], w["p90"], w["cvar"], w["spent"])
        yield _row(say(WAYS[w["name"]]), *map(_money, figures))
    yield _row(say("no allocation is worth more than"), _money(said["bound"]))


def _stages(said: dict[str, Any]) -> Iterator[str]:
    from mintmark.report.allocate.terms import rule

    say, labels = spoken(), {p["name"]: p["label"] for p in said["projects"]}
    yield _row("", say("first"), say("rest"), say("option"), say("stops"), say("rule"))
    for s in said["stages"]:
        yield _row(labels[s["project"]], _money(s["first"]), _money(s["rest"]), _money(s["option"]),
                   say.share(float(f"{s['stops']:.3g}")), rule(say, s))  # fmt: skip


def _prices(said: dict[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row(say("period"), *(str(t + 1) for t in range(len(said["prices"]))))
    yield _row("", *(f"{p:.3g}" for p in said["prices"]))
