"""A query over files: they are read as our own readers read them, nothing else can be read, and memory is bounded."""

import csv
import gzip
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from mintmark.base.errors import DataError, MintmarkError, MissingExtra, RecipeError
from mintmark.data import duck, query
from mintmark.data.source import Read, read

pytest.importorskip("duckdb")
ALL = "select * from data order by all"


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / name)


def values(path: str, sql: str = ALL, **options: Any) -> dict[str, list[Any]]:
    made: dict[str, list[Any]] = read(path, Read(query=sql, **options))[0].table().to_pydict()
    return made


def refused(path: str, sql: str = ALL, kind: type[MintmarkError] = DataError, **options: Any) -> MintmarkError:
    with pytest.raises(kind) as caught:
        read(path, Read(query=sql, **options))
    assert type(caught.value) is kind and caught.value.what and caught.value.where and caught.value.fix
    return caught.value


# --- files are read as without a query --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "a,b,c\n1,x,2024-01-05\n2,y,2024-01-06\n",
        "a;b;c\n1,5;x;2024/1/5\n2,5;y;2024/1/6\n",
        "a\tb\n1\tx\n2\ty\n",
        "n,flag\n7,true\n8,false\n",
        'id,text\n1,"first\nsecond, ""third"""\n2,5" pipe\n',
        "review\nGood, very good\nBad\nSo, so, so\n",
        "姓名,x\n张伟,1\n李娜,2\n",
        b"\xef\xbb\xbfid,text\n1,a\n",
        "id,text\r1,a\r2,b\r",
        "id,text\n\n1,a\n\n2,b\n\n",
        "姓名,x\n张伟,1\n".encode("utf-16"),
        "at,n\n05/06/2024,1\n07/08/2024,2\n",
        "at,n\n5.1.2024,1\n6.1.2024,2\n",
        "clock,n\n08:30,1\n9:15,2\n",
        "x,country\n1.5,NA\nNA,DE\n-,\n",
        "x;country\n1,5;NA\nNA;DE\n -;\n",
        "day,n\n2024/1/5,1\n?,2\n",
        "edible,loud,both\nt,TRUE,true\nf,False,NA\n",
        "n,m,h,e\n1_000,1.000,0x1F,1e5\n2_000,2.500,0x2F,2.5\n",
        "total;code;size\n1.234,50;1,2,3;7\n-0,5;4,5;8\n12;6;9\n;7,8;10\n",
        "total,n\n 29.85 ,  1\n            ,2\n108.15, 3\n",
        "at\n2024-01-05T08:30:15+08:00\n2024-01-06T08:30:15+08:00\n",
        " a , b \n1,2\n",
    ],
)
def test_the_same_values_as_without_a_query(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path, content)
    plain = read(path)[0].table()
    asked = read(path, Read(query="select * from data"))[0].table()
    assert asked.schema == plain.schema
    assert sorted(map(str, asked.to_pylist())) == sorted(map(str, plain.to_pylist()))


def test_options_of_reading_hold_for_a_query_too(tmp_path: Path) -> None:
    path = write(tmp_path, "code,x,y\n007,unknown,a\n008,2,\n")
    assert values(path, missing=("unknown", "a")) == {"code": [7, 8], "x": [None, 2], "y": [None, None]}
    assert values(write(tmp_path, "a,b\n1,2\n"), text=("a",)) == {"a": ["1"], "b": [2]}
    assert values(write(tmp_path, "name\nMüller\n".encode("cp1252")), encoding="latin-1") == {"name": ["Müller"]}
    assert values(write(tmp_path, "a:b\n1:x\n", "t.txt"), delimiter=":") == {"a": [1], "b": ["x"]}


def test_other_formats(tmp_path: Path) -> None:
    lines = '{"a": 1, "b": "x"}\n{"a": 2.5, "c": true}\n'
    made: dict[str, list[Any]] = {"a": [1.0, 2.5], "b": ["x", None], "c": [None, True]}
    assert values(write(tmp_path, lines, "t.jsonl")) == made
    assert values(write(tmp_path, json.dumps([json.loads(x) for x in lines.splitlines()]), "t.json")) == made
    late = '{"a": 1}\n' * 30_000 + '{"a": 1, "late": 7}\n'
    assert values(write(tmp_path, late, "l.jsonl"), "select max(late) as m from data") == {"m": [7]}
    table = pa.table({"d": pa.array([1, 2], pa.decimal128(9, 2)), "c": pa.array(["x", "y"]).dictionary_encode()})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert values(str(tmp_path / "t.parquet")) == {"d": [1.0, 2.0], "c": ["x", "y"]}


