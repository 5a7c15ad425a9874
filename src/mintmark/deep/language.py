"""Networks that say which token comes next: GPT in blocks as Llama has them, GRU and LSTM; and how one is trained."""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mintmark.deep import windows
from mintmark.deep.job import Row, Work

BASE = 10_000.0
"""of the wave lengths of rotary positions"""
ROOM = 32
"""slots by which a cache grows"""
PLAIN = 512
"""places up to which plain products of bf16 are several times as fast on a processor as its fused attention"""


@dataclass(frozen=True)
class Shape:
    """All that a network is but its weights."""

    model: Literal["gpt", "gru", "lstm"]
    vocabulary: int
    layers: int
    width: int
    heads: int
    context: int
    dropout: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def network(shape: Shape) -> "GPT | Recurrent":
    return GPT(shape) if shape.model == "gpt" else Recurrent(shape)


def build(facts: dict[str, Any], folder: Path) -> Work:
    """The work of training from nothing; facts: shape, seed; the folder holds what windows.write wrote."""
    shape = Shape(**facts["shape"])
    train, valid = windows.read(folder, shape.context, facts["seed"])
    return Work(network(shape), train, valid, nats, unit="tokens")


def nats(net: nn.Module, batch: Row) -> tuple[Tensor, int | Tensor]:
    return summed(net(batch["x"]), batch)


def summed(logits: Tensor, batch: Row) -> tuple[Tensor, int | Tensor]:
    """Nats of all tokens but ignored ones, and how many they are."""
    y = batch["y"].reshape(-1).long()
    total = F.cross_entropy(logits.reshape(len(y), -1).float(), y, reduction="sum", ignore_index=windows.IGNORED)
    return total, (y != windows.IGNORED).sum()


class Block(nn.Module):
    """Attention and a gated layer, each after a norm, each added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, hidden = shape.width, -(-shape.width * 8 // 3 // 32) * 32
        self.heads, self.dropout = shape.heads, shape.dropout
        self.qkv, self.mix = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.gate, self.out = nn.Linear(width, 2 * hidden, bias=False), nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: "Cache | None" = None) -> Tensor:
        """Shapes: x (b, t, width); turn 2 x (t or b, 1, t, head width)."""
        b, t, width = x.shape
        qkv = self.qkv(normed(x)).view(b, t, 3 * self.heads, -1).transpose(1, 2)  # (b, 3 heads, t, d)
        turned, v = rotated(qkv[:, : 2 * self.heads], *turn), qkv[:, 2 * self.heads :]
        q, k = turned.chunk(2, dim=1)
        drop = self.dropout if self.training else 0.0
        seen = attended(q, k, v) if cache is None else cache.attend(q, k, v)
        mixed = self.mix(seen.transpose(1, 2).reshape(b, t, width))
        x = x + dropped(mixed, drop)
        gate, up = self.gate(normed(x)).chunk(2, dim=-1)
        return x + dropped(self.out(F.silu(gate) * up), drop)


class GPT(nn.Module):
    """Shapes: (b, t) tokens -> (b, t, vocabulary) logits of the token after each.

    Source: blocks as in Touvron et al., LLaMA, 2023: RMSNorm first, rotary positions, SwiGLU; input and output tied.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        cos, sin = angles(shape.context, shape.width // shape.heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(_begin)
        for name, weight in self.named_parameters():
            if name.endswith(("mix.weight", "out.weight")):  # they add up over the layers
                weight.data /= math.sqrt(2 * shape.layers)

    def forward(self, ids: Tensor) -> Tensor:
        t = ids.shape[1]
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, (self.cos[:t], self.sin[:t]))
        return F.linear(normed(x), self.embed.weight)

    # --- with a cache: rows of their own lengths, a token at slot s sees slots 0 to s --------------------------

    def begun(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, list["Cache"]]:
        """Logits after the last token of each row, and what later tokens will look back on.

        Shapes: ids (b, t), rows filled up on the right; lengths (b,), from 1 -> (b, vocabulary).
        """
        caches = [Cache(lengths) for _ in self.blocks]
        x, t = self.embed(ids), ids.shape[1]
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, (self.cos[:t], self.sin[:t]), cache)
        last = x[torch.arange(len(ids), device=ids.device), lengths - 1]
        return F.linear(normed(last), self.embed.weight), caches

    def went_on(self, ids: Tensor, caches: list["Cache"]) -> Tensor:
        """Logits after one more token of each row.   Shapes: ids (b,) -> (b, vocabulary)."""
        at = caches[0].lengths
        turn = self.cos[at][:, None, None], self.sin[at][:, None, None]  # (b, 1, 1, d)
        x = self.embed(ids[:, None])
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, turn, cache)
        return F.linear(normed(x[:, 0]), self.embed.weight)


