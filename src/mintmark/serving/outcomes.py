"""Outcomes: what decisions came to, joined to the answers that were given, and what they earned by it.

An outcome that is said to be taken is on the disk, and so is its decision; decisions alone are written a moment after
their answer. One sent again with another outcome takes the place of the earlier one.
"""

import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.errors import DataError, RecipeError
from mintmark.numerics.answers import Array
from mintmark.serving import answered
from mintmark.serving.answered import Segment, case_key, key_of
from mintmark.serving.journal import Journal
from mintmark.serving.questions import Questions
from mintmark.serving.refusals import NotKept
from mintmark.serving.terms import Decisions, Terms

KEEP, SEGMENTS = 1_000_000, 20
"""entries that are kept, decisions and outcomes; the oldest twentieth goes at once"""
MOST_PENDING = 100_000
"""lines that wait for a disk that fails"""
log = logging.getLogger("mintmark.serving")


@dataclass(frozen=True)
class Outcome:
    value: Any
    at: float | None = None
    """when it was known, seconds since 1970; None: now"""
    request: str = ""
    row: int = 0
    case: str = ""
    """the client's own id, in place of request and row"""
    amounts: "dict[str, float] | None" = None
    """of the payoff's columns that no question has"""


@dataclass(frozen=True)
class Taken:
    """What became of the outcomes of one request; together they are all of them."""

    matched: int = 0
    revised: int = 0
    duplicates: int = 0
    unmatched: int = 0


_FIELDS = [{"name": "request", "kind": "text"}, {"name": "row", "kind": "number"}, {"name": "case", "kind": "text"},
           {"name": "at", "kind": "time"}]  # fmt: skip
_READ = Questions([f | {"optional": True} for f in _FIELDS], passed=("outcome", "amounts"))


def parse(rows: Any) -> list[Outcome]:
    """Raises: DataError: the first that is no outcome; names it and its field."""
    try:
        columns = _READ.columns(rows)
    except DataError as exc:
        where = exc.where.replace("row", "outcome", 1)
        raise DataError(exc.what.replace("a row", "an outcome"), where=where or "outcomes", fix=exc.fix) from None
    made = []
    for i, (said, request, row, case, at) in enumerate(zip(rows, *columns, strict=True)):
        where, row, amounts = f"outcome {i + 1}", 0.0 if row is None else row, said.get("amounts") or {}
        if (not request) == (not case):
            what = "either the id of the request (and its row) or the case is wanted."
            raise DataError(what, where=where, fix='{"request": "...", "row": 0, "outcome": ...}')
        if row != int(row) or not 0 <= row < 2**31 or case and said.get("row") is not None:
            what = f"the place of a row in its request is wanted, from 0 on, got {row:g}; a case has none."
            raise DataError(what, where=f"{where}, field 'row'", fix="0")
        if said.get("outcome") is None:
            raise DataError(
                "what happened is missing.", where=f"{where}, field 'outcome'", fix="leave it out till then."
            )
        if type(amounts) is not dict or any(type(v) not in (int, float) for v in amounts.values()):
            raise DataError(
                "an object of numbers is wanted.", where=f"{where}, field 'amounts'", fix='{"Amount": 12.5}'
            )
        time = None if at is None else at / 1e6
        made.append(Outcome(said["outcome"], time, request or "", int(row), case or "", amounts or None))
    return made


