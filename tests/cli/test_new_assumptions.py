"""mintmark new for files of assumptions: commented, dated where there is a rate, and read by their own command."""

import json
import tomllib
from pathlib import Path

import pytest

from mintmark import cli
from mintmark.cli.new import ASSUMED


@pytest.mark.parametrize("kind", ASSUMED)
def test_a_file_of_each_kind(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", kind, "--out", str(tmp_path / "new")]) == 0
    path = tmp_path / "new" / f"{kind}.toml"
    shown = capsys.readouterr().out
    assert shown.startswith(f"{path}\n\nNext\n") and f" {kind} " in shown.splitlines()[-1]
    text = path.read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    assert raw.get("kind", kind) == kind
    assert all(rate["dated"] and rate["source"] for rate in raw.get("fx", {}).values())
    said = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    assert text.startswith("#") and sum("#" in line for line in said) > len(said) / 3, (
        "units and sources beside figures"
    )
    assert cli.main(["new", kind, "--out", str(tmp_path / "new"), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["what"] == "is there already." and error["where"] == str(path) and error["try"]
    assert path.read_text(encoding="utf-8") == text


def test_the_next_step_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "value", "--out", str(tmp_path), "--lang", "zh"]) == 0
    assert "下一步" in capsys.readouterr().out
    assert cli.main(["new", "value", "--out", str(tmp_path), "--lang", "zh"]) == 2
    assert "已经存在" in capsys.readouterr().err


def test_a_name_that_is_nearly_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "pricee", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert "tabular_classification" in error["what"] and error["try"] == "did you mean 'price'?"
