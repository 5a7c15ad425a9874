"""Realised: what decisions have earned, held against what their model promised; and what that cannot say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mintmark.numerics import bootstrap
from mintmark.numerics.answers import Array
from mintmark.serving.outcomes import Outcomes

COLUMNS = ("at", "came", "version", "action", "expected", "outcome", "won", "at_mean")
UNLIKE = 0.1
"""shares of known outcomes that differ by more than this are said to differ"""


def figures(kept: Outcomes, now: float, delay_s: float | None, current: int) -> dict[str, Any]:
    """Of all decisions that are kept: how many outcomes are known, and the realised value beside the promised one.

    delay_s: so long after a decision can its outcome be unknown; None: nobody said. current: the version that answers.
    Units: money per case, intervals of 95 % from the percentile bootstrap, as those of the promise.
    """
    with kept.lock:
        c = {name: kept.column(name) for name in COLUMNS}
        versions, counts = dict(kept.versions), dict(kept.counts)
    terms = versions[current][1]
    known, young = ~np.isnan(c["outcome"]), c["at"] > now - (np.inf if delay_s is None else delay_s)
    said: dict[str, Any] = {
        "kept": "in a journal" if kept.lasting else "in memory: a restart forgets them",
        "since": datetime.fromtimestamp(c["at"].min(), UTC).isoformat(timespec="seconds") if len(known) else None,
        "label_delay_s": delay_s,
        "decisions": len(known),
        "matched": int(known.sum()),
        "waiting": int((~known & young).sum()),
        "overdue": int((~known & ~young).sum()),
        "early": int((known & young).sum()) if delay_s else 0,
        **{n: counts.get(n, 0) for n in ("unmatched", "duplicates", "revised", "lost")},
        "median_delay_s": float(np.median((c["came"] - c["at"])[known])) if known.any() else None,
        "currency": terms.money.currency if terms.money else None,
        "realised": _mean(c["won"][known]),
        "promised": _promised(c["version"][known & ~np.isnan(c["won"])], versions, current),
        "expected": _plain(c["expected"][known]),
    }
    if terms.kind == "classes":
        said |= _by_action(c, known)
    said["versions"] = [
        {
            "version": name,
            "run": its.run,
            "promised": its.promise and _interval(its.promise),
            **_part(c["version"] == number, c, known),
        }
        for number, (name, its) in versions.items()
        if number == current or (c["version"] == number).any()
    ]
    return said | {"notes": _notes(said, terms.money is not None, c, known)}


def _by_action(c: Mapping[str, Array], known: Array) -> dict[str, Any]:
    """Acted and passed apart, and the mean of both as often as they were decided, not as often as they are known."""
    acted = c["action"] != 0
    parts = {name: _part(some, c, known) for name, some in (("acted", acted), ("passed", ~acted))}
    paid = known & ~np.isnan(c["won"])
    share, weighted = float(acted.mean()) if len(acted) else 0.0, None
    needed = [some for some, part in ((acted, share), (~acted, 1 - share)) if part > 0]
    if needed and all((paid & some).any() for some in needed):
        n = {True: int((paid & acted).sum()), False: int((paid & ~acted).sum())}
        each = np.where(acted[paid], share / max(n[True], 1), (1 - share) / max(n[False], 1))
        weighted = _mean(c["won"][paid], each, acted[paid].astype(np.int64))
    return {**parts, "share_acted": share if len(acted) else None, "weighted": weighted}


def _part(some: Array, c: Mapping[str, Array], known: Array) -> dict[str, Any]:
    n, seen = int(some.sum()), int((some & known).sum())
    return {
        "decisions": n, "known": seen, "share_known": seen / n if n else None,
        "realised": _mean(c["won"][some & known]), "expected": _plain(c["expected"][some & known]),
    }  # fmt: skip


def _mean(won: Array, share: Array | None = None, strata: Array | None = None) -> dict[str, Any] | None:
    """Mean and interval of what is known; None of nothing."""
    if share is None:
        won = won[~np.isnan(won)]
        share = np.full(len(won), 1 / max(len(won), 1))
    if not len(won):
        return None
    strata = np.zeros(len(won), np.int64) if strata is None else strata
    drawn = bootstrap.means(won, share, strata, bootstrap.draws_for(len(won)), np.random.default_rng(0))
    mean, (low, high) = float((share * won).sum()), np.quantile(drawn, [0.025, 0.975])
    return {"per_case": mean, "low": min(float(low), mean), "high": max(float(high), mean), "rows": len(won)}


def _plain(expected: Array) -> dict[str, Any] | None:
    told = expected[~np.isnan(expected)]
    return {"per_case": float(told.mean()), "rows": len(told)} if len(told) else None


def _interval(promise: Mapping[str, Any]) -> dict[str, Any]:
    return {n: promise[n] for n in ("per_case", "low", "high", "source") if n in promise}


def _promised(version: Array, versions: Mapping[int, Any], current: int) -> dict[str, Any] | None:
    """What the versions promised, each as often as it took one of the decisions whose outcome is known."""
    numbers, counts = np.unique(version, return_counts=True) if len(version) else (np.array([current]), np.array([1]))
    promises = [versions[int(n)][1].promise for n in numbers]
    if any(p is None for p in promises):
        return None
    if len(promises) == 1:
        return _interval(promises[0])
    mixed = {n: float(np.average([p[n] for p in promises], weights=counts)) for n in ("per_case", "low", "high")}
    return mixed | {"source": f"{len(promises)} versions, each by its share of the decisions with a known outcome"}


def _notes(said: Mapping[str, Any], paid: bool, c: Mapping[str, Array], known: Array) -> list[str]:
    """What a reader must know before believing the mean, in sentences."""
    notes = []
    if not paid:
        notes.append("The recipe has no payoff, so no value is realised: outcomes are only counted.")
    elif said["promised"] is None:
        notes.append("The bundle carries no promise: package it anew to hold the realised value against one.")
    if 0 < said["matched"] < said["decisions"]:
        share = said["matched"] / said["decisions"]
        notes.append(f"The realised mean is only of the {share:.1%} of the decisions whose outcome is known.")
    acted, passed = (said.get(n, {}).get("share_known") for n in ("acted", "passed"))
    if acted is not None and passed is not None and abs(acted - passed) > UNLIKE:
        notes.append(
            f"Selective labels: of the cases acted on {acted:.0%} have a known outcome, of those passed {passed:.0%}. "
            "Where acting prevents an outcome from being seen, the mean over what is known is not that of all "
            "decisions; `weighted` counts acted and passed as often as they were decided, and still takes the known "
            "ones of each for like the unknown. A few cases decided by chance would tell."
        )
    if said["label_delay_s"] is None:
        notes.append(
            "Nobody said how long an outcome can take (label_delay): all that have none are counted as waiting."
        )
    elif said["early"]:
        notes.append(
            f"Outcomes that came before the label delay has passed: {said['early']}; those that come early are often "
            "not like those that come late."
        )
    if guessed := int((c["at_mean"] & known).sum()):
        notes.append(f"Decisions paid at mean amounts, as a column of their payoff was not known: {guessed}.")
    if paid and (blank := int((known & np.isnan(c["won"])).sum())):
        notes.append(f"Decisions with an outcome and no value, as a column of their payoff was not known: {blank}.")
    if said["lost"]:
        notes.append(f"Decisions that were not written down, as the disk failed for too long: {said['lost']}.")
    return notes
