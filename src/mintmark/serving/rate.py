"""Rates: so many requests in a span of time, for each key or address; a bucket that fills up again as time goes by.

What is kept of a client is one number, the moment at which its bucket would be full again (the generic cell rate
algorithm, ITU-T I.371: a token bucket without a counter). All of them lie in a table of fixed size, which several
processes can share: so a rate is that of the whole server, and addresses without end fill no memory.
"""

import hashlib
import math
import mmap
import re
import secrets
import struct
import time
from dataclasses import dataclass

from mintmark.base.errors import RecipeError

SPANS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
FORM = "100/s, 1000/min or 50000/h"
SLOT = struct.Struct("<Qd")
SLOTS, TRIED = 1 << 16, 8
"""clients that can be known at once; places in which one of them is looked for"""
SALT_BYTES = 16
BYTES = SLOTS * SLOT.size + SALT_BYTES


@dataclass(frozen=True)
class Rate:
    """`most` requests in `span_s`; as many at once."""

    most: int
    span_s: float
    text: str

    @classmethod
    def of(cls, text: str, where: str = "--rate") -> "Rate":
        """Raises: RecipeError."""
        found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(s|min|h)\s*", text)
        if not found or not int(found[1]):
            raise RecipeError(f"{text!r} is no rate.", where=where, fix=FORM)
        return cls(int(found[1]), SPANS_S[found[2]], f"{int(found[1])}/{found[2]}")


class Rates:
    """What each client has left."""

    def __init__(self, shared: int = -1) -> None:
        """shared: a file of BYTES bytes, open for several processes; -1: memory of this process alone."""
        self._table = mmap.mmap(shared, BYTES)
        if not any(self._table[-SALT_BYTES:]):
            self._table[-SALT_BYTES:] = secrets.token_bytes(SALT_BYTES)
        self._salt = self._table[-SALT_BYTES:]
        """so that nobody can choose an address that falls on another's"""

    def take(self, who: str, rate: Rate, now: float | None = None) -> float:
        """Seconds to wait before one more request is allowed; 0 for one that is, and it is counted."""
        now = time.monotonic() if now is None else now
        tag = int.from_bytes(hashlib.blake2b(who.encode(), digest_size=8, key=self._salt).digest(), "little") | 1
        at, full = self._find(tag, now)
        each = rate.span_s / rate.most
        after = max(full, now) + each
        wait = after - now - rate.span_s
        if wait > 1e-9:
            return wait
        SLOT.pack_into(self._table, at, tag, after)
        return 0.0

    def _find(self, tag: int, now: float) -> tuple[int, float]:
        """Where a client's number lies, and the number; the place of one whose bucket is fullest if it has none."""
        first, spare, least = tag % SLOTS, 0, math.inf
        for i in range(TRIED):
            at = (first + i) % SLOTS * SLOT.size
            found, full = SLOT.unpack_from(self._table, at)
            if found == tag:
                return at, full
            if full < least:
                spare, least = at, full
        return spare, now


def client(address: str) -> str:
    """Who is held to a rate by an address: of IPv6 the network of 64 bits, as one client has all of it."""
    if ":" not in address or "." in address:
        return address
    import ipaddress

    try:
        return str(ipaddress.ip_network(f"{address.split('%')[0]}/64", strict=False))
    except ValueError:
        return address
