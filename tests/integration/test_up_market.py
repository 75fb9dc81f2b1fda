"""Whether the real exchange can be reached, asked of servers on this machine that behave well and badly."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from services.cli.up.market import answers, choose


class Exchange(http.server.BaseHTTPRequestHandler):
    """Answers the ping, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v3/ping" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def exchange() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Exchange)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_exchange_that_answers_is_taken(exchange: str) -> None:
    assert choose("auto", exchange, ()).name == "binance-us"


def test_an_exchange_that_refuses_is_replaced_visibly(exchange: str) -> None:
    market = choose("auto", f"{exchange}/elsewhere", ())
    assert market.name == "sim"
    assert market.banner is not None
    assert "does not answer" in market.banner


def test_a_server_that_says_nothing_costs_no_more_than_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.5)
        assert time.monotonic() - began < 5.0


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert not answers(f"http://127.0.0.1:{port}")
