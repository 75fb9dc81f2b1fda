"""`python -m services.dashboard`: settings, third-party scripts, waitress."""

import sys
from types import FrameType

import waitress

from services.dashboard.app import create_app
from services.dashboard.views.events import MOST_LISTENERS
from shared import log, settings
from shared.domain.errors import InputError

PAGE_THREADS = 8  # an event stream holds a thread of its own for as long as it lasts


def main() -> int:
    """0 after a clean stop, 1 when the server cannot start."""
    conf = settings.load()
    log.configure("dashboard", conf.log.level, conf.log.json_lines)
    _log = log.get("dashboard")
    try:
        app = create_app(conf)
        server = waitress.create_server(
            app,
            host=conf.dashboard.host,
            port=conf.dashboard.port,
            threads=PAGE_THREADS + MOST_LISTENERS,
            connection_limit=200,
            max_request_body_size=1024 * 1024,  # a strategy file has at most 256 KB; a form may triple every byte
            ident="",
        )
    except (InputError, OSError) as error:
        _log.error("refused_to_start", reason=str(error))
        return 1
    _log.info("listening", host=conf.dashboard.host, port=int(server.effective_port), api=conf.dashboard.api_url)
    _stop_on_sigterm()
    server.run()  # returns on KeyboardInterrupt and SystemExit
    return 0


def _stop_on_sigterm() -> None:
    import signal

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    sys.exit(main())
