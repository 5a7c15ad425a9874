"""Layout: ways to train, one a row of arrays: the shape, the GPUs, and how the work is laid out over them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mintmark.capital.planning.shape import Shape
from mintmark.numerics.answers import Array

RECOMPUTE = ("none", "selective", "full")
METHODS = ("scratch", "full", "lora", "qlora")
"""from nothing; all weights of a pretrained model; low-rank adapters beside its weights; the same, weights in 4 bits"""
PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")
FAMILIES = ("turing", "volta", "ampere", "ada", "a100", "h100", "blackwell", "tpu")


@dataclass(frozen=True)
class Layouts:
    """Shapes: each (n,).   Units: memory GB = 1e9 bytes, speeds of links bytes/s, peak FLOP/s, watts of one GPU."""

    # the shape
    hidden: Array
    layers: Array
    query: Array
    keys: Array
    """numbers of all keys of a token"""
    heads: Array
    ffn: Array
    """width of the feed-forward layer that a token meets, of all its experts together"""
    gated: Array
    vocab: Array
    seq: Array
    layer: Array
    """parameters of a layer"""
    table: Array
    matmul: Array
    scores: Array
    head: Array
    # the work
    batch: Array
    """sequences of a step"""
    trained: Array
    """parameters that are changed"""
    method: Array
    """place in METHODS"""
    # the GPUs
    gpus: Array
    node: Array
    """GPUs of one machine"""
    memory_gb: Array
    peak: Array
    """of the precision"""
    memory_bytes_s: Array
    link_bytes_s: Array
    network_bytes_s: Array
    watts: Array
    family: Array
    """place in FAMILIES"""
    precision: Array
    """place in PRECISIONS"""
    # how they are used
    tensor: Array
    pipeline: Array
    interleave: Array
    micro_batch: Array
    zero: Array
    """0 to 3"""
    sequence_parallel: Array
    recompute: Array
    """place in RECOMPUTE"""
    flash: Array

    def __len__(self) -> int:
        return len(self.gpus)

    @property
    def data(self) -> Array:
        """Copies of the model that work side by side."""
        return np.asarray(self.gpus // (self.tensor * self.pipeline))

    @property
    def micro_batches(self) -> Array:
        """One after another in a step."""
        return np.asarray(self.batch // (self.data * self.micro_batch))

    @property
    def parameters(self) -> Array:
        return np.asarray(self.layers * self.layer + self.table)

    @property
    def passes(self) -> Array:
        """Through the matrices: forward and twice backward; adapters spare the gradients of the frozen weights."""
        return np.where(self.method >= METHODS.index("lora"), 2.0, 3.0)

    @property
    def flops(self) -> Array:
        """Operations of the model for a token, forward and backward, nothing done twice."""
        weights = self.passes * (self.layers * self.matmul + self.head)
        return np.asarray(weights + 3.0 * self.layers * self.scores)

    def take(self, at: Array) -> "Layouts":
        """Those rows."""
        return Layouts(**{f.name: getattr(self, f.name)[at] for f in fields(self)})


def sizes(shape: Shape) -> dict[str, Any]:
    """What of a shape stands in a row."""
    return {
        "hidden": shape.hidden, "layers": shape.layers, "query": shape.query, "keys": shape.kv_heads * shape.head_dim,
        "heads": shape.heads, "ffn": shape.ffn * shape.experts_active, "gated": shape.gated, "vocab": shape.vocab,
        "seq": shape.seq, "layer": shape.layer, "table": shape.table, "matmul": shape.matmul, "scores": shape.scores,
        "head": shape.head,
    }  # fmt: skip


def stack(rows: Sequence[dict[str, Any]]) -> Layouts:
    """Rows of plain values as arrays."""
    return Layouts(**{f.name: np.array([row[f.name] for row in rows]) for f in fields(Layouts)})
