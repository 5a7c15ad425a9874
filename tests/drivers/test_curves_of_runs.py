"""The learning curve: the chosen model on parts of its rows, for all who ask what more rows bring."""

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mintmark as mm
from mintmark import capabilities, spine
from mintmark.base.errors import DataError
from mintmark.base.record import RunRecord
from mintmark.capital.portfolio import rungs
from mintmark.capital.value import curve as exponents
from mintmark.cli import run as face
from mintmark.data import rows as table
from mintmark.data.rows import Rows
from mintmark.drivers import curve, objective, search, trial
from mintmark.numerics.ctx import Ctx
from mintmark.portfolio import allocate
from mintmark.recipe import schema

SHARES = capabilities.shares(["learning_curve"])


def rows(n: int = 2000, seed: int = 3) -> Rows:
    """Twelve columns that all matter: more rows help for long."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 12))
    y = rng.random(n) < 1 / (1 + np.exp(-x @ np.linspace(0.3, 1, 12)))
    return table.of({**{f"x{i}": x[:, i] for i in range(12)}, "y": y})


def recipe(**more: Any) -> dict[str, Any]:
    first = {"task": "tabular_classification", "data": "t.csv", "target": "y", "with": ["learning_curve"]}
    return first | {"settings": {"model": "lightgbm", "n_estimators": 40}} | more


PAYS = {"currency": "EUR", "true_positive": -1.0, "false_positive": -1.0, "false_negative": -3.0}


def made(folder: Path, **more: Any) -> RunRecord:
    return mm.run(recipe(**more), data=rows().table(), out=folder).record


def test_the_curve_of_one_model_is_of_its_parts_and_of_itself(tmp_path: Path) -> None:
    record = made(tmp_path)
    lines = record.trials
    assert [t["share"] for t in lines] == [*SHARES, 1.0] and {t["origin"] for t in lines} == {"curve"}
    whole = lines[-1]["rows"]
    assert [t["rows"] for t in lines] == [round(whole * s) for s in SHARES] + [whole]
    told = [t["measures"]["log_loss"] for t in lines]
    assert told[-1] == pytest.approx(record.get("valid.log_loss"), rel=1e-6), "the last point is the model itself"
    assert told[0] > told[1] > told[2] > told[3], "more rows help here"
    assert all(t["wall_s"] > 0 and t["cost"]["value"] > 0 and t["low"] < t["value"] < t["high"] for t in lines)
    assert record.get("curve.wall") > 0


def test_it_changes_nothing_of_the_model(tmp_path: Path) -> None:
    with_it, without = made(tmp_path / "a"), made(tmp_path / "b", **{"with": []})
    for name in ("valid.log_loss", "evaluate.log_loss", "evaluate.roc_auc"):
        assert with_it.get(name) == without.get(name)
    assert without.get("evaluate.looks") == with_it.get("evaluate.looks") + 1 and not without.trials


def test_of_a_search_the_model_with_the_most_weight_is_fitted_again(tmp_path: Path) -> None:
    record = made(tmp_path, budget="3 trials", settings={"n_estimators": 20})
    own = [t for t in record.trials if t["origin"] not in ("curve", "blend")]
    heaviest = max(own, key=lambda t: t["weight"])
    lines = [t for t in record.trials if t["origin"] == "curve"]
    assert [t["settings"] for t in lines] == [heaviest["settings"]] * len(SHARES)
    (found,) = exponents.curves([t for t in record.trials if t["settings"] == heaviest["settings"]]) or [()]
    assert found == (), "no money, no curve of money"
    shown = face.learning_curve(record.trials)
    assert [int(line.split()[0]) for line in shown[2:-1]] == [*(t["rows"] for t in lines), heaviest["rows"]]
    said = rungs(record.trials, record.measures, "log_loss", "here")
    assert len(said["sizes"]) == len(SHARES) + 1 and said["errors"][0] > said["errors"][-1]
    better = heaviest | {"settings": {"model": "another"}, "measures": {"log_loss": 0.01}}
    assert rungs([*record.trials, better], record.measures, "log_loss", "here") == said, (
        "one model, not the best of many"
    )


def test_money_is_lost_a_case_and_value_reads_the_same_curve(tmp_path: Path) -> None:
    record = made(tmp_path, payoff=PAYS)
    said = rungs(record.trials, record.measures, "", "here")
    assert said["errors"] == [pytest.approx(-t["value"]) for t in sorted(record.trials, key=lambda t: t["rows"])]
    (found,) = exponents.curves(record.trials)
    b, error, n = exponents.exponent((found,), 0.0) or (0.0, 0.0, 0)
    assert n == len(SHARES) + 1 and 0 < b < 2 and error > 0
    gains = [t | {"value": 3.0 + t["value"]} for t in record.trials]
    with pytest.raises(DataError, match="no error above 0"):
        rungs(gains, record.measures, "", "here")


def test_a_portfolio_names_the_run(tmp_path: Path) -> None:
    run = mm.run(recipe(), data=rows().table(), out=tmp_path)
    project = {"value": 100_000.0, "rows": 1600, "curve": {"run": str(run.folder), "measure": "log_loss"},
               "costs": {"data": 0.5}}  # fmt: skip
    said = allocate({"currency": "EUR", "plan": {"budget": [2000.0]}, "projects": {"own": project}}, samples=2000)
    (p,) = said["projects"]
    assert p["points"] == len(SHARES) + 1 and p["how"] == "measured" and p["rows"] == 1600
    assert p["then"]["mid"] < p["now"]["mid"] < max(p["errors"])
    bare = made(tmp_path / "bare", **{"with": []})
    with pytest.raises(DataError) as said_why:
        rungs(bare.trials, bare.measures, "", "here")
    assert 'with = ["learning_curve"]' in said_why.value.fix


def prepared(folder: Path, **more: Any) -> tuple[spine.Prepared, spine.Trained, Ctx]:
    p, ctx = spine.prepare(schema.parse(recipe(**more), ""), rows()), Ctx(0, folder=folder)
    p.record.total("train.wall", 1.0, "s", "here")
    p.record.total("train.cpu", 1.0, "s", "here")
    return p, spine.train(p, {}, ctx), ctx


def test_what_is_fitted_is_kept_and_a_killed_curve_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p, trained, ctx = prepared(tmp_path)
    judge, right, begun = objective.objective(p, None), trial.tried, []

    def dies(p: Any, variant: Any, ctx: Ctx) -> Any:
        begun.append(ctx.share)
        if len(begun) == 2:
            raise SystemExit("killed")
        return right(p, variant, ctx)

    monkeypatch.setattr(trial, "tried", dies)
    with pytest.raises(SystemExit):
        curve.curve(p, trained, judge, [], ctx, SHARES)
    made = curve.curve(p, trained, judge, [], ctx, SHARES)
    assert begun == [SHARES[0], SHARES[1], SHARES[1], SHARES[2]] and len(made.lines) == 4 and not made.notes


def test_without_time_the_curve_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    p, trained, ctx = prepared(tmp_path)
    late = replace(ctx, deadline=time.monotonic() - 1)
    made = curve.curve(p, trained, objective.objective(p, None), [], late, SHARES)
    assert not made.lines and "no time was left for 0.125 of the rows" in made.notes[0]


def test_a_part_that_cannot_be_learnt_is_said_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, trained, ctx = prepared(tmp_path)
    right = trial.tried

    def fails(p: Any, variant: Any, ctx: Ctx) -> Any:
        if ctx.share == SHARES[0]:
            raise DataError("there is one class only.", where="target", fix="more rows.")
        return right(p, variant, ctx)

    monkeypatch.setattr(trial, "tried", fails)
    made = curve.curve(p, trained, objective.objective(p, None), [], ctx, SHARES)
    assert [t["share"] for t in made.lines] == [*SHARES[1:], 1.0]
    assert made.notes == ["learning curve: with 0.125 of the rows nothing is learnt: there is one class only."]


def rare(n: int = 320) -> Rows:
    """A class of nine rows in 320, which an eighth of them does not hold."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 2))
    y = np.where(x[:, 0] > 0, "b", "a").astype(object)
    y[rng.permutation(n)[:9]] = "c"
    return table.of({"x0": x[:, 0], "x1": x[:, 1], "y": y.tolist()})


