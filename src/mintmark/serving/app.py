"""The REST app: questions in, answers out, by the very code that the library runs.

POST /v1/models/{name}/predict   {"rows": [{...}, ...]} or {"row": {...}} -> {"model": name, "answers": [...]}
POST /v1/models/{name}/events    {"rows": [{...}, ...]} or {"row": {...}} -> {"model": name, "events": how many}
POST /v1/completions, /v1/chat/completions                                   as OpenAI's, for models that write text
GET  /v1/models, /v1/models/{name}, /healthz, /metrics, /openapi.json
"""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mintmark import __version__, spine
from mintmark.base.errors import MintmarkError
from mintmark.serving import openapi
from mintmark.serving.body import Limits
from mintmark.serving.completions import Chat, Completions
from mintmark.serving.counts import Counts
from mintmark.serving.events import Events
from mintmark.serving.model import Model
from mintmark.serving.plain import Door, Plain, find, refusal
from mintmark.serving.predict import Predict
from mintmark.serving.refusals import NotFound, Refused, WrongMethod
from mintmark.serving.stream import Streams

if TYPE_CHECKING:
    from fastapi import FastAPI

PREDICT = re.compile("/v1/models/([^/]+)/predict")


def make_app(
    loaded: Mapping[str, spine.Loaded],
    limits: Limits | None = None,
    log_requests: bool = False,
    state: Path | None = None,
) -> "FastAPI":
    """The app that serves these bundles under these names; `app.state.door.closing = True` bids clients farewell.

    state: a folder where events are kept, so that a restart knows them; without one they are kept in memory.
    Raises: RecipeError, DataError: the folder cannot be used, or what lies there is another bundle's.
    """
    from fastapi import FastAPI
    from fastapi.openapi.utils import get_openapi
    from starlette.routing import Route

    pool, writing = ThreadPoolExecutor(1, "mintmark-answer"), ThreadPoolExecutor(1, "mintmark-text")
    growing = ThreadPoolExecutor(1, "mintmark-events")
    models = {
        name: Model(name, bundle, writing if bundle.task.answer == "text" else pool, growing, state)
        for name, bundle in loaded.items()
    }
    door, counts = Door(limits or Limits()), Counts()
    given = models, door, counts, pool, log_requests
    predict, events, completions, chat = Predict(*given), Events(*given), Completions(*given), Chat(*given)
    streams = predict.streams = completions.streams = chat.streams = Streams(door.limits.streams)
    plain: dict[str, Plain] = {
        "/v1/models/{name}/predict": predict, "/v1/models/{name}/events": events,
        "/v1/completions": completions, "/v1/chat/completions": chat,
    }  # fmt: skip

    class App(FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Predict is asked before the middleware, which would take as long again; all else goes the usual way."""
            if scope["type"] == "http" and scope["method"] == "POST" and (found := PREDICT.fullmatch(scope["path"])):
                scope["path_params"] = {"name": found[1]}
                await predict(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)

    app = App(title="mintmark", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.door, app.state.models, app.state.streams = door, models, streams
    _tell(app, models, door, counts)
    _refuse(app, plain)
    app.router.routes[:0] = [Route(path, made, methods=["POST"]) for path, made in plain.items()]
    base = get_openapi(title=app.title, version=app.version, routes=app.routes)
    whole = openapi.document(base, models.values(), door.limits)
    app.openapi = lambda: whole  # type: ignore[method-assign]
    return app


def _tell(app: "FastAPI", models: Mapping[str, Model], door: Door, counts: Counts) -> None:
    """The paths on which the server speaks of itself."""
    from starlette.responses import PlainTextResponse, Response

    def json(said: Any, status: int = 200) -> Response:
        return Response(orjson.dumps(said), status, media_type="application/json")

    @app.get("/healthz", summary="Whether the server takes requests", responses={503: {"description": "closing"}})
    async def healthz() -> Response:
        return json({"status": "closing"}, 503) if door.closing else json({"status": "ok"})

    @app.get("/metrics", response_class=PlainTextResponse, summary="Counters in the text format of Prometheus")
    async def metrics() -> Response:
        return Response(counts.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/models", summary="The models that are served here")
    async def list_models() -> Response:
        openai = {"object": "list", "data": [m.card() for m in models.values()]}
        return json({"models": [m.about() for m in models.values()], **openai})

    @app.get(
        "/v1/models/{name}",
        summary="One model: its task, run, answer, questions and events",
        responses={404: {"description": "no model of this name"}},
    )
    async def show_model(name: str) -> Response:
        return json(find(models, name).about())


def _refuse(app: "FastAPI", plain: Mapping[str, Plain]) -> None:
    """Every failure beyond the plain paths in our words, on OpenAI's paths in the form of its errors."""
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    async def on_refusal(request: Request, exc: Exception) -> Response:
        if isinstance(exc, HTTPException):
            exc = _worded(exc, request.method, request.url.path)
        own = plain.get(request.url.path)
        status, headers, say = own.refusal(exc) if own else refusal(exc)
        return Response(say, status, {k.decode(): v.decode() for k, v in headers})

    for kind in (MintmarkError, HTTPException, Exception):
        app.add_exception_handler(kind, on_refusal)


def _worded(exc: Any, method: str, path: str) -> Refused:
    """What the router says no to, in our words."""
    if exc.status_code == 405:
        allowed = (exc.headers or {}).get("Allow", "")
        what = f"{method[:20]} is not taken here; {allowed} is."
        said: Refused = WrongMethod(what, where=path[:100], fix=f"the same path with {allowed}.")
        said.headers = ((b"allow", allowed.encode()),)
        return said
    if exc.status_code == 404:
        return NotFound("no such path.", where=path[:100], fix="/v1/models lists what there is; /openapi.json too.")
    refused = Refused(str(exc.detail), where=path[:100])
    refused.status = exc.status_code
    return refused
