"""The spine: prepare -> train -> finish, and answer. Read it top to bottom."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from mintmark import capabilities, tasks
from mintmark.artifact import bundle, card, seal, sign
from mintmark.artifact.environment import environment
from mintmark.base.meter import meter, metered
from mintmark.base.record import Measured, RunRecord, mean
from mintmark.base.state import State
from mintmark.data import clean, profile
from mintmark.data import rows as table
from mintmark.data.collect import collect
from mintmark.data.part import Part, divide
from mintmark.data.past import ASKED, Past
from mintmark.data.rows import Rows
from mintmark.data.split import SMALL
from mintmark.fitting import Prepared, fit, fits, held, predict, scored, view
from mintmark.numerics import answers, decide, ensemble, payoff
from mintmark.numerics.ctx import Count, Ctx
from mintmark.recipe import schema
from mintmark.recipe.schema import Recipe

__all__ = [
    "Loaded", "Prepared", "Trained", "answer", "finish", "fit", "fits", "held", "load", "predict", "prepare", "run",
    "scored", "stream", "train", "tried", "view", "whole",
]  # fmt: skip


@dataclass(frozen=True)
class Trained:
    configs: tuple[Any, ...]
    """settings of the model, with what early stopping found; of an ensemble those of each member"""
    weights: tuple[float, ...]
    bags: int
    """models a member, each fitted without another part of the rows"""
    features: State
    model: State
    validation: decide.Validation
    measures: list[Measured]


@dataclass(frozen=True)
class Loaded:
    """A verified bundle, parsed: all that answers need."""

    facts: dict[str, Any]
    task: tasks.Task
    features: State
    model: State
    decision: State
    past: Past


def prepare(recipe: Recipe, source: Rows | None = None) -> Prepared:
    """1. Read, ask, split, weigh in money. Nothing is learnt here, so nothing can leak from the test rows."""
    with meter() as used:
        task = tasks.get(recipe.task)
        config = schema.build(task.config, recipe.settings, where="settings")
        money = payoff.parse(recipe.payoff) if recipe.payoff else None
        capabilities.check(recipe.with_, task, paid=money is not None)
        got = collect(recipe, task.assumed, lambda: task.example(Ctx(recipe.seed).rng), source, task.reads)
        questions, truth = task.ask(got.rows, got.columns, config)
        said = payoff.check(money, got.rows.table(), truth.table(), task.answer)
        key = getattr(got.columns, task.key) if task.key else ""
        parts = divide(got, questions, truth, recipe, key, task, Ctx(recipe.seed).rng)
        hashes = recipe.hash(settings=config), parts.data_hash
        made = RunRecord("-".join(h[:8] for h in hashes), recipe.task, *hashes, test_hash=parts.test_hash)
        made.recipe, made.profile = recipe.as_dict(), profile.profile(got.rows, got.columns)
        made.rows, made.split, made.notes = parts.sizes(), parts.by, [*recipe.rewritten, *parts.notes, *said]
    made.add(*used(), stage="collect")
    return Prepared(recipe, task, got.columns, money, made, parts)


def train(p: Prepared, variant: dict[str, Any], ctx: Ctx) -> Trained:
    """2. Fit one variant. Sees the folds, never the test rows; all that search and compare ever call."""
    made = tried(p, variant, ctx)
    return made if len(p.parts.folds) == 1 else whole(p, [made], [1.0], ctx.child(len(p.parts.folds)))


def tried(p: Prepared, variant: dict[str, Any], ctx: Ctx) -> Trained:
    """2a. The variant fitted on each fold, and its answers to what the fold holds back; its model is all of them."""
    config = schema.build(p.task.config, p.recipe.settings | variant, where="settings")
    fits, made, measures, seconds = [], [], [], 0.0
    for i, (fit_on, valid) in enumerate(p.parts.folds):
        fits.append(fit(p, config, fit_on, valid, ctx.part(i, len(p.parts.folds))))
        start = time.perf_counter()
        made.append(predict(p.task, *fits[-1], valid.questions, valid.past))
        seconds += time.perf_counter() - start
        measures.append(scored(p, *fits[-1], made[-1], valid))
    config = p.task.settle(config, [model for _, model in fits]) if p.task.settle else config
    features, model = ensemble.joined(fits)
    seen = held(p, features, pa.concat_tables(made), seconds)
    said = mean(measures, spread=p.recipe.folds is not None)
    return Trained((config,), (1.0,), len(fits), features, model, seen, said)


def whole(p: Prepared, tries: Sequence[Trained], weights: Sequence[float], ctx: Ctx) -> Trained:
    """2b. Each of these, or the one, fitted on all rows that are not test; the answers stay those of the folds."""
    configs = tuple(c for t in tries for c in t.configs)
    features, model = fits(p, configs, weights, p.parts.dev, ctx.to_the_end())
    made = answers.merge(p.task.answer, [t.validation.answers for t in tries], weights)
    seen = held(p, features, made, sum(t.validation.predict_s for t in tries))
    measures = tries[0].measures if len(tries) == 1 else p.task.score(made, p.parts.held.truth.table())
    return Trained(configs, tuple(weights), 1, features, model, seen, measures)


def finish(p: Prepared, t: Trained, ctx: Ctx, out: Path, looked: Count = lambda: 1) -> tuple[Part, pa.Table]:
    """3. Decide on validation answers; open and answer the test rows, once (`looked` counts it); refit; package."""
    p.record.add(*t.measures, stage="valid", source=f"mean over {len(p.parts.folds)} validation parts")
    decision = decide.learn(p.task.answer, t.validation, p.money, ctx.child(90).rng, rules=dict(p.recipe.policy or ()))
    with metered(p.record, "evaluate"):
        looks, test = looked(), p.parts.test.open()
        asked, truth = test.questions.table(), test.truth.table()

        def again(questions: pa.Table) -> pa.Table:
            made = predict(p.task, t.features, t.model, table.of(questions), test.past)
            return decide.apply(decision, made, questions)

        raw = predict(p.task, t.features, t.model, test.questions, test.past)
        made, plain = decide.apply(decision, raw, asked), decide.calibrated(decision, raw)
        p.record.add(*scored(p, t.features, t.model, plain, test), stage="evaluate", source=f"{len(test)} test rows")
        p.record.add(Measured("looks", looks, "runs", "down"), stage="evaluate", source="runs that opened these rows")
        y, classes, pays = test.known(p.task.answer, t.features.facts, p.money)
        if p.money:
            rng, held = ctx.child(91).rng, (test.weight, plain, test.series)
            p.record.add(*decide.value(pays, made, y, classes, p.money, rng, *held), stage="value")
    for name, look in capabilities.looks(p.recipe.with_):
        p.record.add(*look(p.task, again, asked, truth, made, ctx.child(92)), stage=name)

    with metered(p.record, "package"):
        features, model = t.features, t.model
        small = p.task.refit == "small" and len(p.parts.dev) < SMALL
        if refit := (small or p.task.refit == "always") if p.recipe.refit is None else p.recipe.refit:
            features, model = fits(
                p, t.configs, t.weights, p.parts.everything.open(), ctx.child(99).to_the_end(), t.bags
            )
            p.record.notes.append("fitted once more on all rows; the measures are of the model before that.")
        questions = table.schema_of(p.parts.dev.questions.drop([ASKED]), p.task.optional)
        facts: dict[str, Any] = {"answer": p.task.answer, "refit": refit, "promise": decide.promised(p.record.measures)}
        facts |= {"questions": questions, "environment": environment()}
        seen = decide.outlined(decision, t.validation)
        decision = profile.watched(decision, p.parts.dev.questions.drop([ASKED]), p.columns, seen)
        past = p.parts.everything.open().past.tail().only(features.facts.get("past")).state()
        cards = card.cards(p.record, facts, model.facts)
        packed = bundle.Bundle(p.record.identity() | facts, features, model, decision, past, cards)
        p.record.add(bundle.save(packed, out / "bundle", sign.signer()))
    return test, made


def run(recipe: Recipe, out: Path, source: Rows | None = None) -> RunRecord:
    """prepare, train, finish; `mintmark.api.run` adds the folder that survives a kill, the ledger and the costs."""
    p, ctx = prepare(recipe, source), Ctx(recipe.seed)
    finish(p, train(p, {}, ctx), ctx, out)
    return p.record


def load(path: Path, key: seal.Key | None = None) -> Loaded:
    """Verify, open where it is sealed, then parse.   Raises: BundleError: unsigned, altered, not trusted, or no key."""
    made = bundle.load(path, sign.trust(), key)
    task, past = tasks.get(made.facts["task"]), Past.of(made.past)
    return Loaded(made.facts, task, made.features, made.model, made.decision, past)


def answer(loaded: Loaded, questions: Rows, events: Rows | None = None) -> pa.Table:
    """4. Serve a verified bundle: encode, predict, decide, check. The server wraps this and keeps the events."""
    past = loaded.past.append(clean.values(events)[0]) if events is not None else loaded.past
    questions = table.check(questions, loaded.facts["questions"])
    made = predict(loaded.task, loaded.features, loaded.model, questions, past)
    made = decide.apply(loaded.decision, made, questions.table())
    return answers.check(loaded.task.answer, made, len(questions))


def stream(loaded: Loaded, questions: Rows) -> Iterator[pa.Table]:
    """Partial answers, where the task writes them bit by bit; the last is that of `answer`."""
    asked = next(iter(table.check(questions, loaded.facts["questions"])))
    batch, made = loaded.task.encode(loaded.features, asked, loaded.past.as_of(asked)), None
    for made in loaded.task.stream(loaded.model, batch) if loaded.task.stream else ():
        yield decide.partial(loaded.decision, made)
    yield answer(loaded, questions) if made is None else decide.apply(loaded.decision, made, asked)
