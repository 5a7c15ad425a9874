"""Plans of training: what is ranked, what the strategies save, what does not fit, and what is refused."""

import csv
import io
import json
import math
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mintmark import capital
from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.capital import planning
from mintmark.capital.planning import bill, goal, shape
from mintmark.capital.planning.study import Study

TODAY = date(2026, 11, 1)
MODEL = {
    "hidden": 4096,
    "layers": 32,
    "heads": 32,
    "ffn": 11008,
    "gated": True,
    "tied": False,
    "vocab": 32000,
    "seq": 2048,
}
SMALL = {
    "kind": "plan", "currency": "USD", "model": MODEL, "goal": {"tokens": 50e9}, "draws": 400,
    "fleet": {"gpus": ["A100-80GB", "H100"], "gpu_counts": [8, 32]}, "leaner": [1.0, 0.7, 0.4],
    "layouts": {"micro_batches": [1, 2, 4], "batches": [1.0, 2.0]}, "transfer": {},
}  # fmt: skip


def asked(**changes: Any) -> planning.Plan:
    return planning.parse(SMALL | changes, "plan.toml")


@cache
def made() -> Study:
    return planning.study(asked(), "plan.toml", Path())


@cache
def said() -> dict[str, Any]:
    return planning.said(made(), TODAY)


def test_the_written_file_weighs_many_layouts_and_answers_in_plain_values():
    plan = planning.parse(tomllib.loads(planning.STARTER), "plan.toml")
    answer = planning.plan(plan, "plan.toml", today=TODAY)
    assert answer["layouts"]["weighed"] > 10_000
    assert answer["currency"] == "EUR"
    assert json.loads(json.dumps(answer)) == answer


def test_the_same_seed_says_the_same():
    again = planning.plan(asked(), "plan.toml", today=TODAY)
    assert json.dumps(again) == json.dumps(said())


def test_plans_are_ranked_by_what_they_cost_in_8_of_10_chances():
    costs = [p["cost"]["p80"] for p in said()["plans"]]
    assert costs == sorted(costs)
    assert said()["best"] == said()["plans"][0]
    for p in said()["plans"]:
        assert p["cost"]["p10"] < p["cost"]["p50"] < p["cost"]["p80"] < p["cost"]["p90"]
        assert 0 < p["cost"]["se"] < 0.1 * p["cost"]["p80"]
        assert p["memory_gb"]["needed"] <= p["memory_gb"]["of"]
        assert p["gpus"] == p["data"] * p["tensor"] * p["pipeline"]
        assert p["batch"] == p["data"] * p["micro_batch"] * p["accumulate"]
        assert 0.05 < p["mfu"] < 0.9


def test_none_of_the_front_is_beaten_in_both():
    front = said()["pareto"]
    for one, other in zip(front, front[1:], strict=False):
        assert one["cost"]["p80"] < other["cost"]["p80"]
        assert one["days"]["p80"] > other["days"]["p80"]
    for f in front:
        assert not any(
            p["cost"] < 0.999 * f["cost"]["p80"] and p["days"] < 0.999 * f["days"]["p80"] for p in said()["points"]
        )
    assert front[0]["cost"]["p80"] == said()["best"]["cost"]["p80"]


def test_the_waterfall_falls_to_the_cheapest_plan():
    steps = said()["waterfall"]
    assert [s["strategy"] for s in steps] == ["none", "leaner", "layout", "transfer", "fleet", "batch"]
    known = [s for s in steps if s["cost"] is not None]
    for before, after in zip(known, known[1:], strict=False):
        assert after["saved"] == pytest.approx(before["cost"] - after["cost"])
        assert after["saved"] >= 0
    assert known[-1]["cost"] == pytest.approx(said()["best"]["cost"]["p80"])
    assert known[0]["plan"]["strategies"] == []
    assert known[0]["plan"]["precision"] == "fp32"
    assert known[0]["plan"]["method"] == "scratch"
    assert not known[0]["plan"]["spot"]
    allowed: set[str] = set()
    for s in steps[1:]:
        allowed.add(s["strategy"])
        assert s["plan"] is None or set(s["plan"]["strategies"]) <= allowed
    for s in said()["strategies"]:
        assert s["alone"] is None or s["alone"] >= -1e-9
        assert s["without"] is None or s["without"] >= -1e-9


