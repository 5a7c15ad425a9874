"""Collect: the rows that a recipe names, brought to one schema, with their roles and what was done to them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError
from mintmark.data import clean, running_text, source
from mintmark.data.past import ASKED
from mintmark.data.rows import Rows, kind_of, of
from mintmark.data.split import DEV_PART, TEST_PART, VALID_PART
from mintmark.recipe.schema import Columns, Recipe


@dataclass(frozen=True)
class Collected:
    rows: Rows
    columns: Columns
    part: npt.NDArray[np.int8] | None
    """which file each row came from, where the recipe fixes validation or test rows"""
    notes: list[str]


def collect(
    recipe: Recipe, assumed: tuple[str, ...], example: Callable[[], Rows], given: Rows | None = None, txt: str = "table"
) -> Collected:
    """Read, unify, find the roles, clean row by row. Nothing is learnt.

    `given` rows stand in for the recipe's data; `example` makes those of a recipe that names none; `txt` says what .txt
    files are, see source.read.

    Raises: DataError: unreadable or contradictory data; RecipeError: a role that no column has.
    """
    notes: list[str] = []
    if given is None and recipe.data == "example":
        given = example()
    elif given is None:
        given, notes = source.read(recipe.data, recipe.read, recipe.folder, txt)
    if ASKED in given.names:
        what = f"column {ASKED!r} has the name that is kept for the moment at which a row's question is asked."
        raise DataError(what, where="data", fix="rename it: asked_at, say; columns.time says which column is the time.")
    wanted = recipe.target or recipe.columns.target
    if len(given.names) == 1 and wanted and wanted not in given.names:
        what = f"has one column only, {given.names[0][:60]!r}."
        raise DataError(what, where=Path(recipe.data).name, fix='[read] delimiter = "..." says what divides columns.')
    columns = recipe.roles(given.names, assumed)
    if not recipe.columns.time and columns.time and kind_of(given.schema.field(columns.time).type) != "time":
        columns = columns.model_copy(update={"time": ""})  # a column that happens to have this name, and holds no times
    if given.names == running_text.COLUMNS and not columns.time:
        columns = columns.model_copy(update={"time": running_text.COLUMNS[1]})  # what is read last is the test
    for role in ("time", "id", "group"):
        if getattr(columns, role) and not getattr(recipe.columns, role) and given.names != running_text.COLUMNS:
            notes.append(f"column {getattr(columns, role)!r} was taken for the {role}. Say columns.{role} to choose.")
    if columns.entity and not columns.time:
        notes.append(f"column {columns.entity!r} names the entity, but without columns.time its history is not known.")
    given, said = _named(given, columns)
    rows, more_said = clean.clean(given, columns.target)
    notes += said + more_said
    if not (recipe.valid or recipe.test):
        return Collected(rows, columns, None, notes)
    tables, part = [rows.table()], [np.full(len(rows), DEV_PART, np.int8)]
    for name, kind in ((recipe.valid, VALID_PART), (recipe.test, TEST_PART)):
        if name:
            more, read_notes = source.read(name, recipe.read, recipe.folder, txt)
            more, said = clean.clean(_named(of(_like(more.table(), given, name)), columns)[0], columns.target)
            tables.append(more.table())
            part.append(np.full(len(more), kind, np.int8))
            notes += read_notes + [f"{Path(name).name}: {note}" for note in said]
    try:
        together = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as exc:
        fix = "the same kinds of values in every file."
        raise DataError(f"the files do not fit together: {exc}", where="data, valid and test", fix=fix) from exc
    return Collected(of(together), columns, np.concatenate(part), notes)


def _named(rows: Rows, columns: Columns) -> tuple[Rows, list[str]]:
    """Names of persons and rows that are numbers too long for a float, as text: two of them must not become one."""
    table, notes = rows.table(), []
    for name in {columns.id, columns.entity, columns.user, columns.group} - {""}:
        column = table[name]
        if pa.types.is_integer(column.type) and (pc.max(pc.abs(column)).as_py() or 0) >= 2**53:
            table = table.set_column(table.schema.get_field_index(name), name, column.cast(pa.string()))
            notes.append(f"column {name!r}: numbers of more than 15 digits are taken as text.")
    return (of(table), notes) if notes else (rows, [])


def _like(table: pa.Table, first: Rows, name: str) -> pa.Table:
    """The columns of the first file, in its order.   Raises: DataError: one of them is not there."""
    there = set(table.column_names)
    missing = [n for n in first.names if n not in there]
    if missing:
        what = f"lacks {', '.join(map(repr, missing[:5]))}, which the data have."
        raise DataError(what, where=Path(name).name, fix="the same columns in every file.")
    return table.select(first.names)
