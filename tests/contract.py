"""The promises of every task, each a function: test_contract asks them of every task, test_planted of broken ones."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import BaseModel

from mintmark import spine, tasks
from mintmark.artifact import bundle, sign, signature
from mintmark.base.errors import BundleError, RecipeError
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.part import Part
from mintmark.data.past import ASKED, Past, moments
from mintmark.data.rows import Rows, kind_of
from mintmark.numerics import decide
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema

Check = Callable[[str, Path], None]


def recipe_of(name: str, **changes: Any) -> schema.Recipe:
    """What `mintmark new` would write for the task."""
    return schema.parse({"task": name, **tasks.get(name).starter, **changes}, where=name)


def variants(name: str) -> list[dict[str, Any]]:
    """What a promise must hold for: the starter with a window that is full, each rung, and other ways to decide."""
    task = tasks.get(name)
    start, rows = task.starter, source_of(name).table()
    found: list[dict[str, Any]] = [{"window": 3}] if task.key else [{}]
    rungs = {rung.get("model", i): rung for i, rung in reversed(list(enumerate(task.ladder)))}  # of each kind one
    small = {"n_estimators": 20} if "n_estimators" in task.config.model_fields else {}
    found += [{"settings": start.get("settings", {}) | small | rung} for rung in rungs.values()]
    if task.answer == "classes":
        number = next(f.name for f in rows.schema if pa.types.is_floating(f.type))
        first, second = sorted(pc.unique(rows[start["target"]]).to_pylist())[:2]
        matrix = {"wait": {first: f"-{number}"}, "ask": {first: -2, second: -1}, "drop": {second: f"-{number}"}}
        flat = {"true_positive": 5, "false_positive": -1, "capacity": 0.1}
        time = start.get("columns", {}).get("time")
        apart: dict[str, Any] = {"columns": {"id": time}, "label_delay": 0} if time else {}
        found += [apart | {"payoff": p} for p in (flat, {"matrix": matrix})]
    if task.answer == "number":
        found.append({"payoff": {"over": -1, "under": -4}})
    if task.answer == "text":
        found.append({"policy": {"blocked": ["the"], "mask": ["email", "phone"]}})
    return found


def source_of(name: str, seed: int = 5) -> Rows:
    return tasks.get(name).example(np.random.default_rng(seed))


def prepared(name: str, **changes: Any) -> spine.Prepared:
    return spine.prepare(recipe_of(name, **changes), source_of(name))


def loaded(name: str, folder: Path, source: Rows | None = None, **changes: Any) -> spine.Loaded:
    spine.run(recipe_of(name, **changes), folder, source or source_of(name))
    return spine.load(folder / "bundle")


def served(made: spine.Loaded, part: Part, past: Past) -> pa.Table:
    answers = spine.predict(made.task, made.features, made.model, part.questions, past)
    return decide.apply(made.decision, answers, part.questions.table())


def before(past: Past, rows: np.ndarray) -> Past:
    """The past with these of its rows alone."""
    return dataclasses.replace(past, rows=past.rows.filter(pa.array(rows)).combine_chunks())


def same(a: Any, b: Any) -> bool:
    """Equal, numbers to nine digits."""
    if isinstance(a, BaseModel):
        return bool(a == b)
    if isinstance(a, State | decide.Validation) or dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, pa.Table):
        return bool(a.schema == b.schema) and same(a.to_pylist(), b.to_pylist())
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray) and a.dtype != object or isinstance(a, float) and isinstance(b, float):
        return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True))
    return bool(np.all(a == b))


def poisoned(whole: pa.Table, rows: np.ndarray, keep: set[str]) -> pa.Table:
    """The same table with nonsense of the same types in these rows, but for the columns to keep."""
    for i, f in enumerate(whole.schema):
        if f.name in keep or not rows.any():
            continue
        old, kind = whole[f.name].combine_chunks(), kind_of(f.type)
        if kind == "number":
            bad = pc.add(pc.multiply(old, pa.scalar(-3, f.type)), pa.scalar(7, f.type))
        elif kind == "time":
            bad = pc.add(old, pa.scalar(400 * 86_400_000_000, pa.duration("us"))).cast(f.type)
        elif kind == "boolean":
            bad = pc.invert(old)
        else:
            bad = pa.array(old.to_pylist()[::-1], f.type)
        whole = whole.set_column(i, f, pc.if_else(pa.array(rows), bad, old))
    return whole


def same_seed_same_bundle(name: str, folder: Path) -> None:
    """Byte for byte, but for the signature, whose numbers are drawn anew each time."""
    first, second = (bundle.verify(folder / d / "bundle", sign.trust()) for d in "ab" if loaded(name, folder / d))
    assert {n for n in first.keys() | second.keys() if first.get(n) != second.get(n)} == {signature.NAME}


def one_alone_as_in_the_batch(name: str, folder: Path) -> None:
    made, p = loaded(name, folder), prepared(name)
    questions = p.parts.everything.open().questions
    whole = spine.answer(made, questions)
    for i in np.linspace(0, len(questions) - 1, 9).astype(int):
        assert same(spine.answer(made, questions.take(np.array([i]))), whole.slice(i, 1)), i


def serves_as_it_trained(name: str, folder: Path) -> None:
    """The packed bundle answers the test questions as the model in memory did when it was measured."""
    made, p = loaded(name, folder, refit=False), prepared(name, refit=False)
    ctx = Ctx(p.recipe.seed)
    trained, test = spine.train(p, {}, ctx), p.parts.test.open()
    raw = spine.predict(p.task, trained.features, trained.model, test.questions, test.past)
    decision = decide.learn(p.task.answer, trained.validation, p.money, ctx.child(90).rng)
    measured = decide.apply(decision, raw, test.questions.table())
    if ASKED not in test.questions.names:  # asked at the time of the row itself
        now = dataclasses.replace(made, past=test.past)
        assert same(spine.answer(now, test.questions), measured)
        return
    asked, times = moments(test.questions.table(), p.columns.time), moments(test.past.rows, p.columns.time)
    for at in np.unique(asked):  # a server knows of a moment what came before it
        now = dataclasses.replace(made, past=before(test.past, times < at))
        rows = np.flatnonzero(asked == at)
        assert same(spine.answer(now, test.questions.take(rows)), measured.take(pa.array(rows))), at


def raw_rows_are_cleaned_as_in_training(name: str, folder: Path) -> None:
    """A blank text, or a NaN, is as missing when it is asked as it was when it was learnt."""
    made, p = loaded(name, folder), prepared(name)
    questions, key = p.parts.test.open().questions, p.columns.model_dump().get(p.task.key, "")
    absent, raw = questions.table(), questions.table()
    for i, f in enumerate(questions.schema):
        kind = kind_of(f.type)
        if kind in ("text", "number") and f.name not in (key, p.columns.time):
            blank = ["" if j % 2 else "  " for j in range(len(questions))] if kind == "text" else np.nan
            column = pa.array(blank, pa.string()) if kind == "text" else pa.array(np.full(len(questions), blank))
            absent = absent.set_column(i, f.name, pa.nulls(len(questions), column.type))
            raw = raw.set_column(i, f.name, column)
    assert same(spine.answer(made, table.of(raw)), spine.answer(made, table.of(absent)))


def replayed_events_give_the_batch(name: str, folder: Path) -> None:
    """Asked one by one in the order of asking, each row an event once its time has passed, from the bounded past of a
    bundle: the test questions get the answers of the batch, which had its whole past at once."""
    made, p, source = loaded(name, folder), prepared(name), source_of(name)
    test = p.parts.test.open()
    whole, n = served(made, test, test.past), len(test)
    past = p.parts.dev.past.tail().only(made.features.facts.get("past"))
    asked = moments(test.questions.table(), p.columns.time) if p.columns.time else np.zeros(n)
    happens = moments(source.take(test.row).table(), p.columns.time) if p.columns.time else np.zeros(n)
    waiting = np.ones(n, bool)
    for i in np.argsort(asked, kind="stable"):
        for event in np.flatnonzero(waiting & (happens < asked[i])):
            past, waiting[event] = past.append(source.take(test.row[[event]])).tail(), False
        now = dataclasses.replace(made, past=Past.of(past.state()))
        assert same(spine.answer(now, test.questions.take(np.array([i]))), whole.slice(i, 1)), i


def reloads_to_the_same_answers(name: str, folder: Path) -> None:
    """A model that lives in memory rather than in its State is found out by training another in between."""
    made, p = loaded(name, folder / "a"), prepared(name)
    test = p.parts.test.open()
    before = served(made, test, test.past)
    loaded(name, folder / "b", source_of(name, seed=6))
    assert same(served(spine.load(folder / "a" / "bundle"), test, test.past), before)


def a_changed_byte_is_refused(name: str, folder: Path) -> None:
    loaded(name, folder)
    for path in [p for p in (folder / "bundle").rglob("*") if p.is_file()]:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BundleError):
            spine.load(folder / "bundle")
        path.write_bytes(content)
    spine.load(folder / "bundle")
    (folder / "bundle" / "extra").write_text("x")
    with pytest.raises(BundleError):
        spine.load(folder / "bundle")


def unknown_setting_is_named(name: str, folder: Path) -> None:
    with pytest.raises(RecipeError, match="nope"):
        spine.prepare(recipe_of(name, settings={"nope": 1}), source_of(name))


def the_test_rows_are_touched_once(name: str, folder: Path) -> None:
    """Nonsense in the test rows changes neither the choice, nor the features and model, nor the decision."""
    source, recipe, kept = source_of(name), recipe_of(name, refit=False), []
    p = spine.prepare(recipe, source)
    fixed = {p.columns.time, p.columns.group, p.columns.id, getattr(p.columns, p.task.key) if p.task.key else ""}
    if "stratify" in p.parts.by:  # a split by class looks at the classes of all rows, and at nothing else
        fixed.add(p.columns.target)
    rows = np.isin(np.arange(len(source)), p.parts.test.open().row)
    for i, variant in enumerate((source, table.of(poisoned(source.table(), rows, fixed)))):
        p = spine.prepare(recipe, variant)
        trained = spine.train(p, {}, Ctx(recipe.seed))
        assert p.parts.test.opened == p.parts.everything.opened == 0
        spine.finish(p, trained, Ctx(recipe.seed), folder / str(i))
        assert p.parts.test.opened == 1 == p.record.get("evaluate.looks")
        made = spine.load(folder / str(i) / "bundle")
        kept.append([trained.configs, made.features, made.model, trained.validation.answers, made.decision])
    assert rows.any() and same(*kept)


def the_future_is_unseen(name: str, folder: Path) -> None:
    """Nonsense in the rows at or after a question's moment, or in labels not yet known then, changes no answer."""
    made, p = loaded(name, folder), prepared(name)
    test = p.parts.test.open()
    if test.past.rows is None:
        return
    whole = served(made, test, test.past)
    time = moments(test.past.rows, p.columns.time)
    fixed = {test.past.key, p.columns.time}
    asked = moments(test.questions.table(), p.columns.time)
    for i in np.linspace(0, len(test) - 1, min(len(test), 40)).astype(int):
        rows = poisoned(test.past.rows, time >= asked[i], fixed)
        labels = (time >= asked[i]) | (time > asked[i] - test.past.label_delay)
        rows = poisoned(rows, labels, set(rows.schema.names) - {p.columns.target})
        past = dataclasses.replace(test.past, rows=rows)
        assert same(served(made, test.take(np.array([i])), past), whole.slice(i, 1)), i


def the_stream_ends_in_the_answer(name: str, folder: Path) -> None:
    task = tasks.get(name)
    if task.stream is None:
        return
    made, p = loaded(name, folder), prepared(name)
    batch = next(iter(spine.view(p, made.features, p.parts.test.open())))
    partial = list(task.stream(made.model, batch))
    assert len(partial) > 1 and same(partial[-1], task.predict(made.model, batch))
    one = p.parts.test.open().questions.take(np.array([0]))
    *shown, last = spine.stream(made, one)
    assert same(last, spine.answer(made, one))
    if task.answer == "text":  # what was shown is not taken back
        assert all(last["text"][0].as_py().startswith(s["text"][0].as_py()) for s in shown)


CHECKS: list[Check] = [
    same_seed_same_bundle, one_alone_as_in_the_batch, serves_as_it_trained, raw_rows_are_cleaned_as_in_training,
    replayed_events_give_the_batch,
    reloads_to_the_same_answers, a_changed_byte_is_refused, unknown_setting_is_named, the_test_rows_are_touched_once,
    the_future_is_unseen, the_stream_ends_in_the_answer,
]  # fmt: skip
ONCE: list[Check] = [a_changed_byte_is_refused, unknown_setting_is_named]
"""the same whatever the variant"""
