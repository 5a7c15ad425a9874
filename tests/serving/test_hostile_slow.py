"""A real server process before clients that mean it harm: it stays small, quick and reachable for the others."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import mintmark as mm
from mintmark import tasks
from mintmark.base.errors import DataError
from mintmark.serving.batch import Batcher

pytestmark = pytest.mark.slow
MAIN = "from mintmark.cli import main; raise SystemExit(main())"
ROW = {"time": "2026-01-31T12:00:00", "customer": "C01", "amount": 12.5, "shop": "food", "age": 40, "abroad": False}
BODY = json.dumps({"row": ROW}).encode()
HEAD = b"POST /v1/models/m/predict HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Its process id and its port."""
    task = tasks.get("tabular_classification")
    recipe = {"version": 1, "task": "tabular_classification", **task.starter, "settings": {"positive": "fraud"}}
    source = task.example(np.random.default_rng(3)).table()
    bundle: Path = mm.run(recipe, data=source, out=tmp_path_factory.mktemp("runs")).bundle
    command = [sys.executable, "-c", MAIN, "serve", f"m={bundle}", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "listens on http://" in line, line
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process.pid, int(line.split("listens on ")[1].split()[0].rpartition(":")[2])
    finally:
        process.kill()
        process.wait()


def memory_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def said(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    out = b""
    while got := client.recv(65536):
        out += got
    return out


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_bodies_that_never_end_fill_no_more_memory_than_is_set_aside(server: tuple[int, int]) -> None:
    """100 clients send 7.9 MiB of 8 and wait: 256 MiB are set aside."""
    pid, port = server
    before = memory_mib(pid)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(100)]
    try:
        for client in clients:
            client.sendall(HEAD + b"content-length: %d\r\n\r\n" % (8 * MIB) + b" " * (8 * MIB - 4096))
        assert memory_mib(pid) < before + 450
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        for client in clients:
            client.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("line", [b"x: " + b"a" * MIB, b"x: a\r\n" * (MIB // 6)])
def test_a_head_without_end_is_cut_off(server: tuple[int, int], line: bytes) -> None:
    pid, port = server
    before = memory_mib(pid)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(HEAD)
        with pytest.raises(OSError):
            for _ in range(100):
                client.sendall(line)
        assert memory_mib(pid) < before + 64
    assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_an_offer_of_http_2_is_passed_over_and_the_body_is_read(server: tuple[int, int]) -> None:
    """Java's own client makes this offer with its first request."""
    offer = b"connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"
    with socket.create_connection(("127.0.0.1", server[1]), timeout=20) as client:
        client.sendall(HEAD + offer + b"content-length: %d\r\n\r\n" % len(BODY) + BODY)
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n")
        assert said(client).count(b"HTTP/1.1 200") == 2


def test_one_bad_request_among_200_costs_a_few_calls_of_the_model() -> None:
    calls = []

    def answer(parts: Sequence[Any], sizes: Sequence[int]) -> list[bytes]:
        calls.append(len(parts))
        if 150 in parts:
            raise DataError("no time.", where="row 1")
        return [str(part).encode() for part in parts]

    async def ask_all() -> list[bytes | BaseException]:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(answer, pool)
            return await asyncio.gather(*(batcher.ask(i, 1) for i in range(200)), return_exceptions=True)

    found = asyncio.run(ask_all())
    assert [i for i, one in enumerate(found) if one != str(i).encode()] == [150]
    assert isinstance(found[150], DataError) and len(calls) <= 20


def test_a_silent_connection_is_closed_in_the_end(server: tuple[int, int]) -> None:
    """So are half a head, and a refused body that drips: else a thousand of them leave no place for anybody."""
    kinds = [b"", b"GET /healthz HT", HEAD.replace(b"/m/", b"/no/") + b"content-length: 100000\r\n\r\n"]
    clients = [socket.create_connection(("127.0.0.1", server[1]), timeout=45) for _ in kinds]
    for client, start in zip(clients, kinds, strict=True):
        client.sendall(start)
    time.sleep(1.0)
    for client, drip in zip(clients, (b"", b"T", b"x"), strict=True):
        client.sendall(drip)
    for client in clients:
        said(client)
        client.close()
