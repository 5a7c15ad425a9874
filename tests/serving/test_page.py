"""The page: what it says in both languages, what a key sees of it, what it lets nobody do."""

import ast
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paged
import pytest
import risky
import writer
from paged import HOSTILE, Client, Tags

from mintmark import spine
from mintmark.base import words
from mintmark.base.words import Language
from mintmark.ledger import Ledger
from mintmark.report import headline
from mintmark.serving import key_file, make_app
from mintmark.serving.access import Keys
from mintmark.serving.page import headers, shell, told
from mintmark.serving.page.mount import preferred
from mintmark.serving.page.runs import Runs, read
from mintmark.serving.page.script import CODE
from mintmark.serving.page.style import SHEET

ROOM = Path(headers.__file__).parent
LANGS = ("en", "zh")
OUTSIDE = re.compile(r"""(?:https?:|["'(=\s])//[A-Za-z0-9]""")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger of this module's runs alone."""
    patch = pytest.MonkeyPatch()
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    patch.setenv("MINTMARK_LEDGER", str(path))
    patch.setenv("LANGUAGE", "en")
    patch.setattr("mintmark.api.CALL_S", 0.01)
    yield path
    patch.undo()


@pytest.fixture(scope="module")
def paid(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return paged.paid_run(tmp_path_factory.mktemp("paid"))


@pytest.fixture(scope="module")
def sales(ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return paged.sales_run(tmp_path_factory.mktemp("sales"))


@pytest.fixture(scope="module")
def app(paid: Any, sales: Any) -> Any:
    return paged.every_kind(paid, sales)


@pytest.fixture(scope="module")
def ask(app: Any) -> Client:
    return Client(app)


def entry(run: Any) -> str:
    """Its number in the ledger."""
    return str(next(e["seq"] for e in Ledger.default().runs() if e["run"] == run.id))


def shown(said: Any, status: int = 200) -> Tags:
    assert said.status_code == status, said.text
    return Tags(said.text)


# --- the frame --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_frame_says_its_language_and_shows_nothing(lang: str, ask: Client) -> None:
    said = ask.get(f"/page/{lang}/")
    page = shown(said)
    assert page.values("html", "lang") == [{"en": "en", "zh": "zh-CN"}[lang]]
    assert {"en": "Models", "zh": "模型"}[lang] in page.text and "payments" not in said.text
    assert page.values("meta", "name") == ["viewport", "color-scheme"]
    texts = json.loads(re.findall(r'id="words">(.*?)</script>', said.text)[0])["texts"]
    assert texts["Not a number."] == {"en": "Not a number.", "zh": "不是数字。"}[lang]


def test_the_frame_forbids_all_but_its_own_script(ask: Client) -> None:
    said = ask.get("/page/en/")
    policy = said.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'",
                 "form-action 'none'", "base-uri 'none'", "connect-src 'self'"):  # fmt: skip
        assert rule in policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert said.headers["x-frame-options"] == "DENY" and said.headers["x-content-type-options"] == "nosniff"
    assert said.headers["referrer-policy"] == "no-referrer"
    scripts = re.findall(r"<script([^>]*)>", said.text)
    assert scripts == [' src="/page/script.js" defer', ' type="application/json" id="words"'], "no script inside"
    assert not re.search(r"\son\w+=|\sstyle=|<style", said.text)


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-US,en;q=0.9,zh;q=0.5", "en"), ("de-DE,de;q=0.9", "en"), ("", "en"),
     ("fr, zh-TW;q=0.3, en;q=0.2", "zh"), ("en;q=abc, zh;q=0.1", "zh"), ("," * 5000, "en"), ("zh;q=0", "en")],
)  # fmt: skip
def test_the_language_is_the_one_that_the_browser_likes(accepted: str, lang: str, ask: Client) -> None:
    assert preferred(accepted) == lang
    for path in ("/", "/page", "/page/"):
        said = ask.get(path, accept_language=accepted)
        assert said.status_code == 307 and said.headers["location"] == f"/page/{lang}/"


def test_no_other_language(ask: Client) -> None:
    for path in ("/page/xx/", "/page/xx/models", "/page/en/nothing", "/page/EN/models"):
        said = ask.get(path)
        assert said.status_code == 404 and said.json()["error"]["what"]


