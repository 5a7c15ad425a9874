"""What can be set of the models of tables, and where a search looks."""

from typing import Literal

from pydantic import Field

from mintmark.recipe.strict import Strict, searched

BOOSTED = ("lightgbm", "xgboost", "catboost")
FORESTS = ("random_forest", "extra_trees", "balanced_random_forest")


class Settings(Strict):
    """Of all models; each reads those that its description names."""

    n_estimators: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Trees at most; without it 2000 for boosted ones (they stop early), 200 in a forest.",
    )
    learning_rate: float = Field(
        0.05,
        gt=0,
        le=1,
        description="Of boosted trees and ebm: how much each tree corrects.",
        json_schema_extra=searched(0.015, 0.2, log=True, of=BOOSTED),
    )
    num_leaves: int | None = Field(
        None,
        ge=2,
        le=4096,
        description="Of lightgbm: leaves a tree; without it 4 to 31, more for more rows.",
        json_schema_extra=searched(3, 127, log=True, of=("lightgbm",)),
    )
    min_child_samples: int | None = Field(
        None,
        ge=1,
        description="Rows in a leaf, at least; without it more for more rows.",
        json_schema_extra=searched(2, 80, log=True, of=("lightgbm", *FORESTS, "decision_tree")),
    )
    early_stopping_rounds: int = Field(
        50, ge=1, description="Of boosted trees: stop after so many trees without a better validation loss."
    )
    max_depth: int | None = Field(
        None,
        ge=1,
        description="Of trees: splits from root to leaf, at most; without it no limit, 6 for xgboost and catboost.",
        json_schema_extra=searched(2, 8, of=("xgboost", "catboost")),
    )
    max_features: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Of trees: share of the features tried; without it 0.8, in a forest the square root.",
        json_schema_extra=searched(0.2, 1.0, of=("lightgbm", "xgboost", *FORESTS)),
    )
    penalty: float = Field(
        1.0,
        ge=0,
        description="Of boosted trees: L2 penalty on the values of leaves.",
        json_schema_extra=searched(0.1, 30.0, log=True, of=BOOSTED),
    )
    undersample: bool = Field(
        False, description="Of lightgbm, two classes: each tree sees as many rows of the frequent class as of the rare."
    )
    C: float = Field(
        1.0,
        gt=0,
        description="Of logistic_regression, linear_regression and the SVMs: inverse strength of the penalty.",
        json_schema_extra=searched(
            0.003, 30.0, log=True, of=("logistic_regression", "linear_regression", "linear_svm", "kernel_svm")
        ),
    )
    gamma: float | None = Field(
        None,
        gt=0,
        description="Of kernel_svm: how near rows must be to be alike; without it 1 / (columns x variance).",
        json_schema_extra=searched(0.0005, 0.5, log=True, of=("kernel_svm",)),
    )
    prune: float | None = Field(
        None, ge=0, description="Of decision_tree: cost a leaf; without it what validates best, and none in a refit."
    )
    interactions: int | None = Field(
        None, ge=0, description="Of ebm: pairs of features; without it 10, none from 100 features on."
    )
    objective: Literal["squared", "absolute", "quantile"] = Field(
        "squared", description="Of boosted trees of a number: what is predicted: mean, median, or the quantile `level`."
    )
    level: float = Field(0.5, gt=0, lt=1, description="Of the objective quantile: the share that lies below.")
