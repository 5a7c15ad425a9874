"""Phrases: a text that was made from a pattern with {fields}, taken apart again and said in another language.

Patterns are not regular expressions: their fixed pieces are looked for one after the other, each once, so a text costs
no more than its length for each pattern, whatever it holds. Fields are said again too, as far as `MOST` goes.
"""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

FIELD = re.compile(r"\{(\w*)\}")
LONGEST = 10_000
"""characters of what is said again; a longer text stays as it is"""
MOST = 64
"""texts within one text that are looked up, itself among them"""
DEEPEST = 5
"""fields within fields"""
NUMBERS = re.compile(r"[\d.,−-]+(?:e[+-]?\d+)?")
STARTS = {"n": "0123456789.−-", "quoted": "'\"`"}
"""fields that hold a number (n, n2, n3), or a text in quotation marks, by what they begin with; without that
`{n} rows` would take in any text that ends so"""
NAMED = {"column", "field", "file", "got", "join", "key", "keys", "known", "listed", "name", "names", "near", "path"}
"""fields that hold names of things or lists of them: single words there stay"""
WEAK = 12
"""characters of a pattern so short that it takes in what others wrote: where that stays, all of it does"""
QUOTES = re.compile("'[^']*'|\"[^\"]*\"|`[^`]*`")
PROSE = re.compile(r"\b[a-z]+[,;]? [a-z]+\b")
"""what is left in a field where a pattern took in more than a name: another one may say it better"""
FOREIGN = re.compile(r"(?:\b[a-z]+ ){3}")
"""what is left where it took in a sentence of others"""
CLOSEST = 6
"""patterns that fit of which the best is looked for"""
LETTERS = re.compile("[A-Za-z]{2}")
NAMES = re.compile(r"[^\s,]+(?:(?:, | and | or )[^\s,]+)*")
HAN = re.compile("[\u4e00-\u9fff]")
SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Za-z0-9'\"`])")
ENDED = re.compile(r"[^.]\.$")
PLACES = 3
"""colons behind which a text is looked for"""
TRY = " Try: "
"""between what went wrong and what to do in the text of an error"""


@dataclass(frozen=True)
class Phrase:
    """A pattern: its fixed pieces, one more than its fields, and what it says in the other language."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    said: str

    @classmethod
    def of(cls, text: str, said: str) -> "Phrase":
        """Raises: ValueError: two fields beside each other, which nothing could tell apart."""
        cut = FIELD.split(text)
        if "" in cut[2:-1:2]:
            raise ValueError(f"{text[:60]!r}: two fields beside each other")
        return cls(tuple(cut[::2]), tuple(cut[1::2]), said)

    @property
    def fixed(self) -> int:
        """Characters that are the pattern's own: of two that fit, the one with more of them says it better."""
        return sum(map(len, self.pieces))

    @property
    def anchor(self) -> str:
        """The longest piece: a text without it cannot be of this pattern."""
        return max(self.pieces, key=len)

    def taken(self, made: str) -> dict[str, str] | None:
        """What each field holds, at least a character each; None where the text is not of this pattern.

        A piece is looked for behind a quoted value first, as that may hold the same words.
        """
        first, last = self.pieces[0], self.pieces[-1]
        if len(made) < self.fixed + len(self.names) or not made.startswith(first) or not made.endswith(last):
            return None
        at, end, found = len(first), len(made) - len(last), dict[str, str]()
        for i, (name, piece) in enumerate(zip(self.names, [*self.pieces[1:-1], ""], strict=True)):
            until = _next(made, piece, at, end, STARTS.get(_kind(self.names[i + 1]), "")) if piece else end
            value = made[at:until]
            if until <= at or found.get(name, value) != value or not _holds(name, value):
                return None
            found[name], at = value, until + len(piece)
        return found

    def filled(self, values: Mapping[str, str], told: Collection[str]) -> str:
        """What it says, with these values in its fields; no blank is left between Chinese and what was told, too."""
        made, before = "", False
        for i, part in enumerate(FIELD.split(self.said)):
            text, new = (values[part], part in told) if i % 2 else (part, False)
            if new and HAN.search(made[-2:-1]) and made[-1] == " " and HAN.match(text):
                made = made[:-1]
            elif before and made and HAN.match(made[-1]) and text[:1] == " " and HAN.match(text[1:]):
                text = text[1:]
            made, before = made + text, new
        return made


def _holds(name: str, value: str) -> bool:
    """Whether the field of this name can hold this value."""
    kind = _kind(name)
    if value.startswith("= "):
        return False  # a line of TOML, whose key is no word
    return value[0] in STARTS.get(kind, value[0]) and (kind != "n" or bool(NUMBERS.fullmatch(value)))


def _kind(name: str) -> str:
    return name.rstrip("0123456789")


def _next(made: str, piece: str, at: int, end: int, starts: str) -> int:
    """Where a piece comes next, before one of these characters if there are any; -1: nowhere."""
    quote = made[at] if made[at : at + 1] in ("'", '"', "`") else ""
    closed = made.find(quote, at + 1, end) if quote else -1
    behind = made.find(piece, closed + 1, end) if closed > 0 else -1
    place = behind if behind > 0 else made.find(piece, at + 1, end)
    while place > 0 and starts and made[place + len(piece) : place + len(piece) + 1] not in starts:
        place = made.find(piece, place + 1, end)
    return place


