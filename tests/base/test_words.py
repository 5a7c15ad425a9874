"""Words: catalogues as they must be; figures, money and dates by custom; the language that is asked for."""

import ast
import re
from pathlib import Path

import pytest

from mintmark.base import words
from mintmark.base.errors import RecipeError

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "mintmark"


def fields(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


@pytest.mark.parametrize("path", sorted(words.LOCALE.glob("*/*.po")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_translations_have_the_fields_of_their_texts(path: Path) -> None:
    for text, said in words.read(path).items():
        assert fields(text) == fields(said), text
        assert text.strip() and said.strip()
        if path.parent.name == "zh":
            assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?!\w)", said), f"half-width marks: {said}"


def test_no_two_catalogues_say_the_same_text_otherwise() -> None:
    seen: dict[str, str] = {}
    for path in sorted((words.LOCALE / "zh").glob("*.po")):
        for text, said in words.read(path).items():
            assert seen.setdefault(text, said) == said, text


def test_patterns_of_records_are_in_the_code() -> None:
    """What a record holds is said again by its pattern: each must still be made somewhere."""
    whole = (text for p in sorted(SRC.rglob("*.py")) for text in pieces(p.read_text(encoding="utf-8")))
    made = "\n".join(" ".join(re.findall(r"\w+", text)) for text in whole)
    for text in words.read(words.LOCALE / "zh" / "record.po"):
        parts = [re.findall(r"\w+", part) for part in re.split(r"\{\w*\}", text)]
        missing = [part for part in parts if not covered(part, made)]
        assert not missing, f"{text!r}: nothing in the code says {missing}"


def covered(said: list[str], made: str, most: int = 3) -> bool:
    """Whether the code has these words as they follow each other, put together from a few pieces at most."""
    if not said:
        return True
    lengths = (n for n in range(len(said), 0, -1) if " ".join(said[:n]) in made)
    n = next(lengths, 0)
    return n > 0 and most > 0 and covered(said[n:], made, most - 1)


def pieces(source: str) -> list[str]:
    """Texts of the code, of f-strings their fixed parts, neighbours joined."""
    return [
        "".join(v.value for v in n.values if isinstance(v, ast.Constant) and isinstance(v.value, str))
        if isinstance(n, ast.JoinedStr)
        else n.value
        for n in ast.walk(ast.parse(source))
        if isinstance(n, ast.JoinedStr) or isinstance(n, ast.Constant) and isinstance(n.value, str)
    ]


def test_english_reads_no_catalogue() -> None:
    words.catalogue.cache_clear()
    assert words.say("{n} nodes below", "en", n=3) == "3 nodes below"
    assert words.catalogue.cache_info().misses == 0


def test_a_text_without_translation_is_said_in_english() -> None:
    assert words.say("never heard of {x}", "zh", x="<b>") == "never heard of <b>"


def test_values_are_never_read_as_patterns() -> None:
    assert words.say("a {x}", "en", x="{y} {0} %s") == "a {y} {0} %s"


@pytest.mark.parametrize(
    "settings, code",
    [({}, "en"), ({"LANG": "C"}, "en"), ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "zh_CN", "LC_ALL": "en_US"}, "en"),
     ({"LANGUAGE": "zh:en", "LANG": "de_DE"}, "zh"),
     ({"MINTMARK_LANG": "zh", "LANGUAGE": "en"}, "zh"), ({"MINTMARK_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
     ({"LANG": "fr_FR.UTF-8"}, "en")],
)  # fmt: skip
def test_the_environment_names_the_language(
    settings: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in words.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert words.language().code == code


def test_a_language_that_is_asked_for_counts_and_must_be_known() -> None:
    assert [words.language(c).code for c in ("zh", "ZH-cn", "zh_TW.UTF-8", "en")] == ["zh", "zh", "zh", "en"]
    with pytest.raises(RecipeError, match="unknown language 'eng'"):
        words.language("eng")


def test_figures_by_custom() -> None:
    en, zh = words.language("en"), words.language("zh")
    assert (en.compact(25_000), zh.compact(25_000), en.compact(-1.5e8), zh.compact(-1.5e8)) == (
        "25k", "2.5万", "−150M", "−1.5亿")  # fmt: skip
    assert (en.share(0.125), zh.share(0.125)) == ("12.5 %", "12.5%")
    assert (en.share(10.4321), zh.share(-123.4), en.share(9.9996)) == ("1,040 %", "−12,300%", "1,000 %")
    assert (en.money(-1234.5, "EUR"), zh.money(-1234.5, "EUR"), zh.money(3, "CNY"), zh.money(3, "XAU")) == (
        "−1,234 EUR", "−1,234 欧元", "3 元", "3 XAU")  # fmt: skip
    at = "2026-02-03T04:05:06+00:00"
    assert (en.moment(at), zh.moment(at), zh.moment("2026-11-20")) == (
        "2026-02-03 04:05", "2026年2月3日 04:05", "2026年11月20日")  # fmt: skip
    assert (en.moment("<soon>"), zh.moment("")) == ("<soon>", "")
    assert [en.duration(s) for s in (0, 0.00031, 0.5, 59, 60, 200, 7300, 90_000)] == [
        "0 s", "0.31 ms", "0.5 s", "59 s", "1 min", "3 min 20 s", "2 h 1 min", "25 h"]  # fmt: skip
    assert (zh.duration(200), zh.duration(7300), zh.duration(0.002)) == ("3 分 20 秒", "2 小时 1 分", "2 毫秒")
    assert (en.size(1.5e9), en.size(512), zh.size(2e6)) == ("1.5 GB", "512 B", "2 MB")
    assert (en.listed(["a", "b", "c"]), zh.listed(["a", "b", "c"]), en.listed(["a"]), en.listed([])) == (
        "a, b and c", "a、b 和 c", "a", "")  # fmt: skip
    assert (en.number(float("nan")), en.duration(float("inf")), en.number(-0.25)) == ("–", "–", "−0.25")
    assert (en.count(1, "{n} row", "{n} rows"), en.count(1234, "{n} row", "{n} rows")) == ("1 row", "1,234 rows")


def test_what_was_written_down_in_english_is_said_again() -> None:
    zh = words.language("zh")
    assert zh.again("1047 test rows") == "1047 行测试数据"
    assert zh.again("mean over 5 validation parts") == "5 份验证数据的均值"
    assert zh.again("nothing that we ever said") == "nothing that we ever said"
    assert words.language("en").again("1047 test rows") == "1047 test rows"
    whole = zh.again("column 'a {b}' is not used: it has one value.")
    assert "'a {b}'" in whole and "只有一个值" in whole


def test_the_width_of_a_text_is_that_of_the_screen() -> None:
    """A Chinese character takes two cells, an accent put above a letter none."""
    zh = words.language("zh")
    assert (words.cells("abc"), words.cells("训练"), words.cells("e\u0301"), words.cells("，a")) == (3, 4, 1, 3)
    assert zh.left("训练", 6) + "|" == "训练  |" and zh.right("训练", 6) == "  训练"
    assert words.cells(zh.left("收益 a", 12)) == words.cells(zh.right("收益", 12)) == 12
    assert zh.left("太长的文字", 4) == "太长的文字"


@pytest.mark.parametrize(
    "content", ['msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', 'msgid "a"\nmsgstr b\n', "nonsense\n"],
)  # fmt: skip
def test_a_damaged_catalogue_names_the_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.po:\d"):
        words.read(path)


def test_catalogues_are_gettexts_own_form(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(
        '# made by hand\nmsgid ""\nmsgstr "Language: zh\\n"\n\n#: here.py:3\n'
        'msgid "a \\"b\\"\\n"\n"c"\nmsgstr ""\n"甲 \\\\ "\n'
        '"乙"\nmsgid "d"\nmsgstr ""\n',
        encoding="utf-8",
    )
    assert words.read(path) == {'a "b"\nc': "甲 \\ 乙", "d": ""}
