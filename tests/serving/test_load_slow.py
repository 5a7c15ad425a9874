"""A real server process under load: models and keys change beneath it, a thousand are connected, some are very slow."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from contract import recipe_of, source_of
from served import ROW, server

from mintmark import spine
from mintmark.serving import key_file

pytestmark = pytest.mark.slow
CLIENTS = 32
SUSTAINED_S = float(os.environ.get("SUSTAINED_S", "180"))
"""of the mixed load under which memory may not grow; what it came to is printed, so that `-s` shows it"""
PAUSE_S = float(os.environ.get("PAUSE_S", "0"))
"""between two requests of a client under that load, for a machine that has other work too"""
BODY = json.dumps({"row": ROW}).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("bundles")
    for name, n in (("a", 5), ("b", 40)):
        settings = {"positive": "fraud", "n_estimators": n}
        spine.run(
            recipe_of("tabular_classification", settings=settings), made / name, source_of("tabular_classification")
        )
    return made


class Client:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self.port = int(url.rpartition(":")[2])

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.writer.close()

    async def ask(self, body: bytes = BODY, path: str = "/v1/models/m/predict", **headers: str) -> tuple[int, Any, Any]:
        """Status, headers, answer."""
        more = "".join(f"{n.replace('_', '-')}: {v}\r\n" for n, v in headers.items())
        head = f"POST {path} HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n{more}content-length: {len(body)}"
        self.writer.write(head.encode() + b"\r\n\r\n" + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:] if line)}
        return int(lines[0].split()[1]), found, json.loads(await self.reader.readexactly(int(found["content-length"])))


async def until(end: asyncio.Event, url: str, each: Callable[[Client], Awaitable[None]]) -> int:
    """One client that asks again and again; how often."""
    count = 0
    async with Client(url) as client:
        while not end.is_set():
            await each(client)
            count += 1
    return count


async def under_load(url: str, each: Callable[[Client], Awaitable[None]], meanwhile: Awaitable[None]) -> list[int]:
    end = asyncio.Event()
    clients = [asyncio.create_task(until(end, url, each)) for _ in range(CLIENTS)]
    await asyncio.sleep(0.5)
    try:
        await meanwhile
    finally:
        end.set()
    return await asyncio.gather(*clients)


def test_a_change_of_the_model_under_load_drops_nothing_and_each_answer_is_of_one_version(
    folder: Path, tmp_path: Path
) -> None:
    """By an admin, by roll-back, and by SIGHUP; each answer is that of the very version that its header names."""
    keys, place = tmp_path / "keys", tmp_path / "current"
    key = key_file.new(keys, "root", ["predict", "events", "admin", "read"])[1]
    place.symlink_to(folder / "a" / "bundle")
    words = (
        f"m={place}",
        f"m@b={folder / 'b' / 'bundle'}",
        "--keys",
        keys,
        "--bundles",
        folder,
        "--state",
        tmp_path / "s",
    )
    seen: dict[str, set[float]] = {}

    async def each(client: Client) -> None:
        status, headers, said = await client.ask(x_api_key=key)
        assert status == 200, said
        value = round(said["answers"][0]["probability"]["fraud"], 9)
        seen.setdefault(headers["x-model-version"], set()).add(value)

    with server(*words) as (process, url):

        async def changes() -> None:
            async with httpx.AsyncClient(base_url=url, headers={"x-api-key": key}, timeout=60) as admin:
                path = "/v1/admin/models/m"
                for turn in range(6):
                    body = {"bundle": "b/bundle"} if turn % 2 else {"version": "b"}
                    for said in (await admin.post(path, json=body), await admin.post(f"{path}/rollback")):
                        assert said.status_code == 200, said.text
                    await asyncio.sleep(0.1)
                (tmp_path / "next").symlink_to(folder / "b" / "bundle")
                os.replace(tmp_path / "next", place)
                process.send_signal(signal.SIGHUP)
                while (await admin.get("/v1/models/m")).json()["version"] == "1":
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.3)

        counts = asyncio.run(under_load(url, each, changes()))
        text = httpx.get(f"{url}/metrics", headers={"x-api-key": key}).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert min(counts) > 10 and len(seen) >= 5 and all(len(values) == 1 for values in seen.values())
    one, other = seen["1"], seen["b"]
    assert one != other and {frozenset(v) for v in seen.values()} == {frozenset(one), frozenset(other)}
    assert f'mintmark_requests_total{{model="m",status="200"}} {sum(counts)}.0' in text


def test_a_key_is_rotated_under_load_and_who_changes_over_in_time_is_not_refused(folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    old, text = key_file.new(keys, "till", ["predict"])
    which, now = [old.id], [text]

    async def each(client: Client) -> None:
        asked = await client.ask(authorization=f"Bearer {now[0]}")
        assert asked[0] == 200, asked

    with server(f"m={folder / 'a' / 'bundle'}", "--keys", keys) as (_, url):

        async def status(key: str) -> int:
            async with Client(url) as client:
                return (await client.ask(authorization=f"Bearer {key}"))[0]

        async def until_it_is(wanted: int, key: str) -> None:
            end = time.monotonic() + 60
            while await status(key) != wanted:
                assert time.monotonic() < end, "not in time"
                await asyncio.sleep(0.05)

        async def change() -> None:
            loop = asyncio.get_running_loop()
            for _ in range(3):
                _, made, new = await loop.run_in_executor(None, key_file.rotate, keys, which[0], 10.0)
                await until_it_is(200, new)  # the server has looked at the file by now
                which[0], now[0] = made.id, new
                await asyncio.sleep(1.0)

        counts = asyncio.run(under_load(url, each, change()))
        asyncio.run(until_it_is(401, text))
        assert asyncio.run(status(now[0])) == 200
    assert min(counts) > 10


HEAD = b"POST /v1/models/m/predict HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"


async def drip(port: int, start: bytes, stop: asyncio.Event) -> None:
    """A client that sends a byte a second."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    while not stop.is_set():
        writer.write(b"x" if start.endswith(b"\n\r\n") else b"a")
        await asyncio.sleep(1.0)
    writer.close()


