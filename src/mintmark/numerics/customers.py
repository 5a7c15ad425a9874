"""Customers: how often they will buy again, whether they are still there, how long they stay, what they spend.

The models are of a cohort: each customer has rates of his own, and these are spread over the cohort by a law whose
parameters are fitted. Times and periods are in whatever unit the data are in; results are in the same.
"""

from collections.abc import Sequence

import numpy as np

from mintmark.base.errors import DataError
from mintmark.numerics.answers import Array
from mintmark.numerics.likelihood import Found, largest

NEAR = 1e-5
"""how far from a pole of a formula its value there is taken, as the mean of both sides"""


# --- purchases at any time, customers who leave for good after a purchase: BG/NBD -------------------------------------


def bg_nbd_fit(frequency: Array, recency: Array, age: Array, weight: Array | None = None, where: str = "") -> Found:
    """r, alpha, a and b of the BG/NBD model, as likely as can be.

    frequency: purchases after the first; recency: time of the last of them after the first purchase, 0 for none;
    age: time since the first purchase. weight: customers that a row stands for.
    Shapes: all (n,).   Raises: DataError: impossible figures, or nobody came back.
    Source: Fader, Hardie, Lee, Marketing Science 24(2), 2005, eq. 6.
    """
    x, tx, t, w = _cohort(frequency, recency, age, weight, where)
    rows, index = np.unique(np.column_stack([x, tx, t]), axis=0, return_inverse=True)
    w = np.bincount(index.ravel(), weights=w)
    x, tx, t = rows.T
    middle = float(np.average(t, weights=w))
    starts = [(0.5, middle / 3, 1.0, 2.0), (1.0, middle, 0.5, 5.0), (0.2, middle / 10, 2.0, 2.0)]
    return largest(lambda p: _bg_nbd(p, x, tx, t, w), starts, where)


def _bg_nbd(parameters: Array, x: Array, tx: Array, t: Array, w: Array) -> tuple[float, Array]:
    from scipy.special import gammaln, psi

    r, alpha, a, b = parameters
    again = x > 0
    after = np.where(again, b + x - 1, 1.0)
    here = -(r + x) * np.log(alpha + t)
    gone = np.where(again, np.log(a) - np.log(after) - (r + x) * np.log(alpha + tx), -np.inf)
    both = np.logaddexp(here, gone)
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    left = np.exp(gone - both)  # the part of the likelihood in which the customer has left
    stay = 1 - left
    slope = np.array(
        [
            w @ (psi(r + x) - psi(r) + np.log(alpha) - stay * np.log(alpha + t) - left * np.log(alpha + tx)),
            w @ (r / alpha - (r + x) * (stay / (alpha + t) + left / (alpha + tx))),
            w @ (psi(a + b) - psi(a + b + x) + left / a),
            w @ (psi(a + b) + psi(b + x) - psi(b) - psi(a + b + x) - left / after),
        ]
    )
    return float(w @ (first + second + both)), slope


def bg_nbd_alive(parameters: Array | Sequence[float], x: Array, tx: Array, t: Array) -> Array:
    """Probability that a customer with this history has not left; who never came back has not.

    Shapes: x, tx, t and the result (n,).   Source: Fader, Hardie, Lee, 2005, and their note of 2008 on P(alive).
    """
    r, alpha, a, b = parameters
    x = np.asarray(x, float)
    again = x > 0
    with np.errstate(over="ignore"):
        odds = a / np.where(again, b + x - 1, 1.0) * ((alpha + t) / (alpha + np.asarray(tx, float))) ** (r + x)
    made: Array = np.where(again, 1 / (1 + odds), 1.0)
    return made


def bg_nbd_expect(parameters: Array | Sequence[float], x: Array, tx: Array, t: Array, horizon: Array | float) -> Array:
    """Purchases that a customer with this history is expected to make within `horizon` from now.

    Shapes: x, tx, t and the result (n,); horizon (n,) or one.   Source: Fader, Hardie, Lee, 2005, eq. 10; its
    hypergeometric function after Euler's transformation, which does not overflow for many purchases.
    """
    r, alpha, a, b = parameters
    x, tx, t, horizon = np.broadcast_arrays(*(np.asarray(v, float) for v in (x, tx, t, horizon)))

    def future(a: float) -> Array:
        from scipy.special import hyp2f1

        third = a + b + x - 1
        share = horizon / (alpha + t + horizon)
        rest = (1 - share) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, third, share)
        made: Array = third / (a - 1) * (1 - rest)
        return made

    poles = abs(a - 1) < NEAR or bool((np.abs(a + b + x - 1) < NEAR).any())
    made = (future(a - 2 * NEAR) + future(a + 2 * NEAR)) / 2 if poles else future(a)
    found: Array = made * bg_nbd_alive(parameters, x, tx, t)
    return found


