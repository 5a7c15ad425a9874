"""Study: a plan's question worked through: all layouts weighed, timed and priced. answer.py says what came out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.capital.planning import bill, calibration, catalogue, device, goal, machine, offer, space
from mintmark.capital.planning import shape as shapes
from mintmark.capital.planning.bill import Offered
from mintmark.capital.planning.file import Model, Plan
from mintmark.capital.planning.machine import Machine
from mintmark.capital.planning.note import Note
from mintmark.capital.planning.shape import Shape
from mintmark.capital.planning.space import Found, Job
from mintmark.numerics.answers import Array

DEFAULT_SEQ = 2048
MOST = 20
"""plans of each set of strategies, machine and job whose costs are drawn"""
MOST_LAYOUTS = 5_000_000


@dataclass(frozen=True)
class Study:
    """All that is known when the work is done."""

    plan: Plan
    where: str
    shape: Shape
    target: goal.Target
    machines: list[Machine]
    jobs: list[Job]
    first: str
    """the GPU that the waterfall begins with"""
    layouts: int
    """that were weighed"""
    kept: Offered
    """the best of each kind"""
    drawn: dict[str, Array]
    used: Array
    """strategies as bits of all plans that fit, those too that keep no bounds"""
    rejected: list[Found]
    """too large for memory, a part for each machine, number of GPUs, precision and job"""
    weighed: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """of a machine and job: how many layouts, and how many fit"""
    notes: list[Note] = field(default_factory=list)


def study(plan: Plan, where: str, folder: Path, prices: Path | None = None) -> Study:
    """Raises: RecipeError: a shape or a goal that cannot be, an unknown GPU, bounds that no plan keeps.
    DataError: a config or a price list that cannot be worked with, a model that fits on no GPU.
    """
    shape = shape_of(plan.model, where, folder)
    target = goal.target(plan.goal, shape, where)
    offers, notes = _offers(plan, where, folder, prices)
    machines = machine.machines(offers, plan.fleet.spot)
    if not machines:
        what = "none of these GPUs has a price on demand, and spot is not asked for."
        raise RecipeError(what, where=f"{where}: fleet.gpus", fix="spot = true, or other GPUs.")
    jobs = space.jobs(plan, goal.leaner(target, shape, plan.leaner))
    first = plan.fleet.gpus[0] if plan.fleet.gpus else machines[0].device.name
    first = device.canonical(first)
    weighed: dict[tuple[int, int], list[int]] = {}
    rejected: list[Found] = []
    kept = list(_weighed(plan, where, target, machines, jobs, weighed, rejected))
    n = sum(w[0] for w in weighed.values())
    if not n:
        counts = ", ".join(map(str, plan.fleet.gpu_counts[:8]))
        what = (
            f"nothing can be laid out: no machine comes in {counts} GPUs, none has the precision and the shares "
            "asked for, or a step is too small for them."
        )
        fix = f"gpu_counts = [{machines[0].node}, {4 * machines[0].node}]"
        raise RecipeError(what, where=f"{where}: fleet.gpu_counts", fix=fix)
    if not kept:
        raise _nowhere(shape, machines, rejected, where)
    bound = plan.goal.most_days or np.inf
    every = bill.offered(plan, space.joined(kept), machines, first)
    offered = bill.screened(every, MOST, bound)
    if not len(offered):
        what = "no plan ever ends: what interrupts it comes sooner than it is taken up again."
        raise RecipeError(what, where=f"{where}: spot", fix="fewer reclaimed_per_hour, shorter restart_minutes.")
    drawn = bill.drawn(plan, offered, machines, jobs)
    best, drawn = _within(plan, where, offered, drawn)
    return Study(
        plan, where, shape, target, machines, jobs, first, n, best, drawn, every.used, rejected, weighed, notes
    )  # fmt: skip


def shape_of(model: Model, where: str, folder: Path) -> Shape:
    """The shape that a file describes.   Raises: RecipeError: sizes that do not fit together."""
    given = {k: v for k, v in model.model_dump().items() if v is not None and k not in ("name", "config")}
    known = shapes.from_config(folder / model.config) if model.config else {}
    made = shapes.whole({"seq": DEFAULT_SEQ} | known | given)
    at = f"{where}: model"
    if made.hidden % made.heads and "head_dim" not in known | given:
        what = f"hidden, {made.hidden}, is no multiple of heads, {made.heads}."
        raise RecipeError(what, where=f"{at}.heads", fix="other heads, or head_dim = 128.")
    if made.heads % made.kv_heads:
        what = f"heads, {made.heads}, is no multiple of kv_heads, {made.kv_heads}."
        raise RecipeError(what, where=f"{at}.kv_heads", fix=f"kv_heads = {made.heads}")
    return made


def _offers(plan: Plan, where: str, folder: Path, prices: Path | None) -> tuple[list[offer.Offer], list[Note]]:
    """Those of the fleet: of a price list that is handed in, else of the file's, else of the built-in sheet."""
    listed = prices or (folder / plan.fleet.prices if plan.fleet.prices else None)
    offers, notes = catalogue.read(listed) if listed else (offer.built_in(), [])
    gpus = [device.find(name, f"{where}: fleet.gpus").name for name in plan.fleet.gpus]
    clouds = {o.cloud for o in offers}
    for name in plan.fleet.clouds:
        if name not in clouds:
            raise unknown("cloud", name, clouds, where=f"{where}: fleet.clouds")
    found = offer.chosen(offers, gpus, plan.fleet.clouds)
    if not found:
        what = f"no offer of {', '.join(plan.fleet.gpus) or 'these GPUs'} is listed."
        fix = f"one of {', '.join(sorted({o.gpu for o in offers})[:12])}."
        raise RecipeError(what, where=f"{where}: fleet.gpus", fix=fix)
    return found, notes


