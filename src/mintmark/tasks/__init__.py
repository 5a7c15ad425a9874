"""Tasks: one file each, the file name is the task's name. Listing imports nothing; loading imports one file.

Another package adds tasks by the entry point group `mintmark.tasks`: name = "package.module", a module like ours.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mintmark.base.errors import RecipeError, unknown

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from mintmark.base.record import Measured
    from mintmark.base.state import State
    from mintmark.data.past import Earlier
    from mintmark.data.rows import Rows
    from mintmark.numerics.batch import Batch, View
    from mintmark.numerics.ctx import Ctx
    from mintmark.recipe.schema import Columns

HERE = Path(__file__).parent
GROUP = "mintmark.tasks"


def drop_target(rows: "Rows", columns: "Columns", config: Any) -> "tuple[Rows, Rows]":
    """The usual question: the row without its target, and without what identifies, groups or weighs it."""
    if not columns.target:
        raise RecipeError("no column is the target.", where="target", fix='target = "the column to answer"')
    gone = {columns.target, columns.id, columns.group, columns.weight} - {columns.entity, columns.user}
    return rows.drop(list(gone)), rows.select([columns.target])


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the spine needs of a task: plain functions, a settings type, and what kind of answer it gives.

    No function keeps state, reads a clock or opens a file; all randomness comes from `ctx.rng` or the question.
    """

    config: type[Any]
    """a frozen pydantic model: the recipe's `settings`"""
    answer: Literal["classes", "number", "text"]
    example: "Callable[[np.random.Generator], Rows]"
    """tiny data for the contract test, `mintmark new` and the page"""
    starter: dict[str, Any] = field(default_factory=dict)
    """the rest of a recipe for these data: target, columns, settings, payoff"""
    assumed: tuple[str, ...] = ("target", "time", "id")
    """roles that a column of the same name takes unasked"""
    ask: "Callable[[Rows, Columns, Any], tuple[Rows, Rows]]" = drop_target
    """rows -> questions and truth, one for each row, in their order; serving starts from questions. The first column of
    truth is what is asked for; further ones are known only afterwards too, and later questions see them in the past"""
    learn: "Callable[[Rows, Rows, Columns, Any], State]"
    """what features must learn, from exactly the rows that this fit sees; facts["past"], where there is one, names the
    columns of the past that `encode` reads beside key, time and target: a bundle carries no others"""
    encode: "Callable[[State, pa.RecordBatch, Earlier], Batch]"
    """questions to arrays; learns nothing, sees no truth; the same call trains and serves"""
    fit: "Callable[[View, View | None, Any, Ctx], State]"
    """valid is None in a refit: nothing to stop early on, see `settle`"""
    predict: "Callable[[State, Batch], pa.Table]"
    score: "Callable[[pa.Table, pa.Table], list[Measured]]"
    """answers and truth -> task metrics; money is the spine's"""
    loss: "Callable[[State, View], list[Measured]] | None" = None
    """measures that need the truth inside the model (perplexity): y is on the view"""
    stream: "Callable[[State, Batch], Iterator[pa.Table]] | None" = None
    """partial answers; the last one is predict's"""
    settle: "Callable[[Any, list[State]], Any] | None" = None
    """the config of a refit: what early stopping found in these models, as settings"""
    ladder: "tuple[dict[str, Any], ...]" = ()
    """variants for the search, cheap to strong"""
    key: Literal["", "entity", "id", "user"] = ""
    """role of the column whose earlier rows a question may see"""
    alone: bool = False
    """without a column of that role all rows are of one key"""
    split: Literal["stratify", "shuffle"] = "shuffle"
    """where the rows have neither a time nor a group"""
    validate: Literal["folds", "holdout"] = "folds"
    """few rows are answered out of fold, unless one hold-out is all that the time to fit allows (networks)"""
    refit: Literal["always", "small", "never"] = "never"
    """fit once more on all rows after the test; decision and settled config are kept"""
    window: int = 50
    """at most so many earlier rows of a key are seen, where the recipe does not say"""
    optional: tuple[str, ...] = ()
    """columns of a question that may be left out when it is asked; encode gives null the default"""
    reads: Literal["table", "text"] = "table"
    """what a .txt file is: a table, or running text that is cut into pieces"""
    upcoming: "Callable[[Rows, Columns, Any], Rows] | None" = None
    """the questions that come next after all rows: a run answers them"""


def names() -> dict[str, str]:
    """Every task's name with the first line of its file, importing none."""
    found = {p.stem: p for p in HERE.glob("[a-z]*.py")}
    for entry in entry_points(group=GROUP):
        spec = find_spec(entry.value)
        if spec and spec.origin:
            found.setdefault(entry.name, Path(spec.origin))
    return {n: found[n].open(encoding="utf-8").readline().strip().strip('"') for n in sorted(found)}


def get(name: str) -> Task:
    """Raises: RecipeError: no such task (names the nearest)."""
    if (HERE / f"{name}.py").is_file() and name.isidentifier() and name.islower():
        module = f"mintmark.tasks.{name}"
    else:
        modules = {e.name: e.value for e in entry_points(group=GROUP)}
        if name not in modules:
            raise unknown("task", name, names(), where="task")
        module = modules[name]
    task: Task = importlib.import_module(module).TASK
    return task
