"""POST /v1/models/{name}/predict: answers to rows, or one answer as it is written."""

from collections.abc import AsyncGenerator, Iterator

from mintmark.serving import body
from mintmark.serving.body import Receive
from mintmark.serving.model import Model
from mintmark.serving.plain import Call, Plain, find
from mintmark.serving.questions import Columns
from mintmark.serving.refusals import NotAcceptable, Refused
from mintmark.serving.stream import DONE, Feed, Piece, Stream, Streams, event

SSE = b"text/event-stream"


class Predict(Plain):
    verb = "predict"
    streams: Streams

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        model = find(self.models, call.path["name"])
        call.model = model.name

        def parse(content: bytes) -> tuple[int, Columns]:
            rows = body.rows(content, self.door.limits)
            columns = model.questions.columns(rows)
            return len(rows), columns

        streamed = _wants_stream(call, model)
        call.rows, columns = await self.read(call, receive, parse)
        if streamed:
            return await self._stream(model, columns, call.rows)
        return await model.batcher.ask(columns, call.rows)

    async def _stream(self, model: Model, columns: Columns, n: int) -> Stream:
        if n > 1:
            what = f"{n} rows; one at a time is answered as a stream."
            raise Refused(what, where="rows", fix='{"row": {...}}, or without "accept: text/event-stream".')

        def make() -> Iterator[Piece]:
            return model.written([columns])

        feed = await self.streams.start(make)
        return Stream(_events(model, feed), feed.stop)


def _wants_stream(call: Call, model: Model) -> bool:
    """Raises: NotAcceptable: only a stream is wanted, and the model has none."""
    for name, value in call.headers:
        if name == b"accept" and SSE in value:
            if model.loaded.task.stream:
                return True
            if b"application/json" not in value and b"*/*" not in value:
                what = f"model {model.name!r} gives its answers whole; it has no stream."
                raise NotAcceptable(what, where="header accept", fix="accept: application/json")
    return False


async def _events(model: Model, feed: Feed) -> AsyncGenerator[bytes, None]:
    before = None
    while pieces := await feed.news():
        for piece in pieces:
            if piece.answer != before:
                yield event(model.rendered([piece.answer]))
            before = piece.answer
    yield DONE
