"""A run's page: it stands alone, nothing that users name can break or act in it, and its figures are the record's."""

import base64
import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.record import Measured, RunRecord
from mintmark.report import Figures, Forecasts, Series, chart, of_tables, script, words, write

HOSTILE = "<script>alert(1)</script>\x00\ud800\u202e & \"'"


def record(task: str = "forecasting") -> RunRecord:
    """Of a run whose every text is hostile."""
    made = RunRecord("abc-def-1", task, "1" * 64, "2" * 64, "3" * 64, "2026-02-03T04:05:06+00:00")
    made.recipe = {"task": task, "data": f"/home/someone/{HOSTILE}.csv", "settings": {"season": 12, "name": HOSTILE}}
    made.machine, made.rows, made.split = {"system": HOSTILE}, {"all": 120, "dev": 96, "test": 24}, HOSTILE
    made.notes = [HOSTILE, "中文说明"]
    made.add(
        Measured("owa", 0.87123456789, "1", "down"), Measured("smape", 0.1234567, "1", "down"),
        Measured("coverage", 0.8812, "1"), Measured(HOSTILE, 1234567.25, HOSTILE, "up", "estimated", HOSTILE),
        stage="evaluate",
    )  # fmt: skip
    made.add(Measured("per_case", -3.25, "EUR", "up"), stage="value")
    return made


def series(name: str = "shop", scale: float = 1000.0, start: str = "2024-01", n: int = 60, horizon: int = 6) -> Series:
    at = np.datetime64(start, "M") + np.arange(n + 2 * horizon)
    y = scale * (1 + np.sin(np.arange(len(at))) / 4)
    old, test, next_ = slice(0, n), slice(n, n + horizon), slice(n + horizon, None)
    tested, coming = ((at[s], y[s] * 1.1, y[s] * 0.9, y[s] * 1.3) for s in (test, next_))
    return Series(name, (at[old], y[old]), (at[test], y[test]), tested, coming, 0.9)


def written(path: Path, made: RunRecord, series_: list[Series] | None = None, lang: str = "en") -> Path:
    """The page of a record and its series."""
    answer = "number" if series_ else ""
    return write(path, made, Figures(made.run, answer, 24, forecasts=Forecasts.of(series_ or [])), lang)


def scripts(path: Path) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", path.read_text(encoding="utf-8"), re.S)


def page(path: Path) -> ElementTree.Element:
    """The page but for what its scripts say, read by the strictest of parsers."""
    text = re.sub(r"(<script>).*?(</script>)", r"\1\2", path.read_text(encoding="utf-8"), flags=re.S)
    head, _, rest = text.partition("\n")
    assert head == "<!DOCTYPE html>"
    return ElementTree.fromstring(rest)


def text_of(root: ElementTree.Element) -> str:
    return " ".join(" ".join(root.find("body").itertext()).split())  # type: ignore[union-attr]


