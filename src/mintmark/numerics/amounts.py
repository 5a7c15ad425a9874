"""Amounts: the interval of a number, the amount that costs the least to be wrong with, and what that earns."""

from typing import Any

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError
from mintmark.base.record import Measured
from mintmark.numerics import answers as answer
from mintmark.numerics import bootstrap
from mintmark.numerics.answers import Array
from mintmark.numerics.payoff import Money

LEAST = 1e-9
"""a model's own half width is taken for no less"""


def learn(answers: pa.Table, y: Array, money: Money | None, coverage: float) -> dict[str, Any]:
    """Half width of the split conformal interval, and the shift of the value to the fractile that costs the least.

    The interval stays around the model's own value. A model that says with `low` and `high` how sure it is of each
    value has its own half widths multiplied by `half_width`, else that is the half width of all. With under
    1 / (1 - coverage) rows the widest error is taken, and the level says what that covers: n / (n + 1). The shift is
    the quantile under / (under + over) of the errors, in the same measure.

    Source: Vovk et al. 2005; Lei et al., JASA 113, 2018, sections 2.2, 5.2. Newsvendor: Arrow, Harris, Marschak 1951.
    """
    n = len(y)
    if not n:
        raise DataError("no validation rows to learn an interval from.", where="decide", fix="more rows.")
    off = np.sort((y - answers["value"].to_numpy()) / _scale(answers))
    rank = min(n, int(np.ceil((n + 1) * coverage - 1e-9)))
    facts = {"by": "conformal", "half_width": float(np.sort(np.abs(off))[rank - 1])}
    facts |= {"level": min(coverage, rank / (n + 1)), "shift": 0.0}
    if (y >= 0).all() and (answers["value"].to_numpy() >= 0).all():
        facts["floor"] = 0.0  # what was never below zero, such as sales, is not said to come to less
    if money is not None and money.over is not None and money.under is not None:
        fractile = money.under / (money.under + money.over)
        facts["shift"] = float(np.quantile(off, fractile, method="inverted_cdf"))
    return facts


def apply(facts: dict[str, Any], answers: pa.Table) -> pa.Table:
    """Each value shifted, with its interval; the interval holds the shifted value too."""
    value, scale = answers["value"].to_numpy(), _scale(answers)
    half, shifted = facts["half_width"] * scale, value + facts["shift"] * scale
    low, high = np.minimum(value - half, shifted), np.maximum(value + half, shifted)
    if "floor" in facts:
        low = np.where(value >= 0, np.maximum(low, np.minimum(facts["floor"], shifted)), low)
    return answer.make("number", value=shifted, low=low, high=high, level=np.full(len(value), facts["level"]))


def value(
    decided: pa.Table,
    plain: pa.Table,
    y: Array,
    money: Money,
    rng: np.random.Generator,
    weight: Array | None = None,
    cluster: Array | None = None,
) -> list[Measured]:
    """What it costs to act on the decided amounts, with a 95 % bootstrap interval, beside acting on the plain forecast.

    Rows of one cluster (a series) are drawn together, as their errors are alike.
    Shapes: decided, plain, y, weight, cluster (n).   Units: currency a case, costs below zero.
    """
    share = np.ones(len(y)) if weight is None else weight
    share = share / share.sum()

    def paid(answers: pa.Table) -> Array:
        off = answers["value"].to_numpy() - y
        made: Array = np.where(off > 0, -abs(money.over or 0.0) * off, abs(money.under or 0.0) * off)
        return made

    won = paid(decided)
    of = np.arange(len(y)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    total, mass = np.bincount(of, share * won), np.bincount(of, share)
    each = np.divide(total, mass, out=np.zeros_like(total), where=mass > 0)
    draws = bootstrap.draws_for(len(each))
    means = bootstrap.means(each, mass, np.zeros(len(each), np.int64), draws, rng)
    per_case, (low, high) = float((share * won).sum()), (float(q) for q in np.quantile(means, [0.025, 0.975]))
    how = f"{len(y)} rows"
    drawn = f"{how}; 95 % percentile bootstrap of {len(each)} " + ("rows" if cluster is None else "series")
    unit = money.currency
    return [
        Measured("per_case", per_case, unit, "up", source=how),
        Measured("per_case.low", min(low, per_case), unit, "up", source=drawn),
        Measured("per_case.high", max(high, per_case), unit, "up", source=drawn),
        Measured("as_forecast", float((share * paid(plain)).sum()), unit, "up", source=f"{how}, not shifted by cost"),
        Measured("perfect", 0.0, unit, "up", how="estimated", source="no error costs nothing"),
    ]


def _scale(answers: pa.Table) -> Array:
    """The model's own half width of each value, 1 where it says none.   Shapes: (n,), above 0."""
    if not len(answers) or answers["low"].null_count or answers["high"].null_count:
        return np.ones(len(answers))
    half: Array = (answers["high"].to_numpy() - answers["low"].to_numpy()) / 2
    return np.maximum(half, LEAST)
