"""Data sets of a hub: read through the library that knows hubs, here from one that this test serves on this machine."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mintmark.base.errors import DataError, MissingExtra
from mintmark.data.source import Read, read

CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: train.csv
  - split: test
    path: test.csv
- config_name: small
  data_files: test.csv
dataset_info:
- config_name: default
  features:
  - name: x
    dtype: int64
  - name: size
    dtype:
      class_label:
        names:
          '0': low
          '1': high
---
"""
FILES = {"README.md": CARD, "train.csv": "x,size\n1,low\n2,high\n3,\n", "test.csv": "x,size\n4,high\n"}
COMMIT = "0" * 39 + "1"
ASK = """
import json, sys
from mintmark.base.errors import MintmarkError
from mintmark.data.source import Read, read
try:
    rows, notes = read(sys.argv[1], Read(query=sys.argv[2]))
    print(json.dumps([rows.table().to_pydict(), notes]))
except MintmarkError as exc:
    print(json.dumps({"kind": type(exc).__name__, "what": exc.what, "where": exc.where, "fix": exc.fix}))
"""


class Hub(BaseHTTPRequestHandler):
    """The few addresses of a hub that one public data set of three files needs."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path, head, code = self.path.partition("?")[0], {"x-repo-commit": COMMIT}, 200
        listed = [{"type": "file", "path": n, "size": len(c), "oid": _hash(c)} for n, c in FILES.items()]
        if path.startswith("/datasets/owner/sizes/resolve/"):
            content = FILES.get(path.split("/", 6)[6], "")
            head |= {"etag": f'"{_hash(content)}"'} if content else {"x-error-code": "EntryNotFound"}
            code = 200 if content else 404
        elif path.startswith("/api/datasets/owner/sizes/tree/"):
            content = json.dumps(listed)
        elif path.startswith("/api/datasets/owner/sizes"):
            siblings = [{"rfilename": n} for n in FILES]
            content = json.dumps({"id": "owner/sizes", "sha": COMMIT, "tags": [], "siblings": siblings})
        else:
            content, code, head = "", 404, {"x-error-code": "RepoNotFound"}
        self.send_response(code)
        for name, value in (head | {"content-length": str(len(content.encode()))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content.encode())

    def log_message(self, *_: Any) -> None: ...


def _hash(content: str) -> str:
    return hashlib.sha1(content.encode()).hexdigest()


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    pytest.importorskip("datasets")
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


def asked(data: str, home: Path, endpoint: str, sql: str = "", **env: str) -> Any:
    """In a process of its own: where the hub is, is read when the library is imported."""
    whole = os.environ | {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"} | env
    done = subprocess.run(
        [sys.executable, "-c", ASK, data, sql], env=whole, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_splits_classes_and_configurations(hub: str, home: Path) -> None:
    rows, notes = asked("hub:owner/sizes", home, hub)
    assert rows == {"x": [1, 2, 3], "size": ["low", "high", None]}
    assert notes == ["hub:owner/sizes: split 'train' of train, test was read. Say ?split=... to choose."]
    assert asked("hub:owner/sizes?split=test", home, hub) == [{"x": [4], "size": ["high"]}, []]
    assert asked("hub:owner/sizes?config=small", home, hub)[0]["x"] == [4]
    assert asked(f"hub:owner/sizes?split=train&revision={COMMIT}", home, hub)[0]["x"] == [1, 2, 3]
    pytest.importorskip("duckdb")
    assert asked("hub:owner/sizes", home, hub, "select sum(x) as total from data where size = 'high'")[0] == {
        "total": [2.0]
    }


@pytest.mark.slow
def test_what_is_not_there(hub: str, home: Path) -> None:
    error = asked("hub:owner/sizes?split=tset", home, hub)
    assert error["kind"] == "DataError" and error["fix"] == "did you mean 'test'?"
    assert "doesn't exist" in asked("hub:owner/seizes", home, hub)["what"]
    assert "Available: ['default', 'small']" in asked("hub:owner/sizes?config=smal", home, hub)["what"]


@pytest.mark.slow
def test_without_a_network(hub: str, home: Path, tmp_path: Path) -> None:
    asked("hub:owner/sizes", home, hub)
    nowhere = "http://127.0.0.1:1"
    rows, _ = asked("hub:owner/sizes?split=train&config=default", home, nowhere, HF_HUB_OFFLINE="1")
    assert rows["x"] == [1, 2, 3], "what was loaded once needs no network"
    for env in ({"HF_HUB_OFFLINE": "1"}, {}):
        error = asked("hub:owner/sizes", tmp_path, nowhere, **env)
        assert error["kind"] == "DataError" and "cannot be reached" in error["what"]
        assert "a file or a folder" in error["fix"] and error["where"] == "hub:owner/sizes"


@pytest.mark.slow
def test_a_folder_of_the_same_name_is_not_the_data_set(
    hub: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owner" / "sizes").mkdir(parents=True)
    (tmp_path / "owner" / "sizes" / "train.csv").write_text("x,size\n99,low\n")
    monkeypatch.chdir(tmp_path)
    assert asked("hub:owner/sizes?split=train", home, hub)[0]["x"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("data", "fix"),
    [
        ("hub:", "hub:owner/name"),
        ("hub:imdb", "hub:owner/name"),
        ("hub:/etc/passwd", "hub:owner/name"),
        ("hub:../secret", "hub:owner/name"),
        ("hub:owner/name/more", "hub:owner/name"),
        ("hub:owner/name?splt=train", "did you mean 'split'?"),
        ("hubb:owner/name", "did you mean 'hub'?"),
    ],
)
def test_names_that_are_none(data: str, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        read(data, Read())
    assert fix in caught.value.fix


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra) as caught:
        read("hub:owner/name", Read())
    assert caught.value.fix == "pip install 'mintmark[hub]'"
