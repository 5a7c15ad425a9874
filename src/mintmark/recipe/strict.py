"""Strict typed tables from plain values, and pydantic's findings in the words of the person who wrote the values."""

import datetime as dt
import json
import math
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from mintmark.base.errors import RecipeError, nearest, unknown

Kind = TypeVar("Kind", bound=BaseModel)
BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
}


class Strict(BaseModel):
    """A table of a recipe: frozen, no unknown key, no silent conversion, finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        populate_by_name=True,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


class Wrong(ValueError):
    """What a validator found, with what to try."""

    def __init__(self, what: str, fix: str = "") -> None:
        self.fix = fix
        super().__init__(what)


def searched(
    low: float = 0, high: float = 0, *, log: bool = False, choices: Sequence[Any] = (), of: Sequence[str] = ()
) -> dict[str, Any]:
    """Says beside a setting where a search looks: `Field(None, json_schema_extra=searched(4, 255, log=True))`.

    From low to high, both whole numbers where only such are tried, or one of `choices`; `of`: the values of the setting
    `model` that it belongs to, all where there is none.
    """
    span: dict[str, Any] = {"choices": list(choices)} if choices else {"low": low, "high": high, "log": log}
    return {"search": span | {"of": list(of)}}


def build(kind: type[Kind], raw: Mapping[str, Any], where: str, moved: Mapping[str, str] | None = None) -> Kind:
    """`raw` as `kind`; `where` is a file ("recipe.toml: ") or the name of a table ("settings").

    `moved` says, for keys that are wrong here, what to write instead; "" is said of those that are like none.
    Raises: RecipeError: unknown key (names the nearest), wrong type, a value out of bounds, something missing.
    """
    fields = _names(kind)
    for key in raw:
        if key not in fields:  # asked here too, for settings types that would let it pass
            raise _unknown(str(key), fields, _place(where, (str(key),)), moved or {})
    text = json.dumps(plain(raw, where))
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as exc:
        found = exc.errors(include_url=False)
    first = min(found, key=lambda e: e["type"] != "extra_forbidden")
    path, wanted = _walk(kind, first["loc"])
    places = {_walk(kind, e["loc"])[0] for e in found}
    rest = len(places) - 1
    error = _say(kind, dict(first), path, wanted, where, moved or {})
    if rest:
        error = RecipeError(f"{error.what} ({rest} more to mend after this.)", where=error.where, fix=error.fix)
    raise error from None


def plain(value: Any, where: str = "") -> Any:
    """The value as JSON can hold it: dates as ISO text.   Raises: RecipeError: NaN, infinity, or no plain value."""
    try:
        return _plain(value, where)
    except RecursionError:
        what = "tables or lists are nested too deep."
        raise RecipeError(what, where=where.rstrip(": "), fix="write it flatter.") from None


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v, _place(where, (str(k),))) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, where) for v in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise RecipeError(f"{value} is not a finite number.", where=where, fix="a number, or leave the key out.")
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    what = f"must be text, a number, true or false, a list or a table, got {type(value).__name__}."
    raise RecipeError(what, where=where, fix="a plain value.")


# --- from pydantic's findings to sentences ----------------------------------------------------------------------------


def _say(
    kind: type[BaseModel],
    error: dict[str, Any],
    path: tuple[str, ...],
    wanted: Any,
    where: str,
    moved: Mapping[str, str],
) -> RecipeError:
    place, type_, got, ctx = _place(where, path), error["type"], error["input"], error.get("ctx", {})
    if type_ == "extra_forbidden":
        table = kind if len(path) == 1 else _walk(kind, tuple(path[:-1]))[1]
        return _unknown(path[-1], _names(_model(table)), place, moved, ".".join(path))
    if type_ == "missing":
        return RecipeError("is missing.", where=place, fix=_written(path, _sample(wanted)))
    if isinstance(ctx.get("error"), Wrong):
        return RecipeError(str(ctx["error"]), where=place, fix=ctx["error"].fix)
    if isinstance(ctx.get("error"), Exception):
        return RecipeError(f"{ctx['error']}, got {show(got)}.", where=place, fix="another value.")
    if type_ in BOUNDS:
        words, key = BOUNDS[type_]
        bound = f"{ctx[key]:.15g}"
        what = f"must be {words} {bound}, got {show(got)}."
        fix = "another value." if type_ in ("greater_than", "less_than") else _written(path, bound)
        return RecipeError(what, where=place, fix=fix)
    if type_ in ("too_short", "string_too_short") and not got:
        return RecipeError("is empty.", where=place, fix=_written(path, _sample(wanted)))
    if type_ == "too_short":
        what = f"must have at least {ctx['min_length']} entries, got {len(got)}."
        return RecipeError(what, where=place, fix="more entries.")
    if type_ == "too_long":
        what = f"must have at most {ctx['max_length']} entries, got {len(got)}."
        return RecipeError(what, where=place, fix="fewer entries.")
    if type_ == "literal_error" or type_.endswith(("_type", "_parsing", "from_float")):
        near = nearest(got, map(str, _choices(wanted))) if isinstance(got, str) else ""
        fix = f"did you mean {near!r}?" if near else _written(path, _sample(wanted))
        return RecipeError(f"must be {describe(wanted)}, got {show(got)}.", where=place, fix=fix)
    return RecipeError(f"{error['msg']}, got {show(got)}.", where=place, fix="another value.")


def _unknown(key: str, known: Iterable[str], place: str, moved: Mapping[str, str], dotted: str = "") -> RecipeError:
    """An unknown key: named, with the nearest known one, or with the place where this key belongs."""
    error = unknown("setting", key, known, where=place)
    fix = moved.get(dotted or key, "")
    if not fix and error.fix.startswith("one of") and (dotted or key) == key:
        fix = moved.get("", "")
    return RecipeError(error.what, where=place, fix=fix or error.fix)


def _place(where: str, path: Sequence[str]) -> str:
    dotted = ".".join(path)
    joined = where if not where or where.endswith(": ") else where + "."
    return joined + dotted if dotted else where.removesuffix(": ")


def _walk(kind: Any, loc: Sequence[str | int]) -> tuple[tuple[str, ...], Any]:
    """The path that the user wrote, without pydantic's marks of the union members it tried, and the type there."""
    path: list[str] = []
    here: Any = kind
    for step in loc:
        here = _bare(here)
        model = _model(here)
        origin = get_origin(here)
        if model is not None and isinstance(step, str):
            known = {(f.validation_alias or f.alias or n): f.annotation for n, f in model.model_fields.items()}
            path, here = [*path, step], known.get(step, Any)
        elif origin is dict:
            path, here = [*path, str(step)], get_args(here)[1]
        elif origin in (list, tuple, set, frozenset) and isinstance(step, int):
            path, here = [*path[:-1], f"{path[-1]}[{step}]"] if path else [f"[{step}]"], get_args(here)[0]
        else:
            break
    return tuple(path), _bare(here)


