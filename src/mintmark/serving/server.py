"""The process around the app: a socket, uvicorn with one worker, logs on standard error, an end that loses nothing."""

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import RecipeError
from mintmark.serving import lines
from mintmark.serving.body import Limits
from mintmark.serving.tls import Certificate

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

FAREWELL_S = 0.5
"""so long does a stopping server still answer on open connections, each answer closing its own"""


def listen(host: str, port: int, share: bool = False) -> socket.socket:
    """A listening socket; port 0 takes any.   Raises: RecipeError: in use, or no address of this machine.

    share: with other sockets that share too, over which the system spreads what comes.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError) as exc:
        raise RecipeError(f"is no address of this machine: {exc}.", where=f"--host {host}", fix="127.0.0.1") from exc
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
        made.listen(2048)
        made.setblocking(False)
    except OSError as exc:
        made.close()
        fix = "another --port, or --port 0 for any that is free; or stop what listens there."
        raise RecipeError(f"cannot listen: {exc.strerror}.", where=f"{host}:{port}", fix=fix) from exc
    return made


def run(
    app: "FastAPI",
    sockets: list[socket.socket],
    limits: Limits,
    ready: Callable[[], None],
    certificate: Certificate | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; returns when that is done."""
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from mintmark.serving.wire import Wire

    class Patient(Wire, HttpToolsProtocol): ...

    tls: dict[str, Any] = {}
    if certificate:
        tls = {"ssl_certfile": str(certificate.chain), "ssl_keyfile": str(certificate.key)}
    config = uvicorn.Config(
        app, http=Patient, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
        proxy_headers=False, timeout_keep_alive=limits.keep_alive_s, timeout_graceful_shutdown=limits.stop_s,
        loop="auto", backlog=2048, **tls,
    )  # fmt: skip
    _many_files()
    gc.collect()
    gc.freeze()  # modules and models stay: not to be looked through again while requests are answered
    _server(config, app, ready, certificate).run(sockets)


def _server(
    config: "uvicorn.Config", app: "FastAPI", ready: Callable[[], None], certificate: Certificate | None
) -> "uvicorn.Server":
    """uvicorn's server, which begins and ends as ours does, and reads again at SIGHUP."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await app.state.start()
            await super().startup(sockets)
            if hasattr(signal, "SIGHUP"):
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.reread)
            ready()

        def reread(self) -> None:
            """At SIGHUP: bundles, API keys and the certificate, as they lie on the disk now."""
            self.rereading = asyncio.get_running_loop().create_task(app.state.reread())
            if certificate and self.config.ssl:
                _show_again(certificate, self.config.ssl)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """No new connections; those that are open get an answer to what is on its way, and a farewell."""
            app.state.door.closing = True
            for server in self.servers:
                server.close()
            end = asyncio.get_running_loop().time() + FAREWELL_S
            while self.server_state.connections and asyncio.get_running_loop().time() < end:
                await asyncio.sleep(0.02)
            await super().shutdown(sockets)

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """As uvicorn's, but a signal is not raised anew in the end: having stopped as told is a success."""
            before = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for which, handler in before.items():
                    signal.signal(which, handler)

    return Server(config)


def _show_again(certificate: Certificate, context: ssl.SSLContext) -> None:
    """Have new connections see the certificate that lies on the disk now, or that of before where it is unsound."""
    try:
        certificate.check()  # of a pair that does not fit one half would stay in the context
        certificate.into(context)
        lines.event("certificate", read=str(certificate.chain))
    except RecipeError as exc:
        lines.log.error("the certificate cannot be read again, that of before is shown: %s", exc)


def _many_files() -> None:
    """As many open connections as the system allows this process: the usual bound is below a thousand clients."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < hard:
            with contextlib.suppress(ValueError, OSError):  # there are systems whose bound of bounds is lower
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
