"""Measure a stage: wall time, CPU of this process and its children, peak memory, energy where it can be read."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mintmark.base.record import Measured, RunRecord

RAPL = Path("/sys/class/powercap")


@contextmanager
def metered(record: RunRecord, stage: str) -> Iterator[None]:
    """Add what the stage used to the record, also when the stage fails."""
    with meter() as used:
        try:
            yield
        finally:
            record.add(*used(), stage=stage)


@contextmanager
def meter() -> "Iterator[_Used]":
    """Start the instruments; call what comes out to read them."""
    _reset_peak()
    yield _Used()


class _Used:
    def __init__(self) -> None:
        self._wall, self._cpu, self._energy = time.perf_counter(), _cpu_s(), _energy_j()

    def __call__(self) -> list[Measured]:
        read = [
            Measured("wall", time.perf_counter() - self._wall, "s", "down", source="monotonic clock"),
            Measured("cpu", _cpu_s() - self._cpu, "s", "down", source="os.times, this process and its ended children"),
            Measured(
                "peak_memory", _peak_bytes(), "bytes", "down", source="resident set, high-water mark of the stage"
            ),
        ]
        energy = _energy_j()
        if energy is not None and self._energy is not None and energy >= self._energy:  # the counter wraps around
            read.append(Measured("energy", energy - self._energy, "J", "down", source="RAPL, whole processor package"))
        return read


def _cpu_s() -> float:
    return sum(os.times()[:4])


def _reset_peak() -> None:
    """Let the high-water mark start anew (Linux; elsewhere it stays that of the process)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak_bytes() -> float:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _energy_j() -> float | None:
    """Joules of all processor packages since some start; None where the counters cannot be read."""
    try:
        counters = [p / "energy_uj" for p in RAPL.glob("intel-rapl:*") if p.name.count(":") == 1]
        return sum(int(c.read_text()) for c in counters) / 1e6 if counters else None
    except (OSError, ValueError):
        return None
