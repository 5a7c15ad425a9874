"""Running text: pieces that are the file, whatever it looks like."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.base.errors import DataError
from mintmark.data import source
from mintmark.data.running_text import PIECE, pieces


@given(st.text(alphabet="ab \n。.", max_size=400), st.integers(5, 60))
def test_pieces_are_the_text(text: str, size: int) -> None:
    made = pieces(text, size)
    assert "".join(made) == text
    if text.strip():
        assert sum(not p.strip() for p in made) <= 1  # only blanks before all text can be alone


def test_pieces_end_with_a_paragraph_where_one_ends() -> None:
    made = pieces("first line\nmore of it\n\nsecond\n\nthird", 12)
    assert made == ["first line\nmore of it\n\n", "second\n\nthird"]


def read(path: Path) -> dict[str, list]:  # type: ignore[type-arg]
    rows, _ = source.read(str(path), txt="text")
    return rows.table().to_pydict()


def test_a_file_of_one_line_of_a_megabyte(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("字" * 400_000, encoding="utf-8")
    got = read(tmp_path / "long.txt")
    assert "".join(got["text"]) == "字" * 400_000 and got["at"] == list(range(len(got["text"])))
    assert max(map(len, got["text"])) <= 2 * PIECE


def test_files_of_a_folder_follow_each_other(tmp_path: Path) -> None:
    for name, text in (("a.txt", "one\r\n" * 900), ("b.txt", "two\n" * 900)):
        (tmp_path / name).write_bytes(text.encode())
    got = read(tmp_path)
    assert "".join(got["text"]) == "one\n" * 900 + "two\n" * 900 and got["at"] == list(range(len(got["at"])))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    for name, content, says in (
        ("blank.txt", b" \n\n ", "empty"),
        ("table.txt", b"PAR1" + bytes(range(200)), "Parquet"),
        ("noise.txt", bytes(range(256)) * 20, "NUL|no characters"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=says):
            read(tmp_path / name)


def test_bytes_that_are_not_utf_8_are_said(tmp_path: Path) -> None:
    (tmp_path / "broken.txt").write_bytes("Schöne neue Wörter über Bäume\n".encode() * 50 + b"\xff")
    rows, notes = source.read(str(tmp_path / "broken.txt"), txt="text")
    assert "not UTF-8" in notes[0] and rows.table()["text"][-1].as_py().endswith("\ufffd")
    options = source.Read(encoding="utf-8")
    with pytest.raises(DataError, match="line 51"):
        source.read(str(tmp_path / "broken.txt"), options, txt="text")
