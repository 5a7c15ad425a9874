"""What tests of the page share: real runs and what serves them, a model of every kind of form, a browser."""

import asyncio
import contextlib
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import risky
import writer

import mintmark as mm
from mintmark import spine, tasks
from mintmark.serving import make_app

HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>' &amp;"
PAYOFF = {"currency": "CNY", "true_positive": -5, "false_positive": -5, "false_negative": "-amount"}
VOID = {"meta", "link", "img", "input", "br"}


def paid_run(out: Path) -> Any:
    """Payments, and what stopping fraud earns: a run with money, categories, a past, reasons and a report."""
    task = tasks.get("tabular_classification")
    settings = {"positive": "fraud", "n_estimators": 20}
    recipe = {"task": "tabular_classification", **task.starter, "settings": settings, "payoff": PAYOFF}
    return mm.run(recipe, data=task.example(np.random.default_rng(3)).table(), out=out)


def sales_run(out: Path) -> Any:
    """Monthly sales of five shops, two steps ahead."""
    task = tasks.get("forecasting")
    settings = {"horizon": 4, "season": 12, "model": "seasonal_naive"}
    recipe = {"task": "forecasting", **task.starter, "settings": settings}
    return mm.run(recipe, data=task.example(np.random.default_rng(3)).table(), out=out)


def client(app: Any) -> "Client":
    return Client(app)


class Client:
    """Asks an app without a server, one request a call."""

    def __init__(self, app: Any, **headers: str) -> None:
        self.app, self.headers = app, headers

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, headers=headers)

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> httpx.Response:
        async def main() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://m") as http:
                named = {n.replace("_", "-"): v for n, v in (self.headers | (headers or {})).items()}
                return await http.request(method, path, headers=named, json=body)

        return asyncio.run(main())


class Tags(HTMLParser):
    """The tags and attributes of a page, and the text between them; what is left open is an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())

    def values(self, tag: str, name: str) -> list[str]:
        return [v for t, n, v in self.attributes if t == tag and n == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> ends {self._open}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def hostile() -> spine.Loaded:
    """A model whose columns and categories are named by somebody who means harm."""
    made = risky.loaded()
    questions = [{"name": HOSTILE, "kind": "text", "type": "string"}, *made.facts["questions"]]
    facts = made.facts | {"questions": questions, "run": HOSTILE, "task": HOSTILE}
    facts["recipe"] = made.facts["recipe"] | {"target": HOSTILE}
    return spine.Loaded(facts, made.task, made.features, made.model, made.decision, made.past)


# --- a browser --------------------------------------------------------------------------------------------------------

CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), "")


@contextlib.contextmanager
def listening(app: Any) -> Iterator[str]:
    """The app behind a real socket, in a thread of its own; its address."""
    import uvicorn

    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextlib.contextmanager
def browsers() -> Iterator[Any]:
    """A real Chromium; the test is skipped where there is none."""
    if not CHROMIUM:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[dev]'")
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Watched:
    """A tab, what its console says, and where its requests go; those that the policy holds back go nowhere."""

    tab: Any
    url: str
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """Of the console, but for answers of the API that are no success: a browser tells each of them."""
        return [c for c in self.console if "Failed to load resource: the server responded with a status of 4" not in c]

    def go(self, path: str) -> None:
        self.tab.goto(self.url + path)
        self.tab.wait_for_selector("main h1")

    def until(self, holds: str) -> None:
        """Wait for an expression to be true. Asked from outside: the page's policy lets no text be run inside it."""
        end = time.monotonic() + 15
        while not self.tab.evaluate(holds):
            assert time.monotonic() < end, holds
            time.sleep(0.02)

    def fits(self) -> None:
        """Nothing is wider than the screen."""
        wide = self.tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], wide

    def labelled(self) -> None:
        """Every field has a name that is read out."""
        bare = self.tab.evaluate(
            "[...document.querySelectorAll('input, select, textarea')]"
            ".filter(i => !i.labels.length).map(i => i.outerHTML)"
        )
        assert not bare


@contextlib.contextmanager
def tab(browser: Any, url: str, *, lang: str = "en", width: int = 1280, height: int = 900) -> Iterator[Watched]:
    """A new tab whose reader likes this language."""
    locale = "zh-CN" if lang == "zh" else "en-US"
    context = browser.new_context(locale=locale, viewport={"width": width, "height": height}, color_scheme="light")
    made = Watched(context.new_page(), url)
    made.tab.set_default_timeout(15_000)
    made.tab.on("console", lambda m: made.console.append(m.text) if m.type in ("error", "warning") else None)
    made.tab.on("pageerror", lambda e: made.console.append(str(e)))
    made.tab.on("request", lambda r: made.elsewhere.append(r.url) if _elsewhere(r.url, url) else None)
    made.tab.on("requestfailed", lambda r: made.elsewhere.remove(r.url) if r.failure == "csp" else None)
    yield made
    context.close()


def _elsewhere(asked: str, own: str) -> bool:
    return not asked.startswith((own + "/", "blob:", "data:", "about:"))


def every_kind(paid: Any, sales: Any, **more: Any) -> Any:
    """An app with a model of each kind of form."""
    loaded = {
        "payments": spine.load(paid.bundle), "sales": spine.load(sales.bundle), "poet": writer.loaded(),
        "cards": risky.loaded(),
    }  # fmt: skip
    places = {"payments": paid.bundle, "sales": sales.bundle}
    return make_app(loaded, places=places, page=True, **more)


def asked(app: Any, name: str, table: Any, headers: dict[str, str] | None = None) -> list[str]:
    """Ids of requests, one for each row of a table that was asked."""
    ask, ids = Client(app), []
    for i, row in enumerate(table.to_pylist()):
        body = {"row": row}
        told = ask.request("POST", f"/v1/models/{name}/predict", headers=headers, body=body)
        assert told.status_code == 200, (i, json.dumps(row), told.text)
        ids.append(told.headers["x-request-id"])
    return ids
