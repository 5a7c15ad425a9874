"""POST /v1/models/{name}/predict: answers to rows, or one answer as it is written."""

from collections.abc import AsyncGenerator, Iterator

from mintmark.serving import body
from mintmark.serving.body import Asked, Receive
from mintmark.serving.door import Call
from mintmark.serving.model import Model
from mintmark.serving.plain import Plain
from mintmark.serving.questions import Columns
from mintmark.serving.reasons import refused
from mintmark.serving.refusals import NotAcceptable, Refused
from mintmark.serving.stream import DONE, Feed, Piece, Stream, Streams, event

SSE = b"text/event-stream"


class Predict(Plain):
    verb, needs = "predict", "predict"
    streams: Streams

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        model = self.model(call)
        by = self.by(call, model)

        def parse(content: bytes) -> tuple[Asked, Columns]:
            asked = body.asked(content, self.door.limits)
            return asked, model.questions.columns(asked.rows)

        streamed = _wants_stream(call, by)
        asked, columns = await self.read(call, receive, parse)
        call.rows = len(asked.rows)
        given = columns if by is model or not self.watching else self.watching.given(model, by, columns)
        if asked.reasons and (why := by.unexplained or ("it is written as a stream" if streamed else "")):
            raise refused(by.name, why)
        if streamed:
            return await self._stream(by, given, call.rows)
        if asked.reasons:
            self.counts.explained(model.name, call.rows)
            said = await by.explainer.ask((given, asked.reasons), call.rows)
        else:
            said = await by.batcher.ask(given, call.rows)
        if self.watching:
            if by is not model:
                said = self.watching.instead(model, said, call.fallback)
            self.watching.after_answer(model, call.id, columns, said, asked.cases, by)
        return said

    def count(self, call: Call, status: int, seconds: float) -> None:
        super().count(call, status, seconds)
        if self.watching and call.model:
            self.watching.ended(call.model, status, seconds)

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
