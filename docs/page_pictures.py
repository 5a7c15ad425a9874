"""Pictures of the page, by a real browser on real runs: python docs/page_pictures.py FOLDER [--docs].

Every view in both languages, as wide as a desktop and as a phone; with --docs also the one that the docs show,
docs/pictures/page.png. It needs Chromium and playwright (extra `dev`); it fetches nothing.
"""

import argparse
import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mintmark as mm
from mintmark import spine, tasks
from mintmark.recipe import strict
from mintmark.serving import make_app
from mintmark.serving.monitor import Rules

ROOT = Path(__file__).parents[1]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WIDTHS = {"desktop": 1280, "phone": 390}
LOCALES = {"en": "en-US", "zh": "zh-CN"}
PAYOFF = {"currency": "CNY", "true_positive": -5, "false_positive": -5, "false_negative": "-amount"}
ROWS = 1500


def runs(folder: Path, only: Sequence[str] = ("payments", "sales", "writer")) -> dict[str, Any]:
    """A run with money, one of series, one of text."""
    fraud, sales, text = (tasks.get(n) for n in ("tabular_classification", "forecasting", "text_generation"))
    rng = np.random.default_rng(7)
    made = {
        "payments": ("tabular_classification", fraud, {"settings": {"positive": "fraud"}, "payoff": PAYOFF}),
        "sales": ("forecasting", sales, {"settings": {"horizon": 12, "season": 12, "model": "ets"}}),
        "writer": ("text_generation", text, {}),
    }
    return {
        name: mm.run({"task": kind, **task.starter, **more}, data=task.example(rng).table(), out=folder / name)
        for name, (kind, task, more) in made.items()
        if name in only
    }


def traffic(app: Any, run: Any) -> None:
    """Payments that are asked one after another, some of them larger than before, and what became of most."""
    import asyncio

    import httpx

    rows = tasks.get("tabular_classification").example(np.random.default_rng(8)).table().to_pylist()[:400]
    target = run.record.recipe["target"]

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as http:
            told = []
            for i, row in enumerate(rows):
                truth = row.pop(target)
                row["amount"] = row["amount"] * (1.6 if i % 3 else 1) if row["amount"] is not None else None
                row["time"] = row["time"].isoformat() if row["time"] else None
                said = await http.post("/v1/models/payments/predict", json={"row": row})
                if said.is_success and i % 4:
                    told.append({"request": said.headers["x-request-id"], "outcome": truth})
            await http.post("/v1/models/payments/outcomes", json={"outcomes": told})

    asyncio.run(ask())


@contextlib.contextmanager
def serving(made: dict[str, Any], state: Path) -> Iterator[str]:
    """The page over these runs; its address."""
    import uvicorn

    trigger = {"name": "amounts are others", "model": "payments", "watch": "psi:amount", "above": 0.1, "min_rows": 100}
    slow = {"name": "slow", "watch": "p99", "above": 0.5, "min_rows": 100}
    rules = strict.build(Rules, {"trigger": [trigger, slow], "every_s": 0.5}, "monitor.toml: ")
    bundles = {name: run.bundle for name, run in made.items()}
    loaded = {name: spine.load(path) for name, path in bundles.items()}
    app = make_app(loaded, places=bundles, page=True, state=state, rules=rules)
    traffic(app, made["payments"])
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    app.state.close()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = next(p for p in CHROMIUM if os.path.exists(p))
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


def shots(chromium: Any, url: str, folder: Path, made: dict[str, Any]) -> list[Path]:
    """A picture of every view, in every language and width."""
    taken: list[Path] = []
    for lang, locale in LOCALES.items():
        for width_name, width in WIDTHS.items():
            context = chromium.new_context(locale=locale, viewport={"width": width, "height": 860})
            tab = context.new_page()
            for view in VIEWS:
                tab.goto(f"{url}/page/{lang}/#/models")
                tab.wait_for_selector("main h1")
                view(tab, f"{url}/page/{lang}/", made)
                tab.evaluate("scrollTo(0, 0)")
                path = folder / f"{view.__name__}-{lang}-{width_name}.png"
                tab.screenshot(path=path, full_page=True)
                taken.append(path)
            context.close()
    return taken


def _open(tab: Any, url: str, wanted: str) -> None:
    tab.goto("about:blank")
    tab.goto(url)
    tab.wait_for_selector(wanted)


def models(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/models", ".cards")


def runs_list(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/runs", "table.runs")


def run(tab: Any, url: str, made: dict[str, Any]) -> None:
    runs_list(tab, url, made)
    tab.click(f"main a:has-text('{made['payments'].id}')")
    tab.wait_for_selector("figure.money")


def report(tab: Any, url: str, made: dict[str, Any]) -> None:
    run(tab, url, made)
    tab.click("main p .button")
    tab.frame_locator(".report iframe").locator("h1").wait_for()
    tab.frame_locator(".report iframe").locator(".main-svg").first.wait_for()
    tab.wait_for_timeout(600)


def table(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/models/payments", "#live .tile")
    tab.get_by_label("amount").fill("180")
    tab.get_by_label("shop").select_option("games")
    tab.click("form.try [type=submit]")
    tab.wait_for_selector(".answer .big")
    tab.wait_for_selector("#value .lead")
    tab.wait_for_timeout(6_500)  # two looks at the requests, so that there is a line


def error(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/models/payments", "#live .tile")
    tab.get_by_label("amount").fill("")
    tab.get_by_label("amount").press_sequentially("1e")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("[data-name=amount] .wrong:visible")


def forecast(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/models/sales", "form.try")
    tab.click("form.try [type=submit]")
    tab.wait_for_selector(".answer svg.chart")


def text(tab: Any, url: str, made: dict[str, Any]) -> None:
    _open(tab, f"{url}#/models/writer", "form.try")
    tab.click("details.more summary")
    tab.click("form.try [type=submit]")
    tab.wait_for_selector(".answer .text:not(.writing)")


VIEWS = (models, runs_list, run, report, table, error, forecast, text)


def docs(chromium: Any, url: str, made: dict[str, Any]) -> Path:
    """The picture that the docs show: what a payment is answered, and why."""
    out = ROOT / "docs" / "pictures" / "page.png"
    out.parent.mkdir(exist_ok=True)
    tab = chromium.new_context(locale="en-US", viewport={"width": 1000, "height": 1100}).new_page()
    table(tab, f"{url}/page/en/", made)
    tab.evaluate("scrollTo(0, 0)")
    tab.screenshot(path=out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true", help="also docs/pictures/page.png")
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"MINTMARK_HOME": place, "LANGUAGE": "en"}
        made = runs(Path(place) / "runs")
        with serving(made, Path(place) / "state") as url, browser() as chromium:
            for path in shots(chromium, url, told.folder, made):
                print(path)
            if told.docs:
                print(docs(chromium, url, made))


if __name__ == "__main__":
    main()
