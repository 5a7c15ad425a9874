"""The library: recipes and data of any kind in, answers as the same kind of frame out."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mintmark as mm
from mintmark import tasks
from mintmark.base.errors import BudgetError, DataError

RECIPE = {
    "task": "tabular_classification",
    "target": "target",
    "columns": {"time": "time"},
    "settings": {"model": "logistic_regression", "positive": "fraud"},
    "payoff": {"true_positive": -5, "false_positive": -5, "false_negative": "-amount"},
}


@pytest.fixture(scope="module")
def table() -> Any:
    return tasks.get("tabular_classification").example(np.random.default_rng(3)).table()


@pytest.fixture(scope="module")
def run(table: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintmark.api.CALL_S", 0.01)
        return mm.run(RECIPE, data=pl.from_arrow(table), out=tmp_path_factory.mktemp("runs"))


def test_frames_come_back_in_kind_with_the_same_answers(run: Any, table: Any) -> None:
    import pandas as pd
    import pyarrow as pa

    model = mm.load(run.bundle)
    frame = table.to_pandas().set_index(np.arange(1000, 1000 + len(table)))
    from_pandas, from_polars, from_arrow = (model.predict(f) for f in (frame, pl.from_arrow(table), table))
    assert isinstance(from_pandas, pd.DataFrame) and from_pandas.index.equals(frame.index)
    assert isinstance(from_polars, pl.DataFrame) and isinstance(from_arrow, pa.Table)
    decisions = from_arrow["decision"].to_pylist()
    assert from_pandas["decision"].tolist() == decisions == from_polars["decision"].to_list()


def test_a_frame_and_a_file_are_one_data_set(run: Any, table: Any, tmp_path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, tmp_path / "t.parquet")
    from mintmark import spine
    from mintmark.recipe import schema

    p = spine.prepare(schema.parse(RECIPE | {"data": "t.parquet"}, "r", folder=tmp_path))
    assert p.record.data_hash == run.record.data_hash


def test_the_record_says_how_each_figure_came_about(run: Any) -> None:
    for m in run.record.measures:
        assert m.unit and m.how in ("measured", "estimated") and np.isfinite(m.value), m
        if m.name.startswith(("cost.", "serve.", "train.")):
            assert m.source, m
    assert run.measures["value.do_nothing"] <= run.measures["value.perfect"]
    assert run.measures["value.per_case.low"] <= run.measures["value.per_case"] <= run.measures["value.per_case.high"]


def test_progress_is_heard(table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    heard: list[str] = []

    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        heard.append(name)
        return False

    mm.run({**RECIPE, "settings": {"n_estimators": 5}, "payoff": None}, data=table, out=tmp_path, hear=hear)
    assert "log_loss" in heard


def test_a_budget_ends_the_fit_and_one_of_nothing_is_an_error(
    table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    slow = {**RECIPE, "settings": {"model": "random_forest", "n_estimators": 100_000}}
    made = mm.run(slow, data=table, out=tmp_path, budget="2 s")
    assert made.measures["evaluate.roc_auc"] > 0.5
    with pytest.raises(BudgetError):
        mm.run(RECIPE, data=table, out=tmp_path, budget="0.000001 s")


def test_a_frame_without_a_column_is_told(run: Any, table: Any) -> None:
    with pytest.raises(DataError, match="no column 'amount'"):
        mm.load(run.bundle).predict(table.drop_columns(["amount"]))
