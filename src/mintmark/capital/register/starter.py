"""Starter: the commented file that `mintmark new risk` writes, from nothing or from what a run measured."""

import json
from collections.abc import Iterator, Sequence

from mintmark.capital.register.evidence import Evidence, Seen
from mintmark.capital.value.known import PLAIN, TWO_SIDED

HEAD = """# What can go wrong, what would it cost, what is done?   mintmark risk risk.toml --monitor monitor.toml
#
# Every figure is a number, or says how sure you are:
#   12                                    known
#   { low = 8, mode = 12, high = 30 }     least, likeliest, most (PERT)
#   { p10 = 8, p90 = 30 }                 one in ten is below 8, one in ten above 30 (normal; shape = "lognormal")
#   { low = 8, high = 30 }                anything between, all alike
# and may say where it comes from: source = "...", how = "measured" or "assumed", dated = "2026-05-01".
# Money may be of another currency that has a rate below: "100 USD".
# A risk that names a `signal` (overfitting, calibration, concentration, reuse) and has no probability takes it from the
# run: mintmark risk risk.toml --runs RUN
"""
NOTHING = "# The figures here are made up: put in your own.\n"
TOP = """kind = "risk"
name = {name}{pad_name}# what the risks are of
currency = {currency}                          # of all that comes out

# [fx]                                    # rates of other currencies that the file names: one USD in the currency above
# USD = {{ rate = 0.92, dated = "2026-05-01", source = "European Central Bank" }}

[plan]
months   = 24                             # how far is looked ahead
cash     = 600_000                        # today
income   = {{ low = 20_000, mode = 30_000, high = 45_000 }}       # a month
spending = {{ low = 38_000, mode = 45_000, high = 56_000 }}       # a month, without risks and controls
cases    = {{ p10 = 0.8e6, p90 = 1.2e6 }}   # a year: impacts may be given a case
appetite = 250_000                        # the most that may be lost: P95 of all losses is held against it
"""
DRIFT = """
[risks.drift]                             # --- technical ---------------------------------------------------------
kind        = "technical"                 # or market, funding, legal
cause       = "customers and their payments change"
event       = "the questions are no longer like those that the model was made from"
effect      = "decisions get worse until the model is made anew"
owner       = "data science"
probability = {{ low = 0.15, mode = 0.35, high = 0.6 }}           # that it comes within the plan
{impact}
contingency = "answer by rules, train anew on the newest rows, compare, then change over"
indicator   = {{ watch = {watch}, one_in = 1000, rows = 5000, reference_rows = {reference} }}   # one window in 1,000
trigger     = {{ action = "warn" }}         # or: action = "fallback", fallback = "rules"; or "stop"
[[risks.drift.controls]]
name        = "trained anew each quarter"
cost        = 5_000                       # once
per_month   = 900
probability_left = 0.5                    # share of the probability that is left
impact_left = 0.6                         # share of the impact that is left
"""
FROM_RUN = """
[risks.{signal}]
kind        = "technical"
cause       = {cause}
event       = {event}
effect      = {effect}
owner       = "data science"
{probability}
{impact}
{more}contingency = {contingency}
"""
REST = """
[risks.licence]                           # --- legal -------------------------------------------------------------
kind        = "legal"
cause       = "whose the data are, and what they may be used for, is not on paper"    # a run does not know it
event       = "the data may not be used for this model"
effect      = "the model is withdrawn, data are bought or collected again"
owner       = "counsel"
probability = {{ low = 0.01, mode = 0.04, high = 0.12 }}
impact      = {{ low = 20_000, mode = 80_000, high = 300_000 }}    # money, all together
contingency = "fall back to rules; train anew on licensed rows"
[[risks.licence.controls]]
name        = "licence and purpose of each data set checked"
cost        = 6_000
probability_left = 0.2

[risks.demand]                            # --- market ------------------------------------------------------------
kind        = "market"
cause       = "a competitor offers the same for less"
event       = "the largest customer leaves"
effect      = "income is missing until another is found"
owner       = "sales"
probability = {{ low = 0.05, mode = 0.15, high = 0.35 }}
impact      = {{ low = 40_000, mode = 120_000, high = 260_000 }}
contingency = "notice periods in contracts; a pipeline of two customers a quarter"

[risks.funding]                           # --- funding -----------------------------------------------------------
kind        = "funding"
cause       = "investors wait"
event       = "the next round closes half a year late"
effect      = "a bridge loan on worse terms"
owner       = "finance"
probability = {{ low = 0.1, mode = 0.25, high = 0.5 }}
impact      = {{ low = 30_000, mode = 90_000, high = 220_000 }}
contingency = "stop hiring; the plan for half the money"

[[together]]                              # risks that come together: left out, the spread comes out too small
between = ["demand", "funding"]
rho     = 0.4

[decisions.insure]                        # a decision as a tree: see `mintmark calc decision_tree`
question = "Insure against claims?"
[decisions.insure.tree.decision.insure]
cost     = 9_000                          # paid on the way
value    = 0
[decisions.insure.tree.decision.leave.chance]
claim    = {{ p = 0.05, value = -120_000 }} # probability and money
none     = {{ p = 0.95, value = 0 }}

[act]                                     # facts by which the AI Act of the European Union sorts the system
uses     = []                             # such as "credit_scoring", "employment", "fraud_detection"
open_about = []                           # such as "talks_to_people", "makes_content"
profiles_persons = false                  # natural persons
"""


