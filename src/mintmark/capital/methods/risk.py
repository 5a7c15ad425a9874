"""Risk: estimates in three points, the tail of losses, portfolios of least tail, correlation left out."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.numerics.answers import Array

Inside = Annotated[float, Field(gt=0, lt=1)]
Matrix = Annotated[list[list[float]], Field(min_length=1)]


@calculator(
    unit={"mean": "as the estimates", "sd": "as the estimates", "quantile": "as the estimates"},
    formula="Beta(1 + 4 (mode - low) / (high - low), 1 + 4 (high - mode) / (high - low)) from low to high; "
    "mean = (low + 4 mode + high) / 6, sd = sqrt((mean - low) (high - mean) / 7)",
    source="Malcolm, Roseboom, Clark, Fazar, Operations Research 7, 1959; Vose, Risk Analysis, PERT distribution",
)
def pert(low: float, mode: float, high: float, quantile: Inside = 0.8) -> dict[str, Any]:
    """Mean, spread and a quantile of an estimate in three points: the least, the likeliest, the most.

    Raises: RecipeError: not low <= mode <= high.
    """
    from scipy.stats import beta

    _in_order(low, mode, high, "pert: mode")
    if low == high:
        return {"mean": low, "sd": 0.0, "quantile": low}
    a, b = shape(low, mode, high)
    mean = (low + 4 * mode + high) / 6
    value = low + (high - low) * float(beta.ppf(quantile, a, b))
    return {"mean": mean, "sd": sqrt((mean - low) * (high - mean) / 7), "quantile": value}


@calculator(
    unit={"var": "as the losses", "cvar": "as the losses"},
    formula="var = the least loss that is not exceeded with probability beta; "
    "cvar = var + mean of (loss - var)+ / (1 - beta)",
    source="Rockafellar, Uryasev, Journal of Risk 2, 2000, eq. 3-4; Journal of Banking & Finance 26, 2002",
)
def cvar(losses: Annotated[list[float], Field(min_length=1)], beta: Inside = 0.95) -> dict[str, Any]:
    """Value at risk, and the mean of the losses in the tail beyond it; a gain is a loss below 0."""
    return tail(np.asarray(losses, float), beta)


@calculator(
    unit={
        "weights": "shares of the money", "var": "share of the money", "cvar": "share of the money",
        "variance": "square of a share",
    },
    formula="least -m'w + phi(z) / (1 - beta) sqrt(w'Cw) over w >= 0, sum w = 1, m'w >= target; "
    "var = -m'w + z sqrt(w'Cw), z = Phi^-1(beta)",
    source="Rockafellar, Uryasev, Journal of Risk 2, 2000, section 3 (normal returns)",
)  # fmt: skip
def cvar_portfolio(
    means: Annotated[list[float], Field(min_length=1)], cov: Matrix, target: float, beta: Inside = 0.95
) -> dict[str, Any]:
    """Weights of the portfolio with the least tail of losses that earns the target on average, nothing sold short.

    Shapes: means (n,), cov (n, n).
    Raises: DataError: cov is no covariance; RecipeError: no asset earns the target.
    """
    from scipy.stats import norm

    m, c = np.asarray(means, float), _covariance(cov, len(means))
    if target > m.max() + 1e-12:
        what = f"a mean of {target:g} is more than the best asset's {m.max():g}."
        raise RecipeError(what, where="cvar_portfolio: target", fix=f"target = {m.max():.6g}")
    z = float(norm.ppf(beta))
    w = _least(m, c, target, float(norm.pdf(z)) / (1 - beta))
    mean, spread = float(m @ w), sqrt(max(float(w @ c @ w), 0.0))
    return {
        "weights": w.tolist(), "var": z * spread - mean,
        "cvar": float(norm.pdf(z)) / (1 - beta) * spread - mean, "variance": spread**2,
    }  # fmt: skip


@calculator(
    unit={"share": "share of the standard deviation"},
    formula="share = 1 - 1 / sqrt(1 + (n - 1) rho)",
    source="variance of a sum of n equal parts, each pair correlated by rho; Vose, Risk Analysis, on correlation",
)
def correlation_understatement(
    n: Annotated[int, Field(ge=1)], rho: Annotated[float, Field(ge=-1, le=1)]
) -> dict[str, Any]:
    """Share by which the spread of a sum of n equal risks comes out too small when their correlation is left out.

    Below 0 it comes out too large.
    Raises: RecipeError: so many things cannot all be correlated so far below 0.
    """
    if 1 + (n - 1) * rho <= 0:
        what = f"{n} things cannot all be correlated by {rho:g}: the least is -1 / (n - 1) = {-1 / (n - 1):.4g}."
        raise RecipeError(what, where="correlation_understatement: rho", fix="rho = 0.2")
    return {"share": 1 - 1 / sqrt(1 + (n - 1) * rho)}


# --- plain functions --------------------------------------------------------------------------------------------------


def shape(low: float, mode: float, high: float) -> tuple[float, float]:
    """The two numbers of the beta distribution between low and high, low < high."""
    return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)


def tail(losses: Array, beta: float) -> dict[str, float]:
    """Value at risk and conditional value at risk of losses that are all equally likely.   Shapes: (n,)."""
    ordered = np.sort(losses)
    var = float(ordered[max(ceil(beta * len(ordered) - 1e-9), 1) - 1])
    return {"var": var, "cvar": var + float(np.maximum(ordered - var, 0).mean()) / (1 - beta)}


def _in_order(low: float, mode: float, high: float, where: str) -> None:
    if not low <= mode <= high:
        what = f"low {low:g}, mode {mode:g} and high {high:g} must rise in this order."
        raise RecipeError(what, where=where, fix="low <= mode <= high.")


def _covariance(cov: Sequence[Sequence[float]], n: int) -> Array:
    if len(cov) != n or any(len(row) != n for row in cov):
        what = f"must have {n} rows of {n} numbers, one for each mean."
        raise DataError(what, where="cvar_portfolio: cov", fix="[[0.04, 0.01], [0.01, 0.09]]")
    made = np.asarray(cov, float)
    scale = max(float(np.abs(made).max()), 1e-300)
    if np.abs(made - made.T).max() > 1e-9 * scale:
        raise DataError("is not symmetric.", where="cvar_portfolio: cov", fix="cov[i][j] = cov[j][i].")
    if np.linalg.eigvalsh(made).min() < -1e-9 * scale:
        what = "is no covariance: some mixture of the assets would have a variance below 0."
        raise DataError(what, where="cvar_portfolio: cov", fix="the covariance of returns seen together.")
    even: Array = (made + made.T) / 2
    return even


def _least(m: Array, c: Array, target: float, times: float) -> Array:
    """The weights: a convex problem, so any place with no way down is the place."""
    from scipy.optimize import minimize

    scale = sqrt(max(float(np.diag(c).max()), float(np.abs(m).max()) ** 2, 1e-300))
    m, c, target = m / scale, c / scale**2, target / scale
    tiny = 1e-18

    def risk(w: Array) -> tuple[float, Array]:
        spread = sqrt(float(w @ c @ w) + tiny)
        return times * spread - float(m @ w), times * (c @ w) / spread - m

    rules = [
        {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)},
        {"type": "ineq", "fun": lambda w: float(m @ w) - target, "jac": lambda w: m},
    ]
    best = np.eye(len(m))[int(m.argmax())]
    starts = [best, 0.5 * best + 0.5 / len(m), np.full(len(m), 1 / len(m))]
    found: Array = best
    least = risk(best)[0]
    for start in starts:
        done = minimize(risk, start, jac=True, method="SLSQP", bounds=[(0, 1)] * len(m), constraints=rules,
                        options={"maxiter": 1000, "ftol": 1e-15})  # fmt: skip
        w = np.clip(done.x, 0, None)
        w = w / w.sum()
        if np.isfinite(w).all() and m @ w >= target - 1e-9 and risk(w)[0] < least - 1e-15:
            found, least = w, risk(w)[0]
    return found
