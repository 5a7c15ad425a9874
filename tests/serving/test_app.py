"""The REST app: what is answered, what is refused and how, and that one request never feels another's mistake."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served import double, fake

import mintmark as mm
from mintmark import spine, tasks
from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.base.state import State
from mintmark.cli.serve import named
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch
from mintmark.serving import Limits, listen, make_app
from mintmark.serving.batch import INLINE_ROWS, Batcher
from mintmark.serving.questions import Questions

PATH = "/v1/models/fraud/predict"
JSON = {"content-type": "application/json"}
ROW = {"time": "2026-01-31T12:00:00", "customer": "C01", "amount": 12.5, "shop": "food", "age": 40, "abroad": False}


class Client:
    """Asks an app without a server, one request a call."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with opened(self.app) as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)


def opened(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://m")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> spine.Loaded:
    task = tasks.get("tabular_classification")
    settings = {"positive": "fraud", "n_estimators": 20}
    recipe = {"version": 1, "task": "tabular_classification", **task.starter, "settings": settings}
    source = task.example(np.random.default_rng(3)).table()
    return spine.load(mm.run(recipe, data=source, out=tmp_path_factory.mktemp("runs")).bundle)


@pytest.fixture(scope="module")
def client(loaded: spine.Loaded) -> Client:
    return Client(make_app({"fraud": loaded}))


def error(said: httpx.Response, status: int, kind: str) -> dict[str, str]:
    assert said.status_code == status, said.text
    found: dict[str, str] = said.json()["error"]
    assert set(found) == {"kind", "where", "what", "try"} and found["kind"] == kind and found["what"] and found["try"]
    return found


# --- answers ---------------------------------------------------------------------------------------------------------


def test_rows_get_the_answers_of_the_library_in_their_order(client: Client, loaded: spine.Loaded) -> None:
    source = tasks.get("tabular_classification").example(np.random.default_rng(5)).drop(["target"])
    wanted = answers.to_json(spine.answer(loaded, source))
    rows = [r | {"time": r["time"].isoformat()} for r in source.table().to_pylist()]
    said = client.post(PATH, json={"rows": rows})
    assert said.status_code == 200 and said.json() == {"model": "fraud", "answers": wanted}
    one = client.post(PATH, json={"row": rows[7]}).json()["answers"]
    assert one[0]["decision"] == wanted[7]["decision"]
    assert one[0]["probability"] == pytest.approx(wanted[7]["probability"], abs=1e-9)


def test_seconds_and_zones_name_the_same_time() -> None:
    asked = Questions([{"name": "t", "kind": "time", "type": "timestamp[us]"}])
    same = ["2026-01-31T12:00:00", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", 1769860800, 1769860800.0]
    made = asked.table([asked.columns([{"t": t} for t in [*same, None]])]).table()["t"].to_pylist()
    assert len(set(made[:5])) == 1 and made[0].isoformat() == "2026-01-31T12:00:00" and made[5] is None


@settings(max_examples=50, deadline=None)
@given(
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.booleans() | st.none(),
    st.integers(-62135596800, 253402300799) | st.none(),
)
def test_a_row_alone_becomes_the_same_table_as_among_others(number: float, flag: bool, seconds: int) -> None:
    """One row without text takes another way to Arrow than several do."""
    kinds = {"x": ("number", "double"), "b": ("boolean", "bool"), "t": ("time", "timestamp[us]")}
    asked = Questions([{"name": n, "kind": k, "type": t} for n, (k, t) in kinds.items()])
    row = asked.columns([{"x": number, "b": flag, "t": seconds}])
    other = asked.columns([{"x": 1, "b": True, "t": 0}])
    assert asked.table([row]).table().equals(asked.table([row, other]).table().slice(0, 1))


def test_null_is_a_missing_value_in_every_field(client: Client) -> None:
    said = client.post(PATH, json={"row": dict.fromkeys(ROW) | {"time": ROW["time"]}})
    assert said.status_code == 200 and len(said.json()["answers"]) == 1


def test_lists_bytes_and_empty_columns_are_read() -> None:
    kinds = [("l", "list", "list<item: double>"), ("b", "binary", "binary"), ("n", "nothing", "null")]
    asked = Questions([{"name": n, "kind": k, "type": t} for n, k, t in kinds])
    made = asked.table([asked.columns([{"l": [1, 2.5], "b": "bWludA==", "n": {"any": ["thing"]}}])]).table()
    assert made.to_pylist() == [{"l": [1.0, 2.5], "b": b"mint", "n": None}]
    for wrong in ({"l": [[1]]}, {"l": ["x"]}, {"b": "no base64!"}, {"b": 3}):
        with pytest.raises(DataError, match="row 1, field"):
            asked.columns([{"l": [], "b": "", "n": None} | wrong])


def test_a_request_of_many_rows_leaves_the_loop_free() -> None:
    """Health is asked while a model still answers: it must not wait for it."""
    go, asked = threading.Event(), threading.Event()

    def slow(state: State, batch: Batch) -> pa.Table:
        asked.set()
        assert go.wait(10)
        return double(state, batch)

    async def main() -> tuple[int, int]:
        app = make_app({"m": fake(slow, ("x", "number"))})
        async with opened(app) as ask:
            rows = [{"x": float(i)} for i in range(INLINE_ROWS + 1)]
            big = asyncio.create_task(ask.post("/v1/models/m/predict", json={"rows": rows}))
            while not asked.is_set():
                await asyncio.sleep(0.01)
            health = await ask.get("/healthz")
            go.set()
            return health.status_code, len((await big).json()["answers"])

    assert asyncio.run(main()) == (200, INLINE_ROWS + 1)


# --- batches ---------------------------------------------------------------------------------------------------------


def test_requests_that_come_together_are_answered_together_and_each_gets_its_own() -> None:
    sizes: list[int] = []

    def answer(parts: Any, rows: Any) -> list[bytes]:
        sizes.append(len(parts))
        return [str(p).encode() for p in parts]

    async def main() -> list[bytes]:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(answer, pool)
            return await asyncio.gather(*(batcher.ask(i, 1) for i in range(40)))

    assert asyncio.run(main()) == [str(i).encode() for i in range(40)] and sizes == [40]


def test_a_failing_request_does_not_fail_its_neighbours() -> None:
    def picky(state: State, batch: Batch) -> pa.Table:
        if 13.0 in batch.arrays["x"]:
            raise DataError("13 is not answered.", where="model", fix="12")
        if 14.0 in batch.arrays["x"]:
            raise ZeroDivisionError("a bug")
        return double(state, batch)

    async def main() -> list[httpx.Response]:
        async with opened(make_app({"m": fake(picky, ("x", "number"))})) as ask:
            return await asyncio.gather(*(ask.post("/v1/models/m/predict", json={"row": {"x": i}}) for i in range(20)))

    for i, said in enumerate(asyncio.run(main())):
        if i == 13:
            assert error(said, 422, "DataError")["what"] == "13 is not answered."
        elif i == 14:
            found = said.json()["error"]
            assert said.status_code == 500 and found["kind"] == "Bug" and "bug" in found["what"]
            assert said.headers["x-request-id"] == found["request"] and "ZeroDivision" not in said.text
        else:
            assert said.json()["answers"][0]["value"] == 2.0 * i


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "where", "what", "fix"),
    [
        ({"amount": "12"}, "row 1, field 'amount'", "got the text '12'", "without quotes"),
        ({"amount": True}, "row 1, field 'amount'", "got true", "number"),
        ({"amount": [1]}, "row 1, field 'amount'", "got a list", "number"),
        ({"amount": {}}, "row 1, field 'amount'", "got an object", "number"),
        ({"abroad": 1}, "row 1, field 'abroad'", "got the number 1", "true, false"),
        ({"shop": 5}, "row 1, field 'shop'", "got the number 5", '"5", in quotes'),
        ({"time": "yesterday"}, "row 1, field 'time'", "'yesterday'", "2026-01-31"),
        ({"time": 1e300}, "row 1, field 'time'", "1 to 9999", "2026-01-31"),
        ({"time": "0001-01-01T00:00:00+23:00"}, "row 1, field 'time'", "0001", "2026-01-31"),
        ({"amont": 1.0}, "row 1, field 'amont'", "unknown field; known: time, customer", "leave it out"),
    ],
)
def test_a_value_that_does_not_fit_names_row_and_field(
    client: Client, change: dict[str, Any], where: str, what: str, fix: str
) -> None:
    found = error(client.post(PATH, json={"row": ROW | change}), 422, "DataError")
    assert found["where"] == where and what in found["what"]
    assert fix in found["try"] or "amount" in found["try"]


