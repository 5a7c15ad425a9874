"""Random forest: independent trees, each of other rows and other features, their mean."""

from mintmark.base.state import State
from mintmark.numerics import trees
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return trees.forest_of(RandomForestClassifier if k else RandomForestRegressor, seen, held, k, settings, ctx)


MODEL = Model(fit=fit, predict=trees.forest_answers)
