"""Weights follow what is told apart from luck."""

import numpy as np
import pytest

from mintmark.numerics.series import combine
from mintmark.numerics.series.combine import Trial

NAMES = ["a", "b", "c"]


def trials(spread: dict[str, tuple[float, ...]], series: int, origins: int, seed: int = 0) -> list[Trial]:
    """Forecasts whose errors have these spreads, one for odd and one for even series."""
    rng, made = np.random.default_rng(seed), []
    for s in range(series):
        for _ in range(origins):
            y = 100 + rng.normal(size=12)
            said = {n: y + sizes[s % len(sizes)] * rng.normal(size=12) for n, sizes in spread.items()}
            made.append(Trial(f"s{s}", y, np.arange(1, 13), 1.0, said))
    return made


def test_the_better_model_counts_most_and_the_useless_one_nothing() -> None:
    trust = combine.learn(trials({"a": (1.0,), "b": (2.0,), "c": (20.0,)}, 20, 3), NAMES)
    assert trust.typical["a"] > trust.typical.get("b", 0.0) and "c" not in trust.typical
    assert all(abs(sum(w.values()) - 1) < 1e-9 for w in [trust.typical, *trust.series.values()])


def test_where_series_truly_differ_each_has_its_own() -> None:
    made = trials({"a": (1.0, 8.0), "b": (8.0, 1.0), "c": (8.0, 8.0)}, 30, 3)
    trust = combine.learn(made, NAMES)
    assert all(max(w, key=lambda n: w[n]) == ("a" if int(s[1:]) % 2 == 0 else "b") for s, w in trust.series.items())
    assert min(w.get("a", 0) for s, w in trust.series.items() if int(s[1:]) % 2 == 0) > 0.7


def test_where_only_luck_differs_all_series_have_much_the_same() -> None:
    trust = combine.learn(trials({n: (3.0,) for n in NAMES}, 40, 2), NAMES)
    assert (
        combine.reliability(np.log(combine.errors(trials({n: (3.0,) for n in NAMES}, 200, 3), NAMES)), _who(200, 3))
        < 0.1
    )
    assert max(max(w.values()) for w in trust.series.values()) < 0.75


def _who(series: int, origins: int) -> np.ndarray:
    return np.repeat([f"s{s}" for s in range(series)], origins)


def test_the_mean_is_kept_where_errors_cancel() -> None:
    """Equal models with errors of their own: the even mean is best, and the weights stay near it."""
    trust = combine.learn(trials({n: (3.0,) for n in NAMES}, 60, 3), NAMES)
    assert all(0.15 < w < 0.55 for w in trust.typical.values()) and len(trust.typical) == 3


def test_errors_grow_with_the_steps_ahead_and_by_series() -> None:
    rng, made = np.random.default_rng(0), []
    for s in range(40):
        y, ahead = np.zeros(12), np.arange(1, 13)
        made.append(Trial(f"s{s}", y, ahead, 1.0, {"a": (1 + s % 2) * np.sqrt(ahead) * rng.normal(size=12)}))
    trust = combine.learn(made, ["a"])
    growth = combine.growth(made, trust, 12)
    ratio = dict(zip([t.who for t in made], combine.ratios(made, trust, growth), strict=True))
    assert all(b >= a for a, b in zip(growth, growth[1:], strict=False)) and 2 < growth[-1] / growth[0] < 6
    assert np.mean([r for s, r in ratio.items() if int(s[1:]) % 2]) > 1.2 * np.mean(
        [r for s, r in ratio.items() if int(s[1:]) % 2 == 0]
    )


def test_few_ratios_are_drawn_towards_one() -> None:
    assert combine.ratio([]) == 1 and combine.ratio([4.0]) == pytest.approx(2.2)
    assert combine.ratio([4.0] * 30) == pytest.approx(4, rel=0.05)
