"""Micro-batching: requests that arrive while one batch is answered are answered together in the next.

That an answer does not depend on its batch (promise 4 of the design) is what makes this sound. What waits is bounded,
in rows and in time: who would wait too long is told so, and is not answered for nothing.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from itertools import chain
from typing import Any, Protocol

from mintmark.serving.refusals import Late, Overloaded

Ask = tuple[Any, int, "asyncio.Future[bytes]", float]
"""questions, how many rows, the answer to come, and when it is too late for it"""
Answer = Callable[[Sequence[Any], Sequence[int]], list[bytes]]
"""questions of several requests, and how many rows each has -> the answers to each, rendered"""

MOST_ROWS = 4096
"""in a batch of several requests; a single one may have more"""
INLINE_ROWS, INLINE_S = 256, 0.02
"""so small and quick a batch is answered on the event loop: a thread would cost more than it frees"""


class Meter(Protocol):
    """Hears of what waits, and of what is answered together."""

    def waits(self, rows: int) -> None:
        """So many rows more, or fewer."""

    def batch(self, rows: int) -> None: ...


class Batcher:
    """Answers the requests of one model, one batch after another."""

    def __init__(
        self,
        answer: Answer,
        pool: Executor,
        inline: bool = True,
        *,
        wait_s: float = float("inf"),
        waiting_rows: int | None = None,
        whole: bool = True,
        again: str = "again after the seconds in Retry-After.",
        meter: Meter | None = None,
    ) -> None:
        """inline: small batches may be answered on the loop; not where an answer waits for a disk, or writes a text.

        wait_s: in which an answer must be there; where not `whole`, in which it must have been begun. waiting_rows: so
        many rows may wait for the batch that is being answered. again: what to try where it was too late.
        """
        self.answer, self.pool, self.inline = answer, pool, inline
        self.wait_s, self.waiting_rows, self.whole, self.again, self.meter = wait_s, waiting_rows, whole, again, meter
        self.waiting: deque[Ask] = deque()
        self.rows = self._told = 0
        """that wait, and how many the meter has heard of: nothing waits worth telling but for a thread"""
        self.busy = self._away = False
        self.took_s = 0.0
        """by the last small batch"""

    async def ask(self, questions: Any, n: int) -> bytes:
        """Raises: whatever the answer to these very questions raises; the failure of another request is not felt.

        Overloaded: too much waits already. Late: no answer in time.
        """
        loop = asyncio.get_running_loop()
        if self.waiting_rows is not None and self.rows and self.rows + n > self.waiting_rows:
            what = f"{self.rows:,} rows wait for this model already."
            raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")
        answered: asyncio.Future[bytes] = loop.create_future()
        self.waiting.append((questions, n, answered, loop.time() + self.wait_s))
        self.rows += n
        if self._away:
            self._tell()
        if not self.busy:
            self.busy = True
            loop.call_soon(self._next, loop)  # after every request that has been read by now has come here
        return await answered

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, rows = self._take(loop.time())
        if not batch:
            self.busy = False
            self._tell()
        elif self.inline and rows <= INLINE_ROWS and self.took_s <= INLINE_S:
            self._deliver(batch, self._answers(batch))
            loop.call_soon(self._next, loop)
        else:
            job = loop.run_in_executor(self.pool, self._answers, batch)
            self._away = True
            self._tell()
            alarm = self._watch(batch if self.whole else [], loop)

            def done(job: "asyncio.Future[list[bytes | BaseException]]") -> None:
                alarm.cancel()
                self._away = False
                self._deliver(batch, job.result())
                self._next(loop)

            job.add_done_callback(done)

    def _take(self, now: float) -> tuple[list[Ask], int]:
        """The next batch, without those whose client is gone, or who have waited too long."""
        batch: list[Ask] = []
        rows = 0
        while self.waiting and (not batch or rows + self.waiting[0][1] <= MOST_ROWS):
            ask = self.waiting.popleft()
            self.rows -= ask[1]
            if ask[3] < now:
                self._too_late(ask)
            elif not ask[2].done():
                batch.append(ask)
                rows += ask[1]
        if self.meter and batch:
            self.meter.batch(rows)
        return batch, rows

    def _watch(self, batch: list[Ask], loop: asyncio.AbstractEventLoop) -> "Alarm":
        """While a thread answers: tell those who wait when it is too late, one after another, in their order."""
        alarm = Alarm()

        def look() -> None:
            now, due = loop.time(), float("inf")
            for ask in chain(batch, self.waiting):
                if ask[3] > now:
                    due = ask[3]
                    break
                self._too_late(ask)
            alarm.at(loop, min(due, now + self.wait_s), look)

        if self.wait_s < float("inf"):
            look()
        return alarm

    def _too_late(self, ask: Ask) -> None:
        if not ask[2].done():
            what = f"no answer within {self.wait_s:g} s."
            ask[2].set_exception(Late(what, where="server", fix=self.again))

    def _tell(self) -> None:
        if self.meter and self.rows != self._told:
            self.meter.waits(self.rows - self._told)
            self._told = self.rows

    def _answers(self, batch: list[Ask]) -> "list[bytes | BaseException]":
        """An answer or its failure for each request: together, and each alone where that failed."""
        sizes, start = [n for _, n, _, _ in batch], time.perf_counter()
        try:
            return list(self.answer([q for q, _, _, _ in batch], sizes))
        except Exception as exc:  # noqa: BLE001  raised again in the request that it belongs to
            if len(batch) == 1:
                return [exc]
            half = len(batch) // 2  # one bad request among 200 costs 15 calls, not 200
            return self._answers(batch[:half]) + self._answers(batch[half:])
        finally:
            if sum(sizes) <= INLINE_ROWS:
                self.took_s = time.perf_counter() - start

    def _deliver(self, batch: list[Ask], answers: "list[bytes | BaseException]") -> None:
        for (_, _, answered, _), made in zip(batch, answers, strict=True):
            if answered.done():
                continue
            if isinstance(made, BaseException):
                answered.set_exception(made)
            else:
                answered.set_result(made)


class Alarm:
    """A timer that can be set again and stopped."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def at(self, loop: asyncio.AbstractEventLoop, when: float, call: Callable[[], None]) -> None:
        if not self._stopped:
            self._timer = loop.call_at(when, call)

    def cancel(self) -> None:
        self._stopped = True
        if self._timer:
            self._timer.cancel()
