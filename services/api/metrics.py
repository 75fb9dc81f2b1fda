"""Metrics of this process, one registry per application."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is not asked here, and doubles the text

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Names follow Prometheus: one prefix, base units, no label whose values are unbounded."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "paperfold_http_requests_total", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "paperfold_http_request_seconds",
            "Time to the end of an answer; event streams are left out.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.clients = Gauge("paperfold_event_clients", "Open event streams.", registry=self.registry)
        self.resets = Counter(
            "paperfold_event_resets_total", "Event clients too slow to be told all.", registry=self.registry
        )
        self.lost_wakeups = Counter(
            "paperfold_wakeups_lost_total", "Changes that the bus was not told of; pollers found them.",
            registry=self.registry,
        )  # fmt: skip
        self.added_up = Counter(
            "paperfold_runs_added_up_total", "Long runs whose statistics a child added up.", registry=self.registry
        )
        self.exported = Counter(
            "paperfold_runs_exported_total", "Documents of long runs that a child wrote.", registry=self.registry
        )
        self.neighbours = Gauge("paperfold_neighbour_up", "1: it answers.", ("neighbour",), registry=self.registry)
        build = Gauge("paperfold_build_info", "1.", ("version",), registry=self.registry)
        build.labels(version).set(1)

    def text(self) -> bytes:
        return generate_latest(self.registry)
