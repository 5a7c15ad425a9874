"""Request ids and log lines: every answer has an id, a line is one JSON object, and no line gives a row away."""

import asyncio
import io
import json
import logging
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import writer
from served import double, fake

from mintmark.base.errors import RecipeError
from mintmark.serving import Limits, key_file, lines, logs, make_app
from mintmark.serving.access import Keys

PREDICT = "/v1/models/m/predict"
SECRET = "SECRET-4711"
TALK = [{"role": "user", "content": "a"}]


def picky(state: Any, batch: Any) -> pa.Table:
    """Stumbles on a value and quotes it, as libraries do."""
    for x in batch.arrays["x"]:
        if isinstance(x, str):
            try:
                float(x)
            except ValueError as exc:
                raise KeyError(x) from exc
    return double(state, batch)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a server would write."""
    logger, out = logging.getLogger("mintmark.serving"), io.StringIO()
    before = logger.handlers, logger.propagate, logger.level
    handler = logging.StreamHandler(out)
    handler.setFormatter(lines.Lines())
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    yield out
    logger.handlers, logger.propagate = before[:2]
    logger.setLevel(before[2])


def ask(app: Any, method: str, path: str, **more: Any) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return await client.request(method, path, **more)

    return asyncio.run(main())


def written(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["a", "7f3a.b-c_d", "Root=1-5759e988-bd862e3fe1be46a994272793", "x" * 128])
def test_an_id_that_is_well_formed_comes_back_with_every_kind_of_answer(own: str) -> None:
    app = make_app({"m": fake(picky, ("x", "text")), "t": writer.loaded()})
    asked: list[tuple[str, str, Any]] = [
        ("POST", PREDICT, {"row": {"x": None}}), ("POST", PREDICT, {"row": {}}), ("POST", PREDICT, {"row": {"x": "a"}}),
        ("POST", "/v1/models/no/predict", {}), ("POST", "/v1/models/m/events", {}), ("GET", "/v1/models", None),
        ("GET", "/nothing", None), ("DELETE", PREDICT, None), ("GET", "/openapi.json", None), ("GET", "/metrics", None),
        ("POST", "/v1/completions", {"model": "t", "prompt": "a"}), ("POST", "/v1/completions", {"model": "no"}),
        ("POST", "/v1/chat/completions", {"model": "t", "stream": True, "messages": TALK}),
    ]  # fmt: skip
    for method, path, body in asked:
        said = ask(app, method, path, json=body, headers={"x-request-id": own})
        assert said.headers.get_list("x-request-id") == [own], (method, path)


@pytest.mark.parametrize("own", [b"", b"a b", b'a"b', b"x" * 129, b"\xff", b"a\tb", b"<script>"])
def test_an_id_that_is_not_gets_one_made_here(own: bytes) -> None:
    app = make_app({"m": fake(double, ("x", "number"))})
    made = {
        ask(app, "POST", PREDICT, json={"row": {"x": 1}}, headers={"x-request-id": own}).headers["x-request-id"]
        for _ in range(3)
    }
    assert len(made) == 3 and all(len(one) == 32 and int(one, 16) for one in made)


def test_the_id_of_a_bug_is_that_of_its_line(log: io.StringIO) -> None:
    app = make_app({"m": fake(picky, ("x", "text"))})
    said = ask(app, "POST", PREDICT, json={"row": {"x": SECRET}}, headers={"x-request-id": "mine"})
    assert said.status_code == 500 and said.json()["error"]["request"] == "mine"
    (line,) = written(log)
    assert line["level"] == "error" and "mine" in line["message"] and line["error"] == "KeyError from ValueError"
    assert line["at"][-1].endswith("picky") and "test_lines.py:" in line["at"][-1]


# --- lines -----------------------------------------------------------------------------------------------------------


def test_a_request_is_one_object_with_what_is_needed_and_no_more(log: io.StringIO, tmp_path: Path) -> None:
    key, text = key_file.new(tmp_path / "k", "till", ["predict"])
    app = make_app({"m": fake(double, ("x", "number"))}, log_requests=True, keys=Keys(tmp_path / "k"))
    head = {"x-api-key": text, "x-request-id": "r1"}
    ask(app, "POST", PREDICT, json={"rows": [{"x": 1}, {"x": 2}]}, headers=head)
    ask(app, "POST", "/v1/models/nix/predict", json={}, headers=head | {"x-request-id": "r2"})
    ask(app, "POST", PREDICT, json={}, headers={"x-request-id": "r3", "x-api-key": "wrong"})
    ask(app, "GET", "/v1/models", headers=head | {"x-request-id": "r4"})
    ask(app, "GET", "/healthz")
    good, absent, wrong, read = written(log)
    assert set(good) == {"time", "level", "request", "key", "verb", "model", "version", "rows", "status", "ms"}
    assert {n: good[n] for n in ("request", "key", "verb", "model", "rows", "status")} == {
        "request": "r1", "key": key.id, "verb": "predict", "model": "m", "rows": 2, "status": 200,
    }  # fmt: skip
    assert good["ms"] > 0 and good["time"].endswith("Z") and len(good["time"]) == 24
    assert absent["status"] == 404 and absent["model"] == "" and wrong["status"] == 401 and wrong["key"] is None
    assert read["verb"] == "read" and read["request"] == "r4"
    assert text not in log.getvalue() and "nix" not in log.getvalue() and "203.0.113.9" not in log.getvalue()


def test_no_line_gives_a_value_of_a_row_away(log: io.StringIO) -> None:
    app = make_app({"m": fake(picky, ("x", "text")), "n": fake(double, ("x", "number"))}, log_requests=True)
    for body in ({"row": {"x": SECRET}}, {"row": {SECRET: 1}}, {"rows": SECRET}, {SECRET: 1}, {"row": {"x": [SECRET]}}):
        for name in ("m", "n"):
            ask(app, "POST", f"/v1/models/{name}/predict", json=body)
    ask(app, "POST", PREDICT, content=SECRET.encode(), headers={"content-type": "application/json"})
    ask(app, "GET", f"/{SECRET}")
    assert len(written(log)) == 13 and SECRET not in log.getvalue()


def test_addresses_are_written_only_where_they_are_asked_for(log: io.StringIO) -> None:
    app = make_app({"m": fake(double, ("x", "number"))}, log_requests=True, log_addresses=True)
    ask(app, "POST", PREDICT, json={"row": {"x": 1}})
    assert written(log)[0]["address"] == "203.0.113.9"


def test_a_line_stays_one_line_whatever_another_library_says(log: io.StringIO) -> None:
    logger = logging.getLogger("asyncio")
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = logging.getLogger("mintmark.serving").handlers, False
    try:
        logger.error("Task exception was never retrieved\nfuture: <Task coro=<f(%s)>>", SECRET)
        logger.error('a "quote" and ü')
    finally:
        logger.handlers, logger.propagate = before
    first, second = written(log)
    assert first["message"] == "Task exception was never retrieved" and second["message"] == 'a "quote" and ü'


def test_a_log_that_cannot_be_written_is_an_error_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--log"):
        logs(tmp_path / "no" / "log.jsonl")


@pytest.mark.slow
def test_a_log_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    """As logrotate does. What is said for people stays on standard error."""
    from contract import recipe_of, source_of
    from served import server

    from mintmark import spine

    spine.run(recipe_of("tabular_classification"), tmp_path / "r", source_of("tabular_classification"))
    log = tmp_path / "log.jsonl"
    with server(f"m={tmp_path / 'r' / 'bundle'}", "--log", log) as (process, url):
        body = httpx.get(f"{url}/v1/models/m").json()["example"]
        for turn in range(2):
            for _ in range(3):
                assert httpx.post(f"{url}{PREDICT}", json=body).status_code == 200
            time.sleep(0.1)
            found = [json.loads(line) for line in log.read_text().splitlines()]
            assert [line["status"] for line in found if line.get("verb") == "predict"] == [200] * 3
            log.rename(tmp_path / f"old-{turn}")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_streams_and_limits_write_their_lines_too(log: io.StringIO) -> None:
    app = make_app({"t": writer.loaded()}, Limits(rows=1), log_requests=True)
    body = {"row": {"prompt": "tell", "n": 3}}
    ask(app, "POST", "/v1/models/t/predict", json=body, headers={"accept": "text/event-stream"})
    ask(app, "POST", "/v1/models/t/predict", json={"rows": [body["row"]] * 2})
    assert [(line["status"], line["rows"]) for line in written(log)] == [(200, 1), (413, 0)]
