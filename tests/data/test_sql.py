"""Databases: what a query gives comes out as columns of the usual types, and nothing is ever written to one."""

import hashlib
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import postgres
import pytest
from postgres import PASSWORD, Cluster

from mintmark.base import url as address
from mintmark.base.errors import DataError, MintmarkError, MissingExtra, RecipeError
from mintmark.data import query
from mintmark.data.source import Read, read
from mintmark.recipe import schema

pytest.importorskip("adbc_driver_sqlite")
cluster, database = postgres.cluster, postgres.database


def values(url: str, sql: str, folder: Path | None = None, **options: Any) -> dict[str, list[Any]]:
    made: dict[str, list[Any]] = read(url, Read(query=sql, **options), folder)[0].table().to_pydict()
    return made


def refused(url: str, sql: str, kind: type[MintmarkError] = DataError, folder: Path | None = None) -> MintmarkError:
    with pytest.raises(kind) as caught:
        read(url, Read(query=sql), folder)
    assert type(caught.value) is kind and caught.value.what and caught.value.where and caught.value.fix
    return caught.value


# --- the query itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept", "ordered"),
    [
        ("select 1", "select 1", False),
        ("  SELECT a FROM b ORDER\n BY c ;  -- done\n", "SELECT a FROM b ORDER\n BY c", True),
        ("with x as (select 1 order by 1) select * from x", None, False),
        ("select sum(a) over (order by b) from c", None, False),
        ("select ';' as \"a;b\" /* ; */ from t -- ; order by x", "select ';' as \"a;b\" /* ; */ from t", False),
        (
            "select $$a;b$$, $t$;$t$, E'\\';' from t order by 1;;",
            "select $$a;b$$, $t$;$t$, E'\\';' from t order by 1",
            True,
        ),
        ("(select 1)", None, False),
        ("values (1), (2)", None, False),
    ],
)
def test_one_select_is_taken_without_its_tail(text: str, kept: str | None, ordered: bool) -> None:
    assert query.parse(text) == query.Query(kept or text, ordered)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1; drop table t", "more than one statement: 'drop'"),
        ("select 1;\n-- and then\nselect 2", "more than one statement: 'select'"),
        ("insert into t values (1)", "begins with 'insert'"),
        ("DELETE FROM t", "begins with 'DELETE'"),
        ("/* select */ update t set a = 1", "begins with 'update'"),
        ("pragma writable_schema = 1", "begins with 'pragma'"),
        ("attach 'x.db' as x", "begins with 'attach'"),
        ("-- nothing", "is empty"),
        ("'select'", "begins with"),
    ],
)
def test_anything_else_is_refused_before_a_database_sees_it(text: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        query.parse(text)
    assert said in caught.value.what and caught.value.where == "read.query" and caught.value.fix


# --- addresses and passwords ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@host/db",
        "postgresql://me:s3cret@h1:1,h2:2/db?sslmode=require",
        "postgresql://me:x:/s3cret@y@host:5432/db",
        "postgresql://host/db?user=me&password=s3cret&sslmode=off",
        "postgresql://me@host/db?sslpassword=s3cret",
        "postgresql://me:${AWS_s3cret_KEY}@host/db",  # not sent to whatever host a recipe names
    ],
)
def test_a_password_in_a_recipe_is_refused_and_shown_nowhere(url: str) -> None:
    assert "s3cret" not in address.masked(url) and "***" in address.masked(url) and "/db" in address.masked(url)
    with pytest.raises(RecipeError, match="holds a password") as caught:
        schema.parse({"task": "tabular_classification", "data": url}, "r.toml")
    assert "s3cret" not in str(caught.value) and "PGPASSWORD" in caught.value.fix
    with pytest.raises(RecipeError, match="holds a password"):
        schema.parse({"task": "tabular_classification", "test": url}, "r.toml")


