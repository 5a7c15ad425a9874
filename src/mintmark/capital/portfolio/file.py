"""What a portfolio file holds: a budget over periods, and projects with their curves, costs, values and needs."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from mintmark.base.errors import nearest
from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Amount, Money
from mintmark.capital.quantity import Fraction
from mintmark.recipe.strict import Strict, Wrong

ID = re.compile("[A-Za-z][A-Za-z0-9_-]{0,39}")
FEWEST = 2
"""measurements of a curve"""
MOST = 1e15
Sum = Annotated[float, Field(ge=0, le=MOST)]
"""Of money."""
Size = Annotated[float, Field(gt=0, le=MOST)]


class Cost(Money):
    """Money that is spent: 0 or more."""

    LEAST = 0.0
    WHAT = "an amount of money that is spent, 0 or more"


NOTHING = Cost(value=0.0)


class Plan(Strict):
    """What there is to spend, and how it is weighed."""

    budget: Annotated[list[Sum], Field(min_length=1, max_length=12)]
    """New money of each period; what is left is kept for the next."""
    discount: Annotated[float, Field(ge=0, le=1)] = 0.0
    """A period: 0.05 makes money of the next period worth 1/1.05."""
    caution: Fraction = 0.5
    """Of the mean-CVaR advice: 0 looks at the mean alone, 1 at the tail alone."""
    tail: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """CVaR is the mean of the losses beyond this share of all."""

    @model_validator(mode="after")
    def _some(self) -> "Plan":
        if not sum(self.budget) > 0:
            raise Wrong("budget: there is no money to allocate.", "budget = [50_000, 50_000]")
        return self


class Curve(Strict):
    """Error by rows learnt from: measured, of a run, or given as a n^-b + c."""

    sizes: Annotated[list[Size], Field(min_length=FEWEST)] | None = None
    errors: Annotated[list[Size], Field(min_length=FEWEST)] | None = None
    """One for each size; less is better."""
    run: str = ""
    """Its trials with their rows are the measurements."""
    measure: str = ""
    """Of the run; else what its search chose by."""
    a: Amount | None = None
    b: Amount | None = None
    c: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> "Curve":
        given = self.a is not None or self.b is not None or self.c is not None
        measured = self.sizes is not None or self.errors is not None
        if given + measured + bool(self.run) != 1:
            what = "a curve is measured (sizes and errors), of a run, or given (a, b and c): one of these."
            raise Wrong(what, "sizes = [500, 1000, 2000, 4000], errors = [0.31, 0.27, 0.24, 0.215]")
        if given and (self.a is None or self.b is None):
            raise Wrong("a given curve needs a and b.", "a = 2.0, b = 0.3, c = 0.05")
        if measured:
            _falling(self.sizes or [], self.errors or [])
        return self


def _falling(sizes: Sequence[float], errors: Sequence[float]) -> None:
    if len(sizes) != len(errors):
        raise Wrong(f"there are {len(errors)} errors for {len(sizes)} sizes.", "one error for each size.")
    if len(set(sizes)) < FEWEST:
        raise Wrong("all sizes are the same: no curve can be seen.", "errors measured with two sizes or more.")
    if np.polyfit(np.log(sizes), np.log(errors), 1)[0] >= 0:
        what = "errors do not fall as the sizes grow: more rows would bring nothing."
        raise Wrong(what, "errors, where less is better, such as 1 - accuracy.")


class Costs(Strict):
    """What a project spends."""

    once: Cost = NOTHING
    """Before the first row: staff, licences. Its mean counts."""
    data: Cost = NOTHING
    """A row: bought, labelled."""
    compute: Cost = NOTHING
    """A row that is learnt from."""
    staff: Cost = NOTHING
    """A row that is looked through."""

    @model_validator(mode="after")
    def _some(self) -> "Costs":
        if not sum(c.centre() for c in (self.data, self.compute, self.staff)) > 0:
            raise Wrong("a row costs nothing: then no budget is needed.", "data = 0.10, compute = 0.01")
        return self


class Project(Strict):
    """Something that money could make better."""

    label: str = ""
    value: Money
    """Of one unit of error less, today."""
    rows: Size | None = None
    """Learnt from today; else the largest size that was measured."""
    curve: Curve
    costs: Costs
    minimum: Sum = 0.0
    """Least first stage, in the file's currency: nothing, or at least this."""
    most: Size | None = None
    """Most that it can use, in the file's currency."""
    needs: list[str] = []
    """Projects that must have had their first stage, at the latest in the same period."""
    must: bool = False
    """It is done in any case."""
    salvage: Fraction = 0.0
    """Share of the first stage's money that comes back when it is stopped after it."""

    @model_validator(mode="after")
    def _whole(self) -> "Project":
        if self.curve.a is not None and self.rows is None:
            raise Wrong("a given curve needs the rows that are learnt from today.", "rows = 10_000")
        if self.most is not None and self.most < self.minimum:
            raise Wrong(f"most {self.most:g} is less than minimum {self.minimum:g}.", f"most = {self.minimum:g}")
        return self


class Portfolio(Assumptions):
    """A file of `mintmark allocate`."""

    kind: Literal["allocate"] = "allocate"
    name: str = ""
    plan: Plan
    projects: Annotated[dict[str, Project], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _names(self) -> "Portfolio":
        for name, project in self.projects.items():
            if not ID.fullmatch(name):
                raise Wrong(f"{name!r} is no name of a project.", "letters, digits, - and _, as [projects.fraud]")
            for other in project.needs:
                if other not in self.projects:
                    near = nearest(other, self.projects)
                    fix = f"did you mean {near!r}?" if near else f"one of {', '.join(self.projects)}."
                    raise Wrong(f"projects.{name}.needs: no project is named {other!r}.", fix)
        if circle := _circle({n: p.needs for n, p in self.projects.items()}):
            what = f"each of {', '.join(circle[:8])} needs another of them."
            raise Wrong(what, "take one name out of one `needs`.")
        return self


def _circle(needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The names that wait for each other; none where there is an order."""
    left = dict(needs)
    while ready := [n for n, before in left.items() if not any(b in left for b in before)]:
        for name in ready:
            del left[name]
    return list(left)
