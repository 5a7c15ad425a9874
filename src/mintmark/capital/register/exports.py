"""Exports: a register as others read it: the NIST AI RMF, the AI Act of the European Union, an OSCAL plan of action."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mintmark.base.version import __version__

OSCAL = "1.1.2"
NAMESPACE = uuid.UUID("6d696e74-6d61-726b-9000-7269736b7321")
RATINGS, OURS = "http://csrc.nist.gov/ns/oscal", "http://csrc.nist.gov/ns/oscal/unknown"
"""naming systems of OSCAL: its own names of ratings, and names that the tool gave"""
FACETS = {"likelihood": RATINGS, "impact": RATINGS, "expected-loss": OURS}
SUBCATEGORIES = {
    "GOVERN 2.1": "roles and responsibilities for the risk are clear",
    "MAP 1.1": "purposes, settings and what is assumed of risks are understood",
    "MAP 5.1": "likelihood and magnitude of the impact are documented",
    "MEASURE 1.1": "a metric of the risk is chosen",
    "MEASURE 2.4": "the behaviour of the system is monitored in production",
    "MEASURE 3.1": "the risk is tracked over time",
    "MANAGE 1.2": "the risk is prioritised by impact, likelihood and means",
    "MANAGE 1.3": "a response is developed and documented",
    "MANAGE 2.4": "the system is superseded or stopped when it must be",
    "MANAGE 4.1": "monitoring after deployment follows a plan",
    "MANAGE 4.3": "what is done about an incident, and the way back, are written down",
}
"""of NIST AI 100-1, 2023, in short -> what it wants"""
BY_KIND = {"legal": "GOVERN 1.1", "funding": "MANAGE 2.1", "market": "MAP 3.1", "technical": "MEASURE 2.5"}
BY_SIGNAL = {"overfitting": "MEASURE 2.5", "calibration": "MEASURE 2.5", "concentration": "MAP 3.1",
             "reuse": "MEASURE 2.1", "drift": "MEASURE 2.4"}  # fmt: skip


def write(said: Mapping[str, Any], folder: Path, now: datetime | None = None) -> list[Path]:
    """All exports of a result of `risk`, in a folder.   Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, export in EXPORTS.items():
        path = folder / name
        content = json.dumps(export(said, now or datetime.now(UTC)), ensure_ascii=False, indent=1)
        path.write_text(content + "\n", encoding="utf-8")
        made.append(path)
    return made


