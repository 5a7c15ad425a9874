"""What the spine must do where rows are few, late, shuffled, blank or many."""

import dataclasses
import json
import math
import time
from pathlib import Path
from typing import Any

import contract
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from mintmark import cli, spine
from mintmark.base.errors import DataError
from mintmark.data import rows as table
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema

TASK = "tabular_classification"
PAYOFF = {"true_positive": -5, "false_positive": -5, "false_negative": "-amount"}


def payments(n: int, seed: int = 0, late: bool = False) -> pa.Table:
    """Payments in the order of time; `late` fraud does not happen in the first half."""
    rng = np.random.default_rng(seed)
    amount, risk = rng.lognormal(3, 1, n).round(2), rng.normal(size=n)
    fraud = rng.random(n) < 1 / (1 + np.exp(2.5 - 2 * risk - 0.01 * amount))
    if late:
        fraud &= np.arange(n) > 0.55 * n
    return pa.table({"t": np.arange(n), "amount": amount, "risk": risk, "who": rng.integers(0, 9, n).astype(str),
                     "y": np.where(fraud, "fraud", "ok")})  # fmt: skip


def recipe(**changes: Any) -> schema.Recipe:
    raw = {"task": TASK, "target": "y", "settings": {"model": "logistic_regression", "positive": "fraud"}, **changes}
    return schema.parse(raw, "r")


def test_a_class_that_the_first_folds_lack(tmp_path: Path) -> None:
    """Fraud begins late: the first folds never saw it, and neither payoff nor calibration may suffer from that."""
    settings = {"model": "logistic_regression", "positive": "fraud", "ignore": ["who"]}
    made = recipe(columns={"time": "t"}, payoff=PAYOFF, settings=settings)
    p = spine.prepare(made, table.of(payments(400, late=True)))
    assert any("fraud" not in f.truth.table()["y"].to_pylist() for f, _ in p.parts.folds)
    spine.finish(p, spine.train(p, {}, Ctx(0)), Ctx(0), tmp_path)
    record = p.record
    assert record.get("evaluate.roc_auc") > 0.8
    slope = spine.load(tmp_path / "bundle").decision.facts["slope"]
    assert 0.3 < slope < 3, "calibrated on the rows whose fold knew both classes"


def test_a_budget_is_shared_by_the_fits() -> None:
    """No fold may eat the time of the others: settled on their middle, the model is not a stump."""
    source = table.of(payments(1500))
    p = spine.prepare(recipe(settings={"positive": "fraud", "learning_rate": 0.002}), source)
    trained = spine.train(p, {}, Ctx(0, deadline=time.monotonic() + 2.5))
    assert trained.model.facts["rounds"] > 5
    parts = [Ctx(0, deadline=time.monotonic() + 10).part(i, 4).deadline - time.monotonic() for i in range(4)]
    assert parts == pytest.approx([2.5, 10 / 3, 5, 10], abs=0.5)
    assert Ctx(0).part(0, 3).deadline == math.inf


def test_a_missing_payoff_is_found_before_the_test_rows_are_opened() -> None:
    rows = payments(200)
    i = rows.schema.get_field_index("amount")
    holed = rows.set_column(i, "amount", pa.array([None, *rows["amount"].to_pylist()[1:]], pa.float64()))
    with pytest.raises(DataError, match="row 1"):
        spine.prepare(recipe(payoff=PAYOFF), table.of(holed))


def test_the_same_test_rows_are_known_again_however_they_lie(tmp_path: Path) -> None:
    rows, test = payments(200), payments(60, seed=1)
    order = np.random.default_rng(0).permutation(60)
    csv.write_csv(rows, tmp_path / "d.csv")
    hashes = set()
    for i, one in enumerate((test, test.take(pa.array(order)), test.select(["y", "t", "who", "amount", "risk"]))):
        csv.write_csv(one, tmp_path / f"t{i}.csv")
        made = schema.parse({"task": TASK, "data": "d.csv", "test": f"t{i}.csv", "target": "y"}, "r", folder=tmp_path)
        hashes.add(spine.prepare(made).record.test_hash)
    assert len(hashes) == 1
    csv.write_csv(test.slice(1), tmp_path / "t0.csv")
    other = schema.parse({"task": TASK, "data": "d.csv", "test": "t0.csv", "target": "y"}, "r", folder=tmp_path)
    assert spine.prepare(other).record.test_hash not in hashes


def test_copies_across_the_split_are_said() -> None:
    rows = payments(100)
    doubled = pa.concat_tables([rows, rows])
    assert any("are copies of rows" in n for n in spine.prepare(recipe(), table.of(doubled)).record.notes)
    assert not any("are copies of rows" in n for n in spine.prepare(recipe(), table.of(rows)).record.notes)