def test_a_part_without_a_class_is_no_point_of_the_curve(tmp_path: Path) -> None:
    record = mm.run(recipe(settings={"model": "logistic_regression"}), data=rare().table(), out=tmp_path).record
    assert {t["name"] for t in record.trials} == {"log_loss"} and not any(
        "unseen" in t["measures"] for t in record.trials
    )
    left = [n for n in record.notes if "lack a class" in n]
    assert len(left) + len(record.trials) == len(SHARES) + 1 and left[0].startswith("learning curve: 0.125 of the rows")


def test_ctrl_c_ends_the_curve_and_the_model_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = trial.tried

    def pressed(p: Any, variant: Any, ctx: Ctx) -> Any:
        if ctx.share == SHARES[1]:
            raise KeyboardInterrupt
        return right(p, variant, ctx)

    monkeypatch.setattr(trial, "tried", pressed)
    run = mm.run(recipe(), data=rows().table(), out=tmp_path)
    assert run.interrupted and mm.load(run.bundle).facts["run"] == run.id
    assert [t["share"] for t in run.record.trials] == [SHARES[0], 1.0]
    assert "learning curve: interrupted before 0.25 of the rows were learnt." in run.record.notes


def test_after_a_kill_the_seconds_are_those_of_the_work(tmp_path: Path) -> None:
    p, trained, ctx = prepared(tmp_path)
    judge = objective.objective(p, None)
    first = curve.curve(p, trained, judge, [], ctx, SHARES).lines
    p.record.total("train.restored", 5.0, "s", "read back")
    again = curve.curve(p, trained, judge, [], ctx, SHARES).lines
    spent = [(t["wall_s"], t["cpu_s"]) for t in again]
    assert spent[:-1] == [(t["wall_s"], t["cpu_s"]) for t in first[:-1]] and spent[-1] == (6.0, 6.0)


