"""Diffusion: how a new product spreads over those who will ever buy it, after Bass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import DataError

Array = npt.NDArray[Any]
FEWEST = 4
STARTS = ((0.001, 0.3), (0.01, 0.4), (0.03, 0.4), (0.03, 0.05), (0.1, 0.1), (0.005, 0.8), (0.0005, 1.5))
"""p and q from which the fit begins; Sultan, Farley and Lehmann, 1990, found 0.03 and 0.38 on average"""


@dataclass(frozen=True)
class Bass:
    """p: buys by himself; q: after others; m: all who will ever buy. `spread` is the covariance of (p, q, m)."""

    p: float
    q: float
    m: float
    spread: Array | None = None
    peaked: bool = True
    """whether the sales that it was fitted to had passed their peak; before, m is a guess"""

    def adopted(self, t: Array | float) -> Array:
        """Those who have bought by time t.   Source: Bass, Management Science 15, 1969, eq. 9."""
        fall = np.exp(-(self.p + self.q) * np.asarray(t, float))
        made: Array = self.m * (1 - fall) / (1 + self.q / self.p * fall)
        return made

    def sales(self, periods: int) -> Array:
        """Of each of the first so many periods."""
        made: Array = np.diff(self.adopted(np.arange(periods + 1)))
        return made

    @property
    def peak(self) -> tuple[float, float]:
        """Time at which sales are largest, and how large they are then, a period; 0 where they fall from the start."""
        if self.q <= self.p:
            return 0.0, self.m * self.p
        return float(np.log(self.q / self.p) / (self.p + self.q)), self.m * (self.p + self.q) ** 2 / (4 * self.q)


def fit(sales: Array, where: str = "") -> Bass:
    """The curve whose sales of each period come nearest to these (least squares).

    Shapes: sales (periods,), of equal periods from the launch on.
    Raises: DataError: fewer than four, negative, none above zero, or sales that no such curve explains.
    Source: Srinivasan, Mason, Marketing Science 5(2), 1986, eq. 5: m times the difference of two adoption shares.
    """
    y = np.asarray(sales, float)
    at = f"{where}: sales" if where else "sales"
    if len(y) < FEWEST:
        what = f"{len(y)} periods do not tell three parameters."
        raise DataError(what, where=at, fix=f"the sales of at least {FEWEST} periods, from the launch on.")
    if (y < 0).any():
        raise DataError(f"must be 0 or more, got {y[y < 0][0]:g}.", where=at, fix="sales of each period, not changes.")
    if not y.sum() > 0:
        raise DataError("nothing was sold.", where=at, fix="periods from the launch on.")
    best = min((_from(y, p, q) for p, q in STARTS), key=lambda r: float(r.cost))
    p, q, share = np.exp(best.x)
    m = float(share * y.sum())
    if not np.isfinite([p, q, m]).all() or share > 1e4 or not best.cost < 0.5 * float(y @ y):
        fix = "more periods, up to the peak of the sales, or p, q and m of a product like it."
        raise DataError("no diffusion curve explains these sales.", where=at, fix=fix)
    return Bass(float(p), float(q), m, _spread(best, len(y), np.array([p, q, m])), bool(y.argmax() < len(y) - 1))


def _from(y: Array, p: float, q: float) -> Any:
    """From this start; m is in units of all that was sold, and parameters are logarithms, so that all stay above 0."""
    from scipy.optimize import least_squares

    whole = float(y.sum())

    def off(logs: Array) -> Array:
        p, q, share = np.exp(logs)
        made: Array = (Bass(p, q, share * whole).sales(len(y)) - y) / whole
        return made

    first = Bass(p, q, 1.0).sales(len(y))
    m = max(float(first @ y) / float(first @ first) / whole, 1.0)
    box = ([-25.0, -25.0, -3.0], [3.0, 3.0, 12.0])
    start = np.clip(np.log([p, q, m]), box[0], box[1])
    return least_squares(off, start, bounds=box, xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=2000)


def _spread(best: Any, n: int, values: Array) -> Array | None:
    """Covariance of p, q and m from the curvature of the squares; none where the periods are as many as parameters."""
    if n <= len(values):
        return None
    try:
        inner = np.linalg.inv(best.jac.T @ best.jac)
    except np.linalg.LinAlgError:
        return None
    made: Array = inner * (2 * best.cost / (n - len(values))) * np.outer(values, values)
    return made