def test_clients_that_send_a_byte_a_second_stop_nobody(folder: Path) -> None:
    """200 of them, in their heads and in their bodies; then the others ask as if they were alone."""

    async def main(url: str) -> list[int]:
        stop, port = asyncio.Event(), int(url.rpartition(":")[2])
        slow = [asyncio.create_task(drip(port, HEAD if i % 2 else b"POST /v1/mod", stop)) for i in range(200)]
        await asyncio.sleep(2.0)

        async def some(n: int) -> int:
            async with Client(url) as client:
                for _ in range(n):
                    assert (await client.ask())[0] == 200
            return n

        done = await asyncio.wait_for(asyncio.gather(*(some(50) for _ in range(CLIENTS))), 60)
        stop.set()
        await asyncio.gather(*slow)
        return list(done)

    with server(f"m={folder / 'a' / 'bundle'}") as (_, url):
        assert asyncio.run(main(url)) == [50] * CLIENTS


def test_a_thousand_connected_at_once_are_all_answered(folder: Path) -> None:
    """All are connected before the first of them asks; then all ask at the same time, three times.

    Twenty more send a byte a second meanwhile.
    """

    async def main(url: str) -> list[int]:
        stop, port = asyncio.Event(), int(url.rpartition(":")[2])
        slow = [asyncio.create_task(drip(port, HEAD if i % 2 else b"POST /v1/mod", stop)) for i in range(20)]
        clients = [Client(url) for _ in range(1000)]
        for start in range(0, 1000, 100):
            await asyncio.gather(*(c.__aenter__() for c in clients[start : start + 100]))
        statuses = []
        for _ in range(3):
            statuses += [said[0] for said in await asyncio.wait_for(asyncio.gather(*(c.ask() for c in clients)), 60)]
        for client in clients:
            await client.__aexit__()
        stop.set()
        await asyncio.gather(*slow)
        return statuses

    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        with server(f"m={folder / 'a' / 'bundle'}") as (_, url):
            assert asyncio.run(main(url)) == [200] * 3000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_mixed_load_does_not_make_it_grow(folder: Path, tmp_path: Path) -> None:
    """Answers, reasons, events, outcomes, mistakes, hang-ups, changes of the model: after a while memory stays."""
    keys, monitor = tmp_path / "keys", tmp_path / "monitor.toml"
    key = key_file.new(keys, "root", ["predict", "events", "outcomes", "admin", "read"])[1]
    monitor.write_text('keep = 20_000\n[[trigger]]\nname = "x"\nwatch = "psi:amount"\nabove = 1e6\naction = "warn"\n')
    words = [f"m={folder / 'a' / 'bundle'}", "--keys", keys, "--bundles", folder, "--log", tmp_path / "log"]
    words += ["--state", tmp_path / "state", "--monitor", monitor]
    rng = np.random.default_rng(1)
    event = ROW | {"target": None}

    async def each(client: Client) -> None:
        await asyncio.sleep(PAUSE_S)
        kind, second = int(rng.integers(0, 12)), float(rng.integers(0, 10**8))
        if kind < 6:
            assert (await client.ask(x_api_key=key))[0] == 200
        elif kind == 6:
            asked = await client.ask(x_api_key=key)
            outcome = {"request": asked[1]["x-request-id"], "outcome": "fraud" if second % 2 else "ok"}
            told = json.dumps({"outcomes": [outcome]}).encode()
            status, _, taken = await client.ask(told, "/v1/models/m/outcomes", x_api_key=key)
            assert status == 200 and taken["matched"] == 1, taken
        elif kind == 7:
            assert (await client.ask(json.dumps({"rows": [ROW] * 50}).encode(), x_api_key=key))[0] == 200
        elif kind == 8:
            assert (await client.ask(json.dumps({"row": ROW, "reasons": 3}).encode(), x_api_key=key))[0] == 200
        elif kind == 9:
            row = event | {"time": 1_800_000_000 + second, "customer": f"C{int(second) % 25:02d}"}
            said = await client.ask(json.dumps({"row": row}).encode(), "/v1/models/m/events", x_api_key=key)
            assert said[0] == 200
        elif kind == 10:
            assert (await client.ask(b'{"row": {"amount": "x"}}', x_api_key=key))[0] == 422
        else:
            assert (await client.ask(x_api_key=f"wrong{second}"))[0] == 401

    with server(*words) as (process, url):
        sizes: list[float] = []

        async def meanwhile() -> None:
            end, port = time.monotonic() + SUSTAINED_S, int(url.rpartition(":")[2])
            async with httpx.AsyncClient(base_url=url, headers={"x-api-key": key}, timeout=60) as admin:
                while time.monotonic() < end:
                    await admin.post("/v1/admin/models/m", json={"bundle": "b/bundle"})
                    await admin.post("/v1/admin/models/m/rollback")
                    with socket.create_connection(("127.0.0.1", port)) as gone:
                        gone.sendall(b"POST /v1/models/m/predict HTTP/1.1\r\nhost: m\r\n")
                    for path in ("/metrics", "/v1/models/m/outcomes", "/v1/models/m/monitor"):
                        assert (await admin.get(path)).status_code == 200
                    await asyncio.sleep(1.0)
                    sizes.append(memory_mib(process.pid))

        counts = asyncio.run(under_load(url, each, meanwhile()))
    assert min(counts) > 10 and len(sizes) > 20
    third = len(sizes) // 3
    early, late = max(sizes[third : 2 * third]), float(np.median(sizes[-third // 2 :]))
    figures = {"seconds": SUSTAINED_S, "requests": sum(counts), "MiB": [sizes[0], early, late, max(sizes)]}
    print(json.dumps(figures))
    assert late < 1.1 * early, sizes
