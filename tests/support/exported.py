"""Every sample that a service of ours gives to Prometheus, by the name under which Prometheus keeps it."""

import prometheus_client

from services.api.metrics import Metrics
from services.ingest.metrics import Meters
from services.runner import app
from shared.metrics import RUNNER_METRICS

SAMPLES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def exported() -> set[str]:
    """Of the API, of ingest, and of a runner: of its whole process, whose modules register what they count."""
    assert app.HELD is not None
    registries = (Metrics().registry, Meters().registry, prometheus_client.REGISTRY)
    families = [metric for registry in registries for metric in registry.collect() if metric.type in SAMPLES]
    return {f"{metric.name}{more}" for metric in families for more in SAMPLES[metric.type]}


def families() -> set[str]:
    """The same, as code and people name them: a histogram once."""
    return exported() | set(RUNNER_METRICS)
