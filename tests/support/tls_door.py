"""A door with a lock before a server that has none: TLS outside, plain bytes inside, on loopback.

The embedded servers are built without TLS, and a managed one speaks nothing else. PostgreSQL's clients ask in plain
words first whether they may begin (SSLRequest); Redis' begin at once.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FILES = Path(__file__).resolve().parents[1] / "data" / "tls"
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
Target = Callable[[], socket.socket]


@contextmanager
def locked(target: Target, *, asks_first: bool) -> Iterator[int]:
    """The door's port; `target` makes a connection to the server behind it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / "server.pem", FILES / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_serve, args=(door, context, target, asks_first))
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(door: socket.socket, context: ssl.SSLContext, target: Target, asks_first: bool) -> None:
    threads = []
    while True:
        try:
            caller, _ = door.accept()
        except OSError:  # shut
            break
        threads.append(threading.Thread(target=_let_in, args=(caller, context, target, asks_first)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _let_in(caller: socket.socket, context: ssl.SSLContext, target: Target, asks_first: bool) -> None:
    with caller, contextlib.suppress(OSError):  # a caller who does not trust us hangs up
        if asks_first:
            assert caller.recv(8, socket.MSG_WAITALL) == SSL_REQUEST
            caller.sendall(b"S")
        with context.wrap_socket(caller, server_side=True) as inside, target() as server:
            back = threading.Thread(target=_pump, args=(server, inside))
            back.start()
            _pump(inside, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until either ends; then the other ends too."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
