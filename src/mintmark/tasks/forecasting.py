"""Say the next values of one or thousands of series, from their past and what is already known of their future."""

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, NonNegativeInt, PositiveInt

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.past import ASKED, Earlier
from mintmark.data.rows import Rows, kind_of
from mintmark.numerics import answers, metrics
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.series import calendar, lags, measures, observed, panel
from mintmark.numerics.series.calendar import Frequency
from mintmark.numerics.series.history import histories
from mintmark.numerics.series.observed import Observed
from mintmark.numerics.series.panel import Panel
from mintmark.recipe.schema import Columns
from mintmark.recipe.strict import Strict
from mintmark.tasks import Task

ORDER = ("naive", "seasonal_naive", "naive2", "theta", "linear", "ces", "mstl", "ets", "lightgbm", "arima")
"""cheap to dear"""
STABILITY = 40
"""series whose forecasts are made once more a step earlier, to see how much they move"""
FURTHEST = 20_000
"""steps ahead; what lies further away is answered like that one"""
Model = Literal[
    "auto",
    "ensemble",
    "naive",
    "seasonal_naive",
    "naive2",
    "theta",
    "linear",
    "ces",
    "mstl",
    "ets",
    "lightgbm",
    "arima",
]


class Config(Strict):
    horizon: int = Field(12, ge=1, le=5000, description="Steps that are forecast at once.")
    season: NonNegativeInt | tuple[PositiveInt, ...] = Field(
        0, description="Steps of a season, or several, shortest first; 0 finds them from frequency and autocorrelation."
    )
    frequency: str = Field(
        "auto", description='Time from row to row: "month", "week", "business day", "hour", "15 min", "step"; or found.'
    )
    model: Model = Field(
        "auto", description="One model for all series, their plain mean (ensemble), or weights chosen for each series."
    )
    candidates: tuple[str, ...] = Field(
        (), description="Models that auto and ensemble may use; without it those that fit the data."
    )
    origins: int = Field(3, ge=1, le=20, description="Blocks of `horizon` steps that each series is judged on.")
    past_covariates: tuple[str, ...] = Field(
        (), description="Columns known only afterwards, such as prices of competitors; they are not asked for."
    )
    holidays: str = Field("", description='Country whose holidays count: "CN", "DE", "US"; "" takes none.')
    duplicates: Literal["error", "mean", "sum", "last"] = Field(
        "error", description="What to do with several rows of one series at one time."
    )
    unknown: Literal["refuse", "typical"] = Field(
        "refuse", description="What to answer for a series that nothing is known of: an error, or a typical level."
    )
    settled: dict[str, Any] = Field(
        {}, description="What an earlier fit chose, for the fits that follow it; leave it out to have it chosen."
    )

    def seasons(self) -> list[int]:
        given = self.season if isinstance(self.season, tuple) else (self.season,)
        return sorted(m for m in given if m > 0)


# --- questions --------------------------------------------------------------------------------------------------------


def ask(rows: Rows, columns: Columns, config: Config) -> tuple[Rows, Rows]:
    """A question is asked at the start of its block of `horizon` steps, counted back from the end of its series.

    Raises: RecipeError: no time column, or no such column. DataError: a missing id or time, several rows at one time, a
    target that is no number.
    """
    _check(rows, columns, config)
    seen = Observed.of(rows.table(), columns.id, columns.time)
    frequency = _frequency(config, seen)
    seen.refuse_twice(config.duplicates, columns.id, columns.time, frequency)
    at = calendar.steps(seen.times, frequency)
    seen.refuse_emptiness(at, columns.id, columns.time, frequency)
    blocks = seen.blocks(at, config.horizon)
    times = rows.select([columns.time]).table().column(0)
    gone = {columns.target, columns.group, columns.weight, *config.past_covariates} - {columns.id, columns.time}
    asked = times.take(pa.array(blocks))
    seen.refuse_short(at, len(asked.unique()), config.horizon)
    questions = rows.drop(list(gone)).table().append_column(ASKED, asked)
    truth = rows.select([columns.target, *config.past_covariates])
    if config.duplicates in ("mean", "sum", "last"):
        truth = table.of(seen.together(truth.table(), config.duplicates))
    return table.of(questions.combine_chunks()), truth


