"""The REST app: questions in, answers out, by the very code that the library runs.

POST /v1/models/{name}/predict   {"rows": [{...}, ...]} or {"row": {...}} -> {"model": name, "answers": [...]}
POST /v1/models/{name}/events    {"rows": [{...}, ...]} or {"row": {...}} -> {"model": name, "events": how many}
POST /v1/models/{name}/versions/{version}/predict, .../events               the same of one version
POST /v1/admin/models/{name}, .../rollback                                  which version answers
POST /v1/completions, /v1/chat/completions                                   as OpenAI's, for models that write text
GET  /v1/models, /v1/models/{name}, /healthz, /metrics, /openapi.json
"""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mintmark import __version__, spine
from mintmark.base.errors import MintmarkError
from mintmark.serving import monitoring, openapi
from mintmark.serving.access import Keys
from mintmark.serving.admin import Admin, Rollback
from mintmark.serving.body import Limits
from mintmark.serving.completions import Chat, Completions
from mintmark.serving.counts import Counts
from mintmark.serving.deploy import Deploy, Load, sealed
from mintmark.serving.deployed import Deployed, Room
from mintmark.serving.door import Call, Door
from mintmark.serving.events import Events
from mintmark.serving.front import Front
from mintmark.serving.plain import Plain, find, refusal
from mintmark.serving.predict import Predict
from mintmark.serving.rate import Rate, Rates
from mintmark.serving.refusals import NotFound, Refused, WrongMethod
from mintmark.serving.shelf import Shelf
from mintmark.serving.stream import Streams

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mintmark.serving.monitor import Rules
    from mintmark.serving.watching import Watching

Given = tuple[Shelf, Door, Counts, Executor, bool]
"""what every plain path has"""
NAMED = re.compile("/v1/(models|admin/models)/([^/]+)(?:/versions/([^/]+))?(?:/([a-z]+))?")


def make_app(
    loaded: Mapping[str, spine.Loaded],
    limits: Limits | None = None,
    log_requests: bool = False,
    state: Path | None = None,
    *,
    keys: Keys | None = None,
    rate: Rate | None = None,
    log_addresses: bool = False,
    places: Mapping[str, Path] | None = None,
    bundles: Path | None = None,
    room: Room | None = None,
    rates: Rates | None = None,
    rules: "Rules | None" = None,
    outcomes: bool = True,
    load: Load = spine.load,
    page: bool = False,
    lang: str = "en",
) -> "FastAPI":
    """The app that serves these bundles, "name" and other versions, "name@version".

    `app.state.door.closing = True` bids clients farewell; `start` is to be awaited before the first request, `reread`
    looks for what has changed on the disk, `close` ends all.
    state: a folder where events are kept, so that a restart knows them; without one they are kept in memory.
    keys: who may come in; everybody without them.   rate: of requests, for each key or address.
    places: the folders that the bundles are of; bundles: the folder below which an admin may name others.
    room, rates: of the workers of one server.
    rules: triggers of a monitor.toml; outcomes: whether answers are kept, for what became of them to be told later.
    load: how a bundle is opened that is to be served from then on.   page: whether people have a page too.
    Raises: RecipeError, DataError: the folder cannot be used, or what lies there is another bundle's.
    """
    pool, writing = ThreadPoolExecutor(1, "mintmark-answer"), ThreadPoolExecutor(1, "mintmark-text")
    growing = ThreadPoolExecutor(1, "mintmark-events")
    limits, counts = limits or Limits(), Counts()
    door = Door(limits, keys, rate, rates, log_addresses, lang)
    models = Shelf(pool, writing, growing, state, limits, counts.meter)
    models.put(loaded)
    shared = state or (room.folder if room else None)
    deployed = Deployed(shared, None if room else sealed(places or {})) if shared else None
    deploy = Deploy(models, growing, places or {}, bundles, deployed, room, load)
    watching = _watched(models, rules, state, room) if outcomes or rules else None
    paths = _paths((models, door, counts, pool, log_requests), deploy, watching)
    front = Front(door, counts, log_requests)
    app = _app(paths, front)
    app.state.door, app.state.models, app.state.streams = door, models, paths.streams
    app.state.workers, app.state.page = room.workers if room else 1, page
    _live(app, models, keys, deploy, watching)
    _furnish(app, models, door, counts, paths, watching)
    if page:
        from mintmark.serving import page as room_of_page

        front.open |= room_of_page.mount(app, models, door, counts, watching, places or {})
    return app


