"""mintmark run: carry a recipe to a signed bundle and a record."""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.base.errors import INTERRUPTED, RecipeError
from mintmark.base.figures import number
from mintmark.base.record import curve_of
from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

MAIN = (
    "roc_auc", "average_precision", "log_loss", "brier_score", "accuracy", "balanced_accuracy", "f1_macro", "precision",
    "recall", "owa", "mase", "smape", "rmse", "mae", "r2", "coverage", "nats_per_character", "bits_per_byte",
    "perplexity", "distinct_1", "distinct_2",
)  # fmt: skip


def run(
    recipes: Annotated[
        list[Path],
        typer.Argument(metavar="RECIPE...", help="The recipe, a TOML file; several to compare.", show_default=False),
    ],
    set_: Annotated[list[str], typer.Option("--set", metavar="K=V", help="Change a key: settings.model=lightgbm")] = [],  # noqa: B006
    data: Annotated[str | None, typer.Option(help="Other data than the recipe's.", show_default=False)] = None,
    out: Annotated[Path, typer.Option(help="Where runs lie.")] = Path("runs"),
    budget: Annotated[
        str | None, typer.Option(help='Time or money to train: "5 min", "$2.50".', show_default=False)
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore what an unfinished run left.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Hold several recipes against the first, on the same validation rows.")
    ] = False,
) -> dict[str, Any]:
    """Carry a recipe to a signed bundle and a record, and say what its decisions earn and cost."""
    from mintmark import api

    if compare:
        with Progress() as progress:
            lines = api.compare(recipes, data=data, sets=set_, budget=budget, hear=progress.hear)
        return {"compared": lines}
    if len(recipes) > 1:
        what = f"{len(recipes)} recipes were given."
        raise RecipeError(
            what, where="mintmark run", fix="one at a time, or --compare to hold them against each other."
        )
    with Progress() as progress:
        made = api.run(recipes[0], data=data, out=out, sets=set_, budget=budget, fresh=fresh, hear=progress.hear,
                       lang=spoken().code)  # fmt: skip
    measures = {m.name: {"value": m.value, "unit": m.unit, "how": m.how} for m in made.record.measures}
    where = {"record": str(made.folder / "record.json"), "bundle": str(made.bundle), "report": str(made.report)}
    where |= {"forecast": str(made.forecast)} if made.forecast else {}
    ends = {"exit": INTERRUPTED} if made.interrupted else {}
    return {
        "run": made.id, **where, **ends, "measures": measures, "notes": made.record.notes, "rows": made.record.rows,
        "split": made.record.split, "trials": made.record.trials,
    }  # fmt: skip


def show(said: dict[str, Any]) -> str:
    """A short table for people: what it earns, how good it is, what it costs, where it lies, what to do next."""
    if "compared" in said:
        return compared(said["compared"])
    m, rows, say = said["measures"], said["rows"], spoken()
    divided = say(
        "{all} rows, divided by {by}: {dev} to choose on, {test} to test, {seen}.",
        all=str(rows["all"]), by=say.again(said["split"]), dev=str(rows["dev"]), test=str(rows["test"]),
        seen=seen(int(m["evaluate.looks"]["value"])),
    )  # fmt: skip
    lines = [say("Run {name}", name=said["run"]), divided, ""]
    lines += earned(m) if "value.per_case" in m else [
        say("No payoff in the recipe: judged by the task's own measures, not by money."), ""
    ]  # fmt: skip
    lines += leaderboard([t for t in said["trials"] if t.get("origin") != "curve"])
    lines += learning_curve(said["trials"])
    title = say.left(say("How good its answers are"), 36)
    lines.append(f"{title}{say.right(say('test'), 14)} {say.right(say('validation'), 14)}")
    for name in MAIN:
        if f"evaluate.{name}" in m:
            valid = number(m[f"valid.{name}"]["value"]) if f"valid.{name}" in m else ""
            lines.append(f"  {name:34}{number(m[f'evaluate.{name}']['value']):>14} {valid:>14}")
    lines += costs(m)
    if said["notes"]:
        lines += ["", say("Worth knowing"), *(f"  - {say.again(note)}" for note in said["notes"])]
    bundle, me = said["bundle"], program()
    names = (
        ("report", say("Report")), ("forecast", say("Forecast")), ("record", say("Record")), ("bundle", say("Bundle")),
    )  # fmt: skip
    lines += [
        "", *(say.left(text, 10) + said[n] for n, text in names if said.get(n)), "", say("Next"),
        f"  {me} verify {bundle}", f"  {me} predict {bundle} FILE", f"  {me} serve {bundle}",
    ]  # fmt: skip
    return "\n".join(lines)


