"""Processes of their own: several that train together, and one that tries out what fits into memory."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mintmark.base.errors import BudgetError, MintmarkError
from mintmark.deep.loop import Fitted, Job, Options, fit
from mintmark.numerics.ctx import Ctx

pytestmark = [pytest.mark.usefixtures("nets"), pytest.mark.slow]
HERE = Path()
ONE = Options(
    steps=30, batch_size=16, learning_rate=1e-2, evaluate_every=10, save_every=10, precision="fp32", warmup=0.1
)
TWO = replace(ONE, batch_size=8, processes=2)


def job(build: str, options: Options, **facts: Any) -> Job:
    return Job(f"tiny_nets:{build}", facts, options, 3)


def losses(fitted: Fitted) -> list[float]:
    return [h[part] for h in fitted.history for part in ("train", "valid")]


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    heard: list[str] = []
    one = fit(job("line", ONE), HERE, Ctx())
    two = fit(job("line", TWO), HERE, Ctx(hear=lambda name, *rest: heard.append(name) is not None))
    np.testing.assert_allclose(losses(one), losses(two), rtol=1e-4)
    for name, weight in one.weights.items():
        np.testing.assert_allclose(weight, two.weights[name], rtol=1e-3, atol=1e-5)
    assert {"train.loss", "valid.loss", "points/s"} == set(heard)
    split = fit(job("line", replace(TWO, batch_size=4, accumulate=2)), HERE, Ctx())
    np.testing.assert_allclose(losses(one), losses(split), rtol=1e-4)


def test_two_processes_stop_and_go_on(tmp_path: Path) -> None:
    long = replace(TWO, steps=20_000, evaluate_every=20_000, save_every=5_000)
    stopped = fit(job("line", long), HERE, Ctx(folder=tmp_path, hear=lambda *heard: True))
    assert 0 < stopped.steps < 20_000 and f"{stopped.steps} of 20000" in stopped.notes[0]
    steps: list[int] = []

    def follow(name: str, value: float, unit: str, step: int, of: int) -> bool:
        steps.append(step)
        return True

    again = fit(job("line", long), HERE, Ctx(folder=tmp_path, hear=follow))
    assert min(steps) > stopped.steps and again.steps > stopped.steps


def test_out_of_memory_in_one_of_two_begins_again_with_less() -> None:
    tight = fit(job("greedy", TWO, most=5), HERE, Ctx())
    assert (tight.batch_size, tight.accumulate) == (4, 2)
    np.testing.assert_allclose(losses(tight), losses(fit(job("line", ONE), HERE, Ctx())), rtol=1e-4)
    with pytest.raises(BudgetError, match="one row at a time"):
        fit(job("greedy", replace(TWO, batch_size=1), most=0), HERE, Ctx())


def test_a_process_that_breaks_shows_its_last_words() -> None:
    with pytest.raises(MintmarkError, match="ValueError: rank 1 has lost its data"):
        fit(job("failing", TWO), HERE, Ctx())


def test_children_end_with_their_parent(package: Path, tmp_path: Path) -> None:
    """A parent that is interrupted or killed leaves no process behind."""
    code = (
        "import sys, json\nfrom pathlib import Path\nfrom mintmark.deep.loop import Job, fit\n"
        "from mintmark.numerics.ctx import Ctx\n"
        "fit(Job.from_dict(json.loads(sys.argv[1])), Path(), "
        "Ctx(hear=lambda *heard: bool(print(heard[0], flush=True))))"
    )
    import json

    endless = job("line", replace(TWO, steps=10**7, evaluate_every=10**7, save_every=10**7))
    for number in (signal.SIGINT, signal.SIGKILL):
        parent = subprocess.Popen([sys.executable, "-c", code, json.dumps(endless.as_dict())], stdout=subprocess.PIPE)
        assert parent.stdout is not None and b"train.loss" in parent.stdout.readline()
        below = descendants(parent.pid)
        assert len(below) >= 3  # torchrun and its two
        parent.send_signal(number)
        parent.wait(60)
        for _ in range(300):
            if not any(alive(pid) for pid in below):
                break
            time.sleep(0.1)
        assert not [pid for pid in below if alive(pid)]
        parent.stdout.close()


def descendants(pid: int) -> list[int]:
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *descendants(int(child))]
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_the_batch_size_is_found_within_memory_and_kept(tmp_path: Path) -> None:
    free = replace(ONE, batch_size=None, steps=5)
    found = fit(job("greedy", free, most=8), HERE, Ctx(folder=tmp_path))
    assert found.batch_size in (1, 2, 4, 8) and found.notes == []
    note = next(tmp_path.rglob("pace.json"))
    note.write_text('{"rows": 3, "step_rows": 3}')
    for left in note.parent.glob("step-*/*"):
        left.unlink()
    assert fit(job("greedy", free, most=8), HERE, Ctx(folder=tmp_path)).batch_size == 3
    with pytest.raises(BudgetError, match="one row at a time"):
        fit(job("greedy", free, most=0), HERE, Ctx())
    with pytest.raises(BudgetError, match=r"MiB of 20 MiB"):
        fit(job("line", replace(free, memory_mib=20)), HERE, Ctx())
