"""Study: what the projects of a portfolio promise, how the budget is best spent on them, and what more money brings."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.words import mark
from mintmark.capital.assumptions import parse
from mintmark.capital.methods import risk
from mintmark.capital.methods.learning import FEWEST, learning_curve
from mintmark.capital.portfolio import rival
from mintmark.capital.portfolio.case import Case, Work, case, points
from mintmark.capital.portfolio.file import Portfolio
from mintmark.capital.portfolio.frontier import money, tails
from mintmark.capital.portfolio.solve import GAP, SCENARIOS, Answer, best, concave
from mintmark.capital.portfolio.stage import stages
from mintmark.capital.value.said import Said
from mintmark.capital.value.spread import quantiles
from mintmark.numerics.answers import Array

SAMPLES = 10_000
PLACES = 33
"""of a curve as it is drawn"""
MOST_TIMES = 1e6
"""the budget that a project may bring: 1 / the solver's gap"""
BAND = (0.025, 0.5, 0.975)


def allocate(
    raw: Mapping[str, Any],
    *,
    measured: Mapping[str, Mapping[str, Any]] | None = None,
    where: str = "portfolio",
    samples: int = SAMPLES,
    seed: int = 0,
    today: date | None = None,
) -> dict[str, Any]:
    """How the budget of a portfolio is best spent, as plain figures; money in its currency, at today's worth.

    measured: sizes and errors of the projects whose curves are of runs, by their names, and what each run is called.
    Raises: RecipeError: figures that contradict each other, needs in a circle, a budget that pays for nothing.
    """
    portfolio = parse(raw, Portfolio, where)
    known = measured or {}
    for name, of in portfolio.projects.items():
        if of.curve.run and name not in known:
            what = f"the trials of run {of.curve.run!r} are not here."
            raise RecipeError(what, where=f"{where}: projects.{name}.curve.run", fix="mintmark allocate reads them.")
    made = case(portfolio, known, samples, seed)
    _reachable(made, where)
    _comparable(made, where)
    draws = np.random.default_rng(seed).choice(samples, min(SCENARIOS, samples), replace=False)
    exact, bound = best(made), concave(made)
    careful = best(made, portfolio.plan.caution, draws)
    ways = {"exact": exact.spent, "mean_cvar": careful.spent, "greedy": rival.greedy(made), "equal": rival.equal(made)}
    nets = {name: made.net(spent) for name, spent in ways.items()}
    said: dict[str, Any] = {
        "name": portfolio.name, "currency": portfolio.currency, "samples": samples, "seed": seed,
        "budget": list(portfolio.plan.budget), "discount": portfolio.plan.discount, "tail": made.tail,
        "caution": portfolio.plan.caution,
        "ways": [_way(made, name, ways[name], nets[name], nets["exact"], seed) for name in ways],
        "bound": bound.worth, "prices": bound.prices.tolist(), "started": [w.name for w, path in zip(
            made.works, exact.spent, strict=True) if path[-1] > 0],
        "projects": [_project(made, w, i, exact.spent, known) for i, w in enumerate(made.works)],
        "stages": stages(made, exact.spent, seed), "frontier": money(made),
        "risk": tails(made, draws, {portfolio.plan.caution: careful, 0.0: exact}),
    }  # fmt: skip
    notes = [*_few(made, known), *_unproved(exact), *_unspent(made, exact.spent)]
    notes += map(Said, portfolio.stale(today or date.today()))
    return said | {"notes": [n.plain() for n in notes], "measures": _measures(said)}


def _reachable(made: Case, where: str) -> None:
    """Raises: RecipeError: the whole budget pays for no project's first stage, with what it needs."""
    at = {w.name: w for w in made.works}

    def first(name: str, seen: set[str]) -> float:
        if name in seen:
            return 0.0
        seen.add(name)
        return float(at[name].levels[0]) + sum(first(other, seen) for other in at[name].of.needs)

    least = {name: first(name, set()) for name in at}
    name = min(least, key=lambda n: least[n])
    if least[name] > made.budget[-1] * (1 + 1e-12):
        what = f"{made.budget[-1]:g} pays for no first stage: the least, of {name}, costs {least[name]:g}."
        raise RecipeError(what, where=f"{where}: plan.budget", fix=f"budget = [{math.ceil(least[name])}]")
    together: set[str] = set()
    musts = [w.name for w in made.works if w.of.must]
    cost = sum(first(name, together) for name in musts)
    if cost > made.budget[-1] * (1 + 1e-12):
        listed = ", ".join(musts)
        what = f"{made.budget[-1]:g} does not pay for what must be done: {listed}, with what they need, cost {cost:g}."
        fix = "a larger budget, smaller minimums, or must = false."
        raise RecipeError(what, where=f"{where}: plan.budget", fix=fix)


def _comparable(made: Case, where: str) -> None:
    """Raises: RecipeError: one project is worth so much that the others are lost in the solver's rounding."""
    for w in made.works:
        most = float(np.abs(w.benefit.mean(0)).max())
        if not most <= MOST_TIMES * made.budget[-1]:
            what = f"{most:.3g} is what it can bring, over {MOST_TIMES:g} times the budget: nothing else would count."
            fix = "what one unit of error less is worth."
            raise RecipeError(what, where=f"{where}: projects.{w.name}.value", fix=fix)


