"""mm.as_estimator: a task on tables as scikit-learn has estimators, to be cloned, piped, cross-validated and searched.

Every row that is given trains. A run keeps some for its one test; who calls `cross_val_score` has done that already.
Calibration and decision are learnt from out-of-fold answers, as in a run.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from mintmark.base.errors import DataError, RecipeError, unknown
from mintmark.base.need import need

if TYPE_CHECKING:
    import pyarrow as pa

    from mintmark import spine
    from mintmark.artifact.bundle import Bundle
    from mintmark.data.rows import Rows
    from mintmark.recipe.schema import Recipe

TARGET, WEIGHT = "target", "weight"
"""names of the columns that y and sample_weight become, with more letters where X has such a column"""
BESIDE: dict[str, Any] = {"columns": None, "payoff": None, "random_state": 0}
"""parameters beside the task's own settings: of a recipe `columns`, `payoff` and `seed`"""


class Unfit(DataError, ValueError):
    """What scikit-learn wants to be a ValueError, with what, where and try."""


@contextmanager
def _told() -> Iterator[None]:
    """Mistakes in data and parameters as scikit-learn's users catch them."""
    try:
        yield
    except (DataError, RecipeError) as exc:
        raise Unfit(exc.what, where=exc.where, fix=exc.fix) from exc


def as_estimator(task: str, **settings: Any) -> Any:
    """A scikit-learn estimator for a task on tables; `settings` are the task's own, and `columns` and `payoff` as in a
    recipe, and `random_state`.

    Raises: RecipeError: a task that is no classification or regression of tables, or a setting that does not exist.
    """
    from mintmark import tasks

    if task not in KINDS:
        tasks.get(task)
        what = f"{task!r} is no task for scikit-learn, whose estimators classify rows or predict a number for each."
        raise RecipeError(
            what, where="as_estimator", fix=f"{' or '.join(KINDS)}; or mm.run, which carries out any task."
        )
    kind = _kind(task)
    names = list(inspect.signature(kind).parameters)
    for name in settings:
        if name not in names:
            raise unknown("setting", name, names, where="as_estimator")
    made = kind(**settings)
    made._recipe()
    return made


def __getattr__(name: str) -> Any:
    """The classes `TabularClassifier` and `TabularRegressor`, made at first use, as they are made of scikit-learn's."""
    for task, kind in KINDS.items():
        if kind.__name__.removeprefix("_") == name:
            return _kind(task)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _kind(task: str) -> Any:
    """The estimator of a task; its parameters are those of the task's settings, and stand in its signature."""
    from mintmark import tasks

    base, ours = need("sklearn.base"), KINDS[task]
    fields = tasks.get(task).config.model_fields
    defaults = {n: f.get_default(call_default_factory=True) for n, f in fields.items()} | BESIDE

    def init(self: Any, **settings: Any) -> None:
        for name in settings:
            if name not in defaults:
                raise TypeError(f"{type(self).__name__} has no parameter {name!r}")
        for name, default in defaults.items():
            setattr(self, name, settings.get(name, default))

    plain = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in defaults.items()]
    init.__signature__ = inspect.Signature([plain, *given])  # type: ignore[attr-defined]
    name = ours.__name__.removeprefix("_")
    told = "\n".join(f"{n}: {f.description}" for n, f in fields.items() if f.description)
    about = {"__init__": init, "__doc__": f"{ours.__doc__}\n\n{told}", "__module__": __name__, "_task": task}
    return type(name, (getattr(base, ours.mixin), ours, base.BaseEstimator), about)


