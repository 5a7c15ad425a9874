"""Mistakes planted on purpose: contract and house must catch each, or they promise nothing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import contract
import house
import numpy as np
import pyarrow as pa
import pytest

from mintmark import spine, tasks
from mintmark.artifact import bundle
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.data.past import Past
from mintmark.data.split import Sealed
from mintmark.numerics import answers
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.payoff import Money
from mintmark.recipe import schema

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
TASK = "tabular_classification"
MISTAKES: list[tuple[contract.Check, Plant, Any]] = []


def mistake(check: contract.Check, caught: Any = AssertionError) -> Callable[[Plant], Plant]:
    def keep(plant: Plant) -> Plant:
        MISTAKES.append((check, plant, caught))
        return plant

    return keep


def task_with(patch: Patch, **changes: Any) -> None:
    broken = replace(tasks.get(TASK), **changes)
    patch.setattr(tasks, "get", lambda _: broken)


# --- promises of a task -----------------------------------------------------------------------------------------------


@mistake(contract.same_seed_same_bundle)
def randomness_outside_ctx(patch: Patch) -> None:
    def learn(*args: Any) -> State:
        state = right.learn(*args)
        return replace(state, facts=state.facts | {"luck": float(np.random.default_rng().normal())})

    right = tasks.get(TASK)
    task_with(patch, learn=learn)


@mistake(contract.one_alone_as_in_the_batch)
def statistics_of_the_batch(patch: Patch) -> None:
    def encode(*args: Any) -> Any:
        batch = right.encode(*args)
        x = np.asarray(batch.arrays["x"])
        return replace(batch, arrays=batch.arrays | {"x": x - np.nan_to_num(x).mean(0)})

    right = tasks.get(TASK)
    task_with(patch, encode=encode)


@mistake(contract.serves_as_it_trained)
def another_encoding_in_the_server(patch: Patch) -> None:
    """What a second pre-processing written for the server does: missing values filled with zero."""

    def answer(loaded: spine.Loaded, questions: Any, events: Any = None) -> pa.Table:
        task = replace(loaded.task, encode=zeros(loaded.task.encode))
        return right(replace(loaded, task=task), questions, events)

    def zeros(encode: Any) -> Any:
        def encoded(*args: Any) -> Any:
            batch = encode(*args)
            return replace(batch, arrays=batch.arrays | {"x": np.nan_to_num(np.asarray(batch.arrays["x"]))})

        return encoded

    right = spine.answer
    patch.setattr(spine, "answer", answer)


@mistake(contract.reloads_to_the_same_answers)
def a_model_kept_in_memory(patch: Patch) -> None:
    memory: list[State] = []

    def fit(*args: Any) -> State:
        memory.append(right.fit(*args))
        return memory[-1]

    right = tasks.get(TASK)
    task_with(patch, fit=fit, predict=lambda _, batch: right.predict(memory[-1], batch))


@mistake(contract.the_future_is_unseen)
def the_present_counted_as_past(patch: Patch) -> None:
    right = Past.as_of
    patch.setattr(spine.Past, "as_of", lambda past, q: right(past, shifted(q)))


@mistake(contract.the_future_is_unseen)
def labels_known_at_once(patch: Patch) -> None:
    right = Past.as_of
    patch.setattr(spine.Past, "as_of", lambda past, q: right(replace(past, label_delay=0.0), q))


@mistake(contract.the_future_is_unseen)
def features_over_the_whole_past(patch: Patch) -> None:
    def encode(state: State, questions: Any, past: Any) -> Any:
        batch = right.encode(state, questions, past)
        numbers = [f.name for f in past.table.schema if pa.types.is_floating(f.type)]
        shift = np.nanmean(past.table[numbers[0]].to_numpy()) if len(past) else 0.0
        return replace(batch, arrays=batch.arrays | {"x": np.asarray(batch.arrays["x"]) * (1 + shift)})

    right = tasks.get(TASK)
    task_with(patch, encode=encode)


@mistake(contract.replayed_events_give_the_batch)
def a_window_in_the_bundle_only(patch: Patch) -> None:
    right, real = Past.as_of, contract.recipe_of
    patch.setattr(contract, "recipe_of", lambda name, **changes: real(name, **{"window": 2} | changes))
    patch.setattr(spine.Past, "as_of", lambda past, q: right(replace(past, window=1000), q))


@mistake(contract.replayed_events_give_the_batch)
def a_tail_that_is_too_short(patch: Patch) -> None:
    right, real = Past.tail, contract.recipe_of
    patch.setattr(contract, "recipe_of", lambda name, **changes: real(name, **{"window": 3} | changes))
    patch.setattr(Past, "tail", lambda past: replace(right(replace(past, window=past.window - 1)), window=past.window))


@mistake(contract.same_seed_same_bundle)
def a_seed_drawn_anew(patch: Patch) -> None:
    real, forest = contract.recipe_of, {"settings": {"model": "random_forest", "n_estimators": 5, "positive": "fraud"}}
    patch.setattr(contract, "recipe_of", lambda name, **changes: real(name, **forest | changes))
    patch.setattr(Ctx, "draw_seed", lambda ctx: int(np.random.default_rng().integers(2**31 - 1)))


@mistake(contract.serves_as_it_trained)
def decisions_in_the_order_of_the_alphabet(patch: Patch) -> None:
    """What a bundle's sorted JSON makes of a matrix, where nothing gives the order of its lines back."""
    matrix = contract.variants(TASK)[-1]
    real, right = contract.recipe_of, Money.of_facts
    patch.setattr(contract, "recipe_of", lambda name, **changes: real(name, **matrix | changes))
    patch.setattr(Money, "of_facts", lambda facts, actions: right(facts, list(facts["matrix"]) or actions))


