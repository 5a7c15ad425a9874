"""Hush: keeps what a solver's own code prints off standard output, where a command may print one JSON object alone."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """Nothing that is written to the process's standard output meanwhile comes out, by whatever thread."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        (ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt).fflush(None)  # what is not written yet
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