def _live(app: "FastAPI", models: Shelf, keys: Keys | None, deploy: Deploy, watching: "Watching | None") -> None:
    """What its server calls: at the start, at SIGHUP, in the end."""

    async def reread() -> None:
        if keys:
            keys.look()
        await deploy.reread()

    def close() -> None:
        for model in models.all():
            model.close()
        if watching:
            watching.close()
        deploy.close()

    app.state.start, app.state.reread, app.state.close = deploy.start, reread, close


def _furnish(
    app: "FastAPI", models: Shelf, door: Door, counts: Counts, paths: "_Paths", watching: "Watching | None"
) -> None:
    """Give it the paths that are read, words for every failure, and OpenAPI of all."""
    from starlette.routing import Route

    counts.show(models.families)
    _tell(app, models, door, counts)
    if watching:
        counts.show(watching.families)
        monitoring.show(app, watching)
    _refuse(app, paths.fixed)
    of_all = paths.of_models | paths.fixed
    app.router.routes[:0] = [Route(path, made, methods=["POST"]) for path, made in of_all.items()]
    app.state.told = monitoring.paths if watching else None
    app.openapi = lambda: _document(app, models, door)  # type: ignore[method-assign]


@dataclass(frozen=True)
class _Paths:
    """What answers POST without FastAPI."""

    of_models: dict[str, Plain]
    """by a path with the name of a model in it"""
    fixed: dict[str, Plain]
    streams: Streams

    def find(self) -> Callable[[Any], Plain | None]:
        """What finds who answers a request."""
        table = {_place(found): made for path, made in self.of_models.items() if (found := NAMED.fullmatch(path))}
        fixed = self.fixed
        return lambda scope: named(table, scope) or fixed.get(scope["path"])


def _paths(given: Given, deploy: Deploy, watching: "Watching | None") -> _Paths:
    """Who answers what."""
    predict, events, completions, chat = Predict(*given), Events(*given), Completions(*given), Chat(*given)
    streams = predict.streams = completions.streams = chat.streams = Streams(predict.door.limits.streams)
    admin, rollback = Admin(*given), Rollback(*given)
    admin.deploy = rollback.deploy = deploy
    of_models: dict[str, Plain] = {
        "/v1/models/{name}/predict": predict,
        "/v1/models/{name}/events": events,
        "/v1/models/{name}/versions/{version}/predict": predict,
        "/v1/models/{name}/versions/{version}/events": events,
        "/v1/admin/models/{name}": admin,
        "/v1/admin/models/{name}/rollback": rollback,
    }
    if watching:
        of_models |= told_of(watching, given)
        for plain in (predict, completions, chat):
            plain.watching = watching
    return _Paths(of_models, {"/v1/completions": completions, "/v1/chat/completions": chat}, streams)


