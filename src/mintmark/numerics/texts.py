"""Measures of texts alone: how varied they are, and how often they repeat themselves."""

import re
from collections.abc import Sequence

CHARACTERS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
UNITS = re.compile(rf"[{CHARACTERS}]|[^\W{CHARACTERS}]+")


def units(text: str) -> list[str]:
    """Words, and single characters where a script puts no space between words."""
    return UNITS.findall(text.casefold())


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams as a share of all n-grams of all texts; 0 where there are none.

    Source: Li et al., A diversity-promoting objective function for neural conversation models, 2016.
    """
    grams = [tuple(t[i : i + n]) for t in texts for i in range(len(t) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def repeated(texts: Sequence[Sequence[str]], n: int) -> float:
    """The share of n-grams that the same text has written before."""
    grams = [[tuple(t[i : i + n]) for i in range(len(t) - n + 1)] for t in texts]
    count = sum(map(len, grams))
    return 1 - sum(len(set(g)) for g in grams) / count if count else 0.0
