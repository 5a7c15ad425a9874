"""Heat map: how likely and how dear each risk is, in five steps of each."""

from typing import Any

import numpy as np

from mintmark.capital.register.simulate import Futures
from mintmark.numerics.answers import Array

CHANCES = (0.05, 0.15, 0.35, 0.65)
SHARES = (0.02, 0.08, 0.2, 0.5)
"""of the cash of today"""


def scale(futures: Futures) -> dict[str, Any]:
    """Where the steps lie; the first is below the first edge."""
    return {"chance": list(CHANCES), "impact": [float(e) for e in _money(futures)]}


def place(futures: Futures, loss: Array, impact: Array) -> dict[str, int]:
    """The steps of a risk, from 1 to 5: with the controls that are in place, the impact where it comes."""
    came = loss[loss > 0]
    size = float(came.mean()) if len(came) else float(impact.mean())
    return {
        "chance": 1 + int(np.searchsorted(CHANCES, float((loss > 0).mean()), side="right")),
        "impact": 1 + int(np.searchsorted(_money(futures), size, side="right")),
    }


def _money(futures: Futures) -> Array:
    """Steps of the cash, or of all losses where there is none."""
    cash = float(futures.drawn["plan.cash"].mean())
    whole = cash if cash > 0 else float(futures.total.mean()) or 1.0
    return np.array(SHARES) * whole
