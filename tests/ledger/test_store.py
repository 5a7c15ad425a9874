"""The ledger: it only grows, two writers never fork it, and meddling is found."""

import hashlib
import json
import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from mintmark.base.errors import DataError
from mintmark.ledger import Ledger


def append_many(url: str, name: str, n: int) -> None:
    ledger = Ledger(url)
    for i in range(n):
        ledger.append("run", f"{name}-{i}", "/out", {"i": i})


def test_a_new_file_in_a_new_folder(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "new" / "folder" / "l.sqlite"))
    assert ledger.append("run", "a", "/out", {}) == 1 and ledger.where.endswith("l.sqlite")


def test_numbers_count_up_from_one(place: Any) -> None:
    ledger = Ledger(place.url)
    assert [ledger.append("run", r, "/out", {"x": 1}) for r in "abc"] == [1, 2, 3]
    assert ledger.verify() == []


def test_hash_is_what_the_docs_say(ledger: Ledger, place: Any) -> None:
    rows = place.ask(f"SELECT seq, kind, run, folder, time, content, previous, hash FROM {place.entries} ORDER BY seq")
    assert len(rows) == 6
    link = ""
    for seq, kind, run, folder, at, content, previous, made in rows:
        entry = {"seq": seq, "kind": kind, "run": run, "folder": folder, "time": at, "content": content}
        text = link + json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert (previous, made) == (link, hashlib.sha256(text.encode()).hexdigest())
        link = made


def test_the_same_entry_again_is_not_written_twice(ledger: Ledger) -> None:
    again = ledger.append("run", "run2", "/out/2", {"value": 0.2, "task": "t"})
    assert again == 3 and len(ledger.runs()) == 6
    assert ledger.append("run", "run2", "/out/2", {"value": 0.3}) == 7
    assert ledger.append("run", "run2", "/out/2", {"value": 0.2, "task": "t"}) == 8  # the newest said something else


def test_runs_newest_first(ledger: Ledger) -> None:
    ledger.look("run0", "/out/0", "abc")
    assert [r["run"] for r in ledger.runs()] == ["run5", "run4", "run3", "run2", "run1", "run0"]
    newest = ledger.runs(limit=1)
    assert len(newest) == 1 and newest[0]["content"] == {"task": "t", "value": 0.5} and newest[0]["folder"] == "/out/5"


def test_has(ledger: Ledger) -> None:
    ledger.look("unfinished", "/out/9", "abc")
    assert ledger.has("run1", "/out/1")
    assert not ledger.has("run1", "/elsewhere") and not ledger.has("unfinished", "/out/9")


def test_looks_count_distinct_runs(ledger: Ledger) -> None:
    assert ledger.look("a", "/1", "rows") == 1
    assert ledger.look("a", "/1", "rows") == 1
    assert ledger.look("a", "/2", "rows") == 2
    assert ledger.look("b", "/2", "other rows") == 1
    assert ledger.look("b", "/2", "rows") == 3
    assert ledger.look("a", "/1", "rows") == 3
    assert ledger.verify() == []


def test_two_writers_at_once_keep_one_chain(place: Any) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append_many, args=(place.url, f"w{i}", 200)) for i in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0, 0]
    ledger = Ledger(place.url)
    runs = ledger.runs()
    assert len(runs) == 400 and {r["run"] for r in runs} == {f"w{w}-{i}" for w in range(2) for i in range(200)}
    assert [r["seq"] for r in runs] == list(range(400, 0, -1))
    assert ledger.verify() == []


def test_a_killed_writer_leaves_a_whole_chain(place: Any) -> None:
    spawn = multiprocessing.get_context("spawn")
    ledger = Ledger(place.url)
    writer = spawn.Process(target=append_many, args=(place.url, "w", 1_000_000))
    writer.start()
    end = time.monotonic() + 20
    while len(ledger.runs(limit=20)) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    assert writer.pid
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    after = ledger.append("run", "after", "/out", {})  # waits until a server has seen that the writer is gone
    assert after == len(ledger.runs()) > 20 and ledger.verify() == []


@pytest.mark.parametrize("verb", ["UPDATE {} SET content = '{{}}' WHERE seq = 2", "DELETE FROM {} WHERE seq = 2"])
def test_the_database_itself_refuses_changes(ledger: Ledger, place: Any, verb: str) -> None:
    with pytest.raises(Exception, match="append-only"):  # noqa: B017 (each driver has its own)
        place.ask(verb.format(place.entries))
    assert ledger.verify() == []


@pytest.mark.parametrize("field", ["content", "run", "folder", "time", "kind", "previous"])
def test_an_altered_field_is_found(ledger: Ledger, place: Any, field: str) -> None:
    place.meddle(f"UPDATE {{entries}} SET {field} = '[]' WHERE seq = 3")
    found = ledger.verify()
    assert len(found) == 1 and found[0].startswith("Entry 3 ") and "altered" in found[0]


