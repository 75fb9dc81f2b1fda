"""The floor: the same strategies as one hand-written loop each, everything in local variables, compiled by numba.

What a person would write who needed one strategy only: floats for money, no orders, no rows, nothing configurable.
Each returns its trades, so that a comparison of times can begin with one of results. They differ from Paperfold's in
prices below a tick and quantities below a lot, for money here is a float; entries and exits fall on the same minutes.
"""

from typing import Any

import numpy as np
from numba import njit

MOST_TRADES = 200_000
STOP = 0.02
MINUTE = 60_000


@njit(cache=True, error_model="numpy")
def ema_cross(t: Any, o: Any, l: Any, c: Any, cash: float, share: float, fee: float, trades: Any) -> Any:
    """strategies/ema-cross-floor.yaml. Returns how many trades it wrote, equity at the end, and the worst drawdown.

    trades: int64[MOST_TRADES, 2], entry and exit minute.
    """
    frame = 15 * MINUTE
    fast, slow, seen = 0.0, 0.0, 0
    a_fast, a_slow = 2.0 / 21.0, 2.0 / 51.0
    was_below, was_above, is_ready = False, False, False
    quantity, entry_ms, stop = 0.0, 0, 0.0
    wanted, closing = 0.0, False
    count = 0
    equity = peak = cash
    worst = 0.0
    for i in range(len(t)):
        if wanted > 0.0:
            quantity, entry_ms, stop = wanted, t[i], o[i] * (1.0 - STOP)
            cash -= quantity * o[i] * (1.0 + fee)
            wanted = 0.0
        elif closing:
            cash += quantity * o[i] * (1.0 - fee)
            trades[count, 0], trades[count, 1] = entry_ms, t[i]
            count += 1
            quantity, closing = 0.0, False
        if quantity > 0.0 and l[i] <= stop:
            price = min(o[i], stop)
            cash += quantity * price * (1.0 - fee)
            trades[count, 0], trades[count, 1] = entry_ms, t[i]
            count += 1
            quantity = 0.0
        equity = cash + quantity * c[i]
        peak = max(peak, equity)
        worst = max(worst, (peak - equity) / peak)
        if t[i] % frame == frame - MINUTE:
            seen += 1
            close = c[i]
            if seen < 20:
                fast += close
            elif seen == 20:
                fast = (fast + close) / 20.0
            else:
                fast += (close - fast) * a_fast
            if seen < 50:
                slow += close
                continue
            if seen == 50:
                slow = (slow + close) / 50.0
            else:
                slow += (close - slow) * a_slow
            above, below = fast > slow, fast < slow
            if is_ready:
                if quantity > 0.0:
                    closing = below and not was_below
                elif above and not was_above:
                    wanted = share * equity / close
            is_ready, was_above, was_below = True, above, below
    return count, equity, worst


@njit(cache=True, error_model="numpy", inline="always")
def _ema(mean: float, x: float, seen: int, length: int) -> float:
    if seen < length:
        return mean + x
    if seen == length:
        return (mean + x) / length
    return mean + (x - mean) * (2.0 / (length + 1.0))


@njit(cache=True, error_model="numpy", inline="always")
def _wilder(mean: float, x: float, seen: int, length: int) -> float:
    if seen < length:
        return mean + x
    if seen == length:
        return (mean + x) / length
    return (mean * (length - 1) + x) / length


@njit(cache=True, error_model="numpy", inline="always")
def _sum(total: float, x: float, seen: int, length: int) -> float:
    return total + x if seen < length else total - total / length + x


@njit(cache=True, error_model="numpy", inline="always")
def _rsi(rise: float, fall: float) -> float:
    return 100.0 * (rise / (rise + fall)) if rise + fall > 0.0 else 50.0


@njit(cache=True, error_model="numpy", inline="always")
def _dx(up: float, down: float, span: float) -> float:
    plus, minus = 100.0 * (up / span), 100.0 * (down / span)
    return 100.0 * (abs(plus - minus) / (plus + minus))


