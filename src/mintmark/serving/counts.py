"""What Prometheus reads of a server: its own registry, so that two apps in one process do not meet."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mintmark.base.need import need

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""by which prometheus_client is told, before it is imported, that several processes count together"""
BUCKETS_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384)
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _Shown:
    """What prometheus_client calls a collector."""

    def __init__(self, families: Callable[[], Iterator[Any]]) -> None:
        self.collect = families

    def describe(self) -> list[Any]:
        """Nothing: names are not asked for before there are any."""
        return []


@dataclass(frozen=True)
class Meter:
    """What a queue tells of itself: rows more that wait, rows that are answered together."""

    waits: Callable[[float], None]
    batch: Callable[[float], None]


class Counts:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self.registry, self._shown = CollectorRegistry(), CollectorRegistry()
        self._folder = os.environ.get(SHARED, "")
        """of several workers: what each has counted lies there, and is read as the sum"""
        say, by = "mintmark_", self.registry
        live: dict[str, Any] = {"registry": by, "multiprocess_mode": "livesum"}
        if not self._folder:
            ProcessCollector(registry=self.registry)
        Gauge(say + "workers", "Processes that serve.", **live).set(1)
        self._requests = Counter(say + "requests", "Predict requests answered.", ["model", "status"], registry=by)
        self._rows = Counter(say + "rows", "Rows answered.", ["model"], registry=by)
        self._seconds = Histogram(
            say + "request_seconds", "From the head of a predict request to the end of its answer.",
            ["model"], registry=by, buckets=BUCKETS_S,
        )  # fmt: skip
        self.in_flight = Gauge(say + "requests_in_flight", "Requests not yet answered.", **live)
        self._events = Counter(say + "events", "Rows taken into the past.", ["model"], registry=by)
        self._taken = Counter(say + "event_requests", "Requests with events.", ["model", "status"], registry=by)
        self._waiting = Gauge(say + "waiting_rows", "Rows that wait to be answered.", ["model"], **live)
        self._batches = Histogram(
            say + "batch_rows", "Rows that were answered together.", ["model"], registry=by, buckets=BUCKETS_ROWS
        )
        self._refused = Counter(
            say + "refused", "Requests that were not let in, or not answered, by reason.", ["why"], registry=by
        )
        self._by_key = Counter(say + "key_requests", "Requests by API key.", ["key", "status"], registry=by)
        self._explained = Counter(say + "reasons", "Rows answered with reasons.", ["model"], registry=by)
        self._missed = Counter(
            say + "events_missed", "Rows that a version which does not answer now did not take.",
            ["model", "version"], registry=by,
        )  # fmt: skip
        self._changed = Counter(
            say + "changes", "Requests to have another version answer.", ["model", "how", "status"], registry=by
        )
        self._kept: dict[tuple[str, int], tuple[Any, Any, Any]] = {}
        """looking a labelled counter up costs more than counting"""

    def show(self, families: Callable[[], Iterator[Any]]) -> None:
        """Have what this tells read too, each time that it is asked."""
        self._shown.register(_Shown(families))

    def meter(self, model: str) -> "Meter":
        return Meter(self._waiting.labels(model).inc, self._batches.labels(model).observe)

    def done(self, model: str, status: int, rows: int, seconds: float) -> None:
        """One request more; `model` is empty where none has that name, so that names sent in fill no memory."""
        kept = self._kept.get((model, status))
        if kept is None:
            kept = self._requests.labels(model, str(status)), self._rows.labels(model), self._seconds.labels(model)
            self._kept[model, status] = kept
        kept[0].inc()
        kept[2].observe(seconds)
        if rows:
            kept[1].inc(rows)

    def taken(self, model: str, status: int, rows: int) -> None:
        """One request with events more."""
        self._taken.labels(model, str(status)).inc()
        if status == 200:
            self._events.labels(model).inc(rows)

    def refused(self, why: str) -> None:
        self._refused.labels(why).inc()

    def keyed(self, key: str, status: int) -> None:
        self._by_key.labels(key, str(status)).inc()

    def explained(self, model: str, rows: int) -> None:
        self._explained.labels(model).inc(rows)

    def missed(self, model: str, version: str, rows: int) -> None:
        self._missed.labels(model, version).inc(rows)

    def changed(self, model: str, how: str, status: int) -> None:
        self._changed.labels(model, how, str(status)).inc()

    def text(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest

        counted = self.registry
        if self._folder:
            counted = CollectorRegistry()
            need("prometheus_client.multiprocess").MultiProcessCollector(counted, self._folder)
        return bytes(generate_latest(counted) + generate_latest(self._shown))
