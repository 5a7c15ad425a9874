"""Origin: what runs measured, how the AI Act sorts the system, and how all of it was worked out."""

from collections.abc import Iterable

from mintmark.base.words import mark
from mintmark.report import words
from mintmark.report.sheet import Cell, section
from mintmark.report.value.terms import Terms

SIGNALS = {
    "overfitting": mark("overfitting"), "calibration": mark("calibration"),
    "concentration": mark("concentration of value"),
    "reuse": mark("test reuse"), "drift": mark("drift"),
}  # fmt: skip
CLASSES = {
    "prohibited": mark("prohibited practice"), "high": mark("high-risk"),
    "transparency": mark("transparency obligations"),
    "minimal": mark("minimal risk"), "systemic": mark("general-purpose model with systemic risk"),
    "general_purpose": mark("general-purpose model"),
}  # fmt: skip
METHOD = (
    mark("Draws: each risk comes where a uniform number lies below its probability; the numbers are correlated as "
         "[[together]] says (a Gaussian copula), the figures as [[correlations]] says. It comes once at most, in any "
         "month alike."),
    mark("Reserve: P50, P80 and P95 of all losses of a future together, with the controls that are in place. CVaR: "
         "mean of the losses beyond; Rockafellar, Uryasev, Journal of Risk 2, 2000."),
    mark("Cash: what there is today, plus income, less spending, less what controls cost and losses take. Ruin: it "
         "falls below 0 within the plan."),
    mark("Worth of a control: what the same futures lose without it, less what they lose with it, less its cost."),
    mark("Limits: PSI and KS by their distribution under no change, shares by the binomial, means by the normal one, "
         "with Bonferroni over the twenty places of a moving window; CUSUM and EWMA by the integral equation of the "
         "mean run."),
)  # fmt: skip


def evidence(terms: Terms) -> Iterable[str]:
    say, made = terms.say, terms.said["evidence"]
    if not made:
        return ()
    heads = [say("run"), say("signal"), say("figure"), say("probability"), say("source")]
    rows: list[list[Cell]] = [
        [f'<span class="hash">{words.safe(e["run"])}</span>', say(SIGNALS[e["signal"]]), float(f"{e['value']:.3g}"),
         "–" if e["probability"] is None else say.share(round(e["probability"], 4)), terms.told(e["said"])]
        for e in made
    ]  # fmt: skip
    return section("evidence", say("What runs measured"), [terms.sheet.table(heads, rows, sort=False)])


def act(terms: Terms) -> Iterable[str]:
    say, made = terms.say, terms.said["act"]
    if not made:
        return ()
    parts = [made, *([made["model"]] if made["model"] else [])]
    body = [
        f"<p><b>{say(CLASSES[p['class']])}</b></p><ul>{''.join(f'<li>{terms.told(r)}</li>' for r in p['reasons'])}</ul>"
        for p in parts
    ]
    lead = say("By the facts of [act]; Regulation (EU) 2024/1689. It does not replace counsel.")
    return section("act", say("AI Act of the European Union"), body, lead)
