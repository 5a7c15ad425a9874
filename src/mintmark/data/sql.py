"""Databases: what a query gives, as Arrow columns. Nothing is ever written to one."""

from pathlib import Path

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.url import masked
from mintmark.data import postgresql, query, sqlite
from mintmark.data.query import Query
from mintmark.data.text_table import Columns, Options

FILE = "sqlite:///"
SCHEMES = ("sqlite", "postgresql", "postgres")


def file(url: str, folder: Path) -> Path:
    """Where sqlite:///file lies in the folder, or sqlite:////file anywhere.   Raises: DataError: not of this form."""
    rest = url.removeprefix(FILE)
    if not url.startswith(FILE) or not rest:
        fix = f"{FILE}shop.db, or with a fourth slash where the path begins at the root: {FILE}/srv/shop.db"
        raise DataError(f"{masked(url)!r} names no file.", where="data", fix=fix)
    if not (folder / rest).exists() and Path(f"/{rest}").exists():
        fix = f"{FILE}/{rest}, with a fourth slash: this path begins at the root."
        raise DataError(f"no such file: {folder / rest}.", where="data", fix=fix)
    return folder / rest


def read(url: str, asked: Query | None, place: Path | None, options: Options) -> tuple[Columns, list[str]]:
    """What the query gives, and a note for each treatment; `place` is the file of a SQLite database.

    Raises: RecipeError: there is no query (names the tables); DataError: no such database or table, no access, or a
    query that the database refuses; MissingExtra.
    """
    if asked is None:
        tables = sorted(postgresql.tables(url) if place is None else sqlite.tables(place))
        known = f"its tables: {', '.join(tables[:20])}" if tables else "it has no table that may be read"
        fix = f'[read] query = "select * from {tables[0] if tables else "orders"}"'
        raise RecipeError(f"is a database, and no query says what to read; {known}.", where=masked(url), fix=fix)
    table, notes = (postgresql.read(url, asked), []) if place is None else sqlite.read(place, asked, options)
    made, said = query.columns(table, options)
    return made, notes + said
