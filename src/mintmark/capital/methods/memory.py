"""What a model needs of a machine's memory: to be trained, to be adapted, and to answer. GB = 1e9 bytes."""

from typing import Any

from mintmark.capital.calculator import calculator
from mintmark.capital.methods.training import Recompute
from mintmark.capital.quantity import Positive, Whole

GIGA = 1e9


@calculator(
    unit={"gb_os": "GB", "gb_os_g": "GB", "gb_os_g_p": "GB"},
    formula="os: 4 P + 12 P/N; os+g: 2 P + 14 P/N; os+g+p: 16 P/N bytes, mixed precision and Adam",
    source="Rajbhandari et al., SC 2020, figure 1 and table 1",
)
def zero_memory(parameters: Positive, gpus: Whole) -> dict[str, Any]:
    """Memory on each GPU for parameters, gradients and optimiser states, by what of them is shared out (ZeRO 1, 2, 3).

    Activations and what a framework holds for itself come on top.
    """
    p, n = parameters, gpus
    return {"gb_os": (4 + 12 / n) * p / GIGA, "gb_os_g": (2 + 14 / n) * p / GIGA, "gb_os_g_p": 16 / n * p / GIGA}


@calculator(
    unit={"bytes_per_layer": "B", "bytes": "B"},
    formula="a layer: s b h (10 + 24/t + 5 a s/(h t)); with sequence parallelism s b h/t (34 + 5 a s/h); without the "
    "term 5 a s where attention is recomputed or never stored; 2 s b h where all is recomputed",
    source="Korthikanti et al., arXiv 2205.05198, table 2",
)
def activation_memory(
    seq: Whole,
    batch: Whole,
    hidden: Whole,
    heads: Whole,
    layers: Whole,
    tensor_parallel: Whole = 1,
    sequence_parallel: bool = False,
    recompute: Recompute = "none",
    flash_attention: bool = False,
) -> dict[str, Any]:
    """Memory on each GPU for the activations of a micro-batch in 16 bits, of one layer and of all.

    `batch`: sequences in the micro-batch. `flash_attention`: the matrix of attention is never stored, which costs no
    recomputation of its own. Embeddings and the output layer come on top.
    """
    s, b, h, t = float(seq), batch, hidden, tensor_parallel
    attention = 0.0 if flash_attention or recompute == "selective" else 5 * heads * s / h
    if recompute == "full":
        layer = 2 * s * b * h
    elif sequence_parallel:
        layer = s * b * h / t * (34 + attention)
    else:
        layer = s * b * h * (10 + 24 / t + attention / t)
    return {"bytes_per_layer": layer, "bytes": layer * layers}


@calculator(
    unit={"bytes_per_token": "B"},
    formula="bytes_per_token = 2 L n_kv d_head x bytes of a number",
    source="Kwon et al., SOSP 2023, section 3; Shazeer, arXiv 1911.02150, for fewer heads of keys than of queries",
)
def kv_cache(layers: Whole, kv_heads: Whole, head_dim: Whole, bytes_: Positive = 2) -> dict[str, Any]:
    """Memory that keys and values of one token take while an answer is made.

    `kv_heads`: of keys and values, which may be fewer than those of queries. `bytes`: of a number: 2 in 16 bits.
    """
    return {"bytes_per_token": 2 * layers * kv_heads * head_dim * bytes_}


@calculator(
    unit={"parameters": "1"},
    formula="parameters = 2 x matrices x width x rank",
    source="Hu et al., arXiv 2106.09685, section 5.1",
)
def lora_parameters(matrices: Whole, width: Whole, rank: Whole) -> dict[str, Any]:
    """Number of parameters that low-rank adaptation trains.

    `matrices`: adapted ones of all layers, square, `width` wide: query and value of 12 layers are 24.
    """
    return {"parameters": 2 * matrices * width * rank}