def test_a_variable_for_a_password_may_stand_in_a_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://me:${SHOP_PASSWORD}@host/db"
    assert schema.parse({"task": "tabular_classification", "data": url}, "").as_dict()["data"] == url
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    assert address.filled(url) == "postgresql://me:a%2Fb%40c%3Ad%25e%20f@host/db"
    assert address.hidden(f"no {PASSWORD} or a%2Fb%40c%3Ad%25e%20f", address.filled(url)) == "no *** or ***"
    monkeypatch.delenv("SHOP_PASSWORD")
    assert "SHOP_PASSWORD is not set" in refused(url, "select 1", RecipeError).what
    assert address.masked(url) == url, "its name is no secret"


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("postgrsql://me@host/db", "did you mean 'postgresql'?"),
        ("sqlit:///shop.db", "did you mean 'sqlite'?"),
        ("sqlite:shop.db", "sqlite:///"),
        ("sqlite://shop.db", "sqlite:///shop.db"),
        ("postgresql:me@host/db", "postgresql://user@host/database"),
        ("mysql://me:s3cret@host/db", "one of those listed."),
    ],
)
def test_a_misspelt_address_names_the_nearest(url: str, fix: str) -> None:
    error = refused(url, "select 1")
    assert fix in error.fix and "s3cret" not in str(error)


def test_what_the_command_line_names_lies_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = schema.changed({"task": "t"}, data="sqlite:///shop.db", folder=tmp_path / "recipes")
    assert made.data == "sqlite:///../shop.db"
    whole = f"sqlite:///{tmp_path}/shop.db"
    assert schema.changed({"task": "t"}, data=whole, folder=Path("x")).data == whole


