"""Risk: a register of risks as one page: the plain figures of a result, and texts in the reader's language."""

from mintmark.report.risk.page import html

__all__ = ["html"]