def test_what_the_page_is_made_of_comes_from_here_and_is_asked_for_again_by_its_tag(ask: Client) -> None:
    kinds = {"style.css": "text/css", "script.js": "text/javascript", "mark.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        said = ask.get(f"/page/{name}")
        assert said.status_code == 200 and said.headers["content-type"].startswith(kind)
        assert (
            said.headers["x-content-type-options"] == "nosniff"
            and "default-src 'none'" in said.headers["content-security-policy"]
        )
        again = ask.get(f"/page/{name}", if_none_match=said.headers["etag"])
        assert again.status_code == 304 and not again.content
        assert not OUTSIDE.search(said.text.replace('"http://www.w3.org/2000/svg"', "")), name
    assert "url(" not in SHEET and "@import" not in SHEET
    assert ask.request("POST", "/page/en/").status_code == 405


def test_without_the_option_there_is_no_page_and_none_of_it_is_imported() -> None:
    app = make_app({"poet": writer.loaded()})
    for path in ("/", "/page/", "/page/en/", "/page/en/models", "/page/script.js"):
        assert Client(app).get(path).status_code == 404
    assert "--page" in Client(app).get("/page/").json()["error"]["try"]
    code = (
        "import sys; sys.path.insert(0, 'tests/serving'); import writer\nfrom mintmark.serving import make_app\n"
        "make_app({'poet': writer.loaded()})\nassert 'mintmark.serving.page' not in sys.modules\n"
        "assert 'mintmark.report' not in sys.modules and 'mintmark.ledger' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[2])


def test_the_page_is_in_no_openapi(ask: Client) -> None:
    assert not [p for p in ask.get("/openapi.json").json()["paths"] if "page" in p or p == "/"]


# --- models and their forms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_models_say_what_they_earn_as_their_report_does(lang: str, ask: Client, paid: Any) -> None:
    say = Language(lang)
    sentence = Tags(headline.sentence(told.sheet(read(Runs({}).find(entry(paid), [], True)), say))).text
    assert {"en": "a case", "zh": "每笔"}[lang] in sentence and any(c.isdigit() for c in sentence)
    for path in ("models", "models/payments", f"runs/{entry(paid)}"):
        page = shown(ask.get(f"/page/{lang}/{path}"))
        assert sentence in page.text, path
    listed = shown(ask.get(f"/page/{lang}/models"))
    assert {"#/models/payments", "#/models/sales", "#/models/poet", "#/models/cards"} <= set(listed.values("a", "href"))


def test_a_bundle_whose_run_lies_elsewhere_says_what_it_promised(ask: Client) -> None:
    page = shown(ask.get("/page/en/models/cards"))
    assert "A case cost 3 USD (95 % between 2.5 and 3.5)." in page.text and "The run and its report" not in page.text


def fields(page: Any) -> dict[str, dict[str, str]]:
    """Name -> tag, type, value and label of each field of a form."""
    made = {}
    pattern = re.compile(
        r'<div class="field[^"]*" data-name="([^"]*)" data-kind="(\w+)" data-where="([^"]*)"[^>]*>(.*?)</div>', re.S
    )
    for name, kind, where, inside in pattern.findall(page.text):
        tag, rest = re.findall(r"<(input|select|textarea)\b([^>]*)>", inside)[0]
        label = re.findall(r'<label for="([^"]+)">', inside)[0]
        assert f'id="{label}"' in rest, "the label is of this field"
        type_ = re.findall(r'type="([^"]+)"', rest)
        value = re.findall(r'value="([^"]*)"', rest) or re.findall(r'value="([^"]*)" selected', inside)
        value = value or re.findall(r"<textarea[^>]*>(.*?)</textarea>", inside, re.S)
        made[html.unescape(name)] = {
            "kind": kind, "where": html.unescape(where), "tag": tag, "type": "".join(type_), "all": inside,
            "value": html.unescape("".join(value[:1])),
        }  # fmt: skip
    return made


def test_a_form_has_a_field_of_the_right_kind_for_each_column(ask: Client) -> None:
    made = fields(ask.get("/page/en/models/cards"))
    assert list(made) == ["amount", "shop", "age", "abroad"]
    assert [made[n]["tag"] for n in made] == ["input", "select", "input", "select"]
    assert made["amount"]["type"] == "number" and made["abroad"]["kind"] == "boolean"
    shops = re.findall(r'<option value="([^"]*)"', made["shop"]["all"])
    assert shops == ["", "food", "games", "travel"] and made["shop"]["value"] == "food", "the most frequent is chosen"
    amount = float(made["amount"]["value"])
    assert 20 < amount < 50, "near the median of a gamma(2, 20), which is 33.6"
    assert "90 % of the rows it learnt from lie between" in made["amount"]["all"]
    assert made["amount"]["where"] == "field 'amount'"
    paid_form = fields(ask.get("/page/en/models/payments"))
    assert paid_form["time"]["type"] == "datetime-local" and re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", paid_form["time"]["value"]
    )
    assert paid_form["customer"]["type"] == "text" and not paid_form["customer"]["value"], "nobody's name is offered"


def test_the_row_that_stands_in_a_form_is_one_that_the_model_answers(ask: Client) -> None:
    for name in ("cards", "payments"):
        row = {}
        for column, one in fields(ask.get(f"/page/en/models/{name}")).items():
            value: Any = one["value"] or None
            if value is not None and one["kind"] in ("number", "boolean"):
                value = json.loads(value)
            row[column] = value
        said = ask.request("POST", f"/v1/models/{name}/predict", body={"row": row})
        assert said.status_code == 200 and said.json()["answers"][0]["decision"]


def test_an_error_of_the_api_names_the_field_as_the_form_does(ask: Client) -> None:
    made = fields(ask.get("/page/en/models/cards"))
    row = {"amount": "abc", "shop": None, "age": None, "abroad": None}
    said = ask.request("POST", "/v1/models/cards/predict", body={"row": row}).json()["error"]
    assert [n for n, one in made.items() if said["where"].endswith(one["where"])] == ["amount"]


def test_a_model_that_writes_has_a_prompt_and_settings_that_may_be_left_out(ask: Client) -> None:
    page = ask.get("/page/zh/models/poet")
    made = fields(page)
    assert made["prompt"]["tag"] == "textarea" and made["prompt"]["kind"] == "prompt"
    assert made["stop"]["kind"] == "lines" and made["n"]["type"] == "number" and not made["n"]["value"]
    assert 'data-stream="1"' in page.text and "最多写出的词元数" in page.text
    assert page.text.index("<details") < page.text.index('data-name="n"') < page.text.index("</details>")


def test_a_forecast_is_asked_for_a_series_and_steps(ask: Client, sales: Any) -> None:
    page = ask.get("/page/en/models/sales")
    made = fields(page)
    assert [one["kind"] for one in made.values()][:2] == ["series", "steps"]
    assert "time" not in made and {"price", "promotion"} <= made.keys()
    assert made[""]["value"] == "4" and 'max="4"' in made[""]["all"]
    offered = re.findall(r'<option value="(shop \d)"', made["id"]["all"])
    assert sorted(offered) == [f"shop {i}" for i in range(1, 6)]
    told_ = ask.get("/page/en/models/sales/ahead?series=shop+5&steps=3").json()
    assert [r["time"] for r in told_["rows"]] == ["2025-05-01T00:00:00", "2025-06-01T00:00:00", "2025-07-01T00:00:00"]
    assert told_["history"][-1][0] == "2025-04-01T00:00:00" and told_["rows"][0]["id"] == "shop 5"
    said = ask.request("POST", "/v1/models/sales/predict", body={"rows": told_["rows"]}).json()["answers"]
    assert len(said) == 3 and all(a["low"] < a["value"] < a["high"] for a in said)
    known = dict(told_["history"])
    before = [known[f"2024-0{month}-01T00:00:00"] for month in (5, 6, 7)]
    middle = [(a["low"] + a["high"]) / 2 for a in said]
    assert middle == pytest.approx(before), "the interval of seasonal naive lies around what was a year before"


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [("series=nobody&steps=3", 422, "field 'id'"), ("series=shop+1&steps=5", 400, "steps"),
     ("series=shop+1&steps=0", 400, "steps"), ("series=shop+1&steps=x", 400, "steps"),
     ("series=shop+1&steps=" + "9" * 400, 400, "steps"), ("series=shop+1", 400, "steps")],
)  # fmt: skip
def test_steps_that_cannot_be_asked_are_explained(query: str, status: int, where: str, ask: Client) -> None:
    said = ask.get(f"/page/en/models/sales/ahead?{query}")
    assert said.status_code == status, said.text
    error = said.json()["error"]
    assert error["where"] == where and error["what"] and error["try"]
    assert ask.get("/page/en/models/cards/ahead?steps=1").status_code == 404