class Book:
    """The phrases of a language."""

    def __init__(self, said: Mapping[str, str], others: Mapping[str, str]) -> None:
        """said: pattern -> translation; others: texts that are only known as a whole, and not as a field."""
        self.whole = {t: s for t, s in said.items() if not FIELD.search(t)}
        self.others = others
        made = (Phrase.of(t, s) for t, s in said.items() if FIELD.search(t))
        self.phrases = [(p.anchor, p) for p in sorted(made, key=lambda p: (-p.fixed, len(p.names)))]

    def again(self, made: str) -> str:
        """The text in this language, as much of it as is known."""
        if len(made) > LONGEST or not LETTERS.search(made):
            return made
        known = self.whole.get(made) or self.others.get(made)
        return known if known is not None else Retelling(self).tell(made)

    def of_whole(self, made: str) -> str:
        """What a text without fields says, with a full stop or without; "" where it is not known."""
        known = self.whole.get(made, "")
        if not known and made[-1:] == "." and (known := self.whole.get(made[:-1], "")):
            known += "。"
        return known

    def fitting(self, made: str) -> Iterator[tuple[Phrase, dict[str, str]]]:
        """Patterns that the text can be of, the closest first, and what their fields hold."""
        for anchor, phrase in self.phrases:
            if anchor in made and (found := phrase.taken(made)) is not None:
                yield phrase, found


class Retelling:
    """One text on its way into another language."""

    def __init__(self, book: Book) -> None:
        self.book, self.left = book, MOST

    def tell(self, made: str, depth: int = 0) -> str:
        """What nobody knows stays: names, values, and the words of other programs."""
        if not LETTERS.search(made) or _quoted(made):
            return made
        if whole := self.book.of_whole(made):
            return whole
        if depth > DEEPEST or self.left <= 0:
            return made
        self.left -= 1
        what, tried, fix = made.partition(TRY)
        second = ""
        for phrase, fields in itertools.islice(self.book.fitting(made), CLOSEST):
            if tried and not any(TRY in piece for piece in phrase.pieces):
                continue
            if not second and (told := self._behind_place(made, phrase.fixed, depth)):
                return told
            said = {name: self._held(name, value, depth) for name, value in fields.items()}
            filled = phrase.filled(said, {n for n, v in fields.items() if said[n] != v})
            left = [QUOTES.sub("", value) for value in said.values()]
            if not any(map(PROSE.search, left)):
                return filled
            second = second or (filled if phrase.fixed >= WEAK or not any(map(FOREIGN.search, left)) else made)
        if second not in ("", made):
            return second
        if tried:
            return f"{self.tell(what, depth + 1)}{self.book.whole.get('Try:', 'Try:')}{self.tell(fix, depth + 1)}"
        return self._behind_place(made, 0, depth) or self._before_key(made, depth) or self._by_parts(made, depth + 1)

    def _held(self, name: str, value: str, depth: int) -> str:
        """What the field of this name holds; names stay."""
        return value if _kind(name) in NAMED and NAMES.fullmatch(value) else self.tell(value, depth + 1)

    def _behind_place(self, made: str, least: int, depth: int) -> str:
        """A place, a colon, and a text that some pattern fits better than one of this length fits the whole."""
        ends = made[-1:] if made[-1:] == "." else ""  # a sentence is not taken for a text that a field ends
        at = -1
        for _ in range(PLACES):
            at = made.find(": ", at + 1)
            tail = made[at + 2 :]
            if at <= 0 or not tail:
                break
            best = next((p.fixed for p, _ in self.book.fitting(tail) if p.pieces[-1].endswith(ends)), 0)
            if max(best, len(tail) if tail in self.book.whole else 0) > least:
                place = self.tell(made[:at], depth + 1)
                told = self.tell(tail, depth + 1)
                if (place, told) != (made[:at], tail) and (not least or place != made[:at] or not PROSE.search(place)):
                    return f"{place}：{told}"
        return ""

    def _before_key(self, made: str, depth: int) -> str:
        """A place, a colon, and a key or name in it."""
        place, _, key = made.rpartition(": ")
        told = self.tell(place, depth + 1) if key and key.isidentifier() else place
        return f"{told}：{key}" if told != place else ""

    def _by_parts(self, made: str, depth: int) -> str:
        """A text put together from several: sentences, a place before what was found there, a list."""
        if core := made.strip() if made != made.strip() else "":
            return made.replace(core, self.tell(core, depth), 1)
        sentences = SENTENCE.split(made)[:8] if made.count(". ") < 8 else []
        if len(sentences) > 1 and (said := [self.tell(s, depth) for s in sentences]) != sentences:
            return "".join(s if s[-1:] in "。！？" else s + " " for s in said).rstrip()
        if ENDED.search(made) and (told := self.tell(made[:-1], depth)) != made[:-1]:
            return told + "。"
        for between, instead in (("; ", "；"), (", ", "、"), (" or ", "或"), (" and ", "和")):
            parts = made.split(between)
            said = [self.tell(p, depth) for p in parts] if 1 < len(parts) <= 12 else parts
            left = [p for p, t in zip(parts, said, strict=True) if p == t]
            if len(left) < len(parts) and not any(" " in p and not _quoted(p) for p in left):  # names stay
                return instead.join(said)
        return made


def _quoted(made: str) -> bool:
    """Whether it is one value in quotation marks."""
    return len(made) > 1 and made[0] in "'\"`" and made[0] == made[-1] and made[0] not in made[1:-1]
