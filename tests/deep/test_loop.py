"""The loop: the same bits after a kill, the best by validation, and every way in which a run can go wrong."""

import json
import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nets import Curve, Net, Tied, line, squares
from torch import nn

from mintmark.base.errors import BudgetError, BundleError, RecipeError
from mintmark.deep import chance, checkpoint, device, feed, memory, optimiser
from mintmark.deep.loop import Fitted, Job, Options, Pace, Training, fit, load_weights
from mintmark.numerics.ctx import Ctx

pytestmark = pytest.mark.usefixtures("nets")
PLAIN = Options(
    steps=60, batch_size=16, learning_rate=1e-2, evaluate_every=20, save_every=7, precision="fp32", weight_decay=0.01
)
HARD = replace(PLAIN, steps=40, accumulate=3, batch_size=8, ema=0.9, evaluate_every=9)
HERE = Path()


def job(build: str = "curve", options: Options = PLAIN, seed: int = 3, **facts: Any) -> Job:
    return Job(f"tiny_nets:{build}", facts, options, seed)


def same(a: Fitted, b: Fitted) -> bool:
    return a.weights.keys() == b.weights.keys() and all(np.array_equal(a.weights[k], b.weights[k]) for k in a.weights)


def known(fitted: Fitted) -> dict[str, Any]:
    return {name: value for name, value in fitted.about().items() if name != "per_s"}


# --- kill, interrupt, damage ------------------------------------------------------------------------------------------

