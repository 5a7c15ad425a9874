"""Reading: the survey, the choices and the transactions, from CSV files to columns in the file's currency."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from mintmark.base.errors import DataError
from mintmark.base.words import mark
from mintmark.capital.choice import Choices
from mintmark.capital.choice_table import read_long, truths
from mintmark.capital.pricing.study import Array, Study
from mintmark.capital.survey import ASKED
from mintmark.capital.table import columns, header

GABOR = ("asked_price", "would_buy")


@dataclass(frozen=True)
class Survey:
    """Answers of people, prices in the file's currency a unit."""

    four: list[Array] | None
    """too cheap, cheap, expensive, too expensive, each (people,)"""
    asked: Array | None
    """the price that each was asked whether they would buy at, (people,)"""
    yes: Array | None
    """1 where they would"""


def survey(study: Study, path: Path) -> Survey:
    """Raises: DataError: neither kind of question is in the file, or a cell is no number."""
    where = "survey"
    names = header(path, where)
    four, gabor = ([n for n in kind if n in names] for kind in (ASKED, GABOR))
    if not four and not gabor:
        fix = f"columns {', '.join(ASKED)}, or {' and '.join(GABOR)}."
        raise DataError("has none of the questions.", where=f"{where}: {path.name}", fix=fix)
    rate = study.rate(study.plan.pricing.survey_currency, "pricing.survey_currency")
    prices = columns(
        path, [*(ASKED if four else ()), *(GABOR[:1] if gabor else ())], where, text=GABOR[1:] if gabor else ()
    )
    yes = truths(prices[GABOR[1]], f"{where}: {GABOR[1]}", "1 for yes, 0 for no.").astype(float) if gabor else None
    return Survey([rate * prices[n] for n in ASKED] if four else None, rate * prices[GABOR[0]] if gabor else None, yes)


def choices(study: Study, path: Path) -> Choices:
    """The choices, with the price as their first term.   Raises: DataError: as read_long."""
    read = study.plan.choices
    rate = study.rate(study.plan.pricing.choices_currency, "pricing.choices_currency")
    features = [read.price, *read.features]
    made = read_long(path, read.chosen, read.id, None, features, False, f"choices: {path.name}")
    return replace(made, x=made.x * np.where(np.array(made.terms) == read.price, rate, 1.0))


@dataclass(frozen=True)
class Cohort:
    """Customers with their history, times in weeks, money in the file's currency."""

    names: Array
    frequency: Array
    recency: Array
    age: Array
    mean: Array
    """what the purchases after the first came to on average; NaN of those who never came back"""
    until: str


def transactions(study: Study, path: Path, today: date) -> Cohort:
    """Purchases of one customer on one day count once.

    Raises: DataError: no date, a date after today or after `until`, an amount of 0 or less (names the row).
    """
    read, where = study.plan.transactions, f"transactions: {path.name}"
    table = columns(path, [read.amount], "transactions", text=[read.customer, read.date])
    days = _days(table[read.date].tolist(), where, read.date)
    amounts = study.rate(read.currency, "transactions.currency") * table[read.amount]
    late = np.flatnonzero(days > np.datetime64(today))
    if len(late):
        what = f"{days[late[0]]} in row {late[0] + 1} is after today, {today} ({len(late)} rows are)."
        raise DataError(what, where=f"{where}: column {read.date!r}", fix="dates of purchases that were made.")
    kept = amounts > 0
    if not kept.all():
        bad = np.flatnonzero(~kept)
        if read.returns == "refuse":
            what = f"{table[read.amount][bad[0]]:g} in row {bad[0] + 1} is no purchase ({len(bad)} rows are 0 or less)."
            fix = '[transactions] returns = "drop" leaves them out.'
            raise DataError(what, where=f"{where}: column {read.amount!r}", fix=fix)
        study.say(mark("{n} transactions of 0 or less were left out."), n=len(bad))
    if not kept.any():
        raise DataError("no purchase is left.", where=where, fix="rows with an amount above 0.")
    until = _days([read.until], f"{study.where}: transactions.until", "until")[0] if read.until else days.max()
    after = np.flatnonzero(days > until)
    if len(after):
        what = f"{days[after[0]]} in row {after[0] + 1} is after {until}, the last day that was watched."
        raise DataError(what, where=f"{where}: column {read.date!r}", fix="a later [transactions] until.")
    return _cohort(table[read.customer][kept], days[kept], amounts[kept], until)


def _cohort(customer: Array, days: Array, amounts: Array, until: np.datetime64) -> Cohort:
    names, who = np.unique(customer, return_inverse=True)
    day = days.astype(np.int64)
    pairs, at = np.unique(np.column_stack([who.ravel(), day]), axis=0, return_inverse=True)
    money = np.bincount(at.ravel(), weights=amounts)
    owner, when = pairs.T
    first = np.r_[True, owner[1:] != owner[:-1]]  # pairs come in the order of customers and days
    last = np.r_[first[1:], True]
    count = np.bincount(owner)
    start, end = when[first], when[last]
    later = np.bincount(owner, weights=np.where(first, 0.0, money))
    frequency = (count - 1).astype(float)
    with np.errstate(invalid="ignore"):
        mean = np.where(frequency > 0, later / np.maximum(frequency, 1), np.nan)
    limit = int(until.astype("datetime64[D]").astype(np.int64))
    return Cohort(names, frequency, (end - start) / 7.0, (limit - start) / 7.0, mean, str(until))


def _days(texts: Sequence[str], where: str, column: str) -> Array:
    """Days of ISO dates, with or without a time of day, or of eight digits."""
    made = np.empty(len(texts), "datetime64[D]")
    known: dict[str, np.datetime64] = {}
    for i, raw in enumerate(texts):
        if raw not in known:
            known[raw] = _day(raw.strip(), f"{where}: column {column!r}, row {i + 1}")
        made[i] = known[raw]
    return made


def _day(text: str, where: str) -> np.datetime64:
    found = re.fullmatch(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?", text)
    try:
        return np.datetime64(date(*map(int, found.groups())), "D") if found else _no_day(text)
    except ValueError:
        raise DataError(f"{text[:40]!r} is no date.", where=where, fix="dates as 2026-05-31.") from None


def _no_day(text: str) -> np.datetime64:
    raise ValueError(text)
