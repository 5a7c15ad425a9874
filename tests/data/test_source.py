"""Reading: good files give their values whatever they are written in; bad ones say what, where and what to try."""

import codecs
import csv
import gzip
import io
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mintmark.base.errors import DataError
from mintmark.data.clean import clean
from mintmark.data.rows import of
from mintmark.data.source import Read, from_frame, like_frame, read


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> str:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder / name)


def values(path: str, **options: Any) -> dict[str, list[Any]]:
    made: dict[str, list[Any]] = read(path, Read(**options))[0].table().to_pydict()
    return made


def types(path: str) -> dict[str, str]:
    return {f.name: str(f.type) for f in read(path)[0].schema}


def refused(path: str, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path, Read(**options))
    assert caught.value.what and caught.value.where and caught.value.fix
    return caught.value


# --- encodings and delimiters -----------------------------------------------------------------------------------------

CHINESE = "姓名,年龄,城市\n张伟,31,北京\n王芳,28,上海\n李娜,45,广州\n"


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        codecs.BOM_UTF8 + CHINESE.encode(),
        CHINESE.encode("utf-16"),
        CHINESE.encode("utf-16-le"),
        CHINESE.encode("utf-16-be"),
        codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"),
        CHINESE.encode("gbk"),
        CHINESE.encode("gb18030"),
    ],
    ids=["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-16-be-bom", "gbk", "gb18030"],
)
def test_encoding_is_found(tmp_path: Path, content: bytes) -> None:
    expected = {"姓名": ["张伟", "王芳", "李娜"], "年龄": [31, 28, 45], "城市": ["北京", "上海", "广州"]}
    assert values(write(tmp_path, content)) == expected


def test_western_text_is_read_with_a_note(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "name,n\nMüller,1\nPrévost,2\n".encode("cp1252")))
    assert rows.table()["name"].to_pylist() == ["Müller", "Prévost"]
    assert len(notes) == 1 and "cp1252" in notes[0] and "[read] encoding" in notes[0]


def test_encoding_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "имя,n\nПётр,1\n".encode("cp1251"))
    assert values(path, encoding="cp1251") == {"имя": ["Пётр"], "n": [1]}
    assert "line 1" in refused(path, encoding="utf-8").where
    assert refused(path, encoding="nonsense").where == "read.encoding"


def test_one_damaged_character_does_not_change_the_encoding(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, CHINESE.encode() + b"\xe5\xbc,50,\xe5\x8c\x97\xe4\xba\xac\n"))
    assert rows.table()["城市"].to_pylist()[-1] == "北京" and "1 characters are not UTF-8" in notes[0]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    lines = ["a:b:c", '1:2.5:"x, y; z | w"', "3:4.5:plain"]
    path = write(tmp_path, "\n".join(line.replace(":", mark) for line in lines), "t.txt")
    assert values(path) == {"a": [1, 3], "b": [2.5, 4.5], "c": ["x, y; z | w", "plain"]}


def test_one_column_of_sentences_is_one_column(tmp_path: Path) -> None:
    path = write(tmp_path, "review\nGood, very good\nBad\nSo, so, so\n")
    assert values(path) == {"review": ["Good, very good", "Bad", "So, so, so"]}


def test_wrong_delimiter_names_the_right_one(tmp_path: Path) -> None:
    error = refused(write(tmp_path, "a,b,c\n1,2,3\n"), delimiter=";")
    assert "gives 3 columns" in error.what and "','" in error.fix


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    assert values(write(tmp_path, end.join(["a,b", "1,x", "", "2,y"]))) == {"a": [1, 2], "b": ["x", "y"]}


# --- shape ------------------------------------------------------------------------------------------------------------


def test_quoted_line_ends_and_quotes(tmp_path: Path) -> None:
    path = write(tmp_path, 'id,text\n1,"first\nsecond, ""third"""\n2,5" pipe\n')
    assert values(path) == {"id": [1, 2], "text": ['first\nsecond, "third"', '5" pipe']}


def test_quotation_marks_that_do_not_pair_up(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, 'text\tlabel\n"good film\t1\nbad\t0\nso "so"\t0\n"fine\t1\n', "t.tsv"))
    assert rows.table()["text"].to_pylist() == ['"good film', "bad", 'so "so"', '"fine']
    assert len(notes) == 1 and "quotation marks" in notes[0]


