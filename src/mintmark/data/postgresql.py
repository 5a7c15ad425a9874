"""PostgreSQL: one query in a read-only transaction, one process of the server, so that it gives the same each time."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError, nearest
from mintmark.base.need import need
from mintmark.base.url import filled, hidden, masked
from mintmark.data.query import WHERE, Query

CONNECT_S = 10
BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL max_parallel_workers_per_gather = 0",  # sums of floats depend on who adds what
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL seed = 0",  # of random()
)
TABLES = """select relname::text as name from pg_class where relkind in ('r', 'v', 'm', 'p', 'f')
and pg_table_is_visible(oid) and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')"""
PASSWORD = "the password in PGPASSWORD, in ~/.pgpass, or in a variable: postgresql://user:${MY_PASSWORD}@host/db"


def read(url: str, query: Query) -> pa.Table:
    """What the query gives, its types made plain.

    Raises: DataError: no access, a query that the server refuses, or a type that no column here has.
    """
    with _opened(url) as connection:
        found = _fetch(connection, query.text)
    return pa.table([_plain(c, f) for c, f in zip(found.columns, found.schema, strict=True)], names=found.column_names)


def tables(url: str) -> list[str]:
    with _opened(url) as connection:
        return list(_fetch(connection, TABLES)["name"].to_pylist())


def _plain(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Exact numbers as floats; uuid, json and xml as text."""
    kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    if kind == "bpchar":  # filled up with blanks, which mean nothing
        return pc.utf8_rtrim(column, characters=" ")
    extension = getattr(column.type, "extension_name", "")
    if kind == "money" or extension == "arrow.opaque" and kind not in ("numeric", "xml"):
        to = "numeric" if kind == "money" else "text"
        fix = f"{field.name}::{to} as {field.name}"
        raise DataError(f"is of type {kind}, which no column here has.", where=f"column {field.name!r}", fix=fix)
    if not extension:
        return column
    bare = pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)
    if extension == "arrow.uuid":
        texts = [str(uuid.UUID(bytes=v)) if v is not None else None for v in bare.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return bare.cast(pa.float64() if kind == "numeric" else pa.string())


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    """A connection in a transaction that cannot write, and the server's errors in our words."""
    manager = need("adbc_driver_manager.dbapi", extra="sql")
    driver = need("adbc_driver_postgresql.dbapi", extra="sql")
    whole = filled(url)
    if "connect_timeout=" not in whole and "PGCONNECT_TIMEOUT" not in os.environ:
        whole += f"{'&' if '?' in whole else '?'}connect_timeout={CONNECT_S}"
    try:
        connection = driver.connect(whole, autocommit=False)
    except manager.Error as exc:
        raise _unreachable(hidden(str(exc), whole), url) from None  # the cause may repeat the password
    try:
        with closing(connection):
            for statement in BEGIN:
                with closing(connection.cursor()) as cursor:
                    cursor.execute(statement)
            yield connection
    except (manager.Error, OSError, pa.ArrowException) as exc:
        raise _refused(exc, url, hidden(str(exc), whole)) from None


def _fetch(connection: Any, statement: str) -> pa.Table:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return cursor.fetch_arrow_table()


def _unreachable(said: str, url: str) -> DataError:
    said = " ".join(re.sub(r"^.*Failed to connect: ", "", said, flags=re.S).split())
    said = re.sub(r"^connection to server .*? failed: (FATAL: )?", "", said)
    fix = "see that the server runs and can be reached from here: pg_isready -h HOST -p PORT"
    if "password" in said or "authentication" in said:
        fix = PASSWORD
    elif "does not exist" in said or "URI" in said or "percent-encoded" in said:
        fix = "postgresql://user@host:5432/database"
    return DataError(f"the database cannot be opened: {said.rstrip('.')}.", where=masked(url), fix=fix)


def _refused(exc: Exception, url: str, said: str) -> DataError:
    found = re.search(r"(?:ERROR|FATAL):\s+(.*)", said)
    said, state = (found[1] if found else said).strip(), str(getattr(exc, "sqlstate", ""))
    if state == "42P01" and (named := re.search(r'relation "(?:\w+\.)?([^"]+)"', said)):
        known = tables(url)
        near = nearest(named[1], known)
        fix = f"did you mean {near!r}?" if near else f"one of: {', '.join(sorted(known)[:20])}."
        return DataError(f"no such table: {named[1]}.", where=WHERE, fix=fix)
    fix = "see that the query runs: psql URL"
    if state in ("25006", "25001"):
        fix = "one SELECT; a database is only read."
    elif state == "42501":
        fix = "GRANT SELECT ON that table TO the user of the address."
    elif not state or state.startswith(("08", "57")):
        fix = "again; the server or the network ended the connection."
    return DataError(f"the query cannot be answered: {said}.", where=WHERE, fix=fix)
