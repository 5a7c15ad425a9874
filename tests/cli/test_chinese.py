"""The command line in Chinese: help, results and errors; what programs read is the same in every language."""

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli
from mintmark.base import words
from mintmark.cli.speech import spoken

PROSE = re.compile(r"\b[a-z]{3,} [a-z]{2,} [a-z]{2,}\b")
"""three English words after one another"""
MARK = "\x00"
CODE = re.compile(r"mintmark( [\w-]+)+|`[^`]*`|'[^']*'|\"[^\"]*\"|\S*[/=._|]\S*|--\S+")


@pytest.fixture(autouse=True)
def no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in words.SETTINGS:
        monkeypatch.delenv(name, raising=False)


def told(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> tuple[str, str]:
    assert cli.main(argv) == code, capsys.readouterr()
    return capsys.readouterr()


def commands() -> list[tuple[str, ...]]:
    """Every command and group there is."""
    from typer.main import get_command

    todo: list[tuple[tuple[str, ...], Any]] = [((), get_command(cli._app()))]
    for name, command in todo:
        todo += [((*name, n), c) for n, c in getattr(command, "commands", {}).items()]
    return [name for name, _ in todo]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_the_help_of_every_command_is_chinese(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out, err = told(capsys, *command, "--help", "--lang", "zh")
    assert not err and "用法：mintmark" in out and "显示此帮助并退出。" in out and "语言" in out
    assert not PROSE.findall(CODE.sub("", out)), "no English is left"
    assert told(capsys, "--lang", "zh", *command, "--help")[0] == out, "the option counts wherever it stands"


def test_the_language_ends_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "用法：" in told(capsys, "--help", "--lang", "zh")[0]
    assert "Usage: mintmark" in told(capsys, "--help")[0] and spoken().code == "en"


def test_the_environment_counts_and_the_option_counts_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "用法：" in told(capsys, "tasks", "--help")[0]
    monkeypatch.setenv("MINTMARK_LANG", "en")
    assert "Usage: " in told(capsys, "tasks", "--help")[0]
    assert "用法：" in told(capsys, "tasks", "--help", "--lang=zh")[0]


def test_a_language_that_we_do_not_speak(capsys: pytest.CaptureFixture[str]) -> None:
    err = told(capsys, "tasks", "--lang", "fr", code=2)[1]
    assert "unknown language 'fr'; known: en, zh." in err


WRONG = (
    (("verify", "nowhere"), 5, "BundleError：nowhere：不存在。", "建议：给出 `mintmark run` 所写的文件夹"),
    (("run", "none.toml"), 2, "RecipeError：none.toml", "建议："),
    (("run",), 2, "UsageError：命令行：缺少参数 'RECIPE...'。", "建议：mintmark --help"),
    (("rum",), 2, "没有命令 'rum'；是不是 'run'？", "建议："),
    (("run", "a.toml", "b.toml"), 2, "给出了 2 个配方。", "--compare"),
    (
        ("tasks", "tabular_clasification"),
        2,
        "未知的任务 'tabular_clasification'",
        "建议：是不是 'tabular_classification'",
    ),
    (("runs", "--limit", "many"), 2, "'--limit' 的值无效：应为整数", "建议："),
    (("serve", "x", "--port", "99999999"), 2, "'--port' 的值无效：应不大于 65535", "建议："),
    (("report", "none"), 3, "DataError：RUN：未知的运行 'none'", "建议："),
    (("keys", "revoke", "12"), 2, "--reason", "建议："),
)


@pytest.mark.parametrize("argv, code, what, fix", WRONG, ids=lambda w: " ".join(w) if isinstance(w, tuple) else "")
def test_errors_are_said_in_chinese(
    argv: tuple[str, ...], code: int, what: str, fix: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    out, err = told(capsys, *argv, "--lang", "zh", code=code)
    assert not out and what in err and fix in err
    assert not PROSE.findall(CODE.sub("", err)), "no English is left"


@pytest.mark.parametrize("argv", [w[0] for w in WRONG], ids=" ".join)
def test_what_programs_read_of_an_error_is_the_same(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    english = cli.main([*argv, "--json"]), capsys.readouterr().out
    assert (cli.main([*argv, "--json", "--lang", "zh"]), capsys.readouterr().out) == english
    assert json.loads(english[1])["error"]["what"].isascii()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder with a run that was asked for in Chinese, what was said, and what then is said to programs."""
    folder = tmp_path_factory.mktemp("chinese")
    recipe, said = str(folder / "tabular_classification.toml"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr("mintmark.api.CALL_S", 0.01)
        patch.setenv("MINTMARK_LANG", "zh")
        patch.setenv("MINTMARK_HOME", str(folder / "home"))
        assert cli.main(["new", "tabular_classification", "--out", str(folder)]) == 0
        for more in ((), ("--json",)):
            said.write(MARK)
            words = ("run", recipe, "--set", "settings.model=decision_tree", "--out", str(folder / "runs"), "--fresh")
            assert cli.main([*words, *more]) == 0
    _, told, read = said.getvalue().split(MARK)
    return folder, told, read


def test_a_run_is_told_in_chinese(ran: tuple[Path, str, str]) -> None:
    _, told, _ = ran
    for part in ("决策在测试样本上的收益", "美元", "应答质量", "成本", "须知", "下一步"):
        assert part in told
    assert not PROSE.findall(CODE.sub("", told)), "no English is left"


def test_columns_of_a_table_stand_below_each_other(ran: tuple[Path, str, str]) -> None:
    """By cells of the screen, in which a Chinese character is two wide."""
    lines = ran[1].splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("应答质量"))
    rows = [line for line in lines[head + 1 : head + 4]]
    assert {words.cells(line) for line in rows} == {words.cells(lines[head])}
    money = [line for line in lines if line.endswith("美元") and line.startswith("  ")]
    assert len(money) > 2 and len({words.cells(line) for line in money}) == 1


def test_the_page_of_a_run_is_in_the_language_of_the_command(ran: tuple[Path, str, str]) -> None:
    page = next(ran[0].glob("runs/*/report.html")).read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page


def test_what_programs_read_of_a_run_is_english(ran: tuple[Path, str, str]) -> None:
    said = json.loads(ran[2])
    assert said["measures"]["value.per_case"]["unit"] == "USD"
    assert all(note.isascii() for note in said["notes"]) and said["notes"]


def test_english_reads_no_catalogue_for_a_help(capsys: pytest.CaptureFixture[str]) -> None:
    words.catalogue.cache_clear()
    told(capsys, "run", "--help")
    assert words.catalogue.cache_info().misses == 0


def test_a_help_in_chinese_imports_nothing_heavy() -> None:
    """The same modules as in English, and catalogues as texts: no numpy, pydantic or gettext editor's library."""
    code = "import sys; from mintmark import cli; cli.main(['--help', '--lang', 'zh']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in re.findall(r"'([\w.]+)'", done.stdout)}
    assert not loaded & {"numpy", "pydantic", "pyarrow", "sklearn", "scipy", "torch", "fastapi", "babel", "polib"}
