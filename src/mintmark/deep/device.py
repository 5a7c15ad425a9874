"""What the machine can do: the device, the precision that pays there, and accelerate set up for both."""

import warnings

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import GradientAccumulationPlugin

from mintmark.base.errors import RecipeError
from mintmark.deep.job import Options


def precision(asked: str) -> str:
    """fp32, bf16 or fp16; `auto` is bf16 where the hardware multiplies in it.

    Raises: RecipeError: fp16 without a graphics card.
    """
    if asked == "fp16" and not torch.cuda.is_available():
        raise RecipeError(
            "fp16 needs a graphics card: a processor is no faster with it, and small gradients vanish in it.",
            where="precision",
            fix="'auto', 'bf16' (the range of fp32 in 16 bits) or 'fp32'.",
        )
    if asked != "auto":
        return asked
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "fp32"


def check(options: Options) -> None:
    """Refuse what this machine cannot do, before anything is started.   Raises: RecipeError."""
    precision(options.precision)
    cards = torch.cuda.device_count() if torch.cuda.is_available() else options.processes
    if options.processes > cards:
        raise RecipeError(
            f"{options.processes} processes want a graphics card each; there are {cards}.",
            where="processes",
            fix=f"processes = {cards}.",
        )


def accelerator(options: Options) -> Accelerator:
    """A fresh one. accelerate holds its settings for the whole process; another network may want others."""
    AcceleratorState._reset_state()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*OMP_NUM_THREADS.*")
        return Accelerator(
            cpu=not torch.cuda.is_available(),
            mixed_precision={"fp32": "no"}.get(kind := precision(options.precision), kind),
            gradient_accumulation_plugin=GradientAccumulationPlugin(
                num_steps=1
            ),  # the loop divides by units, not passes
        )
