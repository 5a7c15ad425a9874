"""mintmark price: the price to sell a model at, and the plan for the market, from assumptions, surveys and a run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.files import Csv, Focus, Open, Samples, Seed, browse, save
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

PAGE = "price.html"


def price(
    assumptions: Annotated[
        Path, typer.Option(help="The file of assumptions, TOML: `mintmark new price` writes one.", show_default=False)
    ] = Path("price.toml"),
    survey: Annotated[
        Path | None,
        typer.Option(
            help="CSV of people: too_cheap, cheap, expensive, too_expensive; or asked_price and would_buy.",
            show_default=False,
        ),
    ] = None,
    choices: Annotated[
        Path | None, typer.Option(help="CSV of choices, a row for each alternative that was shown.", show_default=False)
    ] = None,
    transactions: Annotated[
        Path | None, typer.Option(help="CSV of purchases: customer, date, amount.", show_default=False)
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="The run of the model: its measured cost and value of a prediction count then. Its folder, its "
            "record.json, or its name as `mintmark runs` shows it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write; without it price.html beside the assumptions.", show_default=False),
    ] = None,
    csv: Csv = None,
    focus: Focus = None,
    samples: Samples = 100_000,
    seed: Seed = 0,
    open_: Open = False,
) -> dict[str, Any]:
    """Say at which price to sell a model, to whom, by which business model and over which channels."""
    from datetime import date

    from mintmark import business
    from mintmark.capital import focus as bills
    from mintmark.capital import pricing
    from mintmark.report import price as paper

    said = business.price(
        assumptions, run, survey=survey, choices=choices, transactions=transactions, samples=samples, seed=seed
    )
    page = out or assumptions.parent / PAGE
    where = {"page": save(page, paper.html(said, spoken().code), assumptions)}
    if csv is not None:
        where["csv"] = save(csv, pricing.csv(said), assumptions)
    if focus is not None:
        where["focus"] = save(focus, bills.to_csv(pricing.charges(said, date.today())), assumptions)
    if open_:
        browse(page)
    return said | where


def show(said: dict[str, Any]) -> str:
    """A table for people: the price, what each method says, the business models, the channels, what to note."""
    from mintmark.report.price.view import MODELS

    say, path, best = spoken(), said["corridor"], said["models"][0]
    price, low, high = (_money(said, path[k]) for k in ("recommended", "low", "high"))
    first = say("{price} for {unit} (between {low} and {high}), charged by: {model}", price=price, unit=said["unit"],
                low=low, high=high, model=say(MODELS[best["model"]]))  # fmt: skip
    if not path["holds"]:
        text = "No price of {unit} covers its cost and is accepted: it takes {low}, and {high} is the most."
        first = say(text, unit=said["unit"], low=low, high=high)
    lines = [
        first, "", say("What each method says, for {unit}", unit=said["unit"]), *_methods(said),
        "", say("Three years of each business model, worth today"), *_models(said),
    ]  # fmt: skip
    if said["promotion"]:
        lines += ["", say("The budget over its channels, a month"), *_channels(said)]
    if said["notes"]:
        lines += ["", say("To note"), *(f"  - {_told(n)}" for n in said["notes"])]
    written = (("page", say("page")), ("csv", "csv"), ("focus", "focus"))
    lines += ["", *(say.left(text, 10) + said[n] for n, text in written if said.get(n))]
    if not said["run"]:
        lines += ["", say("Next"), f"  {program()} price --assumptions {said['assumptions_file']} --run RUN"]
    return "\n".join(lines)


def _told(note: Mapping[str, Any]) -> str:
    say = spoken()
    return say(note["text"], **note["values"]) if note["text"] else say.again(str(note["said"]))


def _money(said: Mapping[str, Any], value: float) -> str:
    from mintmark.report.price.view import tagged

    return tagged(spoken(), value, said["currency"])


def _row(label: str, *cells: str) -> str:
    say = spoken()
    return "  " + say.left(label, 24) + "".join(say.right(c, 14) for c in cells)


def _number(value: float | None) -> str:
    return "–" if value is None else spoken().number(value + 0.0)


def _methods(said: Mapping[str, Any]) -> Iterator[str]:
    from mintmark.report.price.view import METHODS

    say = spoken()
    yield _row("", say("price"), say("from"), say("to"))
    for m in said["prices"]:
        yield _row(say(METHODS[m["method"]]), *(_number(m[k]) for k in ("price", "low", "high")))
    cost = said["cost"]["predictions"]
    yield (
        _row(say("its predictions cost"), *(_number(cost[k]) for k in ("p50", "p10", "p90"))) + f"  {say(cost['how'])}"
    )


def _models(said: Mapping[str, Any]) -> Iterator[str]:
    from mintmark.report.price.view import MODELS

    say = spoken()
    yield _row("", "P10", "P50", "P90", "±", say("risk of loss"), say("back in month"))
    for m in said["models"]:
        npv, month = m["npv"], m["break_even_month"]
        figures = [_number(npv[k]) for k in ("p10", "p50", "p90", "standard_error")]
        yield _row(say(MODELS[m["model"]]), *figures, say.share(m["loss"]), "–" if month is None else str(month))


def _channels(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    yield _row("", say("best"), say("today"), say("customers"), say("each costs"))
    for c in said["promotion"]["channels"]:
        yield _row(
            c["name"][:24], _number(c["budget"]), _number(c["now"]), _number(c["customers"]["p50"]), _number(c["each"])
        )
