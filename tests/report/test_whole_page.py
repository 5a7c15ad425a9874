"""A page with every kind of picture: hostile names do nothing, both languages say the same, all of it has a source."""

import json
from pathlib import Path

import pytest
from test_report import HOSTILE, page, record, stands_alone, text_of, written

from mintmark.base.record import Measured, RunRecord
from mintmark.report import Figures, script, write


def everything(made: RunRecord) -> Figures:
    """Of every kind of picture, with hostile names wherever a user's text can stand."""
    names, bins = [f"a{HOSTILE}", HOSTILE], [{"said": 0.2, "seen": 0.3, "low": 0.1, "high": 0.5, "rows": 40}] * 3
    curve = {"class": HOSTILE, "threshold": [1.0, 0.5, 0.1]}
    leaf = {"value": [0.9, 0.1]}
    node = {
        **leaf,
        "column": HOSTILE,
        "missing": "left",
        "values": [HOSTILE, "x"],
        "left": leaf,
        "right": {**leaf, "hidden": 4},
    }
    slices = [
        {
            "column": HOSTILE,
            "rows": 40,
            "mean": 2.0,
            "rest": 1.0,
            "low": 1.5,
            "high": 2.5,
            "sure": True,
            "log_loss": 0.3,
            **about,
        }
        for about in (
            {"value": HOSTILE},
            {"from": 1.0, "to": 2.0},
            {"from": "2026-01-01T00:00:00", "to": HOSTILE},
            {"missing": True},
        )
    ]
    value = {n: [0.0, 0.5, 1.0] for n in ("threshold", "acted", "value", "low", "high", "caught", "right")}
    errors = {
        "rows": 3, "mean_size": 1.0, "inside": 0.9, 
        "quantiles": {f"p{q}": float(q) for q in (1, 5, 25, 50, 75, 95, 99)},
        "edges": [0.0, 1.0, 2.0], "counts": [2, 1], "points": {"said": [1.0, 2.0], "seen": [2.0, 1.0]},
        "bins": [{"said": 1.0, "off": 0.1, "size": 1.0, "rows": 3}],
    }  # fmt: skip
    decision = {
        "by": "threshold",
        "threshold": 0.2,
        "classes": names,
        "actions": names,
        "capacity": 0.1,
        "currency": HOSTILE,
    }
    made.profile = {
        "rows": 9,
        "columns": {HOSTILE: {"kind": HOSTILE, "missing": 1, "distinct": 3, "top": [[HOSTILE, 7]]}},
    }
    return Figures(
        made.run, "classes", 24, decision, [{**curve, "fpr": [0.0, 0.5, 1.0], "tpr": [0.0, 0.9, 1.0], "auc": 0.9}],
        [{**curve, "recall": [0.0, 0.5, 1.0], "precision": [1.0, 0.9, 0.5], "average_precision": 0.9, "chance": 0.1}],
        [{"class": HOSTILE, "bins": bins}],
        {"rows": [[1, 2], [3, 4]], "money": [[0.0, -1.0], [-2.0, 3.0]], "actions": names, "classes": names,
         "left_out": 1, "unseen": 2},
        {**value, "by": "probability", "chosen": 0.01}, errors, [], {"looked": 9, "by": "missed", "shown": slices},
        [{"prompt": HOSTILE, "text": HOSTILE, "true": HOSTILE, "finish": "stop"}],
        {"root": node, "classes": names, "nodes": 3}, {"rows": 9, "columns": [{"name": HOSTILE, "size": 1.0}]},
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_name_can_break_or_run_anything_wherever_it_stands(lang: str, tmp_path: Path) -> None:
    made = record("tabular_classification")
    path = write(tmp_path / "report.html", made, everything(made), lang)
    stands_alone(path, [script.plotly(), script.OURS])
    root = page(path)
    assert root.get("lang") == ("en" if lang == "en" else "zh-CN")
    sections = [s.get("id") for s in root.findall(".//section")]
    assert sections == ["decisions", "samples", "quality", "leaning", "slices", "data", "notes", "measures", "origin"]
    for plot in root.findall(".//*[@data-figure]"):
        figure = json.loads(plot.get("data-figure", ""))
        assert "<script" not in json.dumps(figure), "plotly reads tags in texts as its own markup"
    assert text_of(root).count("<script>alert(1)</script>") > 20


def test_both_languages_have_the_same_figures(tmp_path: Path) -> None:
    made = record("tabular_classification")
    pages = [page(write(tmp_path / f"{lang}.html", made, everything(made), lang)) for lang in ("en", "zh")]
    values = [[d.get("value") for d in p.iter("data")] for p in pages]
    assert values[0] == values[1] and len(values[0]) > 50
    assert [len(p.findall(".//tr")) for p in pages][0] == [len(p.findall(".//tr")) for p in pages][1]
    assert "混淆矩阵" in text_of(pages[1]) and "混淆矩阵" not in text_of(pages[0])


def test_every_picture_says_where_it_comes_from(tmp_path: Path) -> None:
    made = record("tabular_classification")
    root = page(write(tmp_path / "report.html", made, everything(made), "en"))
    figures_ = root.findall(".//figure")
    assert len(figures_) >= 8
    for figure in figures_:
        said = " ".join("".join(d.itertext()) for d in figure.findall(".//details[@class='source']"))
        assert made.run in said and made.data_hash[:16] in said and made.test_hash[:16] in said
    tiles = root.findall(".//div[@class='tile']")
    assert tiles and all("evaluate." in "".join(t.itertext()) or "value." in "".join(t.itertext()) for t in tiles)


def test_without_scripts_the_figures_are_in_tables(tmp_path: Path) -> None:
    """Each picture that plotly draws has a table of its figures in the page itself."""
    made = record("tabular_classification")
    root = page(write(tmp_path / "report.html", made, everything(made), "en"))
    plots = [f for f in root.findall(".//figure") if f.find(".//*[@data-figure]") is not None]
    assert len(plots) >= 5 and all(p.find(".//details/div/table") is not None for p in plots)
    assert root.find(".//noscript") is not None


def test_how_often_test_rows_were_opened_is_said(tmp_path: Path) -> None:
    for looks, said in ((1, "No run opened these test rows before"), (2, "1 run opened"), (5, "4 runs opened")):
        made = record("tabular_classification")
        made.add(Measured("looks", looks, "runs", "down"), stage="evaluate")
        assert said in text_of(page(written(tmp_path / "report.html", made)))


@pytest.mark.parametrize(
    "value, plain, said",
    [(-3.0, -5.0, "A case cost 3 EUR. On 1,000 cases that is 2,000 EUR better than doing nothing."),
     (4.0, 5.0, "a case earned 4 EUR. On 1,000 cases that is 1,000 EUR worse than doing nothing."),
     (4.0, 4.0, "a case earned 4 EUR. That is no better than doing nothing.")],
)  # fmt: skip
def test_what_it_earns_is_held_against_what_needs_no_model(
    value: float, plain: float, said: str, tmp_path: Path
) -> None:
    made = RunRecord("r", "tabular_classification", "a", "b", rows={"all": 10, "test": 5})
    made.add(Measured("per_case", value, "EUR"), Measured("do_nothing", plain, "EUR"), stage="value")
    shown = text_of(page(written(tmp_path / "report.html", made)))
    assert said.lower() in shown.lower()
