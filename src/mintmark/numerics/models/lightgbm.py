"""LightGBM: boosted trees, leaf by leaf."""

from dataclasses import replace
from typing import Any

import numpy as np

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.answers import Array
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

NUMBERS = {"squared": "regression", "absolute": "regression_l1", "quantile": "quantile"}


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    n = len(seen)
    params: dict[str, Any] = {
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves or int(np.clip(n // 50, 4, 31)),
        "min_data_in_leaf": settings.min_child_samples or int(np.clip(n // 100, 3, 50)),
        "max_depth": settings.max_depth or -1,
        "feature_fraction": settings.max_features or 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": settings.penalty,
        "min_data_per_group": int(np.clip(n // 50, 5, 100)),
    }
    if k == 2 and settings.undersample:
        counts = np.bincount(seen.y, minlength=2)
        shares = np.clip(counts.min() / counts, 1e-6, 1.0)
        params |= {"neg_bagging_fraction": shares[0], "pos_bagging_fraction": shares[1]}
    if k:
        params |= {"objective": "binary"} if k == 2 else {"objective": "multiclass", "num_class": k}
    else:
        params |= {"objective": NUMBERS[settings.objective], "alpha": settings.level}
    rounds = settings.n_estimators or (2000 if held else 200)
    name, unit = ("log_loss", "nats") if k else ("loss", "target")
    made = trees.boost(
        seen, held, params, ctx, rounds=rounds, patience=settings.early_stopping_rounds, categorical=categorical,
        name=name, unit=unit,
    )  # fmt: skip
    return replace(made, facts=made.facts | {"k": k})


def predict(state: State, x: Array) -> Array:
    made = trees.boosted(state, x)
    if made.ndim > 1 or state.facts.get("k", 2) == 0:  # bundles of before are all of classes
        return made
    p = np.empty((len(made), 2))
    p[:, 0], p[:, 1] = 1 - made, made
    return p


MODEL = Model(fit=fit, predict=predict)
