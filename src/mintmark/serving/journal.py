"""A journal of events or outcomes: what is taken is on the disk before it is said to be, and read at the next start.

The first line says whose it is; each further line holds the rows that were taken together, as a JSON list, with
pseudonyms for keys. A line that a crash cut short was not yet said to be taken, and is dropped.
"""

import logging
import os
import re
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from mintmark.base.errors import DataError, RecipeError
from mintmark.serving.refusals import NotKept

FORMAT = 1
ROWS_A_LINE = 10_000
log = logging.getLogger("mintmark.serving")


class Journal:
    def __init__(self, folder: Path, name: str, about: dict[str, Any], of: str = "events") -> None:
        """Opened for one bundle, and locked.   of: what it holds, in the plural, for messages.

        Raises: RecipeError: another process has it, or it cannot be written; DataError: it is another bundle's.
        """
        self.path, self.of = place(folder, name), of
        self._users = 1
        self._head = _head(about)
        self._broken = ""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._opened(self.path)
            self._lock()
            self._begin()
        except OSError as exc:
            what = f"{of} cannot be kept there: {exc.strerror}."
            raise RecipeError(what, where=f"--state {folder}", fix="a folder that can be written.") from exc

    def read(self) -> Iterator[list[dict[str, Any]]]:
        """The rows that were taken, in their order.   Raises: DataError: damaged in its middle."""
        with open(self.path, "rb") as lines:
            at = len(lines.readline())
            for number, line in enumerate(iter(lines.readline, b""), 2):
                rows = _parsed(line)
                if rows is None and lines.read(1):
                    what = f"line {number} is damaged, and lines follow it."
                    raise DataError(what, where=str(self.path), fix="take the file from a backup, or delete that line.")
                if rows is None:
                    log.warning("%s: the last line was cut short by a crash and is dropped", self.path)
                    break
                at += len(line)
                yield rows
        self._cut(at)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """On the disk when it returns.   Raises: NotKept: it is not, and nothing of it is."""
        if self._broken:
            raise self._refusal(self._broken)
        before = self._file.seek(0, os.SEEK_END)
        try:
            _append(self._file, orjson.dumps(rows, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as exc:
            why = exc.strerror or "the disk failed"
            log.error("%s cannot be written: %s", self.path, why)
            try:
                self._cut(before)
            except OSError:
                self._broken = why  # whether the line stands there is not known, so none may follow it
            raise self._refusal(why) from exc

    def anew(self, rows: list[dict[str, Any]]) -> None:
        """The same file with no more than these rows, or as it was."""
        half = self.path.with_name(self.path.name + ".half")
        try:
            half.unlink(missing_ok=True)
            with self._opened(half) as out:
                starts = range(0, len(rows), ROWS_A_LINE)
                lines = [orjson.dumps(rows[i : i + ROWS_A_LINE], option=orjson.OPT_APPEND_NEWLINE) for i in starts]
                _append(out, self._head + b"".join(lines))
            os.replace(half, self.path)
            self._file.close()
            self._file = self._opened(self.path)
            self._lock()
            _sync_folder(self.path.parent)
        except OSError as exc:
            what = f"cannot be written anew: {exc.strerror}."
            raise RecipeError(what, where=str(self.path), fix="free space on the disk.") from exc

    def shared(self, about: dict[str, Any]) -> "Journal":
        """The same, for one more who closes it.   Raises: DataError: it is another bundle's."""
        if _head(about) != self._head:
            raise self._others()
        self._users += 1
        return self

    def close(self) -> None:
        """Closed once all who share it have done so."""
        self._users -= 1
        if not self._users:
            self._file.close()

    def _opened(self, path: Path) -> FileIO:
        return FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")

    def _lock(self) -> None:
        import fcntl

        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self._file.close()
            what = f"is in use: another server, or another name in this one, keeps its {self.of} there."
            raise RecipeError(what, where=str(self.path), fix="another folder with --state for one of them.") from exc

    def _begin(self) -> None:
        first = self._file.readline()
        if first.endswith(b"\n") and first != self._head:
            raise self._others()
        if first != self._head:  # new, or cut short before its first line was whole
            self._cut(0)
            _append(self._file, self._head)
            _sync_folder(self.path.parent)

    def _others(self) -> DataError:
        what = f"holds the {self.of} of another bundle, or is of a later format."
        return DataError(what, where=str(self.path), fix="another folder with --state.")

    def _cut(self, at: int) -> None:
        self._file.truncate(at)
        self._file.seek(at)
        os.fsync(self._file.fileno())

    def _refusal(self, why: str) -> NotKept:
        what = f"the {self.of} could not be written down ({why}), so none of this request was taken."
        return NotKept(what, where="server", fix="again later; see the server's log.")


def place(folder: Path, name: str) -> Path:
    """The file of a journal."""
    return folder / (re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".jsonl")


def _head(about: dict[str, Any]) -> bytes:
    return orjson.dumps({"format": FORMAT, **about}) + b"\n"


def _append(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def _parsed(line: bytes) -> list[dict[str, Any]] | None:
    """None for what is no whole line."""
    try:
        rows = orjson.loads(line) if line.endswith(b"\n") else None
    except orjson.JSONDecodeError:
        return None
    return rows if type(rows) is list else None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