def nist(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Risk by risk, which outcomes of the NIST AI RMF the register gives evidence of, and which it lacks."""
    risks = []
    for r in said["risks"]:
        have = dict(_evidence(said, r))
        risks.append({
            "id": r["id"], "event": r["event"], "kind": r["kind"],
            "related": sorted({BY_KIND[r["kind"]], *([BY_SIGNAL[r["signal"]]] if r["signal"] else [])}),
            "evidence": [{"subcategory": s, "outcome": SUBCATEGORIES[s], "from": e} for s, e in have.items()],
            "missing": [{"subcategory": s, "outcome": t} for s, t in SUBCATEGORIES.items() if s not in have],
        })  # fmt: skip
    return {"framework": "NIST AI 100-1 (AI RMF 1.0), January 2023", "system": said["name"], "made": _iso(now),
            "risks": risks}  # fmt: skip


def _evidence(said: Mapping[str, Any], r: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if r["owner"]:
        yield "GOVERN 2.1", f"owner: {r['owner']}"
    if r["cause"]:
        yield "MAP 1.1", f"cause: {r['cause']}"
    yield "MAP 5.1", f"probability {r['probability']:.3g}, impact {r['impact']:.4g} {said['currency']} ({r['how']})"
    if r["indicator"]:
        yield "MEASURE 1.1", f"indicator: {r['indicator']['label']}"
        yield "MEASURE 3.1", f"chart: {r['indicator']['chart']}, one false alarm in {r['indicator']['one_in']:g}"
    if r["trigger"]:
        yield "MEASURE 2.4", f"trigger: {r['indicator']['watch']}"
        yield "MANAGE 4.1", "monitor.toml"
        if r["trigger"]["action"] != "warn":
            yield "MANAGE 2.4", f"action: {r['trigger']['action']} {r['trigger']['fallback']}".strip()
    yield (
        "MANAGE 1.2",
        f"expected loss {r['expected']:.4g} {said['currency']}, place {r['place']['chance']} x {r['place']['impact']}",
    )
    if controls := [c["name"] for c in said["controls"] if c["risk"] == r["id"]]:
        yield "MANAGE 1.3", f"controls: {', '.join(controls)}"
    if r["contingency"]:
        yield "MANAGE 4.3", f"contingency: {r['contingency']}"


def eu_act(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Class of the system with its reasons; null where the register has no [act]."""
    of = said["act"]
    plain = of and {
        "class": of["class"], "reasons": [r["said"] for r in of["reasons"]],
        "model": of["model"] and {"class": of["model"]["class"],
                                  "reasons": [r["said"] for r in of["model"]["reasons"]]},
    }  # fmt: skip
    return {"regulation": "(EU) 2024/1689, as amended by (EU) 2026/1744", "system": said["name"], "made": _iso(now),
            "result": plain}  # fmt: skip


def oscal(said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A plan of action and milestones: a risk for each risk, a remediation for each control, an item for each."""
    name, tool = _line(said["name"] or "register of risks"), _id("mintmark", "tool")
    assets = {
        "components": [{"uuid": tool, "type": "software", "title": f"mintmark {__version__}",
                        "description": "It worked out likelihood, impact and expected loss.",
                        "status": {"state": "operational"}}],
        "assessment-platforms": [{"uuid": _id("mintmark", "platform"), "title": "mintmark risk"}],
    }  # fmt: skip
    items = [
        {"uuid": _id(name, "item", r["id"]), "title": _line(r["event"]),
         "description": r["contingency"] or r["effect"] or r["event"],
         "related-risks": [{"risk-uuid": _id(name, "risk", r["id"])}]}
        for r in said["risks"]
    ]  # fmt: skip
    metadata = {"title": f"Plan of action and milestones: {name}", "last-modified": _iso(now),
                "version": _iso(now)[:10], "oscal-version": OSCAL}  # fmt: skip
    return {"plan-of-action-and-milestones": {
        "uuid": _id(name, "plan"), "metadata": metadata, "system-id": {"id": _id(name, "system")},
        "local-definitions": {"assessment-assets": assets},
        "risks": [_oscal_risk(said, r, name, tool) for r in said["risks"]], "poam-items": items,
    }}  # fmt: skip


def _oscal_risk(said: Mapping[str, Any], r: Mapping[str, Any], name: str, tool: str) -> dict[str, Any]:
    controls = [c for c in said["controls"] if c["risk"] == r["id"]]
    facets = {"likelihood": f"{r['probability']:.6g}", "impact": f"{r['impact']:.6g} {said['currency']}",
              "expected-loss": f"{r['expected']:.6g} {said['currency']}"}  # fmt: skip
    made: dict[str, Any] = {
        "uuid": _id(name, "risk", r["id"]), "title": _line(r["event"]), "description": r["cause"] or r["event"],
        "statement": r["effect"] or r["event"],
        "status": "remediating" if any(not c["in_place"] for c in controls) else "open",
        "characterizations": [{
            "origin": {"actors": [{"type": "tool", "actor-uuid": tool}]},
            "facets": [{"name": n, "system": FACETS[n], "value": v} for n, v in facets.items()],
        }],
    }  # fmt: skip
    if controls:
        made["remediations"] = [
            {"uuid": _id(name, "control", r["id"], c["name"]),
             "lifecycle": "completed" if c["in_place"] else "planned",
             "title": _line(c["name"]),
             "description": f"worth {c['worth']:.6g} {said['currency']} over the plan, cost {c['cost']:.6g}"}
            for c in controls
        ]  # fmt: skip
    return made


def _id(*names: str) -> str:
    """The same for the same names; version 5 as OSCAL wants it."""
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))


def _line(text: str) -> str:
    """On one line, as OSCAL wants a title."""
    return " ".join(text.split()) or "–"


def _iso(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


EXPORTS: dict[str, Callable[[Mapping[str, Any], datetime], dict[str, Any]]] = {
    "nist_ai_rmf.json": nist, "eu_ai_act.json": eu_act, "oscal_poam.json": oscal,
}  # fmt: skip
