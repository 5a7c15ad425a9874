"""The shipped recipes on tables run small, on made-up rows of the same columns: as they are but for the time to fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mintmark as mm
from mintmark import api

RECIPES = Path(__file__).parents[1] / "recipes"
N = 260


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an answer takes is not asked here."""
    monkeypatch.setattr(api, "CALL_S", 0.05)


def payments(rng: np.random.Generator) -> pd.DataFrame:
    made = pd.DataFrame(rng.normal(size=(N, 28)), columns=[f"V{i}" for i in range(1, 29)])
    made.insert(0, "Time", np.arange(N) * 60)
    made["Amount"] = rng.lognormal(3, 1, N).round(2)
    return made.assign(Class=(made["V1"] + made["V2"] + rng.normal(0, 0.5, N) > 1.2).astype(int))


def customers(rng: np.random.Generator) -> pd.DataFrame:
    months, charge = rng.integers(0, 72, N), rng.uniform(20, 120, N).round(2)
    made = pd.DataFrame({"customerID": [f"{i:04d}-ABCDE" for i in range(N)], "tenure": months})
    made["Contract"] = rng.choice(["Month-to-month", "One year", "Two year"], N)
    made["MonthlyCharges"] = charge
    made["TotalCharges"] = [" " if m == 0 else str(round(m * c, 2)) for m, c in zip(months, charge, strict=True)]
    leaves = rng.random(N) < 0.1 + 0.5 * (made["Contract"] == "Month-to-month") * (months < 30)
    return made.assign(Churn=np.where(leaves, "Yes", "No"))


def loans(rng: np.random.Generator) -> pd.DataFrame:
    made = pd.DataFrame({"checking": rng.choice(["A11", "A12", "A14"], N), "duration": rng.integers(4, 72, N)})
    made["amount"], made["age"] = rng.integers(250, 18000, N), rng.integers(19, 75, N)
    made["history"] = rng.choice(["A30", "A32", "A34"], N)
    bad = rng.random(N) < 0.15 + 0.4 * (made["checking"] == "A11") + 0.004 * made["duration"]
    return made.assign(**{"class": np.where(bad, 2, 1)})


DATA: dict[str, Any] = {
    "q06_analytics": customers, "q12_imbalance": payments, "q22_risk_control": loans, "q23_fraud_detection": payments,
    "q06_regression": None,
}  # fmt: skip
SMALL = ["settings.n_estimators=10"]


@pytest.mark.parametrize("name", DATA)
def test_a_recipe_runs_small_and_its_bundle_answers(name: str, tmp_path: Path) -> None:
    make = DATA[name]
    frame = make(np.random.default_rng(5)) if make else None
    budget = {"q12_imbalance": None, "q22_risk_control": None}.get(name, "3 trials")
    run = mm.run(RECIPES / f"{name}.toml", data=frame, sets=SMALL, budget=budget, out=tmp_path)
    if frame is None:
        assert run.measures["evaluate.rmse"] < 80 and run.measures["valid.rmse.spread"] > 0
        return
    got = run.measures
    assert got["value.per_case"] <= got["value.perfect"] and got["evaluate.roc_auc"] > 0.5
    assert run.record.trials or name == "q22_risk_control"
    made = mm.load(run.bundle).predict(frame.head(3))
    classes = {str(c) for c in frame[run.record.recipe["target"]]}
    assert len(made) == 3 and set(made["decision"]) <= classes