class _Tabular:
    """What both kinds of estimator share. All that is learnt is in `bundle_`, which is plain data."""

    _task: str
    mixin: str
    categorical: Any
    bundle_: "Bundle"

    def _recipe(self, names: "Names | None" = None, **more: Any) -> "Recipe":
        """The recipe that the parameters amount to; `more` are settings that X or y ask for.

        Raises: RecipeError: a parameter of a wrong type, or out of bounds.
        """
        from mintmark import tasks
        from mintmark.recipe import schema

        given = {n: _plain(v) for n, v in self.get_params(deep=False).items()}  # type: ignore[attr-defined]
        beside = {n: given.pop(n) for n in BESIDE}
        if "target" in (beside["columns"] or {}):
            raise RecipeError("y is the target.", where="columns.target", fix="leave it out.")
        columns = dict(beside["columns"] or {}) | (names.roles() if names else {})
        raw = {"task": self._task, "columns": columns, "payoff": beside["payoff"], "settings": given | more}
        recipe = schema.parse(raw | {"seed": beside["random_state"]}, where="")
        schema.build(tasks.get(self._task).config, recipe.settings, where="")
        return recipe

    def _fit(self, x: "pa.Table", y: "pa.Array", weight: Any, **more: Any) -> None:
        """`weight`: None where all count alike."""
        import pyarrow as pa

        from mintmark.data import rows

        names = Names.beside(x.column_names, weighted=weight is not None)
        given = rows.of(x.append_column(names.target, y))
        if weight is not None:  # a row that counts for nothing is no row: it is dealt to no fold, no feature sees it
            given = rows.of(given.table().append_column(names.weight, pa.array(weight))).take(weight.nonzero()[0])
        with _told():
            self.bundle_, self.measures_, self.notes_ = fitted(self._recipe(names, **more), given)
        self._names = x.column_names

    def _answers(self, X: Any) -> "pa.Table":
        """What `mm.load` would answer to these rows."""
        from mintmark import spine, tasks
        from mintmark.data import rows
        from mintmark.data.past import Past

        need("sklearn.utils.validation").check_is_fitted(self)
        x, b = self._table(X, reset=False), self.bundle_
        loaded = spine.Loaded(b.facts, tasks.get(self._task), b.features, b.model, b.decision, Past.of(b.past))
        with _told():
            return spine.answer(loaded, rows.of(x))

    @_told()
    def _table(self, X: Any, *, reset: bool) -> "pa.Table":
        """The columns of X by their names: those of a frame, or x0, x1, ...; when it predicts, the names of the fit.

        scikit-learn's own checks are made of it: two dimensions, rows at all, as many columns as before.
        """
        from mintmark.data import frame

        checks = need("sklearn.utils.validation")
        if hasattr(X, "columns") or hasattr(X, "column_names"):
            table = frame.from_frame(checks.validate_data(self, X, reset=reset, skip_check_array=True)).table()
        else:
            plain = checks.validate_data(self, _numeric(X), reset=reset, dtype=None, ensure_all_finite=False)
            table = frame.from_frame({f"x{i}": plain[:, i] for i in range(plain.shape[1])}).table()
        return table if reset else table.rename_columns(self._names)

    def _coded(self, X: Any, names: list[str]) -> list[str]:
        """The setting `categorical`, and columns that pandas knows as categories and that hold numbers: names too."""
        known = _plain(self.categorical)
        if type(X).__module__.partition(".")[0] != "pandas" or not isinstance(known, list):
            return known  # type: ignore[no-any-return]
        kinds = [getattr(getattr(d, "categories", None), "dtype", None) for d in X.dtypes]
        found = [n for n, k in zip(names, kinds, strict=True) if k is not None and k.kind in "iuf"]
        return [*dict.fromkeys([*known, *found])]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.target_tags.required = True
        return tags


