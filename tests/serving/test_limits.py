"""Rates, waiting rows and times: who asks too often or too much is told so, and when to come again."""

import asyncio
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served import double, fake

from mintmark.base.errors import RecipeError
from mintmark.serving import Limits, key_file, make_app
from mintmark.serving.access import Keys
from mintmark.serving.batch import INLINE_ROWS, Batcher
from mintmark.serving.rate import BYTES, Rate, Rates, client
from mintmark.serving.refusals import Late, Overloaded

PREDICT = "/v1/models/m/predict"
ROW = {"row": {"x": 1}}


def ask(app: Any, path: str = PREDICT, address: str = "203.0.113.9", key: str = "", body: Any = ROW) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as asked:
            headers = {"x-api-key": key} if key else {}
            return await (asked.post(path, json=body, headers=headers) if body else asked.get(path, headers=headers))

    return asyncio.run(main())


def app(rate: str = "", keys: Path | None = None, **more: Any) -> Any:
    given = {"keys": Keys(keys) if keys else None, "rate": Rate.of(rate) if rate else None}
    return make_app({"m": fake(double, ("x", "number"))}, **given, **more)


# --- the bucket ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 20), st.sampled_from(["s", "min"]), st.lists(st.floats(0, 3), min_size=1, max_size=80),
)  # fmt: skip
def test_a_rate_lets_through_what_a_bucket_that_fills_up_again_would(most: int, span: str, pauses: list[float]) -> None:
    """Beside the plain algorithm: a count of tokens, filled at the rate, of which each request takes one."""
    rate, rates = Rate.of(f"{most}/{span}"), Rates()
    tokens, now, last = float(most), 1000.0, 1000.0
    for pause in pauses:
        now += pause
        tokens, last = min(most, tokens + (now - last) * most / rate.span_s), now
        wait = rates.take("a", rate, now)
        if abs(tokens - 1) > 1e-6:
            assert (wait == 0) == (tokens >= 1)
            assert wait == pytest.approx(max(0.0, (1 - tokens) * rate.span_s / most), abs=1e-6)
        tokens -= 1 if wait == 0 else 0


def test_clients_have_buckets_of_their_own_and_addresses_without_end_fill_no_memory() -> None:
    rate, rates = Rate.of("1/h"), Rates()
    assert [rates.take("a", rate), rates.take("b", rate)] == [0, 0] and rates.take("a", rate) > 3000
    for i in range(200_000):  # three times as many as there are places
        rates.take(f"10.{i}", rate)
    assert len(rates._table) == BYTES


def test_processes_share_a_rate(tmp_path: Path) -> None:
    file = tmp_path / "rates"
    file.write_bytes(bytes(BYTES))
    tables = []
    for _ in range(2):
        handle = os.open(file, os.O_RDWR)
        tables.append(Rates(handle))
        os.close(handle)
    rate = Rate.of("10/h")
    passed = [tables[i % 2].take("a", rate) == 0 for i in range(14)]
    assert passed == [True] * 10 + [False] * 4


