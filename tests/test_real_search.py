"""The shipped recipes of questions 6, 12, 22 and 23 on their real tables, and a real search killed again and again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mintmark as mm
from mintmark import api

pytestmark = pytest.mark.slow
RECIPES = Path(__file__).parents[1] / "recipes"
FRAUD = Path("fraud_creditcard") / "creditcard_sample.csv"


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an answer takes is not asked here."""
    monkeypatch.setattr(api, "CALL_S", 0.05)


def test_fraud_is_sought_by_money_at_its_true_share(real_data: Path, tmp_path: Path) -> None:
    run = mm.run(RECIPES / "q23_fraud_detection.toml", data=real_data / FRAUD, budget="60 s", out=tmp_path)
    got = run.measures
    assert got["value.per_case"] > max(got["value.do_nothing"], got["value.act_on_all"])
    assert got["evaluate.roc_auc"] > 0.95 and got["collect.wall"] + got["train.wall"] < 63
    assert {t["name"] for t in run.record.trials if "value" in t} == {"value.per_case"}
    test = pd.read_csv(real_data / FRAUD).sort_values("Time").tail(200)
    decided = mm.load(run.bundle).predict(test.drop(columns="Class"))["decision"]
    assert set(decided) <= {"0", "1"}


def test_ways_of_balancing_stand_side_by_side(real_data: Path, tmp_path: Path) -> None:
    run = mm.run(RECIPES / "q12_imbalance.toml", data=real_data / FRAUD, out=tmp_path)
    ways = {t["with"][0]: t for t in run.record.trials if t["origin"] != "blend"}
    assert set(ways) == {f"balance:{w}" for w in ("none", "weights", "payoff", "over", "under", "smote")}
    assert all({"average_precision", "savings", "emp_churn"} <= t["measures"].keys() for t in ways.values())
    assert max(t["weight"] for t in ways.values()) > 0
    # odds that sampling shifted are restored: probabilities of the chosen way come true as often as they say
    assert run.measures["evaluate.log_loss"] < 0.12
    page = run.report.read_text(encoding="utf-8")
    assert all(f"balance: {w}" in page for w in ("none", "weights", "over", "under", "smote"))


def test_german_credit_earns_more_than_taking_all(real_data: Path, tmp_path: Path) -> None:
    run = mm.run(RECIPES / "q22_risk_control.toml", data=real_data / "credit_german" / "german.csv", out=tmp_path)
    got = run.measures
    assert got["value.per_case"] > max(got["value.do_nothing"], got["value.act_on_all"]) and got["serve.p99"] < 0.5


def test_churn_is_analysed(real_data: Path, tmp_path: Path) -> None:
    data = real_data / "churn_telco" / "Telco-Customer-Churn.csv"
    run = mm.run(RECIPES / "q06_analytics.toml", data=data, budget="60 s", out=tmp_path)
    got = run.measures
    assert got["value.per_case"] > max(got["value.do_nothing"], got["value.act_on_all"], 0)
    assert got["evaluate.roc_auc"] > 0.82
    leans = {n.removeprefix("explain."): v for n, v in got.items() if n.startswith("explain.")}
    assert {"Contract", "tenure"} & set(sorted(leans, key=leans.__getitem__)[-6:])
    curve = [(t["rows"], t["share"]) for t in run.record.trials if "value" in t]
    assert curve and all(rows > 0 for rows, _ in curve)


def invoices(data: Path) -> pd.DataFrame:
    """Will the customer buy again within 60 days? A row an invoice, of those whose 60 days are over."""
    lines = pd.read_csv(data / "segmentation_online_retail" / "online_retail_sample.csv", dtype={"InvoiceNo": str})
    lines["time"] = pd.to_datetime(lines["InvoiceDate"])
    lines["spent"] = lines["Quantity"] * lines["UnitPrice"]
    made = lines[lines["Quantity"] > 0].groupby(["CustomerID", "time"], as_index=False)
    made = made.agg(spent=("spent", "sum"), lines=("StockCode", "size"), country=("Country", "first"))
    made = made.sort_values("time").rename(columns={"CustomerID": "customer"})
    after = made.groupby("customer")["time"].shift(-1) - made["time"]
    made["again"] = after <= pd.Timedelta(days=60)
    done = made["time"] <= made["time"].max() - pd.Timedelta(days=60)
    return made[done].assign(customer=lambda f: f["customer"].astype(int).astype(str)).reset_index(drop=True)


