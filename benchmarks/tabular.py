"""Ours beside AutoGluon, FLAML, LightGBM's defaults, logistic regression and EBM, on the same rows in the same minute.

    python -m venv peers/ag && peers/ag/bin/pip install "autogluon.tabular[lightgbm,catboost,xgboost]"
    python -m venv peers/fl && peers/fl/bin/pip install "flaml[automl]" interpret-core xgboost-cpu catboost lightgbm
    python benchmarks/tabular.py --data DATA --work WORK --autogluon peers/ag/bin/python --others peers/fl/bin/python
    python benchmarks/tabular.py --data DATA --work WORK --report        (sets that WORK lacks keep their last result)

One process for each set, split and tool, one at a time; a run that others disturbed by more than 8 % of the machine is
done again later, and marked where it never was quiet. What is finished lies in WORK and is not done again. Tools see
train.csv with its target and answer test.csv; a tool that takes a time limit gets 60 s, all else are its defaults.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import about, write

from mintmark.numerics import metrics

SECONDS, SMALL, SPLITS, QUIET, TRIES = 60, 5000, 10, 0.08, 2
PATIENCE_S = 600
"""a tool that is not done by then is left out of this set, and that is said"""
TOOLS = ("lightgbm_default", "logistic", "ebm", "autogluon", "flaml", "ours")
HERE = Path(__file__).parent
SETS: dict[str, dict[str, Any]] = {
    "fraud_creditcard": {
        "file": "creditcard_sample.csv", "target": "Class", "positive": "1", "prevalence": 0.00173,
        "payoff": {"true_positive": -5, "false_positive": -5, "false_negative": "-Amount",
                   "prevalence": 0.00173},
    },
    "churn_telco": {
        "file": "Telco-Customer-Churn.csv", "target": "Churn", "positive": "Yes", "drop": ["customerID"],
        "payoff": {"true_positive": 100, "false_positive": -50},
        "assumed": "an offer costs 50 and keeps three of ten leavers worth 500: 100 on average",
    },
    "anomaly_nsl_kdd": {"file": ("train.csv", "test.csv"), "target": "label", "positive": "attack"},
    "credit_german": {
        "file": "german.csv", "target": "class", "positive": "2",
        "payoff": {"false_positive": -1, "false_negative": -5},
    },
    "medical_heart_statlog": {"file": "heart_disease.csv", "target": "", "positive": ""},
    "genetics_golub": {"file": ("train.csv", "test.csv"), "target": "label", "positive": "", "drop": ["patient"],
                       "join": True},
}  # fmt: skip


def splits(name: str, data: Path, work: Path) -> list[Path]:
    """Folders with train.csv and test.csv, written once."""
    about_set = SETS[name]
    files = about_set["file"] if isinstance(about_set["file"], tuple) else (about_set["file"],)
    parts = [pd.read_csv(data / name / f, encoding="utf-8-sig", na_values=[" "]) for f in files]  # for all tools alike
    for frame in parts:
        frame.columns = [c.strip() for c in frame.columns]
        frame.drop(columns=about_set.get("drop", []), inplace=True)
    target = about_set["target"] or parts[0].columns[-1]
    if name == "anomaly_nsl_kdd":
        for frame in parts:
            frame[target] = np.where(frame[target] == "normal", "normal", "attack")
            frame.drop(columns=[c for c in ("difficulty", "difficulty_level") if c in frame], inplace=True)
    if about_set.get("join"):
        parts = [pd.concat(parts, ignore_index=True)]
    positive = about_set["positive"] or str(sorted(parts[0][target].unique())[-1])
    small = sum(map(len, parts)) < SMALL
    made = []
    for i in range(SPLITS if small and len(parts) == 1 else 1):
        folder = work / name / str(i)
        if not (folder / "test.csv").exists():
            folder.mkdir(parents=True, exist_ok=True)
            train, test = parts if len(parts) == 2 else _cut(parts[0], target, i)
            train.to_csv(folder / "train.csv", index=False)
            test.to_csv(folder / "test.csv", index=False)
            (folder / "set.json").write_text(json.dumps({"target": target, "positive": positive}))
        made.append(folder)
    return made


def _cut(frame: pd.DataFrame, target: str, seed: int) -> list[pd.DataFrame]:
    from sklearn.model_selection import train_test_split

    made: list[pd.DataFrame] = train_test_split(frame, test_size=0.2, random_state=seed, stratify=frame[target])
    return made


def carry_out(tool: str, folder: Path, pythons: dict[str, str], seconds: float) -> dict[str, Any] | None:
    """One tool on one split: wall and CPU seconds of all its processes, and how busy others were meanwhile."""
    folder = folder.absolute()
    out = folder / tool
    out.mkdir(exist_ok=True)
    said = json.loads((folder / "set.json").read_text())
    if tool == "ours":
        words = [
            str(Path(sys.executable).absolute()),
            str(HERE.absolute() / "tabular.py"),
            "--ours",
            str(folder),
            "--seconds",
            str(seconds),
        ]
    else:
        python = pythons["autogluon" if tool == "autogluon" else "others"]
        words = [
            str(Path(python).absolute()),
            str(HERE.absolute() / "peers" / "tabular_peer.py"),
            tool,
            str(folder / "train.csv"),
        ]
        words += [str(folder / "test.csv"), said["target"], said["positive"], str(seconds), str(out)]
    busy, own, start = _busy_s(), _children_s(), time.perf_counter()
    with (out / "log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, cwd=out)
        try:
            code = process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    wall, cpu = time.perf_counter() - start, _children_s() - own
    if code:
        why = f"not done after {PATIENCE_S} s" if code == -1 else f"failed, see {out / 'log'}"
        print(f"  {folder.parent.name}/{folder.name} {tool}: {why}", flush=True)
        (out / "failed.json").write_text(json.dumps({"wall_s": wall, "cpu_s": cpu, "why": why}))
        return None
    others = max(_busy_s() - busy - cpu, 0.0) / (wall * (os.cpu_count() or 1))
    peer = json.loads((out / "peer.json").read_text())
    return {"wall_s": wall, "cpu_s": cpu, "others": others} | peer


def _busy_s() -> float:
    """CPU seconds that all processes have used since the machine began."""
    fields = [int(f) for f in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:7])) / os.sysconf("SC_CLK_TCK")


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(folder: Path, seconds: float) -> None:
    """A run of ours as a user has it: from the command to the signed bundle; then answers of the bundle."""
    name = folder.parent.name
    said, out, payoff = json.loads((folder / "set.json").read_text()), folder / "ours", SETS[name].get("payoff")
    recipe = [
        'task = "tabular_classification"', f'data = "{folder / "train.csv"}"', f'test = "{folder / "test.csv"}"',
        f'target = "{said["target"]}"', f'budget = "{seconds:g} s"', "refit = false",
        "[settings]", 'model = "auto"', f'positive = "{said["positive"]}"',
    ]  # fmt: skip
    (out / "recipe.toml").write_text("\n".join(recipe))
    done = _run(out / "recipe.toml", out / "runs")
    import mintmark as mm

    model, asked = mm.load(done["bundle"]), pd.read_csv(folder / "test.csv").drop(columns=[said["target"]])
    model.predict(asked.iloc[[0]])  # the first call loads what the others, who have just been fitted here, have loaded
    start = time.perf_counter()
    answers = model.predict(asked)
    whole, ones = time.perf_counter() - start, []
    for i in range(30):
        start = time.perf_counter()
        model.predict(asked.iloc[[i % len(asked)]])
        ones.append(time.perf_counter() - start)
    p = np.array([dict(a)[said["positive"]] for a in answers["probability"]])
    np.save(out / "probability.npy", p)
    size = sum(f.stat().st_size for f in Path(done["bundle"]).rglob("*") if f.is_file())
    from importlib.metadata import version

    peer: dict[str, Any] = {"bytes": size, "answer_all_s": whole, "answer_one_s": float(np.median(ones))}
    peer |= {"rows": len(asked), "run_wall_s": done["wall_s"], "versions": {"mintmark": version("mintmark")}}
    if payoff:
        peer["payoff"] = True
    (out / "peer.json").write_text(json.dumps(peer))


def _run(recipe: Path, out: Path) -> dict[str, Any]:
    start = time.perf_counter()
    words = [str(Path(sys.executable).with_name("mintmark")), "run", str(recipe), "--out", str(out), "--json"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-4000:])
    made: dict[str, Any] = json.loads(done.stdout)
    return made | {"wall_s": time.perf_counter() - start}


def value(name: str, frame: pd.DataFrame, y: Any, p: Any) -> float | None:
    """Money a case, decided by Bayes' rule on the probabilities, shifted to the true share of positives."""
    payoff = SETS[name].get("payoff")
    if not payoff:
        return None

    def cell(what: str) -> Any:
        said = payoff.get(what, 0)
        if isinstance(said, str):
            amount = frame["Amount"].to_numpy()
            said = {"-Amount": -amount}[said]
        return np.broadcast_to(np.asarray(said, float), len(y))

    tp, fp, fn = cell("true_positive"), cell("false_positive"), cell("false_negative")
    weight = np.ones(len(y))
    p = np.clip(p, 1e-7, 1 - 1e-7)
    if true := payoff.get("prevalence"):
        share = y.mean()
        weight = np.where(y == 1, true / share, (1 - true) / (1 - share))
        odds = p / (1 - p) * (true / (1 - true)) / (share / (1 - share))
        p = odds / (1 + odds)
    act = p * tp + (1 - p) * fp > p * fn
    won = np.where(act, np.where(y == 1, tp, fp), np.where(y == 1, fn, 0.0))
    return float((weight * won).sum() / weight.sum())


