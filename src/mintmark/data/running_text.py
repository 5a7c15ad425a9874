"""Running text: a .txt file cut into pieces that, one after another, are the file."""

import re
from pathlib import Path

import pyarrow as pa

from mintmark.base.errors import DataError
from mintmark.data import encoding
from mintmark.data.text_table import Columns, Options

PIECE = 2000
"""characters, about: a piece ends with a paragraph where one ends near there, else with a line, else where it must"""
LEAST, PARTS = 40, 40
"""a short text is cut finer, so that there are about so many pieces to divide"""
COLUMNS = ["text", "at"]
ENDS = (re.compile(r"\n[^\S\n]*\n+"), re.compile(r"\n"), re.compile(r"[.!?。！？…]\s*|\s"))


def read(path: Path, options: Options) -> tuple[Columns, list[str]]:
    """Columns `text`, and `at`, the place of a piece in the reading order; a note where the file is not UTF-8.

    Raises: DataError: empty, or no text.
    """
    found, notes = encoding.find(path, options.encoding)
    with found.open(found.start) as stream:
        text = bytes(stream.read()).decode("utf-8").replace("\r\n", "\n")
    if not text.strip():
        raise DataError("holds no text, only blanks.", where=path.name, fix="give a file with text in it.")
    made = pieces(text, min(PIECE, max(LEAST, len(text) // PARTS)))
    kind = pa.string() if sum(map(len, made)) < 2**28 else pa.large_string()
    return {"text": pa.chunked_array([pa.array(made, kind)]), "at": pa.chunked_array([list(range(len(made)))])}, notes


def pieces(text: str, size: int = PIECE) -> list[str]:
    """The text in pieces of at most twice `size` characters, none of them blank where the text is not."""
    made: list[str] = []
    start = 0
    while len(text) - start > size:
        stop = _end(text, start + size, min(len(text), start + 2 * size))
        if text[start:stop].isspace() and made:
            made[-1] += text[start:stop]
        else:
            made.append(text[start:stop])
        start = stop
    rest = text[start:]
    if made and (not rest or rest.isspace()):
        made[-1] += rest
    else:
        made.append(rest)
    return made


def _end(text: str, start: int, stop: int) -> int:
    """Where a piece that is long enough at `start` ends: the first good place before `stop`."""
    for end in ENDS:
        if found := end.search(text, start, stop):
            return found.end()
    return stop
