"""What a register of risks holds: typed tables, a figure in each field; starter.py has the commented file."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mintmark.base.errors import nearest
from mintmark.capital.assumptions import Assumptions, Correlation
from mintmark.capital.distribution import Amount, Money, Share
from mintmark.capital.register.act import Act
from mintmark.capital.register.indicator import OWN, Indicator, Trigger
from mintmark.recipe.strict import Strict, Wrong

ID = re.compile("[A-Za-z][A-Za-z0-9_-]{0,39}")
SignalKind = Literal["overfitting", "calibration", "concentration", "reuse", "drift"]
NO_MONEY, ALL = Money(value=0.0), Share(value=1.0)


class Loss(Money):
    """Money that is lost: 0 or more."""

    LEAST = 0.0
    WHAT = "an amount of money that is lost, 0 or more"


class Plan(Strict):
    """How long is looked ahead, and with which money."""

    months: Annotated[int, Field(ge=1, le=120)] = 24
    cash: Money
    """Today."""
    income: Money = NO_MONEY
    """A month."""
    spending: Money = NO_MONEY
    """A month, without what the risks and their controls cost."""
    cases: Amount | None = None
    """A year, where an impact is given a case."""
    appetite: Loss | None = None
    """The most that may be lost: P95 of all losses is held against it."""
    tail: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """CVaR is the mean of the losses beyond this share of all."""


class Control(Strict):
    """Something that makes a risk rarer or cheaper, and what that costs."""

    name: Annotated[str, Field(min_length=1)]
    cost: Loss = Loss(value=0.0)
    """Once."""
    per_month: Loss = Loss(value=0.0)
    probability_left: Share = ALL
    """Share of the probability that is left: 0.4 takes away six of ten cases."""
    impact_left: Share = ALL
    """Share of the impact that is left."""
    in_place: bool = False
    """It is there already; else it is planned."""
    owner: str = ""

    @model_validator(mode="after")
    def _does_something(self) -> "Control":
        if min(float(s.quantile(0.001)) for s in (self.probability_left, self.impact_left)) >= 1:
            raise Wrong(f"control {self.name!r} takes nothing away.", "probability_left = 0.5, or impact_left = 0.5")
        return self


class Risk(Strict):
    """What can go wrong, what it would cost, and what is done about it."""

    kind: Literal["technical", "market", "funding", "legal"]
    cause: str = ""
    event: Annotated[str, Field(min_length=1)]
    effect: str = ""
    probability: Share | None = None
    """That it comes within the plan; without it as a run says of `signal`."""
    signal: SignalKind | None = None
    """What a run measures of it."""
    impact: Loss | None = None
    impact_per_case: Loss | None = None
    """In its place: times the cases of a year."""
    owner: str = ""
    controls: list[Control] = []
    indicator: Indicator | None = None
    trigger: Trigger | None = None
    contingency: str = ""
    """What is done once it has come."""

    @model_validator(mode="after")
    def _whole(self) -> "Risk":
        if (self.impact is None) == (self.impact_per_case is None):
            raise Wrong(
                "either impact or impact_per_case is wanted.", "impact = { low = 5_000, mode = 20_000, high = 90_000 }"
            )
        if self.probability is None and self.signal is None:
            raise Wrong("nothing says how likely it is.", "probability = { low = 0.05, mode = 0.1, high = 0.3 }")
        names = [c.name for c in self.controls]
        if twice := next((n for i, n in enumerate(names) if n in names[:i]), ""):
            raise Wrong(f"two controls have the name {twice!r}.", "a name for each.")
        if self.trigger:
            self._obeyed(self.trigger)
        return self

    def _obeyed(self, trigger: Trigger) -> None:
        """What the server would refuse is refused here."""
        of = self.indicator
        if of is None or not of.watch:
            raise Wrong("a trigger needs an indicator that the server watches.", 'indicator = { watch = "psi:amount" }')
        if trigger.rows(of) > of.rows:
            what = f"the trigger cannot be reached: {trigger.rows(of)} rows are never in a window of {of.rows}."
            raise Wrong(what, f"min_rows = {of.rows}")
        gone = trigger.action == "stop" or (trigger.action == "fallback" and of.watch in OWN)
        if trigger.release == "back" and gone:
            what = f"{of.watch} cannot come back, as the model gives no answers then."
            raise Wrong(what, 'release = "call"')


class Decision(Strict):
    """A decision to be taken, as a tree of decisions and chances."""

    question: str = ""
    tree: dict[str, Any]
    """As `mintmark calc decision_tree` takes it; money in the file's currency."""


class Register(Assumptions):
    """A file of `mintmark risk`."""

    kind: Literal["risk"] = "risk"
    name: str = ""
    """What the risks are of."""
    plan: Plan
    risks: Annotated[dict[str, Risk], Field(min_length=1, max_length=200)]
    together: list[Correlation] = []
    """Risks that come together: the correlation of their normal scores."""
    decisions: dict[str, Decision] = {}
    act: Act | None = None
    """What the AI Act of the European Union asks of the system."""

    @model_validator(mode="after")
    def _names(self) -> "Register":
        for name in (*self.risks, *self.decisions):
            if not ID.fullmatch(name):
                raise Wrong(f"{name!r} is no name of a risk or decision.", "letters, digits, - and _, as [risks.drift]")
        for i, pair in enumerate(self.together):
            for name in pair.between:
                if name not in self.risks:
                    near = nearest(name, self.risks)
                    fix = f"did you mean {near!r}?" if near else f"one of {', '.join(list(self.risks)[:20])}."
                    raise Wrong(f"together[{i}]: no risk is named {name!r}.", fix)
            if pair.between[0] == pair.between[1]:
                raise Wrong(f"together[{i}]: {pair.between[0]!r} is named twice.", "two risks.")
            if any(set(pair.between) == set(other.between) for other in self.together[:i]):
                what = f"together[{i}]: {pair.between[0]!r} and {pair.between[1]!r} have a correlation already."
                raise Wrong(what, "one for each pair.")
        for name, risk in self.risks.items():
            if risk.impact_per_case is not None and self.plan.cases is None:
                what = f"risks.{name}: impact_per_case needs the cases of a year."
                raise Wrong(what, "[plan] cases = 100000")
            self._in_time(name, risk)
        return self

    def _in_time(self, name: str, risk: Risk) -> None:
        """A trigger that waits for more rows than ever come fires never."""
        if not (risk.trigger and risk.indicator and self.plan.cases is not None):
            return
        come = float(self.plan.cases.quantile(0.95)) / 12 * self.plan.months
        if risk.trigger.rows(risk.indicator) > come:
            what = (f"risks.{name}: the trigger cannot be reached: it waits for {risk.trigger.rows(risk.indicator):,} "
                    f"rows, and no more than {come:,.0f} come within the plan.")  # fmt: skip
            raise Wrong(what, f"trigger.min_rows = {max(1, int(come / 2))}, or more cases.")
