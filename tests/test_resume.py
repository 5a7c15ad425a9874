"""Kill it anywhere, run the same command again: one finished run, a bundle that verifies, and one look at the test."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mintmark import cli
from mintmark.artifact import bundle, sign
from mintmark.ledger import Ledger

STAGES = {
    "collect": "mintmark.data.profile.profile",
    "train, first fit": "mintmark.tasks.tabular_classification.fit",
    "train, later fit": "mintmark.numerics.decide.learn",
    "evaluate": "mintmark.numerics.decide.value",
    "package": "mintmark.artifact.bundle.save",
    "measure": "mintmark.api.called",
    "record": "mintmark.base.record.RunRecord.save",
    "ledger": "mintmark.ledger.Ledger.append",
}
RESTORED = ("train, later fit", "evaluate", "package", "measure", "record")
KILL = """
import os, signal, sys, importlib
path, words = sys.argv[1], sys.argv[2:]
module, _, name = path.rpartition(".")
try:
    owner = importlib.import_module(module)
except ModuleNotFoundError:
    inner, _, cls = module.rpartition(".")
    owner = getattr(importlib.import_module(inner), cls)
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
if name == "fit":
    import dataclasses
    owner.TASK = dataclasses.replace(owner.TASK, fit=die)
else:
    setattr(owner, name, die)
from mintmark import api, cli
api.CALL_S = 0.01
sys.exit(cli.main(words))
"""
RECIPE = """
task = "tabular_classification"
data = "sklearn:breast_cancer"
target = "target"
[settings]
model = "logistic_regression"
[payoff]
false_negative = -100
false_positive = -5
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    (tmp_path / "r.toml").write_text(RECIPE)
    return ["run", str(tmp_path / "r.toml"), "--out", str(tmp_path / "runs"), "--json"]


@pytest.mark.parametrize("stage", STAGES)
def test_kill_and_run_again(stage: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed = subprocess.run([sys.executable, "-c", KILL, STAGES[stage], *words], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for found in tmp_path.rglob("bundle"):  # whole or not there
        bundle.load(found, sign.trust())
    assert cli.main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["measures"]["evaluate.looks"]["value"] == 1
    assert (said["measures"].get("train.restored", {}).get("value", 0) > 0) == (stage in RESTORED)
    assert len(Ledger.default().runs()) == 1
    assert Ledger.default().verify() == []
    bundle.load(Path(said["bundle"]), sign.trust())
    assert not list((tmp_path / "runs").rglob("work")) and not list((tmp_path / "runs").rglob("*half*"))


def test_what_was_fitted_is_not_fitted_again(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    killed = subprocess.run([sys.executable, "-c", KILL, STAGES["evaluate"], *words], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    code = KILL.replace("os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit('fitted again')")
    code = code.replace(
        "path, words = sys.argv[1], sys.argv[2:]", 'path, words = sys.argv[1], sys.argv[2:] + ["--set", "refit=false"]'
    )
    words_first = [*words, "--set", "refit=false"]
    first = subprocess.run(
        [sys.executable, "-c", KILL, STAGES["evaluate"], *words_first], capture_output=True, text=True
    )
    assert first.returncode == -signal.SIGKILL, first.stderr
    again = subprocess.run(
        [sys.executable, "-c", code, STAGES["train, first fit"], *words], capture_output=True, text=True
    )
    assert again.returncode == 0, again.stdout + again.stderr


def test_fresh_ignores_what_is_left(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run([sys.executable, "-c", KILL, STAGES["evaluate"], *words], capture_output=True)
    left = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("work/**/facts.json")}
    assert left
    assert cli.main([*words, "--fresh"]) == 0
    assert not any(p.exists() for p in left)


def test_two_runs_into_the_same_folder_at_once(words: list[str], tmp_path: Path) -> None:
    """One goes through; the other says who is there, or comes after it. Neither harms the other."""
    runs = [
        subprocess.Popen([sys.executable, "-m", "mintmark", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    ends = [(r.communicate(timeout=120)[0], r.returncode) for r in runs]
    codes = sorted(code for _, code in ends)
    assert codes[0] == 0 and codes[1] in (0, 2), ends
    for out, code in ends:
        if code == 2:
            assert "another run" in json.loads(out)["error"]["what"]
    assert len(Ledger.default().runs()) == codes.count(0) and Ledger.default().verify() == []


def test_a_second_run_counts_the_looks(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    looks = []
    for extra in ([], ["--set", "settings.C=0.1"], []):
        assert cli.main([*words, *extra]) == 0
        looks.append(json.loads(capsys.readouterr().out)["measures"]["evaluate.looks"]["value"])
    assert looks == [1, 2, 3]


def test_ctrl_c_is_130_and_goes_on(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = ["--set", "settings.model=random_forest", "--set", "settings.n_estimators=20000"]
    run = subprocess.Popen([sys.executable, "-m", "mintmark", *words, *slow], stdout=subprocess.PIPE, env=os.environ)
    for _ in range(600):
        if list((tmp_path / "runs").rglob("run.json")):
            break
        time.sleep(0.1)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 130 and json.loads(out)["error"]["kind"] == "Interrupted"
    assert not list((tmp_path / "runs").rglob("bundle"))
