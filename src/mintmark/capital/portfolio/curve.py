"""Curve: draws of a learning curve given a few measured errors, wide where few are measured.

error(n) = h (u + (1 - u) (n/m)^-b), m the geometric mean of the sizes: h the height there, u the share of it that no
data take away. That is a n^-b + c with c = h u. Errors scatter lognormally about it.
Priors: ln b normal about ln 0.3 with spread 0.8; u even between 0 and 1; the scatter's variance scaled inverse
chi-square of 2 degrees about 0.03^2; ln h flat.
Source: Hestness et al., arXiv 1712.00409 (exponents 0.07 to 0.49); Gelman et al., Bayesian Data Analysis, section 2.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mintmark.numerics.answers import Array

STEEP, SPREAD = 0.3, 0.8
SCATTER, DEGREES = 0.03, 2
EXPONENTS, SHARES = 120, 60
"""places of the grid"""


@dataclass(frozen=True)
class Curves:
    """Draws of a curve; a draw is error(n) = a n^-b + c.   Shapes: each (samples,)."""

    a: Array
    b: Array
    c: Array
    scatter: Array
    """of one measurement about the curve, in logarithms"""

    def at(self, rows: Array) -> Array:
        """Shapes: rows (samples,) or (samples, k); as rows."""
        a, b, c = (v if rows.ndim == 1 else v[:, None] for v in (self.a, self.b, self.c))
        made: Array = a * np.exp(-b * np.log(rows)) + c
        return made


def drawn(sizes: Sequence[float], errors: Sequence[float], samples: int, rng: np.random.Generator) -> Curves:
    """Draws of the posterior: u and b on a grid, the scatter and h given them in closed form.

    Shapes: sizes, errors (n,), n at least 2, above 0.
    """
    x, y = np.log(np.asarray(sizes, float)), np.log(np.asarray(errors, float))
    middle, n = x.mean(), len(x)
    scores = np.linspace(-3, 3, EXPONENTS)
    b, u = (g.ravel() for g in np.meshgrid(STEEP * np.exp(SPREAD * scores), (np.arange(SHARES) + 0.5) / SHARES))
    prior = np.tile(-0.5 * scores**2, SHARES)
    shape = np.log(u[:, None] + (1 - u[:, None]) * np.exp(-b[:, None] * (x - middle)))
    left = y - shape
    height = left.mean(1)
    squares = DEGREES * SCATTER**2 + ((left - height[:, None]) ** 2).sum(1)
    degrees = DEGREES + n - 1
    log_weight = prior - 0.5 * degrees * np.log(squares)
    weight = np.exp(log_weight - log_weight.max())
    at = rng.choice(len(b), samples, p=weight / weight.sum())
    scatter = np.sqrt(squares[at] / rng.chisquare(degrees, samples))
    h = np.exp(height[at] + scatter / np.sqrt(n) * rng.standard_normal(samples))
    b, u = b[at], u[at]
    return Curves(h * (1 - u) * np.exp(b * middle), b, h * u, scatter)
