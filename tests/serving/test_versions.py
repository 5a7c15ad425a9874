"""Several bundles of one name: which answers, how another comes to answer, and what becomes of events meanwhile."""

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from contract import recipe_of, source_of
from served import ROW, double, fake

from mintmark import spine
from mintmark.base.errors import RecipeError
from mintmark.cli.serve import named
from mintmark.data.rows import Rows
from mintmark.numerics import answers
from mintmark.serving import key_file, make_app
from mintmark.serving.access import Keys

TASK = "tabular_classification"
PREDICT, EVENTS, ADMIN = "/v1/models/m/predict", "/v1/models/m/events", "/v1/admin/models/m"
LATE = ROW | {"time": "2027-01-01T00:00:00"}
EVENT = LATE | {"time": "2026-12-24T00:00:00", "amount": 900.0, "target": "fraud"}
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles: a and b of one table, other of another, wide with one more column, number answers in another way."""
    made: Path = tmp_path_factory.mktemp("bundles")
    small = {"positive": "fraud", "n_estimators": 5}
    tables = {"a": (source_of(TASK), small), "b": (source_of(TASK), small | {"n_estimators": 40, "learning_rate": 0.2}),
              "other": (source_of(TASK, seed=6), small)}  # fmt: skip
    wide = source_of(TASK).table().append_column("more", pa.array(np.arange(400.0) % 7))
    tables["wide"] = Rows(wide), small
    for name, (source, settings) in tables.items():
        spine.run(recipe_of(TASK, settings=settings), made / name, source)
    spine.run(
        recipe_of("tabular_regression", settings={"n_estimators": 5}), made / "number", source_of("tabular_regression")
    )
    return made


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    file = tmp_path_factory.mktemp("keys") / "k"
    return file, key_file.new(file, "root", ["predict", "events", "read", "admin"])[1]


def load(folder: Path, name: str) -> spine.Loaded:
    return spine.load(folder / name / "bundle")


def served(folder: Path, key: tuple[Path, str], state: Path | None = None, **given: str) -> Any:
    """An app with these bundles: a="a" is model m from folder a; b2="b" would be a second model."""
    loaded = {name.replace("_at_", "@"): load(folder, of) for name, of in given.items()}
    places = {name.replace("_at_", "@"): folder / of / "bundle" for name, of in given.items()}
    return make_app(loaded, state=state, keys=Keys(key[0]), places=places, bundles=folder)


def talk(app: Any, key: tuple[Path, str], what: Callable[[Ask], Awaitable[Any]]) -> Any:
    """A conversation on one event loop."""

    async def main() -> Any:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m", headers={"x-api-key": key[1]}) as client:

            async def ask(method: str, path: str, body: Any = None) -> httpx.Response:
                return await client.request(method, path, json=body)

            return await what(ask)

    return asyncio.run(main())


async def fraud(ask: Ask, path: str = PREDICT, row: Any = LATE) -> float:
    said = await ask("POST", path, {"row": row})
    assert said.status_code == 200, said.text
    return float(said.json()["answers"][0]["probability"]["fraud"])


def library(loaded: spine.Loaded, row: Any = LATE, event: Any = None) -> float:
    """What the library says."""
    schema = {f["name"]: f for f in loaded.facts["questions"]}

    def table(one: Any) -> Rows:
        made = {n: pa.array([v]) for n, v in one.items()}
        made["time"] = pa.array([np.datetime64(one["time"], "us")])
        return Rows(pa.table(made))

    asked = table({n: v for n, v in row.items() if n in schema})
    events = table(event) if event else None
    return float(answers.to_json(spine.answer(loaded, asked, events))[0]["probability"]["fraud"])


# --- which answers ---------------------------------------------------------------------------------------------------


def test_each_version_has_its_path_and_the_one_without_a_number_answers(folder: Path, key: tuple[Path, str]) -> None:
    async def what(ask: Ask) -> None:
        wanted = {"1": library(load(folder, "a")), "2": library(load(folder, "b"))}
        assert wanted["1"] != wanted["2"]
        assert await fraud(ask) == pytest.approx(wanted["1"], abs=1e-9)
        for version, value in wanted.items():
            path = f"/v1/models/m/versions/{version}/predict"
            said = await ask("POST", path, {"row": LATE})
            assert said.headers["x-model-version"] == version and said.json()["model"] == "m"
            assert said.json()["answers"][0]["probability"]["fraud"] == pytest.approx(value, abs=1e-9)
            about = (await ask("GET", f"/v1/models/m/versions/{version}")).json()
            assert about["version"] == version and about["run"] == load(folder, "ab"[int(version) - 1]).facts["run"]
        assert (await ask("POST", PREDICT, {"row": LATE})).headers["x-model-version"] == "1"
        missing = await ask("POST", "/v1/models/m/versions/3/predict", {"row": LATE})
        assert missing.status_code == 404 and "known: 1, 2" in missing.json()["error"]["what"]
        (model,) = (await ask("GET", "/v1/models")).json()["models"]
        assert [(v["version"], v["answers"]) for v in model["versions"]] == [("1", True), ("2", False)]
        document = (await ask("GET", "/openapi.json")).json()["paths"]
        assert {"/v1/models/m/versions/2/predict", PREDICT, EVENTS, ADMIN, f"{ADMIN}/rollback"} <= set(document)

    talk(served(folder, key, m="a", m_at_2="b"), key, what)


def test_names_with_versions_on_the_command_line(tmp_path: Path) -> None:
    assert list(named(["m=x", "m@2=y", "m@2026-01=z"])) == ["m", "m@2", "m@2026-01"]
    for wrong in (["m=x", "m=y"], ["m@2=x", "m@2=y"], ["m@=x/y z"], ["m@a b=x/y z"]):
        with pytest.raises(RecipeError):
            named(wrong)
    with pytest.raises(RecipeError, match="two bundles of version '1'"):
        make_app({"m": fake(double, ("x", "number")), "m@1": fake(double, ("x", "number"))})
    app = make_app({"m@7": fake(double, ("x", "number")), "m@8": fake(double, ("x", "number"))})
    assert app.state.models["m"].version == "7" and app.state.models["m@8"].version == "8"
    assert list(app.state.models) == ["m"] and "m@9" not in app.state.models and "n@1" not in app.state.models


# --- change and roll-back --------------------------------------------------------------------------------------------


def test_a_bundle_is_loaded_answers_and_is_taken_back(folder: Path, key: tuple[Path, str]) -> None:
    async def what(ask: Ask) -> None:
        a, b = (library(load(folder, name)) for name in "ab")
        said = await ask("POST", ADMIN, {"bundle": "b/bundle"})
        assert said.status_code == 200, said.text
        told = said.json()
        assert (told["version"], told["before"], told["run"]) == ("2", "1", load(folder, "b").facts["run"])
        assert told["fields"] == {"new": [], "gone": []}
        assert await fraud(ask) == pytest.approx(b, abs=1e-9)
        assert await fraud(ask, "/v1/models/m/versions/1/predict") == pytest.approx(a, abs=1e-9)
        assert (await ask("POST", f"{ADMIN}/rollback")).json()["version"] == "1"
        assert await fraud(ask) == pytest.approx(a, abs=1e-9)
        again = await ask("POST", f"{ADMIN}/rollback")  # a client that is not sure may ask twice
        assert again.status_code == 409 and again.json()["error"]["kind"] == "Unlike"
        assert await fraud(ask) == pytest.approx(a, abs=1e-9)
        assert (await ask("GET", "/v1/models/m/versions/2")).status_code == 404  # what was taken back is gone
        assert (await ask("POST", ADMIN, {"bundle": "b/bundle"})).json()["version"] == "3"  # no number comes twice
        assert (await ask("POST", ADMIN, {"version": "1"})).json()["before"] == "3"
        assert (await ask("POST", f"{ADMIN}/rollback")).json()["version"] == "3"
        text = (await ask("GET", "/metrics")).text
        assert 'mintmark_changes_total{how="rollback",model="m",status="409"} 1.0' in text
        assert 'mintmark_model_info{model="m",run="' in text and 'version="3"} 1.0' in text

    talk(served(folder, key, m="a"), key, what)


@pytest.mark.parametrize(
    ("body", "status", "what"),
    [
        ({"bundle": "nothing"}, 404, "no such folder"),
        ({"bundle": "../"}, 400, "outside"),
        ({"bundle": "/etc"}, 400, "outside"),
        ({"bundle": "/no/such/folder"}, 400, "outside"),
        ({"bundle": "link"}, 400, "outside"),
        ({"bundle": "a\0b"}, 404, "no such folder"),
        ({"bundle": "x" * 5000}, 404, "no such folder"),
        ({"bundle": "a"}, 422, "not signed"),
        ({"bundle": "altered"}, 422, "altered"),
        ({"bundle": "number/bundle"}, 409, "its answers are number"),
        ({"bundle": "wide/bundle"}, 409, "'more' is new"),
        ({"bundle": "b/bundle", "version": "1"}, 409, "served already"),
        ({"bundle": "b/bundle", "version": "a/b"}, 400, "cannot be the name"),
        ({"version": "9"}, 404, "known: 1"),
        ({"bundel": "b"}, 400, "unknown field"),
        ({"bundle": 3}, 400, "a text is wanted"),
        ({"bundle": "b/bundle", "force": "yes"}, 400, "true or false"),
        ({}, 400, "neither"),
    ],
)
def test_what_cannot_take_the_place_changes_nothing(
    folder: Path, key: tuple[Path, str], body: Any, status: int, what: str
) -> None:
    link, altered = folder / "link", folder / "altered"
    if not link.is_symlink():
        link.symlink_to("/etc")
        shutil.copytree(folder / "b" / "bundle", altered)
        facts = altered / "mintmark.json"
        facts.write_bytes(facts.read_bytes().replace(b"fraud", b"freud", 1))

    async def asked(ask: Ask) -> None:
        before = await fraud(ask)
        said = await ask("POST", ADMIN, body)
        assert said.status_code == status and what in said.json()["error"]["what"], said.text
        assert said.json()["error"]["try"]
        assert await fraud(ask) == before and (await ask("POST", f"{ADMIN}/rollback")).status_code == 409

    talk(served(folder, key, m="a"), key, asked)


def test_only_a_key_of_the_scope_admin_changes_what_is_served(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "k"
    texts = {scope: key_file.new(file, scope, [scope], models)[1] for scope, models in
             (("predict", []), ("events", []), ("read", []), ("admin", ["other"]))}  # fmt: skip
    app = served(folder, (file, ""), m="a")
    for scope, text in texts.items():

        async def what(ask: Ask, scope: str = scope) -> None:
            for path in (ADMIN, f"{ADMIN}/rollback"):
                said = await ask("POST", path, {"bundle": "b/bundle"})
                assert said.status_code == (404 if scope == "admin" else 403)
            assert (await ask("GET", ADMIN)).status_code in (404, 405)

        talk(app, (file, text), what)
    open_ = make_app({"m": load(folder, "a")}, bundles=folder)
    assert talk(open_, (file, ""), lambda ask: ask("POST", ADMIN, {"bundle": "b/bundle"})).status_code == 403
    shut = make_app({"m": load(folder, "a")}, keys=Keys(file))
    key_file.new(file, "all", ["admin"])
    text = key_file.new(file, "all", ["admin"])[1]
    shut.state.door.keys.look()
    said = talk(shut, (file, text), lambda ask: ask("POST", ADMIN, {"bundle": "b/bundle"}))
    assert said.status_code == 403 and "--bundles" in said.json()["error"]["try"]


def test_other_words_are_taken_only_by_force(folder: Path, key: tuple[Path, str]) -> None:
    async def what(ask: Ask) -> None:
        said = await ask("POST", ADMIN, {"bundle": "wide/bundle", "force": True})
        assert said.status_code == 200 and said.json()["fields"] == {"new": ["more"], "gone": []}
        assert (await ask("POST", PREDICT, {"row": LATE})).status_code == 422
        assert await fraud(ask, PREDICT, LATE | {"more": 3}) > 0

    talk(served(folder, key, m="a"), key, what)


def test_what_is_being_answered_is_answered_by_what_it_found(folder: Path, key: tuple[Path, str]) -> None:
    """Requests wait in the old model while the new one takes its place; each gets the old one's answer."""
    go, begun = threading.Event(), threading.Event()

    async def what(ask: Ask) -> None:
        model = app.state.models["m"]
        inner = model.answer

        def slow(parts: Any, sizes: Any) -> list[bytes]:
            begun.set()
            assert go.wait(20)
            return list(inner(parts, sizes))

        model.batcher.answer, model.batcher.took_s = slow, 1.0
        old, new = library(load(folder, "a")), library(load(folder, "b"))
        waiting = [asyncio.create_task(fraud(ask)) for _ in range(20)]
        while not begun.is_set():
            await asyncio.sleep(0.005)
        assert (await ask("POST", ADMIN, {"bundle": "b/bundle"})).status_code == 200
        assert await fraud(ask) == pytest.approx(new, abs=1e-9)
        go.set()
        assert await asyncio.gather(*waiting) == pytest.approx([old] * 20, abs=1e-9)

    app = served(folder, key, m="a")
    talk(app, key, what)


