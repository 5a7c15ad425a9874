"""OpenAPI of a server: the paths of each model with the schemas of its questions and answers."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from mintmark.numerics.answers import KINDS
from mintmark.serving.body import Limits
from mintmark.serving.history import History
from mintmark.serving.model import Model
from mintmark.serving.refusals import (
    NotAcceptable,
    NotFound,
    NotKept,
    Overloaded,
    Refused,
    TooLarge,
    TooSlow,
    WrongType,
)

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "where", "what", "try"],
            "properties": {name: {"type": "string"} for name in ("kind", "where", "what", "try", "request")},
        }
    },
}
REFUSALS = {
    Refused.status: "not JSON, or not an object with rows",
    TooSlow.status: "the body did not come in time",
    TooLarge.status: "too many rows or bytes",
    WrongType.status: "not application/json",
    422: "a row does not fit the schema; names row and field",
    Overloaded.status: "too many requests at once; see Retry-After",
}

OPENAI = {
    "/v1/completions": ("complete", "prompt", "Go on with a prompt; the form is that of OpenAI's completions"),
    "/v1/chat/completions": (
        "chat",
        "messages",
        "Answer a conversation; the form is that of OpenAI's chat completions",
    ),
}


def document(base: dict[str, Any], models: Iterable[Model], limits: Limits) -> dict[str, Any]:
    """`base`, the document of the other paths, with those of the models added."""
    paths, schemas = dict(base.get("paths", {})), {"Error": ERROR}
    for model in models:
        kind, row = model.loaded.task.answer, f"{model.name}.Question"
        schemas[row] = model.questions.schema()
        schemas[f"Answer.{kind}"] = answer_schema(kind)
        paths[f"/v1/models/{model.name}/predict"] = {"post": _predict(model, row, f"Answer.{kind}", limits)}
        if model.history:
            event = f"{model.name}.Event"
            schemas[event] = model.history.events.schema()
            paths[f"/v1/models/{model.name}/events"] = {"post": _events(model.name, event, model.history, limits)}
        if kind == "text" and "prompt" in model.questions.names:
            paths |= {path: {"post": _openai(*said)} for path, said in OPENAI.items()}
    components = base.get("components", {})
    return base | {"paths": paths, "components": components | {"schemas": components.get("schemas", {}) | schemas}}


def answer_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of an answer of this kind, from its Arrow schema."""
    properties = {f.name: _json_type(f.type) for f in KINDS[kind]}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _json_type(type_: pa.DataType) -> dict[str, Any]:
    t = pa.types
    if t.is_map(type_):
        return {"type": "object", "additionalProperties": _json_type(type_.item_type)}
    if t.is_list(type_) or t.is_large_list(type_):
        return {"type": ["array", "null"], "items": _json_type(type_.value_type)}
    if t.is_struct(type_):
        return {"type": ["object", "null"], "properties": {f.name: _json_type(f.type) for f in type_}}
    if t.is_boolean(type_):
        return {"type": ["boolean", "null"]}
    if t.is_integer(type_):
        return {"type": ["integer", "null"]}
    return {"type": ["number" if t.is_floating(type_) else "string", "null"]}


def _predict(model: Model, question: str, answer: str, limits: Limits) -> dict[str, Any]:
    answers = {"type": "array", "items": {"$ref": f"#/components/schemas/{answer}"}}
    content = {"application/json": {"schema": _object(model={"const": model.name}, answers=answers)}}
    refusals = REFUSALS
    if model.loaded.task.stream:
        content["text/event-stream"] = {"schema": {"type": "string", "description": "one row: its answer as it grows"}}
    else:
        refusals = refusals | {NotAcceptable.status: "this model has no stream"}
    return {
        "operationId": f"predict_{model.name}",
        "summary": f"Answer one or many rows by {model.name}",
        "requestBody": _rows(question, {"rows": [model.questions.sample()]}, limits),
        "responses": {
            "200": {"description": "an answer for each row, in their order", "content": content},
            **_refused(refusals),
        },
    }


def _events(name: str, event: str, history: History, limits: Limits) -> dict[str, Any]:
    taken = _object(model={"const": name}, events={"type": "integer", "description": "how many were taken"})
    return {
        "operationId": f"events_{name}",
        "summary": f"Add rows that have happened to the past of {name}; the next answers look back on them",
        "requestBody": _rows(event, {"rows": [history.events.sample()]}, limits),
        "responses": {
            "200": {"description": "all of them were taken", "content": {"application/json": {"schema": taken}}},
            **_refused(REFUSALS | {NotKept.status: "they could not be written down, and none was taken"}),
        },
    }


def _openai(operation: str, asked: str, summary: str) -> dict[str, Any]:
    schema = {"type": "object", "required": ["model", asked], "properties": {"model": {"type": "string"}, asked: {}}}
    whole = {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": {"type": "string"}}}
    told = {Refused.status: "the request is wrong, or asks for what is not done", NotFound.status: "no such model"}
    said = {
        str(status): {"description": why, "content": {"application/json": {"schema": {"type": "object"}}}}
        for status, why in ({k: v for k, v in REFUSALS.items() if k != 422} | told).items()
    }
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "a completion", "content": whole}, **said},
    }


def _rows(schema: str, example: dict[str, Any], limits: Limits) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{schema}"}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": limits.rows}
    asked = {"oneOf": [_object(rows=many), _object(row=one)]}
    return {"required": True, "content": {"application/json": {"schema": asked, "example": example}}}


def _refused(refusals: dict[int, str]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": why, "content": error} for status, why in refusals.items()}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
