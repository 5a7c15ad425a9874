"""What can be set of the features of tables."""

from typing import Literal

from pydantic import Field

from mintmark.recipe.strict import Strict


class Settings(Strict):
    categorical: tuple[str, ...] = Field((), description="Number columns whose values are names, such as postcodes.")
    ignore: tuple[str, ...] = Field(
        (), description="Columns that are not used, and not asked for when the model is served."
    )
    max_categories: int = Field(
        200, ge=2, description="Categories of a column that are told apart, the most frequent; the others are one."
    )
    target_encoding: int = Field(
        30, ge=0, description="Columns of more categories than this also say what their category was like; 0: none do."
    )
    texts: Literal["auto", "none"] = Field(
        "auto", description="Columns of running text: read by their words (Chinese: characters), or left out."
    )
    gaps: bool = Field(True, description="Days between the dates of a row, and to the time of the row.")
    clusters: int = Field(
        0, ge=0, le=100, description="K-Means clusters, the distances to which are features; 0: none."
    )
    anomaly: bool = Field(False, description="How unusual the row's numbers are, as a feature.")
    products: int = Field(0, ge=0, le=100, description="Products of two numbers that a linear model gets, at most.")
    outliers: Literal["keep", "clip", "mark"] = Field(
        "keep",
        description="Numbers far outside: as they are, cut off at the edge of the usual, or counted as a feature.",
    )
    select: Literal["none", "filter", "permutation", "stability"] = Field(
        "none",
        description="Features that are kept: all; those that go with the target one by one; those that a quick model "
        "misses when shuffled; those that a sparse model picks again and again.",
    )
    history: int = Field(20, ge=0, description="Earlier rows of the entity that are looked at; 0 ignores them.")
    windows: tuple[str, ...] = Field(
        (), description='Spans of time in which the entity\'s rows are counted and summed: ["1 day", "7 days"].'
    )
