"""The tutorial: its commands are carried out as they stand, in their order, and come to what the pages say."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from walked import Walked, page, payments, real_payments, same_blocks, walk

import mintmark as mm

CHECK, PREVALENCE = 5.0, 0.00173
TABLES = {"payments": (0.0, 1.0), "later": (0.6, 1.0), "changed": (0.75, 20.0), "after": (0.95, 20.0)}
"""of the real payments: where in time each begins, and how many times as dear"""


class Tutorial(Walked):
    def earned(self, out: str, *tables: str) -> float:
        """What a bundle's decisions on these payments come to, a case, worked out by hand."""
        (bundle,) = (self.folder / out).glob("*/bundle")
        rows = pd.concat([pd.read_csv(self.folder / f"{name}.csv") for name in tables], ignore_index=True)
        checked = mm.load(bundle).predict(rows)["decision"] == "yes"
        return float((-CHECK * checked - rows["amount"] * (~checked & (rows["fraud"] == "yes"))).mean())

    def figures(self, words: str) -> dict[tuple[str, str], float]:
        """(version, promised or realised) -> money a case, as the block that holds these words has printed it."""
        version, found = "", {}
        for line in self.after(words).splitlines():
            parts = line.split()
            if parts[:1] == ["version"]:
                version = parts[1]
            elif parts[:1] in (["promised"], ["realised"]):
                found[version, parts[0]] = float(parts[1])
        return found


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    return Tutorial.carried_out("tutorial", tmp_path_factory.mktemp("tutorial") / "shop")


@pytest.fixture
def trusting(walked: Tutorial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that the tutorial has signed with."""
    monkeypatch.setenv("MINTMARK_HOME", str(walked.folder.parent / f"{walked.folder.name}.home"))


def test_both_pages_have_the_same_blocks() -> None:
    assert same_blocks("tutorial"), "docs/tutorial/walk.py writes what they print"
    assert len(walk.shown(page("tutorial", "en"))) > 10


def test_it_prints_what_the_page_shows(walked: Tutorial) -> None:
    assert not walk.missing(walked.page, walked.said), "stale. Try: python docs/tutorial/walk.py"


def test_a_leak_is_named_and_gone_from_the_recipe(walked: Tutorial) -> None:
    assert walked.measures("look")["evaluate.roc_auc"] > 0.97 and "leak? column 'refunded'" in walked.notes("look")
    assert "leak?" not in walked.notes("first")


def test_the_model_earns_what_the_truth_lets_it(walked: Tutorial) -> None:
    """Between doing nothing and who knew the chances, and nearer to the latter."""
    got, rows = walked.measures("first"), payments.payments("before")
    best = payments.truth(rows[-len(rows) // 5 :])
    assert got["value.do_nothing"] == pytest.approx(best["nothing"])
    share = (got["value.per_case"] - best["nothing"]) / (best["best"] - best["nothing"])
    assert 0.7 < share <= 1.1, "no model is better than the truth, but for luck"
    assert got["value.per_case"] > max(got["value.do_nothing"], got["value.act_on_all"])
    assert f"{best['best']:.3f}" in walked.after("payments.py truth")


def test_the_bundle_is_verified_and_the_pages_are_written(walked: Tutorial) -> None:
    assert "verified      True" in walked.after("mintmark verify")
    for name, words in (("report.html", "Where it does worst"), ("report.zh.html", "表现最差的分组")):
        assert words in (walked.folder / name).read_text(encoding="utf-8")


def test_it_is_asked_and_says_no_to_what_does_not_fit(walked: Tutorial) -> None:
    first, second = (json.loads(line) for line in _objects(walked.after("/predict")))
    assert first["answers"][0]["decision"] == "yes" and first["answers"][0]["probability"]["yes"] > 0.5
    assert second["error"]["kind"] == "DataError" and "row 1" in second["error"]["where"]


@pytest.mark.usefixtures("trusting")
def test_realised_is_what_the_decisions_have_come_to(walked: Tutorial) -> None:
    at_first = walked.figures("tell later.csv")
    assert at_first["1", "realised"] == pytest.approx(walked.earned("first", "later"), abs=1e-3)
    assert at_first["1", "promised"] == pytest.approx(walked.measures("first")["value.per_case"], abs=1e-3)
    later = walked.figures("tell changed.csv")
    assert later["1", "realised"] == pytest.approx(walked.earned("first", "later", "changed"), abs=1e-3)
    in_the_end = walked.figures("tell after.csv")
    assert in_the_end["2", "realised"] == pytest.approx(walked.earned("second", "after"), abs=1e-3)
    assert in_the_end["2", "realised"] > walked.earned("first", "after"), "learning again pays"


def test_the_change_is_noticed(walked: Tutorial) -> None:
    shown = walked.after('/monitor -H "authorization: Bearer $MINE" | python')
    assert '"state": "fired"' in shown and '"watch": "psi:amount"' in shown
    assert json.loads(walked.after('"reset": "all"')) == {"model": "fraud", "reset": ["other amounts"]}


def test_recipes_are_compared_and_the_second_takes_over(walked: Tutorial) -> None:
    lines = walked.after("--compare").splitlines()
    assert any("fraud.toml" in line for line in lines) and any("plain.toml" in line for line in lines)
    taken = json.loads(walked.after("/v1/admin/models/fraud"))
    assert (taken["version"], taken["before"]) == ("2", "1") and taken["run"] in {
        p.name for p in (walked.folder / "second").iterdir()
    }


def _objects(text: str) -> list[str]:
    """JSON objects that stand one after another."""
    decoder, made = json.JSONDecoder(), []
    while text := text.strip():
        _, end = decoder.raw_decode(text)
        made, text = [*made, text[:end]], text[end:]
    return made


# --- the same commands on real payments -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_commands_on_real_payments(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card payments of the ULB group, of which samples hold far more frauds than there are."""
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = real_payments(real_data, folder, TABLES)
    fraud = rows[rows["fraud"] == "yes"].drop(columns=["payment", "fraud"]).iloc[0].to_dict()

    def change(block: walk.Block) -> str:
        if "payments.py" in block.content and block.kind == "bash":
            return "wc -l *.csv\n"
        if block.name == "fraud.toml":
            assert 'ignore = ["refunded"]\n' in block.content
            return block.content.replace('ignore = ["refunded"]\n', "") + f"prevalence = {PREVALENCE}\n"
        start, stop = block.content.find('\'{"row": {"time"'), block.content.rfind("'")
        if start >= 0:
            return block.content[:start] + "'" + json.dumps({"row": fraud}) + block.content[stop:]
        return block.content

    walked = Tutorial("tutorial", folder, "zh", change)
    monkeypatch.setenv("MINTMARK_HOME", str(tmp_path / "shop.home"))
    got: dict[str, Any] = walked.measures("first")
    assert got["evaluate.roc_auc"] > 0.85 and got["value.per_case"] > got["value.do_nothing"]
    assert "leak?" not in walked.notes("first")
    (first, _) = _objects(walked.after("/predict"))
    assert json.loads(first)["answers"][0]["decision"] in ("yes", "no")
    assert walked.figures("tell later.csv")["1", "realised"] == pytest.approx(walked.earned("first", "later"), abs=1e-3)
    told = walked.figures("tell after.csv")
    assert told["2", "realised"] == pytest.approx(walked.earned("second", "after"), abs=1e-3)
    assert '"state": "fired"' in walked.after("| sed -n 1,20p")