KILLED = """
import os, sys
from pathlib import Path
import torch
from mintmark.deep.loop import Job, fit
from mintmark.numerics.ctx import Ctx
import json
torch.set_num_threads(1)
for raw, folder, at in json.loads(sys.argv[1]):
    if os.fork() == 0:
        os.environ["KILLED_AT"] = str(at)
        fit(Job.from_dict(raw), Path(), Ctx(folder=Path(folder)))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


def test_killed_runs_end_with_the_same_bits(tmp_path: Path) -> None:
    """Once plain; once in the middle of an accumulated step, with a moving average."""
    cases = [(job(), tmp_path / "plain", 31), (job(options=HARD), tmp_path / "hard", 3 * 25 + 2)]
    words = json.dumps([(j.as_dict(), str(folder), at) for j, folder, at in cases])
    done = subprocess.run([sys.executable, "-c", KILLED, words], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [str(-signal.SIGKILL)] * 2, done.stderr
    for case, folder, _ in cases:
        left = checkpoint.load(next(folder.rglob("step-*")).parent)
        assert left is not None and left[1]["progress"]["step"] >= 21
        resumed, straight = fit(case, HERE, Ctx(folder=folder)), fit(case, HERE, Ctx())
        assert same(resumed, straight) and known(resumed) == known(straight)


def listen(note: Callable[[str, int], object]) -> Any:
    return lambda name, value, unit, step, of: bool(note(name, step) is True)


def test_a_newest_checkpoint_that_is_damaged_falls_back_to_the_one_before(tmp_path: Path) -> None:
    whole = fit(job(), HERE, Ctx(folder=tmp_path))
    steps = sorted(tmp_path.rglob("step-*"))
    assert [p.name for p in steps] == ["step-000000000056", "step-000000000060"]
    tensors = steps[1] / checkpoint.TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-40])
    assert checkpoint.load(steps[0].parent)[1]["progress"]["step"] == 56  # type: ignore[index]
    again = fit(job(), HERE, Ctx(folder=tmp_path))
    assert same(whole, again) and known(whole) == known(again)
    (steps[1] / checkpoint.STATE).write_text('{"digest": ')
    assert same(whole, fit(job(), HERE, Ctx(folder=tmp_path)))
    for left in steps[1].parent.glob("step-*/*"):
        left.write_bytes(b"")
    assert checkpoint.load(steps[1].parent) is None
    assert same(whole, fit(job(), HERE, Ctx(folder=tmp_path)))


def test_checkpoints_are_safetensors_and_json(tmp_path: Path) -> None:
    fit(job(options=HARD), HERE, Ctx(folder=tmp_path))
    assert {p.suffix for p in tmp_path.rglob("*") if p.is_file()} == {".safetensors", ".json"}


def test_another_jobs_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    fit(job(seed=4), HERE, Ctx(folder=tmp_path))
    assert same(fit(job(), HERE, Ctx(folder=tmp_path)), fit(job(), HERE, Ctx()))


def test_ctrl_c_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.deep.loop.REPORT_S", 0.0)

    def interrupted(name: str, value: float, unit: str, step: int, of: int) -> bool:
        if step == 12 and name == "train.loss":
            os.kill(os.getpid(), signal.SIGINT)
        return False

    with pytest.raises(KeyboardInterrupt):
        fit(job(), HERE, Ctx(folder=tmp_path, hear=interrupted))
    assert sorted(p.name for p in tmp_path.rglob("step-*"))[-1] == "step-000000000012"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert same(fit(job(), HERE, Ctx(folder=tmp_path)), fit(job(), HERE, Ctx()))


def test_a_raised_interrupt_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.deep.loop.REPORT_S", 0.0)

    def raises(name: str, value: float, unit: str, step: int, of: int) -> bool:
        if step == 20 and name == "valid.loss":
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        fit(job(), HERE, Ctx(folder=tmp_path, hear=raises))
    resumed, straight = fit(job(), HERE, Ctx(folder=tmp_path)), fit(job(), HERE, Ctx())
    assert same(resumed, straight) and known(resumed) == known(straight)


# --- stopping and choosing --------------------------------------------------------------------------------------------


def test_stop_gives_the_best_so_far_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintmark.deep.loop.REPORT_S", 0.0)
    stopped = fit(job(), HERE, Ctx(folder=tmp_path, hear=listen(lambda name, step: step >= 15)))
    assert stopped.steps == stopped.step == 15 and stopped.valid_loss == stopped.history[-1]["valid"]
    assert "15 of 60" in stopped.notes[0]
    assert fit(job(), HERE, Ctx(folder=tmp_path)).steps == 60  # later, with more time, it goes on


def test_a_deadline_that_is_over_trains_one_step() -> None:
    late = fit(job(), HERE, Ctx(deadline=0.0))
    assert 1 <= late.steps < 60 and late.valid_loss is not None


def test_patience_ends_training_and_the_best_is_kept() -> None:
    eager = replace(PLAIN, steps=2000, learning_rate=0.05, warmup=0.0, evaluate_every=10, patience=3)
    found = fit(job(options=eager, rows=24, dropout=0.0), HERE, Ctx())
    losses = [h["valid"] for h in found.history]
    assert found.steps < 2000 and found.step == found.steps - 30
    assert found.valid_loss == min(losses) == losses[-4]
    assert "no better loss" in found.notes[0]


def loss_of(fitted: Fitted, count: int = 64, seed: int = 2) -> float:
    net, rows = Net(0.2).eval(), Curve(count, seed)
    load_weights(net, fitted.weights)
    with torch.no_grad():
        return float(nn.functional.mse_loss(net(rows.x), rows.y))


@pytest.mark.parametrize("options", [PLAIN, HARD], ids=["plain", "average"])
def test_the_weights_are_those_whose_loss_is_told(options: Options) -> None:
    found = fit(job(options=options), HERE, Ctx())
    assert found.valid_loss is not None and math.isclose(loss_of(found), found.valid_loss, rel_tol=1e-5)
    assert all(a.dtype == np.float32 for name, a in found.weights.items() if "num_batches" not in name)


def test_training_learns() -> None:
    long = replace(PLAIN, steps=400, evaluate_every=50)
    found = fit(job(options=long, rows=500, dropout=0.0), HERE, Ctx())
    assert found.valid_loss is not None and found.valid_loss < 0.1  # a constant has 0.4; the noise is 0.01
    assert found.per_s > 0


def test_without_validation_rows_the_last_weights_are_kept() -> None:
    found = fit(job(valid=False), HERE, Ctx())
    assert found.valid_loss is None and found.step == found.steps == 60


# --- the same numbers whatever the way --------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_leaves_the_streams_alone() -> None:
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    before = torch.rand(1), np.random.rand(), random.random()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    one = fit(job(), HERE, Ctx())
    assert (torch.rand(1), np.random.rand(), random.random()) == before
    assert same(one, fit(job(), HERE, Ctx())) and not same(one, fit(job(seed=4), HERE, Ctx()))


def test_workers_load_the_same_batches() -> None:
    short = replace(PLAIN, steps=12, evaluate_every=12)
    assert same(fit(job(options=short), HERE, Ctx()), fit(job(options=replace(short, workers=2)), HERE, Ctx()))


def test_accumulated_passes_are_one_large_batch() -> None:
    large = replace(PLAIN, batch_size=24, steps=30, evaluate_every=30)
    small = replace(large, batch_size=8, accumulate=3)
    one, three = (fit(job("line", o), HERE, Ctx()) for o in (large, small))
    assert one.valid_loss == pytest.approx(three.valid_loss, rel=1e-4)


def test_against_a_loop_of_plain_torch() -> None:
    """The same network, rows and settings by torch alone: the loss that is reported is the loss that it has."""
    o = replace(PLAIN, steps=25, evaluate_every=25, warmup=0.2, clip=0.5)
    found = fit(job("line", o), HERE, Ctx())
    with chance.seeded(3, 0):
        work = line({}, HERE)
    pairs = [[p for p in work.net.parameters() if (p.ndim >= 2) == two] for two in (True, False)]
    adam = torch.optim.AdamW(
        [{"params": pairs[0], "weight_decay": 0.01}, {"params": pairs[1], "weight_decay": 0.0}], betas=(0.9, 0.99)
    )
    order = feed.Shuffled(3, 64)
    for step in range(25):
        rate = 1e-2 * (step + 1) / 5 if step < 5 else 1e-2 * (0.55 + 0.45 * math.cos(math.pi * (step - 5) / 19))
        for group in adam.param_groups:
            group["lr"] = rate
        rows = [work.train[i] for i in order.places(16 * step, 16)]
        total, count = squares(work.net, {k: torch.stack([r[k] for r in rows]) for k in rows[0]})
        adam.zero_grad()
        (total / count).backward()
        nn.utils.clip_grad_norm_(work.net.parameters(), 0.5)
        adam.step()
    for name, weight in work.net.state_dict().items():
        np.testing.assert_allclose(found.weights[name], weight.numpy(), rtol=1e-4, atol=1e-6)


def test_every_row_once_an_epoch_in_an_order_of_its_own() -> None:
    order = feed.Shuffled(0, 10)
    whole = order.places(0, 30)
    epochs = [whole[i : i + 10] for i in (0, 10, 20)]
    assert all(sorted(e) == list(range(10)) for e in epochs) and epochs[0] != epochs[1] != epochs[2]
    assert feed.Shuffled(0, 10).places(7, 9) == whole[7:16]
    shares = [list(feed.Share(order, 4, 2, 3, rank, 2)) for rank in (0, 1)]
    assert shares[0][0] + shares[1][0] + shares[0][1] + shares[1][1] == whole[4:16]


def test_the_learning_rate_rises_and_falls() -> None:
    o = replace(PLAIN, steps=100, warmup=0.1, learning_rate=1.0, min_learning_rate_share=0.2)
    rates = [optimiser.learning_rate(o, step) for step in range(100)]
    assert rates[0] == 0.1 and rates[9] == rates[10] == 1.0 and rates[99] == pytest.approx(0.2)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert optimiser.learning_rate(replace(o, steps=1, warmup=0.0), 0) == 1.0


# --- memory -----------------------------------------------------------------------------------------------------------


def test_out_of_memory_halves_the_batch_and_keeps_the_step(tmp_path: Path) -> None:
    roomy = fit(job("greedy", most=100), HERE, Ctx())
    tight = fit(job("greedy", most=5), HERE, Ctx(folder=tmp_path))
    assert (tight.batch_size, tight.accumulate) == (4, 4) and roomy.batch_size == 16
    assert tight.valid_loss == pytest.approx(roomy.valid_loss, rel=1e-4)
    assert "8 rows at once and 2 passes" in tight.notes[0] and "4 rows at once and 4 passes" in tight.notes[1]


def test_one_row_that_does_not_fit_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(BudgetError, match="one row at a time .*pretended.* Try: a smaller network"):
        fit(job("greedy", most=0), HERE, Ctx())


def test_what_counts_as_out_of_memory() -> None:
    cpu = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried")
    assert memory.ran_out(cpu) and memory.ran_out(MemoryError()) and memory.ran_out(torch.OutOfMemoryError("CUDA"))
    assert not memory.ran_out(RuntimeError("shapes cannot be multiplied")) and not memory.ran_out(ValueError("memory"))


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_names_step_and_learning_rate(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"loss of step 31 is not a number.*0\.01.*Try: 0\.0033"):
        fit(job("breaking", at=31), HERE, Ctx(folder=tmp_path))
    held = checkpoint.load(next(tmp_path.rglob("step-*")).parent)
    assert held is not None and held[1]["progress"]["step"] == 28
    assert all(t.isfinite().all() for name, t in held[0].items() if name.startswith("weights/"))


def test_half_precision_on_a_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecipeError, match="fp16 needs a graphics card.*'bf16'"):
        fit(job(options=replace(PLAIN, precision="fp16")), HERE, Ctx())
    assert device.precision("auto") in ("bf16", "fp32")


def test_bf16_trains_and_gives_float32() -> None:
    found = fit(job("line", replace(PLAIN, precision="bf16")), HERE, Ctx())
    full = fit(job("line"), HERE, Ctx())
    assert found.valid_loss == pytest.approx(full.valid_loss, rel=0.05) and not same(found, full)
    assert {a.dtype for a in found.weights.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("build", ["os:system", "tiny_nets:nothing", "tiny_nets", "mintmark.deep.nowhere:f", ""])
def test_only_functions_of_our_own_packages_are_built(build: str) -> None:
    with pytest.raises(RecipeError, match="build"):
        fit(Job(build, {}, PLAIN, 0), HERE, Ctx())


@pytest.mark.parametrize(
    ("name", "value"),
    [("steps", 0), ("warmup", 1.5), ("learning_rate", math.nan), ("processes", 0), ("precision", "x")],
)
def test_options_out_of_bounds(name: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=f"{name}: is {value!r}"):
        replace(PLAIN, **{name: value})


def test_tied_weights_come_once_and_frozen_ones_stay() -> None:
    found = fit(job("tied", replace(PLAIN, steps=300, learning_rate=0.03)), HERE, Ctx())
    assert set(found.weights) == {"table.weight", "fixed.weight", "fixed.bias"}
    net, fixed = Tied(), Training(job("tied"), HERE, Ctx(), Pace(1, 1)).bare.state_dict()["fixed.weight"]
    load_weights(net, found.weights)
    assert torch.equal(net.out.weight, torch.from_numpy(found.weights["table.weight"]))
    assert np.array_equal(found.weights["fixed.weight"], fixed.numpy())
    assert net(torch.arange(10)).argmax(1).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    for wrong in ({"table.weight": found.weights["table.weight"]}, found.weights | {"more": np.zeros(2)}):
        with pytest.raises(BundleError, match="train the model again"):
            load_weights(net, wrong)


def test_reports_name_loss_and_speed() -> None:
    heard: set[str] = set()
    fit(job(), HERE, Ctx(hear=listen(lambda name, step: heard.add(name))))
    assert heard == {"train.loss", "points/s", "valid.loss"}
