"""File: what `mintmark plan` is asked, as strict tables. A figure is a number or says how it spreads."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mintmark.capital import assumptions
from mintmark.capital.assumptions import Assumptions
from mintmark.capital.distribution import Amount, Money, Share
from mintmark.capital.methods.scaling import Law
from mintmark.capital.planning.failure import MTBF_GPU_HOURS
from mintmark.capital.planning.layout import METHODS, RECOMPUTE
from mintmark.capital.quantity import NotNegative, Positive, Whole
from mintmark.recipe.strict import Strict, Wrong

Precision = Literal["fp32", "tf32", "mixed", "fp8"]
"""mixed: bf16, or fp16 where a GPU lacks it"""
Method = Literal["scratch", "full", "lora", "qlora"]
Recompute = Literal["none", "selective", "full"]
Size = Annotated[Whole, Field(le=10**9)]
"""Of a model or of what trains it."""
POWERS = [1, 2, 4, 8, 16, 32, 64]
SHAPE = ("hidden", "layers", "heads", "vocab")
"""what a shape cannot do without"""


class Cost(Money):
    """What is paid: 0 or more."""

    LEAST = 0.0
    WHAT = "an amount of money, 0 or more"


class Times(Amount):
    """A factor: 1 or more."""

    LEAST = 1.0
    WHAT = "a factor, 1 or more"
    EXAMPLE = "1.1"


class Model(Strict):
    """The shape: in numbers, or in the model's config.json; numbers beside a config take the place of its own."""

    name: str = ""
    config: str | None = None
    """A Hugging Face config.json; its path from the file's folder."""
    hidden: Size | None = None
    layers: Size | None = None
    heads: Size | None = None
    vocab: Size | None = None
    seq: Size | None = None
    """Tokens of a sequence in training."""
    kv_heads: Size | None = None
    head_dim: Size | None = None
    ffn: Size | None = None
    gated: bool | None = None
    """The feed-forward layer has three matrices, as in Llama, not two."""
    tied: bool | None = None
    """One table of words for input and output."""
    experts: Size | None = None
    experts_active: Size | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Model":
        missing = [k for k in SHAPE if getattr(self, k) is None]
        if self.config is None and missing:
            raise Wrong(f"{missing[0]} is missing.", f'{missing[0]} = 4096, or config = "config.json".')
        if (self.experts_active or 1) > (self.experts or 1) and self.config is None:
            what = f"experts_active is {self.experts_active}, above experts, {self.experts or 1}."
            raise Wrong(what, "experts_active at most experts.")
        return self


class Goal(Strict):
    """How far to train: tokens, a loss by a law of scaling, or the most that this size is worth (compute-optimal)."""

    tokens: Amount | None = None
    loss: Positive | None = None
    """Cross-entropy a token, in the terms of the law; other data have other losses."""
    compute_optimal: bool = False
    law: Law = "epoch2024"
    batch_tokens: Positive | None = None
    """Tokens of a step that the tokens above belong to; else an eighth of the critical batch."""
    critical_batch_tokens: Positive | None = None
    """Tokens of a step beyond which more of them are mostly wasted; else by the law of Kaplan et al."""
    most_days: Positive | None = None
    most_cost: Positive | None = None
    """In the file's currency, in 8 of 10 chances."""

    @model_validator(mode="after")
    def _one(self) -> "Goal":
        given = [k for k in ("tokens", "loss") if getattr(self, k) is not None]
        given += ["compute_optimal"] if self.compute_optimal else []
        if len(given) != 1:
            said = f"has {' and '.join(given)}" if given else "says neither tokens nor loss nor compute_optimal"
            raise Wrong(f"{said}: it needs one of them.", "tokens = 20e9")
        return self


class Fleet(Strict):
    """What can be rented."""

    gpus: list[str] = []
    """Names of GPUs; without any, all that have a price. The first is what the waterfall begins with."""
    clouds: list[str] = []
    gpu_counts: Annotated[list[Size], Field(min_length=1, max_length=30)] = [1, 2, 4, 8, 16, 32, 64, 128]
    """GPUs that train together."""
    prices: str | None = None
    """A price list in the schema of SkyPilot's catalogue; its path from the file's folder. Else the built-in sheet."""
    spot: bool = True
    """Whether machines that can be taken back at any time may be used."""


