"""Offer: at what price GPUs can be had: the built-in sheet, or a price list in the schema of SkyPilot's catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from mintmark.capital.planning.device import raw

Range = tuple[float, float, float]
"""lowest, middle and highest, USD an hour for one GPU"""


@dataclass(frozen=True)
class Offer:
    """Instances of one kind at one cloud, their prices over regions."""

    cloud: str
    instance: str
    gpu: str
    """as devices() names it"""
    count: int
    """GPUs of an instance"""
    price: Range | None
    """on demand"""
    spot: Range | None
    regions: int
    source: str
    dated: str
    network_gbit: float | None = None
    """to other instances, for each GPU; None: as the sheet says of the GPU"""
    scaled: bool = True
    """whether several instances can train together; without a fast network between them they cannot in practice"""


def built_in() -> list[Offer]:
    """The offers of the sheet in the package."""
    made = []
    for row in raw()["offers"]:
        ranges = {k: None if row[k] is None else (float(row[k][0]), float(row[k][1]), float(row[k][2]))
                  for k in ("price", "spot")}  # fmt: skip
        made.append(Offer(**{**row, **ranges}))
    return made


def chosen(offers: Sequence[Offer], gpus: Sequence[str], clouds: Sequence[str]) -> list[Offer]:
    """Those of these GPUs and clouds, in the order of `gpus`; an empty list means all."""
    kept = [o for o in offers if (not gpus or o.gpu in gpus) and (not clouds or o.cloud in clouds)]
    return sorted(kept, key=lambda o: list(gpus).index(o.gpu)) if gpus else kept
