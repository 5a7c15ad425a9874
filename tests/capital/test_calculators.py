"""All calculators: those of the methods table exist, with its inputs and result keys; each answers its own example."""

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mintmark as mm
from mintmark import cli
from mintmark.base import words
from mintmark.base.errors import MintmarkError, RecipeError
from mintmark.capital.calculator import every, find
from mintmark.capital.example import EXAMPLES
from mintmark.cli import calc

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "capital"
NAME = re.compile(r"[A-Za-z]\w*")
FILES = {"scaling_fit": "epoch_chinchilla_points.csv", "bg_bb_fit": "donations.csv", "logit_fit": "heating_wide.csv"}
"""examples that read a file: one that the methods name"""


def without_brackets(cell: str) -> str:
    """The cell of the table without what stands in brackets, which may be nested."""
    while re.search(r"[({\[]", cell):
        made = re.sub(r"\([^(){}\[\]]*\)|\{[^(){}\[\]]*\}|\[[^(){}\[\]]*\]", "", cell)
        if made == cell:
            raise AssertionError(f"open bracket: {cell}")
        cell = made
    return cell


def names(part: str) -> set[str]:
    """Names in a part of a cell: split at commas, semicolons and "or"; prose such as "id columns" keeps its first."""
    words = (p.strip() for p in re.split(r"[,;]|\bor\b", part))
    return {found[0] for w in words if (found := NAME.match(w))}


def rows() -> Iterator[tuple[str, set[str], set[str]]]:
    """Name, inputs and result keys of each calculator of the table."""
    text = (SHARED / "METHODS.md").read_text(encoding="utf-8")
    for line in text.partition("\n## Calculators\n")[2].splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0] != "name" and not cells[0].startswith("---"):
            called, asked, told = ([p.strip() for p in without_brackets(c).split("/")] for c in cells)
            for i, name in enumerate(called):
                yield name, names(asked[i % len(asked)]), names(told[i % len(told)])


def example(name: str) -> dict[str, Any] | None:
    """The inputs of a calculator's example; none where it reads a file that is not beside this checkout."""
    values = dict(EXAMPLES[name])
    if "csv" in values:
        values["csv"] = str(SHARED / "data" / FILES.get(name, "none"))
        values |= {"drop_highest": 220} if name == "scaling_fit" else {}
        return values if Path(values["csv"]).is_file() else None
    return values


@lru_cache
def answer(name: str) -> dict[str, Any]:
    """Of a calculator to its example."""
    return find(name).answer(example(name) or {})


@pytest.fixture(scope="module")
def table() -> dict[str, tuple[set[str], set[str]]]:
    if not (SHARED / "METHODS.md").exists():
        pytest.skip("the table of methods is not beside this checkout (../shared/capital/METHODS.md)")
    return {name: (asked, told) for name, asked, told in rows()}


def test_the_table_is_read_whole(table: dict[str, tuple[set[str], set[str]]]) -> None:
    assert len(table) >= 50
    assert table["mirr"] == ({"flows", "finance_rate", "reinvest_rate"}, {"mirr"})
    assert table["emp_credit"] == ({"y", "score"}, {"emp", "fraction"})
    assert table["logit_fit"][0] == {"csv", "choice", "alternatives", "id", "features", "constants"}
    assert table["project_network"][0] == {"activities", "deadline"}


def test_each_row_of_the_table_is_a_calculator(table: dict[str, tuple[set[str], set[str]]]) -> None:
    assert not table.keys() - every().keys(), "not there"
    for name, (asked, told) in table.items():
        fields = {str(f.alias or n): f for n, f in find(name).inputs.model_fields.items()}
        assert asked <= fields.keys(), name
        assert not [n for n in fields.keys() - asked if fields[n].is_required()], f"{name} needs more than the table"
        assert told <= find(name).unit.keys(), name
        if example(name) is not None:
            assert answer(name)["result"].keys() == told, name


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() | every().keys()))
def test_each_answers_its_example(name: str) -> None:
    values = example(name)
    if values is None:
        pytest.skip("no file of this kind beside this checkout")
    made = answer(name)
    assert made["result"].keys() == made["unit"].keys()
    assert made["formula"] and made["source"] and find(name).about.endswith(".")
    json.dumps(made, allow_nan=False)
    assert getattr(mm.capital, name)(**values) == made["result"], "the same from Python"


# --- from the command line and from Python ----------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert cli.main(["calc", *words]) == code
    found = capsys.readouterr()
    return found.out if code == 0 or "--json" in words else found.err


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *words, "--json"))
    assert set(found) == {"result", "unit", "formula", "source"}
    return found["result"]


