"""Evidence: what runs measured that a risk can come from, each as a figure and, where it can be told, a probability."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mintmark.base.record import Measured
from mintmark.base.words import mark
from mintmark.capital.value.known import PLAIN, TWO_SIDED
from mintmark.capital.value.said import Said
from mintmark.numerics import drift

WORSE = 1.1
"""times as many errors as in validation count as overfitting"""
OFF = 0.02
"""by which probabilities may miss on average"""
DRAWS = 4000
LUCK = 0.05
"""chance that one more look at the same test rows shows a gain that is none"""


@dataclass(frozen=True)
class Seen:
    """Of a run: its record's figures, and what its pictures are drawn from."""

    run: str
    measures: Mapping[str, Measured]
    rows: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    clock: str = ""
    """the column of the time, which always moves"""


@dataclass(frozen=True)
class Evidence:
    """One thing that a run measured."""

    run: str
    signal: str
    value: float
    unit: str
    probability: float | None
    said: Said
    how: str = "measured"

    def figure(self) -> dict[str, Any]:
        """As a register has a probability."""
        return {"value": round(self.probability or 0.0, 6), "how": "measured", "source": str(self.said)}

    def plain(self) -> dict[str, Any]:
        return {"run": self.run, "signal": self.signal, "value": self.value, "unit": self.unit,
                "probability": self.probability, "how": self.how, "said": self.said.plain()}  # fmt: skip


def evidence(runs: Sequence[Seen]) -> list[Evidence]:
    """What each run says of overfitting, calibration, concentration and test reuse, and all together of drift."""
    made = [
        e for run in runs for of in (_overfitting, _calibration, _concentration, _reuse) if (e := of(run)) is not None
    ]
    moved = _drift(runs[0], runs[-1]) if len(runs) > 1 else None
    return [*made, *([moved] if moved else [])]


def _overfitting(run: Seen) -> Evidence | None:
    """P(errors in use > 1.1 x those of validation), the test error being normal about what was seen."""
    from scipy.special import ndtr

    n = run.rows.get("test", 0)
    for name in ("accuracy", "rmse", "mae"):
        valid, test = run.measures.get(f"valid.{name}"), run.measures.get(f"evaluate.{name}")
        if valid is None or test is None or not n:
            continue
        had, now = (1 - m.value if name == "accuracy" else m.value for m in (valid, test))
        error = math.sqrt(max(now * (1 - now), 1 / n) / n) if name == "accuracy" else now / math.sqrt(2 * n)
        if had <= 0 or error <= 0:
            return None
        p = float(ndtr((now - WORSE * had) / error))
        said = Said(mark("errors of {now} on test rows against {had} in validation; that they are a tenth more in "
                         "truth is {p} likely, as {n} test rows say"), now=_short(now), had=_short(had), p=_percent(p),
                         n=n)  # fmt: skip
        return Evidence(run.run, "overfitting", now / had - 1, "1", p, said)
    return None


def _calibration(run: Seen) -> Evidence | None:
    """P(mean distance of said and true shares > 0.02), each bin's true share being Beta(seen + 1/2, not seen + 1/2)."""
    curves = run.figures.get("calibration") or []
    bins = [b for c in curves[:1] for b in c.get("bins", []) if b.get("rows")]
    if not bins:
        return None
    n, seen, told = (np.array([float(b[k]) for b in bins]) for k in ("rows", "seen", "said"))
    rng = np.random.default_rng(0)
    true = rng.beta(seen * n + 0.5, (1 - seen) * n + 0.5, (DRAWS, len(bins)))
    off = (np.abs(true - told) * n).sum(1) / n.sum()
    ece, p = float((np.abs(seen - told) * n).sum() / n.sum()), float((off > OFF).mean())
    said = Said(mark("probabilities miss the shares seen by {ece} on average; that it is more than {off} in truth "
                     "is {p} likely"), ece=_short(ece), off=OFF, p=_percent(p))  # fmt: skip
    return Evidence(run.run, "calibration", ece, "1", p, said)


def _concentration(run: Seen) -> Evidence | None:
    """(gain / standard error)^2 equal rows would make it as sure as it is; P(less than half of it is earned)."""
    from scipy.special import ndtr

    per, low, high = (run.measures.get(f"value.per_case{e}") for e in ("", ".low", ".high"))
    plain = [m.value for name in PLAIN if (m := run.measures.get(f"value.{name}"))]
    if per is None or low is None or high is None or not plain:
        return None
    gain, error = per.value - max(plain), (high.value - low.value) / (2 * TWO_SIDED)
    if gain <= 0 or error <= 0:
        return None
    rows, p = (gain / error) ** 2, float(ndtr(-0.5 * gain / error))
    said = Said(mark("the gain is as sure as one that about {rows} equal rows bring; that less than half of it is "
                     "earned is {p} likely"), rows=round(rows), p=_percent(p))  # fmt: skip
    return Evidence(run.run, "concentration", rows, "rows", p, said)


def _reuse(run: Seen) -> Evidence | None:
    """1 - 0.95^(looks - 1): one of the earlier looks may have shown a gain by luck, and was kept for it."""
    looks = run.measures.get("evaluate.looks")
    if looks is None:
        return None
    p = 1 - (1 - LUCK) ** max(0.0, looks.value - 1)
    said = Said(mark("runs that opened the same test rows: {n}; that one of the earlier looks was luck is {p} likely"),
                n=round(looks.value), p=_percent(p))  # fmt: skip
    return Evidence(run.run, "reuse", looks.value, "runs", p, said)


def _drift(old: Seen, new: Seen) -> Evidence | None:
    """The population stability index of the number that moved most, over the deciles of the earlier run."""
    had, now = (s.profile.get("columns") or {} for s in (old, new))
    found = {
        name: moved
        for name, column in had.items()
        if name != old.clock and name in now and (moved := _moved(column, now[name])) is not None
    }
    if not found or old.run == new.run:
        return None
    name = max(found, key=lambda n: found[n])
    said = Said(mark("column {name} moved most from run {old} to run {new}: psi {psi}"), name=name, old=old.run,
                new=new.run, psi=_short(found[name]))  # fmt: skip
    return Evidence(new.run, "drift", found[name], "1", None, said)


def _moved(had: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """Between two profiles of a number; what lies between the quantiles that are known is taken as even."""
    first, second = had.get("deciles"), now.get("deciles")
    if not first or not second or "min" not in now:
        return None
    below = np.cumsum(second["shares"])[:-1]
    places = np.array([now["min"], *second["edges"], now["max"]], float)
    shares = np.diff([0.0, *np.interp(first["edges"], places, [0.0, *below, 1.0], left=0.0, right=1.0), 1.0])
    return drift.psi(np.asarray(first["shares"], float), shares)


def _short(x: float) -> float:
    return float(f"{x:.3g}")


def _percent(p: float) -> str:
    return f"{100 * p:.2g} %"
