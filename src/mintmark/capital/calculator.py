"""A calculator: one method of the business layer by itself, its inputs checked, with its formula and source.

A function of `capital/methods/` is made one by `@calculator(unit=..., formula=..., source=...)`. Its parameters are
what is asked for, typed as a recipe is; bounds stand in `Annotated[float, Field(gt=0)]`; what it returns is a plain
dictionary of figures. Called from Python it takes numpy arrays and pandas columns for lists as well.
"""

import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, create_model

from mintmark.base.errors import DataError, MintmarkError, unknown
from mintmark.recipe.strict import Strict, build

Function = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Calculator:
    """What there is to say of a method; `answer` carries it out."""

    function: Function
    """takes what has been checked"""
    unit: Mapping[str, str]
    """result key -> unit; "1" for a number without one"""
    formula: str
    source: str

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def about(self) -> str:
        """What comes out, in one sentence."""
        return self.says[0]

    @property
    def says(self) -> list[str]:
        """The paragraphs of the function's docstring, without what it raises."""
        return _paragraphs(inspect.getdoc(self.function) or "")

    @property
    def group(self) -> str:
        """What the file of the function is about."""
        return _paragraphs(inspect.getdoc(sys.modules[self.function.__module__]) or "")[0]

    @functools.cached_property
    def inputs(self) -> type[Strict]:
        """The typed table of the parameters; one that Python forbids as a name, `lambda_`, is asked for as lambda."""
        kinds = inspect.get_annotations(self.function, eval_str=True)
        fields = {
            p.name: (
                Annotated[kinds[p.name], Field(alias=p.name.rstrip("_"))],
                ... if p.default is inspect.Parameter.empty else p.default,
            )
            for p in inspect.signature(self.function).parameters.values()
        }
        made: Any = create_model(self.name, __base__=Strict, **fields)  # type: ignore[call-overload]
        return made  # type: ignore[no-any-return]

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the function takes them, defaults filled in.

        Raises: RecipeError: an unknown, missing or wrong input (names the field).
        """
        table = build(self.inputs, {k.rstrip("_"): _plain(v) for k, v in values.items()}, f"{self.name}: ")
        return {name: getattr(table, name) for name in self.inputs.model_fields}

    def result(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the function makes of the values, once they are checked.

        Raises: RecipeError: as `checked`.   DataError: figures that the method cannot work with.
        """
        import numpy as np

        inputs = self.checked(values)
        try:
            with np.errstate(all="ignore"):
                return self.function(**inputs)
        except MintmarkError as exc:
            if exc.where.startswith(self.name):
                raise
            raise type(exc)(exc.what, where=f"{self.name}: {exc.where}".removesuffix(": "), fix=exc.fix) from exc
        except (ArithmeticError, np.linalg.LinAlgError):
            what = "the inputs are too large, too small or too far apart to be calculated with."
            raise DataError(what, where=self.name, fix="figures of an ordinary size.") from None

    def answer(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """{"result", "unit", "formula", "source"}, as `mintmark calc --json` prints it.   Raises: as `result`."""
        result = self.result(values)
        unit = {key: self.unit[key] for key in result}
        return {"result": result, "unit": unit, "formula": self.formula, "source": self.source}


def calculator(*, unit: Mapping[str, str], formula: str, source: str) -> Callable[[Function], Function]:
    """Makes a function a calculator: it checks what it is given, and says what it is as `function.calculator`."""

    def made(function: Function) -> Function:
        about = Calculator(function, unit, formula, source)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: Any, **values: Any) -> dict[str, Any]:
            placed = signature.bind_partial(*args).arguments
            if twice := placed.keys() & values:
                raise TypeError(f"{about.name}() got several values for {', '.join(twice)}")
            return about.result(placed | values)

        checked.calculator = about  # type: ignore[attr-defined]
        return checked

    return made


@functools.cache
def every() -> Mapping[str, Calculator]:
    """All calculators of `capital/methods/` by name, in the order of their files and lines."""
    from mintmark.capital import methods

    found: dict[str, Calculator] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(methods.__path__, f"{methods.__name__}.")):
        for value in vars(importlib.import_module(module)).values():
            about = getattr(value, "calculator", None)
            if isinstance(about, Calculator) and about.function.__module__ == module:
                found[about.name] = about
    return found


def find(name: str) -> Calculator:
    """Raises: RecipeError: no calculator of this name (names the nearest)."""
    known = every()
    if name not in known:
        raise unknown("calculator", name, known, where="mintmark calc")
    return known[name]


def _paragraphs(doc: str) -> list[str]:
    """Each on one line, up to "Raises:"."""
    found = (p.partition("Raises:")[0].split() for p in doc.split("\n\n"))
    return [" ".join(words) for words in found if words]


def _plain(value: Any) -> Any:
    """Arrays and columns as lists; whole numbers in them stay whole."""
    return value.tolist() if hasattr(value, "tolist") else value
