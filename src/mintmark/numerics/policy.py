"""Policy: what no text that is answered may hold, blocked words and personal data; other text stands in its place.

Texts are compared by what they mean to a reader: case, width (１３８ is 138), kind of dash, space and digit, and
characters that are not seen make no difference. Time is linear in the text, whatever stands in it.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from mintmark.base.errors import RecipeError, unknown

Spans = list[tuple[int, int]]
LONGEST_WORD = 100
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\uac00-\ud7af"  # Korean
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Chinese, Japanese
)
"""scripts that put no space between words, or endings onto them: there a blocked word is blocked within any other"""
JOINS = rf"[^\W_{UNSPACED}]|[\u0300-\u036f]"
"""what before or after a word makes it part of another one"""
ENDS = re.compile(JOINS)

# --- personal data: each pattern is anchored at a rare sign or bounded in length -------------------------------------

AT = re.compile(r"@(?:[a-z0-9-]{1,63}\.){1,8}[a-z][a-z0-9-]{1,62}")
LOCAL = re.compile(r"[a-z0-9._%+'\u0300-\u036f-]")
LOCAL_MOST = 64
PHONE = re.compile(
    r"(?<![\d+])(?:"
    r"(?:\+|00)[ ]?\(?[1-9](?:[ .()/-]{0,3}[0-9]){6,14}"  # international, ITU E.164
    r"|(?:86[ -]?)?1[3-9][0-9][ -]?(?:[0-9]{4}[ -]?[0-9]{4}|[0-9]{3}[ -][0-9]{5})"  # Chinese mobile
    r"|\(?0[1-9][0-9]{1,2}\)?[ -][0-9]{7,8}"  # Chinese with area code
    r"|(?:1[ .-])?\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}"  # North American
    r")(?![0-9])"
)
SSN = re.compile(r"(?<![0-9])(?!000|666|9)[0-9]{3}([ -])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![0-9])")
GROUP = re.compile(r"[0-9]+")
RESIDENT = re.compile(r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9x]")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""of the check digit of GB 11643-1999"""
GROUPS = 6
"""of digits at most in one number"""
NUMBER_MOST = 80
"""no number that is masked is longer, separators included"""
NUMBER_TAIL = re.compile(r"[+(0-9][0-9x +().,/-]*\Z")
MAIL_MOST = 660
MAIL_TAIL = re.compile(r"[a-z0-9._%+'@\u0300-\u036f-]*\Z")


def learn(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a recipe's policy.   Raises: RecipeError: a word that is none, or no such kind of personal data."""
    blocked: set[str] = set()
    for i, word in enumerate(policy.get("blocked") or ()):
        folded = _fold(word.strip())[0] if isinstance(word, str) else ""
        if not folded.strip() or len(folded) > LONGEST_WORD:
            what = f"{str(word)[:40]!r} is no word of 1 to {LONGEST_WORD} letters."
            raise RecipeError(what, where=f"policy.blocked, number {i + 1}", fix='blocked = ["word", "two words"]')
        blocked.add(folded)
    mask = list(dict.fromkeys(policy.get("mask") or ()))
    for kind in mask:
        if kind not in KINDS:
            raise unknown("kind of personal data", str(kind), KINDS, where="policy.mask")
    instead = policy.get("instead", "***")
    if not isinstance(instead, str):
        raise RecipeError(f"got {instead!r}.", where="policy.instead", fix='instead = "***"')
    return {"blocked": sorted(blocked), "mask": mask, "instead": instead}


def apply(text: str, facts: Mapping[str, Any]) -> tuple[str, bool]:
    """The text with `instead` for each blocked word and masked datum, and whether a word was blocked."""
    folded, at = _fold(text)
    words, data = _found(folded, facts)
    return _without(text, _merged(words + data, at), facts["instead"]), bool(words)


def safe(text: str, facts: Mapping[str, Any]) -> str:
    """Of a text that is still being written, what is final: `apply` of the whole begins so, whatever comes."""
    folded, at = _fold(text)
    words, data = _found(folded, facts)
    cut = min([len(folded), _word_begun(folded, facts), *(HELD[kind](folded) for kind in facts["mask"])])
    end = len(text) if cut == len(folded) else _place(at, cut)
    spans = _merged(words + data, at)
    end = min([end, *(start for start, stop in spans if start < end < stop)])
    return _without(text[:end], [s for s in spans if s[1] <= end], facts["instead"])


# --- what a reader sees ----------------------------------------------------------------------------------------------


def _fold(text: str) -> tuple[str, list[int] | None]:
    """The text for comparison, and the place that each of its characters has in `text`; None: its own."""
    if text.isascii():
        return text.lower(), None
    seen = [_folded(c) for c in text]
    if max(map(len, seen)) == 1 == min(map(len, seen)):
        return "".join(seen), None
    return "".join(seen), [i for i, made in enumerate(seen) for _ in made]


@lru_cache(maxsize=65536)
def _folded(char: str) -> str:
    """One character: compatible form (NFKC's, decomposed), without case; nothing for what is not seen."""
    made = ""
    for c in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold()):
        kind = unicodedata.category(c)
        if kind == "Nd":
            made += str(unicodedata.decimal(c))
        elif kind != "Cf":
            made += {"Pd": "-", "Zs": " "}.get(kind, "-" if c == "\u2212" else c)
    return made


