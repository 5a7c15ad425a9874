"""OpenAPI of a server: the paths of each model with the schemas of its questions and answers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from mintmark.numerics.answers import KINDS
from mintmark.serving.body import LONGEST_CASE, MOST_REASONS, Limits
from mintmark.serving.history import History
from mintmark.serving.model import Model
from mintmark.serving.refusals import (
    Late,
    NoKey,
    NoPast,
    NoReasons,
    NotAcceptable,
    NotAllowed,
    NotFound,
    NotKept,
    Overloaded,
    Refused,
    TooLarge,
    TooSlow,
    Unlike,
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
    Late.status: "no answer in time, or the server stops; see Retry-After",
    Overloaded.status: "too many requests, at once or in a time; see Retry-After",
}
LOCKED = {
    NoKey.status: "no valid API key",
    NotAllowed.status: "the API key has not the scope for this",
    NotFound.status: "no such model, or none that the API key may know of",
}
KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}

OPENAI = {
    "/v1/completions": ("complete", "prompt", "Go on with a prompt; the form is that of OpenAI's completions"),
    "/v1/chat/completions": (
        "chat",
        "messages",
        "Answer a conversation; the form is that of OpenAI's chat completions",
    ),
}


def document(
    base: dict[str, Any],
    models: Iterable[Sequence[Model]],
    limits: Limits,
    keys: bool = False,
    admin: bool = False,
    more: Callable[[str], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """`base`, the document of the other paths, with those of the models added.

    models: the versions of each name, the one that answers first; keys: whether API keys are needed; admin: whether
    whoever asks may change which version answers; more: further operations of a name by path, without what they refuse.
    """
    paths, schemas = dict(base.get("paths", {})), {"Error": ERROR}
    for versions in models:
        _add(paths, schemas, versions[0], f"/v1/models/{versions[0].name}", versions[0].name, limits)
        for model in versions:
            _add(paths, schemas, model, f"/v1/models/{model.name}/versions/{model.version}", _of(model), limits)
        paths |= _admin(versions[0].name) if admin else {}
        for path, said in (more(versions[0].name) if more else {}).items():
            refused = _refused(REFUSALS | {NoPast.status: "this model has none", NotFound.status: "there is none"})
            paths[path] = {"post": said | {"responses": said["responses"] | refused}}
    components = base.get("components", {})
    made = base | {"paths": paths, "components": components | {"schemas": components.get("schemas", {}) | schemas}}
    return _locked(made) if keys else made


def _of(model: Model) -> str:
    return f"{model.name}--{model.version}"


def _add(paths: dict[str, Any], schemas: dict[str, Any], model: Model, path: str, name: str, limits: Limits) -> None:
    """The paths of one model under `path`, and their schemas."""
    kind, row = model.loaded.task.answer, f"{name}.Question"
    schemas[row] = model.questions.schema()
    schemas[f"Answer.{kind}"] = answer_schema(kind)
    if not model.unexplained:
        schemas[f"Explained.{kind}"] = explained_schema(kind)
    paths[f"{path}/predict"] = {"post": _predict(model, name, row, f"Answer.{kind}", limits)}
    if model.history:
        event = f"{name}.Event"
        schemas[event] = model.history.events.schema()
        paths[f"{path}/events"] = {"post": _events(model, name, event, model.history, limits)}
    if kind == "text" and "prompt" in model.questions.names:
        paths |= {path: {"post": _openai(*said)} for path, said in OPENAI.items()}


def _admin(name: str) -> dict[str, Any]:
    """The paths by which another version of a model comes to answer."""
    text, flag = {"type": "string"}, {"type": "boolean"}
    asked = {
        "type": "object", "properties": {"bundle": text, "version": text, "force": flag}, "additionalProperties": False,
        "anyOf": [{"required": ["bundle"]}, {"required": ["version"]}],
    }  # fmt: skip
    told = {"200": {"description": "it answers now", "content": {"application/json": {"schema": {"type": "object"}}}}}
    refused = _refused(REFUSALS | {Unlike.status: "it cannot take the place", NotFound.status: "there is none"})
    body = {"required": True, "content": {"application/json": {"schema": asked}}}
    put, back = "Have another bundle or version answer for", "Have the version before answer again for"
    return {
        f"/v1/admin/models/{name}": {
            "post": {"operationId": f"put_{name}", "summary": f"{put} {name}", "requestBody": body,
                     "responses": told | refused},
        },
        f"/v1/admin/models/{name}/rollback": {
            "post": {"operationId": f"roll_back_{name}", "summary": f"{back} {name}", "responses": told | refused},
        },
    }  # fmt: skip


def _locked(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a server that wants API keys."""
    paths = {
        path: {verb: _with_key(said) if path != "/healthz" else said for verb, said in verbs.items()}
        for path, verbs in document["paths"].items()
    }
    components = document["components"] | {"securitySchemes": KEYS}
    return document | {"paths": paths, "components": components, "security": [{name: []} for name in KEYS]}


