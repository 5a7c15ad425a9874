"""Offer: the five ways of charging and the packages by usage, as strict tables of the file of assumptions."""

from typing import Annotated

from pydantic import Field

from mintmark.capital.distribution import Amount, Share
from mintmark.capital.pricing.kind import MOST, Name, Price
from mintmark.recipe.strict import Strict

MODELS = ("sale", "subscription", "usage", "licence", "freemium")


class Offer(Strict):
    """What all business models have. A price that is left out follows from the recommended price of a unit."""

    price: Price | None = None
    taken: Share = Share(value=1)
    """Share of the customers who come that accept this way of paying."""
    churn: Share = Share(value=0.02)
    """Share of customers lost in a month."""


class Sale(Offer):
    """The product is bought once; price: of a copy, else what the usage of three years comes to."""

    maintenance: Share = Share(value=0.18)
    """Share of the price, paid each year for upkeep."""


class Subscription(Offer):
    """Paid by the month, whatever the use; price: a month, else what a month's usage comes to."""


class Usage(Offer):
    """Paid by the unit; price: of a unit, else the recommended one."""


class Licence(Offer):
    """Paid by the year and run on the customer's own machines; price: a year, else what a year's usage comes to."""


class Freemium(Offer):
    """Free below a bound, paid above; price: a month of those who pay, else what a month's usage comes to."""

    paying: Share = Share(value=0.04)
    """Share of the users who pay."""
    free_usage: Amount = Amount(value=1)
    """Units that a user who does not pay uses in a month."""
    lift: Amount = Amount(value=5)
    """Times as many come as to the paid models."""


class Models(Strict):
    """The five ways of charging."""

    sale: Sale = Sale()
    subscription: Subscription = Subscription()
    usage: Usage = Usage()
    licence: Licence = Licence()
    freemium: Freemium = Freemium()


class Tier(Strict):
    """A package: a price a month with so many units in it."""

    name: Name
    included: Annotated[float, Field(ge=0)]
    """Units a month."""
    price: Price
    """A month."""
    overage: Price | None = None
    """Of a unit beyond; without it no customer above the bound takes this tier."""


class Tiers(Strict):
    """Packages by usage; without any, three are proposed at the usage of the middle and of the large customers."""

    spread: Annotated[float, Field(ge=0, le=5)] = 1.0
    """How far customers differ: standard deviation of the logarithm of their usage."""
    discount: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """What a unit costs less in the largest proposed tier."""
    offered: Annotated[list[Tier], Field(max_length=MOST)] = []
