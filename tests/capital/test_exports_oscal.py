"""Exports to OSCAL: held against NIST's schema of a plan of action and milestones, reduced to what is written."""

import copy
import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from mintmark.capital import register
from mintmark.capital.register.exports import oscal

SCHEMA = json.loads((Path(__file__).parents[1] / "fixtures" / "oscal_poam_1_1_2.schema.json").read_text("utf-8"))
CHECK = Draft7Validator(SCHEMA)
RECIPE = Path(__file__).parents[2] / "recipes" / "q05_risk.toml"
NOW = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)
ONE = {
    "kind": "risk", "currency": "EUR", "plan": {"months": 12, "cash": 5000, "spending": 100},
    "risks": {"a": {"kind": "technical", "event": "it breaks", "probability": 0.2, "impact": 1000}},
}  # fmt: skip
REGISTERS = {
    "q05_risk": tomllib.loads(RECIPE.read_text(encoding="utf-8")), "starter": tomllib.loads(register.STARTER),
    "one risk, no controls": ONE,
}  # fmt: skip


def plan(raw: dict[str, Any]) -> dict[str, Any]:
    return oscal(register.risk(raw, samples=1000), NOW)


def wrong(made: dict[str, Any]) -> list[str]:
    return [f"{e.json_path}: {e.message}" for e in CHECK.iter_errors(made)]


@pytest.fixture(scope="module", params=REGISTERS, ids=str)
def made(request: pytest.FixtureRequest) -> dict[str, Any]:
    return plan(REGISTERS[request.param])


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """The plan of the shipped register, whose risks have controls that are there and that are not."""
    return plan(REGISTERS["q05_risk"])


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_what_is_exported_is_oscal(made: dict[str, Any]) -> None:
    assert wrong(json.loads(json.dumps(made))) == []


def test_what_the_schema_leaves_open_has_a_name_of_nist(made: dict[str, Any]) -> None:
    """Status, lifecycle and naming systems may be any token or URI there; ours are those that every reader knows."""
    of = made["plan-of-action-and-milestones"]
    cycles = [m["lifecycle"] for r in of["risks"] for m in r.get("remediations", [])]
    systems = [f["system"] for r in of["risks"] for c in r["characterizations"] for f in c["facets"]]
    assert set(cycles) <= named("response", "lifecycle") and set(systems) <= named("facet", "system")
    assert {r["status"] for r in of["risks"]} <= named("risk", "status")


def named(definition: str, key: str) -> set[str]:
    (values,) = (a["enum"] for a in SCHEMA["definitions"][definition]["properties"][key]["anyOf"] if "enum" in a)
    return set(values)


def test_what_is_referred_to_is_there_and_no_identifier_comes_twice(made: dict[str, Any]) -> None:
    of = made["plan-of-action-and-milestones"]
    own = [value for key, value in walk(of) if key == "uuid"]
    assert len(own) == len(set(own))
    assert {i["related-risks"][0]["risk-uuid"] for i in of["poam-items"]} == {r["uuid"] for r in of["risks"]}
    tools = {c["uuid"] for c in of["local-definitions"]["assessment-assets"]["components"]}
    assert {value for key, value in walk(of) if key == "actor-uuid"} == tools


def walk(of: Any) -> Iterator[tuple[str, Any]]:
    for key, value in of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ():
        yield str(key), value
        yield from walk(value)


def test_risks_of_two_systems_with_the_same_names_are_two() -> None:
    made = (plan(ONE | {"name": name})["plan-of-action-and-milestones"] for name in ("fraud", "churn", "fraud"))
    first, second, again = (of["risks"][0]["uuid"] for of in made)
    assert first == again != second


def test_titles_are_of_one_line() -> None:
    raw = copy.deepcopy(ONE) | {"name": " fraud\nmodel "}
    raw["risks"]["a"] |= {"event": "it breaks\non a Monday\n", "controls": [{"name": "a\nb", "impact_left": 0.5}]}
    made = plan(raw)
    titles = [value for key, value in walk(made) if key == "title"]
    assert wrong(made) == [] and not any("\n" in t for t in titles)
    assert {"it breaks on a Monday", "a b", "Plan of action and milestones: fraud model"} <= set(titles)


Spoil = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda p: p["risks"][0].pop("statement"), "'statement' is a required property"),
        (lambda p: p.pop("poam-items"), "'poam-items' is a required property"),
        (lambda p: p["poam-items"].clear(), "[] should be non-empty"),
        (lambda p: p["risks"][0].update(uuid="6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "risks[0].uuid"),
        (lambda p: p["risks"][0].update(status="in progress"), "risks[0].status"),
        (lambda p: p["risks"][0]["remediations"][0].update(lifecycle="to do"), "remediations[0].lifecycle"),
        (lambda p: p["risks"][0].update(owner="data science"), "'owner' was unexpected"),
        (lambda p: p["risks"][0]["characterizations"][0]["facets"][0].update(value=0.5), "facets[0].value"),
        (lambda p: p["risks"][0]["characterizations"][0]["facets"][0].update(system="ours"), "facets[0].system"),
        (lambda p: p["metadata"].update({"last-modified": "2026-11-30T08:15:00"}), "last-modified"),
        (lambda p: p["local-definitions"]["assessment-assets"]["components"][0]["status"].update(state="on"), "state"),
    ],
)  # fmt: skip
def test_a_planted_mistake_is_found(whole: dict[str, Any], spoil: Spoil, where: str) -> None:
    spoiled = copy.deepcopy(whole)
    spoil(spoiled["plan-of-action-and-milestones"])
    found = wrong(spoiled)
    assert len(found) == 1 and where in found[0], found
