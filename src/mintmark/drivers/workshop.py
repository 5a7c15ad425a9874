"""The workshop: trials carried out in processes of their own, which can be stopped and cannot end the search.

One process reads the data once (`python -m mintmark.drivers.workshop SPEC.json`) and forks for each trial, before any
library has started threads in it: so a trial begins within milliseconds, shares the rows, and can be killed when its
time is up, whatever library it is in.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintmark.base import errors
from mintmark.base.errors import DataError, MintmarkError
from mintmark.base.url import masked

SPEC, ERROR = "workshop.json", "error-{}.json"
UNREAD = ERROR.format("read")
"""why the rows could not be read"""
PATIENCE_S = 0.005
GRACE_S = 1.0
"""a fit that hears of its deadline may take so much longer before it is killed"""


class Workshop:
    """Where trials are carried out; `do` waits for one."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._folder = process, folder

    def do(self, jobs: Sequence[dict[str, Any]], lanes: int = 1) -> Iterator[tuple[int, dict[str, Any]]]:
        """Place and outcome of each piece of work as it ends: wall_s and cpu_s; `error` where it did not succeed,
        `late` where it was stopped, `never` where there was no time left to begin.

        lanes: so many at once, each on its share of the processors. A job: `do` (try, whole), `ask`, `seconds` it may
        take and `until` when on the monotonic clock, None for ever.
        """
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({"jobs": list(jobs), "lanes": lanes}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the reading says so
        for _ in jobs:
            line = self._process.stdout.readline()
            if not line:
                raise self._ended()
            said = json.loads(line)
            yield said.pop("place"), said

    def _ended(self) -> MintmarkError:
        unread = self._folder / UNREAD
        if unread.exists():
            return error_of(json.loads(unread.read_text(encoding="utf-8")))
        log = self._folder / "workshop.log"
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:] if log.exists() else []
        what = "the process that tries models ended by itself. Its last lines:\n  " + "\n  ".join(tail)
        return DataError(what, where="search", fix="less data at once, or one model instead of auto.")


