"""Search: the ladder of a task, successive halving, tuning, and a blend, within a budget of time or of trials.

Every trial is kept as it ends: a search that was killed goes on with all of them, and one that is interrupted ends with
the best so far. A budget in trials makes the same choice each time; one in time as far as the machine is as fast.
"""

import itertools
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mintmark import capabilities
from mintmark.base.errors import BudgetError, MintmarkError
from mintmark.base.state import State
from mintmark.data.split import SMALL
from mintmark.drivers import blend, space, trial, workshop
from mintmark.drivers.board import Board, key_of
from mintmark.drivers.objective import Judge, Judged
from mintmark.drivers.trial import Ask, Trial
from mintmark.fitting import Prepared, held
from mintmark.numerics import ensemble
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.trees import cores
from mintmark.recipe import schema
from mintmark.spine import Trained

FEW_ROWS = 5000
"""a rung of the halving has at least so many rows to fit on"""
THIRD = 3
"""each rung has three times the rows of the one below, and keeps a third of the trials, but at least KEPT"""
KEPT = 4
PATIENCE = 24
"""tuned trials without a better one, after which tuning ends"""
OVERHEAD_S = 3.5
"""answering the test rows, packing, and measuring how fast the bundle answers"""
COLUMN_S = 5e-4
"""of it, for each column: profiles, cards and the report have a line for each"""
LANES, SMALL_TABLE = 4, 500_000
"""trials at a time at most; cells of a table below which there are several at a time"""
ALONE = 0.4
"""of the time, at most for one trial"""


@dataclass(frozen=True)
class Found:
    """What a search chose: the model, how the rows were treated for it, and all that was tried."""

    prepared: Prepared
    trained: Trained
    trials: list[dict[str, Any]]
    notes: list[str]
    interrupted: bool = False


def search(
    p: Prepared,
    judge: Judge,
    ctx: Ctx,
    *,
    source: Any = None,
) -> Found:
    """The model that is worth most on the validation answers: one variant, or a blend that earns its serving time.

    ctx.folder keeps the trials; ctx.deadline ends them, or their number where the recipe's budget is one; `source`:
    rows that lie in no file.
    Raises: BudgetError: not one trial ended in time. The first trial's own error, where all failed.
    """
    folder = ctx.folder or Path.cwd()
    interrupted = False
    with ExitStack() as shops:
        made = _Search(p, judge, ctx, shops.enter_context(workshop.opened(p, source, folder)), folder, p.recipe.trials)
        try:
            made.carry_on()
        except KeyboardInterrupt:
            interrupted = True
            shops.close()  # it still works on trials that nobody waits for
            made.shop = shops.enter_context(workshop.opened(p, source, folder))
        if not made.whole_rows():
            raise made.nothing()
        chosen, share = made.choice()
        fits = made.fitted(chosen)
    trained, told = made.joined(chosen, share, fits), made.board.told(p, chosen, share, made.together)
    return Found(trial.changed(p, chosen[0].ask), trained, told, made.notes, interrupted)


