"""Search: the same choice for the same budget, nothing lost, the best so far kept, chosen by money."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mintmark as mm
from mintmark import spine
from mintmark.base.errors import BudgetError, DataError
from mintmark.data import rows as table
from mintmark.data.rows import Rows
from mintmark.drivers import objective, search, space, trial, workshop
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema
from mintmark.tasks import tabular_classification


def rows(n: int = 300) -> Rows:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, 4))
    y = rng.random(n) < 1 / (1 + np.exp(-(2 * x[:, 0] + x[:, 1] * x[:, 2])))
    return table.of({**{f"x{i}": x[:, i] for i in range(4)}, "amount": np.abs(x[:, 3]) * 10 + 1, "y": y})


def recipe(**more: Any) -> schema.Recipe:
    content = {"task": "tabular_classification", "target": "y", "budget": "4 trials", "settings": {"n_estimators": 15}}
    return schema.parse(content | more, "")


def found(made: schema.Recipe, folder: Path, ctx: Ctx | None = None) -> search.Found:
    p = spine.prepare(made, rows())
    ctx = ctx or Ctx(made.seed, folder=folder)
    return search.search(p, objective.objective(p, 1e-5), ctx, source=rows())


def told(result: search.Found) -> list[Any]:
    return [(t["settings"], t["with"], t.get("value"), t["weight"]) for t in result.trials]


def test_a_budget_in_trials_makes_the_same_choice_and_a_killed_one_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = found(recipe(), tmp_path / "a")
    assert len([t for t in first.trials if t["origin"] != "blend"]) == 4
    begun, right = [], workshop.Workshop.do

    def dies(self: workshop.Workshop, jobs: Any, lanes: int = 1) -> Iterator[Any]:
        for done in right(self, jobs, lanes):
            begun.append(done)
            yield done
            if len(begun) == 2:
                raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(workshop.Workshop, "do", dies)
        with pytest.raises(SystemExit):
            found(recipe(), tmp_path / "b")
    jobs: list[Any] = []

    def counts(self: workshop.Workshop, some: Any, lanes: int = 1) -> Iterator[Any]:
        jobs.extend(some)
        yield from right(self, some, lanes)

    monkeypatch.setattr(workshop.Workshop, "do", counts)
    again = found(recipe(), tmp_path / "b")
    assert told(again) == told(first) and len(jobs) in (2, 3)  # one was kept by its process, and not yet noted
    assert again.trained.validation.answers.equals(first.trained.validation.answers)


def test_an_interruption_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = workshop.Workshop.do

    def interrupted(self: workshop.Workshop, jobs: Any, lanes: int = 1) -> Iterator[Any]:
        for i, done in enumerate(right(self, jobs, lanes)):
            yield done
            if i == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(workshop.Workshop, "do", interrupted)
    made = found(recipe(budget="60 s"), tmp_path, Ctx(0, folder=tmp_path, deadline=time.monotonic() + 60))
    assert made.interrupted and len(made.trials) in (2, 3) and made.trained.validation.answers.num_rows > 100


def test_after_an_interruption_the_best_of_one_hold_out_is_fitted_on_all_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, begun = workshop.Workshop.do, []

    def interrupted(self: workshop.Workshop, jobs: Any, lanes: int = 1) -> Iterator[Any]:
        for done in right(self, jobs, lanes):
            yield done
            begun.append(done)
            if len(begun) == 1 and len(jobs) > 1:
                raise KeyboardInterrupt  # while others are under way, whose answers are not that of the last fit

    monkeypatch.setattr(workshop.Workshop, "do", interrupted)
    p = spine.prepare(recipe(), rows(7000))
    made = search.search(p, objective.objective(p, 1e-5), Ctx(0, folder=tmp_path), source=rows(7000))
    assert len(p.parts.folds) == 1 and made.interrupted and len(made.trained.configs) == 1 and not made.notes
    assert len(list(tmp_path.glob("whole-*"))) == 1


def test_ways_are_compared_on_the_same_folds_by_money(tmp_path: Path) -> None:
    payoff = {"true_positive": "amount - 2", "false_positive": -2, "false_negative": "-amount"}
    settings = {"model": "lightgbm", "n_estimators": 15}
    run = mm.run(
        {"task": "tabular_classification", "target": "y", "with": ["balance"], "settings": settings, "payoff": payoff},
        data=rows().table().to_pandas(),
        out=tmp_path,
    )
    ways = {t["with"][0]: t for t in run.record.trials if t["origin"] != "blend"}
    assert set(ways) == {f"balance:{w}" for w in ("none", "weights", "payoff", "over", "under", "smote")}
    assert all(t["name"] == "value.per_case" and t["low"] <= t["value"] <= t["high"] for t in ways.values())
    assert {"average_precision", "savings", "emp_churn"} <= set(ways["balance:smote"]["measures"])
    best = max(ways.values(), key=lambda t: t["value"])
    chosen = [t for t in run.record.trials if t["weight"] > 0 and t["origin"] != "blend"]
    assert chosen[0]["value"] >= best["value"] - 1e-6 or run.record.trials[0]["origin"] == "blend"


def test_what_cannot_stop_is_stopped(tmp_path: Path) -> None:
    p = spine.prepare(recipe(), rows())
    slow = trial.Ask({"model": "ebm", "n_estimators": 100_000, "learning_rate": 1e-4})
    quick = trial.Ask({"model": "lightgbm"})
    with workshop.opened(p, rows(), tmp_path) as shop:
        jobs = [{"do": "try", "ask": vars(a), "seconds": s, "until": None} for a, s in ((slow, 0.2), (quick, 60.0))]
        (_, first), (_, second) = shop.do(jobs)
        gone = [{"do": "try", "ask": vars(slow), "seconds": 9.0, "until": time.monotonic() - 1}]
        assert next(shop.do(gone))[1]["never"]
    assert first["late"] and first["wall_s"] < 0.2 + workshop.GRACE_S + 1 and "error" not in second
    assert trial.read(p, quick, tmp_path).validation.answers.num_rows == len(p.parts.held)


def test_no_trial_in_time_is_a_budget_error(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="not one of"):
        found(recipe(budget="1 s"), tmp_path, Ctx(0, folder=tmp_path, deadline=time.monotonic() + 0.01))


def test_while_there_is_no_model_the_first_trial_may_take_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ALONE", 0.0)
    given, right = [], workshop.Workshop.do

    def notes(self: workshop.Workshop, jobs: Any, lanes: int = 1) -> Iterator[Any]:
        given.append([j["seconds"] for j in jobs])
        yield from right(self, jobs[:1], 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(workshop.Workshop, "do", notes)
    made = found(recipe(budget="60 s"), tmp_path, Ctx(0, folder=tmp_path, deadline=time.monotonic() + 60))
    assert 0 < given[0][0] <= 60 and set(given[0][1:]) == {0.0} and len(made.trials) == 1


def test_rows_that_change_while_they_are_searched_say_what_to_do(tmp_path: Path) -> None:
    """The process that tries models reads them again, as it does those of a database."""
    path = tmp_path / "rows.csv"
    rows().table().to_pandas().to_csv(path, index=False)
    p = spine.prepare(recipe(data=str(path)))
    rows(301).table().to_pandas().to_csv(path, index=False)
    for _ in range(2):  # what one search left behind is not said by the next
        with pytest.raises(DataError, match="changed between two readings") as caught:
            search.search(p, objective.objective(p, 1e-5), Ctx(0, folder=tmp_path / "search"))
        assert caught.value.where == str(path) and "a file exported once" in caught.value.fix
    rows().table().to_pandas().to_csv(path, index=False)
    assert len(search.search(p, objective.objective(p, 1e-5), Ctx(0, folder=tmp_path / "search")).trials) >= 4


def test_the_space_is_what_the_settings_say() -> None:
    made = space.space(tabular_classification.Config, "lightgbm", {"penalty"})
    assert set(made) == {"learning_rate", "num_leaves", "min_child_samples", "max_features"}
    assert made["num_leaves"].low == 3 and made["num_leaves"].log
    told = [({"learning_rate": 0.05, "num_leaves": 9, "min_child_samples": 9, "max_features": 0.5}, 1.0)]
    asked = [space.ask(made, told, seed=4) for _ in range(2)]
    assert asked[0] == asked[1] and all(made[n].low <= v <= made[n].high for n, v in asked[0].items())


@pytest.mark.parametrize("task", ["forecasting", "tabular_regression"])
def test_other_tasks_are_searched_too(task: str, tmp_path: Path) -> None:
    run = mm.run({"task": task, "data": "example", "budget": "2 trials", **starter(task)}, out=tmp_path)
    done = [t for t in run.record.trials if t["origin"] != "blend"]
    assert len(done) == 2 and sum(t["weight"] for t in done) == pytest.approx(1)


def test_networks_are_sought_too(tmp_path: Path) -> None:
    settings = starter("text_generation")["settings"] | {"model": "auto", "steps": 8, "evaluate_every": 4, "samples": 4}
    recipe = {"task": "text_generation", "data": "example", "budget": "3 trials", "settings": settings}
    run = mm.run(recipe, out=tmp_path)
    done = [t for t in run.record.trials if "value" in t]
    assert {t["settings"]["model"] for t in done} == {"gru", "gpt", "lstm"}
    best = min(done, key=lambda t: t["value"])
    assert best["name"] == "nats_per_character" and best["weight"] == 1


def starter(task: str) -> dict[str, Any]:
    from mintmark import tasks

    return tasks.get(task).starter
