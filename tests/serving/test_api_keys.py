"""API keys: who is let in, for what, until when; and what a wrong one learns, which is nothing."""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import writer
from served import MAIN, double, fake

from mintmark import cli
from mintmark.base.errors import DataError, RecipeError
from mintmark.serving import key_file, make_app
from mintmark.serving.access import Keys, read
from mintmark.serving.shelf import Shelf

SECRET_PATHS = [
    ("POST", "/v1/models/open/predict"), ("POST", "/v1/models/none/predict"), ("POST", "/v1/models/open/events"),
    ("POST", "/v1/models/none/events"), ("POST", "/v1/models/open/nothing"), ("GET", "/v1/models"),
    ("GET", "/v1/models/open"), ("GET", "/v1/models/none"), ("GET", "/openapi.json"), ("GET", "/metrics"),
    ("GET", "/nothing"), ("DELETE", "/v1/models/open"), ("GET", "/v1/models/open/predict"), ("HEAD", "/v1/models/open"),
    *((method, f"/v1/{path}") for name in ("open", "none") for method, path in (
        ("POST", f"models/{name}/versions/1/predict"), ("POST", f"models/{name}/versions/1/events"),
        ("GET", f"models/{name}/versions/1"), ("POST", f"models/{name}/outcomes"), ("GET", f"models/{name}/outcomes"),
        ("POST", f"models/{name}/monitor"), ("GET", f"models/{name}/monitor"), ("POST", f"admin/models/{name}"),
        ("POST", f"admin/models/{name}/rollback"),
    )),
]  # fmt: skip
ROW = {"row": {"x": 1}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def app(file: Path | None, **more: Any) -> Any:
    def texts(state: Any, batch: Any) -> pa.Table:
        return double(state, batch)

    models = {"open": fake(texts, ("x", "number")), "other": fake(texts, ("x", "number")), "text": writer.loaded()}
    return make_app(models, keys=Keys(file) if file else None, **more)


def ask(app: Any, method: str, path: str, headers: dict[str, Any] | None = None, body: Any = None) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return await client.request(method, path, headers=headers, json=body)

    return asyncio.run(main())


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def aged(app: Any) -> None:
    """As if the file had last been looked at a while ago."""
    app.state.door.keys._looked -= 10


# --- what a wrong key learns -----------------------------------------------------------------------------------------


def test_a_wrong_key_gets_one_answer_whatever_it_asks(file: Path) -> None:
    _, good = key_file.new(file, "till", ["predict", "events", "read", "admin"])
    other = "mint_" + good.split("_")[1] + "_" + "x" * 43  # the ID is right, the secret is not
    served, seen = app(file), set()
    asked = ask(served, "GET", "/nothing").content
    presented: list[dict[str, Any]] = [
        {}, bearer(other), bearer("mint_00000000_" + "y" * 43), bearer(""), {"x-api-key": good[:-1]},
        {"authorization": f"Basic {good}"}, {"authorization": good}, {"x-api-key": b"\xff\xfe"}, bearer("x" * 5000),
        {"x-api-key": good, "authorization": f"Bearer {other}"},
    ]  # fmt: skip
    for headers in presented:
        for method, path in SECRET_PATHS:
            said = ask(served, method, path, headers, ROW if method == "POST" else None)
            told = {k: v for k, v in said.headers.items() if k != "x-request-id"}
            content = said.content if method != "HEAD" else asked
            seen.add((said.status_code, content, json.dumps(told, sort_keys=True)))
    ((status, content, headers),) = seen
    assert (
        status == 401 and json.loads(content)["error"]["kind"] == "NoKey" and '"www-authenticate": "Bearer"' in headers
    )
    assert ask(served, "GET", "/healthz").status_code == 200
    for path in ("/v1/completions", "/v1/chat/completions"):
        found = [ask(served, "POST", path, {}, {"model": m, "prompt": "a"}) for m in ("text", "none")]
        assert {f.status_code for f in found} == {401} and found[0].content == found[1].content
        assert found[0].json()["error"]["code"] == "invalid_api_key"


def test_a_wrong_key_is_refused_before_its_body_is_read(file: Path) -> None:
    key_file.new(file, "till", ["predict"])
    served, sent = app(file), []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    for name in ("open", "none"):
        scope = {"type": "http", "method": "POST", "path": f"/v1/models/{name}/predict", "headers": []}
        asyncio.run(served(scope, receive, send))
    assert [m["status"] for m in sent if "status" in m] == [401, 401]


def test_nothing_is_looked_up_for_a_wrong_key(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So neither the answer nor the time that it takes can tell models apart."""
    _, good = key_file.new(file, "till", ["predict", "events", "read", "admin", "outcomes"])
    served, looked = app(file), []
    for name in ("__getitem__", "version", "versions", "about"):
        found = getattr(Shelf, name)
        monkeypatch.setattr(Shelf, name, lambda *a, f=found, **k: [looked.append(a[1]), f(*a, **k)][1])
    for method, path in [*SECRET_PATHS, ("POST", "/v1/completions"), ("POST", "/v1/chat/completions")]:
        body = {"model": "open", "prompt": "a"} if method == "POST" else None
        assert ask(served, method, path, bearer("mint_00000000_" + "z" * 43), body).status_code == 401
    assert not looked
    assert ask(served, "POST", "/v1/models/open/predict", bearer(good), ROW).status_code == 200 and "open" in looked


def test_a_key_of_some_models_takes_the_others_for_none(file: Path) -> None:
    _, key = key_file.new(file, "till", ["predict", "events", "read"], ["open"])
    served, headers = app(file), bearer(key)
    assert ask(served, "POST", "/v1/models/open/predict", headers, ROW).status_code == 200
    for method, path in (("POST", "/v1/models/{}/predict"), ("POST", "/v1/models/{}/events"), ("GET", "/v1/models/{}")):
        body = ROW if method == "POST" else None
        there, absent = (ask(served, method, path.format(name), headers, body) for name in ("other", "ohter"))
        assert there.status_code == absent.status_code == 404
        assert there.text.replace("other", "ohter") == absent.text and "known: open." in there.text
    listed = ask(served, "GET", "/v1/models", headers).json()
    assert [m["name"] for m in listed["models"]] == [m["id"] for m in listed["data"]] == ["open"]
    document = ask(served, "GET", "/openapi.json", headers).text
    assert "/v1/models/open/predict" in document and "other" not in document
    metrics = ask(served, "GET", "/metrics", headers)
    assert metrics.status_code == 403 and "other" not in metrics.text
    said = ask(served, "POST", "/v1/completions", headers, {"model": "text", "prompt": "a"})
    assert said.status_code == 404 and said.json()["error"]["code"] == "model_not_found" and "open" in said.text


# --- what a right key may do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["predict", "events", "read"])
def test_a_key_does_what_its_scopes_say_and_nothing_else(file: Path, scope: str) -> None:
    _, key = key_file.new(file, "till", [scope])
    served = app(file)
    asked = {
        "predict": ("POST", "/v1/models/open/predict", ROW), "events": ("POST", "/v1/models/open/events", ROW),
        "read": ("GET", "/metrics", None),
    }  # fmt: skip
    for needs, (method, path, body) in asked.items():
        said = ask(served, method, path, bearer(key), body)
        if needs == scope:
            assert said.status_code in (200, 409)  # this model has no past
        else:
            assert said.status_code == 403 and f"scope {needs!r}" in said.json()["error"]["what"]
            absent = ask(served, method, path.replace("open", "none"), bearer(key), body)
            assert absent.content == said.content  # whether there is such a model is not looked at
    assert ask(served, "GET", "/v1/models", bearer(key)).status_code == 200


def test_both_headers_are_read_and_the_scheme_in_any_case(file: Path) -> None:
    _, key = key_file.new(file, "till", ["predict"])
    served = app(file)
    for headers in ({"x-api-key": key}, {"authorization": f"bearer {key}"}, {"authorization": f"BEARER  {key} "},
                    {"x-api-key": key, "authorization": f"Bearer {key}"}):  # fmt: skip
        assert ask(served, "POST", "/v1/models/open/predict", headers, ROW).status_code == 200


def test_without_keys_the_server_is_open_and_a_key_is_no_hindrance() -> None:
    served = app(None)
    for headers in ({}, bearer("whatever")):
        assert ask(served, "POST", "/v1/models/open/predict", headers, ROW).status_code == 200
    assert "securitySchemes" not in ask(served, "GET", "/openapi.json").json()["components"]


def test_openapi_tells_of_keys(file: Path) -> None:
    _, key = key_file.new(file, "till", ["predict"])
    document = ask(app(file), "GET", "/openapi.json", bearer(key)).json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    assert {"401", "403"} <= set(document["paths"]["/v1/models/open/predict"]["post"]["responses"])
    assert "401" not in document["paths"]["/healthz"]["get"]["responses"]


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_file_holds_no_key_and_nobody_else_may_read_it(file: Path) -> None:
    key, text = key_file.new(file, "till", ["predict"], rate="5/s")
    assert text.startswith(f"mint_{key.id}_") and len(text.split("_", 2)[2]) == 43
    assert text.split("_", 2)[2] not in file.read_text() and os.stat(file).st_mode & 0o77 == 0
    assert key_file.new(file, "till", ["predict"])[1] != text and len(read(file)) == 2
    assert list(file.parent.iterdir()) == [file]


def test_expired_and_revoked_keys_are_wrong_ones_at_once(file: Path) -> None:
    key, text = key_file.new(file, "till", ["predict"])
    served = app(file)
    path = "/v1/models/open/predict"
    wrong = ask(served, "POST", path, {}, ROW)
    assert ask(served, "POST", path, bearer(text), ROW).status_code == 200
    key_file.revoke(file, key.id)
    aged(served)
    assert ask(served, "POST", path, bearer(text), ROW).content == wrong.content
    _, short = key_file.new(file, "short", ["predict"], expires="2999-01-01T00:00:00+00:00")
    aged(served)
    assert ask(served, "POST", path, bearer(short), ROW).status_code == 200
    file.write_text(file.read_text().replace("2999-", "1999-"))
    aged(served)
    assert ask(served, "POST", path, bearer(short), ROW).content == wrong.content


def test_both_keys_count_while_one_takes_the_others_place(file: Path) -> None:
    key, text = key_file.new(file, "till", ["predict"], ["open"], rate="7/s")
    served = app(file)
    old, made, new = key_file.rotate(file, "till", keep_s=3600)
    aged(served)
    assert old.id == key.id and made.name == "till" and made.models == key.models and made.rate == key.rate
    for one in (text, new):
        assert ask(served, "POST", "/v1/models/open/predict", bearer(one), ROW).status_code == 200
    _, _, third = key_file.rotate(file, made.id, keep_s=0)
    aged(served)
    statuses = [ask(served, "POST", "/v1/models/open/predict", bearer(k), ROW).status_code for k in (text, new, third)]
    assert statuses == [200, 401, 200]
    key_file.revoke(file, key.id)
    with pytest.raises(RecipeError, match="was revoked"):
        key_file.rotate(file, key.id, 0)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"format": 2, "keys": []}', '{"format": 1}', '{"format": 1, "keys": [{}]}',
     '{"format": 1, "keys": [{"id": "a", "name": "a", "sha256": "0", "scopes": [], "models": null, "made": "", '
     '"expires": null, "revoked": null, "rate": ""}]}'],
)  # fmt: skip
def test_a_damaged_file_stops_a_start_but_not_a_running_server(
    file: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    key, text = key_file.new(file, "till", ["predict"])
    served = app(file)
    good = file.read_bytes()
    file.write_text(content)
    with pytest.raises(DataError, match="no file of API keys"):
        Keys(file)
    for _ in range(3):
        aged(served)
        assert ask(served, "POST", "/v1/models/open/predict", bearer(text), ROW).status_code == 200
    assert sum("go on counting" in r.getMessage() for r in caplog.records) == 1
    file.write_bytes(good)
    key_file.revoke(file, key.id)
    aged(served)
    assert ask(served, "POST", "/v1/models/open/predict", bearer(text), ROW).status_code == 401


def test_a_file_that_is_gone_or_open_to_all_is_refused(file: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        Keys(file)
    key_file.new(file, "till", ["predict"])
    file.chmod(0o666)
    with pytest.raises(RecipeError, match="chmod 600"):
        Keys(file)


def _make(file: Path, i: int) -> None:
    key_file.new(file, f"k{i}", ["predict"])


def test_writers_at_the_same_time_lose_no_key(file: Path) -> None:
    processes = [multiprocessing.get_context("fork").Process(target=_make, args=(file, i)) for i in range(8)]
    for p in processes:
        p.start()
    for p in processes:
        p.join(30)
    assert sorted(k.name for k in read(file).values()) == [f"k{i}" for i in range(8)]


def test_a_link_to_the_file_stays_one(file: Path) -> None:
    real = file.with_name("real.json")
    file.symlink_to(real)
    key_file.new(file, "till", ["predict"])
    assert file.is_symlink() and len(read(real)) == 1


# --- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_make_list_rotate_and_revoke(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> dict[str, Any]:
        assert cli.main(["api-keys", *words, "--file", str(file), "--json"]) == 0
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    made = run("new", "till 3", "--scope", "predict", "--scope", "events", "--model", "fraud", "--expires", "90 days",
               "--rate", "100/s")  # fmt: skip
    assert made["scopes"] == ["events", "predict"] and made["models"] == ["fraud"] and made["rate"] == "100/s"
    (listed,) = run("list")["keys"]
    assert listed["state"] == "valid" and listed["id"] == made["id"] and made["key"] not in json.dumps(listed)
    rotated = run("rotate", "till 3", "--keep", "2 h")
    assert (
        rotated["instead_of"] == made["id"] and rotated["key"] != made["key"] and rotated["expires"] == made["expires"]
    )
    run("revoke", made["id"])
    assert [k["state"] for k in run("list")["keys"]] == ["revoked", "valid"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["new", "a", "--scope", "predct"], "did you mean 'predict'"),
        (["new", "a", "--expires", "soon"], "90 days"),
        (["new", "a", "--expires", "2001-01-01"], "is over"),
        (["new", "a", "--rate", "fast"], "100/s"),
        (["revoke", "nobody"], "unknown API key"),
        (["rotate", "twice"], "2 keys have the name"),
    ],
)
def test_what_the_commands_refuse(file: Path, capsys: pytest.CaptureFixture[str], words: list[str], what: str) -> None:
    for _ in range(2):
        key_file.new(file, "twice", ["predict"])
    before = file.read_bytes()
    assert cli.main(["api-keys", *words, "--file", str(file)]) == 2
    assert what in capsys.readouterr().err and file.read_bytes() == before


def test_keys_that_do_not_exist_stop_the_server_before_it_listens(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAIN, "serve", str(tmp_path), "--keys", str(tmp_path / "no.json"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2 and "api-keys new" in json.loads(said.stdout)["error"]["try"]
