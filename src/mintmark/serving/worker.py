"""One of several processes that serve together: python -m mintmark.serving.worker SPEC.json INDEX SOCKET.

It says on standard output, a JSON line each, that it is ready, or why it cannot be. It ends when standard input does:
then the process that has started it is gone.
"""

import asyncio
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import MintmarkError

if TYPE_CHECKING:
    from fastapi import FastAPI

RATES = "rates"


def main(spec: Path, index: int, handle: int) -> int:
    from mintmark.serving.deployed import Room
    from mintmark.serving.lines import logs
    from mintmark.serving.options import Options
    from mintmark.serving.rate import Rates
    from mintmark.serving.server import run

    told = json.loads(spec.read_text(encoding="utf-8"))
    options = Options.of(told["options"])
    logs(Path(options.log) if options.log else None, worker=index)
    shared = os.open(spec.parent / RATES, os.O_RDWR)
    rates = Rates(shared)
    os.close(shared)
    try:
        app = options.app(Room(spec.parent, index, told["workers"]), rates)
    except MintmarkError as exc:
        say({**exc.as_dict(), "exit": exc.exit_code})
        return exc.exit_code
    sock = socket.socket(fileno=handle)
    sock.setblocking(False)
    try:
        run(app, [sock], options.limits, lambda: ready(app, index), options.certificate)
    finally:
        app.state.close()
    return 0


def ready(app: "FastAPI", index: int) -> None:
    """On the event loop, once it listens."""
    from mintmark.serving.greeting import Greeting

    loop = asyncio.get_running_loop()
    threading.Thread(target=_until_the_end, args=(loop,), daemon=True).start()
    say({"ready": index, "greeting": Greeting.of(app).facts()})


def _until_the_end(loop: asyncio.AbstractEventLoop) -> None:
    import signal

    while os.read(0, 4096):  # not by sys.stdin, whose lock would be held when the interpreter ends
        pass
    loop.call_soon_threadsafe(os.kill, os.getpid(), signal.SIGTERM)


def say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
