"""The bus as a runner uses it: wake-ups, new bars, news of its runs.

Rule: nothing rests on it. One that does not answer is left alone for a while, and the record is polled meanwhile.
"""

import time
from collections.abc import Mapping, Sequence

from redis import Redis

from services.runner.source import Source
from shared import log, metrics
from shared.bus import pubsub
from shared.bus.codec import Entry, RunEvent
from shared.domain.errors import UnavailableError
from shared.store.ownership import Progress

TIMEOUT_S = 0.5  # a bus that does not answer must not cost the lease
PAUSE_S = 3.0  # before it is asked again

FAILURES = metrics.counter("paperfold_bus_failures_total", "Times Redis did not answer: the record was polled instead")

_log = log.get("runner")


class Bus:
    """What a runner hears and says on the bus. Nothing here raises UnavailableError."""

    def __init__(self, client: Redis) -> None:
        self.source = Source(client)
        self._client = client
        self._control: pubsub.Subscription | None = None
        self._again = 0.0  # when it may be asked again

    def has_woken(self) -> bool:
        """Did someone say that PostgreSQL has something new?"""
        if self._is_left_alone():
            return False
        try:
            if self._control is None:
                self._control = pubsub.Subscription(self._client, "control", timeout_s=TIMEOUT_S)
            woken = False
            while self._control.next() is not None:
                woken = True
            return woken
        except UnavailableError as error:
            self._leave_alone(error)
            return False

    def read(self, block_ms: int) -> Mapping[str, Sequence[Entry]]:
        """New entries by instrument, waited for at most `block_ms`."""
        if self._is_left_alone():
            time.sleep(block_ms / 1000)
            return {}
        try:
            return self.source.read(block_ms)
        except UnavailableError as error:
            self._leave_alone(error)
            return {}

    def tell(self, told: Sequence[Progress]) -> None:
        """Say what was committed."""
        events = [RunEvent(p.run_id, p.new_seq, p.new_position_ms, p.status, p.health) for p in told]
        if events and not self._is_left_alone():
            try:
                pubsub.publish_runs(self._client, events)
            except UnavailableError as error:
                self._leave_alone(error)

    def _is_left_alone(self) -> bool:
        return time.monotonic() < self._again

    def _leave_alone(self, error: UnavailableError) -> None:
        _log.warning("bus_unavailable", error=str(error))
        FAILURES.inc()
        self._control = None
        self._again = time.monotonic() + PAUSE_S
