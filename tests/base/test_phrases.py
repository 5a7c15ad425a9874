"""Phrases: a text is taken apart by the pattern that it was made from, and said in another language."""

import pytest

from mintmark.base import phrases
from mintmark.base.phrases import Book, Phrase
from mintmark.base.words import language

SAID = {
    "cannot be read: {exc}.": "无法读取：{exc}。",
    "{n} rows": "{n} 行",
    "column {name} has {n} values": "列 {name} 有 {n} 个值",
    "line {n} has {n2}": "第 {n} 行有 {n2} 个",
    "{x} is no {kind}.": "{x} 不是 {kind}。",
    "a name": "名称",
    "Is a directory": "是文件夹",
    "charge {n}": "第 {n} 笔费用",
    "row {n}": "第 {n} 行",
    "must be given.": "必须给出。",
    "Try:": "建议：",
    "another file.": "换一个文件。",
}
BOOK = Book(SAID, {"months": "月"})


@pytest.mark.parametrize(
    "made, said",
    [("cannot be read: Is a directory.", "无法读取：是文件夹。"),
     ("cannot be read: something that others wrote.", "无法读取：something that others wrote。"),
     ("12 rows", "12 行"), ("some other rows", "some other rows"),  # {n} takes numbers alone
     ("column 'a' has 3 values", "列 'a' 有 3 个值"),
     ("column 'x has 3 values' has 7 values", "列 'x has 3 values' 有 7 个值"),  # what is quoted is not looked into
     ("line 2 has 3, line 7 has 4", "第 2 行有 3 个、第 7 行有 4 个"),
     ("must be given.", "必须给出。"), ("row 3: must be given.", "第 3 行：必须给出。"),
     ("charge 3: cost", "第 3 笔费用：cost"),  # a key stays
     ("'q' is no a name.", "'q' 不是名称。"),
     ("must be given. Try: another file.", "必须给出。建议：another file.".replace("another file.", "换一个文件。")),
     ("months", "月"), ("3 months", "3 months")],  # known as a whole alone
)  # fmt: skip
def test_a_text_is_said_by_its_pattern(made: str, said: str) -> None:
    assert BOOK.again(made) == said


def test_of_two_patterns_the_closer_one_counts() -> None:
    book = Book({"cannot be {x}.": "不能 {x}。", "cannot be read in {x}.": "在 {x} 中无法读取。"}, {})
    assert book.again("cannot be read in 'a'.") == "在 'a' 中无法读取。"


def test_a_sentence_of_others_is_not_said_by_half() -> None:
    """A pattern of a few letters takes in what it does not know: then all of it stays."""
    assert BOOK.again("either this or that is no parquet file at all.") == (
        "either this or that is no parquet file at all.")  # fmt: skip


def test_values_stay_as_they_are() -> None:
    """A quoted value that happens to be a text of ours is a value."""
    assert BOOK.again("column 'a name' has 2 values") == "列 'a name' 有 2 个值"
    assert BOOK.again("'a name'") == "'a name'"
    for value in ("{n}", "{x}{y}", "%s {0}", "\\1 \\g<0>"):
        assert BOOK.again(f"column '{value}' has 2 values") == f"列 '{value}' 有 2 个值"


def test_a_field_that_comes_twice_is_the_same_twice() -> None:
    phrase = Phrase.of("from {a} to {b}, that is {a}", "{a} {b}")
    assert phrase.taken("from 1 to 2, that is 1") == {"a": "1", "b": "2"}
    assert phrase.taken("from 1 to 2, that is 3") is None


@pytest.mark.parametrize(
    "hostile", [": " * 4000, "column 'column 'column '" * 300, "rows of rows of " * 500, "95 % " * 1500, "a. A" * 2000]
)
def test_a_text_made_to_be_tried_in_every_way_is_left_after_some(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is, no more texts within it are looked up than a bound allows."""
    looked = 0
    real = Book.fitting

    def counted(self: Book, made: str) -> object:
        nonlocal looked
        looked += 1
        return real(self, made)

    monkeypatch.setattr(Book, "fitting", counted)
    language("zh").again(hostile)
    assert looked <= phrases.MOST * (phrases.PLACES * 8)


def test_what_is_very_long_is_not_looked_at() -> None:
    long = "cannot be read: " + "x" * phrases.LONGEST + "."
    assert BOOK.again(long) == long


@pytest.mark.parametrize(
    "made, said",
    [("d.csv: no such file", "d.csv: no such file"),
     ("cannot be read: [Errno 13] Permission denied: '/x/y'.", "无法读取：[Errno 13] 没有权限：'/x/y'。"),
     ("is no TOML: Invalid value (at line 1, column 4).", "不是 TOML：值无效（第 1 行第 4 列）。"),
     ("unknown setting 'modle'; known: model, positive.", "未知的设置 'modle'；已知的有：model, positive。"),
     ("did you mean 'model'?", "是不是 'model'？"),
     ("columns differ from those of 1.csv: lacks 'b' and adds 'c'.", "列与 1.csv 的不同：缺少 'b'和多出 'c'。")],
)  # fmt: skip
def test_errors_of_ours(made: str, said: str) -> None:
    assert language("zh").again(made) == said and language("en").again(made) == made
