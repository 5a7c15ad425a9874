"""Compare: the same rows, the difference row by row, and no test row opened."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mintmark as mm
from mintmark import api, cli
from mintmark.base.errors import RecipeError
from mintmark.data import part

PAYOFF = {"true_positive": "amount - 2", "false_positive": -2, "false_negative": "-amount"}


def frame(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 3))
    y = rng.random(n) < 1 / (1 + np.exp(-3 * x[:, 0]))
    return pd.DataFrame(x, columns=["a", "b", "c"]).assign(amount=np.abs(x[:, 2]) * 10 + 1, y=y)


def recipe(**more: Any) -> dict[str, Any]:
    settings = {"model": "lightgbm", "n_estimators": 20} | more.pop("settings", {})
    return {"task": "tabular_classification", "target": "y", "settings": settings, **more}


def test_a_worse_one_is_told_by_its_interval_and_the_test_rows_stay_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(self: Any) -> Any:
        raise AssertionError("a test row was opened")

    monkeypatch.setattr(part.Sealed, "open", opened)
    same, again, blind = api.compare(
        [recipe(payoff=PAYOFF), recipe(payoff=PAYOFF), recipe(payoff=PAYOFF, settings={"ignore": ["a"]})],
        data=frame(2000),
    )
    assert same["more"] == 0
    assert [again[n] for n in ("more", "low", "high")] == pytest.approx([0, 0, 0], abs=1e-6)  # but for time predicting
    assert blind["name"] == "value.per_case" and blind["low"] <= blind["more"] <= blind["high"] < 0
    assert blind["more"] == pytest.approx(blind["value"] - same["value"])


def test_without_money_the_measure_of_the_task_is_drawn_again() -> None:
    first, blind = api.compare([recipe(), recipe(settings={"ignore": ["a"]})], data=frame())
    assert first["name"] == blind["name"] and blind["low"] is not None
    worse = (blind["low"], blind["high"]) if first["better"] == "up" else (-blind["high"], -blind["low"])
    assert worse[1] < 0 and worse[0] <= worse[1]


def test_a_number_is_compared_by_its_error() -> None:
    data = frame().assign(y=lambda f: 3 * f["a"] + f["b"])
    plain = {"task": "tabular_regression", "target": "y", "settings": {"model": "linear_regression"}}
    first, blind = api.compare(
        [plain, plain | {"settings": {"model": "linear_regression", "ignore": ["a"]}}], data=data
    )
    assert first["name"] == "rmse" and blind["value"] > first["value"] and blind["low"] > 0


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"seed": 1}, "validation rows"),
        ({"payoff": PAYOFF}, "payoff"),
        ({"settings": {"model": "lightgbm"}, "folds": 3}, "validation rows"),
    ],
)
def test_what_cannot_be_compared_is_refused(other: dict[str, Any], what: str) -> None:
    with pytest.raises(RecipeError, match=what):
        api.compare([recipe(), recipe(**other)], data=frame())


def test_folds_cross_validate_and_say_how_far_they_differ(tmp_path: Path) -> None:
    run = mm.run(recipe(folds=4), data=frame(), out=tmp_path)
    first = next(m for m in run.record.measures if m.name.startswith("valid."))
    spread = run.record.get(f"{first.name}.spread")
    assert "4 validation parts" in first.source and 0 < spread < 0.2
    assert run.record.rows["validated"] == run.record.rows["dev"]


def test_the_command_line_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame(200).to_csv(tmp_path / "rows.csv", index=False)
    for name, model in (("a", "logistic_regression"), ("b", "decision_tree")):
        text = f'task = "tabular_classification"\ndata = "rows.csv"\ntarget = "y"\n[settings]\nmodel = "{model}"\n'
        (tmp_path / f"{name}.toml").write_text(text)
    words = ["run", str(tmp_path / "a.toml"), str(tmp_path / "b.toml"), "--out", str(tmp_path / "runs")]
    assert cli.main([*words, "--compare"]) == 0
    said = capsys.readouterr().out
    assert "to the first" in said and "b.toml" in said and not (tmp_path / "runs").exists()
    assert cli.main(words) == 2
