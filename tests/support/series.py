"""Seeded minutes for the engine's tests: a walk on whole ticks, with the things that markets do to a fold.

Only `random()` and whole numbers are used, so that a market is the same on every machine and Python: golden replays
name a market instead of holding its bars.
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pandas as pd

from shared.domain.bar import Bars

MINUTE_MS = 60_000
FIRST_MS = 1_700_006_400_000  # 2023-11-15 00:00 UTC
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
HOLES = (1, 1, 1, 2, 3, 5, 14, 15, 16, 61, 240)  # minutes that are missing in a row
THINGS = {
    "holes": "minutes are missing, the last ones of frames too, and whole frames",
    "days": "once, a day and a half is missing",
    "quiet": "minutes without trades: one price, no volume",
    "still": "traded minutes in which the price does not move",
    "jumps": "opens far from the close before, past stops and targets",
    "wide": "bars that reach both ways, so that stop and target are both touched",
    "crash": "once, the price loses most of its worth within an hour",
    "rally": "once, the price multiplies within an hour",
    "off_tick": "prices between the ticks, halves too",
    "volumes": "volumes of next to nothing, and of more than there is",
}
SCALES = (1e-10, 1e-6, 1e-4, 0.01, 0.01, 0.01, 1e4, 1e10)  # of hundredths, where volumes vary


class Market(NamedTuple):
    """What to generate."""

    seed: int
    minutes: int  # the holes included
    things: tuple[str, ...] = ()
    price: str = "60000"
    tick: str = "0.01"
    swing_ppm: int = 1500  # of a minute's move
    first_ms: int = FIRST_MS


class Minute(NamedTuple):
    """Prices in hundredths of a tick."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int  # hundredths


def minutes_of(market: Market) -> Iterator[Minute]:
    """The bars of a market, oldest first."""
    unknown = set(market.things) - set(THINGS)
    assert not unknown, unknown
    random = Random(market.seed)
    things = set(market.things)
    at = int(Decimal(market.price) / Decimal(market.tick)) * 100
    lowest, highest = 2_000, int(Decimal("9e9") / Decimal(market.tick)) * 100
    event = market.minutes // 2  # when a crash or a rally begins
    missing = quiet = still = 0
    trend = 0

    def below(n: int) -> int:
        return int(random.random() * n)

    def near(price: int, most_ppm: int) -> int:
        """A price at most so far away, on a tick."""
        moved = price * (1_000_000 + below(2 * most_ppm + 1) - most_ppm) // 1_000_000
        return min(highest, max(lowest, moved)) // 100 * 100

    for i in range(market.minutes):
        if "days" in things and i == market.minutes // 3:
            missing = 2_160
        if "holes" in things and missing == 0 and i > 0:
            if below(60) == 0:
                missing = HOLES[below(len(HOLES))]
            elif i % 15 == 14 and below(4) == 0:
                missing = 1
        if missing > 0:
            missing -= 1
            continue
        if below(90) == 0:
            trend = below(3) - 1
        open_ = at
        if "jumps" in things and below(25) == 0:
            open_ = near(open_, 25_000)
        close = near(open_ + open_ * trend * market.swing_ppm // 4_000_000, market.swing_ppm)
        if "crash" in things and event <= i < event + 60:
            close = max(lowest, close * 96 // 100 // 100 * 100)
        if "rally" in things and event <= i < event + 60:
            close = min(highest, close * 104 // 100 // 100 * 100)
        reach = market.swing_ppm // 2
        if "wide" in things and below(8) == 0:
            reach = 30_000
        high = max(open_, close) * (1_000_000 + below(reach + 1)) // 1_000_000 // 100 * 100
        low = max(100, min(open_, close) * (1_000_000 - below(reach + 1)) // 1_000_000 // 100 * 100)
        volume = 1 + below(90_000)
        if "still" in things:
            still = still - 1 if still > 0 else (below(40) if below(50) == 0 else 0)
            if still > 0:
                open_ = high = low = close = at
        if "quiet" in things:
            quiet = quiet - 1 if quiet > 0 else (1 + below(20) if below(30) == 0 else 0)
            if quiet > 0:
                open_ = high = low = close = at
                volume = 0
        if "off_tick" in things:
            open_, close = open_ + 50 * below(2), close + below(100)
            high, low = max(open_, close, high + below(100)), min(open_, close, low + 50 * below(2))
        yield Minute(market.first_ms + i * MINUTE_MS, open_, high, low, close, volume)
        at = close // 100 * 100


def frame_of(market: Market) -> pd.DataFrame:
    """The bars of a market as the reference takes them. Prices have at most 8 decimals."""
    unit = Decimal(market.tick) / 100

    def price(hundredths: int) -> float:
        return float(round(hundredths * unit, 8))

    random = Random(market.seed + 1)  # of its own: what else a market does stays the same

    def volume(hundredths: int) -> float:
        return (
            hundredths * SCALES[int(random.random() * len(SCALES))] if "volumes" in market.things else hundredths / 100
        )

    rows = [
        (bar.open_ms, price(bar.open), price(bar.high), price(bar.low), price(bar.close), volume(bar.volume))
        for bar in minutes_of(market)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def bars_of(market: Market) -> Bars:
    """The bars of a market as the engine takes them."""
    frame = frame_of(market)
    return Bars(*(frame[name].tolist() for name in COLUMNS))