def seen(looks: int) -> str:
    """How often the test rows were opened before."""
    if looks == 1:
        return spoken()("never before")
    say = spoken()
    return say.count(looks - 1, "by {n} run before: expect a rosy figure", "by {n} runs before: expect a rosy figure")


def earned(m: dict[str, Any]) -> list[str]:
    """Money of the decisions on the test rows, beside that of other ways to decide."""
    say, unit = spoken(), spoken().currency(m["value.per_case"]["unit"])
    low, high = (number(m[f"value.per_case.{e}"]["value"]) for e in ("low", "high"))
    span = say("95 % between {a} and {b}", a=low, b=high)
    value = number(m["value.per_case"]["value"])
    lines = [
        say("What its decisions earn, on the test rows"),
        f"  {say.left(say('a case'), 34)}{value:>14} {unit}   {span}",
    ]
    for name, words in (
        ("do_nothing", say("doing nothing")), ("as_forecast", say("acting on the plain forecast")),
        ("act_on_all", say("acting on all")), ("perfect", say("knowing all")),
    ):  # fmt: skip
        if f"value.{name}" in m:
            lines.append(f"  {say.left(words, 34)}{number(m[f'value.{name}']['value']):>14} {unit}")
    for name, words in (
        ("acted", say("cases acted on")), ("recall", say("positive cases caught")),
        ("precision", say("right when acting")),
    ):  # fmt: skip
        if f"value.{name}" in m:
            lines.append(f"  {say.left(words, 34)}{m[f'value.{name}']['value']:>14.1%}")
    return [*lines, ""]


def costs(m: dict[str, Any]) -> list[str]:
    """Money of training and predicting, and how long an answer takes."""
    say = spoken()
    lines = ["", say("What it costs")]
    for name, words in (
        ("cost.train", say("training")), ("cost.per_1k_predictions", say("1,000 predictions, one by one")),
        ("cost.per_1k_predictions.batch_256", say("1,000 predictions, 256 a call")),
    ):  # fmt: skip
        if name in m:
            unit = say.currency(m[name]["unit"])
            how = say("estimated") if m[name]["how"] == "estimated" else say("measured")
            lines.append(f"  {say.left(words, 34)}{number(m[name]['value']):>14} {unit}   {how}")
    words = say.left(say("an answer takes (median, 99 %)"), 34)
    half, most = (number(1000 * m[f"serve.{p}"]["value"]) for p in ("p50", "p99"))
    return [*lines, f"  {words}{half:>14} ms  {most} ms"]


def compared(lines: list[dict[str, Any]]) -> str:
    """Each recipe against the first, with what lies between them."""
    say, first = spoken(), lines[0]
    unit = "" if first["unit"] == "1" else f" {say.currency(first['unit'])}"
    measure, rows = f"{first['name']}{unit}", str(first["rows"])
    made = [say("By {measure}, on {n} validation rows; the test rows stay sealed.", measure=measure, n=rows), ""]
    made.append(f"  {'':34}{'':>12}{say.right(say('to the first'), 16)}{say.right(say('95 % between'), 26)}")
    for line in lines:
        more = low = ""
        if line is not first:
            more, low = number(line["more"]), ""
            if line["low"] is not None:
                low = say("{a} and {b}", a=number(line["low"]), b=number(line["high"]))
        made.append(f"  {line['recipe'][-34:]:34}{number(line['value']):>12}{more:>16}{say.right(low, 26)}")
    return "\n".join(made)


