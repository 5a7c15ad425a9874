"""The ledger: one table that only grows, written by one process at a time.

Each entry holds the hash of the one before it, so that an entry that is changed, taken out or moved is found. Whoever
can write the table can also write a whole new one: a hash chain shows meddling with a part, not a forgery of the whole.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import DataError, unknown
from mintmark.base.place import home
from mintmark.ledger.database import Database
from mintmark.ledger.postgresql import PostgreSql
from mintmark.ledger.sqlite import Sqlite

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMES = ("sqlite", "postgresql", "postgres")


class Ledger:
    """Entries in a database: `url` is a path, sqlite:///path, or postgresql://user@host/database.

    Raises: DataError, here and in every method: the database cannot be opened, is damaged, or holds no ledger of ours.
    """

    def __init__(self, url: str) -> None:
        self._db = _database(url)
        self._entries = _table(self._db.schema)
        self._open()

    @property
    def where(self) -> str:
        """The file, or the address without its password."""
        return self._db.where

    @classmethod
    def default(cls) -> "Ledger":
        """Where `$MINTMARK_LEDGER` (a path or an address) says, else `ledger.sqlite` among this user's own things."""
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
            raise DataError("an entry's content is no JSON.", where=self.where, fix="mintmark runs --verify") from exc

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
            last = self._db.last(connection)
            entries = sa.select(self._entries).order_by(self._entries.c.seq).execution_options(yield_per=1000)
            for row in connection.execute(entries):
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
        previous, seq = last.hash if last else "", self._db.next(connection)
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        entry = {"seq": seq, "kind": kind, "run": run, "folder": folder, "time": time, "content": text}
        made = _hash(previous, seq, kind, run, folder, time, text)
        connection.execute(sa.insert(self._entries).values(**entry, previous=previous, hash=made))
        return seq

    def _open(self) -> None:
        """Make the table in a new database; see that an old one is ours."""
        with self._reading() as connection:
            if self._db.is_ours(connection):
                return
        with self._writing() as connection:
            if not self._db.is_ours(connection):  # no other process was quicker
                self._db.make(connection, self._entries)

    @contextmanager
    def _reading(self) -> "Iterator[sa.Connection]":
        with self._said(), self._db.engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> "Iterator[sa.Connection]":
        """One transaction that no other writer shares: all of it is kept, or nothing."""
        with self._said(), self._db.engine.connect() as connection:
            self._db.begin(connection)
            yield connection
            connection.commit()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """The database's errors in our words."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as exc:
            raise self._db.said(exc.orig) from exc
        except UnicodeEncodeError as exc:  # a name of a folder that is no text
            raise DataError(f"the entry is no text: {exc}.", where=self.where, fix="another --out.") from exc


def _database(url: str) -> Database:
    scheme, colon, rest = url.partition("://")
    if not colon:
        return Sqlite(Path(url).expanduser())
    if scheme not in SCHEMES:
        raise unknown("kind of ledger", scheme, SCHEMES, where="MINTMARK_LEDGER", error=DataError)
    return Sqlite(Path(rest.removeprefix("/")).expanduser()) if scheme == "sqlite" else PostgreSql(url)


def _table(schema: str | None) -> "sa.Table":
    import sqlalchemy as sa

    text = [sa.Column(name, sa.Text, nullable=False) for name in ("time", "kind", "run", "folder", "content")]
    links = [sa.Column(name, sa.Text, nullable=False) for name in ("previous", "hash")]
    seq = sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False if schema else "auto")
    table = sa.Table("entries", sa.MetaData(schema=schema), seq, *text, *links, sqlite_autoincrement=True)
    sa.Index("entries_of", table.c.kind, table.c.run, table.c.folder, table.c.seq)
    sa.Index("entries_by_kind", table.c.kind, table.c.seq)
    looks = table.c.kind == "look"
    sa.Index("looks", table.c.content, table.c.run, table.c.folder, sqlite_where=looks, postgresql_where=looks)
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
    try:
        content = json.loads(row.content)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return [f"Entry {row.seq} (run {row.run}): its content is not what a run writes."]
    named, wanted = content.get("record"), content.get("record_sha256")
    if not named or not wanted:
        return []
    path = Path(row.folder) / str(named)
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
