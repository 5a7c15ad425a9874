"""Figures of a test: from the answered test rows, computed once, to what the pictures of a page need."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.base.state import State
from mintmark.numerics import answers as answer
from mintmark.numerics import curves, decide, slices
from mintmark.numerics.answers import Array
from mintmark.numerics.payoff import Money, earned
from mintmark.report.figures import Figures

MOST_CLASSES, MOST_CURVES, MOST_SAMPLES, LONGEST = 12, 6, 6, 600
LEAST_TOLD = 1e-15
"""a probability is taken for no less, where its logarithm is asked for"""


@dataclass(frozen=True)
class Tested:
    """The test rows as they were asked and answered."""

    answer: str
    questions: pa.Table
    truth: pa.Table
    answers: pa.Table
    """decided"""
    y: Array
    classes: list[str]
    pays: Array | None
    """Shapes: (n, actions, outcomes)"""
    decision: State
    money: Money | None = None
    weight: Array | None = None
    cluster: Array | None = None
    private: Sequence[str] = ()
    """columns that name a person, or are no column of the user's"""


def figures_of(run: str, t: Tested) -> Figures:
    """Whatever suits the kind of the answers; `forecasts`, `tree` and `contributions` are others' to add."""
    made = Figures(run, t.answer, len(t.answers), decision=_rule(t))
    if not len(t.answers):
        return made
    if t.answer == "classes":
        return _of_classes(made, t)
    return _of_numbers(made, t) if t.answer == "number" else replace(made, samples=_samples(t))


def _rule(t: Tested) -> dict[str, Any]:
    """What of the decision a reader is told."""
    names = ("by", "threshold", "bayes", "cut", "classes", "actions", "level", "half_width", "shift")
    told = {n: t.decision.facts[n] for n in names if n in t.decision.facts}
    if t.money is not None:
        rest = {n: getattr(t.money, n) for n in ("currency", "over", "under", "capacity", "prevalence")}
        told |= {n: v for n, v in rest.items() if v is not None}
    return told


# --- classes ----------------------------------------------------------------------------------------------------------


def _of_classes(made: Figures, t: Tested) -> Figures:
    p, _ = answer.probability(t.answers, t.classes)
    sample = _unshifted(p, float(t.decision.facts.get("shift", 0.0)))
    seen = t.y >= 0
    told = {c: i for i, c in enumerate(t.classes)}
    if len(t.classes) > 2:
        often = np.argsort(-np.bincount(t.y[seen], minlength=len(t.classes)), kind="stable")[:MOST_CURVES]
        told = {t.classes[i]: int(i) for i in often}
    else:
        told = {t.classes[-1]: len(t.classes) - 1}
    roc, precision, calibration = [], [], []
    most = curves.MOST if len(told) == 1 else curves.MOST // 3
    for name, place in told.items():
        y, score = (t.y[seen] == place).astype(int), sample[seen, place]
        roc += [{"class": name} | c for c in [curves.roc(y, score, most=most)] if c]
        precision += [{"class": name} | c for c in [curves.precision_recall(y, score, most=most)] if c]
        calibration.append({"class": name, "bins": curves.calibration(y, score)})
    weight = decide.at_prevalence(t.y, t.classes, t.money, t.weight)[0]
    actions = t.money.actions(t.classes) if t.money is not None and t.pays is not None else t.classes
    action = answer.places(t.answers["decision"], actions)
    return replace(
        made, roc=roc, precision=precision, calibration=calibration, value=_value(t, p, weight),
        confusion=_confusion(t, action, actions, weight), slices=_slices(t, sample, action, weight),
    )  # fmt: skip


def _unshifted(p: Array, shift: float) -> Array:
    """Probabilities at the share of positives that the sample has, where the answers are at that of use."""
    if shift == 0 or p.shape[1] != 2:
        return p
    odds = p * np.exp(np.array([0.0, -shift]))
    made: Array = odds / odds.sum(1, keepdims=True)
    return made


def _value(t: Tested, p: Array, weight: Array) -> dict[str, Any]:
    """Money against what is acted on, where there are two actions: by the probability, or by the gain expected."""
    if t.pays is None or t.pays.shape[1:] != (2, 2):
        return {}
    known = np.maximum(t.y, 0), t.y >= 0
    acting, resting = (np.where(known[1], t.pays[np.arange(len(t.y)), a, known[0]], 0.0) for a in (1, 0))
    facts = t.decision.facts
    score, chosen, by = p[:, 1], facts.get("threshold"), "probability"
    if chosen is None:
        mean = np.array(facts["mean_payoff"]) if facts.get("by") == "mean" else t.pays
        score, by = ((mean[..., 1, :] - mean[..., 0, :]) * p).sum(1), "gain"
        chosen = facts.get("cut") or 0.0
    made = curves.value(score, acting, resting, weight, t.y)
    return made | {"by": by, "chosen": float(chosen)} if made else {}