class Outcomes:
    """The decisions of one served name, whatever versions took them, and their outcomes."""

    def __init__(self, name: str, state: Path | None = None, keep: int = KEEP) -> None:
        """state: the folder of the journals; None: all is forgotten when the process ends.

        Raises: RecipeError: another process has them, or they cannot be written; DataError: damaged.
        """
        self.name, self.keep, self.lock = name, keep, threading.RLock()
        self.counts: Counter[str] = Counter()
        """since the start: revised, duplicates, unmatched, lost"""
        self.versions: dict[int, tuple[str, Terms]] = {}
        self.segments: list[Segment] = []
        self.changes = 0
        self._salt = os.urandom(16)
        """of the pseudonyms of cases: kept with them"""
        self._folder, self.lasting = state, state is not None
        self._journal: Journal | None = None
        self._pending: list[dict[str, Any]] = []
        if state:
            self._replay(state)
        if not self.segments:
            self._begin()

    def version(self, name: str, terms: Terms) -> int:
        """The number of a version: that which it had before, or a new one."""
        with self.lock:
            for number, (known, before) in self.versions.items():
                if known == name and before.facts() == terms.facts():
                    return number
            number = max(self.versions, default=-1) + 1
            self.versions[number] = name, terms
            if self._folder:
                self._pending.append(self._told(number))
            return number

    def decided(self, request: str, at: float, version: int, made: Decisions, cases: Sequence[str] = ()) -> None:
        """Keep the decisions of one request; they are on the disk after the next `flush`."""
        n = len(made.action)
        hidden = [case_key(c, self._salt) if c else 0 for c in cases] or [0] * n
        with self.lock:
            if not self.segments[-1].takes(n):
                self._begin(n)
            self.segments[-1].add(at, version, made, [key_of(request, i) for i in range(n)], hidden)
            if self._folder:
                self._pending.append(answered.line(request, at, version, made, hidden))

    def flush(self) -> None:
        """Write down what waits.   Raises: NotKept: it waits on."""
        with self.lock:
            if self._journal and self._pending:
                self._journal.write(self._pending)
                self._pending = []

    def try_flush(self) -> None:
        """The same, but a disk that fails is only logged: answers go on, and what waits is bounded."""
        try:
            self.flush()
        except NotKept:
            with self.lock:
                lost = len(self._pending) - MOST_PENDING
                if lost > 0:
                    del self._pending[:lost]
                    self.counts["lost"] += lost

    def take(self, outcomes: Sequence[Outcome], now: float) -> Taken:
        """Join these, all or none, and write them down.

        Raises: DataError: one that its model cannot come to; NotKept: they could not be written.
        """
        with self.lock:
            told, news = Counter[str](), dict[tuple[int, int], dict[str, Any]]()
            for i, outcome in enumerate(outcomes):
                where = f"outcome {i + 1}, field 'outcome'"
                key = key_of(outcome.request, outcome.row) if outcome.request else case_key(outcome.case, self._salt)
                if (place := self._find(key)) is None:
                    told["unmatched"] += 1
                    continue
                segment = self.segments[place[0]]
                terms = self.versions[int(segment.version[place[1]])][1]
                value, later = terms.outcome(outcome.value, where), self._later(terms, outcome, i)
                before = news[place]["outcome"] if place in news else segment.outcome[place[1]]
                if value == before and not outcome.amounts:
                    told["duplicates"] += 1
                    continue
                told["matched" if before != before else "revised"] += 1
                came = now if outcome.at is None else outcome.at
                news[place] = {"key": key, "outcome": value, "came": came} | ({"later": later} if later else {})
            lines = list(news.values())
            if self._journal and lines:
                self._journal.write([*self._pending, *lines])
                self._pending = []
            self._apply(list(news), lines)
            self.counts.update({n: told[n] for n in ("revised", "duplicates", "unmatched")})
            return Taken(**told)

    def recent(
        self, now: float, version: int, rows: int = 0, seconds: float = 0.0, since: float = 0.0
    ) -> tuple[float, int]:
        """Mean money of the newest decisions of known outcome, so many or of so many seconds, and their number.

        version: that took them; since: none before this.
        """
        found, n, since = [np.zeros(0)], 0, max(since, now - seconds) if seconds else since
        with self.lock:
            for segment in reversed(self.segments):
                won, of = segment.column("won"), segment.column("version") == version
                found.append(won[~np.isnan(won) & of & (segment.column("at") >= since)][::-1])
                n += len(found[-1])
                if rows and n >= rows:
                    break
        newest = np.concatenate(found)[: rows or None]
        return (float(newest.mean()) if len(newest) else float("nan")), len(newest)

    def column(self, name: str) -> Array:
        """A column of all decisions that are kept, oldest first."""
        with self.lock:
            return np.concatenate([segment.column(name) for segment in self.segments])

    def close(self) -> None:
        with self.lock:
            self.try_flush()
            if self._journal:
                self._journal.close()
            self._journal = self._folder = None

    def _find(self, key: int) -> tuple[int, int] | None:
        """Segment and row, of the newest decision of this key."""
        for i in range(len(self.segments) - 1, -1, -1):
            if (row := self.segments[i].find(key)) >= 0:
                return i, row
        return None

    def _later(self, terms: Terms, outcome: Outcome, i: int) -> list[float] | None:
        """The amounts that came with an outcome, in the order of the terms.   Raises: DataError: an unknown name."""
        for name in outcome.amounts or ():
            if name not in terms.later:
                what = f"{name!r:.60} is no column of the payoff that is only known later."
                fix = f"one of {', '.join(terms.later)}." if terms.later else "leave amounts out."
                raise DataError(what, where=f"outcome {i + 1}, field 'amounts'", fix=fix)
        return [(outcome.amounts or {}).get(name, np.nan) for name in terms.later] if outcome.amounts else None

    def _apply(self, places: Sequence[tuple[int, int]], lines: Sequence[dict[str, Any]]) -> None:
        """Put outcomes beside their decisions, and work out what these earned."""
        by_terms: dict[tuple[int, int], list[int]] = {}
        for i, (s, row) in enumerate(places):
            by_terms.setdefault((s, int(self.segments[s].version[row])), []).append(i)
        for (s, version), some in by_terms.items():
            segment, terms = self.segments[s], self.versions[version][1]
            rows = np.array([places[i][1] for i in some])
            later = np.array([lines[i].get("later") or [np.nan] * len(terms.later) for i in some], dtype=np.float64)
            later = later.reshape(len(some), len(terms.later))
            outcome = np.array([lines[i]["outcome"] for i in some], dtype=np.float64)
            amounts = segment.amounts[rows, : len(terms.columns)]
            won, at_mean = terms.earned(segment.action[rows], segment.score[rows], amounts, later, outcome)
            segment.outcome[rows], segment.won[rows], segment.at_mean[rows] = outcome, won, at_mean
            segment.came[rows] = [lines[i]["came"] for i in some]
        self.changes += len(lines)
        self.segments[-1].entries += len(lines)

    # --- segments and their files ------------------------------------------------------------------------------------

    def _begin(self, n: int = 0) -> None:
        """A new segment with a file of its own, and without the oldest where there are too many."""
        if self.segments:
            self.segments[-1].seal()
        self.segments.append(Segment(max(self.keep // SEGMENTS, n, 1)))
        if self._folder:
            self._new_file(self._folder)
        while len(self.segments) > SEGMENTS + 1:
            gone = self.segments.pop(0).path
            if gone and gone not in [s.path for s in self.segments]:
                gone.unlink(missing_ok=True)

    def _new_file(self, folder: Path) -> None:
        """Where none can be made, what comes goes on into the file of before.   Raises: RecipeError: there is none."""
        self.try_flush()
        last = next((s.path for s in reversed(self.segments) if s.path), None)
        number = int(last.suffixes[-2][1:]) + 1 if last else 1
        try:
            made = Journal(folder, f"{self.name}.{number:06d}", {"answers": self.name}, "outcomes")
        except RecipeError as exc:
            if not self._journal:
                raise
            log.error("%s", exc)
            self.segments[-1].path = last
            return
        if self._journal:
            self._journal.close()
        self._journal, self.segments[-1].path = made, made.path
        used = {int(v) for s in self.segments for v in np.unique(s.column("version"))}
        used |= {max(self.versions, default=0)}
        told = {p["version"] for p in self._pending if "terms" in p}
        again = [self._told(v) for v in sorted(used & self.versions.keys() - told)]
        self._pending = [{"salt": self._salt.hex()}, *again, *self._pending]

    def _told(self, number: int) -> dict[str, Any]:
        name, terms = self.versions[number]
        return {"version": number, "name": name, "terms": terms.facts()}

    def _replay(self, folder: Path) -> None:
        wanted = re.compile(re.escape(self.name) + r"\.\d{6,}\.jsonl")
        found = sorted(folder.glob("*.jsonl"), key=lambda p: (len(p.name), p.name)) if folder.is_dir() else []
        paths = [p for p in found if wanted.fullmatch(p.name)]
        # the newest first: it is what another process would have locked
        journals = [Journal(folder, p.stem, {"answers": self.name}, "outcomes") for p in reversed(paths)][::-1]
        for journal in journals:
            lines = list(journal.read())
            n = sum(len(said.get("action", (0,))) for some in lines for said in some)
            if self.segments:
                self.segments[-1].seal()
            self.segments.append(Segment(max(self.keep // SEGMENTS, n, 1), journal.path))
            for some in lines:
                self._reread(some)
        for journal in journals[:-1]:
            journal.close()
        self._journal = journals[-1] if journals else None
        self.changes = 0

    def _reread(self, lines: Sequence[dict[str, Any]]) -> None:
        places, news = [], []
        for said in lines:
            if "salt" in said:
                self._salt = bytes.fromhex(said["salt"])
            elif "terms" in said:
                self.versions[said["version"]] = said["name"], Terms.of_facts(said["terms"])
            elif "action" in said:
                made, keys, cases = answered.read(said)
                self.segments[-1].add(said["at"], said["version"], made, keys, cases)
            elif (place := self._find(said["key"])) is not None:  # else its decision was dropped before
                places.append(place)
                news.append(said)
        self._apply(places, news)
