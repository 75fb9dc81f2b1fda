"""Exit code 0 while this container's service answers: the images' health check. Started every few seconds, so it loads
nothing but a socket.

The API answers for its stores as well; it is what others wait for. The rest answer for themselves.
"""

import os
import socket
import sys

TIMEOUT_S = 4.0

# Service -> the setting that holds its port, the port without it, and what to ask for.
ANSWERS = {
    "api": ("API__PORT", 8000, "/readyz"),
    "dashboard": ("DASHBOARD__PORT", 8080, "/livez"),
    "exchange_sim": ("SIM__PORT", 9443, "/api/v3/ping"),
    "ingest": ("INGEST__METRICS_PORT", 9100, "/metrics"),
    "runner": ("RUNNER__METRICS_PORT", 9100, "/metrics"),
}


def main(service: str) -> int:
    """0: it answers 200. The command line is no server, and always well."""
    if service not in ANSWERS:
        return 0
    setting, port, path = ANSWERS[service]
    port = int(os.environ.get(f"PAPERFOLD__{setting}", port))
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as door:
            door.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = door.recv(64)
    except OSError as error:
        print(f"{service}: {error}", file=sys.stderr)
        return 1
    status = answer.split(b"\r\n", 1)[0]
    print(status.decode("ascii", "replace"))
    return 0 if status.split()[1:2] == [b"200"] else 1


if __name__ == "__main__":
    sys.exit(main(os.environ["PAPERFOLD_SERVICE"]))
