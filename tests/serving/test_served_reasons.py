"""Reasons of served answers: they come to what is answered, and a model that has none says so."""

import asyncio
import math
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import writer
from contract import loaded, recipe_of, source_of
from served import ROW, double, fake

from mintmark import spine
from mintmark.data import rows as table
from mintmark.serving import make_app

PATH = "/v1/models/m/predict"
SMALL = {"n_estimators": 15}


def ask(model: spine.Loaded, *bodies: Any) -> list[httpx.Response]:
    """All at the same time."""

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_app({"m": model}), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return list(await asyncio.gather(*(client.post(PATH, json=body) for body in bodies)))

    return asyncio.run(main())


@pytest.fixture(scope="module")
def fraud(tmp_path_factory: pytest.TempPathFactory) -> spine.Loaded:
    """Two classes, calibrated, decided by money."""
    return loaded("tabular_classification", tmp_path_factory.mktemp("r"), settings=SMALL | {"positive": "fraud"})


def rows(name: str, n: int) -> list[dict[str, Any]]:
    made = source_of(name).drop(["target"]).table().slice(200, n).to_pylist()
    return [r | {"time": r["time"].isoformat()} for r in made]


def total(reasons: dict[str, Any]) -> float:
    return float(reasons["base"] + sum(c["adds"] for c in reasons["columns"]) + reasons["others"])


def test_they_come_to_the_log_odds_that_are_answered_and_change_no_answer(fraud: spine.Loaded) -> None:
    asked = rows("tabular_classification", 60)
    plain, told = ask(fraud, {"rows": asked}, {"rows": asked, "reasons": 3})
    assert told.status_code == 200, told.text
    for bare, one in zip(plain.json()["answers"], told.json()["answers"], strict=True):
        reasons = one.pop("reasons")
        assert one == bare and reasons["of"] == "fraud" and reasons["unit"] == "log odds"
        p = one["probability"]["fraud"]
        assert total(reasons) == pytest.approx(math.log(p / (1 - p)), abs=1e-6)
        sizes = [abs(c["adds"]) for c in reasons["columns"]]
        assert 0 < len(sizes) <= 3 and sizes == sorted(sizes, reverse=True)
        assert {c["column"] for c in reasons["columns"]} <= set(ROW)
    named = {c["column"] for a in told.json()["answers"] for c in ask(fraud, {"row": asked[0], "reasons": 9})[0].json()
             ["answers"][0]["reasons"]["columns"]}  # fmt: skip
    assert {"customer", "amount"} <= named  # these data are made so


def test_of_more_than_two_classes_they_are_of_the_likeliest(tmp_path: Path) -> None:
    source = source_of("tabular_classification")
    names = np.array([f"c{v}" for v in np.digitize(source.table()["amount"].to_numpy(), [12, 40])])
    settings = SMALL | {"ignore": ["amount"], "model": "logistic_regression"}
    content = dict(zip(source.names, source.table().columns, strict=True)) | {"target": names}
    model = loaded("tabular_classification", tmp_path, table.of(content), settings=settings, payoff=None)
    asked = [{k: v for k, v in row.items() if k != "amount"} for row in rows("tabular_classification", 30)]
    for one in ask(model, {"rows": asked, "reasons": 2})[0].json()["answers"]:
        logs = {c: math.log(p) for c, p in one["probability"].items()}
        likeliest = max(logs, key=logs.__getitem__)
        assert one["reasons"]["of"] == likeliest and len(logs) == 3
        mean = sum(logs.values()) / 3
        assert total(one["reasons"]) == pytest.approx(logs[likeliest] - mean, abs=1e-6)


def test_of_a_number_they_come_to_the_number_as_it_is_answered(tmp_path: Path) -> None:
    model = loaded("tabular_regression", tmp_path, settings=SMALL)
    assert model.decision.facts["shift"] != 0  # what is dear to fall short of is shifted up
    for one in ask(model, {"rows": rows("tabular_regression", 40), "reasons": 4})[0].json()["answers"]:
        assert total(one["reasons"]) == pytest.approx(one["value"], abs=1e-6) and one["reasons"]["of"] == "value"