@pytest.mark.parametrize("text", ["", "0/s", "5", "5/day", "-1/s", "1.5/s", "many/s", "5/s/s"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(RecipeError, match="is no rate"):
        Rate.of(text)


def test_who_is_one_client() -> None:
    assert client("203.0.113.9") == "203.0.113.9" and client("::ffff:203.0.113.9") == "::ffff:203.0.113.9"
    assert client("2001:db8:1:2:3::4") == client("2001:db8:1:2:ffff::1") != client("2001:db8:1:3::1")
    assert client("fe80::1%eth0") == client("fe80::2") and client("no:address") == "no:address"


# --- at the door -----------------------------------------------------------------------------------------------------


def test_an_address_that_asks_too_often_is_told_when_to_come_again() -> None:
    served = app("3/h")
    said = [ask(served) for _ in range(5)]
    assert [s.status_code for s in said] == [200, 200, 200, 429, 429]
    assert said[3].json()["error"]["kind"] == "TooOften" and 1190 <= int(said[3].headers["retry-after"]) <= 1200
    assert ask(served, address="203.0.113.10").status_code == 200
    assert ask(served, "/v1/models", body=None).status_code == 429
    assert ask(served, "/healthz", body=None).status_code == 200  # load balancers go on asking
    text = ask(served, "/metrics", address="203.0.113.11", body=None).text
    assert 'mintmark_refused_total{why="TooOften"} 3.0' in text and "203.0.113" not in text


def test_keys_have_rates_of_their_own_and_wrong_ones_that_of_their_address(tmp_path: Path) -> None:
    file = tmp_path / "k"
    _, few = key_file.new(file, "few", ["predict"], rate="2/h")
    _, plain = key_file.new(file, "plain", ["predict"])
    served = app("4/h", file)
    assert [ask(served, key=few).status_code for _ in range(3)] == [200, 200, 429]
    assert [ask(served, key=plain).status_code for _ in range(5)] == [200] * 4 + [429]
    assert [ask(served, key="wrong").status_code for _ in range(5)] == [401] * 4 + [429]
    wrong = [ask(served, f"/v1/models/{name}/predict", key="wrong") for name in ("m", "none")]
    assert wrong[0].content == wrong[1].content
    assert ask(served, key="wrong", address="203.0.113.10").status_code == 401


def test_a_request_is_let_in_again_as_time_goes_by() -> None:
    served = app("30/min")
    statuses = [ask(served).status_code for _ in range(40)]
    assert statuses[:30] == [200] * 30 and 429 in statuses
    time.sleep(2.1)
    assert ask(served).status_code == 200


# --- what waits ------------------------------------------------------------------------------------------------------


class Slow:
    """A model whose answers wait for a sign."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Event()

    def __call__(self, state: Any, batch: Any) -> pa.Table:
        self.begun.set()
        assert self.go.wait(20)
        return double(state, batch)


def together(served: Any, slow: Slow, many: int, then: Any) -> list[httpx.Response]:
    """One large request that is being answered, `many` that wait behind it, and what is done then."""

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(served, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as asked:
            rows = [{"x": 1}] * (INLINE_ROWS + 1)
            tasks = [asyncio.create_task(asked.post(PREDICT, json={"rows": rows}))]
            while not slow.begun.is_set():
                await asyncio.sleep(0.005)
            tasks += [asyncio.create_task(asked.post(PREDICT, json={"rows": [{"x": i}] * 10})) for i in range(many)]
            await asyncio.sleep(0.05)
            await then(asked)
            slow.go.set()
            said = list(await asyncio.gather(*tasks))
            while served.state.models["m"].batcher.busy:
                await asyncio.sleep(0.005)
            return said

    return asyncio.run(main())


def test_more_rows_than_may_wait_are_told_to_come_again() -> None:
    slow = Slow()
    served = make_app({"m": fake(slow, ("x", "number"))}, Limits(waiting_rows=35))
    refused: list[httpx.Response] = []

    async def one_more(asked: httpx.AsyncClient) -> None:
        refused.append(await asked.post(PREDICT, json={"rows": [{"x": 1}] * 10}))
        text = (await asked.get("/metrics")).text
        assert 'mintmark_waiting_rows{model="m"} 30.0' in text

    said = together(served, slow, 3, one_more)
    assert [s.status_code for s in said] == [200] * 4
    assert refused[0].status_code == 429 and refused[0].headers["retry-after"] == "1"
    assert "30 rows wait" in refused[0].json()["error"]["what"]
    text = ask(served, "/metrics", body=None).text
    assert 'mintmark_waiting_rows{model="m"} 0.0' in text and 'mintmark_batch_rows_sum{model="m"} 287.0' in text


def test_an_answer_that_comes_too_late_is_refused_in_time() -> None:
    slow = Slow()
    served = make_app({"m": fake(slow, ("x", "number"))}, Limits(answer_s=0.2))

    async def wait(asked: httpx.AsyncClient) -> None:
        await asyncio.sleep(0.4)

    said = together(served, slow, 3, wait)
    assert [s.status_code for s in said] == [503] * 4
    assert {s.json()["error"]["kind"] for s in said} == {"Late"} and said[0].headers["retry-after"] == "1"
    assert ask(served).status_code == 200  # it goes on with who comes next


def test_a_text_may_take_its_time_once_it_is_begun() -> None:
    begun, go = threading.Event(), threading.Event()

    def answer(parts: Any, sizes: Any) -> list[bytes]:
        begun.set()
        assert go.wait(20)
        return [b"text"] * len(parts)

    async def main() -> list[Any]:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(answer, pool, inline=False, whole=False, wait_s=0.1)
            first = asyncio.create_task(batcher.ask(1, 1))
            while not begun.is_set():
                await asyncio.sleep(0.005)
            second = asyncio.create_task(batcher.ask(2, 1))
            found = await asyncio.gather(second, return_exceptions=True)
            go.set()
            return [*found, await first]

    late, text = asyncio.run(main())
    assert isinstance(late, Late) and text == b"text"


def test_who_gave_up_is_not_answered_for_nothing() -> None:
    """Requests that have become too late while a batch was answered are in no later batch."""
    batches: list[list[Any]] = []

    def answer(parts: Any, sizes: Any) -> list[bytes]:
        batches.append(list(parts))
        time.sleep(0.15)
        return [b""] * len(parts)

    async def main() -> list[Any]:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(answer, pool, inline=False, wait_s=0.1, waiting_rows=3)
            first = asyncio.create_task(batcher.ask("a", 1))
            await asyncio.sleep(0.02)
            tasks = [asyncio.create_task(batcher.ask(i, 1)) for i in range(5)]
            found = await asyncio.gather(first, *tasks, return_exceptions=True)
            assert batcher.rows == 0 and not batcher.busy or batcher.waiting
            await asyncio.sleep(0.1)
            return list(found)

    found = asyncio.run(main())
    kinds = [type(f) for f in found]
    assert kinds == [Late, Late, Late, Late, Overloaded, Overloaded] and batches == [["a"]]


def test_a_large_request_is_answered_where_nothing_waits() -> None:
    served = make_app({"m": fake(double, ("x", "number"))}, Limits(waiting_rows=5))
    said = ask(served, body={"rows": [{"x": 1}] * 50})
    assert said.status_code == 200 and len(json.loads(said.content)["answers"]) == 50
