"""Row: one plan, or one layout that does not fit, as plain values."""

from typing import Any

from mintmark.capital.methods.training import energy
from mintmark.capital.planning import calibration, device, memory, speed
from mintmark.capital.planning.layout import PRECISIONS, RECOMPUTE
from mintmark.capital.planning.offer import Offer
from mintmark.capital.planning.space import BATCHED, FLEET, LEANER, SHARED, TRANSFER, Found
from mintmark.capital.planning.study import Study

STRATEGIES = {"leaner": LEANER, "layout": SHARED, "transfer": TRANSFER, "fleet": FLEET, "batch": BATCHED}
"""the five strategies in the order of the specification"""


def row(made: Study, at: int) -> dict[str, Any]:
    """A plan.   Units: those in the names; money in the file's currency; GB = 1e9 bytes."""
    kept, drawn = made.kept, made.drawn
    one = kept.found.take([at])  # type: ignore[arg-type]
    x, job = one.layouts, made.jobs[int(one.job[0])]
    machine, spot = made.machines[int(one.machine[0])], bool(kept.spot[at])
    offer = machine.spot if spot else machine.demand
    assert offer is not None
    times, needed = speed.step(x, calibration.coefficients()), memory.need(x)
    parts = ("compute", "again", "tensor", "stages", "bubble", "data", "update")
    gpus, step_s = int(x.gpus[0]), float(one.step_s[0])
    hours = float(kept.days[at]) * 24 * gpus
    used, green = int(kept.used[at]), made.plan.energy
    spent = energy(gpu_hours=hours, watts=float(x.watts[0]), pue=green.pue.centre(), t_per_mwh=green.t_per_mwh.centre())
    return {
        "cost": {q: float(drawn[f"cost_{q}"][at]) for q in ("p10", "p50", "p80", "p90", "se")},
        "days": {q: float(drawn[f"days_{q}"][at]) for q in ("p10", "p50", "p80", "p90", "se")},
        "gpu": machine.device.name, "gpus": gpus, **_bought(offer, spot), **layout(one, 0), "method": job.method,
        "parameters": job.shape.parameters, "hidden": job.shape.hidden, "layers": job.shape.layers,
        "tokens": float(one.tokens[0]), "step_s": step_s,
        "parts": {p: float(getattr(times, p)[0]) for p in parts},
        "tokens_per_s": float(x.batch[0] * x.seq[0]) / step_s,
        "mfu": float((x.flops * x.batch * x.seq / (x.gpus * x.peak))[0]) / step_s,
        "memory_gb": {"needed": float(one.gb[0]), "of": float(x.memory_gb[0]), "states": float(needed.states[0]),
                      "activations": float(needed.activations[0]), "gathered": float(needed.gathered[0])},
        "gpu_hours": hours, "kwh": spent["mwh"] * 1000, "t_co2": spent["t_co2"],
        "checkpoint_minutes": float(kept.every_h[at]) * 60, "checkpoint_takes_s": float(kept.dump_h[at]) * 3600,
        "strategies": [name for name, bit in STRATEGIES.items() if used & bit],
    }  # fmt: skip


def rejected(made: Study, found: Found) -> list[dict[str, Any]]:
    """Layouts that do not fit, and by how much."""
    need = memory.need(found.layouts)
    return [_rejected(made, found, need, at) for at in range(len(found))]


def _rejected(made: Study, found: Found, need: memory.Need, at: int) -> dict[str, Any]:
    machine, job, x = made.machines[int(found.machine[at])], made.jobs[int(found.job[at])], found.layouts
    return {
        "gpu": machine.device.name, "gpus": int(x.gpus[at]), **layout(found, at), "method": job.method,
        "parameters": job.shape.parameters, "needed_gb": float(found.gb[at]), "of_gb": float(x.memory_gb[at]),
        "over_gb": float(found.gb[at] - x.memory_gb[at]), "states_gb": float(need.states[at]),
        "activations_gb": float(need.activations[at]),
    }  # fmt: skip


def layout(found: Found, at: int) -> dict[str, Any]:
    """How the work is laid out."""
    x = found.layouts
    whole = ("tensor", "pipeline", "interleave", "zero", "micro_batch", "batch")
    return {
        "precision": PRECISIONS[int(x.precision[at])], "data": int(x.data[at]),
        **{k: int(getattr(x, k)[at]) for k in whole},
        "accumulate": int(x.micro_batches[at]), "batch_tokens": float(x.batch[at] * x.seq[at]),
        "sequence_parallel": bool(x.sequence_parallel[at]), "recompute": RECOMPUTE[int(x.recompute[at])],
    }  # fmt: skip


def _bought(offer: Offer, spot: bool) -> dict[str, Any]:
    low, mid, high = (offer.spot if spot else offer.price) or (0.0, 0.0, 0.0)
    return {
        "cloud": offer.cloud, "instance": offer.instance, "spot": spot, "dated": offer.dated, "source": offer.source,
        "usd_per_gpu_hour": {"low": low, "mid": mid, "high": high},
    }  # fmt: skip


def families_unseen(made: Study) -> list[str]:
    """GPUs of which no run was published: their speed rests on what others reach."""
    seen = {device.devices()[r["device"]].family for r in calibration.runs()}
    names = {m.device.name: m.device.family for m in made.machines}
    return [n for n, family in names.items() if family not in seen]
