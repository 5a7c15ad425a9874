"""The library's face: `mm.run` carries a recipe to a signed bundle and a record, `mm.load` answers from one."""

import hashlib
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.base.errors import BudgetError
from mintmark.base.record import Measured, RunRecord
from mintmark.base.version import __version__

if TYPE_CHECKING:
    from mintmark import spine
    from mintmark.capital.prices import Price
    from mintmark.data.rows import Rows
    from mintmark.ledger import Ledger
    from mintmark.numerics.ctx import Ctx, Hear
    from mintmark.recipe.schema import Recipe

FITTING = ("collect.wall", "train.wall", "train.restored", "evaluate.wall", "package.wall")
"""what a model cost to make"""
CALL_S = 1.0
"""so long is the bundle called at each batch size, to measure what a prediction takes"""


@dataclass(frozen=True)
class Run:
    """A finished run: its record, and where its bundle lies."""

    folder: Path
    record: RunRecord
    interrupted: bool = False
    """whether Ctrl-C ended the search, and this is the best up to then, or the learning curve"""

    @property
    def id(self) -> str:
        return self.record.run

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    @property
    def forecast(self) -> Path | None:
        """The answers to what comes next, where the task can ask for it."""
        path = self.folder / "forecast.csv"
        return path if path.exists() else None

    @property
    def measures(self) -> dict[str, float]:
        return {m.name: m.value for m in self.record.measures}


def run(
    recipe: "str | os.PathLike[str] | Mapping[str, Any] | Recipe",
    *,
    data: Any = None,
    out: str | os.PathLike[str] = "runs",
    sets: Sequence[str] = (),
    budget: str | None = None,
    fresh: bool = False,
    hear: "Hear | None" = None,
    lang: str = "",
) -> Run:
    """Carry a recipe (a file, a mapping of its keys, or a Recipe) to a signed bundle and a record.

    `data` is a path, or a frame of pandas, polars or Arrow, in place of the recipe's. The same recipe on the same data
    goes on where an unfinished run stopped; `fresh` starts over. `hear(name, value, unit, step, of)` follows the work;
    `lang` is the language of the report, en or zh, else that of the environment.
    Raises: MintmarkError: see base/errors.py; nothing half-written is left behind.
    """
    from mintmark import spine
    from mintmark.artifact import folder as places
    from mintmark.artifact import sign
    from mintmark.base.words import language
    from mintmark.ledger import Ledger
    from mintmark.numerics.ctx import Ctx

    lang = language(lang).code
    started, start = datetime.now(UTC), time.monotonic()
    made, source = _recipe(recipe, data, sets, budget)
    p, signer = spine.prepare(made, source), sign.signer()
    deadline = start + _budget_s(made)
    if time.monotonic() > deadline:
        what = "it was used up by reading the data; nothing is fitted yet."
        raise BudgetError(what, where=f"budget {made.budget!r}", fix="a larger budget, or fewer rows.")
    ledger, record = Ledger.default(), p.record
    if source is not None:
        record.recipe["data"] = "(rows in memory)"
    record.started, record.machine = started.isoformat(timespec="seconds"), _machine()
    same = {"recipe": record.recipe_hash, "data": record.data_hash, "test": record.test_hash, "mintmark": __version__}
    with places.claimed(
        Path(out), record.run, same, lambda f: ledger.has(f.name, str(f.resolve())), fresh=fresh
    ) as folder:
        record.run, path, interrupted = folder.name, folder / "record.json", False
        if path.exists() and ledger.looked(record.run, str(folder.resolve()), record.test_hash):
            # a kill came between the record and the ledger: nothing is left to do but to enter it
            record = RunRecord.load(path)
        else:
            ctx = Ctx(made.seed, folder=folder / "work", hear=hear or Ctx.hear, deadline=deadline)
            interrupted = _carried_out(p, ctx, folder, source, ledger, [sign.MADE] if signer.made else [], lang)
        _log(ledger, record, path)
        _clear(folder / "work")
    return Run(folder, record, interrupted)


