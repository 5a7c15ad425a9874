"""The objective of a choice: net value per case on validation answers, or the task's own measure where none is paid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError
from mintmark.base.record import Measured
from mintmark.numerics import decide, profit
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.payoff import Money
from mintmark.spine import Prepared

BLOCKS = 10
"""parts that are left out in turn to see how far a measure may be off"""
NOISE = 0.25
"""of the measured time of predicting: twice the same model differs by as much"""


@dataclass(frozen=True)
class Judged:
    """What an answer to the validation rows is worth."""

    name: str
    value: float
    unit: str
    better: Literal["up", "down", ""]
    low: float
    high: float
    tie: float = 0.0
    """differences up to this are none"""
    more: list[Measured] = field(default_factory=list)

    @property
    def key(self) -> float:
        """The higher the better."""
        return -self.value if self.better == "down" else self.value


Judge = Callable[[decide.Validation, Sequence[Measured]], Judged]
"""validation answers, with the measures that need the model itself -> what they are worth"""


def objective(p: Prepared, per_s: float | None) -> Judge:
    """By money where the recipe pays and the decisions can be made, else by the first measure of the task.

    per_s: what a second of predicting costs in the currency of the payoff; None where that is not known.
    """

    def judge(seen: decide.Validation, measures: Sequence[Measured]) -> Judged:
        measures = measures or _scores(p, seen.answers)
        if p.money is None:
            first = measures[0]
            return Judged(first.name, first.value, first.unit, first.better, first.value, first.value, 0.0, [*measures])
        return _by_money(p, seen, measures, per_s or 0.0)

    return judge


def _by_money(p: Prepared, seen: decide.Validation, measures: Sequence[Measured], per_s: float) -> Judged:
    """What the decisions earn, less what predicting costs."""
    money, n = p.money, len(seen.y)
    assert money is not None
    order, decided, calibrated = by_halves(p, seen, money)
    again = some(seen, order)
    rng = Ctx(p.recipe.seed).child(91).rng
    series = p.parts.held.series
    cluster = None if series is None else series[order]
    paid = decide.value(again.payoff, decided, again.y, again.classes, money, rng, again.weight, calibrated, cluster)
    value = {m.name: m for m in paid}
    cost, unit = seen.predict_s / max(n, 1) * per_s, value["per_case"].unit
    net = {e: value[e].value - cost for e in ("per_case", "per_case.low", "per_case.high")}
    more = [*measures, *_profits(again, calibrated, value)]
    return Judged(
        "value.per_case", net["per_case"], unit, "up", net["per_case.low"], net["per_case.high"], NOISE * cost, more
    )


def by_halves(p: Prepared, seen: decide.Validation, money: Money) -> tuple[Any, pa.Table, pa.Table]:
    """Each half of the rows decided on by the other half, so that a threshold is not paid for having been chosen on the
    very rows that it is judged by: the order of the rows, their decisions, and the answers calibrated likewise.

    Shapes: order (n,).
    """
    halves = _dealt(len(seen.y), 2, p.recipe.seed)
    made, plain = [], []
    order = np.concatenate([np.flatnonzero(halves == h) for h in (0, 1)])
    for half in (0, 1):
        on, by = np.flatnonzero(halves == half), np.flatnonzero(halves != half)
        try:
            rule = decide.learn(p.task.answer, some(seen, by), money, Ctx(p.recipe.seed).child(90).rng)
        except DataError:  # too few rows for two halves: then by all of them
            rule = decide.learn(p.task.answer, seen, money, Ctx(p.recipe.seed).child(90).rng)
        part = some(seen, on)
        made.append(decide.apply(rule, part.answers, part.questions))
        plain.append(decide.calibrated(rule, part.answers))
    return order, pa.concat_tables(made), pa.concat_tables(plain)


def _profits(seen: decide.Validation, calibrated: pa.Table, value: dict[str, Measured]) -> list[Measured]:
    """Savings against the better of acting never and always; the expected maximum profit of two classes."""
    if "do_nothing" not in value:
        return []
    made = []
    plain, best = max(value["do_nothing"].value, value["act_on_all"].value), value["perfect"].value
    if best > plain:
        gain = (value["per_case"].value - plain) / (best - plain)
        made.append(
            Measured("savings", gain, "1", "up", source="gain over the better of never and always acting, 1 is perfect")
        )
    y, known = seen.y, seen.y >= 0
    if len(seen.classes) == 2 and 0 < y[known].mean() < 1:
        from mintmark.numerics import answers

        score = answers.probability(calibrated, seen.classes)[0][known, 1]
        emp = profit.emp_churn(y[known], score)["emp"]
        made.append(Measured("emp_churn", emp, "1", "up", source="Verbraken 2013, its standard campaign: CLV 200"))
    return made


def with_interval(p: Prepared, seen: decide.Validation, judged: Judged) -> Judged:
    """A judgement by a measure, with an interval from leaving out each tenth of the rows (delete-a-group jackknife).

    Source: Shao, Tu, The Jackknife and Bootstrap, 1995, section 2.3.
    """
    if p.money or p.task.loss:  # money has its own; a loss needs the model: of these rows nothing more can be said
        return judged
    block = _dealt(len(seen.y), BLOCKS, p.recipe.seed)
    truth, left = p.parts.held.truth.table(), []
    for b in range(BLOCKS):
        rows = pa.array(np.flatnonzero(block != b))
        said = p.task.score(seen.answers.take(rows), truth.take(rows))
        left += [m.value for m in said if m.name == judged.name]
    if not left:
        return judged
    spread = float(np.sqrt((len(left) - 1) / len(left) * np.sum((np.array(left) - np.mean(left)) ** 2)))
    return replace(judged, low=judged.value - 1.96 * spread, high=judged.value + 1.96 * spread)


def _scores(p: Prepared, answers: pa.Table) -> list[Measured]:
    """Measures of answers to all validation rows, averaged over the folds as those of a model are."""
    from mintmark.base.record import mean

    truth, at, made = p.parts.held.truth.table(), 0, []
    for _, valid in p.parts.folds:
        made.append(p.task.score(answers.slice(at, len(valid)), truth.slice(at, len(valid))))
        at += len(valid)
    return mean(made, spread=p.recipe.folds is not None)


def some(seen: decide.Validation, ids: Any) -> decide.Validation:
    """The same of fewer rows."""
    rows = pa.array(ids)
    questions: Any = seen.questions
    taken: dict[str, Any] = {
        n: None if getattr(seen, n) is None else getattr(seen, n)[ids] for n in ("y", "payoff", "weight")
    }
    share = len(ids) / max(len(seen.y), 1)
    return replace(
        seen, answers=seen.answers.take(rows), questions=questions.take(rows), predict_s=seen.predict_s * share, **taken
    )


def _dealt(n: int, parts: int, seed: int) -> Any:
    """A part for each row, about as many in each.   Shapes: (n,)."""
    return np.random.default_rng([seed, n, parts]).permutation(n) % parts
