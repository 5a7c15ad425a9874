"""The command line as a newcomer meets it."""

import csv
import json
import re
from pathlib import Path

import pytest
from pyarrow import parquet

from mintmark import cli


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe from `mintmark new`, run once."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintmark.api.CALL_S", 0.01)
        assert cli.main(["new", "tabular_classification", "--out", str(folder)]) == 0
        assert cli.main(["run", str(folder / "tabular_classification.toml"), "--out", str(folder / "runs")]) == 0
    return folder


def bundle(folder: Path) -> str:
    return str(next((folder / "runs").glob("*/bundle")))


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    told = capsys.readouterr().out
    for command in ("run", "runs", "tasks", "new", "predict", "verify", "serve", "keys"):
        assert f" {command} " in told
    assert cli.main(["run", "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


def test_a_run_is_told_in_money_first(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    assert cli.main(["run", str(made / "tabular_classification.toml"), "--out", str(made / "again")]) == 0
    told = capsys.readouterr().out
    assert told.index("What its decisions earn") < told.index("How good its answers are") < told.index("What it costs")
    # other tests may have looked at these rows, too
    assert re.search(r"by \d+ runs? before: expect a rosy figure", told)
    for word in ("doing nothing", "acting on all", "knowing all", "95 % between", "verify", "serve"):
        assert word in told


def test_runs_lists_and_verifies(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["runs"]) == 0
    assert "tabular_classification" in capsys.readouterr().out
    assert cli.main(["runs", "--verify"]) == 0
    assert "holds" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_answers_go_to_a_file(made: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = made / f"answers.{ending}"
    words = ["predict", bundle(made), str(made / "tabular_classification.csv")]
    assert cli.main([*words, "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert cli.main([*words, "--out", str(out)]) == 0
    if ending == "csv":
        with out.open() as file:
            told = list(csv.DictReader(file))
        assert [r["decision"] for r in told] == [a["decision"] for a in answers]
        assert float(told[0]["probability fraud"]) == answers[0]["probability"]["fraud"]
    elif ending == "parquet":
        assert parquet.read_table(out)["decision"].to_pylist() == [a["decision"] for a in answers]
    else:
        assert [json.loads(line) for line in out.read_text().splitlines()] == answers
    assert cli.main([*words, "--out", str(made / "answers.xyz")]) == 2


def test_new_does_not_write_over(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "tabular_classification", "--out", str(made)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_settings_of_a_task_and_their_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks", "tabular_classification", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["settings"]["model"]["default"] == "auto"
    assert cli.main(["tasks", "tabular_classification", "--schema", "--json"]) == 0
    schema = json.loads(capsys.readouterr().out)["schema"]
    assert "target" in schema["properties"] and schema["additionalProperties"] is False


def test_a_removed_bundle_and_one_of_another_machine(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    assert cli.main(["verify", str(made / "nowhere"), "--json"]) == 5
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "BundleError"
    key = tmp_path / "theirs.pem"
    assert cli.main(["keys", "export", "--out", str(key)]) == 0
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "another machine"))
    assert cli.main(["verify", bundle(made)]) == 5
    assert "keys import" in capsys.readouterr().err
    assert cli.main(["keys", "import", str(key)]) == 0
    assert cli.main(["verify", bundle(made)]) == 0
