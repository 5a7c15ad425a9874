"""Allocate: a budget over projects as one page: the plain figures of a result, and texts in the reader's language."""

from mintmark.report.allocate.page import html

__all__ = ["html"]
