"""Do the methods of the price find the laws again that data were drawn from? 100 studies of each, simulated.

python benchmarks/recovery.py              writes benchmarks/results/recovery.json
python benchmarks/recovery.py --studies 10 --only bg_nbd    fewer; writes no result

A study is a success where the truth lies within its 95 % interval; by chance alone 5 of 100 do not. For several
parameters at once the interval is the region of all of them together (the likelihood ratio against chi squared), so
that one study counts once. `met`: the interval of the share of all studies together reaches the aim; `each_met`: of a
kind by itself as many succeeded as the aim says.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from machine import about, write
from scipy import stats

from mintmark.capital import choice, diffusion, survey
from mintmark.capital.pricing import example
from mintmark.numerics import customers

Array = np.ndarray[Any, Any]
STUDIES, AIM, LEVEL = 100, 95, 0.95
PEOPLE, DRAWS = 300, 400


def within(gain: float, best: float, parameters: int) -> bool:
    """Whether the truth, of this log likelihood, lies in the region around the likeliest parameters."""
    return 2 * (best - gain) <= stats.chi2.ppf(LEVEL, parameters)


def logit(rng: np.random.Generator) -> bool:
    truth = np.array([-0.35, 0.6, 0.8])
    x = np.stack([rng.choice([4, 6, 8, 10, 13, 16], (PEOPLE, 3)), rng.integers(4, 10, (PEOPLE, 3)),
                  rng.integers(0, 2, (PEOPLE, 3))], -1).astype(float)  # fmt: skip
    picks = (x @ truth + rng.gumbel(size=(PEOPLE, 3))).argmax(1)
    there = np.ones((PEOPLE, 3), bool)
    found = choice.fit(choice.Choices(x, there, picks, ("price", "caught", "reasons")))
    gain = float(np.log(choice.probabilities(truth, x, there)[np.arange(PEOPLE), picks]).sum())
    return within(gain, found.log_likelihood, 3)


def worth(rng: np.random.Generator) -> bool:
    """Willingness to pay, -b/b_price, by the delta method."""
    truth = np.array([-0.35, 0.6])
    x = np.stack([rng.choice([4, 6, 8, 10, 13, 16], (PEOPLE, 3)), rng.integers(4, 10, (PEOPLE, 3))], -1).astype(float)
    picks = (x @ truth + rng.gumbel(size=(PEOPLE, 3))).argmax(1)
    found = choice.fit(choice.Choices(x, np.ones((PEOPLE, 3), bool), picks, ("price", "caught")))
    value, error = found.worth("caught", "price")
    return abs(value + truth[1] / truth[0]) <= stats.norm.ppf((1 + LEVEL) / 2) * error


def histories(rng: np.random.Generator, n: int, law: tuple[float, ...], until: float) -> Array:
    r, alpha, a, b = law
    rows = np.zeros((n, 3))
    for i, (rate, leaving) in enumerate(zip(rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), strict=True)):
        t = last = 0.0
        count = 0
        while (t := t + rng.exponential(1 / rate)) < until:
            count, last = count + 1, t
            if rng.random() < leaving:
                break
        rows[i] = count, last, until
    return rows


def bg_nbd(rng: np.random.Generator) -> bool:
    law = (0.6, 5.0, 0.8, 2.4)
    x, tx, t = histories(rng, 1000, law, 60.0).T
    found = customers.bg_nbd_fit(x, tx, t)
    gain, _ = customers._bg_nbd(np.array(law), x, tx, t, np.ones_like(x))
    return within(gain, found.log_likelihood, 4)


def bg_bb(rng: np.random.Generator) -> bool:
    law, n, periods = np.array([1.2, 0.75, 0.66, 2.8]), 2000, 6
    buying, leaving = rng.beta(law[0], law[1], n), rng.beta(law[2], law[3], n)
    there = np.cumprod(rng.random((n, periods)) >= leaving[:, None], axis=1)
    bought = there * (rng.random((n, periods)) < buying[:, None])
    x, tx = bought.sum(1).astype(float), (bought * np.arange(1, periods + 1)).max(1).astype(float)
    watched = np.full(n, float(periods))
    found = customers.bg_bb_fit(x, tx, watched)
    gain, _ = customers._bg_bb(law, x, tx, watched, np.ones(n))
    return within(gain, found.log_likelihood, 4)


def sbg(rng: np.random.Generator) -> bool:
    a, b, n, periods = 0.7, 1.2, 1000, 7
    stays = rng.geometric(rng.beta(a, b, n))
    share = np.array([(stays > t).mean() for t in range(1, periods + 1)])
    found = customers.sbg_fit(share, customers=n)
    lost = n * -np.diff(np.append(1.0, share))
    gain, _ = customers._sbg(np.array([a, b]), lost, n * share[-1], np.arange(1, periods + 1))
    return within(gain, found.log_likelihood, 2)


def gamma_gamma(rng: np.random.Generator) -> bool:
    p, q, gamma = 6.0, 4.0, 60.0
    count = rng.integers(1, 12, 800).astype(float)
    mean = rng.gamma(p * count, 1 / (rng.gamma(q, 1 / gamma, 800) * count))
    found = customers.gamma_gamma_fit(count, mean)
    gain, _ = customers._gamma_gamma(np.array([p, q, gamma]), count, mean)
    return within(gain, found.log_likelihood, 3)


def bass(rng: np.random.Generator) -> bool:
    """Market size from 12 periods, sales off by 3 % of the peak; by Student's law of the fit's error."""
    truth = diffusion.Bass(0.02, 0.45, 1000.0)
    sales = truth.sales(12) + rng.normal(0, 0.03 * truth.peak[1], 12)
    found = diffusion.fit(np.maximum(sales, 0))
    if found.spread is None:
        return False
    return abs(found.m - truth.m) <= stats.t.ppf((1 + LEVEL) / 2, 9) * np.sqrt(found.spread[2, 2])


def westendorp(rng: np.random.Generator) -> bool:
    """The optimal price; its interval by drawing the people again."""
    four = np.array(example.FOUR) * np.exp(
        rng.normal(0, example.APART, (PEOPLE, 1)) + rng.normal(0, example.WITHIN, (PEOPLE, 4))
    )
    again = [survey.sensitivity(list(four[rng.integers(0, PEOPLE, PEOPLE)].T)).opp for _ in range(DRAWS)]
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return bool(low <= np.sqrt(example.FOUR[0] * example.FOUR[3]) <= high)


KINDS: dict[str, Callable[[np.random.Generator], bool]] = {
    "logit": logit, "willingness_to_pay": worth, "bg_nbd": bg_nbd, "bg_bb": bg_bb, "sbg": sbg,
    "gamma_gamma": gamma_gamma, "bass": bass, "van_westendorp": westendorp,
}  # fmt: skip


def studies(kind: str, n: int) -> Iterator[bool]:
    for seed in range(n):
        yield KINDS[kind](np.random.default_rng([seed, list(KINDS).index(kind)]))


def main() -> None:
    said = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    said.add_argument("--studies", type=int, default=STUDIES)
    said.add_argument("--only", nargs="*", choices=KINDS)
    asked = said.parse_args()
    found = {}
    for kind in asked.only or KINDS:
        found[kind] = sum(bool(hit) for hit in studies(kind, asked.studies))
        print(f"{kind:20}{found[kind]:4} of {asked.studies}", flush=True)
    total, n = sum(found.values()), asked.studies * len(found)
    low, high = stats.binomtest(total, n).proportion_ci(0.95)
    result = {
        **about("numpy", "scipy"), "studies": asked.studies, "level": LEVEL, "within": found,
        "share": total / n, "share_between": [float(low), float(high)], "aim": AIM / 100,
        "met": bool(high >= AIM / 100), "each_met": {k: v >= AIM * asked.studies / 100 for k, v in found.items()},
    }  # fmt: skip
    if asked.only or asked.studies != STUDIES:
        print(result)
    else:
        write("recovery", result)


if __name__ == "__main__":
    main()
