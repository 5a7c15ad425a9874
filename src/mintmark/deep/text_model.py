"""Models of text as States: trained on tokens, read back to write, and to say how surprised they are by texts."""

import math
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import nn

from mintmark.base.state import State
from mintmark.deep import language, loop, windows
from mintmark.deep.generation import GPTWriter, RecurrentWriter, Writer
from mintmark.deep.job import Job, Options
from mintmark.deep.language import GPT, Shape
from mintmark.numerics.ctx import Ctx

Ids = npt.NDArray[Any]
HELD = 4
"""networks of States that are kept ready"""
AT_ONCE = 2**14
"""tokens of one pass when texts are measured"""
_ready: OrderedDict[int, tuple["weakref.ref[State]", "Ready"]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Texts:
    """Tokens to learn from and to validate on."""

    train: Sequence[Ids]
    valid: Sequence[Ids] | None
    joined: bool
    """whether the texts are one, cut into pieces"""
    vocabulary: int


def fit(texts: Texts, shape: Shape, options: Options, ctx: Ctx) -> State:
    """A network trained from nothing."""
    facts = {"shape": shape.as_dict(), "seed": ctx.draw_seed()}
    fitted = _fitted("language:build", texts, facts, options, ctx)
    return State(fitted.weights, {"shape": shape.as_dict(), "training": _told(fitted)})


def tune(texts: Texts, folder: Path, config: str, facts: dict[str, Any], options: Options, ctx: Ctx) -> State:
    """A pretrained network, tuned; facts: see pretrained.build."""
    facts = facts | {"pretrained": str(folder), "seed": ctx.draw_seed()}
    fitted = _fitted("pretrained:build", texts, facts, options, ctx)
    from mintmark.deep import pretrained

    arrays = pretrained.merged(facts, fitted.weights)
    told = {"context": facts["context"], "training": _told(fitted)}
    return State(arrays, told, {"config.json": config.encode()})


def _fitted(build: str, texts: Texts, facts: dict[str, Any], options: Options, ctx: Ctx) -> loop.Fitted:
    job = Job(f"mintmark.deep.{build}", facts, options, facts["seed"])
    with tempfile.TemporaryDirectory() as folder:
        for name, some in (("train", texts.train), ("valid", texts.valid)):
            if some is not None:
                windows.write(Path(folder), name, some, joined=texts.joined, vocabulary=texts.vocabulary)
        return loop.fit(job, Path(folder), ctx)


def _told(fitted: loop.Fitted) -> dict[str, Any]:
    """What a bundle says of the training: nothing that another run of the same recipe would measure otherwise."""
    return {k: v for k, v in fitted.about().items() if k != "per_s"}


@dataclass(frozen=True)
class Ready:
    """The network of a State."""

    net: Any
    context: int

    @cached_property
    def writing(self) -> Any:
        """The network that writes. On a processor one of ours computes in double precision: what is drawn then does not
        hang on the order of sums, which differs with the size of a batch."""
        if isinstance(self.net, GPT | language.Recurrent) and not torch.cuda.is_available():
            made = language.network(self.net.shape).double()
            made.load_state_dict(self.net.state_dict())
            return made.eval()
        return self.net

    def writer(self) -> Writer:
        if isinstance(self.writing, GPT):
            return GPTWriter(self.writing)
        if isinstance(self.writing, language.Recurrent):
            return RecurrentWriter(self.writing)
        from mintmark.deep.pretrained import PretrainedWriter

        return PretrainedWriter(self.writing, self.context)

    def nats(self, batch: dict[str, torch.Tensor]) -> tuple[float, int]:
        found = self.net(batch["x"])
        total, count = language.summed(getattr(found, "logits", found), batch)
        return float(total), int(count)


def ready(state: State) -> Ready:
    """The network of a State, kept while the State lives: a server asks for it at every request."""
    with _lock:
        held = _ready.pop(id(state), None)
        if held is None or held[0]() is not state:
            held = weakref.ref(state, _forget), _parsed(state)
        _ready[id(state)] = held
        while len(_ready) > HELD:
            _ready.popitem(last=False)
        return held[1]


def _forget(gone: "weakref.ref[State]") -> None:
    for key, (held, _) in list(_ready.items()):
        if held is gone:
            _ready.pop(key, None)


def _parsed(state: State) -> Ready:
    net: nn.Module
    if "shape" in state.facts:
        shape = Shape(**state.facts["shape"])
        net, context = language.network(shape), shape.context
        loop.load_weights(net, state.arrays)
    else:
        from mintmark.deep import pretrained  # which brings transformers: not for networks of ours

        net, context = pretrained.restored(state), state.facts["context"]
    return Ready(net.eval().to("cuda" if torch.cuda.is_available() else "cpu"), context)


@torch.inference_mode()
def surprise(state: State, texts: Sequence[Ids]) -> tuple[float, int]:
    """Nats of all tokens but the first of each text, and how many they are; each sees at least half a context."""
    net = ready(state)
    spans = [(i, *span) for i, t in enumerate(texts) for span in windows.overlapping(len(t), net.context)]
    spans.sort(key=lambda s: s[2] - s[1])
    nats, count, at = 0.0, 0, 0
    device = next(net.net.parameters()).device
    while at < len(spans):
        rows = max(1, AT_ONCE // (spans[at][2] - spans[at][1]))
        some = spans[at : at + rows]
        longest = max(stop - start for _, start, stop, _ in some) - 1
        made = []
        for text, start, stop, first in some:
            row = windows.row(texts[text][start:stop], longest)
            row["y"][: first - start - 1] = windows.IGNORED
            made.append(row)
        total, asked = net.nats({k: v.to(device) for k, v in windows.stacked(made).items()})
        nats, count, at = nats + total, count + asked, at + rows
    return nats, count


def measures(nats: float, tokens: int, characters: int, size: int) -> dict[str, float]:
    """The same surprise a token, as perplexity, a character and a byte."""
    loss = nats / max(tokens, 1)
    return {
        "nats_per_character": nats / max(characters, 1), "bits_per_byte": nats / math.log(2) / max(size, 1),
        "loss": loss, "perplexity": math.exp(min(loss, 700.0)),
    }  # fmt: skip