def test_types_of_an_answer(tmp_path: Path) -> None:
    path = write(tmp_path, "n\n1\n2\n")
    sql = """select sum(n) as total, n = 1 as first, interval 90 minute as took, 'infinity'::date as never,
    timestamptz '2024-01-05 08:00:00+08' as at, [n] as several, {'a': n} as pair
    from data group by n order by n limit 1"""
    rows, notes = read(path, Read(query=sql))
    assert rows.table().to_pylist() == [
        {
            "total": 1.0, "first": True, "took": 5400.0, "at": datetime(2024, 1, 5), "never": None, "several": [1],
            "pair": {"a": 1},
        }
    ]  # fmt: skip
    assert notes == ["column 'never': 1 times outside of the years 1 to 9999 treated as missing."]


def test_types_hold_to_the_end_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n" + "1,2\n" * 250_000 + "2.5,x\n")
    assert values(path, "select sum(a) as s, max(b) as b, count(*) as n from data") == {
        "s": [250_002.5],
        "b": ["x"],
        "n": [250_001],
    }


def test_rows_of_another_width(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n1,2,3\n4,5\n6\n")
    error = refused(path)
    assert error.where == "t.csv: line 3" and "3 fields, not 2" in error.what and "skip" in error.fix
    rows, notes = read(path, Read(query="select sum(a) as s from data", bad_rows="skip"))
    assert rows.table().to_pydict() == {"s": [5.0]}
    assert notes == ["t.csv: 2 rows do not have as many fields as the header line: line 3, ...; left out."]
    late = write(tmp_path, "a,b\n" + "1,2\n" * 250_000 + "1,2,3\n", "late.csv")
    assert refused(late, "select sum(b) as s from data").where == "late.csv: line 250002"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "empty"),
        ("t.parquet", b"", "empty"),
        ("t.parquet", b"a,b\n1,2\n" * 10, "arquet"),
        ("t.json", b'[{"a": 1}, {"a": ]', "t.json"),
        ("t.csv", b"SQLite format 3\0" + bytes(100), "SQLite"),
        ("t.csv", b"PAR1" + bytes(100), "Parquet"),
        ("t.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "compressed"),
        ("t.csv", "姓名,n\n张伟,1\n".encode("gb18030"), "UTF-8"),
        ("t.csv", b"a,a\n1,2\n", "occurs more than once"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    error = refused(write(tmp_path, content, name))
    assert said in str(error) and name in error.where


# --- several files ----------------------------------------------------------------------------------------------------


def test_files_of_a_folder_are_tables_and_together_one(tmp_path: Path) -> None:
    write(tmp_path, "id,amount\n1,5\n2,7\n", "2023.csv")
    write(tmp_path, "amount,id\n2.5,1\n", "2024.csv")
    write(tmp_path, "secret", ".hidden")
    total = "select id, sum(amount) as total from data group by id order by id"
    assert values(str(tmp_path), total) == {"id": [1, 2], "total": [7.5, 7.0]}
    assert values(str(tmp_path / "20*.csv"), total) == {"id": [1, 2], "total": [7.5, 7.0]}
    assert values(str(tmp_path), 'select sum(amount) as s from "2024"') == {"s": [2.5]}
    parquet.write_table(pa.table({"id": [1, 2], "town": ["Ulm", "Bonn"]}), tmp_path / "customers.parquet")
    joined = 'select town, amount from "2023" join customers using (id) order by amount'
    assert values(str(tmp_path), joined) == {"town": ["Ulm", "Bonn"], "amount": [5, 7]}
    error = refused(str(tmp_path), "select * from data")
    assert error.where == "customers.parquet" and "'town'" in error.what
    assert "known: 2023, 2024, customers, data" in refused(str(tmp_path), "select * from costumers").what
    assert "no file is named like" in refused(str(tmp_path / "19*.csv")).what
    with pytest.raises(DataError, match="a pattern with a query"):
        read(str(tmp_path / "20*.csv"))


def test_a_query_over_what_is_no_file() -> None:
    sql = 'select target, count(*) as n from data where "petal length (cm)" > 3 group by target order by target'
    assert values("sklearn:iris", sql) == {"target": ["versicolor", "virginica"], "n": [49, 50]}


# --- nothing else is read, nothing is written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "select * from '{other}'",
        "select * from read_csv('{other}')",
        "select * from read_text('{other}')",
        "select * from read_blob('/etc/hostname')",
        "select * from glob('{folder}/*')",
        "select * from parquet_metadata('{other}')",
        "select * from columns",
        "select * from options",
        "select getenv('HOME')",
        "with x as (select 1) insert into data select * from x",
    ],
)
def test_a_query_reads_the_named_files_alone(tmp_path: Path, sql: str) -> None:
    path, other = write(tmp_path, "a\n1\n"), write(tmp_path, "a\n2\n", "other.csv")
    with pytest.raises(MintmarkError) as caught:
        read(path, Read(query=sql.format(other=other, folder=tmp_path)))
    assert caught.value.where == "read.query" and caught.value.fix
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.csv", "t.csv"]


