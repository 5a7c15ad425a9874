"""Device: what one GPU can do, from a dated sheet, each row with its source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from mintmark.base.errors import unknown

SHEET = "gpus.json"
GIGA, TERA = 1e9, 1e12
WORDS = {
    "A100": "A100-40GB", "V100-16GB": "V100", "RTXA6000": "A6000", "RTX-A6000": "A6000", "RTX6000-ADA": "RTX-6000-Ada",
    "RTX6000ADA": "RTX-6000-Ada", "RTXPRO6000": "RTX-PRO-6000", "H100-80GB": "H100", "H100-SXM": "H100",
    "H200-SXM": "H200", "A10": "A10G",
}  # fmt: skip
"""other names that price lists have for a GPU"""


@dataclass(frozen=True)
class Device:
    """One GPU. A speed is of dense matrices: data sheets often print twice as much, for sparse ones."""

    name: str
    memory_gb: float
    """GB = 1e9 bytes"""
    tflops: Mapping[str, float]
    """peak by precision"""
    memory_gb_s: float
    """to its own memory"""
    link_gb_s: float
    """to another GPU of the same machine, one way"""
    node: int
    """GPUs of a usual machine"""
    network_gbit: float
    """of a usual cluster, for each GPU"""
    watts: float
    family: str
    """GPUs of one generation reach about the same share of their peak"""
    dated: str
    source: str
    sold: bool = True
    """False: known for published runs alone"""


@cache
def devices() -> Mapping[str, Device]:
    """All GPUs of the sheet by name."""
    return {d["name"]: Device(**d) for d in raw()["devices"]}


@cache
def raw() -> Mapping[str, Any]:
    """The sheet as it is."""
    sheet = resources.files("mintmark.capital.prices").joinpath(SHEET)
    made: dict[str, Any] = json.loads(sheet.read_text(encoding="utf-8"))
    return made


def find(name: str, where: str) -> Device:
    """Raises: RecipeError: no GPU of this name (names the nearest)."""
    known = devices()
    key = canonical(name)
    if key not in known:
        raise unknown("GPU", name, [n for n, d in known.items() if d.sold], where=where)
    return known[key]


def canonical(name: str) -> str:
    """The sheet's name for a GPU, where it has one."""
    text = name.strip()
    upper = text.upper().replace(" ", "-").removeprefix("NVIDIA-")
    by_upper = {n.upper(): n for n in devices()}
    return by_upper.get(upper) or WORDS.get(upper, text)
