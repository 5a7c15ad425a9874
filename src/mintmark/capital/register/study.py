"""Study: what the risks of a register can cost, how long the cash lasts, and what each control is worth."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from mintmark.base.errors import RecipeError
from mintmark.base.words import mark
from mintmark.capital.assumptions import parse
from mintmark.capital.distribution import day
from mintmark.capital.methods import risk as methods
from mintmark.capital.methods.tree import decision_tree
from mintmark.capital.prices import STALE_DAYS
from mintmark.capital.register import act, heat
from mintmark.capital.register.evidence import Evidence
from mintmark.capital.register.limit import limits
from mintmark.capital.register.register import Register, Risk
from mintmark.capital.register.simulate import Futures, sum_of
from mintmark.capital.value.said import Said
from mintmark.capital.value.spread import quantiles, share
from mintmark.numerics.answers import Array

SAMPLES = 100_000
PLACES = {"p50": 0.5, "p80": 0.8, "p95": 0.95}
FAN = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
BINS = 40


def risk(
    raw: Mapping[str, Any],
    *,
    measured: Sequence[Evidence] = (),
    where: str = "register",
    samples: int = SAMPLES,
    seed: int = 0,
    today: date | None = None,
) -> dict[str, Any]:
    """What a register of risks comes to, as plain figures; money in its currency, of the whole plan.

    measured: what runs say of the risks that name a signal; the newest of each counts where the register has no
    probability of its own.
    Raises: RecipeError: figures that contradict each other, a probability that neither the file nor a run has, a
    trigger that cannot be reached.
    """
    made, filled, notes = _filled(raw, measured, where)
    register = parse(made, Register, where)
    watched = {
        name: limits(r.indicator, r.trigger, f"{where}: risks.{name}")
        for name, r in register.risks.items()
        if r.indicator
    }
    futures = Futures.of(register, samples, seed, where)
    controls = _controls(futures)
    said: dict[str, Any] = {
        "name": register.name, "currency": register.currency, "months": register.plan.months, "samples": samples,
        "seed": seed, "reserve": tails(futures.total, register.plan.tail), "tail": register.plan.tail,
        "appetite": None if register.plan.appetite is None else register.centres()["plan.appetite"],
        "histogram": _histogram(futures.total), **_cash(futures),
        "risks": [_risk(futures, name, r, filled, watched) for name, r in register.risks.items()],
        "controls": controls, "planned": _planned(futures) if any(not c["in_place"] for c in controls) else None,
        "decisions": _decisions(register, where), "heat": heat.scale(futures),
        "act": act.classify(register.act) if register.act else None,
        "evidence": [e.plain() for e in measured], "live": None,
    }  # fmt: skip
    told = [*notes, *_alone(register), *_old(register, today or date.today())]
    return said | {"notes": [n.plain() for n in told], "measures": _measures(said)}


def tails(losses: Array, beta: float) -> dict[str, Any]:
    """Mean, P50, P80, P95 and the mean of the tail beyond `beta`, each with its standard error.

    Source of the last error: Manistre, Hancock, North American Actuarial Journal 9(2), 2005.
    """
    n = len(losses)
    made = {"mean": float(losses.mean()), "mean_se": float(losses.std(ddof=1)) / math.sqrt(n)}
    found = methods.tail(losses, beta)
    beyond = losses[losses >= found["var"]]
    spread = float(beyond.var()) + beta * (found["cvar"] - found["var"]) ** 2
    made |= quantiles(np.sort(losses), PLACES)
    return made | {"cvar": found["cvar"], "cvar_se": math.sqrt(spread / (n * (1 - beta)))}


def _filled(
    raw: Mapping[str, Any], measured: Sequence[Evidence], where: str
) -> tuple[dict[str, Any], dict[str, Evidence], list[Said]]:
    """The file's tables with the probabilities that runs measured; which these are; and what to say of it."""
    newest = {e.signal: e for e in measured if e.probability is not None}
    made, filled, notes = dict(raw), {}, []
    risks = raw.get("risks")
    if isinstance(risks, Mapping):
        made["risks"] = dict(risks)
        for name, table in risks.items():
            if not isinstance(table, Mapping) or "signal" not in table:
                continue
            found = newest.get(str(table["signal"]))
            if found and "probability" not in table:
                made["risks"][name] = dict(table) | {"probability": found.figure()}
                filled[str(name)] = found
            elif "probability" not in table:
                what = f"no run says how likely it is: {table['signal']} was not measured."
                fix = "probability = { low = 0.05, mode = 0.1, high = 0.3 }, or --runs RUN."
                raise RecipeError(what, where=f"{where}: risks.{name}.probability", fix=fix)
        signals = {str(t.get("signal")) for t in risks.values() if isinstance(t, Mapping)}
        for e in newest.values():
            if e.signal not in signals and (e.probability or 0) >= 0.05:
                text = mark("Run {run} measured {signal}, and no risk of the register names it.")
                notes.append(Said(text, run=e.run, signal=e.signal))
    return made, filled, notes


