"""A request's body: read within its limits, and parsed to rows."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from mintmark.base.errors import nearest
from mintmark.serving.questions import shown
from mintmark.serving.refusals import Refused, TooLarge, TooSlow, WrongType

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
FORM = '{"rows": [{"field": value, ...}, ...]}'
MORE = ("reasons", "case", "cases")
"""what a request for answers may hold beside its rows"""
MOST_REASONS, MOST_REASONED, LONGEST_CASE = 100, 1000, 200
"""columns that are named for an answer; rows with reasons in one request, as they take far longer than answers"""
DRAIN_S = 2.0
"""so long is a body that is too large still taken in and dropped, so that its sender comes to read the answer"""


@dataclass(frozen=True)
class Limits:
    rows: int = 10_000
    """in one request"""
    body_bytes: int = 8 << 20
    body_s: float = 30.0
    """in which a body must have come"""
    requests: int = 1024
    """at once; the next is told to come again"""
    held_bytes: int = 256 << 20
    """of all bodies at once"""
    keep_alive_s: int = 30
    stop_s: int = 10
    """for what is in flight when the server is told to stop"""
    streams: int = 8
    """answers that are sent while they are written, at once"""
    send_s: float = 30.0
    """in which the reader of a stream must have taken what was sent"""
    answer_s: float = 60.0
    """in which an answer must be there; a text must have been begun by then"""
    waiting_rows: int = 100_000
    """of one model, behind the batch that is being answered; the next request is told to come again"""


class Gone(Exception):
    """The client hung up before its body had come."""


async def read(
    headers: list[tuple[bytes, bytes]], receive: Receive, limits: Limits, hold: Callable[[int], None]
) -> bytes:
    """The body, counted while it comes; `hold` is told of each piece, and may refuse it.

    Raises: WrongType, TooLarge, TooSlow; Gone; what `hold` raises.
    """
    length, expects = _look(headers)
    if length > limits.body_bytes:
        if not expects:
            await _drain(receive)
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.body_s):
            message = await receive()
            body: bytes = message.get("body", b"")
            hold(len(body))
            if message["type"] == "http.disconnect":
                raise Gone
            if message.get("more_body"):
                body = await _rest(body, receive, limits, hold)
    except TimeoutError:
        what = f"the body had not come after {limits.body_s:g} s."
        raise TooSlow(what, where="body", fix="send fewer rows at a time, or without pauses.") from None
    if len(body) > limits.body_bytes:
        raise _too_large(limits)
    return body


def json(body: bytes, form: str = FORM) -> dict[str, Any]:
    """Raises: Refused: not JSON, or no object."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise _no_json(body, exc, form) from None
    if type(asked) is not dict:
        raise Refused(f"an object is wanted, got {shown(asked)}.", where="body", fix=form)
    return asked


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for answers."""

    rows: Any
    reasons: int = 0
    """columns to name for each answer"""
    cases: list[str] = field(default_factory=list)
    """the client's own ids of the rows; empty where it has none"""


def asked(body: bytes, limits: Limits) -> Asked:
    """Rows, and what else is wanted of their answers.   Raises: as `rows`."""
    said = json(body)
    if len(said) == 1:
        return Asked(_rows(said, limits))
    reasons, case, cases = said.pop("reasons", 0), said.pop("case", None), said.pop("cases", None)
    many = _rows(said, limits, MORE)
    if type(reasons) is not int or not 0 <= reasons <= MOST_REASONS:
        what = f"a whole number of columns up to {MOST_REASONS} is wanted, got {shown(reasons)}."
        raise Refused(what, where="reasons", fix='"reasons": 3')
    if reasons and type(many) is list and len(many) > MOST_REASONED:
        what = f"{len(many):,} rows with reasons, at most {MOST_REASONED:,} are explained at once."
        raise TooLarge(what, where="rows", fix="send them in several requests, or without reasons.")
    named = [case] if case is not None else cases if cases is not None else []
    if type(named) is not list or not all(type(c) is str and 0 < len(c) <= LONGEST_CASE for c in named):
        what = f"a case is named by a text of at most {LONGEST_CASE} characters."
        raise Refused(what, where="cases", fix='"cases": ["A-17", "A-18"], or "case": "A-17" of one row.')
    if named and type(many) is list and len(named) != len(many) or case is not None and "row" not in said:
        what = f"{len(named):,} cases are named for {len(many):,} rows."
        raise Refused(what, where="cases", fix="a case for each row.")
    return Asked(many, reasons, named)


