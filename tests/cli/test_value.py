"""mintmark value: from a run and a file of assumptions to figures, tables and a page, in either language."""

import csv
import json
import shutil
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli

RECIPES = Path(__file__).parents[2] / "recipes"
OUTCOMES = {
    "currency": "EUR", "decisions": 50, "realised": {"per_case": -1.0, "low": -1.4, "high": -0.6, "rows": 40},
    "promised": {"per_case": -0.8}, "weighted": None, "since": "2026-10-01T00:00:00+00:00", "notes": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small run with a payoff."""
    import numpy as np
    import pandas as pd

    folder, rng = tmp_path_factory.mktemp("valued"), np.random.default_rng(1)
    made = pd.DataFrame(rng.normal(size=(240, 4)), columns=["V1", "V2", "V3", "V4"])
    made["Amount"] = rng.lognormal(3, 1, 240).round(2)
    made.assign(Class=(made["V1"] + rng.normal(0, 0.5, 240) > 1).astype(int)).to_csv(folder / "pay.csv", index=False)
    text = (RECIPES / "q23_fraud_detection.toml").read_text(encoding="utf-8").replace("creditcard_sample", "pay")
    (folder / "r.toml").write_text(text.replace('time = "Time"', "").replace('budget  = "3 min"', ""), encoding="utf-8")
    sets = ["--set", "settings.model=logistic_regression", "--set", "settings.clusters=0"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintmark.api.CALL_S", 0.01)
        assert cli.main(["run", str(folder / "r.toml"), *sets, "--out", str(folder / "runs")]) == 0
    return next((folder / "runs").glob("*"))


@pytest.fixture
def server() -> Iterator[str]:
    """Says what a server says of outcomes, to those who have the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("x-api-key") == "k"
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write(json.dumps(OUTCOMES if known else {"error": {}}).encode())

        def log_message(self, *_: Any) -> None: ...

    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}/v1/models/m/outcomes"
    made.shutdown()
    made.server_close()


