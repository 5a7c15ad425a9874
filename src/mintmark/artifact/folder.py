"""The folder of a run: found again after a kill, and guarded while it is written."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mintmark.base.errors import DataError, RecipeError

MARK, LOCK = "run.json", ".lock"


@contextmanager
def claimed(
    out: Path, name: str, same: dict[str, Any], finished: Callable[[Path], bool], *, fresh: bool = False
) -> Iterator[Path]:
    """The folder `out/name-N` for this run: the unfinished one if its work is the `same`, else the next free one.

    fresh: what an unfinished run left is removed first.
    Raises: RecipeError: another process is writing there; DataError: the folder cannot be written.
    """
    n = 1
    while finished(out / f"{name}-{n}"):
        n += 1
    folder = out / f"{name}-{n}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as exc:
        fix = "another folder with --out."
        raise DataError(f"cannot be written: {exc.strerror}.", where=str(folder), fix=fix) from exc
    try:
        _hold(lock, folder)
        if finished(folder):  # by the process that held it a moment ago
            os.close(lock)
            lock = -1
            with claimed(out, name, same, finished, fresh=fresh) as next_one:
                yield next_one
            return
        if fresh or _mark(folder) != same:
            for old in folder.iterdir():
                if old.name != LOCK:
                    shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
            (folder / MARK).write_text(json.dumps(same), encoding="utf-8")
        yield folder
    finally:
        if lock >= 0:
            os.close(lock)


def _hold(lock: int, folder: Path) -> None:
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        fix = "wait until it ends, or another folder with --out."
        raise RecipeError(
            "another run of the same recipe and data is writing here.", where=str(folder), fix=fix
        ) from exc


def _mark(folder: Path) -> Any:
    try:
        return json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
