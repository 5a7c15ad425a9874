"""Words: what is said to people in their language: texts by catalogues, and figures, money and dates by custom.

The texts in the code are English and are the keys of the catalogues, `locale/CODE/*.po` (gettext's own form, which its
editors open). English reads no catalogue. What was put together in English and comes as a whole (a record's notes and
sources, an error with its place and remedy) is said again in another language by the pattern it was made from: see
`Language.again`.
"""

import math
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mintmark.base import figures
from mintmark.base.errors import unknown
from mintmark.base.phrases import Book

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "zh": "中文"}
SETTINGS = ("MINTMARK_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""environment variables that name a language: ours, then those of gettext in its order"""
MADE = ("record.po", "errors.po", "others.po")
"""catalogues of patterns: of what records hold, of what errors say, of what other people's programs say in them"""
LARGE = {
    "en": ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")),
    "zh": ((1e12, 1e12, "万亿"), (1e8, 1e8, "亿"), (1e4, 1e4, "万")),
}
"""from which size on, divided by what, written with what"""
CURRENCIES = {
    "CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元", "TWD": "新台币",
    "SGD": "新加坡元", "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎", "KRW": "韩元", "INR": "印度卢比",
}  # fmt: skip
"""names of currencies in Chinese; in English and of others the code is written, which is never ambiguous"""
CACHED = 500
"""characters of a text said again that is kept: the same ones come often, and long ones seldom"""
BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff]) (?=和 )|(?<=和) (?=[\u4e00-\u9fff])")
"""blanks around the last comma of a list, where it stands beside Chinese"""
ESCAPE = re.compile(r'\\(["\\nt])')


def mark(text: str) -> str:
    """The same text, marked as one to be said in every language: for tables of texts that are said later."""
    return text


def language(code: str = "") -> "Language":
    """The language of this code, such as zh or zh_CN.UTF-8; without one that of the environment, else English.

    Raises: RecipeError: no language of ours.
    """
    if not code:
        named = [os.environ.get(n, "") for n in SETTINGS]
        said = next((n for names in named for n in names.split(":") if n), "")
        return Language(said[:2].lower() if said[:2].lower() in LANGUAGES else "en")
    short = re.split("[-_.@]", code.strip().lower())[0]
    if short not in LANGUAGES:
        raise unknown("language", code, LANGUAGES, where="--lang")
    return Language(short)


def say(text: str, lang: str = "", **values: Any) -> str:
    """The text in that language, its {fields} filled."""
    return language(lang)(text, **values)