def test_unclosed_quotation_mark_is_named_by_line(tmp_path: Path) -> None:
    error = refused(write(tmp_path, 'a,b\n1,"x\ny"\n2,"open\n3,z,4\n'))
    assert error.where == "t.csv: line 4" and "never closed" in error.what


def test_field_of_ten_megabytes(tmp_path: Path) -> None:
    long = "ab\n, " * 2_000_000
    rows, _ = read(write(tmp_path, f'id,text\n1,short\n2,"{long}"\n3,end\n'))
    assert rows.table()["text"].to_pylist() == ["short", long, "end"]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"gene_{i}" for i in range(10_000)]
    lines = [",".join(names), *(",".join(str(i * k) for i in range(10_000)) for k in (1, 2, 3))]
    rows, notes = read(write(tmp_path, "\n".join(lines)))
    assert (len(rows), rows.names, notes) == (3, names, [])
    assert rows.table()["gene_9999"].to_pylist() == [9999, 19998, 29997]


def test_ragged_rows_are_named_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b,c\n1,2,3\n4,5\n6,"x\ny",7\n8,9,10,11\n12,13,14\n')
    error = refused(path)
    assert "2 rows do not have 3 fields" in error.what and "line 3 has 2, line 6 has 4" in error.what
    assert error.fix == '[read] bad_rows = "skip" leaves them out.'
    rows, notes = read(path, Read(bad_rows="skip"))
    assert rows.table()["a"].to_pylist() == [1, 6, 12]
    assert "left out" in notes[0] and "line 3 has 2" in notes[0]


def test_every_row_ragged(tmp_path: Path) -> None:
    assert "header line" in refused(write(tmp_path, "a,b\n1,2,3\n4,5,6\n"), bad_rows="skip").fix


def test_column_names(tmp_path: Path) -> None:
    error = refused(write(tmp_path, "a,b,a\n1,2,3\n"))
    assert error.where == "t.csv: line 1" and "'a'" in error.what and "1 and 3" in error.what
    rows, notes = read(write(tmp_path, "a,, b \n1,2,3\n"))
    assert rows.names == ["a", "col_2", "b"] and "col_2" in notes[0]
    assert "looks like data" in refused(write(tmp_path, "5.1,3.5,5.1\n4.9,3.0,1.4\n")).fix


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "a,b\n", "a,b", "a,b\n\n\n"])
def test_nothing_to_read(tmp_path: Path, content: str) -> None:
    error = refused(write(tmp_path, content))
    assert "empty" in error.what or "only a header" in error.what


def test_garbage_and_other_formats_are_no_text_tables(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    assert "not a text table" in refused(write(tmp_path, rng.bytes(5000))).what
    assert "not a text table" in refused(write(tmp_path, rng.bytes(200).replace(b"\0", b"\1"))).what
    assert "line 2" in refused(write(tmp_path, b"a,b\n1,\0\n2,3\n")).what
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "p.csv")
    assert "Parquet" in refused(str(tmp_path / "p.csv")).what
    assert "gzip" in refused(write(tmp_path, gzip.compress(b"a,b\n1,2\n"))).what
    assert "compressed" in refused(write(tmp_path, gzip.compress(b"a,b\n1,2\n"), "t.csv.gz")).what


def test_paths(tmp_path: Path) -> None:
    write(tmp_path, "a\n1\n", "orders.csv")
    assert len(read("orders.csv", None, tmp_path)[0]) == 1
    assert refused(str(tmp_path / "order.csv")).fix == "did you mean 'orders.csv'?"
    assert "no such folder" in refused(str(tmp_path / "nowhere" / "orders.csv")).what
    assert "address" in refused("https://example.org/t.csv").what
    (tmp_path / "empty").mkdir()
    assert "no file" in refused(str(tmp_path / "empty")).what


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator may read everything")
def test_unreadable_path(tmp_path: Path) -> None:
    path = write(tmp_path, "a\n1\n")
    os.chmod(path, 0)
    assert "permission" in refused(path).what


# --- values -----------------------------------------------------------------------------------------------------------


