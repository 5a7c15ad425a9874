"""Value: what a model is worth as one page: the plain figures of a result, and texts in the reader's language."""

from mintmark.report.value.page import html, write

__all__ = ["html", "write"]
