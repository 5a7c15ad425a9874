"""mintmark allocate: the shipped portfolio, curves of a run, tables and pages in both languages, what is refused."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli
from mintmark.base import words
from mintmark.base.record import Measured, RunRecord

RECIPE = Path(__file__).parents[2] / "recipes" / "q00_allocation.toml"
SMALL = ["--samples", "1000"]
PLAIN = """kind = "allocate"
[plan]
budget = [1000]
[projects.a]
value = 1e5
curve = { run = "r1" }
costs = { data = 1 }
"""


def said(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> Any:
    capsys.readouterr()
    assert cli.main(["allocate", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_shipped_portfolio_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    shutil.copy(RECIPE, tmp_path / "p.toml")
    words = ["allocate", str(tmp_path / "p.toml"), *SMALL, "--csv", str(tmp_path / "p.csv")]
    assert cli.main(words) == 0
    english, page = capsys.readouterr().out, (tmp_path / "allocation.html").read_text(encoding="utf-8")
    assert cli.main([*words, "--lang", "zh"]) == 0
    chinese, zh = capsys.readouterr().out, (tmp_path / "allocation.html").read_text(encoding="utf-8")
    for text in ("What to spend", "equal split", "Staged funding", "2 measurements only"):
        assert text in english and text not in chinese
    for text in ("如何投入", "平均分配", "分阶段投入", "只有 2 个测量值"):
        assert text in chinese
    assert english.count("\n") == chinese.count("\n") > 30
    for anchor in ("spending", "ways", "stages", "money", "curves", "notes", "method"):
        assert f'<section id="{anchor}">' in page and f'<section id="{anchor}">' in zh
    assert 'lang="zh-CN"' in zh and "学习曲线" in zh and "Learning curves" in page
    rows = {r["name"]: r for r in csv.DictReader((tmp_path / "p.csv").open(encoding="utf-8"))}
    assert float(rows["worth.bound"]["value"]) >= float(rows["exact.worth"]["value"]) > 0
    spent = sum(float(r["value"]) for n, r in rows.items() if n.startswith("exact: "))
    assert 0 < spent <= 75_000 * (1 + 1e-9)


def test_a_curve_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "r1"
    folder.mkdir()
    record = RunRecord("r1", "tabular_classification", "a", "b")
    record.add(Measured("valid.accuracy", 0.85, "1", better="up"))
    record.trials = [{"name": "accuracy", "better": "up", "rows": n, "value": 1 - 3 * n**-0.4, "measures": {}}
                     for n in (200, 400, 800, 1600)]  # fmt: skip
    record.save(folder / "record.json")
    (tmp_path / "p.toml").write_text(PLAIN, encoding="utf-8")
    made = said([str(tmp_path / "p.toml"), *SMALL], capsys)
    (project,) = made["projects"]
    assert project["run"] == "r1" and project["sizes"] == [200, 400, 800, 1600] and project["rows"] == 1600
    assert project["errors"][0] == pytest.approx(3 * 200**-0.4) and Path(made["page"]).parent == tmp_path
    record.trials = record.trials[:1]
    record.save(folder / "record.json")
    assert "no curve" in said([str(tmp_path / "p.toml"), *SMALL], capsys, code=3)["error"]["what"]


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, path = RECIPE.read_text(encoding="utf-8"), tmp_path / "p.toml"
    for old, new, what in (
        ("minimum  = 9_000", "minimun  = 9_000", "minimum"),
        ('needs    = ["labels"]', 'needs    = ["fraud"]', "needs another"),
        ("budget   = [35_000, 20_000, 20_000]", "budget   = [900]", "pays for no first stage"),
        ("discount = 0.02", "discount = -2", "0"),
    ):
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        error = said([str(path), *SMALL], capsys, code=2)["error"]
        assert what in error["what"] + error["try"]
    path.write_text(text.replace("budget   = [35_000, 20_000, 20_000]", "budget = [900]"), encoding="utf-8")
    assert cli.main(["allocate", str(path), *SMALL, "--lang", "zh"]) == 2
    assert "建议：budget = [8000]" in capsys.readouterr().err, "a key is no word"
    path.write_text(PLAIN.replace("r1", "nowhere"), encoding="utf-8")
    error = said([str(path), *SMALL], capsys, code=3)["error"]
    assert "nowhere" in error["what"] and "p.toml: projects.a.curve.run" in error["where"]


def test_what_is_read_is_not_written_over_and_nothing_is_left_half_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, path = RECIPE.read_text(encoding="utf-8"), tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    error = said([str(path), *SMALL, "--out", str(path)], capsys, code=3)["error"]
    assert "the file that was read" in error["what"] and path.read_text(encoding="utf-8") == text
    (tmp_path / "page.html").mkdir()
    error = said([str(path), *SMALL, "--out", str(tmp_path / "page.html")], capsys, code=3)["error"]
    assert "cannot be written" in error["what"]
    assert {p.name for p in tmp_path.iterdir()} == {"p.toml", "page.html"}


def test_long_labels_of_wide_letters_leave_the_columns_where_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RECIPE.read_text(encoding="utf-8").replace('label    = "fraud model"', f'label = "{"反欺诈" * 12}"')
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    assert cli.main(["allocate", str(tmp_path / "p.toml"), *SMALL, "--lang", "zh"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if "反欺诈" in line)
    assert "…" in lines[at] and words.cells(lines[at]) == words.cells(lines[at - 1])
