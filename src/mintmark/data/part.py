"""Part: some of the questions, with all that belongs to them; and the parts that a recipe's rows fall into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mintmark.base.errors import DataError, RecipeError
from mintmark.data import split
from mintmark.data.collect import Collected
from mintmark.data.past import ALONE, Earlier, Past, moments
from mintmark.data.rows import Ids, Rows, content_hash, kind_of
from mintmark.data.split import Sealed
from mintmark.numerics import answers
from mintmark.numerics.batch import Batch, View
from mintmark.numerics.payoff import Money
from mintmark.recipe.schema import Recipe, delay


@dataclass(frozen=True)
class Before:
    """The past of a part, put in order when it is first asked for."""

    empty: Past
    rows: Rows

    @cached_property
    def past(self) -> Past:
        return self.empty.append(self.rows)


@dataclass(frozen=True)
class Part:
    row: Ids
    """places in the source"""
    questions: Rows
    truth: Rows
    raw: Rows
    """the rows as read: what payoff expressions are made of"""
    weight: npt.NDArray[np.float64] | None
    group: Ids | None
    series: Ids | None
    """number of the key, where the task has one: rows of one are alike"""
    before: "Before"
    """rows of this part and of the parts before it, never of a later one"""

    @property
    def past(self) -> Past:
        return self.before.past

    def __len__(self) -> int:
        return len(self.row)

    def take(self, ids: Ids) -> "Part":
        """Fewer questions; their past stays whole."""
        names = ("row", "weight", "group", "series")
        some: dict[str, Any] = {n: None if getattr(self, n) is None else getattr(self, n)[ids] for n in names}
        some |= {n: getattr(self, n).take(ids) for n in ("questions", "truth", "raw")}
        return replace(self, **some)

    def share(self, share: float, time: str, rng: np.random.Generator) -> "Part":
        """The newest questions, or any where there is no time; a larger share holds every smaller one."""
        if share >= 1:
            return self
        n = len(self)
        order = np.argsort(moments(self.questions.table(), time), kind="stable") if time else rng.permutation(n)
        return self.take(np.sort(order[n - max(1, round(n * share)) :]))

    def known(self, kind: str, facts: dict[str, Any], money: Money | None) -> tuple[Any, list[str], Any]:
        """Truth as an array, the classes it is placed among, and the money of each action and outcome, or None."""
        classes, pays = facts.get("classes", []), None
        if money and kind == "classes":
            pays = money.tensor(self.raw.select(sorted(money.columns) or self.raw.names[:1]).table(), classes)
        return answers.y_of(kind, self.truth.table(), facts), classes, pays

    def view(self, encode: Callable[[pa.RecordBatch, Earlier], Batch], kind: str, money: Money | None) -> View:
        """Encoded chunks, with all that is known of their rows attached by us."""

        def read() -> Iterator[Batch]:
            at = 0
            for questions in self.questions:
                batch, part = (
                    encode(questions, self.past.as_of(questions)),
                    self.take(np.arange(at, at + len(questions))),
                )
                at += len(part)
                paid = money if money and money.fits(batch.facts.get("classes", [])) else None
                y, _, pays = part.known(kind, batch.facts, paid)
                yield replace(batch, y=y, weight=part.weight, group=part.group, row=part.row, payoff=pays)

        return View(read)


@dataclass(frozen=True)
class Parts:
    folds: list[tuple[Part, Part]]
    """(fit on, validate on)"""
    held: Part
    """all validation rows, fold after fold"""
    dev: Part
    """all rows that are not test"""
    test: Sealed[Part]
    tested: int
    everything: Sealed[Part]
    by: str
    """how they were divided, in a word"""
    data_hash: str
    test_hash: str
    """of the content of the test rows, in whatever order"""
    notes: list[str]
    """what was done to the rows, and what to know of their division"""

    def sizes(self) -> dict[str, int]:
        """Rows in all, to choose on, answered in validation, and for the test."""
        n, dev = len(self.held.raw.content), len(self.dev)
        return {"all": n, "dev": dev, "validated": len(self.held), "test": self.tested}


class Wishes(Protocol):
    """What a task says of its parts."""

    @property
    def split(self) -> str: ...
    @property
    def validate(self) -> str: ...
    @property
    def window(self) -> int: ...
    @property
    def alone(self) -> bool: ...


def divide(
    got: Collected, questions: Rows, truth: Rows, recipe: Recipe, key: str, task: Wishes, rng: np.random.Generator
) -> Parts:
    """Give each question to its part, with the past that it may see there.   Raises: DataError: too few of something.

    `key` names the column whose earlier rows belong to a question: without a time nothing is known to be earlier.
    """
    rows, time = got.rows, got.columns.time
    happens = moments(rows.select([time]).table(), time) if time else None
    cut = split.cut(
        len(rows),
        rng,
        part=got.part,
        asked=moments(questions.table(), time) if time else None,
        happens=happens,
        groups=_codes(rows, got.columns.group or key),
        classes=_codes(truth, truth.names[0]) if task.split == "stratify" else None,
        test_share=recipe.test_share,
        valid_share=recipe.valid_share,
        folds=recipe.folds or (split.FOLDS if task.validate == "folds" else 0),
        always=recipe.folds is not None,
    )
    clock = bool(time) and kind_of(rows.schema.field(time).type) == "time"
    if recipe.label_delay and not time:
        what = "there is no time column, so nothing is known to be earlier or later."
        raise RecipeError(what, where="label_delay", fix='columns.time = "...", or leave label_delay out.')
    wait = delay(recipe.label_delay, clock)
    data_hash, hashes = rows.hash(), rows.row_hashes()
    salt = content_hash(hashes[cut.dev])[:16]  # not of the test rows: models may know series by their pseudonyms
    whose = key or (ALONE if task.alone else "")
    empty = Past(whose if time else "", time, got.columns.target, wait, recipe.window or task.window, salt)
    weight, group = _weights(rows, got.columns.weight), _codes(rows, got.columns.group)
    known = {*questions.names, *truth.names}  # what neither question nor truth holds, the past cannot: no address
    kept = rows.select([n for n in rows.names if n in known])
    series = _codes(rows, key)
    whole = Part(np.arange(len(rows)), questions, truth, rows, weight, group, series, Before(empty, kept))

    def part(ids: Ids, seen: Ids) -> Part:
        return replace(whole.take(ids), before=Before(empty, kept.take(seen)))

    pairs = [(part(a, a), part(b, np.union1d(a, b))) for a, b in cut.folds]
    dev, test = part(cut.dev, cut.dev), replace(whole.take(cut.test), before=whole.before)
    held = replace(whole.take(np.concatenate([b for _, b in cut.folds])), before=dev.before)
    for some, what in ((held, "validation"), (test, "test"), *((a, "training") for a, _ in pairs)):
        if some.weight is not None and not some.weight.sum() > 0:
            raise DataError(f"all {what} rows have the weight 0.", where="columns.weight", fix="weights above 0.")
    twice = int(np.isin(hashes[cut.test], hashes[cut.dev]).sum())
    said = f"{twice} of {len(test)} test rows are copies of rows to choose on: measures on them are rosy."
    test_hash, notes = content_hash(hashes[cut.test]), [*got.notes, said] if twice else got.notes
    if between := len(rows) - len(dev) - len(test):
        notes = [*notes, f"{between} rows are asked before the test and happen after it began: they are in no part."]
    if series is not None and happens is not None and (same := _at_once(series, happens)):
        fix = f"times that differ, or one row for all of them, in column {time!r}"
        notes = [*notes, f"{same} rows have the {key!r} and the time of another row. As events of a served model the "
                         f"last of them would take the place of the others. Try: {fix}."]  # fmt: skip
    return Parts(pairs, held, dev, Sealed(test), len(test), Sealed(whole), cut.by, data_hash, test_hash, notes)


def _codes(rows: Rows, name: str) -> Ids | None:
    """A number for each value of a column, or None for no column; a missing value is alone."""
    if not name:
        return None
    coded = rows.select([name]).table().column(0).combine_chunks().dictionary_encode()
    codes: Ids = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = codes < 0
    codes[alone] = len(coded.dictionary) + np.arange(int(alone.sum()))
    return codes


def _at_once(series: Ids, at: npt.NDArray[np.float64]) -> int:
    """Rows of the same key and time as another."""
    order = np.lexsort((at, series))
    again = (np.diff(series[order]) == 0) & (np.diff(at[order]) == 0)
    return int((np.append(again, False) | np.append(False, again)).sum())


def _weights(rows: Rows, name: str) -> npt.NDArray[np.float64] | None:
    """Weight of each row, or None.   Raises: DataError: a weight that is missing, negative or not a number."""
    if not name:
        return None
    column = rows.select([name]).table().column(0)
    if kind_of(column.type) != "number":
        raise DataError("weights must be numbers.", where=f"column {name!r}", fix="another column as weight.")
    values: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        where = f"column {name!r}, row {bad[0] + 1}"
        raise DataError(f"{values[bad[0]]} is no weight.", where=where, fix="finite numbers from 0 up.")
    return values