def test_a_missing_library_names_its_extra(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("adbc_driver_manager", "adbc_driver_manager.dbapi"):
        monkeypatch.setitem(sys.modules, module, None)
    assert refused(f"sqlite:///{shop}", "select 1", MissingExtra).fix == "pip install 'mintmark[sql]'"


# --- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE orders (id INTEGER PRIMARY KEY, amount DECIMAL(10, 2), paid BOOLEAN, day DATE, at TIMESTAMP,
                                 code TEXT, note TEXT, raw BLOB, ratio REAL);
            INSERT INTO orders VALUES
              (1, 12.5, 1, '2024-01-05', '2024-01-05 08:30:00', '007', 'first', x'00ff', 1),
              (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (3, 3, 0, '2024-02-29', '2024-02-29 23:59:59.25', '008', '张伟', x'01', 0.5);
            CREATE VIEW paid AS SELECT id FROM orders WHERE paid;
            """
        )
    return path


def test_sqlite_types(shop: Path) -> None:
    rows, notes = read("sqlite:///shop.db", Read(query="select * from orders order by id"), shop.parent)
    kinds = "int64 double bool timestamp[us] timestamp[us] string string binary double".split()
    assert [str(t) for t in rows.schema.types] == kinds and notes == []
    assert all(column.num_chunks == 1 for column in rows.content.columns)
    assert rows.table().to_pydict() == {
        "id": [1, 2, 3],
        "amount": [12.5, None, 3.0],
        "paid": [True, None, False],
        "day": [datetime(2024, 1, 5), None, datetime(2024, 2, 29)],
        "at": [datetime(2024, 1, 5, 8, 30), None, datetime(2024, 2, 29, 23, 59, 59, 250000)],
        "code": ["007", None, "008"],
        "note": ["first", None, "张伟"],
        "raw": [b"\0\xff", None, b"\1"],
        "ratio": [1.0, None, 0.5],
    }
    assert values(f"sqlite:///{shop}", "select day from orders where id = 1", text=("day",)) == {"day": ["2024-01-05"]}
    assert values(f"sqlite:///{shop}", "select note from orders order by id", missing=("first",))["note"][0] is None


def test_a_column_of_sqlite_may_change_its_kind_late(tmp_path: Path) -> None:
    """After 2,000 rows of one kind, which is more than the driver looks at."""
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE t (i, f, s, n, b)")
        rows: list[Any] = [(1, 1, None, None, 5)] * 2000 + [(2, 1234567.891, "x", 2**60, b"\0")]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    url = f"sqlite:///{tmp_path}/t.db"
    rows_, notes = read(url, Read(query="select i, f, s, n from t order by i"))
    assert [str(t) for t in rows_.schema.types] == ["int64", "double", "string", "int64"] and notes == []
    last = rows_.table().slice(2000).to_pylist()
    assert last == [{"i": 2, "f": 1234567.891, "s": "x", "n": 2**60}]
    assert str(read(url, Read(query="select b from t"))[0].schema.field("b").type) == "binary"


def test_numbers_and_words_in_one_column_of_sqlite(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.db") as connection:
        connection.execute("CREATE TABLE t (age, half)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, i) for i in range(97)] + [("n. a.", "x")] * 3)
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(1.5, "y")] * 90)
    rows, notes = read(f"sqlite:///{tmp_path}/t.db", Read(query="select age, half from t"))
    assert [str(t) for t in rows.schema.types] == ["double", "string"] and rows.table()["age"].null_count == 3
    assert "'n. a.' is not a number; 3 of 190 values" in notes[0] and "kept as text" in notes[1]


def test_rows_without_an_order_do_not_hang_on_how_they_lie(shop: Path) -> None:
    sql, url = "select id, note from orders", f"sqlite:///{shop}"
    before = read(url, Read(query=sql))[0].table()
    with sqlite3.connect(shop) as connection:
        connection.execute("UPDATE orders SET id = 10 - id")
        connection.execute("UPDATE orders SET id = 4 - (10 - id)")
        connection.execute("UPDATE orders SET note = CASE id WHEN 3 THEN 'first' WHEN 1 THEN '张伟' END")
        connection.execute("CREATE TABLE turned AS SELECT 4 - id AS id, note FROM orders ORDER BY note")
    assert read(url, Read(query="select id, note from turned"))[0].table() == before
    assert values(url, "select id from orders order by id desc") == {"id": [3, 2, 1]}


def test_sqlite_is_only_read(shop: Path) -> None:
    content = hashlib.sha256(shop.read_bytes()).hexdigest()
    url = f"sqlite:///{shop}"
    refused(url, "with x as (select 1) insert into orders (id) select * from x")
    refused(url, "with x as (select 1) delete from orders")
    refused(url, "select load_extension('x')")
    refused(url, "select ?")
    for sql in ("delete from orders", "drop table orders", "select 1; delete from orders", "vacuum into 'copy.db'"):
        refused(url, sql, RecipeError)
    values(url, "select count(*) as n from paid")
    assert hashlib.sha256(shop.read_bytes()).hexdigest() == content
    assert sorted(p.name for p in shop.parent.iterdir()) == ["shop.db"]


@pytest.mark.parametrize(
    ("sql", "said", "fix"),
    [
        ("select * from order", "syntax error", "sqlite3"),
        ("select * from ordres", "no such table: ordres", "did you mean 'orders'?"),
        ("select * from customers_of_last_year", "no such table", "one of: orders, paid."),
        ("select amuont from orders", "no such column", "sqlite3"),
        ("select id, id from orders", "'id' occurs more than once", "as"),
        ("select * from orders where false", "gives no rows", "where"),
        ("select cast(x'c3' as text) as name", "no UTF-8", "blob"),
    ],
)
def test_queries_that_sqlite_cannot_answer(shop: Path, sql: str, said: str, fix: str) -> None:
    error = refused(f"sqlite:///{shop}", sql)
    assert said in str(error) and fix in error.fix


def test_files_that_are_no_database(shop: Path) -> None:
    (shop.parent / "orders.csv").write_text("a,b\n1,2\n" * 100)
    assert "not a database" in refused(f"sqlite:///{shop.parent}/orders.csv", "select 1").what
    assert refused("sqlite:///shpo.db", "select 1", folder=shop.parent).fix == "did you mean 'shop.db'?"
    assert "is no file" in refused(f"sqlite:///{shop.parent}", "select 1").what
    assert f"sqlite:///{shop}" in refused("sqlite://" + str(shop), "select 1").fix, "a slash is missing"
    assert "sqlite:///" in refused(str(shop), "").fix, "the file alone"
    content = bytearray(shop.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    shop.write_bytes(content)
    assert "malformed" in refused(f"sqlite:///{shop}", "select * from orders").what


def test_a_database_without_a_query_names_its_tables(shop: Path) -> None:
    error = refused(f"sqlite:///{shop}", " ", RecipeError)
    assert "orders, paid" in error.what and "select * from orders" in error.fix


def test_a_database_that_is_being_written_to(shop: Path) -> None:
    writer = sqlite3.connect(shop, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("DELETE FROM orders")
    assert values(f"sqlite:///{shop}", "select count(*) as n from orders") == {"n": [3]}
    writer.execute("COMMIT")
    assert values(f"sqlite:///{shop}", "select count(*) as n from orders") == {"n": [0]}
    writer.close()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(database: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database with a table, without its password, which is in the environment."""
    import psycopg

    pytest.importorskip("adbc_driver_postgresql")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('low', 'high')")
        connection.execute("CREATE SEQUENCE counter")
        connection.execute(
            """CREATE TABLE orders (id smallint, big bigint, amount numeric(10, 2), price float8, paid bool, day date,
            at timestamp, seen timestamptz, clock time, took interval, code char(5), note text, feels mood, raw bytea,
            key uuid, extra jsonb, tags text[], ip inet, cash money)"""
        )
        connection.execute(
            """INSERT INTO orders VALUES
            (1, 9007199254740993, 12.34, 1.5, true, '2024-01-05', '2024-01-05 08:30:00.25', '2024-01-05 08:30+08',
             '08:30', '1 day 02:00', '007', '张伟', 'high', '\\x00ff', '8e8bbed8-e827-4de1-83d3-62e64e122a02',
             '{"a": 1}', '{x,y}', '10.0.0.1', 12.5)"""
        )
        connection.execute("INSERT INTO orders (id) VALUES (2)")
        connection.execute("INSERT INTO orders (id, amount, day, at) VALUES (3, 'NaN', 'infinity', '-infinity')")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    yield cluster.url(database.rpartition("/")[2], password=None)


@pytest.mark.slow
def test_postgresql_types(server: str) -> None:
    sql = "select *, null as nothing from orders order by id"
    names = "id big amount price paid day at seen clock took code note feels raw key extra tags".split()
    rows, notes = read(server, Read(query=sql.replace("*", ", ".join(names))))
    first, second, third = rows.table().to_pylist()
    assert first == {
        "id": 1, "big": 9007199254740993, "amount": 12.34, "price": 1.5, "paid": True, "day": datetime(2024, 1, 5),
        "at": datetime(2024, 1, 5, 8, 30, 0, 250000), "seen": datetime(2024, 1, 5, 0, 30), "clock": "08:30:00.000000",
        "took": 93600.0, "code": "007", "note": "张伟", "feels": "high", "raw": b"\0\xff",
        "key": "8e8bbed8-e827-4de1-83d3-62e64e122a02", "extra": '{"a": 1}', "tags": ["x", "y"], "nothing": None,
    }  # fmt: skip
    assert {k: v for k, v in second.items() if v is not None} == {"id": 2}
    assert third["amount"] != third["amount"] and third["day"] is None and third["at"] is None
    assert [n.split(":")[0] for n in notes] == ["column 'day'", "column 'at'"]
    kinds = {f.name: str(f.type) for f in rows.schema}
    assert [
        kinds[n] for n in ("id", "amount", "paid", "day", "seen")
    ] == "int64 double bool timestamp[us] timestamp[us]".split()
    assert "inet" in refused(server, "select ip from orders").what
    assert "cash::numeric" in refused(server, "select cash from orders").fix


@pytest.mark.slow
def test_postgresql_is_only_read(server: str, database: str) -> None:
    import psycopg

    for sql in (
        "with gone as (delete from orders returning *) select * from gone",
        "select * into copy from orders",
        "select set_config('transaction_read_only', 'off', true)",
        "select id from orders for update",
        "select nextval('counter')",
    ):
        assert refused(server, sql).fix == "one SELECT; a database is only read."
    values(server, "select lo_create(4711) as made")  # what a server lets pass is undone
    refused(server, "select 1; delete from orders", RecipeError)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(3,)]
        assert connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchall() == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "said", "fix"),
    [
        ("select * from ordres", "no such table: ordres", "did you mean 'orders'?"),
        ("select * from customers_of_last_year", "no such table", "one of: orders."),
        ("select amuont from orders", 'column "amuont" does not exist', "psql"),
        ("select * from order", "syntax error", "psql"),
        ("select from orders", "gives no columns", "*"),
        ("select id, id from orders", "'id' occurs more than once", "as"),
        ("select * from orders where false", "gives no rows", "where"),
        ("select 1 / (id - 2) from orders", "division by zero", "psql"),
        ("select $1", "no parameter", "psql"),
        ("select pg_terminate_backend(pg_backend_pid())", "terminating connection", "again"),
    ],
)
def test_queries_that_postgresql_cannot_answer(server: str, sql: str, said: str, fix: str) -> None:
    names = "select id from orders where false" if "where false" in sql else sql
    error = refused(server, names)
    assert said in str(error) and fix in error.fix and PASSWORD not in str(error)


