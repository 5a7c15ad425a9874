"""Curve: the chosen model fitted on parts of its rows too: what more rows bring.

Each part lies in the next, the validation rows are the same for all, and a fit is kept as it ends.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mintmark.base.errors import MintmarkError
from mintmark.drivers import trial
from mintmark.drivers.objective import Judge, with_interval
from mintmark.drivers.search import overhead
from mintmark.drivers.trial import Ask, Trial
from mintmark.fitting import Prepared
from mintmark.numerics.ctx import Ctx
from mintmark.spine import Trained

ORIGIN = "curve"
KEPT = 0.2
"""of a budget of time: this much is left for the curve"""


@dataclass
class Learnt:
    """What the parts of the rows brought."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    """as a record keeps trials: one for each part, then one for all rows where no search has it yet"""
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    """whether Ctrl-C ended it"""


def curve(
    p: Prepared, trained: Trained, judge: Judge, trials: Sequence[dict[str, Any]], ctx: Ctx, shares: Sequence[float]
) -> Learnt:
    """The chosen model on each part of its rows, as far as time allows.

    trials: of the search, where there was one: of a blend, the model with the most weight is fitted again.
    """
    own = [t for t in trials if t.get("origin") != "blend" and t.get("weight")]
    chosen = max(own, key=lambda t: float(t["weight"])) if own else trial.line(_whole(p, trained, judge), 1.0)
    asked = [Ask(dict(chosen["settings"]), share, tuple(p.recipe.with_), ORIGIN) for share in shares]
    made, folder, takes_s, now = Learnt(), (ctx.folder or Path.cwd()) / "curve", 0.0, time.monotonic()
    ends = ctx.deadline - min(overhead(p), max(ctx.deadline - now, 0.0) / 2)
    for i, ask in enumerate(asked):
        takes_s = max(takes_s, ask.share * chosen["wall_s"])
        try:
            late = time.monotonic() + takes_s > ends
            done = None if late else _made(p, ask, judge, folder, replace(ctx, deadline=ends))
        except KeyboardInterrupt:
            made.notes.append(f"learning curve: interrupted before {ask.share:g} of the rows were learnt.")
            made.interrupted = True
            break
        except MintmarkError as exc:
            made.notes.append(f"learning curve: with {ask.share:g} of the rows nothing is learnt: {exc.what}")
            continue
        if not done:
            made.notes.append(f"learning curve: no time was left for {ask.share:g} of the rows and more.")
            break
        takes_s = done.wall_s
        assert done.trained and done.judged
        if _unseen(done.trained) > _unseen(trained):
            made.notes.append(f"learning curve: {ask.share:g} of the rows lack a class, so they are not compared.")
            continue
        made.lines.append(trial.line(done, 0.0))
        name, worth = f"learning curve, {done.rows:,} rows", done.judged
        ctx.report(name, worth.value, worth.unit, step=i + 1, of=len(asked))
    made.lines += [chosen] if made.lines and not own else []
    return made


def _made(p: Prepared, ask: Ask, judge: Judge, folder: Path, ctx: Ctx) -> Trial | None:
    """One part, or what was kept of it before a kill; None where it may have been stopped before it was done."""
    apart = replace(p, record=replace(p.record, measures=[]))  # fits read back here are none of the training's
    trial.carry_out(apart, ask, folder, replace(ctx, folder=folder / ask.id))
    if time.monotonic() > ctx.deadline:
        for half in (trial.name(ask), ask.id):
            shutil.rmtree(folder / half, ignore_errors=True)
        return None
    made = trial.read(p, ask, folder)
    judged = with_interval(p, made.validation, judge(made.validation, made.measures))
    return Trial(ask, *trial.spent(ask, folder), rows=_rows(p, ask.share), trained=made, judged=judged)


def _whole(p: Prepared, trained: Trained, judge: Judge) -> Trial:
    """The chosen model itself, on all rows; its seconds are those of the training, also before a kill."""
    seen, ask = trained.validation, Ask({}, 1.0, tuple(p.recipe.with_), ORIGIN)
    judged = with_interval(p, seen, judge(seen, trained.measures))
    wall, cpu = (p.record.get(f"train.{n}") + trial.restored(p) for n in ("wall", "cpu"))
    return Trial(ask, wall, cpu, rows=_rows(p, 1.0), trained=trained, judged=judged)


def _unseen(made: Trained) -> float:
    """Of the validation rows, those of a class that was not learnt: ranks and the like are of the others only."""
    return next((m.value for m in made.measures if m.name == "unseen"), 0.0)


def _rows(p: Prepared, share: float) -> int:
    """Fitted on, in each fold."""
    return round(len(p.parts.folds[0][0]) * share)
