"""Channel: the budget of the promotion and where it can go, as strict tables of the file of assumptions."""

from typing import Annotated

from pydantic import Field, model_validator

from mintmark.capital.distribution import Amount
from mintmark.capital.pricing.kind import MOST, Name, Price
from mintmark.recipe.strict import Strict, Wrong


class Channel(Strict):
    """A way to reach customers, whose effect wears off (Hill) and lasts on (adstock)."""

    name: Name
    most: Amount
    """New customers a month that no budget can exceed here."""
    half: Price
    """Budget a month that wins half of them."""
    slope: Annotated[float, Field(gt=0, le=10)] = 1.0
    """1: each unit of money wins less than the one before; above 1: a little money wins next to nothing."""
    carry: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of a month's effect that lasts into the next."""
    least: Annotated[float, Field(ge=0)] = 0.0
    """Budget a month that is promised already, in the file's currency."""
    limit: Annotated[float, Field(gt=0)] | None = None
    """Budget a month that cannot be exceeded here."""
    now: Annotated[float, Field(ge=0)] | None = None
    """Budget a month today."""


class Promotion(Strict):
    """The budget and its channels."""

    budget: Annotated[float, Field(gt=0)]
    """A month, in the file's currency."""
    channels: Annotated[list[Channel], Field(min_length=1, max_length=MOST)]

    @model_validator(mode="after")
    def _room(self) -> "Promotion":
        names = [c.name for c in self.channels]
        twice = next((n for n in names if names.count(n) > 1), "")
        if twice:
            raise Wrong(f"two channels are named {twice!r}.", "a name of its own for each.")
        for c in self.channels:
            if c.limit is not None and c.least > c.limit:
                raise Wrong(
                    f"channel {c.name!r}: least is {c.least:g}, above its limit, {c.limit:g}.", "least at most limit."
                )
        promised = sum(c.least for c in self.channels)
        if promised > self.budget:
            raise Wrong(
                f"the channels' least sum to {promised:g}, above the budget, {self.budget:g}.", "a larger budget."
            )
        return self