def rows(body: bytes, limits: Limits) -> Any:
    """What should be a list of rows.   Raises: Refused: not JSON, or not in the form; TooLarge: too many rows."""
    return _rows(json(body), limits)


def _rows(asked: dict[str, Any], limits: Limits, more: tuple[str, ...] = ()) -> Any:
    if len(asked) != 1 or ("rows" not in asked and "row" not in asked):
        other = next((k for k in asked if k not in ("rows", "row")), "")
        near = nearest(other, ("rows", "row", *more))
        got = ", ".join(k[:60] for k in list(asked)[:20]) or "none"
        fix = f"did you mean {near!r}? {FORM}" if near else FORM
        raise Refused(f'the one key "rows" or "row" is wanted, got {got}.', where="body", fix=fix)
    if "row" in asked:
        return [asked["row"]]
    many = asked["rows"]
    if type(many) is list and len(many) > limits.rows:
        what = f"{len(many):,} rows, at most {limits.rows:,} are taken at once."
        raise TooLarge(what, where="rows", fix="send them in several requests.")
    return many


def _look(headers: list[tuple[bytes, bytes]]) -> tuple[int, bool]:
    """Length, -1 if not said, and whether the client waits for a sign to go on."""
    length, expects, kind = -1, False, b""
    for name, value in headers:
        if name == b"content-type":
            kind = value.split(b";", 1)[0].strip().lower()
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            what = f"{value.decode('latin-1')[:60]!r} is not read here."
            raise WrongType(what, where="header content-encoding", fix="send the body uncompressed.")
        elif name == b"content-length" and value.isdigit():
            length = int(value[:20])
        elif name == b"expect":
            expects = True
    if kind != b"application/json":
        what = f"application/json is wanted, got {kind.decode('latin-1')[:60] or 'none'!r}."
        raise WrongType(what, where="header content-type", fix="-H 'content-type: application/json'")
    return length, expects


async def _rest(body: bytes, receive: Receive, limits: Limits, hold: Callable[[int], None]) -> bytes:
    parts, size = [body], len(body)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        hold(len(parts[-1]))
        if size > limits.body_bytes:
            if message.get("more_body"):
                await _drain(receive)
            raise _too_large(limits)
        if not message.get("more_body"):
            return b"".join(parts)


async def _drain(receive: Receive) -> None:
    try:
        async with asyncio.timeout(DRAIN_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        pass


def _too_large(limits: Limits) -> TooLarge:
    what = f"more than {limits.body_bytes:,} bytes."
    return TooLarge(what, where="body", fix="send fewer rows at a time.")


def _no_json(body: bytes, exc: orjson.JSONDecodeError, form: str) -> Refused:
    what = "nested too deep" if "depth" in exc.msg.lower() else f"not valid JSON: {exc.msg}"
    if any(word in body[exc.pos : exc.pos + 9] for word in (b"NaN", b"Infinity")):
        return Refused(
            f"{what} at character {exc.pos}: JSON has no NaN or Infinity.", where="body", fix="null instead."
        )
    if "infinity" in exc.msg:
        return Refused(f"a number too large for a double, at character {exc.pos}.", where="body", fix="null instead.")
    return Refused(f"{what}, line {exc.lineno}, column {exc.colno}.", where="body", fix=form)
