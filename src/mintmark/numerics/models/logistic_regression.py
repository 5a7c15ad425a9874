"""Logistic regression: a weighted sum of standardised features, read as log odds."""

from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import stack
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models import Model
from mintmark.numerics.models.linear import log_loss, scores, softmax, spread
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen


def fit(seen: Seen, held: Seen | None, k: int, categorical: list[int], settings: Settings, ctx: Ctx) -> State:
    """Shapes: coefficient (k, d), intercept (k,); one row alone for two classes."""
    from sklearn.linear_model import LogisticRegression

    made = LogisticRegression(C=settings.C, max_iter=10_000).fit(stack(seen.x), seen.y, sample_weight=seen.weight)
    state = spread(made.coef_, made.intercept_, made.classes_, k)
    on = held or seen
    ctx.report("log_loss", log_loss(predict(state, stack(on.x)), on.y, on.weight), "nats", step=1, of=1)
    return state


def predict(state: State, x: Array) -> Array:
    return softmax(scores(state, x))


MODEL = Model(fit=fit, predict=predict, wants="linear", kinds=("classes",))
