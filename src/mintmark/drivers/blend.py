"""Blending: which trials go together, and with what weights, by their answers to the validation rows alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mintmark.drivers.trial import Trial
from mintmark.fitting import Prepared
from mintmark.numerics import answers, metrics
from mintmark.numerics.decide import Validation

Array = Any
STEPS, ROWS_A_STEP = 25, 200
"""times that a member is added, and rows that allow one: of few rows greed learns the noise"""
START, MOST = 3, 5
"""kinds of model that the mean starts from; members, as each costs time at every answer"""
LEAST = 0.04
"""weight below which a member is left out"""
NEAR = 1.25
"""times the least loss that the best of a kind of model may have, to be among those that the mean starts from"""


def weights(p: Prepared, trials: Sequence[Trial]) -> dict[int, float]:
    """Place among the trials -> weight: the best of each of three families that come near the best of all; then what
    helps their mean most, one by one.

    `trials` come best first; ties go to the earlier. Classes are mixed by their probabilities and judged by the area
    under the curve (two) or the log loss (more, or wherever decisions are paid); numbers by their squared error.
    Source: Caruana et al., Ensemble selection from libraries of models, ICML 2004.
    """
    said = [_said(p, t) for t in trials]
    loss = _loss(p, trials)
    alone, first = [loss(s) for s in said], dict[str, int]()
    for i, t in enumerate(trials):
        if alone[i] <= NEAR * min(alone):
            first.setdefault(t.ask.family, i)
    chosen = list(first.values())[:START] or [int(np.argmin(alone))]
    total = np.sum([said[i] for i in chosen], 0)
    for _ in range(min(STEPS, round(len(p.parts.held) / ROWS_A_STEP))):
        open_ = range(len(said)) if len(set(chosen)) < MOST else sorted(set(chosen))
        found = min(open_, key=lambda i: loss((total + said[i]) / (len(chosen) + 1)))
        total = total + said[found]
        chosen.append(found)
    count = np.bincount(chosen, minlength=len(trials)) / len(chosen)
    kept = [int(i) for i in np.argsort(-count, kind="stable")[:MOST] if count[i] >= LEAST]
    return {i: float(count[i] / count[kept].sum()) for i in sorted(kept)}


def mixed(trials: Sequence[Trial], share: Sequence[float], kind: str) -> Validation:
    """The validation answers of the mixture; predicting takes as long as all members together."""
    seen = [t.trained.validation for t in trials if t.trained]
    made = answers.merge(kind, [s.answers for s in seen], share)
    longest = max(seen, key=lambda s: len(s.classes))
    return replace(longest, answers=made, predict_s=sum(s.predict_s for s in seen))


def _said(p: Prepared, trial: Trial) -> Array:
    assert trial.trained
    seen = trial.trained.validation
    if p.task.answer == "classes":
        return answers.probability(seen.answers, seen.classes)[0]
    return seen.answers["value"].to_numpy()


def _loss(p: Prepared, trials: Sequence[Trial]) -> Callable[[Array], float]:
    assert trials[0].trained
    seen = max((t.trained.validation for t in trials if t.trained), key=lambda s: len(s.classes))
    y, w = seen.y, np.ones(len(seen.y)) if seen.weight is None else seen.weight
    if p.task.answer != "classes":
        spread = float(np.std(y)) or 1.0
        return lambda made: float(np.average(((made - y) / spread) ** 2, weights=w))
    known = np.flatnonzero(y >= 0)
    folds = np.repeat(np.arange(len(p.parts.folds)), [len(v) for _, v in p.parts.folds])[known]
    if len(seen.classes) == 2 and p.money is None:
        parts = [known[folds == f] for f in np.unique(folds)]
        parts = [part for part in parts if len(np.unique(y[part])) == 2]
        if parts:
            return lambda made: 1 - float(np.mean([metrics.area(made[part, 1], y[part] == 1) for part in parts]))
    own = y[known]
    return lambda made: float(np.average(-np.log(np.maximum(made[known, own], 1e-9)), weights=w[known]))
