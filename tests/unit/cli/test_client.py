"""The API's client: against answers of a server that says what it is told to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from services.cli import client as module
from services.cli.client import Client, RefusedError, WrongInputError
from services.cli.system import Api
from shared.domain.errors import InputError, UnavailableError

PROBLEM = {"file": "s.yaml", "line": 3, "column": 7, "severity": "error", "message": "type: no such indicator"}


class Server(HTTPServer):
    """Gives the answers that it was told, in order, and keeps what it was asked."""

    answers: list[tuple[int, Any]]
    asked: list[tuple[str, str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Idempotency-Key")))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answers.pop(0)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.answers, server.asked = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which does not know this machine's ports
    client = Client(Api(f"http://127.0.0.1:{server.server_port}", "a-token"))
    yield client
    client.close()


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        pytest.param(404, {"detail": "run 7 does not exist"}, WrongInputError, "run 7 does not exist", id="unknown"),
        pytest.param(
            422,
            {"detail": "x", "problems": [PROBLEM, PROBLEM | {"line": 9}]},
            WrongInputError,
            "mine.yaml:3:7: error: type: no such indicator\nmine.yaml:9:7: error: type: no such indicator",
            id="strategy",
        ),
        pytest.param(
            422,
            {"detail": "x", "errors": [{"where": "body.cash", "rule": "greater than 0", "found": -1}]},
            WrongInputError,
            "cash: greater than 0, was -1",
            id="request",
        ),
        pytest.param(409, {"detail": "run 7 has ended"}, RefusedError, "run 7 has ended (409)", id="wrong state"),
        pytest.param(401, {"detail": "nobody has this token"}, RefusedError, "nobody has this token (401)", id="token"),
        pytest.param(500, b"<html>", RefusedError, "Internal Server Error (500)", id="no problem document"),
        pytest.param(502, {}, RefusedError, "Bad Gateway (502)", id="nothing said"),
        pytest.param(404, [1], WrongInputError, "Not Found", id="another's answer"),
    ],
)
def test_problems_become_errors(
    client: Client, server: Server, status: int, body: Any, error: type[Exception], words: str
) -> None:
    server.answers = [(status, body)]
    with pytest.raises(error) as raised:
        client.post("/strategies", {"text": "x"}, file="mine.yaml")
    assert str(raised.value) == words
    assert isinstance(raised.value, InputError) == (status in module.INPUT_STATUSES)


def test_a_wish_is_named_so_that_asking_twice_grants_it_once(client: Client, server: Server) -> None:
    server.answers = [(503, {}), (429, {}), (201, {"id": 1})]
    assert client.post("/runs", {}) == {"id": 1}
    keys = [key for _, _, key in server.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    server.answers = [(201, {"id": 1})]
    client.post("/runs", {}, key="mine")
    assert server.asked[-1][2] == "mine"
    assert server.asked[-1][2] != keys[0]


def test_patience_ends(client: Client, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    server.answers = [(503, {"detail": "the clock has not been measured"})] * 50
    with pytest.raises(UnavailableError, match="not been measured"):
        client.get("/system")
    assert len(server.asked) > 1


def test_who_is_not_there_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Client(Api("http://127.0.0.1:9", "t"))
    with pytest.raises(UnavailableError, match=r"the API at http://127\.0\.0\.1:9 does not answer"):
        gone.get("/runs")
    gone.close()


def test_an_answer_that_is_no_json_is_not_ours(client: Client, server: Server) -> None:
    server.answers = [(200, b"hello")]
    with pytest.raises(UnavailableError, match="as a Paperfold API does"):
        client.get("/runs")


def test_lists_are_read_to_their_end(client: Client, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    pages = [(200, {"items": [{"seq": 1}, {"seq": 2}], "total": 3}), (200, {"items": [{"seq": 3}], "total": 3})]
    server.answers = list(pages)
    assert [one["seq"] for one in client.all_items("/runs/1/trades")] == [1, 2, 3]
    assert [path for _, path, _ in server.asked] == [
        f"/api/v1/runs/1/trades?limit=2&offset={offset}&order=asc" for offset in (0, 2)
    ]
    server.answers = list(pages)
    assert [one["seq"] for one in client.all_items("/runs/1/trades", 2, newest=True)] == [2, 1]
