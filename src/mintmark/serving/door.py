"""The door: who comes in, with which key, how often, and under which name the request is spoken of afterwards."""

import os
import re
from typing import TYPE_CHECKING, Any

from mintmark.serving.access import Key, Keys
from mintmark.serving.body import Limits
from mintmark.serving.rate import Rate, Rates, client
from mintmark.serving.refusals import Headers, NoKey, NotAllowed, TooOften

if TYPE_CHECKING:
    from mintmark.serving.model import Model

REQUEST_ID = re.compile(rb"[A-Za-z0-9._:=@/+-]{1,128}")
"""what a client may call its request; no quotes, blanks or line ends, so that it can stand in any log"""


class Ids:
    """Ids of requests, 128 random bits each: who was not told one does not guess it."""

    def __init__(self) -> None:
        self._drawn, self._at = b"", 0

    def new(self) -> str:
        if self._at >= len(self._drawn):
            self._drawn, self._at = os.urandom(16 * 256), 0  # at once, as each call of the system costs as much
        self._at += 16
        return self._drawn[self._at - 16 : self._at].hex()


class Call:
    """One request while it is answered."""

    __slots__ = (
        "address", "fallback", "headers", "held", "id", "key", "lang", "model", "of", "path", "presented", "rows",
        "version",
    )  # fmt: skip

    def __init__(self, scope: Any, ids: "Ids", lang: str = "en") -> None:
        self.path: dict[str, str] = scope.get("path_params") or {}
        self.headers: Headers = scope["headers"]
        self.lang = lang
        """in which it is refused where it names no language of ours"""
        self.held = 0
        """bytes of its body"""
        self.model, self.version, self.rows = "", "", 0
        """the model is named once it is known to be one: what a client sends could fill memory, and forge lines"""
        self.fallback = ""
        """who answers in the place of the model that was asked"""
        self.of: Model | None = None
        """the model that it writes to, which is not closed before that is done"""
        self.key: Key | None = None
        self.presented: bytes | None = None
        """the API key in the head; empty where there are two"""
        self.address: str = found[0] if (found := scope.get("client")) else ""
        own = b""
        for name, value in self.headers:
            if name == b"x-request-id":
                own = value
            elif name == b"x-api-key":
                self._present(value)
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                self._present(value[7:])
        self.id = own.decode("ascii") if own and REQUEST_ID.fullmatch(own) else ids.new()
        """its own if it is well-formed, else one made here"""

    def sees(self, model: str) -> bool:
        """Whether a model of this name may be known to whoever asks."""
        return self.key is None or self.key.sees(model.partition("@")[0])

    def said(self) -> Headers:
        """Headers of whatever is answered."""
        made = [(b"x-request-id", self.id.encode("ascii"))]
        if self.version:
            made.append((b"x-model-version", self.version.encode("ascii")))
        if self.fallback:
            made.append((b"x-mintmark-fallback", self.fallback.encode("ascii")))
        return made

    def _present(self, value: bytes) -> None:
        value = value.strip()
        self.presented = value if self.presented in (None, value) else b""


class Door:
    """What the server says of itself while it runs: whether it is closing, how much it is at, who may come in."""

    def __init__(
        self,
        limits: Limits,
        keys: Keys | None = None,
        rate: Rate | None = None,
        rates: Rates | None = None,
        log_addresses: bool = False,
        lang: str = "en",
    ) -> None:
        """keys: None lets everybody in.   rate: of each key that has none of its own, or of each address.

        lang: of refusals, where a request names no language of ours.
        """
        self.limits, self.keys, self.rate, self.log_addresses = limits, keys, rate, log_addresses
        self.closing, self.lang = False, lang
        self.requests, self.bytes = 0, 0
        self.ids = Ids()
        self._rates = rates or Rates()

    def enter(self, call: Call, needs: str = "") -> None:
        """Before anything that a request names is looked at: so a wrong key learns nothing by any answer.

        needs: the scope that the key must have; any valid key will do where it is empty.
        Raises: NoKey, NotAllowed, TooOften.
        """
        if self.keys is None:
            if self.rate:
                self._count(client(call.address), self.rate)
            return
        call.key = self.keys.find(call.presented) if call.presented else None
        if call.key is None:
            if self.rate:
                self._count(client(call.address), self.rate)
            raise NoKey("no valid API key.", where="header authorization", fix="authorization: Bearer KEY")
        rate = call.key.rate or self.rate
        if rate:
            self._count(f"key {call.key.id}", rate)
        if needs and needs not in call.key.scopes:
            what = f"this API key has not the scope {needs!r}."
            raise NotAllowed(what, where="header authorization", fix="a key that has it: mintmark api-keys new")

    def _count(self, who: str, rate: Rate) -> None:
        wait = self._rates.take(who, rate)
        if wait:
            what = f"more than {rate.text} requests."
            raise TooOften(what, wait, where="server", fix="again after the seconds in Retry-After.")
