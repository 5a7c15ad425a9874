"""mintmark value: what a model is worth, from its run and a file of assumptions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import Csv, Focus, Open, Samples, Seed, browse, save
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

MOST = 8
"""figures of which the table says how far they move the worth"""


def value(
    run: Annotated[
        str | None,
        typer.Argument(
            help="The run: its folder, its record.json, or its name as `mintmark runs` shows it.", show_default=False
        ),
    ] = None,
    assumptions: Annotated[
        Path, typer.Option(help="The file of assumptions, TOML: `mintmark new value` writes one.", show_default=False)
    ] = Path("value.toml"),
    realised: Annotated[
        str | None,
        typer.Option(
            help="What a server says of outcomes: a file, or its address /v1/models/NAME/outcomes.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write; without it value.html beside the run, or here.", show_default=False),
    ] = None,
    csv: Csv = None,
    focus: Focus = None,
    samples: Samples = 100_000,
    seed: Seed = 0,
    open_: Open = False,
) -> dict[str, Any]:
    """Say what a model is worth: present value, rate of return and payback, how sure that is, and what it hangs on."""
    from mintmark import business

    said = business.value(assumptions, run, realised, samples=samples, seed=seed)
    page = business.page(said, run, out, spoken().code)
    where = {"page": str(page)}
    for name, path, text in (("csv", csv, business.table), ("focus", focus, business.bill)):
        if path is not None:
            where[name] = save(path, text(said), assumptions)
    if open_:
        browse(page)
    return said | where


def show(said: dict[str, Any]) -> str:
    """A table for people: worth and risk, what brings and costs it, what moves it, and what more is worth."""
    say, unit = spoken(), spoken().currency(said["currency"])
    plan = say("{years} years, {n} draws, money in {unit} at today's worth", years=said["years"], n=said["samples"],
               unit=unit)  # fmt: skip
    named = say("What the model of run {run} is worth: {plan}", run=said["run"], plan=plan) if said["run"] else plan
    lines = [named, "", *_worth(said), "", say("What it brings and what it costs"), *_parts(said)]
    if said["tornado"]:
        lines += ["", say("What moves it most: its worth at P10 and at P90 of each figure"), *_tornado(said)]
    lines += ["", say("What more is worth"), *_more(said)]
    if said["realised"]:
        lines += ["", *_realised(said["realised"])]
    if said["experiment"]:
        lines += ["", say("The A/B test"), *_experiment(said["experiment"])]
    lines += ["", say("Assumed and measured"), *_figures(said)]
    if said["notes"]:
        lines += ["", say("Worth knowing"), *(f"  - {spoken().told(n)}" for n in said["notes"])]
    written = (("page", say("page")), ("csv", "csv"), ("focus", "focus"))
    lines += ["", *(say.left(text, 10) + said[n] for n, text in written if said.get(n))]
    if not said["run"]:
        lines += ["", say("Next"), f"  {program()} value RUN --assumptions FILE"]
    return "\n".join(lines)


def _row(label: str, *cells: str) -> str:
    say = spoken()
    return "  " + say.left(label, 50) + "".join("  " + say.right(c, 12) for c in cells)


def _money(value: float | None) -> str:
    return "–" if value is None else spoken().number(float(f"{value:.4g}"))


def _share(value: float | None) -> str:
    return "–" if value is None else spoken().share(float(f"{value:.4g}"))


def _years(value: float | None) -> str:
    return spoken()("never") if value is None else f"{value:.1f}"


def _worth(said: Mapping[str, Any]) -> Iterator[str]:
    say, npv, back = spoken(), said["npv"], said["payback"]
    yield _row("", "P10", "P50", "P90", say("mean"))
    yield _row(say("net present value"), *(_money(npv[p]) for p in ("p10", "p50", "p90", "mean")))
    yield _row(say("  standard error"), *(_money(npv[f"{p}_se"]) for p in ("p10", "p50", "p90", "mean")))
    for name, label in (("irr", say("rate of return a year")), ("roi", say("return on the money"))):
        yield _row(label, *(_share(said[name][p]) for p in ("p10", "p50", "p90")))
        yield _row(say("  standard error"), *(_share(said[name][f"{p}_se"]) for p in ("p10", "p50", "p90")))
        if 0 < said[name].get("share", 1) < 0.9995:
            yield "  " + say("  of the {share} of the draws that have one", share=_share(said[name]["share"]))
    yield _row(say("payback, years"), *(_years(back[p]) for p in ("p10", "p50", "p90")))
    if said["irr"]["says"]:
        yield f"  {spoken().told(said['irr']['says'])}"
    loss = said["loss"]
    yield _row(say("chance of a loss"), _share(loss["probability"]), f"± {_share(loss['se'])}")
    yield _row(say("mean of the worst twentieth"), _money(npv["worst"]), f"± {_money(npv['worst_se'])}")


def _parts(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row("", "P10", say("mean"), "P90")
    for p in said["parts"]:
        yield _row(say(p["label"]), *(_money(p[e]) for e in ("p10", "mean", "p90")))


def _tornado(said: Mapping[str, Any]) -> Iterator[str]:
    for t in said["tornado"][:MOST]:
        yield _row(spoken().told(t["label"]), _money(t["npv_low"]), _money(t["npv_high"]))


def _more(said: Mapping[str, Any]) -> Iterator[str]:
    say, point, row, even = spoken(), said["point"], said["row"], said["break_even"]
    if point:
        yield _row(say("one more point of accuracy"), _money(point["value"]), f"± {_money(point['se'])}")
    if row["value"] is None:
        yield f"  {say('one more row of data')}: {spoken().told(row['how'])}"
    else:
        cost = [say("costs {cost}", cost=_money(row["cost"]))] if "cost" in row else []
        yield _row(say("one more row of data"), _money(row["value"]), f"± {_money(row['se'])}", *cost)
    if even:
        cells = [spoken().told(even["how"])] if even["cases"] is None else [_money(even["cases"])]
        yield _row(say("break-even, cases a year"), *cells, say("of {n}", n=_money(even["assumed"])))


def _realised(made: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    promised = say("; promised were {value}", value=made["promised"]) if made["promised"] is not None else ""
    yield say(
        "Realised: {value} {unit} a case over {n} decisions of known outcome (95 % from {low} to {high}){promised}.",
        value=made["per_case"], unit=made["currency"], n=made["rows"], low=made["low"], high=made["high"],
        promised=promised,
    )  # fmt: skip
    for note in made["notes"]:
        yield f"  - {say.again(note)}"


def _experiment(made: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row(say("users a variant"), say.number(made["users"]))
    if made["days"]:
        yield _row(say("days"), say.number(made["days"]))
    yield _row(say("stop where |z| reaches"), *(f"{b:.3f}" for b in made["bounds"][:5]))
    if read := made["read"]:
        value, error, z = (say.number(x) for x in (read["value"], read["se"], round(read["z"], 3)))
        yield _row(say("difference so far"), value, f"± {error}", f"z {z}")
        yield f"  {spoken().told(read['how'])}"


def _figures(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    how = {"measured": say("measured"), "assumed": say("assumed"), "realised": say("realised"),
           "estimated": say("estimated")}  # fmt: skip
    yield _row("", "P10", say("mean"), "P90", "")
    for line in said["lines"]:
        write = _share if line["fraction"] else _money
        spread = line["p90"] > line["p10"]
        unit = say(line["unit"], money=say.currency(said["currency"])) if line["unit"] else ""
        cells = [write(line["p10"]) if spread else "", write(line["mean"]), write(line["p90"]) if spread else ""]
        yield _row(spoken().told(line["label"]), *cells) + f"  {how[line['how']]}  {unit}".rstrip()