class Cache:
    """Keys and values of one block's earlier tokens.   Shapes: k, v (b, heads, slots, d); lengths (b,)."""

    def __init__(self, lengths: Tensor) -> None:
        self.lengths = lengths
        self.k: Tensor | None = None
        self.v: Tensor | None = None

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if self.k is None or self.v is None:
            self.k, self.v = k, v  # what lies behind a row's length is never looked at
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        most = int(self.lengths.max()) + 1
        if most > self.k.shape[2]:
            self.k, self.v = (F.pad(kept, (0, 0, 0, ROOM)) for kept in (self.k, self.v))
        row = torch.arange(len(q), device=q.device)
        self.k[row, :, self.lengths], self.v[row, :, self.lengths] = k[:, :, 0], v[:, :, 0]
        mask = torch.arange(most, device=q.device) <= self.lengths[:, None]
        self.lengths = self.lengths + 1
        return F.scaled_dot_product_attention(
            q, self.k[:, :, :most], self.v[:, :, :most], attn_mask=mask[:, None, None]
        )

    def keep(self, rows: Tensor) -> None:
        self.lengths = self.lengths[rows]
        if self.k is not None and self.v is not None:
            self.k, self.v = self.k[rows], self.v[rows]

    def put(self, rows: Tensor, other: "Cache") -> None:
        """The rows of another cache in place of these."""
        if self.k is not None and self.v is not None and other.k is not None and other.v is not None:
            slots = other.k.shape[2]
            self.k[rows, :, :slots], self.v[rows, :, :slots] = other.k, other.v
        self.lengths = self.lengths.index_copy(0, rows, other.lengths)


class Recurrent(nn.Module):
    """GRU or LSTM.   Shapes: (b, t) tokens -> (b, t, vocabulary) logits of the token after each."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.vocabulary, shape.width)
        kind = nn.GRU if shape.model == "gru" else nn.LSTM
        between = shape.dropout if shape.layers > 1 else 0.0
        self.core = kind(shape.width, shape.width, shape.layers, batch_first=True, dropout=between)
        nn.init.normal_(self.embed.weight, std=0.02)
        for name, weight in self.core.named_parameters():
            if "weight_hh" in name:
                for part in weight.data.chunk(3 if shape.model == "gru" else 4):
                    nn.init.orthogonal_(part)
            elif "bias" in name:
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor) -> Tensor:
        drop = self.shape.dropout
        x, _ = self.core(F.dropout(self.embed(ids), drop, self.training))
        return F.linear(normed(F.dropout(x, drop, self.training)), self.embed.weight)

    def begun(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Any]:
        """Logits after the last token of each row, and the state there; see GPT.begun."""
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        _, state = self.core(packed)
        return self._said(state), state

    def went_on(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        _, state = self.core(self.embed(ids[:, None]), state)
        return self._said(state), state

    def _said(self, state: Any) -> Tensor:
        top = state[0][-1] if isinstance(state, tuple) else state[-1]
        return F.linear(normed(top), self.embed.weight)


def normed(x: Tensor) -> Tensor:
    """Of length 1 on average; without a scale, which the layer that follows can learn as well."""
    return F.rms_norm(x, x.shape[-1:])


def dropped(x: Tensor, share: float) -> Tensor:
    """Dropout, to a 256th. Of one random number eight masks are made: drawing them is what takes the time."""
    if not share:
        return x
    low, count = round(share * 256), x.numel()
    drawn = torch.empty(-(-count // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    return x * (256 / (256 - low)) * (drawn.view(torch.uint8)[:count].view(x.shape) >= low)


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Each place looks at itself and those before it.   Shapes: 3 x (b, heads, t, d) -> (b, heads, t, d)."""
    t = q.shape[2]
    if q.device.type != "cpu" or q.dtype != torch.bfloat16 or t > PLAIN:
        return F.scaled_dot_product_attention(q, k.contiguous(), v.contiguous(), is_causal=True)
    weight = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(2, 3)) + _later(t)
    return torch.matmul(weight.softmax(dim=-1, dtype=q.dtype), v)


@lru_cache(maxsize=8)
def _later(t: int) -> Tensor:
    """What hides later places when it is added.   Shapes: (t, t)."""
    return torch.full((t, t), -torch.inf, dtype=torch.bfloat16).triu(1)


def angles(context: int, width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines by which a head's pairs are turned at each place.   Shapes: 2 x (context, width)."""
    waves = BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    turn = torch.outer(torch.arange(context, dtype=torch.float64), waves)
    turn = torch.cat([turn, turn], dim=1)
    return turn.cos().float(), turn.sin().float()


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Source: Su et al., RoFormer, 2021, with the halves of a head as pairs."""
    half = x.shape[-1] // 2
    other = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * cos.to(x.dtype) + other * sin.to(x.dtype)


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.3 / math.sqrt(module.in_features))
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.04)
