"""The REST app: questions in, answers out, by the very code that the library runs.

POST /v1/models/{name}/predict   {"rows": [{...}, ...]} or {"row": {...}} -> {"model": name, "answers": [...]}
GET  /v1/models, /v1/models/{name}, /healthz, /metrics, /openapi.json
"""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import orjson

from mintmark import __version__, spine
from mintmark.base.errors import MintmarkError, unknown
from mintmark.serving import body, openapi
from mintmark.serving.body import Gone, Limits, Receive
from mintmark.serving.counts import Counts
from mintmark.serving.model import Model
from mintmark.serving.questions import Columns
from mintmark.serving.refusals import CLOSE, NotFound, Overloaded, Refused, Stopping, WrongMethod, status_of

if TYPE_CHECKING:
    from fastapi import FastAPI

Send = Callable[[dict[str, Any]], Awaitable[None]]
log = logging.getLogger("mintmark.serving")
JSON = (b"content-type", b"application/json")
PREDICT = re.compile("/v1/models/([^/]+)/predict")
INLINE_BYTES = 256 << 10
"""a larger body is parsed in a thread, so that the other requests are still heard"""
BUG = "report it with the server's log of this request; it is our mistake."


class Door:
    """What the server says of itself while it runs: whether it is closing, and how much it is at."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.closing = limits, False
        self.requests, self.bytes = 0, 0


def make_app(loaded: Mapping[str, spine.Loaded], limits: Limits | None = None, log_requests: bool = False) -> "FastAPI":
    """The app that serves these bundles under these names; `app.state.door.closing = True` bids clients farewell."""
    from fastapi import FastAPI
    from fastapi.openapi.utils import get_openapi
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response
    from starlette.routing import Route

    pool = ThreadPoolExecutor(1, "mintmark-answer")
    models = {name: Model(name, bundle, pool) for name, bundle in loaded.items()}
    door, counts = Door(limits or Limits()), Counts()
    predict = Predict(models, door, counts, pool, log_requests)

    class App(FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Predict is asked before the middleware, which would take as long again; all else goes the usual way."""
            if scope["type"] == "http" and scope["method"] == "POST" and (found := PREDICT.fullmatch(scope["path"])):
                scope["path_params"] = {"name": found[1]}
                await predict(scope, receive, send)
            else:
                await super().__call__(scope, receive, send)

    app = App(title="mintmark", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.door, app.state.models = door, models

    @app.get("/healthz", summary="Whether the server takes requests", responses={503: {"description": "closing"}})
    async def healthz() -> Response:
        status, say = (503, b'{"status":"closing"}') if door.closing else (200, b'{"status":"ok"}')
        return Response(say, status, media_type="application/json")

    @app.get("/metrics", response_class=PlainTextResponse, summary="Counters in the text format of Prometheus")
    async def metrics() -> Response:
        return Response(counts.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/v1/models", summary="The models that are served here")
    async def list_models() -> Response:
        about = {"models": [m.about() for m in models.values()]}
        return Response(orjson.dumps(about), media_type="application/json")

    @app.get(
        "/v1/models/{name}",
        summary="One model: its task, run, answer and questions",
        responses={404: {"description": "no model of this name"}},
    )
    async def show_model(name: str) -> Response:
        return Response(orjson.dumps(_find(models, name).about()), media_type="application/json")

    async def on_refusal(request: Request, exc: Exception) -> Response:
        if isinstance(exc, HTTPException):
            exc = _worded(exc, request.method, request.url.path)
        status, headers, say = _refusal(exc)
        return Response(say, status, {k.decode(): v.decode() for k, v in headers})

    for kind in (MintmarkError, HTTPException, Exception):
        app.add_exception_handler(kind, on_refusal)
    app.router.routes.insert(0, Route("/v1/models/{name}/predict", predict, methods=["POST"]))
    base = get_openapi(title=app.title, version=app.version, routes=app.routes)
    whole = openapi.document(base, models.values(), door.limits)
    app.openapi = lambda: whole  # type: ignore[method-assign]
    return app


class Predict:
    """The one path that must be fast: a plain ASGI app, without what FastAPI does for each request."""

    def __init__(
        self, models: Mapping[str, Model], door: Door, counts: Counts, pool: Executor, log_requests: bool
    ) -> None:
        self.models, self.door, self.counts, self.pool, self.log_requests = models, door, counts, pool, log_requests

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        start, door = time.perf_counter(), self.door
        name, n = scope["path_params"]["name"], 0
        status, headers = 200, [JSON]
        door.requests += 1
        self.counts.in_flight.inc()
        try:
            if door.requests > door.limits.requests:
                what = f"{door.limits.requests} requests are being answered already."
                raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")
            n, said = await self._answered(_find(self.models, name), scope["headers"], receive)
        except Gone:
            return
        except asyncio.CancelledError:
            if not door.closing:
                raise
            what = "the server stops, and this request was not answered in the time that it leaves itself."
            stopping = Stopping(what, where="server", fix="the server that takes its place.")
            status, headers, said = _refusal(stopping)
        except Exception as exc:  # noqa: BLE001  the outermost face: whatever comes here has an answer
            status, headers, said = _refusal(exc)
        finally:
            door.requests -= 1
            self.counts.in_flight.dec()
        headers.append((b"content-length", str(len(said)).encode()))
        if door.closing:
            headers.append(CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})
        took = time.perf_counter() - start
        self.counts.done(name if name in self.models else "", status, n, took)
        if self.log_requests:
            shown = name if name in self.models else "-"  # what a client sends could forge lines
            log.info("predict %s %d %d rows %.1f ms", shown, status, n, took * 1000)

    async def _answered(self, model: Model, headers: Any, receive: Receive) -> tuple[int, bytes]:
        """How many rows there were, and the whole answer to them."""
        door, size = self.door, 0

        def hold(more: int) -> None:
            nonlocal size
            size += more
            door.bytes += more
            if door.bytes > door.limits.held_bytes:
                what = "the requests that are being answered already fill the memory set aside for them."
                raise Overloaded(what, where="server", fix="again after the seconds in Retry-After.")

        try:
            content = await body.read(headers, receive, door.limits, hold)
            if size <= INLINE_BYTES:
                n, columns = self._read(model, content)
            else:
                loop = asyncio.get_running_loop()
                n, columns = await loop.run_in_executor(self.pool, self._read, model, content)
            del content
            return n, await model.batcher.ask(columns, n)
        finally:
            door.bytes -= size

    def _read(self, model: Model, content: bytes) -> tuple[int, Columns]:
        rows = body.parse(content, self.door.limits)
        columns = model.questions.columns(rows)
        return len(rows), columns


def _find(models: Mapping[str, Model], name: str) -> Model:
    if name not in models:
        raise unknown("model", name[:60], models, where="path", error=NotFound)
    return models[name]


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


def _refusal(exc: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body. What is no error of the user's is a bug of ours: logged with an id, not shown."""
    if isinstance(exc, MintmarkError):
        more: Iterable[tuple[bytes, bytes]] = exc.headers if isinstance(exc, Refused) else ()
        return status_of(exc), [JSON, *more], orjson.dumps(exc.as_dict())
    request = uuid.uuid4().hex[:12]
    log.error("request %s failed", request, exc_info=exc)
    said = {"kind": "Bug", "where": "server", "what": "this request met a bug.", "try": BUG, "request": request}
    return 500, [JSON, (b"x-request-id", request.encode())], orjson.dumps({"error": said})
