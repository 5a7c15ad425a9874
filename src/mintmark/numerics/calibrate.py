"""Calibration: probabilities that come true as often as they say, at the sample's class shares or at the true ones."""

import numpy as np

from mintmark.numerics.answers import Array

LEAST = 1e-7
CELLS_READ = 4_000_000
SPREAD_OF_LOG_SLOPE, SPREAD_OF_BIAS = 0.5, 3.0


def learn(p: Array, y: Array, weight: Array | None, rng: np.random.Generator) -> tuple[float, Array]:
    """One slope and one bias a class on the log-probabilities, by maximum likelihood: q ~ p^slope e^bias.

    A normal prior holds log slope near 0 (spread 0.5) and the biases near 0 (spread 3): it decides where there are few
    rows, and odds that weights or balancing have moved a hundredfold are still restored. With a single class among
    the rows nothing can be learnt: slope 1, biases 0.

    Shapes: p (n, k); y (n,) places, -1 is left out; weight (n,).   Cost: a few dozen passes over at most 4 M values.
    Source: Platt 1999; Guo et al., ICML 2017 (vector scaling, here with one slope).
    """
    known = np.flatnonzero(y >= 0)
    k = p.shape[1]
    if len(known) * k > CELLS_READ:
        known = np.sort(rng.choice(known, CELLS_READ // k, replace=False))
    logs, y = np.ascontiguousarray(_log(p[known]).T), y[known]  # (k, n): sums over few classes are fast this way round
    w = np.ones(len(y)) if weight is None else weight[known] / weight[known].mean()
    share = np.bincount(y, w, minlength=k)
    if (share > 0).sum() < 2:
        return 1.0, np.zeros(k)
    from scipy.optimize import minimize

    start = np.log((share + 0.5) / ((p[known] * w[:, None]).sum(0) + 0.5))
    at, n = (y, np.arange(len(y))), len(y)

    def loss(x: Array) -> tuple[float, Array]:
        slope, bias = np.exp(x[0]), x[1:]
        score = slope * logs + bias[:, None]
        score -= score.max(0)
        own = score[at]
        err = np.exp(score)
        total = err.sum(0)
        err /= total
        err[at] -= 1.0
        err *= w  # d loss / d score
        prior = (x[0] / SPREAD_OF_LOG_SLOPE) ** 2 / 2 + ((bias / SPREAD_OF_BIAS) ** 2).sum() / 2
        down = np.append(
            slope * (err * logs).sum() + x[0] / SPREAD_OF_LOG_SLOPE**2, err.sum(1) + bias / SPREAD_OF_BIAS**2
        )
        return float((w * (np.log(total) - own)).sum() + prior) / n, down / n

    bounds = [(-3.0, 3.0)] + [(None, None)] * k
    found = minimize(
        loss, np.append(0.0, start - start.mean()), jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 200, "ftol": 1e-13, "gtol": 1e-8},
    ).x  # fmt: skip
    return float(np.exp(found[0])), found[1:]


def apply(p: Array, slope: float, bias: Array) -> Array:
    """Row by row, so that a row alone gets what it got among others.   Shapes: (n, k)."""
    score = slope * _log(p) + np.asarray(bias)
    odds = np.exp(score - score.max(1, keepdims=True))
    made: Array = odds / odds.sum(1, keepdims=True)
    return made


def shift(prevalence: float | None, share: float) -> float:
    """What to add to the log odds of the positive class where its true share is not the sample's.

    log odds(true) = log odds(sample) + log(prevalence / (1 - prevalence)) - log(share / (1 - share)): Bayes' rule with
    p(x | class) unchanged. 0 where there is no prevalence, or one class alone in the sample.
    Source: Saerens, Latinne, Decaestecker, Neural Computation 14(1), 2002, eq. 2.4; Elkan, IJCAI 2001, theorem 2.
    """
    if prevalence is None or not 0 < share < 1:
        return 0.0
    return float(np.log(prevalence / (1 - prevalence)) - np.log(share / (1 - share)))


def _log(p: Array) -> Array:
    logs: Array = np.log(np.minimum(np.maximum(p, LEAST), 1.0))  # as clip, which takes longer for a row alone
    return logs
