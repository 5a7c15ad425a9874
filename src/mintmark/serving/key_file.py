"""The file of API keys as the command line changes it: whole or not at all, one writer at a time."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from mintmark.base.errors import RecipeError, unknown
from mintmark.serving.access import FORMAT, MARK, SCOPES, Key, parse, read, seconds
from mintmark.serving.rate import Rate

Line = dict[str, Any]
SECRET_BYTES = 32


def new(
    path: Path,
    name: str,
    scopes: Sequence[str],
    models: Sequence[str] = (),
    expires: str | None = None,
    rate: str = "",
) -> tuple[Key, str]:
    """The key that was added, and its text, which is nowhere else.   Raises: RecipeError, DataError."""
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown("scope", scope, SCOPES, where="--scope")
    if expires is not None and seconds(expires) <= datetime.now(UTC).timestamp():
        raise RecipeError(f"{expires} is over.", where="--expires", fix='a time to come, or a span: "90 days"')
    line, text = _drawn(name, list(scopes), list(models) or None, expires, Rate.of(rate).text if rate else "")
    _change(path, lambda lines: [*lines, line], make=True)
    return read(path)[line["id"]], text


def rotate(path: Path, which: str, keep_s: float) -> tuple[Key, Key, str]:
    """The key as it goes on counting for `keep_s`, the one that takes its place, and the text of that one."""
    until = (datetime.now(UTC) + timedelta(seconds=keep_s)).isoformat(timespec="seconds")
    done: list[tuple[str, str, str]] = []

    def change(lines: list[Line]) -> list[Line]:
        old = _found(lines, which, path)
        if old["revoked"]:
            raise RecipeError("was revoked: nothing takes its place.", where=which, fix="mintmark api-keys new NAME")
        line, text = _drawn(old["name"], old["scopes"], old["models"], old["expires"], old["rate"])
        done.append((old["id"], line["id"], text))
        ends = min(until, old["expires"] or until, key=seconds)
        return [one | {"expires": ends} if one is old else one for one in lines] + [line]

    _change(path, change)
    (old, made, text), keys = done[0], read(path)
    return keys[old], keys[made], text


def revoke(path: Path, which: str) -> Key:
    """The key, which counts no more."""
    found: list[str] = []

    def change(lines: list[Line]) -> list[Line]:
        old = _found(lines, which, path)
        found.append(old["id"])
        return [line | {"revoked": line["revoked"] or _now()} if line is old else line for line in lines]

    _change(path, change)
    return read(path)[found[0]]


def _drawn(name: str, scopes: list[str], models: list[str] | None, expires: str | None, rate: str) -> tuple[Line, str]:
    id_ = secrets.token_hex(4)
    text = f"{MARK}{id_}_{secrets.token_urlsafe(SECRET_BYTES)}"
    line = {
        "id": id_, "name": name, "sha256": hashlib.sha256(text.encode()).hexdigest(), "scopes": scopes,
        "models": models, "made": _now(), "expires": expires, "revoked": None, "rate": rate,
    }  # fmt: skip
    return line, text


def _found(lines: Sequence[Line], which: str, path: Path) -> Line:
    """The key of this ID, else the one of this name that counts.   Raises: RecipeError: none, or several."""
    by_id = [line for line in lines if line["id"] == which]
    named = [line for line in lines if line["name"] == which and not line["revoked"]]
    now = datetime.now(UTC).timestamp()
    found = by_id or [line for line in named if not line["expires"] or seconds(line["expires"]) > now] or named
    if not found:
        known = dict.fromkeys(word for line in lines for word in (line["id"], line["name"]))
        raise unknown("API key", which[:60], known, where=str(path))
    if len(found) > 1:
        what = f"{len(found)} keys have the name {which!r}: {', '.join(line['id'] for line in found[:20])}."
        raise RecipeError(what, where=str(path), fix="name one by its ID.")
    return found[0]


def _change(path: Path, change: Callable[[list[Line]], list[Line]], make: bool = False) -> None:
    path = Path(os.path.realpath(path))  # a link stays one
    try:
        with _alone(path, make) as content:
            parse(content or _said([]), str(path))
            lines = change(orjson.loads(content)["keys"] if content else [])
            half = path.with_name(f".{path.name}.half")
            half.unlink(missing_ok=True)
            with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(_said(lines))
                out.flush()
                os.fsync(out.fileno())
            os.replace(half, path)
    except OSError as exc:
        raise RecipeError(f"{exc.strerror}.", where=str(path), fix="another file with --file.") from exc


@contextmanager
def _alone(path: Path, make: bool) -> Iterator[bytes]:
    """What the file holds, while no other process changes it."""
    import fcntl

    while True:
        handle = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)
        with os.fdopen(handle, "rb") as file:
            fcntl.flock(handle, fcntl.LOCK_EX)
            try:
                same = os.stat(path).st_ino == os.fstat(handle).st_ino
            except FileNotFoundError:
                same = False
            if same:  # else another process has just put a new file in its place
                yield file.read()
                return


def _said(lines: list[Line]) -> bytes:
    return orjson.dumps({"format": FORMAT, "keys": lines}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