def _weighed(
    plan: Plan,
    where: str,
    target: goal.Target,
    machines: list[Machine],
    jobs: list[Job],
    weighed: dict[tuple[int, int], list[int]],
    rejected: list[Found],
) -> Iterator[Found]:
    """The best layouts on each number of machines; what does not fit is added to `rejected`."""
    coefficients = calibration.coefficients()
    for i, one in enumerate(machines):
        fitting: dict[int, list[Found]] = {}
        for grid in space.grids(plan, target, one, i, jobs):
            grid = space.weigh(grid)
            fits = grid.gb <= one.device.memory_gb
            count = weighed.setdefault((i, int(grid.job[0])), [0, 0])
            count[0] += len(grid)
            count[1] += int(fits.sum())
            if not fits.all():
                rejected.append(grid.take(np.flatnonzero(~fits)))
            if fits.any():
                timed = space.time(grid.take(np.flatnonzero(fits)), coefficients)
                fitting.setdefault(int(grid.layouts.gpus[0]), []).append(timed)
            if sum(w[0] for w in weighed.values()) > MOST_LAYOUTS:
                what = f"there are more than {MOST_LAYOUTS:,} layouts."
                fix = "fewer gpus, gpu_counts, micro_batches or leaner."
                raise RecipeError(what, where=f"{where}: layouts", fix=fix)
        for parts in fitting.values():
            yield space.best(space.marked(space.joined(parts)))


def _nowhere(shape: Shape, machines: list[Machine], rejected: list[Found], where: str) -> DataError:
    """What to say of a model that fits on no GPU."""
    over = [float((r.gb - r.layouts.memory_gb).min()) for r in rejected]
    part = rejected[int(np.argmin(over))]
    at = int(np.argmin(part.gb - part.layouts.memory_gb))
    x, name = part.layouts, machines[int(part.machine[at])].device.name
    what = (
        f"a model of {shapes.short(shape.parameters)} parameters fits on none of these GPUs: the nearest layout, "
        f"{int(x.gpus[at])} {name}, needs {part.gb[at]:.1f} GB of each, {min(over):.1f} GB more than it has."
    )
    fix = 'more GPUs in gpu_counts, GPUs with more memory, or [transfer] methods = ["qlora"].'
    return DataError(what, where=where, fix=fix)


def _within(plan: Plan, where: str, made: Offered, drawn: dict[str, Array]) -> tuple[Offered, dict[str, Array]]:
    """The plans that keep the bounds.   Raises: RecipeError: none does."""
    days, cost = plan.goal.most_days or np.inf, plan.goal.most_cost or np.inf
    keeps = (drawn["days_p80"] <= days) & (drawn["cost_p80"] <= cost)
    if not keeps.any():
        fast, cheap = int(np.argmin(drawn["days_p80"])), int(np.argmin(drawn["cost_p80"]))
        bound = "most_days" if drawn["days_p80"][fast] > days else "most_cost"
        what = (
            f"no plan keeps it in 8 of 10 chances: the fastest takes {drawn['days_p80'][fast]:.3g} days for "
            f"{drawn['cost_p80'][fast]:,.4g} {plan.currency}, the cheapest {drawn['days_p80'][cheap]:.3g} days for "
            f"{drawn['cost_p80'][cheap]:,.4g} {plan.currency}."
        )
        raise RecipeError(what, where=f"{where}: goal.{bound}", fix="more time or money, a smaller goal, or more GPUs.")
    at = np.flatnonzero(keeps)
    return made.take(at), {k: v[at] for k, v in drawn.items()}
