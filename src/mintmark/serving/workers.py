"""Several processes on one port: they are started, watched, told what has changed, and started again if they die.

Each has a queue of connections of its own (SO_REUSEPORT, where the system spreads connections over them; else they
share one). This process keeps every queue open, so what comes while a worker is started again waits for it.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mintmark.base import errors
from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.base.need import need
from mintmark.serving.deployed import Deployed
from mintmark.serving.greeting import UNWATCHED
from mintmark.serving.options import Options
from mintmark.serving.rate import BYTES, Rates
from mintmark.serving.server import listen
from mintmark.serving.worker import RATES

SPEC = "workers.json"
PAUSE_S, LONGEST_S = 0.5, 30.0
"""before a worker that has died is started again, twice as long each time"""
SPREAD = sys.platform == "linux"
"""whether the system spreads connections over sockets that share a port"""
log = logging.getLogger("mintmark.serving")
Ready = Callable[[dict[str, Any]], None]


def run(options: Options, workers: int, sockets: list[socket.socket], ready: Ready) -> None:
    """Serve by so many processes until SIGTERM or SIGINT; returns when all have finished what was in flight.

    Raises: MintmarkError: a worker cannot start.
    """
    if options.log:  # else it is said where the log would be
        log.warning("%s", UNWATCHED.format(workers=workers))
    with tempfile.TemporaryDirectory(prefix="mintmark-serve-") as folder:
        room = Path(folder)
        (room / "metrics").mkdir()
        (room / RATES).write_bytes(bytes(BYTES))
        handle = os.open(room / RATES, os.O_RDWR)
        Rates(handle)  # its salt, before anybody else makes one
        os.close(handle)
        (room / SPEC).write_text(json.dumps({"options": options.facts(), "workers": workers}), encoding="utf-8")
        _deployed(options, room)
        asyncio.run(_Crew(room, workers, sockets, options.limits.stop_s, ready).work())


def ports(host: str, port: int, workers: int) -> list[socket.socket]:
    """A socket for each worker, all of one port.   Raises: RecipeError: in use, or no address of this machine."""
    first = listen(host, port)  # without the option to share: so a port that another server has is found out
    if not SPREAD:
        return [first] * workers
    port = first.getsockname()[1]
    first.close()
    return [listen(host, port, share=True) for _ in range(workers)]


def _deployed(options: Options, room: Path) -> None:
    """What was decided before a restart, where there is a folder for it, goes where the workers read it."""
    from mintmark.serving.deploy import sealed

    Deployed(Path(options.state) if options.state else room, sealed(options.places)).close()


class _Crew:
    def __init__(self, room: Path, workers: int, sockets: list[socket.socket], stop_s: float, ready: Ready) -> None:
        self.room, self.workers, self.sockets, self.stop_s, self.ready = room, workers, sockets, stop_s, ready
        self.running: dict[int, asyncio.subprocess.Process] = {}
        self.up: set[int] = set()
        """workers that have been ready once"""
        self.stopping = asyncio.Event()
        self.failed: MintmarkError | None = None

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(which, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._tell, signal.SIGHUP)
        keepers = [asyncio.create_task(self._keep(i)) for i in range(self.workers)]
        await self.stopping.wait()
        self._tell(signal.SIGTERM)
        _, late = await asyncio.wait(keepers, timeout=self.stop_s + 5)
        if late:
            self._tell(signal.SIGKILL)
            await asyncio.wait(late)
        if self.failed:
            raise self.failed

    def _tell(self, which: int) -> None:
        for process in list(self.running.values()):
            if process.returncode is None:
                process.send_signal(which)

    async def _keep(self, index: int) -> None:
        """A worker, and another in its place as long as the server runs."""
        pause = PAUSE_S
        while not self.stopping.is_set():
            process = self.running[index] = await self._start(index)
            if self.stopping.is_set():
                process.send_signal(signal.SIGTERM)
            was_ready = await self._hear(process, index)
            code = await process.wait()
            self._forget(process.pid)
            if self.stopping.is_set():
                return
            log.error("worker %d ended by itself (%d) and is started again", index, code)
            pause = PAUSE_S if was_ready else min(2 * pause, LONGEST_S)
            try:
                await asyncio.wait_for(self.stopping.wait(), pause)
            except TimeoutError:
                pass

    async def _start(self, index: int) -> asyncio.subprocess.Process:
        handle = self.sockets[index].fileno()
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "mintmark.serving.worker", str(self.room / SPEC), str(index), str(handle),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=(handle,), start_new_session=True,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(self.room / "metrics")},
        )  # fmt: skip

    async def _hear(self, process: asyncio.subprocess.Process, index: int) -> bool:
        """What a worker says until it ends; whether it was ready once."""
        assert process.stdout is not None
        was_ready = False
        async for line in process.stdout:
            said = json.loads(line)
            if "error" in said:
                self._fail(said, index)
            elif not was_ready:
                was_ready = True
                self.up.add(index)
                if len(self.up) == self.workers and said["greeting"]:
                    self.ready(said["greeting"])
                    said["greeting"] = None
        if not was_ready and index not in self.up and not self.failed and not self.stopping.is_set():
            what = f"worker {index} ended before it was ready."
            self._fail(RecipeError(what, where="--workers", fix="see what it said on standard error.").as_dict(), index)
        return was_ready

    def _fail(self, said: dict[str, Any], index: int) -> None:
        """A worker that cannot start: the server does not; one that cannot start again is said, and tried again."""
        error = said["error"]
        if index in self.up:
            log.error("worker %d cannot start again: %s", index, error["what"])
            return
        kind = getattr(errors, error["kind"], RecipeError)
        self.failed = self.failed or kind(error["what"], where=error["where"], fix=error["try"])
        self.stopping.set()

    def _forget(self, pid: int) -> None:
        """What a dead worker had in flight is in flight no more; what it has counted stays counted."""
        need("prometheus_client.multiprocess").mark_process_dead(pid, str(self.room / "metrics"))
