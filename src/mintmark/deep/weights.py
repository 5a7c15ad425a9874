"""The weights of a network: taken out, put back, averaged over the steps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mintmark.base.errors import BundleError


def load_weights(net: nn.Module, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    """Put weights as `fit` gives them into a network of the same build.

    Raises: BundleError: a weight is missing, unknown or of another shape.
    """
    own = net.state_dict(keep_vars=True)
    for name, array in weights.items():
        if name not in own or tuple(own[name].shape) != np.shape(array):
            shape = f"has the shape {tuple(own[name].shape)} here" if name in own else "is not part of this network"
            raise BundleError(f"{name!r}, {np.shape(array)}, {shape}.", where="weights", fix="train the model again.")
    given = {_place(own[name]) for name in weights}
    if missing := [name for name, tensor in own.items() if _place(tensor) not in given]:
        raise BundleError(f"lacks {missing[0]!r}.", where="weights", fix="train the model again.")
    with torch.no_grad():
        for name, array in weights.items():
            own[name].copy_(torch.tensor(array))


def arrays(net: nn.Module, instead: Mapping[str, Tensor]) -> dict[str, npt.NDArray[Any]]:
    """All weights and buffers by name, those of `instead` in place of the network's; floats as float32.

    Tied weights, several names of one tensor, come once, under the first name.
    """
    seen: set[Any] = set()
    found: dict[str, npt.NDArray[Any]] = {}
    for name, tensor in net.state_dict(keep_vars=True).items():
        if _place(tensor) not in seen:
            seen.add(_place(tensor))
            taken = instead.get(name, tensor).detach().cpu()
            found[name] = (taken.float() if taken.is_floating_point() else taken).clone().numpy()
    return found


def learnt(net: nn.Module) -> dict[str, nn.Parameter]:
    return {name: p for name, p in net.named_parameters() if p.requires_grad}


def changing(net: nn.Module) -> dict[str, Tensor]:
    """What training changes: learnt weights and the buffers that are saved (such as running means)."""
    kept = net.state_dict(keep_vars=True)
    buffers = {name: b for name, b in net.named_buffers() if name in kept}
    return {**learnt(net), **buffers}


def copied(tensors: Mapping[str, Tensor], device: str | None = None) -> dict[str, Tensor]:
    return {name: tensor.detach().to(device, copy=True) for name, tensor in tensors.items()}


def put(into: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(tensors[name])


class Average:
    """An exponential moving average of weights; young, it forgets faster, so that the beginning does not linger."""

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self.weights, self.decay = weights, decay
        self.held = copied(weights)
        self._live, self._held = [w.detach() for w in weights.values()], list(self.held.values())

    def add(self, step: int) -> None:
        torch._foreach_lerp_(self._held, self._live, 1 - min(self.decay, (1 + step) / (10 + step)))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network computes with the average within."""
        live = {name: weight.data for name, weight in self.weights.items()}
        try:
            for name, weight in self.weights.items():
                weight.data = self.held[name]
            yield
        finally:
            for name, weight in self.weights.items():
                weight.data = live[name]


def _place(tensor: Tensor) -> Any:
    """Where it lies in memory; a view of other shape or stride is another weight."""
    if tensor.numel() == 0:
        return id(tensor)
    return tensor.device, tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype
