"""API keys: who may ask what. A file holds their hashes, never the keys, and is read again when it changes.

A key is `mint_ID_SECRET`. The secret is 256 random bits, so one SHA-256 of the key is as hard to undo as a slow hash
would be: slow hashes make up for passwords that can be guessed, and 2^256 keys cannot. The ID finds the line to compare
with, in a time that does not depend on how much of the secret is right.
"""

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from mintmark.base.errors import DataError, MintmarkError, RecipeError
from mintmark.serving.rate import Rate

FORMAT = 1
MARK = "mint_"
SCOPES = {
    "predict": "ask for answers",
    "events": "send what has happened",
    "outcomes": "send what became of an answer",
    "read": "read metrics and monitoring",
    "admin": "change which bundle is served",
}
LOOK_S = 0.5
"""between two looks at whether the file has changed"""
MOST_BYTES = 16 << 20
log = logging.getLogger("mintmark.serving")


@dataclass(frozen=True)
class Key:
    """A line of the file."""

    id: str
    name: str
    sha256: str
    scopes: frozenset[str]
    models: frozenset[str] | None
    """None: every model"""
    made: str
    expires: str | None
    revoked: str | None
    rate: Rate | None
    until: float
    """seconds since 1970 at which it ends; infinity where it does not"""

    def sees(self, model: str) -> bool:
        return self.models is None or model in self.models

    def state(self, now: float) -> str:
        if self.revoked:
            return "revoked"
        return "valid" if now < self.until else "expired"


NOBODY = Key("", "", "0" * 64, frozenset(), frozenset(), "", None, "never made", None, 0.0)


class Keys:
    """The keys of a file, as they are now."""

    def __init__(self, path: Path) -> None:
        """Raises: RecipeError, DataError: the file cannot be read, or is none of keys."""
        self.path, self.stale = path, ""
        """why the file that lies there now is not read; the keys of before count until it can be"""
        self._at = _stamp(path)
        self._keys = read(path)
        self._looked = time.monotonic()

    def find(self, presented: bytes) -> Key | None:
        """The valid key that was presented; None for any other, whatever is wrong with it."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self._looked = now
            self.look()
        own = hashlib.sha256(presented).hexdigest()
        key = self._keys.get(identity(presented), NOBODY)
        same = hmac.compare_digest(own, key.sha256)
        return key if same and key.state(time.time()) == "valid" else None

    def look(self) -> None:
        """Read the file again if it is another one; where it cannot be read, the keys of before go on counting."""
        try:
            at = _stamp(self.path)
            if at == self._at and not self.stale:
                return
            self._keys, self._at = read(self.path), at
        except MintmarkError as exc:
            if exc.what != self.stale:
                log.error("the API keys cannot be read again, those of before go on counting: %s", exc)
            self.stale = exc.what
            return
        self.stale = ""
        log.info("API keys were read again: %d are valid", self.valid())

    def valid(self) -> int:
        now = time.time()
        return sum(key.state(now) == "valid" for key in self._keys.values())


def identity(presented: bytes) -> str:
    """The ID in a key, or what stands in its place."""
    return presented[len(MARK) :].split(b"_", 1)[0][:40].decode("latin-1")


def read(path: Path) -> dict[str, Key]:
    """ID -> key.   Raises: RecipeError: it cannot be read, or anybody may write it; DataError: it is none of keys."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o002:
                what = "everybody on this machine may write it, and so add keys."
                raise RecipeError(what, where=str(path), fix=f"chmod 600 {path}")
            content = file.read(MOST_BYTES + 1)
    except OSError as exc:
        what = f"the API keys cannot be read: {exc.strerror}."
        raise RecipeError(what, where=str(path), fix="mintmark api-keys new --file FILE makes it.") from exc
    return parse(content, str(path))


def parse(content: bytes, where: str) -> dict[str, Key]:
    """Raises: DataError."""
    try:
        said = orjson.loads(content)
        if said["format"] != FORMAT:
            raise ValueError(f"its format is {said['format']!r}, {FORMAT} is read here")
        keys = [_key(line) for line in said["keys"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, MintmarkError) as exc:
        what = f"is no file of API keys: {type(exc).__name__}: {exc}."
        raise DataError(what, where=where, fix="the file that `mintmark api-keys new` wrote.") from exc
    return {key.id: key for key in keys}


def _key(line: Mapping[str, Any]) -> Key:
    models, expires, revoked = line["models"], line["expires"], line["revoked"]
    if unknown := set(line["scopes"]) - SCOPES.keys():
        raise ValueError(f"unknown scope {sorted(unknown)[0]!r}")
    if len(line["sha256"]) != 64:
        raise ValueError("a hash is not of 64 digits")
    return Key(
        str(line["id"]), str(line["name"]), str(line["sha256"]), frozenset(line["scopes"]),
        None if models is None else frozenset(models), str(line["made"]), expires, revoked,
        Rate.of(line["rate"]) if line["rate"] else None, seconds(expires) if expires else float("inf"),
    )  # fmt: skip


def seconds(at: str) -> float:
    """Seconds since 1970 of an ISO time, in UTC where it names no zone.   Raises: ValueError."""
    read = datetime.fromisoformat(at)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes whenever the file does.   Raises: RecipeError: there is none."""
    try:
        found = path.stat()
    except OSError as exc:
        what = f"the API keys cannot be read: {exc.strerror}."
        raise RecipeError(what, where=str(path), fix="mintmark api-keys new --file FILE makes it.") from exc
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev
