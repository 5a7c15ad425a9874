"""Worth: what a model is worth, from its assumptions and what is known of it, as plain figures."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.assumptions import parse
from mintmark.capital.distribution import day
from mintmark.capital.methods import finance
from mintmark.capital.prices import STALE_DAYS
from mintmark.capital.value import label, more, spread
from mintmark.capital.value.assumed import Value
from mintmark.capital.value.experiment import experiment
from mintmark.capital.value.flows import COSTS, DRIVERS, Flows, flows, irr, payback
from mintmark.capital.value.known import Known, Origin, Realised, filled
from mintmark.capital.value.said import Said
from mintmark.numerics.answers import Array

SAMPLES, RANKED = 100_000, 20_000
"""draws, and how many of them ranks are compared in"""
LOW, HIGH = 0.1, 0.9


def value(
    raw: Mapping[str, Any],
    *,
    run: Known | None = None,
    real: Realised | None = None,
    where: str = "assumptions",
    folder: Path = Path(),
    samples: int = SAMPLES,
    seed: int = 0,
    today: date | None = None,
) -> dict[str, Any]:
    """Present value, rate of return, payback and return on the money of a model, and what they hang on; plain figures.

    raw: the tables of the file; folder: where the file lies. Money in the file's currency.
    Raises: RecipeError: assumptions that contradict each other, money without a rate, accuracy without a payoff.
    DataError: the data of an experiment cannot be read.
    """
    made, origins, notes = filled(raw, run, real, where)
    assumed = parse(made, Value, where)
    drawn = assumed.sample(np.random.default_rng(seed), samples)
    come = flows(assumed, drawn)
    npv = come.npv
    lines = _lines(assumed, made, origins)
    said: dict[str, Any] = {
        "run": run.run if run else "", "currency": assumed.currency, "years": assumed.plan.years, "samples": samples,
        "seed": seed, "npv": spread.money(npv), "centre": _centre(assumed), "loss": spread.share(npv < 0),
        "irr": _irr(come), "payback": _back(come), "roi": _finite(come.roi), "parts": _parts(come),
        "by_year": _by_year(come), "histogram": _histogram(npv),
        "lines": lines, "tornado": _tornado(assumed, drawn, npv),
        "point": more.point(assumed, run, drawn), "row": more.row(assumed, run, drawn),
        "break_even": more.break_even(assumed, drawn),
        "realised": _realised(real), "experiment": None,
    }  # fmt: skip
    if assumed.experiment:
        said["experiment"] = experiment(assumed.experiment, folder, where)
    told = [*notes, *_old(assumed, today or date.today())]
    return said | {"notes": [n.plain() for n in told], "measures": _measures(said)}


# --- figures of the plan ----------------------------------------------------------------------------------------------


def _irr(come: Flows) -> dict[str, Any]:
    """Of the draws that have one; and of the mean flows, all rates there are."""
    net = come.net
    found, mean = irr(net), net.mean(1)
    known = np.sort(found[np.isfinite(found)])
    made = {
        **spread.quantiles(known),
        "share": len(known) / len(found),
        "of_means": finance.rates(mean, range(len(mean))),
    }
    if len(known):
        return made | {"says": None}
    paid, won = bool((net < 0).any()), bool((net > 0).any())
    says = (
        mark("Nothing is paid before it earns: there is no rate of return.") if won and not paid
        else mark("It never earns: there is no rate of return.") if paid and not won
        else mark("No money flows: there is no rate of return.") if not paid
        else mark("The flows change their sign more than once, or never: there is no one rate of return.")
    )  # fmt: skip
    return made | {"says": Said(says).plain()}


def _back(come: Flows) -> dict[str, Any]:
    years = payback(come.net)
    never = float(np.isinf(years).mean())
    return {**spread.quantiles(np.sort(years)), "never": never, "discounted_of_means": _discounted(come)}


def _discounted(come: Flows) -> float | None:
    """Of the mean flows at today's worth."""
    return finance.payback((come.net * come.weight).mean(1))


def _finite(values: Array) -> dict[str, Any]:
    return spread.quantiles(np.sort(values[np.isfinite(values)]))


def _parts(come: Flows) -> list[dict[str, Any]]:
    """What each driver and cost is worth today."""
    made = []
    for name in (*DRIVERS, *COSTS):
        worth = come.present(name)
        if worth.any():
            low, high = (float(q) for q in np.quantile(worth, (LOW, HIGH)))
            kind = "driver" if name in DRIVERS else "cost"
            made.append({"name": name, "label": label.PARTS[name], "kind": kind, "mean": float(worth.mean()),
                         "p10": low, "p90": high})  # fmt: skip
    return made


def _by_year(come: Flows) -> list[dict[str, Any]]:
    """Money of each year on average, by driver and cost, and what all of it is worth today up to then."""
    owed = np.cumsum(come.net * come.weight, axis=0)
    low, middle, high = np.quantile(owed, (LOW, 0.5, HIGH), axis=1)
    return [
        {"year": i, "cases": float(come.cases[i].mean()), "flow": float(come.net[i].mean()), "p10": float(low[i]),
         "p50": float(middle[i]), "p90": float(high[i]),
         "parts": {n: float(p[i].mean()) for n, p in come.parts.items() if p.any()}}
        for i in range(len(owed))
    ]  # fmt: skip