def test_key_value_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    by_key = answered(capsys, "npv", "rate=0.1", "flows=[-10000, 3000, 4200, 6800]")
    assert round(by_key["npv"], 2) == 1188.44
    assert answered(capsys, "npv", '{"rate": 0.1, "flows": [-10000, 3000, 4200, 6800]}') == by_key
    assert answered(capsys, "npv", "rate=.1", "flows=[-10000,", "3000,", "4200,", "6800]") == by_key  # without quotes
    assert answered(capsys, "zero_memory", "parameters=7.5e9", "gpus=64")["gb_os"] == pytest.approx(31.40625)
    assert answered(capsys, "parameters", "hidden=8", "layers=1", "vocab=4", "tied=false") == {"parameters": 936}
    assert answered(capsys, "compute_optimal", "parameters=1e9", "law=chinchilla1")["tokens"] == 20.2e9
    dates = answered(capsys, "xirr", "flows=[-100,110]", "dates=[2025-01-01,2026-01-01]")
    assert dates["xirr"] == pytest.approx(0.1)
    assert answered(capsys, "ewma_arl", "lambda=0.1", "L=2.814", "shift=1")["arl"] == pytest.approx(10.3, abs=0.05)


def test_the_example_that_is_shown_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("project_network", "decision_tree", "group_sequential", "knapsack"):
        shown = json.loads(said(capsys, name, "--json"))
        assert set(shown) == {"calculator", "says", "inputs", "unit", "formula", "source", "example"}
        program, command, *words = shlex.split(shown["example"])
        assert (program, command) == ("mintmark", "calc")
        assert answered(capsys, *words) == find(name).answer(EXAMPLES[name])["result"]


def test_all_are_listed_and_each_says_what_it_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(said(capsys, "--json"))["calculators"]
    assert {c["name"] for c in listed} == every().keys() and all(c["says"] and c["group"] for c in listed)
    assert all(f"\n  {name} " in said(capsys) for name in ("knapsack", "npv", "training_flops"))
    shown = said(capsys, "training_flops")
    for part in ("parameters  a number, greater than 0; needed", "factor", "else 6", "flops", "formula: ", "source: "):
        assert part in shown
    assert "lambda" in said(capsys, "ewma_arl") and "lambda_" not in said(capsys, "ewma_arl")


@pytest.mark.parametrize(
    ("words", "where", "what"),
    [
        (["npw", "rate=1"], "mintmark calc", "unknown calculator 'npw'"),
        (["npv", "rate=0.1"], "npv: flows", "is missing"),
        (["npv", "rate=x", "flows=[1]"], "npv: rate", "must be a number"),
        (["npv", "rate=0.1", "flows=[1]", "flow=2"], "npv: flow", "unknown setting 'flow'"),
        (["npv", "rate=0.1", "rate=0.2", "flows=[1]"], "npv: rate", "given twice"),
        (["npv", "0.1"], "mintmark calc npv", "must be key=value"),
        (["npv", '{"rate": 0.1'], "mintmark calc npv", "is no JSON"),
        (["npv", '{"rate": 0.1, "rate": 0.2}'], "mintmark calc npv", "given twice"),
        (["npv", '{"rate": NaN, "flows": [1]}'], "npv: rate", "not a finite number"),
        (["npv", "rate=inf", "flows=[1]"], "npv: rate", "must be a number"),
        (["npv", "rate=0.1", "flows=[1,[2]]"], "npv: flows[1]", "must be a number"),
        (["npv", "rate=0.1", "flows=[1,2"], "npv: flows", "is no JSON"),
        (["zero_memory", "parameters=0", "gpus=1"], "zero_memory: parameters", "must be greater than 0"),
        (["zero_memory", "parameters=1e9", "gpus=1.5"], "zero_memory: gpus", "must be a whole number"),
        (["bubble", "stages=1_000", "microbatches=1"], "bubble: stages", "must be a whole number"),
        (["compute_optimal", "flops=1e20", "law=kaplan"], "compute_optimal: law", "must be one of"),
    ],
)
def test_what_is_wrong_names_the_field(
    words: list[str], where: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = json.loads(said(capsys, *words, "--json", code=2))["error"]
    assert error["kind"] == "RecipeError" and error["where"] == where
    assert what in error["what"] and error["try"]
    assert what.split("'")[0] in said(capsys, *words, code=2)


NONSENSE: list[Any] = [
    "x", "", None, True, float("nan"), 0, -1, 1e-300, 1e300, -1e300, 1e15, [], [1], [1e300] * 8, [-1] * 8, {}, {"a": 1},
    [[1]], [None],
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - FILES.keys()))
def test_no_input_breaks_a_calculator(name: str) -> None:
    """Each input in turn is nonsense: a figure comes out, or an error that names what is wrong."""
    if (values := example(name)) is None:
        pytest.skip("no file of this kind beside this checkout")
    for field in find(name).inputs.model_fields.values():
        for wrong in NONSENSE:
            try:
                made = find(name).answer(values | {str(field.alias): wrong})
            except MintmarkError as exc:
                assert exc.where.startswith(name) and exc.what and exc.fix, (field.alias, wrong)
            else:
                json.dumps(calc.plain(made["result"]), allow_nan=False)


