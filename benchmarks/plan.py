"""How far off the planner's step times are, where it did not see the run; and how many layouts it weighs a second.

Each published run is predicted by a fit to all others, then each source by a fit to all other sources; beside it the
constant efficiency with the least median error on the same runs, one for all, and one for each family of GPUs and
precision. Then 10,000 layouts of a 6.7B model are weighed, timed and ranked, best of five, the fit not counted.
"""

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from machine import about, write

from mintmark.capital.planning import calibration, file, goal, machine, offer, space, speed
from mintmark.capital.planning.layout import FAMILIES, PRECISIONS
from mintmark.capital.planning.shape import whole

LAYOUTS, REPEATS = 10_000, 5
X, SECONDS = calibration.published()
RUNS = calibration.runs()
SOURCE = np.array([r["source"] for r in RUNS])
KIND = np.array([f"{FAMILIES[f]} {PRECISIONS[p]}" for f, p in zip(X.family, X.precision, strict=True)])
IDEAL = X.flops * X.batch * X.seq / (X.gpus * X.peak)
START = calibration.fit(X, SECONDS)
Keep = np.ndarray


def ours(keep: Keep) -> np.ndarray:
    fitted = calibration.fit(X.take(keep), SECONDS[keep], START)
    return speed.step(X.take(~keep), calibration.named(fitted)).seconds


def constant(keep: Keep) -> np.ndarray:
    return IDEAL[~keep] / efficiency(keep)


def by_kind(keep: Keep) -> np.ndarray:
    """One for each family and precision that was seen; else the one for all."""
    made = []
    for kind, ideal in zip(KIND[~keep], IDEAL[~keep], strict=True):
        same = keep & (KIND == kind)
        made.append(ideal / efficiency(same if same.any() else keep))
    return np.array(made)


def efficiency(keep: Keep) -> float:
    tried = np.linspace(0.05, 0.9, 800)
    off = [np.median(np.abs(IDEAL[keep] / e / SECONDS[keep] - 1)) for e in tried]
    return float(tried[int(np.argmin(off))])


def left_out(groups: Iterable[Any], of: np.ndarray, predict: Callable[[Keep], np.ndarray]) -> dict[str, float]:
    made = np.zeros(len(SECONDS))
    for group in groups:
        keep = of != group
        made[~keep] = predict(keep)
    off, log = np.abs(made / SECONDS - 1), np.log(made / SECONDS)
    return {
        "median": float(np.median(off)), "p90": float(np.quantile(off, 0.9)), "worst": float(off.max()),
        "rms_log": float(np.sqrt((log**2).mean())),
    }  # fmt: skip


def weighed() -> dict[str, Any]:
    model = {"hidden": 4096, "layers": 32, "heads": 32, "ffn": 11008, "gated": True, "vocab": 32000, "seq": 2048}
    plan = file.parse({"model": model, "goal": {"tokens": 50e9}, "fleet": {"gpus": ["A100-80GB", "H100"]}}, "plan")
    shape = whole(model)
    target = goal.target(plan.goal, shape, "plan")
    machines = machine.machines(offer.chosen(offer.built_in(), plan.fleet.gpus, []), spot=True)
    jobs = space.jobs(plan, goal.leaner(target, shape, plan.leaner))
    coefficients = calibration.coefficients()
    took, n = [], 0
    for _ in range(REPEATS):
        begun, n = time.perf_counter(), 0
        grids = (space.grids(plan, target, m, i, jobs) for i, m in enumerate(machines))
        for grid in itertools.chain.from_iterable(grids):
            found = space.weigh(grid)
            fits = found.take(np.flatnonzero(found.gb <= found.layouts.memory_gb))
            if len(fits):
                space.best(space.marked(space.time(fits, coefficients)))
            n += len(grid)
            if n >= LAYOUTS:
                break
        took.append(time.perf_counter() - begun)
    return {"layouts": n, "seconds": min(took), "layouts_a_second": n / min(took)}


def main() -> None:
    each, every = np.arange(len(SECONDS)), range(len(SECONDS))
    ways = {"ours": ours, "one efficiency": constant, "an efficiency for each GPU and precision": by_kind}
    result = {
        "about": about("numpy", "scipy"), "runs": len(SECONDS), "sources": len(set(SOURCE)),
        "run_left_out": {name: left_out(every, each, way) for name, way in ways.items()},
        "source_left_out": {name: left_out(sorted(set(SOURCE)), SOURCE, way) for name, way in ways.items()},
        "coefficients": calibration.coefficients(), "speed": weighed(),
    }  # fmt: skip
    write("plan", result)
    for what in ("run_left_out", "source_left_out"):
        for name, off in result[what].items():
            print(f"{what:16} {name:42} median {off['median']:.1%}  p90 {off['p90']:.1%}  rms log {off['rms_log']:.3f}")
    print(f"{result['speed']['layouts']:,} layouts in {result['speed']['seconds']:.3f} s")


if __name__ == "__main__":
    main()
