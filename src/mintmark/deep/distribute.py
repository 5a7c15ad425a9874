"""Networks trained by processes of their own: started with a JSON file, followed line by line, ended with their parent.

Several that train together are started by torchrun. Rank 0 prints what there is to report as lines of JSON; the parent
answers by a file whose being there means: stop.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.numpy

from mintmark.base import errors
from mintmark.base.errors import MintmarkError
from mintmark.deep.job import Fitted, Job, Pace
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.trees import cores

SPEC, STOP, FITTED, WEIGHTS, ERROR = "spec.json", "stop", "fitted.json", "weights.safetensors", "error-{}.json"
END = {"end": True}
MARK = "mintmark "
"""begins each line that is meant for the parent"""
TORCHRUNS = re.compile(r"[EWI]\d{4} .*torch/distributed|Traceback.*torch/distributed/run")
"""lines of its own, after those of the processes"""
PATIENCE_S = 30.0
"""for processes that were asked to stop to write their checkpoint"""


class TooLarge(Exception):
    """Memory ran out in one of several processes: all of them begin again with fewer rows at once."""


def start(job: Job, data: Path, ctx: Ctx, pace: Pace, folder: Path | None) -> Fitted:
    """Train by `job.options.processes` processes.

    Raises: TooLarge. MintmarkError: what a process raised, or the last lines that it wrote when it broke.
    """
    with tempfile.TemporaryDirectory(prefix="mintmark-") as name:
        room = Path(name)
        spec = {
            "do": "train",
            "job": job.as_dict(),
            "data": str(data.absolute()),
            "folder": str(folder.absolute()) if folder else None,
            "pace": asdict(pace),
            "seed": ctx.seed,
        }
        (room / SPEC).write_text(json.dumps(spec), encoding="utf-8")
        torchrun = ["torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
        words = [*torchrun, f"--nproc-per-node={job.options.processes}", "-m", "mintmark.deep.child", str(room / SPEC)]
        with _started(words, room, max(cores() // job.options.processes, 1)) as lines:
            for line in lines:
                if ctx.report(line["name"], line["value"], line["unit"], step=line["step"], of=line["of"]):
                    (room / STOP).touch()
        if not (room / FITTED).exists():
            raise _why(room)
        about = json.loads((room / FITTED).read_text(encoding="utf-8"))
        return Fitted(safetensors.numpy.load_file(room / WEIGHTS), **about)


def tried(job: Job, data: Path, limit_mib: int) -> Iterator[dict[str, Any]]:
    """rows, peak_mib and per_s of a trial step of ever more rows; last of all, perhaps, an error."""
    with tempfile.TemporaryDirectory(prefix="mintmark-") as name:
        room = Path(name)
        spec = {"do": "try", "job": job.as_dict(), "data": str(data.absolute()), "limit_mib": limit_mib}
        (room / SPEC).write_text(json.dumps(spec), encoding="utf-8")
        words = ["mintmark.deep.child", str(room / SPEC)]
        with _started(words, room, max(cores() // job.options.processes, 1)) as lines:
            for line in lines:
                if line == END:
                    return
                yield line
        error = _why(room)
        if not isinstance(error, TooLarge | _Broken):
            raise error
        yield {"error": str(error)}


class _Broken(MintmarkError):
    """A process ended without a word of ours."""


@contextmanager
def _started(words: list[str], room: Path, threads: int) -> Iterator[Iterator[dict[str, Any]]]:
    """The lines that a module's processes say; whatever ends the reading ends them too."""
    env = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "GLOO_SOCKET_IFNAME": "lo0" if sys.platform == "darwin" else "lo",
    }
    with (room / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=log, env=env, start_new_session=True
        )
        try:
            yield _lines(process)
        except KeyboardInterrupt:
            (room / STOP).touch()
            _wait(process, PATIENCE_S)
            raise
        finally:
            _end(process)


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    for line in process.stdout or ():
        if line.startswith(MARK.encode()):
            yield json.loads(line[len(MARK) :])
    process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group: torchrun and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        _wait(process, 5.0)
    if process.stdout:
        process.stdout.close()
    process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns


def _why(room: Path) -> Exception:
    """What the processes say went wrong; of several, the one that ran out of memory, else the first."""
    said = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(room.glob(ERROR.format("*")), key=_written)]
    for error in said:
        if error["kind"] in (TooLarge.__name__, MemoryError.__name__):
            return TooLarge(error["what"])
    for error in said:
        kind = getattr(errors, error["kind"], MintmarkError)
        found: MintmarkError = kind(error["what"], where=error["where"], fix=error["fix"])
        return found
    tail: list[str] = []
    for line in (room / "log").read_text(encoding="utf-8", errors="replace").splitlines():
        if TORCHRUNS.match(line) and tail:
            break
        tail += [line] if line.strip() and not TORCHRUNS.match(line) else []
    return _Broken(
        "a training process ended without a result. Its last lines:\n  " + "\n  ".join(tail[-12:]),
        where="deep",
        fix="processes = 1, which shows the error where it happens.",
    )
