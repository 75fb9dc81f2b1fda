"""What Prometheus is told of a feed. Names are one list here."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, start_http_server

from shared.domain.timeframe import MINUTE_MS
from shared.exchange.finality import Absent, Final, Outcome
from shared.metrics import tell_build

DECIDED_BY = ("frame", "rest", "absent")


class Meters:
    """This process's numbers, in a registry of their own. Times are the exchange's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        tell_build(self.registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"paperfold_ingest_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"paperfold_ingest_{name}", text, labels, registry=self.registry)

        self.minutes = counter("minutes", "Minutes decided and committed", "instrument", "by")
        self.backfilled = counter("backfilled_minutes", "Minutes of history decided", "instrument")
        self.revisions = counter("revisions", "Revisions noted", "instrument")
        self.next_s = gauge("next_minute_timestamp_seconds", "Begin of the oldest minute not recorded", "instrument")
        self.late_s = gauge("late_seconds", "Since the oldest minute not recorded ended; 0 before", "instrument")
        self.stale = gauge("stale", "1 while a minute is not final, or not recorded, in time", "instrument")
        self.lag_s = gauge("lag_seconds", "From the last minute's end to its commit", "instrument")
        self.lease_held = gauge("lease_held", "1 while this process is the one that records")
        self.epochs_ended = counter("epochs_ended", "Times it lost the lease or the database, and began anew")
        self.connected = gauge("stream_connected", "1 while the stream is connected")
        self.disconnects = counter("disconnects", "Streams that ended by themselves")
        self.refused = counter("refused", "Rows and messages that could not be used")
        self.rest_failures = counter("rest_failures", "REST questions without an answer")
        self.weight = gauge("request_weight", "Weight used in this minute")
        self.clock_error_s = gauge("clock_error_seconds", "Half a round trip: so far may exchange time be off")

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer /metrics, when a port is set."""
        if port > 0:
            start_http_server(port, addr=host, registry=self.registry)

    def watch(
        self, instrument: str, next_ms: Callable[[], int], late_ms: Callable[[], int], is_stale: Callable[[], bool]
    ) -> None:
        """Ask a feed whenever someone wants to know: while it waits for an exchange that is away, it says nothing."""
        self.next_s.labels(instrument).set_function(lambda: next_ms() / 1000)
        self.late_s.labels(instrument).set_function(lambda: late_ms() / 1000)
        self.stale.labels(instrument).set_function(is_stale)
        for by in DECIDED_BY:  # a counter that begins with its first event hides it
            self.minutes.labels(instrument, by)
        self.revisions.labels(instrument)
        self.backfilled.labels(instrument)

    def committed(self, instrument: str, outcomes: Sequence[Outcome], revisions: int, now_ms: int) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Final):
                self.minutes.labels(instrument, outcome.by).inc()
                self.lag_s.labels(instrument).set((now_ms - outcome.bar.open_ms - MINUTE_MS) / 1000)
            elif isinstance(outcome, Absent):
                self.minutes.labels(instrument, "absent").inc((outcome.to_ms - outcome.from_ms) // MINUTE_MS)
        if revisions:
            self.revisions.labels(instrument).inc(revisions)