# --- runs and reports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_the_list_of_runs(lang: str, ask: Client, paid: Any, sales: Any) -> None:
    page = shown(ask.get(f"/page/{lang}/runs"))
    assert {f"#/runs/{entry(paid)}", f"#/runs/{entry(sales)}", "#/models/payments"} <= set(page.values("a", "href"))
    assert paid.id in page.text and "payments@1" in page.text and {"en": "CNY", "zh": "元"}[lang] in page.text


@pytest.mark.parametrize("lang", LANGS)
def test_a_report_is_the_one_that_was_written_or_made_anew_in_the_other_language(
    lang: str, ask: Client, paid: Any
) -> None:
    before = paid.report.read_bytes()
    said = ask.get(f"/page/{lang}/runs/{entry(paid)}/report")
    assert said.status_code == 200 and f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in said.text
    assert (said.content == before) == (lang == "en") and paid.report.read_bytes() == before
    assert said.headers["content-disposition"] == f'inline; filename="report-{paid.id}.html"'
    policy = said.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy and "allow-same-origin" not in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    digests = set(re.findall(r"'sha256-[^']+'", policy))
    named = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', said.text)[0]
    assert set(re.findall(r"'sha256-[^']+'", html.unescape(named))) <= digests == headers.scripts()
    assert "script-src 'unsafe-inline'" not in policy


