"""Real tables, as a data scientist brings them: money worked out by hand, and plain scikit-learn as a yardstick."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mintmark as mm
from mintmark import api, spine
from mintmark.cli import main
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema

pytestmark = pytest.mark.slow

MODELS = ("logistic_regression", "random_forest", "lightgbm")
MONEY = {"true_positive": -5, "false_positive": -5, "false_negative": "-Amount"}
PREVALENCE = 0.00173


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long an answer takes is not asked here."""
    monkeypatch.setattr(api, "CALL_S", 0.05)


def recipe(data: Path, target: str, model: str, **more: Any) -> dict[str, Any]:
    made = {"version": 1, "task": "tabular_classification", "data": str(data), "target": target, "refit": False}
    return made | {"settings": {"model": model}} | more


def parts_of(made: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to choose on and the test rows of a recipe, as they were read."""
    parts = spine.prepare(schema.parse(made, where="recipe")).parts
    return parts.dev.raw.table().to_pandas(), parts.test.open().raw.table().to_pandas()


def plain(dev: pd.DataFrame, test: pd.DataFrame, target: str, positive: str, model: str) -> float:
    """ROC-AUC of what anyone would write in ten lines of scikit-learn."""
    from lightgbm import LGBMClassifier
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    kinds: dict[str, Any] = {
        "logistic_regression": LogisticRegression(max_iter=2000),
        "random_forest": RandomForestClassifier(200, random_state=0),
        "lightgbm": LGBMClassifier(verbose=-1, random_state=0),
    }
    numbers = make_column_selector(dtype_include="number")
    words = make_column_selector(dtype_exclude="number")
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )
    fitted = make_pipeline(prepare, kinds[model]).fit(dev.drop(columns=target), dev[target].astype(str) == positive)
    p = fitted.predict_proba(test.drop(columns=target))[:, 1]
    return float(roc_auc_score(test[target].astype(str) == positive, p))


@pytest.mark.parametrize("prevalence", [None, PREVALENCE])
def test_money_of_card_fraud_is_what_pandas_works_out_by_hand(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], prevalence: float | None
) -> None:
    payoff = MONEY if prevalence is None else MONEY | {"prevalence": prevalence}
    data = real_data / "fraud_creditcard" / "creditcard_sample.csv"
    made = recipe(data, "Class", "lightgbm", columns={"time": "Time"}, payoff=payoff)
    run = mm.run(made, out=tmp_path)
    said = run.measures
    assert said["evaluate.roc_auc"] >= 0.95
    assert said["value.per_case.low"] < said["value.per_case"] < said["value.per_case.high"]

    dev, test = parts_of(made)
    assert dev["Time"].max() < test["Time"].min()
    fraud, amount = test["Class"].to_numpy() == 1, test["Amount"].to_numpy()
    stopped = mm.load(run.bundle).predict(test.drop(columns="Class"))["decision"].to_numpy() == "1"
    weight = np.ones(len(test))
    if prevalence is not None:
        weight = np.where(fraud, prevalence / fraud.mean(), (1 - prevalence) / (1 - fraud.mean()))
    lost = np.where(fraud, -amount, 0.0)
    by_hand = {
        "per_case": np.where(stopped, -5.0, lost),
        "do_nothing": lost,
        "act_on_all": np.full(len(test), -5.0),
        "perfect": np.maximum(lost, -5.0),
        "acted": stopped.astype(float),
    }
    for name, money in by_hand.items():
        assert said[f"value.{name}"] == pytest.approx(np.average(money, weights=weight), rel=0, abs=1e-9), name
    assert said["value.per_case"] > max(said["value.do_nothing"], said["value.act_on_all"])

    assert main(["verify", str(run.bundle), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("folder", "file", "target", "positive"),
    [
        ("churn_telco", "Telco-Customer-Churn.csv", "Churn", "Yes"),
        ("credit_german", "german.csv", "class", "2"),
    ],
)
def test_no_model_is_far_below_a_plain_pipeline_on_the_same_rows(
    real_data: Path, model: str, folder: str, file: str, target: str, positive: str
) -> None:
    """Six splits, as one alone moves the difference of two forests on 200 rows by 0.02 either way."""
    behind = []
    for seed in range(6):
        made = recipe(real_data / folder / file, target, model, seed=seed)
        prepared, ctx = spine.prepare(schema.parse(made, where="recipe")), Ctx(seed)
        trained, test = spine.train(prepared, {}, ctx), prepared.parts.test.open()
        answers = spine.predict(prepared.task, trained.features, trained.model, test.questions, test.past)
        ours = {m.name: m.value for m in prepared.task.score(answers, test.truth.table())}["roc_auc"]
        frames = (part.raw.table().to_pandas() for part in (prepared.parts.dev, test))
        dev, later = (frame.drop(columns="customerID", errors="ignore") for frame in frames)
        behind.append(plain(dev, later, target, positive, model) - ours)
    assert np.mean(behind) <= 0.03, behind


def test_german_credit_is_decided_by_its_five_to_one_costs(real_data: Path, tmp_path: Path) -> None:
    data = real_data / "credit_german" / "german.csv"
    made = recipe(data, "class", "logistic_regression", payoff={"false_negative": -5, "false_positive": -1})
    run = mm.run(made, out=tmp_path)
    _, test = parts_of(made)
    answers = mm.load(run.bundle).predict(test.drop(columns="class"))
    bad, refused = test["class"].to_numpy() == 2, answers["decision"].to_numpy() == "2"
    assert run.measures["value.per_case"] == pytest.approx(np.mean(np.where(bad, -5.0 * ~refused, -1.0 * refused)))
    p = np.array([p["2"] for p in answers["probability"]])
    assert 0.05 < p[refused].min() < 0.35  # one in six, where 5 p = 1 - p, give or take what validation rows say
    assert p[~refused].max() <= p[refused].min()


def test_leukaemia_from_7129_genes_of_38_patients(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "genetics_golub"
    made = recipe(folder / "train.csv", "label", "logistic_regression", test=str(folder / "test.csv"))
    made["settings"] |= {"ignore": ["patient"]}
    run = mm.run(made, out=tmp_path)
    assert run.record.rows == {"all": 72, "dev": 38, "validated": 38, "test": 34}
    assert round(34 * (1 - run.measures["evaluate.accuracy"])) <= 3


def test_attacks_that_training_never_saw_count_as_wrong(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "anomaly_nsl_kdd"
    made = recipe(folder / "train.csv", "label", "logistic_regression", test=str(folder / "test.csv"))
    run = mm.run(made, out=tmp_path)
    train, test = pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "test.csv")
    unseen = ~test["label"].isin(train["label"].unique())
    assert 0.1 < unseen.mean() < 0.3
    answers = mm.load(run.bundle).predict(test.drop(columns="label"))
    right = answers["decision"].to_numpy() == test["label"].to_numpy()
    assert not right[unseen].any()
    assert run.measures["evaluate.accuracy"] == pytest.approx(right.mean(), abs=1e-12)
    assert 0.6 < right.mean() < 1 - unseen.mean()


def test_what_a_customer_sent_back_before_tells_of_the_next_invoice(real_data: Path, tmp_path: Path) -> None:
    lines = pd.read_csv(real_data / "segmentation_online_retail" / "online_retail_sample.csv", dtype={"InvoiceNo": str})
    invoices = lines.groupby("InvoiceNo", as_index=False).agg(
        time=("InvoiceDate", "min"), customer=("CustomerID", "first"), lines=("StockCode", "size"),
        price=("UnitPrice", "mean"),
    )  # fmt: skip
    invoices["sent_back"] = invoices["InvoiceNo"].str.startswith("C")
    invoices["time"] = pd.to_datetime(invoices["time"])
    frame = invoices.drop(columns="InvoiceNo").assign(customer=invoices["customer"].astype(str))
    made = recipe(Path("invoices.csv"), "sent_back", "lightgbm", columns={"time": "time", "entity": "customer"})
    run = mm.run(made | {"label_delay": "1 day"}, data=frame, out=tmp_path)
    assert run.record.split == "time"
    assert run.measures["evaluate.roc_auc"] > 0.6
    model, later = mm.load(run.bundle), frame.tail(200).assign(time=frame["time"].max() + pd.Timedelta(days=2))
    known, stranger = model.predict(later), model.predict(later.assign(customer="nobody"))
    p, q = (np.array([one["true"] for one in answers["probability"]]) for answers in (known, stranger))
    assert (np.abs(p - q) > 1e-6).mean() > 0.5
    alone = model.predict(later.iloc[[7]])["probability"].iloc[0]["true"]
    assert alone == pytest.approx(p[7], abs=1e-9)
