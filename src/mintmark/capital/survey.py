"""Survey: what people say they would pay, in four questions (van Westendorp) or as yes and no (Gabor and Granger)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import DataError

Array = npt.NDArray[Any]
ASKED = ("too_cheap", "cheap", "expensive", "too_expensive")
FEWEST = 10
"""answers that hold together, below which nothing is read from a survey"""
GRID = 1001
"""prices at which a fitted demand is tried"""
NEARLY = 0.05
"""share of the largest margin that a price may miss to be nearly as good"""


@dataclass(frozen=True)
class Sensitivity:
    """Curves of four questions over price, and where they cross."""

    prices: Array
    """(points,), rising: every price that was named"""
    too_cheap: Array
    """share of people to whom a price is too cheap, (points,); likewise the others"""
    cheap: Array
    expensive: Array
    too_expensive: Array
    opp: float
    """too cheap to as many as too expensive: the least resistance"""
    ipp: float
    """cheap to as many as expensive: what most expect to pay"""
    pmc: float
    """too cheap to as many as not cheap: the low end of what is accepted"""
    pme: float
    """too expensive to as many as not expensive: the high end"""
    valid: int
    dropped: int


def transitive(answers: Sequence[Array]) -> Array:
    """Whether each person's four prices rise, as they must: (people,) of bool."""
    made: Array = np.all([low < high for low, high in zip(answers[:-1], answers[1:], strict=True)], axis=0)
    return made


def sensitivity(answers: Sequence[Array], where: str = "", fewest: int = 1) -> Sensitivity:
    """The price sensitivity meter; people whose four prices do not rise are dropped and counted.

    Curves are read at every price that was named and joined by straight lines; of several crossings the lowest counts.
    Shapes: answers four of (people,), from too cheap to too expensive.
    Raises: DataError: negative prices, or fewer than `fewest` people are left.
    Source: van Westendorp, ESOMAR congress 1976; PMC and PME with the turned curves "not cheap" and "not expensive".
    """
    for name, column in zip(ASKED, answers, strict=True):
        wrong = np.flatnonzero(column < 0)
        if len(wrong):
            what = f"must be 0 or more, got {column[wrong[0]]:g} in row {wrong[0] + 1}."
            raise DataError(what, where=f"{where}: {name}", fix="a price.")
    kept = transitive(answers)
    valid = int(kept.sum())
    if valid < max(fewest, 1):
        what = f"{valid} of {len(kept)} answers hold together (too cheap < cheap < expensive < too expensive)"
        what += f"; {fewest} are needed." if fewest > 1 else "."
        raise DataError(what, where=where, fix="more people, each with four rising prices.")
    asked = [column[kept] for column in answers]
    prices = np.unique(np.concatenate(asked))
    below = [np.searchsorted(np.sort(column), prices, side="right") / valid for column in asked]
    too_cheap, cheap, expensive, too_expensive = 1 - below[0], 1 - below[1], below[2], below[3]
    return Sensitivity(
        prices, too_cheap, cheap, expensive, too_expensive,
        crossing(prices, too_expensive, too_cheap), crossing(prices, expensive, cheap),
        crossing(prices, 1 - cheap, too_cheap), crossing(prices, too_expensive, 1 - expensive),
        valid, len(kept) - valid,
    )  # fmt: skip


def crossing(prices: Array, rising: Array, falling: Array) -> float:
    """The lowest price at which the rising curve has reached the falling one, on the straight lines between points."""
    gap = rising - falling
    at = int(np.argmax(gap >= -1e-12))
    if at == 0 or gap[at] <= 1e-12:
        return float(prices[at])
    share = gap[at - 1] / (gap[at - 1] - gap[at])
    return float(prices[at - 1] + share * (prices[at] - prices[at - 1]))


@dataclass(frozen=True)
class Granger:
    """Share of people who would buy at each price that was asked."""

    prices: Array
    share: Array
    """smoothed so that it never rises with the price, (prices,)"""
    asked: Array
    """answers at each price"""
    best: float
    """price among those between the lowest and the highest asked at which a person brings the largest margin"""
    low: float
    """the lowest and highest price that bring nearly as much"""
    high: float
    elasticity: float
    """of the share by the price, from a logit over all answers, at `best`"""
    intercept: float
    slope: float
    """of that logit: chance of yes = 1/(1 + exp(-(intercept + slope price)))"""


def granger(price: Array, yes: Array, cost: float, where: str = "") -> Granger:
    """The demand that yes and no at given prices say, and the price whose margin times share is largest.

    Shapes: price (answers,), yes (answers,) of 0 and 1.   Units: as price.
    Raises: DataError: one price only, all yes or all no, a demand that does not fall.
    Source: Gabor, Granger, Economica 33, 1966; monotone by pooling adjacent violators (Ayer and others, 1955).
    """
    prices, index = np.unique(price, return_inverse=True)
    asked = np.bincount(index)
    if len(prices) < 2:
        raise DataError("was asked at one price only.", where=where, fix="answers at several prices.")
    if not 0 < yes.mean() < 1:
        said = "yes" if yes.mean() else "no"
        raise DataError(
            f"all answers are {said}: no price makes a difference.", where=where, fix="a wider span of prices."
        )
    share = _falling(np.bincount(index, weights=yes) / asked, asked)
    intercept, slope = _line(price, yes)
    if slope >= 0:
        what = "the share of yes does not fall with the price."
        raise DataError(what, where=where, fix="more answers, or check that 1 means that they would buy.")
    span = np.linspace(prices[0], prices[-1], GRID)
    chance = 1 / (1 + np.exp(-(intercept + slope * span)))
    margin = chance * (span - cost)
    top = int(np.argmax(margin))
    good = span[margin >= margin[top] - abs(margin[top]) * NEARLY]
    best, there = float(span[top]), float(chance[top])
    return Granger(
        prices, share, asked, best, float(good[0]), float(good[-1]), slope * best * (1 - there), intercept, slope
    )


def _falling(share: Array, weight: Array) -> Array:
    from scipy.optimize import isotonic_regression

    made: Array = isotonic_regression(share, weights=weight, increasing=False).x
    return made


def _line(price: Array, yes: Array) -> tuple[float, float]:
    """Logit of yes over price by Newton's method, with half an answer of each kind added at the middle price, so that
    answers which a price parts without a miss have a finite slope."""
    middle, scale = float(price.mean()), float(price.std())
    z = np.concatenate([(price - middle) / scale, [0.0, 0.0]])
    y, w = np.concatenate([yes, [1.0, 0.0]]), np.concatenate([np.ones(len(yes)), [0.5, 0.5]])
    x = np.column_stack([np.ones_like(z), z])
    ridge = np.diag([0.0, 1e-3])
    b = np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -35, 35)))
        step = np.linalg.solve((x.T * (w * p * (1 - p))) @ x + ridge, x.T @ (w * (y - p)) - ridge @ b)
        b = b + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    return float(b[0] - b[1] * middle / scale), float(b[1] / scale)
