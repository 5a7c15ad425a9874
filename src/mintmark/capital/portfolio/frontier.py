"""Frontier: what less or more money would bring, and what less of the tail costs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mintmark.base.errors import RecipeError
from mintmark.capital.methods import risk
from mintmark.capital.portfolio.case import Case
from mintmark.capital.portfolio.solve import Answer, best, concave
from mintmark.numerics.answers import Array

TIMES = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
"""the budget"""
CAUTIONS = (0.0, 0.25, 0.5, 0.75, 0.9)


def money(case: Case) -> list[dict[str, Any]]:
    """Worth and price of money at parts and multiples of the budget, as far as they pay for what must be done."""
    made = []
    for times in TIMES:
        other = replace(case, budget=case.budget * times)
        try:
            exact, bound = best(other), concave(other)
        except RecipeError:
            continue
        made.append({"times": times, "budget": float(other.budget[-1]), "worth": exact.worth,
                     "spent": float(exact.spent[:, -1].sum()), "price": float(bound.prices[0])})  # fmt: skip
    return made


def tails(case: Case, draws: Array, known: Mapping[float, Answer]) -> list[dict[str, Any]]:
    """Mean and CVaR over all draws, the more cautious the further on; known: answers by their caution."""
    made = []
    for caution in CAUTIONS:
        spent = (known.get(caution) or best(case, caution, draws)).spent
        net = case.net(spent)
        made.append({"caution": caution, "mean": float(net.mean()), "cvar": risk.tail(-net, case.tail)["cvar"],
                     "spent": float(spent[:, -1].sum()),
                     "each": {w.name: float(p[-1]) for w, p in zip(case.works, spent, strict=True)}})  # fmt: skip
    return made