def stands_alone(path: Path, ours: list[str]) -> None:
    """Nothing is fetched, and nothing runs but these scripts, each named by its digest."""
    root = page(path)
    text = re.sub(r"<script>.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert {e.tag for e in root.iter()} & {"link", "img", "iframe", "object", "embed", "base", "form", "video"} == set()
    assert not [k for e in root.iter() for k in e.attrib if k.startswith("on") or k in ("src", "srcset", "action")]
    assert all(e.get("href", "#").startswith("#") for e in root.iter())
    assert not re.search(r"https?:|url\((?!#plot)|@import|javascript:", text)
    assert scripts(path) == ours and len(root.findall(".//script")) == len(ours)
    policy = root.find(".//meta[@http-equiv]")
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in ours]
    allowed = " ".join(f"'sha256-{d}'" for d in digests)
    assert policy is not None and policy.get("content") == (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def test_the_page_stands_alone_and_runs_only_our_script(tmp_path: Path) -> None:
    path = written(tmp_path / "report.html", record(), [series(f"{HOSTILE} {i}") for i in range(3)])
    stands_alone(path, [script.OURS])
    assert list(tmp_path.iterdir()) == [path] and path.stat().st_size < 200_000


def test_plotly_is_in_the_page_once_and_only_where_it_draws(tmp_path: Path) -> None:
    made, curve = record("tabular_classification"), {"fpr": [0.0, 0.5, 1.0], "tpr": [0.0, 0.9, 1.0]}
    rocs = [{"class": f"{HOSTILE} {i}", "auc": 0.9, **curve} for i in range(3)]
    drawn = write(tmp_path / "report.html", made, Figures(made.run, "classes", 24, roc=rocs), "en")
    stands_alone(drawn, [script.plotly(), script.OURS])
    assert "plotly.js v" in scripts(drawn)[0][:60] and drawn.stat().st_size < 6_000_000


def test_what_users_name_is_shown_as_text(tmp_path: Path) -> None:
    root = page(written(tmp_path / "report.html", record(), [series(HOSTILE)]))
    shown = text_of(root)
    assert shown.count("<script>alert(1)</script>") >= 6  # series, notes, split, machine, unit, source, recipe
    assert not set("\x00\u202e\ud800") & set(shown)
    assert "/home/someone" not in shown, "where files lie on the machine is not published"


def test_values_in_the_tables_are_the_records_and_the_forecasts(tmp_path: Path) -> None:
    made, one, two = record(), series("上海门店 · 咖啡", 2e6), series("广州", 0.5)
    root = page(written(tmp_path / "report.html", made, [two, one]))
    rows = root.findall(".//table[@class='measures']/tbody/tr")
    shown = {"".join(r[0].itertext()): r for r in rows if len(r) == 6}
    for m in made.measures:
        row = shown[words.UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", m.name)]
        assert float(row.find(".//data").get("value")) == m.value  # type: ignore[union-attr, arg-type]
        assert "".join(row[4].itertext()) == m.how
    (table,) = root.findall(".//table[@class='forecast sort']")
    lines = {"".join(r[0].itertext()): r for r in table.findall("tbody/tr")}
    assert list(lines) == ["上海门店 · 咖啡", "广州", "sum of 2 series"], "the largest first"
    for name, value in (
        (one.name, one.coming[1]),
        (two.name, two.coming[1]),
        ("sum of 2 series", one.coming[1] + two.coming[1]),
    ):
        assert [float(d.get("value", "")) for d in lines[name].iter("data")] == pytest.approx(value.tolist())
    assert "1,8" in "".join(lines[one.name].itertext()) or "2,0" in "".join(lines[one.name].itertext())
    assert ["".join(h.itertext()) for h in table.findall("thead/tr/th")][1:] == [f"2029-{m:02d}" for m in range(7, 13)]


def test_series_of_other_times_have_a_table_of_their_own(tmp_path: Path) -> None:
    root = page(written(tmp_path / "few.html", record(), [series("a"), series("b"), series("ended", 9e3, "2020-01")]))
    tables = [[r[0][0].text for r in t.findall("tbody/tr")] for t in root.findall(".//table[@class='forecast sort']")]
    assert tables == [["a", "b", "sum of 2 series"], ["ended"]]
    assert "the next 6 steps (2029-07 to 2029-12)" in text_of(root)
    many = [series(str(i), start=f"20{i:02d}-01", horizon=8) for i in range(10, 20)]
    root = page(written(tmp_path / "many.html", record(), many))
    first, *rest = root.findall(".//table[@class='forecast sort']")
    assert ["".join(h.itertext()) for h in first.findall("thead/tr/th")] == [
        "series",
        *(f"step {i}" for i in (1, 2, 4, 5, 7, 8)),
    ]
    assert "2015-09 to 2016-04" in "".join(first.itertext()) and "sum of" not in text_of(root)
    assert len(rest) == 2 and sum(len(t.findall(".//data")) for t in rest) == 10 * 8, "every step is there"
    assert "8 steps, each from its own end" in text_of(root)


def test_amounts_that_lean_to_the_cheaper_side_say_so(tmp_path: Path) -> None:
    made = record()
    made.recipe["payoff"] = {"currency": "EUR", "over": -1.0, "under": -3.0}
    shown = text_of(page(written(tmp_path / "report.html", made, [series()])))
    assert "a unit too much counts −1 EUR and one too little −3 EUR" in shown


def test_one_sentence_says_what_how_good_and_what_it_earns(tmp_path: Path) -> None:
    root = page(written(tmp_path / "report.html", record(), [series(str(i)) for i in range(30)]))
    said = "".join(root.find(".//p[@class='lead']").itertext())  # type: ignore[union-attr]
    assert said.replace("\N{NO-BREAK SPACE}", " ") == (
        "A forecast of 30 series for the next 6 steps (2029-07 to 2029-12). On 24 test rows that no choice had seen: "
        "OWA 0.8712 (12.9 % less error than Naive2), sMAPE 0.1235 and 88.1 % of what happened lay inside its interval. "
        "A case cost 3.25 EUR."
    )
    assert "90 % was aimed at" in text_of(root)


def test_many_series_are_bounded_and_counted(tmp_path: Path) -> None:
    many = [series("长" * 200 + str(i), scale=10.0 + i) for i in range(40)]
    path = written(tmp_path / "report.html", record(), many)
    root = page(path)
    assert len(root.findall(".//section[@id='series']//svg[@class='chart']")) == 24
    assert "The 24 largest of 40" in text_of(root)
    titles = ["".join(h.itertext()) for h in root.findall(".//section[@id='series']//figure/h3")]
    assert {len(t) for t in titles} == {60} and all(t.endswith("…") for t in titles)


def test_long_series_are_cut(tmp_path: Path) -> None:
    long = series("hourly", n=100_000, horizon=500, start="1600-01")
    path = written(tmp_path / "report.html", record(), [long])
    known = page(path).find(".//svg[@class='chart']//polyline[@class='known']")
    assert known is not None and len(known.get("points", "").split()) == 120 + 120
    assert path.stat().st_size < 200_000
    assert "440 later steps" in path.read_text(encoding="utf-8")
    shown = series(n=100, horizon=6).cut(season=12)
    assert len(shown.history[0]) == 5 * 6 + 2 * 12


@pytest.mark.parametrize("task", ["tabular_classification", "text_generation"])
def test_a_run_without_series_has_a_page_too(task: str, tmp_path: Path) -> None:
    root = page(written(tmp_path / "report.html", record(task)))
    shown = text_of(root)
    assert shown.count(task.replace("_", " ").capitalize()) and "120 rows" in shown and "中文说明" in shown
    assert root.find(".//svg") is None and "−3.25 EUR" in shown
    empty = text_of(page(written(tmp_path / "empty.html", RunRecord("r", task, "a", "b"))))
    assert task.replace("_", " ").capitalize() in empty and "All measures" not in empty


def test_fonts_have_chinese_to_fall_back_on(tmp_path: Path) -> None:
    style = page(written(tmp_path / "report.html", record())).find(".//style")
    assert style is not None and style.text is not None
    assert {"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"} <= set(re.findall(r'"([^"]+)"', style.text))
    assert "@media print" in style.text and "prefers-color-scheme: dark" in style.text


@pytest.mark.parametrize(
    "values", [np.zeros(12), np.full(12, np.nan), np.r_[np.nan, 1.0, np.nan, 2, 3, np.full(7, np.nan)],
               np.linspace(-1, 1, 12) * 1.7e308, np.full(12, np.inf), np.full(12, -1e-300)],
    ids=["constant", "nothing", "gaps", "huge", "infinite", "tiny"],
)  # fmt: skip
@pytest.mark.parametrize("dated", [True, False])
def test_odd_values_draw_or_leave_out(values: np.ndarray, dated: bool, tmp_path: Path) -> None:
    at = np.arange("2026-01-01", "2026-01-13", dtype="datetime64[D]") if dated else np.arange(12.0)
    odd = Series("odd", (at[:6], values[:6]), (at[6:9], values[6:9]), (at[6:9], *[values[6:9]] * 3),
                 (at[9:], *[values[9:]] * 3))  # fmt: skip
    text = written(tmp_path / "report.html", record(), [odd, odd]).read_text(encoding="utf-8")
    drawn = "".join(re.findall(r"<svg class=.*?</svg>", text))
    assert not re.search(r"nan|inf\b", drawn)
    assert bool(drawn) == bool(np.isfinite(values).any())
    page(tmp_path / "report.html")


def test_figures_join_rows_answers_and_truth_by_series() -> None:
    at = pa.array(np.arange("2026-01-01", "2026-01-05", dtype="datetime64[D]").astype("datetime64[ns]"))
    history = pa.table({"id": ["b"] * 4 + ["a"] * 4, "t": pa.chunked_array([at, at]), "y": list(range(8))})
    asked = pa.table({"id": ["a", "b"], "t": at.take(pa.array([3, 3]))})
    made = pa.table({"value": [70.0, 30.0], "low": [60.0, 20.0], "high": [80.0, 40.0], "level": [0.8, 0.8]})
    next_ = pa.table({"id": ["a", "c"], "t": pa.array([np.datetime64("2026-01-05", "ns")] * 2)})
    got = of_tables(history, asked, made, pa.table({"y": [7, 3]}), next_, made, id="id", time="t", target="y")
    b, a, c = got
    assert [s.name for s in got] == ["b", "a", "c"]
    assert a.history[1].tolist() == [4, 5, 6] and a.actual[1].tolist() == [7] and a.forecast[1].tolist() == [70]
    assert str(a.coming[0][0])[:10] == "2026-01-05" and [x[0] for x in a.coming[1:]] == [70, 60, 80]
    assert b.smape == pytest.approx(2 * 27 / 33) and len(b.coming[0]) == 0 and a.level == 0.8
    assert len(c.history[0]) == 0 and c.coming[1].tolist() == [30] and np.isnan(c.smape)


def test_one_series_needs_no_id_and_integer_steps_are_times() -> None:
    history = pa.table({"step": [3, 1, 2], "sales": [30, 10, None]})
    asked, made = pa.table({"step": [3]}), pa.table({"value": [31.0], "low": [None], "high": [None]})
    (one,) = of_tables(history, asked, made.cast(pa.schema([(n, pa.float64()) for n in made.schema.names])),
                     pa.table({"sales": [30]}), time="step", target="sales")  # fmt: skip
    assert one.name == "sales" and one.history[0].tolist() == [1, 2] and np.isnan(one.history[1][1])
    assert np.isnan(one.forecast[2]).all() and one.level is None


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (1234.56, "1,235"), (0.123456, "0.1235"), (-1234567.8, "−1,234,568"), (1.5e-7, "1.5e−07"),
     (float("nan"), "–"), (3, "3"), (99.996, "100")],
)  # fmt: skip
def test_numbers_are_readable(value: float, text: str) -> None:
    assert words.number(value) == text