def _check(rows: Rows, columns: Columns, config: Config) -> None:
    if not columns.target:
        raise RecipeError("no column is the target.", where="target", fix='target = "the column to forecast"')
    if not columns.time:
        what = "no column is the time: it cannot be told which row comes next."
        raise RecipeError(what, where="columns.time", fix='time = "a column of dates or of step numbers"')
    for name in config.past_covariates:
        if name not in rows.names or name in (columns.target, columns.time, columns.id):
            free = [n for n in rows.names if n not in (columns.target, columns.time, columns.id)]
            raise unknown("column", name, free, where="settings.past_covariates")
    for name in config.candidates:
        if name not in ORDER:
            raise unknown("model", name, ORDER, where="settings.candidates")
    calendar.check_country(config.holidays)
    kind = kind_of(rows.schema.field(columns.target).type)
    if kind != "number" and kind != "boolean":
        what = f"forecasting needs numbers; column {columns.target!r} holds {kind} values."
        raise DataError(
            what, where="target", fix="a target of numbers; [read] missing = [...] says what stands for none."
        )
    kind = kind_of(rows.schema.field(columns.time).type)
    if kind not in ("time", "number"):
        what = f"column {columns.time!r} holds {kind} values, not times."
        raise DataError(what, where="columns.time", fix="dates as 2026-01-31 or 2026-01-31 12:00, or step numbers.")
    for name in (columns.id, columns.time):
        column = rows.select([name]).table().column(0) if name else None
        if column is not None and column.null_count:
            row = column.is_null().index(True).as_py() + 1
            what = "no id: it is not known which series the row belongs to." if name == columns.id else "no time."
            raise DataError(what, where=f"column {name!r}, row {row}", fix="fill it, or leave the row out.")


def _frequency(config: Config, seen: Observed) -> Frequency:
    if config.frequency == "auto":
        return calendar.find(seen.times, seen.series, seen.clock)[0]
    named = calendar.parse(config.frequency)
    calendar.wrong_kind(seen.clock, named)
    return calendar.fixed(named, seen.times)


def upcoming(rows: Rows, columns: Columns, config: Config) -> Rows:
    """The next `horizon` steps of every series; what would be known ahead is null, and so carried forward."""
    seen = Observed.of(rows.table(), columns.id, columns.time)
    ends = seen.ends()
    later = calendar.following(seen.times[ends], config.horizon, _frequency(config, seen), config.holidays)
    source = rows.drop([columns.target, columns.group, columns.weight, *config.past_covariates]).table()
    picked = source.take(pa.array(np.repeat(seen.order[ends], config.horizon)))
    made = []
    for f in source.schema:
        if f.name == columns.time:
            whole = pa.array(later.ravel()).cast(pa.timestamp("us") if seen.clock else f.type, safe=False)
            made.append(whole.cast(f.type, safe=False))
        else:
            made.append(picked[f.name] if f.name == columns.id else pa.nulls(len(picked), f.type))
    return table.of(pa.table(made, schema=source.schema).combine_chunks())


# --- features ---------------------------------------------------------------------------------------------------------