@contextmanager
def opened(p: Any, source: Any, folder: Path) -> Iterator[Workshop]:
    """A workshop for these rows, closed whatever happens.   `source`: rows that lie in no file."""
    from mintmark.data import rows as table

    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNREAD).unlink(missing_ok=True)
    spec: dict[str, Any] = {"recipe": p.recipe.as_dict(), "folder": str(p.recipe.folder.absolute()), "rows": ""}
    spec["hash"] = p.record.data_hash
    if source is not None:
        spec["rows"] = str((folder / "rows.arrow").absolute())
        Path(spec["rows"]).write_bytes(table.to_state(source.table()).files["rows.arrow"])
    (folder / SPEC).write_text(json.dumps(spec), encoding="utf-8")
    with (folder / "workshop.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mintmark.drivers.workshop", str(folder / SPEC)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            yield Workshop(process, folder)
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(2.0)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        pass
            process.wait()


def error_of(said: dict[str, Any]) -> MintmarkError:
    """What a piece of work said went wrong, as the error that it was."""
    found: type[MintmarkError] = getattr(errors, said["kind"], DataError)
    return found(said["what"], where=said.get("where", ""), fix=said.get("fix", ""))


# --- the other side ---------------------------------------------------------------------------------------------------


def main(spec_path: Path) -> int:
    """Read the rows, then fork for each line of work, one after the other."""
    said, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints goes to the log
    try:
        p = _prepared(json.loads(spec_path.read_text(encoding="utf-8")))
    except MintmarkError as exc:
        (spec_path.parent / UNREAD).write_text(json.dumps(_worded(exc)), encoding="utf-8")
        return exc.exit_code
    _import_ahead()
    for line in sys.stdin:
        given = json.loads(line)
        for done in _carried_out(p, given["jobs"], given["lanes"], spec_path.parent):
            said.write(json.dumps(done) + "\n")
            said.flush()
    return 0


@dataclass
class _Child:
    place: int
    started: float
    ends: float
    late: bool = False


def _carried_out(p: Any, jobs: list[dict[str, Any]], lanes: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Each job in a process of its own, so many at a time, in their order."""
    waiting, running, pause, asks = list(enumerate(jobs)), dict[int, _Child](), PATIENCE_S, os.getppid()
    free = [_lane(i, lanes) for i in range(lanes)]
    lane: dict[int, set[int]] = {}
    while waiting or running:
        while waiting and len(running) < lanes:
            place, job = waiting.pop(0)
            now = time.monotonic()
            seconds = min(job["seconds"] or math.inf, (job["until"] or math.inf) - now)
            if seconds <= 0:
                yield {"place": place, "wall_s": 0.0, "cpu_s": 0.0, "late": True, "never": True}
                continue
            mine = free.pop(0)
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                if mine:
                    os.sched_setaffinity(0, mine)
                os._exit(_work(p, job, seconds, folder))
            running[child], lane[child] = _Child(place, now, now + seconds + GRACE_S), mine
        if os.getppid() != asks:  # who asked was killed, and may be asking anew
            for child in running:
                _kill(child)
            return
        for child in list(running):
            done, status, used = os.wait4(child, os.WNOHANG)
            about = running[child]
            if not done:
                if not about.late and time.monotonic() > about.ends:
                    about.late = True
                    _kill(child)
                continue
            _kill(child)  # what it started itself
            del running[child]
            free.append(lane.pop(child))
            pause = PATIENCE_S
            yield _outcome(about, child, status, used.ru_utime + used.ru_stime, folder)
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)


def _lane(i: int, lanes: int) -> set[int]:
    """The processors of a lane; none to choose where one lane has them all."""
    if lanes == 1 or not hasattr(os, "sched_getaffinity"):
        return set()
    return set(sorted(os.sched_getaffinity(0))[i::lanes])


def _outcome(about: _Child, child: int, status: int, cpu_s: float, folder: Path) -> dict[str, Any]:
    done: dict[str, Any] = {"place": about.place, "wall_s": time.monotonic() - about.started, "cpu_s": cpu_s}
    done["late"] = about.late
    note = folder / ERROR.format(child)
    if note.exists():
        done["error"] = json.loads(note.read_text(encoding="utf-8"))
        note.unlink()
    elif status and not about.late:
        died = f"was ended by signal {status & 127}" if status & 127 else f"ended with status {status >> 8}"
        done["error"] = {"kind": "DataError", "what": f"the process of this trial {died}: out of memory, perhaps."}
    return done


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _work(p: Any, job: dict[str, Any], seconds: float, folder: Path) -> int:
    from mintmark.drivers import trial
    from mintmark.numerics.ctx import Ctx

    note = folder / ERROR.format(os.getpid())
    ask = trial.Ask(**job["ask"] | {"chosen": tuple(job["ask"]["chosen"])})
    ctx = Ctx(p.recipe.seed, deadline=time.monotonic() + seconds)
    try:
        if job["do"] == "try":
            trial.carry_out(p, ask, folder, ctx)
        else:
            trial.carry_out_whole(p, ask, job["configs"], folder, ctx)
    except MintmarkError as exc:
        said = _worded(exc)
    except MemoryError:
        said = {"kind": "MemoryError", "what": "the memory of this machine was not enough.", "fix": "fewer rows."}
    except BaseException as exc:  # noqa: BLE001 (the outermost face of this process)
        last = "".join(traceback.format_exception(exc)).rstrip().splitlines()[-6:]
        traceback.print_exc()
        said = {"kind": "Broken", "what": "this trial broke:\n  " + "\n  ".join(last)}
    else:
        return 0
    note.write_text(json.dumps(said), encoding="utf-8")
    return 1


def _prepared(spec: dict[str, Any]) -> Any:
    from mintmark import spine
    from mintmark.data import rows as table
    from mintmark.recipe import schema

    source = None
    if spec["rows"]:
        import pyarrow as pa

        source = table.of(pa.ipc.open_file(pa.memory_map(spec["rows"])).read_all())
    p = spine.prepare(schema.parse(spec["recipe"], "", Path(spec["folder"])), source)
    if p.record.data_hash != spec["hash"]:
        what = "the rows changed between two readings: models would be tried on other rows than they are judged by."
        fix = "rows that stay as they are: a file exported once, or a query that ends at a moment of the past."
        raise DataError(what, where=masked(p.recipe.data), fix=fix)
    return p


def _worded(exc: MintmarkError) -> dict[str, str]:
    """An error as another process can read it, see `error_of`."""
    return {"kind": type(exc).__name__, "what": exc.what, "where": exc.where, "fix": exc.fix}


def _import_ahead() -> None:
    """What most trials need, once; importing starts no threads."""
    import lightgbm  # noqa: F401
    import scipy.optimize  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import sklearn.metrics  # noqa: F401


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