def test_from_python_arrays_and_columns_are_lists_too() -> None:
    flows = [-70000, 12000, 15000, 18000, 21000, 26000]
    expected = mm.capital.irr(flows=flows)
    for given in (np.array(flows), pd.Series(flows), tuple(flows)):
        assert mm.capital.irr(flows=given) == expected
    assert mm.capital.irr(flows) == expected  # by place, as any function
    with pytest.raises(TypeError, match="several values for flows"):
        mm.capital.irr(flows, flows=flows)
    assert mm.capital.ewma_arl(**{"lambda": 0.1}, L=2.814) == mm.capital.ewma_arl(lambda_=0.1, L=2.814)
    assert inspect.signature(mm.capital.npv).parameters.keys() == {"rate", "flows"}
    assert {"npv", "knapsack"} <= set(dir(mm.capital))
    with pytest.raises(AttributeError, match="npw"):
        _ = mm.capital.npw
    with pytest.raises(RecipeError, match="npv: rate"):
        mm.capital.npv(rate=float("nan"), flows=[1])


# --- in Chinese -------------------------------------------------------------------------------------------------------

PROSE = re.compile(r"[a-z]{2,},? [a-z]{2,}")
"""two words after one another, where a formula has signs between its names"""


def test_all_that_calculators_say_is_there_in_chinese_and_nothing_else() -> None:
    texts = {t for c in every().values() for t in (c.group, *c.says, c.formula, c.source, *c.unit.values())}
    chinese = words.catalogue("zh")
    sources = {c.source for c in every().values()}
    assert not [t for t in texts - sources if PROSE.search(re.sub("`[^`]*`", "", t)) and t not in chinese]
    shown = (Path(calc.__file__), ROOT / "docs" / "pages" / "calculators.py")
    code = "".join(path.read_text(encoding="utf-8") for path in shown)
    kinds = {i["kind"] for c in every().values() for i in calc.about(c)["inputs"].values()}
    stale = words.read(words.LOCALE / "zh" / "capital_calc.po").keys() - texts - kinds
    assert not [t for t in stale if json.dumps(t)[1:-1] not in code], "no calculator says these"
    assert not [k for k in kinds if PROSE.search(words.language("zh").again(k)) and '"' not in k]


def test_in_chinese_names_and_figures_stay(capsys: pytest.CaptureFixture[str]) -> None:
    listed = said(capsys, "--lang", "zh")
    assert "缩放定律" in listed and all(f"\n  {name} " in listed for name in every())
    shown = said(capsys, "training_flops", "--lang", "zh")
    for part in ("数字，大于 0；必填", "默认为 6", "公式： flops = factor", "parameters=1.746e+11"):
        assert part in shown
    answer = said(capsys, "npv", "rate=0.1", "flows=[-10000,3000,4200,6800]", "--lang", "zh")
    assert answer.startswith("npv  1188.443412") and "与现金流同单位" in answer and "function NPV" in answer
    assert answered(capsys, "npv", "rate=0.1", "flows=[110]", "--lang", "zh") == {"npv": pytest.approx(100)}
    wrong = said(capsys, "npv", "rate=0.1", "--lang", "zh", code=2)
    assert "npv: flows" in wrong and "建议：" in wrong and "missing" not in wrong


def test_what_the_page_shows_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "how-to" / "calc.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S)
    printed = []
    for line in (line for kind, block in blocks if kind == "bash" for line in block.splitlines()):
        program, *words = shlex.split(line, comments=True)
        assert program == "mintmark" and cli.main(words) == 0
        printed.append(capsys.readouterr().out)
    shown = [block for kind, block in blocks if kind in ("text", "json")]
    assert shown[0] == printed[3] and json.loads(shown[-1]) == json.loads(printed[-1])
    assert cli.main(["calc", "zero_memory", "parameters=1e9", "gpus=1.5"]) == 2
    assert capsys.readouterr().err == shown[1]
    for block in (block for kind, block in blocks if kind == "python"):
        exec(compile(block, "calc.md", "exec"), {"__name__": "shown"})