def test_a_misspelt_field_names_the_nearest(client: Client) -> None:
    row = {("Amout" if k == "amount" else k): v for k, v in ROW.items()}
    found = error(client.post(PATH, json={"rows": [ROW, row]}), 422, "DataError")
    assert found["where"] == "row 2, field 'Amout'" and found["try"] == "did you mean 'amount'?"


def test_a_missing_field_is_named(client: Client) -> None:
    row = {k: v for k, v in ROW.items() if k != "amount"}
    found = error(client.post(PATH, json={"row": row}), 422, "DataError")
    assert found["where"] == "row 1, field 'amount'" and "a number" in found["try"]
    assert "6 fields are missing" in error(client.post(PATH, json={"row": {}}), 422, "DataError")["what"]


@pytest.mark.parametrize("rows", [[], {}, "x", 3, None, [3], [None], [[]]])
def test_rows_that_are_no_rows(client: Client, rows: Any) -> None:
    error(client.post(PATH, json={"rows": rows}), 422, "DataError")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "an object is wanted, got a list"),
        (b"3", "an object is wanted"),
        (b"{}", '"rows" or "row"'),
        (b'{"row": {}, "rows": []}', '"rows" or "row"'),
        (b'{"rwos": []}', "got rwos"),
        (b'{"row": {"amount": NaN}}', "NaN"),
        (b'{"row": {"amount": -Infinity}}', "NaN"),
        (b'{"row": {"amount": 1e400}}', "too large"),
        (b'{"row": {"amount": 1' + b"0" * 400 + b"}}", "too large"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"row": "\\ud800"}', "not valid JSON"),
    ],
)
def test_what_is_no_request_is_a_400(client: Client, body: bytes, what: str) -> None:
    found = error(client.post(PATH, content=body, headers=JSON), 400, "Refused")
    assert what in found["what"] and found["where"] == "body"