def test_the_history_of_a_shops_customers_helps_and_is_served_as_it_was_learnt(real_data: Path, tmp_path: Path) -> None:
    frame = invoices(real_data)
    recipe: dict[str, Any] = {
        "task": "tabular_classification", "target": "again", "label_delay": "60 days", "refit": False,
        "columns": {"time": "time", "entity": "customer"},
        "settings": {"model": "lightgbm", "windows": ["14 days", "30 days", "90 days"]},
    }  # fmt: skip
    run = mm.run(recipe, data=frame, out=tmp_path)
    blind = mm.run(recipe | {"settings": {"model": "lightgbm", "history": 0}}, data=frame, out=tmp_path)
    assert run.measures["evaluate.roc_auc"] > blind.measures["evaluate.roc_auc"] + 0.02
    later = frame.tail(120)
    first, second = later.head(60), later.tail(60)
    earlier = mm.run(recipe, data=frame.iloc[:-120], out=tmp_path)
    wanted = served(earlier.bundle, first, second)
    assert wanted["one by one"] == wanted["library"]


def served(bundle: Path, events: pd.DataFrame, asked: pd.DataFrame) -> dict[str, Any]:
    """Answers to questions after some events: by the server, each event by itself, and by the library at once."""
    import pyarrow as pa
    from fastapi.testclient import TestClient

    from mintmark import serving, spine
    from mintmark.data import source
    from mintmark.numerics import answers

    loaded = spine.load(bundle)
    questions = asked.drop(columns="again")
    library = spine.answer(loaded, source.from_frame(questions), source.from_frame(pa.Table.from_pandas(events)))
    with TestClient(serving.make_app({"m": loaded})) as client:
        for row in json.loads(events.to_json(orient="records", date_format="iso")):
            got = client.post("/v1/models/m/events", json={"row": {k: v for k, v in row.items()}})
            assert got.status_code == 200, got.text
        rows = json.loads(questions.to_json(orient="records", date_format="iso"))
        said = client.post("/v1/models/m/predict", json={"rows": rows})
        assert said.status_code == 200, said.text
    return {"one by one": said.json()["answers"], "library": answers.to_json(library)}


def test_a_search_that_is_killed_again_and_again_loses_no_finished_trial(real_data: Path, tmp_path: Path) -> None:
    words = [str(Path(sys.executable).with_name("mintmark")), "run", str(RECIPES / "q22_risk_control.toml")]
    words += ["--data", str(real_data / "credit_german" / "german.csv"), "--budget", "9 trials", "--json"]
    words += ["--set", "settings.model=auto", "--set", "settings.n_estimators=60", "--out", str(tmp_path)]
    seen: set[str] = set()
    for after in (1, 3, 5):  # trials that are done when the kill comes
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 120
        while len(done(tmp_path)) < after and process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert seen <= done(tmp_path), "a finished trial was lost"
        seen = done(tmp_path)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("done-*.json")}
    whole = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert whole.returncode == 0, whole.stderr[-2000:]
    trials = [t for t in json.loads(whole.stdout)["trials"] if t["origin"] != "blend"]
    assert len(trials) == 9 and len(stamps) >= 5
    again = subprocess.run([*words[:-1], str(tmp_path / "other")], capture_output=True, text=True, timeout=300)
    calm = [t for t in json.loads(again.stdout)["trials"] if t["origin"] != "blend"] if again.returncode == 0 else []
    choice = [(t["settings"], round(t["value"], 9), t["weight"]) for t in trials if "value" in t]
    assert choice == [(t["settings"], round(t["value"], 9), t["weight"]) for t in calm if "value" in t]


def test_ctrl_c_packs_the_best_so_far(real_data: Path, tmp_path: Path) -> None:
    words = [str(Path(sys.executable).with_name("mintmark")), "run", str(RECIPES / "q22_risk_control.toml")]
    words += ["--data", str(real_data / "credit_german" / "german.csv"), "--budget", "100 s", "--json"]
    words += ["--set", "settings.model=auto", "--out", str(tmp_path)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, text=True
    )
    while len(done(tmp_path)) < 3 and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 130 and any(n.startswith("interrupted") for n in said["notes"])
    assert mm.load(said["bundle"]).facts["task"] == "tabular_classification"


def done(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("done-*.json")}


def test_planted_leaks_speak_on_real_rows(real_data: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(real_data / "credit_german" / "german.csv")
    rng = np.random.default_rng(0)
    planted = frame.assign(
        outcome=np.where(frame["class"] == 2, "lost", "kept"),
        written_off=np.where(frame["class"] == 2, rng.uniform(100, 900, len(frame)).round(2), np.nan),
        loan_id=rng.permutation(10_000)[: len(frame)],
    )
    recipe = {"task": "tabular_classification", "target": "class", "settings": {"model": "logistic_regression"}}
    notes = " ".join(n for n in mm.run(recipe, data=planted, out=tmp_path).record.notes if n.startswith("leak?"))
    assert all(f"'{name}'" in notes for name in ("outcome", "written_off", "loan_id"))
    clean = mm.run(recipe, data=frame, out=tmp_path).record.notes
    assert not [n for n in clean if n.startswith("leak?")]
