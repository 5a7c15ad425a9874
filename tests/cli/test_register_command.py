"""mintmark risk: from a run to a register, figures, a page, exports, and the file that the server obeys."""

import csv
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli
from mintmark.base.record import Measured, RunRecord

RECIPE = Path(__file__).parents[2] / "recipes" / "q05_risk.toml"
SMALL = ["--samples", "2000"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A record as a run leaves it."""
    folder = tmp_path / "r1"
    folder.mkdir()
    values = {"valid.accuracy": 0.95, "evaluate.accuracy": 0.93, "evaluate.looks": 2, "value.per_case": -0.05,
              "value.per_case.low": -0.1, "value.per_case.high": -0.01, "value.do_nothing": -0.2}  # fmt: skip
    unit = {n: "EUR" if n.startswith("value") else "1" for n in values}
    record = RunRecord("r1", "tabular_classification", "a", "b", rows={"test": 900, "validated": 1800})
    record.add(*(Measured(n, v, unit[n]) for n, v in values.items()))
    record.profile = {"columns": {"amount": {}, "V1": {}}}
    record.save(folder / "record.json")
    drawn = {"contributions": {"columns": [{"name": "V1", "size": 1.0}]},
             "calibration": [{"bins": [{"said": 0.1, "seen": 0.12, "rows": 300}]}]}  # fmt: skip
    (folder / "figures.json").write_text(json.dumps(drawn), encoding="utf-8")
    return folder


def said(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    capsys.readouterr()
    assert cli.main(["risk", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_shipped_register_with_all_that_it_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mintmark.serving import monitor

    files = {"monitor": tmp_path / "monitor.toml", "csv": tmp_path / "r.csv", "out": tmp_path / "r.html"}
    words = [w for name, path in files.items() for w in (f"--{name}", str(path))]
    made = said([str(RECIPE), *SMALL, *words, "--exports", str(tmp_path / "ex")], capsys)
    reserve = made["reserve"]
    assert 0 < reserve["p50"] < reserve["p80"] < reserve["p95"] < reserve["cvar"] and reserve["p80_se"] > 0
    assert made["measures"]["reserve.p80"]["unit"] == "EUR" and len(made["fan"]) == 25
    assert made["act"]["class"] == "minimal" and made["page"] == str(files["out"])
    rules = {t.name: t for t in monitor.load(files["monitor"]).trigger}
    assert rules["drift"].fallback == "rules" and rules["drift"].watch == "psi:amount" and rules["drift"].above
    assert rules["overfitting"].below is not None and rules["overfitting"].below < -0.05
    rows = {r["name"]: r for r in csv.DictReader(files["csv"].open(encoding="utf-8"))}
    assert float(rows["reserve.p80"]["value"]) == reserve["p80"]
    plan = json.loads((tmp_path / "ex" / "oscal_poam.json").read_text(encoding="utf-8"))[
        "plan-of-action-and-milestones"
    ]
    uuids = {r["uuid"] for r in plan["risks"]}
    assert len(uuids) == len(made["risks"]) and plan["metadata"]["oscal-version"]
    assert {i["related-risks"][0]["risk-uuid"] for i in plan["poam-items"]} == uuids
    cycles = {m["lifecycle"] for r in plan["risks"] for m in r.get("remediations", [])}
    assert cycles == {"planned", "completed"}
    nist = json.loads((tmp_path / "ex" / "nist_ai_rmf.json").read_text(encoding="utf-8"))
    drift = next(r for r in nist["risks"] if r["id"] == "drift")
    assert {"MEASURE 2.4", "MANAGE 2.4", "GOVERN 2.1"} <= {e["subcategory"] for e in drift["evidence"]}
    shop = next(r for r in nist["risks"] if r["id"] == "shop")
    assert "MEASURE 2.4" in {m["subcategory"] for m in shop["missing"]}
    assert json.loads((tmp_path / "ex" / "eu_ai_act.json").read_text(encoding="utf-8"))["result"]["reasons"]


def test_a_register_filled_from_a_run(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "risk", "--run", str(run), "--out", str(tmp_path / "new")]) == 0
    path = tmp_path / "new" / "risk.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    assert raw["currency"] == "EUR" and raw["risks"]["drift"]["indicator"]["watch"] == "psi:V1"
    assert raw["risks"]["drift"]["indicator"]["reference_rows"] == 1800
    assert {r["signal"] for r in raw["risks"].values() if "signal" in r} == {
        "overfitting", "calibration", "concentration", "reuse"
    }  # fmt: skip
    made = said([str(path), *SMALL, "--runs", str(run)], capsys)
    by = {r["id"]: r for r in made["risks"]}
    assert by["reuse"]["probability"] == pytest.approx(0.05) and by["reuse"]["how"] == "measured"
    assert len(made["evidence"]) == 4 and Path(made["page"]) == path.with_suffix(".html")
    assert cli.main(["new", "value", "--run", str(run), "--out", str(tmp_path / "v")]) == 2


def test_tables_for_people_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    shutil.copy(RECIPE, tmp_path / "r.toml")
    answer = {"model": "payments", "action": "fallback",
              "triggers": [{"name": "drift", "watch": "psi:amount", "value": 0.3, "state": "fired"}]}  # fmt: skip
    (tmp_path / "now.json").write_text(json.dumps(answer), encoding="utf-8")
    words = ["risk", str(tmp_path / "r.toml"), *SMALL, "--serving", str(tmp_path / "now.json")]
    assert cli.main(words) == 0
    english, page = capsys.readouterr().out, (tmp_path / "risk.html").read_text(encoding="utf-8")
    assert cli.main([*words, "--lang", "zh"]) == 0
    chinese, zh = capsys.readouterr().out, (tmp_path / "risk.html").read_text(encoding="utf-8")
    for text in ("reserve for all risks", "probability of ruin", "Controls, by worth", "fired"):
        assert text in english and text not in chinese
    for text in ("全部风险的准备金", "资金耗尽概率", "控制措施"):
        assert text in chinese
    assert english.count("\n") == chinese.count("\n") > 40
    assert 'class="how fired"' in page and "Heat map" in page and "热力图" in zh and 'lang="zh-CN"' in zh
    for anchor in ("heat", "ranked", "controls", "decisions", "indicators", "live", "register", "act", "method"):
        assert f'<section id="{anchor}">' in page and f'<section id="{anchor}">' in zh


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = RECIPE.read_text(encoding="utf-8")
    (tmp_path / "a.toml").write_text(text.replace("probability = 0.3", "probability = 1.3"), encoding="utf-8")
    assert "between 0 and 1" in said([str(tmp_path / "a.toml"), *SMALL], capsys, code=2)["error"]["what"]
    (tmp_path / "b.toml").write_text(text.replace('"4000 USD"', '"4000 CHF"'), encoding="utf-8")
    assert "CHF" in said([str(tmp_path / "b.toml"), *SMALL], capsys, code=2)["error"]["what"]
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    wrong = said([str(RECIPE), *SMALL, "--serving", str(tmp_path / "x.json")], capsys, code=3)
    assert "not what a server says" in wrong["error"]["what"]
    (tmp_path / "x.json").write_text('{"triggers": [{"name": "a", "value": "high"}]}', encoding="utf-8")
    wrong = said([str(RECIPE), *SMALL, "--serving", str(tmp_path / "x.json")], capsys, code=3)
    assert "'high', which is no number" in wrong["error"]["what"]
    assert said([str(RECIPE), *SMALL, "--runs", str(tmp_path / "no")], capsys, code=3)["error"]["try"]