@pytest.mark.slow
def test_no_way_into_postgresql(server: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "orders" in refused(server, "", RecipeError).what
    assert "does not exist" in refused(cluster.url("nowhere", password=None), "select 1").what
    assert "Connection refused" in refused("postgresql://me@127.0.0.1:1/db", "select 1").what
    monkeypatch.setenv("WRONG_PASSWORD", "not the/password")
    named = server.replace("@", ":${WRONG_PASSWORD}@")
    error = refused(named, "select 1")
    assert "password authentication failed" in error.what and "~/.pgpass" in error.fix
    assert "not the" not in str(error) and "not%20the" not in str(error)
    monkeypatch.delenv("PGPASSWORD")
    assert "no password" in refused(server, "select 1").what
    monkeypatch.setenv("WRONG_PASSWORD", "a b")
    assert "a b" not in str(refused("postgresql://me:${WRONG_PASSWORD}@[::1/x", "select 1"))


@pytest.mark.slow
def test_the_password_from_a_file(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text("127.0.0.1:*:*:mint:" + PASSWORD.replace(":", "\\:") + "\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert values(server, "select count(*) as n from orders") == {"n": [3]}


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        url = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/db?connect_timeout=2"
        assert "timeout expired" in refused(url, "select 1").what
        assert time.monotonic() - start < 20


@pytest.mark.slow
def test_both_databases_give_the_same_rows_each_time(server: str, database: str, tmp_path: Path) -> None:
    """The data's hash: it must not hang on where the rows lie, nor on who adds the floats."""
    import psycopg

    rows = [(i % 7, 1 / (i + 1)) for i in range(60_000)]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (k bigint, x float8)")
        with connection.cursor().copy("COPY t FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("ALTER TABLE t SET (parallel_workers = 4)")
        connection.execute("ANALYZE t")
    with sqlite3.connect(tmp_path / "t.db") as lite:
        lite.execute("CREATE TABLE t (k INTEGER, x REAL)")
        lite.executemany("INSERT INTO t VALUES (?, ?)", rows)
    sql = "select k, x from t where x > 0.001"
    hashes = {read(server, Read(query=sql))[0].hash() for _ in range(2)}
    assert hashes == {read(f"sqlite:///{tmp_path}/t.db", Read(query=sql))[0].hash()}
    grouped = "select k, sum(x) as total, (random() * 1e6)::int as dice from t group by k"
    assert len({read(server, Read(query=grouped))[0].hash() for _ in range(3)}) == 1
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE t SET x = x WHERE k = 3")  # these rows lie elsewhere now
    assert read(server, Read(query=sql))[0].hash() in hashes


@pytest.mark.slow
def test_a_database_in_another_encoding_gives_its_letters(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE west ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert values(cluster.url("west", password=None), "select 'M' || chr(252) || 'ller' as name") == {
        "name": ["Müller"]
    }


# --- a whole run ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_from_a_database_keeps_no_password(
    server: str,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psycopg
    import pyarrow.csv as arrow_csv

    from mintmark import api
    from mintmark.base.record import RunRecord

    monkeypatch.setattr(api, "CALL_S", 0.02)
    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE cases (x float8, y float8, label text)")
        connection.execute(
            """INSERT INTO cases SELECT x, y, CASE WHEN x + y > 0 THEN 'yes' ELSE 'no' END
            FROM (SELECT sin(i) AS x, cos(i * 1.3) AS y FROM generate_series(1, 400) AS i) AS made"""
        )
    recipe = {
        "task": "tabular_classification",
        "data": server.replace("@", ":${SHOP_PASSWORD}@"),
        "target": "label",
        "read": {"query": "select x, y, label from cases"},
        "settings": {"model": "logistic_regression"},
    }
    made = api.run(recipe, out=tmp_path / "runs")
    assert made.measures["evaluate.roc_auc"] > 0.95
    for path in (tmp_path / "runs").rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes() and b"a%2Fb" not in path.read_bytes(), path
    record = RunRecord.load(made.folder / "record.json")
    rows = read(recipe["data"], Read(query=recipe["read"]["query"]))[0]  # type: ignore[arg-type, index]
    arrow_csv.write_csv(rows.table(), tmp_path / "cases.csv")
    same = api.run(recipe | {"data": str(tmp_path / "cases.csv"), "read": {}}, out=tmp_path / "others")
    assert same.record.data_hash == record.data_hash and same.record.test_hash == record.test_hash
    assert api.run(recipe, out=tmp_path / "runs").record.data_hash == record.data_hash
    assert os.environ["PGPASSWORD"] == PASSWORD
