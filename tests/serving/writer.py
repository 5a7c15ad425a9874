"""A model that writes text, for the tests of the server: it counts on from its prompt, one number a token.

python tests/serving/writer.py     serves it as `counter` on a free port, and says where
"""

import dataclasses
import sys
import time
from collections import deque
from collections.abc import Iterator

import pyarrow as pa

from mintmark import serving, spine, tasks
from mintmark.base.errors import DataError
from mintmark.base.state import State
from mintmark.data.past import Earlier, Past
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch

QUESTIONS = [
    {"name": "prompt", "kind": "text", "type": "string"},
    {"name": "n", "kind": "number", "type": "double", "optional": True},
    {"name": "seed", "kind": "number", "type": "double", "optional": True},
    {"name": "temperature", "kind": "number", "type": "double", "optional": True},
    {"name": "min_p", "kind": "number", "type": "double", "optional": True},
    {"name": "stop", "kind": "list", "type": "list<item: string>", "optional": True},
]
MOST = 5000
"""tokens of one text: a model has a context, and whoever asks for a billion gets no more"""
written: list[int] = []
"""how many tokens each stream came to before it ended or was closed"""


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    return Batch({"rows": questions}, {})


def tokens(row: dict[str, object]) -> Iterator[dict[str, object]]:
    """The answer after each token; `slow` in a prompt waits at each, `seed` is where counting begins."""
    prompt, n, text = str(row["prompt"]), max(1, min(int(row["n"] or 5), MOST)), ""  # type: ignore[call-overload]
    if "fail" in prompt:
        raise DataError("the prompt does not fit.", where="row 1, field 'prompt'", fix="a shorter one.")
    for i in range(1, n + 1):
        if "slow" in prompt:
            time.sleep(0.01)
        if "break" in prompt and i == 3:
            raise ZeroDivisionError("a bug")
        text += f" {int(row['seed'] or 0) % 1000 + i}"  # type: ignore[call-overload]
        stop = next((s for s in row["stop"] or () if s in text), "")  # type: ignore[attr-defined]
        count = {"prompt_tokens": float(len(prompt.split())), "tokens": float(i)}
        yield {"text": text.split(stop)[0] if stop else text, "finish": "stop" if stop else "length", **count}
        if stop:
            return


def table(rows: list[dict[str, object]]) -> pa.Table:
    return answers.make("text", **{name: [r[name] for r in rows] for name in answers.KINDS["text"].names})


def predict(state: State, batch: Batch) -> pa.Table:
    return table([deque(tokens(row), maxlen=1)[0] for row in batch.arrays["rows"].to_pylist()])


def stream(state: State, batch: Batch) -> Iterator[pa.Table]:
    done = 0
    try:
        for answer in tokens(batch.arrays["rows"].to_pylist()[0]):
            yield table([answer])
            done += 1
    finally:
        written.append(done)


def loaded(streams: bool = True, decision: dict[str, object] | None = None) -> spine.Loaded:
    task = dataclasses.replace(
        tasks.get("tabular_classification"), answer="text", encode=encode, predict=predict,
        stream=stream if streams else None,
    )  # fmt: skip
    facts = {"task": "count", "run": "r", "questions": QUESTIONS}
    return spine.Loaded(facts, task, State(), State(), State(facts=decision or {"by": "none"}), Past())


if __name__ == "__main__":
    limits = serving.Limits(streams=2)
    sock = serving.listen("127.0.0.1", 0)
    serving.logs()
    app = serving.make_app({"counter": loaded(), "whole": loaded(streams=False)}, limits)
    port = sock.getsockname()[1]
    serving.run(app, [sock], limits, lambda: print(port, flush=True))
    sys.exit(0)
