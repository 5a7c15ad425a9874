"""Watch: what comes in and goes out, counted in the bins that a bundle brings, over the last rows or hours.

Bins      the columns of a reference (data/profile.py), their counts one after another in a single line
Lines     all that is counted of a bundle: its questions, its answers, its acting, and how its requests ended
Window    the newest of what was counted
Gauge     one figure of such a line: psi:amount, ks:amount, missing:amount, answer_psi, share_acted, error_rate, p99
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.errors import RecipeError, unknown
from mintmark.base.state import State
from mintmark.numerics import drift
from mintmark.numerics.answers import Array
from mintmark.spine import Loaded

PANES = 20
"""pieces of a window: so exactly is it kept"""
CHANCE = 0.01
"""a figure that chance alone brings about more rarely than this is no chance"""
SECONDS = np.geomspace(1e-4, 1e2, 284)
"""edges of the times that answers took, each 5 % above the one before"""
OK, REFUSED, FAILED = len(SECONDS) + 1, len(SECONDS) + 2, len(SECONDS) + 3
"""places of the ways in which a request ends, behind the bins of times"""
ANEW = "package the model anew with this version: mintmark run"
WATCHES = ("psi:COLUMN", "ks:COLUMN", "missing:COLUMN", "answer_psi", "share_acted", "realised_value", "error_rate",
           "refused_rate", "p99")  # fmt: skip


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    at: slice
    """its place in the line"""
    expected: Array
    """counts in the reference, the last of missing values"""
    edges: Array
    places: Mapping[Any, int]
    """value of a category -> bin"""
    groups: Array
    """where the bins of the index begin"""

    def count(self, values: Sequence[Any]) -> Array:
        """Shapes: (n,) -> (bins,)."""
        if self.kind == "number":
            made = drift.count(self.edges, np.asarray(values, dtype=np.float64))
            return np.append(made, len(values) - made.sum())
        absent, places = len(self.expected) - 1, self.places
        if self.kind == "category":
            found = [absent if _missing(v) else places.get(v, absent - 1) for v in values]
        else:
            found = [absent if _missing(v) else 0 for v in values]
        return np.bincount(found, minlength=absent + 1)

    def psi(self, counts: Array) -> float:
        """NaN where nothing was counted."""
        n, m = self.expected.sum(), counts.sum()
        if not n or not m:
            return float("nan")
        least = max(drift.LEAST, 0.5 / min(n, m))  # what no row was in is not known to be rarer than that
        return drift.psi(np.add.reduceat(self.expected, self.groups), np.add.reduceat(counts, self.groups), least)

    def ks(self, counts: Array) -> float:
        """Of the values that are there, NaN where there are none."""
        return drift.ks(self.expected[:-1], counts[:-1])

    def figures(self, counts: Array) -> dict[str, Any]:
        """How far these counts lie from the reference, and what chance alone would exceed one time in a hundred."""
        n, m = int(self.expected.sum()), int(counts.sum())
        made: dict[str, Any] = {
            "rows": m,
            "missing": share(counts[-1], m),
            "missing_before": share(self.expected[-1], n),
        }
        if self.kind == "other" or not n or not m:
            return made
        made |= {"psi": self.psi(counts), "psi_chance": drift.psi_chance(CHANCE, len(self.groups), n, m)}
        known, seen = n - int(self.expected[-1]), m - int(counts[-1])
        if self.kind == "number" and known and seen:
            made |= {"ks": self.ks(counts), "ks_chance": drift.ks_chance(CHANCE, known, seen)}
        return made


class Bins:
    """The columns of a reference, ready to count."""

    def __init__(self, reference: State) -> None:
        self.rows = int(reference.facts["rows"])
        self.columns: dict[str, Column] = {}
        counts, edges, at, edge = reference.arrays["counts"], reference.arrays["edges"], 0, 0
        for said in reference.facts["columns"]:
            size, numbers = said["bins"], said["bins"] - 2 if said["kind"] == "number" else 0
            expected = counts[at : at + size]
            groups = drift.groups(expected[:-1]) if numbers else np.arange(size - 1)
            self.columns[said["name"]] = Column(
                said["name"], said["kind"], slice(at, at + size), expected, edges[edge : edge + numbers],
                {v: i for i, v in enumerate(said.get("values", ()))}, np.append(groups, size - 1),
            )  # fmt: skip
            at, edge = at + size, edge + numbers
        self.size = at

    @classmethod
    def of(cls, decision: State, part: str) -> "Bins | None":
        """None for a bundle of before there were such parts, or of answers that have no score."""
        found = decision.parts.get(part)
        return cls(found) if found is not None and found.facts["columns"] else None

    def count(self, values: Mapping[str, Sequence[Any]]) -> Array:
        """The line of these columns.   Shapes: (bins of all columns,).   Cost: some microseconds a column."""
        return np.concatenate([column.count(values[name]) for name, column in self.columns.items()])


class Lines:
    """All that is counted of a bundle's traffic, each a line of counts by its name."""

    def __init__(self, loaded: Loaded) -> None:
        decision = loaded.decision
        self.names = [f["name"] for f in loaded.facts["questions"]]
        self.questions, self.answers = (Bins.of(decision, part) for part in ("questions", "answers"))
        self.classes: list[str] = decision.facts.get("classes", []) if loaded.task.answer == "classes" else []
        self.actions: list[str] = decision.facts.get("actions", self.classes)
        """the first of them is to do nothing"""

    def size(self, line: str) -> int:
        bins = {"questions": self.questions, "answers": self.answers}.get(line)
        return bins.size if bins else {"acted": 2, "requests": FAILED + 1}.get(line, 0)

    def of_questions(self, columns: Sequence[Sequence[Any]]) -> dict[str, Array]:
        """Shapes: the values of each field in the order of the schema."""
        given = dict(zip(self.names, columns, strict=True))
        return {"questions": self.questions.count(given)} if self.questions else {}

    def of_answers(self, answers: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
        """Of answers as JSON has them."""
        made: dict[str, Array] = {}
        decided = [a.get("decision") for a in answers]
        if self.actions:
            acted = sum(d is not None and d != self.actions[0] for d in decided)
            made["acted"] = np.array([len(decided) - acted, acted])
        if self.answers:
            made["answers"] = self.answers.count({"score": scores(answers, self.classes), "decision": decided})
        return made


def scores(answers: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> list[float]:
    """Of each answer the probability of the last of two classes, of the likeliest of more, or its number."""
    if len(classes) == 2:
        return [a["probability"].get(classes[1], 0.0) for a in answers]
    return [max(a["probability"].values()) if classes else a["value"] for a in answers]


class Window:
    """Counts of the newest rows: so many at least, or those of so many seconds; whole panes are forgotten."""

    def __init__(self, size: int, rows: int = 0, seconds: float = 0.0) -> None:
        self.rows, self.seconds = rows, seconds
        self.counts, self.n = np.zeros(size, np.int64), 0
        self._panes: deque[_Pane] = deque()

    def add(self, counts: Array, n: int, at: float) -> None:
        last = self._panes[-1] if self._panes else None
        if last is None or (last.n >= self.rows / PANES if self.rows else at - last.begun >= self.seconds / PANES):
            last = _Pane(np.zeros_like(self.counts), 0, at, at)
            self._panes.append(last)
        last.counts += counts
        last.n, last.ended = last.n + n, at
        self.counts += counts
        self.n += n
        self.forget(at)

    def forget(self, now: float) -> None:
        """Let go of what is too old by now."""
        panes = self._panes
        while panes and (self.n - panes[0].n >= self.rows if self.rows else panes[0].ended < now - self.seconds):
            gone = panes.popleft()
            self.counts -= gone.counts
            self.n -= gone.n

    def restart(self) -> None:
        self._panes.clear()
        self.counts[:], self.n = 0, 0


@dataclass
class _Pane:
    counts: Array
    n: int
    begun: float
    ended: float


@dataclass(frozen=True)
class Gauge:
    """A figure of one line of counts."""

    line: str
    at: slice
    read: Callable[[Array], float]
    unit: str = "1"


def gauge(watch: str, lines: Lines, where: str) -> Gauge:
    """The gauge of this name.   Raises: RecipeError: no such figure, no such column, or the bundle has no reference."""
    kind, named, name = watch.partition(":")
    if named and kind in ("psi", "ks", "missing"):
        column = _column(lines.questions, name, where)
        if kind == "ks" and column.kind != "number" or kind == "psi" and column.kind == "other":
            wanted = "numbers" if kind == "ks" else "numbers and categories"
            what = f"{kind} is taken of {wanted}; column {name!r} holds none."
            raise RecipeError(what, where=where, fix=f'watch = "missing:{name}"')
        reads = {"psi": column.psi, "ks": column.ks, "missing": lambda c: share(c[-1], c.sum())}
        return Gauge("questions", column.at, reads[kind])
    if watch == "answer_psi":
        if lines.answers is None:
            raise RecipeError("the bundle has no scores to hold answers against.", where=where, fix=ANEW)
        of = lines.answers.columns["decision" if len(lines.classes) > 2 else "score"]
        return Gauge("answers", of.at, of.psi)
    if watch == "share_acted" and not lines.actions:
        what = "the model takes no decisions: it answers with numbers or texts."
        raise RecipeError(what, where=where, fix='watch = "answer_psi"')
    plain = {
        "share_acted": Gauge("acted", slice(0, 2), lambda c: share(c[1], c.sum())),
        "error_rate": Gauge("requests", slice(None), lambda c: share(c[FAILED], c[OK:].sum())),
        "refused_rate": Gauge("requests", slice(None), lambda c: share(c[REFUSED], c[OK:].sum())),
        "p99": Gauge("requests", slice(None), lambda c: quantile(c[:OK], 0.99), "s"),
    }
    if watch not in plain:
        raise unknown("figure", watch, WATCHES, where=where)
    return plain[watch]


def _column(bins: Bins | None, name: str, where: str) -> Column:
    if bins is None:
        raise RecipeError("the bundle has no profile to hold questions against.", where=where, fix=ANEW)
    if name not in bins.columns:
        raise unknown("column", name, bins.columns, where=where)
    return bins.columns[name]


def _missing(value: Any) -> bool:
    return value is None or type(value) is str and not value.strip() or type(value) is float and value != value


def request_line(statuses: Sequence[int], seconds: Sequence[float]) -> Array:
    """Counts of requests: how long those took that were answered, and how each ended.   Shapes: (n,) -> (bins,)."""
    status, took = np.asarray(statuses), np.asarray(seconds, dtype=np.float64)
    good, bad = status < 400, status >= 500
    times = drift.count(SECONDS, took[good])
    return np.append(times, [good.sum(), len(status) - good.sum() - bad.sum(), bad.sum()])


def quantile(counts: Array, q: float) -> float:
    """The upper edge of the bin that it lies in, in seconds: up to 5 % too much.   NaN of nothing."""
    total = counts.sum()
    if not total:
        return float("nan")
    place = int(np.searchsorted(np.cumsum(counts), q * total))
    return float(SECONDS[min(place, len(SECONDS) - 1)])


def share(some: Any, all_: Any) -> float:
    return float(some / all_) if all_ else float("nan")
