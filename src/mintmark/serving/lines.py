"""Logs as JSON lines: one for each thing that happened, and, where wanted, one for each request.

No line holds a value of a row: not of a question, not of an answer, and not in the words of an error that a library
raised about one. Of a bug its kind and its places in the code are kept. Nor do lines hold keys, or addresses unasked.
"""

import logging
import logging.handlers
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from mintmark.base.errors import RecipeError

if TYPE_CHECKING:
    from mintmark.serving.door import Call

LOUD = {"mintmark.serving": logging.INFO, "uvicorn.error": logging.WARNING, "asyncio": logging.ERROR}
"""loggers, and from which level on their lines are kept"""
PLACES = 12
log = logging.getLogger("mintmark.serving")


def request(verb: str, call: "Call", status: int, took_s: float, addresses: bool) -> None:
    """A line for a request that was answered."""
    said: dict[str, Any] = {
        "request": call.id, "key": call.key.id if call.key else None, "verb": verb, "model": call.model,
        "version": call.version, "rows": call.rows, "status": status, "ms": round(took_s * 1000, 2),
    }  # fmt: skip
    if addresses:
        said["address"] = call.address
    given = (verb, call.model or "-", status, call.rows, took_s * 1000)
    log.info("%s %s %d %d rows %.1f ms", *given, extra={"said": said})


def event(name: str, **said: Any) -> None:
    """A line for something else that happened."""
    log.info("%s", name, extra={"said": {"event": name, **said}})


def logs(path: Path | None = None, worker: int | None = None) -> None:
    """Have lines written to this file, which may be moved away meanwhile, or to standard error.

    worker: of several that write there.

    Raises: RecipeError: it cannot be written.
    """
    try:
        handler = (
            logging.handlers.WatchedFileHandler(path, encoding="utf-8") if path else logging.StreamHandler(sys.stderr)
        )
    except OSError as exc:
        raise RecipeError(f"{exc.strerror}.", where=f"--log {path}", fix="a file that can be written.") from exc
    handler.setFormatter(Lines(worker))
    for name, level in LOUD.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


class Lines(logging.Formatter):
    """A record as a JSON object."""

    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self.worker = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = {"time": f"{at}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), **self.worker}
        said |= getattr(record, "said", None) or {"message": _plain(record)}
        if record.exc_info and record.exc_info[1]:
            said |= failed(record.exc_info[1])
        return orjson.dumps(said, default=str).decode()


def failed(exc: BaseException) -> dict[str, Any]:
    """What broke and where, without its words: a library's message often quotes the value that it stumbled on."""
    kinds: list[str] = []
    inner: BaseException | None = exc
    while inner is not None and len(kinds) < PLACES:
        kinds.append(type(inner).__name__)
        inner = inner.__cause__ or (None if inner.__suppress_context__ else inner.__context__)
    return {"error": " from ".join(kinds), "at": _places(exc.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    """The innermost last."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{'/'.join(Path(code.co_filename).parts[-3:])}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-PLACES:]


def _plain(record: logging.LogRecord) -> str:
    """The message; of other people's loggers its first line, as asyncio's next ones show what a task was given."""
    said = record.getMessage()
    return said if record.name == "mintmark.serving" else said.split("\n", 1)[0]