class Ways(Strict):
    """Which layouts to try; one that cannot be is left out by itself."""

    precisions: Annotated[list[Precision], Field(min_length=1)] = ["fp32", "mixed"]
    tensor: Annotated[list[Size], Field(min_length=1, max_length=8)] = [1, 2, 4, 8]
    pipeline: Annotated[list[Size], Field(min_length=1, max_length=12)] = [1, 2, 4, 8, 16]
    interleave: Annotated[list[Size], Field(min_length=1, max_length=8)] = [1, 2]
    zero: Annotated[list[Annotated[int, Field(ge=0, le=3)]], Field(min_length=1)] = [0, 1, 2, 3]
    sequence_parallel: Annotated[list[bool], Field(min_length=1)] = [False, True]
    recompute: Annotated[list[Recompute], Field(min_length=1)] = list(RECOMPUTE)  # type: ignore[arg-type]
    micro_batches: Annotated[list[Size], Field(min_length=1, max_length=12)] = [1, 2, 4, 8, 16]
    """Sequences that a GPU works on at once."""
    batches: Annotated[list[Positive], Field(min_length=1, max_length=8)] = [1.0, 2.0, 4.0]
    """Tokens of a step, as multiples of batch_tokens."""
    flash_attention: bool = True


class Transfer(Strict):
    """Beginning with a pretrained model: tokens that reach the same loss, as a share of those from nothing."""

    methods: Annotated[list[Method], Field(min_length=1)] = list(METHODS)  # type: ignore[arg-type]
    full: Share = Share(low=0.01, mode=0.03, high=0.2)
    """All weights are trained on."""
    lora: Share = Share(low=0.01, mode=0.04, high=0.3)
    """Low-rank adapters alone."""
    qlora: Share = Share(low=0.01, mode=0.045, high=0.35)
    """The same, the frozen weights in 4 bits."""
    rank: Size = 16
    """Of the adapters, on all matrices of each layer."""

    @model_validator(mode="after")
    def _some(self) -> "Transfer":
        for method in self.methods:
            if method != "scratch" and getattr(self, method).quantile(0.001) <= 0:
                raise Wrong(f"{method} must be above 0: without any tokens nothing is learnt.", f"{method} = 0.05")
        return self


class Spot(Strict):
    """What interrupts a run, and what that costs."""

    reclaimed_per_hour: Amount = Amount(low=0.002, mode=0.02, high=0.1)
    """Of one machine: chance in an hour that the cloud takes it back."""
    restart_minutes: Amount = Amount(low=5, mode=12, high=40)
    """Until the run goes on."""
    gpu_hours_between_failures: Positive = MTBF_GPU_HOURS
    """Of one GPU: 419 unexpected interruptions in 54 days on 16,384 (Llama 3, arXiv 2407.21783, table 5)."""
    checkpoint_gb_s: Positive = 1.0
    """Speed at which each machine writes a checkpoint."""
    checkpoint_starts_s: NotNegative = 10.0
    """What a checkpoint takes beside the writing: all machines wait for each other."""


class Costs(Strict):
    """What comes on top of the hours of the machines."""

    overrun: Times = Times(low=1.02, mode=1.1, high=1.4)
    """Times the hours of the run itself: starts that failed, tests of settings, evaluation."""
    fixed: Cost = Cost(value=0)
    """Whatever the plan: storage, preparing the data."""


class Energy(Strict):
    """From hours to kWh and CO2; the energy itself is in the price of the cloud."""

    pue: Times = Times(low=1.08, mode=1.15, high=1.5)
    """Energy of the data centre over that of its machines."""
    t_per_mwh: Amount = Amount(low=0.05, mode=0.385, high=0.7)
    """t CO2eq of a MWh of the grid."""


class Plan(Assumptions):
    """A file for `mintmark plan`."""

    kind: Literal["plan"] = "plan"
    model: Model
    goal: Goal
    fleet: Fleet = Fleet()
    layouts: Ways = Ways()
    transfer: Transfer = Transfer(methods=["scratch"])
    leaner: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1, max_length=12)] = [
        1.0, 0.8, 0.6, 0.4, 0.25]  # fmt: skip
    """Shares of the model's parameters that are tried for the same loss; [1] for none."""
    spot: Spot = Spot()
    costs: Costs = Costs()
    energy: Energy = Energy()
    draws: Annotated[int, Field(ge=200, le=20_000)] = 4_000
    """Of the Monte Carlo simulation."""
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _paid(self) -> "Plan":
        if self.currency != "USD" and "USD" not in self.fx:
            what = f"the prices of machines are in USD, and the file's currency is {self.currency}."
            raise Wrong(what, 'a rate in [fx], such as USD = { rate = 0.92, dated = "2026-05-01" }.')
        if "scratch" not in self.transfer.methods and self.leaner != [1.0] and "leaner" in self.model_fields_set:
            raise Wrong("a pretrained model has the shape it has: leaner needs the method scratch.", "leaner = [1]")
        return self


def load(path: Path) -> Plan:
    """The file.   Raises: RecipeError: see assumptions.load."""
    return assumptions.load(path, Plan)


def parse(raw: dict[str, Any], where: str) -> Plan:
    """The same from plain values."""
    return assumptions.parse(raw, Plan, where)
