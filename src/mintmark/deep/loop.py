"""The one training loop of every network: `fit` takes a job, and what it gives back are the best weights.

Built over accelerate (precision, several processes). A run that is killed goes on from its last checkpoint with the
very next batch and the same random numbers, so that it ends where it would have ended. Nothing here knows what the
network is for.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from mintmark.base.errors import RecipeError
from mintmark.deep import chance, checkpoint, device, distribute, feed, memory, optimiser, weights
from mintmark.deep.interrupt import patient
from mintmark.deep.job import Fitted, Job, Options, Pace, Row, Rows, Work
from mintmark.deep.progress import Progress
from mintmark.deep.weights import load_weights
from mintmark.numerics.ctx import Ctx

__all__ = ["Fitted", "Job", "Options", "Pace", "Row", "Rows", "Training", "Work", "fit", "load_weights"]

REPORT_S = 0.5
MOMENTS = ("step", "exp_avg", "exp_avg_sq")
Units = int | Tensor
T = TypeVar("T")


def fit(job: Job, data: Path, ctx: Ctx) -> Fitted:
    """Train the job's network; `data` is the folder that its `build` reads.

    Checkpoints lie in `ctx.folder`/loop; without a folder none are written. When ctx says stop, training ends, and the
    best so far is evaluated and returned with a note.
    Raises: RecipeError: an option that cannot be followed here, or a loss that is no number. BudgetError: one row does
    not fit into memory.
    """
    device.check(job.options)
    folder = ctx.folder / "loop" / job.digest() if ctx.folder else None
    pace = _pace(job, data, folder, ctx)
    if job.options.processes == 1:
        return Training(job, data, replace(ctx, rank=0), pace, folder).run()
    while True:
        try:
            return distribute.start(job, data, ctx, pace, folder)
        except distribute.TooLarge as exc:
            if pace.rows == 1:
                raise memory.too_small(str(exc)) from exc
            pace = pace.halved()


def _pace(job: Job, data: Path, folder: Path | None, ctx: Ctx) -> Pace:
    """The batch size as set, as found before a kill, or as found now."""
    options = job.options
    if options.batch_size is not None:
        return Pace(options.batch_size, options.batch_size * options.accumulate)
    found = checkpoint.load_note(folder, "pace") if folder else None
    if found is None:
        rows = memory.rows_that_fit(job, data, ctx)
        found = {"rows": rows, "step_rows": rows * options.accumulate}
        if folder:
            checkpoint.save_note(folder, "pace", found)
    return Pace(**found)


class Training:
    """One process's part of a run."""

    def __init__(self, job: Job, data: Path, ctx: Ctx, pace: Pace, folder: Path | None = None) -> None:
        self.job, self.options, self.ctx, self.folder = job, job.options, ctx, folder
        self.accelerator = device.accelerator(job.options)
        self.rank, self.processes = self.accelerator.process_index, self.accelerator.num_processes
        with chance.seeded(job.seed, 0):
            self.work = job.load(data)
        self.bare = self.work.net
        self.net = self.accelerator.prepare_model(self.bare).train()
        self.learnt, self.changing = weights.learnt(self.bare), weights.changing(self.bare)
        self.tensors = list(self.learnt.values())
        self.optimizer = optimiser.adamw(self.tensors, self.options)
        self.average = weights.Average(self.learnt, self.options.ema) if self.options.ema else None
        self.best: dict[str, Tensor] = {}
        self.progress = Progress(pace)
        self.pending: list[tuple[Tensor, Units, Tensor]] = []
        self.saved, self.whole = -1, True
        self.asked, self.stopped = False, False
        self.since = time.perf_counter()
        if len(self.work.train) == 0:
            raise RecipeError("there is nothing to train on.", where="build", fix="more data.")

    # --- the run -----------------------------------------------------------------------------------------------------

    def run(self) -> Fitted:
        with chance.seeded(self.job.seed, 1, self.rank), ExitStack() as stack:
            self.restore()
            interrupted = stack.enter_context(patient())
            batches = self.feed()
            try:
                while not self.ended():
                    if interrupted():
                        raise KeyboardInterrupt
                    self.advance(next(batches))
            except KeyboardInterrupt:
                if self.whole and self.processes == 1:  # a step cut in two is not gone on from
                    self.save()
                raise
            self.save()
            if interrupted():  # during the last evaluation: nothing is lost, and nothing swallowed
                raise KeyboardInterrupt
            return self.result()

    def ended(self) -> bool:
        """Between two steps: evaluate and save where it is time to; whether that was all."""
        p, o = self.progress, self.options
        last = p.finished or p.step >= o.steps or (self.stopped and p.step > 0)
        if p.step > p.evaluated and (last or p.step % o.evaluate_every == 0):
            self.evaluate()
        idle = bool(o.patience) and p.stale >= o.patience
        if idle and not p.finished and p.step < o.steps:
            p.notes.append(
                f"Training stopped at step {p.step} of {o.steps}: {o.patience} evaluations brought no better loss."
            )
        p.finished = p.finished or idle or p.step >= o.steps
        if p.step > 0 and p.step % o.save_every == 0 and not p.finished:
            self.save()
        return last or idle

    def feed(self) -> Iterator[Row]:
        p, o, rows = self.progress, self.options, self.work.train
        order = feed.Shuffled(self.job.seed, len(rows))
        share = feed.Share(order, p.seen, o.steps - p.step, p.pace.step_rows, self.rank, self.processes)
        return feed.batches(self.work, rows, share, o.workers)

    # --- one step ----------------------------------------------------------------------------------------------------

    def advance(self, batch: Row) -> None:
        """One step of the optimiser."""
        self.whole = False
        total, units = self.with_room(self.gradients, batch)
        self.update(total, units)
        self.progress.step += 1
        self.progress.seen += self.progress.pace.step_rows * self.processes
        self.whole = True
        if time.perf_counter() - self.since >= REPORT_S:
            self.report()

    def with_room(self, compute: Callable[[Row], T], batch: Row) -> T:
        """What `compute` gives; when memory runs out, once more in smaller parts."""
        while True:
            try:
                return compute(batch)
            except (MemoryError, RuntimeError) as exc:
                if not memory.ran_out(exc):
                    raise
                said = str(exc)
            self.make_room(said)  # only here are the tensors of the failed pass gone

    def make_room(self, said: str) -> None:
        p = self.progress
        self.optimizer.zero_grad()
        memory.release()
        if self.processes > 1:  # the others wait for this one: all begin again
            raise distribute.TooLarge(said)
        if p.pace.rows == 1:
            raise memory.too_small(said)
        p.pace = p.pace.halved()
        p.notes.append(
            f"Memory ran out at step {p.step + 1}: training went on with {p.pace.rows} rows at once and "
            f"{p.pace.accumulate} passes a step, the same {p.pace.step_rows} rows a step."
        )

    def gradients(self, batch: Row) -> tuple[Tensor, Units]:
        """The sum of the losses and of the units; the gradients that it leaves are those of a mean, see `update`."""
        passes = feed.parts(batch, self.progress.pace.rows)
        alone = len(passes) == 1 and self.processes == 1
        sums: list[tuple[Tensor, Units]] = []
        for part in passes:
            together = len(sums) + 1 == len(passes)  # the last pass brings the gradients of all processes together
            with nullcontext() if together or self.processes == 1 else self.accelerator.no_sync(self.net):
                with self.accelerator.autocast():
                    loss, units = self.work.loss(self.net, feed.moved(part, self.accelerator.device))
                self.accelerator.backward(loss / (_some(units) if alone else self.progress.pace.step_rows))
            sums.append((loss.detach(), units))
        return sums[0] if alone else (sum((s[0] for s in sums[1:]), sums[0][0]), sum(s[1] for s in sums))

    def update(self, total: Tensor, units: Units) -> None:
        """Make the gradients those of the mean over all units, bound them, and step."""
        o, p, scale = self.options, self.progress, None
        if self.processes > 1:
            mine = torch.tensor([float(total), float(units), float(self.asked)], dtype=torch.float64)
            total, units, stopped = self.accelerator.reduce(mine.to(self.accelerator.device), "sum").unbind()
            self.stopped = bool(stopped > 0)  # by all at the same step
        if p.pace.accumulate > 1 or self.processes > 1:
            scale = p.pace.step_rows * self.processes / _some(units)
        for group in self.optimizer.param_groups:
            group["lr"] = optimiser.learning_rate(o, p.step)
        norm = optimiser.bound(self.accelerator, self.optimizer, self.tensors, o.clip, scale)
        self.pending.append((total, units, norm))
        try:
            optimiser.step(self.accelerator, self.optimizer)
        except (MemoryError, RuntimeError) as exc:
            if memory.ran_out(exc):
                raise memory.too_small(str(exc)) from exc
            raise
        self.optimizer.zero_grad()
        if self.average:
            self.average.add(p.step)

    # --- between the steps -------------------------------------------------------------------------------------------

    def read(self) -> tuple[float, float, float]:
        """Nats, units and seconds of the steps since the last reading: the only place that waits for the device.

        Raises: RecipeError: a loss or a gradient is no number; the checkpoint before it stays.
        """
        p, pending, self.pending, before = self.progress, self.pending, [], self.since
        if pending:
            totals, counts, norms = (_numbers([step[i] for step in pending]) for i in range(3))
            scaled = self.accelerator.scaler is not None  # half precision leaves out a step whose gradient overflows
            for i, (nats, norm) in enumerate(zip(totals, norms, strict=True)):
                if not math.isfinite(nats) or not (scaled or math.isfinite(norm)):
                    raise self.no_number("gradient" if math.isfinite(nats) else "loss", p.step - len(pending) + i + 1)
        self.since = time.perf_counter()
        if not pending:
            return 0.0, 0.0, 0.0
        p.add(list(zip(totals, counts, strict=True)), self.since - before)
        return sum(totals), sum(counts), self.since - before

    def no_number(self, what: str, step: int) -> RecipeError:
        rate = self.options.learning_rate
        return RecipeError(
            f"the {what} of step {step} is not a number or infinite, with a learning rate of {rate:g}.",
            where="learning_rate",
            fix=f"{rate / 3:.2g}, precision = 'fp32', or look for infinite values in the data.",
        )

    def report(self) -> None:
        nats, units, seconds = self.read()
        if units and seconds:
            self.tell("train.loss", nats / units, "nats")
            self.tell(f"{self.work.unit}/s", units / seconds, "1/s")

    def tell(self, name: str, value: float, unit: str) -> None:
        stop = self.ctx.report(name, value, unit, step=self.progress.step, of=self.options.steps)
        self.asked = self.asked or stop
        self.stopped = self.stopped or (self.asked and self.processes == 1)

    def evaluate(self) -> None:
        """Measure the weights (their average where there is one) on the validation rows; keep them if they are best."""
        self.report()
        loss = None if self.work.valid is None or len(self.work.valid) == 0 else self.validation_loss(self.work.valid)
        if self.progress.evaluation(loss) and loss is not None:
            self.best = weights.copied(self.now(), "cpu")
        self.since = time.perf_counter()
        if loss is not None:
            self.tell("valid.loss", loss, "nats")

    def now(self) -> dict[str, Tensor]:
        return {**self.changing, **(self.average.held if self.average else {})}

    def validation_loss(self, rows: Rows) -> float:
        """Nats a unit over all rows. Random streams are begun for it alone, and those of training left as they are."""
        size = self.progress.pace.rows
        places = [list(range(i, min(i + size, len(rows)))) for i in range(0, len(rows), size)]
        sums = torch.zeros(2, dtype=torch.float64)
        self.bare.eval()
        with torch.no_grad(), chance.seeded(self.job.seed, 2, self.rank), ExitStack() as stack:
            if self.average:
                stack.enter_context(self.average.in_place())
            for batch in feed.batches(self.work, rows, places[self.rank :: self.processes], self.options.workers):
                sums += torch.tensor(self.with_room(self.losses, batch), dtype=torch.float64)
        self.bare.train()
        nats, units = self.accelerator.reduce(sums.to(self.accelerator.device), "sum").tolist()
        if not math.isfinite(nats):
            raise self.no_number("validation loss after", self.progress.step)
        return float(nats / max(units, 1.0))

    def losses(self, batch: Row) -> tuple[float, float]:
        nats, count = 0.0, 0.0
        for part in feed.parts(batch, self.progress.pace.rows):
            with self.accelerator.autocast():
                loss, units = self.work.loss(self.bare, feed.moved(part, self.accelerator.device))
            nats, count = nats + float(loss), count + float(units)
        return nats, count

    # --- checkpoints and result --------------------------------------------------------------------------------------

    def save(self) -> None:
        if self.folder is None or (self.saved == self.progress.step and not self.progress.finished):
            return
        self.read()
        own = chance.kept()
        streams = {k: self.accelerator.gather(t[None].to(self.accelerator.device)) for k, t in own.items()}
        groups = {"weights": self.changing, "best": self.best, "average": self.average.held if self.average else {}}
        tensors = {f"{group}/{name}": t for group, held in groups.items() for name, t in held.items()}
        tensors |= {f"random/{name}": t for name, t in streams.items()}
        for name, weight in self.learnt.items():
            tensors |= {f"{kind}/{name}": t for kind, t in self.optimizer.state.get(weight, {}).items()}
        if self.rank == 0:
            scaler = self.accelerator.scaler.state_dict() if self.accelerator.scaler else None
            state = {"progress": self.progress.as_dict(), "scaler": scaler}
            checkpoint.save(self.folder, self.progress.step, tensors, state)
        self.saved, self.since = self.progress.step, time.perf_counter()

    def restore(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        found = checkpoint.load(self.folder) if self.folder else None
        if found is None:
            return
        tensors, state = found
        rows = self.progress.pace.rows  # fewer, where memory ran out in the meantime
        self.progress = Progress.from_dict(state["progress"])
        self.progress.pace = replace(self.progress.pace, rows=min(rows, self.progress.pace.rows))
        self.saved = self.progress.step
        weights.put(self.changing, _under("weights/", tensors))
        self.best = _under("best/", tensors)
        if self.average:
            weights.put(self.average.held, _under("average/", tensors))
        for name, weight in self.learnt.items():
            moments = {k: tensors[f"{k}/{name}"] for k in MOMENTS if f"{k}/{name}" in tensors}
            if moments:
                self.optimizer.state[weight] = {k: t.to(weight.device) for k, t in moments.items()}
        if self.accelerator.scaler and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        chance.put_back({k: t[self.rank] for k, t in _under("random/", tensors).items()})

    def result(self) -> Fitted:
        p, notes = self.progress, list(self.progress.notes)
        if not p.finished:
            notes.append(
                f"Training was stopped after {p.step} of {self.options.steps} steps; "
                "the best weights until then are kept."
            )
        return Fitted(
            weights.arrays(self.bare, self.best or self.now()),
            step=p.best_step,
            steps=p.step,
            valid_loss=p.best_loss if math.isfinite(p.best_loss) else None,
            per_s=p.units / p.seconds if p.seconds else 0.0,
            notes=notes,
            history=p.history,
            batch_size=p.pace.rows,
            accumulate=p.pace.accumulate,
        )


def _some(units: Units) -> Units:
    """At least one, so that a batch of nothing but padding divides by no zero."""
    return units.clamp(min=1) if isinstance(units, Tensor) else max(units, 1)


def _numbers(found: list[Any]) -> list[float]:
    """Read from the device at once."""
    if isinstance(found[0], Tensor):
        return [float(x) for x in torch.stack(found).tolist()]
    return [float(x) for x in found]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
