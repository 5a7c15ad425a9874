"""A model of payments whose risk is a plain function of the amount: for the tests of outcomes and monitoring.

Its decision, its profile and its terms are made by the very code that packages a bundle; only the fit is spared.

python tests/serving/risky.py FOLDER     serves it
"""

import dataclasses
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from mintmark import serving, spine, tasks
from mintmark.base.state import State
from mintmark.data import profile
from mintmark.data.past import Earlier, Past
from mintmark.data.rows import Rows, schema_of
from mintmark.numerics import answers, decide, payoff
from mintmark.numerics.batch import Batch
from mintmark.recipe import schema
from mintmark.serving.model import Model
from mintmark.serving.watching import Watching

Array = npt.NDArray[Any]
CLASSES = ["ok", "fraud"]
PAYOFF: dict[str, Any] = {"true_positive": -5, "false_positive": -5, "false_negative": "-amount"}
PROMISE = {"per_case": -3.0, "low": -3.5, "high": -2.5, "currency": "USD", "source": "test rows"}
POOL = ThreadPoolExecutor(1)


def risk(amount: Any) -> Array:
    return np.clip(np.asarray(amount, dtype=float) / 400, 0.001, 0.95)


def rows(n: int, seed: int = 0, times: float = 1.0) -> pa.Table:
    """Payments; `times` makes them so much larger."""
    rng = np.random.default_rng(seed)
    age = np.where(rng.random(n) < 0.1, np.nan, rng.integers(18, 80, n))
    return pa.table({
        "amount": rng.gamma(2, 20, n) * times, "shop": rng.choice(["food", "games", "travel"], n, p=[0.6, 0.3, 0.1]),
        "age": pa.array(age, from_pandas=True), "abroad": rng.random(n) < 0.2,
    })  # fmt: skip


def happened(table: pa.Table, seed: int = 1) -> list[str]:
    p = risk(table["amount"])
    return np.array(CLASSES)[(np.random.default_rng(seed).random(len(p)) < p).astype(int)].tolist()


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    return Batch({"x": questions["amount"].to_numpy(zero_copy_only=False)})


def predict(state: State, batch: Batch) -> pa.Table:
    p = risk(np.nan_to_num(batch.arrays["x"]))
    return answers.of_classes(np.column_stack([1 - p, p]), CLASSES)


def number(state: State, batch: Batch) -> pa.Table:
    return answers.make("number", value=np.nan_to_num(batch.arrays["x"]))


def loaded(paid: dict[str, Any] | None = PAYOFF, *, kind: str = "classes", **facts: Any) -> spine.Loaded:
    """A bundle as `finish` makes it: 2,000 payments held for validation. facts: of the bundle, in place of its own."""
    held = rows(2000)
    by = predict if kind == "classes" else number
    task = dataclasses.replace(tasks.get("tabular_classification"), answer=kind, encode=encode, predict=by)
    spec = schema.build(schema.Payoff, paid, where="payoff") if paid else None
    money = payoff.parse(spec) if spec else None
    made = task.predict(State(), Batch({"x": held["amount"].to_numpy()}))
    if kind == "classes":
        y, tensor = answers.places(pa.array(happened(held)), CLASSES), None
        if money:
            extra = {c: pa.array(np.arange(2000.0)) for c in sorted(money.columns - set(held.column_names))}
            tensor = money.tensor(pa.table({n: held[n] for n in held.column_names} | extra), CLASSES)
    else:
        y, tensor = held["amount"].to_numpy() + np.random.default_rng(2).normal(0, 5, 2000), None
    seen = decide.Validation(made, held, y, CLASSES if kind == "classes" else [], tensor, None, 0.1)
    decision = decide.learn(kind, seen, money, np.random.default_rng(0))
    decision = profile.watched(decision, Rows(held), schema.Columns(), decide.outlined(decision, seen))
    recipe = {"payoff": spec.model_dump(mode="json") if spec else None, "label_delay": 0.0, "columns": {}}
    own = {"task": "t", "run": "0a-0b", "questions": schema_of(Rows(held)), "recipe": recipe, "promise": PROMISE}
    return spine.Loaded(own | facts, task, State(), State(), decision, Past())


def model(name: str = "m", made: spine.Loaded | None = None) -> Model:
    return Model(name, made or loaded(), POOL, POOL)


def asked(watching: Watching, name: str, request: str, table: pa.Table, cases: tuple[str, ...] = ()) -> list[Any]:
    """What a request to this name is answered, as the server answers it, and heard of by the watching."""
    own = watching.models[name]
    by, columns = watching.answering(own), own.questions.columns(table.to_pylist())
    given = watching.given(own, by, columns) if by is not own else columns
    (said,) = by.answer([given], [len(table)])
    watching.after_answer(own, request, columns, said, cases, by)
    watching.ended(name, 200, 0.004)
    found: list[Any] = orjson.loads(said)["answers"]
    return found


if __name__ == "__main__":  # serves it as `m` on a free port, with the state in a folder, and says where
    limits = serving.Limits()
    sock = serving.listen("127.0.0.1", 0)
    app = serving.make_app({"m": loaded()}, limits, state=Path(sys.argv[1]))
    port = sock.getsockname()[1]
    serving.run(app, [sock], limits, lambda: print(port, flush=True))
