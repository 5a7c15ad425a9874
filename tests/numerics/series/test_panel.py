"""What a fit finds out of a panel: in time, and without measuring an interval by what it is to hold."""

import time
from dataclasses import replace

import numpy as np

from mintmark.base.state import State
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.series import panel
from mintmark.numerics.series.history import History
from mintmark.numerics.series.panel import Fit, Panel

FIT = Fit(3, 4, Ctx())


def blocks(last: float = 1.0, series: int = 3) -> Panel:
    """Three blocks of four steps of each series; the errors of the last block of series 0 are so many times larger."""
    rng, found, y = np.random.default_rng(0), [], []
    for k in range(3):
        for i in range(series):
            found.append(History(50 + rng.normal(size=20 + 4 * k), end=20 + 4 * k, who=f"s{i}"))
            y.append(50 + rng.normal(size=4) * (last if k == 2 and i == 0 else 1.0))
    n = len(found)
    return Panel(
        found, np.repeat(np.arange(n), 4), np.tile(np.arange(1, 5), n), np.zeros((4 * n, 0)), np.concatenate(y)
    )


def test_the_interval_of_a_block_is_not_measured_by_its_own_errors() -> None:
    """Else an outlier among the rows that the interval is learnt from would widen itself, and teach nothing."""
    halves = []
    for last in (1.0, 30.0):
        seen = blocks(last)
        made = panel.choose(seen, ["naive"], [1], FIT, even=False, held=24)
        facts = {"seasons": [1], "horizon": 4, "level": 0.0, "spread": 1.0, "series": made.series}
        state = State(facts=facts | {"typical": made.typical, "growth": made.growth})
        later = replace(seen, histories=[replace(h, end=100) for h in seen.histories])
        halves.append([panel.answer(state, asked)[1][24] for asked in (seen, later)])
    (own, after), (own_wild, after_wild) = halves
    assert np.isclose(own, own_wild), "of the block itself"
    assert after_wild > 2 * after, "of what comes later"


def test_when_the_time_is_up_no_further_model_is_begun() -> None:
    late = replace(FIT, ctx=Ctx(deadline=time.monotonic() - 1))
    made = panel.choose(blocks(), ["naive", "theta", "ets"], [1], late, even=True)
    assert set(made.typical["weights"]) == {"naive"}
