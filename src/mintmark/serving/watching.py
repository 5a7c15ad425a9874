"""Watching: what the server does with answers once they are given, off their path: count, keep, join, and act.

after_answer, ended     told of each answer and of how each request ended; they only put it aside
answering               who answers for a name now: itself, its fallback, or nobody
tick                    what a thread does some times a second: count and keep what was put aside, look at the triggers
"""

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from mintmark.base.errors import RecipeError
from mintmark.recipe.strict import build
from mintmark.serving import monitor, outcomes, realised
from mintmark.serving.model import Model
from mintmark.serving.monitor import Rules, halted
from mintmark.serving.outcomes import Outcomes
from mintmark.serving.questions import Columns
from mintmark.serving.refusals import Refused
from mintmark.serving.terms import Decisions
from mintmark.serving.watch import FAILED, OK, REFUSED, Window, quantile, request_line
from mintmark.serving.watched import Bundle, Watched, places

TICK_S = 0.2
MOST_WAITING = 200_000
"""rows that may wait to be counted; of what comes beyond them answers are given, but neither counted nor kept"""
AT_ONCE_ROWS, REST_S = 32, 0.0005
"""that are counted together, and what is left to those who answer before the next: an answer must not wait for long"""
log = logging.getLogger("mintmark.serving")


class NotWatched(Refused):
    """Of the answers of a model nothing is kept: they come to nothing that could be told, or lie in many places."""

    status = 409


