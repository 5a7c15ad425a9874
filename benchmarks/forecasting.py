"""Forecasts against statsforecast's models and their means: M1 monthly, M4 weekly and hourly, official test rows.

A fixed sample of series of each set, all in one run on one machine. Ours is a whole run of the spine on a long table:
reading, validation, choice, intervals, test, refit, package. The best single model is the one with the lowest OWA on
the last block before the test. What counts is the difference of OWA on the test rows, paired, with a 95 % bootstrap
interval over series. OWA as in M4: Naive2 as base, season 12, 1 and 24. Steps are numbered from the end of each
training series. AutoARIMA is left out of the hourly set: hours of processor time. Where ours is told of a longer season
(52 weeks, 168 hours), MSTL and the seasonal naive forecast with it are peers beside those with M4's seasons.

    python benchmarks/forecasting.py [monthly weekly hourly] [--count 100] [--seed 0] [--dry]
"""

import argparse
import csv
import json
import os
import random
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import ROOT, about, write

DATA = ROOT.parent / "shared" / "data"
SETS: dict[str, dict[str, Any]] = {
    "monthly": {"file": "forecast_m1/series.csv", "period": "MONTHLY", "horizon": 18, "season": 12, "ours": [12]},
    "weekly": {"file": "forecast_m4/weekly.csv", "horizon": 13, "season": 1, "ours": [52]},
    "hourly": {"file": "forecast_m4/hourly.csv", "horizon": 48, "season": 24, "ours": [24, 168]},
}
DRAWS = 2000
Series = dict[str, tuple[np.ndarray, np.ndarray]]


def read(name: str, count: int, seed: int) -> Series:
    """Training and test values of the sampled series."""
    csv.field_size_limit(2**30)
    about_set, found = SETS[name], dict[str, dict[str, np.ndarray]]()
    with (DATA / about_set["file"]).open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row.get("period") in (None, about_set.get("period")):
                found.setdefault(row["id"], {})[row["split"]] = np.array(row["values"].split(), float)
    fixed = set(random.Random(0).sample(sorted(found), 100))
    ids = fixed if seed == 0 else set(found) - fixed  # other seeds: series that the figures are not about
    chosen = random.Random(seed).sample(sorted(ids), min(count, len(ids)))
    return {i: (found[i]["train"], found[i]["test"]) for i in chosen}


