"""Write what the docs take from the code: the pages of docs/reference/, and the marked parts of the READMEs.

python docs/generate.py            write
python docs/generate.py --check    exit 1 where a page or a part is stale
"""

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import figures
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from mintmark import api, capabilities, cli, tasks
from mintmark.base import errors
from mintmark.base.record import Measured
from mintmark.data.split import SMALL
from mintmark.recipe import schema, strict, upgrades
from mintmark.serving import refusals

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
HEAD = "<!-- Written by docs/generate.py from the code: change it there. -->\n"
PLACES = {
    "MINTMARK_HOME": "The folder of keys and ledger; else `$XDG_DATA_HOME/mintmark`, else `~/.local/share/mintmark`.",
    "MINTMARK_LEDGER": "The ledger: a path, `sqlite:///path` or `postgresql://user@host/database`; "
    "else `ledger.sqlite` in the folder above.",
    "MINTMARK_SEAL_KEY": "The key of sealed bundles, base64 or hex of 32 bytes; "
    "`keyring` asks the system keyring alone.",
    "MINTMARK_PRICES": "A price sheet of your own, in the form of the package's `capital/prices/sheet.json`.",
}
LATER = "For tasks to come; none uses it yet."
UNSAID = {
    "version": "Of the recipe's form. Older recipes are upgraded, and the record says what changed.",
    "task": "What is learnt: see [tasks](tasks.md).",
    "seed": "Of all randomness: split, models, bootstrap.",
    "engine": "Where the work is done.",
    "columns": "A table: see [below](#columns).",
    "read": "A table: see [below](#read).",
    "payoff": "A table: see [below](#payoff). Without it nothing is decided by money.",
    "policy": "A table: see [below](#policy). What no text that is answered may hold.",
    "columns.target": "The same as `target` at the top.",
    "columns.time": "When the row happened. Rows are split by it, and the past of a question is what lies before it.",
    "columns.id": "Names the row; no feature.",
    "columns.entity": "Whose row it is: the earlier rows of the same entity become features. Needs `time`.",
    "columns.group": "Without `time`: rows of one group stay in one part of the split. No feature.",
    "columns.weight": "How much the row counts, 0 or more. No feature.",
    "read.encoding": "Such as gb18030. Found out if left empty.",
    "read.delimiter": "One character. Found out if left empty.",
    "payoff.currency": "Three capital letters (ISO 4217).",
    "payoff.true_positive": "Acted on, and the row is of the positive class.",
    "payoff.false_positive": "Acted on, and it is not.",
    "payoff.false_negative": "Not acted on, and it is.",
    "payoff.true_negative": "Not acted on, and it is not.",
}
"""of keys whose field says nothing in the code"""
MEANS = {
    "wall": "Time that the stage took.",
    "cpu": "Processor time of the stage.",
    "peak_memory": "Most memory that the stage held.",
    "looks": "Runs that have opened these very test rows by now, this one included.",
    "per_case": "What the decisions earn, a case, on the test rows.",
    "low": "Lower end of its 95 % interval.",
    "high": "Upper end of its 95 % interval.",
    "do_nothing": "What never acting earns, a case.",
    "act_on_all": "What always acting earns, a case; of several actions the best one.",
    "perfect": "What knowing every outcome beforehand would earn, a case.",
    "acted": "Share of the cases that are acted on.",
    "size": "Of the bundle on disk.",
    "p50": "Median time of one call with one row; with 256 rows where the name says batch_256.",
    "p99": "Time that 99 of 100 such calls stay below.",
    "per_1k": "Mean time of 1,000 answers.",
    "cost.train": "Of the run from reading to the packed bundle.",
    "per_1k_predictions": "Of 1,000 answers, asked one by one, or 256 a call.",
    "value.recall": "Of the positive cases, the share that is acted on.",
    "value.precision": "Of the cases acted on, the share that is positive.",
    "roc_auc": "Chance that a positive row is ranked above a negative one.",
    "average_precision": "Precision, averaged over recall.",
    "log_loss": "Mean of minus the log of the probability that the truth was given.",
    "brier_score": "Mean squared distance of the probabilities from the truth, halved for two classes.",
    "accuracy": "Share of the rows whose likeliest class is true.",
    "balanced_accuracy": "The same, class by class, averaged.",
    "f1_macro": "F1 of each class's likeliest rows, averaged.",
    "precision": "Of the rows most likely positive, the share that are.",
    "recall": "Of the positive rows, the share that are most likely positive.",
}
"""of measures, by the last part of their name"""

