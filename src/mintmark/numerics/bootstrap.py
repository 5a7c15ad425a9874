"""Bootstrap of weighted means: how far a mean over these rows may be from that over others like them."""

import numpy as np

from mintmark.numerics.answers import Array

CELLS_DRAWN, CELLS_AT_ONCE = 40_000_000, 1_000_000


def draws_for(n: int) -> int:
    """So many draws are worth their time."""
    return int(np.clip(CELLS_DRAWN // max(n, 1), 200, 1000))


def means(won: Array, share: Array, strata: Array, draws: int, rng: np.random.Generator) -> Array:
    """Weighted means of rows drawn with replacement, each stratum by itself, weights going with their rows.

    Shapes: won, share, strata (n,), shares with the sum 1 -> (draws,).   Source: Efron, Tibshirani 1993, chapter 13.
    """
    made = np.zeros(draws)
    for stratum in np.unique(strata):
        at = strata == stratum
        made += share[at].sum() * _means(won[at], share[at], draws, rng)
    return made


def _means(won: Array, weight: Array, draws: int, rng: np.random.Generator) -> Array:
    """Self-normalised weighted means of draws: sum w x / sum w over the rows drawn.   Shapes: (n,) -> (draws,)."""
    n = len(won)
    if not weight.sum() > 0:
        return np.zeros(draws)
    pairs, count = np.unique(won + 1j * weight, return_counts=True)  # distinct (money, weight)
    if len(pairs) * 20 <= n:  # how often each is drawn, at once
        drawn = rng.multinomial(n, count / n, size=draws)
        return _ratio((drawn * (pairs.real * pairs.imag)).sum(1), (drawn * pairs.imag).sum(1))
    even = bool((weight == weight[0]).all())
    step, made = max(1, CELLS_AT_ONCE // n), np.empty(draws)
    for start in range(0, draws, step):
        ids = rng.integers(0, n, size=(min(step, draws - start), n), dtype=np.int32 if n < 2**31 else np.int64)
        if even:
            made[start : start + step] = won[ids].mean(1)
        else:
            w = weight[ids]
            made[start : start + step] = _ratio((w * won[ids]).sum(1), w.sum(1))
    return made


def _ratio(top: Array, bottom: Array) -> Array:
    """0 where only rows without weight were drawn."""
    made: Array = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return made
