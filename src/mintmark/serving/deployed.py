"""Deployed: which version answers for each name, in a file that outlives the process and that all workers read.

What the command line names is not in it; a file that belongs to other bundles than those of the command line is begun
anew: so a changed command line is obeyed, and the same one after a crash takes nothing back.
"""

import logging
import os
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from mintmark.base.errors import DataError, RecipeError

FORMAT = 1
NAME = "deployed.json"
Given = dict[str, list[str]]
"""name of the command line -> its folder, and the seal of the bundle that lay there"""
log = logging.getLogger("mintmark.serving")


@dataclass(frozen=True)
class Wanted:
    """What is to be served beside the command line's."""

    generation: int = 0
    given: Given = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """name -> current, before, numbered, versions (version -> folder)"""


class Deployed:
    """The file, and a lock so that one process changes it at a time."""

    def __init__(self, folder: Path, given: Given | None = None) -> None:
        """given: None, where another process has begun the file.

        Raises: RecipeError: it cannot be written; DataError: it is none of ours.
        """
        self.path = folder / NAME
        self._lock: FileIO | None = None
        if given is not None:
            self._begin(given)

    def read(self) -> Wanted:
        """Raises: DataError."""
        try:
            said = orjson.loads(self.path.read_bytes())
            if said.pop("format") != FORMAT:
                raise ValueError("it is of another format")
            return Wanted(**said)
        except FileNotFoundError:
            return Wanted()
        except (OSError, orjson.JSONDecodeError, TypeError, KeyError, ValueError) as exc:
            what = f"is no list of what is deployed: {type(exc).__name__}."
            fix = "delete it: the command line's bundles are served then."
            raise DataError(what, where=str(self.path), fix=fix) from exc

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the file does."""
        try:
            found = self.path.stat()
            return found.st_mtime_ns, found.st_ino
        except OSError:
            return 0, 0

    def write(self, wanted: Wanted) -> None:
        half = self.path.with_name(f".{NAME}.half")
        said = {"format": FORMAT, "generation": wanted.generation, "given": wanted.given, "models": wanted.models}
        with half.open("wb") as out:
            out.write(orjson.dumps(said, option=orjson.OPT_INDENT_2))
            out.flush()
            os.fsync(out.fileno())
        os.replace(half, self.path)

    def lock(self) -> None:
        """Waits for other processes."""
        import fcntl

        if self._lock is None:
            place = self.path.with_name(f"{NAME}.lock")
            self._lock = FileIO(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        fcntl.flock(self._lock.fileno(), fcntl.LOCK_EX)

    def unlock(self) -> None:
        import fcntl

        if self._lock:
            fcntl.flock(self._lock.fileno(), fcntl.LOCK_UN)

    def close(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None

    def _begin(self, given: Given) -> None:
        """Without what belongs to another command line; nothing is written before there is something to keep."""
        had = self.read()
        if not had.generation:
            return
        if had.given != given:
            changed = sorted(n for n in had.given.keys() | given.keys() if had.given.get(n) != given.get(n))
            log.warning("the command line names other bundles than before (%s): it is obeyed", ", ".join(changed))
        kept = had.models if had.given == given else {}
        # what was read again from the command line's own folder is there already
        kept = {n: m for n, m in kept.items() if m["versions"].get(m["current"]) != given.get(n, [""])[0]}
        if had.given == given and kept == had.models:
            return
        try:
            self.write(Wanted(had.generation + 1, given, kept))
        except OSError as exc:
            what = f"what is deployed cannot be kept there: {exc.strerror}."
            raise RecipeError(what, where=str(self.path), fix="a folder that can be written.") from exc


@dataclass(frozen=True)
class Room:
    """Where the workers of one server tell each other what they have done."""

    folder: Path
    index: int
    workers: int

    def tell(self, generation: int, error: str = "") -> None:
        """What this worker has come to serve, or why it could not."""
        path = self.folder / f"worker-{self.index}.json"
        half = path.with_suffix(".half")
        half.write_bytes(orjson.dumps({"generation": generation, "error": error}))
        os.replace(half, path)

    def behind(self, generation: int) -> tuple[list[int], str]:
        """The workers that are not there yet, and what one of them says is wrong."""
        late = []
        for index in range(self.workers):
            try:
                said = orjson.loads((self.folder / f"worker-{index}.json").read_bytes())
            except (OSError, orjson.JSONDecodeError):
                said = {"generation": 0, "error": ""}
            if said["error"] and said["generation"] == generation:
                return [index], str(said["error"])
            if said["generation"] < generation:
                late.append(index)
        return late, ""
