"""Payoff: what each decision earns under each outcome, as checked arithmetic over the columns of a row.

Nothing of Python is ever run: an expression is read into steps of our own, and only those steps are carried out.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.numerics.answers import Array, names_of

LONGEST, DEEPEST = 500, 50
CELLS = {"true_negative": (0, 0), "false_negative": (0, 1), "false_positive": (1, 0), "true_positive": (1, 1)}
TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d]\w*)|`(?P<quoted>[^`]+)`|[-+*/(),]"
)
FIX = "numbers, columns, + - * / ( ), min(a, b), max(a, b), abs(a); names with blanks or signs so: `Loan Amount`."


def _divide(a: Array, b: Array) -> Array:
    return np.divide(a, np.where(b == 0, np.nan, b))


SIGNS: dict[str, Callable[..., Array]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": _divide, "negative": np.negative,
    "min": lambda *a: reduce(np.minimum, a), "max": lambda *a: reduce(np.maximum, a), "abs": np.abs,
}  # fmt: skip


@dataclass(frozen=True)
class Expression:
    """Arithmetic over columns: numbers, names, + - * / and brackets, min, max, abs."""

    text: str
    where: str
    """setting that it stands in: payoff.true_positive"""
    steps: tuple[tuple[str, Any], ...] = field(repr=False, compare=False)
    """postfix, so that no nesting costs a recursion: ("number", 5.0), ("column", name), (sign, how many values)"""

    @classmethod
    def parse(cls, text: str | float, where: str = "payoff") -> "Expression":
        """Raises: RecipeError: anything else, longer than 500 characters, or nested deeper than 50."""
        if isinstance(text, str):
            made = cls(text, where, _Reading(text, where).all())
        else:
            value = _finite(text, where)
            made = cls(repr(value), where, (("number", value),))
        if not made.columns and not np.isfinite(made._evaluate(None)):
            raise RecipeError(f"{made.text!r} is not a finite number.", where=where, fix="no division by zero.")
        return made

    @property
    def columns(self) -> set[str]:
        return {value for kind, value in self.steps if kind == "column"}

    def value(self, rows: pa.Table | pa.RecordBatch, *, strict: bool = True) -> Array:
        """Money of each row.   Shapes: (n,), or () where no column is named.

        A missing value and a division by zero give NaN where `strict` is off.
        Raises: RecipeError: no such column. DataError: not numbers, or not finite in some row (names the first).
        """
        money = self._evaluate(rows)
        if strict and not np.isfinite(money).all():
            row = int(np.argmin(np.isfinite(money)))
            empty = [c for c in sorted(self.columns) if np.isnan(numbers(rows, c, self.where)[row])]
            why = f"column {empty[0]!r} has no number there" if empty else "it divides by zero or overflows there"
            cause = f"row {row + 1}: {self.text!r} has no finite value: {why}."
            raise DataError(cause, where=self.where, fix="fill or drop such rows, or keep the divisor off zero (max).")
        return money

    def _evaluate(self, rows: pa.Table | pa.RecordBatch | None) -> Array:
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for kind, value in self.steps:
                if kind == "number":
                    stack.append(np.asarray(value))
                elif kind == "column":
                    stack.append(numbers(rows, value, self.where))
                else:
                    taken = stack[-value:]
                    del stack[-value:]
                    stack.append(SIGNS[kind](*taken))
        return np.asarray(stack[0], dtype=np.float64)


class _Reading:
    """Recursive descent: sum = product {+- product}, product = atom {*/ atom}, atom = number, name, call or (sum)."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.depth, self.at = text, where, 0, 0
        self.steps: list[tuple[str, Any]] = []
        if len(text) > LONGEST:
            what = f"{text[:40]!r}... has {len(text)} characters, at most {LONGEST} are read."
            raise RecipeError(what, where=where, fix="make a column of it in the data.")
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, place
        at = 0
        while at < len(text):
            found = TOKEN.match(text, at)
            if text[at].isspace():
                at += 1
            elif found:
                kind = found.lastgroup or "sign"
                self.tokens.append((kind, found[found.lastgroup or 0], at))
                at = found.end()
            else:
                self.tokens.append(("nothing", text[at], at))  # the reading reports the first token that does not fit
                at += 1
        self.tokens.append(("end", "the end", len(text)))

    def all(self) -> tuple[tuple[str, Any], ...]:
        self._sum()
        if self.tokens[self.at][0] != "end":
            raise self._wrong("an operator")
        return tuple(self.steps)

    def _sum(self) -> None:
        self._product()
        while sign := self._take("+-"):
            self._product()
            self.steps.append((sign, 2))

    def _product(self) -> None:
        self._signed()
        while sign := self._take("*/"):
            self._signed()
            self.steps.append((sign, 2))

    def _signed(self) -> None:
        signs = 0
        while self._take("-"):
            signs += 1
        self._atom()
        self.steps += [("negative", 1)] * (signs % 2)

    def _atom(self) -> None:
        kind, text, _ = self.tokens[self.at]
        if kind == "number":
            self.steps.append(("number", _finite(float(text), self.where)))
            self.at += 1
        elif kind == "name" and self.tokens[self.at + 1][:2] == ("sign", "("):
            if text not in ("min", "max", "abs"):
                raise self._wrong("min, max or abs, the only functions,")
            self.at += 1
            count = self._bracket()
            if (count == 1) != (text == "abs"):
                wants = "one value" if text == "abs" else "two values or more"
                raise RecipeError(f"{self.text!r}: {text} takes {wants}, got {count}.", where=self.where, fix=FIX)
            self.steps.append((text, count))
        elif kind in ("name", "quoted"):
            self.steps.append(("column", text))
            self.at += 1
        elif text == "(" and kind == "sign":
            if self._bracket() != 1:
                raise RecipeError(f"{self.text!r}: a comma outside min or max.", where=self.where, fix=FIX)
        else:
            raise self._wrong("a number, a column or a bracket")

    def _bracket(self) -> int:
        """How many values stand between the brackets."""
        self.depth += 1
        if self.depth > DEEPEST:
            what = f"{self.text[:40]!r}... is nested deeper than {DEEPEST} brackets."
            raise RecipeError(what, where=self.where, fix="fewer brackets.")
        self._take("(")
        self._sum()
        count = 1
        while self._take(","):
            self._sum()
            count += 1
        if not self._take(")"):
            raise self._wrong("a closing bracket")
        self.depth -= 1
        return count

    def _take(self, signs: str) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind != "sign" or text not in signs:
            return ""
        self.at += 1
        return text

    def _wrong(self, wanted: str) -> RecipeError:
        kind, text, place = self.tokens[self.at]
        found = "the end" if kind == "end" else f"{text!r} at place {place + 1}"
        return RecipeError(f"{self.text!r}: found {found} where {wanted} belongs.", where=self.where, fix=FIX)


