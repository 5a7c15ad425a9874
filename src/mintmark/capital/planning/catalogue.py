"""Catalogue: a price list in SkyPilot's schema, or one trimmed from it, to offers; its traps are refused and said.

Traps: a spot price above the price on demand, or equal to it (no discount, or no capacity); a placeholder instead of a
price; accelerators whose host must be paid as well; accelerators that are no GPU we know.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mintmark.base.errors import DataError
from mintmark.base.words import mark
from mintmark.capital.planning import device
from mintmark.capital.planning.note import Note, note
from mintmark.capital.planning.offer import Offer, Range
from mintmark.capital.table import columns, header

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "cloud": ("cloud", "Cloud"),
    "instance": ("InstanceType", "instance_type"),
    "gpu": ("AcceleratorName", "accelerator"),
    "count": ("AcceleratorCount", "accelerator_count"),
    "region": ("Region", "region"),
    "zone": ("AvailabilityZone", "zone"),
    "price": ("Price", "price_usd_per_hour", "linux_ondemand_usd_h"),
    "spot": ("SpotPrice", "spot_price_usd_per_hour", "linux_spot_usd_h"),
    "source": ("source_path",),
    "commit": ("source_commit",),
}
"""what is read, and what price lists call it"""
NEEDED = ("instance", "gpu", "count", "price")
PLACEHOLDER = 700.0
"""what SkyPilot's fetchers write where a cloud says no price"""
FAR = 8.0
"""times the median of the same GPU, beyond which a price cannot be meant; clouds differ by less"""
HOSTS = {"A100-40GB": "a2-highgpu-{n}g", "A100-80GB": "a2-ultragpu-{n}g", "H100": "a3-highgpu-{n}g",
         "H200": "a3-ultragpu-{n}g", "B200": "a4-highgpu-{n}g"}  # fmt: skip
"""machines of Google that carry a GPU, whose price is listed apart"""
FIX = "a price in USD an hour with a point for the decimals, or leave it empty."


@dataclass(frozen=True)
class Row:
    """A line of the list, and where it stands."""

    at: int
    cloud: str
    instance: str
    gpu: str
    count: int
    region: str
    price: float | None
    spot: float | None
    source: str


def read(path: Path, where: str = "prices") -> tuple[list[Offer], list[Note]]:
    """The offers of a list, and a sentence for each kind of row that was refused.

    Raises: DataError: no such file or column, a price that is no number or below 0 (names the row), no usable row.
    """
    rows = _rows(path, where)
    said: list[Note] = []
    meant = _plausible([r for r in rows if r.gpu], said)
    whole = _hosted(_known(meant, said), [r for r in rows if not r.gpu], said)
    offers = _offers(whole, path.name)
    if not offers:
        why = " ".join(n["text"] for n in said)
        what = f"no row has a GPU that is known with a price that can be meant. {why}"
        raise DataError(what, where=f"{where}: {path.name}", fix="rows as SkyPilot's catalogue has them.")
    return offers, said


def _rows(path: Path, where: str) -> list[Row]:
    names = header(path, where)
    place = f"{where}: {path.name}"
    found = {k: next((n for n in keys if n in names), "") for k, keys in COLUMNS.items()}
    missing = [k for k in NEEDED if not found[k]]
    if missing:
        what = f"has no column {COLUMNS[missing[0]][0]!r}."
        raise DataError(
            what, where=place, fix=f"columns {', '.join(COLUMNS[k][0] for k in NEEDED)}, as SkyPilot has them."
        )
    read = columns(path, (), where, text=[n for n in found.values() if n])
    n = len(next(iter(read.values())))
    text = {k: [str(v).strip() for v in read[name].tolist()] if name else [""] * n for k, name in found.items()}
    made = []
    for i in range(n):
        cell = {k: v[i] for k, v in text.items()}
        gpu = "" if cell["gpu"] in ("", "(host VM only)") else cell["gpu"]
        count = _number(cell["count"], found["count"], i, place)
        price, spot = (_number(cell[k], found[k], i, place) for k in ("price", "spot"))
        source = " @ ".join(p for p in (cell["source"], cell["commit"][:12]) if p) or path.name
        cloud = cell["cloud"] or path.stem
        if gpu and (count is None or count < 1):
            continue  # a share of a device is no machine to train on
        made.append(Row(i + 1, cloud, cell["instance"], gpu, int(count or 0), cell["region"], price, spot, source))
    return made


