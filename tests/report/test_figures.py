"""What pictures are drawn from: it agrees with the record's measures, is small, and survives its file."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mintmark.base.record import RunRecord
from mintmark.base.state import State
from mintmark.numerics import answers, decide, metrics, payoff, trees
from mintmark.report import Figures, Forecasts, Series, by_steps, figures_of, tree_of, write
from mintmark.report import Tested as Rows

CLASSES = ["no", "yes"]


class Spec:
    """A payoff as a recipe has it."""

    currency, true_positive, false_positive, false_negative, true_negative = "EUR", -5, -5, "-amount", 0
    matrix: dict[str, dict[str, float]] = {}
    over = under = capacity = None
    prevalence: float | None = None


def answered(n: int = 4000, prevalence: float | None = None, money: bool = True, seed: int = 0) -> Rows:
    """Test rows of a model that is worse in one region, answered and decided as the spine does it."""
    rng = np.random.default_rng(seed)
    amount, region = rng.lognormal(4, 0.1, n), rng.choice(["north", "south"], n)
    p = rng.beta(0.5, 4, n)
    y = (rng.random(n) < np.where(region == "south", np.minimum(p + 0.2, 1), p)).astype(int)
    questions = pa.table({"amount": amount, "region": region, "who": [f"C{i % 50}" for i in range(n)]})
    raw = answers.of_classes(np.stack([1 - p, p], 1), CLASSES)
    spec = Spec()
    spec.prevalence = prevalence
    made = payoff.parse(spec) if money else None  # type: ignore[arg-type]
    pays = made.tensor(questions, CLASSES) if made else None
    held = decide.Validation(raw, questions, y, CLASSES, pays, None, 1.0)
    decision = decide.learn("classes", held, made, rng)
    truth = pa.table({"target": np.array(CLASSES)[y]})
    decided = decide.apply(decision, raw, questions)
    return Rows("classes", questions, truth, decided, y, CLASSES, pays, decision, made, private=("who",))


@pytest.mark.parametrize("prevalence", [None, 0.02])
def test_figures_agree_with_the_measures_of_the_record(prevalence: float | None) -> None:
    t = answered(prevalence=prevalence)
    made = figures_of("r-1", t)
    raw = decide.calibrated(t.decision, answers.of_classes(answers.probability(t.answers)[0], CLASSES))
    said = {m.name: m.value for m in metrics.of_classes(answers.probability(raw)[0], t.y)}
    assert made.roc[0]["auc"] == pytest.approx(said["roc_auc"])
    assert made.precision[0]["average_precision"] == pytest.approx(said["average_precision"])
    assert t.money is not None
    value = {m.name: m.value for m in decide.value(t.pays, t.answers, t.y, CLASSES, t.money, np.random.default_rng(0))}
    assert np.sum(made.confusion["money"]) == pytest.approx(value["per_case"])
    assert np.sum(made.confusion["rows"]) == 4000
    assert made.value["value"][0] == pytest.approx(value["do_nothing"], rel=1e-4)
    assert made.value["value"][-1] == pytest.approx(value["act_on_all"], rel=1e-4)
    near = int(np.argmin(np.abs(np.array(made.value["acted"]) - value["acted"])))
    assert made.value["low"][near] < value["per_case"] < made.value["high"][near]
    seen = np.average(
        [b["seen"] for b in made.calibration[0]["bins"]], weights=[b["rows"] for b in made.calibration[0]["bins"]]
    )
    assert seen == pytest.approx(t.y.mean(), abs=1e-3), "calibration is shown at the share of the sample"
    told = [b["said"] for b in made.calibration[0]["bins"]]
    assert np.average(told) == pytest.approx(t.y.mean(), abs=0.05)


def test_the_weak_region_is_found_and_no_person_is_named() -> None:
    made = figures_of("r-1", answered())
    first = made.slices["shown"][0]
    assert made.slices["by"] == "missed" and (first["column"], first["value"], first["sure"]) == (
        "region",
        "south",
        True,
    )
    assert {"positive", "money", "log_loss", "wrong"} <= first.keys()
    assert "who" not in {s["column"] for s in made.slices["shown"]}
    plain = figures_of("r-1", answered(money=False))
    assert plain.slices["by"] == "log_loss" and plain.value == {} and "money" not in plain.confusion
    assert [plain.confusion["actions"], plain.confusion["classes"]] == [CLASSES, CLASSES]


def test_figures_are_small_whatever_the_number_of_rows(tmp_path: Path) -> None:
    few, many = (figures_of("r-1", answered(n)).save(tmp_path / f"{n}.json").stat().st_size for n in (2000, 200_000))
    assert many < 1.2 * few < 60_000


def test_many_classes_are_bounded() -> None:
    rng = np.random.default_rng(1)
    names = [f"class {i:03d}" for i in range(200)]
    p = rng.dirichlet(np.full(200, 0.1), 3000)
    y = np.array([rng.choice(200, p=q) for q in p])
    made = answers.of_classes(p, names, decision=np.array(names, object)[p.argmax(1)])
    t = Rows(
        "classes",
        pa.table({"x": rng.random(3000)}),
        pa.table({"y": y}),
        made,
        y,
        names,
        None,
        State(facts={"by": "likeliest"}),
    )
    got = figures_of("r-1", t)
    assert len(got.roc) == len(got.calibration) == 6 and len(got.confusion["rows"]) == 12
    assert got.confusion["left_out"] == 2 * 188 and len(json.dumps(got.confusion)) < 20_000


def numbers(n: int = 1200) -> Rows:
    rng = np.random.default_rng(2)
    at, of = (
        np.tile(np.repeat(np.arange(20), 6) * 6 + np.tile(np.arange(6), 20), n // 120),
        np.repeat(np.arange(n // 120), 120),
    )
    value = rng.normal(100, 20, n)
    y = value + rng.normal(0, 1 + at % 6, n)
    questions = pa.table({"shop": [f"shop {i}" for i in of], "time": at, "asked": at // 6 * 6})
    made = answers.make("number", value=value, low=value - 5, high=value + 5, level=np.full(n, 0.9))
    decision = State(facts={"by": "conformal", "level": 0.9, "half_width": 5.0, "shift": 0.0})
    return Rows("number", questions, pa.table({"y": y}), made, y, [], None, decision, cluster=of, private=("asked",))


def test_errors_grow_with_the_steps_ahead() -> None:
    t = numbers()
    made = by_steps(figures_of("r-1", t), t, "time", "asked")
    assert [s["step"] for s in made.steps] == [1, 2, 3, 4, 5, 6] and {s["rows"] for s in made.steps} == {200}
    off = np.abs(t.y - t.answers["value"].to_numpy())
    assert [s["off"] for s in made.steps] == pytest.approx([off[np.arange(len(off)) % 6 == k].mean() for k in range(6)])
    assert made.steps[0]["inside"] > 0.99 > made.steps[5]["inside"]
    assert made.errors["mean_size"] == pytest.approx(off.mean())
    assert made.slices["by"] == "off" and "asked" not in {s["column"] for s in made.slices["shown"]}


def test_rows_without_a_truth_are_left_out() -> None:
    t = numbers()
    t.y[::3] = np.nan
    made = by_steps(figures_of("r-1", t), t, "time", "asked")
    assert made.errors["rows"] == 800 and sum(s["rows"] for s in made.steps) == 800
    json.dumps([made.errors, made.steps, made.slices], allow_nan=False)


def test_samples_are_few_and_cut() -> None:
    n = 20
    made = answers.make(
        "text", text=["", *["w" * 5000] * (n - 1)], finish=["stop"] * n, prompt_tokens=[1.0] * n, tokens=[1.0] * n
    )
    t = Rows("text", pa.table({"prompt": [f"{i} " + "p" * 999 for i in range(n)]}), pa.table({"y": ["t"] * n}), made,
               np.zeros(n), [], None, State(facts={"by": "none"}))  # fmt: skip
    samples = figures_of("r-1", t).samples
    assert len(samples) == 6 and max(len(s["text"]) for s in samples) <= 601 and samples[0]["true"] == "t"
    assert all(s["prompt"].startswith("…") for s in samples)


@pytest.mark.parametrize("dated", [True, False])
def test_the_file_gives_back_what_was_saved(dated: bool, tmp_path: Path) -> None:
    at = (
        np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]").astype("datetime64[us]")
        if dated
        else np.arange(59.0)
    )
    y = np.where(np.arange(59) % 7 == 0, np.nan, np.arange(59.0))
    many = [
        Series(
            f"名 {i}",
            (at[:40], y[:40]),
            (at[40:50], y[40:50]),
            (at[40:50], *[y[40:50]] * 3),
            (at[50:], *[y[50:] * i] * 3),
            0.9,
        )
        for i in range(30)
    ]
    t = answered(300)
    made = figures_of("r-1", t)
    made = Figures(**{n: getattr(made, n) for n in made.__dataclass_fields__} | {"forecasts": Forecasts.of(many)})
    again = Figures.load(made.save(tmp_path / "figures.json"), "r-1")
    record = RunRecord("r-1", "forecasting", "a", "b")
    pages = [write(tmp_path / f"{i}.html", record, f, "en").read_bytes() for i, f in enumerate((made, again))]
    assert pages[0] == pages[1] and again.roc == made.roc and again.forecasts is not None
    assert again.forecasts.every == 30 and len(again.forecasts.shown) == 24
    assert again.forecasts.shown[0].history[0].dtype == at.dtype
    assert np.array_equal(again.forecasts.shown[0].coming[1], made.forecasts.shown[0].coming[1], equal_nan=True)  # type: ignore[union-attr]


def test_a_tree_as_a_picture_says_what_the_tree_decides() -> None:
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(4)
    x = np.stack([rng.normal(size=2000), rng.integers(0, 4, 2000)], 1)
    y = ((x[:, 0] > 0.3) & (x[:, 1] <= 1)).astype(int)
    fitted = DecisionTreeClassifier(max_depth=8, random_state=0).fit(x, y)
    model = State(trees.forest_arrays([fitted.tree_], 2), {"model": "decision_tree"})
    words = [{"name": "shop", "codes": {"food": 0, "games": 1, "fuel": 2, "<b>": 3}, "rare": None}]
    features = State(facts={"names": ["amount", "shop"], "words": words, "codes": []})
    told = tree_of(features, model, CLASSES)
    assert told["nodes"] == len(model.arrays["child"])

    def answer(node: dict, amount: float, shop: str) -> float:
        while "left" in node:
            left = amount <= node["at"] if "at" in node else shop in node["values"]
            node = node["left" if left else "right"]
        return float(node["value"][1])

    for amount, code in ((0.31, 0), (0.2, 1), (1.0, 2), (2.0, 3), (0.5, 1)):
        shop = list(words[0]["codes"])[code]  # type: ignore[arg-type]
        assert answer(told["root"], amount, shop) == fitted.predict_proba([[amount, code]])[0, 1]
    forest = State(trees.forest_arrays([fitted.tree_] * 2, 2), {"model": "random_forest"})
    assert tree_of(features, forest, CLASSES) == {}
