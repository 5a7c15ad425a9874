"""Customers: how often they come back, whether they are still there, how long they stay, what one is worth."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from mintmark.base.errors import DataError, RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import Fraction, NotNegative, Positive, Whole
from mintmark.numerics import customers

Counts = NotNegative | list[NotNegative]
Periods = Annotated[Whole, Field(le=10_000)]


@calculator(
    unit={"r": "1", "alpha": "time unit of the data", "a": "1", "b": "1", "log_likelihood": "nats"},
    formula="purchases come at a rate lambda ~ Gamma(r, alpha) while a customer is there; after each one he leaves for "
    "good with chance p ~ Beta(a, b); the four are those of the largest likelihood",
    source="Fader, Hardie, Lee 2005, Marketing Science 24(2), eq. 6",
)
def bg_nbd_fit(csv: str) -> dict[str, Any]:
    """Parameters of the BG/NBD model of repeat buying, from a row for each customer.

    csv: columns frequency (purchases after the first), recency (time of the last of them, 0 for none), T (time since
    the first), and weights (customers a row stands for) if there are any.
    """
    from mintmark.capital.table import columns

    where = "bg_nbd_fit: csv"
    weights = _weights(csv, where)
    table = columns(csv, ["frequency", "recency", "T", *weights], where)
    found = customers.bg_nbd_fit(table["frequency"], table["recency"], table["T"], table.get("weights"), where)
    return dict(zip(("r", "alpha", "a", "b"), found.values.tolist(), strict=True)) | {
        "log_likelihood": found.log_likelihood
    }


@calculator(
    unit={"purchases": "purchases", "p_alive": "1"},
    formula="E[X] = (a+b+x-1)/(a-1) [1 - ((alpha+T)/(alpha+T+h))^(r+x) 2F1(r+x, b+x; a+b+x-1; h/(alpha+T+h))] "
    "P(alive), h the horizon; "
    "P(alive) = 1/(1 + a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x)) for x > 0, else 1",
    source="Fader, Hardie, Lee 2005, Marketing Science 24(2), eq. 10, and their note on P(alive), 2008",
)
def bg_nbd_expect(
    r: Positive, alpha: Positive, a: Positive, b: Positive, x: Counts, t_x: Counts, T: Counts, horizon: Counts
) -> dict[str, Any]:
    """Purchases that a customer with this history will make within the horizon, and the chance that he is still there.

    x, t_x, T: purchases after the first, time of the last of them, time since the first; lists for several customers.
    """
    names, given = ("x", "t_x", "T", "horizon"), (x, t_x, T, horizon)
    several = [len(v) for v in given if isinstance(v, list)]
    for name, v in zip(names, given, strict=True):
        if isinstance(v, list) and len(v) != several[0]:
            what = f"has {len(v)} values, others have {several[0]}."
            raise RecipeError(what, where=f"bg_nbd_expect: {name}", fix="lists of one length, or single numbers.")
    count, last, age, ahead = np.broadcast_arrays(*(np.asarray(v, float) for v in given))
    _history(count, last, age)
    made = customers.bg_nbd_expect((r, alpha, a, b), count, last, age, ahead)
    alive = customers.bg_nbd_alive((r, alpha, a, b), count, last, age)
    alive = np.broadcast_to(alive, count.shape)
    if several:
        return {"purchases": made.tolist(), "p_alive": alive.tolist()}
    return {"purchases": float(made), "p_alive": float(alive)}


def _history(x: Any, last: Any, age: Any) -> None:
    for name, wrong, rule in (
        ("x", x != np.floor(x), "must be a whole number."),
        ("t_x", last > age, "must be at most T."),
        ("t_x", (x == 0) & (last > 0), "must be 0 where x is 0: nothing came after the first purchase."),
    ):
        if np.any(wrong):
            raise RecipeError(
                rule, where=f"bg_nbd_expect: {name}", fix="purchases after the first one, and their time."
            )


@calculator(
    unit={"alpha": "1", "beta": "1", "gamma": "1", "delta": "1", "log_likelihood": "nats"},
    formula="in each period a customer who is there buys with chance p ~ Beta(alpha, beta), and leaves before it with "
    "chance theta ~ Beta(gamma, delta); the four are those of the largest likelihood",
    source="Fader, Hardie, Shang 2010, Marketing Science 29(6), eq. 3",
)
def bg_bb_fit(csv: str) -> dict[str, Any]:
    """Parameters of the BG/BB model of buying at most once a period, from a row for each history.

    csv: columns frequency (periods with a purchase), recency (the last of them, 0 for none), periods (how many were
    watched), and weights (customers a row stands for) if there are any.
    """
    from mintmark.capital.table import columns

    where = "bg_bb_fit: csv"
    weights = _weights(csv, where)
    table = columns(csv, ["frequency", "recency", "periods", *weights], where)
    found = customers.bg_bb_fit(table["frequency"], table["recency"], table["periods"], table.get("weights"), where)
    names = ("alpha", "beta", "gamma", "delta")
    return dict(zip(names, found.values.tolist(), strict=True)) | {"log_likelihood": found.log_likelihood}


def _weights(csv: str, where: str) -> list[str]:
    from mintmark.capital.table import header

    return ["weights"] if "weights" in header(csv, where) else []


@calculator(
    unit={"a": "1", "b": "1", "survival": "as survival is given: shares or percent"},
    formula="each customer leaves with a chance theta ~ Beta(a, b) a period: S(t) = B(a, b+t)/B(a, b); a and b are "
    "those of the largest likelihood of the numbers who left in each period",
    source="Fader, Hardie 2007, Journal of Interactive Marketing 21(1), eq. 5 and 6",
)
def sbg_fit(survival: list[NotNegative], periods: Periods | list[Whole] | None = None) -> dict[str, Any]:
    """Parameters of the sBG law of retention, and the shares of a cohort still there after periods 1, 2, ...

    survival: share still there after each period, as shares or in percent; a 1 (100) before all others is the start.
    periods: project to this one (a list comes out, for 1, 2, ... to it), or at each of a list; else as far as given.
    """
    where = "sbg_fit: survival"
    percent = max(survival, default=0) > 1
    if percent and max(survival) > 100:
        fix = "shares as 0.631 or percent as 63.1, not numbers of customers."
        raise RecipeError(f"must be at most 100, got {max(survival):g}.", where=where, fix=fix)
    scale = 100.0 if percent else 1.0
    share = np.asarray(survival, float) / scale
    if len(share) and share[0] == 1:
        share = share[1:]
    if len(share) < 2:
        raise DataError(
            "one period does not tell two parameters.", where=where, fix="shares after two periods or more."
        )
    found = customers.sbg_fit(share, where=where)
    if found.open:
        fix = "shares that go on falling, ever more slowly."
        raise DataError("the law has no likeliest parameters for these shares.", where=where, fix=fix)
    a, b = found.values.tolist()
    at = periods if isinstance(periods, list) else list(range(1, (len(share) if periods is None else periods) + 1))
    if not at or max(at) > 100_000:
        what = "must be whole numbers from 1 to 100,000, one at least."
        raise RecipeError(what, where="sbg_fit: periods", fix="periods = 12")
    return {"a": a, "b": b, "survival": (scale * customers.sbg_survival(a, b, np.array(at))).tolist()}


@calculator(
    unit={"multiple": "times the margin of a period"},
    formula="r / (1 + i - r)",
    source="Gupta, Lehmann 2003, Journal of Interactive Marketing 17(1), eq. 4",
)
def margin_multiple(retention: Fraction, discount: NotNegative) -> dict[str, Any]:
    """Lifetime value of a customer as a multiple of his margin a period, the first margin a period ahead."""
    if retention - discount >= 1:
        what = "with a retention of 1 and no discount the value is infinite."
        raise RecipeError(what, where="margin_multiple: discount", fix="discount = 0.12")
    return {"multiple": retention / (1 + discount - retention)}