@pytest.mark.parametrize(
    "low, high, ticks",
    [(0, 1, [0, 0.5, 1]), (-7, 93, [0, 20, 40, 60, 80]), (1e6, 1.4e6, [1e6, 1.1e6, 1.2e6, 1.3e6, 1.4e6]),
     (-3, -1, [-3, -2.5, -2, -1.5, -1])],
)  # fmt: skip
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert chart.nice(low, high).tolist() == pytest.approx(ticks)


@pytest.mark.parametrize(
    "start, end, first",
    [("2019-03-01", "2025-12-31", "2020"), ("2025-01-15", "2025-06-30", "2025-02"),
     ("2026-01-01", "2026-01-09", "01-01"), ("2026-01-01T00:00", "2026-01-01T20:00", "01-01 00:00"),
     ("-20000", "30000", "")],
)  # fmt: skip
def test_dates_on_an_axis_suit_its_span(start: str, end: str, first: str) -> None:
    begin, stop = (float(np.datetime64(t, "s").astype(np.int64)) for t in (start, end))
    ticks = chart.dates(begin, stop)
    assert 2 <= len(ticks) <= 7 and all(begin <= at <= stop for at, _ in ticks)
    assert ticks[0][1] == first or not first


def test_a_recipe_is_shown_as_toml() -> None:
    import tomllib

    recipe = {"task": "x", "with": ["a"], "empty": "", "none": None, "columns": {"time": "t", "id": ""},
              "payoff": {"currency": "USD", "matrix": {"be careful": {"好": -5}}}}  # fmt: skip
    shown = tomllib.loads(words.toml(recipe))
    assert shown == {"task": "x", "with": ["a"], "columns": {"time": "t"},
                     "payoff": {"currency": "USD", "matrix": {"be careful": {"好": -5}}}}  # fmt: skip


