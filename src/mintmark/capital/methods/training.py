"""What a training run needs: parameters, operations, time, energy, and how well the machines are used."""

import math
from typing import Any, Literal

from mintmark.base.errors import RecipeError
from mintmark.capital.calculator import calculator
from mintmark.capital.quantity import NotNegative, Positive, Whole

Recompute = Literal["full", "selective", "none"]
TERA = 1e12
PF_DAY = 1e15 * 86_400
"""operations of a petaFLOP/s kept up for a day"""


@calculator(
    unit={"parameters": "1"},
    formula="tied: 12 l h^2 (1 + 13/(12 h) + (V + s)/(12 l h)), positions learned; "
    "untied, without positions: 12 l h^2 (1 + 13/(12 h)) + 2 V h",
    source="Narayanan et al., SC 2021, equation 2",
)
def parameters(
    hidden: Whole, layers: Whole, vocab: Whole, seq: Whole | None = None, tied: bool = True
) -> dict[str, Any]:
    """Number of parameters of a transformer decoder.

    `tied`: one table of tokens for input and output, and learned positions, of which there are `seq`.
    Raises: RecipeError: tied without seq.
    """
    blocks = 12 * layers * hidden**2 + 13 * layers * hidden
    if not tied:
        return {"parameters": blocks + 2 * vocab * hidden}
    if seq is None:
        what = "is missing: learned positions have a row for each place of the sequence."
        raise RecipeError(what, where="parameters: seq", fix="seq=2048, or tied=false for none.")
    return {"parameters": blocks + (vocab + seq) * hidden}


@calculator(
    unit={"flops": "1", "pf_days": "PFLOP/s x day"},
    formula="flops = factor x parameters x tokens; pf_days = flops / (1e15 x 86400)",
    source="Kaplan et al., arXiv 2001.08361, section 2.1; Brown et al., arXiv 2005.14165, table D.1",
)
def training_flops(parameters: Positive, tokens: Positive, factor: Positive = 6) -> dict[str, Any]:
    """Floating-point operations of a training run.

    `parameters`: of a mixture of experts those that are active for a token. `factor`: 6; 3 for an encoder-decoder,
    where a token meets half of the parameters; 2 for a forward pass alone.
    """
    flops = factor * parameters * tokens
    return {"flops": flops, "pf_days": flops / PF_DAY}


@calculator(
    unit={"tflops_per_gpu": "TFLOP/s", "mfu": "1", "hfu": "1"},
    formula="model: 72 B l s h^2 (1 + s/(6h) + V/(12 h l)); hardware: 96 B l s h^2 (1 + s/(6h) + V/(16 l h)) where all "
    "is recomputed, 72 B l s h^2 (1 + s/(3h) + V/(12 h l)) where the attention is, else as the model; each over "
    "seconds, GPUs and peak",
    source="Narayanan et al., SC 2021, equation 3; Korthikanti et al., arXiv 2205.05198, appendix A",
)
def utilisation(
    hidden: Whole,
    layers: Whole,
    seq: Whole,
    vocab: Whole,
    batch: Whole,
    iteration_s: Positive,
    gpus: Whole,
    peak_tflops: Positive | None = None,
    *,
    recompute: Recompute,
) -> dict[str, Any]:
    """How much of the machines' peak a training step uses: operations of the model, and those that are carried out.

    `batch`: sequences a step, of all GPUs together. `recompute`: which activations are computed again in the backward
    pass. `peak_tflops`: of one GPU, for dense matrices; data sheets often print twice as much, for sparse ones. Without
    it there are no shares of it.
    """
    h, s = float(hidden), float(seq)
    base = 72.0 * batch * layers * s * h**2
    head = vocab / (12 * h * layers)
    model = base * (1 + s / (6 * h) + head)
    again = {"none": 0.0, "selective": base * s / (6 * h), "full": base / 3 * (1 + s / (6 * h))}
    hardware = model + again[recompute]
    each = iteration_s * gpus * TERA
    said = {"tflops_per_gpu": hardware / each}
    if peak_tflops is None:
        return said
    return said | {"mfu": model / each / peak_tflops, "hfu": hardware / each / peak_tflops}


@calculator(
    unit={"mfu": "1"},
    formula="mfu = tokens_per_s (6 N + 12 L H Q T) / (chips x peak)",
    source="Chowdhery et al., arXiv 2204.02311, appendix B",
)
def mfu_tokens(
    parameters: Positive,
    layers: Whole,
    heads: Whole,
    head_dim: Whole,
    seq: Whole,
    tokens_per_s: Positive,
    chips: Whole,
    peak_tflops: Positive,
) -> dict[str, Any]:
    """Share of the machines' peak that a training run uses, from the tokens it reads a second.

    Operations that are done twice to save memory do not count. `peak_tflops`: of one chip, for dense matrices.
    """
    a_token = 6 * parameters + 12.0 * layers * heads * head_dim * seq
    return {"mfu": tokens_per_s * a_token / (chips * peak_tflops * TERA)}


@calculator(
    unit={"over_ideal": "1", "over_total": "1"},
    formula="over_ideal = (p - 1)/(v m); over_total = (p - 1)/(v m + p - 1)",
    source="Narayanan et al., SC 2021, section 2.2",
)
def bubble(stages: Whole, microbatches: Whole, interleave: Whole = 1) -> dict[str, Any]:
    """Time that a pipeline of stages stands idle, over the time of its work and over all time.

    `interleave`: pieces of the model that each stage holds.
    """
    idle, work = stages - 1, interleave * microbatches
    return {"over_ideal": idle / work, "over_total": idle / (work + idle)}


