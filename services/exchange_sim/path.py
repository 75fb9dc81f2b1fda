"""Inside a minute: how the trades of a row arrive. The same (seed, symbol, minute) always takes the same way.

A way starts at the open, touches high and low, ends at the close, and adds up to the row to the last unit. At most
STEPS moments stand for all trades of a minute, each for an equal share of them.
"""

from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from random import Random

from services.exchange_sim.market import Row
from shared.domain.timeframe import MINUTE_MS

STEPS = 40


@lru_cache(maxsize=512)
def way(row: Row, salt: str, tick: int) -> tuple[tuple[int, ...], tuple[Row, ...]]:
    """Times [ms UTC] at which trades arrive, and the row as it stands after each; the last one is `row` itself.

    `salt` names seed and symbol; `tick` is the price step [1e-8 quote]. A row without trades has no moments.
    """
    moments = min(row.trades, STEPS)
    if moments == 0:
        return (), ()
    rng = Random(f"{salt}:{row.open_ms}")  # noqa: S311
    times = sorted(row.open_ms + int(rng.random() * MINUTE_MS) for _ in range(moments))
    prices = _prices(row, moments, tick, rng)
    shares = [0.2 + rng.random() for _ in range(moments)]
    parts = [int(share * 1_000_000) for share in shares]
    quotes = [part * price for part, price in zip(parts, prices, strict=True)]
    whole, whole_quote = sum(parts), sum(quotes)
    rows: list[Row] = []
    high = low = row.open
    sold = paid = 0
    for at in range(moments - 1):
        high, low = max(high, prices[at]), min(low, prices[at])
        sold, paid = sold + parts[at], paid + quotes[at]
        so_far = row._replace(high=high, low=low, close=prices[at], trades=row.trades * (at + 1) // moments)
        rows.append(
            so_far._replace(
                volume=row.volume * sold // whole,
                quote_volume=row.quote_volume * paid // whole_quote,
                taker_base=row.taker_base * sold // whole,
                taker_quote=row.taker_quote * paid // whole_quote,
            )
        )
    return tuple(times), (*rows, row)


def before(row: Row, salt: str, tick: int, at_ms: int) -> Row | None:
    """The row as its trades before `at_ms` made it; None before the first."""
    times, rows = way(row, salt, tick)
    done = bisect_left(times, at_ms)
    return rows[done - 1] if done else None


def _prices(row: Row, moments: int, tick: int, rng: Random) -> list[int]:
    """A price for each moment: through waypoints, with some noise between them, never outside low .. high."""
    points = {0: row.open, moments - 1: row.close}
    if moments == 3:
        points[1] = row.high if row.high > max(row.open, row.close) else row.low
    elif moments > 3:
        first, second = sorted(rng.sample(range(1, moments - 1), 2))
        dips_first = rng.random() < (0.7 if row.close >= row.open else 0.3)
        points[first], points[second] = (row.low, row.high) if dips_first else (row.high, row.low)
    reach = (row.high - row.low) / 8
    prices: list[int] = []
    places = sorted(points)
    for start, end in pairwise(places):
        for at in range(start, end):
            line = points[start] + (points[end] - points[start]) * (at - start) / (end - start)
            free = at not in points
            price = round((line + (rng.random() * 2 - 1) * reach * free) / tick) * tick if free else points[at]
            prices.append(min(max(price, row.low), row.high))
    prices.append(row.close)
    return prices[-moments:]
