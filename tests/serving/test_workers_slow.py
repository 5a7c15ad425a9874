"""Several real processes on one port: they count together, change together, and none is missed when it dies."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract import recipe_of, source_of
from served import MAIN, server

from mintmark import spine
from mintmark.serving import key_file
from mintmark.serving.greeting import UNWATCHED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="spreads connections over sockets")]
PATH = "/v1/models/m/predict"
ROW = {"row": {"time": "2026-01-31T12:00:00", "amount": 12.5, "shop": "food", "age": 40, "abroad": False}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles a and b without a past, past with one."""
    made: Path = tmp_path_factory.mktemp("bundles")
    source = source_of("tabular_classification")
    for name, n in (("a", 5), ("b", 40)):
        settings = {"positive": "fraud", "n_estimators": n}
        changes: dict[str, Any] = {"columns": {"time": "time"}, "settings": settings, "label_delay": 0}
        spine.run(recipe_of("tabular_classification", **changes), made / name, source.drop(["customer"]))
    spine.run(recipe_of("tabular_classification", settings={"n_estimators": 5}), made / "past", source)
    return made


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    file = tmp_path / "keys"
    return file, {"x-api-key": key_file.new(file, "root", ["predict", "read", "admin"])[1]}


def asks(url: str, n: int, headers: dict[str, str] | None = None, path: str = PATH) -> list[httpx.Response]:
    """Each on a connection of its own, so that any worker may get it."""
    return [httpx.post(url + path, json=ROW, headers=headers, timeout=30) for _ in range(n)]


def figure(url: str, line: str, headers: dict[str, str] | None = None) -> float:
    text = httpx.get(f"{url}/metrics", headers=headers, timeout=30).text
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.M)
    return float(found[1]) if found else 0.0


