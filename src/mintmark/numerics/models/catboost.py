"""CatBoost: boosted symmetric trees, quick to answer. Needs the library of that name."""

import json
import os
import tempfile
from functools import lru_cache
from pathlib import Path
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

NUMBERS = {"squared": "RMSE", "absolute": "MAE", "quantile": "Quantile:alpha={}"}


class _Follow:
    """Reports each tenth round, and stops where it is told to."""

    def __init__(self, ctx: Ctx, rounds: int, held: bool) -> None:
        self.ctx, self.rounds, self.held = ctx, rounds, held

    def after_iteration(self, info: Any) -> bool:
        if info.iteration % 10:
            return True
        losses = info.metrics.get("validation") or info.metrics.get("learn") or {}
        value = float(next(iter(losses.values()))[-1]) if losses else float(info.iteration)
        return not self.ctx.report("loss", value, "1", step=info.iteration, of=self.rounds)


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Kept as JSON, which holds nothing but numbers and names."""
    catboost = need("catboost", extra="tables")
    n, d = len(seen), seen.x[0].shape[1]
    rounds = settings.n_estimators or (2000 if held else 300)
    loss = ("Logloss" if k == 2 else "MultiClass") if k else NUMBERS[settings.objective].format(settings.level)
    model = catboost.CatBoost(
        {
            "iterations": rounds, "learning_rate": settings.learning_rate, "depth": settings.max_depth or 6,
            "l2_leaf_reg": 3.0 * settings.penalty, "loss_function": loss, "random_seed": ctx.draw_seed(),
            "thread_count": min(trees.cores(), 1 + n * d // 20_000), "verbose": False, "allow_writing_files": False,
            "od_type": "Iter", "od_wait": settings.early_stopping_rounds, "use_best_model": held is not None,
            **({"classes_count": k} if k > 2 else {}),
        }
    )  # fmt: skip
    pool = catboost.Pool(dense(stack(seen.x)), seen.y, weight=seen.weight)
    valid = catboost.Pool(dense(stack(held.x)), held.y, weight=held.weight) if held else None
    model.fit(pool, eval_set=valid, callbacks=[_Follow(ctx, rounds, held is not None)])
    with tempfile.TemporaryDirectory(prefix="mintmark-") as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        made = json.loads(path.read_text(encoding="utf-8"))
    made["model_info"] = {}  # when it was trained, and by which machine's threads
    content = json.dumps(made, sort_keys=True).encode()
    return State(facts={"rounds": int(model.tree_count_), "k": k}, files={"model.json": content})


def predict(state: State, x: Array) -> Array:
    model, k = booster(state.files["model.json"]), state.facts["k"]
    threads = trees.threads(x.shape[0])
    kind = "Probability" if k else "RawFormulaVal"
    made: Array = np.asarray(model.predict(dense(x), prediction_type=kind, thread_count=threads), np.float64)
    return made


def dense(x: Any) -> Array:
    made: Array = np.ascontiguousarray(x if isinstance(x, np.ndarray) else x.toarray(), np.float32)
    return made


@lru_cache(maxsize=32)
def booster(content: bytes) -> Any:
    """The model of these bytes. The library reads only files: one in memory, or one of our own that is gone again."""
    model = need("catboost", extra="tables").CatBoost()
    if hasattr(os, "memfd_create"):  # a sealed bundle never lies on a disk in plain
        with os.fdopen(os.memfd_create("mintmark"), "wb") as file:
            file.write(content)
            file.flush()
            model.load_model(f"/proc/self/fd/{file.fileno()}", format="json")
        return model
    handle, path = tempfile.mkstemp(suffix=".json", prefix="mintmark-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        model.load_model(path, format="json")
    finally:
        os.unlink(path)
    return model


MODEL = Model(fit=fit, predict=predict)