@njit(cache=True, error_model="numpy")
def twenty(
    t: Any, o: Any, h: Any, l: Any, c: Any, v: Any, cash: float, share: float, trades: Any
) -> Any:  # fmt: skip
    """strategies/twenty.yaml, which has no fee. The three averages run on, as anyone would write them."""
    e1 = e2 = e3 = e4 = e5 = e6 = e7 = e8 = 0.0
    u1 = u2 = u3 = u4 = d1 = d2 = d3 = d4 = 0.0
    a1 = a2 = a3 = 0.0
    s1 = s2 = s3 = 0.0
    xu1 = xd1 = xr1 = xu2 = xd2 = xr2 = adx1 = adx2 = 0.0
    before_above, before_below = False, False
    quantity, entry_ms, stop = 0.0, 0, 0.0
    wanted, closing = 0.0, False
    count = 0
    equity = peak = cash
    worst = 0.0
    for i in range(len(t)):
        if wanted > 0.0:
            quantity, entry_ms, stop = wanted, t[i], o[i] * (1.0 - STOP)
            cash -= quantity * o[i]
            wanted = 0.0
        elif closing:
            cash += quantity * o[i]
            trades[count, 0], trades[count, 1] = entry_ms, t[i]
            count += 1
            quantity, closing = 0.0, False
        if quantity > 0.0 and l[i] <= stop:
            cash += quantity * min(o[i], stop)
            trades[count, 0], trades[count, 1] = entry_ms, t[i]
            count += 1
            quantity = 0.0
        equity = cash + quantity * c[i]
        peak = max(peak, equity)
        worst = max(worst, (peak - equity) / peak)

        x, n = c[i], i + 1
        e1, e2, e3, e4 = _ema(e1, x, n, 8), _ema(e2, x, n, 13), _ema(e3, x, n, 21), _ema(e4, x, n, 34)
        e5, e6, e7, e8 = _ema(e5, x, n, 55), _ema(e6, x, n, 89), _ema(e7, x, n, 144), _ema(e8, x, n, 233)
        s1 += x - (c[i - 20] if i >= 20 else 0.0)
        s2 += x - (c[i - 50] if i >= 50 else 0.0)
        s3 += v[i] - (v[i - 20] if i >= 20 else 0.0)
        if i == 0:
            continue
        change = x - c[i - 1]
        rise, fall = max(change, 0.0), max(-change, 0.0)
        u1, u2, u3, u4 = (
            _wilder(u1, rise, i, 7),
            _wilder(u2, rise, i, 14),
            _wilder(u3, rise, i, 21),
            _wilder(u4, rise, i, 28),
        )
        d1, d2, d3, d4 = (
            _wilder(d1, fall, i, 7),
            _wilder(d2, fall, i, 14),
            _wilder(d3, fall, i, 21),
            _wilder(d4, fall, i, 28),
        )
        span = max(h[i], c[i - 1]) - min(l[i], c[i - 1])
        a1, a2, a3 = _wilder(a1, span, i, 7), _wilder(a2, span, i, 14), _wilder(a3, span, i, 28)
        up, down = h[i] - h[i - 1], l[i - 1] - l[i]
        up, down = (up if up > 0.0 and up > down else 0.0), (down if down > 0.0 and down > up else 0.0)
        xu1, xd1, xr1 = _sum(xu1, up, i, 14), _sum(xd1, down, i, 14), _sum(xr1, span, i, 14)
        xu2, xd2, xr2 = _sum(xu2, up, i, 28), _sum(xd2, down, i, 28), _sum(xr2, span, i, 28)
        if i >= 14:
            adx1 = _wilder(adx1, _dx(xu1, xd1, xr1), i - 13, 14)
        if i >= 28:
            adx2 = _wilder(adx2, _dx(xu2, xd2, xr2), i - 27, 28)
        above, below = e1 > e3, e1 < e3
        if i >= 232:
            if quantity > 0.0:
                closing = below and not before_below
            elif (
                above
                and not before_above
                and (
                    (e2 > e4 or e5 > e6)
                    and (e7 > e8 or x > e8)
                    and _rsi(u1, d1) > 45.0
                    and _rsi(u2, d2) > 45.0
                    and (_rsi(u3, d3) > 45.0 or _rsi(u4, d4) > 50.0)
                    and a1 < 3.0 * a2
                    and a2 < 3.0 * a3
                    and (s1 / 20.0 > s2 / 50.0 or x > s1 / 20.0)
                    and v[i] > 0.2 * (s3 / 20.0)
                    and (adx1 > 12.0 or adx2 > 12.0)
                )
            ):
                wanted = share * equity / x
        before_above, before_below = above, below
    return count, equity, worst


def trades_table() -> Any:
    """Where a loop writes its trades."""
    return np.zeros((MOST_TRADES, 2), dtype=np.int64)
