"""Learning curves: what more data would bring, from errors measured with less."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Positive
from mintmark.numerics.answers import Array

LEVEL = 0.95
FEWEST = 4
"""measurements: one more than there are coefficients"""
STEEPEST = 10.0
"""exponent; curves of real models lie between 0.05 and 2"""
FARTHEST = 1e9
"""times the largest size: no curve is believed so far away"""
EXACT = 1e-7
"""relative distance from a curve that passes through all measurements"""
FIRST_STEP, LAST_STEP = 0.01, 40.0
"""from the curve, in logarithms, where the ends of an interval are looked for"""
Figures = Annotated[list[Positive], Field(min_length=FEWEST)]


@calculator(
    unit={"a": "as the errors", "b": "1", "c": "as the errors"}
    | {k: "as the errors" for k in ("error", "low", "high")},
    formula="error = a n^-b + c, c at least 0, least squares of ln error; low, high: the values of the curve at `at` "
    "whose best fit has a sum of squares of at most (1 + F(1, n - 3; 95 %)/(n - 3)) times the least",
    source="Hestness et al., arXiv 1712.00409, section 2; Viering and Loog, IEEE TPAMI 45(6), 2023 (POW3); Seber and "
    "Wild, Nonlinear Regression, 1989, section 5.3 (profile likelihood)",
)
def learning_curve(sizes: Figures, errors: Figures, at: Positive | list[Positive]) -> dict[str, Any]:
    """Error of a model at sizes of data that were not tried, with a 95 % interval of the curve.

    Shapes: sizes, errors (n,), n at least 4; `at` one size or a list, and error, low, high as it.
    The interval is of the curve: one further measurement scatters around it as the others did.
    Raises: DataError: lists of two lengths, fewer than 3 different sizes, errors that do not fall, a place too far.
    """
    x, y = np.array(sizes), np.array(errors)
    if len(x) != len(y):
        what = f"there are {len(y)} errors for {len(x)} sizes."
        raise DataError(what, where="learning_curve: errors", fix="one error for each size.")
    if len(np.unique(x)) < 3:
        what = "has fewer than 3 different values: no curve can be seen."
        raise DataError(what, where="learning_curve: sizes", fix="errors measured with more sizes.")
    if np.polyfit(np.log(x), np.log(y), 1)[0] >= 0:
        what = "do not fall as the sizes grow."
        raise DataError(what, where="learning_curve: errors", fix="errors, where less is better, such as 1 - accuracy.")
    places = at if isinstance(at, list) else [at]
    for i, n in enumerate(places):
        if not x.min() / FARTHEST <= n <= x.max() * FARTHEST:
            what = f"{n:g} is more than {FARTHEST:g} times away from the sizes that were measured."
            place = f"learning_curve: at[{i}]" if isinstance(at, list) else "learning_curve: at"
            raise DataError(what, where=place, fix="a size nearer to them.")
    a, b, c = fit(x, y)
    found = [interval(x, y, (a, b, c), n) for n in places]
    said = {"error": [a * n**-b + c for n in places], "low": [f[0] for f in found], "high": [f[1] for f in found]}
    return {"a": a, "b": b, "c": c} | (said if isinstance(at, list) else {k: v[0] for k, v in said.items()})


def fit(x: Array, y: Array) -> tuple[float, float, float]:
    """a, b, c of the curve of least squares of ln y.   Shapes: x, y (n,), above 0."""
    from scipy.optimize import least_squares

    middle = np.exp(np.log(x).mean())  # the height there is hardly tied to the exponent
    place = np.log(x / middle)

    def residual(p: Array) -> Array:
        return np.asarray(np.log(np.exp(p[0] - p[1] * place) + p[2]) - np.log(y))

    def slope(p: Array) -> Array:
        power = np.exp(p[0] - p[1] * place)
        made: Array = np.column_stack([power, -power * place, np.ones(len(x))]) / (power + p[2])[:, None]
        return made

    least = float(y.min())
    steep = max(-float(np.polyfit(np.log(x), np.log(y), 1)[0]), 1e-3)
    bounds = ([-np.inf, 0.0, 0.0], [np.inf, STEEPEST, least])
    middling = float(np.exp(np.log(y).mean()))
    starts = [
        (np.log(max(middling - share * least, 0.01 * least)), b, share * least)
        for share in (0.01, 0.5, 0.9)
        for b in (steep, min(2 * steep, 1.0), min(4 * steep, 3.0))
    ]
    exact = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14, "max_nfev": 500}
    scale = (1.0, 0.1, least)
    done = [least_squares(residual, p, jac=slope, bounds=bounds, x_scale=scale, **exact) for p in starts]
    height, b, c = (float(v) for v in min(done, key=lambda d: float(d.cost)).x)
    return float(np.exp(height) * middle**b), b, c


def interval(x: Array, y: Array, made: tuple[float, float, float], at: float) -> tuple[float, float]:
    """Between which values the curve lies at a place, with 95 % confidence, by profile likelihood."""
    from scipy.optimize import brentq
    from scipy.stats import f

    a, b, c = made
    value, free = a * at**-b + c, len(x) - 3
    least = float(((np.log(a * x**-b + c) - np.log(y)) ** 2).sum())
    if least < EXACT**2 * len(x):
        return value, value
    most = least * (1 + float(f.ppf(LEVEL, 1, free)) / free)
    profile = Profile(x, y, at, b, min(c, 0.99 * value))

    def over(log_value: float) -> float:
        return profile.best(float(np.exp(log_value))) - most

    start, ends = np.log(value), []
    for sign, open_end in ((-1.0, 0.0), (1.0, np.inf)):
        step = FIRST_STEP
        while step < LAST_STEP and over(start + sign * step) < 0:
            step *= 2
        if step >= LAST_STEP:
            ends.append(float(open_end))
        else:
            inner = start + sign * (step / 2 if step > FIRST_STEP else 0.0)
            ends.append(float(np.exp(brentq(over, inner, start + sign * step, xtol=1e-6))))
    return ends[0], ends[1]


class Profile:
    """The least sum of squares among the curves that pass through a point."""

    def __init__(self, x: Array, y: Array, at: float, b: float, c: float) -> None:
        self.ratio, self.y = np.log(x / at), np.log(y)
        self.starts = [(b, c), (b, 0.0)]
        """the best curve, and the last one found: values are asked for one near the other"""

    def best(self, value: float) -> float:
        """Of the curves (value - c)(x/at)^-b + c."""
        from scipy.optimize import least_squares

        top = min(value, float(np.exp(self.y.min()))) * (1 - 1e-9)  # of c, whose share of it is sought

        def residual(p: Array) -> Array:
            return np.asarray(np.log((value - p[1] * top) * np.exp(-p[0] * self.ratio) + p[1] * top) - self.y)

        def slope(p: Array) -> Array:
            power, rest = np.exp(-p[0] * self.ratio), value - p[1] * top
            whole = (rest * power + p[1] * top)[:, None]
            made: Array = np.column_stack([-rest * power * self.ratio, top * (1 - power)]) / whole
            return made

        found = []
        for b, c in (*self.starts, (2 * self.starts[0][0], 0.9 * top)):
            start = np.clip((b, c / top), (1e-6, 1e-6), (STEEPEST - 1e-6, 1 - 1e-6))
            done = least_squares(residual, start, jac=slope, bounds=([0, 0], [STEEPEST, 1]), xtol=1e-10, ftol=1e-10)
            found.append((float(done.cost), float(done.x[0]), float(done.x[1]) * top))
        cost, b, c = min(found)
        self.starts = [self.starts[0], (b, c)]
        return 2 * cost