@mistake(contract.the_test_rows_are_touched_once)
def normalised_before_the_split(patch: Patch) -> None:
    def ask(rows: Any, columns: Any, config: Any) -> Any:
        questions, truth = right.ask(rows, columns, config)
        whole = questions.table()
        i = next(i for i, f in enumerate(whole.schema) if pa.types.is_floating(f.type))
        column = whole.column(i).to_numpy()
        return table.of(whole.set_column(i, whole.schema.names[i], pa.array(column / np.nanmean(column)))), truth

    right = tasks.get(TASK)
    task_with(patch, ask=ask)


@mistake(contract.the_test_rows_are_touched_once)
def stopped_early_on_test_rows(patch: Patch) -> None:
    def prepare(*args: Any) -> spine.Prepared:
        p = right(*args)
        test = p.parts.test._content
        return replace(p, parts=replace(p.parts, folds=[(a, test) for a, _ in p.parts.folds[:1]], held=test))

    right = spine.prepare
    patch.setattr(spine, "prepare", prepare)


@mistake(contract.the_test_rows_are_touched_once)
def a_threshold_learnt_on_test_rows(patch: Patch) -> None:
    def finish(p: spine.Prepared, t: spine.Trained, *args: Any) -> Any:
        test, classes = p.parts.test._content, t.features.facts["classes"]
        made = spine.predict(p.task, t.features, t.model, test.questions, test.past)
        y = answers.y_of("classes", test.truth.table(), t.features.facts)
        money = p.money.tensor(test.raw.table(), classes) if p.money else None
        seen = replace(t.validation, answers=made, questions=test.questions.table(), y=y, payoff=money)
        return right(p, replace(t, validation=seen), *args)

    right = spine.finish
    patch.setattr(spine, "finish", finish)


@mistake(contract.the_test_rows_are_touched_once)
def a_choice_that_peeks(patch: Patch) -> None:
    def train(p: spine.Prepared, *args: Any) -> spine.Trained:
        p.parts.test.open()
        return right(p, *args)

    right = spine.train
    patch.setattr(spine, "train", train)


@mistake(contract.the_test_rows_are_touched_once)
def a_seal_that_does_not_count(patch: Patch) -> None:
    patch.setattr(Sealed, "open", lambda sealed: sealed._content)


@mistake(contract.a_changed_byte_is_refused, caught=(pytest.fail.Exception, ValueError, KeyError))
def a_bundle_parsed_unverified(patch: Patch) -> None:
    def verify(path: Path, _: Any) -> dict[str, bytes]:
        return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}

    patch.setattr(bundle, "verify", verify)


