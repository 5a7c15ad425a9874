"""What is said once a server listens: where, how to ask, and what whoever has started it should know."""

import json
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

UNWATCHED = (
    "NOTHING IS WATCHED: {workers} workers answer, and each has seen some of the answers alone. So outcomes cannot be "
    "told, drift is not counted, and no trigger acts. --workers 1 watches."
)


@dataclass(frozen=True)
class Greeting:
    first: str
    """the model of the example"""
    row: dict[str, Any]
    keys: str | None
    """the file of API keys"""
    valid: int
    """keys in it that count"""
    forgets: bool
    """whether events are kept in memory alone"""
    workers: int = 1
    """processes that answer; of several none watches"""
    page: bool = False
    """whether there is a page for people"""

    @classmethod
    def of(cls, app: "FastAPI") -> "Greeting":
        models, door = list(app.state.models.values()), app.state.door
        forgets = any(m.history and not m.history.lasting for m in models)
        keys = str(door.keys.path) if door.keys else None
        valid = door.keys.valid() if door.keys else 0
        more = app.state.workers, app.state.page
        return cls(models[0].name, models[0].questions.sample(), keys, valid, forgets, *more)

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self, url: str, address: str, names: list[str]) -> list[str]:
        key = " -H 'authorization: Bearer KEY'" if self.keys else ""
        example = shlex.quote(json.dumps({"row": self.row}, ensure_ascii=False))
        said = [
            f"mintmark listens on {url} and serves {', '.join(names)}; Ctrl-C stops it.",
            "Try:",
            f"  curl {url}/v1/models/{self.first}/predict -H 'content-type: application/json'{key} -d {example}",
        ]
        if self.page:
            said.append(f"The page: {url}/page/")
        if self.workers > 1:
            said.append(UNWATCHED.format(workers=self.workers))
        if self.forgets:
            said.append("Events are kept in memory: a restart forgets them. --state DIR keeps them.")
        if not self.keys and not local(address):
            said.append("Whoever reaches this address may ask: there are no API keys. --keys FILE asks for them.")
        if self.page and not self.keys and not local(address):
            said.append("Whoever reaches it sees the runs of this machine's ledger on the page, too.")
        if self.keys and url.startswith("http:") and not local(address):
            said.append("API keys travel in the clear: --tls-cert and --tls-key hide them, or a proxy that speaks TLS.")
        if self.keys and not self.valid:
            said.append(f"No key in {self.keys} is valid: nobody is let in. mintmark api-keys new NAME makes one.")
        return said


def local(address: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    import ipaddress

    try:
        return ipaddress.ip_address(address.split("%")[0]).is_loopback
    except ValueError:
        return False
