"""What stands before FastAPI: the same door as before the plain paths, the same id, the same line in the log."""

import time
from typing import Any

from mintmark.base.errors import MintmarkError
from mintmark.serving import lines
from mintmark.serving.counts import Counts
from mintmark.serving.door import Call, Door
from mintmark.serving.plain import refusal
from mintmark.serving.refusals import CLOSE, NotAllowed

OPEN = "/healthz"
"""asked by load balancers, which have no keys"""
SCOPES = {"/metrics": "read"}
"""of what any valid key may not read"""


class Front:
    """Lets a request through to FastAPI, or answers for it."""

    def __init__(self, door: Door, counts: Counts, log_requests: bool) -> None:
        self.door, self.counts, self.log_requests = door, counts, log_requests
        self.open = frozenset({OPEN})
        """paths that need no key"""

    async def __call__(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """`scope["call"]` is the request, for whoever answers it."""
        start, status, call = time.perf_counter(), 500, Call(scope, self.door.ids, self.door.lang)

        async def told(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *call.said()]
            await send(message)

        scope["call"] = call
        try:
            if scope["path"] not in self.open:
                self.door.enter(call, SCOPES.get(scope["path"], ""))
                if scope["path"] in SCOPES and call.key and call.key.models is not None:
                    what = "this API key is of some models, and this tells of all of them."
                    raise NotAllowed(what, where="header authorization", fix="a key without --model.")
            await app(scope, receive, told)
        except MintmarkError as exc:
            self.counts.refused(type(exc).__name__)
            status, headers, said = refusal(exc, call)
            headers += [(b"content-length", b"%d" % len(said)), *([CLOSE] if self.door.closing else [])]
            await told({"type": "http.response.start", "status": status, "headers": headers})
            await told({"type": "http.response.body", "body": said})
        finally:
            if call.key:
                self.counts.keyed(call.key.id, status)
            if self.log_requests and scope["path"] != OPEN:
                lines.request("read", call, status, time.perf_counter() - start, self.door.log_addresses)