def _finite(value: Any, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return float(value)
    what = f"a {type(value).__name__} that is no finite number stands here."
    raise RecipeError(what, where=where, fix=FIX)


def numbers(rows: Any, name: str, where: str) -> Array:
    """A column as floats, NaN where it is missing or infinite.   Shapes: (n,).

    Raises: RecipeError: no such column (names the nearest). DataError: it does not hold numbers.
    """
    if name not in rows.schema.names:
        raise unknown("column", name, rows.schema.names, where=where)
    import pyarrow.compute as pc

    values, t = rows.column(name), pa.types
    if t.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kinds = (t.is_integer, t.is_floating, t.is_decimal, t.is_boolean, t.is_null)
    if not any(is_kind(values.type) for is_kind in kinds):
        first = next((str(v)[:40] for v in values if v.is_valid), "")
        what = f"column {name!r} holds {values.type}, such as {first!r}; money is made of numbers."
        raise DataError(what, where=where, fix="another column, or make this one numbers in the data.")
    made = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(made), made, np.nan)


@dataclass(frozen=True)
class Money:
    """What a recipe's payoff means. Two classes: their four cells; any number: a matrix of decision and truth."""

    currency: str
    cells: dict[str, Expression] = field(default_factory=dict)
    matrix: dict[str, dict[str, Expression]] = field(default_factory=dict)
    """decision -> truth -> money; a decision may be no class ("review"), and the first one is to do nothing"""
    over: float | None = None
    under: float | None = None
    capacity: float | None = None
    """share of the cases that can be acted on"""
    prevalence: float | None = None
    """true share of the positive class"""

    @property
    def decides(self) -> bool:
        """Whether it pays for decisions among classes, not for numbers alone."""
        return bool(self.cells or self.matrix)

    @property
    def columns(self) -> set[str]:
        return {c for _, _, e in self._all() for c in e.columns}

    def fits(self, classes: list[str]) -> bool:
        """Whether it can be worked out for these classes: a fold may lack one."""
        truths = {t for line in self.matrix.values() for t in line}
        return truths <= set(classes) if self.matrix else len(classes) == 2

    def actions(self, classes: list[str]) -> list[str]:
        """The decisions; the first is to do nothing: the negative class, or the matrix's first."""
        return list(self.matrix) or classes

    def tensor(self, rows: pa.Table | pa.RecordBatch, classes: list[str], *, strict: bool = True) -> Array:
        """Money of each row, action and outcome; read-only where no column is named.

        Shapes: (n, actions, outcomes), outcomes in the order of `classes`, the last of two being the positive one.
        Raises: RecipeError: cells for other than two classes, a truth that is no class, a column that is not there.
        DataError: see Expression.value; without `strict` what has no value is NaN.
        """
        _fits(self, "classes")
        if not self.matrix and len(classes) != 2:
            what = f"true_positive and its like mean two classes; the data have {len(classes)}: {classes[:10]}."
            raise RecipeError(what, where="payoff", fix='[payoff.matrix] with a line a decision: ok = { "bad" = -50 }')
        for decision, truths in self.matrix.items():
            for truth in truths:
                if truth not in classes:
                    raise unknown("class", truth, classes, where=f"payoff.matrix.{decision}")
        n, shape = rows.num_rows, (len(self.actions(classes)), len(classes))
        if not self.columns:
            constant = np.zeros(shape)
            for a, o, expression in self._all(classes):
                constant[a, o] = expression.value(rows)
            return np.broadcast_to(constant, (n, *shape))
        made = np.zeros((n, *shape))
        for a, o, expression in self._all(classes):
            made[:, a, o] = expression.value(rows, strict=strict)
        return made

    def facts(self) -> dict[str, Any]:
        """As JSON holds it: what a bundle's decision carries."""
        cells = {n: e.text for n, e in self.cells.items()}
        matrix = {d: {t: e.text for t, e in truths.items()} for d, truths in self.matrix.items()}
        rest = {n: getattr(self, n) for n in ("currency", "over", "under", "capacity", "prevalence")}
        return rest | {"cells": cells, "matrix": matrix}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any], actions: Sequence[str]) -> "Money":
        """The inverse of `facts`; `actions` gives the matrix its order back, which sorted JSON has lost."""
        cells = {n: Expression.parse(text, f"payoff.{n}") for n, text in facts["cells"].items()}
        matrix = {a: facts["matrix"][a] for a in actions} if facts["matrix"] else {}
        return cls(**dict(facts) | {"cells": cells, "matrix": _matrix(matrix)})

    def _all(self, classes: list[str] | None = None) -> list[tuple[int, int, Expression]]:
        """Place of the action, place of the outcome, and the money."""
        if not self.matrix:
            return [(*CELLS[name], e) for name, e in self.cells.items()]
        order = {c: i for i, c in enumerate(classes or [])}
        lines = enumerate(self.matrix.values())
        return [(a, order.get(truth, -1), e) for a, truths in lines for truth, e in truths.items()]


