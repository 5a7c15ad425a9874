"""What can be set of the features of tables."""

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
    history: int = Field(20, ge=0, description="Earlier rows of the entity that are looked at; 0 ignores them.")
