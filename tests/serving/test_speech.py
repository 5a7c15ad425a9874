"""A refusal comes in the language of who asked; an answer is the same in every one."""

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from served import double, fake

from mintmark.base.words import Language
from mintmark.serving import make_app
from mintmark.serving.greeting import Greeting
from mintmark.serving.speech import preferred

PREDICT = "/v1/models/m/predict"


def ask(app: Any, path: str, lang: str = "", body: Any = None, method: str = "POST") -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            headers = {"content-type": "application/json"} | ({"accept-language": lang} if lang else {})
            content = body if isinstance(body, str) else json.dumps(body)
            return await client.request(method, path, content=content if body is not None else None, headers=headers)

    return asyncio.run(main())


@pytest.fixture(scope="module")
def app() -> Any:
    return make_app({"m": fake(double, ("x", "number"))})


@pytest.fixture(scope="module")
def chinese() -> Any:
    """A server that was started in Chinese."""
    return make_app({"m": fake(double, ("x", "number"))}, lang="zh")


WRONG: tuple[tuple[str, str, Any, int, str], ...] = (
    ("POST", PREDICT, "{", 400, "JSON"),
    ("POST", PREDICT, {"row": {"x": "many"}}, 422, "需要数字"),
    ("POST", PREDICT, {"row": {}}, 422, "缺"),
    ("POST", PREDICT, {"row": {"x": 1, "y": 2}}, 422, "未知的字段"),
    ("POST", PREDICT, {"rows": 3}, 422, "必须"),
    ("POST", "/v1/models/n/predict", {"row": {"x": 1}}, 404, "未知的模型"),
    ("GET", PREDICT, None, 405, "POST"),
    ("GET", "/v1/nothing", None, 404, "没有"),
)


@pytest.mark.parametrize("method, path, body, status, part", WRONG)
def test_a_refusal_is_in_the_language_of_who_asked(
    method: str, path: str, body: Any, status: int, part: str, app: Any, chinese: Any
) -> None:
    english = ask(app, path, "", body, method)
    said = english.json()["error"]
    assert english.status_code == status and (said["what"] + said["try"]).isascii() and said["try"]
    told = ask(app, path, "zh-CN,zh;q=0.9,en;q=0.5", body, method)
    assert told.status_code == status and set(told.json()) == set(english.json())
    again = told.json()["error"]
    assert (again["kind"], again["where"]) == (said["kind"], said["where"]), "what programs look at is the same"
    assert part in again["what"] and re.search("[\u4e00-\u9fff]", again["what"])
    assert not re.search(r"\b[a-z]{3,} [a-z]{2,} [a-z]{2,}\b", again["what"] + again["try"]), "no English is left"
    assert ask(app, path, "de, fr;q=0.5", body, method).json() | {"id": 0} == english.json() | {"id": 0}
    assert ask(chinese, path, "", body, method).json()["error"] == again
    assert ask(chinese, path, "en-GB", body, method).json()["error"] == said


def test_answers_are_the_same_in_every_language(app: Any, chinese: Any) -> None:
    made = [ask(a, PREDICT, lang, {"row": {"x": 2}}) for a in (app, chinese) for lang in ("", "zh", "en")]
    assert {json.dumps(m.json()["answers"]) for m in made} == {json.dumps(made[0].json()["answers"])}


@pytest.mark.parametrize(
    "header, code",
    [("", "fr"), ("zh", "zh"), ("zh-Hant-TW", "zh"), ("en-US,en;q=0.9,zh;q=0.8", "en"), ("en;q=0.2, zh;q=0.7", "zh"),
     ("zh;q=0", "fr"), ("zhuang", "fr"), ("de, *;q=0.5", "fr"), ("zh;q=nan", "fr"), ("zh;q=x, en", "en"),
     (",;=", "fr")],
)  # fmt: skip
def test_the_language_that_is_liked_best_counts(header: str, code: str) -> None:
    assert preferred(header, "fr") == code


def test_what_a_server_says_when_it_starts_is_said_in_chinese_and_the_command_in_it_stays() -> None:
    url, zh = "http://127.0.0.1:8000", Language("zh")
    kept = {"forgets": True, "page": True, "workers": 2}
    for keys, valid in ((None, 0), ("keys.json", 0)):
        lines = Greeting("m", {"x": 1.5}, keys, valid, **kept).lines(url, "0.0.0.0", ["m", "n"])
        assert len(lines) > 5
        for line in lines:
            if line.startswith(" "):
                assert line.startswith("  curl http"), "shown as it is"
            else:
                told = zh.again(line)
                assert re.search("[\u4e00-\u9fff]", told) and not re.search(r"\b[a-z]{3,} [a-z]+ [a-z]+ [a-z]+\b", told)