def test_what_is_missing(tmp_path: Path) -> None:
    lines = [
        "number,whole,flag,text,day",
        "1.5,1,true,NA,2024-01-05",
        "NA,?,None,,n/a",
        "-, ,false,  ,NaN",
        "2,3,TRUE,b,",
    ]
    path = write(tmp_path, "\n".join(lines))
    assert values(path) == {
        "number": [1.5, None, None, 2.0],
        "whole": [1, None, None, 3],
        "flag": [True, None, False, True],
        "text": ["NA", None, None, "b"],  # Namibia stays
        "day": [datetime(2024, 1, 5), None, None, None],
    }
    assert values(path, missing=("2", "NA"))["text"] == [None, None, None, "b"]
    assert values(path, missing=("2", "NA"))["number"] == [1.5, None, None, None]


def test_blanks_around_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "total,n\n 29.85 ,  1\n            ,2\n108.15,\t3\n")
    assert values(path) == {"total": [29.85, None, 108.15], "n": [1, 2, 3]}


def test_types_come_from_the_whole_file(tmp_path: Path) -> None:
    lines = ["a,b,c", *["1,,7"] * 600_000, "2.5,9,word"]
    made = types(write(tmp_path, "\n".join(lines)))
    assert made == {"a": "double", "b": "int64", "c": "int64"}
    assert len(lines) * 5 > 2**20  # more than one block


def test_types_of_a_large_file_come_from_the_whole_file(tmp_path: Path) -> None:
    text = "1,some text to fill a line of a large file with\n" * 720_000
    path = write(tmp_path, "a,b\n" + text + "0.5,end\n")
    assert os.path.getsize(path) > 2**25
    rows, _ = read(path)
    assert [str(t) for t in rows.schema.types] == ["double", "string"]
    assert (len(rows), rows.content["a"][-1].as_py()) == (720_001, 0.5)


def test_mostly_numbers_are_numbers(tmp_path: Path) -> None:
    ages = [str(20 + i % 50) for i in range(1000)]
    for i in (16, 400, 999):
        ages[i] = "unknown"
    rows, notes = read(write(tmp_path, "age\n" + "\n".join(ages)))
    assert str(rows.schema.field("age").type) == "int64" and rows.content["age"].null_count == 3
    assert "column 'age', row 17: 'unknown' is not a number; 3 of 1000 values treated as missing." in notes[0]
    assert 'missing = ["unknown"]' in notes[0]
    assert read(write(tmp_path, "age\n" + "\n".join(ages)), Read(missing=("unknown",)))[1] == []


def test_half_numbers_and_codes_stay_text(tmp_path: Path) -> None:
    rows, notes = read(write(tmp_path, "x\n" + "1\n" * 60 + "low\n" * 40))
    assert str(rows.schema.field("x").type) == "string" and "60%" in notes[0]
    rows, notes = read(write(tmp_path, "invoice\n" + "536365\n" * 97 + "C536548\n" * 3))
    assert rows.content["invoice"].to_pylist()[-1] == "C536548" and "kept as text" in notes[0]
    rows, notes = read(write(tmp_path, "x\n" + "1\n" * 10 + "low\n" * 90))
    assert str(rows.schema.field("x").type) == "string" and notes == []


def test_decimal_commas_where_semicolons_divide(tmp_path: Path) -> None:
    text = "price;code;size\n1.234,50;1,2,3;7\n-0,5;4,5;8\n12;6;9\n;7,8;10\n"
    rows, notes = read(write(tmp_path, text))
    assert rows.table()["price"].to_pylist() == [1234.5, -0.5, 12.0, None] and rows.table()["size"].to_pylist() == [
        7,
        8,
        9,
        10,
    ]
    assert rows.table()["code"].to_pylist() == ["1,2,3", "4,5", "6", "7,8"], "lists of numbers are no decimals"
    assert notes == ["t.csv: column 'price': decimal commas were read."]


