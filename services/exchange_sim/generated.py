"""Generated bars: any minute from 2017 on, made a UTC day at a time from (seed, instrument, day) and nothing else.

Days meet without being made in turn: the price at a day's edge is a sum of noises over days, the same from both sides,
and every day has the same number of trades, so that ids join. Within a day: regimes of some hours, jumps, a volume that
follows the hour, minutes without trades; prices on the tick.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from services.exchange_sim.listing import listing_for
from services.exchange_sim.market import SCALE, Row, units
from shared.domain.timeframe import DAY_MS, MINUTE_MS, ceil_ms, floor_ms

VERSION = 1  # part of the market's name: other numbers from the same seed are another market
LISTED_MS = 1_483_228_800_000  # 2017-01-01
DAY_MINUTES = DAY_MS // MINUTE_MS
DAYS_KEPT = 6
NOISE_DAYS = (1, 3, 8, 21, 55, 144, 377, 987)  # lattice widths; wide ones carry years, narrow ones days

# of a day's volume, by UTC hour
HOURS = (7, 6, 5, 5, 5, 5, 6, 7, 8, 9, 9, 10, 12, 16, 18, 17, 15, 13, 11, 10, 9, 9, 8, 7)


class Character(NamedTuple):
    """What an instrument is like."""

    price: float  # [quote] around which it wanders
    day_volatility: float  # ratio
    day_trades: int  # of every day
    quiet: float  # part of the minutes without a trade, at least
    trade_size: float  # [base] mean


class Regime(NamedTuple):
    """What some hours are like; drift in minute volatilities."""

    volatility: float
    drift: float
    pull: float  # back to where the regime began, per minute


CHARACTERS = {
    "BTC/USDT": Character(62_000.0, 0.025, 28_800, 0.02, 0.012),
    "ETH/USDT": Character(3_000.0, 0.032, 14_400, 0.06, 0.2),
    "SOL/USDT": Character(150.0, 0.045, 7_200, 0.15, 3.0),
}
REGIMES = (
    Regime(0.5, 0.0, 0.03), Regime(0.8, 0.0, 0.02), Regime(1.0, 0.0, 0.005), Regime(0.9, 0.12, 0.0),
    Regime(0.9, -0.12, 0.0), Regime(1.3, 0.05, 0.0), Regime(1.5, -0.08, 0.0), Regime(2.2, 0.0, 0.0),
)  # fmt: skip


class Generated:
    """Rows of one instrument; the last few days are kept."""

    last_ms: int | None = None
    first_ms = LISTED_MS

    def __init__(self, instrument: str, seed: int) -> None:
        self.instrument = instrument
        self._name = f"{seed}:{instrument}"
        self._like = CHARACTERS.get(instrument) or _character(self._name)
        self.listing = listing_for(instrument, self._like.price)
        self._tick = units(float(self.listing.tick))
        self._step = units(float(self.listing.step))
        self._days: OrderedDict[int, list[Row]] = OrderedDict()

    def oldest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        start = ceil_ms(max(from_ms, LISTED_MS), MINUTE_MS)
        return self._rows(start, min(to_ms, start + limit * MINUTE_MS))

    def newest(self, from_ms: int, to_ms: int, limit: int) -> Sequence[Row]:
        end = ceil_ms(to_ms, MINUTE_MS)
        return self._rows(ceil_ms(max(from_ms, LISTED_MS, end - limit * MINUTE_MS), MINUTE_MS), end)

    def _rows(self, from_ms: int, to_ms: int) -> list[Row]:
        rows: list[Row] = []
        for day_ms in range(floor_ms(from_ms, DAY_MS), to_ms, DAY_MS):
            end = -((day_ms - to_ms) // MINUTE_MS)  # a minute that began is in
            rows += self._day(day_ms // DAY_MS)[max(0, (from_ms - day_ms) // MINUTE_MS) : max(0, end)]
        return rows

    def _day(self, day: int) -> list[Row]:
        rows = self._days.pop(day, None) or self._made(day)
        self._days[day] = rows
        if len(self._days) > DAYS_KEPT:
            self._days.popitem(last=False)
        return rows

    def _made(self, day: int) -> list[Row]:
        rng = Random(f"{self._name}:{day}")  # noqa: S311
        trades, closes, sigmas = self._outline(day, rng)
        tick, step = self._tick, self._step
        last = self._edge(day)[1]
        first_id = day * self._like.day_trades + 1
        rows: list[Row] = []
        for at in range(DAY_MINUTES):
            n, open_ms = trades[at], day * DAY_MS + at * MINUTE_MS
            if n == 0:
                rows.append(Row(open_ms, last, last, last, last, 0, 0, 0, 0, 0, first_id))
                continue
            close = closes[at]
            reach = sigmas[at] * close / tick
            open_ = close if n == 1 else max(tick, last + tick * round(_normal(rng) * reach * 0.1))
            up = int(abs(_normal(rng)) * reach * 0.5) * tick if n > 2 else 0
            down = int(abs(_normal(rng)) * reach * 0.5) * tick if n > 3 else 0
            high, low = max(open_, close) + up, max(tick, min(open_, close) - down)
            size = self._like.trade_size * (0.3 + 3.5 * rng.random() ** 4) * n
            volume = max(n, round(size * SCALE / step)) * step
            bought = volume * rng.randrange(250, 751) // 1000 // step * step if n > 1 else volume * rng.randrange(2)
            mean = open_ + high + low + close
            paid, paid_taker = mean * volume // (4 * SCALE), mean * bought // (4 * SCALE)
            rows.append(Row(open_ms, open_, high, low, close, volume, paid, n, bought, paid_taker, first_id))
            first_id, last = first_id + n, close
        return rows

    def _outline(self, day: int, rng: Random) -> tuple[list[int], list[int], list[float]]:
        """Of each minute: number of trades, close if it has any, volatility [ratio]."""
        sigma = self._like.day_volatility / math.sqrt(DAY_MINUTES)
        weights: list[float] = []
        walk: list[float] = []
        sigmas: list[float] = []
        here = began = 0.0
        left = 0
        regime = REGIMES[0]
        for at in range(DAY_MINUTES):
            if left == 0:
                regime, began, left = rng.choice(REGIMES), here, rng.randrange(90, 421)
            left -= 1
            here += sigma * (regime.volatility * _normal(rng) + regime.drift) - regime.pull * (here - began)
            jumps = rng.random() < 1 / 2880
            if jumps:
                here += rng.choice((-1, 1)) * self._like.day_volatility * (0.15 + 0.7 * rng.random() ** 2)
            walk.append(here)
            sigmas.append(sigma * regime.volatility)
            busy = HOURS[at // 60] * regime.volatility * (0.25 + 2 * rng.random() ** 3) * (6 if jumps else 1)
            weights.append(0.0 if rng.random() < self._like.quiet and not jumps else busy)
        start, end = self._edge(day)[0], self._edge(day + 1)[0]
        lean = (end - start - here) / DAY_MINUTES  # bends the walk so that it ends at the edge
        closes = [self._on_tick(start + w + lean * (at + 1)) for at, w in enumerate(walk)]
        closes[-1] = self._edge(day + 1)[1]
        return _shared_out(self._like.day_trades, weights), closes, sigmas

    def _edge(self, day: int) -> tuple[float, int]:
        """Price at the start of a day: its logarithm, and on the tick."""
        log = math.log(self._like.price)
        for width in NOISE_DAYS:
            at, rest = divmod(day, width)
            part = rest / width
            smooth = part * part * (3 - 2 * part)
            low, high = self._noise(width, at), self._noise(width, at + 1)
            log += self._like.day_volatility * 0.7 * math.sqrt(width) * (low + (high - low) * smooth)
        return log, self._on_tick(log)

    def _noise(self, width: int, at: int) -> float:
        """-1 .. 1, the same for the same lattice point."""
        return int.from_bytes(_digest(f"{self._name}:{width}:{at}")) / 2**63 - 1

    def _on_tick(self, log: float) -> int:
        return max(1, round(math.exp(log) * SCALE / self._tick)) * self._tick


def _shared_out(total: int, weights: list[float]) -> list[int]:
    """Whole shares by weight that add up to `total`; the last minute has at least one, to end at the day's edge."""
    weights[-1] = max(weights[-1], 1.5 * sum(weights) / total)
    scale = total / sum(weights)
    shares: list[int] = []
    given, so_far = 0, 0.0
    for weight in weights:
        so_far += weight * scale
        shares.append(int(so_far + 0.5) - given)
        given += shares[-1]
    shares[-1] += total - given
    return shares


def _character(name: str) -> Character:
    """Some character for a name without one, always the same."""
    a, b, c = (part / 255 for part in _digest(name)[:3])
    price = 10 ** (4 * a - 2)
    return Character(price, 0.03 + 0.03 * b, 2_880 + int(5_000 * c), 0.1 + 0.2 * b, 300 / price)


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _normal(rng: Random) -> float:
    """About a standard normal, without a library's logarithm: four uniforms."""
    return (rng.random() + rng.random() + rng.random() + rng.random() - 2) * 1.7320508075688772
