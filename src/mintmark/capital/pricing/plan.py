"""Plan: all parts of a go-to-market plan, in the order in which each needs what came before."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mintmark.base.record import Measured
from mintmark.base.words import mark
from mintmark.capital.pricing import business, loyalty, market, position, price, promotion, reading, retention, tiers
from mintmark.capital.pricing.file import Plan
from mintmark.capital.pricing.study import SAMPLES, Array, Study, spread

FORMAT = 1
APART = 4.0
"""times as many customers as the diffusion expects that channels may win before it is said"""


def plan(
    assumptions: Plan,
    where: str,
    *,
    run: str = "",
    measures: Iterable[Measured] = (),
    survey: Path | None = None,
    choices: Path | None = None,
    transactions: Path | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    today: date | None = None,
) -> dict[str, Any]:
    """The plan as plain values: what `price.json` holds and the page is made of.

    `where` names the file of assumptions in errors; measures are a run's, the latest of a name counts. All money is in
    the file's currency.
    Raises: RecipeError: assumptions that contradict each other, money without a rate, something needed is missing.
    DataError: a file that cannot be worked with.
    """
    day = today or date.today()
    study = Study(assumptions, where, run, {m.name: m for m in measures}, samples=samples, seed=seed, today=day)
    for sentence in assumptions.stale(day):
        study.notes.append({"said": sentence, "text": "", "values": {}})
    answers = reading.survey(study, survey) if survey else None
    chosen = reading.choices(study, choices) if choices else None
    bought = reading.transactions(study, transactions, day) if transactions else None
    size = market.market(study)
    target = size["target"]
    place = position.position(study)
    cohort, retained = retention.cohort(study)
    first, diffusion = _setting(study, target, cohort)
    fixed = study.fixed
    sure, _ = _setting(fixed, target, cohort)
    known = position.position(fixed)
    methods = _methods(fixed, sure, known, answers, chosen)
    methods[0]["unit"] = price.unit(study, *_volume(study, first))
    path = price.corridor(fixed, methods)
    models = business.models(study, replace(first, price=path["recommended"], usual=sure.usual))
    ceiling = known["ceiling"]["p50"] if known else None
    _held(fixed, path, sure.usual, market.spending(fixed, target))
    packages = tiers.tiers(fixed, sure.usual, path["recommended"], float(fixed.unit_cost.mean()), ceiling)
    best = models[0]
    spend = promotion.promotion(study, best["ltv"]["mean"] - float(study.of("costs.onboarding").mean()))
    _agree(study, spend, diffusion)
    return {
        "format": FORMAT, "name": assumptions.product.name, "unit": assumptions.product.unit,
        "currency": assumptions.currency, "run": run, "assumptions_file": where, "date": day.isoformat(),
        "samples": samples, "seed": seed, "discount": assumptions.discount,
        "usage": spread(first.use), "cost": _cost(study), "market": size, "position": place, "prices": methods,
        "corridor": path, "models": models, "recommended_model": best["model"], "tiers": packages,
        "diffusion": diffusion, "retention": retained, "loyalty": loyalty.loyalty(study, bought),
        "promotion": spend, "assumptions": assumed(study), "notes": study.noted(),
    }  # fmt: skip


def _setting(study: Study, target: list[str], cohort: Array | None) -> tuple[business.Setting, dict[str, Any]]:
    """What the business models share, before there is a price, and the curve of customers in words."""
    use = market.usage(study, target)
    if (use <= 0).any():
        raise study.wrong("product.usage", "must be above 0 in every draw.", "usage = 50, or a distribution above 0.")
    arriving, said = business.spreading(study, market.customers(study, target), market.served(study, target))
    winning = market.acquisition(study, target) + study.of("costs.onboarding")
    return business.Setting(arriving, use, winning, float(use.mean()), 0.0, cohort), said


def _volume(study: Study, setting: business.Setting) -> tuple[Array, Array, Array]:
    """Units a customer a month, months that he stays, and units sold a month on average, where use is paid for."""
    stay = retention.staying(study, "usage", setting.cohort)
    sold = np.maximum(stay.active(setting.arriving).mean(0) * setting.use, 1e-9)
    return setting.use, stay.months(), sold


def _methods(
    study: Study, setting: business.Setting, place: dict[str, Any], answers: Any, chosen: Any
) -> list[dict[str, Any]]:
    """study: of the fixed sample. What a unit costs (`price.unit`) is added to the first method by the caller."""
    costs = price.cost_plus(study, *_volume(study, setting))
    unit = (study.unit_cost + study.of("costs.support") / setting.use) / (1 - study.of("costs.fees"))
    cost = float(np.median(unit))
    made = [
        costs, price.value(place), price.westendorp(study, answers), price.granger(study, answers, cost),
        price.conjoint(study, chosen, cost), price.elasticity(study, unit),
    ]  # fmt: skip
    return [m for m in made if m is not None]


def _cost(study: Study) -> dict[str, Any]:
    made, how, source = study.prediction
    return {"predictions": spread(made, how), "source": source, "unit": spread(study.unit_cost)}


def _held(study: Study, path: dict[str, Any], use: float, spend: float) -> None:
    """What a customer would pay in a year against what he spends on the problem today."""
    bill = 12 * use * path["recommended"]
    if bill > spend > 0:
        study.say(
            mark("At this price a customer pays {bill} a year, and spends {spend} on the problem today: check both."),
            bill=bill, spend=spend,
        )  # fmt: skip


def _agree(study: Study, spend: dict[str, Any], diffusion: dict[str, Any]) -> None:
    """What the channels win against what the diffusion expects of the first year."""
    if not spend:
        return
    won, come = 12 * float(spend["customers"]), float(diffusion["adopted_by_year"][1]["p50"])
    if not 0.5 * come <= won <= APART * come:
        study.say(
            mark("The channels win {won} customers a year; the diffusion expects {come} in the first one."),
            won=won, come=come,
        )  # fmt: skip


def assumed(study: Study) -> list[dict[str, Any]]:
    """Every figure of the file, with how far it may be off, and whether it was measured."""
    made = []
    for name, figure in study.plan.figures.items():
        values: Array = study.of(name)
        made.append(
            {
                "name": name, **spread(values, figure.how),
                "currency": study.plan.currency if figure.IS_MONEY else None,
                "source": figure.source, "dated": figure.dated, "known": figure.known,
            }
        )  # fmt: skip
    return made