RECIPE = """One TOML file. A key that is not listed here is an error, which names the nearest. On the command line
`--set` changes any of them: `--set payoff.capacity=0.1`. For editors there is a [JSON Schema](recipe.schema.json);
`mintmark tasks TASK --schema` prints that of one task."""
NOT_YET = """A `budget` bounds a [search](../how-to/search.md); of one model alone it bounds the fits, which keep what
they have by then. `accepted` of a payoff is for tasks to come."""
ERRORS = """A user's mistake is answered with what is wrong, where, and what to try, and leaves nothing half-written.
0 is success; 2 is a wrong command line, too."""
MEASURES = """Every figure of a run, named stage.metric, as `record.json` and `--json` hold it. Beside it stands whether
more (up) or less (down) is better, and whether an instrument measured it or a formula estimated it. Measures of the
answers have scikit-learn's names. `valid.` is before calibration, on the validation rows, and the mean of the folds
where there are several; `evaluate.` is on the test rows, of the calibrated probabilities. N in a source is a figure of
the run's own."""
UNITS = """Where the processor lets it be read (Linux, RAPL), each stage also has `energy`, in J. Unit 1 is a share or a
score. Money is in the payoff's currency, costs in that of the price sheet. `train.restored`, in s, is what fits took
that a resumed run read back."""


# --- pages ------------------------------------------------------------------------------------------------------------


def pages() -> dict[Path, str]:
    """Every page of the reference and its text."""
    made: dict[str, Callable[[], str]] = {
        "cli.md": cli_page, "recipe.md": recipe_page, "tasks.md": tasks_page, "errors.md": errors_page,
        "measures.md": measures_page,
    }  # fmt: skip
    schema_text = json.dumps(schema.json_schema(), indent=1, ensure_ascii=False) + "\n"
    return {REFERENCE / name: HEAD + "\n" + page() for name, page in made.items()} | {
        REFERENCE / "recipe.schema.json": schema_text
    }


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each command's words and its function."""
    app = cli._app()
    for command in app.registered_commands:
        yield str(command.name), command.callback  # type: ignore[misc]
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands:  # type: ignore[union-attr]
            yield f"{group.name} {command.name}", command.callback  # type: ignore[misc]


def arguments(command: Callable[..., Any]) -> Iterator[tuple[str, bool, str, str, str]]:
    """Name, whether it is an option, type, default and help of each argument of a command."""
    for p in inspect.signature(command).parameters.values():
        kind, info = get_args(p.annotation)[:2]
        option = isinstance(info, typer.models.OptionInfo)
        named = str(info.default).startswith("--")
        name = (
            str(info.default)
            if named
            else f"--{p.name.replace('_', '-')}"
            if option
            else info.metavar or p.name.upper()
        )
        bounds = [f"{words} {b}" for words, b in (("at least", info.min), ("at most", info.max)) if b is not None]
        types = [t for t in get_args(kind) if t is not type(None)] or [kind]
        words = {bool: "", str: "text", int: "whole number", Path: "path"}
        says = "text, more than once if need be" if kind == list[str] else words[types[0]]
        needed = p.default is inspect.Parameter.empty
        empty = p.default in (None, False, "", [])
        default = "needed" if needed else "" if empty else f"`{p.default}`"
        yield name, option, ", ".join([says, *bounds]) if says else "", default, info.help or ""


def cli_page() -> str:
    lines = ["# Command line", "", "| command | does |", "|---|---|", *cli_rows("#")]
    lines += ["", "`mintmark --version` says the version. Exit codes: [errors](errors.md).", ""]
    for name, command in commands():
        given = list(arguments(command))
        words = [n if default else f"[{n}]" for n, option, _, default, _ in given if not option]
        lines += [f"## {name}", "", f"`{' '.join(['mintmark', name, *words])}`", "", str(command.__doc__), ""]
        lines += table(
            ("argument", "type", "default", "says"),
            ((f"`{n}`", kind, default, says) for n, _, kind, default, says in given),
        )
        lines.append("")
    lines += ["## Environment", ""]
    return "\n".join(lines + table(("variable", "says"), ((f"`{n}`", says) for n, says in PLACES.items()))) + "\n"


def cli_rows(page: str) -> list[str]:
    return [f"| [`mintmark {n}`]({page}{n.replace(' ', '-')}) | {c.__doc__} |" for n, c in commands()]


def recipe_page() -> str:
    lines = ["# Recipe", "", RECIPE, "", *fields(schema.Recipe), "", NOT_YET, ""]
    tables = {"columns": schema.Columns, "read": schema.Read, "payoff": schema.Payoff, "policy": schema.Policy}
    for name, kind in tables.items():
        lines += [f"## {name}", "", str(kind.__doc__), "", *fields(kind, f"{name}."), ""]
    lines += ["## settings", "", "The task's own: see [tasks](tasks.md).", "", "## Older recipes", ""]
    lines += [f"- {step.__doc__}" for step in upgrades.UPGRADES.values()]
    return "\n".join(lines) + "\n"


