"""What a bundle says of itself: a model card that the hub reads, a bill of materials by its schema, both signed."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mintmark import spine
from mintmark.artifact import bundle, card, sign, signature
from mintmark.base.errors import BundleError
from mintmark.base.record import Measured, RunRecord
from mintmark.base.state import State

HOSTILE = "a: [b] | <script>alert(1)</script> # ' \" \\ {x} %s \u2028 --- \x85 \ud800 中文"
FACTS: dict[str, Any] = {
    "answer": "classes",
    "questions": [{"name": HOSTILE, "kind": "number", "type": "double"}, {"name": "shop", "kind": "text"}],
    "environment": {"packages": {"numpy": "2.3.1", "torch": "not installed"}},
}


def record(text: str = HOSTILE) -> RunRecord:
    made = RunRecord("abc-1", "tabular_classification", "1" * 64, "2" * 64, "3" * 64, "2026-02-03T04:05:06+00:00")
    made.recipe = {"data": f"/home/someone/{text.replace('/', '')}.csv", "target": text}
    made.rows, made.split, made.notes = {"all": 120, "test": 24}, "time", [text, f"line\nbreak {text}"]
    made.add(Measured("roc_auc", 0.875, "1", "up", source=text), Measured("wall", 2.5, "s"), stage="evaluate")
    made.add(
        Measured("per_case", -3.25, "EUR", "up"), Measured("per_case.low", -4.5, "EUR", "up"),
        Measured("per_case.high", -2.0, "EUR", "up"), stage="value",
    )  # fmt: skip
    return made


def head(text: str) -> dict[str, Any]:
    """The YAML that stands before a model card."""
    found = re.match(r"---\n(.*?)\n---\n", text, re.S)
    assert found
    read: dict[str, Any] = yaml.safe_load(found[1])
    return read


@pytest.mark.parametrize("text", ["Class", HOSTILE])
def test_the_card_has_the_hubs_fields_and_the_records_figures(text: str) -> None:
    made = record(text)
    readme = card.cards(made, FACTS, {"model": "lightgbm"})[card.CARD].decode()
    about = head(readme)
    assert (about["library_name"], about["pipeline_tag"]) == ("mintmark", "tabular-classification")
    assert about["metrics"] == ["roc_auc"]
    (index,) = about["model-index"]
    (result,) = index["results"]
    assert index["name"] == "abc-1" and result["task"]["type"] == "tabular-classification"
    assert result["dataset"]["name"].endswith(".csv") and result["dataset"]["type"]
    said = {m["name"]: m["value"] for m in result["metrics"]}
    assert said == {
        "evaluate.roc_auc": 0.875, "value.per_case": -3.25, "value.per_case.low": -4.5, "value.per_case.high": -2.0,
    }  # fmt: skip
    assert all(m["type"] and m["args"]["unit"] for m in result["metrics"])
    assert "/home/someone" not in readme


def test_no_text_of_a_user_is_markup_in_the_card() -> None:
    readme = card.cards(record(), FACTS, {})[card.CARD].decode()
    body = readme.split("\n---\n", 1)[1]
    assert "<script" not in body.replace("\\<", "") and not re.search(r"(?<!\\)\[b", body)
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 7}, "a bar in a text is no new cell"
    assert body.count("\n- ") == 2, "a note is one item, whatever lines it has"


def test_the_hub_reads_it() -> None:
    hub = pytest.importorskip("huggingface_hub")
    text = card.cards(record(), FACTS, {})[card.CARD].decode()
    data = hub.ModelCard(text).data
    assert [(r.metric_type, r.metric_value) for r in data.eval_results][0] == ("roc_auc", 0.875)
    assert data.eval_results[0].task_type == "tabular-classification" and data.model_name == "abc-1"


@pytest.mark.parametrize("text", ["Class", HOSTILE])
def test_the_bill_of_materials_is_valid_cyclonedx(text: str) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    content = card.cards(record(text), FACTS, {"model": "lightgbm"})[card.BOM].decode()
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None


def test_the_bill_of_materials_says_what_the_record_says() -> None:
    """The fields as CycloneDX 1.6 names them; values of metrics are texts there."""
    bom = json.loads(card.cards(record(), FACTS, {"model": "lightgbm"})[card.BOM])
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bom["serialNumber"])
    model = bom["metadata"]["component"]
    assert (model["type"], model["name"]) == ("machine-learning-model", "abc-1")
    parameters = model["modelCard"]["modelParameters"]
    assert parameters["approach"] == {"type": "supervised"} and parameters["modelArchitecture"] == "lightgbm"
    metrics = {m["type"]: m for m in model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]}
    assert metrics["evaluate.roc_auc"]["value"] == "0.875"
    assert metrics["value.per_case"]["confidenceInterval"] == {"lowerBound": "-4.5", "upperBound": "-2.0"}
    kinds = {c["name"]: c["type"] for c in bom["components"]}
    assert kinds["numpy"] == "library" and "torch" not in kinds and "data" in kinds.values()
    (dataset,) = parameters["datasets"]
    assert dataset["ref"] in {c["bom-ref"] for c in bom["components"]}
    refs = [c["bom-ref"] for c in [model, *bom["components"]]]
    assert len(set(refs)) == len(refs) and set(bom["dependencies"][0]["dependsOn"]) <= set(refs)


def test_the_same_record_makes_the_same_cards_whenever() -> None:
    later = record()
    later.started = "2031-01-01T00:00:00+00:00"
    assert card.cards(record(), FACTS, {}) == card.cards(later, FACTS, {})


def test_cards_are_signed_with_the_bundle_and_never_read_back(tmp_path: Path) -> None:
    states = {n: State(facts={"n": n}) for n in bundle.STATES}
    packed = bundle.Bundle({"task": "coin"}, **states, cards=card.cards(record(), FACTS, {}))
    bundle.save(packed, tmp_path / "b", sign.signer())
    files = bundle.verify(tmp_path / "b", sign.trust())
    assert set(card.NAMES) < files.keys() and signature.NAME in files
    loaded = bundle.load(tmp_path / "b", sign.trust())
    assert loaded.facts["task"] == "coin" and loaded.cards == {} and loaded.model.facts == {"n": "model"}
    (tmp_path / "b" / card.CARD).write_text("better than it is")
    with pytest.raises(BundleError, match=r"README\.md was altered"):
        bundle.load(tmp_path / "b", sign.trust())


def test_a_run_packs_them(tmp_path: Path) -> None:
    from mintmark import tasks
    from mintmark.recipe import schema

    task = tasks.get("tabular_classification")
    raw = {"task": "tabular_classification", **task.starter} | {"settings": {"model": "decision_tree"}}
    made = spine.run(schema.parse(raw, "card"), tmp_path, task.example(np.random.default_rng(0)))
    about = head((tmp_path / "bundle" / card.CARD).read_text(encoding="utf-8"))
    said = {m["name"]: m["value"] for m in about["model-index"][0]["results"][0]["metrics"]}
    assert said["evaluate.roc_auc"] == made.get("evaluate.roc_auc") and said["value.per_case"] == made.get(
        "value.per_case"
    )
    assert spine.load(tmp_path / "bundle").facts["task"] == "tabular_classification"
