"""The paths of outcomes and of monitoring.

POST /v1/models/{name}/outcomes  {"outcomes": [{"request": id, "row": 0, "outcome": ..., "at": ...}, ...]}
GET  /v1/models/{name}/outcomes  what decisions earned, beside what was promised
GET  /v1/models/{name}/monitor   triggers, drift, requests
POST /v1/models/{name}/monitor   {"reset": "all"} or {"reset": trigger}
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mintmark.serving import body, outcomes
from mintmark.serving.body import Receive
from mintmark.serving.door import Call
from mintmark.serving.plain import Plain, find
from mintmark.serving.refusals import NotAllowed, Refused, TooLarge
from mintmark.serving.stream import Stream
from mintmark.serving.watching import Watching

if TYPE_CHECKING:
    from fastapi import FastAPI

OUTCOMES = '{"outcomes": [{"request": "...", "row": 0, "outcome": "..."}]}'
RESET = '{"reset": "all"}, or the name of a trigger'


class Told(Plain):
    """A path on which the watching of a model is told something, in a body with one key."""

    watching: Watching
    key, form = "", ""

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        name = call.model = find(self.models, call.path["name"], call).name
        told = await self.read(call, receive, lambda content: self.parsed(_only(content, self.key, self.form)))
        call.rows = len(told) if isinstance(told, list) else 0
        return orjson.dumps(await _elsewhere(partial(self.hear, name, told)))

    @abstractmethod
    def parsed(self, value: Any) -> Any:
        """What stands under the key.   Raises: MintmarkError: it is not in the form."""

    @abstractmethod
    def hear(self, name: str, told: Any) -> dict[str, Any]:
        """Have the watching of this model hear it, in a thread; what it says comes out."""

    def count(self, call: Call, status: int, seconds: float) -> None:
        """Not among the requests for answers."""


class TakeOutcomes(Told):
    """POST .../outcomes."""

    verb, needs, key, form = "outcomes", "outcomes", "outcomes", OUTCOMES

    def parsed(self, value: Any) -> list[outcomes.Outcome]:
        if type(value) is list and len(value) > self.door.limits.rows:
            what = f"{len(value):,} outcomes, at most {self.door.limits.rows:,} are taken at once."
            raise TooLarge(what, where="outcomes", fix="send them in several requests.")
        return outcomes.parse(value)

    def hear(self, name: str, told: list[outcomes.Outcome]) -> dict[str, Any]:
        return self.watching.take(name, told)


class ResetMonitor(Told):
    """POST .../monitor."""

    verb, needs, key, form = "monitor", "admin", "reset", RESET

    def parsed(self, value: Any) -> str:
        if type(value) is not str or not value:
            raise Refused("the name of a trigger is wanted.", where="reset", fix=RESET)
        return value

    def hear(self, name: str, told: str) -> dict[str, Any]:
        return self.watching.reset(name, told)


def show(app: "FastAPI", watching: Watching) -> None:
    """The two paths that are read."""
    from fastapi import Request
    from starlette.responses import Response

    async def said(request: Request, name: str, what: Callable[[str], dict[str, Any]]) -> Response:
        call: Call = request.scope["call"]
        name = find(watching.models, name, call).name
        if call.key and "read" not in call.key.scopes:
            what_ = "this API key has not the scope 'read'."
            raise NotAllowed(what_, where="header authorization", fix="a key that has it: mintmark api-keys new")
        return Response(orjson.dumps(await _elsewhere(partial(what, name))), media_type="application/json")

    missing: dict[int | str, dict[str, Any]] = {404: {"description": "no model of this name"}}

    @app.get(
        "/v1/models/{name}/outcomes",
        summary="What the decisions of a model have earned, beside what was promised",
        responses=missing | {409: {"description": "its answers come to nothing that could be told of them"}},
    )
    async def show_outcomes(request: Request, name: str) -> Response:
        return await said(request, name, watching.figures)

    @app.get(
        "/v1/models/{name}/monitor",
        summary="Triggers, drift against the training profile, and requests of a model",
        responses=missing,
    )
    async def show_monitor(request: Request, name: str) -> Response:
        return await said(request, name, watching.state)


def paths(name: str) -> dict[str, dict[str, Any]]:
    """OpenAPI of the two that are sent to, by path; what they refuse is added where the others' is."""
    text, whole = {"type": "string"}, {"type": "integer"}
    known: dict[str, Any] = {
        "outcome": {"type": ["string", "number", "boolean"]},
        "at": {"type": ["string", "number", "null"], "description": "ISO 8601, or seconds since 1970"},
        "amounts": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    ours: dict[str, Any] = {"request": text, "row": whole | {"minimum": 0}}
    one = {"oneOf": [_form(("request", "outcome"), **ours, **known), _form(("case", "outcome"), case=text, **known)]}
    taken: dict[str, Any] = dict.fromkeys(("outcomes", "matched", "revised", "duplicates", "unmatched"), whole)
    reset: dict[str, Any] = {"model": {"const": name}, "reset": {"type": "array", "items": text}}
    many = {"outcomes": {"type": "array", "items": one, "minItems": 1}}
    return {
        f"/v1/models/{name}/outcomes": _post(
            f"outcomes_{name}", f"Tell what decisions of {name} came to", many, taken | {"model": {"const": name}}
        ),
        f"/v1/models/{name}/monitor": _post(f"reset_{name}", f"Arm triggers of {name} again", {"reset": text}, reset),
    }


def _form(required: Iterable[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": False,
    }  # fmt: skip


def _post(operation: str, summary: str, asked: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    content = [{"application/json": {"schema": _form(said, **said)}} for said in (asked, told)]
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": content[0]},
        "responses": {"200": {"description": "done", "content": content[1]}},
    }


def _only(content: bytes, key: str, form: str) -> Any:
    """Raises: Refused: not JSON, or another key than this one."""
    asked = body.json(content, form)
    if set(asked) != {key}:
        got = ", ".join(k[:60] for k in list(asked)[:20]) or "none"
        raise Refused(f'the one key "{key}" is wanted, got {got}.', where="body", fix=form)
    return asked[key]


async def _elsewhere(what: Callable[[], Any]) -> Any:
    """In a thread: it waits for a disk, or draws a thousand samples."""
    return await asyncio.get_running_loop().run_in_executor(None, what)