def learn(questions: Rows, truth: Rows, columns: Columns, config: Config) -> State:
    """Frequency, seasons, what covariates are like, a typical level, and notes on what is odd about the series."""
    asked, target = questions.table(), truth.table()
    seen = Observed.of(asked, columns.id, columns.time)
    frequency = _frequency(config, seen)
    at = calendar.steps(seen.times, frequency)
    y = np.array(target.column(0).cast(pa.float64()).to_numpy(), float)[seen.order]
    twice = seen.treatment(config.duplicates, frequency)
    grids = seen.grids(at, y, twice)
    seasons = config.seasons() or calendar.found_seasons(grids, frequency)
    known = [n for n in questions.names if n not in (columns.id, columns.time, ASKED)]
    covariates = observed.learn(asked, known) | {"after": observed.learn(target, list(config.past_covariates))}
    levels = [float(np.mean(g[-max(2 * seasons[0], 8) :])) for g in grids] or [0.0]
    spreads = [panel.size(g, seasons[0]) + float(np.std(g)) for g in grids] or [1.0]
    facts = {
        "id": columns.id, "time": columns.time, "target": columns.target, "frequency": frequency.facts(),
        "holidays": config.holidays, "seasons": seasons, "horizon": config.horizon, "unknown": config.unknown,
        "twice": twice, "covariates": covariates, "level": float(np.median(levels)),
        "spread": max(float(np.median(spreads)), float(np.std(levels)), 1e-9),
        "past": [c["name"] for group in (covariates, covariates["after"]) for c in group["columns"]],
        "notes": observed.notes(seen, at, grids, frequency, seasons, config.horizon, twice),
        "left_out": covariates["left_out"] + covariates["after"]["left_out"],
    }  # fmt: skip
    return State(facts=facts)


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    """For each question the history of its series as known when asked, how far ahead it lies, and what is known of it.

    Questions of one block share one history. Shapes: block, ahead (n,); known (n, k).
    Raises: DataError: a series that nothing is known of, unless settings.unknown says otherwise.
    """
    facts = state.facts
    if facts["unknown"] == "refuse" and past.key and past.unknown.any():
        name = str(questions[facts["id"]][int(past.unknown.argmax())].as_py())
        what = f"nothing is known of a series {name!r}."
        fix = 'send its rows by /events first, or train with settings.unknown = "typical".'
        raise DataError(what, where=f"column {facts['id']!r}", fix=fix)
    frequency, country = Frequency(**facts["frequency"]), facts["holidays"]
    some = past.known > past.start
    low, high = (int(past.start[some].min()), int(past.known[some].max())) if some.any() else (0, 0)
    rows = past.table.slice(low, high - low)
    if high > low:
        y = np.asarray(rows[facts["target"]].cast(pa.float64()).to_numpy(), float)
        at = calendar.steps(observed.numbers(rows[facts["time"]])[0], frequency)
    else:
        y, at = np.zeros(0), np.zeros(0, np.int64)
    before, after = (
        observed.matrix(rows, group, high - low) for group in (facts["covariates"], facts["covariates"]["after"])
    )
    start, known = np.where(some, past.start - low, 0), np.where(some, past.known - low, 0)
    who = past.who
    newest = lags.level_of(facts["seasons"][0])
    found, block = histories(start, known, y, at, before, after, lambda i: who[i].as_py() or "", facts["twice"], newest)
    times = observed.numbers(questions[facts["time"]])[0]
    ends = np.array([h.end for h in found], np.int64)[block]
    empty = np.array([not len(h) for h in found])[block]
    steps = calendar.steps(times, frequency)
    ahead = np.where(empty, 1, np.clip(steps - ends, 1, FURTHEST))
    given = observed.matrix(pa.Table.from_batches([questions]), facts["covariates"], questions.num_rows)
    future = observed.ahead(given, found, block, facts["covariates"])
    later = observed.after(found, block, facts["covariates"]["after"])
    x = np.hstack([future, later, calendar.features(times, frequency, country)])
    shared = {n: facts[n] for n in ("seasons", "horizon", "level", "spread")}
    return Batch({"block": block, "ahead": ahead, "known": x}, shared | {"histories": found})


# --- models -----------------------------------------------------------------------------------------------------------


