"""The page of `mintmark value`: it stands alone, says the same in both languages, and hostile texts do nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_report import HOSTILE, page, stands_alone, text_of

from mintmark.base import words
from mintmark.base.record import Measured, RunRecord
from mintmark.capital.value import known, realised, value
from mintmark.report import script
from mintmark.report import value as paper

BAD = HOSTILE.replace("\ud800", "")
"""as a file can hold it"""
SRC = Path(words.__file__).parents[1]


def said(folder: Path) -> dict[str, Any]:
    """A result with every part, and hostile texts wherever one of the user's can stand."""
    pd.DataFrame({"variant": ["control", "model"] * 40, "value": range(80)}).to_csv(folder / "t.csv", index=False)
    unsure = {"low": 1, "mode": 2, "high": 4, "source": BAD}
    plan = {
        "currency": "EUR", "cases": {"per_year": {**unsure, "low": 0}}, "costs": {"build": 9, "run_per_year": unsure},
        "accuracy": {"holds": {"low": 0.1, "high": 0.9}, "per_case": unsure}, "data": {"cost_per_row": 0.1},
        "fx": {"USD": {"rate": 0.9, "dated": "2020"}}, "labour": {"hours_per_year": 3, "wage_per_hour": "4 USD"},
        "experiment": {"rate": 0.1, "relative_effect": 0.1, "looks": 3, "look": 1, "data": "t.csv", "users_per_day": 9},
    }  # fmt: skip
    values = {"per_case": 1.0, "do_nothing": 0.2, "perfect": 2.0, "acted": 0.2, "precision": 0.7, "recall": 0.5}
    measures = [Measured(f"value.{n}", v, "EUR", source=BAD) for n, v in values.items()]
    trials = [{"name": "value.per_case", "value": 2 - 9 / n, "rows": n, "settings": {}} for n in (10, 20, 40)]
    part = {"per_case": 0.7, "low": 0.5, "high": 0.9, "rows": 4}
    real = realised({"currency": "EUR", "decisions": 5, "realised": part, "promised": {"per_case": 1.0},
                     "since": "2026-10-01", "notes": [BAD]}, "x")  # fmt: skip
    return value(plan, run=known(f"r{BAD}", measures, trials, 40), real=real, folder=folder, samples=2000)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return said(tmp_path_factory.mktemp("valued"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_stands_alone_and_has_every_part(made: dict[str, Any], lang: str, tmp_path: Path) -> None:
    path = paper.write(tmp_path / "value.html", made, RunRecord(made["run"], "t", "", ""), lang)
    stands_alone(path, [script.plotly(), script.OURS])
    root = page(path)
    assert root.get("lang") == ("en" if lang == "en" else "zh-CN")
    assert [s.get("id") for s in root.findall(".//section")] == [
        "parts", "tornado", "more", "realised", "experiment", "assumptions", "notes", "method",
    ]  # fmt: skip
    assert text_of(root).count("<script>alert(1)</script>") > 4, "it is shown as what it is"
    for plot in root.findall(".//*[@data-figure]"):
        assert "<script" not in json.dumps(json.loads(plot.get("data-figure", "")))
    npv = words.Language(lang).money(float(f"{made['npv']['p50']:.4g}"), "EUR")
    assert npv in root.findtext(".//p[@class='lead']", ""), "first of all, what it is worth"
    assert len(root.findall(".//section[@id='assumptions']//tbody/tr")) == len(made["lines"])


def test_the_pages_have_the_same_figures(made: dict[str, Any], tmp_path: Path) -> None:
    pages = [page(paper.write(tmp_path / f"{code}.html", made, None, code)) for code in ("en", "zh")]
    figures = [[d.get("value") for d in page.findall(".//data")] for page in pages]
    assert figures[0] == figures[1] and len(figures[0]) > 40
    chinese = re.sub(r"\s", "", pages[1].findtext(".//p[@class='lead']", ""))
    assert not re.search("[a-z]{3}", chinese.replace("EUR", "")), "no English is left in the first sentence"


def test_a_sure_plan_has_a_page_too(tmp_path: Path) -> None:
    plan = {"cases": {"per_year": 10}, "accuracy": {"per_case": -1}}
    root = page(paper.write(tmp_path / "value.html", value(plan, samples=1000), None, "en"))
    assert "Every draw of the assumptions loses money." in text_of(root)
    assert root.find(".//section[@id='tornado']") is None and "It never earns" in text_of(root)


def texts(source: str) -> set[str]:
    """What is given to `say` and `mark`."""
    import ast

    def constants(node: ast.expr) -> set[str]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        return constants(node.body) | constants(node.orelse) if isinstance(node, ast.IfExp) else set()

    calls = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and n.args)
    named = (n for n in calls if getattr(n.func, "id", getattr(n.func, "attr", "")) in ("say", "mark"))
    return set().union(*(constants(n.args[0]) for n in named))


def test_every_text_is_said_in_chinese_and_none_is_stale() -> None:
    files = [*(SRC / "capital" / "value").glob("*.py"), *(SRC / "report" / "value").glob("*.py"), SRC / "cli/value.py"]
    wanted = set().union(*(texts(p.read_text(encoding="utf-8")) for p in files))
    assert not wanted - words.catalogue("zh").keys(), "texts without a Chinese one"
    own = words.read(words.LOCALE / "zh" / "capital_value.po")
    assert not own.keys() - wanted, "stale: no code says these"
