"""What Prometheus is told of a feed. Names are one list here."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from shared.domain.timeframe import MINUTE_MS
from shared.exchange.finality import Absent, Final, Outcome


class Meters:
    """This process's numbers, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"paperfold_ingest_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"paperfold_ingest_{name}", text, labels, registry=self.registry)

        self.minutes = counter("minutes", "Minutes decided and committed", "instrument", "by")
        self.backfilled = counter("backfilled_minutes", "Minutes of history decided", "instrument")
        self.revisions = counter("revisions", "Revisions noted", "instrument")
        self.next_ms = gauge("next_ms", "Oldest minute not decided", "instrument")
        self.lag_s = gauge("lag_seconds", "Exchange time from the last minute's end to its commit", "instrument")
        self.stale = gauge("stale", "1 while a minute is not final in time", "instrument")
        self.connected = gauge("stream_connected", "1 while the stream is connected")
        self.disconnects = counter("disconnects", "Streams that ended by themselves")
        self.refused = counter("refused", "Rows and messages that could not be used")
        self.rest_failures = counter("rest_failures", "REST questions without an answer")
        self.weight = gauge("request_weight", "Weight used in this minute")
        self.clock_error_ms = gauge("clock_error_ms", "Half a round trip, in exchange time")

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer /metrics, when a port is set."""
        if port > 0:
            start_http_server(port, addr=host, registry=self.registry)

    def committed(self, instrument: str, outcomes: Sequence[Outcome], revisions: int, now_ms: int) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Final):
                self.minutes.labels(instrument, outcome.by).inc()
                self.lag_s.labels(instrument).set((now_ms - outcome.bar.open_ms - MINUTE_MS) / 1000)
            elif isinstance(outcome, Absent):
                self.minutes.labels(instrument, "absent").inc((outcome.to_ms - outcome.from_ms) // MINUTE_MS)
        if revisions:
            self.revisions.labels(instrument).inc(revisions)

    def watched(self, instrument: str, next_ms: int, is_stale: bool) -> None:
        self.next_ms.labels(instrument).set(next_ms)
        self.stale.labels(instrument).set(is_stale)
