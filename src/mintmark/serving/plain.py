"""The paths that must be fast or that stream: plain ASGI apps, without what FastAPI does for each request."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import Any

import orjson

from mintmark.base.errors import MintmarkError, unknown
from mintmark.serving import body
from mintmark.serving.body import Gone, Limits, Receive
from mintmark.serving.counts import Counts
from mintmark.serving.model import Model
from mintmark.serving.refusals import CLOSE, Headers, NotFound, Overloaded, Refused, Stopping, status_of
from mintmark.serving.stream import Stream, event

Send = Callable[[dict[str, Any]], Awaitable[None]]
log = logging.getLogger("mintmark.serving")
JSON = (b"content-type", b"application/json")
STREAM = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
INLINE_BYTES = 256 << 10
"""a larger body is parsed in a thread, so that the other requests are still heard"""
BUG = "report it with the server's log of this request; it is our mistake."


class Door:
    """What the server says of itself while it runs: whether it is closing, and how much it is at."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.closing = limits, False
        self.requests, self.bytes = 0, 0


class Call:
    """One request while it is answered."""

    __slots__ = ("headers", "held", "model", "path", "rows")

    def __init__(self, scope: Any) -> None:
        self.path: dict[str, str] = scope["path_params"]
        self.headers: Headers = scope["headers"]
        self.held = 0
        """bytes of its body"""
        self.model, self.rows = "", 0
        """the model is named once it is known to be one: what a client sends could fill memory, and forge lines"""


class Plain:
    """A path: each request is counted and held to the limits, and whatever goes wrong has an answer."""

    verb = ""

    def __init__(
        self, models: Mapping[str, Model], door: Door, counts: Counts, pool: Executor, log_requests: bool
    ) -> None:
        self.models, self.door, self.counts, self.pool, self.log_requests = models, door, counts, pool, log_requests

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        raise NotImplementedError

    def count(self, call: Call, status: int, seconds: float) -> None:
        self.counts.done(call.model, status, call.rows, seconds)

    def refusal(self, exc: Exception) -> tuple[int, Headers, bytes]:
        return refusal(exc)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        start, door, call = time.perf_counter(), self.door, Call(scope)
        status, headers = 200, [JSON]
        door.requests += 1
        self.counts.in_flight.inc()
        try:
            if door.requests > door.limits.requests:
                what = f"{door.limits.requests} requests are being answered already."
                raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")
            said = await self.answered(call, receive)
            if type(said) is Stream:
                status = await self._streamed(said, receive, send)
        except Gone:
            return
        except asyncio.CancelledError:
            if not door.closing:
                raise
            status, headers, said = self.refusal(_stopping())
        except Exception as exc:  # noqa: BLE001  the outermost face: whatever comes here has an answer
            status, headers, said = self.refusal(exc)
        finally:
            door.requests -= 1
            door.bytes -= call.held
            self.counts.in_flight.dec()
        if type(said) is bytes:
            headers.append((b"content-length", str(len(said)).encode()))
            if door.closing:
                headers.append(CLOSE)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": said})
        took = time.perf_counter() - start
        self.count(call, status, took)
        if self.log_requests:
            log.info("%s %s %d %d rows %.1f ms", self.verb, call.model or "-", status, call.rows, took * 1000)

    async def read(self, call: Call, receive: Receive, parse: Callable[[bytes], Any]) -> Any:
        """What `parse` makes of the body, which is held to the limits while it comes."""
        door = self.door

        def hold(more: int) -> None:
            call.held += more
            door.bytes += more
            if door.bytes > door.limits.held_bytes:
                what = "the requests that are being answered already fill the memory set aside for them."
                raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")

        content = await body.read(call.headers, receive, door.limits, hold)
        if len(content) <= INLINE_BYTES:
            return parse(content)
        return await asyncio.get_running_loop().run_in_executor(self.pool, parse, content)

    async def _streamed(self, stream: Stream, receive: Receive, send: Send) -> int:
        """Send the events as they come; the status to count.   Raises: Gone: who asked has gone, or does not read."""
        watch = asyncio.create_task(_hung_up(receive, stream.stop))
        status, headers = 200, [*STREAM, CLOSE] if self.door.closing else STREAM
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            try:
                async for said in stream.events:
                    await self._put(send, said)
            except asyncio.CancelledError:
                if not self.door.closing:
                    raise
                status, _, said = self.refusal(_stopping())
                await self._put(send, event(said))
            except Gone:
                raise
            except Exception as exc:  # noqa: BLE001  as above, but the status has been sent
                status, _, said = self.refusal(exc)
                await self._put(send, event(said))
            await self._put(send, b"", more=False)
        finally:
            watch.cancel()
            stream.stop()
            await stream.events.aclose()
        return status

    async def _put(self, send: Send, content: bytes, more: bool = True) -> None:
        try:
            async with asyncio.timeout(self.door.limits.send_s):
                await send({"type": "http.response.body", "body": content, "more_body": more})
        except TimeoutError:
            raise Gone from None


async def _hung_up(receive: Receive, stop: Callable[[], None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stop()


def find(models: Mapping[str, Model], name: str) -> Model:
    """Raises: NotFound."""
    if name not in models:
        raise unknown("model", name[:60], models, where="path", error=NotFound)
    return models[name]


def refusal(exc: Exception) -> tuple[int, Headers, bytes]:
    """Status, headers and body. What is no error of the user's is a bug of ours: logged with an id, not shown."""
    if isinstance(exc, MintmarkError):
        more: Iterable[tuple[bytes, bytes]] = exc.headers if isinstance(exc, Refused) else ()
        return status_of(exc), [JSON, *more], orjson.dumps(exc.as_dict())
    request = noted(exc)
    said = {"kind": "Bug", "where": "server", "what": "this request met a bug.", "try": BUG, "request": request}
    return 500, [JSON, (b"x-request-id", request.encode())], orjson.dumps({"error": said})


def noted(exc: Exception) -> str:
    """The id under which the log has this bug."""
    request = uuid.uuid4().hex[:12]
    log.error("request %s failed", request, exc_info=exc)
    return request


def _stopping() -> Stopping:
    what = "the server stops, and this request was not answered in the time that it leaves itself."
    return Stopping(what, where="server", fix="the server that takes its place.")
