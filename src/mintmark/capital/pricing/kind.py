"""Kind: the kinds of figures and names that the tables of a plan share."""

from typing import Annotated

from pydantic import Field

from mintmark.capital.distribution import Money

Name = Annotated[str, Field(min_length=1, max_length=80)]
MOST = 50
"""segments, alternatives, tiers or channels of one file"""


class Price(Money):
    """What is paid: 0 or more."""

    LEAST = 0.0
    WHAT = "an amount of money, 0 or more"
