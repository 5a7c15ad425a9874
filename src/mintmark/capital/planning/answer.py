"""Answer: what a study says, as plain values: the ranking, the front, the waterfall, the choices, what does not fit."""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.distribution import day
from mintmark.capital.planning import bill, calibration, row, study
from mintmark.capital.planning.file import Plan
from mintmark.capital.planning.layout import PRECISIONS
from mintmark.capital.planning.note import Note, note
from mintmark.capital.planning.row import STRATEGIES
from mintmark.capital.planning.study import Study
from mintmark.capital.prices import STALE_DAYS
from mintmark.numerics.answers import Array

FORMAT = 1
RANKED, NEAREST = 20, 25
SHAPE = (
    "hidden", "layers", "heads", "kv_heads", "head_dim", "ffn", "gated", "tied", "vocab", "seq", "experts",
    "experts_active", "parameters", "active",
)  # fmt: skip
"""what is said of the model"""


def plan(
    asked: Plan, where: str, folder: Path | None = None, prices: Path | None = None, today: date | None = None
) -> dict[str, Any]:
    """What training costs and how long it takes: what `mintmark plan --json` prints and the page is made of.

    `where` names the file in errors; paths in it are from `folder`; `prices` takes the place of the file's list.
    Raises: RecipeError, DataError: see study.
    """
    return said(study.study(asked, where, folder or Path(), prices), today or date.today())


def said(made: Study, today: date) -> dict[str, Any]:
    plan, target, drawn = made.plan, made.target, made.drawn
    ranked = _distinct(made, np.argsort(drawn["cost_p80"], kind="stable"))
    front = bill.pareto(drawn["cost_p80"], drawn["days_p80"])
    best = row.row(made, ranked[0])
    return {
        "format": FORMAT, "name": plan.model.name or made.shape.about(), "currency": plan.currency,
        "plan_file": made.where, "date": today.isoformat(), "draws": plan.draws, "seed": plan.seed,
        "model": {k: getattr(made.shape, k) for k in SHAPE},
        "goal": {"tokens": target.tokens, "loss": target.loss, "law": target.law, "batch_tokens": target.batch_tokens,
                 "critical_batch_tokens": target.critical, "flops": made.shape.flops * target.tokens,
                 "tokens_a_parameter": target.tokens / made.shape.active},
        "layouts": {"weighed": made.layouts, "fit": sum(w[1] for w in made.weighed.values()),
                    "rejected": sum(len(r) for r in made.rejected), "drawn": len(made.kept)},
        "best": best, "plans": [row.row(made, i) for i in ranked[:RANKED]],
        "pareto": [row.row(made, int(i)) for i in front],
        "points": _points(made), "waterfall": waterfall(made), "strategies": _strategies(made),
        "choices": _choices(made),
        "rejected": {"by": _by_gpu(made), "nearest": _nearest(made)},
        "speed": {"runs": len(calibration.runs()), "coefficients": calibration.coefficients(), "spread": bill.SPREAD},
        "assumptions": _assumed(plan), "notes": [*made.notes, *_notes(made, today)],
    }  # fmt: skip


def _distinct(made: Study, order: Array) -> list[int]:
    """The best of each machine, number of GPUs, way of paying and job, in this order."""
    f, seen, kept = made.kept.found, set(), []
    for i in map(int, order):
        key = (int(f.machine[i]), int(f.layouts.gpus[i]), bool(made.kept.spot[i]), int(f.job[i]))
        if key not in seen:
            seen.add(key)
            kept.append(i)
    return kept


def _points(made: Study) -> list[dict[str, Any]]:
    """All plans whose costs were drawn, in few words: what a picture is made of."""
    f, drawn = made.kept.found, made.drawn
    return [
        {"gpu": made.machines[int(f.machine[i])].device.name, "gpus": int(f.layouts.gpus[i]),
         "spot": bool(made.kept.spot[i]), "cost": float(f"{drawn['cost_p80'][i]:.4g}"),
         "days": float(f"{drawn['days_p80'][i]:.4g}")}
        for i in _distinct(made, np.argsort(drawn["cost_p80"], kind="stable"))
    ]  # fmt: skip


# --- strategies -------------------------------------------------------------------------------------------------------


def waterfall(made: Study) -> list[dict[str, Any]]:
    """The least cost of a plan as one strategy after another is allowed, in the order of the specification.

    Where no plan does without a strategy, the steps before it have no cost, and `why` says memory or bounds.
    """
    allowed, before = 0, _least(made, 0)
    steps = [{"strategy": "none", **_step(made, before, None, 0)}]
    for name, bit in STRATEGIES.items():
        allowed |= bit
        now = _least(made, allowed)
        steps.append({"strategy": name, **_step(made, now, before, allowed)})
        before = now
    return steps


def _strategies(made: Study) -> list[dict[str, Any]]:
    """Of each strategy: what it saves by itself, and what giving it up would cost."""
    every = sum(STRATEGIES.values())
    none, whole, out = _least(made, 0), _least(made, every), []
    for name, bit in STRATEGIES.items():
        alone, without = _least(made, bit), _least(made, every & ~bit)
        out.append({
            "strategy": name,
            "alone": None if none is None or alone is None else _cost(made, none) - _cost(made, alone),
            "without": None if without is None or whole is None else _cost(made, without) - _cost(made, whole),
        })  # fmt: skip
    return out


def _least(made: Study, allowed: int) -> int | None:
    """The cheapest plan that uses no other strategies."""
    at = np.flatnonzero((made.kept.used & ~allowed) == 0)
    return int(at[np.argmin(made.drawn["cost_p80"][at])]) if len(at) else None


