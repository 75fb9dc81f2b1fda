"""Waiting for what other processes do: asked again and again, and given up after a while."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    ask: Callable[[], T | None],
    timeout_s: float = 30.0,
    what: str | Callable[[], str] = "it did not happen in time",
    every_s: float = 0.05,
) -> T:
    """The first answer that is true; `what` is told when none is in time."""
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(every_s)
    return answer
