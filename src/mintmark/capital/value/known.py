"""What is known of a model, from its run and from the server: it takes the place of assumptions, and says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mintmark.base.errors import DataError, RecipeError
from mintmark.base.record import Measured
from mintmark.base.words import mark
from mintmark.capital.prices import dated
from mintmark.capital.value.curve import Curve, curves, exponent
from mintmark.capital.value.said import Said

TWO_SIDED = 1.959963984540054
"""standard deviations on either side that hold 95 %"""
ELSEWHERE = {"low": 0.07, "mode": 0.3, "high": 0.49}
"""exponents of learning curves from text (least) over speech to images (most)"""
PLAIN = ("do_nothing", "act_on_all", "as_forecast")
NOT_YET = mark("No outcome is known yet: nothing was realised, and what the run measured stands.")
ADD = "[payoff] in the recipe and a new run, or accuracy.per_case = { p10 = 0.5, p90 = 2 } in this file."


@dataclass(frozen=True)
class Known:
    """What a run measured."""

    run: str
    measures: Mapping[str, Measured]
    rows: int = 0
    """learnt from"""
    curves: tuple[Curve, ...] = ()
    """of each model that was learnt from more and more rows: rows, and money a case on the validation rows"""


@dataclass(frozen=True)
class Origin:
    """Where a figure comes from that the file does not give."""

    said: Said
    how: str
    """measured, estimated, assumed or realised"""


@dataclass(frozen=True)
class Realised:
    """What decisions have earned in use, a case."""

    per_case: float
    low: float
    high: float
    currency: str
    rows: int
    weighted: bool = False
    """the acted on and the passed count as often as they were decided"""
    promised: float | None = None
    since: str | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def known(run: str, measures: Sequence[Measured], trials: Sequence[Mapping[str, Any]] = (), rows: int = 0) -> Known:
    """Of the figures of a record."""
    return Known(run, {m.name: m for m in measures}, rows, curves(trials))


def realised(raw: Any, where: str) -> Realised | None:
    """What a server says at GET /v1/models/{name}/outcomes; None where no outcome is known yet.

    Raises: DataError: it is something else, or of a model without a payoff.
    """
    if not isinstance(raw, Mapping) or "realised" not in raw or "decisions" not in raw:
        what = "is not what a server says of outcomes."
        raise DataError(what, where=where, fix="curl SERVER/v1/models/NAME/outcomes > realised.json")
    said = raw.get("weighted") or raw["realised"]
    if not raw.get("currency"):
        what = "the served model has no payoff: outcomes are only counted, and no money was realised."
        raise DataError(what, where=where, fix="[payoff] in its recipe, and a new bundle.")
    if said is None:
        return None
    promised = raw.get("promised") or {}
    try:
        return Realised(
            float(said["per_case"]), float(said["low"]), float(said["high"]), str(raw["currency"]),
            int(said["rows"]), raw.get("weighted") is not None,
            None if promised.get("per_case") is None else float(promised["per_case"]), raw.get("since"),
            tuple(str(n) for n in raw.get("notes") or ()),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise DataError(
            f"lacks figures of what was realised: {exc}.", where=where, fix="the server's whole answer."
        ) from exc


def filled(
    raw: Mapping[str, Any], run: Known | None, real: Realised | None, where: str
) -> tuple[dict[str, Any], dict[str, Origin], list[Said]]:
    """The file's tables with what is known put in; where each of these figures comes from; and what to say of it.

    Figures of the file stand, but what was realised replaces accuracy.per_case and accuracy.holds.
    Raises: RecipeError: accuracy that nothing puts in money.
    """
    made = {k: dict(v) if isinstance(v, Mapping) else v for k, v in raw.items()}
    origins: dict[str, Origin] = {}
    notes: list[Said] = []
    if run:
        _costs(made, run, origins)
        _data(made, run, origins)
    wanted = "accuracy" in made or (run is not None and "value.per_case" in run.measures) or real is not None
    table = made.setdefault("accuracy", {}) if wanted else None
    if isinstance(table, dict):
        _accuracy(table, run, real, origins, notes, where)
        if "cases" not in made and "accuracy" not in raw:
            made.pop("accuracy")
            notes.append(Said(mark("The file has no [cases], so what the run's decisions earn is left out.")))
    elif run:
        notes.append(
            Said(mark("The run has no payoff, so its accuracy is not put in money. Add [payoff] to its recipe."))
        )
    return made, origins, notes


def _costs(made: dict[str, Any], run: Known, origins: dict[str, Origin]) -> None:
    table = made.setdefault("costs", {})
    for name, measure in (("training", "cost.train"), ("per_1k_predictions", "cost.per_1k_predictions")):
        m = run.measures.get(measure)
        if m is not None and isinstance(table, dict) and name not in table:
            how = "measured" if m.how == "measured" else "assumed"
            table[name] = {"value": m.value, "currency": m.unit, "how": how, "source": m.source}
            if when := dated(m.source):  # of the price sheet: an old one is warned of
                table[name]["dated"] = when
            said = mark("{measure} of run {run}: {source}")
            origins[f"costs.{name}"] = Origin(Said(said, measure=measure, run=run.run, source=m.source), m.how)


def _data(made: dict[str, Any], run: Known, origins: dict[str, Origin]) -> None:
    """Rows learnt from, and how what is missed falls with more of them: by the rungs of the search, or as elsewhere."""
    table, most = made.setdefault("data", {}), run.measures.get("value.perfect")
    if not isinstance(table, dict) or not run.rows or most is None:
        return
    table.setdefault("rows", run.rows)
    if "exponent" in table:
        return
    if found := exponent(run.curves, most.value):
        slope, error, n = found
        table["exponent"] = {"mean": max(slope, 0.0), "sd": error, "how": "measured"}
        said = mark("slope of what is missed over the rows, both as logarithms, over {n} rungs of run {run}")
        origins["data.exponent"] = Origin(Said(said, n=n, run=run.run), "measured")
    else:
        table["exponent"] = ELSEWHERE
        said = mark("the run has no rungs of growing rows; as of other models: Hestness et al., arXiv 1712.00409, 2017")
        origins["data.exponent"] = Origin(Said(said), "assumed")


def _accuracy(
    table: dict[str, Any],
    run: Known | None,
    real: Realised | None,
    origins: dict[str, Origin],
    notes: list[Said],
    where: str,
) -> None:
    plain = baseline(run, str(table.get("against", "best")), where) if run else None
    if real is not None:
        return _as_realised(table, run, plain, real, origins, notes, where)
    mine = run.measures.get("value.per_case") if run else None
    if "per_case" in table:
        if mine is not None:
            notes.append(Said(mark("accuracy.per_case of the file stands; the run measured {value} {unit} a case."),
                              value=mine.value - (plain.value if plain else 0.0), unit=mine.unit))  # fmt: skip
        return
    if mine is None or plain is None or run is None:
        lacks = "the run has no payoff" if run else "there is no run"
        raise RecipeError(f"{lacks}, so accuracy cannot be put in money.", where=f"{where}: accuracy.per_case", fix=ADD)
    ends = [run.measures.get(f"value.per_case.{e}") for e in ("low", "high")]
    low, high = (e.value if e else mine.value for e in ends)
    table["per_case"] = _spread(mine.value - plain.value, low, high, mine.unit)
    said = Said(
        mark("value.per_case {value} less {plain} {base} of run {run}, on test rows; spread as its 95 % interval"),
        value=mine.value, plain=plain.name, base=plain.value, run=run.run,
    )  # fmt: skip
    origins["accuracy.per_case"] = Origin(said, "measured")


def _as_realised(
    table: dict[str, Any],
    run: Known | None,
    plain: Measured | None,
    real: Realised,
    origins: dict[str, Origin],
    notes: list[Said],
    where: str,
) -> None:
    """What was realised a case, less what is done today, replaces what the file or the run says of it."""
    if run is None or plain is None:
        what = "outcomes say what decisions earn, and nothing says what is earned without the model."
        raise RecipeError(what, where=f"{where}: accuracy", fix="the run as well: mintmark value RUN --realised FILE")
    if plain.unit != real.currency:
        what = f"outcomes are in {real.currency}, the run is in {plain.unit}."
        raise RecipeError(what, where=f"{where}: accuracy", fix="the outcomes of this run's bundle.")
    said = Said(
        mark("realised: {value} a case over {n} decisions with a known outcome, less {plain} {base} of run {run}"),
        value=real.per_case, n=real.rows, plain=plain.name, base=plain.value, run=run.run,
    )  # fmt: skip
    held = Said(mark("what was realised is what held in use"))
    table["per_case"] = _spread(real.per_case - plain.value, real.low, real.high, real.currency)
    table["holds"] = {"value": 1.0, "how": "measured"}
    origins |= {"accuracy.per_case": Origin(said, "realised"), "accuracy.holds": Origin(held, "realised")}
    if real.promised is not None:
        notes.append(
            Said(mark("Realised {real} a case where {promised} was promised."), real=real.per_case,
                 promised=real.promised)
        )  # fmt: skip


def baseline(run: Known, against: str, where: str) -> Measured | None:
    """What a case earns as it is decided today; None without a payoff.   Raises: RecipeError: the run lacks it."""
    if "value.per_case" not in run.measures:
        return None
    have = {n: run.measures[f"value.{n}"] for n in PLAIN if f"value.{n}" in run.measures}
    if against == "best" and have:
        return max(have.values(), key=lambda m: m.value)
    if against not in have:
        what = f"the run does not say what {against} earns; it knows {', '.join(have) or 'none'}."
        raise RecipeError(what, where=f"{where}: accuracy.against", fix=f'against = "{next(iter(have), "best")}"')
    return have[against]


def _spread(mean: float, low: float, high: float, currency: str) -> dict[str, Any]:
    """A normal figure around the mean, as wide as its 95 % interval."""
    sd = (high - low) / (2 * TWO_SIDED)
    spread: dict[str, Any] = {"mean": mean, "sd": sd} if sd > 0 else {"value": mean}
    return spread | {"currency": currency, "how": "measured"}
