"""Streams: answers that are sent while they are written, each from a thread of its own.

The thread never waits for the one who reads: of the states of an answer only the newest is kept for him. So a slow
reader gets larger pieces, and holds neither the thread nor memory.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson

from mintmark.serving.body import Gone
from mintmark.serving.refusals import Overloaded

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Piece:
    """How far the answer to a question is."""

    question: int
    answer: dict[str, Any]
    whole: bool


@dataclass(frozen=True)
class Stream:
    """What is sent piece by piece, and how to end it before its time."""

    events: AsyncGenerator[bytes, None]
    stop: Callable[[], None]


class Streams:
    """At most so many at once."""

    def __init__(self, most: int) -> None:
        self.most, self.open = most, 0
        self._pool = ThreadPoolExecutor(most, "mintmark-stream")

    async def start(self, make: Callable[[], Iterator[Piece]]) -> "Feed":
        """A feed whose first piece is there.   Raises: Overloaded; whatever the first piece raises."""
        if self.open >= self.most:
            what = f"{self.most} answers are being streamed already."
            raise Overloaded(what, where="server", fix="again after the seconds in Retry-After, or without a stream.")
        self.open += 1
        loop = asyncio.get_running_loop()
        feed = Feed(make, loop)
        job = loop.run_in_executor(self._pool, feed.work)

        def ended(_: Any) -> None:
            self.open -= 1

        job.add_done_callback(ended)
        try:
            await feed.begun()
        except asyncio.CancelledError:
            feed.stop()
            raise
        return feed


class Feed:
    """The newest state of each answer, handed from the thread that writes it to the loop."""

    def __init__(self, make: Callable[[], Iterator[Piece]], loop: asyncio.AbstractEventLoop) -> None:
        self._make, self._loop = make, loop
        self._news, self._gone = asyncio.Event(), threading.Event()
        self._newest: dict[int, Piece] = {}
        self._ended = False
        self._failed: Exception | None = None

    def work(self) -> None:
        """In the thread: write until the end, or until nobody reads."""
        failed, pieces = None, None
        try:
            pieces = self._make()
            for piece in pieces:
                if self._gone.is_set():
                    break
                self._tell(self._take, piece)
        except Exception as exc:  # noqa: BLE001  raised again in the request that it belongs to
            failed = exc
        finally:
            if close := getattr(pieces, "close", None):
                close()  # here, in its own thread
            self._tell(self._end, failed)

    def stop(self) -> None:
        self._gone.set()
        self._news.set()

    async def begun(self) -> None:
        await self._news.wait()
        if self._failed:
            raise self._failed

    async def news(self) -> list[Piece]:
        """What has come since the last time, the questions in their order; nothing at the end.   Raises: Gone."""
        await self._news.wait()
        if self._gone.is_set():
            raise Gone
        if not self._newest and self._failed:
            raise self._failed
        made, self._newest = list(self._newest.values()), {}
        if not self._ended:
            self._news.clear()
        return made

    def _tell(self, hear: Callable[[Any], None], what: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(hear, what)
        except RuntimeError:  # the loop is closed: the server has stopped
            self._gone.set()

    def _take(self, piece: Piece) -> None:
        self._newest[piece.question] = piece
        self._news.set()

    def _end(self, failed: Exception | None) -> None:
        self._ended, self._failed = True, failed
        self._news.set()


def event(said: bytes) -> bytes:
    """One event of a stream (server-sent events, WHATWG HTML, section 9.2)."""
    return b"data: " + said + b"\n\n"


def json_event(said: Any) -> bytes:
    return event(orjson.dumps(said))
