"""Generated from a strategy's plan. Do not edit; read me when a run surprises you."""


from shared.engine.bar import end_bar, must_pause, trade_bar
from shared.engine.decide import count_close, decide, equity_close
from shared.engine.frames import (
    close_ms, delay, end_of, grow, hl2, hlc3, is_overdue, number, ohlc4, open_ms, shut, start_delay, start_frame,
)
from shared.engine.rules import (
    absolute, add, bars_since, between, both, crosses_above, crosses_below, down, either, eq, falling, floordiv, ge, gt,
    highest, inverse, le, least, lowest, greatest, lt, mod, mul, ne, nearest, neg, over, past, power, rising, root,
    start_ring, start_words, sub, tally, up, where,
)
from shared.engine.standing import bars_held, entry_price, profit_ratio, r_multiple
from shared.engine.trailing import trail_by
from shared.kernel import NAN, kernel, part
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.donchian import start as donchian_start
from shared.indicators.donchian import step as donchian_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    donchian_start(f, k[52], p[0])
    donchian_start(f, k[53], p[1])
    atr_start(f, k[54], p[2])
    start_ring(f, k[55], 1)
    start_ring(f, k[56], 1)
    start_ring(f, k[57], 1)
    start_ring(f, k[58], 1)


@part
def close_4h(f, m, k, p):
    donchian_step(f, k[52], 5, f[1], f[2], p[0])
    donchian_step(f, k[53], 8, f[1], f[2], p[1])
    atr_step(f, k[54], 11, f[1], f[2], f[3], p[2])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = past(f, k[55], f[6], 1)
    x1 = gt(f[3], x0)
    r0 = tally(m, 64, x1)
    x2 = past(f, k[56], f[10], 1)
    x3 = lt(f[3], x2)
    r1 = tally(m, 67, x3)
    x4 = past(f, k[57], f[7], 1)
    x5 = lt(f[3], x4)
    r2 = tally(m, 70, x5)
    x6 = past(f, k[58], f[9], 1)
    x7 = gt(f[3], x6)
    r3 = tally(m, 73, x7)
    stop_level = mul(f[11], p[3])
    decide(m, k, out, ts, r0, r1, r2, r3, NAN, NAN, NAN, NAN, NAN, NAN, stop_level, NAN, NAN, NAN, NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 14400000, before):
        ts = close_ms(m, 62, 14400000)
        shut(m, 62)
        close_4h(f, m, k, p)
        rules(f, m, k, p, out, ts)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 14400000, t, o, h, l, c, v)
    if decides:
        close_4h(f, m, k, p)
    if decides:
        rules(f, m, k, p, out, close_ms(m, 62, 14400000))
    end_bar(m, k, out, t)


@part
def step(f, m, k, p, out, t, o, h, l, c, v):
    late(f, m, k, p, out, t)
    bar(f, m, k, p, out, t, o, h, l, c, v)


@kernel
def run(f, m, k, p, out, t, o, h, l, c, v, first, last):
    for i in range(first, last):
        if must_pause(m, out, t[i]):
            return i
        if is_overdue(m, 62, 14400000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
