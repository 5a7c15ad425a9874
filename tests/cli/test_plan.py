"""mintmark plan: from the file that `new` writes to the page, in both languages, and what it refuses."""

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli
from mintmark.base import words
from mintmark.drivers import ways

RECIPE = Path(__file__).parents[2] / "recipes" / "q01_cost.toml"
SMALL = """
[model]
hidden = 2048
layers = 24
heads = 16
vocab = 32000
seq = 2048

[goal]
tokens = 20e9

[fleet]
gpus = ["A100-80GB", "H100"]
gpu_counts = [1, 8]

[layouts]
micro_batches = [1, 16]
batches = [1]
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text('kind = "plan"\ndraws = 400\nleaner = [1, 0.7]\n' + SMALL)
    return path


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = cli.main(["plan", *words, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1, "one JSON object and nothing else"
    return code, json.loads(out)


def body(page: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)


def test_the_recipe_is_planned_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "plan.html"
    assert cli.main(["plan", str(RECIPE), "--out", str(page)]) == 0
    out = capsys.readouterr().out
    for part in ("The cheapest way is", "4 choice of machines, spot", "What does not fit", "To note", str(page)):
        assert part in out
    text = page.read_text(encoding="utf-8")
    assert text.count('data-figure="') == 1
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text), "nothing from elsewhere"
    for anchor in ("waterfall", "plans", "front", "choices", "rejected", "method", "assumptions"):
        assert f'<section id="{anchor}">' in text


def test_what_new_writes_is_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "plan", "--out", str(tmp_path)]) == 0
    code, said = asked(capsys, str(tmp_path / "plan.toml"))
    assert code == 0
    assert said["page"] == str(tmp_path / "plan.html")
    assert said["best"]["cost"]["p80"] == min(p["cost"]["p80"] for p in said["plans"])


def test_files_of_figures(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {"--csv": "plans.csv", "--rejected": "rejected.csv", "--focus": "focus.csv"}
    code, said = asked(capsys, str(small), *(word for o, n in names.items() for word in (o, str(tmp_path / n))))
    assert code == 0
    plans, rejected, focus = (list(csv.DictReader((tmp_path / n).open())) for n in names.values())
    assert [float(p["cost.p80"]) for p in plans] == [p["cost"]["p80"] for p in said["plans"]]
    assert len(rejected) == said["layouts"]["rejected"] > 0
    assert all(float(r["over_gb"]) > 0 for r in rejected)
    assert sum(float(f["BilledCost"]) for f in focus) == pytest.approx(said["best"]["cost"]["p50"])
    assert {f["x_IsForecast"] for f in focus} == {"true"}


def test_all_is_said_in_chinese(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {}
    for lang in ("en", "zh"):
        assert cli.main(["plan", str(small), "--lang", lang]) == 0
        page = (small.parent / "plan.html").read_text(encoding="utf-8")
        told[lang] = capsys.readouterr().out + html.unescape(body(page))
    assert '<html lang="zh-CN">' in page
    texts = words.read(words.LOCALE / "zh" / "capital_plan.po")
    said = [t for t in texts if " " in t.strip(" ,") and "{" not in t and t in told["en"]]
    assert len(said) > 50
    assert not [t for t in said if t in told["zh"] and texts[t] != t]


@pytest.mark.parametrize(
    ("change", "exit_code", "where", "what"),
    [
        (("tokens = 20e9", "tokns = 20e9"), 2, "goal.tokns", "tokens"),
        (('"H100"]', '"H10"]'), 2, "fleet.gpus", "H100"),
        (("tokens = 20e9", "tokens = 20e9\nmost_days = 0.001"), 2, "most_days", "fastest"),
        (("hidden = 2048", "hidden = 65536"), 3, "small.toml", "GB more than it has"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_place(
    change: tuple[str, str], exit_code: int, where: str, what: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write_text(small.read_text().replace(*change))
    code, said = asked(capsys, str(small))
    assert code == exit_code
    assert where in said["error"]["where"]
    assert what in said["error"]["what"] + said["error"]["try"]


def test_a_price_list_with_nothing_to_buy_is_refused(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices = small.parent / "vms.csv"
    prices.write_text("InstanceType,AcceleratorName,AcceleratorCount,Price\nx8,H100,8,700.0\n")
    code, said = asked(capsys, str(small), "--prices", str(prices))
    assert code == 3
    assert "vms.csv" in said["error"]["where"]
    assert "placeholders" in said["error"]["what"]


def test_what_was_measured_stands_beside_the_estimate(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = [
        ways.Way("one", "", {"batch": 1}, 100.0, "tokens", 1.0),
        ways.Way("batch", "one", {"batch": 16}, 800.0, "tokens", 1.0),
        ways.Way("precision", "batch", {"precision": "bf16"}, 1600.0, "tokens", 1.0),
        ways.Way("processes", "batch", {"processes": 2}, why="there is one processor or graphics card."),
    ]
    monkeypatch.setattr(ways, "ways", lambda recipe: ways.Tried(tried, 128, "NVIDIA H100 80GB HBM3"))
    code, said = asked(capsys, str(small), "--measure", "recipe.toml")
    assert code == 0
    made = {w["way"]: w for w in said["measured"]["ways"]}
    assert [made[n]["times"] for n in ("one", "batch", "precision", "processes")] == [None, 8.0, 2.0, None]
    assert 1 < made["batch"]["estimated"] < 16
    assert made["precision"]["estimated"] == pytest.approx(989.4 / 67)
    page = (small.parent / "plan.html").read_text(encoding="utf-8")
    assert "Measured on this machine" in page
    assert "recipe.toml" in page


def test_a_plan_is_not_written_over_and_a_failed_one_leaves_nothing(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = small.read_text()
    assert asked(capsys, str(small), "--csv", str(small))[0] == 3 and small.read_text() == text
    (tmp_path / "page").mkdir()
    code, said = asked(capsys, str(small), "--out", str(tmp_path / "page"))
    assert code == 3 and said["error"]["try"]
    assert {p.name for p in tmp_path.iterdir()} == {small.name, "page"}
