"""Laws of scaling: the size and data that a budget of operations is best spent on, and the law of one's own runs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital import table
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Positive
from mintmark.numerics.answers import Array

Law = Literal["chinchilla1", "chinchilla3", "epoch2024"]
PROJECTED = (
    (4e8, 1e9, 1e10, 6.7e10, 1.75e11, 2.8e11, 5.2e11, 1e12, 1e13),
    (1.92e19, 1.21e20, 1.23e22, 5.76e23, 3.85e24, 9.90e24, 3.43e25, 1.27e26, 1.30e28),
    (8.0e9, 20.2e9, 205.1e9, 1.5e12, 3.7e12, 5.9e12, 11.0e12, 21.2e12, 216.2e12),
)
"""parameters, operations and tokens of Hoffmann et al. 2022, table 3, as printed"""
DELTA = 1e-3
"""where the Huber loss turns from square to straight"""
OWN, EPOCH = ("N", "D", "loss"), ("Model Size", "Training FLOP", "loss")
STARTS = 8
"""best points of the grid that are followed to their end"""
FEWEST = 6
"""runs: one more than there are coefficients"""


@dataclass(frozen=True)
class Scaling:
    """L = E + A/N^alpha + B/D^beta."""

    A: float
    B: float
    E: float
    alpha: float
    beta: float

    def loss(self, n: Array, d: Array) -> Array:
        return np.asarray(self.E + self.A / n**self.alpha + self.B / d**self.beta)

    def best(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens of least loss where 6 N D = flops."""
        total = self.alpha + self.beta
        size = self._g * (flops / 6) ** (self.beta / total)
        return size, flops / 6 / size

    def flops_for(self, size: float) -> float:
        """The operations for which a model of this size is best."""
        return float(6 * (size / self._g) ** ((self.alpha + self.beta) / self.beta))

    @property
    def _g(self) -> float:
        return float((self.alpha * self.A / (self.beta * self.B)) ** (1 / (self.alpha + self.beta)))


LAWS = {
    "chinchilla3": Scaling(406.4, 410.7, 1.69, 0.34, 0.28),
    "epoch2024": Scaling(482.01, 2085.43, 1.8172, 0.3478, 0.3658),
}
"""as their papers print them"""


@calculator(
    unit={"parameters": "1", "tokens": "1", "flops": "1"},
    formula="chinchilla1: the points of table 3, joined by power laws; the others: parameters = G (C/6)^(b/(a + b)), "
    "tokens = C/6/parameters, G = (a A/(b B))^(1/(a + b)), with a, b the exponents of the law",
    source="Hoffmann et al., arXiv 2203.15556, table 3, equations 4 and 10; Besiroglu et al., arXiv 2404.10102",
)
def compute_optimal(
    flops: Positive | None = None, parameters: Positive | None = None, law: Law = "chinchilla1"
) -> dict[str, Any]:
    """Parameters and tokens with the least loss for a budget of operations; or tokens and budget for parameters.

    `law`: chinchilla1, the first approach of Hoffmann et al. as they projected it (about 20 tokens a parameter);
    chinchilla3, their third with its printed, rounded coefficients, which do not give back their own table A3;
    epoch2024, its fit anew by Besiroglu et al. Where the points of table 3 do not satisfy C = 6 N D (67B), they are
    given as they are printed.
    Raises: RecipeError: both or neither of flops and parameters.
    """
    if (flops is None) == (parameters is None):
        said = "both are given." if flops is not None else "is missing."
        fix = "flops=1e23, or parameters=7e9 instead."
        raise RecipeError(said, where="compute_optimal: flops or parameters", fix=fix)
    if law == "chinchilla1":
        by = 1 if parameters is None else 0
        size, budget, tokens = (_joined(flops or parameters or 1.0, PROJECTED[by], row) for row in PROJECTED)
        return {"parameters": parameters or size, "tokens": tokens, "flops": flops or budget}
    made = LAWS[law]
    budget = flops or made.flops_for(parameters or 1.0)
    size, tokens = made.best(budget)
    return {"parameters": parameters or size, "tokens": tokens, "flops": budget}


def _joined(at: float, x: Sequence[float], y: Sequence[float]) -> float:
    """The value at a place on power laws between points, the outer two carried on; at a point as it is printed."""
    i = min(max(bisect_right(x, at) - 1, 0), len(x) - 2)
    power = math.log(y[i + 1] / y[i]) / math.log(x[i + 1] / x[i])
    near = i + 1 if at == x[i + 1] else i
    return float(y[near] * (at / x[near]) ** power)


# --- the law of one's own runs ----------------------------------------------------------------------------------------


@calculator(
    unit={"A": "as the loss", "B": "as the loss", "E": "as the loss", "alpha": "1", "beta": "1", "huber_sum": "1"},
    formula="L = E + A/N^alpha + B/D^beta; least sum of Huber losses (1e-3) of ln L, predicted as a log-sum-exp, from "
    "the best of a grid of starts",
    source="Hoffmann et al., arXiv 2203.15556, approach 3; Besiroglu et al., arXiv 2404.10102",
)
def scaling_fit(csv: str, drop_highest: Annotated[int, Field(ge=0)] = 5) -> dict[str, Any]:
    """Coefficients of the law of scaling from training runs of many sizes.

    `csv`: a file with the columns N (parameters), D (tokens) and loss; or Model Size, Training FLOP and loss, where
    D = FLOP/(6 N). `drop_highest`: so many runs of the highest loss are left out, as they were stopped early.
    Raises: DataError: a figure that is not above 0, fewer than 6 runs, sizes or data of fewer than 3 kinds.
    """
    n, d, loss = _runs(csv)
    kept = np.sort(np.argsort(loss, kind="stable")[: max(len(loss) - drop_highest, 0)])
    n, d, loss = n[kept], d[kept], loss[kept]
    where = "scaling_fit: csv"
    if len(loss) < FEWEST:
        what = f"{len(loss)} runs are left; the law has 5 coefficients."
        raise DataError(what, where=where, fix=f"{FEWEST} runs or more, or drop_highest=0.")
    for name, values in (("N", n), ("D", d)):
        if len(np.unique(values)) < 3:
            what = f"{name} has fewer than 3 different values: no curve can be seen."
            raise DataError(what, where=where, fix="runs of more sizes and of more data.")
    made, total = fit(n, d, loss)
    said = {k: getattr(made, k) for k in ("A", "B", "E", "alpha", "beta")} | {"huber_sum": total}
    if not all(math.isfinite(v) for v in said.values()) or min(made.alpha, made.beta) <= 0:
        what = f"no law of this form fits the runs: alpha {made.alpha:.3g}, beta {made.beta:.3g}."
        raise DataError(what, where=where, fix="runs whose loss falls both with N and with D.")
    return said