def fit(train: View, valid: View | None, config: Config, ctx: Ctx) -> State:
    """Weights of the models for each series, from rolling origins among all rows; and models of lags of the training.

    What was settled before is not chosen again.
    """
    first = next(iter(train)).facts
    seasons, own = first["seasons"], Panel.whole(train)
    both = Panel.join([own, Panel.whole(valid)]) if valid else own
    how = panel.Fit(config.origins, config.horizon, ctx)
    chosen = config.settled
    if not chosen:
        names, even = _candidates(config, both, seasons), config.model == "ensemble"
        found = panel.choose(both, names, seasons, how, even=even, held=len(own.block))
        chosen = {"series": found.series, "typical": found.typical, "growth": found.growth, "sizes": found.sizes}
    used = {n for one in [chosen["typical"], *chosen["series"].values()] for n in one["weights"]}
    parts = {}
    for name in sorted(used & set(lags.NAMES)):
        made = panel.lagged(own, name, seasons, how, chosen["sizes"].get(name, 0.0))
        if made is not None:
            parts[name] = made
    shared = {n: first[n] for n in ("seasons", "horizon", "level", "spread")}
    return State(facts=shared | chosen, parts=parts)


def _candidates(config: Config, seen: Panel, seasons: list[int]) -> list[str]:
    """The models to try: those named, or those that can do something with these seasons and lengths."""
    if config.model not in ("auto", "ensemble"):
        return [config.model]
    if config.candidates:
        return [n for n in ORDER if n in config.candidates]
    weak = {"naive", "seasonal_naive", "naive2"} if config.model == "ensemble" else {"naive"}
    if seasons[-1] < 2:
        weak.add("mstl")  # what it adds is the season
    if len(seasons) > 1:
        weak.add("arima")  # dear on such long series, and blind to all but one of their seasons
    return [n for n in ORDER if n not in weak]


def settle(config: Config, states: list[State]) -> Config:
    """What the newest of these fits chose: it was judged on the newest blocks."""
    names = ("series", "typical", "growth", "sizes")
    return config.model_copy(update={"settled": {n: states[-1].facts[n] for n in names}})


def predict(state: State, batch: Batch) -> pa.Table:
    """`low` and `high` are as far from the value as errors of this series so many steps ahead usually are."""
    value, half = panel.answer(state, Panel.of(batch))
    return answers.make("number", value=value, low=value - half, high=value + half)


def score(made: pa.Table, truth: pa.Table) -> list[Measured]:
    """sMAPE first, from 0 to 2 (M4 printed it times 100), over all rows alike; of intervals, once there are any."""
    y = np.array(truth.column(0).cast(pa.float64()).to_numpy(), float)
    found = {m.name: m for m in metrics.of_numbers(made["value"].to_numpy(), y)}
    out = [found[n] for n in ("smape", "rmse", "mae", "r2") if n in found]
    if not len(y) or made["level"].null_count:
        return out
    low, high, level = (made[n].to_numpy() for n in ("low", "high", "level"))
    below = (1 - float(level[0])) / 2
    loss = (measures.pinball(y, low, below) + measures.pinball(y, high, 1 - below)) / 2
    ends = f"mean of the quantiles {below:.3g} and {1 - below:.3g}, the ends of the interval"
    return [
        *out,
        Measured(
            "coverage", float(((low <= y) & (y <= high)).mean()), "1", "up", source=f"intervals of {level[0]:.3g}"
        ),
        Measured("pinball", loss, "target", "down", source=ends),
        Measured("interval_width", float((high - low).mean()), "target", "down"),
    ]