def test_what_a_search_tried_stands_side_by_side(tmp_path: Path) -> None:
    def trial(model: str, value: float, **more: object) -> dict[str, object]:
        made = {
            "settings": {"model": model, "C": 0.1},
            "with": ["balance:smote"],
            "share": 1.0,
            "rows": 96,
            "cpu_s": 1.0,
        }
        made |= {"origin": "ladder", "wall_s": 1.5, "weight": 0.0, "cost": {"value": 1e-5, "unit": "USD"}}
        made |= {"name": "value.per_case", "value": value, "unit": "EUR", "better": "up", "low": value - 1}
        return made | {"high": value + 1, "measures": {"average_precision": 0.8, "savings": 0.25}, **more}

    made = record("tabular_classification")
    made.trials = [
        trial("ebm", -2.0), trial(HOSTILE, -1.0, weight=1.0), trial("lightgbm", -9.0, share=0.3, rows=30),
        {"settings": {"model": "catboost"}, "with": [], "share": 1.0, "failed": HOSTILE},
    ]  # fmt: skip
    root = page(written(tmp_path / "report.html", made))
    whole, part = root.findall(".//table[@class='trials sort']")
    firsts = [[row.find(".//data").get("value") for row in t.findall("tbody/tr")] for t in (whole, part)]  # type: ignore[union-attr]
    assert firsts == [["-1.0", "-2.0"], ["-9.0"]]
    assert "balance: smote" in text_of(root) and "PR AUC" in text_of(root) and "1 was not done" in text_of(root)


