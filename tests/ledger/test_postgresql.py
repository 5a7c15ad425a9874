"""The ledger on a server: who may write, who waits, and what a crash of the server leaves."""

import multiprocessing
import time
from typing import Any

import pytest
from postgres import PASSWORD, Cluster

from mintmark.base.errors import DataError
from mintmark.ledger import Ledger, postgresql

pytestmark = pytest.mark.slow


def refused(url: str) -> DataError:
    with pytest.raises(DataError) as caught:
        Ledger(url)
    assert PASSWORD not in str(caught.value) and "wrong pass" not in str(caught.value) and caught.value.fix
    assert ":***@" in caught.value.where
    return caught.value


def append_until_it_fails(url: str, done: Any) -> None:
    ledger, i = Ledger(url), 0
    try:
        while True:
            i = ledger.append("run", f"r{i}", "/out", {})
            done.value = i
    except DataError:
        pass


def ask(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_no_way_in(cluster: Cluster) -> None:
    assert "password authentication failed" in refused(cluster.url(password="wrong pass")).what
    assert "does not exist" in refused(cluster.url("nowhere")).what
    assert "PGPASSWORD" in refused(cluster.url(password="wrong pass")).fix
    with pytest.raises(DataError, match="no password supplied"):
        Ledger(cluster.url(password=None))


def test_the_password_from_the_environment(database: str, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    name = database.rpartition("/")[2]
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert Ledger(cluster.url(name, password=None)).append("run", "a", "/out", {}) == 1
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("LEDGER_PASSWORD", PASSWORD)
    named = cluster.url(name, password=None).replace("@", ":${LEDGER_PASSWORD}@")
    assert len(Ledger(named).runs()) == 1


def test_a_database_of_something_else_and_a_newer_ledger(database: str) -> None:
    ask(database, "CREATE SCHEMA mintmark", "CREATE TABLE mintmark.entries (a int)")
    assert "of something else" in refused(database).what
    ask(database, "COMMENT ON TABLE mintmark.entries IS 'mintmark ledger, format 2'")
    assert "format 2" in refused(database).what


def test_other_tables_of_the_database_are_left_alone(database: str) -> None:
    ask(database, "CREATE TABLE entries (a int)", "INSERT INTO entries VALUES (1)")
    ledger = Ledger(database)
    ledger.append("run", "a", "/out", {})
    assert ledger.verify() == []


def test_even_its_owner_cannot_change_count_back_or_empty_it(database: str) -> None:
    ledger = Ledger(database)
    for run in "abc":
        ledger.append("run", run, "/out", {})
    for statement in (
        "UPDATE mintmark.entries SET run = 'x'",
        "DELETE FROM mintmark.entries",
        "TRUNCATE mintmark.entries",
        "UPDATE mintmark.counted SET last = 2",
        "DELETE FROM mintmark.counted",
        "TRUNCATE mintmark.counted",
    ):
        with pytest.raises(Exception, match="append-only"):  # noqa: B017
            ask(database, statement)
    assert ledger.verify() == [] and ledger.append("run", "d", "/out", {}) == 4


def test_a_damaged_count_is_said(database: str) -> None:
    ledger = Ledger(database)
    ledger.append("run", "a", "/out", {})
    ask(database, "DROP TRIGGER counts ON mintmark.counted", "DELETE FROM mintmark.counted")
    with pytest.raises(DataError, match="damaged"):
        ledger.append("run", "b", "/out", {})
    ask(database, "DROP TABLE mintmark.counted")
    with pytest.raises(DataError, match=r"does not exist.*Try: a copy from your backup"):
        ledger.append("run", "b", "/out", {})


def test_a_user_who_may_only_read(database: str, cluster: Cluster) -> None:
    ledger = Ledger(database)
    ledger.append("run", "a", "/out", {})
    name = database.rpartition("/")[2]
    ask(
        database,
        f"CREATE ROLE reader_{name} LOGIN PASSWORD 'reads'",
        f"GRANT USAGE ON SCHEMA mintmark TO reader_{name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA mintmark TO reader_{name}",
    )
    reader = Ledger(cluster.url(name, user=f"reader_{name}", password="reads"))
    assert len(reader.runs()) == 1 and reader.verify() == []
    with pytest.raises(DataError, match=r"permission denied.*Try: see the rights"):
        reader.append("run", "b", "/out", {})
    ask(
        database,
        f"GRANT INSERT ON mintmark.entries TO reader_{name}",
        f"GRANT UPDATE ON mintmark.counted TO reader_{name}",
    )
    assert reader.append("run", "b", "/out", {}) == 2 and ledger.append("run", "c", "/out", {}) == 3
    assert reader.look("b", "/out", "rows") == 1 and ledger.verify() == []


def test_who_waits_too_long_is_told_and_reading_waits_for_nobody(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    ledger = Ledger(database)
    ledger.append("run", "a", "/out", {})
    monkeypatch.setattr(postgresql, "WAIT_S", 1)
    with psycopg.connect(database) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({postgresql.MARK})")
        with pytest.raises(DataError, match=r"it is locked.*held the ledger for 1 s"):
            ledger.append("run", "b", "/out", {})
        assert len(ledger.runs()) == 1 and ledger.verify() == []
    assert ledger.append("run", "b", "/out", {}) == 2


def test_a_crash_of_the_server_keeps_what_was_acknowledged(database: str, cluster: Cluster) -> None:
    spawn = multiprocessing.get_context("spawn")
    done = spawn.Value("i", 0)
    writer = spawn.Process(target=append_until_it_fails, args=(database, done))
    writer.start()
    end = time.monotonic() + 30
    while done.value < 20 and time.monotonic() < end:
        time.sleep(0.01)
    cluster.stop()
    try:
        writer.join(30)
    finally:
        cluster.start()
    ledger = Ledger(database)
    assert writer.exitcode == 0 and len(ledger.runs()) >= done.value >= 20
    assert ledger.verify() == [] and ledger.append("run", "after", "/out", {}) == len(ledger.runs())


def test_two_that_make_the_same_ledger_at_once(database: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = pool.starmap(first, [(database, name) for name in "abc"])
    assert sorted(made) == [1, 2, 3] and Ledger(database).verify() == []


def first(url: str, name: str) -> int:
    return Ledger(url).append("run", name, "/out", {})


def test_what_is_rolled_back_leaves_no_gap(cluster: Cluster) -> None:
    """In a database of Western letters a Chinese text fails where it is written, once its number was given."""
    ask(cluster.url(), "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    ledger = Ledger(cluster.url("latin"))
    assert ledger.append("run", "a", "/out", {"name": "Müller"}) == 1
    with pytest.raises(DataError, match="no equivalent in encoding"):
        ledger.append("run", "b", "/out", {"name": "张伟"})
    assert ledger.append("run", "b", "/out", {}) == 2 and ledger.verify() == []
