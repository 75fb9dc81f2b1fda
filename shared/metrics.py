"""Metrics: every name in one list, and a server for processes that have no HTTP of their own."""

from typing import Literal, get_args

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

# Labels are bounded: service, instrument, reason; never a run, an order or a trade.
RunnerMetric = Literal[
    "paperfold_bars_folded_total",  # base bars folded, over all runs
    "paperfold_runs_held",  # runs in memory
    "paperfold_runs_failed_total",  # folds that raised, and divergences
    "paperfold_runs_recovered_total",  # runs brought into memory
    "paperfold_commit_seconds",  # one fenced transaction, decisions included
]
RUNNER_METRICS: tuple[RunnerMetric, ...] = get_args(RunnerMetric)


def counter(name: RunnerMetric, about: str) -> Counter:
    """A counter of this process."""
    return Counter(name, about)


def gauge(name: RunnerMetric, about: str) -> Gauge:
    """A gauge of this process."""
    return Gauge(name, about)


def histogram(name: RunnerMetric, about: str) -> Histogram:
    """A histogram of this process, in seconds."""
    return Histogram(name, about, buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5))


def serve(port: int, host: str = "127.0.0.1") -> None:
    """Answer /metrics on a thread; port 0: not at all."""
    if port:
        start_http_server(port, host, REGISTRY)