def _app(paths: _Paths, front: Front) -> "FastAPI":
    """An app that asks the plain paths first."""
    from fastapi import FastAPI

    find_plain = paths.find()

    class App(FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            """Plain paths are asked before the middleware, which would take as long again; all else goes that way."""
            if scope["type"] != "http":
                await super().__call__(scope, receive, send)
            elif scope["method"] == "POST" and (plain := find_plain(scope)):
                await plain(scope, receive, send)
            else:
                await front(super().__call__, scope, receive, send)

    off: dict[str, Any] = {"docs_url": None, "redoc_url": None, "openapi_url": None, "redirect_slashes": False}
    return App(title="mintmark", version=__version__, **off)


def _watched(models: Shelf, rules: "Rules | None", state: Path | None, room: Room | None) -> "Watching":
    from mintmark.serving.watching import Watching

    watching = Watching(models, rules, state, workers=room.workers if room else 1)
    models.changed.append(watching.changed)
    return watching


def told_of(watching: "Watching", given: Given) -> dict[str, Plain]:
    """The paths on which outcomes are told, and triggers armed again."""
    outcomes, reset = monitoring.TakeOutcomes(*given), monitoring.ResetMonitor(*given)
    outcomes.watching = reset.watching = watching
    return {"/v1/models/{name}/outcomes": outcomes, "/v1/models/{name}/monitor": reset}


def named(table: Mapping[Any, Plain], scope: Any) -> Plain | None:
    """What answers a path that names a model; the names are put beside it."""
    found = NAMED.fullmatch(scope["path"])
    if not found:
        return None
    name, version = found[2], found[3]
    scope["path_params"] = {"name": name} if version is None else {"name": name, "version": version}
    return table.get(_place(found))


def _place(found: re.Match[str]) -> tuple[str, bool, str | None]:
    """What of a path says who answers it."""
    return found[1], found[3] is not None, found[4]


def _tell(app: "FastAPI", models: Shelf, door: Door, counts: Counts) -> None:
    """The paths on which the server speaks of itself."""
    from fastapi import Request
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
    async def list_models(request: Request) -> Response:
        seen = [m for name, m in models.items() if request.scope["call"].sees(name)]
        openai = {"object": "list", "data": [m.card() for m in seen]}
        about = [m.about() | {"versions": models.about(m.name)} for m in seen]
        return json({"models": about, **openai})

    @app.get(
        "/v1/models/{name}",
        summary="One model: its task, run, answer, questions and events",
        responses={404: {"description": "no model of this name"}},
    )
    async def show_model(request: Request, name: str) -> Response:
        model = find(models, name, request.scope["call"])
        return json(model.about() | {"versions": models.about(model.name)})

    @app.get(
        "/v1/models/{name}/versions/{version}",
        summary="One version of a model",
        responses={404: {"description": "no such model or version"}},
    )
    async def show_version(request: Request, name: str, version: str) -> Response:
        return json(models.version(find(models, name, request.scope["call"]).name, version).about())

    @app.get("/openapi.json", include_in_schema=False)
    async def document(request: Request) -> Response:
        return json(_document(app, models, door, request.scope["call"]))


def _document(app: "FastAPI", models: Shelf, door: Door, call: Call | None = None) -> dict[str, Any]:
    """OpenAPI of what whoever asks may know of."""
    from fastapi.openapi.utils import get_openapi

    base = get_openapi(title=app.title, version=app.version, routes=app.routes)
    seen = [models.versions(name) for name in models if call is None or call.sees(name)]
    admin = call is not None and call.key is not None and "admin" in call.key.scopes
    return openapi.document(base, seen, door.limits, door.keys is not None, admin, app.state.told)


def _refuse(app: "FastAPI", plain: Mapping[str, Plain]) -> None:
    """Every failure beyond the plain paths in our words, on OpenAI's paths in the form of its errors."""
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    async def on_refusal(request: Request, exc: Exception) -> Response:
        if isinstance(exc, HTTPException):
            exc = _worded(exc, request.method, request.url.path)
        own, call = plain.get(request.url.path), request.scope["call"]
        status, headers, say = own.refusal(exc, call) if own else refusal(exc, call)
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
    if exc.status_code == 404 and path.endswith(("/outcomes", "/monitor")):
        fix = "mintmark serve --state DIR, or --monitor FILE."
        return NotFound("this server keeps no answers.", where=path[:100], fix=fix)
    if exc.status_code == 404 and path.startswith("/page"):
        return NotFound("no such page here.", where=path[:100], fix="/page/, where the server has one: --page.")
    if exc.status_code == 404:
        return NotFound("no such path.", where=path[:100], fix="/v1/models lists what there is; /openapi.json too.")
    refused = Refused(str(exc.detail), where=path[:100])
    refused.status = exc.status_code
    return refused
