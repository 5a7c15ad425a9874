"""Mount: the paths of the page on an app. Nothing of it is imported where the page is not wanted."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from mintmark.base.words import LANGUAGES, Language
from mintmark.serving.counts import Counts
from mintmark.serving.door import Call, Door
from mintmark.serving.model import Model
from mintmark.serving.page import headers, live, models, ran, shell, told, value
from mintmark.serving.page.ahead import ahead
from mintmark.serving.page.runs import Runs
from mintmark.serving.page.script import CODE
from mintmark.serving.page.sheet import HTML
from mintmark.serving.page.style import SHEET
from mintmark.serving.plain import find
from mintmark.serving.refusals import NotAllowed, NotFound, Refused
from mintmark.serving.shelf import Shelf
from mintmark.serving.speech import preferred
from mintmark.serving.watching import Watching

if TYPE_CHECKING:
    from fastapi import FastAPI

ASSETS = {
    "/page/style.css": ("text/css; charset=utf-8", SHEET),
    "/page/script.js": ("text/javascript; charset=utf-8", CODE),
    "/page/mark.svg": ("image/svg+xml", shell.MARK),
}
HOME = "/page/"
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
"""for the name of a file"""
OWN = (b"same-origin", b"none")
"""sites whose requests for parts are answered: this page, and an address that somebody types"""


@dataclass(frozen=True)
class Page:
    """What the page reads: all of it is the server's already."""

    models: Shelf
    door: Door
    counts: Counts
    watching: Watching | None
    runs: Runs

    # --- what a key may see ------------------------------------------------------------------------------------------

    def seen(self, call: Call) -> list[Model]:
        return [m for name, m in self.models.items() if call.sees(name)]

    def made(self, call: Call) -> list[Model]:
        """Every version of each, by which the runs are known that may be told of."""
        if not self.reads(call):
            return []
        return [v for name in self.models if call.sees(name) for v in self.models.versions(name)]

    @staticmethod
    def reads(call: Call) -> bool:
        """Whether it may know what models earn and how they fare: the scope that the monitoring paths ask for."""
        return call.key is None or "read" in call.key.scopes

    def every(self, call: Call) -> bool:
        """Whether it may know of runs that made none of its models."""
        return self.reads(call) and (call.key is None or call.key.models is None)

    # --- parts -------------------------------------------------------------------------------------------------------

    def list_models(self, call: Call, say: Language, seen: list[Model]) -> str:
        reads = self.reads(call)
        entries = self.runs.of(seen) if reads else [None] * len(seen)
        return models.listed(list(zip(seen, entries, strict=True)), self.watching, say, reads)

    def show_model(self, call: Call, say: Language, model: Model) -> str:
        reads = self.reads(call)
        entry = self.runs.of([model])[0] if reads else None
        base = f"/page/{say.code}/models/{model.name}"
        return models.whole(model, entry, self.watching, say, reads=reads, base=base)

    def list_runs(self, call: Call, say: Language, made: list[Model]) -> str:
        return ran.listed(self.runs.all(made, self.every(call)), say)

    def show_run(self, call: Call, say: Language, made: list[Model], run: str) -> str:
        return ran.whole(self.runs.find(run, made, self.every(call)), say)

    def report(self, call: Call, say: Language, made: list[Model], run: str) -> tuple[str, str]:
        """The report, and the name that it is saved under."""
        entry = self.runs.find(run, made, self.every(call))
        return told.page(entry, say), f"report-{UNFIT.sub('-', entry.run)}.html"


def mount(
    app: "FastAPI",
    models: Shelf,
    door: Door,
    counts: Counts,
    watching: Watching | None,
    places: Mapping[str, Path],
) -> frozenset[str]:
    """Put the paths of the page on the app; those that hold nothing of anybody's, and so need no key.

    places: the folders of the bundles that the command line names.
    """
    page = Page(models, door, counts, watching, Runs(places))
    app.router.routes[:0] = [*_open(door.keys is not None), *_locked(page)]
    return frozenset({"/", "/page", HOME, "/page/sheet", *ASSETS, *(f"{HOME}{code}/" for code in LANGUAGES)})


# --- what everybody may have ------------------------------------------------------------------------------------------


