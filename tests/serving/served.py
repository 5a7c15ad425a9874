"""What tests of the server share: bundles made of a plain function, and a server in a process of its own."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark import spine, tasks
from mintmark.base.state import State
from mintmark.data.past import Past
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch

MAIN = "from mintmark.cli import main; raise SystemExit(main())"
ROW = {"time": "2026-01-31T12:00:00", "customer": "C01", "amount": 12.5, "shop": "food", "age": 40, "abroad": False}


def fake(predict: Callable[[State, Batch], pa.Table], *fields: tuple[str, str]) -> spine.Loaded:
    """A bundle whose model is a plain function of one array, the first question column."""
    task = dataclasses.replace(
        tasks.get("tabular_classification"),
        answer="number",
        encode=lambda state, questions, past: Batch({"x": np.array(questions.column(0).to_pylist(), dtype=object)}),
        predict=predict,
    )
    facts = {"task": "fake", "run": "r", "questions": [{"name": n, "kind": k, "type": k} for n, k in fields]}
    return spine.Loaded(facts, task, State(), State(), State(facts={"by": "none"}), Past())


def double(state: State, batch: Batch) -> pa.Table:
    return answers.make("number", value=[2.0 * x for x in batch.arrays["x"]])


@contextmanager
def server(*words: str | Path, **more: Any) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`mintmark serve` with these words on a free port: its process and its address."""
    command = [sys.executable, "-c", MAIN, "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:  # the log may have something to say before
            said.append(line)
            if "listens on http" in line:
                break
        assert said and "listens on http" in said[-1], "".join(said)
        yield process, said[-1].split("listens on ")[1].split()[0]
    finally:
        process.kill()
        process.communicate()