def loss(state: State, view: View) -> list[Measured]:
    """MASE and OWA beside Naive2's, series by series as M4 took them; and how much forecasts move in a step."""
    seen = Panel.whole(view)
    value, _ = panel.answer(state, seen)
    seasons, horizon = state.facts["seasons"], state.facts["horizon"]
    ours, base = measures.Tally.of(seasons[0]), measures.Tally.of(seasons[0])
    newest: dict[str, tuple[int, Array]] = {}
    for history, rows in zip(seen.histories, seen.rows(), strict=True):
        rows = rows[np.isfinite(seen.y[rows])]
        if not len(rows) or len(history) < 2:
            continue
        plain = panel.one("naive2", history, seen.ahead[rows], seasons, horizon, None)
        ours.add(history.who, seen.y[rows], value[rows], history.y)
        base.add(history.who, seen.y[rows], plain, history.y)
        if len(history) > 10 and history.end >= newest.get(history.who, (history.end, rows))[0]:
            newest[history.who] = history.end, rows
    owa = measures.owa(ours.smape(), ours.mase(), base.smape(), base.mase())
    how = f"{len(ours.found)} series, season {seasons[0]}; each series counts once"
    made = [
        ("owa", owa, how),
        ("mase", ours.mase(), how),
        ("mase_naive2", base.mase(), how),
        ("smape_naive2", base.smape(), how),
    ]
    made.append(
        ("stability", _stability(state, seen, value, newest), "sMAPC between forecasts from origins a step apart")
    )
    return [Measured(n, v, "1", "down", source=s) for n, v, s in made if np.isfinite(v)]


def _stability(state: State, seen: Panel, value: Array, newest: dict[str, tuple[int, Array]]) -> float:
    """sMAPC of some series' newest block: what was said of its steps, and what would have been said a step earlier."""
    some = [rows for _, rows in list(newest.values())[:STABILITY]]
    if not some:
        return float("nan")
    rows = np.concatenate(some)
    kept = np.unique(seen.block[rows])
    place = np.zeros(len(seen.histories), np.int64)
    place[kept] = np.arange(len(kept))
    earlier = Panel(
        [seen.histories[i].shorter() for i in kept],
        place[seen.block[rows]],
        seen.ahead[rows] + 1,
        seen.known[rows],
        seen.y[rows],
    )
    before = dict(zip(rows.tolist(), panel.answer(state, earlier)[0].tolist(), strict=True))
    return measures.change([(np.array([before[i] for i in part.tolist()]), value[part]) for part in some])


# --- example ----------------------------------------------------------------------------------------------------------


def example(rng: np.random.Generator) -> Rows:
    """Monthly sales of five shops: prices and leaflets are known ahead, one shop closed early."""
    shops = []
    for i in range(5):
        n = 48 - 8 * (i == 4)
        t = np.arange(n)
        price = (10 + i + rng.normal(size=n)).round(2)
        leaflet = rng.random(n) < 0.25
        y = (60 + 15 * i) * (1 + 0.15 * np.sin(2 * np.pi * (t + i) / 12)) + 0.3 * t - 3 * (price - 10 - i) + 9 * leaflet
        months = np.datetime64("2022-01", "M") + t
        content = {
            "id": [f"shop {i + 1}"] * n,
            "time": pa.array(months.astype("datetime64[us]")),
            "price": pa.array(price, mask=rng.random(n) < 0.04),
            "promotion": np.where(leaflet, "leaflet", "none").tolist(),
            "target": (y + 2 * rng.normal(size=n)).round(1),
        }
        shops.append(pa.table(content))
    return table.of(pa.concat_tables(shops))


STARTER = {
    "target": "target",
    "columns": {"id": "id", "time": "time"},
    "settings": {"horizon": 4, "season": 12, "candidates": ["seasonal_naive", "naive2", "linear"], "origins": 2},
    "payoff": {"currency": "USD", "over": -1, "under": -3},
}
LADDER = ({"model": "seasonal_naive"}, {"model": "linear"}, {"model": "theta"}, {"model": "auto"})

TASK = Task(
    config=Config, answer="number", example=example, starter=STARTER, ask=ask, learn=learn, encode=encode, fit=fit,
    predict=predict, score=score, loss=loss, settle=settle, ladder=LADDER, key="id", alone=True, refit="always",
    window=1000, upcoming=upcoming,
)  # fmt: skip
