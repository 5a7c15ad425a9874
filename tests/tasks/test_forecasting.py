"""What only this task can know: how far ahead a forecast is meant to look, what it is told, and what it refuses."""

import dataclasses
from pathlib import Path
from typing import Any

import contract
import numpy as np
import pyarrow as pa
import pytest

from mintmark import spine, tasks
from mintmark.base.errors import DataError, RecipeError
from mintmark.data import rows as table
from mintmark.data.past import ASKED, moments
from mintmark.data.rows import Rows
from mintmark.numerics import answers
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema
from mintmark.tasks import forecasting
from mintmark.tasks.forecasting import Config

NAME = "forecasting"
QUICK = {"candidates": ["seasonal_naive", "naive2", "linear"], "origins": 2}


def recipe(**changes: Any) -> schema.Recipe:
    columns = changes.pop("columns", {"id": "id", "time": "time"})
    settings = QUICK | {"horizon": 4} | changes.pop("settings", {})
    return schema.parse({"task": NAME, "target": "y", "columns": columns, "settings": settings} | changes, "test")


def ran(rows: Rows, folder: Path, **changes: Any) -> tuple[spine.Loaded, Any]:
    record = spine.run(recipe(**changes), folder, rows)
    return spine.load(folder / "bundle"), record


def panel(n: int = 60, series: int = 4, start: str = "2020-01", unit: str = "M", seed: int = 0) -> pa.Table:
    """Series that climb, with a season of 12 steps and a price that moves them."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    times = pa.array((np.datetime64(start, unit) + t).astype("datetime64[us]"))
    made = []
    for i in range(series):
        price = 10 + rng.normal(size=n).round(2)
        y = 80 + 20 * i + 0.3 * t + 9 * np.sin(2 * np.pi * t / 12) - 4 * (price - 10) + rng.normal(size=n)
        made.append(pa.table({"id": [f"s{i}"] * n, "time": times, "price": price, "y": y}))
    return pa.concat_tables(made)


def notes(rows: pa.Table, **settings: Any) -> str:
    """What learn says of all rows."""
    p = spine.prepare(recipe(settings=settings), table.of(rows))
    part = p.parts.everything.open()
    config = schema.build(Config, p.recipe.settings, where="settings")
    return "\n".join(forecasting.learn(part.questions, part.truth, p.columns, config).facts["notes"])


# --- the future -------------------------------------------------------------------------------------------------------


def no_block_sees_its_own_truth(folder: Path) -> None:
    """The first block of the test gets the same answers when nothing is known from its first step on."""
    made, p = contract.loaded(NAME, folder), contract.prepared(NAME)
    test = p.parts.test.open()
    assert test.past.rows is not None
    time, all_times = moments(test.questions.table().select(["time"]), "time"), moments(test.past.rows, "time")
    first = np.unique(time)[: p.recipe.settings["horizon"]]
    block = test.take(np.flatnonzero(time <= first[-1]))
    blind = dataclasses.replace(test.past, rows=test.past.rows.filter(pa.array(all_times < first[0])))
    assert len(block) > 8 and contract.same(
        contract.served(made, block, blind), contract.served(made, block, test.past)
    )


def test_no_block_sees_its_own_truth(tmp_path: Path) -> None:
    no_block_sees_its_own_truth(tmp_path)


def test_a_forecast_that_sees_yesterday_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*args: Any) -> tuple[Rows, Rows]:
        questions, truth = right.ask(*args)
        return questions.drop([ASKED]), truth

    right = tasks.get(NAME)
    broken = dataclasses.replace(right, ask=ask)
    monkeypatch.setattr(tasks, "get", lambda _: broken)
    with pytest.raises(AssertionError):
        no_block_sees_its_own_truth(tmp_path)


def test_blocks_are_counted_back_from_the_end_of_each_series() -> None:
    rows = pa.table({"id": ["a"] * 5 + ["b"] * 3, "time": [1, 2, 3, 4, 5, 1, 2, 4], "y": np.ones(8)})
    columns = schema.Columns(id="id", time="time", target="y")
    questions, _ = forecasting.ask(table.of(rows), columns, Config(horizon=2))
    assert questions.table()[ASKED].to_pylist() == [1, 2, 2, 4, 4, 1, 1, 4]


def test_price_known_ahead_and_season_are_used(tmp_path: Path) -> None:
    """The noise has deviation 1 and moves by price 4: without prices none gets below 4."""
    _, record = ran(table.of(panel(96)), tmp_path)
    assert record.get("evaluate.rmse") < 2.6 and record.get("evaluate.owa") < 0.4
    assert 0.75 < record.get("evaluate.coverage") <= 1 and 0 < record.get("evaluate.stability") < 0.1
    assert record.get("evaluate.pinball") < record.get("evaluate.mae")


def test_what_is_known_only_afterwards_is_seen_in_the_past_alone(tmp_path: Path) -> None:
    """The competitor's price of this month is next month's sales."""
    rng, made = np.random.default_rng(0), []
    for i in range(4):
        hint = rng.normal(size=90)
        y = 50 + 5 * np.r_[0, hint[:-1]] + 0.3 * rng.normal(size=90)
        made.append(pa.table({"id": [f"s{i}"] * 90, "time": np.arange(90), "hint": hint, "y": y}))
    rows = table.of(pa.concat_tables(made))
    with_, without = (
        ran(
            rows if used else rows.drop(["hint"]), tmp_path / str(used),
            settings={"horizon": 1, "model": "linear", "past_covariates": ["hint"] if used else []},
        )
        for used in (True, False)
    )  # fmt: skip
    assert [f["name"] for f in with_[0].facts["questions"] if f["name"] != ASKED] == ["id", "time"]
    assert with_[1].get("evaluate.rmse") < 0.4 * without[1].get("evaluate.rmse")


# --- serving ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> spine.Loaded:
    return ran(table.of(panel()), tmp_path_factory.mktemp("made"))[0]


def test_a_step_far_beyond_the_horizon_neither_fails_nor_takes_all_memory(made: spine.Loaded) -> None:
    asked = next_months("9999-01-01")
    facts = made.features.facts | {"frequency": {"unit": "second", "every": 60, "phase": 0.0}}
    far = dataclasses.replace(made, features=dataclasses.replace(made.features, facts=facts))
    assert np.isfinite(spine.answer(far, asked)["value"].to_numpy()).all()


def next_months(*months: str, price: float | None = 10.0, who: str = "s1") -> Rows:
    times = pa.array(np.array(months, "datetime64[us]"))
    prices = pa.array([price] * len(months), pa.float64())
    return table.of({"id": [who] * len(months), "time": times, "price": prices})


def test_new_actuals_give_the_answer_of_the_longer_history(made: spine.Loaded) -> None:
    longer = panel(62, seed=0).to_pylist()
    known, newer = panel(60), [r for r in longer if r["time"].isoformat() >= "2025-01-01"]
    events = table.of(pa.Table.from_pylist(newer, schema=known.schema))
    asked = next_months("2025-03-01", "2025-04-01")
    empty = dataclasses.replace(made.past, rows=None)
    columns = made.past.rows.schema.names if made.past.rows is not None else []
    whole = pa.concat_tables([known, events.table()]).select(columns)
    batch = dataclasses.replace(made, past=empty.append(table.of(whole)))
    told = spine.answer(made, asked, events)
    assert contract.same(told, spine.answer(batch, asked))
    assert not contract.same(told, spine.answer(made, asked))


def test_a_price_that_is_not_known_is_carried_forward(made: spine.Loaded) -> None:
    last = panel().filter(pa.compute.equal(panel()["id"], "s1"))["price"][-1].as_py()
    months = ("2025-01-01", "2025-02-01")
    missing, given = (spine.answer(made, next_months(*months, price=p)) for p in (None, last))
    assert contract.same(missing, given)
    assert not contract.same(given, spine.answer(made, next_months(*months, price=last + 3)))


def test_a_column_known_ahead_must_be_there(made: spine.Loaded) -> None:
    with pytest.raises(DataError, match="price"):
        spine.answer(made, next_months("2025-01-01").drop(["price"]))


def test_an_unknown_series_is_named_or_gets_a_typical_level(made: spine.Loaded, tmp_path: Path) -> None:
    asked = next_months("2025-01-01", who="nobody")
    with pytest.raises(DataError, match="'nobody'.*/events"):
        spine.answer(made, asked)
    lenient, _ = ran(table.of(panel()), tmp_path, settings={"unknown": "typical"})
    told = spine.answer(lenient, asked).to_pylist()[0]
    assert 80 < told["value"] < 170 and told["low"] < told["value"] < told["high"]


def test_what_comes_next_is_asked_for_each_series() -> None:
    rows = panel(30, 2)
    rows = pa.concat_tables([rows.slice(0, 28), rows.slice(30)])  # the first series ends two months early
    asked = forecasting.upcoming(table.of(rows), schema.Columns(id="id", time="time", target="y"), Config(horizon=2))
    found = [(r["id"], r["time"].date().isoformat(), r["price"]) for r in asked.table().to_pylist()]
    assert found == [
        ("s0", "2022-05-01", None), ("s0", "2022-06-01", None), ("s1", "2022-07-01", None), ("s1", "2022-08-01", None)
    ]  # fmt: skip


def test_without_an_id_the_table_is_one_series(tmp_path: Path) -> None:
    rows = panel(80, 1).drop_columns(["id"])
    made, record = ran(table.of(rows), tmp_path, columns={"time": "time"})
    assert record.get("evaluate.owa") < 0.7
    asked = next_months("2026-09-01").drop(["id"])
    assert abs(spine.answer(made, asked)["value"][0].as_py() - 96.2) < 5  # 80 + 0.3 * 80 + 9 sin(2 pi 80 / 12)


# --- odd series -------------------------------------------------------------------------------------------------------


def test_repeated_times_are_named_or_treated_as_said() -> None:
    rows = panel(24, 2)
    twice = pa.concat_tables([rows, rows.slice(30, 1)])
    with pytest.raises(DataError, match=r"column 'time', row 49: series 's1' has several rows at 2020-07-01"):
        notes(twice)
    columns = schema.Columns(id="id", time="time", target="y")
    for how, factor in (("mean", 1), ("sum", 2), ("last", 1)):
        assert how in notes(twice, duplicates=how)
        _, truth = forecasting.ask(table.of(twice), columns, Config(horizon=4, duplicates=how))  # type: ignore[arg-type]
        y = truth.table()["y"].to_numpy()
        assert y[30] == y[48] == pytest.approx(factor * rows["y"][30].as_py())


def test_an_hour_that_clocks_repeat_is_averaged_and_said() -> None:
    start = np.datetime64("2024-10-20T00:00", "us")
    hours = np.arange(24 * 14)
    hours = np.sort(np.append(hours, 170)) * np.timedelta64(1, "h")  # 2 o'clock comes twice on the 27th
    rows = pa.table({"id": ["a"] * len(hours), "time": pa.array(start + hours), "y": np.arange(len(hours)) * 1.0})
    assert "1 times come twice" in notes(rows, horizon=24)
    spring = rows.filter(pa.array(np.arange(len(hours)) != 50))
    assert "1 steps without a row" in notes(spring, horizon=24)


def test_gaps_early_ends_and_short_series_are_said() -> None:
    rows = panel(40, 3)
    keep = ~np.isin(np.arange(120), [5, 6, 50])  # gaps
    keep[30:40] = False  # s0 ends ten months early
    keep[80:110] = False  # s2 has ten rows
    said = notes(rows.filter(pa.array(keep)))
    assert "a row is taken for each month" in said and "3 steps without a row" in said
    assert "1 series (s0) ends over 4 steps before" in said and "1 series (s2) has under" in said


def test_zeros_below_and_constants_are_said() -> None:
    rows = panel(30, 3).to_pydict()
    y = np.array(rows["y"])
    y[:30], y[30:60] = 5.0, y[30:60] - 200
    said = notes(pa.table(rows | {"y": y}))
    assert "1 series holds values of zero or below" in said and "1 series never changes" in said


@pytest.mark.parametrize("model", ["auto", "ets", "theta", "mstl", "ces"])
def test_every_odd_series_gets_a_finite_answer(model: str, tmp_path: Path) -> None:
    """One point, a constant, zeros, values below zero, gaps, an early end: beside usual ones, in one table."""
    good = panel(40, 3)
    t = pa.array((np.datetime64("2020-01", "M") + np.arange(40)).astype("datetime64[us]"))
    odd = {
        "one": (t[39:], [7.0]), "two": (t[38:], [1.0, 2.0]), "constant": (t, [3.0] * 40), "zeros": (t, [0.0] * 40),
        "below": (t, (-50 + np.arange(40.0)).tolist()), "early": (t[:12], list(range(12))),
    }  # fmt: skip
    tables = [
        pa.table(
            {"id": [name] * len(times), "time": times, "price": [1.0] * len(times), "y": pa.array(y, pa.float64())}
        )
        for name, (times, y) in odd.items()
    ]
    candidates = ["naive2", "theta", "linear", "ets"] if model == "auto" else []
    settings = {"model": model, "season": 12, "candidates": candidates}
    made, record = ran(table.of(pa.concat_tables([good, *tables])), tmp_path, settings=settings)
    asked = pa.concat_tables([next_months("2023-05-01", "2023-08-01", who=name).table() for name in odd])
    told = spine.answer(made, table.of(asked))
    for name in ("value", "low", "high"):
        assert np.isfinite(told[name].to_numpy()).all()
    value = dict(zip(asked["id"].to_pylist()[::2], told["value"].to_pylist()[::2], strict=True))
    assert value["one"] == 7 and value["constant"] == 3 and value["zeros"] == 0
    assert all(np.isfinite(m.value) for m in record.measures)


def test_business_days_and_holidays(tmp_path: Path) -> None:
    days = np.arange("2024-01-01", "2024-12-31", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    closed = np.isin(days, np.array(["2024-05-01", "2024-10-03", "2024-12-25"], "datetime64[D]"))
    days = days[~closed]
    y = 20 + np.arange(len(days)) * 0.01 + 4.0 * (days.astype(int) % 7 == 1)  # Fridays
    times = pa.array(days.astype("datetime64[us]"))
    made, record = ran(
        table.of({"id": ["a"] * len(days), "time": times, "y": y}), tmp_path, settings={"horizon": 5, "holidays": "DE"}
    )
    assert made.features.facts["frequency"]["unit"] == "business day" and made.features.facts["seasons"] == [5]
    asked = table.of({"id": ["a"], "time": pa.array(np.array(["2025-01-03"], "datetime64[us]"))})
    assert spine.answer(made, asked)["value"][0].as_py() == pytest.approx(26.6, abs=1.2)


def test_intervals_hold_most_of_what_comes(tmp_path: Path) -> None:
    """Forty walks, ten as wild as the others: 90 % are aimed at, for the wild ones too."""
    rng, t = (
        np.random.default_rng(0),
        pa.array((np.datetime64("2018-01", "M") + np.arange(60)).astype("datetime64[us]")),
    )
    walks = [100 + np.cumsum((1 + 9 * (i % 4 == 0)) * rng.normal(size=60)) for i in range(40)]
    rows = pa.concat_tables([pa.table({"id": [f"s{i}"] * 60, "time": t, "y": y}) for i, y in enumerate(walks)])
    _, record = ran(table.of(rows), tmp_path, settings={"horizon": 6})
    assert 0.83 < record.get("evaluate.coverage") < 0.97


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("season", [-1, [0, 12]])
def test_a_season_has_steps(season: Any) -> None:
    with pytest.raises(RecipeError, match="season"):
        schema.build(Config, {"season": season}, where="settings")


@pytest.mark.parametrize(
    "change, error, says",
    [
        ({"y": ["a"] * 8}, DataError, "needs numbers"),
        ({"time": ["soon"] * 8}, DataError, "not times"),
        ({"id": ["a"] * 7 + [None]}, DataError, "row 8: no id"),
        ({"time": [1, 2, 3, None, 5, 6, 7, 8]}, DataError, "row 4: no time"),
    ],
)
def test_what_cannot_be_forecast(change: dict[str, Any], error: type[Exception], says: str) -> None:
    rows = {"id": ["a"] * 8, "time": list(range(8)), "y": [1.0] * 8} | change
    columns = schema.Columns(id="id", time="time", target="y")
    with pytest.raises(error, match=says):
        forecasting.ask(table.of(rows), columns, Config(horizon=2))


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"past_covariates": ["y2"]}, "y2"),
        ({"candidates": ["etss"]}, "ets"), ({"frequency": "month"}, "plain numbers"),
        ({"frequency": "moth"}, "month"), ({"holidays": "Germany"}, "Germany"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(settings: dict[str, Any], says: str) -> None:
    rows = table.of({"id": ["a"] * 8, "time": list(range(8)), "y": [1.0] * 8})
    columns = schema.Columns(id="id", time="time", target="y")
    config = schema.build(Config, {"horizon": 2} | settings, where="settings")
    with pytest.raises(RecipeError, match=says):
        forecasting.ask(rows, columns, config)
    with pytest.raises(RecipeError, match="time"):
        forecasting.ask(rows, schema.Columns(id="id", target="y"), Config())


# --- fits -------------------------------------------------------------------------------------------------------------


def test_what_was_chosen_is_kept_for_the_fit_on_all_rows() -> None:
    p = spine.prepare(recipe(), table.of(panel()))
    trained = spine.train(p, {}, Ctx(0))
    config = trained.configs[0]
    assert set(config.settled) == {"series", "typical", "growth", "sizes"} and len(config.settled["series"]) == 4
    _, again = spine.fit(p, config, p.parts.dev, None, Ctx(0))
    assert again.facts["series"] == config.settled["series"] == trained.model.facts["series"]


def test_when_time_is_up_what_was_tried_is_used() -> None:
    p = spine.prepare(recipe(settings={"candidates": ["seasonal_naive", "theta", "ets"]}), table.of(panel()))
    made = spine.train(p, {}, Ctx(0, hear=lambda name, *_: "theta" in name)).model.facts
    tried = {n for own in made["series"].values() for n in own["weights"]}
    assert tried <= {"seasonal_naive", "theta"} and "theta" in tried | set(made["typical"]["weights"])


@pytest.mark.parametrize("model", ["linear", "lightgbm"])
def test_too_few_rows_for_a_model_of_lags_get_a_simple_one(model: str, tmp_path: Path) -> None:
    made, _ = ran(table.of(panel(20, 1)), tmp_path, settings={"model": model})
    assert not made.model.parts
    assert np.isfinite(spine.answer(made, next_months("2021-09-01", who="s0"))["value"].to_numpy()).all()


def test_the_ensemble_is_the_plain_mean(tmp_path: Path) -> None:
    made, _ = ran(
        table.of(panel()), tmp_path, settings={"model": "ensemble", "candidates": ["naive", "seasonal_naive"]}
    )
    single = [ran(table.of(panel()), tmp_path / m, settings={"model": m})[0] for m in ("naive", "seasonal_naive")]
    asked = next_months("2025-01-01", "2025-02-01")
    both = np.mean([spine.answer(s, asked)["value"].to_numpy() for s in single], axis=0)
    assert np.allclose(spine.answer(made, asked)["value"].to_numpy(), both)


def test_the_shipped_recipe_runs(tmp_path: Path) -> None:
    """On weekly sales of three products, small."""
    from pyarrow import csv

    rng, made = np.random.default_rng(0), []
    dates = np.datetime64("2023-01-02") + 7 * np.arange(110)
    for i in range(3):
        promotion = rng.random(110) < 0.2
        price = np.where(promotion, 8.0, 10.0)
        sales = (40 + 10 * i + 25 * promotion + 3 * rng.normal(size=110)).round()
        made.append(pa.table({"id": [i] * 110, "date": dates, "sales": sales, "price": price, "promotion": promotion}))
    csv.write_csv(pa.concat_tables(made), tmp_path / "sales.csv")
    path = Path(__file__).parents[2] / "recipes" / "q11_forecast.toml"
    small = ['settings.candidates=["naive2", "linear"]']
    loaded = schema.load(path, small, data=str(tmp_path / "sales.csv"))
    record = spine.run(loaded, tmp_path)
    assert record.get("evaluate.mae") < 8 and record.get("value.per_case") > record.get("value.as_forecast")
    assert spine.load(tmp_path / "bundle").features.facts["frequency"] == {"unit": "day", "every": 7, "phase": 4.0}


def test_scores_of_plain_answers_leave_intervals_out() -> None:
    plain = answers.make("number", value=np.array([1.0, 2.0]), low=np.array([0.0, 1.0]), high=np.array([2.0, 3.0]))
    assert [m.name for m in forecasting.score(plain, pa.table({"y": [1.0, 4.0]}))] == ["smape", "rmse", "mae", "r2"]
