"""One served bundle: what it is asked, how it answers, and what it says of itself."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import orjson

from mintmark import spine
from mintmark.base.errors import MintmarkError
from mintmark.data.past import Past
from mintmark.numerics import answers
from mintmark.serving.batch import Batcher
from mintmark.serving.history import History
from mintmark.serving.questions import Columns, Questions
from mintmark.serving.stream import Piece


class Model:
    """A loaded bundle under the name that it is served by."""

    def __init__(
        self, name: str, loaded: spine.Loaded, pool: Executor, events: Executor, state: Path | None = None
    ) -> None:
        """pool: where long answers are made; events: one thread, where the past grows; state: folder of journals."""
        self.name, self.loaded = name, loaded
        """what is loaded changes as a whole when events come: an answer reads it once"""
        self.history = History.of(loaded, state)
        if self.history:
            self._look_back_on(self.history.replayed(loaded.past))
        self.questions = Questions(loaded.facts["questions"])
        self.batcher = Batcher(self.answer, pool, inline=loaded.task.answer != "text")
        self.taker = Batcher(self.take, events, inline=False)
        self.since = int(time.time())
        self._head = b'{"model":' + orjson.dumps(name) + b',"answers":'

    def answer(self, parts: Sequence[Columns], sizes: Sequence[int]) -> list[bytes]:
        """The answers to several requests as JSON, by one call of the spine."""
        made = answers.to_json(spine.answer(self.loaded, self.questions.table(parts)))
        ends = accumulate(sizes, initial=0)
        return [self.rendered(made[start:stop]) for start, stop in pairwise(ends)]

    def rendered(self, made: list[dict[str, Any]]) -> bytes:
        return self._head + orjson.dumps(made) + b"}"

    def take(self, parts: Sequence[Columns], sizes: Sequence[int]) -> list[bytes]:
        """The events of several requests, taken at once or, where this raises, not at all."""
        if self.history:
            self._look_back_on(self.history.after(self.loaded.past, parts))
        return [orjson.dumps({"model": self.name, "events": n}) for n in sizes]

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
            "task": facts.get("task", ""),
            "run": facts.get("run", ""),
            "answer": self.loaded.task.answer,
            "questions": facts["questions"],
            "predict": f"/v1/models/{self.name}/predict",
            "example": {"rows": [self.questions.sample()]},
        }
        return said | {"events": self.history.about(self.name)} if self.history else said

    def close(self) -> None:
        if self.history:
            self.history.close()

    def card(self) -> dict[str, Any]:
        """What OpenAI's API says of a model."""
        return {"id": self.name, "object": "model", "created": self.since, "owned_by": "mintmark"}
