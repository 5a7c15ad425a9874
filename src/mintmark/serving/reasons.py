"""Reasons of answers: which columns of a question speak most for the answer that was given, and how much each adds.

What is added up is what the answer says: the calibrated log odds of a class, or the number. Base, the columns that are
named and the others come to it exactly; of a blend of several models they come to the mean of its members' log odds.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark import spine
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.rows import Rows
from mintmark.numerics import answers, reasons
from mintmark.numerics.reasons import Sum
from mintmark.serving.refusals import NoReasons


def missing(loaded: spine.Loaded) -> str:
    """Why this bundle gives no reasons; empty for one that does."""
    if loaded.task.answer not in ("classes", "number") or "left_out" not in loaded.features.facts:
        return "its answers are made from no table of features"
    own = loaded.features.parts.values() if loaded.features.parts else [loaded.features]
    if not all("numbers" in f.facts for f in own if "fill" in f.arrays):
        return "its answers are made from no table of features"
    return reasons.missing(loaded.features, loaded.model)


def refused(name: str, why: str) -> NoReasons:
    what = f"model {name!r} gives no reasons: {why}."
    fix = "ask without them; or a model that does: lightgbm, xgboost, catboost, ebm, or a linear one."
    return NoReasons(what, where="reasons", fix=fix)


def explained(loaded: spine.Loaded, asked: Rows, most: Sequence[int]) -> list[dict[str, Any]]:
    """The answers as JSON has them, each with the `most` columns that add the most to it, or take the most away."""
    made = spine.answer(loaded, asked)
    names = reasons.columns(loaded.features, loaded.model, loaded.past.key)
    told = [_summed(loaded, q, names) for q in table.check(asked, loaded.facts["questions"])]
    base = np.concatenate([s.base for s in told])
    parts = np.concatenate([s.parts for s in told])
    of, start, added = _decided(loaded, made, base, parts)
    unit, said = "value" if loaded.task.answer == "number" else "log odds", answers.to_json(made)
    for i, one in enumerate(said):
        one["reasons"] = {"of": of[i], "unit": unit, "base": float(start[i]), **_most(names, added[i], most[i])}
    return said


def _summed(loaded: spine.Loaded, questions: pa.RecordBatch, names: list[str]) -> Sum:
    earlier = loaded.past.as_of(questions)

    def encode(own: State) -> Any:
        return loaded.task.encode(own, questions, earlier).arrays["x"]

    return reasons.of(loaded.features, loaded.model, encode, names, loaded.past.key)


def _decided(loaded: spine.Loaded, made: pa.Table, base: Any, parts: Any) -> tuple[list[str], Any, Any]:
    """What each row's reasons are of, base and parts of it as the decision calibrates or shifts them.

    That is the number; the last of two classes; of more the likeliest, held against the mean of all.
    Shapes: (n, scores), (n, scores, columns) -> (n,), (n, columns).
    """
    facts, n = loaded.decision.facts, len(made)
    if loaded.task.answer == "number":
        return ["value"] * n, base[:, 0] + facts.get("shift", 0.0), parts[:, 0]
    classes = loaded.features.facts["classes"]
    p, decided = answers.probability(made, facts.get("classes", classes))
    slope, bias = facts.get("slope", 1.0), dict(zip(decided, facts.get("bias", [0.0] * len(decided)), strict=True))
    if len(classes) == 2:
        moved = bias[classes[1]] - bias[classes[0]] + facts.get("shift", 0.0)
        return [classes[1]] * n, slope * base[:, 0] + moved, slope * parts[:, 0]
    best = [decided[i] for i in p.argmax(1)]
    base, parts = base - base.mean(1, keepdims=True), parts - parts.mean(1, keepdims=True)
    rows, place = np.arange(n), np.array([classes.index(c) for c in best])
    moved = np.array([bias[c] for c in best]) - np.mean(list(bias.values()))
    return best, slope * base[rows, place] + moved, slope * parts[rows, place]


def _most(names: list[str], added: Any, most: int) -> dict[str, Any]:
    order = np.argsort(-np.abs(added), kind="stable")[:most]
    named = [{"column": names[i], "adds": float(added[i])} for i in order if added[i]]
    return {"columns": named, "others": float(added.sum() - sum(c["adds"] for c in named))}