def _money(amount: float) -> str:
    return f"{float(f'{amount:.3g}'):.12g}"


def _impact(gain: float, shares: tuple[float, float, float], otherwise: str) -> str:
    """Of a year's cases, as a share of what the model gains a case; or amounts that are made up."""
    if gain <= 0:
        return f"impact      = {otherwise}        # made up"
    low, mode, high = (_money(gain * s) for s in shares)
    return f"impact_per_case = {{ low = {low}, mode = {mode}, high = {high} }}    # times the cases of a year"


def _top(name: str, currency: str) -> str:
    text = json.dumps(name, ensure_ascii=False)
    return TOP.format(name=text, pad_name=" " * max(1, 35 - len(text)), currency=json.dumps(currency))


def starter(run: Seen, measured: Sequence[Evidence]) -> str:
    """The file with what a run measured: a risk for each signal, money a case from its value, the column to watch."""
    per, plain = run.measures.get("value.per_case"), [m.value for n in PLAIN if (m := run.measures.get(f"value.{n}"))]
    gain = per.value - max(plain) if per and plain else 0.0
    said = f"# Filled from run {run.run}: what it measured says so; the other figures are made up: put in your own.\n"
    if gain > 0:
        unit = per.unit if per else ""
        said += f"# The model gains {_money(gain)} {unit} a case on test rows; impacts a case are shares of that.\n"
    parts = [HEAD, said, _top(f"the model of run {run.run}", per.unit if per else "USD")]
    parts.append(DRIFT.format(
        impact=_impact(gain, (0.1, 0.25, 0.6), "{ low = 10_000, mode = 40_000, high = 150_000 }"),
        watch=json.dumps(_watched(run), ensure_ascii=False), reference=max(1, run.rows.get("validated", 2000)),
    ))  # fmt: skip
    parts += [_of(e, gain, run) for e in measured if e.probability is not None and e.signal in TEXTS]
    return "".join([*parts, REST.format()])


def _watched(run: Seen) -> str:
    """The drift of the column that moves the answers most, where the run says which; else that of the answers."""
    used = {name for name in (run.profile.get("columns") or {}) if name != run.clock}
    ranked = [str(c.get("name")) for c in (run.figures.get("contributions") or {}).get("columns", [])]
    return next((f"psi:{name}" for name in ranked if name in used), "answer_psi")


TEXTS = {
    "overfitting": ("chosen on few rows, or on rows that are too alike",
                    "the model errs a tenth more than in validation",
                    "less is earned than was promised", "withdraw to the simpler model; more rows"),
    "calibration": ("the share of cases in use differs from that in the data", "probabilities miss by more than 0.02",
                    "thresholds stand in the wrong place", "calibrate anew on rows of use"),
    "concentration": ("the gain hangs on few rows", "less than half of the promised gain is earned",
                      "the plan misses its income", "test on more rows before the plan counts on it"),
    "reuse": ("several runs opened the same test rows", "what the test promised was luck",
              "the model earns less than its test said", "a fresh test set"),
}  # fmt: skip
"""signal -> cause, event, effect, contingency"""
SHARES = {"overfitting": (0.05, 0.2, 0.5), "calibration": (0.05, 0.15, 0.4), "concentration": (0.5, 0.6, 0.9),
          "reuse": (0.1, 0.3, 0.7)}  # fmt: skip


def _of(e: Evidence, gain: float, run: Seen) -> str:
    cause, event, effect, contingency = (json.dumps(t) for t in TEXTS[e.signal])
    p = f"{e.figure()['value']:.6g}"
    source = json.dumps(f"run {e.run}: {e.said}", ensure_ascii=False)
    return FROM_RUN.format(
        signal=e.signal, cause=cause, event=event, effect=effect, contingency=contingency,
        probability=f'signal      = "{e.signal}"\nprobability = {{ value = {p}, how = "measured", source = {source} }}',
        impact=_impact(gain, SHARES[e.signal], "{ low = 5_000, mode = 20_000, high = 90_000 }"),
        more="".join(f"{line}\n" for line in _promise(e, run)),
    )  # fmt: skip


def _promise(e: Evidence, run: Seen) -> Iterator[str]:
    """Realised value against what the run promised: of overfitting, where there is money."""
    per, low, high = (run.measures.get(f"value.per_case{end}") for end in ("", ".low", ".high"))
    n = run.rows.get("test", 0)
    if e.signal != "overfitting" or per is None or low is None or high is None or not n or high.value <= low.value:
        return
    sd = (high.value - low.value) / (2 * TWO_SIDED) * n**0.5
    yield (f'indicator   = {{ watch = "realised_value", mean = {_money(per.value)}, sd = {_money(sd)}, side = "below", '
           "rows = 2000, one_in = 1000 }")  # fmt: skip
    yield 'trigger     = { action = "warn", min_rows = 2000 }    # the value a case, against the promise'


STARTER = "".join([
    HEAD, NOTHING, _top("our model", "EUR"),
    DRIFT.format(impact="impact_per_case = { low = 0.01, mode = 0.03, high = 0.08 }    # times the cases of a year",
                 watch='"psi:amount"', reference=2000),
    REST.format(),
])  # fmt: skip