def _bare(kind: Any) -> Any:
    """The type without Annotated and without None beside one other type."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        rest = [a for a in get_args(kind) if a is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else kind
    return kind


def _model(kind: Any) -> type[BaseModel] | None:
    kind = _bare(kind)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _names(kind: type[BaseModel] | None) -> list[str]:
    return [str(f.validation_alias or f.alias or n) for n, f in kind.model_fields.items()] if kind else []


def _choices(kind: Any) -> list[Any]:
    kind = _bare(kind)
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return [c for a in get_args(kind) for c in _choices(a)]
    return []


def describe(kind: Any) -> str:
    """A type in plain words."""
    kind = _bare(kind)
    origin = get_origin(kind)
    simple = {float: "a number", int: "a whole number", str: "text in quotes", bool: "true or false"}
    if kind in simple:
        return simple[kind]
    if origin is Literal:
        choices = [json.dumps(c, ensure_ascii=False) for c in get_args(kind)]
        return choices[0] if len(choices) == 1 else "one of " + ", ".join(choices)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(a) for a in get_args(kind) if a is not type(None))
    if origin in (list, tuple, set, frozenset):
        return f"a list ({describe(get_args(kind)[0])} each)" if get_args(kind) else "a list"
    if origin is dict or kind is dict or _model(kind):
        return "a table"
    return getattr(kind, "__name__", str(kind))


def _sample(kind: Any) -> str:
    """A value of this type as TOML writes it."""
    kind = _bare(kind)
    origin = get_origin(kind)
    if origin is Literal:
        return json.dumps(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return _sample(get_args(kind)[0])
    if origin in (list, tuple, set, frozenset):
        return f"[{_sample(get_args(kind)[0])}]" if get_args(kind) else "[]"
    if origin is dict or kind is dict or _model(kind):
        return "{ key = value }"
    return {float: "0.5", int: "1", str: '"..."', bool: "true"}.get(kind, "...")


def _written(path: Sequence[str], value: str) -> str:
    """A line of the recipe; a place inside a list has no line of its own."""
    return f"{path[-1]} = {value}" if path and not path[-1].endswith("]") else f"{value} there."


def show(value: Any) -> str:
    """What was received, as a recipe writes it, cut where it is long."""
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 80 else text[:77] + "..."