def leaderboard(trials: list[dict[str, Any]], most: int = 8) -> list[str]:
    """The best of what was tried on all rows, with what each is worth on the validation rows."""
    done, say = [t for t in trials if "value" in t and t["share"] >= 1], spoken()
    if not done:
        return []
    sign = -1 if done[0]["better"] == "down" else 1
    done.sort(key=lambda t: (t["origin"] != "blend", -sign * t["value"]))
    unit = "" if done[0]["unit"] == "1" else f" {say.currency(done[0]['unit'])}"
    measure, n = f"{done[0]['name']}{unit}", str(len(trials))
    lines = [say("{n} trials, by {measure} on the validation rows", n=n, measure=measure)]
    paid = say.currency(done[0]["cost"]["unit"])
    heads = ((say("95 % between"), 24), (say("seconds"), 10), (paid, 10), (say("weight"), 8))
    lines.append(f"  {'':34}{'':>14} " + "".join(say.right(text, width) for text, width in heads))
    for t in done[:most]:
        weight, cost = f"{t['weight']:.2f}" if t["weight"] else "", f"{t['cost']['value']:.2g}"
        value = f"{number(t['value']):>14} {_ends(t)}{t['wall_s']:>10.1f}{cost:>10}{weight:>8}"
        lines.append(f"  {say.left(_named(t)[:34], 34)}{value}")
    failed = Counter(say.again(t["failed"].splitlines()[0])[:70] for t in trials if "failed" in t)
    lines += ["  " + say("{n} not done: {why}", n=n, why=why) for why, n in failed.items()]
    return [*lines, ""]


def learning_curve(trials: list[dict[str, Any]]) -> list[str]:
    """What the chosen model was worth on parts of the rows and, by the search where there was one, on all."""
    same, say = sorted(curve_of(trials), key=lambda t: float(t["rows"])), spoken()
    if not same:
        return []
    first = same[0]
    unit = "" if first["unit"] == "1" else f" {say.currency(first['unit'])}"
    lines = [say("What more rows bring, by {measure} on the validation rows", measure=f"{first['name']}{unit}")]
    lines.append(f"  {say.left(say('rows fitted on'), 34)}{'':>14} {say.right(say('95 % between'), 24)}")
    for t in same:
        lines.append(f"  {t['rows']:<34}{number(t['value']):>14} {_ends(t)}")
    return [*lines, ""]


def _ends(trial: Mapping[str, Any]) -> str:
    """The ends of the interval of what it is worth; nothing where there is none."""
    say = spoken()
    said = say("{a} and {b}", a=number(trial["low"]), b=number(trial["high"])) if trial["low"] < trial["high"] else ""
    return say.right(said, 24)


def _named(trial: dict[str, Any]) -> str:
    """The model with its way of treating the rows, and the settings that it does not share with the task's own."""
    settings = {k: number(v) if isinstance(v, float) else v for k, v in trial["settings"].items() if k != "model"}
    ways = "".join(f" + {w}" for w in trial["with"] if ":" in w and not w.endswith(":none"))
    said = ", ".join(f"{k} {v}" for k, v in settings.items())
    return str(trial["settings"].get("model") or spoken()("as the recipe says")) + ways + (f" ({said})" if said else "")


class Progress:
    """A bar on standard error, shown once the work has taken two seconds; nothing where no one looks."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._fit, self._step = 1, 0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def hear(self, name: str, value: float, unit: str, step: int, of: int) -> bool:
        self._fit += step < self._step  # steps begin anew with each fit
        self._step = step
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._start < 2:
                return False
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=of)
            self._bar.start()
        figure = f"{spoken().again(name)} {value:.4g} {unit}"
        said = spoken()("fit {n}: {figure}", n=self._fit, figure=figure)
        self._bar.update(self._task, completed=step, total=of, description=said)
        return False
