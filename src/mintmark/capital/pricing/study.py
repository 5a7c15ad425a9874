"""Study: what every part of a plan knows: the assumptions, their draws, what a run measured, what there is to note."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mintmark.base.errors import RecipeError
from mintmark.base.record import Measured
from mintmark.base.words import language, mark
from mintmark.capital.assumptions import evenly
from mintmark.capital.prices import STALE_DAYS, dated, day
from mintmark.capital.pricing.file import Plan

Array = npt.NDArray[Any]
MONTHS = 36
SAMPLES = 100_000
"""draws of the assumptions"""
FIXED = 16_384
"""values of each figure in the sample that prices follow from"""
Z95 = 1.959964


def spread(values: Array | float, how: str = "estimated") -> dict[str, Any]:
    """Mean, P10, P50 and P90 of draws, and the standard error of the mean."""
    made = np.atleast_1d(np.asarray(values, float))
    if (made == made[0]).all():  # no draws of it
        one = float(made[0])
        return {"mean": one, "p10": one, "p50": one, "p90": one, "standard_error": 0.0, "how": how}
    low, mid, high = np.quantile(made, [0.1, 0.5, 0.9])
    error = float(made.std(ddof=1) / np.sqrt(len(made)))
    said = {"mean": float(made.mean()), "p10": float(low), "p50": float(mid), "p90": float(high)}
    return said | {"standard_error": error, "how": how}


def note(text: str, **values: Any) -> dict[str, Any]:
    """Something a reader should know: in English, and as the text and its values that other languages need."""
    return {"said": language("en")(text, **values), "text": text, "values": values}


@dataclass
class Study:
    """All draws are (samples,), money in the file's currency."""

    plan: Plan
    where: str
    """the file's name, for errors"""
    run: str = ""
    measures: Mapping[str, Measured] = field(default_factory=dict)
    samples: int = SAMPLES
    seed: int = 0
    even: bool = False
    """evenly spread values of each figure in place of independent draws"""
    today: date = field(default_factory=date.today)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def rng(self, part: int) -> np.random.Generator:
        """Its own for each part, so that no part's figures hang on another's."""
        return np.random.default_rng([self.seed, part])

    @cached_property
    def drawn(self) -> dict[str, Array]:
        return self.plan.sample(self.rng(0), self.samples, self.even)

    @cached_property
    def fixed(self) -> "Study":
        """The same assumptions over a sample that hangs neither on the seed nor on the number of draws.

        Whatever is decided before the figures are drawn follows from it: prices, whom to aim at, how to spend the
        budget. So the standard errors of the draws are whole: nothing else in a figure moves with them.
        """
        return self if self.even else replace(self, samples=FIXED, seed=0, even=True, notes=[])

    def noted(self) -> list[dict[str, Any]]:
        """What was said of either sample, the same thing once."""
        here = {n["text"] for n in self.notes}
        return [*self.notes, *(n for n in self.fixed.notes if n["text"] not in here)]

    def say(self, text: str, **values: Any) -> None:
        self.notes.append(note(text, **values))

    def of(self, name: str) -> Array:
        return self.drawn[name]

    def has(self, name: str) -> bool:
        return name in self.plan.figures

    def wrong(self, field: str, what: str, fix: str) -> RecipeError:
        return RecipeError(what, where=f"{self.where}: {field}", fix=fix)

    def money(self, m: Measured) -> float:
        """What a run measured, in the file's currency.   Raises: RecipeError: no rate."""
        return m.value * self.rate(m.unit, m.name)

    def rate(self, currency: str | None, what: str) -> float:
        """Raises: RecipeError: a currency without a rate."""
        if currency not in (None, self.plan.currency, *self.plan.fx):
            fix = f'[fx] {currency} = {{ rate = 1.08, dated = "2026-05-01" }}, in {self.plan.currency} each.'
            said = f"{what} is in {currency}, which has no rate in [fx]; the file is in {self.plan.currency}."
            raise RecipeError(said, where=f"{self.where}: fx", fix=fix)
        return self.plan.rate(currency)

    # --- what a unit costs and is worth -------------------------------------------------------------------------------

    @cached_property
    def prediction(self) -> tuple[Array, str, str]:
        """Money for the predictions of a unit, how it is known, and from where."""
        product = self.plan.product
        name = "cost.per_1k_predictions" + (".batch_256" if product.batched else "")
        found = self.measures.get(name)
        units = product.predictions / 1000
        if found is not None:
            if product.cost_per_1k is not None:
                self.say(mark("The run's own cost of predictions takes the place of product.cost_per_1k."))
            when = dated(found.source)
            if when and (self.today - day(when)).days > STALE_DAYS:
                self.say(mark("The price of the machine in the run's cost of predictions is of {when}."), when=when)
            price = np.full(self.samples, self.money(found) * units)
            return price, found.how, f"{found.name} of run {self.run}: {found.source}"
        if product.cost_per_1k is None:
            what = "is missing, and no run says what predictions cost."
            raise self.wrong("product.cost_per_1k", what, "--run RUN, or cost_per_1k = 0.05")
        figure = product.cost_per_1k
        return self.of("product.cost_per_1k") * units, figure.how, figure.source

    @cached_property
    def worth(self) -> tuple[Array, str, str] | None:
        """What the customer gains from a unit beside doing without; None where nothing says so."""
        product, m = self.plan.product, self.measures
        mine, none = m.get("value.per_case"), m.get("value.do_nothing")
        if mine is not None and none is not None:
            if product.value_per_case is not None:
                self.say(mark("The run's own value of a prediction takes the place of product.value_per_case."))
            low, high = (m.get(f"value.per_case.{end}") for end in ("low", "high"))
            sd = (high.value - low.value) / (2 * Z95) if low and high else 0.0
            scores = evenly(self.rng(1), self.samples) if self.even else self.rng(1).standard_normal(self.samples)
            value = mine.value - none.value + sd * scores
            made = value * self.rate(mine.unit, mine.name) * product.predictions
            return made, mine.how, f"{mine.name} less {none.name} of run {self.run}: {mine.source}"
        if product.value_per_case is None:
            return None
        figure = product.value_per_case
        return self.of("product.value_per_case") * product.predictions, figure.how, figure.source

    @cached_property
    def unit_cost(self) -> Array:
        """Money that one more unit costs."""
        made: Array = self.prediction[0] + self.of("costs.other_per_unit")
        return made
