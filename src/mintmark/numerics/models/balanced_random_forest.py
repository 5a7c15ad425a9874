"""Balanced random forest: each tree sees as many rows of every class as the rarest has."""

import numpy as np

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Source: Chen, Liaw, Breiman, Using random forest to learn imbalanced data, Berkeley TR 666, 2004."""
    from sklearn.tree import DecisionTreeClassifier

    x, rng, total = np.asarray(stack(seen.x), np.float32), ctx.rng, settings.n_estimators or 200
    rows = [np.flatnonzero(seen.y == c) for c in np.unique(seen.y)]
    least, parts = max(min(map(len, rows)), 2), []
    for i in range(total):
        ids = np.concatenate([rng.choice(r, least) for r in rows])
        tree = DecisionTreeClassifier(
            max_depth=settings.max_depth,
            max_features=settings.max_features or "sqrt",
            min_samples_leaf=settings.min_child_samples or 1,
            random_state=int(rng.integers(2**31 - 1)),
        )
        tree.fit(x[ids], seen.y[ids], sample_weight=None if seen.weight is None else seen.weight[ids])
        parts.append((tree.tree_, tree.classes_))
        if ctx.report("rounds", i + 1, "1", step=i + 1, of=total):
            break
    arrays = trees.forest_arrays([t for t, _ in parts], k, parts[0][1])
    return State(arrays, {"rounds": len(parts)})


MODEL = Model(fit=fit, predict=trees.forest_answers, kinds=("classes",))
