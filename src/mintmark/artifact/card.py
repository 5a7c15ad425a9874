"""Card: what a bundle says of its model to other tools: a model card as Hugging Face reads it, and a bill of materials.

README.md is the card, with `model-index` in its head; bom.json is a CycloneDX 1.6 ML-BOM. Both are made from the record
as it is when the bundle is packed, are signed with it, and are never read back. No time stands in them: the same seed
makes the same bundle.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from mintmark.base import figures
from mintmark.base.record import Measured, RunRecord
from mintmark.base.version import __version__

CARD, BOM = "README.md", "bom.json"
NAMES = (CARD, BOM)
STAGES = ("evaluate.", "value.")
TASKS = {
    "tabular_classification": "tabular-classification", "tabular_regression": "tabular-regression",
    "forecasting": "time-series-forecasting", "text_generation": "text-generation",
}  # fmt: skip
"""names of tasks on the hub"""
MEASURES = ("unit", "better", "how", "source")


def cards(record: RunRecord, facts: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, bytes]:
    """File name -> content.   facts: those of the bundle; model: those of the model, which name its kind."""
    kind = str(model.get("model") or ("ensemble" if model.get("members") else record.task))
    written = {
        CARD: _card(record, facts, kind),
        BOM: json.dumps(_bom(record, facts, kind), indent=1, ensure_ascii=False),
    }
    return {name: text.encode("utf-8", "replace") for name, text in written.items()}


def _shown(record: RunRecord) -> list[Measured]:
    """Measures on the test rows: how good, and what is earned."""
    return [m for m in record.measures if m.name.startswith(STAGES) and m.unit not in ("s", "bytes", "J")]


def _dataset(record: RunRecord) -> str:
    """The name of the data, never the folder that they lay in."""
    said = record.recipe.get("data")
    return (PurePath(said).name if isinstance(said, str) else "") or "data"


# --- model card -------------------------------------------------------------------------------------------------------


def _card(record: RunRecord, facts: Mapping[str, Any], kind: str) -> str:
    task = TASKS.get(record.task, record.task.replace("_", "-"))
    title = f"{task} of {_plain(record.recipe.get('target') or _dataset(record))}"
    head = {
        "library_name": "mintmark", "pipeline_tag": task, "tags": ["mintmark", kind.replace("_", "-"), task],
        "metrics": [m.name.partition(".")[2] for m in _shown(record) if m.name.startswith("evaluate.")],
        "model-index": [{"name": record.run, "results": [_result(record, task)]}],
    }  # fmt: skip
    parts = [f"---\n{_yaml(head)}---", f"# {title}", *_body(record, facts, kind)]
    return "\n\n".join(parts) + "\n"


def _result(record: RunRecord, task: str) -> dict[str, Any]:
    dataset = {"name": _dataset(record), "type": "private", "split": "test", "args": {"data_hash": record.data_hash}}
    metrics = [
        {
            "type": m.name.partition(".")[2],
            "name": m.name,
            "value": m.value,
            "args": {"unit": m.unit, "source": m.source},
        }
        for m in _shown(record)
    ]
    return {"task": {"type": task, "name": record.task}, "dataset": dataset, "metrics": metrics}


def _body(record: RunRecord, facts: Mapping[str, Any], kind: str) -> Iterable[str]:
    rows = record.rows
    yield f"A model ({_plain(kind.replace('_', ' '))}) made by Mintmark {__version__}, run `{_plain(record.run)}`."
    yield "## Measures on the test rows\n\n" + _table(
        ("measure", "value", *MEASURES), ([m.name, figures.number(m.value), *_about(m)] for m in _shown(record))
    )
    yield "## What it is asked\n\n" + _table(
        ("column", "kind"), ([str(f.get("name", "")), str(f.get("type", ""))] for f in _fields(facts.get("questions")))
    )
    sizes = ", ".join(f"{n:,} {name}" for name, n in rows.items())
    yield f"## Training data\n\n{_plain(_dataset(record))}: {sizes} rows, divided by {_plain(record.split)}. " + (
        f"Data hash `{record.data_hash}`, test rows `{record.test_hash}`, recipe `{record.recipe_hash}`."
    )
    if record.notes:
        yield "## Worth knowing\n\n" + "\n".join(f"- {_plain(note)}" for note in record.notes)
    yield "## Use\n\n```bash\nmintmark verify FOLDER\nmintmark predict FOLDER rows.csv\nmintmark serve FOLDER\n```"
    yield (
        "The folder is signed (`model.sig`, OpenSSF model signing), this file with it. "
        "A machine-readable bill of materials is in `bom.json` (CycloneDX 1.6)."
    )


def _about(m: Measured) -> list[str]:
    return [m.unit, m.better, m.how, m.source]


def _fields(questions: Any) -> list[dict[str, Any]]:
    return [f for f in questions if isinstance(f, dict)] if isinstance(questions, list) else []


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([_plain(c) for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: Any) -> str:
    """One line that is neither markup nor a cell of its own."""
    line = " ".join(str(text).split())
    return "".join("\\" + c if c in "\\`*_{}[]<>|#" else c for c in line)


def _yaml(thing: Any, indent: int = 0) -> str:
    """YAML in its block form; keys are ours, and every text is quoted as JSON quotes it, which YAML reads the same."""
    pad = " " * indent
    if isinstance(thing, dict):
        return "".join(
            f"{pad}{key}:\n{_yaml(v, indent + 2)}"
            if isinstance(v, dict | list) and v
            else f"{pad}{key}: {_scalar(v)}\n"
            for key, v in thing.items()
        )
    made = ""
    for item in thing:
        inner = _yaml(item, indent + 2) if isinstance(item, dict | list) else f"{pad}  {_scalar(item)}\n"
        made += f"{pad}- {inner[indent + 2 :]}"
    return made


def _scalar(value: Any) -> str:
    """ASCII, so that no character of a text can end a line."""
    return json.dumps(value, allow_nan=False)


# --- bill of materials ------------------------------------------------------------------------------------------------


def _bom(record: RunRecord, facts: Mapping[str, Any], kind: str) -> dict[str, Any]:
    ref, data = f"model:{record.run}", f"data:{record.data_hash}"
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"mintmark:{record.run}:{record.recipe_hash}:{record.data_hash}")
    model = {
        "type": "machine-learning-model", "bom-ref": ref, "name": record.run, "version": record.recipe_hash or "0",
        "description": f"{record.task} of {record.recipe.get('target') or _dataset(record)}",
        "modelCard": _model_card(record, facts, kind, data),
    }  # fmt: skip
    packages = (facts.get("environment") or {}).get("packages") or {}
    libraries = [
        {"type": "library", "bom-ref": f"pkg:pypi/{n}@{v}", "name": n, "version": v, "purl": f"pkg:pypi/{n}@{v}"}
        for n, v in packages.items() if v != "not installed"
    ]  # fmt: skip
    dataset = {
        "type": "data", "bom-ref": data, "name": _dataset(record),
        "data": [{"type": "dataset", "name": _dataset(record), "classification": "private"}],
        "properties": [{"name": "mintmark:data_hash", "value": record.data_hash}],
    }  # fmt: skip
    tool = {"type": "application", "name": "mintmark", "version": __version__}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1,
        "metadata": {"tools": {"components": [tool]}, "component": model},
        "components": [dataset, *libraries],
        "dependencies": [{"ref": ref, "dependsOn": [data, *(x["bom-ref"] for x in libraries)]}],
    }  # fmt: skip


def _model_card(record: RunRecord, facts: Mapping[str, Any], kind: str, data: str) -> dict[str, Any]:
    parameters = {
        "approach": {"type": "self-supervised" if record.task == "text_generation" else "supervised"},
        "task": record.task, "modelArchitecture": kind, "datasets": [{"ref": data}],
        "inputs": [{"format": f"{f.get('name', '')}: {f.get('type', '')}"} for f in _fields(facts.get("questions"))],
        "outputs": [{"format": str(facts.get("answer", ""))}],
    }  # fmt: skip
    told = [{"name": "mintmark:note", "value": note} for note in record.notes]
    told += [{"name": f"mintmark:{n}", "value": str(getattr(record, n))} for n in ("split", "recipe_hash", "test_hash")]
    return {
        "modelParameters": parameters,
        "quantitativeAnalysis": {"performanceMetrics": _metrics(record)},
        "properties": told,
    }


def _metrics(record: RunRecord) -> list[dict[str, Any]]:
    """Values as texts, as the format has them; the interval of the money with it."""
    by_name = {m.name: m for m in record.measures}
    made = []
    for m in _shown(record):
        one: dict[str, Any] = {"type": m.name, "value": repr(m.value), "slice": "test"}
        low, high = by_name.get(f"{m.name}.low"), by_name.get(f"{m.name}.high")
        if low and high:
            one["confidenceInterval"] = {"lowerBound": repr(low.value), "upperBound": repr(high.value)}
        made.append(one)
    return made