@dataclass(frozen=True)
class Language:
    """Says texts, and writes figures, in one language."""

    code: str

    def __call__(self, text: str, /, **values: Any) -> str:
        """The text with its {fields} filled; figures among the values are written as people write them.

        A text that no catalogue holds is said in English.
        """
        said = text if self.code == "en" else catalogue(self.code).get(text, text)
        return said.format(**{k: self._written(v) for k, v in values.items()}) if values else said

    def count(self, n: int, one: str, many: str, /, **values: Any) -> str:
        """One of two texts, for one thing and for several; both have the field {n}. Only the second is translated."""
        return self(one if n == 1 and self.code == "en" else many, n=n, **values)

    def again(self, made: str) -> str:
        """What was made in English, said in this language where the pattern that it was made from is known.

        What a pattern's fields took in is said again too; names, values and quoted texts stay as they are.
        """
        if self.code == "en" or not made:
            return made
        return _again(made, self.code) if len(made) <= CACHED else book(self.code).again(made)

    def told(self, thing: Mapping[str, Any]) -> str:
        """What a result holds as a text in English and the values of its fields, said in this language."""
        return self(
            thing["text"], **{n: self.again(v) if isinstance(v, str) else v for n, v in thing["values"].items()}
        )

    def left(self, text: str, width: int) -> str:
        """The text with blanks behind it, as wide as so many cells of a screen."""
        return text + " " * (width - cells(text))

    def cut(self, text: str, width: int) -> str:
        """The text, or as much of it with an ellipsis as so many cells of a screen hold."""
        if cells(text) <= width:
            return text
        while cells(text) > width - 1:
            text = text[:-1]
        return text + "…"

    def right(self, text: str, width: int) -> str:
        return " " * (width - cells(text)) + text

    def listed(self, names: Sequence[str]) -> str:
        """a, b and c; a、b 和 c."""
        comma, last = {"en": (", ", " and "), "zh": ("、", " 和 ")}[self.code]
        made = last.join(p for p in (comma.join(names[:-1]), names[-1] if names else "") if p)
        return BETWEEN.sub("", made) if self.code == "zh" else made

    def together(self, *sentences: str) -> str:
        """Sentences one after another, those left out that are empty."""
        return (" " if self.code == "en" else "").join(s for s in sentences if s)

    def number(self, value: float) -> str:
        """As figures are written, with a true minus sign; a dash for what is none."""
        return figures.number(value).replace("-", "−") if math.isfinite(value) else "–"

    def share(self, value: float) -> str:
        """As a percentage of three significant digits."""
        figure = float(f"{100 * value:.3g}")
        text = f"{figure:,.0f}" if 1000 <= abs(figure) < 1e15 else f"{figure:.3g}"
        return f"{text}{' ' if self.code == 'en' else ''}%".replace("-", "−")

    def compact(self, value: float) -> str:
        """For an axis or a narrow place: 25k, 1.5M; 2.5万, 1.5亿."""
        for size, by, name in LARGE[self.code]:
            if size <= abs(value) < 1e15:
                return f"{value / by:.4g}{name}".replace("-", "−")
        return self.number(value)

    def money(self, value: float, currency: str) -> str:
        return f"{self.number(value)} {self.currency(currency)}".strip()

    def currency(self, code: str) -> str:
        return CURRENCIES.get(code, code) if self.code == "zh" else code

    def moment(self, iso: str) -> str:
        """A date, or a date with its time of day, as ISO 8601 writes it; anything else as it is."""
        found = re.match(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d))?", iso)
        if not found:
            return iso
        year, month, day, time = found.groups()
        date = f"{year}年{int(month)}月{int(day)}日" if self.code == "zh" else f"{year}-{month}-{day}"
        return f"{date} {time}" if time else date

    def duration(self, seconds: float) -> str:
        """Of two parts at most: 3 min 20 s; 3 分 20 秒."""
        hour, minute, second = {"en": ("h", "min", "s"), "zh": ("小时", "分", "秒")}[self.code]
        if not math.isfinite(seconds):
            return "–"
        if abs(seconds) < 60:
            return f"{self.number(seconds)} {second}" if seconds >= 0.1 or seconds == 0 else self._short(seconds)
        whole = round(seconds)
        first, rest, units = whole // 60, whole % 60, (minute, second)
        if whole >= 3600:
            first, rest, units = whole // 3600, whole % 3600 // 60, (hour, minute)
        return f"{first:,} {units[0]}" + (f" {rest} {units[1]}" if rest else "")

    def size(self, count: float) -> str:
        """Of bytes: 1.2 GB."""
        for least, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if count >= least:
                return f"{count / least:.3g} {name}"
        return f"{self.number(count)} B"

    def _short(self, seconds: float) -> str:
        milli, micro = {"en": ("ms", "µs"), "zh": ("毫秒", "微秒")}[self.code]
        return f"{self.number(seconds * 1e3)} {milli}" if seconds >= 1e-4 else f"{self.number(seconds * 1e6)} {micro}"

    def _written(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        return f"{value:,}".replace("-", "−") if isinstance(value, int) else self.number(value)


# --- catalogues -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(code: str) -> Mapping[str, str]:
    """Text -> its translation, of all catalogues of a language; those still without one are not in it."""
    made: dict[str, str] = {}
    for path in sorted((LOCALE / code).glob("*.po")):
        made |= {text: said for text, said in read(path).items() if said}
    return made


def read(path: Path) -> dict[str, str]:
    """Text -> translation of a .po file: plain entries of msgid and msgstr, comments, texts over several lines.

    Raises: ValueError: anything else, or a text that stands there twice (names the line).
    """
    made: dict[str, str] = {}
    now: dict[str, str] = {}
    at = ""
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        line = line.strip()
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#") or (word == "msgid" and "msgstr" in now):
            if "msgstr" in now:
                if now["msgid"] in made:
                    raise ValueError(f"{path}:{number}: {now['msgid'][:60]!r} stands there twice")
                made[now["msgid"]] = now["msgstr"]
                now = {}
            if word != "msgid":
                continue
        if word in ("msgid", "msgstr"):
            at = word
            now[at] = ""
            line = rest.strip()
        if not at or len(line) < 2 or line[0] != '"' or line[-1] != '"':
            raise ValueError(f"{path}:{number}: neither msgid nor msgstr, nor a text in quotation marks: {line[:60]!r}")
        now[at] += ESCAPE.sub(lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), line[1:-1])
    made.pop("", None)  # the header
    return made


@lru_cache(maxsize=len(LANGUAGES))
def book(code: str) -> Book:
    """The patterns of a language, and its other texts."""
    made: dict[str, str] = {}
    for name in MADE:
        path = LOCALE / code / name
        made |= {text: said for text, said in read(path).items() if said} if path.exists() else {}
    return Book(made, catalogue(code))


@lru_cache(maxsize=2048)
def _again(made: str, code: str) -> str:
    return book(code).again(made)


def cells(text: str) -> int:
    """How wide a terminal shows the text: Chinese characters take two cells, what is put above others none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
