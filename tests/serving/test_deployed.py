"""What is deployed outlives the process, and several processes agree on it: two apps of one room stand for two."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract import recipe_of, source_of
from served import ROW

from mintmark import spine
from mintmark.base.errors import BundleError, DataError
from mintmark.serving import key_file, make_app
from mintmark.serving.access import Keys
from mintmark.serving.deployed import Deployed, Room, Wanted

TASK = "tabular_classification"
ADMIN = "/v1/admin/models/m"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("bundles")
    for name, n in (("a", 5), ("b", 40)):
        recipe = recipe_of(TASK, settings={"positive": "fraud", "n_estimators": n})
        spine.run(recipe, made / name, source_of(TASK))
    return made


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file = tmp_path_factory.mktemp("keys") / "k"
    return file, key_file.new(file, "root", ["predict", "events", "read", "admin"])[1]


def app(folder: Path, key: tuple[Path, str], state: Path | None, room: Room | None = None, of: str = "a") -> Any:
    place = folder / of / "bundle"
    given: dict[str, Any] = {"keys": Keys(key[0]), "places": {"m": place}, "bundles": folder, "outcomes": False}
    return make_app({"m": spine.load(place)}, state=state, room=room, **given)


async def ask(app: Any, key: tuple[Path, str], path: str, body: Any = None) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://m", headers={"x-api-key": key[1]}) as client:
        return await client.post(path, json=body)


async def version(app: Any, key: tuple[Path, str]) -> str:
    said = await ask(app, key, "/v1/models/m/predict", {"row": ROW})
    assert said.status_code == 200
    return str(said.headers["x-model-version"])


# --- after a restart -------------------------------------------------------------------------------------------------


def test_a_restart_serves_what_was_decided_and_can_still_go_back(
    folder: Path, key: tuple[Path, str], tmp_path: Path
) -> None:
    async def first() -> None:
        one = app(folder, key, tmp_path)
        await one.state.start()
        assert not (tmp_path / "deployed.json").exists()  # nothing is written before there is something to keep
        assert (await ask(one, key, ADMIN, {"bundle": "b/bundle"})).status_code == 200
        event = ROW | {"time": "2026-12-24T00:00:00", "target": None}
        assert (await ask(one, key, "/v1/models/m/events", {"row": event})).status_code == 200
        one.state.close()

    async def second() -> None:
        one = app(folder, key, tmp_path)
        await one.state.start()
        assert await version(one, key) == "2" and one.state.models["m"].loaded.past.rows.num_rows > 1
        assert (await ask(one, key, f"{ADMIN}/rollback")).json()["version"] == "1"
        assert (await ask(one, key, ADMIN, {"bundle": "b/bundle"})).json()["version"] == "3"
        one.state.close()

    asyncio.run(first())
    asyncio.run(second())

    async def other_command_line() -> None:
        one = app(folder, key, tmp_path, of="b")
        await one.state.start()
        assert await version(one, key) == "1"
        one.state.close()

    asyncio.run(other_command_line())


def test_what_cannot_be_served_again_leaves_the_command_line(
    folder: Path, key: tuple[Path, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = {"m": {"current": "2", "before": "1", "numbered": 2, "versions": {"2": str(tmp_path / "gone")}}}
    from mintmark.serving.deploy import sealed

    given = sealed({"m": folder / "a" / "bundle"})
    Deployed(tmp_path).write(Wanted(3, given, wanted))

    async def main() -> None:
        one = app(folder, key, tmp_path)
        await one.state.start()
        assert await version(one, key) == "1" and "cannot be served" in caplog.text
        assert (await ask(one, key, ADMIN, {"bundle": "b/bundle"})).status_code == 200
        assert await version(one, key) == "2"
        one.state.close()

    asyncio.run(main())
    (tmp_path / "deployed.json").write_text("{}")
    with pytest.raises(DataError, match="no list of what is deployed"):
        app(folder, key, tmp_path)


def test_a_disk_that_is_full_changes_nothing(
    folder: Path, key: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        one = app(folder, key, tmp_path)
        await one.state.start()

        def full(wanted: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(one.state.start.__self__._deployed, "write", full)
            said = await ask(one, key, ADMIN, {"bundle": "b/bundle"})
        assert said.status_code == 503 and said.json()["error"]["kind"] == "NotDeployed"
        assert await version(one, key) == "1"
        assert (await ask(one, key, ADMIN, {"bundle": "b/bundle"})).status_code == 200
        assert await version(one, key) != "1"
        one.state.close()

    asyncio.run(main())


# --- several processes -----------------------------------------------------------------------------------------------


def test_all_follow_or_none_does(
    folder: Path, key: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        both = [app(folder, key, None, Room(tmp_path, i, 2)) for i in range(2)]
        for one in both:
            await one.state.start()
        assert (await ask(both[0], key, ADMIN, {"bundle": "b/bundle"})).status_code == 200
        assert [await version(one, key) for one in both] == ["2", "2"]
        assert (await ask(both[1], key, f"{ADMIN}/rollback")).status_code == 200
        assert [await version(one, key) for one in both] == ["1", "1"]
        other = both[1].state.start.__self__

        def unsound(name: str, path: Path, version: str) -> Any:
            raise BundleError("was altered after it was signed.", where=str(path))

        with monkeypatch.context() as patch:
            patch.setattr(other, "_made", unsound)
            said = await ask(both[0], key, ADMIN, {"bundle": "b/bundle"})
        assert said.status_code == 503 and "worker 1 could not follow" in said.json()["error"]["what"]
        assert "altered" in said.json()["error"]["what"]
        assert [await version(one, key) for one in both] == ["1", "1"]
        asked = [ask(one, key, ADMIN, {"bundle": "b/bundle"}) for one in both * 2]  # at the same time
        assert [s.status_code for s in await asyncio.gather(*asked)] == [200] * 4
        found = {await version(one, key) for one in both}
        assert len(found) == 1 and int(found.pop()) >= 6
        for one in both:
            one.state.close()

    asyncio.run(main())


def test_a_worker_that_is_started_again_serves_what_the_others_do(
    folder: Path, key: tuple[Path, str], tmp_path: Path
) -> None:
    async def main() -> None:
        one, other = (app(folder, key, None, Room(tmp_path, i, 2)) for i in range(2))
        await one.state.start()
        await other.state.start()
        assert (await ask(one, key, ADMIN, {"bundle": "b/bundle"})).status_code == 200
        again = app(folder, key, None, Room(tmp_path, 1, 2))
        await again.state.start()
        assert await version(again, key) == "2"
        said = json.loads((tmp_path / "worker-1.json").read_text())
        assert said == {"generation": json.loads((tmp_path / "deployed.json").read_text())["generation"], "error": ""}
        for app_ in (one, other, again):
            app_.state.close()

    asyncio.run(main())
