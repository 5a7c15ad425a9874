"""Tokens a second of the training loop against transformers' Trainer and a bare PyTorch loop.

The same small GPT, rows, batch size, AdamW (fused), clipping and learning rate, in fp32 and in bf16; each in turn, so
that a busy moment meets all. Timed from the first batch to the last step: neither set-up nor evaluation counts. The
mean training loss stands beside the speed: all three train the same thing.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import about, write
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments

from mintmark.deep import language, windows
from mintmark.deep.job import Work
from mintmark.deep.loop import Job, Options, fit
from mintmark.deep.optimiser import adamw, learning_rate
from mintmark.numerics.ctx import Ctx

SEED, REPEATS, STEPS, BATCH, CONTEXT = 0, 5, 100, 16, 128
SHAPE = {"model": "gpt", "vocabulary": 65, "layers": 4, "width": 128, "heads": 4, "context": CONTEXT}
FACTS = {"shape": SHAPE, "seed": SEED}
Timed = tuple[float, float]


def options(steps: int, precision: Any) -> Options:
    return Options(steps, BATCH, 1e-3, evaluate_every=10**9, save_every=10**9, precision=precision)


def made(data: Path) -> Work:
    torch.manual_seed(SEED)
    return language.build(FACTS, data)


def ours(data: Path, o: Options) -> Timed:
    """Seconds and the mean training loss."""
    fitted = fit(Job("mintmark.deep.language:build", FACTS, o, SEED), data, Ctx())
    return o.steps * BATCH * CONTEXT / fitted.per_s, fitted.history[-1]["train"]


def rows_as_they_are(rows: Any) -> Any:
    return rows


def bare(data: Path, o: Options) -> Timed:
    work = made(data)
    net = work.net.train()
    optimizer = adamw(list(net.parameters()), o)
    loader = DataLoader(work.train, BATCH, shuffle=True, drop_last=True, collate_fn=rows_as_they_are)
    batches, losses, start = iter(loader), [], time.perf_counter()
    for step in range(o.steps):
        with torch.autocast("cpu", torch.bfloat16, enabled=o.precision == "bf16"):
            total, count = work.loss(net, next(batches))
        loss = total / count
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), o.clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(o, step)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.detach())
    return time.perf_counter() - start, float(torch.stack(losses).mean())


class WithLoss(nn.Module):
    """A network as Trainer wants it: what it gives has the loss in it."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.net, self.loss = work.net, work.loss

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        total, count = self.loss(self.net, {"x": x, "y": y})
        return {"loss": total / count}


class Clock(TrainerCallback):
    begun = ended = 0.0

    def on_train_begin(self, *args: Any, **more: Any) -> None:
        self.begun = time.perf_counter()

    def on_step_end(self, *args: Any, **more: Any) -> None:
        self.ended = time.perf_counter()


def trainer(data: Path, o: Options) -> Timed:
    work, clock = made(data), Clock()
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, max_steps=o.steps, learning_rate=o.learning_rate,
            weight_decay=o.weight_decay, adam_beta2=o.beta2, max_grad_norm=o.clip, optim="adamw_torch_fused",
            lr_scheduler_type="cosine", warmup_steps=round(o.warmup * o.steps), logging_strategy="no",
            save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True, bf16=o.precision == "bf16",
            seed=SEED, remove_unused_columns=False,
        )  # fmt: skip
        run = Trainer(WithLoss(work), settings, rows_as_they_are, work.train, callbacks=[clock])
        loss = run.train().training_loss
    return clock.ended - clock.begun, float(loss)


def compared(data: Path, o: Options) -> dict[str, Any]:
    ways: dict[str, Callable[[Path, Options], Timed]] = {"ours": ours, "trainer": trainer, "bare": bare}
    runs: dict[str, list[Timed]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            runs[name].append(way(data, o))
    tokens = o.steps * BATCH * CONTEXT
    per_s = {name: statistics.median(tokens / seconds for seconds, _ in found) for name, found in runs.items()}
    return {
        "tokens_per_s": per_s,
        "tokens_per_s_runs": {name: [tokens / seconds for seconds, _ in found] for name, found in runs.items()},
        "train_loss": {name: found[-1][1] for name, found in runs.items()},
        "ratio_to_faster_peer": per_s["ours"] / max(per_s["trainer"], per_s["bare"]),
        "ratio_must": 0.95,
    }


def lengths(steps: int) -> dict[str, int]:
    """bf16 is about twice as fast: as long a run, so that the machine's moods weigh as little."""
    return {"fp32": steps, "bf16": 2 * steps}


def main(steps: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = np.random.default_rng(SEED).zipf(1.3, 200_000) % 65
        windows.write(Path(folder), "train", [text], joined=True, vocabulary=65)
        for way in (ours, trainer, bare):
            way(Path(folder), options(3, "fp32"))
        found = {precision: compared(Path(folder), options(n, precision)) for precision, n in lengths(steps).items()}
    write("deep_loop" if steps == STEPS else "deep_loop_short", {
        **about("torch", "transformers", "accelerate"), "seed": SEED, "network": SHAPE, "batch_size": BATCH,
        "steps": lengths(steps), "repeats": REPEATS, "threads": torch.get_num_threads(), **found,
        "peer": "transformers.Trainer, and a loop of plain PyTorch: the same network, rows, batch and fused AdamW",
    })  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