class _TabularClassifier(_Tabular):
    """Tells the class of a row: mintmark's `tabular_classification` for scikit-learn.

    X is a frame of pandas or polars, with texts, categories, times and missing values as they are, or an array. With a
    `payoff` the decisions of `predict` are made for money; without one they are the likeliest class. In the payoff the
    positive class is the last of `classes_`, unless `positive` names another.
    """

    mixin = "ClassifierMixin"
    positive: str
    payoff: Any

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Raises: ValueError: the data do not fit, as DataError says it."""
        import numpy as np
        import pyarrow as pa

        from mintmark.numerics.answers import names_of

        x = self._table(X, reset=True)
        y, weight = _target(y, len(x), "classes"), _weights(sample_weight, len(x))
        need("sklearn.utils.multiclass").check_classification_targets(y)
        self.classes_, code = np.unique(y, return_inverse=True)
        names = names_of(pa.array(self.classes_.tolist())).to_pylist()
        self._classes = [n if n.strip() else f"blank {i}" for i, n in enumerate(names)]  # else it would be no class
        last = self._classes[code.max() if weight is None else code[weight > 0].max()]
        foreign = [d for d in (self.payoff or {}).get("matrix", {}) if d not in self._classes]
        if foreign:
            what = f"the decision {foreign[0]!r} is no class, and `predict` answers with classes."
            raise Unfit(what, where="payoff.matrix", fix="decisions named as classes; or mm.run.")
        more = {"positive": self.positive or last, "categorical": self._coded(X, x.column_names)}
        self._fit(x, pa.array(self._classes).take(pa.array(code)), weight, **more)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Calibrated probabilities.   Shapes: (n, classes), in the order of `classes_`."""
        from mintmark.numerics import answers

        return answers.probability(self._answers(X), self._classes)[0]

    def predict(self, X: Any) -> Any:
        """The class decided for, of each row: with a payoff the one that earns most, else the likeliest."""
        from mintmark.numerics import answers

        made = self._answers(X)
        if (
            self.bundle_.decision.facts["by"] == "likeliest"
        ):  # of equals the first of `classes_`, as scikit-learn's own do
            return self.classes_[answers.probability(made, self._classes)[0].argmax(1)]
        return self.classes_[answers.places(made["decision"], self._classes)]


class _TabularRegressor(_Tabular):
    """Predicts a number for each row: mintmark's `tabular_regression` for scikit-learn.

    X is a frame of pandas or polars, with texts, categories, times and missing values as they are, or an array. With a
    `payoff` of over and under the number is the one that costs least.
    """

    mixin = "RegressorMixin"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Raises: ValueError: the data do not fit, as DataError says it."""
        import pyarrow as pa

        x = self._table(X, reset=True)
        y, weight = _target(y, len(x), "number"), _weights(sample_weight, len(x))
        self._fit(x, pa.array(y.astype(float)), weight, categorical=self._coded(X, x.column_names))
        return self

    def predict(self, X: Any) -> Any:
        return self._answers(X)["value"].to_numpy()

    def predict_interval(self, X: Any) -> Any:
        """Where the truth lies in 9 of 10 cases (conformal).   Shapes: (n, 2), low and high."""
        import numpy as np

        made = self._answers(X)
        return np.column_stack([made["low"].to_numpy(), made["high"].to_numpy()])


KINDS: dict[str, type[Any]] = {"tabular_classification": _TabularClassifier, "tabular_regression": _TabularRegressor}


# --- fitting, without scikit-learn -----------------------------------------------------------------------------------


def fitted(recipe: "Recipe", rows: "Rows") -> "tuple[Bundle, dict[str, float], list[str]]":
    """What a bundle holds, fitted to all these rows; measures of the out-of-fold answers, and what is to be said."""
    from mintmark import spine
    from mintmark.artifact.bundle import Bundle
    from mintmark.data import rows as table
    from mintmark.data.past import ASKED
    from mintmark.numerics import decide
    from mintmark.numerics.ctx import Ctx

    p, ctx = _prepared(recipe, rows), Ctx(recipe.seed)
    made = spine.train(p, {}, ctx)
    if len(p.parts.folds) == 1:  # so far the validation rows have not been fitted to
        made = spine.whole(p, [made], [1.0], ctx.child(1))
    decision = decide.learn(p.task.answer, made.validation, p.money, ctx.child(90).rng)
    asked = table.schema_of(p.parts.dev.questions.drop([ASKED]), p.task.optional)
    facts = {"task": recipe.task, "answer": p.task.answer, "recipe": recipe.as_dict(), "questions": asked}
    past = p.parts.dev.past.tail().only(made.features.facts.get("past")).state()
    notes = [*p.parts.notes, *made.features.facts.get("notes", [])]
    bundle = Bundle(facts, made.features, made.model, decision, past)
    return bundle, {m.name: m.value for m in made.measures}, notes


def _prepared(recipe: "Recipe", rows: "Rows") -> "spine.Prepared":
    """What `spine.prepare` makes, with all rows to choose on.

    No part of the house does without test rows, so there is one: a copy of the last row, which nobody opens.
    """
    import numpy as np

    from mintmark import spine, tasks
    from mintmark.base.record import RunRecord
    from mintmark.data.collect import collect
    from mintmark.data.part import divide
    from mintmark.data.split import DEV_PART, TEST_PART
    from mintmark.numerics import payoff
    from mintmark.numerics.ctx import Ctx
    from mintmark.recipe import schema

    task = tasks.get(recipe.task)
    config = schema.build(task.config, recipe.settings, where="settings")
    money = payoff.parse(recipe.payoff) if recipe.payoff else None
    got = collect(recipe, (), lambda: rows, rows)  # no role is assumed: a column named `time` is a column
    n = len(got.rows)
    one_more, part = got.rows.take(np.append(np.arange(n), n - 1)), np.full(n + 1, DEV_PART, np.int8)
    part[n] = TEST_PART
    got = replace(got, rows=type(rows)(one_more.table()), part=part)
    questions, truth = task.ask(got.rows, got.columns, config)
    payoff.check(money, got.rows.table(), truth.table(), task.answer)
    key = getattr(got.columns, task.key) if task.key else ""
    parts = divide(got, questions, truth, recipe, key, task, Ctx(recipe.seed).rng)
    parts = replace(parts, notes=got.notes)  # without that on the copy
    record = RunRecord("", recipe.task, recipe.hash(settings=config), parts.data_hash)
    return spine.Prepared(recipe, task, got.columns, money, record, parts)


@dataclass(frozen=True)
class Names:
    """Of the columns that are put beside those of X."""

    target: str
    weight: str

    @classmethod
    def beside(cls, taken: list[str], *, weighted: bool) -> "Names":
        made = {TARGET: TARGET, WEIGHT: WEIGHT if weighted else ""}
        for role in made:
            while made[role] in taken:
                made[role] += "_"
        return cls(**made)

    def roles(self) -> dict[str, str]:
        return {TARGET: self.target} | ({WEIGHT: self.weight} if self.weight else {})


def _plain(value: Any) -> Any:
    """A parameter without numpy's types, which searches over ranges give."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else value


