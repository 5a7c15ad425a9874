"""How long does `mintmark price` take, and how often does the true mean lie within its standard errors?

python benchmarks/price.py              writes benchmarks/results/price.json

The file is recipes/q04_commercialisation.toml with its survey, choices and transactions.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import ROOT, about, write

from mintmark import business
from mintmark.capital.pricing import SAMPLES

RECIPE = ROOT / "recipes" / "q04_commercialisation.toml"
FILES = {name: RECIPE.with_suffix("") / f"{name}.csv" for name in ("survey", "choices", "transactions")}
REPEATS = 5
SEEDS, DRAWS = 100, 20_000
Z95 = 1.959964


def seconds(work: Callable[[], Any]) -> dict[str, float]:
    """Wall and processor time, each the middle one of several."""
    wall, cpu = [], []
    for _ in range(REPEATS):
        start, spent = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - spent)
    return {"wall_s": float(np.median(wall)), "cpu_s": float(np.median(cpu))}


def command(folder: Path, lang: str) -> dict[str, float]:
    given = [word for name, path in FILES.items() for word in (f"--{name}", str(path))]
    words = ["price", "--assumptions", str(RECIPE), *given, "--out", str(folder / "price.html"), "--lang", lang]
    run = [sys.executable, "-m", "mintmark", *words]
    return {"wall_s": seconds(lambda: subprocess.run(run, check=True, capture_output=True))["wall_s"]}


def covered() -> dict[str, Any]:
    """Of how many seeds the true mean of what three years are worth lies within 1.96 standard errors, by model.

    The prices are the same for all seeds; the true mean is taken as the mean of all their draws.
    """
    runs = [business.price(RECIPE, samples=DRAWS, seed=seed)["models"] for seed in range(SEEDS)]
    found: dict[str, list[tuple[float, float]]] = {}
    for models in runs:
        for m in models:
            found.setdefault(m["model"], []).append((m["npv"]["mean"], m["npv"]["standard_error"]))
    within = {}
    for name, pairs in found.items():
        means, errors = np.array(pairs).T
        within[name] = int((np.abs(means - means.mean()) <= Z95 * errors).sum())
    return {"seeds": SEEDS, "draws": DRAWS, "true_mean_within_1.96_errors": within}


def main() -> None:
    business.price(RECIPE, samples=1000)  # imports
    result = {
        "samples": SAMPLES, "draws": seconds(lambda: business.price(RECIPE)),
        "with_files": seconds(lambda: business.price(RECIPE, **FILES)),  # type: ignore[arg-type]
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        result["command"] = {lang: command(Path(folder), lang) for lang in ("en", "zh")}
    write("price", {**about("numpy", "scipy"), **result, "errors": covered()})


if __name__ == "__main__":
    main()