class Spec(Protocol):
    """What is read of the recipe's payoff."""

    @property
    def currency(self) -> str: ...
    @property
    def true_positive(self) -> float | str: ...
    @property
    def false_positive(self) -> float | str: ...
    @property
    def false_negative(self) -> float | str: ...
    @property
    def true_negative(self) -> float | str: ...
    @property
    def matrix(self) -> Mapping[str, Mapping[str, float | str]]: ...
    @property
    def over(self) -> float | None: ...
    @property
    def under(self) -> float | None: ...
    @property
    def capacity(self) -> float | None: ...
    @property
    def prevalence(self) -> float | None: ...


def parse(spec: Spec) -> Money:
    """Raises: RecipeError: an expression that is not arithmetic, or over and under of opposite signs."""
    if (
        spec.over is not None
        and spec.under is not None
        and (spec.over * spec.under < 0 or spec.over == spec.under == 0)
    ):
        what = f"over = {spec.over:g} and under = {spec.under:g}: both are costs for each unit, one of them above zero."
        raise RecipeError(what, where="payoff.over", fix="over = -1, under = -4")
    written = {name: getattr(spec, name) for name in CELLS}
    cells = {n: Expression.parse(v, f"payoff.{n}") for n, v in written.items() if v != 0}
    rest = {n: getattr(spec, n) for n in ("currency", "over", "under", "capacity", "prevalence")}
    return Money(cells=cells, matrix=_matrix(spec.matrix), **rest)


