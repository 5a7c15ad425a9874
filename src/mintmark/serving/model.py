"""One served bundle: what it is asked, how it answers, and what it says of itself."""

from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import accumulate, pairwise
from typing import Any

import orjson

from mintmark import spine
from mintmark.base.errors import MintmarkError
from mintmark.numerics import answers
from mintmark.serving.batch import Batcher
from mintmark.serving.questions import Columns, Questions


class Model:
    """A loaded bundle under the name that it is served by."""

    def __init__(self, name: str, loaded: spine.Loaded, pool: Executor) -> None:
        self.name, self.loaded = name, loaded
        self.questions = Questions(loaded.facts["questions"])
        self.batcher = Batcher(self.answer, pool)
        self._head = b'{"model":' + orjson.dumps(name) + b',"answers":'

    def answer(self, parts: Sequence[Columns], sizes: Sequence[int]) -> list[bytes]:
        """The answers to several requests as JSON, by one call of the spine."""
        made = answers.to_json(spine.answer(self.loaded, self.questions.table(parts)))
        ends = accumulate(sizes, initial=0)
        return [self._head + orjson.dumps(made[start:stop]) + b"}" for start, stop in pairwise(ends)]

    def warm(self) -> None:
        """Answer once before anybody asks: the first answer is slow, as it imports libraries and parses the model."""
        try:
            self.answer([self.questions.columns([self.questions.sample()])], [1])
        except MintmarkError:  # the values of the sample are made up and may fit the schema but not the model
            pass

    def about(self) -> dict[str, Any]:
        facts = self.loaded.facts
        return {
            "name": self.name,
            "task": facts.get("task", ""),
            "run": facts.get("run", ""),
            "answer": self.loaded.task.answer,
            "questions": facts["questions"],
            "predict": f"/v1/models/{self.name}/predict",
            "example": {"rows": [self.questions.sample()]},
        }
