"""Calibration: what published training runs teach of how fast machines really are."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mintmark.capital.planning import device
from mintmark.capital.planning.layout import FAMILIES, METHODS, PRECISIONS, RECOMPUTE, Layouts, sizes, stack
from mintmark.capital.planning.shape import whole
from mintmark.capital.planning.speed import NAMES, PRIOR, step
from mintmark.numerics.answers import Array

RUNS = "published_runs.json"
NOISE = 0.12
"""standard deviation of the logarithm of a step's time that no model of this kind explains"""
SHAPE = ("hidden", "layers", "heads", "kv_heads", "ffn", "gated", "vocab", "seq")


@cache
def raw() -> dict[str, Any]:
    """The published runs as they are."""
    made: dict[str, Any] = json.loads(
        resources.files("mintmark.capital.prices").joinpath(RUNS).read_text(encoding="utf-8")
    )
    return made


def runs() -> list[dict[str, Any]]:
    """The published runs, a dictionary each."""
    return [dict(zip(raw()["columns"], row, strict=True)) for row in raw()["rows"]]


def published() -> tuple[Layouts, Array]:
    """The published runs as layouts, and the seconds that a step of each took."""
    rows = [_row(r) for r in runs()]
    made = stack(rows)
    seconds = np.array([_seconds(r, row) for r, row in zip(runs(), rows, strict=True)])
    return made, seconds


def _row(r: dict[str, Any]) -> dict[str, Any]:
    d = device.devices()[r["device"]]
    shape = whole({k: r[k] for k in SHAPE})
    trained = shape.parameters if r["method"] == "scratch" else 0.003 * shape.parameters
    return sizes(shape) | {
        "batch": r["batch"], "trained": float(trained), "method": METHODS.index(r["method"]), "gpus": r["gpus"],
        "node": d.node, "memory_gb": d.memory_gb, "peak": d.tflops[r["precision"]] * device.TERA,
        "memory_bytes_s": d.memory_gb_s * device.GIGA, "link_bytes_s": d.link_gb_s * device.GIGA,
        "network_bytes_s": d.network_gbit * device.GIGA / 8, "watts": d.watts, "family": FAMILIES.index(d.family),
        "precision": PRECISIONS.index(r["precision"]), "tensor": r["tensor"], "pipeline": r["pipeline"],
        "interleave": r["interleave"], "micro_batch": r["micro_batch"], "zero": r["zero"],
        "sequence_parallel": r["sequence_parallel"], "recompute": RECOMPUTE.index(r["recompute"]), "flash": r["flash"],
    }  # fmt: skip


def _seconds(r: dict[str, Any], row: dict[str, Any]) -> float:
    """Of a step, from what the source prints."""
    value, tokens, gpus = float(r["value"]), float(r["batch"] * r["seq"]), int(r["gpus"])
    if r["kind"] == "iteration_s":
        return value
    if r["kind"] == "tokens_per_s":
        return tokens / value
    if r["kind"] == "tokens_per_s_gpu":
        return tokens / (value * gpus)
    attention, weights, head = row["layers"] * row["scores"], row["layers"] * row["matmul"], row["head"]
    model = 3 * (attention + weights + head)
    extra = {"none": 0.0, "selective": attention, "full": attention + weights}[r["recompute"]]
    done = model + (extra if r["kind"] == "tflops_hardware" else 0.0)
    return float(done * tokens / (value * device.TERA * gpus))


def fit(x: Layouts, seconds: Array, start: Array | None = None) -> Array:
    """Logarithms of the coefficients, in the order of NAMES: least squares of the logarithm of the time, with PRIOR.

    Source: maximum a posteriori under normal errors; Levenberg-Marquardt of scipy.
    """
    from scipy.optimize import least_squares

    centre = np.log([PRIOR[n][0] for n in NAMES])
    spread = np.array([PRIOR[n][1] for n in NAMES])
    want = np.log(seconds)

    def off(at: Array) -> Array:
        made = step(x, dict(zip(NAMES, np.exp(at), strict=True))).seconds
        return np.concatenate([(np.log(made) - want) / NOISE, (at - centre) / spread])

    made = least_squares(off, centre if start is None else start, method="lm", xtol=1e-7, ftol=1e-7)
    return np.asarray(made.x)


@cache
def coefficients() -> dict[str, float]:
    """What all published runs together teach."""
    return named(fit(*published()))


def named(at: Sequence[float] | Array) -> dict[str, float]:
    return {n: float(v) for n, v in zip(NAMES, np.exp(at), strict=True)}
