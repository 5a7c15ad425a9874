"""What the ledger asks of a database, and which databases there are."""

from typing import TYPE_CHECKING, Any, Protocol

from mintmark.base.errors import DataError

if TYPE_CHECKING:
    import sqlalchemy as sa

MARK = 0x4D4D4C47  # "MMLG": in the header of a file, and the number of the lock in a server
FORMAT = 1
WAIT_S = 60


class Database(Protocol):
    schema: str | None
    where: str
    """as errors name it: without a password"""
    engine: "sa.Engine"

    def begin(self, connection: "sa.Connection") -> None:
        """Begin a transaction that no other writer shares, once those before it are done."""

    def last(self, connection: "sa.Connection") -> int:
        """The highest number that was ever given to an entry, whatever was taken out since."""

    def next(self, connection: "sa.Connection") -> int:
        """The number of the entry that is written now."""

    def make(self, connection: "sa.Connection", table: "sa.Table") -> None:
        """Make the table, with what refuses changes to it and the mark by which it is known."""

    def is_ours(self, connection: "sa.Connection") -> bool:
        """Whether the table is there already.   Raises: DataError: something else is there, or a newer format."""

    def said(self, exc: Any) -> DataError:
        """The driver's error in our words."""


def newer(version: int, where: str) -> DataError:
    what = f"is a ledger of format {version}; this mintmark reads formats up to {FORMAT}."
    return DataError(what, where=where, fix="pip install --upgrade mintmark")