def _with_key(operation: dict[str, Any]) -> dict[str, Any]:
    return operation | {"responses": operation["responses"] | _refused(LOCKED)}


def answer_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of an answer of this kind, from its Arrow schema."""
    properties = {f.name: _json_type(f.type) for f in KINDS[kind]}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def explained_schema(kind: str) -> dict[str, Any]:
    """The same with its reasons."""
    number, text = {"type": "number"}, {"type": "string"}
    column = _object(column=text, adds=number)
    columns = {"type": "array", "items": column, "description": "those that add the most, or take the most away, first"}
    reasons = _object(of=text, unit=text, base=number, columns=columns, others=number)
    answer = answer_schema(kind)
    return answer | {
        "properties": answer["properties"] | {"reasons": reasons},
        "required": [*answer["required"], "reasons"],
    }


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


def _predict(model: Model, name: str, question: str, answer: str, limits: Limits) -> dict[str, Any]:
    one: dict[str, Any] = {"$ref": f"#/components/schemas/{answer}"}
    if not model.unexplained:
        one = {"anyOf": [one, {"$ref": f"#/components/schemas/{answer.replace('Answer', 'Explained')}"}]}
    answers = {"type": "array", "items": one}
    content = {"application/json": {"schema": _object(model={"const": model.name}, answers=answers)}}
    refusals = REFUSALS | {NoReasons.status: "reasons were asked for, and this model gives none"}
    if model.loaded.task.stream:
        content["text/event-stream"] = {"schema": {"type": "string", "description": "one row: its answer as it grows"}}
    else:
        refusals = refusals | {NotAcceptable.status: "this model has no stream"}
    return {
        "operationId": f"predict_{name}",
        "summary": f"Answer one or many rows by {name}",
        "requestBody": _rows(question, {"rows": [model.questions.sample()]}, limits, _more(model)),
        "responses": {
            "200": {"description": "an answer for each row, in their order", "content": content},
            **_refused(refusals),
        },
    }


def _events(model: Model, name: str, event: str, history: History, limits: Limits) -> dict[str, Any]:
    taken = _object(model={"const": model.name}, events={"type": "integer", "description": "how many were taken"})
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


def _rows(
    schema: str, example: dict[str, Any], limits: Limits, more: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """more: what may stand beside the rows, and beside the one row."""
    one, more = {"$ref": f"#/components/schemas/{schema}"}, more or {}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": limits.rows}
    asked = {"oneOf": [_object(more.get("rows"), rows=many), _object(more.get("row"), row=one)]}
    return {"required": True, "content": {"application/json": {"schema": asked, "example": example}}}


def _more(model: Model) -> dict[str, dict[str, Any]]:
    """What a request for answers may hold beside its rows."""
    case = {"type": "string", "minLength": 1, "maxLength": LONGEST_CASE, "description": "your own id of the case"}
    said = "columns to name for each answer: those that add the most to it, or take the most away"
    wanted = {"type": "integer", "minimum": 0, "maximum": MOST_REASONS, "description": said}
    reasons: dict[str, Any] = {} if model.unexplained else {"reasons": wanted}
    cases = {"type": "array", "items": case, "description": "one for each row"}
    return {"row": {"case": case, **reasons}, "rows": {"cases": cases, **reasons}}


def _refused(refusals: dict[int, str]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": why, "content": error} for status, why in refusals.items()}


def _object(optional: dict[str, Any] | None = None, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties | (optional or {}), "required": list(properties),
        "additionalProperties": False,
    }  # fmt: skip
