"""POST /v1/models/{name}/events: rows that have happened, which the next answers look back on."""

from typing import Any

from mintmark.serving import body, lines
from mintmark.serving.body import Receive
from mintmark.serving.door import Call
from mintmark.serving.model import Model
from mintmark.serving.plain import Plain
from mintmark.serving.questions import Columns
from mintmark.serving.refusals import NoPast
from mintmark.serving.stream import Stream


class Events(Plain):
    verb, needs = "events", "events"

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        model = self.model(call)
        call.of = model
        model.users += 1
        if model.history is None:
            raise no_past(model)
        history = model.history

        def parse(content: bytes) -> tuple[Any, Columns]:
            rows = body.rows(content, self.door.limits)
            return rows, history.columns(rows)

        rows, columns = await self.read(call, receive, parse)
        call.rows = len(rows)
        said = await model.taker.ask(columns, call.rows)
        if "version" not in call.path:
            for other in self.models.others(model):
                await self._also(other, rows)
        return said

    async def _also(self, model: Model, rows: Any) -> None:
        """Tell a version that does not answer now: it may come to answer, again or for the first time."""
        model.users += 1
        try:
            if model.history:
                await model.taker.ask(model.history.columns(rows), len(rows))
        except Exception as exc:  # noqa: BLE001  that one is not what the request is about
            self.counts.missed(model.name, model.version, len(rows))
            lines.log.warning("version %s of %s did not take an event", model.version, model.name, exc_info=exc)
        finally:
            model.users -= 1

    def count(self, call: Call, status: int, seconds: float) -> None:
        self.counts.taken(call.model, status, call.rows)


def no_past(model: Model) -> NoPast:
    what = f"model {model.name!r} answers each row by itself; it looks back on no earlier rows."
    return NoPast(what, where="path", fix="predict alone; a model with a past has an entity or an id in its recipe.")
