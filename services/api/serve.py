"""The process: settings, stores, uvicorn."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from services.api.app import create_app
from shared import log, settings
from shared.bus import client
from shared.domain.errors import PaperfoldError
from shared.store import database

GRACE_S = 5  # for requests that are being answered when the server is asked to stop


class Server(uvicorn.Server):
    """Ends event streams before it waits for open connections: they would last for ever."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.app.state.context.watch.close_clients()
        super().handle_exit(sig, frame)


def config_of(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,
    )


def main() -> int:
    conf = settings.load()
    log.configure("api", conf.log.level, conf.log.json_lines)
    app = create_app(
        conf,
        database.connect(conf.database.url.get_secret_value(), "api", pool_size=conf.database.pool_size),
        client.connect(conf.redis.url.get_secret_value(), "api"),
        client.connect_async(conf.redis.url.get_secret_value(), "api-events"),
    )
    try:
        Server(app, config_of(app, conf.api.host, conf.api.port)).run()
    except PaperfoldError as error:
        log.get("api").error("refused_to_start", reason=str(error))
        return 1
    return 0