def _way(made: Case, name: str, spent: Array, net: Array, exact: Array, seed: int) -> dict[str, Any]:
    """One way to spend: what it comes to in the same draws as the others, and what measurements will show of it."""
    n = len(net)
    tail = risk.tail(-net, made.tail)
    less = net - exact
    each = np.diff(spent, axis=1, prepend=0.0)
    seen = made.measured(spent, np.random.default_rng(seed + 2))
    return {
        "name": name, "mean": float(net.mean()), "mean_se": float(net.std(ddof=1)) / math.sqrt(n),
        **quantiles(np.sort(net)), "measured": quantiles(np.sort(seen)), "cvar": tail["cvar"],
        "loss": float((net < 0).mean()),
        "less": float(less.mean()), "less_se": float(less.std(ddof=1)) / math.sqrt(n),
        "spent": float(spent[:, -1].sum()),
        "each": {w.name: each[i].tolist() for i, w in enumerate(made.works)},
    }  # fmt: skip


def _project(made: Case, w: Work, i: int, spent: Array, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A project: its curve with a band, and what the advice makes of it."""
    sizes, errors = points(w.of, known.get(w.name))
    total = float(spent[i, -1])
    rows = w.learnt(total)
    now, then = w.curves.at(np.full(len(rows), w.rows)), w.curves.at(rows)
    end = max(float(np.median(w.learnt(float(w.levels[-1])))), w.rows)
    places = np.geomspace(min([*sizes, w.rows]), end, PLACES)
    bands = [np.quantile(w.curves.at(np.full(len(rows), p)), BAND) for p in places]
    net = w.brings(total) - total if total else np.zeros(len(rows))
    step = max(0.01 * float(w.levels[-1]), 1e-9)
    return {
        "name": w.name, "label": w.of.label or w.name, "rows": w.rows, "points": len(sizes), "sizes": sizes,
        "errors": errors, "how": "measured" if sizes else "assumed",
        "run": known.get(w.name, {}).get("run", w.of.curve.run),
        "curve": [{"rows": float(p), "low": float(b[0]), "error": float(b[1]), "high": float(b[2])}
                  for p, b in zip(places, bands, strict=True)],
        "exponent": dict(zip(("low", "mid", "high"), map(float, np.quantile(w.curves.b, BAND)), strict=True)),
        "classical": _classical(sizes, errors, float(np.median(rows))),
        "spent": total, "each": np.diff(spent[i], prepend=0.0).tolist(), "rows_then": float(np.median(rows)),
        "bought": float(np.median(rows)) - w.rows, "goes": _goes(made, w, total),
        "now": _three(now), "then": _three(then), "net": float(net.mean()),
        "net_p10": float(np.quantile(net, 0.1)), "net_p90": float(np.quantile(net, 0.9)),
        "next": float((w.brings(total + step) - w.brings(total)).mean()) / step if total else None,
        "knowing": w.knowing(), "first": float(w.levels[0]), "most": float(w.levels[-1]), "needs": list(w.of.needs),
    }  # fmt: skip


def _goes(made: Case, w: Work, total: float) -> dict[str, float]:
    """What the money of a project is spent on: once, and the rest by what a row costs on average."""
    centres = made.portfolio.centres()
    row = {k: centres[f"projects.{w.name}.costs.{k}"] for k in ("data", "compute", "staff")}
    once = min(w.once, total)
    return {"once": once} | {k: (total - once) * cost / sum(row.values()) for k, cost in row.items()}


def _three(values: Array) -> dict[str, float]:
    return dict(zip(("low", "mid", "high"), map(float, np.quantile(values, BAND)), strict=True))


def _classical(sizes: list[float], errors: list[float], at: float) -> dict[str, Any] | None:
    """The curve of least squares with its 95 % interval, beside the draws; None of too few measurements."""
    if len(sizes) < FEWEST or len(set(sizes)) < FEWEST - 1:
        return None
    try:
        made: dict[str, Any] = learning_curve(sizes=sizes, errors=errors, at=at)
    except DataError:
        return None
    return made | {"high": made["high"] if math.isfinite(made["high"]) else None}


def _few(made: Case, known: Mapping[str, Mapping[str, Any]]) -> list[Said]:
    """Curves that hardly anything was measured of."""
    text = mark("{name}: its curve is of {n} measurements only, so its interval is wide; one more would say most.")
    return [Said(text, name=w.of.label or w.name, n=n) for w in made.works
            if 0 < (n := len(points(w.of, known.get(w.name))[0])) < FEWEST]  # fmt: skip


def _unproved(exact: Answer) -> list[Said]:
    if not exact.gap > GAP:
        return []
    text = mark("The exact allocation was not proved the best in time: another may be worth {share} more at most.")
    return [Said(text, share=f"{100 * exact.gap:.2g} %")]


def _unspent(made: Case, spent: Array) -> list[Said]:
    left = float(made.budget[-1] - spent[:, -1].sum())
    if left <= 1e-3 * made.budget[-1]:
        return []
    text = mark("{left} {unit} of the budget stay unspent: no project brings more than it costs with them.")
    return [Said(text, left=float(f"{left:.4g}"), unit=made.portfolio.currency)]


def _measures(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The main figures by name, as `mintmark run` gives its own."""
    unit = said["currency"]
    found = {f"worth.{w['name']}": (w["mean"], unit) for w in said["ways"]}
    found |= {f"cvar.{w['name']}": (w["cvar"], unit) for w in said["ways"]}
    found |= {"worth.bound": (said["bound"], unit), "price.money": (said["prices"][0], "1")}
    return {n: {"value": v, "unit": u, "how": "estimated"} for n, (v, u) in found.items()}