def test_where_the_data_lie_is_no_part_of_what_is_learnt(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        csv.write_csv(payments(100), tmp_path / name / f"{name}.csv")
    made = [schema.parse({"task": TASK, "data": str(tmp_path / n / f"{n}.csv"), "target": "y"}, "r") for n in "ab"]
    first, second = (spine.prepare(m).record for m in made)
    assert first.run == second.run
    assert first.identity()["recipe"]["data"] == "a.csv"


def test_rows_that_would_replace_each_other_as_events_are_told(tmp_path: Path) -> None:
    rows = payments(60)
    made = recipe(columns={"time": "t", "entity": "who"})
    assert not any("take the place" in n for n in spine.prepare(made, table.of(rows)).record.notes)
    again = pa.concat_tables([rows, rows.slice(0, 1)])
    notes = [n for n in spine.prepare(made, table.of(again)).record.notes if "take the place" in n]
    assert len(notes) == 1 and notes[0].startswith("2 rows have the 'who'")


def test_a_bundle_carries_no_more_of_the_past_than_answers_need(tmp_path: Path) -> None:
    rows = payments(300)
    mail = [f"{w}@example.org" for w in rows["who"].to_pylist()]
    rows = rows.append_column("mail", pa.array(mail)).append_column("id", pa.array(range(300)))
    made = recipe(columns={"time": "t", "entity": "who"}, settings={"positive": "fraud"})
    record = spine.run(made, tmp_path, table.of(rows))
    past = spine.load(tmp_path / "bundle").past.rows
    assert past is not None and set(past.schema.names) == {"t", "who", "y", "amount", "risk"}
    kept = b"".join(p.read_bytes() for p in (tmp_path / "bundle" / "past").rglob("*") if p.is_file())
    assert b"example.org" not in kept
    assert record.profile["columns"]["who"].get("top") is None


def test_the_entity_may_also_be_the_group() -> None:
    made = recipe(columns={"time": "t", "entity": "who", "group": "who"})
    p = spine.prepare(made, table.of(payments(300)))
    assert "who" in p.parts.dev.questions.names


def test_another_variant_or_share_is_another_checkpoint(tmp_path: Path) -> None:
    p, ctx = spine.prepare(recipe(), table.of(payments(300))), Ctx(0, folder=tmp_path)
    models = [
        spine.train(p, variant, dataclasses.replace(ctx, share=share)).model.arrays["coefficient"]
        for variant, share in (({}, 1.0), ({"C": 1e-4}, 1.0), ({}, 0.3), ({}, 1.0))
    ]
    assert contract.same(models[0], models[3])
    assert not contract.same(models[0], models[1]) and not contract.same(models[0], models[2])


def test_long_card_numbers_stay_apart(tmp_path: Path) -> None:
    rows = payments(300)
    cards = pa.array([2**60 + int(w) for w in rows["who"].to_pylist()])
    rows = rows.set_column(rows.schema.get_field_index("who"), "who", cards)
    spine.run(recipe(columns={"time": "t", "entity": "who"}), tmp_path, table.of(rows))
    loaded = spine.load(tmp_path / "bundle")
    assert loaded.past.rows is not None and len(set(loaded.past.rows["who"].to_pylist())) == 9
    spine.answer(loaded, table.of(rows.drop_columns(["y"])))


def test_an_event_whose_label_is_not_known_yet(tmp_path: Path) -> None:
    made = recipe(columns={"time": "t", "entity": "who"}, label_delay=3)
    spine.run(made, tmp_path, table.of(payments(300)))
    loaded = spine.load(tmp_path / "bundle")
    asked = payments(1, seed=5).drop_columns(["y"]).set_column(0, "t", pa.array([400]))
    before = spine.answer(loaded, table.of(asked))
    event = asked.set_column(0, "t", pa.array([399]))
    for given in (event, event.append_column("y", pa.nulls(1, pa.string()))):
        after = spine.answer(loaded, table.of(asked), table.of(given))
        assert not contract.same(after, before), "the payment a moment ago counts, its label does not"
    with pytest.raises(DataError, match="amount"):
        spine.answer(loaded, table.of(asked), table.of(event.set_column(1, "amount", pa.array(["much"]))))


@pytest.mark.parametrize("model", ["logistic_regression", "lightgbm", "random_forest"])
def test_chunks_leave_no_trace(model: str, tmp_path: Path) -> None:
    """More rows than a chunk holds get the answers that they get in any other order, and alone."""
    settings = {"model": model, "positive": "fraud", "n_estimators": 8}
    spine.run(recipe(settings=settings, payoff=PAYOFF), tmp_path, table.of(payments(2000)))
    loaded, many = spine.load(tmp_path / "bundle"), table.of(payments(40_000, seed=2).drop_columns(["y"]))
    order = np.random.default_rng(1).permutation(len(many))
    whole, mixed = spine.answer(loaded, many), spine.answer(loaded, many.take(order))
    assert whole["decision"].take(pa.array(order)).equals(mixed["decision"])
    for i in (0, 16_383, 16_384, 39_999):
        assert contract.same(spine.answer(loaded, many.take(np.array([i]))), whole.slice(i, 1))


def test_one_row_of_a_file_is_read_as_the_file_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes such as 12 and A3 are text also where only 12 is asked for, and -999 is missing in both."""
    monkeypatch.setattr("mintmark.api.CALL_S", 0.01)
    rng = np.random.default_rng(0)
    lines = [f"{'A3' if i % 3 else '012'},{-999 if i % 7 == 0 else i % 11},{'yn'[i % 2]}" for i in range(120)]
    rng.shuffle(lines)
    (tmp_path / "d.csv").write_text("\n".join(["code,x,y", *lines]) + "\n")
    text = f'task = "{TASK}"\ndata = "d.csv"\ntarget = "y"\n[read]\nmissing = ["-999"]\n'
    (tmp_path / "r.toml").write_text(text + '[settings]\nmodel = "logistic_regression"\n')
    assert cli.main(["run", str(tmp_path / "r.toml"), "--out", str(tmp_path / "runs"), "--json"]) == 0
    bundle, told = json.loads(capsys.readouterr().out)["bundle"], []
    for name, row in (("one", "012,-999"), ("two", "012,\nA3,1")):
        (tmp_path / f"{name}.csv").write_text(f"code,x\n{row}\n")
        assert cli.main(["predict", bundle, str(tmp_path / f"{name}.csv"), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out)["answers"][0])
    assert told[0] == told[1]