def test_a_report_stands_in_a_frame_that_reaches_nothing(ask: Client) -> None:
    said = ask.get("/page/sheet")
    policy = said.headers["content-security-policy"]
    assert "sandbox allow-scripts" in policy and "allow-same-origin" not in policy and "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy and "connect-src" not in policy
    script = re.findall(r"<script>(.*?)</script>", said.text, re.S)[0]
    from mintmark.report.script import digest

    assert digest(script) in policy and headers.scripts() < set(re.findall(r"'sha256-[^']+'", policy))


@pytest.fixture
def own(paid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run's folder that is entered in a ledger of its own as run 1."""
    import shutil

    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "own.sqlite"))
    folder = tmp_path / "own"
    shutil.copytree(paid.folder, folder)
    import hashlib

    sha = hashlib.sha256((folder / "record.json").read_bytes()).hexdigest()
    content = {"task": "tabular_classification", "measures": {}, "record_sha256": sha, "data_hash": "d"}
    assert Ledger.default().append("run", paid.id, str(folder), content) == 1
    return folder


def alone() -> Client:
    return Client(make_app({"poet": writer.loaded()}, page=True))


def test_a_report_with_other_scripts_than_ours_is_made_anew(own: Path) -> None:
    from mintmark.report.script import digest

    page = own / "report.html"
    text, evil = page.read_text(encoding="utf-8"), "alert(1)"
    page.write_text(
        text.replace("script-src ", f"script-src {html.escape(digest(evil))} ", 1).replace(
            "</body>", f"<script>{evil}</script></body>"
        ),
        encoding="utf-8",
    )
    said = alone().get("/page/en/runs/1/report")
    assert said.status_code == 200 and evil not in said.text and said.text == text
    page.write_text("<html lang='en'><script>alert(1)</script></html>", encoding="utf-8")
    assert evil not in alone().get("/page/en/runs/1/report").text


def test_a_run_with_an_odd_name_is_saved_under_a_plain_one(own: Path) -> None:
    content = {"task": "tabular_classification", "measures": {}, "data_hash": "d"}
    odd = Ledger.default().append("run", 'x"; a=b\r\nset-cookie: 中/../y', str(own), content)
    said = alone().get(f"/page/en/runs/{odd}/report")
    assert said.status_code == 200 and "set-cookie" not in said.headers
    assert re.fullmatch(r'inline; filename="report-[A-Za-z0-9._-]+\.html"', said.headers["content-disposition"])


def test_a_record_that_was_altered_is_said_to_be(own: Path) -> None:
    assert "altered" not in shown(alone().get("/page/en/runs/1")).text
    record = own / "record.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"notes"', ' "notes"'), encoding="utf-8")
    assert "it was altered since" in shown(alone().get("/page/en/runs/1")).text
    assert "此后被改动过" in shown(alone().get("/page/zh/runs/1")).text


