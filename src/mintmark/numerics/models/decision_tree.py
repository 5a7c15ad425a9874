"""Decision tree: one tree, pruned as far as the validation rows allow, that a person can read."""

import numpy as np

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import log_loss, rmse
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

PRUNINGS = 20
"""strengths of pruning that are tried on the validation rows"""


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Grown whole, then pruned by cost and complexity; facts["pruned"] is the strength that validated best.

    Source: Breiman, Friedman, Olshen, Stone 1984, chapter 3.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if k else DecisionTreeRegressor
    options = {
        "max_depth": settings.max_depth,
        "max_features": settings.max_features,
        "min_samples_leaf": settings.min_child_samples or max(1, round(len(seen) ** 0.5 / 8)),
        "random_state": ctx.draw_seed(),
    }
    x = np.asarray(stack(seen.x), np.float32)
    path = kind(**options).cost_complexity_pruning_path(x, seen.y, sample_weight=seen.weight).ccp_alphas
    strengths = np.unique(np.quantile(path[:-1] if len(path) > 1 else path, np.linspace(0, 1, PRUNINGS)))
    if held is None:
        strengths = strengths[:1] if settings.prune is None else np.array([settings.prune])
    best, chosen, pruned = np.inf, State(), 0.0
    for i, strength in enumerate(strengths):
        model = kind(**options, ccp_alpha=max(float(strength), 0.0)).fit(x, seen.y, sample_weight=seen.weight)
        arrays = trees.forest_arrays([model.tree_], max(k, 1), getattr(model, "classes_", None))
        state = State(arrays, {"rounds": 1})
        on = held or seen
        said = trees.forest_answers(state, np.asarray(stack(on.x)))
        loss = log_loss(0.98 * said + 0.02 / k, on.y, on.weight) if k else rmse(said, on.y, on.weight)
        if loss <= best:  # of equals the smaller tree
            best, chosen, pruned = loss, state, float(strength)
        if ctx.report("log_loss" if k else "rmse", best, "nats" if k else "target", step=i + 1, of=len(strengths)):
            break
    return State(chosen.arrays, {"rounds": 1, "pruned": pruned})


MODEL = Model(fit=fit, predict=trees.forest_answers)
