"""What a kline stream sends, as a function of exchange time: the frames of one symbol in (after, until]."""

from typing import NamedTuple

from services.exchange_sim.market import SCALE, Market, Row, Series, pages, row_at, traded_before
from services.exchange_sim.path import way
from services.exchange_sim.wire import kline_frame
from shared.domain.timeframe import MINUTE_MS, floor_ms

EVERY_MS = 2000  # update speed of forming frames


def stream_of(symbol: str) -> str:
    """Name of a symbol's stream."""
    return f"{symbol.lower()}@kline_1m"


class Update(NamedTuple):
    """One frame. Updates sort by time; at the same time the closed minute goes first."""

    at_ms: int
    is_forming: bool
    symbol: str
    row: Row

    @property
    def stream(self) -> str:
        return stream_of(self.symbol)

    def frame(self) -> str:
        return kline_frame(self.symbol, self.row, not self.is_forming, self.at_ms)


class Feed:
    """Updates of one symbol.

    Policy `silent`, as recorded of the venue: a closed frame comes with the first trade of a later minute, and a minute
    without trades has none. Policy `push`: every minute's closed frame comes when the minute ends.
    Forming frames come every EVERY_MS, if there were trades since; of a window that holds many, only the last is given.
    """

    def __init__(self, market: Market, symbol: str, policy: str) -> None:
        self.symbol = symbol
        self.stream = stream_of(symbol)
        self.series: Series = market.series[symbol]
        self._salt = f"{market.seed}:{symbol}"
        self._tick = round(float(self.series.listing.tick) * SCALE)
        self._phase = sum(map(ord, symbol)) * 37 % EVERY_MS  # symbols do not beat together
        self._closed = self._pushed if policy == "push" else self._silent
        self._traded: Row | None = None  # the last one whose closed frame waits for a trade

    def updates(self, after_ms: int, until_ms: int) -> list[Update]:
        """Updates with after < at <= until. Windows that join give every closed frame once."""
        return sorted([*self._closed(after_ms, until_ms), *self._forming(after_ms, until_ms)], key=lambda u: u[:2])

    def next_ms(self, now_ms: int) -> int:
        """When something may come next: the next beat, a minute's end, or its first trade."""
        minute = floor_ms(now_ms, MINUTE_MS)
        beat = now_ms + EVERY_MS - (now_ms - self._phase) % EVERY_MS
        firsts = [time + 1 for open_ms in (minute, minute + MINUTE_MS) for time in self._times(open_ms)[:1]]
        return min(beat, minute + MINUTE_MS, *(at_ms for at_ms in firsts if at_ms > now_ms))

    def _times(self, open_ms: int) -> tuple[int, ...]:
        row = row_at(self.series, open_ms)
        return () if row is None else way(row, self._salt, self._tick)[0]

    def _silent(self, after_ms: int, until_ms: int) -> list[Update]:
        updates = []
        for row in pages(self.series, floor_ms(after_ms - 1, MINUTE_MS), until_ms):
            if row.trades == 0:
                continue
            at_ms = way(row, self._salt, self._tick)[0][0] + 1
            if not after_ms < at_ms <= until_ms:
                continue
            last = self._traded
            if last is None or last.open_ms >= row.open_ms or last.last_id + 1 != row.first_id:
                last = traded_before(self.series, row.open_ms)
            self._traded = row
            if last is not None:
                updates.append(Update(at_ms, False, self.symbol, last))
        return updates

    def _pushed(self, after_ms: int, until_ms: int) -> list[Update]:
        start = floor_ms(after_ms, MINUTE_MS)
        rows = pages(self.series, start, until_ms - MINUTE_MS + 1)
        return [Update(row.open_ms + MINUTE_MS, False, self.symbol, row) for row in rows]

    def _forming(self, after_ms: int, until_ms: int) -> list[Update]:
        at_ms = until_ms - (until_ms - self._phase) % EVERY_MS
        if at_ms <= after_ms:
            return []
        row = row_at(self.series, floor_ms(at_ms, MINUTE_MS))
        if row is None:
            return []
        times, rows = way(row, self._salt, self._tick)
        arrived = [time for time in times if time < at_ms]
        told_ms = after_ms - (after_ms - self._phase) % EVERY_MS  # the last beat that an earlier window held
        if not arrived or arrived[-1] < told_ms:
            return []
        return [Update(at_ms, True, self.symbol, rows[len(arrived) - 1])]