def cpu_s() -> float:
    """Of this process and its ended children."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    cpu, wall = cpu_s(), time.perf_counter()
    made = work()
    return made, {"cpu_s": cpu_s() - cpu, "wall_s": time.perf_counter() - wall}


# --- ours -------------------------------------------------------------------------------------------------------------


def ours(name: str, series: Series, folder: Path) -> dict[str, Any]:
    """Forecasts of the test steps from a whole run, and its record."""
    from mintmark import spine
    from mintmark.numerics.ctx import Ctx
    from mintmark.recipe import schema

    about_set = SETS[name]
    for part, place in (("train", 0), ("test", 1)):
        with (folder / f"{part}.csv").open("w", encoding="utf-8") as out:
            out.write("id,step,y\n")
            for i, pair in series.items():
                first = 1 if place else 1 - len(pair[0])
                out.writelines(f"{i},{first + k},{float(v)!r}\n" for k, v in enumerate(pair[place]))
    rows = sum(len(train) for train, _ in series.values())
    blocks = 3 * about_set["horizon"] * len(series)
    recipe = schema.parse(
        {
            "task": "forecasting", "data": str(folder / "train.csv"), "test": str(folder / "test.csv"), "target": "y",
            "columns": {"id": "id", "time": "step"}, "valid_share": round(min(0.2, max(blocks / rows, 0.02)), 3),
            "settings": {"horizon": about_set["horizon"], "season": about_set["ours"]},
        },
        "",
    )  # fmt: skip

    def work() -> Any:
        p, ctx = spine.prepare(recipe), Ctx(0)
        trained = spine.train(p, {}, ctx)
        return p, trained, *spine.finish(p, trained, ctx, folder / "run")

    (p, trained, test, made), used = timed(work)
    asked, value = test.questions.table(), made["value"].to_numpy()
    ids, steps = asked["id"].to_pylist(), asked["step"].to_pylist()
    values = {i: np.empty(about_set["horizon"]) for i in series}
    for i, step, v in zip(ids, steps, value, strict=True):
        values[str(i)][int(step) - 1] = v
    measures = {n: p.record.get(f"evaluate.{n}") for n in ("coverage", "stability", "pinball")}
    weights = trained.model.facts["typical"]["weights"]
    return {"values": values, "used": used, "measures": measures, "weights": weights}


# --- peers ------------------------------------------------------------------------------------------------------------


def peers(name: str, train: dict[str, np.ndarray]) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]]:
    """Forecasts of each single model, and what each cost."""
    import pandas as pd
    from statsforecast import StatsForecast, models

    from mintmark.numerics.series.models import naive2

    season, horizon = SETS[name]["season"], SETS[name]["horizon"]
    single = {
        "AutoETS": models.AutoETS(season_length=season),
        "AutoARIMA": models.AutoARIMA(season_length=season),
        "DynamicOptimizedTheta": models.DynamicOptimizedTheta(season_length=season),
        "AutoCES": models.AutoCES(season_length=season),
        "SeasonalNaive": models.SeasonalNaive(season_length=season),
    }
    if name == "hourly":
        del single["AutoARIMA"]
    if (longer := SETS[name]["ours"]) != [season]:  # what ours knows of seasons, its peers may know too
        single[f"SeasonalNaive({longer[-1]})"] = models.SeasonalNaive(season_length=longer[-1])
        single[f"MSTL({longer})"] = models.MSTL(season_length=longer)
    frame = pd.concat([pd.DataFrame({"unique_id": i, "ds": np.arange(len(y)), "y": y}) for i, y in train.items()])
    made: dict[str, dict[str, np.ndarray]] = {}
    used: dict[str, Any] = {}
    for label, model in single.items():
        tool = StatsForecast(models=[model], freq=1, n_jobs=2, fallback_model=models.Naive())
        answer, used[label] = timed(lambda tool=tool: tool.forecast(df=frame, h=horizon))
        column = next(c for c in answer.columns if c not in ("unique_id", "ds"))
        made[label] = {str(i): g[column].to_numpy(float) for i, g in answer.groupby("unique_id")}
    made["Naive2"] = {i: naive2(y, horizon, season) for i, y in train.items()}
    return made, used


def means(made: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Plain means of models."""
    four = [n for n in ("AutoETS", "AutoARIMA", "DynamicOptimizedTheta", "AutoCES") if n in made]
    sets = {"mean of ETS, Theta, CES": [n for n in four if n != "AutoARIMA"]}
    if "AutoARIMA" in made:
        sets["mean of ETS, ARIMA, Theta, CES"] = four
    return {
        label: {i: np.mean([made[n][i] for n in own], axis=0) for i in made["Naive2"]} for label, own in sets.items()
    }


# --- figures ----------------------------------------------------------------------------------------------------------


def losses(values: dict[str, np.ndarray], series: Series, season: int) -> np.ndarray:
    """sMAPE and MASE of each series.   Shapes: (series, 2)."""
    from mintmark.numerics.series import measures

    pairs = [(measures.smape(y, values[i]), measures.mase(y, values[i], x, season)) for i, (x, y) in series.items()]
    return np.array(pairs)


def owa(loss: np.ndarray, base: np.ndarray) -> float:
    return float((np.nanmean(loss, 0) / np.nanmean(base, 0)).mean())