def test_nothing_outside_of_the_folder_of_a_run_is_read(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('<html lang="en"> the secret', encoding="utf-8")
    (own / "report.html").unlink()
    (own / "report.html").symlink_to(secret)
    said = alone().get("/page/en/runs/1/report")
    assert said.status_code == 200 and "the secret" not in said.text and "Where it comes from" in said.text
    record = own / "record.json"
    record.rename(tmp_path / "record.json")
    record.symlink_to(tmp_path / "record.json")
    assert alone().get("/page/en/runs/1").status_code == 422
    for path in ("/page/en/runs/..", "/page/en/runs/%2e%2e", "/page/en/runs/..%2f..%2fsecret", "/page/en/runs/1%00",
                 "/page/en/runs/../../secret", "/page/%2e%2e/secret", "/page/en/runs/01", "/page/en/runs/1/report.html",
                 "/page/en/runs/1/..%2fsecret", "/page/en/runs/-1"):  # fmt: skip
        said = alone().get(path)
        assert said.status_code == 404 and "the secret" not in said.text, path


def test_a_run_whose_folder_is_gone_says_so(own: Path) -> None:
    own.rename(own.with_name("moved"))
    said = alone().get("/page/en/runs/1")
    error = said.json()["error"]
    assert said.status_code == 422 and "not there any more" in error["what"] and error["try"]
    assert "#/runs/1" in shown(alone().get("/page/en/runs")).values("a", "href"), "it is still listed"


def test_a_ledger_that_cannot_be_read_leaves_the_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paid: Any
) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    monkeypatch.setenv("MINTMARK_LEDGER", str(path))
    loaded = spine.load(paid.bundle)
    made = Client(make_app({"payments": loaded}, places={"payments": paid.bundle}, page=True))
    assert "a case" in shown(made.get("/page/en/models/payments")).text, "the run lies beside the bundle"
    said = made.get("/page/en/runs")
    assert said.status_code == 422 and said.json()["error"]["try"]


def test_a_run_that_no_ledger_knows_is_found_beside_its_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paid: Any
) -> None:
    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "empty.sqlite"))
    made = Client(make_app({"p": spine.load(paid.bundle)}, places={"p": paid.bundle}, page=True))
    assert "#/runs/p@1" in shown(made.get("/page/en/runs")).values("a", "href")
    assert paid.id in shown(made.get("/page/en/runs/p@1")).text
    assert made.get("/page/en/runs/p@1/report").content == paid.report.read_bytes()


def test_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "empty.sqlite"))
    assert "mintmark run RECIPE" in shown(alone().get("/page/en/runs")).text
    assert "还没有运行记录" in shown(alone().get("/page/zh/runs")).text


# --- live, and value --------------------------------------------------------------------------------------------------


def watched(tmp_path: Path, paid_by: Any = risky.PAYOFF) -> Any:
    from test_monitor import rules

    trigger = {"name": "amounts", "watch": "psi:amount", "above": 0.25, "min_rows": 50, "window": "400 rows"}
    return make_app({"m": risky.loaded(paid_by)}, page=True, state=tmp_path, rules=rules(trigger))


@pytest.mark.parametrize("lang", LANGS)
def test_live_tells_requests_latencies_drift_and_triggers(lang: str, tmp_path: Path) -> None:
    app = watched(tmp_path)
    ask = Client(app)
    page = shown(ask.get(f"/page/{lang}/models/m/live"))
    assert {"en": "No rows have been counted yet", "zh": "尚未统计任何提问"}[lang] in page.text
    try:
        paged.asked(app, "m", risky.rows(60, seed=5, times=8.0))
        ask.request("POST", "/v1/models/m/predict", body={"row": {"amount": 1}})
        app.state.told and ask.get("/v1/models/m/monitor")
        said = ask.get(f"/page/{lang}/models/m/live")
    finally:
        app.state.close()
    page = shown(said)
    assert 'data-total="61"' in said.text and {"en": "refused 1, failed 0", "zh": "拒绝 1，失败 0"}[lang] in page.text
    assert {"en": "ms", "zh": "毫秒"}[lang] in page.text, "latencies"
    rows = re.findall(r"<tr>(.*?)</tr>", said.text)
    amount = Tags(f"<table>{next(r for r in rows if '>amount<' in r)}</table>").text
    assert {"en": "much", "zh": "显著"}[lang] in amount, "eight times the amounts are another distribution"
    assert "psi:amount" in page.text and {"en": "above 0.25", "zh": "高于 0.25"}[lang] in page.text


def test_live_without_watching_still_tells_requests() -> None:
    app = make_app({"poet": writer.loaded()}, page=True, outcomes=False)
    Client(app).request("POST", "/v1/models/poet/predict", body={"row": {"prompt": "a"}})
    said = Client(app).get("/page/en/models/poet/live")
    assert 'data-total="1"' in said.text and "mintmark serve --state DIR" in shown(said).text
    assert "mintmark serve --state DIR" in shown(Client(app).get("/page/en/models/poet/value")).text


