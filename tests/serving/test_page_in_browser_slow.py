"""The page in a real browser: a newcomer finds the run, reads what it earns, tries a row, sees an error explained."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paged
import pytest
import risky
import served
import writer
from paged import Watched

from mintmark import spine
from mintmark.serving import key_file, make_app
from mintmark.serving.access import Keys

pytestmark = pytest.mark.slow
VIEWS = [("en", 1280), ("en", 390), ("zh", 1280), ("zh", 390)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    patch = pytest.MonkeyPatch()
    patch.setenv("MINTMARK_LEDGER", str(tmp_path_factory.mktemp("ledger") / "ledger.sqlite"))
    patch.setenv("LANGUAGE", "en")
    patch.setattr("mintmark.api.CALL_S", 0.01)
    folder = tmp_path_factory.mktemp("runs")
    yield paged.paid_run(folder / "paid"), paged.sales_run(folder / "sales")
    patch.undo()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with paged.browsers() as made:
        yield made


@pytest.fixture(scope="module")
def url(runs: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = paged.every_kind(*runs, state=tmp_path_factory.mktemp("state"))
    with paged.listening(app) as made:
        yield made
    app.state.close()


@pytest.fixture(params=VIEWS, ids=lambda v: f"{v[0]}-{v[1]}")
def seen(request: pytest.FixtureRequest, browser: Any, url: str) -> Iterator[tuple[Watched, str]]:
    lang, width = request.param
    with paged.tab(browser, url, lang=lang, width=width) as made:
        yield made, lang
        assert not made.complaints(), "the console says nothing"
        assert not made.elsewhere, "nothing is asked of another origin"


def test_a_newcomer_finds_the_run_and_reads_what_it_earns(seen: tuple[Watched, str], runs: Any) -> None:
    page, lang = seen
    page.go("/")
    assert page.tab.url.endswith(f"/page/{lang}/")
    page.tab.click(f"nav >> text={'Runs' if lang == 'en' else '运行'}")
    page.tab.click(f"main a:has-text('{runs[0].id}')")
    page.tab.wait_for_selector("main .lead")
    said = page.tab.inner_text("main .lead")
    assert re.search("A case (earned|cost) [0-9.,]+ CNY" if lang == "en" else "每笔.*[0-9.,]+ 元", said, re.I), said
    page.fits()
    bar = page.tab.locator("figure.money .bar-row.mine i").first
    assert bar.evaluate("e => e.getBoundingClientRect().width") > 0, "the script has set its length"
    page.tab.click(f"main >> text={'Read the report' if lang == 'en' else '查看报告'}")
    report = page.tab.frame_locator(".report iframe")
    report.locator("h1").wait_for()
    report.locator(".main-svg").first.wait_for()
    text = report.locator("h1").inner_text()
    assert ("分类" in text) == (lang == "zh")
    wide = page.tab.frames[-1].evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    reached = page.tab.frames[-1].evaluate(
        "() => { try { return String(parent.sessionStorage.length); } catch (e) { return e.name; } }"
    )
    assert reached == "SecurityError", "the report is of another origin"
    page.fits()
    with page.tab.expect_download() as saved:
        page.tab.click(".report button")
    assert saved.value.suggested_filename == f"report-{runs[0].id}.html"
    assert b"<h1" in Path(saved.value.path()).read_bytes()
    page.tab.go_back()
    page.tab.wait_for_selector("figure.money")


def test_a_row_is_tried_and_answered_with_reasons(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go("/page/")
    page.tab.click("main a[href='#/models/payments']")
    page.tab.wait_for_selector("form.try")
    page.labelled()
    page.tab.get_by_label("amount").fill("250")
    page.tab.get_by_label("shop").select_option("games")
    page.tab.click("form.try [type=submit]")
    page.tab.wait_for_selector(".answer .big")
    assert page.tab.inner_text(".answer .big") in ("fraud", "ok")
    said = page.tab.inner_text(".answer")
    assert {"en": "Why", "zh": "原因"}[lang] in said and "amount" in said and "%" in said
    page.fits()
    page.tab.wait_for_selector("#live .tile")
    page.until("document.querySelector('#value .lead') !== null")
    assert {"en": "Requests", "zh": "请求"}[lang] in page.tab.inner_text("#live")
    page.fits()


def test_an_error_stands_beside_its_field(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go(f"/page/{lang}/#/models/poet")
    page.tab.fill("textarea >> nth=0", "fail here")
    page.tab.click("form.try [type=submit]")
    wrong = page.tab.locator("[data-name=prompt] .wrong")
    wrong.wait_for(state="visible")
    assert {"en": "Try this:", "zh": "可以这样做："}[lang] in wrong.inner_text(), "by the server, in the page"
    page.go(f"/page/{lang}/#/models/sales")
    page.tab.get_by_label("id").fill("no such shop")
    page.tab.keyboard.press("Enter")
    wrong = page.tab.locator("[data-name=id] .wrong")
    wrong.wait_for(state="visible")
    assert "no such shop" in wrong.inner_text()
    assert page.tab.get_by_label("id").get_attribute("aria-invalid") == "true"
    page.fits()
    page.tab.get_by_label("id").fill("shop 1")
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_selector(".answer svg.chart")
    assert not wrong.is_visible(), "what was mended is no longer said to be wrong"


def test_a_forecast_is_drawn(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go(f"/page/{lang}/#/models/sales")
    page.tab.click("form.try [type=submit]")
    page.tab.wait_for_selector(".answer svg.chart polyline.coming")
    assert page.tab.locator(".answer svg.chart polyline.known").count() == 1
    assert page.tab.locator(".answer svg.chart polygon.coming").count() == 1
    page.tab.click(".answer summary >> nth=0")
    assert page.tab.locator(".answer tbody tr").count() == 4
    page.fits()


def test_text_is_seen_while_it_is_written_and_can_be_stopped(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go(f"/page/{lang}/#/models/poet")
    page.tab.fill("textarea >> nth=0", "slow please")
    page.tab.click("details.more summary")
    page.tab.get_by_label("n", exact=True).fill("150")
    page.tab.click("form.try [type=submit]")
    page.until("(document.querySelector('.answer .text.writing') || {textContent: ''}).textContent.length > 20")
    first = len(page.tab.inner_text(".answer .text"))
    page.until(f"document.querySelector('.answer .text').textContent.length > {first + 40}")
    assert page.tab.locator(".answer .text.writing").count() == 1, "it is not at its end yet"
    page.tab.wait_for_selector(".answer .text:not(.writing)")
    assert page.tab.inner_text(".answer .text").endswith(" 149 150")
    assert "150" in page.tab.inner_text(".answer .soft")
    page.tab.get_by_label("n", exact=True).fill("3000")
    page.tab.click("form.try [type=submit]")
    page.tab.click("form.try .stop")
    page.tab.wait_for_selector(f".answer .soft:has-text('{'stopped' if lang == 'en' else '已停止'}')")
    assert page.tab.is_enabled("form.try [type=submit]")
    page.fits()


def test_the_language_changes_and_the_view_stays(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go(f"/page/{lang}/#/models/payments")
    page.tab.wait_for_selector("form.try")
    page.tab.click("#other")
    other = {"en": "zh", "zh": "en"}[lang]
    page.tab.wait_for_url(f"**/page/{other}/#/models/payments")
    page.tab.wait_for_selector("form.try")
    assert {"en": "Ask the model", "zh": "向模型提问"}[other] in page.tab.inner_text("form.try")
    assert page.tab.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[other]


def test_it_can_be_used_by_keyboard(seen: tuple[Watched, str]) -> None:
    page, lang = seen
    page.go(f"/page/{lang}/")
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.id") == "skip"
    for _ in range(40):
        page.tab.keyboard.press("Tab")
        if page.tab.evaluate("document.activeElement.getAttribute('href')") == "#/models/cards":
            break
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_selector("form.try")
    page.until("document.activeElement.tagName === 'H1'")
    for _ in range(40):
        page.tab.keyboard.press("Tab")
        if page.tab.evaluate("document.activeElement.type") == "submit":
            break
        assert page.tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "focus is seen"
    page.tab.keyboard.press("Enter")
    page.tab.wait_for_selector(".answer .big")


def test_texts_stand_out_from_their_ground(browser: Any, url: str) -> None:
    """WCAG 2.1, 1.4.3: 4.5 to 1, by day and by night."""
    for scheme in ("light", "dark"):
        with paged.tab(browser, url) as page:
            page.tab.emulate_media(color_scheme=scheme)
            page.go("/page/en/#/models/payments")
            page.tab.wait_for_selector("#live .tile")
            page.tab.click("form.try [type=submit]")
            page.tab.wait_for_selector(".answer .big")
            worst = page.tab.evaluate(CONTRAST)
            assert worst[0] >= 4.5, (scheme, worst)


CONTRAST = """() => {
  const bright = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const numbers = text => text.match(/[0-9.]+/g).map(Number);
  const ground = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > .9) return c.slice(0, 3); } return [255, 255, 255]; };
  let worst = [99, ""];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
    if (e.closest("svg, [disabled], template, script, .skip")) continue;
    const [a, b] = [bright(numbers(getComputedStyle(e).color).slice(0, 3)), bright(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 200)];
  }
  return worst;
}"""


def test_a_key_is_asked_once_and_stays_in_the_tab(browser: Any, runs: Any, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    _, key = key_file.new(file, "me", ["predict", "read"], ["payments"])
    _, only = key_file.new(file, "other", ["predict"])
    app = paged.every_kind(*runs, keys=Keys(file))
    with paged.listening(app) as url, paged.tab(browser, url) as page:
        page.go("/page/")
        page.labelled()
        page.tab.fill("#key", "mint_wrong_key")
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector("#key-wrong:visible")
        assert "not valid" in page.tab.inner_text("#key-wrong")
        page.tab.fill("#key", f"  {key} ")
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector(".cards")
        assert page.tab.locator(".card").count() == 1, "what the key may not see is not shown"
        assert key not in page.tab.url and key not in page.tab.content()
        page.tab.click("main .card a")
        page.tab.wait_for_selector("#live .tile")
        page.tab.click("form.try [type=submit]")
        page.tab.wait_for_selector(".answer .big")
        assert "authorization: Bearer KEY" in page.tab.text_content(".answer pre") and key not in page.tab.content()
        page.tab.reload()
        page.tab.wait_for_selector("form.try")
        page.tab.click("main >> text=The run and its report")
        page.tab.click("main >> text=Read the report")
        page.tab.frame_locator(".report iframe").locator("h1").wait_for()
        assert not page.elsewhere and not page.complaints()
        kept = page.tab.evaluate("[Object.values(sessionStorage), localStorage.length, document.cookie]")
        assert kept == [[key], 0, ""]
        page.tab.click("#forget")
        page.tab.wait_for_selector("#key")
        assert page.tab.evaluate("sessionStorage.length") == 0
        page.tab.fill("#key", only)
        page.tab.keyboard.press("Enter")
        page.tab.wait_for_selector("main h1")
        page.tab.click("nav >> text=Models")
        page.tab.click("main a[href='#/models/payments']")
        page.tab.wait_for_selector("form.try")
        assert page.tab.locator("#live, #value").count() == 0 and "CNY" not in page.tab.inner_text("main")


def test_hostile_names_run_nothing(browser: Any, tmp_path: Path) -> None:
    app = make_app({"m": paged.hostile(), "cards": risky.loaded()}, page=True, state=tmp_path)
    with paged.listening(app) as url, paged.tab(browser, url, width=390) as page:
        alarms: list[str] = []
        page.tab.on("dialog", lambda d: (alarms.append(d.message), d.dismiss()))
        for view in ("models", "models/m", "runs"):
            page.go(f"/page/en/#/{view}")
            page.tab.wait_for_timeout(300)
            page.fits()
        page.go("/page/en/#/models/m")
        page.tab.click("form.try [type=submit]")
        page.tab.wait_for_selector(".answer .big")
        assert not alarms and not page.complaints() and not page.elsewhere
        assert page.tab.locator("main img, main script").count() == 0
    app.state.close()


def test_a_script_in_a_report_does_not_run(browser: Any, runs: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Should a report ever hold a script that is not ours, the frame's own policy keeps it from running."""
    from mintmark.serving.page import told

    evil = "<html lang='en'><body><h1>x</h1><script>document.title = 'run'; parent.postMessage('evil', '*')</script>"
    evil += "<img src='http://127.0.0.1:9/x.png' onerror=\"document.title = 'run'\"></body></html>"
    monkeypatch.setattr(told, "page", lambda entry, say: evil)
    app = paged.every_kind(*runs)
    with paged.listening(app) as url, paged.tab(browser, url) as page:
        page.go("/page/en/#/runs")
        page.tab.click(f"main a:has-text('{runs[0].id}')")
        page.tab.click("main >> text=Read the report")
        page.tab.frame_locator(".report iframe").locator("h1").wait_for()
        page.tab.wait_for_timeout(500)
        assert page.tab.frames[-1].evaluate("document.title") != "run"
        assert any("Content Security Policy" in c for c in page.console) and not page.elsewhere


