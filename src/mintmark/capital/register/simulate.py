"""Simulate: many futures of a register: which risks come, what they cost, and whether the cash lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mintmark.base.errors import RecipeError
from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Assumption
from mintmark.capital.register.register import Control, Register
from mintmark.numerics.answers import Array
from mintmark.recipe.strict import build


class Scores(Assumptions):
    """Normal scores of the risks, which come together as the register says."""

    events: dict[str, Assumption]


@dataclass(frozen=True)
class Futures:
    """Draws of a register: the same ones whatever is asked, so that two answers differ by what was changed alone.

    Shapes: (n,) each.   Money in the file's currency.
    """

    register: Register
    drawn: Mapping[str, Array]
    """figures by path"""
    rank: Mapping[str, Array]
    """risk -> uniform: it comes where this is below its probability"""
    month: Mapping[str, Array]
    """risk -> month in which it would come, from 0"""

    @classmethod
    def of(cls, register: Register, n: int, seed: int, where: str) -> "Futures":
        """Raises: RecipeError: risks that cannot come together so."""
        from scipy.special import ndtr

        rng = np.random.default_rng(seed)
        pairs = [
            {"between": [f"events.{name}" for name in p.between], "rho": p.rho, "source": p.source}
            for p in register.together
        ]
        normal = {name: {"mean": 0.0, "sd": 1.0} for name in register.risks}
        try:
            made = build(Scores, {"events": normal, "correlations": pairs}, f"{where}: together")
        except RecipeError as exc:  # `events.` is no word of the file
            raise RecipeError(exc.what.replace("events.", ""), where=exc.where, fix=exc.fix) from None
        scores = made.sample(rng, n)
        rank = {name: np.asarray(ndtr(scores[f"events.{name}"])) for name in register.risks}
        month = {name: rng.integers(0, register.plan.months, n) for name in register.risks}
        return cls(register, register.sample(rng, n), rank, month)

    def cost(self, path: str) -> Array:
        """Of a control over the plan."""
        made: Array = self.drawn[f"{path}.cost"] + self.register.plan.months * self.drawn[f"{path}.per_month"]
        return made

    def impact(self, name: str) -> Array:
        path = f"risks.{name}.impact"
        if path in self.drawn:
            return self.drawn[path]
        return self.drawn[f"{path}_per_case"] * self.drawn["plan.cases"]

    def loss(self, name: str, chosen: Mapping[str, Control]) -> Array:
        """Of a risk, with these of its controls, by their path."""
        chance, impact = self.drawn[f"risks.{name}.probability"], self.impact(name)
        for path in chosen:
            chance = chance * self.drawn[f"{path}.probability_left"]
            impact = impact * self.drawn[f"{path}.impact_left"]
        made: Array = np.where(self.rank[name] < chance, impact, 0.0)
        return made

    def controls(self, name: str, planned: bool = False) -> dict[str, Control]:
        """Path -> control: those that are in place, or all."""
        every = {f"risks.{name}.controls[{i}]": c for i, c in enumerate(self.register.risks[name].controls)}
        return {path: c for path, c in every.items() if planned or c.in_place}

    @cached_property
    def losses(self) -> dict[str, Array]:
        """Of each risk with the controls that are in place."""
        return {name: self.loss(name, self.controls(name)) for name in self.register.risks}

    @cached_property
    def total(self) -> Array:
        return sum_of(self.losses)

    @cached_property
    def worst(self) -> Array:
        """Places of the twentieth of the futures that loses most."""
        made: Array = np.argsort(self.total)[-max(1, len(self.total) // 20) :]
        return made

    def cash(self, losses: Mapping[str, Array], planned: bool = False) -> Array:
        """Cash after each month, from today on.   Shapes: (months + 1, n)."""
        plan, n = self.register.plan, len(self.total)
        flow = np.zeros((plan.months + 1, n))
        flow[0] = self.drawn["plan.cash"]
        flow[1:] = self.drawn["plan.income"] - self.drawn["plan.spending"]
        for name in self.register.risks:
            for path, control in self.controls(name, planned).items():
                flow[1:] -= self.drawn[f"{path}.per_month"]
                if not control.in_place:
                    flow[1] -= self.drawn[f"{path}.cost"]
            flow[self.month[name] + 1, np.arange(n)] -= losses[name]
        made: Array = np.cumsum(flow, axis=0, out=flow)
        return made


def sum_of(losses: Mapping[str, Array]) -> Array:
    made: Array = np.sum(list(losses.values()), axis=0)
    return made
