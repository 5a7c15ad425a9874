"""mintmark risk: what the risks of a register can cost, what each control is worth, and what the server watches."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import Csv, Open, Seed, browse, save
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

PAGE = "risk.html"
KINDS = ("p50", "p80", "p95", "cvar", "mean")


def risk(
    register: Annotated[
        Path,
        typer.Argument(
            metavar="REGISTER", help="The register, TOML: `mintmark new risk --run RUN` fills one.", show_default=False
        ),
    ],
    runs: Annotated[
        list[str] | None,
        typer.Option(
            "--runs",
            help="A run whose measures count, as `mintmark runs` shows it; again for more, the newest last.",
            show_default=False,
        ),
    ] = None,
    serving: Annotated[
        str | None,
        typer.Option(
            help="What a server says of its triggers: a file, or its address /v1/models/NAME/monitor.",
            show_default=False,
        ),
    ] = None,
    monitor: Annotated[
        Path | None,
        typer.Option(help="The triggers as a file for `mintmark serve --monitor`, too.", show_default=False),
    ] = None,
    exports: Annotated[
        Path | None,
        typer.Option(
            help="A folder for the NIST AI RMF mapping, the class by the EU AI Act, and the OSCAL plan of action.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write; without it risk.html beside the register.", show_default=False),
    ] = None,
    csv: Csv = None,
    samples: Annotated[int, typer.Option(min=1000, max=500_000, help="Draws of the assumptions.")] = 100_000,
    seed: Seed = 0,
    open_: Open = False,
) -> dict[str, Any]:
    """Say what the risks can cost and how long the cash lasts, what each control is worth, and what to watch."""
    from mintmark import business
    from mintmark.capital import register as room
    from mintmark.report import risk as paper

    said = business.risk(register, runs or (), serving, samples=samples, seed=seed)
    page = out or register.parent / PAGE
    texts: dict[str, tuple[Path | None, Any]] = {
        "csv": (csv, lambda: room.csv(said)),
        "monitor": (monitor, lambda: room.monitor(said)),
        "page": (page, lambda: paper.html(said, spoken())),
    }
    where = {name: save(path, text(), register) for name, (path, text) in texts.items() if path is not None}
    if exports is not None:
        where["exports"] = _exported(room, said, exports)
    if open_:
        browse(page)
    return said | where


def _exported(room: Any, said: Mapping[str, Any], folder: Path) -> str:
    from mintmark.base.errors import DataError

    try:
        room.write(said, folder)
    except OSError as exc:
        raise DataError(f"cannot be written: {exc.strerror}.", where=str(folder), fix="another place.") from exc
    return str(folder)


def show(said: dict[str, Any]) -> str:
    """A table for people: reserve and ruin, risk by risk, what controls are worth, and what is watched."""
    say = spoken()
    plan = say("{n} months, {draws} draws, money in {unit}", n=said["months"], draws=said["samples"],
               unit=say.currency(said["currency"]))  # fmt: skip
    lines = [f"{said['name']}: {plan}" if said["name"] else plan, "", *_reserve(said), "", say("Risks"), *_risks(said)]
    if said["controls"]:
        lines += ["", say("Controls, by worth"), *_controls(said)]
    if said["decisions"]:
        lines += ["", say("Decisions"), *_decisions(said)]
    if any(r["indicator"] for r in said["risks"]):
        lines += ["", say("Indicators and triggers"), *_indicators(said)]
    if said["live"]:
        lines += ["", say("What the server says now"), *_live(said["live"])]
    if said["act"]:
        from mintmark.report.risk.origin import CLASSES

        lines += ["", say("AI Act of the European Union"), f"  {say(CLASSES[said['act']['class']])}"]
        lines += [f"  - {spoken().told(r)}" for r in said["act"]["reasons"]]
    if said["evidence"]:
        lines += ["", say("What runs measured"), *(f"  - {spoken().told(e['said'])}" for e in said["evidence"])]
    if said["notes"]:
        lines += ["", say("Worth knowing"), *(f"  - {spoken().told(n)}" for n in said["notes"])]
    written = (("page", say("page")), ("csv", "csv"), ("monitor", "monitor"), ("exports", say("exports")))
    lines += ["", *(say.left(text, 10) + said[n] for n, text in written if said.get(n))]
    if not said.get("monitor") and any(r["trigger"] for r in said["risks"]):
        lines += ["", say("Next"), f"  {program()} risk REGISTER --monitor monitor.toml"]
    return "\n".join(lines)


def _row(label: str, *cells: str) -> str:
    say = spoken()
    return "  " + say.left(say.cut(label, 44), 46) + "".join("  " + say.right(c, 12) for c in cells)


def _money(value: float | None) -> str:
    return "–" if value is None else spoken().number(float(f"{value:.4g}"))


def _share(value: float) -> str:
    return spoken().share(float(f"{value:.4g}"))


def _months(value: float | None) -> str:
    return spoken()("beyond the plan") if value is None else f"{value:.0f}"


def _reserve(said: Mapping[str, Any]) -> Iterator[str]:
    say, reserve, run = spoken(), said["reserve"], said["runway"]
    yield _row("", "P50", "P80", "P95", "CVaR", say("mean"))
    yield _row(say("reserve for all risks"), *(_money(reserve[k]) for k in KINDS))
    yield _row(say("  standard error"), *(_money(reserve[f"{k}_se"]) for k in KINDS))
    if said["appetite"] is not None:
        inside = say("P95 is within it") if reserve["p95"] <= said["appetite"] else say("P95 is above it")
        yield _row(say("may be lost"), _money(said["appetite"]), inside)
    yield _row(say("probability of ruin"), _share(said["ruin"]["probability"]), f"± {_share(said['ruin']['se'])}")
    yield _row(say("cash lasts, months: P5, P20, P50"), *(_months(run[p]) for p in ("p5", "p20", "p50")))
    if planned := said["planned"]:
        yield _row(say("with all planned controls: P80, cost, ruin"), _money(planned["reserve"]["p80"]),
                   _money(planned["cost"]), _share(planned["ruin"]["probability"]))  # fmt: skip


def _risks(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    how = {"measured": say("measured"), "assumed": say("assumed")}
    yield _row("", say("probability"), say("impact"), say("expected"), "±", say("how"))
    for r in sorted(said["risks"], key=lambda r: -r["expected"]):
        yield _row(f"{r['id']}: {r['event']}", _share(r["probability"]), _money(r["impact"]), _money(r["expected"]),
                   _money(r["expected_se"]), how[r["how"]])  # fmt: skip


def _controls(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row("", say("saves"), say("costs"), say("worth"), "±", say("less P80"))
    for c in said["controls"]:
        state = say("in place") if c["in_place"] else ""
        yield _row(f"{c['risk']}: {c['name']}", *(_money(c[k]) for k in ("saves", "cost", "worth", "worth_se",
                                                                         "less_p80"))
                   ) + f"  {state}".rstrip()  # fmt: skip


def _decisions(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    for d in said["decisions"]:
        yield _row(d["question"] or d["name"], _money(d["value"]), say.listed(list(d["policy"].values())))


def _indicators(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    for r in said["risks"]:
        if not (of := r["indicator"]):
            continue
        sides = [
            f"{side} {say.number(float(f'{of[k]:.4g}'))}"
            for k, side in (("above", ">"), ("below", "<"))
            if of[k] is not None
        ]
        bounds = f"k {of['k']:.3g}, h {of['h']:.4g}" if "h" in of else " ".join(sides) or "–"
        alarm = of["seen"] and of["seen"]["alarm"]
        seen = say("alarm at value {n}", n=alarm) if alarm else ""
        yield _row(f"{r['id']}: {of['label']}", bounds, r["trigger"]["action"] if r["trigger"] else "–", seen).rstrip()


def _live(live: Mapping[str, Any]) -> Iterator[str]:
    for t in live["triggers"]:
        yield _row(str(t["name"]), str(t["watch"]), _money(t["value"]), spoken()(str(t["state"])))
