"""The paths that must be fast or that stream: plain ASGI apps, without what FastAPI does for each request."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import orjson

from mintmark.base.errors import MintmarkError, unknown
from mintmark.serving import body, lines
from mintmark.serving.body import Gone, Receive
from mintmark.serving.counts import Counts
from mintmark.serving.door import Call, Door
from mintmark.serving.model import Model
from mintmark.serving.refusals import CLOSE, Headers, NotFound, Overloaded, Refused, Stopping, status_of
from mintmark.serving.shelf import Shelf
from mintmark.serving.speech import refused, tongue
from mintmark.serving.stream import Stream, event

if TYPE_CHECKING:
    from mintmark.serving.watching import Watching

Send = Callable[[dict[str, Any]], Awaitable[None]]
log = logging.getLogger("mintmark.serving")
JSON = (b"content-type", b"application/json")
STREAM = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
INLINE_BYTES = 256 << 10
"""a larger body is parsed in a thread, so that the other requests are still heard"""
BUG = "report it with the server's log of this request; it is our mistake."


class Plain(ABC):
    """A path: each request is counted and held to the limits, and whatever goes wrong has an answer."""

    verb, needs = "", ""
    """how it is called in logs, and the scope that a key must have"""
    watching: "Watching | None" = None
    """what hears of answers, and says who gives them; nobody, where outcomes and triggers are not wanted"""

    def __init__(self, models: Shelf, door: Door, counts: Counts, pool: Executor, log_requests: bool) -> None:
        self.models, self.door, self.counts, self.pool, self.log_requests = models, door, counts, pool, log_requests

    @abstractmethod
    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        """What one path answers with.   Raises: MintmarkError: what `refusal` words."""

    def model(self, call: Call) -> Model:
        """The model, or the version of it, that the path names.   Raises: NotFound."""
        model = find(self.models, call.path["name"], call)
        if version := call.path.get("version"):
            model = self.models.version(model.name, version)
        call.model, call.version = model.name, model.version
        return model

    def by(self, call: Call, model: Model) -> Model:
        """Who answers for a model: itself, or what a trigger has put in its place.   Raises: Halted: nobody."""
        if self.watching is None or "version" in call.path:
            return model
        by = self.watching.answering(model)
        if by is not model:
            call.fallback = f"{by.name}@{by.version}"
        return by

    def count(self, call: Call, status: int, seconds: float) -> None:
        self.counts.done(call.model, status, call.rows, seconds)

    def refusal(self, exc: Exception, call: Call) -> tuple[int, Headers, bytes]:
        return refusal(exc, call)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        start, door, call = time.perf_counter(), self.door, Call(scope, self.door.ids, self.door.lang)
        status, headers = 200, [JSON]
        door.requests += 1
        self.counts.in_flight.inc()
        try:
            if door.requests > door.limits.requests:
                what = f"{door.limits.requests} requests are being answered already."
                raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")
            door.enter(call, self.needs)
            said = await self.answered(call, receive)
            if type(said) is Stream:
                status = await self._streamed(said, call, receive, send)
        except Gone:
            return
        except asyncio.CancelledError:
            if not door.closing:
                raise
            status, headers, said = self.refusal(_stopping(), call)
        except Exception as exc:  # noqa: BLE001  the outermost face: whatever comes here has an answer
            status, headers, said = self.refusal(exc, call)
            self.counts.refused(type(exc).__name__ if isinstance(exc, MintmarkError) else "Bug")
        finally:
            door.requests -= 1
            door.bytes -= call.held
            if call.of:
                call.of.users -= 1
            self.counts.in_flight.dec()
        if type(said) is bytes:
            headers += [(b"content-length", b"%d" % len(said)), *call.said()]
            if door.closing:
                headers.append(CLOSE)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": said})
        took = time.perf_counter() - start
        self.count(call, status, took)
        if call.key:
            self.counts.keyed(call.key.id, status)
        if self.log_requests:
            lines.request(self.verb, call, status, took, door.log_addresses)

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

    async def _streamed(self, stream: Stream, call: Call, receive: Receive, send: Send) -> int:
        """Send the events as they come; the status to count.   Raises: Gone: who asked has gone, or does not read."""
        watch = asyncio.create_task(_hung_up(receive, stream.stop))
        status, headers = 200, [*STREAM, *call.said(), *([CLOSE] if self.door.closing else [])]
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            try:
                async for said in stream.events:
                    await self._put(send, said)
            except asyncio.CancelledError:
                if not self.door.closing:
                    raise
                status, _, said = self.refusal(_stopping(), call)
                await self._put(send, event(said))
            except Gone:
                raise
            except Exception as exc:  # noqa: BLE001  as above, but the status has been sent
                status, _, said = self.refusal(exc, call)
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


def find(models: Mapping[str, Model], name: str, call: Call, where: str = "path") -> Model:
    """Raises: NotFound: there is none, or none that the key may know of: nothing tells one from the other."""
    if name not in models or not call.sees(name):
        raise unknown("model", name[:60], filter(call.sees, models), where=where, error=NotFound)
    return models[name]


def refusal(exc: Exception, call: Call) -> tuple[int, Headers, bytes]:
    """Status, headers and body. What is no error of the user's is a bug of ours: logged, not shown."""
    if isinstance(exc, MintmarkError):
        more: Iterable[tuple[bytes, bytes]] = exc.headers if isinstance(exc, Refused) else ()
        return status_of(exc), [JSON, *more], orjson.dumps(refused(exc, call))
    log.error("request %s failed", call.id, exc_info=exc)
    say = tongue(call)
    what, fix = say.again("this request met a bug."), say.again(BUG)
    said = {"kind": "Bug", "where": "server", "what": what, "try": fix, "request": call.id}
    return 500, [JSON], orjson.dumps({"error": said})


def _stopping() -> Stopping:
    what = "the server stops, and this request was not answered in the time that it leaves itself."
    return Stopping(what, where="server", fix="the server that takes its place.")
