"""Balance: whatever way the rows are treated, probabilities come true as often as they say."""

from pathlib import Path

import numpy as np
import pytest

from mintmark import capabilities, spine
from mintmark.base.errors import RecipeError
from mintmark.data import rows as table
from mintmark.numerics import answers
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema


def prepared(way: str, n: int = 4000, **more: object) -> spine.Prepared:
    """About two in a hundred are rare."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 3))
    y = rng.random(n) < 1 / (1 + np.exp(-(1.5 * x[:, 0] + x[:, 1] - 5)))
    rows = table.of({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "amount": np.abs(x[:, 2]) + 1, "y": y})
    content = {"task": "tabular_classification", "target": "y", "with": [way], "settings": {"model": "lightgbm"}}
    return spine.prepare(schema.parse(content | more, ""), rows)


@pytest.mark.parametrize("way", ["weights", "over", "under", "smote"])
def test_calibration_restores_the_odds(way: str, tmp_path: Path) -> None:
    p = prepared(f"balance:{way}")
    test, made = spine.finish(p, spine.train(p, {}, Ctx(0)), Ctx(0), tmp_path)
    said = answers.probability(made, ["false", "true"])[0][:, 1]
    truth = test.truth.table().column(0).to_numpy(zero_copy_only=False).mean()
    assert 0.4 * truth < said.mean() < 2.2 * truth


def test_a_way_is_named_and_a_wrong_one_refused() -> None:
    assert capabilities.open_ways("balance", paid=False) == (
        "balance:none", "balance:weights", "balance:over", "balance:under", "balance:smote",
    )  # fmt: skip
    assert capabilities.open_ways("balance:smote", paid=True) == () == capabilities.open_ways("explain", paid=True)
    with pytest.raises(RecipeError, match="smote"):
        prepared("balance:smoke", n=50)
    with pytest.raises(RecipeError, match="payoff"):
        prepared("balance:payoff", n=50)


def test_dear_mistakes_weigh_more() -> None:
    p = prepared(
        "balance:payoff", payoff={"true_positive": -1, "false_positive": -1, "false_negative": "-100 * amount"}
    )
    on = p.parts.folds[0][0]
    features = p.task.learn(on.questions, on.truth, p.columns, p.task.config())
    seen = capabilities.changed(p.recipe.with_, spine.view(p, features, on), Ctx(0)).whole()
    assert seen.weight is not None and seen.y is not None
    assert seen.weight[seen.y == 1].min() > 5 * seen.weight[seen.y == 0].max()
