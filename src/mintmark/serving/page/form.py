"""Form: a field for each column that a model asks for, of the right kind, with what training rows usually hold in it.

A field left empty is a missing value, as null is in the API. What is sent is checked by the server: an error comes back
with the name of its field, `data-where`, and stands beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mintmark.base.words import Language, mark
from mintmark.report import words
from mintmark.serving.model import Model
from mintmark.serving.page.ahead import Ahead
from mintmark.serving.questions import Field
from mintmark.serving.watch import Bins, Column

DIGITS = 6
"""significant ones of a number that is put into a field"""
SAMPLES = 12
"""prompts that are offered"""
HINTS = {
    "prompt": mark("The text to go on from; it may be empty."),
    "n": mark("Tokens written at most."),
    "seed": mark("The same seed writes the same text again."),
    "temperature": mark("Below 1 likelier tokens are preferred; 0 takes the likeliest."),
    "top_k": mark("Only so many of the likeliest tokens are drawn from; 0: all."),
    "top_p": mark("Only the likeliest tokens with this probability together, up to 1."),
    "min_p": mark("Only tokens at least this likely, against the likeliest."),
    "stop": mark("Texts at which the answer ends, one on each line."),
}
"""of what a question to a model that writes can say"""


@dataclass(frozen=True)
class Input:
    """One field. `value` is what stands in it at first, `choices` what is offered."""

    name: str
    kind: str
    value: str = ""
    choices: tuple[str, ...] = ()
    closed: bool = False
    """whether no other value than the choices was ever seen"""
    hint: str = ""
    optional: bool = False
    long: bool = False
    most: int | None = None


def form(model: Model, samples: list[str], ahead: Ahead | None, series: list[str], say: Language) -> str:
    """The form of a model.   samples: prompts; series: names that are known; ahead: of a model that forecasts."""
    inputs = _steps(model, ahead, series, say) if ahead else _plain(model, samples, say)
    first = [i for i in inputs if not i.optional]
    more = [i for i in inputs if i.optional]
    fields = "".join(_field(i, n, say) for n, i in enumerate(first))
    if more:
        rest = "".join(_field(i, len(first) + n, say) for n, i in enumerate(more))
        summary = words.safe(say("Settings of this answer; left empty, they are the model's own"))
        fields += f'<details class="more"><summary>{summary}</summary><div class="fields">{rest}</div></details>'
    facts = {
        "model": model.name, "answer": model.loaded.task.answer, "reasons": "" if model.unexplained else "1",
        "stream": "1" if model.loaded.task.stream else "", "ahead": "1" if ahead else "",
    }  # fmt: skip
    data = " ".join(f'data-{n}="{words.safe(v)}"' for n, v in facts.items())
    ask, stop = words.safe(say("Ask the model")), words.safe(say("Stop"))
    return (
        f'<form class="try" novalidate {data}><div class="fields">{fields}</div>'
        f'<p class="buttons"><button type="submit">{ask}</button>'
        f'<button type="button" class="stop" hidden>{stop}</button></p>'
        '<p class="wrong" role="alert" hidden></p></form>'
        '<div class="answer" role="status" aria-live="polite"></div>'
    )


def _plain(model: Model, samples: list[str], say: Language) -> list[Input]:
    """A field for each column of a question."""
    writes = model.loaded.task.answer == "text"
    bins = None if writes else Bins.of(model.loaded.decision, "questions")
    absent = {f["name"] for f in model.questions.told if f.get("optional")}
    roles = (model.loaded.facts.get("recipe") or {}).get("columns") or {}
    made = []
    for field in model.questions.fields:
        if field.kind == "nothing":
            continue
        column = bins.columns.get(field.name) if bins else None
        long = field.name in ("prompt", roles.get("text"))
        if field.name == "prompt":
            made.append(Input(field.name, "prompt", samples[0] if samples else "", tuple(samples[:SAMPLES]),
                              hint=say(HINTS["prompt"]), long=True))  # fmt: skip
        else:
            made.append(_input(field, column, field.name in absent, long, model, say))
    return made


def _input(field: Field, column: Column | None, optional: bool, long: bool, model: Model, say: Language) -> Input:
    given: dict[str, Any] = {"optional": optional, "long": long}
    if field.name in HINTS and model.loaded.task.answer == "text":
        kind = "lines" if field.kind == "list" else field.kind
        return Input(field.name, kind, hint=say(HINTS[field.name]), **given)
    if field.kind == "boolean":
        value = _most_frequent(column)
        return Input(field.name, field.kind, value, ("true", "false"), closed=True, **given)
    if field.kind == "time":
        return Input(field.name, field.kind, _moment(model), hint=say("Date and time, UTC."), **given)
    if field.kind == "number" and column is not None and column.kind == "number" and len(column.edges):
        low, middle, high = (_quantile(column, q) for q in (0.05, 0.5, 0.95))
        hint = say("90 % of the rows it learnt from lie between {a} and {b}.", a=low, b=high)
        return Input(field.name, field.kind, _written(middle), hint=hint, **given)
    if field.kind == "text" and not long and column is not None and column.places:
        choices = tuple(str(v) for v in column.places)
        closed = not column.expected[-2]
        return Input(field.name, field.kind, _most_frequent(column), choices, closed, **given)
    if field.kind == "list" and "string" in str(field.arrow):
        return Input(field.name, "lines", hint=say("One on each line."), **given)
    if field.kind == "list":
        return Input(field.name, field.kind, hint=say("A list as JSON: [1, 2]"), **given)
    if field.kind == "binary":
        return Input(field.name, field.kind, hint=say("Bytes as base64 text."), **given)
    return Input(field.name, field.kind, **given)


def _steps(model: Model, ahead: Ahead, series: list[str], say: Language) -> list[Input]:
    """Which series, how far ahead, and what is known of these steps already."""
    made = []
    if ahead.id:
        value = series[0] if series else ""
        made.append(Input(ahead.id, "series", value, tuple(series), hint=say("Which series to forecast.")))
    hint = say("Steps ahead, up to {n}.", n=ahead.horizon)
    made.append(Input("", "steps", str(ahead.horizon), hint=hint, most=ahead.horizon))
    bins = Bins.of(model.loaded.decision, "questions")
    for field in model.questions.fields:
        if field.name in (ahead.id, ahead.time) or field.kind == "nothing":
            continue
        column = bins.columns.get(field.name) if bins else None
        one = _input(field, column, False, False, model, say)
        hint = say("Of all these steps; empty: not known.")
        made.append(Input(one.name, one.kind, "", one.choices, one.closed, hint))
    return made


def _quantile(column: Column, q: float) -> float:
    """The edge of a bin below which this share of the training rows lies."""
    below = np.cumsum(column.expected[:-1])
    place = int(np.searchsorted(below, q * below[-1]))
    return float(f"{column.edges[min(place, len(column.edges) - 1)]:.{DIGITS}g}")


def _written(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _most_frequent(column: Column | None) -> str:
    if column is None or not column.places:
        return ""
    value = max(column.places, key=lambda v: int(column.expected[column.places[v]]))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(model: Model) -> str:
    """The newest row that the model knows of, else now; as an input of date and time holds it."""
    newest = model.history.newest.as_py() if model.history and model.history.newest.is_valid else None
    moment = newest if isinstance(newest, datetime) else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


# --- as HTML ----------------------------------------------------------------------------------------------------------


def _field(one: Input, place: int, say: Language) -> str:
    at = f"field-{place}"
    label = f"<bdi>{words.breakable(one.name)}</bdi>" if one.name else words.safe(say("Steps"))
    hint = f'<small id="{at}-hint">{words.safe(one.hint)}</small>' if one.hint else ""
    told = " ".join([f"{at}-hint"] * bool(one.hint) + [f"{at}-wrong"])
    shared = f'id="{at}" aria-describedby="{told}"'
    data = f'data-name="{words.safe(one.name)}" data-kind="{one.kind}" data-where="{words.safe(_where(one))}"'
    optional = ' data-optional="1"' if one.optional else ""
    return (
        f'<div class="field{" long" if one.long else ""}" {data}{optional}><label for="{at}">{label}</label>'
        f'{_control(one, at, shared, say)}{hint}<p class="wrong" id="{at}-wrong" role="alert" hidden></p></div>'
    )


def _control(one: Input, at: str, shared: str, say: Language) -> str:
    value = words.safe(one.value)
    if one.closed:
        return f"<select {shared}>{''.join(_options(one, say))}</select>"
    if one.long or one.kind == "lines":
        offered = _offered(one, say) if one.choices else ""
        return f'<textarea {shared} rows="{4 if one.long and one.kind != "lines" else 2}">{value}</textarea>{offered}'
    if one.kind in ("number", "steps"):
        ends = f' min="1" max="{one.most}" step="1"' if one.most else ' step="any"'
        return f'<input {shared} type="number" inputmode="decimal"{ends} value="{value}"/>'
    if one.kind == "time":
        return f'<input {shared} type="datetime-local" step="1" value="{value}"/>'
    if one.choices:
        options = "".join(f'<option value="{words.safe(c)}"></option>' for c in one.choices)
        return (
            f'<input {shared} type="text" list="{at}-list" autocomplete="off" value="{value}"/>'
            f'<datalist id="{at}-list">{options}</datalist>'
        )
    return f'<input {shared} type="text" autocomplete="off" value="{value}"/>'


def _options(one: Input, say: Language) -> Iterable[str]:
    named = {"true": say("yes"), "false": say("no")} if one.kind == "boolean" else {}
    yield f'<option value="">{words.safe(say("(not known)"))}</option>'
    for choice in one.choices:
        chosen = " selected" if choice == one.value else ""
        yield f'<option value="{words.safe(choice)}"{chosen}>{words.safe(named.get(choice, choice))}</option>'


def _offered(one: Input, say: Language) -> str:
    """Prompts to take in place of one's own."""
    made = "".join(
        f'<button type="button" class="offer" data-text="{words.safe(c)}">{words.short(c, 40)}</button>'
        for c in one.choices if c.strip()
    )  # fmt: skip
    return (
        f'<span class="offers" role="group" aria-label="{words.safe(say("Prompts to try"))}">{made}</span>'
        if made
        else ""
    )


def _where(one: Input) -> str:
    """How an error of the server names the field."""
    return "steps" if one.kind == "steps" else f"field {one.name!r}"