def difference(a: np.ndarray, b: np.ndarray, base: np.ndarray) -> list[float]:
    """OWA of a less OWA of b, and the ends of its 95 % interval, series drawn with replacement."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(a), (DRAWS, len(a)))
    found = [owa(a[d], base[d]) - owa(b[d], base[d]) for d in drawn]
    return [owa(a, base) - owa(b, base), *(float(q) for q in np.quantile(found, [0.025, 0.975]))]


def measured(name: str, count: int, seed: int) -> dict[str, Any]:
    warnings.filterwarnings("ignore")
    series, about_set = read(name, count, seed), SETS[name]
    season, horizon = about_set["season"], about_set["horizon"]
    with tempfile.TemporaryDirectory() as folder:
        mine = ours(name, series, Path(folder))
    made, used = peers(name, {i: x for i, (x, _) in series.items()})
    before: Series = {i: (x[:-horizon], x[-horizon:]) for i, (x, _) in series.items()}
    earlier, _ = peers(name, {i: x for i, (x, _) in before.items()})
    made, earlier = made | means(made), earlier | means(earlier)
    base, base_before = losses(made["Naive2"], series, season), losses(earlier["Naive2"], before, season)
    valid = {n: owa(losses(v, before, season), base_before) for n, v in earlier.items()}
    best = min(used, key=lambda n: valid[n])
    own = losses(mine["values"], series, season)
    found = {n: losses(v, series, season) for n, v in made.items()}
    less, low, high = difference(own, found[best], base)
    table = {"mintmark": {"owa": owa(own, base), "cpu_s_a_series": mine["used"]["cpu_s"] / len(series)}}
    for n, loss in found.items():
        cost = used.get(n, {}).get("cpu_s")
        table[n] = {"owa": owa(loss, base), "owa_validation": valid[n], "difference": difference(own, loss, base)}
        table[n] |= {"cpu_s_a_series": cost / len(series)} if cost is not None else {}
    return {
        "series": len(series), "horizon": horizon, "season_of_measures": season, "season_of_ours": about_set["ours"],
        "smape": float(own[:, 0].mean()), "mase": float(np.nanmean(own[:, 1])), **mine["measures"],
        "typical_weights": mine["weights"], "wall_s": mine["used"]["wall_s"], "best_single": best,
        "owa_less_best_single": less, "interval": [low, high], "must": low <= 0, "aim": less < 0, "models": table,
    }  # fmt: skip


def shown(name: str, result: dict[str, Any]) -> None:
    print(f"{name}: {result['series']} series, best single on validation: {result['best_single']}")
    for n, row in sorted(result["models"].items(), key=lambda item: item[1]["owa"]):
        cost, valid = row.get("cpu_s_a_series"), row.get("owa_validation")
        print(
            f"  {n:32} OWA {row['owa']:.3f}  validation {'' if valid is None else format(valid, '.3f'):5}"
            f"  CPU s a series {'' if cost is None else format(cost, '.3f')}"
        )
    low, high = result["interval"]
    print(f"  ours less best single {result['owa_less_best_single']:+.3f} (95 %: {low:+.3f} to {high:+.3f})")
    print(f"  coverage {result['coverage']:.3f}; {result['wall_s']:.1f} s wall; weights {result['typical_weights']}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("sets", nargs="*", help="monthly, weekly, hourly; without it all")
    words.add_argument("--count", type=int, default=100)
    words.add_argument("--seed", type=int, default=0, help="0 is the sample of the figures")
    words.add_argument("--dry", action="store_true", help="print only; other results stay as they are")
    given = words.parse_args()
    path = ROOT / "benchmarks" / "results" / "forecasting.json"
    for name in given.sets or SETS:
        result = measured(name, given.count, given.seed)
        shown(name, result)
        if not given.dry:
            kept = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.exists() else {}
            write("forecasting", {
                **about("statsforecast", "numpy"), "seed": given.seed, "draws": DRAWS,
                "peer": "statsforecast's single models and their means, n_jobs=2", "sets": kept | {name: result},
            })  # fmt: skip


if __name__ == "__main__":
    main()
