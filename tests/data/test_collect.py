"""Files that fix the split, roles that names suggest, weights."""

from pathlib import Path

import numpy as np
import pytest

from mintmark import spine
from mintmark.base.errors import DataError
from mintmark.data.rows import content_hash
from mintmark.recipe import schema


def recipe(folder: Path, **changes: object) -> schema.Recipe:
    raw = {"task": "tabular_classification", "data": "d.csv", "target": "y", **changes}
    return schema.parse(raw, "r", folder=folder)


def write(path: Path, n: int, seed: int, head: str = "a,b,y") -> None:
    rng = np.random.default_rng(seed)
    lines = [f"{x:.4f},{rng.choice(list('uvw'))},{int(x + rng.normal() > 0)}" for x in rng.normal(size=n)]
    path.write_text("\n".join([head, *lines]) + "\n")


def test_given_files_are_the_parts(tmp_path: Path) -> None:
    for name, n in (("d", 100), ("v", 30), ("t", 40)):
        write(tmp_path / f"{name}.csv", n, n)
    p = spine.prepare(recipe(tmp_path, valid="v.csv", test="t.csv"))
    assert p.record.rows == {"all": 170, "dev": 130, "validated": 30, "test": 40}
    alone = spine.prepare(recipe(tmp_path, data="t.csv"))
    assert p.record.test_hash == content_hash(alone.parts.everything.open().raw.row_hashes()), (
        "the same rows, wherever they came from"
    )


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    write(tmp_path / "d.csv", 50, 0)
    write(tmp_path / "t.csv", 50, 1, head="a,c,y")
    with pytest.raises(DataError, match="t.csv.*lacks 'b'"):
        spine.prepare(recipe(tmp_path, test="t.csv"))


def test_rows_without_a_target_are_left_out_and_said(tmp_path: Path) -> None:
    write(tmp_path / "d.csv", 50, 0)
    (tmp_path / "d.csv").write_text((tmp_path / "d.csv").read_text() + "1.0,u,\n2.0,v,\n")
    p = spine.prepare(recipe(tmp_path))
    assert p.record.rows["all"] == 50 and any("2 rows without a target" in n for n in p.record.notes)


def test_a_column_called_time_that_holds_numbers_is_no_clock(tmp_path: Path) -> None:
    write(tmp_path / "d.csv", 60, 0, head="time,b,y")
    assert spine.prepare(recipe(tmp_path)).columns.time == ""
    assert spine.prepare(recipe(tmp_path, columns={"time": "time"})).record.split == "time"


def test_weights_are_used_and_checked(tmp_path: Path) -> None:
    write(tmp_path / "d.csv", 60, 0, head="w,b,y")
    with pytest.raises(DataError, match="column 'w', row"):
        spine.prepare(recipe(tmp_path, columns={"weight": "w"}))
