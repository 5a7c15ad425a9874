"""Errors, records, instruments and lazy imports."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mintmark.base import errors, pretty, record
from mintmark.base.meter import meter, metered
from mintmark.base.need import need
from mintmark.base.record import Measured, RunRecord


def test_every_error_has_the_exit_code_of_its_docstring() -> None:
    for line in (errors.__doc__ or "").splitlines():
        if "(exit" in line:
            name, code = line.split()[1], int(line.rsplit("(exit ", 1)[1].rstrip(")"))
            assert getattr(errors, name).exit_code == code


def test_an_unknown_name_gets_the_nearest() -> None:
    error = errors.unknown("setting", "Modle", ["model", "seed"], where="settings")
    assert error.fix == "did you mean 'model'?" and "model, seed" in error.what
    assert error.as_dict()["error"]["kind"] == "RecipeError"
    assert errors.nearest("zzz", ["model"]) == ""


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.MissingExtra, match=r"mintmark\[text\]"):
        need("no_such_library", extra="text")
    assert need("json") is json


def test_a_library_that_is_broken_inside_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_inside.py").write_text("import no_such_library_either\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ModuleNotFoundError):
        need("broken_inside")


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    made = RunRecord("r", "t", "a", "b", notes=["n"], rows={"all": 3})
    made.add(Measured("roc_auc", 0.5, "1", "up", source="s"), stage="evaluate")
    assert RunRecord.load(made.save(tmp_path / "r.json")) == made
    assert made.get("evaluate.roc_auc") == 0.5 and not list(tmp_path.glob("*half*"))


def test_means_over_folds_leave_out_what_a_fold_lacks() -> None:
    folds = [[Measured("a", 1.0, "1"), Measured("b", 5.0, "1")], [Measured("a", 3.0, "1")]]
    assert [(m.name, m.value) for m in record.mean(folds)] == [("a", 2.0), ("b", 5.0)]


def test_the_meter_sees_work_and_memory() -> None:
    with meter() as used:
        block = np.ones(40_000_000)  # 320 MB
        for _ in range(20):
            block.sum()
    read = {m.name: m.value for m in used()}
    assert read["peak_memory"] > 320e6 and read["cpu"] > 0 and read["wall"] > 0


def test_a_stage_that_fails_is_metered_too() -> None:
    made = RunRecord("r", "t", "a", "b")
    with pytest.raises(ValueError), metered(made, "train"):
        raise ValueError
    assert made.get("train.wall") >= 0


def test_json_for_people_is_the_same_json_with_a_line_a_thing() -> None:
    content = {"b": {"x": [1, 2.5, None], "y": {"deep": {"er": ["é", {"k": True}]}}}, "a": [], "empty": {}}
    for deep in range(5):
        assert json.loads(pretty.dumps(content, deep)) == content
    assert pretty.dumps(content, 1, sort=True).splitlines()[1:3] == [
        '"a": [],',
        '"b": {"x": [1, 2.5, null], "y": {"deep": {"er": ["é", {"k": true}]}}},',
    ]
    assert pretty.dumps({"b": 1, "a": 2}, 0, sort=True) == '{"a": 2, "b": 1}'
    with pytest.raises(ValueError, match="JSON"):
        pretty.dumps({"a": [float("nan")]})
