"""How long does `mintmark price` take?

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


def main() -> None:
    business.price(RECIPE, samples=1000)  # imports
    result = {
        "samples": SAMPLES, "draws": seconds(lambda: business.price(RECIPE)),
        "with_files": seconds(lambda: business.price(RECIPE, **FILES)),  # type: ignore[arg-type]
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        result["command"] = {lang: command(Path(folder), lang) for lang in ("en", "zh")}
    write("price", {**about("numpy", "scipy"), **result})


if __name__ == "__main__":
    main()
