"""Loyalty: what a file of transactions says of how often customers will buy again and what they are worth."""

from typing import Any

import numpy as np

from mintmark.base.errors import DataError
from mintmark.base.words import mark
from mintmark.capital.pricing.reading import Cohort
from mintmark.capital.pricing.study import Array, Study
from mintmark.numerics import customers
from mintmark.numerics.likelihood import Found

WEEKS = 52.1775
"""in a year"""
QUARTERS = 12
FEWEST = 30
TOP = 10


def loyalty(study: Study, cohort: Cohort | None) -> dict[str, Any]:
    """Who is still there, how often they will buy in the next year, what they spend, and their worth over three years.

    Raises: DataError: fewer than 30 customers, or nobody came back.
    """
    if cohort is None:
        return {}
    where = "transactions"
    if len(cohort.names) < FEWEST:
        what = f"there are {len(cohort.names)} customers; {FEWEST} are needed."
        raise DataError(what, where=where, fix="the transactions of more customers.")
    bought = customers.bg_nbd_fit(cohort.frequency, cohort.recency, cohort.age, where=where)
    if bought.open:
        study.say(mark("The transactions do not tell all four parameters of repeat buying: take the figures as rough."))
    history, back = np.unique(
        np.column_stack([cohort.frequency, cohort.recency, cohort.age]), axis=0, return_inverse=True
    )
    x, tx, t = history.T
    back = back.ravel()
    alive = customers.bg_nbd_alive(bought.values, x, tx, t)[back]
    ahead = np.linspace(0, 3 * WEEKS, QUARTERS + 1)
    path = np.stack([customers.bg_nbd_expect(bought.values, x, tx, t, h) for h in ahead])
    spent, each = _spent(study, cohort)
    rate = (1 + study.plan.discount) ** (-(np.arange(QUARTERS) + 0.5) / 4)
    worth = (rate @ np.diff(path, axis=0))[back] * each * study.plan.transactions.margin
    year = path[QUARTERS // 3][back]
    order = np.argsort(-worth)
    tenth = max(1, len(worth) // 10)
    total = float(worth.sum())
    return {
        "customers": len(cohort.names), "until": cohort.until, "came_back": float((cohort.frequency > 0).mean()),
        "bg_nbd": _fitted(bought, ("r", "alpha", "a", "b")), "gamma_gamma": spent,
        "alive": float(alive.sum()), "alive_share": float(alive.mean()),
        "purchases_next_year": float(year.sum()), "purchases_a_customer": float(year.mean()),
        "worth": float(worth.mean()), "worth_in_all": total,
        "top_tenth": float(worth[order[:tenth]].sum() / total) if total > 0 else 0.0,
        "best": [
            {
                "customer": str(cohort.names[i]), "purchases": int(cohort.frequency[i]) + 1, "p_alive": float(alive[i]),
                "next_year": float(year[i]), "worth": float(worth[i]),
            }
            for i in order[:TOP]
        ],
        "alive_by_count": _by_count(cohort.frequency, alive, year),
    }  # fmt: skip


def _spent(study: Study, cohort: Cohort) -> tuple[dict[str, Any], Array]:
    """The law of what customers spend, and what each is expected to spend at a time.

    It takes what one spends and how often one buys for independent: where they go together it is said.
    """
    again = cohort.frequency > 0
    x, m = cohort.frequency[again], cohort.mean[again]
    if again.sum() < 3 or np.ptp(m) == 0:
        mean = float(m.mean())
        return {"mean": mean}, np.full(len(again), mean)
    found = customers.gamma_gamma_fit(x, m, "transactions: amount")
    together = float(np.corrcoef(x, m)[0, 1]) if np.ptp(x) > 0 else 0.0
    if abs(together) > 0.3:
        study.say(
            mark(
                "How much customers spend and how often they buy go together (correlation {r}): their worth is rough."
            ),
            r=together,
        )
    each = customers.gamma_gamma_expect(found.values, cohort.frequency, np.where(again, cohort.mean, 0.0))
    if not np.isfinite(each).all():
        each = np.where(np.isfinite(each), each, float(np.average(m, weights=x)))
        study.say(mark("The law of what customers spend has no mean; the plain mean stands for who never came back."))
    mean = float(customers.gamma_gamma_expect(found.values, np.zeros(1), np.zeros(1))[0])
    return _fitted(found, ("p", "q", "gamma")) | {
        "mean": mean if np.isfinite(mean) else None,
        "correlation": together,
    }, each


def _fitted(found: Found, names: tuple[str, ...]) -> dict[str, Any]:
    low, high = found.between()
    values = {n: float(v) for n, v in zip(names, found.values, strict=True)}
    between = {
        n: [float(a), float(b)] if np.isfinite([a, b]).all() else None for n, a, b in zip(names, low, high, strict=True)
    }
    return values | {"between": between, "log_likelihood": found.log_likelihood}


def _by_count(frequency: Array, alive: Array, year: Array) -> list[dict[str, Any]]:
    """By how often customers came back: how many, still there, purchases in the next year."""
    rows = []
    for low, high in ((0, 0), (1, 1), (2, 3), (4, 6), (7, np.inf)):
        these = (frequency >= low) & (frequency <= high)
        if these.any():
            rows.append(
                {
                    "from": low, "to": None if np.isinf(high) else int(high), "customers": int(these.sum()),
                    "p_alive": float(alive[these].mean()), "next_year": float(year[these].mean()),
                }
            )  # fmt: skip
    return rows
