"""What the server says no to: the tree of base/errors.py, with the HTTP status of each branch.

MintmarkError               422  whatever the serving path raises
├── DataError               422  a row, or a value in it, does not fit the schema of the questions
└── Refused                 400  the request itself is wrong
    ├── NotFound            404
    ├── WrongMethod         405
    ├── NotAcceptable       406  a stream of what has none
    ├── TooSlow             408
    ├── NoPast              409  events for a model that looks back on none
    ├── TooLarge            413
    ├── WrongType           415
    ├── Overloaded          429
    ├── Stopping            503
    └── NotKept             503  the events could not be written down, and none of them was taken
"""

from collections.abc import Iterable

from mintmark.base.errors import MintmarkError

Headers = list[tuple[bytes, bytes]]
CLOSE = (b"connection", b"close")


class Refused(MintmarkError):
    status = 400
    headers: Iterable[tuple[bytes, bytes]] = ()


class NotFound(Refused):
    status = 404


class WrongMethod(Refused):
    status = 405


class NotAcceptable(Refused):
    status = 406


class TooSlow(Refused):
    status = 408
    headers = (CLOSE,)


class NoPast(Refused):
    status = 409


class TooLarge(Refused):
    status = 413
    headers = (CLOSE,)


class WrongType(Refused):
    status = 415


class Overloaded(Refused):
    status = 429
    headers = ((b"retry-after", b"1"),)


class Stopping(Refused):
    status = 503
    headers = (CLOSE, (b"retry-after", b"1"))


class NotKept(Refused):
    status = 503
    headers = ((b"retry-after", b"10"),)


def status_of(error: MintmarkError) -> int:
    return error.status if isinstance(error, Refused) else 422