def fields(kind: type[BaseModel], before: str = "") -> list[str]:
    """A table of the settings of a pydantic model."""
    rows = []
    for name, f in kind.model_fields.items():
        key = str(f.validation_alias or f.alias or name)
        bounds = []
        for mark in f.metadata:
            found = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
            bounds += [f"{words} {getattr(mark, b)}" for b, words in found.items() if hasattr(mark, b)]
        default = f.get_default(call_default_factory=True)
        if default is PydanticUndefined:
            shown = "needed"
        elif default is None or isinstance(default, BaseModel | dict):
            shown = ""
        else:
            shown = f"`{json.dumps(default, ensure_ascii=False)}`"
        says = f.description or UNSAID.get(before + key) or (LATER if before == "columns." else "")
        rows.append((f"`{key}`", ", ".join([strict.describe(f.annotation), *bounds]), shown, sentence(says)))
    return table(("key", "value", "default", "says"), rows)


def tasks_page() -> str:
    lines = ["# Tasks", ""]
    for name, says in tasks.names().items():
        task = tasks.get(name)
        past = f"the earlier rows of the same `columns.{task.key}`" if task.key else "nothing"
        small = f"where fewer than {SMALL:,} rows are not test"
        refit = {"always": "always", "small": small, "never": "never"}[task.refit]
        recipe = {"version": 1, "task": name, "data": f"{name}.csv", **task.starter}
        lines += [f"## {name}", "", says, ""]
        lines += [
            f"- Answers: `{task.answer}`.",
            f"- Rows are divided by time where there is one, else by group where there is one, else: {task.split}.",
            f"- A question may see {past}"
            + (f", the last {task.window:,} of them unless `window` says otherwise." if task.key else "."),
            *(
                [f"- May be left out of a question: {', '.join(f'`{o}`' for o in task.optional)}."]
                if task.optional
                else []
            ),
            f"- Validation: {'out of fold where rows are few' if task.validate == 'folds' else 'one hold-out'}.",
            f"- Fitted once more on all rows after the test: {refit}, or as `refit` in the recipe says.",
            f"- Capabilities that fit: {', '.join(f'`{c}`' for c in fitting(task)) or 'none of those below'}.",
        ]
        lines += ["", "### settings", "", *fields(task.config), "", "### A first recipe", ""]
        lines += [
            f"`mintmark new {name}` writes it, with data:",
            "",
            "```toml",
            cli.new.toml(recipe).strip(),
            "```",
            "",
        ]
    lines += ["## Capabilities", "", "What a recipe lists under `with`.", ""]
    first = ((f"`{c}`", doc(f"mintmark.capabilities.{c}").splitlines()[0]) for c in capabilities.names())
    return "\n".join(lines + table(("capability", "does"), first)) + "\n"


def fitting(task: tasks.Task) -> list[str]:
    """The capabilities that fit a task."""
    return [c for c in capabilities.names() if not capabilities.get(c).applies(task)]


def errors_page() -> str:
    sample = errors.unknown("setting", "modle", ["model", "positive"], where="settings.modle")
    lines = ["# Errors and exit codes", "", ERRORS, "", "```text", doc(errors.__name__), "```", ""]
    lines += ["With `--json` an error is one object on standard output:", ""]
    lines += ["```json", json.dumps(sample.as_dict(), indent=1), "```", ""]
    lines += ["`mintmark runs --verify` exits with 3 where the ledger or a record was altered.", "", "## HTTP", ""]
    lines += ["The server answers with the same object and a status:", "", "```text", doc(refusals.__name__), "```", ""]
    lines += [
        "500 is a bug of ours, with an id that the server's log has too. While a server closes, `/healthz` says 503."
    ]
    return "\n".join(lines) + "\n"


