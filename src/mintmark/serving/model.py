"""One served bundle: what it is asked, how it answers, and what it says of itself."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import orjson

from mintmark import spine
from mintmark.base.errors import MintmarkError
from mintmark.data.past import Past
from mintmark.numerics import answers
from mintmark.serving import reasons
from mintmark.serving.batch import Batcher, Meter
from mintmark.serving.body import Limits
from mintmark.serving.history import History, passes_on
from mintmark.serving.questions import Columns, Questions
from mintmark.serving.stream import Piece


class Model:
    """A loaded bundle under the name that it is served by."""

    def __init__(
        self,
        name: str,
        loaded: spine.Loaded,
        pool: Executor,
        events: Executor,
        state: Path | None = None,
        version: str = "1",
        beside: Iterable[History] = (),
        limits: Limits | None = None,
        meter: Meter | None = None,
    ) -> None:
        """pool: where long answers are made; events: one thread, where the past grows; state: folder of journals.

        beside: of the versions of this name that are served already.
        """
        self.name, self.version, self.loaded = name, version, loaded
        """what is loaded changes as a whole when events come: an answer reads it once"""
        self.history = History.of(loaded, state, beside)
        if self.history:
            self._look_back_on(self.history.replayed(loaded.past))
        self.questions = Questions(loaded.facts["questions"])
        limits, texts = limits or Limits(), loaded.task.answer == "text"
        bounds: dict[str, Any] = {"wait_s": limits.answer_s, "waiting_rows": limits.waiting_rows}
        self.batcher = Batcher(self.answer, pool, not texts, whole=not texts, meter=meter, **bounds)
        self.explainer = Batcher(self.explain, pool, meter=meter, **bounds)
        self.taker = Batcher(
            self.take, events, False, again="send them again: what was taken is not taken twice.", **bounds
        )
        self.since, self.users = int(time.time()), 0
        """users: requests that write to it"""
        self.closing: list[Callable[[], None]] = []
        """what ends with it"""
        self._head = b'{"model":' + orjson.dumps(name) + b',"answers":'

    def answer(self, parts: Sequence[Columns], sizes: Sequence[int]) -> list[bytes]:
        """The answers to several requests as JSON, by one call of the spine."""
        made = answers.to_json(spine.answer(self.loaded, self.questions.table(parts)))
        ends = accumulate(sizes, initial=0)
        return [self.rendered(made[start:stop]) for start, stop in pairwise(ends)]

    def explain(self, parts: Sequence[tuple[Columns, int]], sizes: Sequence[int]) -> list[bytes]:
        """The same with reasons: for each request its questions, and how many columns it wants to be named."""
        most = [wanted for (_, wanted), n in zip(parts, sizes, strict=True) for _ in range(n)]
        made = reasons.explained(self.loaded, self.questions.table([columns for columns, _ in parts]), most)
        ends = accumulate(sizes, initial=0)
        return [self.rendered(made[start:stop]) for start, stop in pairwise(ends)]

    @cached_property
    def unexplained(self) -> str:
        """Why it gives no reasons; empty where it does."""
        return reasons.missing(self.loaded)

    def rendered(self, made: list[dict[str, Any]]) -> bytes:
        return self._head + orjson.dumps(made) + b"}"

    def take(self, parts: Sequence[Columns], sizes: Sequence[int]) -> list[bytes]:
        """The events of several requests, taken at once or, where this raises, not at all."""
        if self.history:
            self._look_back_on(self.history.after(self.loaded.past, parts))
        return [orjson.dumps({"model": self.name, "events": n}) for n in sizes]

    def inherit(self, before: Past) -> int:
        """Take over what the past of the version before knows besides; so many rows.   Raises: NotKept."""
        if not self.history or not passes_on(before, self.loaded.past):
            return 0
        past, rows = self.history.heir(self.loaded.past, before)
        self._look_back_on(past)
        return rows

    @property
    def idle(self) -> bool:
        """Whether nothing waits for it."""
        return not (self.users or self.batcher.busy or self.explainer.busy or self.taker.busy)

    def _look_back_on(self, past: Past) -> None:
        self.loaded = replace(self.loaded, past=past)

    def written(self, questions: Sequence[Columns]) -> Iterator[Piece]:
        """The answers to questions of one row each, one after another, while they are written."""
        for i, columns in enumerate(questions):
            last: dict[str, Any] = {}
            for made in spine.stream(self.loaded, self.questions.table([columns])):
                last = answers.to_json(made)[0]
                yield Piece(i, last, whole=False)
            yield Piece(i, last, whole=True)

    def warm(self) -> None:
        """Answer once before anybody asks: the first answer is slow, as it imports libraries and parses the model."""
        try:
            self.answer([self.questions.columns([self.questions.sample()])], [1])
        except MintmarkError:  # the values of the sample are made up and may fit the schema but not the model
            pass

    def about(self) -> dict[str, Any]:
        facts = self.loaded.facts
        said = {
            "name": self.name,
            **self.card(),
            "version": self.version,
            "task": facts.get("task", ""),
            "run": facts.get("run", ""),
            "answer": self.loaded.task.answer,
            "questions": facts["questions"],
            "predict": f"/v1/models/{self.name}/predict",
            "example": {"rows": [self.questions.sample()]},
            "reasons": not self.unexplained,
        }
        return said | {"events": self.history.about(self.name)} if self.history else said

    def close(self) -> None:
        if self.history:
            self.history.close()
        for end in self.closing:
            end()

    def card(self) -> dict[str, Any]:
        """What OpenAI's API says of a model."""
        return {"id": self.name, "object": "model", "created": self.since, "owned_by": "mintmark"}