def _place(at: list[int] | None, i: int) -> int:
    return i if at is None else at[i]


def _merged(found: Spans, at: list[int] | None) -> Spans:
    """The places in the text itself; those that overlap are one."""
    out: Spans = []
    for start, stop in sorted(found):
        start, stop = _place(at, start), _place(at, stop - 1) + 1
        if out and start < out[-1][1]:
            out[-1] = out[-1][0], max(stop, out[-1][1])
        else:
            out.append((start, stop))
    return out


def _without(text: str, spans: Spans, instead: str) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], instead]
        end = stop
    return "".join([*parts, text[end:]])


def _found(folded: str, facts: Mapping[str, Any]) -> tuple[Spans, Spans]:
    """Blocked words, personal data."""
    return list(_words(folded, facts)), [span for kind in facts["mask"] for span in KINDS[kind](folded)]


# --- blocked words ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _lexicon(words: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str], dict[str, list[int]]]:
    """The words, what finds where one may begin, and the lengths of those that begin with each character."""
    lengths: dict[str, set[int]] = {}
    for word in words:
        lengths.setdefault(word[0], set()).add(len(word))
    first = re.compile("[" + "".join(map(re.escape, sorted(lengths))) + "]")
    return frozenset(words), first, {c: sorted(found) for c, found in lengths.items()}


def _words(folded: str, facts: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    if not facts["blocked"]:
        return
    words, first, lengths = _lexicon(tuple(facts["blocked"]))
    for match in first.finditer(folded):
        start = match.start()
        if not _apart(folded, start):
            continue
        for length in lengths[folded[start]]:
            stop = start + length
            if stop <= len(folded) and folded[start:stop] in words and _apart(folded, stop):
                yield start, stop


def _apart(folded: str, i: int) -> bool:
    """Whether a word may begin or end here: not between two letters of a script that puts spaces between words."""
    return not (0 < i < len(folded) and ENDS.match(folded[i - 1]) and ENDS.match(folded[i]))


def _word_begun(folded: str, facts: Mapping[str, Any]) -> int:
    """Where a blocked word begins that the end of the text may cut."""
    words = facts["blocked"]
    for start in range(max(0, len(folded) - LONGEST_WORD), len(folded)) if words else ():
        tail = folded[start:]
        near = bisect_left(words, tail)
        if near < len(words) and words[near].startswith(tail) and _apart(folded, start):
            return start
    return len(folded)


# --- personal data ---------------------------------------------------------------------------------------------------


def _emails(folded: str) -> Iterator[tuple[int, int]]:
    for match in AT.finditer(folded):
        start = at = match.start()
        while start > 0 and at - start < LOCAL_MOST and LOCAL.match(folded[start - 1]):
            start -= 1
        if start < at:
            yield start, match.end()


def _phones(folded: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in PHONE.finditer(folded))


def _ids(folded: str) -> Iterator[tuple[int, int]]:
    """Chinese resident numbers whose check digit is right, and social security numbers of the United States."""
    yield from (match.span() for match in SSN.finditer(folded))
    for start, stop, digits in _numbers(folded, 17, 18):
        end = stop + (len(digits) == 17)
        whole = digits + folded[stop:end]
        if RESIDENT.fullmatch(whole):
            total = sum(int(d) * w for d, w in zip(whole, WEIGHTS, strict=False))
            if "10x98765432"[total % 11] == whole[17]:
                yield start, end


def _cards(folded: str) -> Iterator[tuple[int, int]]:
    """Payment cards: 13 to 19 digits whose sum is right (Luhn, ISO/IEC 7812-1)."""
    for start, stop, digits in _numbers(folded, 13, 19):
        doubled = [int(d) * 2 for d in digits[-2::-2]]
        if sum(d - 9 * (d > 9) for d in doubled) % 10 == -sum(map(int, digits[::-2])) % 10 and set(digits) != {"0"}:
            yield start, stop


def _numbers(folded: str, least: int, most: int) -> Iterator[tuple[int, int, str]]:
    """Each run of whole groups of digits, a space or dash between them, that has so many digits in all."""
    groups = [match.span() for match in GROUP.finditer(folded)]
    for i, (start, _) in enumerate(groups):
        if groups[min(i + GROUPS, len(groups)) - 1][1] - start < least:
            continue
        digits = ""
        for j in range(i, min(i + GROUPS, len(groups))):
            begin, stop = groups[j]
            if len(digits) + stop - begin > most or j > i and folded[groups[j - 1][1] : begin] not in (" ", "-"):
                break
            digits += folded[begin:stop]
            if len(digits) >= least:
                yield start, stop, digits


def _number_begun(folded: str) -> int:
    """Where a number begins that the end of the text may cut."""
    return _begun(folded, NUMBER_TAIL, NUMBER_MOST)


def _begun(folded: str, tail: re.Pattern[str], most: int) -> int:
    window = max(0, len(folded) - most)
    found = tail.search(folded, window)
    return found.start() if found else len(folded)


KINDS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _emails,
    "phone": _phones,
    "id_number": _ids,
    "card": _cards,
}
HELD: dict[str, Callable[[str], int]] = {
    "email": lambda folded: _begun(folded, MAIL_TAIL, MAIL_MOST),
    "phone": _number_begun,
    "id_number": _number_begun,
    "card": _number_begun,
}
"""where what may be cut begins, for each kind"""