def test_infinite_and_nan_become_missing(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, "x,y\ninf,a\n1.5,b\nNaN,c\n-inf,\n"))
    cleaned, notes = clean(rows, "y")
    assert cleaned.table().to_pydict() == {"x": [None, 1.5, None], "y": ["a", "b", "c"]}
    assert notes == [
        "column 'x': 2 infinite numbers treated as missing.",
        "column 'y': 1 row without a target left out; 3 remain.",
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024/1/5", datetime(2024, 1, 5)),
        ("2024/01/05 08:30", datetime(2024, 1, 5, 8, 30)),
        ("2024/01/05 08:30:15", datetime(2024, 1, 5, 8, 30, 15)),
        ("2024年1月5日", datetime(2024, 1, 5)),
        ("5.1.2024", datetime(2024, 1, 5)),
        ("2024-01-05T08:30:15", datetime(2024, 1, 5, 8, 30, 15)),
        ("2024-01-05T08:30:15+08:00", datetime(2024, 1, 5, 0, 30, 15)),
        ("2024-01", datetime(2024, 1, 1)),
    ],
)
def test_times(tmp_path: Path, written: str, meant: datetime) -> None:
    path = write(tmp_path, f"n,at\n1,{written}\n2,\n")
    assert values(path)["at"] == [meant, None] and types(path)["at"] == "timestamp[us]"


def test_what_may_be_a_day_or_a_month_stays_text(tmp_path: Path) -> None:
    path = write(tmp_path, "at,clock\n05/06/2024,08:30\n07/08/2024,9:15\n")
    assert values(path) == {"at": ["05/06/2024", "07/08/2024"], "clock": ["08:30", "9:15"]}


CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from('",;|\t\n'), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.tuples(CELL, CELL, st.integers(-(2**60), 2**60)), min_size=1, max_size=6),
    mark=st.sampled_from([",", ";", "\t", "|"]),
)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, int]], mark: str) -> None:
    cells = [("x" + a + "z", "y" + b + "z", n) for a, b, n in cells]  # no blanks at the ends, no numbers
    out = io.StringIO()
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([("a", "b", "n"), *cells])
    made = values(write(tmp_path_factory.mktemp("round"), out.getvalue()), delimiter=mark)
    assert list(zip(made["a"], made["b"], made["n"], strict=True)) == cells


# --- other formats ----------------------------------------------------------------------------------------------------


def test_parquet_types_are_brought_to_the_usual_ones(tmp_path: Path) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int8()),
            "f": pa.array([0.5, 1.5], pa.float32()),
            "d": pa.array([19000, 19001], pa.date32()),
            "z": pa.array([0, 1_000_000], pa.timestamp("ms", "Asia/Shanghai")),
            "c": pa.array(["x", "y"]).dictionary_encode(),
            "t": pa.array(["x", "y"], pa.large_string()),
            "b": pa.array([b"\0", b"\1"]),
            "l": pa.array([[1], [2, 3]]),
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=1)
    rows, _ = read(str(tmp_path / "t.parquet"))
    expected = "int64 double timestamp[us] timestamp[us] string string binary".split()
    assert [str(t) for t in rows.schema.types][:7] == expected
    assert all(column.num_chunks == 1 for column in rows.content.columns)
    assert rows.content["z"].to_pylist() == [datetime(1970, 1, 1), datetime(1970, 1, 1, 0, 16, 40)]
    assert rows.content["l"].to_pylist() == [[1], [2, 3]]
    assert "not a sound Parquet file" in refused(write(tmp_path, "a,b\n1,2\n", "x.parquet")).what


def test_json_lines(tmp_path: Path) -> None:
    lines = '{"a": 1, "b": "x", "l": [1, 2]}\n\n{"a": 2.5, "c": true}\n'
    made = {"a": [1.0, 2.5], "b": ["x", None], "l": [[1, 2], None], "c": [None, True]}
    assert values(write(tmp_path, lines, "t.jsonl")) == made
    array = json.dumps([json.loads(line) for line in lines.splitlines() if line])
    assert values(write(tmp_path, array, "t.json")) == made
    assert values(write(tmp_path, lines.encode("utf-16"), "t.ndjson")) == made


def test_bad_json_is_named_by_line(tmp_path: Path) -> None:
    assert refused(write(tmp_path, '{"a": 1}\n{"a": }\n', "t.jsonl")).where == "t.jsonl: line 2"
    assert "no object" in refused(write(tmp_path, '{"a": 1}\n[2]\n', "t.jsonl")).what
    assert refused(write(tmp_path, '[{"a": 1},\n{"a" 2}]', "t.json")).where == "t.json: line 2"
    assert "element 2" in refused(write(tmp_path, '[{"a": 1}, 2]', "t.json")).what
    assert "deep" in refused(write(tmp_path, '{"a": ' + "[" * 200_000, "t.jsonl")).what
    rows, notes = read(write(tmp_path, '{"a": 1}\n{"a": "x"}\n', "t.jsonl"))
    assert rows.content["a"].to_pylist() == ["1", "x"] and "several kinds" in notes[0]