def report(work: Path) -> dict[str, Any]:
    """Figures of each set; differences with a paired bootstrap over test rows within splits, and over splits.

    A tool that was not run on all splits is held against ours on those that both were.
    """
    made: dict[str, Any] = {}
    for name in SETS:
        folders = sorted((work / name).glob("[0-9]*"), key=lambda f: int(f.name)) if (work / name).exists() else []
        done = {t: [f for f in folders if (f / t / "done.json").exists()] for t in TOOLS}
        tools = [t for t in TOOLS if done[t]]
        if "ours" not in tools:
            continue
        said = {t: {f: np.load(f / t / "probability.npy") for f in done[t]} for t in tools}
        lines: dict[str, Any] = {}
        ys = {}
        for f in folders:
            frame, about_set = pd.read_csv(f / "test.csv"), json.loads((f / "set.json").read_text())
            ys[f] = (frame[about_set["target"]].astype(str) == about_set["positive"]).to_numpy(int)
        for t in tools:
            runs = [json.loads((f / t / "done.json").read_text()) for f in done[t]]
            aucs = [metrics.area(p, ys[f] == 1) for f, p in said[t].items()]
            worth = [value(name, pd.read_csv(f / "test.csv"), ys[f], p) for f, p in said[t].items()]
            lines[t] = {"splits": len(aucs), "roc_auc": float(np.mean(aucs))} | {
                k: float(np.mean([r[k] for r in runs]))
                for k in ("wall_s", "cpu_s", "bytes", "answer_one_s", "answer_all_s", "others")
            }
            lines[t]["wall_s_most"] = max(r["wall_s"] for r in runs)
            if worth[0] is not None:
                lines[t]["value_per_case"] = float(np.mean([w for w in worth if w is not None]))
            lines[t]["versions"] = runs[0]["versions"]
        lines["ours"]["run_wall_s_most"] = max(
            json.loads((f / "ours" / "done.json").read_text())["run_wall_s"] for f in done["ours"]
        )
        against = {}
        for t in tools:
            both = [f for f in done[t] if f in said["ours"]]
            if t != "ours" and both:
                of = [[said[name][f] for f in both] for name in ("ours", t)]
                against[t] = _difference(*of, [ys[f] for f in both]) | {"splits": len(both)}
        best = min(against, key=lambda t: against[t]["mean"])
        made[name] = {"splits": len(done["ours"]), "test_rows": len(ys[folders[0]]), "tools": lines, "best_peer": best,
                      "left_out": [t for t in TOOLS if t not in tools],
                      "ours_less": against}  # fmt: skip
    return made


