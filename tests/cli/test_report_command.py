"""mintmark report: the page of an earlier run again, in either language, from its folder alone."""

import json
import re
import shutil
import webbrowser
from pathlib import Path

import pytest

from mintmark import cli, report


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the example."""
    folder = tmp_path_factory.mktemp("reported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintmark.api.CALL_S", 0.01)
        patch.setenv("LANGUAGE", "en")
        assert cli.main(["new", "tabular_classification", "--out", str(folder)]) == 0
        recipe = str(folder / "tabular_classification.toml")
        assert cli.main(["run", recipe, "--set", "settings.model=decision_tree", "--out", str(folder / "runs")]) == 0
    return next((folder / "runs").glob("*"))


def test_the_same_page_from_the_folder_alone(run: Path, tmp_path: Path) -> None:
    first = (run / "report.html").read_bytes()
    moved = shutil.copytree(run, tmp_path / "moved", ignore=shutil.ignore_patterns("report.html", "bundle"))
    assert cli.main(["report", str(moved), "--lang", "en"]) == 0
    assert (moved / "report.html").read_bytes() == first


def test_in_chinese_beside_the_english_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, out = (run / "report.html").read_bytes(), tmp_path / "zh.html"
    assert cli.main(["report", run.name, "--lang", "zh", "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"run": run.name, "report": str(out), "language": "zh", "shown": False}
    page = out.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page and "每笔决策收益" in page and "混淆矩阵" in page and "决策树" in page
    assert (run / "report.html").read_bytes() == before
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert cli.main(["report", run.name, "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == page, "the environment's language, where none is asked for"


def test_chinese_pages_leave_no_english_sentence(run: Path, tmp_path: Path) -> None:
    """But for names: measures, settings, columns, models, and what the price sheet says of its source."""
    out = tmp_path / "zh.html"
    assert cli.main(["report", str(run), "--lang", "zh", "--out", str(out)]) == 0
    page = re.sub(r"<(script|style|pre)>.*?</\1>", "", out.read_text(encoding="utf-8"), flags=re.S)
    page = re.sub(r"us-central1.*?2026\)", "", page)
    lines = [t.strip() for t in re.findall(r">([^<]+)<", page)]
    english = [t for t in lines if len(re.findall(r"\b[a-z]{2,}\b", t)) > 3 and not re.search("[\u4e00-\u9fff]", t)]
    assert not english


def test_open_shows_it_in_the_browser(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: shown.append(url) or True)
    assert cli.main(["report", str(run), "--open", "--lang", "en"]) == 0
    assert shown == [(run / "report.html").resolve().as_uri()]


def test_a_run_of_before_figures_were_kept_has_a_page_without_pictures(run: Path, tmp_path: Path) -> None:
    old = shutil.copytree(run, tmp_path / "old", ignore=shutil.ignore_patterns(report.NAME, "bundle"))
    assert cli.main(["report", str(old), "--lang", "en"]) == 0
    page = (old / "report.html").read_text(encoding="utf-8")
    assert "data-figure=" not in page and "All measures" in page and len(page) < 200_000


def test_what_is_wrong_is_said(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(code: int, *words: str) -> str:
        assert cli.main(["report", *words]) == code
        return capsys.readouterr().err

    assert f"did you mean {run.name!r}" in wrong(3, run.name[:-1] + "7")
    (tmp_path / "empty").mkdir()
    assert "no run lies here" in wrong(3, str(tmp_path / "empty"))
    assert "unknown language 'xx'" in wrong(2, str(run), "--lang", "xx")
    assert "cannot be written" in wrong(3, str(run), "--out", str(tmp_path / "none" / "x.html"))
    broken = shutil.copytree(run, tmp_path / "broken", ignore=shutil.ignore_patterns("bundle"))
    figures = json.loads((broken / report.NAME).read_text(encoding="utf-8"))
    for content, said in (
        ("{", "holds no figures"), (json.dumps(figures | {"run": "another"}), "is of run 'another'"),
        (json.dumps(figures | {"surprise": 1}), "holds no figures"),
        (json.dumps(figures | {"format": 9}), "later format"),
    ):  # fmt: skip
        (broken / report.NAME).write_text(content, encoding="utf-8")
        assert said in wrong(3, str(broken))
    (broken / "record.json").write_text("{}", encoding="utf-8")
    assert "is no record of a run" in wrong(3, str(broken))