def test_deep_and_huge_values_are_refused_in_words(client: Client) -> None:
    deep = b'{"row": {"amount": ' + b"[" * 900 + b"]" * 900 + b"}}"
    assert client.post(PATH, content=deep, headers=JSON).status_code == 422
    huge = client.post(PATH, json={"row": ROW | {"amount": "9" * 100_000}})
    assert len(error(huge, 422, "DataError")["what"]) < 200
    assert client.post(PATH, json={"row": ROW | {"amount": 2**70}}).status_code == 200


def test_paths_methods_and_types(client: Client) -> None:
    assert error(client.post("/v1/models/frod/predict", json={}), 404, "NotFound")["try"] == "did you mean 'fraud'?"
    error(client.get("/v1/models/frod"), 404, "NotFound")
    error(client.get("/nothing/here"), 404, "NotFound")
    got = client.get(PATH)
    assert error(got, 405, "WrongMethod")["where"] == PATH and got.headers["allow"] == "POST"
    error(client.request("DELETE", "/healthz"), 405, "WrongMethod")
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        error(client.post(PATH, content=b"{}", headers={"content-type": kind}), 415, "WrongType")
    error(client.post(PATH, content=b"{}"), 415, "WrongType")
    error(client.post(PATH, content=b"x", headers=JSON | {"content-encoding": "gzip"}), 415, "WrongType")
    assert client.post(PATH, json={"row": ROW}, headers={"content-type": "application/json; charset=utf-8"}).is_success


