"""Sampling: which token comes next, from the network's logits; random numbers are the question's own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Manner:
    temperature: float = 1.0
    """0: always the most probable token"""
    top_k: float = 0
    """so many most probable tokens; 0: all"""
    top_p: float = 1.0
    """the fewest most probable tokens that have this much probability together"""
    min_p: float = 0.0
    """tokens at least this probable, as a share of the most probable one's"""


def probabilities(logits: Array, manner: Manner) -> Floats:
    """What is drawn from: the filters act one after another, each on what the one before it left.

    Shapes: (v,) -> (v,). Of equally probable tokens the one with the lower number counts as the more probable.
    Source: top-p: Holtzman et al., 2020; min-p: Nguyen et al., 2024.
    """
    if manner.temperature == 0:
        made: Floats = np.zeros(len(logits))
        made[int(logits.argmax())] = 1.0
        return made
    z = logits.astype(np.float64)
    p: Floats = np.exp((z - z.max()) / manner.temperature)
    p /= p.sum()
    if 0 < manner.top_k < len(p) or manner.top_p < 1:
        order = np.argsort(-p, kind="stable")
        if 0 < manner.top_k < len(p):
            p[order[int(manner.top_k) :]] = 0.0
            p /= p.sum()
        if manner.top_p < 1:
            before = np.cumsum(p[order]) - p[order]
            gone = before >= manner.top_p
            gone[0] = False
            p[order[gone]] = 0.0
    if manner.min_p > 0:
        p[p < manner.min_p * p.max()] = 0.0
    p /= p.sum()
    return p


def draw(p: Array, u: float) -> int:
    """The token at which the sum of the probabilities, in the order of tokens, passes u.   Shapes: p (v,)."""
    total = np.cumsum(p)
    place = int(np.searchsorted(total, u * total[-1], side="right"))
    return min(place, int(np.flatnonzero(p)[-1]))


def generator(seed: int) -> np.random.Generator:
    """All randomness of one question; any whole number is a seed."""
    return np.random.default_rng([abs(seed), int(seed < 0)])


@dataclass
class Stops:
    """Texts at which an answer ends."""

    texts: tuple[str, ...]

    def found(self, text: str, new: int) -> int | None:
        """Where the first of them begins that the last `new` characters complete."""
        longest = max(map(len, self.texts), default=0)
        start = max(0, len(text) - new - longest + 1)
        places = [at for at in (text.find(stop, start) for stop in self.texts) if at >= 0]
        return min(places, default=None)

    def final(self, text: str) -> int:
        """How much of the text is no beginning of one of them, whatever comes."""
        for start in range(max(0, len(text) - max(map(len, self.texts), default=1) + 1), len(text)):
            if any(stop.startswith(text[start:]) for stop in self.texts):
                return start
        return len(text)
