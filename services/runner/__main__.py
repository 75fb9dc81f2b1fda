"""`python -m services.runner`: read settings, connect, fold until told to stop."""

import signal
import sys
import threading

from services.runner import bus
from services.runner.app import Runner
from services.runner.children import Children
from shared import log, metrics, settings
from shared.bus import client
from shared.domain.errors import PaperfoldError
from shared.store import database


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    config = settings.load()
    log.configure("runner", config.log.level, config.log.json_lines)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    metrics.serve(config.runner.metrics_port, config.runner.metrics_host)
    engine = database.connect(
        config.database.url.get_secret_value(), "paperfold-runner", pool_size=config.database.pool_size
    )
    redis = client.connect(config.redis.url.get_secret_value(), "paperfold-runner", bus.TIMEOUT_S)
    try:
        Runner(config.runner, engine, redis, Children()).run(stop)
    except PaperfoldError as error:
        log.get("runner").error("ended", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
