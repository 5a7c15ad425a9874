"""Rungs: the learning curve that a run measured while it searched."""

from collections.abc import Mapping, Sequence
from typing import Any

from mintmark.base.errors import DataError, unknown
from mintmark.base.record import Measured, curve_of

MONEY = "value."
"""of measures whose unit is money: what they lose is what they are below 0"""


def rungs(
    trials: Sequence[Mapping[str, Any]], measures: Sequence[Measured], measure: str, where: str
) -> dict[str, list[float]]:
    """Sizes and errors: of the model with a learning curve, or else the best trial at each number of rows.

    An error is what is lost a case where trials go by money, 1 less the value where else more is better.
    Raises: DataError: no such measure, fewer than two numbers of rows, a measure that is no error.
    """
    better = {m.name.rsplit(".", 1)[-1]: m.better for m in measures}
    found: dict[float, float] = {}
    for t in curve_of(trials) or trials:
        name = measure or str(t.get("name", ""))
        value = (t.get("measures") or {}).get(name, t.get("value") if name == t.get("name") else None)
        if value is None or not t.get("rows"):
            continue
        up = (t.get("better") if name == t.get("name") else better.get(name)) == "up"
        whole = 0.0 if name.startswith(MONEY) else 1.0
        error = whole - float(value) if up else float(value)
        if not error > 0:
            what = f"{name} of a trial is {float(value):g}: that leaves no error above 0."
            raise DataError(what, where=where, fix='measure = "log_loss"')
        found[float(t["rows"])] = min(error, found.get(float(t["rows"]), float("inf")))
    if measure and trials and not found:
        known = {n for t in trials for n in (*(t.get("measures") or {}), t.get("name", ""))}
        raise unknown("measure", measure, known, where=where, error=DataError)
    if len(found) < 2:
        what = f"the trials of the run have {len(found)} different numbers of rows: no curve can be seen."
        fix = 'with = ["learning_curve"] in its recipe, or sizes = [...] and errors = [...] in its place.'
        raise DataError(what, where=where, fix=fix)
    sizes = sorted(found)
    return {"sizes": sizes, "errors": [found[n] for n in sizes]}
