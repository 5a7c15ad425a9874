"""mintmark new: a first recipe for a task, with data that it runs on and questions to ask its model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mintmark.cli.plain import program
from mintmark.cli.speech import spoken

ASSUMED = {
    "value": "value RUN --assumptions {path}",
    "price": "price --assumptions {path} --run RUN",
    "plan": "plan {path}",
    "risk": "risk {path} --monitor monitor.toml",
    "allocate": "allocate {path}",
}
"""kind of a file of assumptions -> the command that reads it"""


def new(
    task: Annotated[
        str,
        typer.Argument(
            help="The task: see `mintmark tasks`; or value, price, plan, risk or allocate, for a file of assumptions.",
            show_default=False,
        ),
    ],
    folder: Annotated[Path, typer.Option("--out", help="Where to write.")] = Path("."),
    run: Annotated[
        str | None,
        typer.Option(help="Of risk: the run whose measures fill the register.", show_default=False),
    ] = None,
) -> dict[str, Any]:
    """Write a recipe, the data it names, questions for the model, and the schema that an editor checks it by."""
    import json

    from mintmark import tasks
    from mintmark.base.errors import RecipeError, unknown
    from mintmark.recipe import schema

    if run is not None and task != "risk":
        what = "only a register of risks is filled from a run."
        raise RecipeError(what, where="--run", fix="mintmark new risk --run RUN")
    if task in ASSUMED:
        return assumptions(task, folder / f"{task}.toml", run)
    if task not in tasks.names():
        raise unknown("task", task, [*tasks.names(), *ASSUMED], where="task")
    import numpy as np
    from pyarrow import csv

    made = tasks.get(task)
    names = {kind: folder / f"{task}.{kind}" for kind in ("toml", "csv", "questions.jsonl", "schema.json")}
    for path in names.values():
        if path.exists():
            raise RecipeError("is there already.", where=str(path), fix="another folder with --out.")
    recipe = {"version": 1, "task": task, "data": names["csv"].name, **made.starter}
    rows = made.example(np.random.default_rng(0))
    asked = questions(made, rows, schema.parse(recipe, where=str(names["toml"])))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        csv.write_csv(rows.table(), names["csv"])
        names["questions.jsonl"].write_text(asked, encoding="utf-8")
        names["schema.json"].write_text(json.dumps(schema.json_schema(task, made.config), indent=1), encoding="utf-8")
        names["toml"].write_text(f"#:schema {names['schema.json'].name}\n" + toml(recipe), encoding="utf-8")
    except OSError as exc:
        raise RecipeError(f"cannot be written: {exc.strerror}.", where=str(folder), fix="another --out.") from exc
    words = {"recipe": "toml", "data": "csv", "questions": "questions.jsonl", "schema": "schema.json"}
    return {word: str(names[kind]) for word, kind in words.items()}


def assumptions(kind: str, path: Path, run: str | None = None) -> dict[str, Any]:
    """A commented file of assumptions of this kind, written; never over one that is there."""
    from mintmark import business
    from mintmark.base.errors import RecipeError
    from mintmark.capital import planning, portfolio, pricing, value

    starters = {
        "value": value.STARTER,
        "price": pricing.STARTER,
        "plan": planning.STARTER,
        "allocate": portfolio.STARTER,
    }
    text = business.risk_starter(run) if kind == "risk" else starters[kind]
    if path.exists():
        raise RecipeError("is there already.", where=str(path), fix="another folder with --out.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise RecipeError(f"cannot be written: {exc.strerror}.", where=str(path), fix="another --out.") from exc
    return {"assumptions": str(path)}


def questions(task: Any, rows: Any, recipe: Any) -> str:
    """Some questions as JSON lines: what comes next where the task knows, else those of the first rows."""
    import json

    from mintmark.data.past import ASKED
    from mintmark.recipe import schema

    columns, config = recipe.roles(rows.names, task.assumed), schema.build(task.config, recipe.settings, "settings")
    asked = task.upcoming(rows, columns, config) if task.upcoming else task.ask(rows, columns, config)[0]
    some = asked.drop([ASKED, *task.optional]).table().slice(0, 10).to_pylist()
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in some)


def toml(recipe: dict[str, Any]) -> str:
    """A recipe as TOML: plain keys first, then its tables."""
    import json

    def value(v: Any) -> str:
        return (
            "[" + ", ".join(map(value, v)) + "]" if isinstance(v, list | tuple) else json.dumps(v, ensure_ascii=False)
        )

    flat = [f"{k} = {value(v)}" for k, v in recipe.items() if not isinstance(v, dict)]
    tables = [(k, v) for k, v in recipe.items() if isinstance(v, dict)]
    return (
        "\n".join(flat + [f"\n[{k}]\n" + "\n".join(f"{n} = {value(x)}" for n, x in v.items()) for k, v in tables])
        + "\n"
    )


def show(said: dict[str, Any]) -> str:
    say = spoken()
    if "assumptions" in said:
        path = said["assumptions"]
        return "\n".join([path, "", say("Next"), f"  {program()} {ASSUMED[Path(path).stem].format(path=path)}"])
    names = {"recipe": say("Recipe"), "data": say("Data"), "questions": say("Questions"), "schema": say("Schema")}
    lines = [say.left(name if say.code == "en" else names.get(name, name), 11) + path for name, path in said.items()]
    return "\n".join([*lines, "", say("Next"), f"  {program()} run {said['recipe']}"])
