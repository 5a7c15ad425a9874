"""XGBoost: boosted trees, level by level."""

from functools import lru_cache
from typing import Any

import numpy as np

from mintmark.base.need import need
from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

NUMBERS = {"squared": "reg:squarederror", "absolute": "reg:absoluteerror", "quantile": "reg:quantileerror"}
STEP = 10
"""rounds between two reports"""


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Kept as UBJ, with the best round; stops early as lightgbm does."""
    xgboost = need("xgboost", extra="tables")
    n, d = len(seen), seen.x[0].shape[1]
    params: dict[str, Any] = {
        "eta": settings.learning_rate,
        "max_depth": settings.max_depth or (4 if n < 2000 else 6),
        "min_child_weight": 1.0,
        "subsample": 0.8,
        "colsample_bytree": settings.max_features or 0.8,
        "lambda": settings.penalty,
        "tree_method": "hist",
        "seed": ctx.draw_seed(),
        "nthread": min(trees.cores(), 1 + n * d // trees.VALUES_A_THREAD),
    }
    if k:
        params |= {"objective": "binary:logistic", "eval_metric": "logloss"} if k == 2 else {
            "objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": k}  # fmt: skip
    else:
        params |= {"objective": NUMBERS[settings.objective]}
        params |= {"quantile_alpha": settings.level} if settings.objective == "quantile" else {"eval_metric": "rmse"}
    train = matrix(xgboost, stack(seen.x), seen.y, seen.weight, categorical, params["nthread"])
    valid = matrix(xgboost, stack(held.x), held.y, held.weight, categorical, params["nthread"]) if held else None
    rounds, name, unit = settings.n_estimators or (2000 if held else 200), "log_loss" if k else "loss", "nats"
    best, model, fitted = (np.inf, 0), xgboost.Booster(params, [train]), 0
    while fitted < rounds:
        for _ in range(min(STEP, rounds - fitted)):
            model.update(train, fitted)
            fitted += 1
            if valid is not None:
                loss = float(model.eval_set([(valid, "v")], fitted - 1).rsplit(":", 1)[1])
                best = min(best, (loss, fitted))
        value = best[0] if valid is not None else float(fitted)
        stop = ctx.report(name if valid is not None else "rounds", value, unit, step=fitted, of=rounds)
        if stop or valid is not None and fitted - best[1] >= settings.early_stopping_rounds:
            break
    kept = best[1] if valid is not None else fitted
    content = bytes(model[:kept].save_raw("ubj"))
    facts = {"rounds": kept, "fitted": fitted, "k": k, "categorical": categorical}
    return State(facts=facts, files={"model.ubj": content})


def predict(state: State, x: Array) -> Array:
    xgboost, k = need("xgboost", extra="tables"), state.facts["k"]
    threads = trees.threads(x.shape[0])
    model = booster(state.files["model.ubj"])
    made = model.predict(matrix(xgboost, x, None, None, state.facts["categorical"], threads)).astype(np.float64)
    p: Array = made
    if k:
        p = made / made.sum(1, keepdims=True) if k > 2 else np.stack([1 - made, made], 1)
    return p


def matrix(xgboost: Any, x: Any, y: Any, weight: Any, categorical: list[int], threads: int) -> Any:
    """Codes are categories as such; one beyond those of the training rows goes where a missing one goes."""
    kinds = ["c" if j in set(categorical) else "q" for j in range(x.shape[1])]
    return xgboost.DMatrix(
        x, y, weight=weight, feature_types=kinds, enable_categorical=bool(categorical), nthread=threads
    )


@lru_cache(maxsize=32)
def booster(content: bytes) -> Any:
    """The model of these bytes: a pure function of them, kept because parsing takes longer than many answers."""
    model = need("xgboost", extra="tables").Booster()
    model.load_model(bytearray(content))
    model.set_param({"nthread": 1})
    return model


MODEL = Model(fit=fit, predict=predict)
