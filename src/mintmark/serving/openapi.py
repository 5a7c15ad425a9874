"""OpenAPI of a server: the paths of each model with the schemas of its questions and answers."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from mintmark.numerics.answers import KINDS
from mintmark.serving.body import Limits
from mintmark.serving.model import Model
from mintmark.serving.refusals import Overloaded, Refused, TooLarge, TooSlow, WrongType

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


def document(base: dict[str, Any], models: Iterable[Model], limits: Limits) -> dict[str, Any]:
    """`base`, the document of the other paths, with those of the models added."""
    paths, schemas = dict(base.get("paths", {})), {"Error": ERROR}
    for model in models:
        kind, row = model.loaded.task.answer, f"{model.name}.Question"
        schemas[row] = model.questions.schema()
        schemas[f"Answer.{kind}"] = answer_schema(kind)
        paths[f"/v1/models/{model.name}/predict"] = {"post": _predict(model, row, f"Answer.{kind}", limits)}
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
    one = {"$ref": f"#/components/schemas/{question}"}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": limits.rows}
    asked = {"oneOf": [_object(rows=many), _object(row=one)]}
    answers = {"type": "array", "items": {"$ref": f"#/components/schemas/{answer}"}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    example = {"rows": [model.questions.sample()]}
    return {
        "operationId": f"predict_{model.name}",
        "summary": f"Answer one or many rows by {model.name}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked, "example": example}}},
        "responses": {
            "200": {
                "description": "an answer for each row, in their order",
                "content": {"application/json": {"schema": _object(model={"const": model.name}, answers=answers)}},
            },
            **{str(status): {"description": why, "content": error} for status, why in REFUSALS.items()},
        },
    }


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip
