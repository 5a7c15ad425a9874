"""mintmark calc: the methods of the business layer, each by itself, with its formula and its source."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mintmark.base.words import cells, mark
from mintmark.cli.speech import spoken

if TYPE_CHECKING:
    from mintmark.capital.calculator import Calculator

BOUNDS = {
    "gt": mark("greater than {bound}"), "ge": mark("at least {bound}"),
    "lt": mark("less than {bound}"), "le": mark("at most {bound}"),
}  # fmt: skip


def calc(
    name: Annotated[str, typer.Argument(help="A calculator; without one, all are listed.")] = "",
    values: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE", help="Its inputs, or one JSON object; none: what it asks for.")
    ] = [],  # noqa: B006
) -> dict[str, Any]:
    """Calculate one figure of cost, value, price or risk; or list what can be calculated."""
    from mintmark.capital import calculator
    from mintmark.cli import typed

    if not name:
        return {"calculators": listed()}
    found = calculator.find(name)
    if not values:
        return about(found)
    texts = {str(f.alias or n) for n, f in found.inputs.model_fields.items() if f.annotation is str}
    return {k: plain(v) for k, v in found.answer(typed.inputs(values, found.name, texts)).items()}


def listed() -> list[dict[str, str]]:
    """Every calculator: name, group and what comes out."""
    from mintmark.capital.calculator import every

    return [{"name": name, "group": found.group, "says": found.about} for name, found in every().items()]


def about(found: "Calculator") -> dict[str, Any]:
    """What a calculator asks for, what comes out, and a line to try."""
    from mintmark.capital.example import EXAMPLES
    from mintmark.recipe.strict import describe

    inputs = {
        str(f.alias or n): {"kind": describe(f.annotation), "bounds": _bounds(f.metadata), "needed": f.is_required()}
        | ({} if f.is_required() else {"default": f.default})
        for n, f in found.inputs.model_fields.items()
    }
    tried = EXAMPLES.get(found.name) or {k: "..." for k, f in inputs.items() if f["needed"]}
    sample = " ".join(["mintmark calc", found.name, *(_word(k, v) for k, v in tried.items())])
    return {
        "calculator": found.name, "says": found.says, "inputs": inputs, "unit": dict(found.unit),
        "formula": found.formula, "source": found.source, "example": sample,
    }  # fmt: skip


def plain(value: Any) -> Any:
    """The value as JSON can hold it: what is not finite is null."""
    import math

    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _bounds(metadata: list[Any]) -> dict[str, float]:
    return {k: getattr(m, k) for m in metadata for k in BOUNDS if hasattr(m, k)}


def _word(key: str, value: Any) -> str:
    """A key=value as a shell takes it."""
    import json
    import shlex

    text = value if isinstance(value, str) else f"{value:.10g}" if isinstance(value, float) else json.dumps(value)
    return shlex.quote(f"{key}={text}")


# --- what is said -----------------------------------------------------------------------------------------------------


def show(said: dict[str, Any]) -> str:
    if "calculators" in said:
        return _list(said["calculators"])
    lines = [*_about(said)] if "calculator" in said else [*_figures(said["result"], said["unit"]), ""]
    return "\n".join([*lines, *_origin(said)])


def _list(found: list[dict[str, str]]) -> str:
    say = spoken()
    wide = max(len(c["name"]) for c in found)
    lines: list[str] = []
    group = None
    for c in found:
        if c["group"] != group:
            group = c["group"]
            lines += ["", say(group)]
        lines.append(f"  {c['name']:{wide}}  {say(c['says'])}")
    return "\n".join([*lines[1:], "", say("`mintmark calc NAME` shows what one asks for, with an example.")])


def _about(said: dict[str, Any]) -> Iterator[str]:
    say = spoken()
    comma = say("{a}, {b}", a="", b="")
    wide = max(map(len, [*said["inputs"], *said["unit"]]))
    for i, text in enumerate(said["says"]):
        yield say("{where}: {what}", where=said["calculator"], what=say(text)) if i == 0 else say(text)
        yield ""
    yield say("inputs")
    for name, f in said["inputs"].items():
        bounds = [say(BOUNDS[k], bound=f"{bound:.15g}") for k, bound in f["bounds"].items()]
        yield say(
            "  {name}  {kind}; {need}",
            name=f"{name:{wide}}",
            kind=comma.join([say.again(f["kind"]), *bounds]),
            need=_need(f),
        )
    yield from ("", say("results"))
    for name, unit in said["unit"].items():
        yield f"  {name:{wide}}{'  ' + say('a number') if unit == '1' else _unit(unit)}"
    yield ""


def _need(field: Mapping[str, Any]) -> str:
    say = spoken()
    if field["needed"]:
        return say("needed")
    if field["default"] is None:
        return say("may be left out")
    return say("else {value}", value=figure(field["default"]))


def _figures(result: Mapping[str, Any], unit: Mapping[str, str]) -> Iterator[str]:
    """A line for each figure; what has several has a line for each, below."""
    wide = max(map(len, result), default=0)
    for name, value in result.items():
        parts = value.items() if isinstance(value, dict) else enumerate(value) if _rows(value) else ()
        yield f"{name:{wide}}{'' if parts else '  ' + figure(value)}{_unit(unit[name])}"
        yield from (f"  {key}  {figure(part)}" for key, part in parts)


def _rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _origin(said: Mapping[str, Any]) -> Iterator[str]:
    say = spoken()
    lines = [(say("formula:"), say(said["formula"])), (say("source:"), said["source"])]
    lines += [(say("example:"), said["example"])] if "example" in said else []
    wide = max(cells(label) for label, _ in lines) + 1
    yield from (say.left(label, wide) + text for label, text in lines)


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else f"  {spoken()(unit)}"


def figure(value: Any) -> str:
    import json

    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dict):
        return "  ".join(f"{k}={figure(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(map(figure, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