def _matrix(lines: Mapping[str, Mapping[str, float | str]]) -> dict[str, dict[str, Expression]]:
    return {
        d: {t: Expression.parse(money, f"payoff.matrix.{d}.{t}") for t, money in truths.items()}
        for d, truths in lines.items()
    }


def check(money: Money | None, rows: pa.Table, truth: pa.Table | None = None, kind: str = "") -> list[str]:
    """What a reader should know of this payoff; it fits this kind of answer, these rows and the classes of the truth.

    Raises: RecipeError: no such column or class (names the nearest), cells for numbers or for other than two classes,
    over and under for classes. DataError: a column that does not hold numbers, a row whose money cannot be worked out.
    """
    if money is None:
        return []
    _fits(money, kind)
    for _, _, expression in money._all():
        for name in sorted(expression.columns):
            if name not in rows.schema.names:
                raise unknown("column", name, rows.schema.names, where=expression.where)
            numbers(rows, name, expression.where)
        expression.value(rows)  # of every row, before any is looked at as a test row
    if truth is None or kind != "classes":
        return []
    classes = sorted(names_of(truth.column(0)).unique().drop_null().to_pylist())
    money.tensor(rows.slice(0, 0), classes)
    if money.prevalence is not None and len(classes) != 2:
        what = f"is the share of one of two classes; the data have {len(classes)}."
        raise RecipeError(what, where="payoff.prevalence", fix="leave it out.")
    mean = {n: float(np.mean(money.cells[n].value(rows))) if n in money.cells else 0.0 for n in CELLS}
    pairs = (("false_negative", "true_positive"), ("false_positive", "true_negative"))
    odd = [(wrong, right) for wrong, right in pairs if mean[wrong] > mean[right]]
    return [f"payoff.{a} pays more than payoff.{b}: is a cost written without its minus?" for a, b in odd]


def _fits(money: Money, kind: str) -> None:
    if kind == "classes" and not money.decides:
        fix = 'true_positive = "Amount - 5" and its like, or [payoff.matrix].'
        raise RecipeError("over and under pay for numbers; the answers are classes.", where="payoff", fix=fix)
    if kind == "number" and money.over is None:
        what = "pays for decisions among classes; the answers are numbers."
        raise RecipeError(
            what, where="payoff", fix="over = -1 and under = -4: the cost of a unit too much, too little."
        )


def earned(tensor: Array, action: Array, y: Array) -> Array:
    """Money of each decision; an unseen outcome (-1) earns 0.   Shapes: tensor (n, actions, outcomes), others (n,)."""
    made: Array = np.where(y >= 0, tensor[np.arange(len(y)), action, y], 0.0)
    return made
