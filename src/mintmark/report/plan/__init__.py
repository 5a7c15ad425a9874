"""Plan: ways to train a model, by cost and by time, as one HTML page that needs nothing beside itself."""

from mintmark.report.plan.page import html

__all__ = ["html"]
