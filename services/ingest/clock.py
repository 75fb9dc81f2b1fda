"""The exchange's clock over this process's monotonic clock, measured again and again, and written to the database."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from shared import log
from shared.domain.errors import UnavailableError
from shared.exchange.absence import Moment
from shared.exchange.clock import ExchangeClock, Measurement
from shared.exchange.rest import RestClient

SAMPLES = 5
AGAIN_S = 60.0
AGAIN_FAST_S = 5.0  # a fast simulated clock drifts visibly within a minute
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
AHEAD_MS = 1_000  # an event stamped so far ahead of our estimate: measure again


class LiveClock:
    """What time it is at the exchange. Before the first measurement: the wall's, good enough for weight windows."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._clock = ExchangeClock(rate)
        self._is_trusted = asyncio.Event()
        self._measure_now = asyncio.Event()
        self._measured_wall_ms = 0.0

    def wall_ms(self) -> float:
        return time.monotonic() * 1000

    def now_ms(self) -> int:
        """Best estimate."""
        return self._clock.now_ms(self.wall_ms()) if self._clock.was_measured else int(time.time() * 1000)

    def moment(self) -> Moment:
        """Now, on both clocks. Raises UnavailableError while the exchange's clock is in doubt."""
        if not self._clock.is_trusted:
            raise UnavailableError("the exchange's clock is in doubt")
        wall_ms = self.wall_ms()
        return Moment(self._clock.earliest_ms(wall_ms), int(wall_ms))

    def wall_s_until(self, exchange_ms: int) -> float:
        """Wall seconds until it is surely `exchange_ms` at the exchange."""
        return self._clock.wall_until_ms(exchange_ms, self.wall_ms()) / 1000

    @property
    def error_ms(self) -> float:
        """Half a round trip of the last measurement, in exchange time."""
        return self._clock.measurement.round_trip_ms / 2 * self.rate

    def doubt(self) -> None:
        """The exchange was away: its clock may have stood still."""
        self._clock.doubt()
        self._is_trusted.clear()
        self._measure_now.set()

    def note_event(self, event_ms: int) -> None:
        """An event was stamped with this time; ours should not lag behind it."""
        is_ahead = event_ms > self.now_ms() + AHEAD_MS * max(1.0, self.rate / 10)
        if is_ahead and self.wall_ms() > self._measured_wall_ms + AGAIN_FAST_S * 1000:
            self._measure_now.set()

    async def trusted(self) -> None:
        """Wait until the clock is measured."""
        await self._is_trusted.wait()

    async def measure(self, rest: RestClient) -> Measurement:
        """Ask the exchange a few times. Raises UnavailableError."""
        self._measure_now.clear()
        self._clock.set([await rest.time() for _ in range(SAMPLES)])
        self._is_trusted.set()
        self._measured_wall_ms = self.wall_ms()
        return self._clock.measurement

    async def keep(self, rest: RestClient, note: Callable[[int, int], Awaitable[None]]) -> None:
        """Measure for ever; `note` is told (exchange time, its age in wall ms) of each measurement."""
        failures = 0
        logger = log.get("clock")
        while True:
            try:
                found = await self.measure(rest)
            except UnavailableError as error:
                logger.warning("clock_not_measured", reason=str(error))
                self.doubt()
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            failures = 0
            await note(found.server_ms, round(self.wall_ms() - (found.sent_ms + found.received_ms) / 2))
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_FAST_S if self.rate > 10 else AGAIN_S):
                    await self._measure_now.wait()