def _risk(
    futures: Futures, name: str, of: Risk, filled: Mapping[str, Evidence], watched: Mapping[str, Any]
) -> dict[str, Any]:
    loss, chance = futures.losses[name], futures.drawn[f"risks.{name}.probability"]
    bare = futures.loss(name, {})
    impact = futures.impact(name)
    low, high = (float(q) for q in np.quantile(impact, (0.1, 0.9)))
    figure = of.probability
    how = filled[name].how if name in filled else figure.how if figure else "assumed"
    source = filled[name].said if name in filled else Said(figure.source if figure else "")
    return {
        "id": name, "kind": of.kind, "cause": of.cause, "event": of.event, "effect": of.effect, "owner": of.owner,
        "contingency": of.contingency, "signal": of.signal, "probability": float(chance.mean()), "how": how,
        "source": source.plain(), "impact": float(impact.mean()), "impact_p10": low, "impact_p90": high,
        "happens": share(loss > 0), "expected": float(loss.mean()),
        "expected_se": float(loss.std(ddof=1)) / math.sqrt(len(loss)), "without_controls": float(bare.mean()),
        "tail_share": _tail_share(futures, loss), "place": heat.place(futures, loss, impact),
        "trigger": _trigger(of),
        "indicator": watched.get(name),
    }  # fmt: skip


def _trigger(of: Risk) -> dict[str, Any] | None:
    if of.trigger is None or of.indicator is None:
        return None
    return of.trigger.model_dump() | {"rows": of.trigger.rows(of.indicator)}


def _tail_share(futures: Futures, loss: Array) -> float:
    """Of the money in the worst twentieth of the futures, which share is this risk's."""
    whole = float(futures.total[futures.worst].sum())
    return float(loss[futures.worst].sum()) / whole if whole else 0.0


def _cash(futures: Futures) -> dict[str, Any]:
    path = futures.cash(futures.losses)
    below = path < 0
    ruined = np.any(below, axis=0)
    first = np.sort(np.where(ruined, below.argmax(0), np.inf))
    fan = np.quantile(path, list(FAN.values()), axis=1)
    months = [{"month": i, **dict(zip(FAN, map(float, row), strict=True))} for i, row in enumerate(fan.T)]
    runway = quantiles(first, {"p5": 0.05, "p20": 0.2, "p50": 0.5})
    return {"ruin": share(np.asarray(ruined)), "runway": runway, "fan": months}


def _controls(futures: Futures) -> list[dict[str, Any]]:
    """What each is worth: of the others, those that are in place hold; the same futures with and without it."""
    beta, made = futures.register.plan.tail, []
    for name in futures.register.risks:
        present = futures.controls(name)
        for path, control in futures.controls(name, planned=True).items():
            without = futures.loss(name, {p: c for p, c in present.items() if p != path})
            with_it = futures.loss(name, present | {path: control})
            cost, rest = futures.cost(path), futures.total - futures.losses[name]
            net = without - with_it - cost
            had, has = tails(rest + without, beta), tails(rest + with_it, beta)
            made.append({
                "risk": name, "name": control.name, "in_place": control.in_place, "owner": control.owner,
                "saves": float((without - with_it).mean()), "cost": float(cost.mean()), "worth": float(net.mean()),
                "worth_se": float(net.std(ddof=1)) / math.sqrt(len(net)),
                **{f"less_{k}": had[k] - has[k] for k in ("p80", "p95", "cvar")}, "decision": _yes_or_no(without,
                                                                                                         with_it, cost),
            })  # fmt: skip
    return sorted(made, key=lambda c: -c["worth"])


