"""Does the advice of `mintmark allocate` hold? Three projects with curves of real runs, advised and carried out.

python benchmarks/allocation.py [--data ../shared/data]     writes benchmarks/results/allocation.json

For each seed the rows are drawn anew. A run with a learning curve measures each project on the rows that it has; its
record is what the portfolio names. From that the budget is allocated; the rows of each way to spend are then bought and
learnt from, rows and seconds paid. The error is the log loss, in the end on rows that no run has seen.
Values and costs are illustrative and the same for all ways.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from machine import ROOT, about, write
from scipy import stats

from mintmark import api
from mintmark.portfolio import allocate

SEEDS, HAD, UNSEEN, DRAWS = 10, 1200, 1500, 4000
"""draws of the rows, rows that a project has, rows that are held back, draws of the curves"""
A_SECOND = 0.05
"""money of a second of training"""
BUDGET, FIRST = [1500.0, 1500.0], 200.0
"""money of each period, and the least that a project is begun with"""
PROJECTS: dict[str, dict[str, Any]] = {
    "churn": {"file": "churn_telco/Telco-Customer-Churn.csv", "target": "Churn", "drop": ["customerID"],
              "value": 60_000.0, "row": 1.0},
    "intrusion": {"file": "anomaly_nsl_kdd/train.csv", "target": "attack", "drop": ["difficulty", "label"],
                  "value": 40_000.0, "row": 1.5},
    "news": {"file": "text_ag_news/ag_news.csv", "target": "world", "drop": ["class"], "value": 30_000.0,
             "row": 0.5},
}  # fmt: skip
"""value: money of one unit of log loss less; row: price of a row"""


def rows(name: str, folder: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to learn from in a drawn order, and rows held back."""
    of = PROJECTS[name]
    frame = pd.read_csv(folder / of["file"])
    if name == "intrusion":
        frame["attack"] = np.where(frame["label"] == "normal", "no", "yes")
    if name == "news":
        frame["world"] = np.where(frame["class"].astype(str) == "1", "yes", "no")
    frame = frame.drop(columns=of["drop"]).sample(frac=1, random_state=seed).reset_index(drop=True)
    return frame[UNSEEN:], frame[:UNSEEN]


class Project:
    """One project under one seed: what it has learnt with how many rows."""

    def __init__(self, name: str, data: Path, seed: int, out: Path) -> None:
        self.name, self.of, self.out = name, PROJECTS[name], out
        self.pool, self.unseen = rows(name, data, seed)
        self.made: dict[int, dict[str, float]] = {}
        self.first = self.learn(HAD, curve=True)

    def learn(self, n: int, *, curve: bool = False) -> Path:
        """A run on n rows, its error on the rows held back and the seconds of its fits; where it lies."""
        recipe: dict[str, Any] = {
            "version": 1, "task": "tabular_classification", "data": f"{self.name}.csv", "target": self.of["target"],
            "with": ["learning_curve"] if curve else [], "settings": {"model": "lightgbm"},
        }  # fmt: skip
        run = api.run(recipe, data=self.pool[:n], out=self.out)
        told = api.load(run.bundle).predict(self.unseen.drop(columns=self.of["target"]))["probability"]
        chances = [chance[str(true)] for chance, true in zip(told, self.unseen[self.of["target"]], strict=True)]
        seconds = run.measures["train.wall"] + run.measures["package.wall"]
        self.made[n] = {"error": -float(np.log(np.clip(chances, 1e-6, 1)).mean()), "seconds": seconds}
        print(f"{self.name:10} {n:6} rows  log loss {self.made[n]['error']:.4f}  {seconds:.1f} s", flush=True)
        return run.folder

    def table(self) -> dict[str, Any]:
        """As a portfolio has it: a row costs its price and its seconds; the model is trained anew in any case."""
        seconds, price = self.made[HAD]["seconds"], self.of["row"]
        return {
            "value": self.of["value"], "rows": HAD, "minimum": FIRST, "most": float(price * (len(self.pool) - HAD)),
            "curve": {"run": str(self.first), "measure": "log_loss"},
            "costs": {"once": A_SECOND * seconds, "data": price, "compute": A_SECOND * seconds / HAD},
        }  # fmt: skip

    def carried_out(self, spent: float) -> dict[str, float]:
        """The rows that so much pays for are bought and learnt from, and the seconds paid that it took."""
        costs = self.table()["costs"]
        bought = round(max(spent - costs["once"], 0.0) / (costs["data"] + costs["compute"]))
        if not bought:
            return {"spent": 0.0, "paid": 0.0, "rows": HAD, "gain": 0.0, **self.made[HAD]}
        n = HAD + bought
        if n not in self.made:
            self.learn(n)
        paid = bought * self.of["row"] + A_SECOND * self.made[n]["seconds"]
        gain = self.of["value"] * (self.made[HAD]["error"] - self.made[n]["error"])
        return {"spent": spent, "paid": paid, "rows": n, "gain": gain, **self.made[n]}


