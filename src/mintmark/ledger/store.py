"""The ledger's file: one table that only grows, written by one process at a time.

Each entry holds the hash of the one before it, so that an entry that is changed, taken out or moved is found. Whoever
can write the file can also write a whole new one: a hash chain shows meddling with a part, not a forgery of the whole.
SQLite's rollback journal is kept (no WAL): the ledger stays one file, which a kill at any moment leaves whole, and
which can lie on a network folder.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import DataError
from mintmark.base.place import home

if TYPE_CHECKING:
    import sqlalchemy as sa

MARK = 0x4D4D4C47  # "MMLG", in the header of the file
FORMAT = 1
WAIT_S = 60
APPEND_ONLY = """CREATE TRIGGER IF NOT EXISTS no_{verb} BEFORE {verb} ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""


class Ledger:
    """Entries in a SQLite file: `url` is a path or sqlite:///path.

    Raises: DataError, here and in every method: the file cannot be opened, is damaged, or is no ledger of ours.
    """

    def __init__(self, url: str) -> None:
        import sqlalchemy as sa

        scheme, colon, rest = url.partition("://")
        if colon and scheme != "sqlite":
            fix = "a path, or sqlite:///path."
            raise DataError(f"a ledger in {scheme!r} is not supported; SQLite is.", where="ledger", fix=fix)
        self.path = Path(rest.removeprefix("/") if colon else url).expanduser()
        self._entries = _table()
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self.path)), poolclass=sa.NullPool, connect_args={"timeout": WAIT_S}
        )
        sa.event.listen(self._engine, "connect", _prepare)
        self._open()

    @classmethod
    def default(cls) -> "Ledger":
        """Where `$MINTMARK_LEDGER` (a path or URL) says, else `ledger.sqlite` among this user's own things."""
        return cls(os.environ.get("MINTMARK_LEDGER") or str(home() / "ledger.sqlite"))

    def append(self, kind: str, run: str, folder: str, content: dict[str, Any]) -> int:
        """The entry's number; the same number again where the newest of this kind, run and folder says just this.

        Raises: DataError: the content is no JSON.
        """
        text = _canonical(content)
        with self._writing() as connection:
            return self._append(connection, kind, run, folder, text)

    def look(self, run: str, folder: str, test_hash: str) -> int:
        """How many distinct runs have opened these test rows by now; this one is written down and counted."""
        import sqlalchemy as sa

        e, text = self._entries.c, _canonical({"test_hash": test_hash})
        same = sa.select(e.run, e.folder).where(e.kind == "look", e.content == text).distinct()
        with self._writing() as connection:
            if not connection.execute(same.where(e.run == run, e.folder == folder)).first():
                self._append(connection, "look", run, folder, text)
            return int(connection.execute(sa.select(sa.func.count()).select_from(same.subquery())).scalar_one())

    def looked(self, run: str, folder: str, test_hash: str) -> bool:
        """Whether this run wrote down here that it opened these test rows."""
        import sqlalchemy as sa

        e, text = self._entries.c, _canonical({"test_hash": test_hash})
        mine = sa.select(e.seq).where(e.kind == "look", e.run == run, e.folder == folder, e.content == text).limit(1)
        with self._reading() as connection:
            return connection.execute(mine).first() is not None

    def runs(self, limit: int | None = None) -> list[dict[str, Any]]:
        """The entries of runs, newest first: seq, time, run, folder, and what the run wrote there."""
        import sqlalchemy as sa

        e = self._entries.c
        wanted = sa.select(e.seq, e.time, e.run, e.folder, e.content).where(e.kind == "run")
        with self._reading() as connection:
            rows = connection.execute(wanted.order_by(e.seq.desc()).limit(limit)).all()
        try:
            return [dict(r._mapping) | {"content": json.loads(r.content)} for r in rows]
        except ValueError as exc:
            raise DataError(
                "an entry's content is no JSON.", where=str(self.path), fix="mintmark runs --verify"
            ) from exc

    def has(self, run: str, folder: str) -> bool:
        """Whether this run is entered."""
        import sqlalchemy as sa

        e = self._entries.c
        wanted = sa.select(e.seq).where(e.kind == "run", e.run == run, e.folder == folder).limit(1)
        with self._reading() as connection:
            return connection.execute(wanted).first() is not None

    def verify(self, records: bool = True) -> list[str]:
        """A sentence for each entry that is missing, altered or out of its place; nothing where the chain holds.

        With `records`, also for each run whose record file is gone or is not the one that was entered.
        """
        import sqlalchemy as sa

        found: list[str] = []
        seq, link = 0, ""
        with self._reading() as connection:
            last = self._last_seq(connection)
            for row in connection.execute(sa.select(self._entries).order_by(self._entries.c.seq)):
                missing = row.seq > seq + 1
                if missing:
                    found.append(_missing(seq + 1, row.seq - 1))
                if _hash(row.previous, row.seq, row.kind, row.run, row.folder, row.time, row.content) != row.hash:
                    found.append(
                        f"Entry {row.seq} ({row.kind} {row.run}) was altered: its content does not give its hash."
                    )
                elif row.previous != link and not missing:
                    found.append(
                        f"Entry {row.seq} ({row.kind} {row.run}) does not follow entry {seq}: the link is broken."
                    )
                elif records and row.kind == "run":
                    found += _record(row)
                seq, link = row.seq, row.hash
        return found + ([_missing(seq + 1, last)] if last > seq else [])

    # --- one writer at a time ----------------------------------------------------------------------------------------

    def _append(self, connection: "sa.Connection", kind: str, run: str, folder: str, text: str) -> int:
        import sqlalchemy as sa

        e = self._entries.c
        same = sa.select(e.seq, e.content).where(e.kind == kind, e.run == run, e.folder == folder)
        newest = connection.execute(same.order_by(e.seq.desc()).limit(1)).first()
        if newest and newest.content == text:
            return int(newest.seq)
        last = connection.execute(sa.select(e.hash).order_by(e.seq.desc()).limit(1)).first()
        previous, seq = last.hash if last else "", self._last_seq(connection) + 1
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = {"seq": seq, "kind": kind, "run": run, "folder": folder, "time": time, "content": text}
        made = _hash(previous, seq, kind, run, folder, time, text)
        connection.execute(sa.insert(self._entries).values(**entry, previous=previous, hash=made))
        return seq

    def _last_seq(self, connection: "sa.Connection") -> int:
        """The highest number ever given, as SQLite itself counts: it stays when the newest entries are taken out."""
        counted = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").scalar()
        return int(counted or 0)

    def _open(self) -> None:
        """Make the table in a new file; see that an old one is ours."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as exc:
            fix = "a path in a folder that you can write to, in MINTMARK_LEDGER."
            raise DataError(f"the ledger's folder cannot be made: {exc}.", where=str(self.path), fix=fix) from exc
        with self._reading() as connection:
            if self._is_ours(connection):
                return
        with self._writing() as connection:
            if self._is_ours(connection):  # another process was quicker
                return
            self._entries.metadata.create_all(connection)
            for verb in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(APPEND_ONLY.format(verb=verb))
            connection.exec_driver_sql(f"PRAGMA application_id = {MARK}")
            connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT}")

    def _is_ours(self, connection: "sa.Connection") -> bool:
        """Whether the table is there already; an empty file is not yet anyone's."""
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
        tables = int(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() or 0)
        if mark != MARK and (tables or mark):
            fix = "another path in MINTMARK_LEDGER; this file stays as it is."
            raise DataError("is a database of something else, not a ledger.", where=str(self.path), fix=fix)
        if version > FORMAT:
            what = f"is a ledger of format {version}; this mintmark reads formats up to {FORMAT}."
            raise DataError(what, where=str(self.path), fix="pip install --upgrade mintmark")
        return bool(tables)

    @contextmanager
    def _reading(self) -> "Iterator[sa.Connection]":
        with self._said(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> "Iterator[sa.Connection]":
        """One transaction that no other writer shares: all of it is kept, or nothing."""
        with self._said(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """SQLite's errors in our words."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as exc:
            said = str(exc.orig)
            fix = "a path in a folder that you can write to, in MINTMARK_LEDGER."
            if "locked" in said:
                fix = f"again, once the process is done that has held the ledger for {WAIT_S} s."
            elif "full" in said:
                fix = "again, once the disk has room."
            elif "not a database" in said or "malformed" in said or "no such" in said:
                fix = "a copy from your backup, or another path in MINTMARK_LEDGER; this file stays as it is."
            raise DataError(f"the ledger cannot be used: {said}.", where=str(self.path), fix=fix) from exc


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, and not before the first change
    connection.execute("PRAGMA synchronous = FULL")


def _table() -> "sa.Table":
    import sqlalchemy as sa

    text = [sa.Column(name, sa.Text, nullable=False) for name in ("time", "kind", "run", "folder", "content")]
    links = [sa.Column(name, sa.Text, nullable=False) for name in ("previous", "hash")]
    table = sa.Table("entries", sa.MetaData(), sa.Column("seq", sa.Integer, primary_key=True), *text, *links,
                     sqlite_autoincrement=True)  # fmt: skip
    sa.Index("entries_of", table.c.kind, table.c.run, table.c.folder, table.c.seq)
    sa.Index("entries_by_kind", table.c.kind, table.c.seq)
    sa.Index("looks", table.c.content, table.c.run, table.c.folder, sqlite_where=table.c.kind == "look")
    return table


def _canonical(content: Any) -> str:
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise DataError(f"the entry is no JSON: {exc}.", where="ledger", fix="text and finite numbers only.") from exc


def _hash(previous: str, seq: int, kind: str, run: str, folder: str, time: str, content: str) -> str:
    """Of the link and every field; the content is hashed as the text that is stored."""
    entry = {"seq": seq, "kind": kind, "run": run, "folder": folder, "time": time, "content": content}
    return hashlib.sha256((str(previous) + _canonical(entry)).encode("utf-8", "surrogatepass")).hexdigest()


def _missing(first: int, last: int) -> str:
    return f"Entry {first} is missing." if first == last else f"Entries {first} to {last} are missing."


def _record(row: Any) -> list[str]:
    """What is wrong with the record file that a run's entry names."""
    content = json.loads(row.content)
    named, wanted = content.get("record"), content.get("record_sha256")
    if not named or not wanted:
        return []
    path = Path(row.folder) / named
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == wanted:
            return []
    except FileNotFoundError:
        return [
            f"Entry {row.seq} (run {row.run}): its record {path} is missing, moved or deleted; the chain itself holds."
        ]
    except OSError as exc:
        return [f"Entry {row.seq} (run {row.run}): its record {path} cannot be read: {exc}."]
    return [f"Entry {row.seq} (run {row.run}): its record {path} was altered after it was entered."]
