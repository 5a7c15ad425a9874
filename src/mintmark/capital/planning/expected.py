"""Expected: how many times as fast each way of training should be, beside what a trial on this machine measured."""

from collections.abc import Mapping
from typing import Any

from mintmark.base.words import mark
from mintmark.capital.planning import calibration, device

LABELS = {
    "one": mark("one sequence at a time"), "batch": mark("a batch of {n}"), "precision": mark("16 bits"),
    "accumulate": mark("{n} passes a step"), "processes": mark("{n} processes"), "transfer": mark("a pretrained model"),
}  # fmt: skip
VALUE = {"batch": "batch", "accumulate": "accumulate", "processes": "processes"}
"""the setting that a label speaks of"""


def beside(way: Mapping[str, Any], per_s: Mapping[str, float | None], sequence: int, gpu: str) -> dict[str, Any]:
    """A way that was tried, as plain values, with the estimate beside what was measured.

    way: name, against, settings, per_s, unit, seconds, why; per_s: of all ways by name; gpu: the driver's name of the
    graphics card, "" where there is none.
    """
    own, other = way["per_s"], per_s.get(way["against"])
    said = way["settings"].get(VALUE.get(way["name"], ""), 0)
    return {
        "way": way["name"], "label": LABELS[way["name"]], "n": said, "per_s": own, "unit": way["unit"],
        "seconds": way["seconds"], "times": own / other if own and other else None,
        "estimated": None if way["why"] else times(way["name"], int(said or 1), sequence, gpu), "why": way["why"],
    }  # fmt: skip


def times(way: str, n: int, sequence: int, gpu: str) -> float | None:
    """None where nothing is known: no data sheet of this processor, or no comparison."""
    if way == "batch":  # the share of the peak that so few tokens reach, as published runs taught
        half = calibration.coefficients()["tokens"]
        return (1 + half / sequence) / (1 + half / (n * sequence))
    if way == "processes":
        return float(n) if gpu else 1.0  # processors share their cores already
    if way == "precision":
        peak = next((d.tflops for name, d in device.devices().items() if _words(name) <= _words(gpu)), {})
        return peak["bf16"] / peak["fp32"] if "bf16" in peak else None
    return 1.0 if way in ("accumulate", "transfer") else None


def _words(name: str) -> set[str]:
    return set(name.lower().replace("-", " ").split())
