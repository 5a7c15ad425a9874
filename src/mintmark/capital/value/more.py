"""More: what one more point of accuracy, one more row of data, and more cases are worth."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mintmark.base.words import mark
from mintmark.capital.value.assumed import Value
from mintmark.capital.value.flows import flows, per_case
from mintmark.capital.value.known import Known
from mintmark.capital.value.said import Said
from mintmark.capital.value.spread import quantiles
from mintmark.numerics.answers import Array

POINT = 0.01


def point(assumed: Value, run: Known | None, drawn: Mapping[str, Array]) -> dict[str, Any] | None:
    """What one more case in a hundred decided rightly is worth, over all years; None where nothing says so.

    Of two classes it costs as much as a wrong decision of the run does on average; else it is a hundredth of what
    still lies between the run and knowing all.
    """
    if assumed.accuracy is None:
        return None
    if assumed.accuracy.point is not None:
        each, how = drawn["accuracy.point"], Said(mark("as the file says, a case"))
    else:
        found = _of_errors(run, assumed)
        if found is None:
            return None
        each, how = np.full_like(drawn["plan.discount"], found[0]), found[1]
    return {**_mean(per_case(assumed, drawn) * each), "per_case": float(each.mean()), "how": how.plain()}


def _of_errors(run: Known | None, assumed: Value) -> tuple[float, Said] | None:
    gap = missed(run, assumed)
    if run is None or gap is None:
        return None
    acted, right, caught = (run.measures.get(f"value.{n}") for n in ("acted", "precision", "recall"))
    if acted and right and caught and caught.value > 0:
        hits = acted.value * right.value
        wrong = acted.value - hits + hits / caught.value - hits
        if wrong > POINT:
            said = Said(mark("(value.perfect less value.per_case) of run {run}, over the {wrong} of the cases that it "
                             "decides wrongly, times 0.01"), run=run.run, wrong=wrong)  # fmt: skip
            return gap * POINT / wrong, said
        if wrong > 0:
            said = Said(mark("all of value.perfect less value.per_case of run {run}: it decides only {wrong} of the "
                             "cases wrongly, less than a point"), run=run.run, wrong=wrong)  # fmt: skip
            return gap, said
    said = Said(mark("a hundredth of value.perfect less value.per_case of run {run}"), run=run.run)
    return gap * POINT, said


def missed(run: Known | None, assumed: Value) -> float | None:
    """Money a case between the run and knowing all, in the file's currency; None where the run does not say."""
    if run is None:
        return None
    mine, most = run.measures.get("value.per_case"), run.measures.get("value.perfect")
    if mine is None or most is None or most.value <= mine.value or not _priced(assumed, mine.unit):
        return None
    return (most.value - mine.value) * assumed.rate(mine.unit)


def row(assumed: Value, run: Known | None, drawn: Mapping[str, Array]) -> dict[str, Any]:
    """What one more row to learn from is worth, over all years: what is still missed falls as rows^-b.

    The result has `value` None, and says why, where nothing tells what is missed.
    Source: power laws of learning curves, Hestness et al., arXiv 1712.00409, 2017.
    """
    gap, n = missed(run, assumed), assumed.data.rows
    if gap is None or n is None or assumed.data.exponent is None:
        why = mark("No run with a payoff says what is still missed, or from how many rows it learnt.")
        return {"value": None, "how": Said(why).plain()}
    b = drawn["data.exponent"]
    how = Said(mark("what is still missed ({gap} a case) falls as rows^-b from {n} rows on, b as it stands below"),
               gap=gap, n=n)  # fmt: skip
    each = b * gap / n
    made = {**_mean(per_case(assumed, drawn) * each), "per_case": float(each.mean()), "rows": n, "how": how.plain()}
    if "data.cost_per_row" in drawn:
        cost = float(drawn["data.cost_per_row"].mean())
        # worth of a row falls as rows^-(b + 1): so many rows until one is worth no more than it costs
        power = 1 / (float(b.mean()) + 1)
        until = n * (made["value"] / cost) ** power if cost > 0 and made["value"] > 0 else None
        made |= {"cost": cost, "pays": made["value"] > cost, "rows_until": until}
    return made


def break_even(assumed: Value, drawn: Mapping[str, Array]) -> dict[str, Any] | None:
    """Cases a year from which on the plan gains, on average; None where no case brings money.

    What a plan is worth is a straight line in the number of cases: two points tell it.
    """
    if assumed.cases is None:
        return None
    volume = drawn["cases.per_year"]
    none = flows(assumed, {**drawn, "cases.per_year": np.zeros_like(volume)}).npv
    slope = flows(assumed, {**drawn, "cases.per_year": np.ones_like(volume)}).npv - none
    fixed, each = float(none.mean()), float(slope.mean())
    made: dict[str, Any] = {"per_case": each, "without_cases": fixed, "assumed": float(volume.mean())}
    if each <= 0:
        said = mark("no number of cases pays for it") if fixed < 0 else mark("it gains with few cases, not with many")
        return made | {"cases": None, "says": "never" if fixed < 0 else "at most", "how": Said(said).plain()}
    if fixed >= 0:
        return made | {
            "cases": 0.0,
            "says": "always",
            "how": Said(mark("it gains whatever number of cases comes")).plain(),
        }
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.sort(np.where(slope > 0, np.maximum(-none / slope, 0), np.inf))
    how = Said(mark("where mean worth without cases and mean worth a case cancel out"))
    return made | {"cases": -fixed / each, "says": "from", **quantiles(needed), "how": how.plain()}


def _mean(values: Array) -> dict[str, Any]:
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return {"value": float(values.mean()), "se": error}


def _priced(assumed: Value, currency: str) -> bool:
    return currency in (assumed.currency, *assumed.fx)
