"""The page of `mintmark risk`: it stands alone, says the same in both languages, and hostile texts do nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_report import HOSTILE, page, stands_alone, text_of

from mintmark.base import words
from mintmark.capital.register import live, risk
from mintmark.report import paper as whole
from mintmark.report import risk as paper
from mintmark.report import script

BAD = HOSTILE.replace("\ud800", "")
"""as a file can hold it"""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """A result with every part, and hostile texts wherever one of the user's can stand."""
    told = {"cause": BAD, "event": BAD, "effect": BAD, "owner": BAD, "contingency": BAD}
    drift = told | {
        "kind": "technical", "probability": {"low": 0.1, "high": 0.4, "source": BAD}, "impact": 900,
        "controls": [{"name": f"c{BAD}", "probability_left": 0.5, "cost": 1}],
        "indicator": {"name": BAD, "watch": "psi:a", "rows": 900}, "trigger": {"action": "fallback", "fallback": "r"},
    }  # fmt: skip
    odd = told | {"kind": "legal", "probability": 0.2, "impact": "5 USD",
                  "indicator": {"chart": "cusum", "mean": 0, "sd": 1, "values": [0, 9, 9]}}  # fmt: skip
    tree = {"decision": {BAD: {"chance": {"x": {"p": 0.5, "value": 1}, BAD: {"p": 0.5, "value": -3}}}, "no": 0}}
    raw = {
        "name": BAD, "currency": "EUR", "fx": {"USD": {"rate": 0.9, "dated": "2020"}}, 
        "plan": {"cash": 500, "spending": 9},
        "risks": {"drift": drift, "odd": odd}, "decisions": {"d": {"question": BAD, "tree": tree}},
        "act": {"uses": ["credit_scoring"], "general_purpose": True, "training_flops": 2e25},
    }  # fmt: skip
    answer = {
        "model": BAD,
        "action": "fallback",
        "triggers": [{"name": BAD, "watch": BAD, "limit": BAD, "value": 0.4, "rows": 9, "state": "fired"}],
    }
    return risk(raw, samples=2000) | {"live": live(answer, "x")}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_stands_alone_and_has_every_part(made: dict[str, Any], lang: str, tmp_path: Path) -> None:
    path = whole.write(tmp_path / "risk.html", paper.html(made, words.language(lang)))
    stands_alone(path, [script.plotly(), script.OURS])
    root = page(path)
    assert root.get("lang") == ("en" if lang == "en" else "zh-CN")
    assert [s.get("id") for s in root.findall(".//section")] == [
        "heat", "ranked", "controls", "decisions", "indicators", "live", "register", "act", "notes", "method",
    ]  # fmt: skip
    assert text_of(root).count("<script>alert(1)</script>") > 4, "it is shown as what it is"
    for plot in root.findall(".//*[@data-figure]"):
        assert "<script" not in json.dumps(json.loads(plot.get("data-figure", "")))
    p80 = words.Language(lang).money(float(f"{made['reserve']['p80']:.4g}"), "EUR")
    assert p80 in root.findtext(".//p[@class='lead']", ""), "first of all, what to set aside"
    places = [td for td in root.findall(".//table[@class='heat']/tbody/tr/td") if td.find("b") is not None]
    assert sum(len(td.findall("b")) for td in places) == 2, "each risk has its place on the map"
