"""What a run leaves for readers, for every kind of answer and odd tests: a page in both languages, small figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_report import page, text_of

import mintmark as mm
from mintmark import report, reporting, tasks

RNG = np.random.default_rng(0)
N = 240


def rows(classes: int = 2) -> pd.DataFrame:
    x = RNG.normal(size=N)
    y = np.clip(np.floor((x + RNG.normal(0, 0.5, N)) * 1.2 + classes / 2), 0, classes - 1).astype(int)
    return pd.DataFrame({"x": x, "shop": RNG.choice(["a", "<b>", "中"], N), "paid": RNG.uniform(1, 9, N), "target": y})


def unseen(test: bool) -> pd.DataFrame:
    """A test of one class alone, and of one that training never saw."""
    made = rows(3)
    return made[made.target == 2].head(40) if test else made[made.target < 2]


def series(dated: bool) -> pd.DataFrame:
    at = np.arange(60)
    y = 20 + 5 * np.sin(at / 2) + RNG.normal(0, 1, 60)
    return pd.DataFrame({"time": pd.date_range("2026-01-01", periods=60) if dated else at, "target": y})


TREE = {"settings": {"model": "decision_tree"}}
CELLS = {"currency": "CNY", "true_positive": -1, "false_positive": -1, "false_negative": "-paid"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "two classes without money": ("tabular_classification", TREE),
    "two classes, amounts of the row": ("tabular_classification", {**TREE, "payoff": CELLS}),
    "two classes, a capacity": ("tabular_classification", {"settings": {"model": "logistic_regression"},
                                "payoff": CELLS | {"false_negative": -9, "capacity": 0.1, "prevalence": 0.05}}),
    "five classes": ("tabular_classification", TREE | {"with": ["explain"]}),
    "more decisions than classes": ("tabular_classification", {"settings": {"model": "lightgbm", "n_estimators": 5},
                                    "payoff": {"matrix": {"wait": {"1": -5}, "call": {"0": -1, "1": -1},
                                                          "send": {"0": -2}}}}),
    "numbers": ("tabular_regression", {"settings": {"model": "linear_regression"}}),
    "amounts": ("tabular_regression", {"settings": {"model": "lightgbm", "n_estimators": 5},
                                       "payoff": {"over": -1, "under": -4}}),
    "one series of steps": ("forecasting", {"settings": {"horizon": 3, "season": 6, "model": "naive"}}),
    "one series of days": ("forecasting", {"settings": {"horizon": 3, "model": "seasonal_naive"}}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_answer_has_a_page(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    monkeypatch.setenv("LANGUAGE", "en")
    task, more = CASES[case]
    if task == "forecasting":
        data = series("days" in case)
    elif task == "tabular_regression":
        data = rows().drop(columns="target").rename(columns={"paid": "target"})
    else:
        data = rows(5 if "five" in case else 2)
    recipe = {"task": task, "target": "target", "columns": {"time": "time"} if task == "forecasting" else {}} | more
    run = mm.run(recipe, data=data, out=tmp_path)
    kept = report.Figures.load(run.folder / report.NAME, run.id)
    assert kept.rows == run.record.rows["test"] and (run.folder / report.NAME).stat().st_size < 120_000
    said = text_of(page(run.report))
    assert "Where it comes from" in said and said.count("test rows that no choice had seen") == 1
    chinese = text_of(page(reporting.again(run.folder, tmp_path / "zh.html", "zh")))
    assert "来源" in chinese and "test rows that no choice" not in chinese
    assert bool(kept.value) == (case.startswith("two") and "without" not in case)
    assert bool(kept.tree) == (more is TREE or "tree" in str(more))
    assert bool(kept.forecasts) == bool(kept.steps) == (task == "forecasting")
    assert bool(kept.contributions) == ("lightgbm" in str(more) or "regression" in str(more["settings"]["model"]))
    if "payoff" in more:
        cells = kept.confusion.get("money")
        assert cells is None or np.sum(cells) == pytest.approx(run.measures["value.per_case"])


def test_a_test_of_classes_that_training_never_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    unseen(False).to_csv(tmp_path / "data.csv", index=False)
    unseen(True).to_csv(tmp_path / "test.csv", index=False)
    recipe = {"task": "tabular_classification", "target": "target", "test": str(tmp_path / "test.csv"), **TREE}
    run = mm.run(recipe, data=str(tmp_path / "data.csv"), out=tmp_path / "runs")
    kept = report.Figures.load(run.folder / report.NAME, run.id)
    assert kept.confusion["unseen"] == len(unseen(True)) and kept.roc == []
    page(run.report)


def test_private_columns_are_in_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    task = tasks.get("tabular_classification")
    frame = task.example(np.random.default_rng(0)).table().to_pandas()
    run = mm.run(
        {"task": "tabular_classification", **task.starter, **{"settings": {"model": "decision_tree"}}},
        data=frame,
        out=tmp_path,
    )
    text = (run.folder / report.NAME).read_text(encoding="utf-8") + run.report.read_text(encoding="utf-8")
    assert "C07" in set(frame["customer"]) and "C07" not in text
