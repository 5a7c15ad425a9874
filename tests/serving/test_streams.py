"""Answers that are sent while they are written: what comes, in which order, and what ends it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import writer

from mintmark import spine
from mintmark.numerics import policy
from mintmark.serving import Limits, make_app

PREDICT = "/v1/models/m/predict"
ACCEPT = {"accept": "text/event-stream"}


def ask(app: Any, body: Any, headers: dict[str, str] | None = None, path: str = PREDICT) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return await client.post(path, json=body, headers=headers)

    return asyncio.run(main())


def events(said: httpx.Response) -> list[Any]:
    """What the events hold; the last word of a stream as it is."""
    parts = said.text.split("\n\n")
    assert parts.pop() == "" and all(p.startswith("data: ") for p in parts)
    return [p[6:] if p[6:] == "[DONE]" else json.loads(p[6:]) for p in parts]


class Raw:
    """A request whose messages are seen as they come, and whose client can go."""

    def __init__(self, app: Any, body: Any, path: str = PREDICT) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.slow = asyncio.Event()
        self.slow.set()
        messages = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            await self.slow.wait()
            self.sent.put_nowait(message)

        headers = [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")]
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
                 "root_path": "", "scheme": "http", "headers": headers, "http_version": "1.1"}  # fmt: skip
        self.task = asyncio.create_task(app(scope, receive, send))

    async def pieces(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            message = await asyncio.wait_for(self.sent.get(), 10)
            yield message
            if message["type"] == "http.response.body" and not message.get("more_body"):
                return


def test_an_answer_grows_and_ends_as_the_whole_one() -> None:
    app = make_app({"m": writer.loaded()})
    row = {"prompt": "slow please", "n": 6}
    said = ask(app, {"row": row}, ACCEPT)
    *partial, last, done = events(said)
    assert said.status_code == 200 and said.headers["content-type"].startswith("text/event-stream") and done == "[DONE]"
    whole = ask(app, {"row": row})
    assert last == whole.json() and whole.headers["content-type"] == "application/json"
    texts = [p["answers"][0]["text"] for p in [*partial, last]]
    assert len(texts) >= 3 and all(b.startswith(a) and a != b for a, b in zip(texts, texts[1:], strict=False))
    assert app.state.door.requests == 0 and app.state.door.bytes == 0


def test_what_cannot_be_a_stream_is_refused_before_it_begins() -> None:
    app = make_app({"m": writer.loaded(), "whole": writer.loaded(streams=False)})
    other = "/v1/models/whole/predict"
    said = ask(app, {"row": {"prompt": "a"}}, ACCEPT, other)
    assert said.status_code == 406 and said.json()["error"]["kind"] == "NotAcceptable"
    either = ask(app, {"row": {"prompt": "a"}}, {"accept": "text/event-stream, application/json"}, other)
    assert either.status_code == 200 and either.json()["answers"][0]["text"] == " 1 2 3 4 5"
    two = ask(app, {"rows": [{"prompt": "a"}] * 2}, ACCEPT)
    assert two.status_code == 400 and "2 rows" in two.json()["error"]["what"]
    for row, status in (({"prompt": "fail"}, 422), ({"promt": "a"}, 422), ({"prompt": 3}, 422)):
        assert ask(app, {"row": row}, ACCEPT).status_code == status


def test_a_failure_on_the_way_is_the_last_event() -> None:
    said = ask(make_app({"m": writer.loaded()}), {"row": {"prompt": "slow break"}}, ACCEPT)
    *_, last = events(said)
    assert said.status_code == 200 and last["error"]["kind"] == "Bug" and "ZeroDivision" not in said.text


def test_a_stream_never_shows_half_of_what_a_policy_masks() -> None:
    facts = policy.learn({"blocked": ["2 3"], "mask": []})
    app = make_app({"m": writer.loaded(decision={"by": "policy", "policy": facts})})
    *partial, last, _ = events(ask(app, {"row": {"prompt": "slow", "n": 4}}, ACCEPT))
    texts = [p["answers"][0]["text"] for p in partial]
    assert last["answers"][0]["text"] == " 1 *** 4" and last["answers"][0]["finish"] == "blocked"
    assert all(last["answers"][0]["text"].startswith(t) for t in texts)


def test_who_hangs_up_ends_the_writing() -> None:
    writer.written.clear()

    async def main() -> int:
        app = make_app({"m": writer.loaded()})
        raw = Raw(app, {"row": {"prompt": "slow", "n": 2000}})
        async for message in raw.pieces():
            if message["type"] == "http.response.body":
                raw.gone.set()
                break
        await asyncio.wait_for(raw.task, 10)
        end = time.monotonic() + 5
        while app.state.streams.open and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return int(app.state.streams.open)

    assert asyncio.run(main()) == 0
    assert len(writer.written) == 1 and writer.written[0] < 500


def test_no_more_streams_at_once_than_allowed() -> None:
    async def main() -> tuple[int, str]:
        app = make_app({"m": writer.loaded()}, Limits(streams=1))
        first = Raw(app, {"row": {"prompt": "slow", "n": 30}})
        async for message in first.pieces():
            if message["type"] == "http.response.body":
                break
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            refused = await client.post(PREDICT, json={"row": {"prompt": "a"}}, headers=ACCEPT)
            plain = await client.post(PREDICT, json={"row": {"prompt": "a"}})
            assert plain.status_code == 200
            last = [m async for m in first.pieces()]
            await first.task
            await asyncio.sleep(0.05)
            again = await client.post(PREDICT, json={"row": {"prompt": "a"}}, headers=ACCEPT)
        assert again.status_code == 200 and refused.headers["retry-after"] == "1" and last
        return refused.status_code, refused.json()["error"]["kind"]

    assert asyncio.run(main()) == (429, "Overloaded")


def test_a_slow_reader_gets_larger_pieces_and_one_who_never_reads_is_let_go() -> None:
    async def main() -> tuple[int, str, bool]:
        app = make_app({"m": writer.loaded()}, Limits(send_s=0.2))
        slow = Raw(app, {"row": {"prompt": "slow", "n": 12}})
        texts = []
        async for message in slow.pieces():
            slow.slow.clear()
            asyncio.get_running_loop().call_later(0.1, slow.slow.set)
            if said := message.get("body"):
                texts.append(said.decode())
        stuck = Raw(app, {"row": {"prompt": "slow", "n": 300}})
        await stuck.sent.get()
        stuck.slow.clear()
        await asyncio.wait_for(stuck.task, 10)
        return len(texts), texts[-2], app.state.door.requests == 0

    count, last, left = asyncio.run(main())
    assert count < 12 and " 12" in last and left


def test_a_server_that_stops_ends_its_streams_with_a_word() -> None:
    async def main() -> list[dict[str, Any]]:
        app = make_app({"m": writer.loaded()})
        raw, seen = Raw(app, {"row": {"prompt": "slow", "n": 2000}}), []
        async for message in raw.pieces():
            seen.append(message)
            if len(seen) == 3:
                app.state.door.closing = True
                raw.task.cancel()
        await raw.task
        return seen

    *_, word, end = asyncio.run(main())
    assert json.loads(word["body"][6:])["error"]["kind"] == "Stopping" and end["more_body"] is False


def test_a_long_text_keeps_no_other_model_waiting() -> None:
    async def main() -> float:
        app = make_app({"m": writer.loaded(), "other": writer.loaded()})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as client:
            long = asyncio.create_task(client.post(PREDICT, json={"row": {"prompt": "slow", "n": 100}}))
            await asyncio.sleep(0.05)
            assert (await client.get("/healthz")).status_code == 200 and not long.done()
            return float((await long).json()["answers"][0]["tokens"])

    assert asyncio.run(main()) == 100


def test_openapi_tells_of_streams() -> None:
    app = make_app({"m": writer.loaded(), "whole": writer.loaded(streams=False)})
    paths = app.openapi()["paths"]
    assert "text/event-stream" in paths[PREDICT]["post"]["responses"]["200"]["content"]
    assert "406" in paths["/v1/models/whole/predict"]["post"]["responses"]
    assert {"/v1/completions", "/v1/chat/completions"} <= set(paths)
    row = app.openapi()["components"]["schemas"]["m.Question"]
    assert row["required"] == ["prompt"] and row["properties"]["stop"] == {"type": ["array", "null"]}


@pytest.mark.parametrize("prompt", ["a b c", "slow"])
def test_the_stream_of_the_spine_is_its_answer(prompt: str) -> None:
    """What the server relies on: the last part is the whole answer."""
    loaded = writer.loaded()
    asked = make_app({"m": loaded}).state.models["m"].questions
    rows = asked.table([asked.columns([{"prompt": prompt}])])
    assert list(spine.stream(loaded, rows))[-1].equals(spine.answer(loaded, rows))
