"""mintmark price: from the file that `new` writes to the page, in both languages, with and without a run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mintmark import cli

RECIPE = Path(__file__).parents[2] / "recipes" / "q04_commercialisation.toml"
FILES = [
    part
    for name in ("survey", "choices", "transactions")
    for part in (f"--{name}", str(RECIPE.with_suffix("") / f"{name}.csv"))
]
FAST = ["--samples", "2000"]
OWN = (
    "Fraud screening of card payments", "payment processors", "online shops", "doing nothing", "rules of one's own",
    "upkeep of the rules", "a new supplier to trust", "trade fairs", "technical blog", "1,000 payments",
)  # fmt: skip
"""names that the file gives"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the example, which has a payoff."""
    folder = tmp_path_factory.mktemp("priced")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mintmark.api.CALL_S", 0.01)
        patch.setenv("LANGUAGE", "en")
        assert cli.main(["new", "tabular_classification", "--out", str(folder)]) == 0
        recipe = str(folder / "tabular_classification.toml")
        assert cli.main(["run", recipe, "--set", "settings.model=decision_tree", "--out", str(folder / "runs")]) == 0
    return next((folder / "runs").glob("*"))


def body(page: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = cli.main(["price", *words, *FAST, "--json"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1, "one JSON object and nothing else"
    return code, json.loads(out)


def test_what_new_writes_is_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", "price", "--out", str(tmp_path)]) == 0
    assert "price --assumptions" in capsys.readouterr().out
    code, said = asked(capsys, "--assumptions", str(tmp_path / "price.toml"))
    assert code == 0 and said["page"] == str(tmp_path / "price.html")
    assert {m["method"] for m in said["prices"]} == {"cost_plus", "value", "elasticity"}
    assert len(said["models"]) == 5 and said["corridor"]["holds"]
    assert cli.main(["new", "price", "--out", str(tmp_path)]) == 2, "never over a file that is there"


def test_the_page_in_both_languages_needs_nothing_beside_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {}
    for lang in ("en", "zh"):
        path = tmp_path / f"{lang}.html"
        code, said = asked(capsys, "--assumptions", str(RECIPE), *FILES, "--out", str(path), "--lang", lang)
        assert code == 0 and said["page"] == str(path)
        pages[lang] = path.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="(?!#)', body(pages[lang]))
        assert pages[lang].count("<script>") == 2, "plotly once, and ours"
    price = f"{said['corridor']['recommended']:.3g}"
    assert f"{price} EUR" in pages["en"] and f"{price} 欧元" in pages["zh"]
    assert "The plan in five steps" in pages["en"] and "五步计划" in pages["zh"]
    assert [re.findall(r'<section id="(\w+)"', p) for p in pages.values()] == 2 * [
        ["plan", "notes", "market", "position", "price", "models", "tiers", "customers", "promotion", "assumptions"]
    ]


def test_chinese_pages_leave_no_english_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But for names of the file and its sources, methods and their authors."""
    assert (
        cli.main(
            ["price", "--assumptions", str(RECIPE), *FILES, *FAST, "--out", str(tmp_path / "p.html"), "--lang", "zh"]
        )
        == 0
    )
    shown = capsys.readouterr().out
    page = body((tmp_path / "p.html").read_text(encoding="utf-8")).partition('<section id="assumptions"')[0]
    for said in (re.sub(r"<[^>]*>", "\n", page).replace("&#x27;", "'"), shown):
        rest = re.sub("|".join(OWN), "", said)
        assert not re.findall(r"[A-Za-z]{3,} [A-Za-z]{2,} [A-Za-z]{2,}", rest)


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["price", "--assumptions", str(RECIPE), *FILES, *FAST, "--out", str(tmp_path / "p.html")]
    assert cli.main([*words, "--csv", str(tmp_path / "p.csv"), "--focus", str(tmp_path / "f.csv")]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^[\d.]+ EUR for 1,000 payments \(between [\d.]+ EUR and [\d.]+ EUR\), charged by: ", out)
    assert all(
        word in out
        for word in ("van Westendorp", "Gabor-Granger", "freemium", "±", "trade fairs", "To note", "--run RUN")
    )
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").startswith("section,name,value,standard_error")
    rows = (tmp_path / "f.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("BilledCost,") and len(rows) > 100


def test_a_runs_own_cost_and_value_count(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = asked(capsys, "--assumptions", str(RECIPE), "--run", str(run), "--out", str(tmp_path / "p.html"))
    assert code == 0 and said["run"] == run.name
    record = json.loads((run / "record.json").read_text(encoding="utf-8"))
    measured = {m["name"]: m for m in record["measures"]}
    cost = measured["cost.per_1k_predictions"]
    assert said["cost"]["predictions"]["mean"] == pytest.approx(cost["value"] * 0.92)
    assert said["cost"]["predictions"]["how"] == cost["how"] and run.name in said["cost"]["source"]
    gain = measured["value.per_case"]["value"] - measured["value.do_nothing"]["value"]
    assert said["position"]["value_per_unit"]["mean"] == pytest.approx(gain * 0.92 * 1000, rel=0.05)
    assert run.name in (tmp_path / "p.html").read_text(encoding="utf-8")


SHARES = "{ low = 0.15, mode = 0.25, high = 0.35 }"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('currency = "EUR"', 'currency = "EUR"\ncurency = 1', "did you mean 'currency'"),
        ("[diffusion] ", "[difusion] ", "did you mean 'diffusion'"),
        ("fixed          = {", 'fixed = { currency = "GBP",', "GBP, which has no rate in [fx]"),
        (SHARES, "{ values = [0.1, 0.2], probabilities = [0.5, 0.6] }", "not to 1"),
        (SHARES, "{ low = 0.15, mode = 0.45, high = 0.35 }", "above high"),
    ],
    ids=["key", "table", "currency", "probabilities", "order"],
)
def test_bad_assumptions_say_where_and_what_to_do(
    before: str, after: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = RECIPE.read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "p.toml").write_text(text.replace(before, after, 1), encoding="utf-8")
    code, made = asked(capsys, "--assumptions", str(tmp_path / "p.toml"))
    error = made["error"]
    assert code == 2 and said in error["what"] + error["try"] and "p.toml" in error["where"] and error["try"]
    assert not (tmp_path / "price.html").exists()


def test_bad_files_have_an_exit_code_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.csv").write_text(
        "too_cheap,cheap,expensive,too_expensive\n1,2,3,4\n2,3,4,5\n3,4,5,6\n", encoding="utf-8"
    )
    page = ["--assumptions", str(RECIPE), "--out", str(tmp_path / "p.html")]
    code, said = asked(capsys, *page, "--survey", str(tmp_path / "s.csv"))
    assert code == 3 and "10 are needed" in said["error"]["what"] and said["error"]["where"] == "survey"
    for word in ("--survey", "--choices", "--transactions"):
        code, said = asked(capsys, *page, word, str(tmp_path / "nowhere.csv"))
        assert code == 3 and "cannot be read" in said["error"]["what"]
    code, said = asked(capsys, *page, "--run", "no-such-run")
    assert code == 3
    code, said = asked(capsys, "--assumptions", str(tmp_path / "none.toml"))
    assert code == 2
    assert not (tmp_path / "p.html").exists()
