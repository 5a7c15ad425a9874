"""Profit of a score: what its decisions earn, and which share of the loss they save."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Fraction, NotNegative, Positive
from mintmark.numerics import profit
from mintmark.numerics.answers import Array

Classes = Annotated[list[bool | float], Field(min_length=1)]
Scores = Annotated[list[float], Field(min_length=1)]
Costs = NotNegative | list[NotNegative]


@calculator(
    unit={"emp": "as clv, a customer", "fraction": "share of the customers"},
    formula="EMP = integral over gamma ~ Beta(alpha, beta) of the largest profit over thresholds, "
    "clv (gamma (1 - delta) - phi) p1 F1 - clv (delta + phi) p0 F0",
    source="Verbraken, Verbeke, Baesens, IEEE TKDE 25(5), 2013, eq. 16",
)
def emp_churn(
    y: Classes,
    score: Scores,
    clv: Positive = 200.0,
    delta: Fraction = 0.05,
    phi: Fraction = 0.005,
    alpha: Positive = 6.0,
    beta: Positive = 14.0,
) -> dict[str, Any]:
    """Expected maximum profit of a retention campaign, a customer, and the share of customers that it targets.

    y: 1 leaves. delta, phi: an offer and a contact as shares of the lifetime value clv.
    Raises: DataError: one class is absent, y is not 0 and 1, lengths differ.
    """
    if delta >= 1:
        raise RecipeError("an offer that costs the whole lifetime value.", where="emp_churn: delta", fix="delta = 0.05")
    truth, scores = _rows(y, score, "emp_churn")
    return profit.emp_churn(truth, scores, clv=clv, delta=delta, phi=phi, alpha=alpha, beta=beta)


@calculator(
    unit={"emp": "share of the money lent", "fraction": "share of the loans"},
    formula="EMP = integral over lambda (0 with p0, 1 with p1, else even) of the largest over thresholds of "
    "lambda p(bad) F1 - roi p(good) F0",
    source="Verbraken, Bravo, Weber, Baesens, European Journal of Operational Research 238, 2014, section 4",
)
def emp_credit(
    y: Classes, score: Scores, p0: Fraction = 0.55, p1: Fraction = 0.1, roi: Positive = 0.2644
) -> dict[str, Any]:
    """Expected maximum profit of refusing loans, as a share of the money lent, and the share that is refused.

    y: 1 defaults. p0, p1: chances that nothing, and all, of a default is lost; roi: what a good loan earns.
    Raises: DataError: one class is absent, y is not 0 and 1, lengths differ.
    """
    if p0 + p1 > 1:
        what = f"p0 and p1 are {p0:g} and {p1:g}: two chances of which only one comes cannot add up to more than 1."
        raise RecipeError(what, where="emp_credit: p1", fix="p0 = 0.55, p1 = 0.1")
    truth, scores = _rows(y, score, "emp_credit")
    return profit.emp_credit(truth, scores, p0=p0, p1=p1, roi=roi)


@calculator(
    unit={"h": "1"},
    formula="H = 1 - loss / loss of the best rule without the score, both averaged over relative costs ~ "
    "Beta(2, 1 + 1 / severity_ratio), on the convex hull of the ROC curve",
    source="Hand, Machine Learning 77, 2009; Hand, Anagnostopoulos, Pattern Recognition Letters 40, 2014",
)
def h_measure(y: Classes, score: Scores, severity_ratio: Positive | None = None) -> dict[str, Any]:
    """H-measure: share of the loss without the score that it saves, averaged over what mistakes may cost.

    severity_ratio: cost of a false positive over that of a false negative; without it the ratio of the classes.
    Raises: DataError: one class is absent, y is not 0 and 1, lengths differ.
    """
    truth, scores = _rows(y, score, "h_measure")
    return profit.h_measure(truth, scores, severity_ratio=severity_ratio)


@calculator(
    unit={"cost": "as the costs", "savings": "share of the cost without a model"},
    formula="cost = sum of cost_fp where 1 is predicted, cost_fn where a 1 is missed; "
    "savings = 1 - cost / min(cost of all 0, cost of all 1)",
    source="Bahnsen, Aouada, Ottersten, Expert Systems with Applications 42, 2015, eq. 4-6",
)
def savings(y: Classes, predicted: Classes, cost_fp: Costs, cost_fn: Costs) -> dict[str, Any]:
    """What decisions cost, and the share of the cheaper of all 0 and all 1 that they save; below 0 they are worse.

    Each predicted 1 costs cost_fp, right or wrong; each missed one costs cost_fn; one number or one for each row.
    Raises: DataError: y or predicted is not 0 and 1, lengths differ, there is nothing to save.
    """
    truth, said = _classes(y, "savings: y"), _classes(predicted, "savings: predicted")
    _same(len(truth), len(said), "savings: predicted")
    costs = {}
    for name, cost in (("cost_fp", cost_fp), ("cost_fn", cost_fn)):
        if isinstance(cost, list):
            _same(len(truth), len(cost), f"savings: {name}")
        costs[name] = np.asarray(cost, float)
    return profit.savings(truth, said, **costs)


def _rows(y: Sequence[float], score: Sequence[float], name: str) -> tuple[Array, Array]:
    _same(len(y), len(score), f"{name}: score")
    truth = _classes(y, f"{name}: y")
    if truth.min() == truth.max():
        what = f"all are {truth[0]}: one class is absent."
        raise DataError(what, where=f"{name}: y", fix="rows of both classes.")
    return truth, np.asarray(score, float)


def _classes(values: Sequence[float], where: str) -> Array:
    made = np.asarray(values, float)
    wrong = np.flatnonzero((made != 0) & (made != 1))
    if len(wrong):
        raise DataError(f"must be 0 or 1, got {made[wrong[0]]:g}.", where=f"{where}[{wrong[0]}]", fix="0 or 1.")
    return made.astype(np.int64)


def _same(wanted: int, got: int, where: str) -> None:
    if wanted != got:
        raise DataError(f"there are {got} of them for {wanted} rows.", where=where, fix="one for each row.")
