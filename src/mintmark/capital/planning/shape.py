"""Shape: a transformer as sizes, its parameters, and the operations that a token takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mintmark.base.errors import DataError

MAX_BYTES = 1_000_000
MULTIPLE = 128
"""a width that is made up is a multiple of it, as matrix units like it"""
NAMES: Mapping[str, tuple[str, ...]] = {
    "hidden": ("hidden_size", "n_embd", "d_model", "dim"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "vocab": ("vocab_size",),
}
"""what a shape needs, and what files of Hugging Face call it"""
OTHERS: Mapping[str, tuple[str, ...]] = {
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "ffn": ("moe_intermediate_size", "intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"),
    "head_dim": ("head_dim",),
    "experts": ("num_local_experts", "n_routed_experts", "num_experts"),
    "experts_active": ("num_experts_per_tok",),
}
CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx")
GATED = (
    "llama",
    "mistral",
    "mixtral",
    "qwen",
    "gemma",
    "phi3",
    "internlm",
    "baichuan",
    "yi",
    "deepseek",
    "olmo",
    "cohere",
)
"""families whose feed-forward layer has three matrices; the beginning of model_type"""


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder, or of an encoder, which costs the same."""

    hidden: int
    layers: int
    heads: int
    vocab: int
    seq: int
    kv_heads: int
    head_dim: int
    ffn: int
    gated: bool
    tied: bool
    experts: int = 1
    experts_active: int = 1

    @property
    def query(self) -> int:
        """Numbers of all queries of a token."""
        return self.heads * self.head_dim

    @property
    def attention(self) -> int:
        """Weights of a layer's attention."""
        return 2 * self.hidden * self.query + 2 * self.hidden * self.kv_heads * self.head_dim

    @property
    def expert(self) -> int:
        """Weights of one feed-forward block."""
        return (3 if self.gated else 2) * self.hidden * self.ffn

    @property
    def layer(self) -> int:
        """Parameters of a layer; biases and scales come to 13 h in a plain one, to 2 h in a gated one."""
        router = self.hidden * self.experts if self.experts > 1 else 0
        return self.attention + self.experts * self.expert + router + (2 if self.gated else 13) * self.hidden

    @property
    def table(self) -> int:
        """Parameters of the tables of tokens; a plain tied model has learned positions as well."""
        positions = self.seq * self.hidden if self.tied and not self.gated else 0
        return self.vocab * self.hidden * (1 if self.tied else 2) + positions

    @property
    def parameters(self) -> int:
        return self.layers * self.layer + self.table

    @property
    def active(self) -> int:
        """Parameters that a token meets."""
        return self.parameters - self.layers * (self.experts - self.experts_active) * self.expert

    @property
    def matmul(self) -> float:
        """Operations of a token's forward pass through the weights of a layer."""
        return 2.0 * (self.attention + self.experts_active * self.expert)

    @property
    def scores(self) -> float:
        """Operations of a token's forward pass through the attention of a layer, the whole matrix counted."""
        return 4.0 * self.seq * self.query

    @property
    def head(self) -> float:
        """Operations of a token's forward pass through the output layer."""
        return 2.0 * self.hidden * self.vocab

    @property
    def flops(self) -> float:
        """Operations of a token's forward and backward pass.   Source: Korthikanti et al. 2022, appendix A."""
        return 3.0 * (self.layers * (self.matmul + self.scores) + self.head)

    def about(self) -> str:
        return f"{self.layers} layers of {self.hidden}, {short(self.parameters)} parameters"

    def scaled(self, share: float) -> "Shape":
        """A model with about this share of the parameters, with the same ratio of width to depth.

        Source: parameters grow as width squared times layers, so each side shrinks by the cube root.
        """
        side = share ** (1 / 3)
        width = max(MULTIPLE, round(self.hidden * side / MULTIPLE) * MULTIPLE)
        heads = max(1, round(width / self.head_dim))
        grouped = max(1, self.heads // max(self.kv_heads, 1))
        made = replace(
            self, hidden=width, heads=heads, kv_heads=max(1, heads // grouped), layers=self.layers,
            ffn=max(MULTIPLE, round(self.ffn / self.hidden * width / MULTIPLE) * MULTIPLE),
        )  # fmt: skip
        room = share * self.parameters - made.table
        return replace(made, layers=max(1, round(room / made.layer)))


def short(count: float) -> str:
    """1.3B, 124M."""
    for size, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{name}"
    return f"{count:.3g}"


def whole(sizes: Mapping[str, Any]) -> Shape:
    """A shape with what is left out filled in as is usual: as many heads of keys as of queries, a fourfold layer."""
    s = {k: v for k, v in sizes.items() if v is not None}
    gated = bool(s.get("gated", False))
    ffn = s.get("ffn") or (round(8 / 3 * s["hidden"] / 256) * 256 or 256 if gated else 4 * s["hidden"])
    return Shape(
        hidden=s["hidden"], layers=s["layers"], heads=s["heads"], vocab=s["vocab"], seq=s["seq"],
        kv_heads=s.get("kv_heads") or s["heads"], head_dim=s.get("head_dim") or max(1, s["hidden"] // s["heads"]),
        ffn=ffn, gated=gated, tied=bool(s.get("tied", not gated)), experts=s.get("experts") or 1,
        experts_active=s.get("experts_active") or 1,
    )  # fmt: skip


def from_config(path: Path) -> dict[str, Any]:
    """The sizes that a Hugging Face config.json states.

    Raises: DataError: unreadable, too long, no JSON, no transformer (names the key), or a size that is none.
    """
    where = str(path)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as exc:
        raise DataError(
            f"cannot be read: {exc.strerror or exc}.", where=where, fix="the model's config.json."
        ) from None
    if len(content) > MAX_BYTES:
        what = f"is longer than {MAX_BYTES:,} bytes, which is no config.json."
        raise DataError(what, where=where, fix="the config.json, not the weights.")
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise DataError(f"is no JSON: {exc}.", where=where, fix="the model's config.json.") from None
    if not isinstance(raw, dict):
        raise DataError("must be one object.", where=where, fix="the model's config.json.")
    inner = raw.get("text_config")
    raw = raw | inner if isinstance(inner, dict) else raw
    made: dict[str, Any] = {}
    for name, keys in NAMES.items():
        made[name] = _size(raw, keys, where)
        if made[name] is None:
            fix = f'"{keys[0]}": ... in it, or {name} = ... in [model].'
            raise DataError(f"says no {' or '.join(keys[:3])}: it is no transformer.", where=where, fix=fix)
    made |= {name: found for name, keys in OTHERS.items() if (found := _size(raw, keys, where))}
    if seq := _size(raw, CONTEXT, where):
        made["seq"] = seq
    kind = str(raw.get("model_type") or "").lower()
    made["gated"] = kind.startswith(GATED)
    tied = raw.get("tie_word_embeddings")
    made["tied"] = tied if isinstance(tied, bool) else not made["gated"] or kind.startswith("gemma")
    return made


def _size(raw: Mapping[str, Any], keys: tuple[str, ...], where: str) -> int | None:
    key = next((k for k in keys if raw.get(k) is not None), None)
    if key is None:
        return None
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise DataError(f"{key} must be a whole number, got {value!r:.80}.", where=where, fix=f'"{key}": 4096')
    return value
