"""mintmark run: carry a recipe to a signed bundle and a record."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.base.errors import INTERRUPTED, RecipeError
from mintmark.base.figures import number
from mintmark.cli.plain import program

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
        made = api.run(recipes[0], data=data, out=out, sets=set_, budget=budget, fresh=fresh, hear=progress.hear)
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
    m = said["measures"]
    rows = said["rows"]
    looks = int(m["evaluate.looks"]["value"])
    seen = (
        "never before" if looks == 1 else f"by {looks - 1} run{'s' if looks > 2 else ''} before: expect a rosy figure"
    )
    lines = [
        f"Run {said['run']}",
        f"{rows['all']} rows, divided by {said['split']}: {rows['dev']} to choose on, {rows['test']} to test, {seen}.",
        "",
    ]
    if "value.per_case" in m:
        unit = m["value.per_case"]["unit"]
        low, high = (number(m[f"value.per_case.{e}"]["value"]) for e in ("low", "high"))
        earned = number(m["value.per_case"]["value"])
        lines.append("What its decisions earn, on the test rows")
        lines.append(f"  {'a case':34}{earned:>14} {unit}   95 % between {low} and {high}")
        for name, words in (
            ("do_nothing", "doing nothing"),
            ("as_forecast", "acting on the plain forecast"),
            ("act_on_all", "acting on all"),
            ("perfect", "knowing all"),
        ):
            if f"value.{name}" in m:
                lines.append(f"  {words:34}{number(m[f'value.{name}']['value']):>14} {unit}")
        shares = (("acted", "cases acted on"), ("recall", "positive cases caught"), ("precision", "right when acting"))
        for name, words in shares:
            if f"value.{name}" in m:
                lines.append(f"  {words:34}{m[f'value.{name}']['value']:>14.1%}")
        lines.append("")
    else:
        lines += ["No payoff in the recipe: judged by the task's own measures, not by money.", ""]
    lines += leaderboard(said["trials"])
    lines.append(f"{'How good its answers are':36}{'test':>14} {'validation':>14}")
    for name in MAIN:
        if f"evaluate.{name}" in m:
            valid = number(m[f"valid.{name}"]["value"]) if f"valid.{name}" in m else ""
            lines.append(f"  {name:34}{number(m[f'evaluate.{name}']['value']):>14} {valid:>14}")
    lines += ["", "What it costs"]
    for name, words in (("cost.train", "training"), ("cost.per_1k_predictions", "1,000 predictions, one by one"),
                        ("cost.per_1k_predictions.batch_256", "1,000 predictions, 256 a call")):  # fmt: skip
        if name in m:
            lines.append(f"  {words:34}{number(m[name]['value']):>14} {m[name]['unit']}   {m[name]['how']}")
    lines.append(f"  {'an answer takes (median, 99 %)':34}{number(1000 * m['serve.p50']['value']):>14} ms  "
                 f"{number(1000 * m['serve.p99']['value'])} ms")  # fmt: skip
    if said["notes"]:
        lines += ["", "Worth knowing", *(f"  - {note}" for note in said["notes"])]
    bundle, me = said["bundle"], program()
    written = [n for n in ("report", "forecast", "record", "bundle") if said.get(n)]
    lines += [
        "", *(f"{n.capitalize():10}{said[n]}" for n in written), "", "Next",
        f"  {me} verify {bundle}", f"  {me} predict {bundle} FILE", f"  {me} serve {bundle}",
    ]  # fmt: skip
    return "\n".join(lines)


def compared(lines: list[dict[str, Any]]) -> str:
    """Each recipe against the first, with what lies between them."""
    unit = "" if lines[0]["unit"] == "1" else f" {lines[0]['unit']}"
    made = [f"By {lines[0]['name']}{unit}, on {lines[0]['rows']} validation rows; the test rows stay sealed.", ""]
    made.append(f"  {'':34}{'':>12}{'to the first':>16}{'95 % between':>26}")
    for line in lines:
        more = low = ""
        if line is not lines[0]:
            more, low = number(line["more"]), ""
            if line["low"] is not None:
                low = f"{number(line['low'])} and {number(line['high'])}"
        made.append(f"  {line['recipe'][-34:]:34}{number(line['value']):>12}{more:>16}{low:>26}")
    return "\n".join(made)


def leaderboard(trials: list[dict[str, Any]], most: int = 8) -> list[str]:
    """The best of what was tried on all rows, with what each is worth on the validation rows."""
    done = [t for t in trials if "value" in t and t["share"] >= 1]
    if not done:
        return []
    sign = -1 if done[0]["better"] == "down" else 1
    done.sort(key=lambda t: (t["origin"] != "blend", -sign * t["value"]))
    unit = "" if done[0]["unit"] == "1" else f" {done[0]['unit']}"
    lines = [f"{len(trials)} trials, by {done[0]['name']}{unit} on the validation rows"]
    paid = done[0]["cost"]["unit"]
    lines.append(f"  {'':34}{'':>14} {'95 % between':>24}{'seconds':>10}{paid:>10}{'weight':>8}")
    for t in done[:most]:
        ends = f"{number(t['low'])} and {number(t['high'])}"
        weight, cost = f"{t['weight']:.2f}" if t["weight"] else "", f"{t['cost']['value']:.2g}"
        value = f"{number(t['value']):>14} {ends:>24}{t['wall_s']:>10.1f}{cost:>10}{weight:>8}"
        lines.append(f"  {_named(t)[:34]:34}{value}")
    failed = Counter(t["failed"].splitlines()[0][:70] for t in trials if "failed" in t)
    lines += [f"  {n} not done: {why}" for why, n in failed.items()]
    return [*lines, ""]


def _named(trial: dict[str, Any]) -> str:
    """The model with its way of treating the rows, and the settings that it does not share with the task's own."""
    settings = {k: number(v) if isinstance(v, float) else v for k, v in trial["settings"].items() if k != "model"}
    ways = "".join(f" + {w}" for w in trial["with"] if ":" in w and not w.endswith(":none"))
    said = ", ".join(f"{k} {v}" for k, v in settings.items())
    return str(trial["settings"].get("model", "as the recipe says")) + ways + (f" ({said})" if said else "")


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
        self._bar.update(
            self._task, completed=step, total=of, description=f"fit {self._fit}: {name} {value:.4g} {unit}"
        )
        return False
