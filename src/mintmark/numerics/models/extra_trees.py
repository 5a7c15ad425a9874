"""Extremely randomised trees: independent trees whose splits are drawn, not sought."""

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    return trees.forest_of(ExtraTreesClassifier if k else ExtraTreesRegressor, seen, held, k, settings, ctx)


MODEL = Model(fit=fit, predict=trees.forest_answers)