def test_the_same_model_on_more_rows_is_a_learning_curve(tmp_path: Path) -> None:
    def trial(model: str, share: float, value: float) -> dict[str, object]:
        made = {
            "settings": {"model": model},
            "with": [],
            "share": share,
            "rows": round(1000 * share),
            "origin": "ladder",
        }
        made |= {"wall_s": 1.0, "weight": 0.0, "name": "roc_auc", "value": value, "unit": "1", "better": "up"}
        return made | {"low": value - 0.1, "high": value + 0.1, "measures": {}}

    made = record("tabular_classification")
    made.trials = [trial("ebm", 1.0, 0.9), trial("ebm", 0.2, 0.7), trial(HOSTILE, 0.2, 0.6), trial("ebm", 0.5, 0.8)]
    root = page(written(tmp_path / "report.html", made))
    (plot,) = root.findall(".//*[@data-figure]")
    (line,) = json.loads(plot.get("data-figure", ""))["data"]
    assert line["name"] == "ebm" and line["x"] == [200, 500, 1000] and line["y"] == [0.7, 0.8, 0.9]


def test_stages_share_what_making_the_model_cost(tmp_path: Path) -> None:
    made = record("tabular_classification")
    for stage, wall in (("collect", 1.0), ("train", 6.0), ("evaluate", 1.0), ("package", 2.0)):
        made.add(Measured("wall", wall, "s"), Measured("peak_memory", 2e8, "bytes"), stage=stage)
    made.add(Measured("train", 5.0, "USD", how="estimated"), stage="cost")
    rows = (
        page(written(tmp_path / "report.html", made)).findall(".//section[@id='usage']//table")[0].findall("tbody/tr")
    )
    assert [float(r[-1].find("data").get("value")) for r in rows] == [0.5, 3.0, 0.5, 1.0]  # type: ignore[union-attr, arg-type]
    assert ["".join(r[4].itertext()) for r in rows] == ["200 MB"] * 4