class Watching:
    """All names of one server."""

    def __init__(
        self,
        models: Mapping[str, Model],
        rules: Rules | None = None,
        state: Path | None = None,
        clock: Callable[[], float] = time.time,
        where: str = "monitor.toml",
        workers: int = 1,
    ) -> None:
        """state: the folder of the journals; None: outcomes are forgotten when the process ends.

        workers: processes that serve these models; of several each has seen some of the answers alone, so none watches.
        Raises: RecipeError, DataError: the folder cannot be used, or a trigger fits no model that is served.
        """
        if workers > 1 and rules:
            what = (
                f"each of {workers} workers sees some of the answers alone, and its triggers would act for none but it."
            )
            raise RecipeError(what, where=where, fix="--workers 1")
        self.models, self.rules, self.clock, self.workers = models, rules or build(Rules, {}, where), clock, workers
        monitor.check_names(self.rules, models, where)
        watched = models if workers == 1 else {}
        self.watched = {n: Watched(m, self.rules, state, where) for n, m in watched.items()}
        for name, one in self.watched.items():
            for fuse in one.guard.fuses:
                if fuse.trigger.fallback:
                    places(models[name], models[fuse.trigger.fallback], f"{fuse.where}.fallback")
        self._answers: deque[tuple[Model, Model, str, Columns, bytes, Sequence[str], float]] = deque()
        self._ends: deque[tuple[str, int, float]] = deque(maxlen=MOST_WAITING)
        self._heard = self._counted = self.dropped = 0
        self._bundles: weakref.WeakKeyDictionary[Model, Bundle] = weakref.WeakKeyDictionary()
        self._counting, self._stop, self._thread = threading.RLock(), threading.Event(), False
        self._checked = float("-inf")
        for name in self.watched:
            self._ends_with(models[name])

    # --- on the path of an answer ------------------------------------------------------------------------------------

    def answering(self, model: Model) -> Model:
        """Who answers what a name is asked; not asked for a version that a client names.   Raises: Halted: nobody."""
        guard = self.watched[model.name].guard if model.name in self.watched else None
        if guard is None or not (guard.halted or guard.fallback):
            return model
        seen = {model.name}
        while guard and guard.fallback and not guard.halted and guard.fallback not in seen:
            seen.add(guard.fallback)
            if guard.fallback not in self.models:
                raise halted(model.name, f"its fallback {guard.fallback!r} is served no longer")
            model = self.models[guard.fallback]
            guard = self.watched[model.name].guard if model.name in self.watched else None
        if guard and guard.halted:
            raise guard.halted
        return model

    def given(self, model: Model, by: Model, columns: Columns) -> Columns:
        """The questions of a model as its fallback asks them."""
        return [columns[i] for i in places(model, by)]

    def instead(self, model: Model, said: bytes, fallback: str) -> bytes:
        """The answers of a fallback as those of the model that was asked, with a word on who gave them."""
        told = orjson.loads(said)
        return orjson.dumps({"model": model.name, "fallback": fallback} | {k: told[k] for k in told if k != "model"})

    def after_answer(
        self, model: Model, request: str, questions: Columns, answers: bytes, cases: Sequence[str] = (),
        by: Model | None = None,
    ) -> None:  # fmt: skip
        """Put aside what was asked of a model and what was answered, as it is sent. by: who answered in its place."""
        n = len(questions[0])
        if model.name not in self.watched:
            return
        if self._heard - self._counted + n > MOST_WAITING:
            self.dropped += n
            return
        self._heard += n
        self._answers.append((model, by or model, request, questions, answers, cases, self.clock()))
        self._wake()

    def ended(self, name: str, status: int, seconds: float) -> None:
        """Put aside how a request to a model ended; what a trigger refused is no failure."""
        if name in self.watched and not self.watched[name].guard.halted:
            self._ends.append((name, status, seconds))
            self._wake()

    def changed(self, name: str) -> None:
        """Another version answers for a name from now on."""
        model = self.models[name]
        if name in self.watched and self.watched[name].model is not model:
            self.watched[name].change(model)
            self._ends_with(model)

    def _ends_with(self, model: Model) -> None:
        """What a name keeps is closed with the model that answers for it, not with a version of before."""
        ours = weakref.ref(self)

        def end() -> None:
            watching = ours()
            if watching and watching.watched[model.name].model is model:
                watching.count()
                if kept := watching.watched[model.name].outcomes:
                    kept.close()

        model.closing.append(end)

    # --- in the background -------------------------------------------------------------------------------------------

    def tick(self, now: float | None = None) -> None:
        """Count and keep what was put aside; look at the triggers if it is time to."""
        now = self.clock() if now is None else now
        self.count()
        for watched in self.watched.values():
            if watched.outcomes:
                watched.outcomes.try_flush()
        if now - self._checked >= self.rules.every_s:
            self._checked = now
            for watched in self.watched.values():
                with watched.lock:
                    watched.guard.check(now)

    def count(self) -> None:
        """Count what was put aside, and keep its decisions."""
        with self._counting:
            groups: dict[tuple[Model, Model], list[Any]] = {}
            rows, left = 0, len(self._answers)
            while left:
                left -= 1
                model, by, *rest = one = self._answers.popleft()
                groups.setdefault((model, by), []).append(rest)
                rows, self._counted = rows + len(one[3][0]), self._counted + len(one[3][0])
                if rows < AT_ONCE_ROWS and left:
                    continue
                for (model, by), some in groups.items():
                    self._count(self.watched[model.name], model, by, some)
                groups, rows = {}, 0
                if left:
                    time.sleep(REST_S)
            ends: dict[str, list[tuple[int, float]]] = {}
            while self._ends:
                name, status, took = self._ends.popleft()
                ends.setdefault(name, []).append((status, took))
            for name, told in ends.items():
                with self.watched[name].lock:
                    statuses, seconds = zip(*told, strict=True)
                    self.watched[name].add("requests", request_line(statuses, seconds), len(told), self.clock())

    def _count(self, watched: Watched, model: Model, by: Model, some: list[Any]) -> None:
        """Of requests that one model was asked and one model answered."""
        said = [orjson.loads(answers)["answers"] for _, _, answers, _, _ in some]
        answers = [a for each in said for a in each]
        columns = [[v for _, questions, *_ in some for v in questions[i]] for i in range(len(some[0][1]))]
        at, n = some[-1][-1], len(answers)
        with watched.lock:
            if watched.model is model:
                told = watched.bundle.lines.of_questions(columns)
                if by is model:
                    told |= watched.bundle.lines.of_answers(answers)
                for line, counts in told.items():
                    watched.add(line, counts, n, at)
        bundle = watched.bundle if by is watched.model else self._other(watched, by)
        if watched.outcomes is None or bundle.terms is None:
            return
        given = dict(zip(model.questions.names, columns, strict=True))
        made, start = bundle.terms.decisions(answers, given), 0
        for (request, _, _, cases, moment), each in zip(some, said, strict=True):
            stop = start + len(each)
            watched.outcomes.decided(request, moment, bundle.number, _cut(made, start, stop), cases)
            start = stop

    def _other(self, watched: Watched, by: Model) -> Bundle:
        """Of a model that answered for this name and is not the one of now: its fallback, or a version of before."""
        if by not in self._bundles:
            self._bundles[by] = Bundle(by, watched.outcomes)
        made = self._bundles[by]
        if watched.outcomes and made.terms:  # the same model may stand in for several names
            made.number = watched.outcomes.version(made.version, made.terms)
        return made

    def _wake(self) -> None:
        if not self._thread:
            self._thread = True
            threading.Thread(target=_run, args=(weakref.ref(self), self._stop), daemon=True).start()

    def close(self) -> None:
        """Write down what waits, and end."""
        self._stop.set()
        self.count()
        for watched in self.watched.values():
            if watched.outcomes:
                watched.outcomes.close()

    # --- what is asked of it -----------------------------------------------------------------------------------------

    def take(self, name: str, told: Sequence[outcomes.Outcome]) -> dict[str, Any]:
        """Outcomes, joined and written down.   Raises: NotWatched; DataError; NotKept."""
        kept = self._outcomes(name)
        self.count()  # an answer that was given a moment ago is known
        taken = kept.take(told, self.clock())
        return {"model": name, "outcomes": len(told), **vars(taken)}

    def figures(self, name: str) -> dict[str, Any]:
        """Realised value beside the promised one.   Raises: NotWatched."""
        kept = self._outcomes(name)
        self.count()
        watched = self.watched[name]
        return {"model": name, **realised.figures(kept, self.clock(), watched.delay_s, watched.bundle.number)}

    def state(self, name: str) -> dict[str, Any]:
        """Triggers, drift and requests of a name, as they are now."""
        watched = self._of(name)
        self.count()
        with watched.lock:
            guard, lines, windows = watched.guard, watched.bundle.lines, watched.windows
            action = "stop" if guard.halted else "fallback" if guard.fallback else "answer"
            said: dict[str, Any] = {"model": name, "version": watched.bundle.version, "action": action}
            said |= {"fallback": guard.fallback} if guard.fallback else {}
            said |= {"triggers": guard.state(self.clock()), "drift": None, "uncounted": self.dropped}
            if lines.questions:
                said["drift"] = {"rows": windows["questions"].n, "reference_rows": lines.questions.rows}
                for part, bins in (("questions", lines.questions), ("answers", lines.answers)):
                    found = bins.columns.items() if bins else ()
                    said["drift"][part] = {n: c.figures(windows[part].counts[c.at]) for n, c in found}
            return said | {"requests": _requests(windows["requests"])}

    def reset(self, name: str, trigger: str) -> dict[str, Any]:
        """Arm a trigger again, or all ("all").   Raises: NotFound: no such trigger; NotWatched."""
        watched = self._of(name)
        self.count()
        with watched.lock:
            fired = watched.guard.reset(self.clock(), "" if trigger == "all" else trigger)
        return {"model": name, "reset": fired}

    def _of(self, name: str) -> Watched:
        if name not in self.watched:
            what = f"{self.workers} workers serve model {name!r}, and each has seen some of its answers alone."
            raise NotWatched(what, where="path", fix="mintmark serve --workers 1")
        return self.watched[name]

    def _outcomes(self, name: str) -> Outcomes:
        kept = self._of(name).outcomes
        if kept is None:
            what = f"the answers of model {name!r} come to nothing that could be told of them later."
            raise NotWatched(what, where="path", fix="outcomes are of classes and numbers.")
        return kept

    def families(self) -> Iterator[Any]:
        """What Prometheus reads."""
        from mintmark.serving.gauges import families

        return families(self)


def _cut(made: Decisions, start: int, stop: int) -> Decisions:
    return replace(made, **{n: getattr(made, n)[start:stop] for n in ("action", "score", "expected", "amounts")})


def _requests(window: Window) -> dict[str, Any]:
    counts, n = window.counts, window.n
    p50, p99 = (quantile(counts[:OK], q) for q in (0.5, 0.99))
    told = {"requests": n, "answered": int(counts[OK]), "refused": int(counts[REFUSED]), "failed": int(counts[FAILED])}
    return told | {"p50_s": None if np.isnan(p50) else p50, "p99_s": None if np.isnan(p99) else p99}


def _run(watching: "weakref.ref[Watching]", stop: threading.Event) -> None:
    """Until it is closed, or nobody has it any more."""
    while not stop.wait(TICK_S):
        found = watching()
        if found is None:
            return
        try:
            found.tick()
        except Exception:  # noqa: BLE001  a face's own thread: it goes on, and the log has what broke
            log.exception("watching met a bug")
        del found
