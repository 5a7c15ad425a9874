"""What a server says of outcomes is what `mintmark value` reads: realised money takes the place of assumed money."""

import json
from pathlib import Path

import numpy as np
import pytest
import risky

from mintmark import business
from mintmark.base.errors import DataError
from mintmark.base.record import Measured, RunRecord
from mintmark.serving import outcomes
from mintmark.serving.monitor import Rules
from mintmark.serving.watching import Watching

PLAN = {"currency": "USD", "plan": {"years": 1, "discount": 0.0}, "cases": {"per_year": 100}}


def record(folder: Path) -> Path:
    made = RunRecord("r1", "tabular_classification", "", "", rows={"dev": 900})
    values = {"value.per_case": -3.0, "value.per_case.low": -3.5, "value.per_case.high": -2.5, "value.do_nothing": -9.0}
    made.add(*(Measured(n, v, "USD", "up") for n, v in values.items()))
    made.save(folder / "record.json")
    return folder


def said(folder: Path, watching: Watching) -> Path:
    path = folder / "realised.json"
    path.write_text(json.dumps(watching.figures("m")), encoding="utf-8")
    return path


def test_realised_value_comes_from_the_server(tmp_path: Path) -> None:
    w = Watching({"m": risky.model("m")}, Rules(), None)
    table = risky.rows(300, seed=2)
    risky.asked(w, "m", "r", table)
    empty = business.value(PLAN, record(tmp_path), said(tmp_path, w), samples=1000)
    assert empty["realised"] is None and "No outcome is known yet" in empty["notes"][0]["said"]
    what = [{"request": "r", "row": i, "outcome": o} for i, o in enumerate(risky.happened(table)) if i % 3]
    w.take("m", outcomes.parse(what))
    figures = w.figures("m")
    real = figures["weighted"] or figures["realised"]
    made = business.value(PLAN, tmp_path, said(tmp_path, w), samples=4000)
    line = {x["name"]: x for x in made["lines"]}["accuracy.per_case"]
    assert line["how"] == "realised" and line["mean"] == pytest.approx(real["per_case"] + 9)
    assert made["realised"]["promised"] == risky.PROMISE["per_case"] and made["realised"]["rows"] == len(what)
    assert abs(made["npv"]["mean"] - 100 * (real["per_case"] + 9)) < 4 * made["npv"]["mean_se"]
    width = (real["high"] - real["low"]) / (2 * 1.95996)
    assert made["npv"]["sd"] == pytest.approx(100 * width, rel=0.05)
    assert np.isfinite(made["npv"]["worst"])


def test_a_server_without_a_payoff_says_no_money(tmp_path: Path) -> None:
    w = Watching({"m": risky.model("m", risky.loaded(None, promise=None))}, Rules(), None)
    risky.asked(w, "m", "r", risky.rows(4))
    with pytest.raises(DataError, match="no payoff"):
        business.value(PLAN, record(tmp_path), said(tmp_path, w), samples=1000)
