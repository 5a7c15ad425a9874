"""A process that trains, or tries out how much it can train on at once: `python -m mintmark.deep.child SPEC.json`."""

import json
import os
import sys
import time
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import safetensors.numpy
import torch

from mintmark.base.errors import MintmarkError
from mintmark.base.meter import meter
from mintmark.deep import feed
from mintmark.deep.distribute import END, ERROR, FITTED, MARK, STOP, WEIGHTS, TooLarge
from mintmark.deep.job import Job, Pace, Row
from mintmark.deep.loop import Training
from mintmark.deep.memory import MIB
from mintmark.numerics.ctx import Ctx

SLACK_MIB = 1024
"""of address space, for libraries and their threads"""


def main(path: Path) -> int:
    spec, rank = json.loads(path.read_text(encoding="utf-8")), int(os.environ.get("RANK", "0"))
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    sys.excepthook = partial(_last_words, path.parent / ERROR.format(rank))
    try:
        {"train": _train, "try": _try}[spec["do"]](spec, path.parent, rank)
    except (MintmarkError, TooLarge) as exc:
        _note(path.parent / ERROR.format(rank), exc, getattr(exc, "what", str(exc)))
        return 1
    return 0


def _train(spec: dict[str, Any], room: Path, rank: int) -> None:
    def hear(name: str, value: float, unit: str, step: int, of: int) -> bool:
        _say({"name": name, "value": value, "unit": unit, "step": step, "of": of})
        return (room / STOP).exists()

    ctx = Ctx(spec["seed"], rank=rank, hear=hear)
    folder = Path(spec["folder"]) if spec["folder"] else None
    job, pace = Job.from_dict(spec["job"]), Pace(**spec["pace"])
    training = Training(job, Path(spec["data"]), ctx, pace, folder)
    fitted = training.run()
    if rank == 0:
        safetensors.numpy.save_file(fitted.weights, room / WEIGHTS)
        half = room / f"{FITTED}.half"
        half.write_text(json.dumps(fitted.about()), encoding="utf-8")
        os.replace(half, room / FITTED)
    training.accelerator.end_training()


def _try(spec: dict[str, Any], room: Path, rank: int) -> None:
    """Steps of 1, 2, 4, ... rows, until the next would not fit."""
    _bound(spec["limit_mib"] + SLACK_MIB)
    job = Job.from_dict(spec["job"])
    job = replace(job, options=replace(job.options, processes=1))
    training = Training(job, Path(spec["data"]), Ctx(job.seed), Pace(1, 1))
    rows, before, order = 1, 0.0, feed.Shuffled(job.seed, len(training.work.train))
    while rows <= len(training.work.train):
        training.progress.pace = Pace(rows, rows)
        batch = next(feed.batches(training.work, training.work.train, [order.places(0, rows)], 0))
        seconds, peak = _measured(training, batch)
        if training.progress.notes:
            _say({"error": training.progress.notes[0]})
            break
        _say({"rows": rows, "peak_mib": peak / MIB, "per_s": rows / seconds})
        if before and peak + 2 * (peak - before) > spec["limit_mib"] * MIB:
            break
        rows, before = 2 * rows, peak
    _say(END)


def _measured(training: Training, batch: Row) -> tuple[float, float]:
    """The fastest of three steps after a first, and the most bytes that any held."""
    best, on_card = float("inf"), torch.cuda.is_available()
    with meter() as used:
        if on_card:
            torch.cuda.reset_peak_memory_stats()
        for i in range(4):
            start = time.perf_counter()
            training.advance(batch)
            training.read()  # waits for the device
            best = min(best, time.perf_counter() - start) if i else best
        peak = next(m.value for m in used() if m.name == "peak_memory")
    return best, float(torch.cuda.max_memory_allocated()) if on_card else peak


def _bound(most_mib: int) -> None:
    """Let an allocation beyond the limit fail here, instead of bringing the machine down."""
    if sys.platform == "linux" and not torch.cuda.is_available():
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = most_mib * MIB
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


def _last_words(path: Path, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error that nobody foresaw, with the end of its trace."""
    lines = "".join(traceback.format_exception(kind, error, trace)).rstrip().splitlines()
    _note(path, error, "a training process broke:\n  " + "\n  ".join(lines[-8:]) + "\n ")
    sys.__excepthook__(kind, error, trace)


def _note(path: Path, error: BaseException, what: str) -> None:
    said = {"kind": type(error).__name__, "what": what}
    said |= {name: getattr(error, name, "") for name in ("where", "fix")}
    path.write_text(json.dumps(said), encoding="utf-8")


def _say(what: dict[str, Any]) -> None:
    print(MARK + json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