def _numeric(X: Any) -> Any:
    """An array of objects as numbers, unless there are texts in it."""
    import numpy as np

    if getattr(getattr(X, "dtype", None), "kind", "") != "O":
        return X
    try:
        return np.asarray(X, dtype=np.float64)
    except ValueError:
        return X


def _target(y: Any, n: int, kind: str) -> Any:
    """Shapes: (n,).   Raises: ValueError: y is missing, of another length, not finite, or one row alone."""
    if y is None:
        raise Unfit("requires y to be passed, but the target y is None.", where="fit", fix="fit(X, y)")
    checks = need("sklearn.utils.validation")
    y = checks.check_array(y, ensure_2d=False, dtype="numeric" if kind == "number" else None, input_name="y")
    y = checks.column_or_1d(y, warn=True)
    if len(y) != n:
        raise Unfit(f"has {len(y)} values for {n} rows.", where="y", fix="one for each row.")
    if n < 2:
        raise Unfit(f"{n} sample{'' if n else 's'}: too few to learn from.", where="X", fix="more rows.")
    return y


def _weights(given: Any, n: int) -> Any:
    """Shapes: (n,), or None for none.   Raises: Unfit: of another length, negative, missing, or all 0."""
    import numpy as np

    if given is None:
        return None
    weight = np.asarray(given, np.float64)
    weight = np.full(n, float(weight)) if weight.ndim == 0 else weight
    if weight.shape != (n,):
        raise Unfit(f"has the shape {weight.shape} for {n} rows.", where="sample_weight", fix="a weight for each row.")
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
        what = "holds a weight that is negative or no number, or weights that are all zero."
        raise Unfit(what, where="sample_weight", fix="finite numbers from 0 up, one above 0 at least.")
    return weight