def test_sighup_reads_what_lies_on_the_disk_and_leaves_what_is_unsound(
    folder: Path, key: tuple[Path, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "current"
    place.symlink_to(folder / "a" / "bundle")

    def flip(to: Path) -> None:
        (tmp_path / "next").symlink_to(to)
        os.replace(tmp_path / "next", place)

    async def what(ask: Ask) -> None:
        first = await fraud(ask)
        await app.state.reread()
        assert (await ask("GET", "/v1/models/m")).json()["version"] == "1"  # nothing has changed
        flip(folder / "b" / "bundle")
        await app.state.reread()
        assert await fraud(ask) == pytest.approx(library(load(folder, "b")), abs=1e-9)
        shutil.copytree(folder / "a" / "bundle", tmp_path / "bad")
        (tmp_path / "bad" / "mintmark.json").write_text("{}")
        (tmp_path / "bad" / "model.sig").write_text("{}")
        flip(tmp_path / "bad")
        await app.state.reread()
        assert await fraud(ask) == pytest.approx(library(load(folder, "b")), abs=1e-9)
        assert "answers as before" in caplog.text
        flip(folder / "a" / "bundle")
        await app.state.reread()
        assert await fraud(ask) == first

    app = make_app({"m": spine.load(place.resolve())}, keys=Keys(key[0]), places={"m": place})
    talk(app, key, what)


# --- events ----------------------------------------------------------------------------------------------------------


def kept(state: Path) -> dict[str, int]:
    """Rows in each journal."""
    return {
        p.name: sum(len(json.loads(line)) for line in p.read_text().splitlines()[1:]) for p in state.glob("*.jsonl")
    }


def closed(app: Any) -> None:
    for model in app.state.models.all():
        model.close()


def test_a_bundle_of_the_same_data_takes_over_what_the_one_before_has_been_told(
    folder: Path, key: tuple[Path, str], tmp_path: Path
) -> None:
    state = tmp_path / "state"

    async def what(ask: Ask) -> None:
        for at, label in (
            ("2026-12-24T00:00:00", None),
            ("2026-12-25T00:00:00", "ok"),
            ("2026-12-24T00:00:00", "fraud"),
        ):
            said = await ask("POST", EVENTS, {"row": EVENT | {"time": at, "target": label}})
            assert said.status_code == 200, said.text
        told = (await ask("POST", ADMIN, {"bundle": "b/bundle"})).json()
        assert told["events"] == {"taken_over": 2, "forgotten": 0}
        values.append(await fraud(ask))
        assert (await ask("POST", EVENTS, {"row": EVENT | {"time": "2026-12-26T00:00:00"}})).status_code == 200
        values.append(await fraud(ask))
        values.append(await fraud(ask, "/v1/models/m/versions/1/predict"))
        await ask("POST", f"{ADMIN}/rollback")
        values.append(await fraud(ask))

    values: list[float] = []
    app = served(folder, key, state, m="a")
    talk(app, key, what)
    plain = library(load(folder, "b"))
    assert values[0] != pytest.approx(plain, abs=1e-6) and values[1] != pytest.approx(values[0], abs=1e-9)
    assert values[2] == values[3]  # the one before was told of what came after it, too
    closed(app)
    assert sorted(kept(state).values()) == [3, 4]
    again = served(folder, key, state, m="b")  # restarted with the new bundle, it knows all that was told
    assert talk(again, key, fraud) == pytest.approx(values[1], abs=1e-9)
    closed(again)


def test_a_bundle_of_other_data_is_not_put_in_place_over_events_that_it_cannot_know(
    folder: Path, key: tuple[Path, str], tmp_path: Path
) -> None:
    async def what(ask: Ask) -> None:
        fine = await ask("POST", ADMIN, {"bundle": "other/bundle"})  # nothing has been sent yet
        assert fine.status_code == 200 and fine.json()["events"]["forgotten"] == 0, fine.text
        await ask("POST", f"{ADMIN}/rollback")
        assert (await ask("POST", EVENTS, {"row": EVENT})).status_code == 200
        before = await fraud(ask)
        said = await ask("POST", ADMIN, {"bundle": "other/bundle"})
        assert said.status_code == 409 and said.json()["error"]["what"].startswith("1 event later")
        assert await fraud(ask) == before
        assert (await ask("POST", EVENTS, {"row": EVENT | {"amount": 1.0}})).status_code == 200
        forced = await ask("POST", ADMIN, {"bundle": "other/bundle", "force": True})
        assert forced.status_code == 200 and forced.json()["events"] == {"taken_over": 0, "forgotten": 1}

    app = served(folder, key, tmp_path / "state", m="a")
    talk(app, key, what)
    closed(app)


def test_one_version_alone_can_be_told_and_one_that_cannot_take_an_event_is_no_hindrance(
    folder: Path, key: tuple[Path, str], tmp_path: Path
) -> None:
    async def what(ask: Ask) -> None:
        one, two = "/v1/models/m/predict", "/v1/models/m/versions/2/predict"
        before = [await fraud(ask, one), await fraud(ask, two)]
        assert (await ask("POST", "/v1/models/m/versions/2/events", {"row": EVENT})).status_code == 200
        after = [await fraud(ask, one), await fraud(ask, two)]
        assert after[0] == before[0] and after[1] != before[1]
        app.state.models["m@2"].history._journal.close()  # its disk fails
        assert (await ask("POST", EVENTS, {"row": EVENT | {"time": "2026-12-26T00:00:00"}})).status_code == 200
        assert await fraud(ask, one) != before[0] and await fraud(ask, two) == after[1]
        assert 'mintmark_events_missed_total{model="m",version="2"} 1.0' in (await ask("GET", "/metrics")).text

    app = served(folder, key, tmp_path / "state", m="a", m_at_2="b")
    talk(app, key, what)


def test_the_same_bundle_twice_shares_its_journal(folder: Path, key: tuple[Path, str], tmp_path: Path) -> None:
    state = tmp_path / "state"

    async def what(ask: Ask) -> None:
        assert (await ask("POST", EVENTS, {"row": EVENT})).status_code == 200
        told = (await ask("POST", ADMIN, {"bundle": "a/bundle"})).json()
        assert told["version"] == "3" and told["events"]["forgotten"] == 0
        same = {await fraud(ask, p) for p in (PREDICT, *(f"/v1/models/m/versions/{v}/predict" for v in "123"))}
        assert len(same) == 1 and same != {library(load(folder, "a"))}
        assert (await ask("POST", ADMIN, {"version": "2"})).status_code == 200
        assert (await ask("POST", EVENTS, {"row": EVENT | {"time": "2026-12-26T00:00:00"}})).status_code == 200
        values.append(await fraud(ask))

    values: list[float] = []
    app = served(folder, key, state, m="a", m_at_2="a")
    talk(app, key, what)
    closed(app)
    (journal,) = kept(state)
    again = served(folder, key, state, m="a")
    assert talk(again, key, fraud) == pytest.approx(values[0], abs=1e-9) and journal in kept(state)
    closed(again)
