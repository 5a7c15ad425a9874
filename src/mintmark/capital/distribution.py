"""One figure of a file of assumptions: a number, or how it spreads; with its source, and whether it was measured.

    hours = 12                                              # known
    hours = { low = 8, mode = 12, high = 30 }               # PERT; shape = "triangular"
    hours = { low = 8, high = 30 }                          # uniform
    hours = { p10 = 8, p90 = 30 }                           # normal; shape = "lognormal"
    hours = { mean = 12, sd = 4 }                           # normal; shape = "lognormal", "beta" (from low to high)
    share = { alpha = 3, beta = 17 }                        # beta
    price = { values = [5, 8], probabilities = [0.3, 0.7] } # one of these
    price = "100 USD"                                       # money, of a currency that is not the file's

Each table may also say `source`, `how` ("measured" or "assumed"), `dated`, and, of a normal or lognormal one, `least`
and `most`: what lies beyond is cut off.
"""

import math
import re
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, model_validator

from mintmark.capital import contradiction, law
from mintmark.capital.prices import day as day
from mintmark.recipe.strict import Strict, Wrong, show

Array = npt.NDArray[np.float64]
Shape = Literal["pert", "triangular", "uniform", "normal", "lognormal", "beta", "discrete"]
FORMS: dict[frozenset[str], tuple[Shape, ...]] = {
    frozenset({"low", "mode", "high"}): ("pert", "triangular"),
    frozenset({"low", "high"}): ("uniform",),
    frozenset({"p10", "p90"}): ("normal", "lognormal"),
    frozenset({"mean", "sd"}): ("normal", "lognormal", "beta"),
    frozenset({"mean", "sd", "low", "high"}): ("beta",),
    frozenset({"alpha", "beta"}): ("beta",),
    frozenset({"alpha", "beta", "low", "high"}): ("beta",),
    frozenset({"values"}): ("discrete",),
    frozenset({"values", "probabilities"}): ("discrete",),
}
"""what is given -> the shapes that it can describe, the usual one first"""
KEYS = ("value", "low", "mode", "high", "p10", "p90", "mean", "sd", "alpha", "beta", "values", "probabilities")
HOW_TO = "{ low, mode, high }, { p10, p90 }, { low, high }, { mean, sd }, { alpha, beta }, { values } or one number."
AMOUNT = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Z]{3})"

ENDS = np.array([1e-9, 1 - 1e-9])
"""quantiles between which draws lie"""


def _dated(text: str) -> str:
    try:
        day(text)
    except ValueError:
        raise Wrong(f"must be a date, got {text!r}.", 'dated = "2026-05-01", "2026-05" or "2026".') from None
    return text


Dated = Annotated[str, AfterValidator(_dated)]


