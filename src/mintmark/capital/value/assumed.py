"""What a file of `mintmark value` assumes: typed tables, a figure in each field; starter.py has the commented file."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Amount, Assumption, Money, Share
from mintmark.capital.methods.experiments import Kind
from mintmark.recipe.strict import Strict, Wrong

Against = Literal["best", "do_nothing", "act_on_all", "as_forecast"]
ZERO, ONE, NO_MONEY, NONE = Share(value=0.0), Share(value=1.0), Money(value=0.0), Amount(value=0.0)


class Growth(Assumption):
    """A change a year: at most everything is lost."""

    LEAST = -1.0
    WHAT = "a share a year, -1 or more"
    EXAMPLE = "0.05"


STEADY = Growth(value=0.0)


class Plan(Strict):
    """How long the model is used, and at what cost of capital."""

    years: Annotated[int, Field(ge=1, le=30)] = 3
    discount: Amount = Amount(value=0.1)
    """A year; what the money would earn elsewhere at the same risk."""
    ramp: Annotated[list[Share], Field(min_length=1)] = [ONE]
    """Share of the cases that the model decides in the first year, the second, ...; the last one holds on."""

    @model_validator(mode="after")
    def _not_longer(self) -> "Plan":
        if len(self.ramp) > self.years:
            what = f"ramp has {len(self.ramp)} years, the plan {self.years}."
            raise Wrong(what, f"years = {len(self.ramp)}, or a shorter ramp.")
        return self


class Cases(Strict):
    """How much there is to decide."""

    per_year: Amount
    growth: Growth = STEADY


class Accuracy(Strict):
    """Driver 1: what better decisions earn, a case."""

    per_case: Money | None = None
    """More than what is done today; without it as the run measured it."""
    against: Against = "best"
    """What is done today, where the run says what that earns: the best that needs no model, or one of these."""
    holds: Share = ONE
    """Share of the measured gain that is left in use."""
    fades: Share = ZERO
    """Share of it that is lost each year."""
    point: Money | None = None
    """Worth of one more point of accuracy, a case; without it as the run's errors say."""


class Automation(Strict):
    """Driver 2: cases that no person, or a helped one, decides; and better decisions of management."""

    automatic: Share = ZERO
    """Share of the decided cases that no person looks at any more."""
    assisted: Share = ZERO
    """Share of them that a person decides faster with the model's answer."""
    saved_automatic: Money = NO_MONEY
    """Money an automatic case saves beside labour: waiting, errors mended, postage."""
    saved_assisted: Money = NO_MONEY
    decisions_per_year: Amount = NONE
    """Decisions of management that the answers make better."""
    gain_per_decision: Money = NO_MONEY

    @model_validator(mode="after")
    def _at_most_all(self) -> "Automation":
        total = self.automatic.centre() + self.assisted.centre()
        if total > 1 + 1e-9:
            what = f"automatic and assisted are {total:.3g} of the cases together, more than all."
            raise Wrong(what, "shares that sum to 1 at most; the rest is decided as before.")
        return self


class Market(Strict):
    """Driver 3: a larger share of the market."""

    size_per_year: Money
    """Sales of all sellers together."""
    growth: Growth = STEADY
    share_gained: Share
    """Share of the market that the model wins: 0.002 is a fifth of a percentage point."""
    margin: Share
    """Contribution of these sales, as a share of them."""


class Labour(Strict):
    """Driver 4: hours that are no longer needed."""

    minutes_automatic: Amount | None = None
    """Minutes that a person no longer spends on an automatic case."""
    minutes_assisted: Amount | None = None
    hours_per_year: Amount | None = None
    """Hours saved elsewhere; not those of the cases above."""
    wage_per_hour: Money
    """With all that an hour costs the employer."""
    realised: Share = ONE
    """Share of the free hours that becomes money: hours without another use save nothing."""

    @model_validator(mode="after")
    def _something(self) -> "Labour":
        if self.minutes_automatic is None and self.minutes_assisted is None and self.hours_per_year is None:
            raise Wrong("says nothing of the time that is saved.", "minutes_automatic = 4, or hours_per_year = 600")
        return self


class Revenue(Strict):
    """Driver 5: more sales to those who buy already."""

    base_per_year: Money
    """Sales that the model can move."""
    growth: Growth = STEADY
    uplift: Assumption
    """By which share they grow through the model."""
    margin: Share