def test_the_curve_ends_before_the_model_must_be_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p, trained, ctx = prepared(tmp_path)
    judge, begun, right = objective.objective(p, None), [], trial.tried

    def tried(p: Any, variant: Any, ctx: Ctx) -> Any:
        begun.append(ctx.deadline)
        return right(p, variant, ctx)

    monkeypatch.setattr(trial, "tried", tried)
    deadline = time.monotonic() + 600
    p.record.total("train.wall", 999.0, "s", "here")  # 125 s for an eighth, 250 for a quarter, 500 for a half
    curve.curve(p, trained, judge, [], replace(ctx, deadline=deadline), SHARES)
    assert len(begun) == 3 and begun[0] == pytest.approx(deadline - search.overhead(p))
    made = curve.curve(p, trained, judge, [], replace(ctx, deadline=time.monotonic() + 300), SHARES)
    assert [t["share"] for t in made.lines] == [*SHARES[:2], 1.0]
    assert made.notes == ["learning curve: no time was left for 0.5 of the rows and more."]


def test_a_part_that_was_stopped_is_said_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p, trained, ctx = prepared(tmp_path)
    judge, right, now = objective.objective(p, None), trial.tried, [time.monotonic()]

    def slow(p: Any, variant: Any, ctx: Ctx) -> Any:
        now[0] += 1000 if ctx.share == SHARES[-1] else 0
        return right(p, variant, ctx)

    monkeypatch.setattr(trial, "tried", slow)
    monkeypatch.setattr(curve, "time", SimpleNamespace(monotonic=lambda: now[0]))
    made = curve.curve(p, trained, judge, [], replace(ctx, deadline=now[0] + 600), SHARES)
    assert [t["share"] for t in made.lines] == [*SHARES[:-1], 1.0] and "no time was left for 0.5" in made.notes[0]
    assert len(list((tmp_path / "curve").glob("trial-*"))) == len(SHARES) - 1


def test_training_that_the_curve_left_too_little_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = spine.train

    def slow(p: Any, variant: Any, ctx: Ctx) -> Any:
        made = right(p, variant, ctx)
        time.sleep(max(ctx.deadline - time.monotonic(), 0) + 0.01)
        return made

    monkeypatch.setattr(spine, "train", slow)
    monkeypatch.setattr(curve, "KEPT", 0.95)
    record = made(tmp_path, budget="60 s")
    assert "the budget of 60 s was used up: fits were stopped before they were done." in record.notes


def test_the_command_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = made(tmp_path, payoff=PAYS)
    shown = "\n".join(face.learning_curve(record.trials))
    assert "value.per_case" in shown and all(f"\n  {t['rows']} " in shown for t in record.trials)
    assert face.learning_curve([]) == []
    bare = [t | {"low": t["value"], "high": t["value"]} for t in record.trials]
    assert " and " not in "\n".join(face.learning_curve(bare)[2:]), "no interval, no ends"
    json.dumps(record.trials)