def study(seed: int, data: Path, out: Path) -> dict[str, Any]:
    """The advice of one seed, and what came of it."""
    projects = {name: Project(name, data, seed, out) for name in PROJECTS}
    portfolio = {"currency": "EUR", "plan": {"budget": BUDGET}, "projects": {n: p.table() for n, p in projects.items()}}
    said = allocate(portfolio, samples=DRAWS, seed=seed)
    ways = {}
    for way in said["ways"]:
        each = {n: projects[n].carried_out(sum(money)) for n, money in way["each"].items()}
        ways[way["name"]] = {
            "promised": way["mean"], "p10": way["p10"], "p90": way["p90"], "measured": way["measured"],
            "realised": sum(e["gain"] - e["paid"] for e in each.values()), "each": each,
        }  # fmt: skip
        print(
            f"seed {seed} {way['name']:10} promised {way['mean']:7.0f}  realised {ways[way['name']]['realised']:7.0f}"
        )
    curves = {
        p["name"]: {"sizes": p["sizes"], "errors": p["errors"], "rows": HAD, "unseen": projects[p["name"]].made[HAD]}
        for p in said["projects"]
    }
    return {"seed": seed, "curves": curves, "bound": said["bound"], "ways": ways}


def summary(studies: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each way over the seeds: means, how often what came lay between P10 and P90, and what the exact one gains."""
    made = {}
    for name in studies[0]["ways"]:
        ways, exact = [s["ways"][name] for s in studies], [s["ways"]["exact"] for s in studies]
        promised, realised = (np.array([w[k] for w in ways]) for k in ("promised", "realised"))
        inside = sum(w["measured"]["p10"] <= w["realised"] <= w["measured"]["p90"] for w in ways)
        curve = sum(w["p10"] <= w["realised"] <= w["p90"] for w in ways)
        rows_then = {n: float(np.mean([w["each"][n]["rows"] for w in ways])) for n in PROJECTS}
        made[name] = {
            "promised": float(promised.mean()), "realised": span(realised),
            "came_less_promised": span(realised - promised),
            "inside_measured": inside, "inside_p10_p90": curve, "rows_then": rows_then,
            "exact_more": span(np.array([e["realised"] for e in exact]) - realised),
            "paid": float(np.mean([sum(e["paid"] for e in w["each"].values()) for w in ways])),
            "seconds": float(np.mean([sum(e["seconds"] for e in w["each"].values() if e["paid"]) for w in ways])),
        }  # fmt: skip
    return made


def span(values: np.ndarray) -> dict[str, float]:
    """Mean with its 95 % interval over the seeds (Student's t); all one value: no interval to speak of."""
    mean, n = float(values.mean()), len(values)
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5) if n > 1 else float("nan")
    return {"mean": mean, "low": mean - half, "high": mean + half}


def main() -> None:
    say = argparse.ArgumentParser()
    say.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    say.add_argument("--seeds", type=int, default=SEEDS)
    given = say.parse_args()
    studies = []
    for seed in range(given.seeds):
        with TemporaryDirectory() as folder:
            studies.append(study(seed, given.data, Path(folder)))
    result = {"budget": sum(BUDGET), "had": HAD, "unseen": UNSEEN, "a_second": A_SECOND,
              "projects": {n: {"value": of["value"], "row": of["row"]} for n, of in PROJECTS.items()},
              "ways": summary(studies), "studies": studies}  # fmt: skip
    write("allocation", {**about("numpy", "lightgbm"), **result})


if __name__ == "__main__":
    main()
