"""Linear regression with a penalty on the squared coefficients (ridge)."""

import numpy as np

from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import rmse, scores
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Shapes: coefficient (1, d), intercept (1,)."""
    from sklearn.linear_model import Ridge

    made = Ridge(alpha=1 / settings.C).fit(stack(seen.x), seen.y, sample_weight=seen.weight)
    state = State({"coefficient": np.atleast_2d(made.coef_), "intercept": np.atleast_1d(made.intercept_)})
    on = held or seen
    ctx.report("rmse", rmse(predict(state, stack(on.x)), on.y, on.weight), "target", step=1, of=1)
    return state


def predict(state: State, x: Array) -> Array:
    return scores(state, x)[:, 0]


MODEL = Model(fit=fit, predict=predict, wants="linear", kinds=("number",))