def _confusion(t: Tested, action: Array, actions: list[str], weight: Array) -> dict[str, Any]:
    """Decisions and truths; beyond twelve of either only the most frequent."""
    fine = action >= 0
    rows = [np.bincount(x[x >= 0], minlength=k) for x, k in ((action, len(actions)), (t.y, len(t.classes)))]
    kept = [np.sort(np.argsort(-r, kind="stable")[:MOST_CLASSES]) for r in rows]
    pays = None if t.pays is None else t.pays[fine]
    made = curves.confusion(action[fine], t.y[fine], len(actions), len(t.classes), pays, weight[fine])
    for name in ("rows", "share", "money"):
        if name in made:
            made[name] = [[made[name][a][o] for o in kept[1]] for a in kept[0]]
    named = {"actions": [actions[a] for a in kept[0]], "classes": [t.classes[o] for o in kept[1]]}
    return made | named | {"left_out": len(actions) + len(t.classes) - len(kept[0]) - len(kept[1])}


def _slices(t: Tested, p: Array, action: Array, weight: Array) -> dict[str, Any]:
    """By the money that a perfect decision would have earned beyond the one taken; without a payoff by the log loss."""
    y, every = t.y, np.arange(len(t.y))
    told = np.where(y >= 0, p[every, np.maximum(y, 0)], 0.0)
    loss = -np.log(np.maximum(told, LEAST_TOLD))
    also = {"log_loss": loss, "wrong": p.argmax(1) != y}
    if len(t.classes) == 2:
        also["positive"] = y == 1
    by = "log_loss"
    if t.pays is not None and (action >= 0).all():
        won = earned(t.pays, action, y)
        best = np.where(y >= 0, t.pays[every, :, np.maximum(y, 0)].max(1), 0.0)
        loss, by = best - won, "missed"
        also["money"] = won
    w = weight if by == "missed" else t.weight
    return slices.worst(t.questions, loss, w, t.cluster, t.private, also) | {"by": by}


# --- numbers and texts ------------------------------------------------------------------------------------------------


def _of_numbers(made: Figures, t: Tested) -> Figures:
    """Errors are of the value that is answered, shifted or not."""
    value, y = t.answers["value"].to_numpy(), np.asarray(t.y, float)
    ends: tuple[Array | None, Array | None] = (None, None)
    if not t.answers["low"].null_count:
        ends = t.answers["low"].to_numpy(), t.answers["high"].to_numpy()
    known = np.isfinite(y)
    off = np.where(known, np.abs(y - value), 0.0)
    loss, also, by = off, {"off": off}, "off"
    if t.money is not None and t.money.over is not None:
        over, under = abs(t.money.over), abs(t.money.under or 0.0)
        loss, by = np.where(value > y, over, under) * off, "cost"
    weight = np.where(known, np.ones(len(y)) if t.weight is None else t.weight, 0.0)
    found = slices.worst(t.questions, loss, weight, t.cluster, t.private, also)
    return replace(made, errors=curves.errors(value, y, *ends), slices=found | {"by": by})


def by_steps(made: Figures, t: Tested, time: str, asked: str) -> Figures:
    """With the errors by steps ahead: the place of a row among those of its series that were asked at one moment."""
    at, block = (np.unique(_whole(t.questions[n]), return_inverse=True)[1] for n in (time, asked))
    of = np.zeros(len(at), np.int64) if t.cluster is None else np.unique(t.cluster, return_inverse=True)[1]
    order = np.lexsort((at, block, of))
    first = np.append(True, (np.diff(of[order]) != 0) | (np.diff(block[order]) != 0)) if len(at) else np.zeros(0, bool)
    start = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    step = np.empty(len(at), np.int64)
    step[order] = np.arange(len(at)) - start + 1
    value, low, high = (t.answers[n].to_numpy() for n in ("value", "low", "high"))
    return replace(made, steps=curves.by_step(step, value, np.asarray(t.y, float), low, high))


def _whole(column: Any) -> Array:
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    made: Array = column.to_numpy()
    return made


def _samples(t: Tested) -> list[dict[str, Any]]:
    """The first texts that were written, beside the true ones."""
    asked = t.questions["prompt"].to_pylist() if "prompt" in t.questions.schema.names else [""] * len(t.answers)
    texts, ends = t.answers["text"].to_pylist(), t.answers["finish"].to_pylist()
    rows = zip(asked, texts, t.truth.column(0).to_pylist(), ends, strict=True)
    found = [row for row in rows if row[1]][:MOST_SAMPLES]
    return [{"prompt": _cut(p, end=True), "text": _cut(w), "true": _cut(v), "finish": str(f)} for p, w, v, f in found]


def _cut(text: Any, *, end: bool = False) -> str:
    whole = str(text or "")
    if len(whole) <= LONGEST:
        return whole
    return "…" + whole[-LONGEST:] if end else whole[:LONGEST] + "…"
