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
from shared.indicators.ema import start as ema_start
from shared.indicators.ema import step as ema_step
from shared.indicators.rsi import start as rsi_start
from shared.indicators.rsi import step as rsi_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    start_frame(f, m, 5, 64)
    rsi_start(f, k[52], p[0], p[1], p[2])
    atr_start(f, k[53], p[3])
    ema_start(f, k[54], p[4])
    ema_start(f, k[55], p[5])
    start_words(f, k[56], 2)
    start_ring(f, k[57], 8)
    start_words(f, k[58], 2)
    start_words(f, k[59], 2)
    start_ring(f, k[60], 8)
    start_words(f, k[61], 2)


@part
def close_30m(f, m, k, p):
    rsi_step(f, k[52], 10, f[3], p[0], p[1], p[2])
    atr_step(f, k[53], 13, f[1], f[2], f[3], p[3])


@part
def close_4h(f, m, k, p):
    ema_step(f, k[54], 14, f[8], f[8], p[4])
    ema_step(f, k[55], 16, f[8], f[8], p[5])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = gt(f[14], f[16])
    r0 = tally(m, 66, x0)
    x1 = crosses_above(f, k[56], f[10], 38.0)
    r1 = tally(m, 69, x1)
    x2 = lowest(f, k[57], f[10], 8)
    x3 = lt(x2, 32.0)
    r2 = tally(m, 72, x3)
    x4 = crosses_below(f, k[58], f[10], 68.0)
    r3 = tally(m, 75, x4)
    x5 = lt(f[14], f[16])
    r4 = tally(m, 78, x5)
    r5 = tally(m, 81, x5)
    x6 = crosses_below(f, k[59], f[10], 62.0)
    r6 = tally(m, 84, x6)
    x7 = highest(f, k[60], f[10], 8)
    x8 = gt(x7, 68.0)
    r7 = tally(m, 87, x8)
    x9 = crosses_above(f, k[61], f[10], 32.0)
    r8 = tally(m, 90, x9)
    r9 = tally(m, 93, x0)
    stop_level = mul(f[13], p[6])
    decide(m, k, out, ts, both(both(r0, r1), r2), either(r3, r4), both(both(r5, r6), r7), either(r8, r9), NAN, NAN, NAN, NAN, NAN, NAN, stop_level, NAN, NAN, NAN, NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 1800000, before):
        ts = close_ms(m, 62, 1800000)
        if is_overdue(m, 64, 14400000, end_of(m, 62, 1800000)):
            shut(m, 64)
            close_4h(f, m, k, p)
        shut(m, 62)
        close_30m(f, m, k, p)
        rules(f, m, k, p, out, ts)
    if is_overdue(m, 64, 14400000, before):
        shut(m, 64)
        close_4h(f, m, k, p)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trail_by(m, f[13], p[7])
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 1800000, t, o, h, l, c, v)
    if decides:
        close_30m(f, m, k, p)
    if grow(f, m, k, 5, 64, 14400000, t, o, h, l, c, v):
        close_4h(f, m, k, p)
    if decides:
        rules(f, m, k, p, out, close_ms(m, 62, 1800000))
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
        if is_overdue(m, 62, 1800000, t[i]):
            return i
        if is_overdue(m, 64, 14400000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