@pytest.mark.parametrize("lang", LANGS)
def test_value_tells_what_was_realised_beside_what_was_promised(lang: str, tmp_path: Path) -> None:
    app = watched(tmp_path)
    ask = Client(app)
    assert {"en": "No decision has been made yet", "zh": "尚未做出任何决策"}[lang] in shown(
        ask.get(f"/page/{lang}/models/m/value")
    ).text
    try:
        table = risky.rows(40, seed=6)
        ids = paged.asked(app, "m", table)
        outcomes = [{"request": i, "outcome": o} for i, o in zip(ids[:30], risky.happened(table), strict=False)]
        assert ask.request("POST", "/v1/models/m/outcomes", body={"outcomes": outcomes}).json()["matched"] == 30
        figures = ask.get("/v1/models/m/outcomes").json()
        said = ask.get(f"/page/{lang}/models/m/value")
    finally:
        app.state.close()
    page = shown(said)
    say = Language(lang)
    mean = (figures["weighted"] or figures["realised"])["per_case"]
    assert {"en": "30 of 40 decisions have a known outcome", "zh": "40 个决策中有 30 个已知结果"}[lang] in page.text
    assert say.money(mean, "USD") in page.text and say.money(-3.0, "USD") in page.text
    assert said.text.count('class="bar-row') == 3 and " style=" not in said.text
    assert lang == "en" or not re.search(r"[a-z]{4,} [a-z]{4,} [a-z]{4,}", page.text), "notes are in Chinese too"


@pytest.mark.parametrize(("name", "streams"), [("poet", True), ("cards", False)])
def test_live_says_that_streams_are_not_counted(name: str, streams: bool, app: Any) -> None:
    from mintmark.serving.page.live import drift

    said = drift(app.state.models[name], {"drift": {"rows": 0, "reference_rows": 72}}, Language("en"))
    assert ("What is answered as a stream is not counted here." in "".join(said)) == streams and "72" in said[1]


def interval(per_case: float, low: float, high: float) -> dict[str, float]:
    return {"per_case": per_case, "low": low, "high": high}


@pytest.mark.parametrize(
    ("realised", "promised", "en", "zh"),
    [
        (interval(3, 2, 4), interval(3.5, 3, 4), "They earned 3 USD a case (95 % between 2 and 4). The run promised "
         "3.5 USD a case, which lies within that.", "平均每笔收益 3 美元（95% 置信区间 2 到 4）。"),
        (interval(3, 2, 4), interval(1, 0.5, 2), "this is 2 USD a case better.", "实际每笔好 2 美元。"),
        (interval(-3, -4, -2), interval(-1, -1.5, -0.5), "They cost 3 USD a case (95 % between 2 and 4). The run "
         "promised −1 USD a case: this is 2 USD a case worse.", "平均每笔成本 3 美元（95% 置信区间 2 到 4）。"),
        (interval(3, 2, 4), None, "They earned 3 USD a case (95 % between 2 and 4).", "（95% 置信区间 2 到 4）。"),
        (None, interval(1, 0, 2), "2 of 9 decisions have a known outcome.", "9 个决策中有 2 个已知结果。"),
    ],
)  # fmt: skip
def test_money_that_is_lost_is_said_to_be_a_cost(realised: Any, promised: Any, en: str, zh: str) -> None:
    from mintmark.serving.page.value import sentence

    figures = {"decisions": 9, "matched": 2, "realised": realised, "promised": promised, "currency": "USD"}
    assert sentence(figures, Language("en")).endswith(en) and zh in sentence(figures, Language("zh"))


def test_what_nobody_could_pay_is_written_as_less_than_that() -> None:
    from mintmark.serving.page.pieces import amount

    shown_ = [html.unescape(amount(v, "USD", Language("en"))) for v in (5.37e-5, -5.0, 0.0, 0.25)]
    assert shown_ == ["<\N{NO-BREAK SPACE}0.0001 USD", "−5 USD", "0 USD", "0.25 USD"]


def test_a_model_that_a_trigger_has_stopped_is_said_to_be(tmp_path: Path) -> None:
    from test_monitor import rules

    trigger = {"name": "stop", "min_rows": 20, "window": "100 rows", "action": "stop"}
    app = make_app({"m": risky.loaded()}, page=True, state=tmp_path, rules=rules(trigger))
    ask, limit = Client(app), 200
    try:
        while ask.request(
            "POST", "/v1/models/m/predict", body={"rows": risky.rows(20, times=9.0).to_pylist()}
        ).is_success:
            limit -= 1
            assert limit
            import time

            time.sleep(0.05)  # the triggers are looked at some times a second
        for path in ("models", "models/m"):
            page = shown(ask.get(f"/page/en/{path}"))
            assert "stopped" in page.text and "answers</span>" not in page.text
        assert "fired" in shown(ask.get("/page/en/models/m/live")).text
    finally:
        app.state.close()


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keyed(paid: Any, sales: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Client]]:
    """The app with keys, and a client for each kind of key."""
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    both = ["predict", "read"]
    kinds = {"asks": (["predict"], ()), "reads": (both, ()), "bound": (both, ["payments"]), "poet": (both, ["poet"])}
    made = {n: key_file.new(file, n, scopes, models)[1] for n, (scopes, models) in kinds.items()}
    app = paged.every_kind(paid, sales, keys=Keys(file))
    return app, {n: Client(app, authorization=f"Bearer {key}") for n, key in made.items()}


