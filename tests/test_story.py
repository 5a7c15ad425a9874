"""The story: its commands are carried out as they stand, and each takes up what others said."""

import csv
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from walked import Walked, page, real_payments, same_blocks, walk

TABLES = {"payments": (0.0, 1.0), "changed": (0.75, 20.0), "after": (0.9, 20.0)}
"""of the real payments: where in time each begins, and how many times as dear"""
PREVALENCE = 0.00173


class Story(Walked):
    def file(self, name: str) -> dict[str, Any]:
        return tomllib.loads((self.folder / name).read_text(encoding="utf-8"))

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(newline="", encoding="utf-8") as opened:
            return list(csv.DictReader(opened))

    def found(self, name: str, start: str, *, section: str) -> list[float]:
        """Values of a table of figures, of the names that begin so."""
        rows = (r for r in self.table(name) if r["section"] == section and r["name"].startswith(start))
        return [float(r["value"]) for r in rows]

    def answered(self) -> list[str]:
        return self.after("python ask.py").splitlines()

    def live(self) -> str:
        return self.after("--serving")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story.carried_out("story", tmp_path_factory.mktemp("story") / "shop")


def test_both_pages_have_the_same_blocks() -> None:
    assert same_blocks("story"), "docs/tutorial/walk.py writes what they print"
    assert len(walk.shown(page("story", "en"))) >= 8


def test_it_prints_what_the_page_shows(story: Story) -> None:
    assert not walk.missing(story.page, story.said), "stale. Try: python docs/tutorial/walk.py story"


def test_the_five_pages_lie_there(story: Story) -> None:
    for name in ("plan", "value", "price", "risk", "allocation"):
        assert "<html" in (story.folder / f"{name}.html").read_text(encoding="utf-8")[:400]


def test_the_curve_of_the_run_is_what_value_and_allocate_go_by(story: Story) -> None:
    points = [t for t in story.record("first")["trials"] if t["origin"] == "curve"]
    assert [t["share"] for t in points] == [0.125, 0.25, 0.5, 1.0]
    assert [f"\n  {t['rows']} " in story.after("run fraud.toml") for t in points] == [True] * 4
    assert "exponent of the learning curve" not in story.after("mintmark value"), "cut off, but in the page"
    errors = [-t["value"] for t in points]
    told = story.found("allocation.csv", "payments.", section="point")
    assert told == pytest.approx(errors, rel=1e-6)


def test_each_step_takes_up_what_another_has_said(story: Story) -> None:
    """The files name figures that earlier commands printed: they are still near."""
    cheapest = min(float(p["cost.p80"]) for p in story.table("plans.csv"))
    asked = story.file("allocate.toml")["projects"]
    assert asked["sequences"]["costs"]["once"] == pytest.approx(cheapest, rel=0.1)
    assert asked["sequences"]["minimum"] == asked["sequences"]["costs"]["once"]
    value, holds = story.file("value.toml"), story.file("value.toml")["accuracy"]["holds"]["mode"]
    cases = (value["cases"]["per_year"]["p10"] + value["cases"]["per_year"]["p90"]) / 2
    decided = holds * cases * sum(r["mode"] if isinstance(r, dict) else r for r in value["plan"]["ramp"])
    worth = asked["payments"]["value"]
    assert worth["p10"] < decided < worth["p90"] and worth == asked["sequences"]["value"] | {"source": worth["source"]}
    risk = story.file("risk.toml")["plan"]
    sold = [story.found("price.csv", f"subscription.year_{y}.revenue", section="model")[0] for y in (1, 2)]
    assert risk["income"]["low"] < sum(sold) / 24 < risk["income"]["high"]
    assert risk["cases"] == {k: v for k, v in value["cases"]["per_year"].items() if k != "source"}


def test_the_trigger_of_the_register_fires_and_the_fallback_answers(story: Story) -> None:
    said = [line.split() for line in story.answered()]
    assert said[0][0] == "fraud" and said[-1] == ["plain@1", "answered", "1500"], "a slow machine sees it fire earlier"
    assert sum(int(n) for *_, n in said) == 5500
    assert "'state': 'fired'" in story.live() and "'watch': 'psi:amount'" in story.live()


def test_the_exports_are_written(story: Story) -> None:
    made = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in (story.folder / "exports").iterdir()}
    assert set(made) == {"nist_ai_rmf.json", "eu_ai_act.json", "oscal_poam.json"}
    assert made["eu_ai_act.json"]["result"]["class"] == "minimal"


@pytest.mark.slow
def test_the_same_commands_on_real_payments(real_data: Path, tmp_path: Path) -> None:
    """The card payments of the ULB group; the later ones are dearer."""
    folder = tmp_path / "shop"
    folder.mkdir()
    real_payments(real_data, folder, TABLES)

    def change(block: walk.Block) -> str:
        if block.kind == "bash" and "payments.py" in block.content:
            return "wc -l *.csv\n"
        if block.name == "fraud.toml":
            assert 'ignore = ["refunded"]\n' in block.content
            return block.content.replace('["refunded"]', "[]") + f"prevalence = {PREVALENCE}\n"
        return block.content

    made = Story("story", folder, "zh", change)
    got = made.measures("first")
    assert got["evaluate.roc_auc"] > 0.85 and got["value.per_case"] > got["value.do_nothing"]
    first, *_, last = made.answered()
    assert first.startswith("fraud answered") and last.startswith("plain@1 answered")
    assert "'state': 'fired'" in made.live()
    assert "美元" in made.after("mintmark allocate")