@calculator(
    unit={"days": "day"},
    formula="days = 8 T P/(n X)/86400 where all is recomputed, else 6 T P/(n X)/86400",
    source="Narayanan et al., SC 2021, equation 4",
)
def training_days(
    parameters: Positive, tokens: Positive, gpus: Whole, tflops: Positive, recompute: bool | Recompute = True
) -> dict[str, Any]:
    """Days of a training run.

    `tflops`: what each GPU does in truth, not its peak. `recompute`: whether the forward pass is done twice; the
    attention alone (selective) is no part of this count.
    """
    factor = 8 if recompute in (True, "full") else 6
    return {"days": factor * tokens * parameters / (gpus * tflops * TERA) / 86_400}


@calculator(
    unit={"mwh": "MWh", "t_co2": "t CO2eq"},
    formula="mwh = gpu_hours x watts x pue / 1e6; t_co2 = mwh x t_per_mwh",
    source="Touvron et al., arXiv 2302.13971, section 6 and table 15",
)
def energy(gpu_hours: Positive, watts: Positive, pue: Positive, t_per_mwh: NotNegative) -> dict[str, Any]:
    """Energy and carbon of a training run.

    `pue`: energy of the whole data centre over that of its machines, 1 or more. `t_per_mwh`: of the grid.
    Raises: RecipeError: pue below 1.
    """
    if pue < 1:
        what = f"must be 1 or more, got {pue:g}: a data centre uses what its machines use, and more."
        raise RecipeError(what, where="energy: pue", fix="pue=1.1")
    mwh = gpu_hours * watts * pue / 1e6
    return {"mwh": mwh, "t_co2": mwh * t_per_mwh}


@calculator(
    unit={"young": "min", "daly": "min", "exact": "min"},
    formula="young = sqrt(2 d M); daly = sqrt(2 d M) (1 + sqrt(d/(2M))/3 + d/(18 M)) - d where d < 2M, else M; "
    "exact: the t with t/M + ln(1 - t/M) = -d/M, which makes M e^(R/M) (e^((t+d)/M) - 1) T/t least",
    source="Young, CACM 17(9), 1974; Daly, FGCS 22(3), 2006, equations 20 and 37",
)
def checkpoint_interval(dump_min: Positive, mtbf_min: Positive) -> dict[str, Any]:
    """Time of work between two checkpoints that makes a run end soonest.

    `dump_min`: to write a checkpoint. `mtbf_min`: mean time between failures of the whole cluster.
    """
    d, m = dump_min, mtbf_min
    young = math.sqrt(2 * d * m)
    daly = young * (1 + math.sqrt(d / (2 * m)) / 3 + d / (18 * m)) - d if d < 2 * m else m
    return {"young": young, "daly": daly, "exact": m * _work_share(d / m)}


def _work_share(dump: float) -> float:
    """The x with x + ln(1 - x) = -dump, both in units of the time between failures."""
    from scipy.optimize import brentq

    most = math.sqrt(2 * dump)
    if dump < 1e-10:  # the first terms of its series: what is left out is below rounding
        return most * (1 - most / 3)
    if dump > 30:
        return 1 - math.exp(-dump - 1)
    least = math.sqrt(dump**2 + 2 * dump) - dump
    most = min(most, 1 - math.exp(-dump - 1))
    return float(brentq(lambda x: x + math.log1p(-x) + dump, least, most, rtol=1e-15))


# --- no calculators ---------------------------------------------------------------------------------------------------


def run_time(work: float, interval: float, dump: float, mtbf: float, restart: float = 0.0) -> float:
    """Expected time of a run with checkpoints and failures, in the unit of its arguments.

    Source: Daly, FGCS 22(3), 2006: M e^(R/M) (e^((t + d)/M) - 1) T/t.
    """
    return mtbf * math.exp(restart / mtbf) * math.expm1((interval + dump) / mtbf) * work / interval


def critical_batch(small: float, large: float, at_small: float, at_large: float) -> float:
    """The batch at which twice the least data and twice the least steps are needed: tr(covariance)/|gradient|^2.

    `at_small`, `at_large`: mean squared norms of the gradient of batches of these two sizes.
    Raises: RecipeError: sizes in the wrong order, or norms that leave no gradient or no noise.
    Source: McCandlish et al., arXiv 1812.06162, appendix A.1.
    """
    if not 0 < small < large:
        raise RecipeError("must be 0 < small < large.", where="critical_batch: small", fix="small=64, large=1024")
    signal = (large * at_large - small * at_small) / (large - small)
    noise = (at_small - at_large) / (1 / small - 1 / large)
    if signal <= 0 or noise < 0:
        what = "the norms leave no gradient, or no noise: too few batches were measured."
        raise RecipeError(what, where="critical_batch: at_small", fix="the mean over more batches.")
    return noise / signal


def all_reduce_elements(parameters: float, workers: int, stage: int = 2) -> float:
    """Elements that each of the workers sends in a step of data parallelism on a ring.

    Source: Rajbhandari et al., SC 2020, section 7: 2 for each parameter, 3 with ZeRO stage 3, times (n - 1)/n.
    """
    return (3 if stage == 3 else 2) * parameters * (workers - 1) / workers
