"""Compare: several recipes on the same rows, each held against the first by what lies between them, row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.base.errors import RecipeError
from mintmark.base.record import Measured
from mintmark.drivers.objective import Judge, Judged, by_halves, some
from mintmark.fitting import Prepared
from mintmark.numerics import answers, decide
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.payoff import earned
from mintmark.spine import Trained

DRAWS = 300


@dataclass(frozen=True)
class Compared:
    """One recipe: what it is worth on the validation rows, and by how much more or less than the first."""

    name: str
    judged: Judged
    measures: list[Measured]
    more: float
    low: float
    high: float
    """of the difference: 95 % of paired bootstrap draws of validation rows lie between low and high"""


def compare(names: Sequence[str], ps: Sequence[Prepared], trained: Sequence[Trained], judge: Judge) -> list[Compared]:
    """Each in the order given, the first against itself. Test rows stay sealed.

    Raises: RecipeError: the recipes do not answer the same validation rows, or not the same question.
    """
    _same(names, ps)
    judged = [judge(t.validation, t.measures) for t in trained]
    cases = [_cases(p, t, worth) for p, t, worth in zip(ps, trained, judged, strict=True)]
    first = cases[0]
    rng, made = Ctx(ps[0].recipe.seed).child(70).rng, []
    draws = [rng.integers(0, len(first), len(first)) for _ in range(DRAWS)] if first is not None else []
    for name, p, t, worth, own in zip(names, ps, trained, judged, cases, strict=True):
        low, high, more = np.nan, np.nan, worth.value - judged[0].value
        if first is not None and own is not None:
            off = own - first
            low, high = np.quantile([off[d].mean() for d in draws], [0.025, 0.975])
            more = float(off.mean())
        elif not p.task.loss:
            drawn = _scored(p, trained[0], t, worth.name, rng)
            low, high = np.quantile(drawn, [0.025, 0.975]) if drawn else (np.nan, np.nan)
        made.append(Compared(name, worth, t.measures, more, float(low), float(high)))
    return made


def _same(names: Sequence[str], ps: Sequence[Prepared]) -> None:
    for name, p in zip(names[1:], ps[1:], strict=True):
        for what, ours, theirs in (
            ("task", ps[0].recipe.task, p.recipe.task),
            ("data", ps[0].record.data_hash, p.record.data_hash),
            ("validation rows", ps[0].parts.held.row.tolist(), p.parts.held.row.tolist()),
            ("payoff", ps[0].recipe.payoff, p.recipe.payoff),
        ):
            if ours != theirs:
                said = f"has another {what} than {names[0]}: their differences would say nothing."
                raise RecipeError(said, where=name, fix="the same task, data, split, seed and payoff in all of them.")


def _cases(p: Prepared, t: Trained, worth: Judged) -> Any:
    """Money of each validation row, decided on as it was to be judged, less what predicting cost; None without money
    for classes.   Shapes: (n,)."""
    if p.money is None or t.validation.payoff is None:
        return None
    order, made, _ = by_halves(p, t.validation, p.money)
    seen = some(t.validation, order)
    tensor: Any = seen.payoff
    action = answers.places(made["decision"], p.money.actions(seen.classes))
    weight = decide.at_prevalence(seen.y, seen.classes, p.money, seen.weight)[0]
    won = np.empty(len(order))
    won[order] = earned(tensor, action, seen.y) * weight / weight.mean()
    return won - (won.mean() - worth.value)


def _scored(p: Prepared, first: Trained, other: Trained, name: str, rng: np.random.Generator) -> list[float]:
    """Differences of the task's measure over rows drawn with replacement, the same for both."""
    truth, n, made = p.parts.held.truth.table(), len(p.parts.held), []
    for _ in range(DRAWS // 3):
        rows = pa.array(rng.integers(0, n, n))
        said = [
            [m.value for m in p.task.score(t.validation.answers.take(rows), truth.take(rows)) if m.name == name]
            for t in (other, first)
        ]
        if said[0] and said[1]:
            made.append(said[0][0] - said[1][0])
    return made
