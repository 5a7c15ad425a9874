"""Linear SVM: the widest margin between classes, or a tube around numbers, in standardised features."""

import numpy as np

from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import scores, softmax, spread
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

SLOPE = 2.0
"""log odds a unit of the margin; the decision calibrates it"""


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Shapes: coefficient (k, d), one row for two classes or a number.   C counts a tenth: margins overfit sooner."""
    from sklearn.svm import LinearSVC, LinearSVR

    x, options = stack(seen.x), {"C": 0.1 * settings.C, "max_iter": 5000, "random_state": ctx.draw_seed()}
    if k:
        made = LinearSVC(dual="auto", **options).fit(x, seen.y, sample_weight=seen.weight)
        state = spread(SLOPE * made.coef_, SLOPE * made.intercept_, made.classes_, k)
    else:
        middle, scale = float(np.mean(seen.y)), float(np.std(seen.y)) or 1.0
        made = LinearSVR(dual="auto", loss="squared_epsilon_insensitive", epsilon=0.1, **options)
        made.fit(x, (seen.y - middle) / scale, sample_weight=seen.weight)
        arrays = {"coefficient": scale * np.atleast_2d(made.coef_), "intercept": scale * made.intercept_ + middle}
        state = State(arrays)
    ctx.report("rounds", float(np.max(made.n_iter_)), "1", step=1, of=1)
    return State(state.arrays, {"k": k})


def predict(state: State, x: Array) -> Array:
    made = scores(state, x)
    return softmax(made) if state.facts["k"] else made[:, 0]


MODEL = Model(fit=fit, predict=predict, wants="linear")
