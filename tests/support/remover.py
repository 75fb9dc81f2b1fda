"""Removes containers of a process that is no more: `python -m tests.support.remover WORD`.

Its stdin is a pipe whose other end only that process holds. When it closes, containers with the label are removed,
with their volumes; without a word of farewell once more a while later, for the engine may still have been making one.
"""

import signal
import sys
import time

import docker  # type: ignore[import-untyped]
from docker.errors import APIError  # type: ignore[import-untyped]

LABEL = "paperfold.tests"
FAREWELL = "done"
AGAIN_S = 3.0


def remove(word: str) -> int:
    """Remove what carries the label; how many there were."""
    client = docker.from_env()
    try:
        found = client.containers.list(all=True, filters={"label": f"{LABEL}={word}"}, ignore_removed=True)
        for container in found:
            try:
                container.remove(force=True, v=True)
            except APIError as error:  # it is on its way out already
                if error.status_code not in (404, 409):
                    raise
        return len(found)
    finally:
        client.close()


def main(word: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = sys.stdin.read()
    remove(word)
    if told != FAREWELL:
        time.sleep(AGAIN_S)
        remove(word)


if __name__ == "__main__":
    main(sys.argv[1])
