"""Speed: how long a training step takes, from operations, memory, links, and coefficients that published runs taught.

A step is so many micro-batches through a pipeline, one after another, then the exchange of gradients and the update:

    step = (micro-batches + (stages - 1)/interleave) x (compute + touching memory + tensor exchange + pipeline exchange)
           + what of the data exchange is not hidden behind the compute + update of the optimiser's states

Sources: Korthikanti et al. 2022, appendix A (operations); Narayanan et al., SC 2021, section 3 (exchange, bubble);
Rajbhandari et al., SC 2020, section 7 (exchange of ZeRO).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mintmark.capital.planning.layout import FAMILIES, METHODS, PRECISIONS, Layouts
from mintmark.numerics.answers import Array

PRIOR: Mapping[str, tuple[float, float]] = {
    **{f"reach_{f}": (0.65, 0.25) for f in FAMILIES},
    "reach_fp8": (0.75, 0.25),
    "width": (300.0, 0.7),
    "tokens": (300.0, 0.7),
    "flash": (0.6, 0.4),
    "touched": (40.0, 0.5),
    "stored": (4.0, 0.5),
    "link": (0.6, 0.4),
    "network": (0.6, 0.4),
    "hidden": (0.7, 0.4),
    "sharded": (1.0, 0.4),
    "update": (1.5, 0.5),
}
"""what each coefficient is about before any run was seen, and how sure that is (standard deviation of its logarithm).

reach: share of the peak that large matrices reach; width, tokens: at which half of it is lost; flash: share of that in
attention that is never stored; touched: bytes for each number of a token's state in a layer that are read or written
beside the matrices; stored: passes over the matrix of attention where it is stored; link, network: share of their speed
that an exchange reaches; hidden: of the compute behind which a data exchange can hide; sharded: the same where weights
are gathered (ZeRO 3); update: passes over the optimiser's states
"""
NAMES = tuple(PRIOR)
Coefficients = Mapping[str, float]


@dataclass(frozen=True)
class Step:
    """Seconds of a step and of its parts.   Shapes: each (n,)."""

    compute: Array
    """matrices and what lies between them, of all micro-batches"""
    again: Array
    """of which what is computed a second time to save memory"""
    tensor: Array
    """exchange between the GPUs that share a layer"""
    stages: Array
    """exchange between the stages of the pipeline"""
    bubble: Array
    """stages that wait"""
    data: Array
    """exchange of gradients and weights, as far as it is not hidden"""
    update: Array

    @property
    def seconds(self) -> Array:
        return self.compute + self.tensor + self.stages + self.bubble + self.data + self.update


def step(x: Layouts, c: Coefficients) -> Step:
    """How long a step takes."""
    tokens = x.micro_batch * x.seq
    deep = x.layers / x.pipeline  # of one stage
    full, selective = (x.recompute == 2) * 1.0, (x.recompute == 1) * 1.0
    rate = x.peak * _reach(x, c, tokens)
    matrices = tokens * deep * x.matmul / x.tensor / rate
    head = tokens * x.head / x.pipeline / x.tensor / rate
    attention = _attention(x, c, tokens, deep, rate)
    touched = c["touched"] * tokens * deep * (x.hidden + (x.ffn + x.query) / 4) / x.memory_bytes_s
    touched = touched / np.where(x.sequence_parallel, x.tensor, 0.5 + 0.5 * x.tensor)
    # the backward pass through attention is about twice the forward one, and through what lies between about once
    once = matrices + attention + touched / 3
    again = full * once + selective * attention * np.where(x.flash, 0.0, 1.0)
    compute = x.passes * (matrices + head) + 3.0 * attention + touched + again + _unpacked(x)
    tensor = _tensor(x, c, tokens, deep, full)
    stages = np.where(x.pipeline > 1, 4.0 * tokens * x.hidden * x.interleave / x.tensor, 0.0) / (
        c["network"] * x.network_bytes_s
    )
    each = compute + tensor + stages
    n = x.micro_batches
    idle = (x.pipeline - 1) / x.interleave
    work = n * each
    return Step(
        compute=n * compute, again=n * again, tensor=n * tensor, stages=n * stages, bubble=idle * each,
        data=_data(x, c, n, work), update=_update(x, c),
    )  # fmt: skip


def _reach(x: Layouts, c: Coefficients, tokens: Array) -> Array:
    """Share of the peak: lower for narrow pieces of matrices and for few tokens."""
    reach = np.array([c[f"reach_{f}"] for f in FAMILIES])[x.family]
    reach = reach * np.where(x.precision == PRECISIONS.index("fp8"), c["reach_fp8"], 1.0)
    narrow = np.minimum(x.hidden, x.ffn / x.tensor)
    return reach / (1 + c["width"] / narrow) / (1 + c["tokens"] / tokens)


def _attention(x: Layouts, c: Coefficients, tokens: Array, deep: Array, rate: Array) -> Array:
    """Its forward pass: half of the matrix where it is never stored, else all of it, and passes over memory."""
    operations = tokens * deep * x.scores / x.tensor
    # no format below 16 bits is used for it
    half = np.where(x.precision == PRECISIONS.index("fp8"), 2.0, 1.0)
    fused = 0.5 * operations / (rate / half * c["flash"])
    stored = operations / (rate / half) + (
        c["stored"] * 2.0 * tokens * x.seq * deep * x.heads / x.tensor / x.memory_bytes_s
    )
    return np.where(x.flash, fused, stored)


def _unpacked(x: Layouts) -> Array:
    """Weights of 4 bits, made 16 bits for the passes of each micro-batch: read and written."""
    piece = x.parameters / (x.tensor * x.pipeline)
    return np.where(x.method == METHODS.index("qlora"), x.passes * 2.5 * piece / x.memory_bytes_s, 0.0)


def _tensor(x: Layouts, c: Coefficients, tokens: Array, deep: Array, full: Array) -> Array:
    """Four all-reduces a layer, six where its forward pass is done twice; ring, 16 bits."""
    inside = np.where(x.tensor <= x.node, c["link"] * x.link_bytes_s, c["network"] * x.network_bytes_s)
    share = 2.0 * (x.tensor - 1) / x.tensor
    return (4.0 + 2.0 * full) * share * 2.0 * tokens * deep * x.hidden / inside


def _data(x: Layouts, c: Coefficients, n: Array, work: Array) -> Array:
    """What of the exchange between copies of the model stands out behind the compute."""
    copies = x.data
    near = copies * x.tensor * x.pipeline <= x.node
    speed = np.where(near, c["link"] * x.link_bytes_s, c["network"] * x.network_bytes_s)
    share = (copies - 1) / np.maximum(copies, 1)
    piece = x.parameters / (x.tensor * x.pipeline)
    changed = x.trained / (x.tensor * x.pipeline)
    whole = 4.0 * changed * share / speed  # gradients of 16 bits, reduced and sent out again
    gathered = (n * 4.0 * piece + 2.0 * changed) * share / speed  # weights twice a micro-batch, gradients once
    sharded = x.zero == 3
    sent = np.where(sharded, gathered, whole)
    behind = np.where(sharded, c["sharded"], c["hidden"]) * work * np.where(sharded, 1.0, 1.0 / n)
    return np.where(copies > 1, sent * sent / (sent + behind), 0.0)


def _update(x: Layouts, c: Coefficients) -> Array:
    """The states of Adam, 16 bytes a parameter that is changed, read and written."""
    held = x.trained / (x.tensor * x.pipeline) / np.where(x.zero > 0, x.data, 1)
    return np.asarray(c["update"] * 16.0 * held / x.memory_bytes_s)
