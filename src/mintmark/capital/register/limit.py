"""Limit: where an indicator's chart raises an alarm, set for a stated rate of false alarms, and what it has seen."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.methods.control import cusum_arl, ewma_arl
from mintmark.capital.register.indicator import CUSTOM, WATCH, Indicator, Trigger
from mintmark.numerics import drift

LOOKS = 20
"""looks that a window counts for: a server moves it on by a twentieth"""
SOURCES = {
    "psi": "Yurdakul, Naranjo, Journal of Risk Model Validation 14(4), 2020; least 0.1: Siddiqi, 2006",
    "ks": "Smirnov, Annals of Mathematical Statistics 19, 1948",
    "share": "binomial distribution; Montgomery, Introduction to Statistical Quality Control, chapter 7",
    "mean": "normal distribution of a mean; Montgomery, Introduction to Statistical Quality Control, chapter 6",
    "cusum": "Page, Biometrika 41, 1954; Brook, Evans, Biometrika 59, 1972",
    "ewma": "Crowder, Technometrics 29, 1987; Lucas, Saccucci, Technometrics 32, 1990",
    "fixed": "as the register has it",
}


def limits(of: Indicator, trigger: Trigger | None, where: str) -> dict[str, Any]:
    """The limits of an indicator, how often they raise a false alarm, and what its values so far say.

    Of a window (psi, ks, share, mean): the share of windows with a false alarm is at most 1 / one_in, by Bonferroni
    over the twenty places of a window that moves on. Of cusum and ewma: one_in is the mean number of values between
    false alarms, and delay that until a shift is seen.
    Units: above and below as the figure; delay in values.
    Raises: RecipeError: a limit that the figure cannot reach, one that is not set.
    """
    made: dict[str, Any] = {
        "label": of.label, "watch": of.watch, "chart": of.kind, "one_in": of.one_in, "rows": of.rows, "above": None,
        "below": None, "delay": None, "seen": None, "source": SOURCES[of.kind],
    }  # fmt: skip
    try:
        made |= MAKERS[of.kind](of) if of.kind in MAKERS else _windowed(of)
    except (RecipeError, DataError) as exc:
        what = f"no limit of a {of.kind} chart has one false alarm in {of.one_in:g}: {exc.what}"
        raise RecipeError(
            what, where=f"{where}.indicator", fix="a smaller one_in, or a larger shift or weight."
        ) from None
    if trigger and (trigger.above is not None or trigger.below is not None):
        made |= {"above": trigger.above, "below": trigger.below, "source": SOURCES["fixed"]}
    if trigger and made["above"] is not None and made["below"] is not None:
        raise RecipeError("a trigger has one side.", where=f"{where}.indicator.side", fix='side = "below"')
    if trigger and made["above"] is None and made["below"] is None:
        raise RecipeError("nothing says where it fires.", where=f"{where}.trigger", fix="above = 0.25")
    if trigger:
        _reachable(of, made, where)
    return made


def _reachable(of: Indicator, made: dict[str, Any], where: str) -> None:
    _, least, most = WATCH[of.watch.partition(":")[0]]
    for side, limit in (("above", made["above"]), ("below", made["below"])):
        if limit is not None and (limit >= most if side == "above" else limit <= least):
            what = (
                f"the trigger cannot be reached: {of.watch} lies between {least:g} and {most:g}, never {side} "
                f"{limit:g}."
            )
            raise RecipeError(what, where=f"{where}.trigger.{side}", fix="another limit, or more rows in a window.")


def _windowed(of: Indicator) -> dict[str, Any]:
    if of.kind == "fixed":
        return {}
    alpha = 1 / of.one_in / LOOKS
    if of.kind == "psi":
        return {"above": max(CUSTOM["psi"], drift.psi_chance(alpha, of.bins, of.rows, of.reference_rows))}
    if of.kind == "ks":
        return {"above": drift.ks_chance(alpha, of.rows, of.reference_rows)}
    each = alpha / 2 if of.side == "both" else alpha
    above, below = _share(of, each) if of.kind == "share" else _mean(of, each)
    return {"above": None if of.side == "below" else above, "below": None if of.side == "above" else below}


def _share(of: Indicator, alpha: float) -> tuple[float, float]:
    """The most and least shares of a window that do not come up by chance more often than alpha."""
    from scipy.stats import binom

    return (float(binom.isf(alpha, of.rows, of.mean or 0.0)) / of.rows,
            float(binom.ppf(alpha, of.rows, of.mean or 0.0)) / of.rows)  # fmt: skip


def _mean(of: Indicator, alpha: float) -> tuple[float, float]:
    from scipy.stats import norm

    off = float(norm.isf(alpha)) * (of.sd or 0.0) / math.sqrt(of.rows)
    return (of.mean or 0.0) + off, (of.mean or 0.0) - off


def _cusum(of: Indicator) -> dict[str, Any]:
    """k is half the shift; h the one whose mean run without a shift is one_in values long."""
    k, sides = of.shift / 2, 2 if of.side == "both" else 1
    h = _root(lambda h: float(cusum_arl(k=k, h=h, sides=sides)["arl"]), of.one_in, 0.01, 4.0)
    delay = float(cusum_arl(k=k, h=h, shift=of.shift, sides=sides)["arl"])
    return {"k": k, "h": h, "delay": delay, "seen": _seen_cusum(of, k, h)}


def _ewma(of: Indicator) -> dict[str, Any]:
    length = _root(lambda x: float(ewma_arl(lambda_=of.weight, L=x)["arl"]), of.one_in, 0.05, 3.0)
    off = length * math.sqrt(of.weight / (2 - of.weight)) * (of.sd or 0.0)
    delay = float(ewma_arl(lambda_=of.weight, L=length, shift=of.shift)["arl"])
    made = {"L": length, "delay": delay, "seen": _seen_ewma(of, off)}
    mean = of.mean or 0.0
    return made | {
        "above": None if of.side == "below" else mean + off,
        "below": None if of.side == "above" else mean - off,
    }


MAKERS: dict[str, Callable[[Indicator], dict[str, Any]]] = {"cusum": _cusum, "ewma": _ewma}


def _root(arl: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """The limit whose mean run has this length; runs grow with limits."""
    from scipy.optimize import brentq

    while arl(high) < wanted:
        low, high = high, high * 1.5
    return float(brentq(lambda x: math.log(arl(x) / wanted), low, high, xtol=1e-6)) if arl(low) < wanted else low


def _seen_cusum(of: Indicator, k: float, h: float) -> dict[str, Any] | None:
    up = down = 0.0
    path = []
    for value in of.values:
        z = (value - (of.mean or 0.0)) / (of.sd or 1.0)
        up, down = max(0.0, up + z - k), max(0.0, down - z - k)
        path.append({"above": up, "below": down, "both": max(up, down)}[of.side])
    return _said(path, [x > h for x in path])


def _seen_ewma(of: Indicator, off: float) -> dict[str, Any] | None:
    now = mean = of.mean or 0.0
    path, over = [], []
    for value in of.values:
        now = of.weight * value + (1 - of.weight) * now
        path.append(now)
        away = {"above": now - mean, "below": mean - now, "both": abs(now - mean)}[of.side]
        over.append(away > off)
    return _said(path, over)


def _said(path: Sequence[float], over: Sequence[bool]) -> dict[str, Any] | None:
    """Where the chart stands after each value, and at which it raised its first alarm, from 1 on."""
    return {"path": list(path), "alarm": over.index(True) + 1 if True in over else None} if path else None
