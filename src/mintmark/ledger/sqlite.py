"""The ledger in a SQLite file.

SQLite's rollback journal is kept (no WAL): the ledger stays one file, which a kill at any moment leaves whole, and
which can lie on a network folder.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import DataError
from mintmark.ledger.database import FORMAT, MARK, WAIT_S, newer

if TYPE_CHECKING:
    import sqlalchemy as sa

ELSEWHERE = "a path in a folder that you can write to, in MINTMARK_LEDGER."
APPEND_ONLY = """CREATE TRIGGER IF NOT EXISTS no_{verb} BEFORE {verb} ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""


class Sqlite:
    """Raises: DataError: its folder cannot be made."""

    schema: str | None = None

    def __init__(self, path: Path) -> None:
        import sqlalchemy as sa

        self.path, self.where = path, str(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as exc:
            raise DataError(f"the ledger's folder cannot be made: {exc}.", where=self.where, fix=ELSEWHERE) from exc
        url = sa.URL.create("sqlite", database=str(path))
        self.engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": WAIT_S})
        sa.event.listen(self.engine, "connect", _prepare)

    def begin(self, connection: "sa.Connection") -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def last(self, connection: "sa.Connection") -> int:
        """As SQLite itself counts: it stays when the newest entries are taken out."""
        counted = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").scalar()
        return int(counted or 0)

    def next(self, connection: "sa.Connection") -> int:
        return self.last(connection) + 1

    def make(self, connection: "sa.Connection", table: "sa.Table") -> None:
        table.metadata.create_all(connection)
        for verb in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(APPEND_ONLY.format(verb=verb))
        connection.exec_driver_sql(f"PRAGMA application_id = {MARK}")
        connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT}")

    def is_ours(self, connection: "sa.Connection") -> bool:
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
        tables = int(connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() or 0)
        if mark != MARK and (tables or mark):
            fix = "another path in MINTMARK_LEDGER; this file stays as it is."
            raise DataError("is a database of something else, not a ledger.", where=self.where, fix=fix)
        if version > FORMAT:
            raise newer(version, self.where)
        return bool(tables)

    def said(self, exc: Any) -> DataError:
        said, fix = str(exc), ELSEWHERE
        if "locked" in said:
            fix = f"again, once the process is done that has held the ledger for {WAIT_S} s."
        elif "full" in said:
            fix = "again, once the disk has room."
        elif "not a database" in said or "malformed" in said or "no such" in said:
            fix = "a copy from your backup, or another path in MINTMARK_LEDGER; this file stays as it is."
        return DataError(f"the ledger cannot be used: {said}.", where=self.where, fix=fix)


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, and not before the first change
    connection.execute("PRAGMA synchronous = FULL")