@mistake(contract.unknown_setting_is_named, caught=pytest.fail.Exception)
def unknown_settings_dropped(patch: Patch) -> None:
    right = schema.build
    patch.setattr(schema, "build", lambda kind, raw, where, **more: right(
        kind, {k: v for k, v in raw.items() if k in kind.model_fields}, where=where, **more))  # fmt: skip


@mistake(contract.one_alone_as_in_the_batch, caught=KeyError)
def encode_that_reads_the_truth(patch: Patch) -> None:
    right, target = tasks.get(TASK), tasks.get(TASK).starter["target"]
    task_with(patch, encode=lambda s, q, past: right.encode(s, q.select([target, *q.schema.names]), past))


def shifted(questions: pa.RecordBatch) -> pa.RecordBatch:
    """As if asked one second, or one step, later."""
    name = "asked" if "asked" in questions.schema.names else tasks.get(TASK).starter["columns"]["time"]
    i = questions.schema.get_field_index(name)
    column = questions.column(i)
    step = pa.scalar(1_000_000, pa.duration("us")) if pa.types.is_timestamp(column.type) else pa.scalar(1, column.type)
    return questions.set_column(i, questions.schema.field(i), pa.compute.add(column, step))


@pytest.mark.parametrize("check, plant, caught", MISTAKES, ids=lambda x: getattr(x, "__name__", ""))
def test_the_mistake_is_caught(
    check: contract.Check, plant: Plant, caught: Any, tmp_path: Path, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    with pytest.raises(caught):
        check(TASK, tmp_path / "wrong")


# --- rules of the house -----------------------------------------------------------------------------------------------

BAD_LINES: list[tuple[Callable[[Path], None], str, str]] = [
    (house.nothing_heavy_at_a_top, f"tasks/{TASK}.py", "import lightgbm\n"),
    (house.nothing_heavy_at_a_top, "data/source.py", "from sklearn import datasets\n"),
    (house.floors_hold, "spine.py", "from mintmark.capital import prices\n"),
    (house.floors_hold, f"tasks/{TASK}.py", "def f():\n    from mintmark.capital import prices\n"),
    (house.floors_hold, "numerics/decide.py", "from mintmark.data import split\n"),
    (house.floors_hold, "capabilities/explain.py", f"from mintmark.tasks import {TASK}\n"),
    (house.nothing_heavy_at_a_top, f"tasks/{TASK}.py", "try:\n    import lightgbm\nexcept ImportError:\n    pass\n"),
    (house.no_room_by_its_name, "numerics/decide.py", "def f(need):\n    return need('mintmark.capital.prices')\n"),
    (house.no_pickle, "artifact/bundle.py", "import pickle\n"),
    (house.no_pickle, "artifact/bundle.py", "def f(import_module):\n    return import_module('pickle')\n"),
    (house.no_pickle, "artifact/bundle.py", "def f(np, p):\n    return np.load(p, allow_pickle=True)\n"),
    (house.no_eval, "numerics/payoff.py", "def f(text):\n    return eval(text)\n"),
    (house.base_is_the_standard_library, "base/record.py", "import numpy\n"),
    (house.cli_imports_only_what_help_needs, "cli/run.py", "import pyarrow\n"),
    (house.the_spine_is_short, "spine.py", "\n" * 200),
    (house.no_blanket_except, "data/source.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
]


@pytest.mark.parametrize("rule, file, line", BAD_LINES, ids=lambda x: getattr(x, "__name__", None))
def test_the_bad_line_is_caught(rule: Callable[[Path], None], file: str, line: str, tmp_path: Path) -> None:
    src = tmp_path / "src" / "mintmark"
    shutil.copytree(house.ROOT / "src" / "mintmark", src, ignore=shutil.ignore_patterns("__pycache__"))
    rule(src)
    path = src / file
    path.write_text(path.read_text(encoding="utf-8") + "\n" + line, encoding="utf-8")
    with pytest.raises(AssertionError):
        rule(src)
