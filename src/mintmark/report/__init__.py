"""Report: a run's record and its figures as one HTML page that needs nothing beside itself."""

from mintmark.report.page import write
from mintmark.report.series import Series, figures

Figure = Series
"""what a page can draw"""

__all__ = ["Figure", "Series", "figures", "write"]