class Costs(Strict):
    """What the model costs."""

    build: Money = NO_MONEY
    """Once, today: data, people, integration."""
    training: Money | None = None
    """Of one training; without it as the run measured it."""
    trainings_per_year: Amount = NONE
    """After the first."""
    per_1k_predictions: Money | None = None
    """Without it as the run measured it, asked one by one."""
    run_per_year: Money = NO_MONEY
    """People and machines that keep it up."""


class Data(Strict):
    """What the worth of one more row hangs on."""

    rows: Annotated[int, Field(ge=2)] | None = None
    """Learnt from now; without it as the run says."""
    exponent: Amount | None = None
    """b, where what is still missed falls as rows^-b; without it from the rungs of the run's search."""
    cost_per_row: Money | None = None
    """Of one more labelled row."""


class Experiment(Strict):
    """An A/B test of the model: how large it must be, and what it says so far."""

    rate: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of today, such as a conversion; or sd and mean of an amount a user."""
    sd: Annotated[float, Field(gt=0)] | None = None
    mean: float | None = None
    relative_effect: float
    """Smallest change that is worth seeing, as a share of today's mean; below 0 where less is better."""
    correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Of the measure with the same one before the test, which CUPED takes out."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    looks: Annotated[int, Field(ge=1, le=100)] = 1
    """How often the result is looked at."""
    kind: Kind = "lan_demets_obf"
    users_per_day: Annotated[float, Field(gt=0)] | None = None
    data: str = ""
    """CSV of the users so far: variant, value and, for CUPED, before; beside this file."""
    look: Annotated[int, Field(ge=1)] | None = None
    """Which look these data are; without it the last."""
    variant: str = "variant"
    value: str = "value"
    before: str = ""
    control: str = "control"
    """What the column of variants says of those without the model."""

    @model_validator(mode="after")
    def _agree(self) -> "Experiment":
        amount = [v is not None for v in (self.sd, self.mean)]
        if any(amount) if self.rate is not None else not all(amount):
            raise Wrong("either rate, or sd and mean, is wanted.", "rate = 0.05")
        if self.relative_effect == 0 or self.mean == 0:
            raise Wrong("an effect of 0 is never seen.", "relative_effect = 0.05, of a mean that is not 0")
        if self.look is not None and self.look > self.looks:
            raise Wrong(f"look {self.look} of {self.looks} looks.", f"looks = {self.look}")
        return self


class Value(Assumptions):
    """A file of `mintmark value`."""

    kind: Literal["value"] = "value"
    plan: Plan = Plan()
    cases: Cases | None = None
    accuracy: Accuracy | None = None
    automation: Automation | None = None
    market: Market | None = None
    labour: Labour | None = None
    revenue: Revenue | None = None
    costs: Costs = Costs()
    data: Data = Data()
    experiment: Experiment | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Value":
        drivers = (self.accuracy, self.automation, self.market, self.labour, self.revenue)
        if not any(drivers):
            raise Wrong(
                "nothing says what the model is worth.", "[accuracy], [automation], [market], [labour] or [revenue]"
            )
        counted = self.accuracy or (self.automation and (_some(self.automation.automatic, self.automation.assisted)))
        if counted and self.cases is None:
            raise Wrong("[accuracy] and [automation] are money a case, and nothing says how many cases come.",
                        "[cases] per_year = 100000")  # fmt: skip
        self._saved()
        if self.market and self.revenue and self.market.size_per_year == self.revenue.base_per_year:
            what = "market.size_per_year and revenue.base_per_year are the same money: it would be counted twice."
            raise Wrong(what, "leave one of [market] and [revenue] out, or divide the sales between them.")
        return self

    def _saved(self) -> None:
        """What is saved on cases of a kind that there are none of."""
        for way in ("automatic", "assisted"):
            share = getattr(self.automation, way) if self.automation else ZERO
            saves = {
                f"labour.minutes_{way}": self.labour and getattr(self.labour, f"minutes_{way}"),
                f"automation.saved_{way}": self.automation and getattr(self.automation, f"saved_{way}"),
            }
            for name, figure in saves.items():
                if figure and _some(figure) and not _some(share):
                    what = f"{name} is saved on {way} cases, and automation.{way} says there are none."
                    raise Wrong(what, f"[automation] {way} = 0.4, or leave {name} out.")


def _some(*figures: Assumption) -> bool:
    """Whether any of them can be other than 0."""
    return any(abs(f.quantile(p)) > 0 for f in figures for p in (0.001, 0.999))