def test_without_a_key_there_is_the_frame_and_nothing_else(keyed: Any, paid: Any) -> None:
    ask = Client(keyed[0])
    for name in ("", "en/", "zh/", "script.js", "style.css", "mark.svg", "sheet"):
        assert ask.get(f"/page/{name}").status_code in (200, 307)
    assert '"keys": true' in ask.get("/page/en/").text and "payments" not in ask.get("/page/en/").text
    refused = set()
    for path in ("models", "models/payments", "models/none", "models/payments/live", "models/payments/value",
                 "models/sales/ahead?steps=1", "runs", "runs/1", f"runs/{entry(paid)}/report", "nothing"):  # fmt: skip
        for key in ({}, {"authorization": "Bearer mint_wrong_key"}):
            said = ask.get(f"/page/en/{path}", **key)
            assert said.status_code == 401, path
            refused.add(said.text)
    assert len(refused) == 1, "a wrong key learns nothing"


def test_a_key_that_only_asks_sees_forms_and_no_money(keyed: Any, paid: Any) -> None:
    ask = keyed[1]["asks"]
    listed, model = ask.get("/page/en/models"), ask.get("/page/en/models/payments")
    assert "payments" in shown(listed).text and fields(model)
    for said in (listed, model):
        assert "a case" not in said.text and "data-part" not in said.text and "#/runs/" not in said.text
    assert [ask.get(f"/page/en/models/payments/{p}").status_code for p in ("live", "value")] == [403, 403]
    assert "No run is known here" in shown(ask.get("/page/en/runs")).text
    assert ask.get(f"/page/en/runs/{entry(paid)}").status_code == 404
    ahead = ask.get("/page/en/models/sales/ahead?series=shop+1&steps=2").json()
    assert len(ahead["rows"]) == 2 and ahead["history"] == [], "what happened is read, not asked"


def test_a_key_of_one_model_sees_its_run_alone(keyed: Any, paid: Any, sales: Any) -> None:
    ask = keyed[1]["bound"]
    page = shown(ask.get("/page/en/runs"))
    assert paid.id in page.text and sales.id not in page.text
    assert ask.get(f"/page/en/runs/{entry(paid)}/report").status_code == 200
    unseen, none = ask.get(f"/page/en/runs/{entry(sales)}"), ask.get("/page/en/runs/999999")
    assert unseen.status_code == none.status_code == 404
    assert unseen.text.replace(entry(sales), "999999") == none.text, "nothing tells an unseen run from none"
    listed = shown(ask.get("/page/en/models"))
    assert set(listed.values("a", "href")) == {"#/models/payments", f"#/runs/{entry(paid)}"}
    for name in ("sales", "none"):
        assert ask.get(f"/page/en/models/{name}").status_code == 404
        assert ask.get(f"/page/en/models/{name}/live").status_code == 404
    assert keyed[1]["poet"].get(f"/page/en/runs/{entry(paid)}").status_code == 404
    assert "No run is known here" in shown(keyed[1]["poet"].get("/page/en/runs")).text


def test_a_key_of_scope_read_sees_all(keyed: Any, paid: Any, sales: Any) -> None:
    ask = keyed[1]["reads"]
    page = shown(ask.get("/page/zh/runs"))
    assert paid.id in page.text and sales.id in page.text
    assert ask.get("/page/en/models/payments/live").status_code == 200
    assert ask.get("/page/en/models/sales/ahead?series=shop+1&steps=2").json()["history"]


def test_parts_are_not_for_other_sites(ask: Client) -> None:
    for site in ("cross-site", "same-site"):
        said = ask.get("/page/en/models", sec_fetch_site=site)
        assert said.status_code == 403 and "payments" not in said.text
    assert ask.get("/page/en/models", sec_fetch_site="same-origin").status_code == 200
    for said in (ask.get("/page/en/models"), ask.get("/page/en/models/cards/live")):
        assert said.headers["cache-control"] == "no-store" and "sandbox" in said.headers["content-security-policy"]
        assert said.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in said.headers