def earlier() -> dict[str, Any]:
    """What an earlier run found for its sets, each with its own date and commit; those measured now replace theirs."""
    path = HERE / "results" / "tabular.json"
    found = json.loads(path.read_text()) if path.exists() else {"sets": {}}
    return {name: {k: found[k] for k in ("date", "commit")} | said for name, said in found["sets"].items()}


def _difference(a: list[Any], b: list[Any], ys: list[Any]) -> dict[str, float]:
    """Mean difference of ROC-AUC over splits, with a paired 95 % percentile bootstrap."""
    rng, draws = np.random.default_rng(0), []
    for _ in range(1000):
        chosen = rng.integers(0, len(ys), len(ys)) if len(ys) > 1 else [0]
        off = []
        for s in chosen:
            y = ys[s]
            rows = np.concatenate([rng.choice(np.flatnonzero(y == c), (y == c).sum()) for c in (0, 1)])
            off.append(metrics.area(a[s][rows], y[rows] == 1) - metrics.area(b[s][rows], y[rows] == 1))
        draws.append(np.mean(off))
    mean = float(np.mean([metrics.area(p, y == 1) - metrics.area(q, y == 1) for p, q, y in zip(a, b, ys, strict=True)]))
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"mean": mean, "low": float(low), "high": float(high)}


