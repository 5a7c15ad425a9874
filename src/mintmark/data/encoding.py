"""Text files: what they are written in, found from their bytes."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mintmark.base.errors import DataError

BLOCK = 2**22
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
NOT_TEXT = {
    b"PAR1": ("a Parquet file", "name it .parquet."),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "unpack it, or save the sheet as CSV."),
    b"\x1f\x8b": ("compressed by gzip", "unpack it: gunzip FILE."),
    b"BZh": ("compressed by bzip2", "unpack it: bunzip2 FILE."),
    b"\xfd7zXZ": ("compressed by xz", "unpack it: unxz FILE."),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "unpack it: unzstd FILE."),
    b"7z\xbc\xaf": ("a 7-Zip archive", "unpack it."),
    b"\xd0\xcf\x11\xe0": ("an old Office document", "save the sheet as CSV."),
    b"%PDF": ("a PDF document", "give a table: CSV, Parquet or JSON lines."),
    b"SQLite format 3": ("an SQLite database", 'data = "sqlite:///FILE", with [read] query.'),
    b"\x89PNG": ("a picture", "give a table with the paths of the pictures."),
    b"ARROW1": ("an Arrow file", "save it as Parquet."),
}
CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x1a")) + b"\x7f"


@dataclass(frozen=True)
class Text:
    """A file that is text, as UTF-8."""

    path: Path
    content: bytes | None
    """its characters as UTF-8, where the file itself is written in something else"""
    start: int
    """where the characters begin"""
    size: int
    quotes: int
    """how many quotation marks there are"""

    def open(self, at: int) -> pa.NativeFile:
        """A stream from this place on; nothing is kept in memory that the file holds."""
        stream = pa.OSFile(str(self.path), "rb") if self.content is None else pa.BufferReader(self.content)
        stream.seek(at)
        return stream

    def head(self, size: int) -> bytes:
        with self.open(self.start) as stream:
            found: bytes = stream.read(size)
        return found


def find(path: Path, encoding: str = "") -> tuple[Text, list[str]]:
    """The text, and a note where it is not UTF-8.

    Raises: DataError: empty, not text at all, or not text in the encoding that was asked for.
    """
    size, name = path.stat().st_size, path.name
    with path.open("rb") as file:
        head = file.read(65536)
    if not head.strip():
        raise DataError("the file is empty.", where=name, fix="give a file that holds something.")
    for magic, (what, fix) in NOT_TEXT.items():
        if head.startswith(magic):
            raise DataError(f"is {what}, not a text table.", where=name, fix=fix)
    if encoding:
        return _asked(path, encoding), []
    mark = next((m for m in MARKS if head.startswith(m)), b"")
    written = MARKS[mark] if mark else _wide(head)
    if written in ("", "utf-8"):
        try:
            quotes = _scan(path)
        except UnicodeDecodeError:
            return _other(path, bool(mark))
        if _controls(head) > 0.02 * len(head):
            raise _garbage(name)
        return Text(path, None, len(mark), size, quotes), []
    return _decoded(path, path.read_bytes()[len(mark) :], written), _notes(name, written)


def _scan(path: Path) -> int:
    """How many quotation marks a UTF-8 file has.   Raises: UnicodeDecodeError: it is not UTF-8."""
    decoder, pending, quotes, seen = codecs.getincrementaldecoder("utf-8")("strict"), False, 0, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if b"\0" in block:
                line = _line(path, seen + block.index(b"\0"))
                raise _garbage(path.name, f"line {line} holds NUL bytes: not a text table.")
            quotes += block.count(b'"')
            if pending or not block.isascii():  # ASCII blocks need no decoding
                decoder.decode(block)
                pending = bool(decoder.getstate()[0])
            seen += len(block)
    decoder.decode(b"", final=True)
    return quotes


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: NUL bytes at every other place only, and lines once it is decoded."""
    head = head[: len(head) // 2 * 2]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if (even == 0) == (odd == 0):
        return ""
    if even + odd < 0.2 * len(head) and head.replace(b"\0", b"").isascii():
        return ""  # a stray NUL byte in plain text
    written = "utf-16-be" if even else "utf-16-le"
    try:
        text = codecs.getincrementaldecoder(written)("strict").decode(head)
    except UnicodeDecodeError:
        return ""
    return written if "\n" in text or "\r" in text else ""


def _other(path: Path, marked: bool) -> tuple[Text, list[str]]:
    """The text of a file that is not UTF-8 throughout."""
    content, name = path.read_bytes(), path.name
    if _controls(content) > 0.02 * len(content):
        raise _garbage(name)
    loose = content.decode("utf-8-sig", "replace")
    bad = loose.count("\ufffd")
    good = sum(len(run) for run in re.findall(r"[^\x00-\x7f\ufffd]+", loose))
    if marked or good > 10 * bad:  # UTF-8, damaged in a few places
        note = f"{name}: {bad} characters are not UTF-8 and were replaced by \ufffd."
        return _text(path, loose), [note + ' Try: [read] encoding = "..." if letters look wrong.']
    pairs = re.findall(rb"[\x81-\xfe]([\x40-\x7e\x80-\xfe])", content)
    for written, fits in (("gb18030", 2 * sum(p >= b"\xa1" for p in pairs) > len(pairs)), ("cp1252", True)):
        if fits:
            try:
                return _text(path, content.decode(written)), _notes(name, written)
            except UnicodeDecodeError:
                continue
    raise _garbage(
        name, "is neither UTF-8, UTF-16, GB18030 nor Windows-1252: not a text table, or in another encoding."
    )


def _asked(path: Path, encoding: str) -> Text:
    try:
        known = codecs.lookup(encoding).name
        "".encode(known)  # refuses codecs that are not of text, as hex
    except LookupError:
        what, fix = f"unknown encoding {encoding!r}.", "utf-8, utf-16, gb18030, big5, shift_jis, cp1252 or cp1251."
        raise DataError(what, where="read.encoding", fix=fix) from None
    if known in ("utf-8", "utf-8-sig"):
        head = path.open("rb").read(3)
        start = len(codecs.BOM_UTF8) if head == codecs.BOM_UTF8 else 0
        try:
            return Text(path, None, start, path.stat().st_size, _scan(path))
        except UnicodeDecodeError:
            known = "utf-8"
    return _decoded(path, path.read_bytes(), known)


def _decoded(path: Path, content: bytes, encoding: str) -> Text:
    try:
        return _text(path, content.decode(encoding).removeprefix("\ufeff"))
    except UnicodeDecodeError as exc:
        where = f"{path.name}: line {content.count(10, 0, exc.start) + 1}"
        found = content[exc.start : exc.start + 4].hex(" ")
        what = f"the bytes {found} are not {encoding}."
        raise DataError(what, where=where, fix="leave out [read] encoding, and it is looked for.") from None


def _text(path: Path, text: str) -> Text:
    if "\0" in text:
        raise _garbage(path.name)
    content = text.encode("utf-8", "replace")
    return Text(path, content, 0, len(content), content.count(b'"'))


def _controls(content: bytes) -> int:
    """How many bytes no text has."""
    return len(content) - len(content.translate(None, CONTROL))


def _line(path: Path, place: int) -> int:
    with path.open("rb") as file:
        return file.read(place).count(b"\n") + 1


def _notes(name: str, written: str) -> list[str]:
    return [f'{name}: read as {written}. Try: [read] encoding = "..." if letters look wrong.']


def _garbage(name: str, what: str = "holds bytes that are no characters: not a text table.") -> DataError:
    return DataError(
        what, where=name, fix="give CSV, TSV, Parquet or JSON lines with the file name ending in its kind."
    )