def _open(keys: bool) -> list[Route]:
    async def home(request: Request) -> Response:
        where = f"{HOME}{preferred(request.headers.get('accept-language', ''))}/"
        return RedirectResponse(where, 307, headers.OURS | {"cache-control": headers.FRESH, "vary": "accept-language"})

    shells = {
        code: _kept(shell.html(Language(code), keys), "text/html; charset=utf-8", headers.shell()) for code in LANGUAGES
    }

    async def frame(request: Request) -> Response:
        made = shells.get(request.path_params["lang"])
        if made is None:
            raise _no_language(request.path_params["lang"])
        return made(request)

    made = [Route(path, home) for path in ("/", "/page", HOME)]
    made += [Route(path, _endpoint(_kept(content, kind, headers.asset()))) for path, (kind, content) in ASSETS.items()]
    made.append(Route("/page/sheet", _endpoint(_kept(HTML, "text/html; charset=utf-8", headers.frame()))))
    return [*made, Route("/page/{lang}/", frame)]


def _kept(content: str, kind: str, more: Mapping[str, str]) -> Callable[[Request], Response]:
    """An answer that is the same for all, with a tag by which a browser asks whether it still is."""
    body = content.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told_ = {**more, "etag": tag}

    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=told_)
        return Response(body, media_type=kind, headers=told_)

    return answer


def _endpoint(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return answer(request)

    return endpoint


# --- what is a key's --------------------------------------------------------------------------------------------------


def _locked(page: Page) -> list[Route]:
    """Parts of the page: read in a thread, as they wait for a disk; what models there are is read before."""

    async def html(make: Callable[..., str], *args: Any) -> Response:
        made = await run_in_threadpool(make, *args)
        return Response(made, media_type="text/html; charset=utf-8", headers=headers.part())

    async def list_models(request: Request) -> Response:
        call, say = _asked(request)
        return await html(page.list_models, call, say, page.seen(call))

    async def list_runs(request: Request) -> Response:
        call, say = _asked(request)
        return await html(page.list_runs, call, say, page.made(call))

    async def show_model(request: Request) -> Response:
        call, say = _asked(request)
        return await html(page.show_model, call, say, _model(page, request))

    async def show_live(request: Request) -> Response:
        call, say = _asked(request)
        model = _model(page, request)
        _reads(page, call)
        return await html(live.live, model, page.counts, page.watching, say)

    async def show_value(request: Request) -> Response:
        call, say = _asked(request)
        model = _model(page, request)
        _reads(page, call)
        return await html(value.value, model, page.watching, say)

    async def show_ahead(request: Request) -> Response:
        call, _ = _asked(request)
        query = request.query_params
        steps = query.get("steps", "")
        if not steps.isascii() or not steps.isdigit() or len(steps) > 9:
            raise Refused(f"a number of steps is wanted, got {steps[:30]!r}.", where="steps", fix="steps=12")
        made = await run_in_threadpool(
            ahead, _model(page, request), query.get("series", "")[:1000], int(steps), page.reads(call)
        )
        return JSONResponse(made, headers=headers.part())

    async def show_run(request: Request) -> Response:
        call, say = _asked(request)
        return await html(page.show_run, call, say, page.made(call), request.path_params["run"])

    async def report(request: Request) -> Response:
        call, say = _asked(request)
        made, name = await run_in_threadpool(page.report, call, say, page.made(call), request.path_params["run"])
        return Response(made, media_type="text/html; charset=utf-8", headers=headers.report(name))

    of: Sequence[tuple[str, Callable[[Request], Awaitable[Response]]]] = (
        ("models", list_models), ("models/{name}", show_model), ("models/{name}/live", show_live),
        ("models/{name}/value", show_value), ("models/{name}/ahead", show_ahead), ("runs", list_runs),
        ("runs/{run}", show_run), ("runs/{run}/report", report),
    )  # fmt: skip
    return [Route(f"/page/{{lang}}/{path}", endpoint) for path, endpoint in of]


def _asked(request: Request) -> tuple[Call, Language]:
    """Who asks, and in which language.   Raises: NotFound: no language of ours; NotAllowed: another site asks."""
    for name, said in request.scope["headers"]:
        if name == b"sec-fetch-site" and said not in OWN:
            what = "another site asks for a part of this page."
            raise NotAllowed(what, where="header sec-fetch-site", fix=f"open {HOME} itself.")
    lang = request.path_params["lang"]
    if lang not in LANGUAGES:
        raise _no_language(lang)
    return request.scope["call"], Language(lang)


def _no_language(lang: str) -> NotFound:
    return NotFound(f"no page in the language {lang[:30]!r}.", where="path", fix=f"one of {', '.join(LANGUAGES)}.")


def _model(page: Page, request: Request) -> Model:
    return find(page.models, request.path_params["name"], request.scope["call"])


def _reads(page: Page, call: Call) -> None:
    if not page.reads(call):
        what = "this API key has not the scope 'read'."
        raise NotAllowed(what, where="header authorization", fix="a key that has it: mintmark api-keys new")