def said(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    capsys.readouterr()
    assert cli.main(["value", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


SMALL = ["--samples", "2000"]
PLAN = ["--assumptions", str(RECIPES / "q02_value.toml"), *SMALL]


def test_the_shipped_recipe_of_the_fraud_model(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / f"{name}.csv" for name in ("csv", "focus")}
    made = said([str(run), *PLAN, *(w for n, p in files.items() for w in (f"--{n}", str(p)))], capsys)
    assert made["run"] == run.name and made["page"] == str(run / "value.html") and Path(made["page"]).exists()
    how = {line["name"]: line["how"] for line in made["lines"]}
    assert how["accuracy.per_case"] == "measured" and how["cases.per_year"] == "assumed"
    assert how["costs.per_1k_predictions"] == "estimated"
    assert {p["name"] for p in made["parts"]} >= {"accuracy", "automation", "market", "labour", "revenue", "build"}
    assert made["point"]["value"] > 0 and made["row"]["value"] > 0 and made["break_even"]["per_case"] > 0
    assert made["experiment"]["users"] > 1000 and made["measures"]["npv.p50"]["unit"] == "EUR"
    rows = list(csv.DictReader(files["focus"].open(encoding="utf-8")))
    assert {r["x_IsForecast"] for r in rows} == {"true"} and {r["BillingCurrency"] for r in rows} == {"EUR"}
    costs = [
        sum(y["parts"].get(n, 0) for n in ("build", "training", "predictions", "running")) for y in made["by_year"]
    ]
    assert sum(float(r["BilledCost"]) for r in rows) == pytest.approx(-sum(costs))
    table = {r["name"]: r for r in csv.DictReader(files["csv"].open(encoding="utf-8"))}
    assert float(table["npv.mean"]["value"]) == made["npv"]["mean"]


def test_tables_for_people_in_both_languages(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    assert cli.main(["value", str(run), *PLAN, "--out", str(tmp_path / "en.html")]) == 0
    english = capsys.readouterr().out
    assert cli.main(["value", str(run), *PLAN, "--out", str(tmp_path / "zh.html"), "--lang", "zh"]) == 0
    chinese = capsys.readouterr().out
    for text in ("net present value", "standard error", "chance of a loss", "one more point of accuracy", "measured"):
        assert text in english and text not in chinese
    for text in ("净现值", "标准误", "亏损概率", "实测", "假设"):
        assert text in chinese
    assert english.count("\n") == chinese.count("\n") > 60


def test_what_was_realised_is_asked_of_the_server(
    run: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ["--out", str(tmp_path / "v.html")]
    refused = said([str(run), *PLAN, *page, "--realised", server], capsys, code=3)
    assert "401" in refused["error"]["what"] and "MINTMARK_API_KEY" in refused["error"]["try"]
    monkeypatch.setenv("MINTMARK_API_KEY", "k")
    made = said([str(run), *PLAN, *page, "--realised", server], capsys)
    assert made["realised"]["per_case"] == -1
    assert {line["name"]: line["how"] for line in made["lines"]}["accuracy.per_case"] == "realised"
    (tmp_path / "real.json").write_text(json.dumps(OUTCOMES), encoding="utf-8")
    same = said([str(run), *PLAN, *page, "--realised", str(tmp_path / "real.json")], capsys)
    assert same["npv"] == made["npv"]


def test_a_file_of_ones_own_without_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["new", "value", "--out", str(tmp_path)]) == 0
    path = tmp_path / "value.toml"
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["kind"] == "value"
    assert cli.main(["new", "value", "--out", str(tmp_path)]) == 2, "never over one that is there"
    refused = said(["--assumptions", str(path), *SMALL], capsys, code=2)
    assert refused["error"]["where"].endswith("accuracy.per_case") and "there is no run" in refused["error"]["what"]
    path.write_text(text.replace("# per_case =", "per_case ="), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made = said(SMALL, capsys)
    assert made["run"] == "" and Path(made["page"]).exists() and made["npv"]["p10"] < made["npv"]["p90"]


def test_all_that_the_starter_shows_is_right(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its commented lines are taken in as well, but for the currency and the data of a test."""
    assert cli.main(["new", "value", "--out", str(tmp_path)]) == 0
    lines = (tmp_path / "value.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index('kind = "value"')
    shown = [x[2:] if x.startswith("# ") and ("=" in x or x.startswith("# [")) else x for x in lines[start:]]
    shown = [x for x in shown if not x.startswith("data =")]
    text = "\n".join(shown).replace('currency = "USD"', 'currency = "USD" #')
    (tmp_path / "all.toml").write_text(text, encoding="utf-8")
    made = said(
        [str(run), "--assumptions", str(tmp_path / "all.toml"), "--out", str(tmp_path / "v.html"), *SMALL], capsys
    )
    assert len(made["parts"]) == 9 and made["experiment"]


def test_a_run_that_is_none(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = said([str(tmp_path), *PLAN], capsys, code=3)
    assert "no run lies here" in refused["error"]["what"]
    near = said([run.name[:-1] + "9", *PLAN], capsys, code=3)
    assert run.name in near["error"]["try"]
    copy = shutil.copytree(run, tmp_path / "bad", ignore=shutil.ignore_patterns("bundle"))
    (copy / "record.json").write_text("{", encoding="utf-8")
    assert "is no record of a run" in said([str(copy), *PLAN], capsys, code=3)["error"]["what"]
    missing = said([str(run), "--assumptions", str(tmp_path / "none.toml")], capsys, code=2)
    assert "none.toml" in missing["error"]["where"]
    (tmp_path / "x.json").write_text("<html>", encoding="utf-8")
    bad = said([str(run), *PLAN, "--realised", str(tmp_path / "x.json")], capsys, code=3)
    assert "is no JSON" in bad["error"]["what"]
