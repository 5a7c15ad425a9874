"""The board of a search: the trials that have ended, which of them is best, and what a record says of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mintmark.drivers import blend, trial
from mintmark.drivers.objective import Judged, with_interval
from mintmark.drivers.trial import Ask, Trial
from mintmark.fitting import Prepared

SHOWN = 8
"""trials that get an interval"""


@dataclass
class Board:
    done: dict[str, Trial] = field(default_factory=dict)
    """by the id of what was asked for, in the order in which it was"""

    @property
    def counted(self) -> int:
        """Trials that count in a budget: not those that lacked a library."""
        return sum(t.kind != "MissingExtra" for t in self.done.values())

    def of(self, family: str, way: tuple[str, ...], share: float) -> list[Trial]:
        return [t for t in self.done.values() if (t.ask.family, t.ask.chosen, t.ask.share) == (family, way, share)]

    def ranked(self, way: tuple[str, ...] | None) -> list[Trial]:
        """Trials on all rows, the best first; what lies within a tie comes in the order of the ladder."""
        some = [t for t in self.done.values() if t.judged and t.ask.share >= 1 and (way is None or t.ask.chosen == way)]
        made: list[Trial] = []
        while some:
            best = max(key_of(t) for t in some)
            first = next(t for t in some if t.judged and key_of(t) >= best - t.judged.tie)
            made.append(first)
            some.remove(first)
        return made

    def best(self) -> Trial | None:
        return next(iter(self.ranked(None)), None)

    def worthy(self, t: Trial) -> bool:
        """Whether it is among the better half of its kind on as many rows."""
        others = sorted(key_of(o) for o in self.of(t.ask.family, t.ask.chosen, t.ask.share) if o.judged)
        return bool(t.judged) and key_of(t) >= others[len(others) // 2]

    def expected(self, ask: Ask) -> float:
        """Seconds, by what the same settings took on fewer rows, or others of the same kind on as many."""
        same = [t for t in self.done.values() if t.ask.settings == ask.settings and t.ask.share < ask.share]
        if same:
            last = max(same, key=lambda t: t.ask.share)
            return last.wall_s * ask.share / last.ask.share
        like = [t.wall_s for t in self.done.values() if t.ask.family == ask.family and t.ask.share == ask.share]
        return sum(like) / len(like) if like else 0.0

    def told(
        self, p: Prepared, chosen: Sequence[Trial], share: Sequence[float], together: Judged | None
    ) -> list[dict[str, Any]]:
        """Every trial as a record keeps it, the blend of the chosen ones first where there is one.

        together: what that blend is worth.
        """
        weight = {t.ask.id: w for t, w in zip(chosen, share, strict=True)}
        shown = {t.ask.id for t in [*self.ranked(None)[:SHOWN], *chosen]}
        lines = []
        for t in self.done.values():
            if t.ask.id in shown and t.judged and t.trained:
                t = replace(t, judged=with_interval(p, t.trained.validation, t.judged))
            lines.append(trial.line(t, weight.get(t.ask.id, 0.0)))
        return [_blended(p, chosen, share, together), *lines] if together else lines


def key_of(t: Trial) -> float:
    """What trials are ranked by, the more the better; nothing is worse than a trial that failed."""
    return t.judged.key if t.judged else -math.inf


def _blended(p: Prepared, chosen: Sequence[Trial], share: Sequence[float], together: Judged) -> dict[str, Any]:
    """The blend as a record keeps it."""
    judged = with_interval(p, blend.mixed(chosen, share, p.task.answer), together)
    whole = {"settings": {"model": "blend"}, "with": list(chosen[0].ask.chosen), "share": 1.0, "origin": "blend"}
    spent = {"wall_s": sum(t.wall_s for t in chosen), "cpu_s": sum(t.cpu_s for t in chosen)}
    return whole | {"rows": chosen[0].rows} | spent | {"weight": 1.0} | trial.worth(judged)