def fit(n: Array, d: Array, loss: Array, start: Scaling | None = None) -> tuple[Scaling, float]:
    """The law of least Huber sum, and that sum.   Shapes: n, d, loss (runs,), all above 0.

    `start`: where to begin instead of at a grid of places, as in a bootstrap.
    """
    from scipy.optimize import minimize

    log_n, log_d, y = np.log(n), np.log(d), np.log(loss)
    x, z = log_n - log_n.mean(), log_d - log_d.mean()  # a and b at the centre: hardly tied to alpha and beta

    def residual(p: Array) -> Array:
        return np.asarray(_logsumexp(p[0] - p[3] * x, p[1] - p[4] * z, p[2] + 0 * x)[0] - y)

    def slope(p: Array) -> Array:
        _, (u, v, w) = _logsumexp(p[0] - p[3] * x, p[1] - p[4] * z, p[2] + 0 * x)
        return np.column_stack([u, v, w, -u * x, -v * z])

    def objective(p: Array) -> tuple[float, Array]:
        r = residual(p)
        return _huber(r) / DELTA**2, (np.clip(r, -DELTA, DELTA)[:, None] * slope(p)).sum(axis=0) / DELTA**2

    if start is None:
        grid = _grid(log_n.mean(), log_d.mean())
        first = sorted(range(len(grid)), key=[_huber(residual(p)) for p in grid].__getitem__)[:STARTS]
        begins = [grid[i] for i in first]
    else:
        a, b = math.log(start.A) - start.alpha * log_n.mean(), math.log(start.B) - start.beta * log_d.mean()
        begins = [np.array([a, b, math.log(start.E), start.alpha, start.beta])]
    options = {"maxiter": 2000, "gtol": 1e-7}
    with np.errstate(all="ignore"):  # a start far away may run off; another one is better then
        found = [minimize(objective, p, jac=True, method="BFGS", options=options) for p in begins]
        a, b, e, alpha, beta = p = min(found, key=lambda done: float(np.nan_to_num(done.fun, nan=np.inf))).x
        scale = np.exp([a + alpha * log_n.mean(), b + beta * log_d.mean(), e])
    return Scaling(*map(float, (*scale, alpha, beta))), _huber(residual(p))


def intervals(
    n: Array, d: Array, loss: Array, rng: np.random.Generator, draws: int = 200, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Where each coefficient lies, by a bootstrap of the runs.   Shapes: n, d, loss (runs,)."""
    made, _ = fit(n, d, loss)
    again = []
    for _ in range(draws):
        at = rng.integers(0, len(loss), len(loss))
        again.append(fit(n[at], d[at], loss[at], start=made)[0])
    tail = (1 - level) / 2
    return {
        k: (float(low), float(high))
        for k in ("A", "B", "E", "alpha", "beta")
        for low, high in [np.quantile([getattr(s, k) for s in again], [tail, 1 - tail])]
    }


def _runs(csv: str) -> tuple[Array, Array, Array]:
    """Parameters, tokens and loss of each run.   Shapes: each (runs,)."""
    where = "scaling_fit: csv"
    named = EPOCH if set(EPOCH) <= set(table.header(csv, where)) else OWN
    read = table.columns(csv, named, where)
    for name, values in read.items():
        bad = np.flatnonzero(values <= 0)
        if len(bad):
            what = f"must be greater than 0, got {values[bad[0]]:g}."
            place = f"{where}: {Path(csv).name}: column {name!r}, row {bad[0] + 1}"
            raise DataError(what, where=place, fix="leave such rows out.")
    n, d, loss = read.values()
    return n, (d / (6 * n) if named == EPOCH else d), loss


def _grid(mean_n: float, mean_d: float) -> list[Array]:
    """Starts as Hoffmann et al. spread them, at the centre of the data."""
    axes = (range(0, 30, 5), range(0, 30, 5), np.arange(-1, 1.5, 0.5), np.arange(0, 2.5, 0.5), np.arange(0, 2.5, 0.5))
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 5).astype(float)
    points[:, 0] -= points[:, 3] * mean_n
    points[:, 1] -= points[:, 4] * mean_d
    return list(points)


def _huber(r: Array) -> float:
    size = np.abs(r)
    return float(np.where(size <= DELTA, 0.5 * r**2, DELTA * (size - 0.5 * DELTA)).sum())


def _logsumexp(*parts: Array) -> tuple[Array, Array]:
    """The logarithm of a sum of exponentials, and the share of each.   Shapes: (runs,); (parts, runs)."""
    stacked = np.stack(parts)
    top = stacked.max(axis=0)
    each = np.exp(stacked - top)
    total = each.sum(axis=0)
    return top + np.log(total), each / total
