"""CPU and memory of a run from reading to evaluation, against a bare LightGBM script on the same file.

Both read the CSV, hold out test and validation rows of the same sizes, fit LightGBM with the same settings for the same
number of rounds, and answer the test rows; imports count on both sides. The bare script does nothing else: no profile,
hashes, calibration, decision, interval or record. Then 10^4 to 10^6 rows, to see how ours grows.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import about, write

ROUNDS, COLUMNS, REPEATS, SEED = 200, 30, 5, 0
PARAMS = {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50}

BARE = """
import json, sys, time, os
import lightgbm as lgb, pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
frame = pd.read_csv(sys.argv[1])
x, y = frame.drop(columns="y"), frame["y"]
x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
x, x_valid, y, y_valid = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
params = json.loads(sys.argv[2]) | {"objective": "binary", "feature_fraction": 0.8, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 1.0, "verbosity": -1, "deterministic": True, "force_row_wise": True}
train = lgb.Dataset(x, y)
model = lgb.train(params, train, int(sys.argv[3]), valid_sets=[lgb.Dataset(x_valid, y_valid, reference=train)])
print(json.dumps({"roc_auc": roc_auc_score(y_test, model.predict(x_test))}))
"""
OURS = """
import json, sys
from pathlib import Path
from mintmark import spine
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema
settings = json.loads(sys.argv[2])
settings["min_child_samples"] = settings.pop("min_data_in_leaf")
settings |= {"n_estimators": int(sys.argv[3]), "early_stopping_rounds": int(sys.argv[3])}
recipe = schema.parse({"task": "tabular_classification", "data": sys.argv[1], "target": "y", "settings": settings}, "")
p = spine.prepare(recipe)
trained = spine.train(p, {}, Ctx(0))
class Evaluated(Exception): pass
def stop(*_): raise Evaluated
spine.bundle.save = stop  # after the evaluation, before anything is written
try:
    spine.finish(p, trained, Ctx(0), Path("."))
except Evaluated:
    pass
print(json.dumps({"roc_auc": p.record.get("evaluate.roc_auc")}))
"""


def table(n: int, path: Path) -> Path:
    """30 numbers, a tenth of them missing in five columns, and a class that depends on some."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(n, COLUMNS)).round(4)
    score = x[:, 0] + x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3]) + 0.5 * x[:, 4] - 1.5
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    x[:, :5][rng.random((n, 5)) < 0.1] = np.nan
    columns: dict[str, Any] = {f"x{i}": pa.array(x[:, i], from_pandas=True) for i in range(COLUMNS)}
    csv.write_csv(pa.table(columns | {"y": y}), path)
    return path


def measured(code: str, path: Path) -> dict[str, float]:
    """CPU seconds, peak bytes and the score of one process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", PEAK + code, str(path), json.dumps(PARAMS), str(ROUNDS)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = json.loads(done.stdout.splitlines()[-1])
    return {"cpu_s": cpu, "peak_bytes": float(done.stderr.splitlines()[-1]), **said}


PEAK = """
import atexit, sys
def peak():
    import re
    print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]), file=sys.stderr)
atexit.register(peak)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, both = table(100_000, Path(folder) / "t.csv"), {"bare": BARE, "ours": OURS}
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in both}
        for _ in range(REPEATS):  # in turn, so that a busy moment meets both
            for name, code in both.items():
                runs[name].append(measured(code, path))
        middle = {name: {k: statistics.median(r[k] for r in rs) for k in rs[0]} for name, rs in runs.items()}
        grown = {n: measured(OURS, table(n, Path(folder) / f"{n}.csv")) for n in (10_000, 100_000, 1_000_000)}
    bare, ours = middle["bare"], middle["ours"]
    limit = 1.5 * bare["peak_bytes"] + 250 * 2**20
    write("tabular_speed", {
        **about("lightgbm", "pandas", "pyarrow"), "seed": SEED, "rows": 100_000, "columns": COLUMNS, "rounds": ROUNDS,
        "repeats": REPEATS, "peer": "a bare LightGBM script: pandas.read_csv, train_test_split, train, predict",
        "median": middle, "cpu_ratio": ours["cpu_s"] / bare["cpu_s"], "cpu_ratio_aim": 1.5,
        "peak_ratio": ours["peak_bytes"] / bare["peak_bytes"], "peak_within_aim": ours["peak_bytes"] <= limit,
        "by_rows": grown, "million_rows_peak_gib": grown[1_000_000]["peak_bytes"] / 2**30,
        "growth": {f"{n} to {10 * n}": grown[10 * n]["cpu_s"] / grown[n]["cpu_s"] for n in (10_000, 100_000)},
    })  # fmt: skip


if __name__ == "__main__":
    main()
