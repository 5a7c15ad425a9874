"""Experiment: an A/B test of the model planned, and read without looking too often."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.words import mark
from mintmark.capital.methods.experiments import Walk, ab_sample_size, cuped, group_sequential
from mintmark.capital.table import columns
from mintmark.capital.value.assumed import Experiment
from mintmark.capital.value.said import Said
from mintmark.numerics.answers import Array

SAYS = {
    "better": mark("The model is better: the test can end."),
    "worse": mark("The model is worse: end the test and take it back."),
    "go on": mark("Not decided yet: go on to the next look."),
    "not seen": mark("The test is over and no difference was seen."),
}


def experiment(asked: Experiment, folder: Path, where: str) -> dict[str, Any]:
    """How many users the test needs, at which bounds it is looked at, and what its data say so far.

    folder: that the file of data lies in.
    Raises: RecipeError, DataError: the file cannot be read, or has not two variants (names them).
    """
    bounds = group_sequential(looks=asked.looks, alpha=asked.alpha, kind=asked.kind)["bounds"]
    fixed = ab_sample_size(
        relative_effect=asked.relative_effect, rate=asked.rate, sd=asked.sd,
        mean=None if asked.rate is not None else asked.mean, correlation=asked.correlation, alpha=asked.alpha,
        power=asked.power,
    )["users"]  # fmt: skip
    more = inflation(np.array(bounds), asked.alpha, asked.power)
    users = math.ceil(fixed * more * (1 - 1e-9))
    made: dict[str, Any] = {
        "users": users, "fixed": fixed, "inflation": more, "bounds": bounds, "kind": asked.kind, "looks": asked.looks,
        "alpha": asked.alpha, "power": asked.power, "cuped": 1 - asked.correlation**2,
        "days": math.ceil(2 * users / asked.users_per_day) if asked.users_per_day else None, "read": None,
    }  # fmt: skip
    return made | ({"read": _read(asked, folder, bounds, users, where)} if asked.data else {})


def inflation(bounds: Array, alpha: float, power: float) -> float:
    """Times more users than a test that is looked at once, so that looking often costs none of its power.

    Source: Jennison, Turnbull, Group Sequential Methods, 2000, section 2.3.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    once = float(ndtri(power) - ndtri(alpha / 2))
    if len(bounds) == 1:
        return 1.0
    at = np.arange(1, len(bounds) + 1) / len(bounds)

    def lacks(drift: float) -> float:
        walk = Walk(drift)
        return sum(walk.look(t, b) for t, b in zip(at.tolist(), bounds.tolist(), strict=True)) - power

    return float(brentq(lacks, 0.5 * once, 2 * once, xtol=1e-6)) ** 2 / once**2


def _read(asked: Experiment, folder: Path, bounds: list[float], users: int, where: str) -> dict[str, Any]:
    path = folder / asked.data
    numbers = [asked.value, *([asked.before] if asked.before else [])]
    table = columns(path, numbers, f"{where}: experiment.data", [asked.variant])
    names = sorted(set(table[asked.variant].tolist()))
    if len(names) != 2 or asked.control not in names:
        what = f"column {asked.variant!r} has the variants {', '.join(names[:6])}; two are wanted, one of them control."
        raise DataError(what, where=str(path), fix=f'experiment.control = "{names[0]}", and one other variant.')
    mine = table[asked.variant] != asked.control
    value, before = table[asked.value], table[asked.before] if asked.before else None
    made = cuped(value[~mine], value[mine], *([] if before is None else [before[~mine], before[mine]]))
    look = asked.look or asked.looks
    if look > len(bounds):
        raise RecipeError(f"there is no look {look}.", where=f"{where}: experiment.look", fix=f"look = {len(bounds)}")
    bound = bounds[look - 1]
    wanted = math.copysign(made.z, made.z * asked.relative_effect * (asked.mean or 1))  # above 0: as hoped for
    decided = "better" if wanted >= bound else "worse" if wanted <= -bound else None
    says = decided or ("not seen" if look == asked.looks else "go on")
    control = float(value[~mine].mean())
    return {
        "control": int((~mine).sum()), "treated": int(mine.sum()), "control_mean": control, "value": made.value,
        "se": made.error, "low": made.low, "high": made.high, "relative": made.value / control if control else None,
        "z": made.z, "look": look, "bound": bound, "variance_left": made.share, "planned": users, "says": says,
        "how": Said(SAYS[says]).plain(),
    }  # fmt: skip
