"""Machine: GPUs of one kind in instances of one size, and the cheapest offers for them; how many can train together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mintmark.capital.planning.device import GIGA, TERA, Device, devices
from mintmark.capital.planning.file import Precision
from mintmark.capital.planning.layout import FAMILIES, PRECISIONS
from mintmark.capital.planning.offer import Offer


@dataclass(frozen=True)
class Machine:
    """Instances that are alike but for their seller and price."""

    device: Device
    node: int
    """GPUs of an instance"""
    network_gbit: float
    """of each GPU to other instances"""
    scaled: bool
    demand: Offer | None
    """the cheapest on demand, by the middle of its regions"""
    spot: Offer | None

    def counts(self, wanted: Sequence[int]) -> list[int]:
        """Of these numbers of GPUs those that such instances make up."""
        return [n for n in wanted if n % self.node == 0 and (n == self.node or self.scaled)]

    def precision(self, asked: Precision) -> str | None:
        """What the GPU calls it; None where it lacks it."""
        names = ("bf16", "fp16") if asked == "mixed" else (asked,)
        return next((n for n in names if n in self.device.tflops), None)

    def sizes(self, precision: str) -> dict[str, Any]:
        """What of it stands in a row of layouts."""
        d = self.device
        return {
            "node": self.node, "memory_gb": d.memory_gb, "peak": d.tflops[precision] * TERA, "watts": d.watts,
            "memory_bytes_s": d.memory_gb_s * GIGA, "link_bytes_s": d.link_gb_s * GIGA,
            "network_bytes_s": self.network_gbit * GIGA / 8, "family": FAMILIES.index(d.family),
            "precision": PRECISIONS.index(precision),
        }  # fmt: skip


def machines(offers: Sequence[Offer], spot: bool) -> list[Machine]:
    """All kinds of machines of these offers, in their order."""
    groups: dict[tuple[str, int, float, bool], list[Offer]] = {}
    for o in offers:
        network = o.network_gbit if o.network_gbit is not None else devices()[o.gpu].network_gbit
        groups.setdefault((o.gpu, o.count, network, o.scaled), []).append(o)
    made = []
    for (gpu, count, network, scaled), some in groups.items():
        demand = min((o for o in some if o.price), key=lambda o: o.price[1] if o.price else 0.0, default=None)
        taken = min((o for o in some if o.spot and spot), key=lambda o: o.spot[1] if o.spot else 0.0, default=None)
        if demand or taken:
            made.append(Machine(devices()[gpu], count, network, scaled, demand, taken))
    return made
