"""The wire: uvicorn's reading of HTTP, with an end to the patience for heads that never come or never end."""

import asyncio
from typing import Any

Protocol: Any = object
"""uvicorn's own, which comes in beside `Wire` where the server is started: nothing heavy is imported before that"""
HEAD_BYTES = 64 << 10
"""of a head, and of all else around a body: the sizes of its pieces, and what trails it"""
HEAD_S = 30.0
"""in which a head must have come, and the rest of a body that has been refused"""
FRAMING = 8
"""bytes around each byte of a body that is sent in pieces: so small may they be"""


class Wire(Protocol):  # type: ignore[misc]
    """To stand before uvicorn's HttpToolsProtocol among the bases of a class."""

    left, now = HEAD_BYTES, 0
    inside = False
    """a request has begun and not ended"""
    patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.patience = self.loop.call_later(HEAD_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.now = len(data)
        if not self.inside and b"pgrade:" in (head := data[: data.find(b"\r\n\r\n") + 1]):
            masked = head.replace(b"\r\nUpgrade:", b"\r\nX-grade:").replace(b"\r\nupgrade:", b"\r\nx-grade:")
            data = masked + data[len(head) :]  # the parser would drop the body of one who offers HTTP/2, as Java does
        super().data_received(data)
        if self.inside and not self.transport.is_closing():
            self.left -= self.now
            if self.left < 0:
                self.send_400_response("The head of the request is too large.")
            elif self.patience is None and (self.cycle is None or self.cycle.response_complete):
                self.patience = self.loop.call_later(HEAD_S, self.transport.close)

    def on_message_begin(self) -> None:
        self.inside, self.left = True, HEAD_BYTES + self.now
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._hurry_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.left += (1 + FRAMING) * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.inside = False
        self._hurry_no_more()
        super().on_message_complete()

    def _hurry_no_more(self) -> None:
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None
