"""What the server says no to: the tree of base/errors.py, with the HTTP status of each branch.

MintmarkError               422  whatever the serving path raises
├── DataError               422  a row, or a value in it, does not fit the schema of the questions
└── Refused                 400  the request itself is wrong
    ├── NoKey               401  no API key, or none that is valid; the same for whatever was asked
    ├── NotAllowed          403  a valid key, without the scope that this needs
    ├── NotFound            404  also where the key may not know of it
    ├── WrongMethod         405
    ├── NotAcceptable       406  a stream of what has none
    ├── TooSlow             408
    ├── NoPast              409  events for a model that looks back on none
    ├── NotWatched          409  outcomes of a model whose answers come to nothing, or are kept in many places
    ├── NoReasons           409  reasons of a model that is no sum over the columns of a question
    ├── Unlike              409  a bundle that cannot take the place of another, or nothing to go back to
    ├── TooLarge            413
    ├── WrongType           415
    ├── Overloaded          429  too much at once
    ├── TooOften            429  more requests than the rate of the key, or of the address
    ├── Late                503  no answer in time
    ├── Halted              503  a trigger of monitor.toml has stopped the model
    ├── Stopping            503
    ├── NotDeployed         503  not every worker could serve it, so none does
    └── NotKept             503  the events or outcomes could not be written down, and none of them was taken
"""

import math
from collections.abc import Iterable

from mintmark.base.errors import MintmarkError

Headers = list[tuple[bytes, bytes]]
CLOSE = (b"connection", b"close")


class Refused(MintmarkError):
    status = 400
    headers: Iterable[tuple[bytes, bytes]] = ()


class NoKey(Refused):
    status = 401
    headers = ((b"www-authenticate", b"Bearer"),)


class NotAllowed(Refused):
    status = 403


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


class NoReasons(Refused):
    status = 409


class Unlike(Refused):
    status = 409


class TooLarge(Refused):
    status = 413
    headers = (CLOSE,)


class WrongType(Refused):
    status = 415


class Overloaded(Refused):
    status = 429
    headers = ((b"retry-after", b"1"),)


class TooOften(Refused):
    status = 429

    def __init__(self, what: str, wait_s: float, *, where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.headers = ((b"retry-after", b"%d" % max(1, math.ceil(wait_s))),)


class Late(Refused):
    status = 503
    headers = ((b"retry-after", b"1"),)


class Stopping(Refused):
    status = 503
    headers = (CLOSE, (b"retry-after", b"1"))


class NotDeployed(Refused):
    status = 503
    headers = ((b"retry-after", b"10"),)


class NotKept(Refused):
    status = 503
    headers = ((b"retry-after", b"10"),)


def status_of(error: MintmarkError) -> int:
    return error.status if isinstance(error, Refused) else 422