def measures_page() -> str:
    """Grouped by what they have in common but the stage, as one run on a task's own data gives them."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for m in measured():
        stage, _, name = m.name.partition(".")
        if stage in capabilities.names():
            m, name = replace(m, name=f"{stage}.COLUMN"), "COLUMN"
        name = name.removesuffix(".batch_256")
        means = MEANS.get(m.name) or MEANS.get(name.rpartition(".")[2]) or ""
        source = re.sub(r"\d[\d.,]*(e[+-]?\d+)?", "N", m.source.partition(" (")[0])
        unit = "money" if re.fullmatch("[A-Z]{3}", m.unit) else m.unit
        key = (name, unit, m.better, m.how, means, source)
        seen[key] = list(dict.fromkeys([*seen.get(key, []), m.name]))
    rows = [
        (" ".join(f"`{n}`" for n in names), unit, better, how, means or sentence(source), source if means else "")
        for (_, unit, better, how, means, source), names in seen.items()
    ]
    head = ("measure", "unit", "better", "how", "says", "source")
    return "\n".join(["# Measures", "", MEASURES, "", *table(head, rows), "", UNITS]) + "\n"


def measured() -> list[Measured]:
    """What a run of every task measures, on its own data and with every capability that fits."""
    found = []
    with home() as place, mock.patch.object(api, "CALL_S", 0.02):
        for name in tasks.names():
            task = tasks.get(name)
            recipe = {"task": name, "with": fitting(task), **task.starter}
            found += api.run(recipe, out=place / "runs").record.measures
    return [m for m in found if not m.name.endswith(".energy")]


# --- the READMEs ------------------------------------------------------------------------------------------------------


def readmes(*, run: bool = True) -> dict[Path, str]:
    """Both READMEs with their marked parts written anew; the demonstration only where `run` is on."""
    shown = demonstration() if run else ""
    made = {}
    for name, zh in (("README.md", False), ("README.zh-CN.md", True)):
        text = (ROOT / name).read_text(encoding="utf-8")
        if run:
            text = put(text, "demo", f"```text\n{shown}\n```")
        if not zh:
            text = put(text, "cli", "\n".join(["| command | does |", "|---|---|", *cli_rows("docs/reference/cli.md#")]))
        made[ROOT / name] = put(text, "benchmarks", figures.benchmarks(ROOT / "benchmarks" / "results", zh=zh))
    return made


def put(text: str, name: str, content: str) -> str:
    """The text with this between the marks of that name.   Raises: ValueError: there are no such marks."""
    start, end = f"<!-- {name}: written by docs/generate.py -->", f"<!-- end of {name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"wanted once each: {start} and {end}")
    return text[: text.index(start)] + f"{start}\n{content}\n" + text[text.index(end) :]


def demonstration() -> str:
    """What the run of `make demo` prints on a machine that has never seen mintmark."""
    with home() as place:
        (place / ".venv").symlink_to(sys.prefix)
        (place / "recipes").symlink_to(ROOT / "recipes")
        words = [".venv/bin/mintmark", "run", "recipes/q08_diagnosis.toml"]
        env = {**os.environ, "PATH": "/usr/bin:/bin"}
        return subprocess.run(words, cwd=place, env=env, capture_output=True, text=True, check=True).stdout.strip()


# --- writing and checking ---------------------------------------------------------------------------------------------


def stale(*, figures_too: bool = True) -> list[str]:
    """Pages and parts that are not what the code gives now; without `figures_too` the demonstration and the benchmarks
    are left out. Of the demonstration only its words count: its figures are of another day."""
    found = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in readmes(run=figures_too).items():
        had = path.read_text(encoding="utf-8")
        if not figures_too:
            had = put(had, "benchmarks", "")
            text = put(text, "benchmarks", "")
        if words_of(had) != words_of(text):
            found.append(path)
    return [str(path.relative_to(ROOT)) for path in found]


def words_of(text: str) -> list[str]:
    """Without the figures of the demonstration, and without the blanks that set them in columns."""
    start, end = (text.index(mark) for mark in ("<!-- demo:", "<!-- end of demo"))
    return (text[:start] + re.sub(r"-?\b[0-9a-f]*\d[\w.,-]*", "N", text[start:end]) + text[end:]).split()


def main() -> int:
    if "--check" in sys.argv[1:]:
        found = stale()
        print(
            "\n".join(f"{name} is stale. Try: python docs/generate.py" for name in found) or "The docs are up to date."
        )
        return bool(found)
    for path, text in {**pages(), **readmes()}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


@contextmanager
def home() -> Iterator[Path]:
    """A folder to work in, with keys, ledger and prices of its own."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"MINTMARK_HOME": f"{folder}/home"}):
        for name in PLACES.keys() - {"MINTMARK_HOME"}:
            os.environ.pop(name, None)
        yield Path(folder)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A Markdown table, without the columns that are empty throughout."""
    filled = [row for row in rows]
    kept = [i for i in range(len(head)) if any(row[i] for row in filled)]
    lines = [
        [head[i] for i in kept],
        ["---"] * len(kept),
        *([row[i].replace("|", "\\|") for i in kept] for row in filled),
    ]
    return ["| " + " | ".join(line) + " |" for line in lines]


def sentence(text: str) -> str:
    text = text.strip().removesuffix(".")
    return text and text[0].upper() + text[1:] + "."


def doc(module: str) -> str:
    return str(sys.modules[module].__doc__).strip()


if __name__ == "__main__":
    raise SystemExit(main())
