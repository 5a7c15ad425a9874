"""Events: rows that have happened change the next answers, once, and are there after a crash."""

import asyncio
import dataclasses
import json
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

import mintmark as mm
from mintmark import spine, tasks
from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.base.state import State
from mintmark.data.past import Earlier, Past
from mintmark.data.rows import Rows
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch
from mintmark.serving import Limits, make_app
from mintmark.serving.questions import Questions

EVENTS, PREDICT = "/v1/models/m/events", "/v1/models/m/predict"
NEW = {"shop": "Ann", "day": "2026-03-01T00:00:00", "sold": 7}
ASK = {"shop": "Ann", "day": "2026-03-09T00:00:00", "price": 1.5}


def post(app: Any, path: str, body: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return await (client.get(path) if body is None else client.post(path, json=body))

    return asyncio.run(ask())


def encode(state: State, questions: pa.RecordBatch, past: Earlier) -> Batch:
    return Batch({"x": np.nansum(past.last("sold", past_window), axis=1) + 1000.0 * past.known - 1000.0 * past.start})


past_window = 3


def shop(rows: int = 2) -> spine.Loaded:
    """A model that answers with the sum of the last three days' sales, and 1000 for each of those days."""
    task = dataclasses.replace(
        tasks.get("tabular_classification"),
        answer="number",
        encode=encode,
        predict=lambda state, batch: answers.make("number", value=batch.arrays["x"]),
    )
    day = pa.array([datetime(2026, 2, 1 + i) for i in range(rows)], pa.timestamp("us"))
    told = pa.table({"shop": ["Ann"] * rows, "day": day, "sold": pa.array(range(1, rows + 1), pa.int64())})
    past = Past("shop", "day", "sold", 0.0, past_window, "salt").append(Rows(told))
    kinds = {"shop": ("text", "string"), "day": ("time", "timestamp[us]"), "price": ("number", "double")}
    questions = [{"name": n, "kind": k, "type": t} for n, (k, t) in kinds.items()]
    facts = {"task": "t", "run": "0a-0b", "data_hash": "f" * 64, "questions": questions}
    return spine.Loaded(facts, task, State(), State(), State(facts={"by": "none"}), past)


def value(app: Any) -> float:
    said = post(app, PREDICT, {"row": ASK})
    assert said.status_code == 200, said.text
    return float(said.json()["answers"][0]["value"])


def test_the_next_answer_looks_back_on_an_event_and_only_the_last_of_the_same_moment_counts() -> None:
    app = make_app({"m": shop()})
    assert value(app) == 2003
    said = post(app, EVENTS, {"row": NEW | {"sold": None}})
    assert said.status_code == 200 and said.json() == {"model": "m", "events": 1}
    assert value(app) == 3003  # it has happened; what was sold is not known yet
    for _ in range(2):
        assert post(app, EVENTS, {"row": NEW}).json() == {"model": "m", "events": 1}
        assert value(app) == 3010
    later = [NEW | {"day": f"2026-03-0{i}T00:00:00", "sold": 10 * i} for i in (2, 3, 2, 4)]
    assert post(app, EVENTS, {"rows": later}).json()["events"] == 4
    assert value(app) == 3090
    assert post(app, EVENTS, {"row": NEW | {"shop": "Bob"}}).status_code == 200 and value(app) == 3090


def test_an_event_takes_the_place_of_a_row_of_the_bundle() -> None:
    app = make_app({"m": shop()})
    post(app, EVENTS, {"row": {"shop": "Ann", "day": "2026-02-01", "sold": 50}})
    assert value(app) == 2052


@pytest.mark.parametrize("name", [name for name in tasks.names() if tasks.get(name).key])
def test_answers_are_those_of_the_library_with_the_same_events(name: str, tmp_path: Path) -> None:
    task = tasks.get(name)
    source = task.example(np.random.default_rng(3)).table()
    at = source["time"].to_numpy()
    moments = np.unique(at)
    first, second = moments[-len(moments) // 5], moments[-len(moments) // 10]
    recipe = {"version": 1, "task": name, **task.starter}
    loaded = spine.load(mm.run(recipe, data=source.filter(pa.array(at <= first)), out=tmp_path / "runs").bundle)
    events = Rows(source.filter(pa.array((at > first) & (at <= second))))
    asked = Rows(source.filter(pa.array(at > second)).drop_columns(["target"]))
    wanted = answers.to_json(spine.answer(loaded, asked, events))
    assert len(events) > 5 and wanted != answers.to_json(spine.answer(loaded, asked))

    def rows(table: pa.Table) -> list[dict[str, Any]]:
        return [r | {"time": r["time"].isoformat()} for r in table.to_pylist()]

    body, sent = {"rows": rows(asked.table())}, rows(events.table())
    app = make_app({"m": loaded}, state=tmp_path / "state")
    for some in (sent[: 2 * len(sent) // 3], sent[len(sent) // 3 :]):  # a third of them twice
        said = post(app, EVENTS, {"rows": some})
        assert said.status_code == 200, said.text
    assert post(app, PREDICT, body).json()["answers"] == wanted
    app.state.models["m"].close()
    assert post(make_app({"m": loaded}, state=tmp_path / "state"), PREDICT, body).json()["answers"] == wanted


@pytest.mark.parametrize(
    ("row", "where", "what"),
    [
        ({"sold": "7"}, "row 1, field 'sold'", "got the text '7'"),
        ({"day": "soon"}, "row 1, field 'day'", "a time"),
        ({"day": None}, "row 1, field 'day'", "when it happened"),
        ({"shop": " "}, "row 1, field 'shop'", "whose row"),
        ({"sodl": 3}, "row 1, field 'sodl'", "unknown field"),
        ({"sold": 1.5}, "rows, field 'sold'", "1.5"),
    ],
)
def test_what_is_no_event_is_refused_and_changes_nothing(row: dict[str, Any], where: str, what: str) -> None:
    app = make_app({"m": shop()})
    said = post(app, EVENTS, {"rows": [NEW | row]})
    found = said.json()["error"]
    assert said.status_code == 422 and found["where"] == where and what in found["what"] and found["try"]
    assert value(app) == 2003


def test_a_whole_row_may_be_sent_and_what_is_not_known_yet_left_out() -> None:
    app = make_app({"m": shop()})
    assert post(app, EVENTS, {"row": {"shop": "Ann", "day": 1772323200, "price": "not read"}}).status_code == 200
    assert value(app) == 3003
    missing = post(app, EVENTS, {"row": {"shop": "Ann"}})
    assert missing.status_code == 422 and missing.json()["error"]["where"] == "row 1, field 'day'"


def test_a_model_without_a_past_says_so() -> None:
    loaded = dataclasses.replace(shop(), past=Past())
    app = make_app({"m": loaded})
    said = post(app, EVENTS, {"row": NEW})
    assert said.status_code == 409 and said.json()["error"]["kind"] == "NoPast"
    assert "events" not in post(app, "/v1/models/m", None).json()
    assert post(app, "/v1/models/n/events", {"row": NEW}).status_code == 404


def test_many_requests_at_once_are_all_taken_and_a_bad_one_alone_is_refused() -> None:
    app = make_app({"m": shop()})

    async def main() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as client:
            bodies = [{"row": {"shop": f"s{i}", "day": NEW["day"], "sold": 0.5 if i == 7 else i}} for i in range(40)]
            return await asyncio.gather(*(client.post(EVENTS, json=b) for b in bodies))

    said = asyncio.run(main())
    assert [i for i, one in enumerate(said) if one.status_code != 200] == [7]
    assert app.state.models["m"].loaded.past.rows.num_rows == 2 + 39
    text = post(app, "/metrics", None).text
    assert 'mintmark_events_total{model="m"} 39.0' in text
    assert 'mintmark_event_requests_total{model="m",status="422"} 1.0' in text


def test_answers_are_given_while_the_past_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()
    app = make_app({"m": shop()})
    model = app.state.models["m"]
    after = model.history.after

    def slow(*given: Any) -> Any:
        begun.set()
        assert go.wait(10)
        return after(*given)

    monkeypatch.setattr(model.history, "after", slow)

    async def main() -> tuple[float, float]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://m") as client:
            task = asyncio.create_task(client.post(EVENTS, json={"row": NEW}))
            while not begun.is_set():
                await asyncio.sleep(0.005)
            before = (await client.post(PREDICT, json={"row": ASK})).json()["answers"][0]["value"]
            go.set()
            assert (await task).status_code == 200
            return before, (await client.post(PREDICT, json={"row": ASK})).json()["answers"][0]["value"]

    assert asyncio.run(main()) == (2003, 3010)


def test_about_and_openapi_tell_of_events() -> None:
    app = make_app({"m": shop()}, Limits(rows=5))
    about = post(app, "/v1/models/m", None).json()["events"]
    assert about["path"] == EVENTS and [f["name"] for f in about["fields"]] == ["shop", "day", "sold"]
    assert about["fields"][2]["optional"] is True and "memory" in about["kept"]
    assert post(app, EVENTS, about["example"]).status_code == 200
    document = post(app, "/openapi.json", None).json()
    assert document["components"]["schemas"]["m.Event"]["required"] == ["shop", "day"]
    assert {"200", "422", "503"} <= set(document["paths"][EVENTS]["post"]["responses"])
    assert post(app, EVENTS, {"rows": [NEW] * 6}).status_code == 413


# --- the journal -----------------------------------------------------------------------------------------------------


def kept(folder: Path) -> Path:
    (path,) = folder.glob("*.jsonl")
    return path


def closed(app: Any) -> None:
    app.state.models["m"].close()


def test_a_restart_knows_all_that_was_taken_and_no_key_is_on_the_disk(tmp_path: Path) -> None:
    app = make_app({"m": shop()}, state=tmp_path / "s")
    post(app, EVENTS, {"rows": [NEW, NEW | {"shop": "Bob"}]})
    post(app, EVENTS, {"row": NEW | {"sold": 9}})
    assert value(app) == 3012  # nothing is closed here: the process might have been killed
    text = kept(tmp_path / "s").read_text()
    assert "Ann" not in text and "Bob" not in text and "salt" not in text and text.count("\n") == 3
    assert kept(tmp_path / "s").name == "0a-0b-ffffffffffffffff.jsonl"
    assert os.stat(kept(tmp_path / "s")).st_mode & 0o77 == 0
    closed(app)
    again = make_app({"m": shop()}, state=tmp_path / "s")
    assert value(again) == 3012
    about = post(again, "/v1/models/m", None).json()["events"]
    assert about["kept"] == "in a journal"
    closed(again)


@pytest.mark.parametrize("torn", [b'[{"shop":"x","da', b"\0\0\0\0\n", b"[1,", b"\xff\n"])
def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path, torn: bytes) -> None:
    app = make_app({"m": shop()}, state=tmp_path)
    post(app, EVENTS, {"row": NEW})
    closed(app)
    whole = kept(tmp_path).read_bytes()
    kept(tmp_path).write_bytes(whole + torn)
    again = make_app({"m": shop()}, state=tmp_path)
    assert value(again) == 3010 and kept(tmp_path).read_bytes() == whole
    post(again, EVENTS, {"row": NEW | {"sold": 8}})
    closed(again)
    assert value(make_app({"m": shop()}, state=tmp_path)) == 3011


def test_damage_in_the_middle_is_no_crash_and_stops_the_start(tmp_path: Path) -> None:
    app = make_app({"m": shop()}, state=tmp_path)
    for sold in (1, 2):
        post(app, EVENTS, {"row": NEW | {"sold": sold}})
    closed(app)
    lines = kept(tmp_path).read_bytes().splitlines(keepends=True)
    kept(tmp_path).write_bytes(lines[0] + lines[1][5:] + lines[2])
    with pytest.raises(DataError, match="line 2 is damaged"):
        make_app({"m": shop()}, state=tmp_path)


def test_a_journal_of_another_bundle_or_one_in_use_is_refused(tmp_path: Path) -> None:
    app = make_app({"m": shop()}, state=tmp_path)
    with pytest.raises(RecipeError, match="in use"):
        make_app({"m": shop()}, state=tmp_path)
    closed(app)
    other = shop()
    other = dataclasses.replace(other, past=dataclasses.replace(other.past, salt="pepper"))
    with pytest.raises(DataError, match="another bundle"):
        make_app({"m": other}, state=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(MintmarkError, match="--state"):
        make_app({"m": shop()}, state=tmp_path / "file")


def test_what_cannot_be_written_down_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app({"m": shop()}, state=tmp_path)
    before = kept(tmp_path).read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mintmark.serving.journal.os.fsync", full)
        said = post(app, EVENTS, {"row": NEW})
    assert said.status_code == 503 and "No space left" in said.json()["error"]["what"] and value(app) == 2003
    closed(app)
    kept(tmp_path).write_bytes(before)  # cut back by hand: the disk refused that too
    app = make_app({"m": shop()}, state=tmp_path)
    assert post(app, EVENTS, {"row": NEW}).status_code == 200 and value(app) == 3010
    closed(app)


def test_a_journal_of_rows_that_are_needed_no_more_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app({"m": shop()}, state=tmp_path)
    for sold in range(9):
        post(app, EVENTS, {"row": NEW | {"sold": sold}})
    closed(app)
    monkeypatch.setattr("mintmark.serving.history.SPARE_ROWS", 2)
    again = make_app({"m": shop()}, state=tmp_path)
    assert value(again) == 3011 and len(kept(tmp_path).read_bytes().splitlines()) == 2
    post(again, EVENTS, {"row": NEW | {"sold": 20}})
    closed(again)
    assert value(make_app({"m": shop()}, state=tmp_path)) == 3023
    assert [p.suffix for p in tmp_path.iterdir()] == [".jsonl"]


def test_times_bytes_lists_and_numbers_come_back_from_the_journal_as_they_were(tmp_path: Path) -> None:
    held = {
        "key": pa.array([5.0]), "at": pa.array([1_700_000_000_123_456], pa.timestamp("us")), "blob": pa.array([b"\0x"]),
        "many": pa.array([[1.5, None]]), "code": pa.array(["a"]).dictionary_encode(), "ok": pa.array([True]),
        "f": pa.array([0.1]), "y": pa.array([3], pa.int32()), "none": pa.nulls(1),
    }  # fmt: skip
    past = Past("key", "at", "y", 0.0, 5, "salt").append(Rows(pa.table(held)))
    facts = {"run": "r", "data_hash": "d", "questions": [{"name": "key", "kind": "number", "type": "double"}]}
    loaded = dataclasses.replace(shop(), facts=facts, past=past)
    row = {"key": 6, "at": "2026-01-31T12:00:00.000001+01:00", "blob": "bWludA==", "many": [2, None], "code": "b",
           "ok": None, "f": 0.30000000000000004, "y": 4, "none": 1}  # fmt: skip
    app = make_app({"m": loaded}, state=tmp_path)
    assert post(app, EVENTS, {"row": row}).json() == {"model": "m", "events": 1}
    grown = app.state.models["m"].loaded.past.rows
    closed(app)
    assert grown.num_rows == 2
    assert make_app({"m": loaded}, state=tmp_path).state.models["m"].loaded.past.rows.equals(grown)


# --- fields that may be left out -------------------------------------------------------------------------------------


def test_optional_fields_are_null_where_they_are_left_out() -> None:
    told: list[dict[str, Any]] = [
        {"name": "prompt", "kind": "text", "type": "string"},
        {"name": "n", "kind": "number", "type": "double", "optional": True},
        {"name": "stop", "kind": "list", "type": "list<item: string>", "optional": True},
    ]
    asked = Questions(told)
    made = asked.table([asked.columns([{"prompt": "a"}, {"prompt": "b", "n": 3, "stop": ["."]}])]).table()
    assert made.to_pylist() == [{"prompt": "a", "n": None, "stop": None}, {"prompt": "b", "n": 3.0, "stop": ["."]}]
    assert asked.schema()["required"] == ["prompt"] and asked.sample() == {"prompt": "a"}
    assert set(asked.schema()["properties"]) == {"prompt", "n", "stop"}
    for wrong, message in (
        ({"n": 1}, "field 'prompt': missing; got n"),
        ({"prompt": "a", "m": 1}, "field 'm'.*unknown"),
        ({"prompt": "a", "n": "1"}, "field 'n': a number is wanted"),
        (["prompt"], "a row must be an object"),
    ):
        with pytest.raises(DataError, match=message):
            asked.columns([json.loads(json.dumps(wrong))])
