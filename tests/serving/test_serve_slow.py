"""A real server process: under load, told to stop, and held against the library row for row."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pyarrow import csv

import mintmark as mm
from mintmark import spine, tasks
from mintmark.data.rows import Rows
from mintmark.numerics import answers

pytestmark = pytest.mark.slow
MAIN = "from mintmark.cli import main; raise SystemExit(main())"
ROW = {"time": "2026-01-31T12:00:00", "customer": "C01", "amount": 12.5, "shop": "food", "age": 40, "abroad": False}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    task = tasks.get("tabular_classification")
    settings = {"positive": "fraud", "n_estimators": 20}
    recipe = {"version": 1, "task": "tabular_classification", **task.starter, "settings": settings}
    source = task.example(np.random.default_rng(3)).table()
    path: Path = mm.run(recipe, data=source, out=tmp_path_factory.mktemp("runs")).bundle
    return path


@contextmanager
def served(bundle: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on a free port: its process and its address."""
    command = [sys.executable, "-c", MAIN, "serve", f"m={bundle}", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "listens on http://" in line, line
        yield process, line.split("listens on ")[1].split()[0]
    finally:
        process.kill()
        process.communicate()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> tuple[int, bool, Any]:
    """One request on an open connection: status, whether the connection closes, and the answer."""
    head = "POST /v1/models/m/predict HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\ncontent-length: "
    writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
    got = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(got.split("content-length:")[1].split("\r\n")[0])
    said = json.loads(await reader.readexactly(length))
    return int(got.split()[1]), "connection: close" in got, said


def test_the_example_that_it_prints_works_and_sigterm_is_a_success(bundle: Path) -> None:
    with served(bundle) as (process, _):
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Try:")
        said = subprocess.run(process.stderr.readline(), shell=True, capture_output=True, text=True, check=True)
        assert json.loads(said.stdout)["answers"][0]["decision"] in ("ok", "fraud")
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_two_hundred_clients_at_once_each_get_their_own_answer(bundle: Path) -> None:
    loaded, n = spine.load(bundle), 200
    source = tasks.get("tabular_classification").example(np.random.default_rng(9)).drop(["target"]).take(np.arange(n))
    wanted = answers.to_json(spine.answer(loaded, Rows(source.table())))
    rows = [r | {"time": r["time"].isoformat()} for r in source.table().to_pylist()]

    async def client(port: int, i: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in range(10):
            at = (i + 17 * turn) % n
            status, _, said = await ask(reader, writer, json.dumps({"row": rows[at]}).encode())
            assert status == 200
            assert said["answers"][0]["decision"] == wanted[at]["decision"]
            assert said["answers"][0]["probability"] == pytest.approx(wanted[at]["probability"], abs=1e-9)
        writer.close()

    async def main(port: int) -> None:
        await asyncio.gather(*(client(port, i) for i in range(n)))

    with served(bundle) as (_, url):
        asyncio.run(main(int(url.rpartition(":")[2])))


def test_sigterm_under_load_loses_nothing(bundle: Path) -> None:
    """Every request that was sent on an open connection is answered whole, the last one with a farewell."""
    body = json.dumps({"rows": [ROW] * 20}).encode()

    async def client(port: int) -> tuple[int, bool]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for count in range(1, 100_000):
            status, closing, said = await ask(reader, writer, body)
            assert status == 200 and len(said["answers"]) == 20
            if closing:
                return count, await reader.read() == b""
        return 0, False

    async def main(process: subprocess.Popen[str], port: int) -> list[tuple[int, bool]]:
        clients = [asyncio.create_task(client(port)) for _ in range(50)]
        await asyncio.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        return await asyncio.gather(*clients)

    with served(bundle) as (process, url):
        done = asyncio.run(main(process, int(url.rpartition(":")[2])))
        assert all(count > 1 and ended for count, ended in done)
        assert process.wait(15) == 0


def test_a_port_in_use_is_an_error_with_an_exit_code(bundle: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-c", MAIN, "serve", f"m={bundle}", "--json", "--port", str(taken.getsockname()[1])]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert said.returncode == 2 and "Traceback" not in said.stderr
    assert "--port 0" in json.loads(said.stdout)["error"]["try"]


def test_an_altered_bundle_is_not_served(bundle: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    facts = copy / "mintmark.json"
    facts.write_bytes(facts.read_bytes().replace(b"fraud", b"freud", 1))
    said = subprocess.run([sys.executable, "-c", MAIN, "serve", str(copy)], capture_output=True, text=True, timeout=60)
    assert said.returncode == 5 and "altered" in said.stderr


def test_a_body_far_too_large_reads_its_refusal(bundle: Path) -> None:
    with served(bundle, "--max-body-mib", "1") as (_, url):
        for content in (b"x" * (20 << 20), iter([b"x" * (1 << 20)] * 20)):
            headers = {"content-type": "application/json"}
            said = httpx.post(f"{url}/v1/models/m/predict", content=content, headers=headers, timeout=30)
            assert said.status_code == 413 and said.json()["error"]["kind"] == "TooLarge"
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_health_is_heard_while_large_requests_are_answered(bundle: Path) -> None:
    body = json.dumps({"rows": [ROW] * 10_000}).encode()

    async def main(url: str) -> list[int]:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            headers = {"content-type": "application/json"}
            path = "/v1/models/m/predict"
            large = [asyncio.create_task(client.post(path, content=body, headers=headers)) for _ in range(4)]
            heard = 0
            while not all(t.done() for t in large):
                assert (await client.get("/healthz")).status_code == 200
                heard += 1
            return [heard] + [len(t.result().json()["answers"]) for t in large]

    with served(bundle) as (_, url):
        heard, *sizes = asyncio.run(main(url))
    assert heard >= 3 and sizes == [10_000] * 4


def test_the_server_gives_the_librarys_answers_on_the_fraud_table(real_data: Path, tmp_path: Path) -> None:
    source = next((real_data / "fraud_creditcard").glob("*.csv"))
    recipe = {
        "version": 1,
        "task": "tabular_classification",
        "data": str(source),
        "target": "Class",
        "columns": {"time": "Time"},
        "settings": {"n_estimators": 60},
        "payoff": {
            "currency": "USD",
            "true_positive": "Amount - 5",
            "false_positive": -5,
            "false_negative": "-Amount",
        },
    }
    made = mm.run(recipe, out=tmp_path)
    asked = Rows(csv.read_csv(source).drop_columns(["Class"]).slice(0, 2000).combine_chunks())
    wanted = answers.to_json(spine.answer(spine.load(made.bundle), asked))
    rows = asked.table().to_pylist()
    with served(made.bundle) as (_, url), httpx.Client(base_url=url, timeout=60) as client:
        path = "/v1/models/m/predict"
        for start in range(0, 2000, 500):
            said = client.post(path, json={"rows": rows[start : start + 500]}).json()["answers"]
            assert [a["decision"] for a in said] == [a["decision"] for a in wanted[start : start + 500]]
            for one, other in zip(said, wanted[start : start + 500], strict=True):
                assert one["probability"] == pytest.approx(other["probability"], abs=1e-9)
        for i in range(0, 2000, 40):
            one = client.post(path, json={"row": rows[i]}).json()["answers"][0]
            assert one["decision"] == wanted[i]["decision"]
            assert one["probability"] == pytest.approx(wanted[i]["probability"], abs=1e-9)


def test_a_second_signal_ends_a_server_that_waits(bundle: Path) -> None:
    """A client that holds a request half sent cannot keep the server from stopping."""
    with served(bundle) as (process, url):
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as half:
            head = b"POST /v1/models/m/predict HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n"
            half.sendall(head + b'content-length: 100\r\n\r\n{"row"')
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGINT)
            time.sleep(1.0)
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(15) == 0


def test_events_that_were_confirmed_outlive_kill_9_and_ctrl_c(bundle: Path, tmp_path: Path) -> None:
    """The end comes while clients still send; what they were told is kept is there at the next start."""
    state, told, path = str(tmp_path / "state"), [0], "/v1/models/m/events"
    event = {
        "customer": "C01",
        "time": 0.0,
        "amount": 900.0,
        "shop": "games",
        "age": 40,
        "abroad": True,
        "target": None,
    }

    async def send(url: str, process: subprocess.Popen[str], how: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            try:
                for i in range(1, 100_000):
                    row = event | {"time": 1_800_000_000 + told[0] + 1}
                    if (await client.post(path, json={"row": row})).status_code == 200:
                        told[0] += 1
                    if i == 20:
                        process.send_signal(how)
            except httpx.HTTPError:
                return

    for how in (signal.SIGKILL, signal.SIGINT):
        with served(bundle, "--state", state) as (process, url):
            asyncio.run(send(url, process, how))
            process.wait(15)
    (journal,) = (tmp_path / "state").glob("*.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()][1:]
    times = {row["time"] for line in lines for row in line}
    assert told[0] >= 40 and told[0] <= len(times) <= told[0] + 2 and "C01" not in journal.read_text()
    row = ROW | {"time": 1_900_000_000}
    with served(bundle, "--state", state) as (_, url), served(bundle) as (_, other):
        said = [httpx.post(f"{u}/v1/models/m/predict", json={"row": row}).json()["answers"][0] for u in (url, other)]
        assert said[0]["probability"] != said[1]["probability"]