def _cohort(
    frequency: Array, recency: Array, age: Array, weight: Array | None, where: str
) -> tuple[Array, Array, Array, Array]:
    x, tx, t = (np.asarray(v, float) for v in (frequency, recency, age))
    w = np.ones_like(x) if weight is None else np.asarray(weight, float)
    _refuse("frequency", (x < 0) | (x != np.floor(x)), x, "must be a whole number, 0 or more", where)
    _refuse("recency", (tx < 0) | (tx > t), tx, "must lie between 0 and the age of the customer", where)
    _refuse("recency", (x == 0) & (tx > 0), tx, "must be 0 where the frequency is 0", where)
    _refuse("recency", (x > 0) & (tx <= 0), tx, "must be above 0 where the frequency is", where)
    _refuse("weights", w < 0, w, "must be 0 or more", where)
    if not (w @ x > 0 and w[t > 0].sum() > 0):
        fix = "a cohort in which some customers bought again."
        raise DataError("nobody bought again: there is no rate to fit.", where=_field(where, "frequency"), fix=fix)
    return x, tx, t, w


def _refuse(name: str, wrong: Array, values: Array, rule: str, where: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        what = f"{rule}, got {values[at[0]]:g} in row {at[0] + 1}."
        raise DataError(what, where=_field(where, name), fix="mend the row, or leave it out.")


def _field(where: str, name: str) -> str:
    """Who asks and which column, as `bg_nbd_fit: recency`."""
    return f"{where.partition(':')[0]}: {name}" if where else name


# --- at most one purchase a period, as with yearly donations: BG/BB ---------------------------------------------------


def bg_bb_fit(frequency: Array, recency: Array, periods: Array, weight: Array | None = None, where: str = "") -> Found:
    """alpha, beta, gamma and delta of the BG/BB model, as likely as can be.

    frequency: periods with a purchase; recency: the last such period, 0 for none; periods: how many were watched.
    Shapes: all (n,).   Raises: DataError: impossible figures.
    Source: Fader, Hardie, Shang, Marketing Science 29(6), 2010, eq. 3.
    """
    x, tx, n = (np.asarray(v, float) for v in (frequency, recency, periods))
    w = np.ones_like(x) if weight is None else np.asarray(weight, float)
    for name, v in (("frequency", x), ("recency", tx), ("periods", n)):
        _refuse(name, (v < 0) | (v != np.floor(v)), v, "must be a whole number, 0 or more", where)
    _refuse("frequency", x > tx, x, "must be at most the recency", where)
    _refuse("recency", tx > n, tx, "must be at most the number of periods", where)
    _refuse("recency", (x == 0) & (tx > 0), tx, "must be 0 where the frequency is 0", where)
    _refuse("weights", w < 0, w, "must be 0 or more", where)
    if not w @ x > 0 or not w @ (n - x) > 0:
        what = "all customers did the same in every period: there is no rate to fit."
        raise DataError(what, where=_field(where, "frequency"), fix="a cohort in which customers differ.")
    rows, index = np.unique(np.column_stack([x, tx, n]), axis=0, return_inverse=True)
    w = np.bincount(index.ravel(), weights=w)
    x, tx, n = rows.T
    starts = [(1.0, 1.0, 0.5, 3.0), (0.5, 0.5, 1.0, 10.0), (2.0, 2.0, 2.0, 2.0)]
    return largest(lambda p: _bg_bb(p, x, tx, n, w), starts, where)


def _bg_bb(parameters: Array, x: Array, tx: Array, n: Array, w: Array) -> tuple[float, Array]:
    """By rows of (period of leaving): the customer is still there, or left before each period after the last."""
    from scipy.special import betaln, psi

    alpha, beta, gamma, delta = parameters
    most = int((n - tx).max()) + 1
    i = np.arange(most)[None, :]  # 0 .. periods since the last purchase; the last one of a row: still there
    ends = (n - tx)[:, None]
    here = i == ends
    failed = np.where(i <= ends, tx[:, None] - x[:, None] + i, 0.0)
    died = np.where(here, 0.0, 1.0)
    lived = np.where(i <= ends, tx[:, None] + i, 0.0)
    wins = x[:, None] + np.zeros_like(failed)
    parts = betaln(alpha + wins, beta + failed) + betaln(gamma + died, delta + lived)
    parts = np.where(i <= ends, parts, -np.inf)
    top = parts.max(1, keepdims=True)
    scaled = np.exp(parts - top)
    whole = top[:, 0] + np.log(scaled.sum(1))
    share = scaled / scaled.sum(1, keepdims=True)
    bought, left = psi(alpha + beta), psi(gamma + delta)
    slope = np.array(
        [
            w @ ((share * (psi(alpha + wins) - psi(alpha + beta + wins + failed))).sum(1) - psi(alpha) + bought),
            w @ ((share * (psi(beta + failed) - psi(alpha + beta + wins + failed))).sum(1) - psi(beta) + bought),
            w @ ((share * (psi(gamma + died) - psi(gamma + delta + died + lived))).sum(1) - psi(gamma) + left),
            w @ ((share * (psi(delta + lived) - psi(gamma + delta + died + lived))).sum(1) - psi(delta) + left),
        ]
    )
    return float(w @ (whole - betaln(alpha, beta) - betaln(gamma, delta))), slope


# --- contracts that are renewed or not: sBG ---------------------------------------------------------------------------


def sbg_survival(a: float, b: float, periods: Array) -> Array:
    """Share of a cohort still there after so many renewals.

    Source: Fader, Hardie, Journal of Interactive Marketing 21(1), 2007, eq. 6.
    """
    from scipy.special import betaln

    made: Array = np.exp(betaln(a, b + np.asarray(periods, float)) - betaln(a, b))
    return made


def sbg_fit(survival: Array, customers: float = 1000.0, where: str = "") -> Found:
    """a and b of the shifted-beta-geometric law, as likely as can be, from shares still there after 1, 2, ... periods.

    Leaving has a chance of its own for each customer, Beta(a, b); `customers` is the size of the cohort, and counts for
    the errors only.
    Shapes: survival (periods,), falling from at most 1.   Raises: DataError: it rises, or nobody left.
    """
    share = np.asarray(survival, float)
    before = np.append(1.0, share[:-1])
    _refuse("survival", (share < 0) | (share > before + 1e-12), share, "must not rise, nor leave 0 to 1", where)
    if not share[-1] < 1:
        fix = "shares of a cohort in which somebody has left."
        raise DataError("nobody left: there is no rate to fit.", where=_field(where, "survival"), fix=fix)
    if len(share) < 2:
        raise DataError(
            "one period does not tell two parameters.",
            where=_field(where, "survival"),
            fix="the shares after two periods or more.",
        )
    lost, t = customers * np.maximum(before - share, 0), np.arange(1, len(share) + 1)
    left = customers * share[-1]
    found = largest(lambda p: _sbg(p, lost, left, t), [(1.0, 2.0), (0.5, 1.0), (5.0, 20.0)], where)
    return found


def _sbg(parameters: Array, lost: Array, left: float, t: Array) -> tuple[float, Array]:
    from scipy.special import betaln, psi

    a, b = parameters
    end = float(t[-1])
    worth = lost @ (betaln(a + 1, b + t - 1) - betaln(a, b)) + left * (betaln(a, b + end) - betaln(a, b))
    common = psi(a + b) - psi(a + b + t)
    kept = psi(a + b) - psi(a + b + end)
    by_a = lost @ (psi(a + 1) - psi(a) + common) + left * kept
    by_b = lost @ (psi(b + t - 1) - psi(b) + common) + left * (psi(b + end) - psi(b) + kept)
    return float(worth), np.array([by_a, by_b])


def sbg_lifetime(a: float, b: float, discount: float, renewed: int = 0) -> float:
    """Payments still expected from a customer who has renewed so many times, the next one due now, discounted.

    discount: a period; infinite where it is 0 and a is at most 1.
    Source: Fader, Hardie, Marketing Science 29(1), 2010, eq. 7: a hypergeometric series of the shares that stay.
    """
    from scipy.special import hyp2f1

    return float(hyp2f1(1.0, b + renewed, a + b + renewed, 1 / (1 + discount)))


# --- money a purchase: gamma-gamma ------------------------------------------------------------------------------------


def gamma_gamma_fit(count: Array, mean: Array, where: str = "") -> Found:
    """p, q and gamma of the law of what customers spend at a time, as likely as can be.

    count: purchases of a customer; mean: what they came to on average.
    Shapes: (n,).   Raises: DataError: impossible figures.   Source: Fader, Hardie, note on the gamma-gamma model, 2013.
    """
    x, m = np.asarray(count, float), np.asarray(mean, float)
    _refuse("count", x <= 0, x, "must be above 0", where)
    _refuse("mean", m <= 0, m, "must be above 0", where)
    if len(x) < 3 or np.ptp(m) == 0:
        raise DataError("all customers spend the same: there is nothing to fit.", where=where, fix="more customers.")
    middle = float(np.median(m))
    return largest(
        lambda p: _gamma_gamma(p, x, m), [(2.0, 3.0, middle), (6.0, 4.0, middle / 2), (1.0, 10.0, 9 * middle)], where
    )


def _gamma_gamma(parameters: Array, x: Array, m: Array) -> tuple[float, Array]:
    from scipy.special import gammaln, psi

    p, q, g = parameters
    px, rest = p * x, np.log(g + m * x)
    worth = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(g) + (px - 1) * np.log(m) + px * np.log(x)
    slope = np.array(
        [
            (x * (psi(px + q) - psi(px) + np.log(m) + np.log(x) - rest)).sum(),
            (psi(px + q) - psi(q) + np.log(g) - rest).sum(),
            (q / g - (px + q) / (g + m * x)).sum(),
        ]
    )
    return float((worth - (px + q) * rest).sum()), slope


def gamma_gamma_expect(parameters: Array | Sequence[float], count: Array, mean: Array) -> Array:
    """What a customer with this history is expected to spend at a time; of one who never came back, the cohort's mean.

    Shapes: (n,).   Source: Fader, Hardie, 2013, eq. 5; infinite where p x + q is at most 1.
    """
    p, q, g = parameters
    x = np.asarray(count, float)
    down = p * x + q - 1
    made: Array = np.where(down > 0, p * (g + np.asarray(mean, float) * x) / np.where(down > 0, down, 1.0), np.inf)
    return made