@dataclass
class _Search:
    p: Prepared
    judge: Judge
    ctx: Ctx
    shop: workshop.Workshop
    folder: Path
    most: int | None
    board: Board = field(default_factory=Board)
    notes: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    # --- the plan ---------------------------------------------------------------------------------------------------

    def carry_on(self) -> None:
        """The ladder, then the ways of the capabilities, then tuning; each ends where the budget does."""
        ways = list(self.ways())
        rungs = self.rungs()
        level = [Ask(v, rungs[0], ways[0]) for v in self.ladder()]
        for above in [*rungs[1:], None]:
            order = sorted((t for t in self.attempts(level) if t.judged), key=key_of, reverse=True)
            keep = order[: max(KEPT, math.ceil(len(order) / THIRD))]
            level = [replace(t.ask, share=above) for t in keep] if above else []
        self.choose_way(ways)
        if self.tunes:
            self.tune(rungs)

    def rungs(self) -> list[float]:
        """Shares of the rows, rising to all of them."""
        n, made = len(self.p.parts.folds[0][0]), [1.0]
        while n * made[0] / THIRD >= FEW_ROWS:
            made.insert(0, made[0] / THIRD)
        return made

    def ladder(self) -> list[dict[str, Any]]:
        """The task's variants; one that the recipe has settled otherwise is left out. Without any: the recipe's own."""
        fixed = {k: v for k, v in self.p.recipe.settings.items() if k != "model"}
        return [v for v in self.p.task.ladder if not fixed.keys() & v.keys()] if self.tunes else [{}]

    @property
    def tunes(self) -> bool:
        return wanted(self.p)

    def ways(self) -> Iterator[tuple[str, ...]]:
        """The capabilities with each way of those that have several and of which none is chosen."""
        paid = self.p.money is not None
        return itertools.product(*(capabilities.open_ways(n, paid=paid) or (n,) for n in self.p.recipe.with_))

    def choose_way(self, ways: list[tuple[str, ...]]) -> None:
        """The other ways with the best model so far; where one of them is worth more, the next best models too."""
        best = self.board.best()
        if len(ways) == 1 or best is None:
            return
        self.attempts([replace(best.ask, chosen=way, origin="way") for way in ways[1:]])
        now = self.board.best()
        if now and now.ask.chosen != ways[0]:
            own = [t for t in self.board.ranked(ways[0]) if t.ask.settings != best.ask.settings]
            self.attempts([replace(t.ask, chosen=now.ask.chosen) for t in own[:KEPT]])

    def tune(self, rungs: list[float]) -> None:
        """Settings for the best kinds of model by turns, each tried on few rows first."""
        best = self.board.best()
        if best is None:
            return
        way, idle = best.ask.chosen, 0
        for i in range(0, 24 + len(self.p.parts.dev) // 50, self.lanes):
            families = list(dict.fromkeys(t.ask.family for t in self.board.ranked(way)))
            families = [f for f in families if self.space(f)]
            if not families or idle >= PATIENCE or self.over():
                return
            before = self.board.best()
            turns = [(0, 1, 0, 2, 0, 1, 0, 3)[j % 8] % len(families) for j in range(i, i + self.lanes)]
            asks = [self.tuned(families[t], rungs[0], way, i + j) for j, t in enumerate(turns)]
            for share in rungs:
                made = self.attempts([replace(a, share=share) for a in asks])
                asks = [t.ask for t in made if self.board.worthy(t)]
            now = self.board.best()
            idle = 0 if before and now and now.ask != before.ask else idle + self.lanes

    def tuned(self, family: str, share: float, way: tuple[str, ...], i: int) -> Ask:
        """Settings worth trying for this kind of model, by what others of it came to on as many rows."""
        base = next((v for v in self.ladder() if v.get("model") == family), {"model": family})
        over = self.space(family)
        told = [t for t in self.board.of(family, way, share) if t.ask.origin == "tuned" and t.judged]
        history = [({n: t.ask.settings[n] for n in over}, key_of(t)) for t in told]
        return Ask(base | space.ask(over, history, self.p.recipe.seed * 1000 + i), share, way, "tuned")

    def space(self, family: str) -> dict[str, Any]:
        fixed = set(self.p.recipe.settings) | {"model"}
        return space.space(self.p.task.config, family, fixed)

    # --- one trial ----------------------------------------------------------------------------------------------------

    @property
    def lanes(self) -> int:
        """Trials at a time: fits of few rows leave processors idle, those of many use them all."""
        p = self.p.parts
        return min(cores(), LANES) if len(p.dev) * len(p.dev.questions.names) < SMALL_TABLE else 1

    def attempts(self, asks: Sequence[Ask]) -> list[Trial]:
        """Carry them out, or read what came of them before, as far as the budget allows; in the order asked for."""
        new = list({a.id: a for a in asks if a.id not in self.board.done}.values())
        if self.most is not None:
            new = new[: max(self.most - self.board.counted, 0)]
        jobs: list[tuple[Ask, dict[str, Any]]] = []
        outcome: dict[str, dict[str, Any]] = {}
        for ask in new:
            log = self.folder / f"done-{ask.id}.json"
            if log.exists():
                outcome[ask.id] = json.loads(log.read_text(encoding="utf-8")) | {"restored": True}
                self.start -= outcome[ask.id]["wall_s"] / self.lanes
                self.ctx = replace(self.ctx, deadline=self.ctx.deadline - outcome[ask.id]["wall_s"] / self.lanes)
            elif self.left() > 0 and self.board.expected(ask) <= self.left():
                timed = not math.isinf(self.ctx.deadline)
                seconds = self.alone(first=not jobs) if timed else None
                until = time.monotonic() + self.left() if timed else None
                jobs.append((ask, {"do": "try", "ask": asdict(ask), "seconds": seconds, "until": until}))
        try:
            for place, said in self.shop.do([j for _, j in jobs], self.lanes) if jobs else ():
                ask = jobs[place][0]
                if not said.pop("never", False):
                    log = self.folder / f"done-{ask.id}.json"
                    half = log.with_suffix(".half")
                    half.write_text(json.dumps(said), encoding="utf-8")
                    half.replace(log)
                    outcome[ask.id] = said
                    self.say(ask.family)
        finally:  # an interruption keeps what is done
            for ask in new:
                if ask.id in outcome:
                    self.board.done[ask.id] = self.came(ask, outcome[ask.id])
        return [self.board.done[a.id] for a in asks if a.id in self.board.done]

    def came(self, ask: Ask, said: dict[str, Any]) -> Trial:
        """What came of a trial, judged."""
        made = Trial(ask, said["wall_s"], said["cpu_s"], restored=said.get("restored", False))
        if said["late"]:
            return replace(made, why="its time was up", kind="late")
        if "error" in said:
            self.errors.append(workshop.error_of(said["error"]))
            return replace(made, why=said["error"]["what"], kind=said["error"]["kind"])
        trained = trial.read(self.p, ask, self.folder)
        rows = round(len(self.p.parts.folds[0][0]) * ask.share)
        return replace(made, trained=trained, judged=self.judge(trained.validation, trained.measures), rows=rows)

    errors: list[MintmarkError] = field(default_factory=list)

    def say(self, family: str) -> None:
        """That one more trial is done, to whoever follows."""
        self.told_of += 1
        if math.isinf(self.ctx.deadline):
            step, of = self.told_of, self.most or self.told_of
        else:
            step, of = round(time.monotonic() - self.start), round(self.ctx.deadline - self.start)
        best = self.board.best()
        value, unit = (best.judged.value, best.judged.unit) if best and best.judged else (0.0, "1")
        told = f"{self.told_of} trials, {family}"
        if best and best.judged:
            told = f"{self.told_of} trials, {family}, best {best.judged.name}"
        self.ctx.report(told, value, unit, step=min(step, of), of=of)

    told_of: int = 0

    def alone(self, *, first: bool) -> float:
        """Seconds that one trial may take at most; while there is no model at all, the first may take all there are."""
        nothing = first and not any(t.judged for t in self.board.done.values())
        return (1.0 if nothing else ALONE) * (self.ctx.deadline - self.start)

    def left(self) -> float:
        """Seconds for trials: what the last fits will take is kept back."""
        return self.ctx.deadline - time.monotonic() - self.reserve()

    def reserve(self) -> float:
        if math.isinf(self.ctx.deadline):
            return 0.0
        best: dict[str, float] = {}
        for t in self.board.ranked(None):
            best.setdefault(t.ask.family, self.whole_s(t))
        total = self.ctx.deadline - self.start
        last = 1.0 + 1.3 * sum(list(best.values())[: blend.MOST])
        return min(overhead(self.p), 0.3 * total) + min(last, 0.3 * total)

    def whole_s(self, t: Trial) -> float:
        """Seconds of the fits that are still to come: on all rows that are not test, of few rows on all there are."""
        fitted, bags = sum(len(a) for a, _ in self.p.parts.folds), len(self.p.parts.folds)
        if bags == 1:
            return t.wall_s * len(self.p.parts.dev) / fitted
        again = self.p.task.refit == "always" or self.p.task.refit == "small" and len(self.p.parts.dev) < SMALL
        again = again if self.p.recipe.refit is None else self.p.recipe.refit
        return t.wall_s * len(self.p.parts.held.raw.content) / len(self.p.parts.dev) if again else 0.0

    def over(self) -> bool:
        return self.left() <= 0 or self.most is not None and self.board.counted >= self.most

    # --- what came of them --------------------------------------------------------------------------------------------

    def whole_rows(self) -> bool:
        """Whether there is a model to go on with; where only fewer rows were tried, that is said and taken."""
        if self.board.best() is None:
            some = [t for t in self.board.done.values() if t.judged]
            if not some:
                return False
            top = max(some, key=lambda t: (t.ask.share, key_of(t)))
            self.board.done = {top.ask.id: replace(top, ask=replace(top.ask))}
            self.few = top
        return True

    few: Trial | None = None

    def nothing(self) -> MintmarkError:
        for error in self.errors:
            return error
        what = f"not one of {len(self.board.done)} trials ended in time."
        return BudgetError(what, where=f"budget {self.p.recipe.budget!r}", fix="a larger budget, or fewer rows.")

    def choice(self) -> tuple[list[Trial], list[float]]:
        """One trial, or several with their weights where together they are worth more."""
        if self.few:
            self.notes.append(f"time allowed for {self.few.rows} rows to fit on only: a larger budget would use all.")
            return [self.few], [1.0]
        best = self.board.ranked(None)[0]
        pool = self.board.ranked(best.ask.chosen)[:30]
        if len(pool) == 1 or self.p.task.loss or self.p.task.answer not in ("classes", "number"):
            return [best], [1.0]
        found = blend.weights(self.p, pool)
        chosen, share = [pool[i] for i in found], list(found.values())
        if len(chosen) == 1:
            return [best], [1.0]
        together = self.judge(blend.mixed(chosen, share, self.p.task.answer), ())
        if together.key <= key_of(best) + together.tie:
            return [best], [1.0]
        self.together = together
        return chosen, share

    together: Judged | None = None

    # --- the end ------------------------------------------------------------------------------------------------------

    def fitted(self, chosen: Sequence[Trial]) -> list[tuple[State, State]]:
        """The models of all folds together, as they are; of one hold-out each is fitted on its validation rows too.

        What does not end in time stays as it was. Models of several folds are better than one of all their rows: their
        mean varies less (Breiman, Bagging predictors, 1996).
        """
        if len(self.p.parts.folds) > 1:
            return [(t.trained.features, t.trained.model) for t in chosen if t.trained]
        made = []
        for i, t in enumerate(chosen):
            assert t.trained
            total = self.ctx.deadline - self.start
            spare = min(overhead(self.p), 0.3 * total)
            left = self.ctx.deadline - time.monotonic() - spare if total < math.inf else math.inf
            seconds = left / (len(chosen) - i) if left < math.inf else None
            said: dict[str, Any] = {"late": True}
            if not (self.folder / trial.name(t.ask, whole=True)).exists():
                if (seconds is None or seconds > 0.3 * self.whole_s(t)) and self.few is None:
                    configs = [c.model_dump(mode="json") for c in t.trained.configs]
                    job = {"do": "whole", "ask": asdict(t.ask), "seconds": seconds, "until": None, "configs": configs}
                    said = next(self.shop.do([job]))[1]
            else:
                said = {"late": False}
            if said["late"] or "error" in said:
                if not t.trained.model.facts and not t.trained.model.arrays and not t.trained.model.parts:
                    raise self.nothing()
                made.append((t.trained.features, t.trained.model))
                self.notes.append(f"{t.ask.family}: not fitted again on the validation rows too, for lack of time.")
            else:
                made.append(trial.read_whole(t.ask, self.folder))
        return made

    def joined(self, chosen: Sequence[Trial], share: Sequence[float], fits: list[tuple[State, State]]) -> Trained:
        tries = [t.trained for t in chosen if t.trained]
        features, model = ensemble.joined(fits, share)
        seen = tries[0].validation if len(tries) == 1 else blend.mixed(chosen, share, self.p.task.answer)
        seen = held(self.p, features, seen.answers, seen.predict_s)
        measures = tries[0].measures if len(tries) == 1 else self.judge(seen, ()).more
        configs = tuple(c for t in tries for c in t.configs)
        return Trained(configs, tuple(share), len(self.p.parts.folds), features, model, seen, measures)


def overhead(p: Prepared) -> float:
    """Seconds after the last fit: at least as many as reading took, and a part of each column of a wide table."""
    return max(OVERHEAD_S + COLUMN_S * len(p.parts.dev.questions.names), p.record.get("collect.wall"))


def wanted(p: Prepared) -> bool:
    """Whether the recipe leaves the model open, and there are several."""
    config = schema.build(p.task.config, p.recipe.settings, where="settings")
    return getattr(config, "model", "") == "auto" and len(p.task.ladder) > 1


def undecided(p: Prepared) -> bool:
    """Whether a capability is to be tried in several ways."""
    return any(capabilities.open_ways(n, paid=p.money is not None) for n in p.recipe.with_)