def _histogram(npv: Array, bins: int = 40) -> dict[str, Any]:
    """How often which present value came; what lies beyond the outer half percents stands in the outer bins."""
    low, high = np.quantile(npv, (0.005, 0.995))
    if not high > low:
        return {"edges": [float(npv[0]), float(npv[0])], "share": [1.0]}
    counts, edges = np.histogram(np.clip(npv, low, high), bins=bins, range=(low, high))
    return {"edges": edges.tolist(), "share": (counts / len(npv)).tolist()}


def _centre(assumed: Value) -> float:
    """The present value with every figure at its mean."""
    return float(flows(assumed, {n: np.array([v]) for n, v in assumed.centres().items()}).npv[0])


def _tornado(assumed: Value, drawn: Mapping[str, Array], npv: Array) -> list[dict[str, Any]]:
    """How far the present value moves from each figure's P10 to its P90, the others at their means; widest first.

    rank: correlation of the ranks of figure and present value over the draws, which sees what moves together.
    """
    low, high, centre = assumed.quantiles(LOW), assumed.quantiles(HIGH), assumed.centres()
    moved = [n for n in centre if not n.startswith("data.") and high[n] > low[n]]
    if not moved:
        return []
    size = 2 * len(moved)
    each = {n: np.full(size, v) for n, v in centre.items()}
    for i, name in enumerate(moved):
        each[name][2 * i : 2 * i + 2] = low[name], high[name]
    worth, ranks = flows(assumed, each).npv, _ranks(npv[:RANKED])
    made = []
    for i, name in enumerate(moved):
        made.append({"name": name, **label.figure(name), "low": low[name], "high": high[name],
                     "npv_low": float(worth[2 * i]), "npv_high": float(worth[2 * i + 1]),
                     "rank": _correlation(_ranks(drawn[name][:RANKED]), ranks)})  # fmt: skip
    kept = [t for t in made if t["npv_low"] != t["npv_high"]]
    return sorted(kept, key=lambda t: -abs(t["npv_high"] - t["npv_low"]))


def _ranks(values: Array) -> Array:
    """Those that are alike share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    made: Array = (count.cumsum() - (count - 1) / 2)[place]
    return made


def _correlation(a: Array, b: Array) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


# --- lines and notes --------------------------------------------------------------------------------------------------


def _lines(assumed: Value, made: Mapping[str, Any], origins: Mapping[str, Origin]) -> list[dict[str, Any]]:
    """Each figure that was given or measured, and the plan's."""
    low, high, centre = assumed.quantiles(LOW), assumed.quantiles(HIGH), assumed.centres()
    lines = []
    for path, figure in assumed.figures.items():
        table, _, key = path.partition(".")
        given = isinstance(made.get(table), Mapping) and key.partition("[")[0] in made[table]
        if not given and table != "plan":
            continue
        stated = Said(figure.source or (mark("not given: the usual") if not given else ""))
        origin = origins.get(path) or Origin(stated, figure.how)
        lines.append({"name": path, **label.figure(path), "mean": centre[path], "p10": low[path], "p90": high[path],
                      "how": origin.how, "source": origin.said.plain(), "dated": figure.dated})  # fmt: skip
    return lines


def _old(assumed: Value, today: date) -> list[Said]:
    """A warning for each rate and figure that is, or may be, more than a year old."""
    said = mark("{name} is dated {when}: it may be out of date.")
    dated = [(f"fx.{code}", r.dated) for code, r in assumed.fx.items()]
    dated += [(name, f.dated) for name, f in assumed.figures.items() if f.dated]
    return [Said(said, name=name, when=when) for name, when in dated if (today - day(when)).days > STALE_DAYS]


def _realised(real: Realised | None) -> dict[str, Any] | None:
    if real is None:
        return None
    names = ("per_case", "low", "high", "currency", "rows", "weighted", "promised", "since")
    return {n: getattr(real, n) for n in names} | {"notes": list(real.notes)}


def _measures(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The main figures by name, as `mintmark run` gives its own."""
    unit = said["currency"]
    found = {f"npv.{n}": (said["npv"][n], unit) for n in ("mean", "mean_se", "p10", "p50", "p90", "worst")}
    found |= {"loss.probability": (said["loss"]["probability"], "1"), "loss.probability_se": (said["loss"]["se"], "1")}
    for name, of in (("irr", "1 a year"), ("payback", "years"), ("roi", "1")):
        found |= {f"{name}.{n}": (said[name][n], of) for n in spread.PLACES}
    for name in ("point", "row"):
        found |= {f"{name}.value": (said[name]["value"], unit)} if said[name] else {}
    if said["break_even"]:
        found["break_even.cases"] = said["break_even"]["cases"], "cases a year"
    return {n: {"value": v, "unit": u, "how": "estimated"} for n, (v, u) in found.items() if v is not None}
