"""Every stream of random numbers that a network may draw from: begun from a seed, kept, put back."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


@contextmanager
def seeded(*seed: int) -> Iterator[None]:
    """Streams of its own within; outside they go on as if nothing had been drawn."""
    before = kept()
    try:
        begin(*seed)
        yield
    finally:
        put_back(before)


def begin(*seed: int) -> None:
    """Start all streams anew."""
    drawn = [int(n) for n in np.random.SeedSequence(list(seed)).generate_state(3)]
    torch.manual_seed(drawn[0])
    np.random.seed(drawn[1])  # some networks of transformers draw their masks from NumPy's own stream
    random.seed(drawn[2])


def kept() -> dict[str, Tensor]:
    """Where the streams are, as numbers only."""
    _, keys, *rest = np.random.get_state(legacy=True)
    _, inner, gauss = random.getstate()
    tensors = {
        "torch": torch.get_rng_state(),
        "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "numpy_at": torch.tensor([float(n) for n in rest], dtype=torch.float64),
        "random": torch.tensor(inner, dtype=torch.int64),
        "random_at": torch.tensor([float("nan") if gauss is None else gauss], dtype=torch.float64),
    }
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    return tensors


def put_back(tensors: dict[str, Tensor]) -> None:
    tensors = {name: t.cpu().clone() for name, t in tensors.items()}  # torch misreads a state that is part of a tensor
    torch.set_rng_state(tensors["torch"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])
    at, has_gauss, gauss = tensors["numpy_at"].tolist()
    np.random.set_state(("MT19937", tensors["numpy"].numpy().astype(np.uint32), int(at), int(has_gauss), gauss))
    last = float(tensors["random_at"])
    random.setstate((3, tuple(tensors["random"].tolist()), None if last != last else last))
