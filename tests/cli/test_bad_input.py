"""What users get wrong: an exit code, an error that says where, what and what to try, and nothing half-written."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mintmark import cli

GOOD = "a,b,y\n" + "".join(f"{i},{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(60))
RECIPE = 'task = "tabular_classification"\ndata = "d.csv"\ntarget = "y"\n[settings]\nmodel = "logistic_regression"\n'


def ran(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = cli.main(["run", str(folder / "r.toml"), "--out", str(folder / "runs"), "--json", *words])
    out = capsys.readouterr().out
    assert out.count("\n") == 1, "one JSON object and nothing else"
    return code, json.loads(out)


def refused(
    folder: Path, capsys: pytest.CaptureFixture[str], code: int, *told: str, words: tuple[str, ...] = ()
) -> None:
    got, said = ran(folder, capsys, *words)
    assert got == code, said
    error = said["error"]
    assert error["what"] and error["where"] and error["try"], error
    text = " ".join(error.values())
    assert all(t in text for t in told), error
    assert (
        not list(folder.rglob("bundle")) and not list(folder.rglob("record.json")) and not list(folder.rglob("*half*"))
    )


DATA: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty file": (b"", ("d.csv", "empty")),
    "header only": (b"a,b,y\n", ("d.csv",)),
    "one row": (b"a,b,y\n1,x,yes\n", ()),
    "one class": (("a,b,y\n" + "1,x,yes\n" * 50).encode(), ("y", "yes")),
    "target all null": (("a,b,y\n" + "1,x,\n" * 50).encode(), ("y",)),
    "duplicate columns": (GOOD.replace("a,b,y", "a,a,y", 1).encode(), ("a", "d.csv")),
    "ragged rows": ((GOOD + "1,2,3,4\n").encode(), ("62", "bad_rows")),
    "binary garbage": (bytes(np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8)), ("d.csv",)),
    "numbers as classes": (("a,y\n" + "".join(f"{i},{i / 7}\n" for i in range(200))).encode(), ("y",)),
}


@pytest.mark.parametrize("name", DATA)
def test_data_that_cannot_be_learnt_from(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, told = DATA[name]
    (tmp_path / "d.csv").write_bytes(content)
    (tmp_path / "r.toml").write_text(RECIPE)
    refused(tmp_path, capsys, 3, *told)


def test_a_wrong_delimiter_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "r.toml").write_text(RECIPE + '[read]\ndelimiter = ";"\n')
    refused(tmp_path, capsys, 3, "delimiter")


def test_a_delimiter_that_is_not_known_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.csv").write_text(GOOD.replace(",", "^"))
    (tmp_path / "r.toml").write_text(RECIPE)
    refused(tmp_path, capsys, 3, "a^b^y", "delimiter")


def test_paths_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.toml").write_text(RECIPE)
    (tmp_path / "dd.csv").write_text(GOOD)
    refused(tmp_path, capsys, 3, "d.csv", "dd.csv")
    (tmp_path / "d.csv").mkdir()
    refused(tmp_path, capsys, 3, "d.csv")


def test_a_folder_of_mismatched_schemas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.csv").write_text(GOOD)
    (tmp_path / "parts" / "2.csv").write_text(GOOD.replace("a,b,y", "a,c,y", 1))
    (tmp_path / "r.toml").write_text(RECIPE.replace("d.csv", "parts"))
    refused(tmp_path, capsys, 3, "2.csv", "c")


RECIPES = {
    "target missing": (RECIPE.replace('"y"', '"yy"'), ("'yy'", "'y'")),
    "unknown key": (RECIPE.replace("target", "taget"), ("taget", "target")),
    "unknown task": (RECIPE.replace("tabular_classification", "tabular_clasification"), ("tabular_classification",)),
    "unknown setting": (RECIPE + "modle = 1\n", ("modle", "model")),
    "unknown model": (RECIPE.replace("logistic_regression", "logistic"), ("model", "logistic_regression")),
    "wrong type": (RECIPE + 'n_estimators = "many"\n', ("n_estimators", "many")),
    "not TOML": ('task = "tabular', ("line 1",)),
    "unknown capability": ('with = ["balanse"]\n' + RECIPE, ("balanse", "balance")),
    "unknown role": (RECIPE + '[columns]\ntime = "when"\n', ("when",)),
    "payoff of nothing": (RECIPE + "[payoff]\n", ("payoff",)),
    "payoff of an unknown column": (RECIPE + '[payoff]\nfalse_negative = "-Amount"\n', ("Amount",)),
    "payoff with code": (RECIPE + "[payoff]\nfalse_negative = '__import__(\"os\")'\n", ("payoff.false_negative",)),
    "payoff of text": (RECIPE + '[payoff]\nfalse_negative = "-b"\n', ("b",)),
    "unknown positive": (RECIPE + 'positive = "maybe"\n', ("maybe",)),
    "a later version": ("version = 99\n" + RECIPE, ("99",)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_that_say_nothing_sensible(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, told = RECIPES[name]
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "r.toml").write_text(text)
    refused(tmp_path, capsys, 3 if name == "payoff of text" else 2, *told)


def test_no_recipe_and_a_bad_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(tmp_path, capsys, 2, "r.toml")
    (tmp_path / "r.toml").write_text(RECIPE)
    (tmp_path / "d.csv").write_text(GOOD)
    refused(tmp_path, capsys, 2, "nope", words=("--set", "nope=1"))


def test_the_words_of_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--frsh", "x.toml", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["what"]
    assert cli.main(["rnu"]) == 2


def test_for_people_an_error_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(tmp_path / "none.toml")]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.strip().splitlines()) == 2 and "Try:" in told.err


def wide(columns: int) -> str:
    names = ",".join([f"c{i}" for i in range(columns)] + ["y"])
    rows = (",".join([str((i * j) % 7) for j in range(columns)] + ["ny"[i % 2]]) for i in range(30))
    return "\n".join([names, *rows, ""])


TREATED = {
    "NaN and inf": "a,b,y\n" + "".join(f"{['inf', '-inf', 'nan', i][i % 4]},x,{i % 3 > 0}\n" for i in range(80)),
    "mixed types": "a,b,y\n" + "".join(f"{'n/a?' if i == 40 else i},x{i % 5},{i % 3 > 0}\n" for i in range(80)),
    "a field of 10 MB": "a,b,y\n"
    + "".join(f"{i * 37 % 101},{'q' * 10_000_000 if i == 9 else 'x'},{i % 3 > 0}\n" for i in range(30)),
    "3,000 columns": wide(3_000),
    "10,000 columns": wide(10_000),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n == "10,000 columns" else []) for n in TREATED]
)
def test_odd_data_that_work(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    (tmp_path / "d.csv").write_text(TREATED[name])
    (tmp_path / "r.toml").write_text(RECIPE)
    code, said = ran(tmp_path, capsys)
    assert code == 0, said
    notes = " ".join(said["notes"])
    if name == "NaN and inf":
        assert "40 infinite numbers treated as missing" in notes
    if name == "mixed types":
        assert "n/a?" in notes and "row" in notes


def test_a_full_disk_leaves_no_bundle(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk; the same command then runs through without it."""
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "r.toml").write_text(RECIPE)
    limited = (
        "import resource, signal, sys; from mintmark import api, cli, spine\n"
        "right = spine.finish\n"
        "def finish(*args):\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))\n"
        "    return right(*args[:4])\n"
        "spine.finish = finish\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    words = ["run", str(tmp_path / "r.toml"), "--out", str(tmp_path / "runs"), "--json"]
    done = subprocess.run([sys.executable, "-c", limited, *words], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 5, done.stdout + done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["what"] and error["try"]
    assert not list(tmp_path.rglob("bundle")) and not list(tmp_path.rglob("*half*"))
    again = subprocess.run([sys.executable, "-m", "mintmark", *words], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