def test_limits_of_rows_and_bytes_also_without_a_length(loaded: spine.Loaded) -> None:
    client = Client(make_app({"fraud": loaded}, Limits(rows=3, body_bytes=2000)))
    assert client.post(PATH, json={"rows": [ROW] * 3}).status_code == 200
    assert "4 rows, at most 3" in error(client.post(PATH, json={"rows": [ROW] * 4}), 413, "TooLarge")["what"]
    body = json.dumps({"rows": [ROW] * 50}).encode()
    assert "2,000 bytes" in error(client.post(PATH, content=body, headers=JSON), 413, "TooLarge")["what"]

    async def pieces() -> AsyncIterator[bytes]:
        for i in range(0, len(body), 100):
            yield body[i : i + 100]

    said = client.post(PATH, content=pieces(), headers=JSON)
    assert "content-length" not in said.request.headers
    error(said, 413, "TooLarge")


def ask_raw(app: Any, messages: list[dict[str, Any]], headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """One predict request, message by message; after the last one nothing more ever comes."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60)
        raise AssertionError("waited for the whole of it")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
             "root_path": "", "scheme": "http", "headers": headers, "http_version": "1.1"}  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_that_stops_coming_is_given_up(loaded: spine.Loaded) -> None:
    app = make_app({"fraud": loaded}, Limits(body_s=0.05))
    part = {"type": "http.request", "body": b'{"row":', "more_body": True}
    start, body = ask_raw(app, [part], [(b"content-type", b"application/json")])
    assert start["status"] == 408 and (b"connection", b"close") in start["headers"]
    assert json.loads(body["body"])["error"]["kind"] == "TooSlow"


def test_a_client_that_hangs_up_is_let_go(loaded: spine.Loaded) -> None:
    app = make_app({"fraud": loaded})
    assert ask_raw(app, [{"type": "http.disconnect"}], [(b"content-type", b"application/json")]) == []
    assert app.state.door.requests == 0


def test_more_requests_than_the_limit_are_told_to_come_again() -> None:
    go, asked = threading.Event(), threading.Event()

    def slow(state: State, batch: Batch) -> pa.Table:
        asked.set()
        assert go.wait(10)
        return double(state, batch)

    async def main() -> list[httpx.Response]:
        app = make_app({"m": fake(slow, ("x", "number"))}, Limits(requests=2))
        app.state.models["m"].batcher.took_s = 1.0  # as after a slow answer: so the next is given to the thread
        async with opened(app) as ask:
            one = [asyncio.create_task(ask.post("/v1/models/m/predict", json={"row": {"x": 1}})) for _ in range(2)]
            while not asked.is_set():
                await asyncio.sleep(0.01)
            third = await ask.post("/v1/models/m/predict", json={"row": {"x": 1}})
            go.set()
            return [third, *await asyncio.gather(*one)]

    third, *others = asyncio.run(main())
    error(third, 429, "Overloaded")
    assert third.headers["retry-after"] == "1" and [o.status_code for o in others] == [200, 200]


def test_an_answer_that_fails_its_check_is_refused(loaded: spine.Loaded) -> None:
    app = make_app({"m": fake(lambda s, b: answers.make("number", value=[np.nan]), ("x", "number"))})
    said = Client(app).post("/v1/models/m/predict", json={"row": {"x": 1}})
    assert said.status_code == 422 and "not finite" in said.json()["error"]["what"]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        JSONS,
        st.fixed_dictionaries({"rows": st.lists(JSONS, max_size=3)}),
        st.fixed_dictionaries({"row": st.fixed_dictionaries({name: JSONS for name in ROW})}),
    )
)
def test_no_body_makes_a_500(client: Client, body: Any) -> None:
    said = client.post(PATH, content=json.dumps(body), headers=JSON)
    assert said.status_code == 200 or (400 <= said.status_code < 500 and said.json()["error"]["what"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_no_bytes_make_a_500(client: Client, body: bytes) -> None:
    assert 400 <= client.post(PATH, content=body, headers=JSON).status_code < 500


# --- what the server says of itself ----------------------------------------------------------------------------------


def test_models_health_and_metrics(loaded: spine.Loaded) -> None:
    app = make_app({"fraud": loaded, "other": loaded})
    client = Client(app)
    about = client.get("/v1/models").json()["models"]
    assert [m["name"] for m in about] == ["fraud", "other"] and about[0]["answer"] == "classes"
    assert about[0] == client.get("/v1/models/fraud").json() and about[0]["run"] == loaded.facts["run"]
    assert [q["name"] for q in about[0]["questions"]] == list(ROW)
    assert client.post(about[1]["predict"], json=about[1]["example"]).status_code == 200
    client.post(PATH, json={"rows": [ROW] * 3})
    client.post(PATH, json={"rows": []})
    client.post("/v1/models/never/predict", json={})
    text = client.get("/metrics").text
    for line in (
        'mintmark_requests_total{model="fraud",status="200"} 1.0',
        'mintmark_requests_total{model="fraud",status="422"} 1.0',
        'mintmark_requests_total{model="",status="404"} 1.0',
        'mintmark_rows_total{model="fraud"} 3.0',
        'mintmark_request_seconds_count{model="fraud"} 2.0',
        "mintmark_requests_in_flight 0.0",
    ):
        assert line in text
    assert "never" not in text and "C01" not in text
    assert client.get("/healthz").json() == {"status": "ok"}
    app.state.door.closing = True
    assert client.get("/healthz").status_code == 503
    assert client.post(PATH, json={"row": ROW}).headers["connection"] == "close"


def test_openapi_describes_questions_and_answers_of_each_model(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert {PATH, "/v1/models", "/healthz", "/metrics"} <= set(document["paths"])
    schemas = document["components"]["schemas"]
    row = schemas["fraud.Question"]
    assert list(row["properties"]) == list(ROW) == row["required"] and row["additionalProperties"] is False
    assert row["properties"]["amount"] == {"type": ["number", "null"]}
    answer = client.post(PATH, json={"row": ROW}).json()["answers"][0]
    assert set(answer) == set(schemas["Answer.classes"]["properties"])
    assert schemas["Answer.classes"]["properties"]["probability"]["additionalProperties"]["type"] == ["number", "null"]
    responses = document["paths"][PATH]["post"]["responses"]
    assert {"200", "400", "408", "413", "415", "422", "429"} <= set(responses)


def test_rows_are_never_logged(
    loaded: spine.Loaded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    client = Client(make_app({"fraud": loaded}, log_requests=True))
    client.post(PATH, json={"row": ROW | {"customer": "SECRET"}})
    client.post(PATH, json={"row": ROW | {"amount": "SECRET"}})
    lines = [r.getMessage() for r in caplog.records if r.name == "mintmark.serving"]
    assert [line.split()[:3] for line in lines] == [["predict", "fraud", "200"], ["predict", "fraud", "422"]]
    assert "SECRET" not in " ".join(lines)


# --- the command -----------------------------------------------------------------------------------------------------


def test_names_of_models(tmp_path: Path) -> None:
    (tmp_path / "run-1" / "bundle").mkdir(parents=True)
    bundle = str(tmp_path / "run-1" / "bundle")
    assert list(named([bundle, f"fraud={bundle}"])) == ["run-1", "fraud"]
    with pytest.raises(RecipeError, match="two bundles have the name 'run-1'"):
        named([bundle, bundle])
    with pytest.raises(RecipeError, match="cannot be the name"):
        named([str(tmp_path / "with space" / "bundle")])


def test_a_port_in_use_is_said_plainly() -> None:
    first = listen("127.0.0.1", 0)
    try:
        with pytest.raises(MintmarkError, match="cannot listen.*--port"):
            listen("127.0.0.1", first.getsockname()[1])
    finally:
        first.close()
    with pytest.raises(RecipeError, match="no address of this machine"):
        listen("no.such.host.invalid", 0)
