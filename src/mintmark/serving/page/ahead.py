"""Ahead: the next steps of a series as questions, from the end of what a served model knows of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError
from mintmark.data.rows import kind_of
from mintmark.numerics.series import calendar
from mintmark.numerics.series.calendar import Frequency
from mintmark.serving.model import Model
from mintmark.serving.refusals import NotFound, Refused

MOST_HISTORY = 400
"""newest values that are shown before the forecast"""
LAST_US, LAST = 253_402_214_400_000_000, 2.0**52
"""a moment after all that there are: microseconds, or steps"""


@dataclass(frozen=True)
class Ahead:
    """What a model that forecasts says of its series."""

    id: str
    """the column that names a series; empty where there is one series"""
    time: str
    target: str
    horizon: int
    frequency: Frequency
    holidays: str

    @classmethod
    def of(cls, model: Model) -> "Ahead | None":
        """None for a model that forecasts no series."""
        facts, past = model.loaded.features.facts, model.loaded.past
        if "frequency" not in facts or past.rows is None or not past.time:
            return None
        return cls(
            facts["id"] or "", facts["time"], facts["target"], int(facts["horizon"]), Frequency(**facts["frequency"]),
            facts["holidays"],
        )  # fmt: skip


def ahead(model: Model, series: str, steps: int, history: bool) -> dict[str, Any]:
    """Rows to ask, one for each step, with null for all but series and time; and what happened before, where wanted.

    `times` are the steps as texts (dates) or numbers; `history` pairs of time and value.
    Raises: NotFound: the model forecasts no series; Refused: steps beyond its horizon; DataError: an unknown series.
    """
    about = Ahead.of(model)
    if about is None:
        raise NotFound(f"model {model.name!r} forecasts no series.", where="path", fix=f"/v1/models/{model.name}")
    if not 1 <= steps <= about.horizon:
        what = f"{steps} steps are wanted, from 1 to {about.horizon} are forecast at once."
        raise Refused(what, where="steps", fix=str(about.horizon))
    times, values = _known(model, about, series)
    later = calendar.following(times[-1:], steps, about.frequency, about.holidays)[0]
    dated = kind_of(_field(model, about.time)) == "time"
    asked = _said(later, dated)
    fields = {f.name: f.kind for f in model.questions.fields}
    own: dict[str, Any] = {about.id: float(series) if fields[about.id] == "number" else series} if about.id else {}
    rows = [dict.fromkeys(fields) | own | {about.time: t} for t in asked]
    made: dict[str, Any] = {"rows": rows, "times": asked, "target": about.target, "history": []}
    if history:
        some = slice(max(0, len(times) - MOST_HISTORY), None)
        known = (None if np.isnan(v) else float(v) for v in values[some])
        made["history"] = list(zip(_said(times[some], dated), known, strict=True))
    return made


def _known(model: Model, about: Ahead, series: str) -> tuple[Any, Any]:
    """Times (microseconds of dates, else numbers of the column) and values of a series, as the model has them now."""
    loaded = model.loaded
    type_ = _field(model, about.time)
    dated = kind_of(type_) == "time"
    moment = pa.array([LAST_US], pa.timestamp("us")) if dated else pa.array([LAST], pa.float64())
    columns = {about.time: moment} | ({about.id: pa.array([series], pa.string())} if about.id else {})
    seen = loaded.past.as_of(pa.RecordBatch.from_pydict(columns))
    start, stop = int(seen.start[0]), int(seen.stop[0])
    if stop == start:
        what = f"nothing is known of a series {series[:60]!r}."
        where = f"field {about.id!r}" if about.id else "model"
        raise DataError(
            what, where=where, fix="the name of a series that the model has learnt, or send its rows first."
        )
    rows = seen.table.slice(start, stop - start)
    times = rows[about.time]
    whole = times.cast(pa.timestamp("us"), safe=False).cast(pa.int64()) if dated else times.cast(pa.float64())
    values = rows[about.target].cast(pa.float64())
    return whole.to_numpy(), np.asarray(values.to_numpy(), float)


def _field(model: Model, name: str) -> pa.DataType:
    past = model.loaded.past
    if past.rows is None:
        raise ValueError("a model without a past")
    return past.rows.schema.field(name).type


def _said(times: Any, dated: bool) -> list[Any]:
    """As JSON has them and the API takes them."""
    if dated:
        return [t.isoformat() for t in np.asarray(times, np.int64).astype("datetime64[us]").astype(object)]
    return [int(t) if float(t).is_integer() else float(t) for t in times]