def _step(made: Study, at: int | None, before: int | None, allowed: int) -> dict[str, Any]:
    if at is None:
        why = "bounds" if ((made.used & ~allowed) == 0).any() else "memory"
        return {"cost": None, "days": None, "saved": None, "plan": None, "why": why}
    saved = None if before is None else _cost(made, before) - _cost(made, at)
    days = float(made.drawn["days_p80"][at])
    return {"cost": _cost(made, at), "days": days, "saved": saved, "plan": row.row(made, at), "why": ""}


def _cost(made: Study, at: int) -> float:
    return float(made.drawn["cost_p80"][at])


def _choices(made: Study) -> dict[str, list[dict[str, Any]]]:
    """The cheapest plan with each size, method, GPU, way of paying, number of GPUs, precision and batch."""
    f, kept = made.kept.found, made.kept
    x = f.layouts
    names: dict[str, tuple[Array, Callable[[Any], Any]]] = {
        "size": (np.array([j.leaner for j in made.jobs])[f.job], lambda v: next(
            j.shape.parameters for j in made.jobs if j.leaner == v)),
        "method": (np.array([j.method for j in made.jobs])[f.job], str),
        "gpu": (np.array([m.device.name for m in made.machines])[f.machine], str),
        "gpus": (x.gpus, int), "spot": (kept.spot, bool),
        "precision": (np.array(PRECISIONS)[x.precision], str),
        "micro_batch": (x.micro_batch, int),
    }  # fmt: skip
    return {name: list(_each(made, key, shown)) for name, (key, shown) in names.items()}


def _each(made: Study, key: Array, shown: Callable[[Any], Any]) -> Iterable[dict[str, Any]]:
    cost = made.drawn["cost_p80"]
    for value in np.unique(key):
        at = np.flatnonzero(key == value)
        best = int(at[np.argmin(cost[at])])
        yield {"value": shown(value), "cost": _cost(made, best), "days": float(made.drawn["days_p80"][best]),
               "tokens": float(made.kept.found.tokens[best])}  # fmt: skip


# --- what does not fit ------------------------------------------------------------------------------------------------


def _by_gpu(made: Study) -> list[dict[str, Any]]:
    """Of each GPU and method: how many layouts were weighed and did not fit, and by how many GB the nearest missed."""
    met: dict[tuple[str, str], dict[str, Any]] = {}
    for (machine, job), (n, fit) in made.weighed.items():
        device, method = made.machines[machine].device, made.jobs[job].method
        one = met.setdefault((device.name, method), {
            "gpu": device.name, "memory_gb": device.memory_gb, "method": method, "layouts": 0, "rejected": 0,
            "least_over_gb": None, "most_over_gb": None})  # fmt: skip
        one["layouts"] += n
        one["rejected"] += n - fit
    for part in made.rejected:
        device, method = made.machines[int(part.machine[0])].device, made.jobs[int(part.job[0])].method
        over, one = part.gb - part.layouts.memory_gb, met[device.name, method]
        least, most = one["least_over_gb"], one["most_over_gb"]
        one["least_over_gb"] = float(over.min()) if least is None else min(least, float(over.min()))
        one["most_over_gb"] = float(over.max()) if most is None else max(most, float(over.max()))
    return list(met.values())


def _nearest(made: Study) -> list[dict[str, Any]]:
    """The layouts that miss by least; of those that differ by what takes no memory, such as the batch, one."""
    found: dict[tuple[int, str, float], tuple[float, int, int]] = {}
    for i, part in enumerate(made.rejected):
        over, method = part.gb - part.layouts.memory_gb, made.jobs[int(part.job[0])].method
        for j in map(int, np.argsort(over, kind="stable")[:10]):
            key = (int(part.layouts.family[j]), method, round(float(over[j]), 4))
            found.setdefault(key, (float(over[j]), i, j))
    nearest = sorted(found.values())[:NEAREST]
    return [row.rejected(made, made.rejected[i].take(np.array([j])))[0] for _, i, j in nearest]


# --- what it rests on -------------------------------------------------------------------------------------------------


def _assumed(plan: Plan) -> list[dict[str, Any]]:
    low, mid, high = (plan.quantiles(p) for p in (0.1, 0.5, 0.9))
    return [
        {"name": n, "p10": low[n], "p50": mid[n], "p90": high[n], "how": f.how, "source": f.source}
        for n, f in plan.figures.items()
    ]


def _notes(made: Study, today: date) -> Iterable[Note]:
    machines = made.machines
    old = {o.dated for m in machines for o in (m.demand, m.spot)
           if o and o.dated and (today - day(o.dated)).days > STALE_DAYS}  # fmt: skip
    if old:
        text = mark("Prices are dated {dated}: they may be out of date. Give a list of today's with --prices.")
        yield note(text, dated=", ".join(sorted(old)))
    for sentence in made.plan.stale(today):
        yield note("{said}", said=sentence)
    if unseen := row.families_unseen(made):
        text = mark("No published run is of {gpus}: how fast they are is taken from what other GPUs reach.")
        yield note(text, gpus=", ".join(sorted(unseen)))
    if any(j.leaner for j in made.jobs):
        text = mark("Smaller shapes have the same loss by the law {law}; other data follow other laws: "
                    "mintmark calc scaling_fit fits your own.")  # fmt: skip
        yield note(text, law=made.target.law)
    if _least(made, 0) is None:
        yield note(mark("As one begins, no plan fits or keeps the bounds: the waterfall begins where one does."))
