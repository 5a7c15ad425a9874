"""What Prometheus reads of a server: its own registry, so that two apps in one process do not meet."""

from typing import Any

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Counts:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        say, by = "mintmark_", self.registry
        self._requests = Counter(say + "requests", "Predict requests answered.", ["model", "status"], registry=by)
        self._rows = Counter(say + "rows", "Rows answered.", ["model"], registry=by)
        self._seconds = Histogram(
            say + "request_seconds", "From the head of a predict request to the end of its answer.",
            ["model"], registry=by, buckets=BUCKETS_S,
        )  # fmt: skip
        self.in_flight = Gauge(say + "requests_in_flight", "Requests not yet answered.", registry=by)
        self._events = Counter(say + "events", "Rows taken into the past.", ["model"], registry=by)
        self._taken = Counter(say + "event_requests", "Requests with events.", ["model", "status"], registry=by)
        self._kept: dict[tuple[str, int], tuple[Any, Any, Any]] = {}
        """looking a labelled counter up costs more than counting"""

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

    def text(self) -> bytes:
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))
