"""A trial: settings tried on the folds, its answers kept on disk as soon as it is done."""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from mintmark.artifact import bundle, sign
from mintmark.base.record import Measured
from mintmark.base.state import State
from mintmark.data import rows as table
from mintmark.drivers.objective import Judged
from mintmark.fitting import Prepared, fits, held
from mintmark.numerics.ctx import Ctx
from mintmark.recipe import schema
from mintmark.spine import Trained, tried

ABOUT, FEATURES, MODEL = "trial", "features", "model"


@dataclass(frozen=True)
class Ask:
    """What to try."""

    settings: dict[str, Any]
    """in place of the recipe's"""
    share: float = 1.0
    """of the rows to fit on"""
    chosen: tuple[str, ...] = ()
    """capabilities, each with its way"""
    origin: str = "ladder"
    """ladder, tuned, or way"""

    @property
    def id(self) -> str:
        said = json.dumps([self.settings, self.share, self.chosen], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    @property
    def family(self) -> str:
        """The kind of model."""
        return str(self.settings.get("model", ""))


@dataclass(frozen=True)
class Trial:
    """What came of it; without `trained` it failed, and `why` says how."""

    ask: Ask
    wall_s: float
    cpu_s: float
    rows: int = 0
    """fitted on, in each fold"""
    trained: Trained | None = None
    judged: Judged | None = None
    why: str = ""
    kind: str = ""
    """of the error"""
    restored: bool = False


def changed(p: Prepared, ask: Ask) -> Prepared:
    """With the capabilities, each in its way, that the trial is about."""
    return replace(p, recipe=p.recipe.model_copy(update={"with_": ask.chosen}))


def carry_out(p: Prepared, ask: Ask, folder: Path, ctx: Ctx) -> None:
    """Fit the folds and keep what came of it; a model fitted on all rows is kept too, in case time ends here."""

    def make() -> dict[str, State]:
        start, cpu = time.perf_counter(), sum(os.times()[:4])
        made = tried(changed(p, ask), ask.settings, replace(ctx, share=ask.share))
        first = p.parts.folds[0][0]
        facts = {
            "configs": [c.model_dump(mode="json") for c in made.configs],
            "measures": [asdict(m) for m in made.measures],
            "predict_s": made.validation.predict_s,
            "rows": round(len(first) * ask.share),
            "classes": made.validation.classes,
            "wall_s": time.perf_counter() - start + restored(p),
            "cpu_s": sum(os.times()[:4]) - cpu + restored(p),
        }
        states = {ABOUT: State(facts=facts, files=table.to_state(made.validation.answers).files)}
        return states | ({FEATURES: made.features, MODEL: made.model} if ask.share >= 1 else {})

    bundle.keep(folder, name(ask), make, sign.signer(), sign.trust())


def carry_out_whole(p: Prepared, ask: Ask, configs: Sequence[dict[str, Any]], folder: Path, ctx: Ctx) -> None:
    """Fit what a trial settled on all rows that are not test, and keep it."""

    def make() -> dict[str, State]:
        built = [schema.build(p.task.config, c, where="settings") for c in configs]
        features, model = fits(changed(p, ask), built, [1.0] * len(built), p.parts.dev, ctx.to_the_end())
        return {FEATURES: features, MODEL: model}

    bundle.keep(folder, name(ask, whole=True), make, sign.signer(), sign.trust())


def read(p: Prepared, ask: Ask, folder: Path) -> Trained:
    """What `carry_out` kept."""
    states = _kept(folder, name(ask))
    about = states[ABOUT]
    features, model = states.get(FEATURES, State()), states.get(MODEL, State())
    answers: pa.Table = table.from_state(State(files=about.files))
    configs = tuple(schema.build(p.task.config, c, where="settings") for c in about.facts["configs"])
    measures = [Measured(**m) for m in about.facts["measures"]]
    known = State(facts={"classes": about.facts["classes"]})
    bags = len(p.parts.folds)  # the model is all of them: each row that it will answer is answered by each
    seen = held(p, known, answers, about.facts["predict_s"] * bags)
    return Trained(configs, (1.0,), bags, features, model, seen, measures)


def restored(p: Prepared) -> float:
    """Seconds of the fits that were read back from before a kill."""
    return sum(m.value for m in p.record.measures if m.name == "train.restored")


def spent(ask: Ask, folder: Path) -> tuple[float, float]:
    """Seconds on the wall and of processors that `carry_out` took, when it did the work."""
    about = _kept(folder, name(ask))[ABOUT].facts
    return about["wall_s"], about["cpu_s"]


def read_whole(ask: Ask, folder: Path) -> tuple[State, State]:
    states = _kept(folder, name(ask, whole=True))
    return states[FEATURES], states[MODEL]


def line(t: Trial, weight: float) -> dict[str, Any]:
    """As a record keeps it; `weight`: in what was chosen."""
    made: dict[str, Any] = {"settings": t.ask.settings, "with": list(t.ask.chosen), "share": t.ask.share}
    made |= {"origin": t.ask.origin, "rows": t.rows, "wall_s": t.wall_s, "cpu_s": t.cpu_s, "weight": weight}
    if not t.judged:
        return made | {"failed": t.why, "kind": t.kind}
    predict = t.trained.validation.predict_s / max(len(t.trained.validation.y), 1) if t.trained else 0.0
    return made | worth(t.judged) | {"predict_s": predict}


def worth(judged: Judged) -> dict[str, Any]:
    names = ("name", "value", "unit", "better", "low", "high")
    return {n: getattr(judged, n) for n in names} | {"measures": {m.name: m.value for m in judged.more}}


def name(ask: Ask, *, whole: bool = False) -> str:
    return ("whole-" if whole else "trial-") + ask.id


def _kept(folder: Path, name: str) -> dict[str, State]:
    def absent() -> dict[str, State]:
        raise FileNotFoundError(folder / name)

    return dict(bundle.keep(folder, name, absent, sign.signer(), sign.trust()))
