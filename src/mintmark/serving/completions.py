"""OpenAI's API for models that write text: /v1/completions and /v1/chat/completions, whole or as a stream.

A request becomes questions of the model, one for each choice; what a model cannot do is refused, never passed over.
"""

import secrets
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from mintmark.base.errors import MintmarkError, nearest
from mintmark.serving import body
from mintmark.serving.body import Receive
from mintmark.serving.door import Call
from mintmark.serving.model import Model
from mintmark.serving.plain import JSON, Plain, find, log
from mintmark.serving.prompts import Prompts, from_completion, from_messages, wrong
from mintmark.serving.questions import Columns, shown
from mintmark.serving.refusals import Headers, NoKey, NotFound, Refused, status_of
from mintmark.serving.speech import message as in_full
from mintmark.serving.speech import tongue
from mintmark.serving.stream import DONE, Feed, Piece, Stream, Streams, json_event

MOST_CHOICES = 128
SEEDS = 2**31
FIELDS = {
    "max_tokens": "n", "max_completion_tokens": "n", "temperature": "temperature", "top_p": "top_p", "seed": "seed",
    "stop": "stop", "top_k": "top_k", "min_p": "min_p",
}  # fmt: skip
"""parameters of the API -> fields of a question"""
READ = {"model", "n", "stream", "stream_options", *FIELDS}
OF_NO_EFFECT = {"user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls"}
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "presence_penalty": (0,), "frequency_penalty": (0,), "best_of": (1,), "echo": (False,), "logprobs": (False,),
    "suffix": ("",), "logit_bias": ({},), "store": (False,), "tools": ([],), "functions": ([],),
    "tool_choice": ("none", "auto"), "function_call": ("none", "auto"), "modalities": (["text"],),
    "response_format": ({"type": "text"},),
}  # fmt: skip
"""values of what is not done here with which it need not be done; null is one for every parameter"""
FINISH = {"length": "length", "blocked": "content_filter"}
KINDS = {
    401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error",
}  # fmt: skip
CODES: dict[type[Exception], str] = {NotFound: "model_not_found", NoKey: "invalid_api_key"}


@dataclass(frozen=True)
class Wanted:
    """A request as it is answered: the choices are those of the first prompt, then of the second, and so on."""

    model: Model
    questions: list[Columns]
    prompts: int
    stream: bool
    usage: bool
    id: str
    created: int


class Completions(Plain):
    """POST /v1/completions."""

    verb, needs = "completions", "predict"
    name, prefix = "text_completion", "cmpl-"
    prompts: Prompts = staticmethod(from_completion)
    streams: Streams

    async def answered(self, call: Call, receive: Receive) -> bytes | Stream:
        wanted: Wanted = await self.read(call, receive, lambda content: self.wanted(content, call))
        call.model, call.version, call.rows = wanted.model.name, wanted.model.version, len(wanted.questions)
        if wanted.stream:

            def make() -> Iterator[Piece]:
                return wanted.model.written(wanted.questions)

            feed = await self.streams.start(make)
            return Stream(self._events(wanted, feed), feed.stop)
        said = orjson.loads(await wanted.model.batcher.ask(_joined(wanted.questions), call.rows))["answers"]
        choices = [self.choice(i, a["text"], _finish(a)) for i, a in enumerate(said)]
        return orjson.dumps(self._said(wanted, self.name) | {"choices": choices, "usage": _usage(wanted, said)})

    def wanted(self, content: bytes, call: Call) -> Wanted:
        """Raises: Refused and its kind; DataError: a value is none that the model takes."""
        asked = body.json(content, '{"model": "NAME", ...}')
        model = self._model(asked.get("model"), call)
        prompts, own, more = self.prompts(asked)
        _supported(asked, own, model)
        row = {FIELDS[k]: asked[k] for k in FIELDS if asked.get(k) is not None}
        stops = _stops(asked.get("stop")) + more
        if stops and "stop" in model.questions.names:
            row["stop"] = stops
        n = _whole_number(asked, "n", 1, least=1)
        if len(prompts) * n > MOST_CHOICES:
            raise wrong("n", f"{len(prompts) * n} choices in all, at most {MOST_CHOICES} are made at once.", "fewer.")
        seed = _whole_number(asked, "seed", secrets.randbelow(SEEDS - MOST_CHOICES), least=None)
        seeded = "seed" in model.questions.names
        rows = [
            {**row, "prompt": prompt, **({"seed": seed + i} if seeded else {})} for prompt in prompts for i in range(n)
        ]
        whole = model.questions.columns(rows)
        columns: list[Columns] = [[[values[i]] for values in whole] for i in range(len(rows))]
        options = asked.get("stream_options") or {}
        usage = isinstance(options, dict) and options.get("include_usage") is True
        stream = _flag(asked, "stream")
        return Wanted(model, columns, len(prompts), stream, usage, self.prefix + uuid.uuid4().hex, int(time.time()))

    def choice(self, i: int, text: str, finish: str | None) -> dict[str, Any]:
        return {"index": i, "text": text, "logprobs": None, "finish_reason": finish}

    def begun(self, i: int) -> list[dict[str, Any]]:
        """What is said of a choice before its text."""
        return []

    def part(self, i: int, text: str, finish: str | None) -> dict[str, Any]:
        return self.choice(i, text, finish)

    def refusal(self, exc: Exception, call: Call) -> tuple[int, Headers, bytes]:
        """In the form of OpenAI's errors."""
        if isinstance(exc, MintmarkError):
            status = status_of(exc)
            status = 400 if status == 422 else status
            code = CODES.get(type(exc))
            more = list(exc.headers) if isinstance(exc, Refused) else []
            message, param = in_full(exc, call), _param(exc)
        else:
            log.error("request %s failed", call.id, exc_info=exc)
            status, code, param, more = 500, None, None, []
            bug = f"This request met a bug. Report it with the server's log of request {call.id}."
            message = tongue(call).again(bug)
        kind = KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
        said = {"error": {"message": message, "type": kind, "param": param, "code": code}}
        return status, [JSON, *more], orjson.dumps(said)

    def _model(self, name: Any, call: Call) -> Model:
        if type(name) is not str:
            known = list(filter(call.sees, self.models))[:9]
            raise wrong("model", f"the name of a model is wanted, got {shown(name)}.", ", ".join(known))
        model = self.by(call, find(self.models, name, call, where="model"))
        if model.loaded.task.answer != "text" or "prompt" not in model.questions.names:
            what = f"model {name!r} does not go on with a prompt; its answers are {model.loaded.task.answer}."
            raise wrong("model", what, f"POST /v1/models/{name}/predict")
        return model

    def _said(self, wanted: Wanted, kind: str) -> dict[str, Any]:
        return {"id": wanted.id, "object": kind, "created": wanted.created, "model": wanted.model.name}

    async def _events(self, wanted: Wanted, feed: Feed) -> AsyncGenerator[bytes, None]:
        head = self._said(wanted, self.name if self.name == "text_completion" else f"{self.name}.chunk")
        late: dict[str, Any] = {"usage": None} if wanted.usage else {}
        sent: dict[int, str] = {}
        ends = []

        def chunk(choice: dict[str, Any]) -> bytes:
            return json_event(head | {"choices": [choice]} | late)

        while pieces := await feed.news():
            for piece in pieces:
                i, text = piece.question, piece.answer["text"] or ""
                for first in self.begun(i) if i not in sent else ():
                    yield chunk(first)
                before = sent.setdefault(i, "")
                if text.startswith(before) and text != before:
                    yield chunk(self.part(i, text[len(before) :], None))
                    sent[i] = text
                if piece.whole:
                    ends.append(piece.answer)
                    yield chunk(self.part(i, "", _finish(piece.answer)))
        if wanted.usage:
            yield json_event(head | {"choices": [], "usage": _usage(wanted, ends)})
        yield DONE


