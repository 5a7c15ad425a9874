"""Micro-batching: requests that arrive while one batch is answered are answered together in the next.

That an answer does not depend on its batch (promise 4 of the design) is what makes this sound.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

Ask = tuple[Any, int, "asyncio.Future[bytes]"]
Answer = Callable[[Sequence[Any], Sequence[int]], list[bytes]]
"""questions of several requests, and how many rows each has -> the answers to each, rendered"""

MOST_ROWS = 4096
"""in a batch of several requests; a single one may have more"""
INLINE_ROWS, INLINE_S = 256, 0.02
"""so small and quick a batch is answered on the event loop: a thread would cost more than it frees"""


class Batcher:
    """Answers the requests of one model, one batch after another."""

    def __init__(self, answer: Answer, pool: Executor, inline: bool = True) -> None:
        """inline: small batches may be answered on the loop; not where an answer waits for a disk, or writes a text."""
        self.answer, self.pool, self.inline = answer, pool, inline
        self.waiting: deque[Ask] = deque()
        self.busy = False
        self.took_s = 0.0
        """by the last small batch"""

    async def ask(self, questions: Any, n: int) -> bytes:
        """Raises: whatever the answer to these very questions raises; the failure of another request is not felt."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bytes] = loop.create_future()
        self.waiting.append((questions, n, answered))
        if not self.busy:
            self.busy = True
            loop.call_soon(self._next, loop)  # after every request that has been read by now has come here
        return await answered

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, rows = self._take()
        if not batch:
            self.busy = False
        elif self.inline and rows <= INLINE_ROWS and self.took_s <= INLINE_S:
            self._deliver(batch, self._answers(batch))
            loop.call_soon(self._next, loop)
        else:
            job = loop.run_in_executor(self.pool, self._answers, batch)

            def done(job: "asyncio.Future[list[bytes | BaseException]]") -> None:
                self._deliver(batch, job.result())
                self._next(loop)

            job.add_done_callback(done)

    def _take(self) -> tuple[list[Ask], int]:
        """The next batch, without those whose client is gone."""
        batch: list[Ask] = []
        rows = 0
        while self.waiting and (not batch or rows + self.waiting[0][1] <= MOST_ROWS):
            ask = self.waiting.popleft()
            if not ask[2].done():
                batch.append(ask)
                rows += ask[1]
        return batch, rows

    def _answers(self, batch: list[Ask]) -> "list[bytes | BaseException]":
        """An answer or its failure for each request: together, and each alone where that failed."""
        sizes, start = [n for _, n, _ in batch], time.perf_counter()
        try:
            return list(self.answer([q for q, _, _ in batch], sizes))
        except Exception as exc:  # noqa: BLE001  raised again in the request that it belongs to
            if len(batch) == 1:
                return [exc]
            half = len(batch) // 2  # one bad request among 200 costs 15 calls, not 200
            return self._answers(batch[:half]) + self._answers(batch[half:])
        finally:
            if sum(sizes) <= INLINE_ROWS:
                self.took_s = time.perf_counter() - start

    def _deliver(self, batch: list[Ask], answers: "list[bytes | BaseException]") -> None:
        for (_, _, answered), made in zip(batch, answers, strict=True):
            if answered.done():
                continue
            if isinstance(made, BaseException):
                answered.set_exception(made)
            else:
                answered.set_result(made)