def _carried_out(
    p: "spine.Prepared",
    ctx: "Ctx",
    folder: Path,
    source: "Rows | None",
    ledger: "Ledger",
    notes: list[str],
    lang: str,
) -> bool:
    """Train, finish and report; all is in the folder then. Whether Ctrl-C ended a search or a curve on the way.

    notes: what else the record has to say.
    """
    from mintmark import capabilities, reporting, spine
    from mintmark.base.meter import metered
    from mintmark.data import leaks

    record, dev, at = p.record, p.parts.dev, str(folder.resolve())
    record.notes += [str(s) for s in leaks.suspects(dev.questions, dev.truth, p.task.answer, p.columns.time)]
    shares = capabilities.shares(p.recipe.with_)
    timed = _in_time(ctx) if shares else ctx
    with metered(record, "train"):
        p, trained, interrupted = _trained(p, timed, source)
    record.notes += _noted(trained)
    record.notes += ["interrupted: this is the best of what was tried until then."] if interrupted else []
    if time.monotonic() > timed.deadline:
        record.notes.append(f"the budget of {p.recipe.budget} was used up: fits were stopped before they were done.")
    if shares and not interrupted:
        with metered(record, "curve"):
            interrupted = _learnt(p, trained, ctx, shares)
    test, made_then = spine.finish(p, trained, ctx, folder, lambda: ledger.look(record.run, at, record.test_hash))
    whole, ask_next = p.parts.everything, p.task.upcoming
    coming = ask_next(whole.open().raw, p.columns, trained.configs[0]) if ask_next else None
    asked = p.parts.dev.questions.drop(list(p.task.optional)) if coming is None else coming
    loaded = spine.load(folder / "bundle")
    record.add(*called(loaded, asked, once=coming is not None))
    record.add(*_costs(record))
    record.notes += notes
    reporting.write(folder, record, p, trained, loaded, coming, test, made_then, lang)
    record.save(folder / "record.json")
    return interrupted


def _trained(p: "spine.Prepared", ctx: "Ctx", source: "Rows | None") -> "tuple[spine.Prepared, spine.Trained, bool]":
    """One model, or the choice of a search where the recipe leaves it open and says how far to look."""
    from mintmark import spine
    from mintmark.drivers import objective, search

    many = search.wanted(p) and p.recipe.budget
    if not many and not search.undecided(p):
        return p, spine.train(p, {}, ctx), False
    per_s, notes = _price_s(p)
    judge = objective.objective(p, per_s)
    found = search.search(p, judge, replace(ctx, folder=ctx.folder and ctx.folder / "search"), source=source)
    p.record.notes += [*notes, *found.notes]
    _bill(found.trials)
    p.record.trials = found.trials
    return found.prepared, found.trained, found.interrupted


def _in_time(ctx: "Ctx") -> "Ctx":
    """With a part of the time that is left kept for the learning curve."""
    from mintmark.drivers import curve

    now = time.monotonic()
    return ctx if math.isinf(ctx.deadline) else replace(ctx, deadline=now + (1 - curve.KEPT) * (ctx.deadline - now))


def _learnt(p: "spine.Prepared", trained: "spine.Trained", ctx: "Ctx", shares: tuple[float, ...]) -> bool:
    """What the chosen model is worth on parts of the rows, among the trials of the record. Whether Ctrl-C ended it."""
    from mintmark.drivers import curve, objective

    judge = objective.objective(p, _price_s(p)[0])
    made = curve.curve(p, trained, judge, p.record.trials, ctx, shares)
    _bill(made.lines)
    p.record.trials = [*p.record.trials, *made.lines]
    p.record.notes += made.notes
    return made.interrupted


def _bill(trials: Sequence[dict[str, Any]]) -> None:
    """Each trial's processor time, as a share of the machine's, at the price of the machine."""
    hour, cpus = _hour(), os.cpu_count() or 1
    for t in trials:
        t["cost"] = {"value": t["cpu_s"] / cpus / 3600 * hour.value, "unit": hour.currency, "how": "estimated"}


