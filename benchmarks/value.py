"""How long does `mintmark value` take, and how exact are its draws?

python benchmarks/value.py              writes benchmarks/results/value.json

The file is recipes/q02_value.toml with the gain of a decision given, as of a run. Peer: the same plan worked out one
draw at a time, on a hundredth of the draws. Of 100 seeds it is counted how often the true figure (of 500,000 draws)
lies within 1.96 standard errors of the one that 20,000 draws say.
"""

import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import ROOT, about, write

from mintmark.capital.assumptions import parse
from mintmark.capital.value import SAMPLES, value
from mintmark.capital.value.assumed import Value
from mintmark.capital.value.flows import flows

REPEATS, PEER = 5, SAMPLES // 100
GAIN = '[accuracy]\nper_case = { mean = 0.016, sd = 0.01, source = "stands for what a run measured" }\n#'


def text() -> str:
    return (ROOT / "recipes" / "q02_value.toml").read_text(encoding="utf-8").replace("[accuracy]", GAIN)


def plan() -> dict[str, Any]:
    return tomllib.loads(text())


def seconds(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Of the middle one of several."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def one_by_one(assumed: Value) -> None:
    drawn = assumed.sample(np.random.default_rng(0), PEER)
    for i in range(PEER):
        found = flows(assumed, {name: values[i : i + 1] for name, values in drawn.items()})
        assert np.isfinite(found.npv).all()


def command(folder: Path, lang: str) -> float:
    path = folder / "value.toml"
    path.write_text(text(), encoding="utf-8")
    words = ["value", "--assumptions", str(path), "--out", str(folder / "value.html"), "--lang", lang]
    run = [sys.executable, "-m", "mintmark", *words]
    return seconds(lambda: subprocess.run(run, check=True, capture_output=True))


def main() -> None:
    whole = seconds(lambda: value(plan()))
    loop = seconds(lambda: one_by_one(parse(plan(), Value, "plan")), 3) / PEER
    many = value(plan(), seed=1, samples=500_000)["npv"]
    off: dict[str, list[bool]] = {p: [] for p in ("mean", "p10", "p50", "p90", "worst")}
    for seed in range(100, 200):
        made = value(plan(), seed=seed, samples=20_000)["npv"]
        for p, found in off.items():
            found.append(abs(made[p] - many[p]) <= 1.959964 * made[f"{p}_se"])
    with tempfile.TemporaryDirectory() as folder:
        commands = {lang: command(Path(folder), lang) for lang in ("en", "zh")}
    result = {
        "samples": SAMPLES, "draws_s": whole, "command_s": commands,
        "peer": {"what": "one draw at a time", "draw_s": loop, "times": loop * SAMPLES / whole},
        "within_interval": {p: sum(found) for p, found in off.items()}, "studies": 100,
    }  # fmt: skip
    write("value", {**about("numpy"), **result})


if __name__ == "__main__":
    main()
