"""Models of tables: one file each, the file name is the model's name; fitted to arrays, kept as a State."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from mintmark.base.errors import unknown
from mintmark.base.state import State
from mintmark.numerics.answers import Array
from mintmark.numerics.batch import View
from mintmark.numerics.ctx import Ctx
from mintmark.numerics.models.settings import Settings
from mintmark.numerics.trees import Seen

__all__ = ["Model", "Settings", "fit", "get", "names", "predict", "settle"]

Kind = TypeVar("Kind", bound=Settings)
HERE = Path(__file__).parent
PARTS = ("settings", "linear", "svm")
"""files of this room that are no model"""


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a task needs of a model."""

    fit: Callable[[Seen, Seen | None, int, list[int], Settings, Ctx], State]
    """rows, validation rows or None, number of classes (0: a number), places of categories, settings, ctx"""
    predict: Callable[[State, Any], Array]
    """probabilities (n, k), or numbers (n,)"""
    wants: Literal["trees", "linear"] = "trees"
    """codes and NaN, or standardised numbers and a column a category"""
    kinds: tuple[str, ...] = ("classes", "number")


def names(kind: str = "") -> list[str]:
    """Of all models, or of those for classes or numbers; the latter imports them."""
    found = sorted(p.stem for p in HERE.glob("[a-z]*.py") if p.stem not in PARTS)
    return [n for n in found if kind in get(n).kinds] if kind else found


def get(name: str) -> Model:
    """Raises: RecipeError: no such model (names the nearest)."""
    name = "lightgbm" if name == "auto" else name
    if name not in names():
        raise unknown("model", name, names(), where="settings.model")
    found: Model = importlib.import_module(f"mintmark.numerics.models.{name}").MODEL
    return found


def fit(name: str, train: View, valid: View | None, settings: Settings, ctx: Ctx) -> State:
    """Rows whose answer is unknown are left out; one class alone makes a model that always says it."""
    first = next(iter(train))
    k = len(first.facts.get("classes", []))
    seen, held = Seen.of(train), Seen.of(valid)
    if seen is None or k and (k < 2 or len(np.unique(seen.y)) < 2):
        return State({"always": _always(seen, k)})
    made = get(name).fit(seen, held, k, list(first.facts.get("categorical", [])), settings, ctx)
    notes = [n for n in (first.facts.get("treated"),) if n]
    training = made.facts.get("training", {})
    training = {"training": training | {"notes": [*notes, *training.get("notes", [])]}} if notes else {}
    return replace(made, facts=made.facts | {"model": "lightgbm" if name == "auto" else name} | training)


def predict(state: State, x: Any) -> Array:
    """Probabilities (n, k), or numbers (n,)."""
    if "always" in state.arrays:
        made: Array = np.repeat(state.arrays["always"][None], x.shape[0], 0)
        return made if made.shape[1] > 1 else made[:, 0]
    return get(state.facts.get("model") or _before(state)).predict(state, x)


def settle(settings: Kind, fitted: Sequence[State]) -> Kind:
    """As many rounds as early stopping left, in the middle of these models; the pruning of a tree likewise."""
    found: dict[str, Any] = {}
    rounds = [m.facts["rounds"] for m in fitted if "rounds" in m.facts]
    if rounds:
        found["n_estimators"] = max(1, round(np.median(rounds)))
    pruned = [m.facts["pruned"] for m in fitted if "pruned" in m.facts]
    if pruned:
        found["prune"] = float(np.median(pruned))
    return settings.model_copy(update=found)


def _before(state: State) -> str:
    """The model of a bundle that was written before models said their name."""
    if "coefficient" in state.arrays:
        return "logistic_regression"
    return "random_forest" if "root" in state.arrays else "lightgbm"


def _always(seen: Seen | None, k: int) -> Array:
    if not k:
        return np.zeros(1)
    made = np.zeros(k)
    made[0 if seen is None else int(seen.y[0])] = 1
    return made
