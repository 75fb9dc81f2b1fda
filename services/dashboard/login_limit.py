"""How often a wrong token may be tried: a few times a minute from one address, and a bound for all together."""

from collections import deque
from threading import Lock

TRIES = 5
TRIES_OF_ALL = 60
WINDOW_S = 60.0
MOST_ADDRESSES = 1000


class LoginLimit:
    """Failures of the last minute. Times are passed in: monotonic seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures: dict[str, deque[float]] = {}
        self._all: deque[float] = deque(maxlen=TRIES_OF_ALL)

    def wait_s(self, address: str, now_s: float) -> float:
        """Seconds until this address may try again; 0: now."""
        with self._lock:
            mine = self._failures.get(address, deque())
            return max(_wait_s(mine, TRIES, now_s), _wait_s(self._all, TRIES_OF_ALL, now_s))

    def failed(self, address: str, now_s: float) -> None:
        with self._lock:
            if len(self._failures) >= MOST_ADDRESSES and address not in self._failures:
                self._forget(now_s)
            self._failures.setdefault(address, deque(maxlen=TRIES)).append(now_s)
            self._all.append(now_s)

    def _forget(self, now_s: float) -> None:
        """Addresses without a recent failure; the oldest one when all have one."""
        old = [address for address, times in self._failures.items() if now_s - times[-1] >= WINDOW_S]
        for address in old or [next(iter(self._failures))]:
            del self._failures[address]


def _wait_s(failures: deque[float], allowed: int, now_s: float) -> float:
    if len(failures) < allowed:
        return 0.0
    return max(0.0, WINDOW_S - (now_s - failures[0]))
