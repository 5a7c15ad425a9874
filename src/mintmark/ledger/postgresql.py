"""The ledger in a PostgreSQL database, which several machines can share: in a schema of its own, `mintmark`.

A number of an entry comes from a table that is part of the same transaction, and not from a sequence: what is rolled
back leaves no gap. The lock goes with the transaction, and the server ends one whose client has fallen silent.
"""

import re
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import DataError
from mintmark.base.need import need
from mintmark.base.url import filled, hidden, masked
from mintmark.ledger.database import FORMAT, MARK, WAIT_S, newer

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMA = "mintmark"
CONNECT: dict[str, Any] = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    "client_encoding": "utf8",
}  # fmt: skip
SETTINGS = {"lock_timeout": "{}s", "idle_in_transaction_session_timeout": "{}s"}
BACKUP = "a copy from your backup, or another database in MINTMARK_LEDGER; this one stays as it is."
MARKED = re.compile(r"mintmark ledger, format (\d+)")
MAKE = (
    f"CREATE TABLE {SCHEMA}.counted (last integer NOT NULL)",
    f"INSERT INTO {SCHEMA}.counted VALUES (0)",
    f"""CREATE FUNCTION {SCHEMA}.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    f"""CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.entries
    FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse()""",
    f"""CREATE TRIGGER counts BEFORE DELETE OR TRUNCATE ON {SCHEMA}.counted
    FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse()""",
    f"""CREATE TRIGGER counts_up BEFORE UPDATE ON {SCHEMA}.counted
    FOR EACH ROW WHEN (NEW.last <> OLD.last + 1) EXECUTE FUNCTION {SCHEMA}.refuse()""",
    f"COMMENT ON TABLE {SCHEMA}.entries IS 'mintmark ledger, format {FORMAT}'",
)
FOUND = f"""SELECT obj_description(c.oid, 'pg_class') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = '{SCHEMA}' AND c.relname = 'entries'"""


class PostgreSql:
    """Raises: DataError: the address is none; MissingExtra."""

    schema: str | None = SCHEMA

    def __init__(self, url: str) -> None:
        import sqlalchemy as sa

        need("psycopg", extra="postgres")
        self.where, self._url = masked(url), url
        try:
            address = sa.make_url(filled(url)).set(drivername="postgresql+psycopg")
        except (sa.exc.ArgumentError, ValueError) as exc:
            what = f"is no address of a database: {hidden(str(exc), url)}."
            raise DataError(what, where=self.where, fix="postgresql://user@host:5432/database") from None
        given = CONNECT | {k: v for k, v in address.query.items() if k in CONNECT}
        self.engine = sa.create_engine(
            address, poolclass=sa.NullPool, connect_args=given, isolation_level="READ COMMITTED"
        )

    def begin(self, connection: "sa.Connection") -> None:
        for name, value in SETTINGS.items():
            connection.exec_driver_sql(f"SELECT set_config('{name}', '{value.format(WAIT_S)}', true)")
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MARK})")

    def last(self, connection: "sa.Connection") -> int:
        return int(connection.exec_driver_sql(f"SELECT max(last) FROM {SCHEMA}.counted").scalar() or 0)

    def next(self, connection: "sa.Connection") -> int:
        counted = f"UPDATE {SCHEMA}.counted SET last = last + 1 RETURNING last"
        given = connection.exec_driver_sql(counted).scalars().all()
        if len(given) != 1:
            raise DataError(f"is damaged: {SCHEMA}.counted holds {len(given)} counts.", where=self.where, fix=BACKUP)
        return int(given[0])

    def make(self, connection: "sa.Connection", table: "sa.Table") -> None:
        there = f"SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'"
        if not connection.exec_driver_sql(there).first():
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        table.metadata.create_all(connection)
        for statement in MAKE:
            connection.exec_driver_sql(statement)

    def is_ours(self, connection: "sa.Connection") -> bool:
        found = connection.exec_driver_sql(FOUND).first()
        if found is None:
            return False
        marked = MARKED.fullmatch(found[0] or "")
        if not marked:
            what = f"its table {SCHEMA}.entries is of something else, not a ledger."
            raise DataError(what, where=self.where, fix="another database in MINTMARK_LEDGER; this one stays as it is.")
        if int(marked[1]) > FORMAT:
            raise newer(int(marked[1]), self.where)
        return True

    def said(self, exc: Any) -> DataError:
        state = getattr(exc, "sqlstate", None) or ""
        said = hidden(" ".join(str(exc).partition("\nCONTEXT")[0].split()), self._url)
        said = re.sub(r"^connection failed: connection to server .*? failed: (FATAL: )?", "", said)
        fix = "see that the server runs and can be reached from here: pg_isready -h HOST -p PORT"
        if state == "55P03":
            said, fix = "it is locked", f"again, once the process is done that has held the ledger for {WAIT_S} s."
        elif "password" in said or "authentication" in said:
            fix = "the password in PGPASSWORD, in ~/.pgpass, or in MINTMARK_LEDGER."
        elif state == "42501":
            fix = f"see the rights of this user on the schema {SCHEMA}, or another address in MINTMARK_LEDGER."
        elif state in ("42P01", "42703"):
            fix = BACKUP
        elif "does not exist" in said:
            fix = "createdb, or another address in MINTMARK_LEDGER."
        elif state in ("53100", "53200"):
            fix = "again, once the server has room."
        elif state == "25006":
            fix = "the address of a server that can be written to."
        return DataError(f"the ledger cannot be used: {said.rstrip('.')}.", where=self.where, fix=fix)
