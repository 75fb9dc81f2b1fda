"""Bar series that indicators are held against, each named after what is hard about it. Columns of floats, oldest first.

All of them keep the rules of a recorded bar (0 < low <= open, close <= high, volume >= 0) and lie on a price tick.
"""

from random import Random
from typing import NamedTuple

HOUR_MS = 3_600_000


class Series(NamedTuple):
    """Equal-length columns of one timeframe's closed bars."""

    number: list[float]  # open time in timeframes; jumps where bars are missing
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]

    @property
    def open_ms(self) -> list[float]:
        """Open times, were the numbers hours: a few weeks, so that days and weeks begin and end in them."""
        return [number * HOUR_MS for number in self.number]

    def times(self, factor: float) -> "Series":
        """The same market with every price multiplied."""
        open_, high, low, close = ([factor * x for x in column] for column in self[1:5])
        return Series(self.number, open_, high, low, close, self.volume)

    def part(self, start: int, end: int) -> "Series":
        """Bars start..end-1."""
        return Series(*(column[start:end] for column in self))


def walk(
    seed: int, bars: int, price: float, tick: float, swing: float = 0.004, drift: float = 0.0, first: int = 1_000_000
) -> Series:
    """A random walk on the tick grid with wicks and whole volumes."""
    random = Random(seed)
    at = round(price / tick)
    rows = []
    for i in range(bars):
        open_ = at
        at = max(4, round(at * (1.0 + random.gauss(drift, swing))))
        high = round(max(open_, at) * (1.0 + abs(random.gauss(0.0, swing / 3.0))))
        low = max(1, round(min(open_, at) * (1.0 - abs(random.gauss(0.0, swing / 3.0)))))
        rows.append((float(first + i), open_ * tick, high * tick, low * tick, at * tick, float(random.randint(1, 900))))
    return Series(*(list(column) for column in zip(*rows, strict=True)))


def days(series: Series) -> Series:
    """The same bars as one a day, each at its midnight."""
    return series._replace(number=[24.0 * number for number in series.number])


def still(bars: int, price: float, volume: float, first: int) -> Series:
    """Bars at one price."""
    flat = [price] * bars
    return Series([float(first + i) for i in range(bars)], flat, flat, flat, flat, [volume] * bars)


def joined(*parts: Series) -> Series:
    """One after the other; bar numbers are the parts' own."""
    return Series(*([x for part in parts for x in part[column]] for column in range(6)))


def with_jumps(series: Series, seed: int) -> Series:
    """Overnight jumps of several percent, and some bars missing, single and in runs."""
    random = Random(seed)
    factor = 1.0
    rows = []
    for i, row in enumerate(zip(*series, strict=True)):
        if random.random() < 0.04:
            factor *= random.choice((0.92, 0.97, 1.04, 1.09))
        if random.random() < 0.03 or 300 <= i < 311:
            continue
        number, *prices, volume = row
        rows.append((number, *(round(factor * p, 2) for p in prices), volume))
    return Series(*(list(column) for column in zip(*rows, strict=True)))


def with_quiet_runs(series: Series, seed: int) -> Series:
    """Minutes without a trade: volume 0 at the last close, in runs of 1 to 60 bars."""
    random = Random(seed)
    rows: list[tuple[float, ...]] = []
    quiet = 0
    for number, open_, high, low, close, volume in zip(*series, strict=True):
        if quiet == 0 and random.random() < 0.06:
            quiet = random.choice((1, 2, 5, 60))
        if quiet > 0 and rows:
            quiet -= 1
            last = rows[-1][4]
            rows.append((number, last, last, last, last, 0.0))
        else:
            rows.append((number, open_, max(high, open_), min(low, open_), close, volume))
    return Series(*(list(column) for column in zip(*rows, strict=True)))


def lattice(seed: int, bars: int) -> Series:
    """Small whole prices and volumes: equal levels, touched edges and tied bins everywhere."""
    random = Random(seed)
    rows = []
    close = 12
    for i in range(bars):
        open_ = close + random.choice((-2, 0, 0, 0, 2))
        close = min(22, max(3, open_ + random.randint(-2, 2)))
        open_ = min(22, max(3, open_))
        high = max(open_, close) + random.randint(0, 1)
        low = min(open_, close) - random.randint(0, 1)
        rows.append((float(i), *map(float, (open_, high, low, close, random.randint(0, 3)))))
    return Series(*(list(column) for column in zip(*rows, strict=True)))


BARS = 700

SERIES: dict[str, Series] = {
    "rises_first": joined(
        walk(1, 60, 100.0, 0.01, swing=0.0004, drift=0.004), walk(2, BARS - 60, 128.0, 0.01, first=1_000_060)
    ),
    "random_walk": walk(3, BARS, 27_000.0, 0.01),
    "flat": still(BARS, 431.07, 5.0, 7),
    "starts_still": joined(still(20, 100.0, 1.0, 0), walk(13, BARS - 20, 100.0, 0.01, first=20)),
    # still for so long that Wilder's sums of two bars run out of the smallest doubles
    "flat_between_moves": joined(
        walk(4, 150, 2_000.0, 0.01, first=0),
        still(1_130, 1_987.65, 3.0, 150),
        walk(5, 120, 1_987.65, 0.01, first=1_280),
    ),
    "jumps": with_jumps(walk(6, BARS + 60, 3_000.0, 0.01), 7),
    "tiny_prices": walk(8, BARS, 0.00002, 0.00000001, swing=0.01),
    "huge_prices": walk(9, BARS, 900_000_000.0, 0.01),
    "quiet_runs": with_quiet_runs(walk(10, BARS, 60.0, 0.01), 11),
    "lattice": lattice(12, BARS),
    "dust": lattice(14, BARS).times(1e-8),  # a few units of the smallest price
    "untraded_at_first": joined(still(40, 55.5, 0.0, 3), walk(15, BARS - 40, 55.5, 0.01, first=43)),
    "days": days(with_jumps(walk(16, BARS + 60, 0.5, 0.0001, swing=0.02, first=17_000), 17)),
}
