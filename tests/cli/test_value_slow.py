"""The shipped file of assumptions for the fraud model, on a real run of the real payments."""

import json
from pathlib import Path

import pytest

import mintmark as mm
from mintmark import api, cli

pytestmark = pytest.mark.slow
RECIPES = Path(__file__).parents[2] / "recipes"


def test_the_fraud_model_is_worth_what_its_run_measured(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "CALL_S", 0.05)
    data = real_data / "fraud_creditcard" / "creditcard_sample.csv"
    run = mm.run(RECIPES / "q23_fraud_detection.toml", data=data, budget="4 trials", out=tmp_path)
    capsys.readouterr()
    words = [str(run.folder), "--assumptions", str(RECIPES / "q02_value.toml"), "--json"]
    assert cli.main(["value", *words]) == 0
    made = json.loads(capsys.readouterr().out)
    gain = run.measures["value.per_case"] - max(run.measures["value.do_nothing"], run.measures["value.act_on_all"])
    line = {x["name"]: x for x in made["lines"]}
    assert line["accuracy.per_case"]["mean"] == pytest.approx(gain)
    cost = run.measures["cost.per_1k_predictions"]
    assert line["costs.per_1k_predictions"]["mean"] == pytest.approx(0.92 * cost), "USD in EUR"
    assert made["npv"]["mean_se"] < 0.01 * made["npv"]["sd"] and made["samples"] == 100_000
    assert made["row"]["value"] >= 0 and made["point"]["value"] > 0
