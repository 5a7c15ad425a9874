"""Spreadsheet: the figures of a result as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A line of names and one for each row; what is none is empty, and no text begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(["" if v is None else _safe(v) for v in row])
    return out.getvalue()


def _safe(value: Any) -> Any:
    """No text that a spreadsheet would take for a formula."""
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
