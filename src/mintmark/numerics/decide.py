"""Decide: from answers to decisions. Learnt on validation answers only, applied wherever the model answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.numerics import amounts, bootstrap, calibrate, policy
from mintmark.numerics import answers as answer
from mintmark.numerics.answers import Array
from mintmark.numerics.payoff import Money, earned


class Questions(Protocol):
    """Rows, or a table of them."""

    @property
    def schema(self) -> Any: ...


@dataclass(frozen=True)
class Validation:
    """All that choice and decision may see: validation or out-of-fold answers, their truth, their time. Never test."""

    answers: pa.Table
    questions: Questions
    y: Array
    """places among the classes, -1 unseen; or numbers"""
    classes: list[str]
    payoff: Array | None
    """Shapes: (n, actions, outcomes)"""
    weight: Array | None
    predict_s: float


def learn(
    kind: str,
    seen: Validation,
    money: Money | None,
    rng: np.random.Generator,
    coverage: float = 0.9,
    rules: Mapping[str, Any] | None = None,
) -> State:
    """Classes: calibration, then threshold or action. Number: interval and shift. Text: what must not be in it."""
    if kind == "number":
        return State(facts=amounts.learn(seen.answers, seen.y, money, coverage))
    if kind == "text" and rules:
        return State(facts={"by": "policy", "policy": policy.learn(rules)})
    if kind != "classes":
        return State(facts={"by": "none"})
    told = np.diff(seen.answers["probability"].combine_chunks().offsets.to_numpy()) == len(seen.classes)
    if told.any():  # a fold that lacked a class could not say how likely it is: its 0 would spoil the calibration
        seen = replace(seen, y=np.where(told, seen.y, -1))
    if not (seen.y >= 0).any():
        what = f"none of the {len(seen.y)} validation rows is of a class that training saw."
        raise DataError(what, where="decide", fix="more rows, or a split that has every class in both parts.")
    raw, classes = answer.probability(seen.answers, seen.classes)
    slope, bias = calibrate.learn(raw, seen.y, seen.weight, rng)
    weight, share = at_prevalence(seen.y, classes, money, seen.weight)
    shift = calibrate.shift(money.prevalence if money else None, share)
    facts: dict[str, Any] = {
        "classes": classes,
        "slope": slope,
        "bias": bias.tolist(),
        "shift": shift,
        "by": "likeliest",
    }
    if money is not None and seen.payoff is not None:
        p = _shifted(calibrate.apply(raw, slope, bias), shift)
        per_row = bool(money.columns) and money.columns <= set(seen.questions.schema.names)
        facts |= _rule(p, seen.y, seen.payoff, weight, money, per_row)
        facts["actions"] = money.actions(classes)
    return State(facts=facts)


def calibrated(decision: State, answers: pa.Table) -> pa.Table:
    """The answers calibrated to the sample, not yet decided: task measures are taken on these.

    Probabilities are calibrated, numbers get their interval.
    """
    facts = decision.facts
    if facts["by"] == "conformal":
        return amounts.apply(facts | {"shift": 0.0}, answers)
    if "slope" not in facts:
        return answers
    p, classes = answer.probability(answers, facts["classes"])
    return answer.of_classes(calibrate.apply(p, facts["slope"], facts["bias"]), classes)


def apply(decision: State, answers: pa.Table, questions: pa.Table | pa.RecordBatch) -> pa.Table:
    """The answers, calibrated, at the true prevalence where one is given, and decided.

    A row whose payoff cannot be worked out (a missing value) is decided on the mean payoffs of the validation rows.
    """
    facts = decision.facts
    if facts["by"] == "none":
        return answers
    if facts["by"] == "conformal":
        return amounts.apply(facts, answers)
    if facts["by"] == "policy":
        return _ruled(facts["policy"], answers)
    raw, classes = answer.probability(answers, facts["classes"])
    p = _shifted(calibrate.apply(raw, facts["slope"], facts["bias"]), facts["shift"])
    if facts["by"] == "threshold":
        action = (p[:, 1] > facts["threshold"]).astype(np.int64)
    elif facts["by"] == "likeliest":
        action = p.argmax(1)
    else:
        mean = np.array(facts["mean_payoff"])
        payoff = np.broadcast_to(mean, (len(p), *mean.shape))
        if facts["by"] == "row":
            own = Money.of_facts(facts["money"], facts["actions"]).tensor(questions, classes, strict=False)
            payoff = np.where(np.isfinite(own).all((1, 2), keepdims=True), own, mean)
        action = _best(_expected(p, payoff), facts["cut"])
    return answer.of_classes(p, classes, decision=np.array(facts.get("actions", classes), dtype=object)[action])


def outlined(decision: State, seen: Validation) -> pa.Table:
    """Score and decision of the validation answers as they would be served: what later answers are held against.

    The score is the probability of the last of two classes, of the likeliest of more, or the number that is answered.
    """
    if decision.facts["by"] in ("none", "policy"):
        return pa.table({})
    made = apply(decision, seen.answers, seen.questions)
    if "value" in made.schema.names:
        return made.select(["value"]).rename_columns(["score"])
    p, classes = answer.probability(made, decision.facts["classes"])
    return pa.table({"score": p[:, 1] if len(classes) == 2 else p.max(1), "decision": made["decision"]})


def promised(measures: Iterable[Measured]) -> dict[str, Any] | None:
    """What a bundle says that its decisions earn, from the measures of its run; None where there is no payoff."""
    value = {m.name: m for m in measures if m.name.startswith("value.")}
    if "value.per_case" not in value:
        return None
    names = ("per_case", "low", "high", "do_nothing", "acted", "precision", "recall")
    places = {n: f"value.per_case.{n}" if n in ("low", "high") else f"value.{n}" for n in names}
    said = {n: value[place].value for n, place in places.items() if place in value}
    return said | {"currency": value["value.per_case"].unit, "source": value["value.per_case.low"].source}


def partial(decision: State, answers: pa.Table) -> pa.Table:
    """What may be shown of texts that are still being written: no half of what a policy will not let through."""
    if decision.facts["by"] != "policy":
        return answers
    facts, texts = decision.facts["policy"], answers["text"].to_pylist()
    return answers.set_column(0, "text", pa.array([policy.safe(t or "", facts) for t in texts], pa.string()))


def value(
    tensor: Array | None,
    answers: pa.Table,
    y: Array,
    classes: list[str],
    money: Money,
    rng: np.random.Generator,
    weight: Array | None = None,
    plain: pa.Table | None = None,
    cluster: Array | None = None,
) -> list[Measured]:
    """Money of a decision, with a 95 % bootstrap interval, beside what needs no model and what none can beat.

    do_nothing takes the first action always; act_on_all the positive class, or of several actions the one that earns
    most if taken always; perfect knows the outcome. All at the true prevalence where one is given. Numbers (no tensor)
    are held against the answers before the decision, `plain`.

    Shapes: tensor (n, actions, outcomes); y (n,), -1 unseen, earns 0.   Units: currency per case; acted, precision and
    recall of acting (two classes): shares.
    """
    if tensor is None:
        return amounts.value(answers, answers if plain is None else plain, y, money, rng, weight, cluster)
    actions = money.actions(classes)
    action = answer.places(answers["decision"], actions)
    if not len(y) or (action < 0).any():
        what = f"{len(y)} answers, {int((action < 0).sum())} of them without a decision among {actions[:10]}."
        raise DataError(what, where="value", fix="decide on the answers first.")
    share = at_prevalence(y, classes, money, weight)[0]
    share = share / share.sum()
    won = earned(tensor, action, y)
    always = [float((share * earned(tensor, np.full(len(y), a), y)).sum()) for a in range(len(actions))]
    per_case = float((share * won).sum())
    perfect = float((share * np.where(y >= 0, tensor[np.arange(len(y)), :, y].max(1), 0.0)).sum())
    # the class shares are known, not sampled, where a prevalence is given: then each class is drawn by itself
    strata = y if money.prevalence is not None and len(classes) == 2 else np.zeros(len(y), np.int64)
    draws = bootstrap.draws_for(len(y))
    means = bootstrap.means(won, share, strata, draws, rng)
    low, high = (float(q) for q in np.quantile(means, [0.025, 0.975]))
    how = f"{len(y)} rows" + (f" weighted to prevalence {money.prevalence:g}" if money.prevalence is not None else "")
    drawn = f"{how}; 95 % percentile bootstrap, {draws} draws"
    acting = action != 0
    caught = _caught(share, acting, y == 1, how) if len(classes) == 2 else []
    return [
        Measured("per_case", per_case, money.currency, "up", source=how),
        Measured("per_case.low", min(low, per_case), money.currency, "up", source=drawn),
        Measured("per_case.high", max(high, per_case), money.currency, "up", source=drawn),
        Measured("do_nothing", always[0], money.currency, "up", source=how),
        Measured("act_on_all", max(always[1:], default=always[0]), money.currency, "up", source=how),
        Measured("perfect", perfect, money.currency, "up", source=how),
        Measured("acted", float(share[acting].sum()), "1", source=how),
        *caught,
    ]


def _caught(share: Array, acting: Array, positive: Array, how: str) -> list[Measured]:
    """Of the cases acted on the share that is positive, and the other way round; 0 where there are none."""
    both = float(share[acting & positive].sum())
    parts = {"precision": float(share[acting].sum()), "recall": float(share[positive].sum())}
    return [Measured(n, both / part if part else 0.0, "1", "up", source=how) for n, part in parts.items()]


def at_prevalence(y: Array, classes: list[str], money: Money | None, weight: Array | None) -> tuple[Array, float]:
    """Weights under which the positive class has its true share, and its (weighted) share in these rows.

    With pi the prevalence and s the share: pi / s for a positive row, (1 - pi) / (1 - s) for a negative one. Rows of an
    unseen class keep theirs, and so does a sample of one class alone.

    Shapes: y (n,) -> (n,).   Raises: RecipeError: a prevalence for other than two classes.
    Source: Elkan, The foundations of cost-sensitive learning, IJCAI 2001.
    """
    made = np.ones(len(y)) if weight is None else weight.astype(np.float64)
    if money is not None and money.prevalence is not None and len(classes) != 2:
        what = f"the share of one positive class needs two classes; the data have {len(classes)}: {classes[:10]}."
        raise RecipeError(what, where="payoff.prevalence", fix="leave it out.")
    total = made[y >= 0].sum()
    share = float(made[y == len(classes) - 1].sum() / total) if total else 0.0
    if money is None or money.prevalence is None or not 0 < share < 1:
        return made, share
    factor = np.array([(1 - money.prevalence) / (1 - share), money.prevalence / share, 1.0])
    return made * factor[y], share  # y = -1 takes the last


def _ruled(facts: dict[str, Any], answers: pa.Table) -> pa.Table:
    """Texts without what the policy does not let through; where a word was blocked, that is how they finished."""
    said = [policy.apply(t or "", facts) for t in answers["text"].to_pylist()]
    finish = ["blocked" if blocked else f for f, (_, blocked) in zip(answers["finish"].to_pylist(), said, strict=True)]
    made = answers.set_column(0, "text", pa.array([t for t, _ in said], pa.string()))
    return made.set_column(1, "finish", pa.array(finish, pa.string()))


def _rule(p: Array, y: Array, payoff: Array, weight: Array, money: Money, per_row: bool) -> dict[str, Any]:
    """How to come from probabilities to actions.

    row        the action with the highest expected money, with the payoffs of the row itself
    threshold  two actions, two classes, no payoffs of the row to be had when the question is asked: one cut for all
    mean       more of either: the action with the highest expected money at the mean payoffs

    With a capacity at most that share of the validation rows is acted on, those where acting gains most.
    """
    mean = _mean_payoff(payoff, y, weight, constant=not money.columns)
    steps = mean[1] - mean[0] if len(mean) == 2 else np.zeros(0)  # gain of acting, for each outcome
    if not per_row and steps.shape == (2,) and steps[1] > steps[0]:
        gains = payoff[:, 1] - payoff[:, 0]  # (n, outcomes)
        bayes = float(-steps[0] / (steps[1] - steps[0]))  # Elkan 2001, eq. 2
        threshold = _threshold(p[:, 1], gains, y, weight, bayes)
        most = None if money.capacity is None else _cut(p[:, 1], weight, money.capacity)
        threshold = threshold if most is None else max(threshold, most)
        return {"by": "threshold", "threshold": threshold, "bayes": bayes, "mean_payoff": mean.tolist()}
    worth = _expected(p, payoff if per_row else np.broadcast_to(mean, payoff.shape))
    cut = None if money.capacity is None or worth.shape[1] < 2 else _cut(_gain(worth), weight, money.capacity)
    rule = {"by": "row" if per_row else "mean", "mean_payoff": mean.tolist(), "cut": cut}
    return rule | ({"money": money.facts()} if per_row else {})


def _mean_payoff(payoff: Array, y: Array, weight: Array, *, constant: bool) -> Array:
    """What each action earns on average where this outcome came true (over all rows, where it never did).

    Given the outcome, because that is what the probability of the outcome is multiplied with: the amount of a fraud is
    not that of a payment.   Shapes: (actions, outcomes).
    """
    if constant:
        return np.array(payoff[0])
    made = np.empty(payoff.shape[1:])
    for o in range(payoff.shape[2]):
        rows = y == o if weight[y == o].sum() > 0 else np.ones(len(y), bool)
        made[:, o] = np.average(payoff[rows][:, :, o], axis=0, weights=weight[rows])
    return made


def _threshold(p: Array, gains: Array, y: Array, weight: Array, bayes: float) -> float:
    """Act above it. The Bayes threshold, or the best on these rows where it earns more by over one standard error.

    Shapes: p, y and weight (n,); gains (n, outcomes), of acting over not acting.
    """
    gain = np.where(y >= 0, gains[np.arange(len(y)), y], 0.0)
    order = np.argsort(-p, kind="stable")
    ordered, total = p[order], np.append(0.0, np.cumsum((weight * gain)[order]))
    ends = np.append(0, np.flatnonzero(np.append(np.diff(ordered), -1.0) < 0) + 1)  # how many are acted on
    middle = np.append(np.append(1.0, ordered), 0.0)
    count = int(ends[np.argmax(total[ends])])
    # between two probabilities, so that the last digit of a served one decides nothing
    best = 1.0 if count == 0 else float(middle[count] + middle[count + 1]) / 2
    moved = weight * ((p > best).astype(float) - (p > bayes))
    more = moved * gain
    # The best of many cuts on few rows is best by luck too (the winner's curse). Between the two cuts there may be no
    # row of the rare, dear outcome at all: what was seen hardly varies then, and the probabilities say how it would.
    seen = ((more - weight * more.sum() / weight.sum()) ** 2).sum()
    said = (moved**2 * p * (1 - p) * (gains[:, 1] - gains[:, 0]) ** 2).sum()
    return best if more.sum() > np.sqrt(max(seen, said)) else bayes


def _cut(score: Array, weight: Array, share: float) -> float | None:
    """Of the rows above it there are at most this share, and as many as ties allow; None: all may be."""
    order = np.argsort(-score, kind="stable")
    ordered, used = score[order], np.cumsum(weight[order]) / weight.sum()
    ends = np.flatnonzero(np.append(np.diff(ordered), -1.0) < 0)
    within = ends[used[ends] <= share + 1e-12]
    if not len(within):
        return float(ordered[0])
    last = int(within[-1])
    return None if last == len(ordered) - 1 else float((ordered[last] + ordered[last + 1]) / 2)


def _expected(p: Array, payoff: Array) -> Array:
    """Expected money, row by row.   Shapes: p (n, outcomes), payoff (n, actions, outcomes) -> (n, actions)."""
    return np.stack([(p * payoff[:, a]).sum(1) for a in range(payoff.shape[1])], axis=1)


def _gain(worth: Array) -> Array:
    """Of the best action over the first one, to do nothing.   Shapes: (n, actions) -> (n,)."""
    made: Array = worth[:, 1:].max(1) - worth[:, 0]
    return made


def _best(worth: Array, cut: float | None) -> Array:
    """The action worth most, the first of equals; nothing is done where it gains no more than the cut."""
    action: Array = worth.argmax(1)
    return action if cut is None else np.where(_gain(worth) > cut, action, 0)


def _shifted(p: Array, shift: float) -> Array:
    """Two classes with this added to the log odds of the last."""
    if shift == 0:
        return p
    odds = p * np.exp(np.array([0.0, shift]))
    made: Array = odds / odds.sum(1, keepdims=True)
    return made