def test_an_entry_altered_with_its_hash_breaks_the_next_link(ledger: Ledger, place: Any) -> None:
    ((kind, run, folder, at, previous),) = place.ask(
        f"SELECT kind, run, folder, time, previous FROM {place.entries} WHERE seq = 3"
    )
    entry = {"seq": 3, "kind": kind, "run": run, "folder": folder, "time": at, "content": "[]"}
    made = hashlib.sha256((previous + json.dumps(entry, sort_keys=True, separators=(",", ":"))).encode()).hexdigest()
    place.meddle(f"UPDATE {{entries}} SET content = '[]', hash = '{made}' WHERE seq = 3")
    found = ledger.verify()
    assert [f.split(" (")[0] for f in found] == ["Entry 3", "Entry 4"]
    assert "not what a run writes" in found[0] and "link" in found[1]


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("seq = 1", "Entry 1 is missing."),
        ("seq = 3", "Entry 3 is missing."),
        ("seq IN (3, 4)", "Entries 3 to 4 are missing."),
        ("seq = 6", "Entry 6 is missing."),
        ("seq > 0", "Entries 1 to 6 are missing."),
    ],
)
def test_a_deleted_entry_is_found(ledger: Ledger, place: Any, which: str, said: str) -> None:
    place.meddle(f"DELETE FROM {{entries}} WHERE {which}")
    assert ledger.verify() == [said]
    ledger.append("run", "later", "/out", {})  # its number is not given again
    assert ledger.verify() == [said]


def test_two_swapped_entries_are_found(ledger: Ledger, place: Any) -> None:
    swap = "UPDATE {{entries}} SET seq = {to} WHERE seq = {of}"
    place.meddle(swap.format(of=2, to=99), swap.format(of=4, to=2), swap.format(of=99, to=4))
    found = ledger.verify()
    assert [f.split(" (")[0] for f in found if "altered" in f] == ["Entry 2", "Entry 4"]


def test_records_are_compared(place: Any, tmp_path: Path) -> None:
    ledger, record = Ledger(place.url), tmp_path / "out" / "record.json"
    record.parent.mkdir()
    record.write_text('{"value": 1}')
    content = {"record": str(record), "record_sha256": hashlib.sha256(record.read_bytes()).hexdigest()}
    ledger.append("run", "a", str(record.parent), content)
    assert ledger.verify() == []
    record.write_text('{"value": 2}')
    (said,) = ledger.verify()
    assert "Entry 1 (run a)" in said and "altered" in said and str(record) in said
    record.unlink()
    (said,) = ledger.verify()
    assert "missing" in said and "the chain itself holds" in said
    assert ledger.verify(records=False) == []


def test_what_is_no_json_is_refused(ledger: Ledger) -> None:
    with pytest.raises(DataError, match="no JSON"):
        ledger.append("run", "a", "/out", {"x": float("nan")})
    with pytest.raises(DataError, match="no JSON"):
        ledger.append("run", "a", "/out", {"x": {1, 2}})
    assert len(ledger.runs()) == 6


def test_a_folder_whose_name_is_no_text(ledger: Ledger) -> None:
    with pytest.raises(DataError, match="the ledger cannot be used|no text"):
        ledger.append("run", "a", "/out/\udcff", {})
    assert len(ledger.runs()) == 6 and ledger.verify() == []


def test_damaged_foreign_and_newer_files(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"this is no database, " * 100)
    with pytest.raises(DataError, match=r"not a database.*Try: .*MINTMARK_LEDGER") as caught:
        Ledger(str(path))
    assert caught.value.where == str(path) and path.read_bytes().startswith(b"this is no")
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE entries (a)")
    with pytest.raises(DataError, match="something else"):
        Ledger(str(foreign))
    newer = Ledger(str(tmp_path / "newer.sqlite"))
    with sqlite3.connect(newer.where) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(DataError, match=r"format 2.*upgrade"):
        Ledger(newer.where)


def test_a_page_that_is_damaged_is_said(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "l.sqlite"))
    ledger.append("run", "a", "/out", {})
    content = bytearray((tmp_path / "l.sqlite").read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    (tmp_path / "l.sqlite").write_bytes(content)
    with pytest.raises(DataError, match="malformed"):
        ledger.verify()


def test_places_that_cannot_hold_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"folder cannot be made.*Try: a path in a folder"):
        Ledger(str(tmp_path / "file" / "l.sqlite"))
    with pytest.raises(DataError, match="unable to open"):
        Ledger(str(tmp_path))
    with pytest.raises(DataError, match=r"unknown kind of ledger 'postgersql'.*did you mean 'postgresql'"):
        Ledger("postgersql://somewhere/ledger")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "l.sqlite"))
    ledger.append("run", "a", "/out", {})
    (tmp_path / "l.sqlite").chmod(0o444)
    again = Ledger(ledger.where)
    assert len(again.runs()) == 1 and again.verify() == []
    with pytest.raises(DataError, match=r"readonly.*Try: a path in a folder that you can write to"):
        again.append("run", "x", "/out", {})


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MINTMARK_LEDGER", raising=False)
    assert Ledger.default().where == str(tmp_path / "home" / "ledger.sqlite")
    monkeypatch.setenv("MINTMARK_LEDGER", f"sqlite:///{tmp_path}/elsewhere.sqlite")
    assert Ledger.default().where == str(tmp_path / "elsewhere.sqlite")


def test_nothing_of_an_address_but_its_password_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_LEDGER", "postgresql://team:s3cret@127.0.0.1:1/ledger")  # nobody listens there
    with pytest.raises(DataError, match="Connection refused") as caught:
        Ledger.default()
    assert caught.value.where == "postgresql://team:***@127.0.0.1:1/ledger" and "s3cret" not in str(caught.value)
    monkeypatch.setenv("MINTMARK_LEDGER", "postgresql://team:s3cret@127.0.0.1:port/ledger")
    with pytest.raises(DataError, match="no address of a database") as caught:
        Ledger.default()
    assert "s3cret" not in str(caught.value)
