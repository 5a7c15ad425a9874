"""Report: a run's record and its figures as one HTML page that needs nothing beside itself."""

from mintmark.report.figures import NAME, Figures, Forecasts
from mintmark.report.figures_of import Tested, by_steps, figures_of
from mintmark.report.page import html, write
from mintmark.report.series import Series, of_tables
from mintmark.report.tree import feature_names, tree_of

__all__ = [
    "NAME", "Figures", "Forecasts", "Series", "Tested", "by_steps", "feature_names", "figures_of", "html", "of_tables",
    "tree_of", "write",
]  # fmt: skip
