"""Indicator and trigger: the figure that shows a risk coming, and what the server does when it goes too far."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mintmark.recipe.strict import Strict, Wrong

Chart = Literal["psi", "ks", "share", "mean", "cusum", "ewma", "fixed"]
MOST_PSI = 18.5
"""of shares that count as 0.0001 at least: two distributions that share no bin reach 18.42"""
WATCH: dict[str, tuple[Chart, float, float]] = {
    "psi": ("psi", 0.0, MOST_PSI), "ks": ("ks", 0.0, 1.0), "missing": ("share", 0.0, 1.0),
    "answer_psi": ("psi", 0.0, MOST_PSI), "share_acted": ("share", 0.0, 1.0),
    "realised_value": ("mean", -math.inf, math.inf), "error_rate": ("share", 0.0, 1.0),
    "refused_rate": ("share", 0.0, 1.0), "p99": ("fixed", 0.0, math.inf),
}  # fmt: skip
"""what a server watches -> the chart that sets its limit, and the least and most that it can be"""
OWN = ("answer_psi", "share_acted", "realised_value")
"""figures of the answers that the model gives itself"""
OF_COLUMN = ("psi", "ks", "missing")
CUSTOM = {"psi": 0.1, "ks": 0.0}
"""less is little, even where it is beyond chance: Siddiqi, Credit Risk Scorecards, 2006"""


class Indicator(Strict):
    """A figure with the limits that it crosses by chance only so seldom."""

    name: str = ""
    watch: str = ""
    """Of the server: psi:COLUMN, ks:COLUMN, missing:COLUMN, answer_psi, share_acted, realised_value, error_rate,
    refused_rate, p99; without it one of your own, whose values stand here."""
    chart: Chart | None = None
    """How its limit is set; without it as its kind is."""
    one_in: Annotated[float, Field(ge=2, le=1e6)] = 1000.0
    """False alarms: one in so many windows, of cusum and ewma one in so many values."""
    rows: Annotated[int, Field(ge=1, le=10_000_000)] = 5000
    """Of a window."""
    reference_rows: Annotated[int, Field(ge=1)] = 2000
    """That the window is held against: the server's validation rows."""
    bins: Annotated[int, Field(ge=2, le=200)] = 11
    """Of psi; one more than ten for what is missing."""
    mean: float | None = None
    """As it was when all was well; of a share, the share."""
    sd: Annotated[float, Field(gt=0)] | None = None
    """Of one row; of cusum and ewma, of one value."""
    shift: Annotated[float, Field(gt=0)] = 1.0
    """The smallest change worth seeing, in standard deviations of a value: cusum and ewma."""
    weight: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Of the newest value: ewma."""
    side: Literal["above", "below", "both"] = "above"
    """Where it is bad."""
    values: list[float] = []
    """So far, oldest first: cusum and ewma."""

    @model_validator(mode="after")
    def _fits(self) -> "Indicator":
        kind = self.watch.partition(":")[0]
        if self.watch and (kind not in WATCH or (kind in OF_COLUMN) != bool(self.watch.partition(":")[2])):
            known = ", ".join(f"{k}:COLUMN" if k in OF_COLUMN else k for k in WATCH)
            raise Wrong(f"{self.watch!r} is no figure; known: {known}.", 'watch = "psi:amount"')
        if not self.watch and self.chart is None:
            raise Wrong(
                "says neither what is watched nor which chart is kept.", 'watch = "psi:amount", or chart = "cusum"'
            )
        if self.watch and self.chart not in (None, "fixed", WATCH[kind][0]):
            what = f"{self.watch} has limits of the kind {WATCH[kind][0]}, not {self.chart}."
            raise Wrong(what, f'chart = "{WATCH[kind][0]}", or a figure of your own without watch.')
        if self.kind in ("cusum", "ewma", "mean") and (self.mean is None or self.sd is None):
            raise Wrong(
                f"a chart of the kind {self.kind} needs mean and sd of when all was well.", "mean = 0.0, sd = 1.0"
            )
        if self.kind == "share" and not (self.mean is not None and 0 <= self.mean <= 1):
            raise Wrong("a share needs its mean of when all was well, between 0 and 1.", "mean = 0.02")
        if self.values and self.kind not in ("cusum", "ewma"):
            raise Wrong("values belong to a chart of the kind cusum or ewma.", 'chart = "cusum"')
        return self

    @property
    def kind(self) -> Chart:
        return self.chart or WATCH[self.watch.partition(":")[0]][0]

    @property
    def label(self) -> str:
        return self.name or self.watch or self.kind


class Trigger(Strict):
    """What the server does when the indicator crosses its limit."""

    model: str = ""
    """The served name; without it every model."""
    above: float | None = None
    """In place of the indicator's limit."""
    below: float | None = None
    action: Literal["warn", "fallback", "stop"] = "warn"
    fallback: str = ""
    """The served model that answers instead."""
    min_rows: Annotated[int, Field(ge=1)] | None = None
    """With fewer it does not fire; without it a whole window."""
    release: Literal["call", "back"] = "call"

    @model_validator(mode="after")
    def _fits(self) -> "Trigger":
        if self.above is not None and self.below is not None:
            raise Wrong("above or below, one of them.", "above = 0.25")
        if (self.action == "fallback") != bool(self.fallback):
            what = "a fallback belongs to the action fallback, and that needs one."
            raise Wrong(what, 'action = "fallback" and fallback = "other-model"')
        if self.fallback and self.fallback.partition("@")[0] == self.model:
            raise Wrong("a model cannot stand in for itself.", "another fallback.")
        return self

    def rows(self, of: Indicator) -> int:
        """How many it waits for."""
        return self.min_rows if self.min_rows is not None else of.rows
