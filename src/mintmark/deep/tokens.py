"""Tokens: texts as whole numbers and back, by a vocabulary learnt from texts; nothing is out of vocabulary.

What is kept is the JSON of the `tokenizers` library. Two numbers beyond its own mark where a text begins and ends:
no text can hold them, whatever is written in it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

MANY = 1000
"""different characters from which on a text is taken to be of a script that has a character for a word"""
LONGEST = 64
"""characters of one word at most: what is longer is cut, so that a line of a megabyte takes no longer than prose"""
SEEN = 2
"""times that a character is seen, at least, to be one of its own; rarer ones are spelt in bytes"""
HALF = "\ufffd"
"""what bytes are decoded to that are no character, or none yet"""
MOST = f"{{1,{LONGEST}}}"
WORDS = rf"'(?:[sdmt]|ll|ve|re)| ?\p{{L}}{MOST}| ?\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]{MOST}|\s{MOST}(?!\S)|\s{MOST}"
"""as GPT-2 cuts texts, but for lengths; Radford et al., 2019"""


def learn(texts: Sequence[str], kind: Literal["auto", "characters", "bpe"], size: int) -> str:
    """The JSON of a tokenizer for such texts.

    characters: each that comes twice at least; bpe: byte pairs, merged until there are `size` tokens; auto: characters
    where there are very many different ones, as in Chinese, else bpe.
    """
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(text)
    if kind == "characters" or (kind == "auto" and len(seen) > MANY):
        made = _characters(sorted(c for c, n in seen.items() if n >= SEEN))
    else:
        made = _pairs(texts, size)
    said: str = made.to_str()
    return said


def _characters(known: list[str]) -> Tokenizer:
    vocabulary = {f"<0x{i:02X}>": i for i in range(256)} | {c: 256 + i for i, c in enumerate(known)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(rf"[\s\S]{MOST}"), "isolated")
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return made


def _pairs(texts: Sequence[str], size: int) -> Tokenizer:
    made = Tokenizer(models.BPE())
    cut = Regex(WORDS)
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(cut, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=max(size, 256), min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    return made


@dataclass(frozen=True)
class Tokens:
    inner: Tokenizer
    begin: int
    """stands before a text"""
    end: int
    """stands behind a text"""
    size: int
    """numbers from 0 that a token can be"""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        made = self.inner.encode_batch_fast(list(texts), add_special_tokens=False)
        return [one.ids for one in made]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.inner.decode([i for i in ids if i not in (self.begin, self.end)], skip_special_tokens=True)
        return text


@lru_cache(maxsize=8)
def of(said: bytes, begin: int | None = None, end: int | None = None, size: int | None = None) -> Tokens:
    """The tokens of a tokenizer's JSON; its marks are two numbers of their own, or those that a model was made with."""
    inner = Tokenizer.from_str(said.decode())
    inner.no_truncation()
    inner.no_padding()
    inner.encode_special_tokens = True  # what looks like a mark within a text is text
    own = inner.get_vocab_size(with_added_tokens=True)
    begin, end = own if begin is None else begin, own + 1 if end is None else end
    return Tokens(inner, begin, end, size or max(own, begin + 1, end + 1))


@dataclass
class Spoken:
    """The text of tokens that come one by one; bytes that are no whole character yet are held back."""

    tokens: Tokens
    text: str = ""
    ids: list[int] = field(default_factory=list)
    _from: int = 0
    _read: int = 0

    def add(self, token: int) -> str:
        """The text that this token completes.

        It is decoded together with the few tokens before it, since a tokenizer may write a token in its own way at the
        beginning of a text.
        """
        self.ids.append(token)
        before = self.tokens.decode(self.ids[self._from : self._read])
        now = self.tokens.decode(self.ids[self._from :])
        if now.endswith(HALF) and len(self.ids) - self._read < 4:
            return ""
        self._from, self._read = self._read, len(self.ids)
        new = now[len(before) :]
        self.text += new
        return new
