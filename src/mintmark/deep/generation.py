"""Generation: texts written token by token, all of a batch side by side; each depends on its own question alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from mintmark.deep import sampling
from mintmark.deep.language import GPT, Cache, Recurrent
from mintmark.deep.sampling import Manner, Stops
from mintmark.deep.tokens import Spoken, Tokens


@dataclass(frozen=True)
class Asked:
    """One question as it is answered."""

    ids: Sequence[int]
    """of the prompt, at least one"""
    n: int
    """tokens at most"""
    seed: int
    manner: Manner
    stop: tuple[str, ...] = ()


@dataclass
class Written:
    """One answer, as far as it is."""

    text: str = ""
    """what is final of it"""
    finish: str | None = None
    tokens: int = 0


class Writer(Protocol):
    """A network that goes on with several texts at once.   Shapes: logits (rows, vocabulary)."""

    def start(self, prompts: list[list[int]]) -> Tensor: ...

    def go_on(self, tokens: list[int]) -> Tensor:
        """One more token for each text."""
        ...

    def keep(self, rows: list[int]) -> None:
        """Go on with these texts alone."""
        ...


def write(writer: Writer, tokens: Tokens, asked: Sequence[Asked]) -> Iterator[list[Written]]:
    """The answers after each token; the last are whole.

    Random numbers are drawn from each question's own seed, one a token; the mark of a beginning is never written.
    """
    lines = [_Line(one, tokens) for one in asked]
    going = [line for line in lines if line.asked.n > 0]
    yield [line.written for line in lines]
    if not going:
        return
    logits = writer.start([list(line.asked.ids) for line in going])
    while True:
        said = logits.double().cpu().numpy()
        drawn = [line.add(z) for line, z in zip(going, said, strict=True)]
        left = [i for i, line in enumerate(going) if line.written.finish is None]
        yield [line.written for line in lines]
        if not left:
            return
        if len(left) < len(going):
            writer.keep(left)
            going = [going[i] for i in left]
        logits = writer.go_on([drawn[i] for i in left])


@dataclass
class _Line:
    """One text while it is written."""

    asked: Asked
    tokens: Tokens
    written: Written = field(default_factory=Written)

    def __post_init__(self) -> None:
        self.rng = sampling.generator(self.asked.seed)
        self.spoken, self.stops = Spoken(self.tokens), Stops(tuple(s for s in self.asked.stop if s))
        if self.asked.n == 0:
            self.written = Written(finish="length")

    def add(self, logits: Any) -> int:
        """Draw the next token and write it down."""
        if self.tokens.begin != self.tokens.end:
            logits[self.tokens.begin] = -np.inf
        p = sampling.probabilities(logits[: self.tokens.size], self.asked.manner)
        token = sampling.draw(p, self.rng.random())
        if token == self.tokens.end:
            self.written = Written(self.spoken.text, "stop", self.written.tokens)
            return token
        new, count = self.spoken.add(token), self.written.tokens + 1
        text, finish = self.spoken.text, "length" if count >= self.asked.n else None
        at = self.stops.found(text, len(new)) if new and self.stops.texts else None
        if at is not None:
            text, finish = text[:at], "stop"
        elif finish is None and self.stops.texts:
            text = text[: self.stops.final(text)]
        self.written = Written(text, finish, count)
        return token


class GPTWriter:
    """With keys and values kept. A text that has filled the context goes on from the later half of it."""

    def __init__(self, net: GPT) -> None:
        self.net, self.device = net, net.cos.device
        self.context = net.shape.context
        self.held: list[list[int]] = []
        self.caches: list[Cache] = []

    @torch.inference_mode()
    def start(self, prompts: list[list[int]]) -> Tensor:
        self.held = [p[-self.context :] for p in prompts]
        logits, self.caches = self.net.begun(*padded(self.held, self.device))
        return logits

    @torch.inference_mode()
    def go_on(self, tokens: list[int]) -> Tensor:
        full = [i for i, held in enumerate(self.held) if len(held) == self.context]
        if full:
            for i in full:
                self.held[i] = self.held[i][-max(1, self.context // 2) :]
            _, fresh = self.net.begun(*padded([self.held[i] for i in full], self.device))
            rows = torch.tensor(full, device=self.device)
            for cache, other in zip(self.caches, fresh, strict=True):
                cache.put(rows, other)
        for held, token in zip(self.held, tokens, strict=True):
            held.append(token)
        return self.net.went_on(torch.tensor(tokens, device=self.device), self.caches)

    def keep(self, rows: list[int]) -> None:
        self.held = [self.held[i] for i in rows]
        for cache in self.caches:
            cache.keep(torch.tensor(rows, device=self.device))


class RecurrentWriter:
    """With the state kept."""

    def __init__(self, net: Recurrent) -> None:
        self.net, self.device = net, net.embed.weight.device
        self.state: Any = None

    @torch.inference_mode()
    def start(self, prompts: list[list[int]]) -> Tensor:
        logits, self.state = self.net.begun(*padded(prompts, self.device))
        return logits

    @torch.inference_mode()
    def go_on(self, tokens: list[int]) -> Tensor:
        logits, self.state = self.net.went_on(torch.tensor(tokens, device=self.device), self.state)
        return logits

    def keep(self, rows: list[int]) -> None:
        at = torch.tensor(rows, device=self.device)
        several = isinstance(self.state, tuple)
        self.state = tuple(s[:, at] for s in self.state) if several else self.state[:, at]


def padded(texts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Shapes: (n, longest), filled up on the right with 0; lengths (n,)."""
    lengths = [len(t) for t in texts]
    ids = np.zeros((len(texts), max(lengths)), np.int64)
    for line, text in zip(ids, texts, strict=True):
        line[: len(text)] = text
    return torch.from_numpy(ids).to(device), torch.tensor(lengths, device=device)
