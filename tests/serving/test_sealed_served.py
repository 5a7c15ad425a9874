"""Sealed bundles are served as plain ones are, by their key, which nobody is told; without it nothing is served."""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract import recipe_of, source_of
from served import MAIN, ROW, server

import mintmark as mm
from mintmark import cli, spine
from mintmark.artifact import bundle as bundles
from mintmark.artifact import seal, sign
from mintmark.base.errors import BundleError, RecipeError
from mintmark.serving import key_file
from mintmark.serving.opener import Opener
from mintmark.serving.options import Options

TASK = "tabular_classification"
PREDICT, ADMIN = "/v1/models/m/predict", "/v1/admin/models/m"
ASKED = {"row": ROW}
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plain bundles a and b; sealed/a and sealed/b of them, b-other with the other key; the keys `one` and `other`."""
    folder: Path = tmp_path_factory.mktemp("sealed")
    keys = {name: seal.new_key(folder / name) for name in ("one", "other")}
    for name, n in (("a", 5), ("b", 40)):
        recipe = recipe_of(TASK, settings={"positive": "fraud", "n_estimators": n})
        spine.run(recipe, folder / name, source_of(TASK))
    for name, of, key in (("a", "a", "one"), ("b", "b", "one"), ("b-other", "b", "other")):
        bundles.seal_up(folder / of / "bundle", folder / "sealed" / name, keys[key], sign.trust(), sign.signer())
    return folder


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of whoever runs the tests: neither in the environment nor in a keyring."""
    monkeypatch.delenv(seal.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def key(made: Path, tmp_path: Path) -> Path:
    """A file with the key `one`, which a test may exchange."""
    return Path(shutil.copy2(made / "one", tmp_path / "seal.key"))


def exchange(key: Path, content: bytes) -> None:
    """Put another file in the place of a key, as a mounted secret is."""
    half = key.with_name("half")
    half.write_bytes(content)
    half.chmod(0o600)
    os.replace(half, key)


def served(place: Path, key: Path | None, **more: Any) -> Any:
    more = {n: str(v) for n, v in more.items()}
    return Options({"m": str(place)}, key_file=str(key) if key else None, **more).app()


def talk(app: Any, admin: str, what: Callable[[Ask], Awaitable[Any]]) -> Any:
    """A conversation with a server that has just been started."""

    async def main() -> Any:
        await app.state.start()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m", headers={"x-api-key": admin}) as client:

            async def ask(path: str, body: Any = None) -> httpx.Response:
                return await client.post(path, json=body)

            try:
                return await what(ask)
            finally:
                app.state.close()

    return asyncio.run(main())


async def answers(ask: Ask) -> Any:
    said = await ask(PREDICT, ASKED)
    assert said.status_code == 200, said.text
    return said.json()["answers"]


def plainly(made: Path, name: str) -> Any:
    """What the plain bundle answers when it is served."""
    return talk(served(made / name / "bundle", None), "", answers)


# --- with the key ----------------------------------------------------------------------------------------------------


def test_a_sealed_bundle_answers_as_the_plain_one(made: Path, key: Path) -> None:
    a, b = plainly(made, "a"), plainly(made, "b")
    assert a != b
    assert talk(served(made / "sealed" / "a", key), "", answers) == a
    assert talk(served(made / "b" / "bundle", key), "", answers) == b  # a plain one beside a key is no mistake


def test_the_library_takes_the_same_file(made: Path, key: Path) -> None:
    frame = source_of(TASK).drop(["target"]).table().to_pandas()
    wanted = mm.load(made / "a" / "bundle").predict(frame)
    assert mm.load(made / "sealed" / "a", key_file=key).predict(frame).equals(wanted)
    with pytest.raises(BundleError, match="the key of .*other is another"):
        mm.load(made / "sealed" / "a", key_file=made / "other")
    with pytest.raises(BundleError, match="no key was found"):
        mm.load(str(made / "sealed" / "a"))
    with pytest.raises(RecipeError, match="No such file"):
        mm.load(made / "sealed" / "a", key_file=str(key) + "no")
    key.chmod(0o644)
    with pytest.warns(UserWarning, match="chmod 600"):
        mm.load(made / "sealed" / "a", key_file=key)


def test_another_bundle_comes_and_goes_and_a_restart_knows_it(made: Path, key: Path, tmp_path: Path) -> None:
    """Loaded from the folder of sealed ones, taken back, and served again after a restart."""
    keys, state = tmp_path / "keys", tmp_path / "state"
    admin = key_file.new(keys, "root", ["predict", "admin"])[1]
    a, b = plainly(made, "a"), plainly(made, "b")

    def app() -> Any:
        return served(made / "sealed" / "a", key, keys=keys, admin=made / "sealed", state=state)

    async def changed(ask: Ask) -> None:
        assert await answers(ask) == a
        said = await ask(ADMIN, {"bundle": "b"})
        assert said.status_code == 200 and said.json()["version"] == "2", said.text
        assert await answers(ask) == b
        assert (await ask(f"{ADMIN}/rollback")).json()["version"] == "1" and await answers(ask) == a
        assert (await ask(ADMIN, {"bundle": "b"})).json()["version"] == "3" and await answers(ask) == b

    async def after(ask: Ask) -> None:
        assert await answers(ask) == b
        assert (await ask(f"{ADMIN}/rollback")).status_code == 200 and await answers(ask) == a

    talk(app(), admin, changed)
    talk(app(), admin, after)


def test_sighup_reads_a_sealed_bundle_that_was_exchanged(made: Path, key: Path, tmp_path: Path) -> None:
    place = tmp_path / "current"
    place.symlink_to(made / "sealed" / "a")
    app = served(place, key)

    async def what(ask: Ask) -> None:
        assert await answers(ask) == a
        (tmp_path / "next").symlink_to(made / "sealed" / "b")
        os.replace(tmp_path / "next", place)
        await app.state.reread()
        assert await answers(ask) == b

    a, b = plainly(made, "a"), plainly(made, "b")
    talk(app, "", what)


def test_a_key_is_exchanged_without_a_restart(made: Path, key: Path, tmp_path: Path) -> None:
    """What is sealed with the next key is refused until that key lies in the file; what was loaded stays."""
    keys = tmp_path / "keys"
    admin = key_file.new(keys, "root", ["predict", "admin"])[1]
    a, b = plainly(made, "a"), plainly(made, "b")
    ids = [seal.read_key(made / name).id for name in ("other", "one")]

    async def what(ask: Ask) -> None:
        said = await ask(ADMIN, {"bundle": "b-other"})
        assert said.status_code == 422 and said.json()["error"]["kind"] == "BundleError"
        assert all(i in said.json()["error"]["what"] for i in ids) and await answers(ask) == a
        exchange(key, (made / "other").read_bytes())
        assert (await ask(ADMIN, {"bundle": "b-other"})).status_code == 200 and await answers(ask) == b
        assert (await ask(f"{ADMIN}/rollback")).status_code == 200 and await answers(ask) == a

    talk(served(made / "sealed" / "a", key, keys=keys, admin=made / "sealed"), admin, what)


@pytest.mark.parametrize("damage", ["gone", "no key"])
def test_a_key_file_that_is_gone_or_damaged_leaves_the_key_of_before(
    made: Path, key: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    keys, secret = tmp_path / "keys", "qqqqqqqq-half-a-secret"
    admin = key_file.new(keys, "root", ["predict", "admin"])[1]
    app = served(made / "sealed" / "a", key, keys=keys, admin=made / "sealed")
    if damage == "gone":
        key.unlink()
    else:
        exchange(key, secret.encode())

    async def what(ask: Ask) -> Any:
        assert (await ask(ADMIN, {"bundle": "b"})).status_code == 200
        return await answers(ask)

    with caplog.at_level(logging.INFO):
        assert talk(app, admin, what) == plainly(made, "b")
    assert "that of before counts" in caplog.text and secret not in caplog.text


def test_a_pipe_is_read_once_and_not_by_several(made: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(RecipeError, match="each of 3 workers"):
        Opener(pipe, workers=3)
    writer = threading.Thread(target=lambda: pipe.write_bytes((made / "one").read_bytes()))
    writer.start()
    opener = Opener(pipe)
    writer.join()
    for load in (opener, opener.again, opener.again):
        assert load(made / "sealed" / "a").facts["task"] == TASK


# --- without it ------------------------------------------------------------------------------------------------------


def test_with_another_key_or_none_there_is_no_app(made: Path) -> None:
    places = {"m": str(made / "a" / "bundle"), "n": str(made / "sealed" / "a")}
    for given, what in ((str(made / "other"), "is another"), (None, "no key was found")):
        with pytest.raises(BundleError, match=what) as caught:
            Options(places, key_file=given).app()
        assert seal.read_key(made / "one").id in caught.value.what and "--key-file" in caught.value.fix
        assert caught.value.where == str(made / "sealed" / "a")


@pytest.mark.slow
@pytest.mark.parametrize("given", ["other", None])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_with_another_key_or_none_nothing_is_served(made: Path, given: str | None, workers: str) -> None:
    words = ["serve", f"m={made / 'a' / 'bundle'}", f"n={made / 'sealed' / 'a'}", "--port", "0", "--json"]
    words += ["--workers", workers] + (["--key-file", str(made / given)] if given else [])
    said = subprocess.run([sys.executable, "-c", MAIN, *words], capture_output=True, text=True, timeout=120)
    error = json.loads(said.stdout)["error"]
    assert said.returncode == 5 and error["kind"] == "BundleError" and error["where"] == str(made / "sealed" / "a")
    assert ("is another" if given else "no key was found") in error["what"] and "--key-file" in error["try"]
    assert "listens on" not in said.stderr and "Traceback" not in said.stderr
    assert (made / "other").read_text().strip() not in said.stdout + said.stderr


@pytest.mark.parametrize("content", [b"", b"hunter2-hunter2", b"\xff" * 40])
def test_a_file_without_a_key_stops_the_start_and_shows_nothing_of_itself(
    made: Path, tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "k").write_bytes(content)
    words = ["serve", str(made / "sealed" / "a"), "--port", "0", "--key-file", str(tmp_path / "k"), "--json"]
    assert cli.main(words) == 5
    told = capfd.readouterr()
    assert "holds no key" in json.loads(told.out)["error"]["what"] and "hunter2" not in told.out + told.err


# --- a process of its own --------------------------------------------------------------------------------------------


def everything_of(pid: int) -> bytes:
    """What other users of the machine can see of a process and those that it has started."""
    out = subprocess.run(["ps", "--no-headers", "-o", "pid", "--ppid", str(pid)], capture_output=True, text=True)
    pids = [pid, *map(int, out.stdout.split())]
    return b"\n".join(Path(f"/proc/{p}/cmdline").read_bytes() for p in pids)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_gives_the_same_answers_and_its_key_away_nowhere(
    made: Path, key: Path, tmp_path: Path, workers: str
) -> None:
    """A wrong request, a new bundle, a roll-back and SIGTERM; then the log, the arguments and the files hold no key."""
    table = source_of(TASK).drop(["target", "customer"])
    lone = recipe_of(TASK, settings={"positive": "fraud", "n_estimators": 5}, columns={"time": "time"}, label_delay=0)
    spine.run(lone, tmp_path / "lone", source_of(TASK).drop(["customer"]))
    sealed = tmp_path / "sealed"
    bundles.seal_up(tmp_path / "lone" / "bundle", sealed, seal.read_key(key), sign.trust(), sign.signer())
    rows = [r | {"time": r["time"].isoformat()} for r in table.table().slice(0, 40).to_pylist()]
    keys, admin_key = tmp_path / "keys", key_file.new(tmp_path / "keys", "root", ["predict", "admin"])[1]
    log, text, temporary = tmp_path / "log", key.read_text().strip(), tmp_path / "tmp"
    temporary.mkdir()
    more = ["--keys", keys, "--bundles", tmp_path, "--log", log, "--workers", workers, "--key-file", key]
    seen = []
    for words in (["m=" + str(tmp_path / "lone" / "bundle"), "--keys", keys], [f"m={sealed}", *more]):
        with server(*words, env=os.environ | {"TMPDIR": str(temporary)}) as (process, url):
            with httpx.Client(base_url=url, headers={"x-api-key": admin_key}, timeout=60) as client:
                seen.append([client.post(PREDICT, json={"rows": rows}).json()["answers"] for _ in range(4)])
                if "--key-file" in words:
                    assert client.post(ADMIN, json={"bundle": "nothing"}).status_code == 404
                    assert client.post(ADMIN, json={"bundle": "sealed"}).status_code == 200
                    assert client.post(f"{ADMIN}/rollback").status_code == 200
                    shown = everything_of(process.pid)
                    assert str(key).encode() in shown and text.encode() not in shown
                    files = [p for p in temporary.rglob("*") if p.is_file()]
                    assert (len(files) > 2) == (workers == "2")
                    assert not any(text.encode() in p.read_bytes() for p in files)
            process.terminate()
            assert process.wait(20) == 0
            assert process.stderr and text not in process.stderr.read()
    assert seen[0] == seen[1]
    assert text not in log.read_text() and seal.read_key(key).secret.hex() not in log.read_text()
