"""Option: what the right to stop, or to wait, is worth."""

from math import exp, sqrt
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import NotNegative, Positive


@calculator(
    unit={"value": "as the spot price"},
    formula="u = e^(sigma sqrt(dt)), d = 1 / u, p = (e^((rate - dividend) dt) - d) / (u - d); backwards, value = "
    "max(strike - price, e^(-rate dt) (p value_up + (1 - p) value_down))",
    source="Cox, Ross, Rubinstein, Journal of Financial Economics 7, 1979; Hull, Options, Futures, and Other "
    "Derivatives, chapter on binomial trees",
)
def american_put(
    spot: Positive,
    strike: NotNegative,
    rate: float,
    sigma: Positive,
    years: Positive,
    steps: Annotated[int, Field(ge=1, le=20_000)] = 500,
    dividend: float = 0.0,
) -> dict[str, Any]:
    """Value of the right to sell for the strike at any time until the end: of a project, to abandon it for its salvage.

    Units: rate, sigma and dividend a year, compounded continuously.
    Raises: RecipeError: steps too long for this drift.
    """
    dt = years / steps
    up = exp(sigma * sqrt(dt))
    p = (exp((rate - dividend) * dt) - 1 / up) / (up - 1 / up)
    if not 0 <= p <= 1:
        least = int((rate - dividend) ** 2 * years / sigma**2) + 1
        what = f"{steps} steps are too few: the price drifts further in one than it can move."
        raise RecipeError(what, where="american_put: steps", fix=f"steps = {max(least, steps + 1)}")
    discount = exp(-rate * dt)
    prices = spot * up ** np.arange(-steps, steps + 1, dtype=float)
    value = np.maximum(strike - prices[::2], 0)
    for left in range(steps - 1, -1, -1):
        value = discount * (p * value[1:] + (1 - p) * value[:-1])
        value = np.maximum(value, strike - prices[steps - left : steps + left + 1 : 2])
    return {"value": float(value[0])}
