"""Profit of a score, whatever threshold is taken: savings, expected maximum profit, H-measure. Two classes."""

import numpy as np

from mintmark.base.errors import DataError
from mintmark.numerics.answers import Array


def savings(y: Array, predicted: Array, cost_fp: Array | float, cost_fn: Array | float) -> dict[str, float]:
    """What the decisions cost, and the share they save of what the cheaper of all 0 and all 1 costs; below 0 is worse.

    Each predicted 1 costs cost_fp, right or wrong: the contact, the check. Each missed one costs cost_fn.
    Shapes: y, predicted (n,) in {0, 1}; costs (n,) or one for all.   Units: cost in those of the costs.
    Source: Bahnsen, Aouada, Ottersten, Expert Systems with Applications 42, 2015, eq. 4-6.
    """
    y, predicted = np.asarray(y), np.asarray(predicted)

    def cost(said: Array) -> float:
        return float(np.sum(np.where(said == 1, cost_fp, np.where(y == 1, cost_fn, 0.0))))

    base, own = min(cost(np.zeros_like(y)), cost(np.ones_like(y))), cost(predicted)
    if base == 0:
        raise DataError("taking one class always costs nothing: there is nothing to save.", where="cost", fix="costs.")
    return {"cost": own, "savings": 1 - own / base}


def emp_churn(
    y: Array,
    score: Array,
    *,
    clv: float = 200.0,
    delta: float = 0.05,
    phi: float = 0.005,
    alpha: float = 6,
    beta: float = 14,
) -> dict[str, float]:
    """Expected maximum profit of a retention campaign a customer, and the share of customers it then targets.

    delta and phi: an offer and a contact, as shares of the lifetime value `clv`; the share of would-be leavers who
    accept is Beta(alpha, beta).
    Shapes: y (n,) in {0, 1}, 1 leaves; score (n,).   Units: emp in those of clv.   Cost: O(n log n).
    Raises: DataError: one class is absent.   Source: Verbraken, Verbeke, Baesens, IEEE TKDE 25(5), 2013, eq. 16.
    """
    from scipy.stats import beta as law

    found, other, p1 = _hull(y, score)
    p0 = 1 - p1
    up, out = np.diff(found), np.diff(other)
    with np.errstate(divide="ignore"):
        edge = (p0 * (delta + phi) * out + p1 * phi * up) / (p1 * (1 - delta) * up)
    edge = np.clip(np.concatenate([[0.0], edge, [1.0]]), 0, 1)
    mass = np.diff(law.cdf(edge, alpha, beta))
    first = alpha / (alpha + beta) * np.diff(law.cdf(edge, alpha + 1, beta))  # of the share that accepts
    won = clv * (p1 * found * ((1 - delta) * first - phi * mass) - p0 * other * (delta + phi) * mass)
    return {"emp": float(won.sum()), "fraction": float(((p1 * found + p0 * other) * mass).sum())}


def emp_credit(y: Array, score: Array, *, p0: float = 0.55, p1: float = 0.1, roi: float = 0.2644) -> dict[str, float]:
    """Expected maximum profit of refusing loans, as a share of the money lent, and the share that is then refused.

    The loss of a default is nothing with probability p0, all with p1, else anything between; a good loan earns roi.
    Shapes: y (n,) in {0, 1}, 1 defaults; score (n,).   Raises: DataError: one class is absent.
    Source: Verbraken, Bravo, Weber, Baesens, European Journal of Operational Research 238, 2014, section 4.
    """
    found, other, bad = _hull(y, score)
    good = 1 - bad
    with np.errstate(divide="ignore"):
        edge = good * roi * np.diff(other) / (bad * np.diff(found))
    edge = np.clip(np.concatenate([[0.0], edge, [1.0]]), 0, 1)
    rest = 1 - p0 - p1
    mass, first = rest * np.diff(edge), rest * np.diff(edge**2) / 2
    all_lost = int(np.argmax(bad * found - good * roi * other))
    mass[all_lost] += p1
    first[all_lost] += p1
    won = bad * found * first - good * roi * other * mass
    return {"emp": float(won.sum()), "fraction": float(((bad * found + good * other) * mass).sum())}


def h_measure(y: Array, score: Array, *, severity_ratio: float | None = None) -> dict[str, float]:
    """Share of the loss of the best trivial rule that the score saves, averaged over what mistakes may cost.

    severity_ratio: cost of a false positive over that of a false negative; without it the ratio of the classes.
    Shapes: y (n,) in {0, 1}; score (n,).   Raises: DataError: one class is absent.
    Source: Hand, Machine Learning 77, 2009; Hand, Anagnostopoulos, Pattern Recognition Letters 40, 2014.
    """
    from scipy.special import beta as whole
    from scipy.special import betainc

    found, other, p1 = _hull(y, score)
    p0 = 1 - p1
    ratio = p1 / p0 if severity_ratio is None else severity_ratio
    a, b = 2.0, 1.0 + 1.0 / ratio
    g1, g0 = 1 - found[::-1], 1 - other[::-1]  # of each class, the share that lies below the threshold
    rise1, rise0 = np.diff(g1), np.diff(g0)
    edge = np.concatenate([[0.0], p1 * rise1 / (p0 * rise0 + p1 * rise1), [1.0]])
    share1, share0 = whole(1 + a, b) / whole(a, b), whole(a, 1 + b) / whole(a, b)
    loss0 = share1 * np.diff(betainc(1 + a, b, edge))  # (c times the density) between the edges
    loss1 = share0 * np.diff(betainc(a, 1 + b, edge))
    loss = float((p0 * (1 - g0) * loss0 + p1 * g1 * loss1).sum())
    most = p0 * share1 * betainc(1 + a, b, p1) + p1 * share0 * (1 - betainc(a, 1 + b, p1))
    return {"h": float(1 - loss / most)}


def _hull(y: Array, score: Array) -> tuple[Array, Array, float]:
    """Corners of the convex hull of the ROC curve from (0, 0) to (1, 1), and the share of positives.

    Shapes: of the positives and of the negatives the share above the threshold, both (corners,), rising.
    """
    y, score = np.asarray(y).astype(int), np.asarray(score, float)
    if not 0 < y.sum() < len(y):
        raise DataError("one class is absent.", where="y", fix="rows of both classes.")
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))  # rows of one score come together
    hits = np.append(0, np.cumsum(y[order])[last])
    misses = np.append(0, np.cumsum(1 - y[order])[last])
    corners: list[tuple[int, int]] = []
    for x, v in zip(misses.tolist(), hits.tolist(), strict=True):
        while len(corners) > 1:
            (ax, av), (bx, bv) = corners[-2:]
            if (bv - av) * (x - bx) > (v - bv) * (bx - ax):
                break
            corners.pop()
        corners.append((x, v))
    made = np.array(corners, float)
    return made[:, 1] / y.sum(), made[:, 0] / (len(y) - y.sum()), float(y.mean())