class Chat(Completions):
    """POST /v1/chat/completions."""

    verb = "chat"
    name, prefix = "chat.completion", "chatcmpl-"
    prompts: Prompts = staticmethod(from_messages)

    def choice(self, i: int, text: str, finish: str | None) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        return {"index": i, "message": message, "logprobs": None, "finish_reason": finish}

    def begun(self, i: int) -> list[dict[str, Any]]:
        start = {"role": "assistant", "content": ""}
        return [{"index": i, "delta": start, "logprobs": None, "finish_reason": None}]

    def part(self, i: int, text: str, finish: str | None) -> dict[str, Any]:
        delta = {"content": text} if text else {}
        return {"index": i, "delta": delta, "logprobs": None, "finish_reason": finish}


def _supported(asked: Mapping[str, Any], own: set[str], model: Model) -> None:
    """Raises: Refused: a parameter that would change the answer and is not done here; names it."""
    known = READ | OF_NO_EFFECT | own
    for name, value in asked.items():
        field = FIELDS.get(name, "")
        if value is None or name in known and (not field or field in model.questions.names):
            continue
        if any(_same(value, neutral) for neutral in NEUTRAL.get(name, ())):
            continue
        near = "" if name in known or name in NEUTRAL else nearest(name, known)
        what = f"this parameter is not supported by model {model.name!r}."
        raise wrong(name[:60], what, f"did you mean {near!r}?" if near else "leave it out.")


def _stops(stop: Any) -> list[str]:
    stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
    if type(stops) is not list or not all(isinstance(s, str) and s for s in stops):
        raise wrong("stop", f"a text or a list of texts is wanted, got {shown(stop)}.", '"stop": ["\\n\\n"]')
    return stops


def _whole_number(asked: Mapping[str, Any], name: str, default: int, least: int | None) -> int:
    value = asked.get(name)
    if value is None:
        return default
    if type(value) is not int or (least is not None and value < least) or abs(value) > 2**53 - MOST_CHOICES:
        range_ = f" of at least {least}" if least is not None else ""
        raise wrong(name, f"a whole number{range_} is wanted, got {shown(value)}.", f'"{name}": {default}')
    return value


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    value = asked.get(name)
    if value is not None and type(value) is not bool:
        raise wrong(name, f"true or false is wanted, got {shown(value)}.", f'"{name}": true')
    return bool(value)


def _joined(questions: Sequence[Columns]) -> Columns:
    return [[row[0] for row in field] for field in zip(*questions, strict=True)]


def _finish(answer: Mapping[str, Any]) -> str:
    return FINISH.get(answer.get("finish") or "", "stop")


def _usage(wanted: Wanted, answers: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """A prompt counts once, however many choices it has; None where the model does not count."""
    each = len(wanted.questions) // wanted.prompts
    asked = [a.get("prompt_tokens") for a in answers[::each]]
    made = [a.get("tokens") for a in answers]
    if None in asked or None in made:
        return None
    prompt, completion = (int(sum(n for n in counts if n is not None)) for counts in (asked, made))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _param(exc: MintmarkError) -> str | None:
    """The parameter that an error is about, from where it was found."""
    _, of_a_row, field = exc.where.partition("field ")
    if of_a_row:
        field = field.strip("'")
        return next((name for name, made in FIELDS.items() if made == field), field)
    return None if exc.where in ("", "server", "body", "answer") or exc.where.startswith("header") else exc.where


def _same(value: Any, neutral: Any) -> bool:
    number = type(value) in (int, float) and type(neutral) in (int, float)
    return bool(value == neutral) and (number or type(value) is type(neutral))
