"""The small reader of CSV files: what it takes, and what it says of the rest."""

from pathlib import Path

import pytest

from mintmark.base.errors import DataError
from mintmark.capital import table


def put(folder: Path, content: str | bytes) -> Path:
    path = folder / "figures.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "n,名称,x\n1,甲,0.5\n2,乙,-3e2\n",
        "\ufeffn,名称,x\r\n1,甲,0.5\r\n\r\n2,乙,-3e2\r\n",
        "n;名称;x\n1;甲;0.5\n2;乙;-3e2",
        "n\t名称\tx\n1\t甲\t0.5\n2\t乙\t-3e2\n",
        ' n ,名称,x\n" 1","甲",0.5\n2, 乙 ,-3e2\n',
        "n,名称,x\n1,甲,0.5\n2,乙,-3e2\n".encode("gb18030"),
    ],
)
def test_columns(tmp_path: Path, content: str | bytes) -> None:
    path = put(tmp_path, content)
    made = table.columns(path, ["x", "n"], "asked: csv", text=["名称"])
    assert {k: v.tolist() for k, v in made.items()} == {"x": [0.5, -300], "n": [1, 2], "名称": ["甲", "乙"]}
    assert made["x"].dtype == "float64"
    assert table.header(path, "asked: csv") == ["n", "名称", "x"]


def test_a_quoted_cell_keeps_its_comma_and_its_line(tmp_path: Path) -> None:
    path = put(tmp_path, 'name,x\n"a, b\nc",1\n')
    assert table.columns(str(path), ["x"], "", text=["name"])["name"].tolist() == ["a, b\nc"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("n,x\n1,2\n3,n/a\n", r"asked: csv: figures.csv: column 'x', row 2: 'n/a' is not a number"),
        ("n,x\n1,\n", r"column 'x', row 1: is empty"),
        ("n,x\n1,nan\n", r"column 'x', row 1: 'nan' is not a number"),
        ("n,x\n1,inf\n", r"'inf' is not a number"),
        ("n,x\n1,1_000\n", r"'1_000' is not a number"),
        ('n,x\n1,"1,000"\n', r"'1,000' is not a number"),
        ("n,x\n1,2,3\n", r"row 1: has 3 cells, the line of names has 2"),
        ("n,x\n1,2\n3\n", r"row 2: has 1 cells"),
        ("n,y\n1,2\n", r"unknown column 'x'; known: n, y"),
        ("n,x,x\n1,2,3\n", r"column 'x' is there 2 times"),
        ("n,x\n", r"has no rows"),
        ("", r"has no line of names"),
        ("\n \n", r"has no line of names"),
        ('n,x\n1,"2\n', r"unexpected end of data"),
        (b"n,x\n1,\xff\xfe\n", r"neither UTF-8 nor GB18030"),
        ("n,x\n1,2\n".encode("utf-16"), r"neither UTF-8 nor GB18030"),
    ],
)
def test_files_that_are_wrong(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        table.columns(put(tmp_path, content), ["n", "x"], "asked: csv")
    assert caught.value.where.startswith("asked: csv: figures.csv") and caught.value.fix


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"none.csv: cannot be read: No such file"):
        table.columns(tmp_path / "none.csv", ["x"], "asked: csv")
    with pytest.raises(DataError, match="cannot be read"):
        table.columns(tmp_path, ["x"], "asked: csv")
    with pytest.raises(DataError, match="cannot be read"):
        table.columns("a\0b", ["x"], "asked: csv")
    monkeypatch.setattr(table, "MAX_BYTES", 2 * 1024**2)
    with pytest.raises(DataError, match="is larger than 2 MiB"):
        table.columns(put(tmp_path, b"x\n" + b"1\n" * 2**20), ["x"], "asked: csv")
