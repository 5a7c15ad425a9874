"""Fitting: what the spine does with the rows of one part: encode, fit, predict, score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mintmark import capabilities, tasks
from mintmark.artifact import checkpoint
from mintmark.base.record import Measured, RunRecord
from mintmark.base.state import State
from mintmark.data.part import Part, Parts
from mintmark.data.past import Past
from mintmark.data.rows import Rows
from mintmark.numerics import answers, decide, ensemble, payoff
from mintmark.numerics.batch import View
from mintmark.numerics.ctx import Ctx
from mintmark.recipe.schema import Columns, Recipe


@dataclass(frozen=True)
class Prepared:
    recipe: Recipe
    task: tasks.Task
    columns: Columns
    money: payoff.Money | None
    record: RunRecord
    parts: Parts


def fit(p: Prepared, config: Any, on: Part, valid: Part | None, ctx: Ctx) -> tuple[State, State]:
    """Features and model of exactly these rows, read back where they were fitted before a kill (in ctx.folder)."""
    on = on.share(ctx.share, p.columns.time, Ctx(p.recipe.seed).rng)

    def make() -> dict[str, State]:
        features = p.task.learn(on.questions, on.truth, p.columns, config)
        seen = capabilities.changed(p.recipe.with_, view(p, features, on), ctx)
        held = view(p, features, valid) if valid else None
        return {"features": features, "model": p.task.fit(seen, held, config, ctx)}

    made, restored_s = checkpoint.kept(ctx.folder, [config.model_dump(mode="json"), ctx.share, len(on)], make)
    if restored_s:
        p.record.total("train.restored", restored_s, "s", "fits read back from the run that was interrupted")
    return made["features"], made["model"]


def fits(
    p: Prepared, configs: Sequence[Any], weights: Sequence[float], on: Part, ctx: Ctx, bags: int = 1
) -> tuple[State, State]:
    """The same for one model or for each member of an ensemble, with nothing to validate on.

    bags: each is fitted so often, without another part of the rows each time, and the mean of these answers.
    """
    made, share = [], []
    bag = Ctx(p.recipe.seed).child(80).rng.permutation(len(on)) % bags
    for i, c in enumerate(configs):
        for b in range(bags):
            some = on if bags == 1 else on.take(np.flatnonzero(bag != b))
            made.append(fit(p, c, some, None, ctx.child(i * bags + b) if i or b else ctx))
            share.append(weights[i] / bags)
    return ensemble.joined(made, share)


def held(p: Prepared, features: State, made: pa.Table, seconds: float) -> decide.Validation:
    """Answers to the validation rows beside their truth and their money."""
    rows = p.parts.held
    y, classes, money = rows.known(p.task.answer, features.facts, p.money)
    return decide.Validation(made, rows.questions.table(), y, classes, money, rows.weight, seconds)


def predict(task: tasks.Task, features: State, model: State, questions: Rows, past: Past) -> pa.Table:
    weights = ensemble.weights_of(model)

    def one(asked: pa.RecordBatch) -> pa.Table:
        earlier, made = past.as_of(asked), []
        for own, models in ensemble.members(features, model):
            batch = task.encode(own, asked, earlier)
            made += [task.predict(m, batch) for m in models]
        return answers.merge(task.answer, made, weights)

    return pa.concat_tables([one(q) for q in questions])


def scored(p: Prepared, features: State, model: State, made: pa.Table, part: Part) -> list[Measured]:
    inside = p.task.loss(model, view(p, features, part)) if p.task.loss and ensemble.MEMBERS not in model.facts else []
    return [*inside, *p.task.score(made, part.truth.table())]


def view(p: Prepared, features: State, part: Part) -> View:
    """Encoded chunks with all that is known of their rows attached; encode itself never meets it."""
    return part.view(lambda questions, past: p.task.encode(features, questions, past), p.task.answer, p.money)
