"""A query: one SELECT, told apart from all else that SQL can say before a database sees it; and what it gave."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mintmark.base.errors import DataError, RecipeError
from mintmark.data.json_lines import without
from mintmark.data.rows import Rows
from mintmark.data.text_table import Columns, Options

WHERE = "read.query"
SAMPLE = 'query = "select * from data where year >= 2020"'
READS = ("select", "with", "values", "from", "table", "(")
TOKEN = re.compile(
    r"""(?P<skip> \s+ | --[^\n]* | /\*.*?\*/ )
    | (?P<text> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<word> [^\W\d]\w* ) | (?P<mark> . )""",
    re.X | re.S,
)
SPAN = np.dtype([("months", "<i4"), ("days", "<i4"), ("ns", "<i8")])
MONTH_DAYS, DAY_S = 30, 86400  # as PostgreSQL counts them: 30 days where a span of time says a month
FIRST_DAY, LAST_DAY = -719162, 2932896  # of the years 1 and 9999, since 1970


@dataclass(frozen=True)
class Query:
    text: str
    """without what follows its last word: no semicolon, no comment"""
    ordered: bool
    """whether it says in which order its rows come"""


def parse(text: str) -> Query:
    """The query in a text.   Raises: RecipeError: it is empty, no SELECT, or more than one statement."""
    tokens = [m for m in TOKEN.finditer(text) if m.lastgroup != "skip"]
    ends = next((i for i, m in enumerate(tokens) if m[0] == ";"), len(tokens))
    if not ends:
        raise RecipeError("is empty.", where=WHERE, fix=SAMPLE)
    if further := [m for m in tokens[ends:] if m[0] != ";"]:
        what = f"holds more than one statement: {further[0][0][:30]!r} comes after a semicolon."
        raise RecipeError(what, where=WHERE, fix="one SELECT; its steps can be written as with a as (...) select ...")
    if tokens[0][0].lower() not in READS:
        raise RecipeError(f"must be a SELECT; it begins with {tokens[0][0][:30]!r}.", where=WHERE, fix=SAMPLE)
    return Query(text[tokens[0].start() : tokens[ends - 1].end()], _ordered([m[0].lower() for m in tokens[:ends]]))


def _ordered(words: list[str]) -> bool:
    """Whether `order by` stands outside of all brackets."""
    depth = 0
    for word, following in zip(words, [*words[1:], ""], strict=True):
        depth += (word == "(") - (word == ")")
        if not depth and (word, following) == ("order", "by"):
            return True
    return False


# --- what a query gave ------------------------------------------------------------------------------------------------


def columns(table: pa.Table, options: Options) -> tuple[Columns, list[str]]:
    """The columns of an answer, and a note for each treatment.   Raises: DataError: none, or two of one name."""
    names = table.column_names
    if not names:
        raise DataError("the query gives no columns.", where=WHERE, fix="name columns after select, or write *.")
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        what = f"column name {twice!r} occurs more than once in what the query gives."
        raise DataError(what, where=WHERE, fix=f'a name of its own for each: ... as "{twice}_2"')
    made, notes = {}, []
    for name, column in zip(names, table.columns, strict=True):
        if pa.types.is_interval(column.type):
            column = seconds(column)
        elif pa.types.is_timestamp(column.type) or pa.types.is_date32(column.type):
            column, beyond = _known(column)
            notes += [f"column {name!r}: {beyond} times outside of the years 1 to 9999 treated as missing."] * (
                beyond > 0
            )
        made[name] = without(column, options.missing)
    return made, notes


def _known(times: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """The times without infinity and its like, and how many those were."""
    day, since = 1, times.cast(pa.int32()) if pa.types.is_date(times.type) else times.cast(pa.int64())
    if pa.types.is_timestamp(times.type):
        day = DAY_S * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[times.type.unit]
    known = pc.and_(pc.greater_equal(since, FIRST_DAY * day), pc.less(since, (LAST_DAY + 1) * day))
    beyond = len(times) - times.null_count - (pc.sum(known).as_py() or 0)
    return (pc.if_else(known, times, pa.scalar(None, times.type)) if beyond else times), beyond


def seconds(spans: pa.ChunkedArray) -> pa.ChunkedArray:
    """Spans of time, which may be said in months and days, in seconds."""
    made = []
    for chunk in spans.chunks:
        parts = np.frombuffer(chunk.buffers()[1], SPAN)[chunk.offset : chunk.offset + len(chunk)]
        days = parts["months"] * float(MONTH_DAYS) + parts["days"]
        made.append(pa.array(days * DAY_S + parts["ns"] / 1e9, mask=chunk.is_null().to_numpy(zero_copy_only=False)))
    return pa.chunked_array(made, pa.float64())


def in_order(rows: Rows, query: Query) -> Rows:
    """The rows in the order that the query asks for; else in one that depends on what they hold alone.

    A database gives rows without an order as it finds them. The data's hash and the split must not hang on that.
    """
    return rows if query.ordered else rows.take(np.argsort(rows.row_hashes(), kind="stable"))