def _price_s(p: "spine.Prepared") -> tuple[float | None, list[str]]:
    """What a second of this machine costs in the currency of the payoff, and what is to be said of it."""
    if p.money is None:
        return None, []
    price = _hour()
    if price.currency == p.money.currency:
        return price.value / 3600, []
    said = f"the price of this machine is in {price.currency}, the payoff in {p.money.currency}: "
    return None, [said + "the cost of predicting was left out of the choice of the model."]


def compare(
    recipes: Sequence[Any],
    *,
    data: Any = None,
    sets: Sequence[str] = (),
    budget: str | None = None,
    hear: "Hear | None" = None,
) -> list[dict[str, Any]]:
    """What several recipes are worth on the same validation rows, and what lies between each and the first.

    Nothing is packed, and no test row is looked at. `low` and `high` are the ends of a 95 % interval of the difference
    from a paired bootstrap, None where there is none.
    Raises: RecipeError: the recipes differ in data, split, task or payoff.
    """
    import tempfile

    from mintmark import spine
    from mintmark.drivers import compare as driver
    from mintmark.drivers import objective
    from mintmark.numerics.ctx import Ctx

    names, ps, trained = [], [], []
    for i, recipe in enumerate(recipes):
        made, source = _recipe(recipe, data, sets, budget)
        names.append(str(recipe) if isinstance(recipe, str | os.PathLike) else f"recipe {i + 1}")
        start, p = time.monotonic(), spine.prepare(made, source)
        with tempfile.TemporaryDirectory(prefix="mintmark-") as folder:
            ctx = Ctx(made.seed, folder=Path(folder), hear=hear or Ctx.hear, deadline=start + _budget_s(made))
            chosen, model, _ = _trained(p, ctx, source)
        ps.append(chosen)
        trained.append(model)
    judge = objective.objective(ps[0], _price_s(ps[0])[0])
    return [
        {
            "recipe": c.name, "name": c.judged.name, "value": c.judged.value, "unit": c.judged.unit,
            "better": c.judged.better, "more": c.more, "low": c.low if math.isfinite(c.low) else None,
            "high": c.high if math.isfinite(c.high) else None, "rows": len(ps[0].parts.held),
            "measures": {m.name: m.value for m in c.measures},
        }
        for c in driver.compare(names, ps, trained, judge)
    ]  # fmt: skip


def load(bundle: str | os.PathLike[str], *, key_file: str | os.PathLike[str] | None = None) -> "Model":
    """A verified bundle, ready to answer.

    key_file: holds the key of a sealed bundle; without it, the environment or the system keyring has it. A file that
    others can read is warned of.
    Raises: BundleError: unsigned, altered, not trusted here, or sealed with another key. RecipeError: no such file.
    """
    import warnings

    from mintmark import spine
    from mintmark.artifact import seal

    key = None if key_file is None else seal.read_key(Path(key_file))
    if key and key.warning:
        warnings.warn(key.warning, stacklevel=2)
    return Model(spine.load(Path(bundle), key))


class Model:
    """Answers questions by the very code that the server runs."""

    def __init__(self, loaded: "spine.Loaded") -> None:
        self._loaded = loaded

    @property
    def facts(self) -> dict[str, Any]:
        """What the bundle says of itself: task, run, schema of the questions."""
        return self._loaded.facts

    def predict(self, frame: Any) -> Any:
        """Answers to the rows of a frame, as the same kind of frame: pandas, polars or Arrow.

        Raises: DataError: a column is absent, or a value is not of its kind (names row and column).
        """
        from mintmark import spine
        from mintmark.data import source

        return source.like_frame(spine.answer(self._loaded, source.from_frame(frame)), frame)


