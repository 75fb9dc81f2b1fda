"""Metrics of this process, and of the record that it looks at; one registry per application."""

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.metrics import tell_build
from shared.store.figures import Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OLD_S = 30.0  # three looks

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Record(Collector):
    """What the database says, as last read; nothing while it does not answer: an old number would be believed."""

    def __init__(self) -> None:
        self._found: Figures | None = None
        self._read_s = 0.0

    def read(self, found: Figures | None) -> None:
        """What was found just now."""
        self._found, self._read_s = found, time.monotonic()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._found if time.monotonic() - self._read_s < OLD_S else None
        runs = GaugeMetricFamily("paperfold_runs", "Runs of the record, ended ones too.", labels=("mode", "status"))
        live = GaugeMetricFamily("paperfold_live_runs", "Live runs by how well they are served.", labels=("health",))
        behind = GaugeMetricFamily(
            "paperfold_live_run_lag_seconds", "Recorded minutes that the slowest live run has not committed."
        )
        missing = GaugeMetricFamily("paperfold_runners_missing", "Live runs that find no free slot of a runner.")
        size = GaugeMetricFamily("paperfold_database_size_bytes", "What the database takes on its disk.")
        if found is not None:
            for labels, count in found.runs.items():
                runs.add_metric(labels, count)
            for health, count in found.live.items():
                live.add_metric((health,), count)
            behind.add_metric((), found.behind_ms / 1000)
            missing.add_metric((), found.runners_missing)
            size.add_metric((), found.size_bytes)
        yield from (runs, live, behind, missing, size)


class Metrics:
    """Names follow Prometheus: one prefix, base units, no label whose values are unbounded."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        tell_build(self.registry)
        self.figures = Record()
        self.registry.register(self.figures)
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
        self._neighbours = Gauge(
            "paperfold_neighbour_up", "1 while a store answers this process, and takes writes.", ("neighbour",),
            registry=self.registry,
        )  # fmt: skip

    def neighbour(self, name: str, is_well: Callable[[], bool]) -> None:
        """Ask `is_well` whenever someone wants to know; from any thread."""
        self._neighbours.labels(name).set_function(is_well)

    def text(self) -> bytes:
        return generate_latest(self.registry)