class Assumption(Strict):
    """A figure: known, or with a distribution."""

    LEAST: ClassVar[float] = -math.inf
    MOST: ClassVar[float] = math.inf
    IS_MONEY: ClassVar[bool] = False
    WHAT: ClassVar[str] = "a number"
    EXAMPLE: ClassVar[str] = "100"

    value: float | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    p10: float | None = None
    p90: float | None = None
    mean: float | None = None
    sd: float | None = None
    alpha: float | None = None
    beta: float | None = None
    values: list[float] | None = None
    probabilities: list[float] | None = None
    shape: Shape | None = None
    """Of the distribution, where what is given can mean more than one."""
    least: float | None = None
    """Values of a normal or lognormal distribution below it are cut off."""
    most: float | None = None
    """Those above it are."""
    currency: str | None = None
    """Of money; else the file's."""
    source: str = ""
    how: Literal["measured", "assumed"] = "assumed"
    dated: Dated | None = None
    """When it held; older than a year is warned of."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        """A bare number, or an amount with its currency, as the table it stands for."""
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            return {"value": raw}
        if isinstance(raw, dict):
            return raw
        found = isinstance(raw, str) and cls.IS_MONEY and re.fullmatch(AMOUNT, raw.strip())
        if not found:
            raise Wrong(f"must be {cls.WHAT}, got {show(raw)}.", f"{cls.EXAMPLE} or a table such as {HOW_TO}")
        return {"value": float(found[1]), "currency": found[2]}

    @model_validator(mode="after")
    def _whole(self) -> "Assumption":
        self.form()
        contradiction.in_order(self)
        if self.values is not None:
            contradiction.probable(self)
        if self.currency is not None and not self.IS_MONEY:
            raise Wrong(f"is {self.WHAT} and has no currency.", "leave currency out.")
        if self.currency is not None and not re.fullmatch("[A-Z]{3}", self.currency):
            what = f"currency must be three capital letters (ISO 4217), got {self.currency!r}."
            raise Wrong(what, 'currency = "USD"')
        contradiction.within(self)
        return self

    def form(self) -> Shape | None:
        """The shape; None of a known number."""
        given = frozenset(k for k in KEYS if getattr(self, k) is not None)
        if given == {"value"}:
            if self.shape or self.least is not None or self.most is not None:
                raise Wrong("is one number and has no shape, least or most.", "value alone, or " + HOW_TO)
            return None
        if given not in FORMS:
            if not given:
                raise Wrong("has no figure.", HOW_TO)
            said = " and ".join(sorted(given))
            raise Wrong(f"{said} cannot be taken together for a distribution.", HOW_TO)
        shapes = FORMS[given]
        if self.shape is not None and self.shape not in shapes:
            said = ", ".join(sorted(given))
            raise Wrong(f"shape {self.shape!r} cannot be made from {said}.", f'shape = "{shapes[0]}", or leave it out.')
        made = self.shape or shapes[0]
        if (self.least is not None or self.most is not None) and made not in ("normal", "lognormal"):
            raise Wrong(f"least and most cut a normal or lognormal distribution, not {made}.", "low and high bound it.")
        return made

    # --- what it says -------------------------------------------------------------------------------------------------

    @property
    def known(self) -> bool:
        """It is one number."""
        low, high = self.quantile(ENDS)
        return bool(low == high)

    def reach(self) -> float:
        """The largest size, of either sign, that its draws come to; infinite beyond what a double holds."""
        with np.errstate(over="ignore"):
            return float(np.abs(self.quantile(ENDS)).max())

    def centre(self) -> float:
        """The mean.   Of a cut distribution: by the midpoint rule over 100,000 of its quantiles."""
        return law.centre(self)

    def quantile(self, p: Array | float) -> Array:
        """The values below which the shares p lie.   Shapes: p (...) in (0, 1); as p."""
        from scipy.special import ndtri

        return self.draw(ndtri(np.asarray(p, float)))

    def draw(self, z: Array) -> Array:
        """The values at normal scores: draws of this distribution where z are draws of the standard normal one.

        Shapes: z (...); as z.
        """
        return law.draw(self, np.asarray(z, float))

    @property
    def lowest(self) -> float:
        """What no value of a normal or lognormal distribution is below; -inf where nothing bounds it."""
        return max(self.LEAST, -math.inf if self.least is None else self.least)

    @property
    def highest(self) -> float:
        return min(self.MOST, math.inf if self.most is None else self.most)


class Share(Assumption):
    """A share or probability: between 0 and 1. A normal one is cut off there."""

    LEAST = 0.0
    MOST = 1.0
    WHAT = "a share between 0 and 1"
    EXAMPLE = "0.1"


class Amount(Assumption):
    """A count, a time, a quantity: 0 or more. A normal one is cut off there."""

    LEAST = 0.0
    WHAT = "a number, 0 or more"


class Money(Assumption):
    """An amount of money, of any sign, in the file's currency or in one with a rate."""

    IS_MONEY = True
    WHAT = "an amount of money"
    EXAMPLE = '100, "100 USD"'
