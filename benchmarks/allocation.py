"""Does the advice of `mintmark allocate` hold? Three projects whose curves are of real runs, advised and carried out.

python benchmarks/allocation.py [--data ../shared/data]     writes benchmarks/results/allocation.json

Each project is learnt from a few sizes of rows; its error is the log loss on rows that no run sees. From these the
budget is allocated; then the rows of each way to spend are really bought, the runs made, and promised is held against
realised. Values and costs are illustrative and the same for all ways; a row costs money, its seconds too.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from machine import ROOT, about, write

from mintmark import api
from mintmark.capital.portfolio import allocate

SIZES, UNSEEN, CENTS = (150, 300, 600, 1200), 1500, 0.05
"""rows of the runs, rows held back, and money of a second of computing"""
PROJECTS: dict[str, dict[str, Any]] = {
    "churn": {"file": "churn_telco/Telco-Customer-Churn.csv", "target": "Churn", "drop": ["customerID"],
              "value": 60_000.0, "row": 1.0},
    "intrusion": {"file": "anomaly_nsl_kdd/train.csv", "target": "attack", "drop": ["difficulty", "label"],
                  "value": 40_000.0, "row": 1.5},
    "news": {"file": "text_ag_news/ag_news.csv", "target": "world", "drop": ["class"], "value": 30_000.0,
             "row": 0.5},
}  # fmt: skip
BUDGET = [1500.0, 1500.0]
DRAWS = 4000


def rows(name: str, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from in a drawn order, and rows held back."""
    of = PROJECTS[name]
    frame = pd.read_csv(folder / of["file"])
    if name == "intrusion":
        frame["attack"] = np.where(frame["label"] == "normal", "no", "yes")
    if name == "news":
        frame["world"] = np.where(frame["class"].astype(str) == "1", "yes", "no")
    frame = frame.drop(columns=of["drop"]).sample(frac=1, random_state=0).reset_index(drop=True)
    return frame[UNSEEN:], frame[:UNSEEN]


def learnt(name: str, n: int, pool: pd.DataFrame, unseen: pd.DataFrame, out: Path) -> dict[str, float]:
    """Log loss on the rows held back, of a run that had n rows; and its seconds."""
    target = PROJECTS[name]["target"]
    recipe = {"version": 1, "task": "tabular_classification", "data": f"{name}.csv", "target": target,
              "settings": {"model": "lightgbm"}}  # fmt: skip
    start = time.perf_counter()
    run = api.run(recipe, data=pool[:n], out=out)
    seconds = time.perf_counter() - start
    told = api.load(run.bundle).predict(unseen.drop(columns=target))["probability"]
    chances = [chance[str(true)] for chance, true in zip(told, unseen[target], strict=True)]
    loss = -float(np.log(np.clip(chances, 1e-6, 1)).mean())
    print(f"{name:10} {n:6} rows  log loss {loss:.4f}  {seconds:.1f} s", flush=True)
    return {"rows": n, "error": loss, "seconds": seconds}


def main() -> None:
    say = argparse.ArgumentParser()
    say.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = say.parse_args().data
    with TemporaryDirectory() as folder:
        out = Path(folder)
        sets = {name: rows(name, data) for name in PROJECTS}
        curves = {name: [learnt(name, n, *sets[name], out) for n in SIZES] for name in PROJECTS}
        portfolio = {"currency": "EUR", "plan": {"budget": BUDGET}, "projects": {
            name: {"value": of["value"], "minimum": 200.0, "most": float(of["row"] * (len(sets[name][0]) - SIZES[-1])),
                   "curve": {"sizes": [float(c["rows"]) for c in curves[name]],
                             "errors": [c["error"] for c in curves[name]]},
                   "costs": {"data": of["row"], "compute": CENTS * max(c["seconds"] / c["rows"]
                                                                       for c in curves[name][-1:])}}
            for name, of in PROJECTS.items()
        }}  # fmt: skip
        said = allocate(portfolio, samples=DRAWS)
        made: dict[tuple[str, int], dict[str, float]] = {}
        ways = {w["name"]: carried_out(w, said, portfolio, curves, sets, made, out) for w in said["ways"]}
    result = {
        "budget": sum(BUDGET), "curves": curves, "bound": said["bound"], "prices": said["prices"],
        "ways": ways,
        "projects": [{k: p[k] for k in ("name", "spent", "rows_then", "now", "then", "net")} for p in said["projects"]],
    }  # fmt: skip
    write("allocation", {**about("numpy", "lightgbm"), **result})


def carried_out(
    way: dict[str, Any],
    said: dict[str, Any],
    portfolio: dict[str, Any],
    curves: dict[str, list[dict[str, float]]],
    sets: dict[str, tuple[pd.DataFrame, pd.DataFrame]],
    made: dict[tuple[str, int], dict[str, float]],
    out: Path,
) -> dict[str, Any]:
    """The rows of a way to spend are bought and learnt from: promised against realised."""
    each, total = {}, 0.0
    for name, money in way["each"].items():
        of, spent = portfolio["projects"][name], sum(money)
        n = SIZES[-1] + round(spent / sum(of["costs"].values()))
        if (name, n) not in made:
            made[name, n] = curves[name][-1] if n == SIZES[-1] else learnt(name, n, *sets[name], out)
        fell = curves[name][-1]["error"] - made[name, n]["error"]
        total += of["value"] * fell - spent
        each[name] = {"spent": spent, "rows": n, "error": made[name, n]["error"], "seconds": made[name, n]["seconds"]}
    return {"promised": way["mean"], "p10": way["p10"], "p90": way["p90"], "realised": total, "each": each}


if __name__ == "__main__":
    main()
