"""Reporting: what a run leaves for readers beside its record and bundle: forecast.csv, figures.json, report.html."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark import report, spine
from mintmark.base.errors import DataError
from mintmark.base.record import RunRecord
from mintmark.base.state import State
from mintmark.data.part import Part
from mintmark.data.past import ASKED
from mintmark.data.rows import Rows
from mintmark.numerics import answers, reasons
from mintmark.numerics.batch import stack

PAGE, RECORD, FORECAST = "report.html", "record.json", "forecast.csv"
MOST_EXPLAINED, MOST_SHOWN = 500, 50
"""test rows whose answers are taken apart, and columns that are kept of it"""


def write(
    folder: Path,
    record: RunRecord,
    p: spine.Prepared,
    trained: spine.Trained,
    loaded: spine.Loaded,
    coming: Rows | None,
    test: Part,
    tested: pa.Table,
    lang: str = "",
) -> Path:
    """The page of a run that has just ended, its figures beside it, and the answers to what comes next."""
    y, classes, pays = test.known(p.task.answer, trained.features.facts, p.money)
    names, questions = p.columns, test.questions.table()
    rows = report.Tested(
        p.task.answer, questions, test.truth.table(), tested, y, classes, pays, loaded.decision, p.money, test.weight,
        test.series, (ASKED, names.entity, names.user),
    )  # fmt: skip
    figures = report.figures_of(record.run, rows)
    if coming is not None:
        series = _forecast(folder, p, loaded, coming, test, tested)
        figures = replace(report.by_steps(figures, rows, names.time, ASKED), forecasts=series)
    tree = report.tree_of(loaded.features, loaded.model, classes)
    figures = replace(figures, tree=tree, contributions=_contributions(p, trained, test))
    figures.save(folder / report.NAME)
    return report.write(folder / PAGE, record, figures, lang)


def again(folder: Path, out: Path | None = None, lang: str = "") -> Path:
    """The page of an earlier run, from its record and its figures; a run of before figures were kept has no pictures.

    Raises: DataError: no run lies there, or its files are damaged. RecipeError: no such language.
    """
    path, kept = folder / RECORD, folder / report.NAME
    try:
        record = RunRecord.load(path)
    except OSError as exc:
        fix = "the folder of a run, or its name as `mintmark runs` shows it."
        raise DataError(f"no run lies here: {exc.strerror}.", where=str(path), fix=fix) from exc
    except (ValueError, TypeError, KeyError) as exc:
        raise DataError(f"is no record of a run: {exc}.", where=str(path), fix="mintmark runs --verify") from exc
    figures = report.Figures.load(kept, record.run) if kept.exists() else None
    target = out or folder / PAGE
    try:
        return report.write(target, record, figures, lang)
    except OSError as exc:
        raise DataError(
            f"cannot be written: {exc.strerror}.", where=str(target), fix="another file with --out."
        ) from exc


def _forecast(
    folder: Path, p: spine.Prepared, loaded: spine.Loaded, coming: Rows, test: Part, tested: pa.Table
) -> report.Forecasts | None:
    """Answer what comes next into forecast.csv; and what a page draws of the series."""
    from pyarrow import csv

    columns, made = p.columns, spine.answer(loaded, coming)
    asked, table = coming.table(), answers.flat(made)
    for name in asked.schema.names[::-1]:
        if asked[name].null_count < len(asked):  # what is not known of the future is not written as an empty column
            table = table.add_column(0, name, _dates(asked[name]))
    csv.write_csv(table, folder / FORECAST)
    names = {"id": columns.id, "time": columns.time, "target": columns.target}
    history = p.parts.everything.open().raw.select([n for n in names.values() if n]).table()
    then, truth = test.questions.table(), test.truth.table()
    series = report.of_tables(history, then, tested, truth, coming.table(), made, **names)
    return report.Forecasts.of(series, _season(p))


def _dates(column: Any) -> Any:
    """Times that are all at midnight as dates."""
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type):
        return column
    days = pc.floor_temporal(column, unit="day")
    return column.cast(pa.date32()) if days.equals(column) else column


def _season(p: spine.Prepared) -> int:
    """The longest that the recipe says, 0 where it says none."""
    said = p.recipe.settings.get("season")
    return max((n for n in (said if isinstance(said, list | tuple) else [said]) if isinstance(n, int)), default=0)


def _contributions(p: spine.Prepared, trained: spine.Trained, test: Part) -> dict[str, Any]:
    """How far each column moves the score of an answer on average; nothing where the model is no sum of them."""
    features, model = trained.features, trained.model
    if p.task.answer == "text" or reasons.missing(features, model):
        return {}
    key = getattr(p.columns, p.task.key) if p.task.key else ""
    names = reasons.columns(features, model, key)
    some = test.take(np.unique(np.linspace(0, len(test) - 1, min(len(test), MOST_EXPLAINED)).astype(int)))

    def encode(own: State) -> Any:
        return stack([p.task.encode(own, q, some.past.as_of(q)).arrays["x"] for q in some.questions])

    try:
        sizes = np.abs(reasons.of(features, model, encode, names, key).parts).mean((0, 1))
    except DataError:  # members of a blend that cannot be summed: the page says nothing of them
        return {}
    order = np.argsort(-sizes, kind="stable")[:MOST_SHOWN]
    columns = [{"name": names[i], "size": float(sizes[i])} for i in order if sizes[i] > 0]
    return {"rows": len(some), "columns": columns} if columns else {}
