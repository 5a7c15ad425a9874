"""File: the assumptions of `mintmark price`, as strict tables. A figure is a number or says how it spreads."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Amount, Money, Share
from mintmark.capital.pricing.asked import ChoiceStudy, Pricing, Transactions
from mintmark.capital.pricing.channel import Promotion
from mintmark.capital.pricing.kind import MOST, Name, Price
from mintmark.capital.pricing.offer import Models, Tiers
from mintmark.recipe.strict import Strict, Wrong


class Product(Strict):
    """What is sold, and what one of it takes."""

    name: Name
    unit: Name = "1,000 predictions"
    """What a price is for, in words."""
    predictions: Annotated[float, Field(gt=0)] = 1000
    """Predictions in one unit."""
    batched: bool = False
    """Predictions are asked for in batches (of 256), which costs less than one by one; of a run that measured both."""
    cost_per_1k: Price | None = None
    """Money for 1,000 predictions; a run's measured cost takes its place."""
    value_per_case: Money | None = None
    """What the customer gains from one prediction, beside doing without; a run's measured value takes its place."""
    usage: Amount | None = None
    """Units that a customer uses in a month; else from the segments that are aimed at."""


class TopDown(Strict):
    """The market from above: what is spent in all, and the shares of it."""

    spend: Price
    """A year, by all who have the problem: TAM."""
    serviceable: Share
    """Share of it that the product can serve: SAM."""
    obtainable: Share
    """Share of that which can be won in the three years: SOM."""


class Segment(Strict):
    """A group of customers, counted from below."""

    name: Name
    customers: Amount
    """How many there are."""
    spend: Price
    """What one spends on the problem in a year."""
    fit: Share
    """Share of them that the product can serve."""
    reach: Share
    """Share of those that can be won in the three years."""
    usage: Amount | None = None
    """Units that one uses in a month."""
    acquisition: Price | None = None
    """What winning one costs; else [costs] acquisition."""


class Market(Strict):
    """How large it is, from above and from below."""

    top_down: TopDown | None = None
    segments: Annotated[list[Segment], Field(min_length=1, max_length=MOST)]
    target: list[str] = []
    """Names of the segments that are aimed at; without it the best one, and those worth at least half as much."""

    @model_validator(mode="after")
    def _known(self) -> "Market":
        names = [s.name for s in self.segments]
        twice = next((n for n in names if names.count(n) > 1), "")
        if twice:
            raise Wrong(f"two segments are named {twice!r}.", "a name of its own for each.")
        for name in self.target:
            if name not in names:
                raise Wrong(f"target {name!r} is no segment.", f"one of {', '.join(names)}.")
        return self


class Difference(Strict):
    """Something in which the product differs from an alternative."""

    name: Name
    worth: Money
    """To the customer, for one unit; below 0 where the alternative is better."""


class Alternative(Strict):
    """What the customer would use instead; doing nothing is one too."""

    name: Name
    price: Price
    """Of one unit."""
    captures: Share
    """Share of the value of the product's predictions that it brings."""
    differences: Annotated[list[Difference], Field(max_length=MOST)] = []


class Costs(Strict):
    """What selling and running the product costs, beside its predictions."""

    fixed: Price = Price(value=0)
    """A month: people, rent, the training of new versions."""
    acquisition: Price = Price(value=0)
    """Winning a customer."""
    onboarding: Price = Price(value=0)
    """Getting a new customer started."""
    support: Price = Price(value=0)
    """A customer a month."""
    fees: Share = Share(value=0)
    """Share of revenue that goes to payment, a marketplace or resellers."""
    other_per_unit: Price = Price(value=0)
    """Of one unit, beside the predictions: network, storage, checks by people."""


class Diffusion(Strict):
    """How fast customers come (Bass), a year: by p and q, or by the sales of a product like this one."""

    p: Amount | None = None
    """Chance to buy by oneself, a year."""
    q: Amount | None = None
    """Chance to buy after others, a year."""
    history: list[Annotated[float, Field(ge=0)]] = []
    """Sales of a product like it in its first years, from the launch on."""

    @model_validator(mode="after")
    def _one(self) -> "Diffusion":
        if bool(self.history) == (self.p is not None or self.q is not None):
            raise Wrong("needs either p and q, or history.", "p = 0.03 and q = 0.38")
        if not self.history and (self.p is None or self.q is None):
            raise Wrong(f"{'p' if self.p is None else 'q'} is missing.", "p = 0.03 and q = 0.38")
        return self


class Retention(Strict):
    """How long customers stay: shares of an earlier cohort that were still there (sBG)."""

    survival: list[Annotated[float, Field(ge=0, le=1)]] = []
    """After 1, 2, ... periods."""
    period: Literal["month", "year"] = "year"


class Plan(Assumptions):
    """A file of assumptions for `mintmark price`."""

    kind: Literal["price"] = "price"
    product: Product
    market: Market
    alternatives: Annotated[list[Alternative], Field(max_length=MOST)] = []
    costs: Costs = Costs()
    diffusion: Diffusion
    models: Models = Models()
    pricing: Pricing = Pricing()
    choices: ChoiceStudy = ChoiceStudy()
    tiers: Tiers = Tiers()
    retention: Retention = Retention()
    transactions: Transactions = Transactions()
    promotion: Promotion | None = None
    discount: Annotated[float, Field(ge=0, le=1)] = 0.12
    """Rate a year at which later money is worth less."""

    @property
    def monthly(self) -> float:
        """The discount a month."""
        return float((1 + self.discount) ** (1 / 12) - 1)
