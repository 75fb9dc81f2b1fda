"""Recorded bars: rows of bar files, with what a file does not say derived from what it says, always the same."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b, sha256
from pathlib import Path

from services.exchange_sim.listing import listing_for
from services.exchange_sim.market import SCALE, Row, units
from shared.domain.errors import InputError
from shared.store.bar_files import BarColumns, price_decimals, read_bars

MOST_TRADES = 1000  # derived for a minute


class Recorded:
    """Rows of one instrument from its files, oldest first. A minute that no file has is an outage."""

    def __init__(self, instrument: str, paths: Sequence[Path]) -> None:
        self.instrument = instrument
        self._files = [read_bars(path) for path in paths]
        self._open_ms: array[int] = array("q")
        self._starts: list[int] = []  # row at which each file starts
        for path, columns in zip(paths, self._files, strict=True):
            if self._open_ms and columns.bars.open_ms[0] <= self._open_ms[-1]:
                raise InputError(str(path), f"files of {instrument} follow one another", columns.bars.open_ms[0])
            self._starts.append(len(self._open_ms))
            self._open_ms.extend(columns.bars.open_ms)
        decimals = max(price_decimals(columns.bars) for columns in self._files)
        if decimals > 8:
            raise InputError(str(paths[0]), "prices of at most 8 decimals", decimals)
        self.listing = listing_for(instrument, self._files[0].bars.close[0], decimals)
        self.first_ms = self._open_ms[0]
        self.last_ms: int | None = self._open_ms[-1]
        self._first_ids = array("q", [1])  # of each row, and of the one after the last
        for columns in self._files:
            at = self._first_ids[-1]
            for n in _trades(columns):
                at += n
                self._first_ids.append(at)

    def digest(self) -> str:
        """Hash of all bars."""
        chain = sha256(self.instrument.encode())
        for columns in self._files:
            for column in columns.bars:
                chain.update(memoryview(column))  # type: ignore[arg-type]  # read_bars gives arrays
        return chain.hexdigest()

    def oldest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        start, end = bisect_left(self._open_ms, from_ms), bisect_left(self._open_ms, to_ms)
        return [self._row(at) for at in range(start, min(end, start + limit))]

    def newest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        start, end = bisect_left(self._open_ms, from_ms), bisect_left(self._open_ms, to_ms)
        return [self._row(at) for at in range(max(start, end - limit), end)]

    def _row(self, index: int) -> Row:
        file = bisect_right(self._starts, index) - 1
        columns, at = self._files[file], index - self._starts[file]
        bars = columns.bars
        prices = (units(bars.open[at]), units(bars.high[at]), units(bars.low[at]), units(bars.close[at]))
        volume = units(bars.volume[at])
        trades = self._first_ids[index + 1] - self._first_ids[index]
        mean = sum(prices)
        if columns.taker_buy_base is None:
            draw = int.from_bytes(blake2b(f"{self.instrument}:{bars.open_ms[at]}".encode(), digest_size=4).digest())
            bought = volume * (300 + draw % 401) // 1000 if trades > 1 else volume * (draw % 2)
        else:
            bought = _units(columns.taker_buy_base[at])
        paid = mean * volume // (4 * SCALE) if columns.quote_volume is None else _units(columns.quote_volume[at])
        if columns.taker_buy_quote is None:
            paid_taker = paid * bought // volume if volume else 0
        else:
            paid_taker = _units(columns.taker_buy_quote[at])
        return Row(bars.open_ms[at], *prices, volume, paid, trades, bought, paid_taker, self._first_ids[index])


def _trades(columns: BarColumns) -> Sequence[int]:
    """Trades of each row: as recorded, else by volume; some where there is volume, none where there is none."""
    volume = columns.bars.volume
    if columns.trades is not None:
        return [max(1, n) if v > 0 else 0 for n, v in zip(columns.trades, volume, strict=True)]
    sample = sorted(v for v in volume[:: max(1, len(volume) // 10_000)] if v > 0) or [1.0]
    scale = 16 / sample[len(sample) // 2]
    return [min(MOST_TRADES, 4 + int(v * scale)) if v > 0 else 0 for v in volume]


def _units(value: Decimal) -> int:
    return int((value * SCALE).to_integral_value())
