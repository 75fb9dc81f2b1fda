"""The exchange's clock as we know it: an estimate between measurements, with honest edges. Pure: times come in.

A measurement is a server time S that was stamped between two moments of ours, t0 (question left) and t1 (answer came).
So at a later moment w the exchange's time is at least S + rate (w - t1) and at most S + rate (w - t0).
"""

from dataclasses import dataclass

from shared.domain.errors import InvariantError


@dataclass(frozen=True, slots=True)
class Measurement:
    """One /time answer: `server_ms`, stamped between the wall moments `sent_ms` and `received_ms`."""

    server_ms: int
    sent_ms: float
    received_ms: float

    @property
    def round_trip_ms(self) -> float:
        return self.received_ms - self.sent_ms


class ExchangeClock:
    """Exchange time from wall time (monotonic ms). `rate` is exchange milliseconds per wall millisecond."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self.is_trusted = False
        self._best: Measurement | None = None

    @property
    def measurement(self) -> Measurement:
        if self._best is None:
            raise InvariantError("the exchange's clock was never measured")
        return self._best

    @property
    def was_measured(self) -> bool:
        return self._best is not None

    def set(self, samples: list[Measurement]) -> None:
        """Take a fresh series of measurements: the one with the shortest round trip tells the most."""
        self._best = min(samples, key=lambda sample: sample.round_trip_ms)
        self.is_trusted = True

    def doubt(self) -> None:
        """The exchange went away and may have stood still meanwhile: measure again before anything is decided by it."""
        self.is_trusted = False

    def now_ms(self, wall_ms: float) -> int:
        """Best estimate."""
        best = self.measurement
        middle = (best.sent_ms + best.received_ms) / 2
        return int(best.server_ms + self.rate * (wall_ms - middle))

    def earliest_ms(self, wall_ms: float) -> int:
        """It is not earlier than this at the exchange: what finality reckons with."""
        best = self.measurement
        return int(best.server_ms + self.rate * (wall_ms - best.received_ms))

    def wall_until_ms(self, exchange_ms: int, wall_ms: float) -> float:
        """Wall milliseconds from now until it is surely `exchange_ms` at the exchange; 0 when it already is."""
        return max(0.0, (exchange_ms - self.earliest_ms(wall_ms)) / self.rate)