def called(loaded: "spine.Loaded", questions: "Rows", *, once: bool = False) -> list[Measured]:
    """Call the packed bundle for about a second at one row and at 256 rows a call, and say how long answers take.

    once: no question is asked again, where the second time would be quicker than the first.
    """
    import numpy as np

    from mintmark import spine

    out = []
    for size in (1, 256):
        n = len(questions)
        order = np.random.default_rng(0).permutation(n) if once else np.arange(n)
        starts = range(0, n if once else 8 * size, size)
        asked = [questions.take(order[np.arange(i, i + size) % n]) for i in starts[:2000]]
        asked = [type(a)(a.table()) for a in asked]
        spine.answer(loaded, asked[0].take(np.arange(1)))  # the first call also parses the model
        times: list[float] = []
        end = time.perf_counter() + CALL_S
        while not times or (time.perf_counter() < end and len(times) < (len(asked) if once else 2000)):
            start = time.perf_counter()
            spine.answer(loaded, asked[len(times) % len(asked)])
            times.append(time.perf_counter() - start)
        source = f"{len(times)} calls of the packed bundle in this process, {size} rows a call, no network"
        at = "" if size == 1 else f".batch_{size}"
        for name, value in (("p50", np.quantile(times, 0.5)), ("p99", np.quantile(times, 0.99))):
            out.append(Measured(f"serve.{name}{at}", float(value), "s", "down", source=source))
        per_1k = float(np.mean(times)) / size * 1000
        out.append(Measured(f"serve.per_1k{at}", per_1k, "s", "down", source=source))
    return out


def _noted(trained: "spine.Trained") -> list[str]:
    """What the fit found worth saying: columns left out, treatments of the rows, what happened in training."""
    features, model = trained.features.facts, trained.model.facts
    unused = [f"column {c['column']!r} is not used: it {c['why']}." for c in features.get("left_out", [])[:20]]
    return [*unused, *features.get("notes", []), *model.get("training", {}).get("notes", [])]


def _recipe(recipe: Any, data: Any, sets: Sequence[str], budget: str | None) -> "tuple[Recipe, Rows | None]":
    """The recipe with what is set beside it, and the rows where data are given as a frame."""
    from mintmark.data import source
    from mintmark.recipe import schema

    path = os.fspath(data) if isinstance(data, str | os.PathLike) else None
    if isinstance(recipe, str | os.PathLike):
        made = schema.load(Path(recipe), sets, data=path, budget=budget)
    elif isinstance(recipe, schema.Recipe) and path is None and budget is None and not sets:
        made = recipe
    else:
        known = isinstance(recipe, schema.Recipe)
        plain, folder = (recipe.as_dict(), recipe.folder) if known else (recipe, None)
        made = schema.changed(plain, sets, data=path, budget=budget, folder=folder)
    return made, None if data is None or path is not None else source.from_frame(data)


def _budget_s(recipe: "Recipe") -> float:
    """Seconds that the recipe's budget buys on this machine; no budget has no end."""
    if not recipe.budget:
        return math.inf
    price = _hour()
    return recipe.budget_s(price.value / 3600, price.currency) or math.inf


def _hour() -> "Price":
    """What this machine costs."""
    from mintmark.capital import prices

    return prices.machine_hour(os.cpu_count() or 1)


def _costs(record: RunRecord) -> list[Measured]:
    """Measured times at the price of this machine; a price that is old is said in the notes."""
    from mintmark.capital import prices

    price = _hour()
    if warning := price.stale(date.today()):
        record.notes.append(warning)
    spent = [m.value for m in record.measures if m.name in FITTING]
    per_1k = {at: record.get(f"serve.per_1k{at}") for at in ("", ".batch_256")}
    return [
        prices.cost(sum(spent), price, "cost.train"),
        *(prices.cost(seconds, price, f"cost.per_1k_predictions{at}") for at, seconds in per_1k.items()),
    ]


def _log(ledger: Any, record: RunRecord, path: Path) -> None:
    headline = ("value.per_case", "evaluate.roc_auc", "evaluate.log_loss", "cost.train")
    measures = {m.name: [m.value, m.unit] for m in record.measures if m.name in headline}
    content = {
        "task": record.task, "record": str(path.resolve()), "started": record.started, "measures": measures,
        "record_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "recipe_hash": record.recipe_hash, "data_hash": record.data_hash, "test_hash": record.test_hash,
    }  # fmt: skip
    ledger.append("run", record.run, str(path.parent.resolve()), content)


def _clear(work: Path) -> None:
    import shutil

    shutil.rmtree(work, ignore_errors=True)


def _machine() -> dict[str, Any]:
    import platform

    return {
        "system": platform.platform(), "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(), "python": platform.python_version(), "mintmark": __version__,
    }  # fmt: skip