def main() -> None:
    say = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    say.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    say.add_argument("--work", type=Path)
    say.add_argument("--autogluon", default="")
    say.add_argument("--others", default="")
    say.add_argument("--tools", default=",".join(TOOLS))
    say.add_argument("--sets", default=",".join(SETS))
    say.add_argument("--splits", type=int, default=SPLITS)
    say.add_argument("--seconds", type=float, default=SECONDS)
    say.add_argument("--ours", type=Path)
    say.add_argument("--report", action="store_true")
    given = say.parse_args()
    if given.ours:
        return ours(given.ours, given.seconds)
    if given.report:
        result = about("lightgbm", "scikit-learn", "optuna") | {"seconds": given.seconds, "seed": 0}
        now = {k: result[k] for k in ("date", "commit")}
        measured = {name: said | now for name, said in report(given.work).items()}
        return write("tabular", result | {"sets": earlier() | measured})
    jobs = [
        (tool, folder)
        for name in given.sets.split(",")
        for i, folder in enumerate(splits(name, given.data, given.work)) if i < given.splits
        for tool in given.tools.split(",")
    ]  # fmt: skip
    for attempt in range(TRIES):
        for tool, folder in jobs:
            done = folder / tool / "done.json"
            while (given.work / "pause").exists():  # the machine is wanted for something else
                time.sleep(1)
            if (
                any((folder.parent / i / tool / "failed.json").exists() for i in (folder.name, "0"))
                or done.exists()
                and (attempt == 0 or json.loads(done.read_text())["others"] <= QUIET)
            ):
                continue
            result = carry_out(tool, folder, {"autogluon": given.autogluon, "others": given.others}, given.seconds)
            if result:
                done.write_text(json.dumps(result))
                took = f"{result['wall_s']:.1f} s, CPU {result['cpu_s']:.1f} s, others {result['others']:.0%}"
                print(f"{folder.parent.name}/{folder.name} {tool}: {took}", flush=True)


if __name__ == "__main__":
    main()
