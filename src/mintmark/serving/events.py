"""POST /v1/models/{name}/events: rows that have happened, which the next answers look back on."""

from mintmark.serving import body
from mintmark.serving.body import Receive
from mintmark.serving.plain import Call, Plain, find
from mintmark.serving.questions import Columns
from mintmark.serving.refusals import NoPast
from mintmark.serving.stream import Stream


class Events(Plain):
    verb = "events"

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        model = find(self.models, call.path["name"])
        call.model = model.name
        history = model.history
        if history is None:
            what = f"model {model.name!r} answers each row by itself; it looks back on no earlier rows."
            fix = "predict alone; a model with a past has an entity or an id in its recipe."
            raise NoPast(what, where="path", fix=fix)

        def parse(content: bytes) -> tuple[int, Columns]:
            rows = body.rows(content, self.door.limits)
            columns = history.columns(rows)
            return len(rows), columns

        call.rows, columns = await self.read(call, receive, parse)
        return await model.taker.ask(columns, call.rows)

    def count(self, call: Call, status: int, seconds: float) -> None:
        self.counts.taken(call.model, status, call.rows)
