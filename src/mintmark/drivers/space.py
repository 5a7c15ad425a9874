"""The space of a search: what each setting says of where to look, as optuna's distributions."""

import typing
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel


def space(config: type[BaseModel], model: str, fixed: Collection[str]) -> dict[str, Any]:
    """The settings that matter to this model and that the recipe leaves open, with optuna's distribution of each."""
    from optuna import distributions as d

    made: dict[str, Any] = {}
    for name, field in config.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        look: Any = extra.get("search")
        if not look or name in fixed or look["of"] and model not in look["of"]:
            continue
        if "choices" in look:
            made[name] = d.CategoricalDistribution(look["choices"])
        elif int in {field.annotation, *typing.get_args(field.annotation)}:
            made[name] = d.IntDistribution(int(look["low"]), int(look["high"]), log=look["log"])
        else:
            made[name] = d.FloatDistribution(look["low"], look["high"], log=look["log"])
    return made


def ask(over: dict[str, Any], told: Sequence[tuple[dict[str, Any], float]], seed: int) -> dict[str, Any]:
    """Settings worth trying next, by what was told of others: their values, the higher the better.

    The same history and seed give the same settings, whatever was asked before.
    Source: tree-structured Parzen estimator, Bergstra et al., NeurIPS 24, 2011, as optuna has it.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=6, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for settings, value in told:
        study.add_trial(optuna.trial.create_trial(params=settings, distributions=over, value=value))
    return dict(study.ask(over).params)
