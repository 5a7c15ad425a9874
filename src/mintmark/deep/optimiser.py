"""AdamW, the way of its learning rate, and the bound on gradients."""

import math
from collections.abc import Sequence

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from mintmark.deep.job import Options


def adamw(weights: Sequence[nn.Parameter], options: Options) -> torch.optim.AdamW:
    """Decay pulls on matrices only.   Source: Loshchilov and Hutter, ICLR 2019."""
    groups = [
        {"params": [w for w in weights if w.ndim >= 2], "weight_decay": options.weight_decay},
        {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=(options.beta1, options.beta2), fused=True)


def learning_rate(options: Options, step: int) -> float:
    """Of the step after `step` steps: a straight line up, then half a cosine down to its least share.

    Source: Loshchilov and Hutter, ICLR 2017, without restarts.
    """
    warm = math.ceil(options.warmup * options.steps)
    if step < warm:
        return options.learning_rate * (step + 1) / warm
    done = (step - warm) / max(options.steps - 1 - warm, 1)
    least = options.min_learning_rate_share
    return options.learning_rate * (least + (1 - least) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def bound(
    accelerator: Accelerator,
    optimizer: torch.optim.Optimizer,
    weights: Sequence[Tensor],
    longest: float,
    scale: float | Tensor | None,
) -> Tensor:
    """Multiply the gradients by `scale`, shorten them to `longest` (0: any); their length before that."""
    accelerator.unscale_gradients(optimizer)
    grads = [w.grad for w in weights if w.grad is not None]
    if not grads:
        return torch.zeros(())
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
    if scale is not None:
        norm = norm * scale
    factor = torch.clamp(longest / (norm + 1e-6), max=1.0) if longest else None
    if scale is not None:
        factor = torch.as_tensor(scale, dtype=norm.dtype) if factor is None else factor * scale
    if factor is not None:
        torch._foreach_mul_(grads, factor.to(grads[0].dtype))
    return norm


def step(accelerator: Accelerator, optimizer: torch.optim.Optimizer) -> None:
    """accelerate's own wrapper looks for uninstalled packages at every step, a tenth of a small network's time."""
    if accelerator.scaler is None:
        optimizer.step()
    else:
        accelerator.scaler.step(optimizer)
        accelerator.scaler.update()