def test_steps_without_a_plan_say_why():
    """3 days are too few in 32 bits from nothing, and a model of 70 billion fits no GPU without being shared out."""
    goal, fleet = {"tokens": 50e9, "most_days": 3}, {"gpus": ["H100"], "gpu_counts": [8, 32]}
    first = planning.plan(asked(goal=goal, fleet=fleet), "x", today=TODAY)["waterfall"][0]
    assert (first["cost"], first["why"]) == (None, "bounds")
    large = MODEL | {"hidden": 8192, "layers": 80, "heads": 64, "ffn": 28672}
    ways = {"tensor": [1], "pipeline": [1]}
    steps = planning.plan(asked(model=large, fleet=fleet, layouts=ways), "x", today=TODAY)["waterfall"]
    assert [s["why"] for s in steps[:2]] == ["memory", "memory"]
    assert steps[2]["cost"] is not None
    assert steps[2]["plan"]["zero"] == 3
    assert steps[2]["saved"] is None


def test_a_plan_costs_its_hours_at_its_price():
    """With nothing unknown but the speed, the middle of the draws is hours x GPUs x price."""
    known = {"costs": {"overrun": 1.0, "fixed": 1000}, "spot": {"reclaimed_per_hour": 0, "restart_minutes": 0},
             "transfer": {"methods": ["scratch"]}, "draws": 20_000}  # fmt: skip
    fleet = SMALL["fleet"] | {"spot": False, "clouds": ["lambda"], "gpus": ["H100"], "gpu_counts": [8]}
    best = planning.plan(asked(**known, fleet=fleet), "plan.toml", today=TODAY)["best"]
    hours = best["tokens"] / best["tokens_per_s"] / 3600
    wanted = hours * best["gpus"] * best["usd_per_gpu_hour"]["mid"] + 1000
    assert best["cost"]["p50"] == pytest.approx(wanted, rel=0.02)  # failures of GPUs and checkpoints come on top
    assert best["cost"]["p50"] > 0.99 * wanted
    spread = (best["cost"]["p90"] - 1000) / (best["cost"]["p50"] - 1000)
    assert spread == pytest.approx(math.exp(1.2816 * bill.SPREAD), rel=0.02)
    green = capital.energy(gpu_hours=best["gpu_hours"], watts=700, pue=asked().energy.pue.centre(),
                           t_per_mwh=asked().energy.t_per_mwh.centre())  # fmt: skip
    assert best["kwh"] == pytest.approx(1000 * green["mwh"])
    assert best["t_co2"] == pytest.approx(green["t_co2"])


def test_spot_that_is_taken_back_often_costs_more():
    def cheapest(chance: float) -> float:
        fleet = SMALL["fleet"] | {"gpus": ["H100"], "gpu_counts": [32], "clouds": ["aws"]}
        answer = planning.plan(asked(fleet=fleet, spot={"reclaimed_per_hour": chance}), "x", today=TODAY)
        return min(p["cost"]["p80"] for p in answer["plans"] if p["spot"])

    assert cheapest(0.01) < cheapest(0.3) < cheapest(2.0)


def test_leaner_shapes_have_the_same_loss():
    given = shape.whole(MODEL)
    target = goal.target(asked().goal, given, "x")
    law = goal.law_of("epoch2024")
    shapes = goal.leaner(target, given, [1.0, 0.7, 0.4])
    assert len(shapes) == 3
    for small, tokens in shapes:
        assert float(law.loss(small.active, tokens)) == pytest.approx(target.loss)
    assert shapes[2][0].parameters == pytest.approx(0.4 * given.parameters, rel=0.1)
    assert shapes[2][1] > shapes[1][1] > shapes[0][1]


def test_larger_batches_need_more_tokens():
    """McCandlish et al.: at the critical batch, data are twice their least."""
    target = goal.Target(1e9, 2.5, "epoch2024", 1.0, 1e6, True)
    assert target.stretched(1e6) == pytest.approx(2, rel=1e-5)
    assert target.stretched(3e6) == pytest.approx(4, rel=1e-5)


def test_what_does_not_fit_says_by_how_much():
    found = said()["rejected"]
    assert sum(r["rejected"] for r in found["by"]) == said()["layouts"]["rejected"] > 0
    assert said()["layouts"]["fit"] + said()["layouts"]["rejected"] == said()["layouts"]["weighed"]
    for r in found["nearest"]:
        assert r["over_gb"] > 0
        assert r["over_gb"] == pytest.approx(r["needed_gb"] - r["of_gb"])
    rows = list(csv.DictReader(io.StringIO(planning.rejected(made()))))
    assert len(rows) == said()["layouts"]["rejected"]
    assert min(float(r["over_gb"]) for r in rows) == pytest.approx(found["nearest"][0]["over_gb"])
    ranked = list(csv.DictReader(io.StringIO(planning.plans(said()))))
    assert float(ranked[0]["cost.p80"]) == said()["best"]["cost"]["p80"]


def test_a_bound_on_days_is_kept_by_faster_plans():
    free = said()["best"]
    bound = free["days"]["p80"] / 3
    best = planning.plan(asked(goal={"tokens": 50e9, "most_days": bound}), "x", today=TODAY)["best"]
    assert best["days"]["p80"] <= bound
    assert best["cost"]["p80"] >= free["cost"]["p80"]