# --- hostile names ----------------------------------------------------------------------------------------------------


def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINTMARK_LEDGER", str(tmp_path / "l.sqlite"))
    content = {"task": HOSTILE, "measures": {"value.per_case": [1.0, HOSTILE]}, "started": HOSTILE}
    Ledger.default().append("run", HOSTILE, str(tmp_path / HOSTILE.replace("/", "")), content)
    ask = Client(make_app({"m": paged.hostile()}, page=True, state=tmp_path))
    pages = {p: ask.get(f"/page/{lang}/{p}") for p in ("models", "models/m", "models/m/live", "runs") for lang in LANGS}
    for path, said in pages.items():
        page = shown(said)
        assert not {"img", "script", "iframe", "object"} & set(page.tags), path
        assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"], path
        assert not [v for t, n, v in page.attributes if n in ("href", "src") and not v.startswith("#/")], path
    assert HOSTILE in pages["models/m"].text.replace("<wbr/>", "") or "&lt;script&gt;" in pages["models/m"].text
    assert HOSTILE in fields(pages["models/m"]), "the name comes back whole"


# --- texts ------------------------------------------------------------------------------------------------------------


def marked() -> set[str]:
    """Texts that the room says: what is given to `say`, `say.count` (its second) and `mark`."""
    found: set[str] = set()
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            place = 2 if name == "count" else 0
            if name in ("say", "mark", "count") and len(node.args) > place:
                found |= constants(node.args[place])
    return found


def constants(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return constants(node.body) | constants(node.orelse) if isinstance(node, ast.IfExp) else set()


def test_every_text_of_the_page_is_said_in_chinese_and_none_is_stale() -> None:
    texts, said = marked(), words.read(words.LOCALE / "zh" / "page.po")
    assert len(texts) > 100
    assert not texts - said.keys(), "texts without a Chinese one"
    assert not said.keys() - texts, "stale: no code says these"


def test_the_script_has_every_text_that_it_says() -> None:
    calls = re.findall(r"\bsay\(([^;]*?)[,)]", CODE)
    said = {
        t for call in calls for t in re.findall(r'"((?:[^"\\]|\\.)*)"', call.split("{")[0] if "{" in call else call)
    }
    plain = {t for t in re.findall(r'\bsay\("((?:[^"\\]|\\.)*)"', CODE)}
    assert plain and plain <= set(shell.SAID), plain - set(shell.SAID)
    assert not {t for t in shell.SAID if f'"{t}"' not in CODE} - {"log odds"}, "stale"
    assert said


def test_the_script_puts_html_in_at_one_place_and_runs_none() -> None:
    assert CODE.count("innerHTML") == 1 and "made.innerHTML = policy.createHTML(html)" in CODE
    for way in ("eval(", "new Function", "outerHTML", "insertAdjacentHTML", "document.write", "localStorage", "cookie",
                "import(", "XMLHttpRequest", "WebSocket"):  # fmt: skip
        assert way not in CODE, way
    assert CODE.count("fetch(") == 1 and 'redirect: "error"' in CODE and 'credentials: "omit"' in CODE


@pytest.mark.parametrize("lang", LANGS)
def test_no_part_names_another_server(lang: str, ask: Client, paid: Any) -> None:
    for path in ("models", "models/payments", "models/sales", "models/poet", "runs", f"runs/{entry(paid)}",
                 "models/payments/live", "models/payments/value", ""):  # fmt: skip
        said = ask.get(f"/page/{lang}/{path}")
        assert said.status_code == 200 and not OUTSIDE.search(said.text), path
        assert " style=" not in said.text, "styles of elements are set by the script, as the policy lets no markup"


# --- how it is started ------------------------------------------------------------------------------------------------


def test_options_and_greeting_know_the_page(paid: Any) -> None:
    from mintmark.serving.greeting import Greeting
    from mintmark.serving.options import Options

    options = Options({"p": str(paid.bundle)}, page=True)
    assert Options.of(json.loads(json.dumps(options.facts()))).page
    app = options.app()
    assert Client(app).get("/page/en/models").status_code == 200
    lines = Greeting.of(app).lines("http://h:1", "0.0.0.0", ["p"])
    assert "The page: http://h:1/page/" in lines and any("ledger" in line for line in lines)
    without = Greeting.of(make_app({"p": spine.load(paid.bundle)})).lines("http://h:1", "0.0.0.0", ["p"])
    assert not any("/page/" in line or "ledger" in line for line in without)