def _yes_or_no(without: Array, with_it: Array, cost: Array) -> dict[str, Any]:
    """Whether to have a control, as a tree; its evpi is what it is worth to know before whether the risk comes."""

    def chance(loss: Array) -> Any:
        p = float((loss > 0).mean())
        if not 0 < p < 1:
            return -float(loss.mean())
        yes = {"p": p, "value": -float(loss[loss > 0].mean())}
        return {"type": "chance", "name": "it comes", "outcomes": {"yes": yes, "no": {"p": 1 - p, "value": 0.0}}}

    have = chance(with_it)
    spent = {"cost": float(cost.mean())}
    tree = {"decision": {"have": {"then": have, **spent}, "leave": chance(without)}}
    return {"tree": tree, **decision_tree(tree=tree)}


def _planned(futures: Futures) -> dict[str, Any]:
    """All planned controls together."""
    losses = {n: futures.loss(n, futures.controls(n, planned=True)) for n in futures.register.risks}
    spent = [
        futures.cost(path)
        for n in futures.register.risks
        for path, c in futures.controls(n, planned=True).items()
        if not c.in_place
    ]
    ruined = np.any(futures.cash(losses, planned=True) < 0, axis=0)
    return {"reserve": tails(sum_of(losses), futures.register.plan.tail), "cost": float(np.sum(spent, axis=0).mean()),
            "ruin": share(np.asarray(ruined))}  # fmt: skip


def _decisions(register: Register, where: str) -> list[dict[str, Any]]:
    made = []
    for name, decision in register.decisions.items():
        try:
            found = decision_tree(tree=decision.tree)
        except RecipeError as exc:
            raise RecipeError(exc.what, where=f"{where}: decisions.{name}: {exc.where}", fix=exc.fix) from None
        made.append({"name": name, "question": decision.question, "tree": decision.tree, **found})
    return made


def _histogram(losses: Array) -> dict[str, Any]:
    """How often which loss came; what lies beyond the last half percent stands in the last bin."""
    most = float(np.quantile(losses, 0.995))
    if not most > 0:
        return {"edges": [0.0, 0.0], "share": [1.0]}
    counts, edges = np.histogram(np.clip(losses, 0.0, most), bins=BINS, range=(0.0, most))
    return {"edges": edges.tolist(), "share": (counts / len(losses)).tolist()}


def _alone(register: Register) -> list[Said]:
    """Correlation that is left out makes the spread too small."""
    n = len(register.risks)
    if register.together or n < 2:
        return []
    missing = methods.correlation_understatement(n=n, rho=0.2)["share"]
    text = mark("No risks come together here ([[together]]). If each pair were correlated by 0.2, the spread of {n} "
                "equal risks would be {share} too small.")  # fmt: skip
    return [Said(text, n=n, share=f"{100 * missing:.0f} %")]


def _old(register: Register, today: date) -> list[Said]:
    """A warning for each rate and figure that is, or may be, more than a year old."""
    said = mark("{name} is dated {when}: it may be out of date.")
    dated = [(f"fx.{code}", r.dated) for code, r in register.fx.items()]
    dated += [(name, f.dated) for name, f in register.figures.items() if f.dated]
    return [Said(said, name=name, when=when) for name, when in dated if (today - day(when)).days > STALE_DAYS]


def _measures(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The main figures by name, as `mintmark run` gives its own."""
    unit, reserve = said["currency"], said["reserve"]
    found = {f"reserve.{n}": (v, unit) for n, v in reserve.items()}
    found |= {"ruin.probability": (said["ruin"]["probability"], "1"), "ruin.probability_se": (said["ruin"]["se"], "1")}
    found |= {f"runway.{n}": (said["runway"][n], "months") for n in ("p5", "p20", "p50")}
    return {n: {"value": v, "unit": u, "how": "estimated"} for n, (v, u) in found.items() if v is not None}