def test_compute_optimal_takes_the_tokens_of_the_law():
    answer = planning.plan(asked(goal={"compute_optimal": True, "law": "chinchilla1"}, leaner=[1.0]), "x", today=TODAY)
    wanted = capital.compute_optimal(parameters=answer["model"]["active"], law="chinchilla1")["tokens"]
    assert answer["goal"]["tokens"] == pytest.approx(wanted)


def test_parameters_are_those_of_models_that_everyone_knows(tmp_path: Path):
    llama = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
             "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
             "max_position_embeddings": 8192}  # fmt: skip
    mixtral = llama | {"model_type": "mixtral", "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2}
    gpt2 = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024}
    for config, parameters, active in ((llama, 8.03e9, 8.03e9), (mixtral, 46.7e9, 12.9e9), (gpt2, 124.4e6, 124.4e6)):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        found = shape.whole(shape.from_config(path))
        assert found.parameters == pytest.approx(parameters, rel=2e-3)
        assert found.active == pytest.approx(active, rel=3e-3)


def test_old_prices_and_gpus_without_published_runs_are_said():
    fleet = SMALL["fleet"] | {"gpus": ["A100-80GB", "L40S"]}
    notes = [n["text"] for n in planning.plan(asked(fleet=fleet), "x", today=TODAY)["notes"]]
    assert any("2025" in n and "out of date" in n for n in notes)
    assert any("L40S" in n and "published" in n for n in notes)


@pytest.mark.parametrize(
    ("changes", "kind", "where", "what"),
    [
        ({"modle": {}}, RecipeError, "modle", "model"),
        ({"fleet": {"gpus": ["H1000"]}}, RecipeError, "fleet.gpus", "H100"),
        ({"fleet": {"gpus": ["H100"], "clouds": ["awz"]}}, RecipeError, "fleet.clouds", "aws"),
        ({"fleet": {"gpus": ["H100"], "gpu_counts": [7]}}, RecipeError, "gpu_counts", "7"),
        ({"goal": {"tokens": 1e9, "loss": 2.0}}, RecipeError, "goal", "tokens and loss"),
        ({"goal": {}}, RecipeError, "goal", "neither"),
        ({"goal": {"tokens": 1e-300}}, RecipeError, "goal.tokens", "at least 1"),
        ({"model": MODEL | {"hidden": 1e300}}, RecipeError, "model.hidden", "at most 1000000000"),
        ({"fleet": {"gpu_counts": []}}, RecipeError, "plan.toml: fleet.gpu_counts", "is empty"),
        ({"costs": {"fixed": 1e300}}, RecipeError, "plan.toml", "costs.fixed reaches 1e+300"),
        ({"goal": {"loss": 1.5}}, RecipeError, "goal.loss", "cannot reach"),
        ({"goal": {"tokens": 50e9, "most_days": 0.0001}}, RecipeError, "goal.most_days", "the fastest takes"),
        ({"goal": {"tokens": 50e9, "most_cost": 1.0}}, RecipeError, "goal.most_cost", "the cheapest"),
        ({"model": MODEL | {"heads": 30}}, RecipeError, "model.heads", "no multiple"),
        ({"model": MODEL | {"kv_heads": 5}}, RecipeError, "model.kv_heads", "no multiple"),
        ({"model": {"hidden": 64}}, RecipeError, "model", "layers"),
        ({"model": {"config": "none.json"}}, DataError, "none.json", "cannot be read"),
        ({"currency": "EUR"}, RecipeError, "", "USD"),
        ({"spot": {"restart_minutes": 1e9}}, RecipeError, "spot", "no plan ever ends"),
        ({"fleet": {"gpus": ["A100-80GB"]}, "layouts": {"precisions": ["fp8"]}}, RecipeError, "fleet", "precision"),
        ({"transfer": {"full": 0}}, RecipeError, "transfer", "nothing is learnt"),
        ({"draws": 10}, RecipeError, "draws", "200"),
        ({"layouts": {"zero": [4]}}, RecipeError, "zero", "3"),
        ({"energy": {"pue": 0.9}}, RecipeError, "pue", "1"),
        ({"model": MODEL | {"hidden": 65536, "layers": 256, "heads": 512, "ffn": 200_000}, "leaner": [1.0],
          "goal": {"tokens": 1e9, "batch_tokens": 1e6}}, DataError, "plan.toml", "GB more than it has"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(changes: dict[str, Any], kind: type, where: str, what: str):
    with pytest.raises(MintmarkError) as error:
        planning.plan(asked(**changes), "plan.toml", today=TODAY)
    assert type(error.value) is kind
    assert where in error.value.where
    assert what in str(error.value)
    assert error.value.fix
