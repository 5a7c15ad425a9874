"""Asked: what a price follows from, and how the survey, choices and transactions are read, as strict tables."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mintmark.capital.distribution import Assumption
from mintmark.capital.pricing.kind import MOST
from mintmark.recipe.strict import Strict, Wrong


class Pricing(Strict):
    """What the price follows from, beside surveys and choices."""

    margin: Annotated[float, Field(ge=0, lt=1)] = 0.6
    """Share of the price that is to be left after the cost of a unit: cost-plus."""
    share_of_value: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the advantage over the best alternative that the price may take; the rest is why they change."""
    elasticity: Assumption | None = None
    """Percent of demand for one percent of price, below -1."""
    survey_currency: str | None = None
    """Of the prices in the survey; else the file's."""
    choices_currency: str | None = None
    """Of the prices in the choices; else the file's."""

    @model_validator(mode="after")
    def _falls(self) -> "Pricing":
        if self.elasticity is not None and self.elasticity.centre() >= -1:
            what = (
                f"elasticity must be below -1, got {self.elasticity.centre():g}: a higher price would always earn more."
            )
            raise Wrong(what, "elasticity = -2")
        return self


class ChoiceStudy(Strict):
    """How to read the file of choices: a row for each alternative that was shown, with what was chosen."""

    id: str = "choice"
    """Column of the choice."""
    chosen: str = "chosen"
    """Column with 1 where it was chosen, 0 else."""
    price: str = "price"
    """Column of the price of a unit."""
    features: list[str] = []
    """Columns of what else was shown, as numbers."""
    ours: dict[str, float] = {}
    """The product, in these features."""
    rivals: Annotated[list[dict[str, float]], Field(max_length=MOST)] = []
    """What it is held against, with a price each; without them, against not buying (all features and the price 0)."""


class Transactions(Strict):
    """How to read the file of transactions: a row for each purchase."""

    customer: str = "customer"
    date: str = "date"
    amount: str = "amount"
    currency: str | None = None
    """Of the amounts; else the file's."""
    until: str | None = None
    """Last day that was watched, as 2026-05-31; else the day of the last purchase."""
    returns: Literal["refuse", "drop"] = "refuse"
    """What to do with amounts of 0 or less, such as returns: they are no purchases."""
    margin: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of an amount that is left after its cost."""