@pytest.mark.parametrize(
    "sql",
    [
        "copy data to 'x.csv'",
        "install httpfs",
        "set memory_limit = '1TB'",
        "attach 'x.db'",
        "select 1; select 2",
        "load x",
    ],
)
def test_only_one_select(tmp_path: Path, sql: str) -> None:
    refused(write(tmp_path, "a\n1\n"), sql, RecipeError)
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("sql", "said", "fix"),
    [
        ("select * from dtaa", "unknown table 'dtaa'", "did you mean 'data'?"),
        ("select b from data", '"b" not found', "DuckDB"),
        ("select * from (data", "syntax error", "DuckDB"),
        ("select abs(a) + t::int as n from (select * from data limit 1)", "Could not convert", "DuckDB"),
        ("select a, a from data", "'a' occurs more than once", "as"),
        ("select * from data where a > 5", "gives no rows", "where"),
        ("select from data", "without selection list", "DuckDB"),
    ],
)
def test_queries_that_cannot_be_answered(tmp_path: Path, sql: str, said: str, fix: str) -> None:
    error = refused(write(tmp_path, "a,t\n1,x\n"), sql)
    assert said in error.what and fix in error.fix and error.where == "read.query"


def test_a_value_that_is_none_of_its_type_is_named_by_line(tmp_path: Path) -> None:
    error = refused(write(tmp_path, "a,t\n1,5\n2,x\n"), "select t::int as n from data")
    assert error.where == "t.csv: line 3, column 't'" and "'x' is no INTEGER" in error.what and "try_cast" in error.fix


def test_a_sample_that_would_be_another_each_time(tmp_path: Path) -> None:
    path = write(tmp_path, "a,t\n1,5\n2,x\n")
    for sample in ("using sample 10%", "using sample 10% (bernoulli)", "tablesample system(10%)"):
        error = refused(path, f"select * from (select * from data {sample})", RecipeError)
        assert "another each time" in error.what and "42" in error.fix


def test_a_missing_library_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert refused(write(tmp_path, "a\n1\n"), kind=MissingExtra).fix == "pip install 'mintmark[duckdb]'"


# --- the same each time, in bounded memory ----------------------------------------------------------------------------


def test_samples_and_sums_are_the_same_each_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    parquet.write_table(
        pa.table({"k": rng.integers(0, 50, 200_000), "x": rng.normal(size=200_000)}), tmp_path / "t.parquet"
    )
    for sql in (
        "select k, sum(x) as s, avg(x) as m, stddev(x) as d from data group by k",
        "select * from data using sample 1000 rows",
        "select * from data using sample 1% (bernoulli, 42)",
        "select * from data where random() < 0.01",
        "select a.k, count(*) as n from data a join data b on a.x = b.x group by a.k",
    ):
        assert len({read(str(tmp_path / "t.parquet"), Read(query=sql))[0].hash() for _ in range(2)}) == 1, sql


MEASURE = """
import json, resource, sys
import duckdb, pyarrow
from pathlib import Path
from mintmark.data import duck, query, source
from mintmark.data.frame import to_rows
duck.over(query.parse("select 1 as a"), pyarrow.table({"a": [1]}), source.Read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
columns, _ = duck.read(query.parse(sys.argv[2]), [Path(sys.argv[1])], source.Read(), memory="250MB")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) // 1024, json.dumps([float(c[0].as_py()) for c in columns.values()]))
"""


@pytest.mark.slow
def test_what_is_larger_than_memory(tmp_path: Path) -> None:
    """A file of some 450 MiB through 250 MB: a filter, and an aggregate whose groups do not fit and are laid aside."""
    n = 6_000_000
    with (tmp_path / "t.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "text", "x"])
        for start in range(0, n, 100_000):
            out.writerows(
                (i, f"a text that only this row has: {i:012d} and {i * 7:014d}", i % 10)
                for i in range(start, start + 100_000)
            )
    assert (tmp_path / "t.csv").stat().st_size > 400 * 2**20
    for sql, gives in (
        ("select count(*) as n, sum(id) as s from data where x = 3", [n // 10, float(sum(range(3, n, 10)))]),
        ("select count(*) as n, max(m) as m from (select text, count(*) as m from data group by text)", [n, 1]),
        ("select sum(r) as r from (select row_number() over (order by text desc) = 1 as r from data)", [1.0]),
    ):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(tmp_path / "t.csv"), sql], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        grown, _, said = done.stdout.partition(" ")  # and nothing else was written: no progress bar
        assert json.loads(said) == gives, sql
        assert int(grown) < 400, f"{grown} MiB more for {sql}"


@pytest.mark.slow
def test_an_answer_that_does_not_fit_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "room"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "room").mkdir()
    path = Path(write(tmp_path, "a\n1\n"))
    with pytest.raises(DataError) as caught:
        sql = "select list(x) as l from (select range as x from range(200000000))"
        duck.read(query.parse(sql), [path], Read(), memory="50MB")
    assert "does not fit into the memory" in caught.value.what and "fewer" in caught.value.fix
    assert list((tmp_path / "room").iterdir()) == []