def test_a_server_that_has_gone_is_explained(browser: Any) -> None:
    app = make_app({"poet": writer.loaded(), "cards": risky.loaded()}, page=True)
    with paged.tab(browser, "") as page:
        with paged.listening(app) as url:
            page.url = url
            page.go("/page/en/#/models/cards")
            page.tab.wait_for_selector("form.try")
        page.tab.click("form.try [type=submit]")
        page.tab.wait_for_selector("form.try > .wrong:visible")
        said = page.tab.inner_text("form.try > .wrong")
        assert "cannot be reached" in said and "Try this:" in said


def test_the_command_serves_it(browser: Any, runs: Any) -> None:
    with served.server(f"payments={runs[0].bundle}", "--page") as (process, url):
        said = [process.stderr.readline() for _ in range(3)]
        assert f"The page: {url}/page/\n" in said
        with paged.tab(browser, url, lang="zh") as page:
            page.go("/")
            page.tab.click("main a[href='#/models/payments']")
            page.tab.click("form.try [type=submit]")
            page.tab.wait_for_selector(".answer .big")
            assert not page.complaints() and not page.elsewhere


def test_several_workers_serve_it(browser: Any, runs: Any) -> None:
    """Nothing of the page lives in one process."""
    model = spine.load(runs[1].bundle)
    assert model.past.rows is not None, "series look back, so no second worker may serve them: see the other bundle"
    with served.server(f"payments={bundle_without_a_past(runs)}", "--page", "--workers", "2") as (_, url):
        with paged.tab(browser, url) as page:
            for _ in range(4):
                page.go("/page/en/#/models/payments")
                page.tab.click("form.try [type=submit]")
                page.tab.wait_for_selector(".answer .big")
                page.tab.wait_for_selector("#live .tile")
            assert not page.complaints() and not page.elsewhere


def bundle_without_a_past(runs: Any) -> Path:
    import numpy as np
    import pandas as pd

    import mintmark as mm

    drawn = np.random.default_rng(0)
    x = drawn.normal(size=300)
    rows = pd.DataFrame({"x": x, "target": np.where(x + drawn.normal(0, 0.5, 300) > 0, "yes", "no")})
    recipe = {"task": "tabular_classification", "target": "target", "settings": {"model": "logistic_regression"}}
    return mm.run(recipe, data=rows, out=runs[0].folder.parent / "plain").bundle
