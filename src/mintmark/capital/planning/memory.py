"""Memory: what each layout needs of a GPU, for many at once; capital/methods/memory.py has the same for one."""

from dataclasses import dataclass

import numpy as np

from mintmark.capital.planning.device import GIGA
from mintmark.capital.planning.layout import METHODS, PRECISIONS, Layouts
from mintmark.numerics.answers import Array

FOUR_BITS = 0.516
"""bytes of a frozen weight in NF4 whose scales are quantised, too (Dettmers et al., arXiv 2305.14314, section 3)"""
HELD_GB = 1.0
"""by the driver, its kernels and the exchange"""
USABLE = 0.95
"""share of the rest that a framework can use before its pieces no longer fit together"""


@dataclass(frozen=True)
class Need:
    """GB = 1e9 bytes on the fullest GPU.   Shapes: each (n,)."""

    states: Array
    """weights, gradients and the optimiser's states"""
    activations: Array
    gathered: Array
    """weights of two layers that are together for a moment (ZeRO 3)"""

    @property
    def gb(self) -> Array:
        """With what the framework holds."""
        return HELD_GB + (self.states + self.activations + self.gathered) / USABLE


def need(x: Layouts) -> Need:
    """Memory of each layout.

    Source: Rajbhandari et al., SC 2020, figure 1; Korthikanti et al., arXiv 2205.05198, table 2 and section 4.2.3.
    """
    piece = (x.layers / x.pipeline * x.layer + x.table / np.minimum(x.pipeline, 2)) / x.tensor
    share = piece / x.parameters  # of the model on one GPU
    trained, frozen = x.trained * share, (x.parameters - x.trained).clip(0) * share
    states = trained * _bytes(x) + frozen * np.where(x.method == METHODS.index("qlora"), FOUR_BITS, 2.0) / np.where(
        x.zero == 3, x.data, 1
    )
    gathered = np.where((x.zero == 3) & (x.data > 1), 2 * 2.0 * x.layer / x.tensor, 0.0)
    return Need(states / GIGA, _activations(x) / GIGA, gathered / GIGA)


def _bytes(x: Layouts) -> Array:
    """For each parameter that is trained: 16 with Adam, of which ZeRO shares out more and more."""
    d = x.data.astype(float)
    return np.choose(x.zero, [16.0 + 0 * d, 4 + 12 / d, 2 + 14 / d, 16 / d])


def _activations(x: Layouts) -> Array:
    """Of all micro-batches that a stage holds at once: the first holds most, the last has the output layer."""
    tokens = (x.micro_batch * x.seq).astype(float)
    width = np.where(x.precision <= PRECISIONS.index("tf32"), 2.0, 1.0)  # 32 bits take twice the room
    deep = x.layers / x.pipeline
    layer = layer_bytes(x) * width
    kept = np.where(
        x.recompute == 2, 2.0 * tokens * x.hidden * width / np.where(x.sequence_parallel, x.tensor, 1), layer
    )
    once = np.where(x.recompute == 2, layer, 0.0)  # one layer at a time is there in whole
    more = np.where(x.interleave > 1, 1 + (x.pipeline - 1) / (x.pipeline * x.interleave), 1.0)
    held = np.minimum(x.pipeline * more, x.micro_batches)
    head = 6.0 * tokens * x.vocab / x.tensor  # scores of the words in 16 bits, their softmax in 32
    first, last = kept * deep * held + once, kept * deep + once + head
    return np.where(x.pipeline == 1, kept * deep + np.maximum(once, head), np.maximum(first, last))


def layer_bytes(x: Layouts) -> Array:
    """Of a layer, a micro-batch, in 16 bits, nothing recomputed but attention where that is chosen.

    For a plain layer, four times as wide within, it is s b h (10 + 24/t + 5 a s/(h t)) of Korthikanti et al.
    """
    tokens = (x.micro_batch * x.seq).astype(float)
    whole = np.where(x.flash, 8.0, 10.0) * x.hidden  # dropout, of which masks are kept, went when flash attention came
    shared = 4.0 * x.query + 4.0 * x.keys + np.where(x.gated, 8.0, 4.0) * x.ffn
    matrix = np.where(x.flash | (x.recompute > 0), 0.0, 5.0 * x.heads * x.seq)
    return np.asarray(tokens * (whole / np.where(x.sequence_parallel, x.tensor, 1) + (shared + matrix) / x.tensor))