def test_each_request_gets_as_many_as_it_wants(fraud: spine.Loaded) -> None:
    asked = rows("tabular_classification", 6)
    bodies = [{"row": row, "reasons": i} for i, row in enumerate(asked)]
    alone = [ask(fraud, body)[0].json() for body in bodies]
    together = [said.json() for said in ask(fraud, *bodies)]
    assert "reasons" not in together[0]["answers"][0]
    for i, (one, other) in enumerate(zip(alone, together, strict=True)):
        if i:
            found, wanted = other["answers"][0]["reasons"], one["answers"][0]["reasons"]
            assert len(found["columns"]) == min(i, len(wanted["columns"])) <= i
            assert total(found) == pytest.approx(total(wanted), abs=1e-9)


@pytest.mark.parametrize("name", ["random_forest", "text", "number"])
def test_a_model_without_reasons_says_so(name: str, tmp_path: Path) -> None:
    if name == "random_forest":
        settings = SMALL | {"positive": "fraud", "model": name}
        model, row = loaded("tabular_classification", tmp_path, settings=settings), ROW
    else:
        model = writer.loaded() if name == "text" else fake(double, ("x", "number"))
        row = {"prompt": "a"} if name == "text" else {"x": 1}
    plain, told = ask(model, {"row": row}, {"row": row, "reasons": 1})
    assert plain.status_code == 200 and told.status_code == 409
    error = told.json()["error"]
    assert error["kind"] == "NoReasons" and error["where"] == "reasons" and "lightgbm" in error["try"]
    if name == "random_forest":
        assert "random_forest" in error["what"]


def test_a_forecast_has_none(tmp_path: Path) -> None:
    spine.run(recipe_of("forecasting"), tmp_path, source_of("forecasting"))
    model = spine.load(tmp_path / "bundle")
    row = source_of("forecasting").drop(["target"]).table().slice(0, 1).to_pylist()[0]
    row = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}
    assert ask(model, {"row": row, "reasons": 1})[0].status_code == 409


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"row": ROW, "reasons": -1}, 400, "reasons"),
        ({"row": ROW, "reasons": True}, 400, "reasons"),
        ({"row": ROW, "reasons": "3"}, 400, "reasons"),
        ({"row": ROW, "reasons": 1.0}, 400, "reasons"),
        ({"row": ROW, "reasons": 101}, 400, "reasons"),
        ({"rows": [ROW] * 1001, "reasons": 1}, 413, "rows"),
        ({"row": ROW, "reason": 3}, 400, "body"),
        ({"reasons": 3}, 400, "body"),
        ({"row": ROW, "rows": [ROW], "reasons": 3}, 400, "body"),
        ({"row": ROW, "case": 3}, 400, "cases"),
        ({"row": ROW, "case": ""}, 400, "cases"),
        ({"row": ROW, "case": "x" * 201}, 400, "cases"),
        ({"rows": [ROW], "case": "a"}, 400, "cases"),
        ({"rows": [ROW, ROW], "cases": ["a"]}, 400, "cases"),
        ({"rows": [ROW], "cases": "a"}, 400, "cases"),
    ],
)
def test_what_is_asked_in_a_wrong_way(fraud: spine.Loaded, body: Any, status: int, where: str) -> None:
    said = ask(fraud, body)[0]
    assert said.status_code == status and said.json()["error"]["where"] == where, said.text


def test_cases_are_taken_and_events_have_none(fraud: spine.Loaded) -> None:
    said = ask(fraud, {"row": ROW, "case": "A-17"}, {"rows": [ROW, ROW], "cases": ["a", "b"], "reasons": 1})
    assert [s.status_code for s in said] == [200, 200]

    async def event() -> httpx.Response:
        transport = httpx.ASGITransport(make_app({"m": fraud}))
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return await client.post("/v1/models/m/events", json={"row": ROW, "reasons": 1})

    assert asyncio.run(event()).status_code == 400


def test_openapi_and_the_model_tell_whether_there_are_reasons(fraud: spine.Loaded) -> None:
    async def read(model: spine.Loaded) -> tuple[Any, Any]:
        transport = httpx.ASGITransport(make_app({"m": model}))
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
            return (await client.get("/openapi.json")).json(), (await client.get("/v1/models/m")).json()

    for model, has in ((fraud, True), (fake(double, ("x", "number")), False)):
        document, about = asyncio.run(read(model))
        asked = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
        assert about["reasons"] is has and all(("reasons" in way["properties"]) is has for way in asked)
        assert all(way["required"] in (["row"], ["rows"]) for way in asked)
        assert any(name.startswith("Explained.") for name in document["components"]["schemas"]) is has
