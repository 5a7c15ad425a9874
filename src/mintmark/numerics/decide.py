"""Decide: from answers to decisions. Learnt on validation answers only, applied wherever the model answers."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.numerics import answers as answer
from mintmark.numerics import calibrate
from mintmark.numerics.answers import Array
from mintmark.numerics.payoff import Money, earned

CELLS_DRAWN, CELLS_AT_ONCE = 40_000_000, 1_000_000


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


def learn(kind: str, seen: Validation, money: Money | None, rng: np.random.Generator, coverage: float = 0.9) -> State:
    """Classes: calibration, then threshold or action. Number: interval and shift. Anything else: nothing."""
    if kind == "number":
        return State(facts=_interval(seen, money, coverage))
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
    """The answers with probabilities calibrated to the sample, not yet decided: task measures are taken on these."""
    facts = decision.facts
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
        value = answers["value"].to_numpy()
        half, level = facts["half_width"], np.full(len(value), facts["level"])
        ordered = value + facts["shift"]
        low, high = np.minimum(value - half, ordered), np.maximum(value + half, ordered)
        return answer.make("number", value=ordered, low=low, high=high, level=level)
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


def value(
    tensor: Array,
    answers: pa.Table,
    y: Array,
    classes: list[str],
    money: Money,
    rng: np.random.Generator,
    weight: Array | None = None,
) -> list[Measured]:
    """Money of a decision, with a 95 % bootstrap interval, beside what needs no model and what none can beat.

    do_nothing takes the first action always; act_on_all the positive class, or of several actions the one that earns
    most if taken always; perfect knows the outcome. All at the true prevalence where one is given.

    Shapes: tensor (n, actions, outcomes); y (n,), -1 unseen, earns 0.   Units: currency per case; acted, precision and
    recall of acting (two classes): shares.
    """
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
    draws = int(np.clip(CELLS_DRAWN // len(y), 200, 1000))
    means = _bootstrap(won, share, strata, draws, rng)
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


def _interval(seen: Validation, money: Money | None, coverage: float) -> dict[str, Any]:
    """Half width of the split conformal interval, and the shift of the value to the fractile that costs the least.

    The interval stays around the model's own value. With under 1 / (1 - coverage) rows the widest error is taken, and
    the level says what that covers: n / (n + 1). The shift is the quantile under / (under + over) of the errors.

    Source: Vovk et al. 2005; Lei et al., JASA 113, 2018, section 2.2. Newsvendor: Arrow, Harris, Marschak 1951.
    """
    off = np.sort(seen.y - seen.answers["value"].to_numpy())
    n = len(off)
    if not n:
        raise DataError("no validation rows to learn an interval from.", where="decide", fix="more rows.")
    rank = min(n, int(np.ceil((n + 1) * coverage - 1e-9)))
    facts = {"by": "conformal", "half_width": float(np.sort(np.abs(off))[rank - 1])}
    facts |= {"level": min(coverage, rank / (n + 1)), "shift": 0.0}
    if money is not None and money.over is not None and money.under is not None:
        fractile = money.under / (money.under + money.over)
        facts["shift"] = float(np.quantile(off, fractile, method="inverted_cdf"))
    return facts


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
        return {"by": "threshold", "threshold": threshold if most is None else max(threshold, most), "bayes": bayes}
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


def _bootstrap(won: Array, share: Array, strata: Array, draws: int, rng: np.random.Generator) -> Array:
    """Weighted means of rows drawn with replacement, each stratum by itself, weights going with their rows.

    Shapes: won, share, strata (n,), shares with the sum 1 -> (draws,).   Source: Efron, Tibshirani 1993, chapter 13.
    """
    made = np.zeros(draws)
    for stratum in np.unique(strata):
        at = strata == stratum
        made += share[at].sum() * _means(won[at], share[at], draws, rng)
    return made


def _means(won: Array, weight: Array, draws: int, rng: np.random.Generator) -> Array:
    """Self-normalised weighted means of draws: sum w x / sum w over the rows drawn.   Shapes: (n,) -> (draws,)."""
    n = len(won)
    if not weight.sum() > 0:
        return np.zeros(draws)
    pairs, count = np.unique(won + 1j * weight, return_counts=True)  # distinct (money, weight)
    if len(pairs) * 20 <= n:  # how often each is drawn, at once
        drawn = rng.multinomial(n, count / n, size=draws)
        return _ratio((drawn * (pairs.real * pairs.imag)).sum(1), (drawn * pairs.imag).sum(1))
    even = bool((weight == weight[0]).all())
    step, made = max(1, CELLS_AT_ONCE // n), np.empty(draws)
    for start in range(0, draws, step):
        ids = rng.integers(0, n, size=(min(step, draws - start), n), dtype=np.int32 if n < 2**31 else np.int64)
        if even:
            made[start : start + step] = won[ids].mean(1)
        else:
            w = weight[ids]
            made[start : start + step] = _ratio((w * won[ids]).sum(1), w.sum(1))
    return made


def _ratio(top: Array, bottom: Array) -> Array:
    """0 where only rows without weight were drawn."""
    made: Array = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return made
