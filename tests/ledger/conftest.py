"""The ledger's tests run on each database that it can lie in."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgres
import pytest

from mintmark.ledger import Ledger

cluster, database = postgres.cluster, postgres.database


@dataclass(frozen=True)
class Place:
    """Where a ledger lies, and a way to its tables behind its back."""

    url: str
    entries: str

    def ask(self, *statements: str) -> Sequence[tuple[Any, ...]]:
        """What the last of these statements gives."""
        rows: Sequence[tuple[Any, ...]] = []
        with self.connect() as connection:
            for statement in statements:
                made = connection.execute(statement)
                rows = made.fetchall() if made.description else []
        return rows

    def connect(self) -> Any:
        if self.entries == "entries":
            return sqlite3.connect(self.url)
        import psycopg

        return psycopg.connect(self.url)

    def meddle(self, *statements: str) -> None:
        """Change entries as one can who owns the database."""
        if self.entries == "entries":
            free = [f"DROP TRIGGER no_{verb}" for verb in ("UPDATE", "DELETE")]
        else:
            free = [f"DROP TRIGGER append_only ON {self.entries}"]
        self.ask(*free, *(s.format(entries=self.entries) for s in statements))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(str(tmp_path / "ledger.sqlite"), "entries")
    return Place(request.getfixturevalue("database"), "mintmark.entries")


@pytest.fixture
def ledger(place: Place) -> Ledger:
    made = Ledger(place.url)
    for i in range(6):
        made.append("run", f"run{i}", f"/out/{i}", {"task": "t", "value": i / 10})
    return made
