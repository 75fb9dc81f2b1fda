"""`python -m services.dashboard`: settings, third-party scripts, waitress."""

import logging
import signal
import sys
from types import FrameType

import waitress

from services.dashboard.app import create_app
from services.dashboard.views.events import MOST_LISTENERS, Listeners
from shared import heap, log, settings
from shared.domain.errors import InputError

PAGE_THREADS = 8  # an event stream holds a thread of its own for as long as it lasts


def main() -> int:
    """0 after a clean stop, 1 when the server cannot start."""
    heap.share_one()
    conf = settings.load()
    log.configure("dashboard", conf.log.level, conf.log.json_lines)
    logging.getLogger("waitress").addHandler(_Forward())
    _log = log.get("dashboard")
    try:
        app = create_app(conf)
        server = waitress.create_server(
            app,
            host=conf.dashboard.host,
            port=conf.dashboard.port,
            threads=PAGE_THREADS + MOST_LISTENERS,
            connection_limit=200,
            outbuf_high_watermark=1024 * 1024,  # of an answer: the next part waits until less is to be sent
            max_request_body_size=1024 * 1024,  # a strategy file has at most 256 KB; a form may triple every byte
            ident="",
        )
    except (InputError, OSError) as error:
        _log.error("refused_to_start", reason=str(error))
        return 1
    _log.info("listening", host=conf.dashboard.host, port=int(server.effective_port), api=conf.dashboard.api_url)
    _stop_by_signal(app.extensions["listeners"])
    server.run()  # returns on SystemExit
    return 0


def _stop_by_signal(listeners: Listeners) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        listeners.hang_up()  # or the server would wait for them
        raise SystemExit

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


class _Forward(logging.Handler):
    """Lines of the server, in our words' form."""

    def emit(self, record: logging.LogRecord) -> None:
        log.get("server").log(record.levelno, "server_says", text=record.getMessage())


if __name__ == "__main__":
    sys.exit(main())