def children(pid: int) -> list[int]:
    out = subprocess.run(["ps", "--no-headers", "-o", "pid", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in out.stdout.split()]


def until(what: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.1)


def test_they_share_the_work_the_counts_and_the_rate(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = (f"m={folder / 'a' / 'bundle'}", "--workers", "2", "--log", log, "--rate", "60/h")
    with server(*words) as (process, url):
        said = asks(url, 80)
        statuses = [s.status_code for s in said]
        assert statuses == [200] * 60 + [429] * 20  # wherever they came to
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        answered = [line for line in lines if line.get("verb") == "predict"]
        assert {line["worker"] for line in answered} == {0, 1} and len(answered) == 80
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    with server(*words[:3]) as (process, url):
        asks(url, 40)
        assert figure(url, 'mintmark_requests_total{model="m",status="200"}') == 40
        assert figure(url, 'mintmark_request_seconds_count{model="m"}') == 40
        assert figure(url, "mintmark_workers") == 2 and figure(url, "mintmark_requests_in_flight") == 0


def test_that_several_watch_nothing_is_said_at_the_start_in_the_log_and_to_who_sends_outcomes(
    folder: Path, tmp_path: Path
) -> None:
    log, said = tmp_path / "log", UNWATCHED.format(workers=2)
    words = (f"m={folder / 'a' / 'bundle'}", "--state", tmp_path / "state", "--log", log)
    with server(*words, "--workers", "2") as (process, url):
        assert process.stderr is not None
        greeting = [process.stderr.readline() for _ in range(3)]
        assert said in greeting[2] and json.loads(log.read_text().splitlines()[0])["message"] == said
        told = {"outcomes": [{"request": "r", "outcome": "ok"}]}
        for refused in (httpx.post(f"{url}/v1/models/m/outcomes", json=told), httpx.get(f"{url}/v1/models/m/monitor")):
            assert refused.status_code == 409 and refused.json()["error"]["try"] == "mintmark serve --workers 1"
    with server(*words) as (process, url):
        process.terminate()
        assert process.stderr is not None and "NOTHING IS WATCHED" not in process.stderr.read()


def test_one_that_dies_is_replaced_and_what_it_counted_stays(folder: Path) -> None:
    with server(f"m={folder / 'a' / 'bundle'}", "--workers", "2") as (process, url):
        asks(url, 20)
        before = children(process.pid)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        assert [s.status_code for s in asks(url, 20)] == [200] * 20  # what comes to its queue waits for the next one
        until(lambda: len(children(process.pid)) == 2 and figure(url, "mintmark_workers") == 2)
        assert before[0] not in children(process.pid)
        assert figure(url, 'mintmark_requests_total{model="m",status="200"}') == 40
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_they_end_when_the_process_that_started_them_is_killed(folder: Path) -> None:
    with server(f"m={folder / 'a' / 'bundle'}", "--workers", "2") as (process, url):
        workers = children(process.pid)
        process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{url}/healthz", timeout=2)


def versions(url: str, headers: dict[str, str]) -> set[str]:
    said = asks(url, 30, headers)
    assert {s.status_code for s in said} == {200}
    return {s.headers["x-model-version"] for s in said}


def test_all_change_before_the_change_is_said_to_be_made(folder: Path, key: tuple[Path, dict[str, str]]) -> None:
    file, headers = key
    words = (f"m={folder / 'a' / 'bundle'}", "--workers", "3", "--keys", file, "--bundles", folder)
    with server(*words) as (process, url), httpx.Client(base_url=url, headers=headers, timeout=60) as admin:
        for turn in range(2, 4):
            told = admin.post("/v1/admin/models/m", json={"bundle": "b/bundle"})
            assert told.status_code == 200 and told.json()["version"] == str(turn), told.text
            assert versions(url, headers) == {str(turn)}
            assert admin.post("/v1/admin/models/m/rollback").json()["version"] == "1"
            assert versions(url, headers) == {"1"}
        admin.post("/v1/admin/models/m", json={"bundle": "b/bundle"})
        os.kill(children(process.pid)[1], signal.SIGKILL)  # one that is started again serves what the others do
        assert versions(url, headers) == {"4"}

        async def both() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
                bodies = [{"bundle": "a/bundle"}, {"bundle": "b/bundle"}, {"version": "1"}]
                return await asyncio.gather(*(client.post("/v1/admin/models/m", json=b) for b in bodies))

        until(lambda: figure(url, "mintmark_workers", headers) == 3)
        assert [s.status_code for s in asyncio.run(both())] == [200] * 3
        assert len(versions(url, headers)) == 1  # whatever the order was, they agree


def test_sighup_is_passed_on_and_read_once(folder: Path, tmp_path: Path) -> None:
    place, log = tmp_path / "current", tmp_path / "log"
    place.symlink_to(folder / "a" / "bundle")
    with server(f"m={place}", "--workers", "2", "--log", log) as (process, url):
        (tmp_path / "next").symlink_to(folder / "b" / "bundle")
        os.replace(tmp_path / "next", place)
        process.send_signal(signal.SIGHUP)
        until(lambda: "loaded" in log.read_text())
        until(lambda: {s.headers["x-model-version"] for s in asks(url, 20)} == {"2"})
        time.sleep(1.0)
        assert {s.headers["x-model-version"] for s in asks(url, 20)} == {"2"}


def test_a_restart_serves_what_was_decided_and_another_command_line_is_obeyed(
    folder: Path, key: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    file, headers = key
    more = ("--keys", file, "--bundles", folder, "--state", tmp_path / "state")
    for workers in ("1", "2"):
        words = (f"m={folder / 'a' / 'bundle'}", "--workers", workers, *more)
        with server(*words) as (process, url):
            if workers == "1":
                assert versions(url, headers) == {"1"}
                httpx.post(f"{url}/v1/admin/models/m", json={"bundle": "b/bundle"}, headers=headers, timeout=30)
            assert versions(url, headers) == {"2"}
            process.kill()
    with server(f"m={folder / 'b' / 'bundle'}", *more) as (process, url):
        assert versions(url, headers) == {"1"}
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.mark.parametrize(
    ("bundle", "code", "what"), [("past", 2, "looks back on earlier rows"), ("no", 5, "not exist")]
)
def test_what_several_cannot_serve_stops_the_start_in_words(folder: Path, bundle: str, code: int, what: str) -> None:
    words = ["serve", f"m={folder / bundle / 'bundle'}", "--workers", "2", "--port", "0", "--json"]
    said = subprocess.run([sys.executable, "-c", MAIN, *words], capture_output=True, text=True, timeout=120)
    assert said.returncode == code and "Traceback" not in said.stderr, said.stderr
    error = json.loads(said.stdout)["error"]
    assert what in error["what"] and error["try"]


@pytest.fixture
def first(folder: Path) -> Iterator[str]:
    with server(f"m={folder / 'a' / 'bundle'}", "--workers", "2") as (_, url):
        yield url


def test_a_port_that_others_share_is_in_use_all_the_same(folder: Path, first: str) -> None:
    port = first.rpartition(":")[2]
    for workers in ("1", "2"):
        words = ["serve", f"m={folder / 'a' / 'bundle'}", "--workers", workers, "--port", port]
        said = subprocess.run([sys.executable, "-c", MAIN, *words], capture_output=True, text=True, timeout=120)
        assert said.returncode == 2 and "cannot listen" in said.stderr
