"""Retention: how long customers stay, from the shares of an earlier cohort or from a chance to leave each month."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.capital.pricing.study import MONTHS, Array, Study
from mintmark.numerics import customers

LONG = 600
"""months after which what a customer still brings is not counted"""
UNDER_CONTRACT = ("subscription", "usage", "licence")
"""business models whose customers stay as the cohort did, where the file has one"""


@dataclass(frozen=True)
class Stay:
    """Share of the customers of a month still there after 0, 1, ... months: one of the two is given."""

    shares: Array | None = None
    """the same in all draws, (LONG,)"""
    churn: Array | None = None
    """chance to leave in a month, (draws,)"""

    def active(self, new: Array) -> Array:
        """Customers there in each month, of all who came in it or before; a month's newcomers count in full.

        Shapes: new and the result (months, draws).
        """
        made = new.copy()
        if self.shares is not None:
            at = np.subtract.outer(np.arange(len(new)), np.arange(len(new)))
            made = np.where(at >= 0, self.shares[np.maximum(at, 0)], 0.0) @ new
        elif self.churn is not None:
            for month in range(1, len(new)):
                made[month] += made[month - 1] * (1 - self.churn)
        return made

    def months(self, rate: float = 0.0) -> Array:
        """Months that a customer is expected to pay for, the first one at once, discounted by a rate a month.

        Shapes: (draws,), or (1,) where all draws are alike.
        """
        if self.shares is not None:
            return np.atleast_1d(self.shares @ (1 + rate) ** -np.arange(len(self.shares)))
        kept = (1 - (np.zeros(1) if self.churn is None else self.churn)) / (1 + rate)
        made: Array = np.where(kept < 1, (1 - kept**LONG) / np.where(kept < 1, 1 - kept, 1.0), float(LONG))
        return made


def staying(study: Study, model: str, cohort: Array | None) -> Stay:
    """How long customers of a business model stay; cohort: as `cohort` returns it."""
    if cohort is not None and model in UNDER_CONTRACT:
        return Stay(shares=cohort)
    return Stay(churn=study.of(f"models.{model}.churn"))


def cohort(study: Study) -> tuple[Array | None, dict[str, Any]]:
    """Shares of a cohort still there by month, (LONG,), from those that the file gives (sBG), and the curve in words.

    Raises: DataError: shares that rise, or one alone.
    """
    given = study.plan.retention
    if not given.survival:
        return None, {}
    found = customers.sbg_fit(np.asarray(given.survival, float), where=f"{study.where}: retention.survival")
    a, b = found.values.tolist()
    yearly = given.period == "year"
    shares = customers.sbg_survival(a, b, np.arange(LONG) / (12 if yearly else 1))
    ahead = np.arange(0, max(12, 2 * len(given.survival)) + 1)
    discount = study.plan.discount if yearly else study.plan.monthly
    low, high = found.between()
    said = {
        "a": a, "b": b, "a_between": [float(low[0]), float(high[0])], "b_between": [float(low[1]), float(high[1])],
        "period": given.period, "given": list(given.survival), "curve": customers.sbg_survival(a, b, ahead).tolist(),
        "payments": customers.sbg_lifetime(a, b, max(discount, 1e-9)),
        "first_year_loss": 1 - float(shares[12]), "later_year_loss": 1 - float(shares[MONTHS] / shares[24]),
    }  # fmt: skip
    return shares, said
