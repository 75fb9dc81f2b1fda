"""Metrics: every name in one list, and a server for processes that have no HTTP of their own."""

from collections.abc import Sequence
from typing import Literal, get_args

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

from shared.engine.version import ENGINE_VERSION
from shared.release import package_version

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began is not asked here, and doubles the text

# Labels are bounded: service, instrument, reason; never a run, an order or a trade.
RunnerMetric = Literal[
    "paperfold_bars_folded_total",  # base bars folded, over all runs
    "paperfold_runs_held",  # runs in memory
    "paperfold_runs_failed_total",  # folds that raised, and divergences, of this process; all of them: paperfold_runs
    "paperfold_runs_recovered_total",  # runs brought into memory: new ones, and those of a runner that is gone
    "paperfold_runs_lost_total",  # runs that were taken from this process while it lived: it hung, or was cut off
    "paperfold_children_failed_total",  # child processes that ended otherwise than they should
    "paperfold_commit_seconds",  # one fenced transaction, decisions included
    "paperfold_close_to_commit_seconds",  # from a minute's end to the commit of what was decided on it
    "paperfold_database_failures_total",  # times that the database did not answer, and everything was forgotten
    "paperfold_bus_failures_total",  # times that Redis did not answer, and the record was polled instead
]
RUNNER_METRICS: tuple[RunnerMetric, ...] = get_args(RunnerMetric)

COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
LATE_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 30, 60)  # a quiet minute is final after 3 to 5 s


def counter(name: RunnerMetric, about: str) -> Counter:
    """A counter of this process."""
    return Counter(name, about)


def gauge(name: RunnerMetric, about: str) -> Gauge:
    """A gauge of this process."""
    return Gauge(name, about)


def histogram(name: RunnerMetric, about: str, buckets: Sequence[float] = COMMIT_S) -> Histogram:
    """A histogram of this process, in seconds."""
    return Histogram(name, about, buckets=buckets)


def tell_build(registry: CollectorRegistry = REGISTRY) -> None:
    """What was released, and which engine folds: labels of a gauge that is always 1."""
    labels = ("version", "engine_version")
    build = Gauge("paperfold_build_info", "What runs here; always 1.", labels, registry=registry)
    build.labels(package_version(), ENGINE_VERSION).set(1)


def serve(port: int, host: str = "127.0.0.1") -> None:
    """Answer /metrics on a thread; port 0: not at all."""
    if port:
        tell_build()
        start_http_server(port, host, REGISTRY)