def test_folder(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n2,x\n", "2.csv")
    write(tmp_path, "b;a\ny;1.5\n", "1.csv")
    write(tmp_path, "hidden", ".notes")
    made = values(str(tmp_path))
    assert made == {"b": ["y", "x"], "a": [1.5, 2.0]}
    write(tmp_path, "a,b\nhigh,x\n", "3.csv")
    error = refused(str(tmp_path))
    assert error.where == "3.csv" and "column 'a' is text" in error.what and "number" in error.what
    write(tmp_path, "a,c\n1,x\n", "3.csv")
    error = refused(str(tmp_path))
    assert error.where == "3.csv" and "lacks 'b' and adds 'c'" in error.what
    write(tmp_path, '{"a": 1}\n', "3.jsonl")
    assert "several formats" in refused(str(tmp_path)).what


def test_built_ins() -> None:
    rows, _ = read("sklearn:breast_cancer")
    assert (len(rows), len(rows.names)) == (569, 31) and "mean radius" in rows.names
    counts = rows.content["target"].value_counts().to_pylist()
    assert {c["values"]: c["counts"] for c in counts} == {"malignant": 212, "benign": 357}
    assert set(read("sklearn:iris")[0].content["target"].to_pylist()) == {"setosa", "versicolor", "virginica"}
    assert str(read("sklearn:diabetes")[0].schema.field("target").type) == "double"
    assert len(read("statsmodels:longley")[0]) == 16
    assert str(read("statsmodels:co2")[0].schema.field("date").type) == "timestamp[us]"
    assert refused("sklearn:brest_cancer").fix == "did you mean 'breast_cancer'?"
    assert refused("statsmodels:longly").fix == "did you mean 'longley'?"


# --- frames -----------------------------------------------------------------------------------------------------------

COLUMNS = {"n": [1, 2], "x": [0.5, None], "t": ["a", None]}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(COLUMNS, index=[7, 9]),
        pl.DataFrame(COLUMNS),
        pa.table(COLUMNS),
        pa.RecordBatch.from_pydict(COLUMNS),
        COLUMNS,
        [{"n": 1, "x": 0.5, "t": "a"}, {"n": 2}],
        of(COLUMNS),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_frames_go_in_and_come_out_alike(frame: Any) -> None:
    rows = from_frame(frame)
    assert rows.table().to_pydict() == COLUMNS
    assert [str(t) for t in rows.schema.types] == ["int64", "double", "string"]
    back = like_frame(
        pa.table({"p": pa.array([[("a", 1.0)], [("b", 0.5)]], pa.map_(pa.string(), pa.float64()))}), frame
    )
    assert type(back) is type(frame)
    if isinstance(frame, pd.DataFrame):
        assert back.index.tolist() == [7, 9] and back["p"].tolist() == [{"a": 1.0}, {"b": 0.5}]
    if isinstance(frame, list | dict):
        assert back in ([{"p": {"a": 1.0}}, {"p": {"b": 0.5}}], {"p": [{"a": 1.0}, {"b": 0.5}]})


def test_frames_that_do_not_fit() -> None:
    assert from_frame(pd.DataFrame({"a": [1, "n/a", None]})).content["a"].to_pylist() == ["1", "n/a", None]
    with pytest.raises(DataError, match="occurs more than once"):
        from_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="differ in length"):
        from_frame({"a": [1], "b": [1, 2]})
    with pytest.raises(DataError, match="is no column"):
        from_frame({"a": 1})
    with pytest.raises(DataError, match="int is no table"):
        from_frame(3)


def test_cleaning_refuses_what_has_no_target() -> None:
    with pytest.raises(DataError, match="no value in any of 2 rows"):
        clean(of({"x": [1, 2], "y": pa.array([None, " "], pa.string())}), "y")
    with pytest.raises(DataError, match="no rows"):
        clean(of({"x": pa.array([], pa.int64())}), "x")
    with pytest.raises(DataError, match="unknown column 'yy'"):
        clean(of({"y": [1]}), "yy")
