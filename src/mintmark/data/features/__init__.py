"""Features of tables: columns to numbers, what a linear model makes of them, and the history of an entity."""

from mintmark.data.features.columns import encode, learn, nothing_left
from mintmark.data.features.history import HISTORIES, history, learn_history
from mintmark.data.features.linear import FAR, learn_linear, linear

__all__ = ["FAR", "HISTORIES", "encode", "history", "learn", "learn_history", "learn_linear", "linear", "nothing_left"]