def _number(text: str, column: str, i: int, place: str) -> float | None:
    """Raises: DataError: no number, or below 0."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or "_" in text:
        at = f"{place}: column {column!r}, row {i + 1}"
        if column in COLUMNS["count"]:
            raise DataError(f"{text[:40]!r} is no number of accelerators.", where=at, fix="a whole number, such as 8.")
        raise DataError(f"{text[:40]!r} is no price.", where=at, fix=FIX)
    return value


def _known(rows: Sequence[Row], said: list[Note]) -> list[Row]:
    sold = {n for n, d in device.devices().items() if d.sold}
    strange: dict[str, int] = defaultdict(int)
    made = []
    for r in rows:
        name = device.canonical(r.gpu)
        if name in sold:
            made.append(Row(r.at, r.cloud, r.instance, name, r.count, r.region, r.price, r.spot, r.source))
        else:
            strange[r.gpu] += 1
    if strange:
        listed = ", ".join(f"{n} ({c})" for n, c in sorted(strange.items()))
        said.append(note(mark("{n} rows are of accelerators that the sheet does not know: {listed}."),
                         n=sum(strange.values()), listed=listed))  # fmt: skip
    return made


def _hosted(rows: Sequence[Row], hosts: Sequence[Row], said: list[Note]) -> list[Row]:
    """Accelerators with the price of the machine that carries them; those without a known one are left out."""
    prices = {(h.instance, h.region): h for h in hosts if h.price}
    made, lacking, added = [], [], 0
    for r in rows:
        if r.instance and "host" not in r.instance.lower():
            made.append(r)
            continue
        name = HOSTS.get(r.gpu, "").format(n=r.count)
        host = prices.get((name, r.region))
        if host is None or host.price is None:
            lacking.append(r)
            continue
        added += 1
        price = None if r.price is None else r.price + host.price
        spot = None if r.spot is None or host.spot is None else r.spot + host.spot
        made.append(Row(r.at, r.cloud, name, r.gpu, r.count, r.region, price, spot, r.source))
    if added:
        said.append(note(mark("{n} rows have no host in their price: the price of their machine was added."), n=added))
    if lacking:
        text = mark("{n} rows have no host in their price, and none is listed for their region: left out (rows {at}).")
        said.append(note(text, n=len(lacking), at=_at(lacking)))
    return made


def _plausible(rows: Sequence[Row], said: list[Note]) -> list[Row]:
    """Prices that can be meant; a wrong one is emptied, and counted."""
    middle: dict[str, float] = {}
    for gpu in {r.gpu for r in rows}:
        each = [r.price / r.count for r in rows if r.gpu == gpu and r.price and not _placeholder(r.price)]
        middle[gpu] = median(each) if each else math.inf
    wrong: list[Row] = []
    above: list[Row] = []
    same: list[Row] = []
    made: list[Row] = []
    for r in rows:
        price, spot = r.price, r.spot
        for value in (price, spot):
            if value is not None and (_placeholder(value) or value / r.count > FAR * middle[r.gpu] or value == 0):
                wrong.append(r)
                price = None if price == value else price
                spot = None if spot == value else spot
        if price is not None and spot is not None and spot >= price:
            (above if spot > price else same).append(r)
            spot = None
        if price is not None or spot is not None:
            made.append(Row(r.at, r.cloud, r.instance, r.gpu, r.count, r.region, price, spot, r.source))
    if wrong:
        said.append(
            note(mark("{n} prices are placeholders and were not used (rows {at})."), n=len(wrong), at=_at(wrong))
        )
    if above:
        text = mark("{n} spot prices are above the price on demand and were not used (rows {at}).")
        said.append(note(text, n=len(above), at=_at(above)))
    if same:
        text = mark("{n} spot prices equal the price on demand, which is no discount, and were not used (rows {at}).")
        said.append(note(text, n=len(same), at=_at(same)))
    return made


def _placeholder(value: float) -> bool:
    return value == PLACEHOLDER


def _at(rows: Iterable[Row], most: int = 5) -> str:
    at = sorted({r.at for r in rows})
    return ", ".join(map(str, at[:most])) + (", …" if len(at) > most else "")


def _offers(rows: Sequence[Row], name: str) -> list[Offer]:
    """One for each cloud, GPU and size of instance, over all its regions."""
    groups: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for r in rows:
        groups[r.cloud, r.gpu, r.count].append(r)
    made = []
    for (cloud, gpu, count), some in groups.items():
        price = _range([r.price / count for r in some if r.price is not None])
        spot = _range([r.spot / count for r in some if r.spot is not None])
        instance = min((r.instance for r in some), key=lambda t: (len(t), t))
        regions = len({r.region for r in some})
        source = f"{some[0].source}; {name}" if name not in some[0].source else some[0].source
        dated, scaled = _dated(some[0].source), count >= device.devices()[gpu].node
        made.append(Offer(cloud, instance, gpu, count, price, spot, regions, source, dated, scaled=scaled))
    return made


def _range(values: Sequence[float]) -> Range | None:
    return (min(values), float(median(values)), max(values)) if values else None


def _dated(source: str) -> str:
    found = re.search(r"20\d\d-\d\d(-\d\d)?", source)
    return found[0] if found else ""
