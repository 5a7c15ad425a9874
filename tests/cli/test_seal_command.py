"""Sealing as a user does it: make a key, seal, verify without it, predict with it, unseal."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import csv

from mintmark import cli, spine, tasks
from mintmark.artifact import seal
from mintmark.recipe import schema


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(seal.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle and questions."""
    folder, task = tmp_path_factory.mktemp("run"), tasks.get("tabular_classification")
    source = task.example(np.random.default_rng(0))
    settings = {"settings": {"model": "logistic_regression", "positive": "fraud"}}
    spine.run(schema.parse({"task": "tabular_classification", **task.starter, **settings}, "r"), folder, source)
    csv.write_csv(source.drop(["target"]).table(), folder / "questions.csv")
    return folder


@pytest.fixture
def at(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: Any, code: int = 0) -> dict[str, Any]:
    """What a command says with --json: one object, and the exit code that is expected."""
    capsys.readouterr()
    assert cli.main([*map(str, words), "--json"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_from_a_key_to_answers_and_back(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, sealed = at / "key", at / "sealed"
    made = said(capsys, "seal", "--new-key", key)
    assert made["key_file"] == str(key) and "copy" in made["keep"] and key.stat().st_mode & 0o777 == 0o600
    told = said(capsys, "seal", at / "bundle", "--out", sealed, "--key-file", key)
    assert told["seal_key"] == made["seal_key"] and told["sealed"] == str(sealed)
    assert told["bytes"] == sum(p.stat().st_size for p in sealed.rglob("*") if p.is_file())

    plain = said(capsys, "predict", at / "bundle", at / "questions.csv")
    assert len(plain["answers"]) == 400
    assert said(capsys, "predict", sealed, at / "questions.csv", "--key-file", key) == plain

    said(capsys, "unseal", sealed, "--out", at / "again", "--key-file", key)
    assert said(capsys, "verify", at / "again") == said(capsys, "verify", at / "bundle") | {"bundle": str(at / "again")}


def test_a_key_is_made_and_used_at_once(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "seal", at / "bundle", "--out", at / "sealed", "--new-key", at / "key")
    assert said(capsys, "verify", at / "sealed", "--key-file", at / "key")["seal_key"] == told["seal_key"]


def test_verify_says_how_far_it_could_look(
    at: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = said(capsys, "seal", at / "bundle", "--out", at / "sealed", "--new-key", at / "key")
    closed = said(capsys, "verify", at / "sealed")
    assert closed["verified"] is True and closed["sealed"] is True and closed["opened"] is False
    assert made["seal_key"] in closed["content"] and "no key was found" in closed["content"]
    assert "task" not in closed and closed["this_machine"] is True

    opened = said(capsys, "verify", at / "sealed", "--key-file", at / "key")
    assert opened["opened"] is True and opened["task"] == "tabular_classification" and opened["format"] == 1
    assert opened["made_by"] == opened["key"] and "not altered" in opened["content"]

    monkeypatch.setenv(seal.VARIABLE, "00" * 32)
    other = said(capsys, "verify", at / "sealed")
    assert other["verified"] is True and other["opened"] is False and seal.VARIABLE in other["content"]

    part = at / "sealed/sealed/000000"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    error = said(capsys, "verify", at / "sealed", code=5)["error"]
    assert "sealed/000000" in error["what"]


def test_another_key_or_none_is_told_with_what_to_do(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = said(capsys, "seal", at / "bundle", "--out", at / "sealed", "--new-key", at / "key")
    other = said(capsys, "seal", "--new-key", at / "other")
    ask = ("predict", at / "sealed", at / "questions.csv")
    assert made["seal_key"] in said(capsys, *ask, code=5)["error"]["what"]
    for words in (ask, ("verify", at / "sealed"), ("unseal", at / "sealed", "--out", at / "u")):
        error = said(capsys, *words, "--key-file", at / "other", code=5)["error"]
        assert made["seal_key"] in error["what"] and other["seal_key"] in error["what"] and error["try"]
    assert not (at / "u").exists()


def test_the_environment_holds_the_key(
    at: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "seal", "--new-key", at / "key")
    monkeypatch.setenv(seal.VARIABLE, (at / "key").read_text())
    said(capsys, "seal", at / "bundle", "--out", at / "sealed")
    assert said(capsys, "verify", at / "sealed")["opened"] is True
    assert len(said(capsys, "predict", at / "sealed", at / "questions.csv")["answers"]) == 400


def test_a_key_that_others_can_read_is_warned_of_beside_the_answer(
    at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "seal", at / "bundle", "--out", at / "sealed", "--new-key", at / "key")
    (at / "key").chmod(0o644)
    assert cli.main(["verify", str(at / "sealed"), "--json", "--key-file", str(at / "key")]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["opened"] is True and "chmod 600" in told.err


def test_wrong_use_is_told(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["seal"], ["seal", at / "bundle"], ["seal", "--out", at / "s"], ["unseal", at / "bundle"]):
        assert said(capsys, *words, code=2)["error"]["what"]
    said(capsys, "seal", "--new-key", at / "key")
    assert "exists" in said(capsys, "seal", "--new-key", at / "key", code=2)["error"]["what"]
    words = ("seal", at / "bundle", "--out", at / "s")
    said(capsys, *words, "--key-file", at / "key", "--new-key", at / "key2", code=2)
    assert "--new-key" in said(capsys, *words, code=5)["error"]["try"]
    assert not (at / "key2").exists() and not (at / "s").exists()
    assert "not sealed" in said(capsys, "unseal", at / "bundle", "--out", at / "s", "--key-file", at / "key",
                                code=5)["error"]["what"]  # fmt: skip
