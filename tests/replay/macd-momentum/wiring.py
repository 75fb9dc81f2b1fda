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
from shared.indicators.adx import start as adx_start
from shared.indicators.adx import step as adx_step
from shared.indicators.ema import start as ema_start
from shared.indicators.ema import step as ema_step
from shared.indicators.macd import start as macd_start
from shared.indicators.macd import step as macd_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    macd_start(f, k[56], p[0], p[1], p[2])
    adx_start(f, k[57], p[3], p[4], p[5])
    start_delay(f, k[58], 8, k[59])
    ema_start(f, k[60], p[6])
    start_words(f, k[61], 2)
    start_ring(f, k[62], 1)
    start_words(f, k[63], 2)


@part
def close_1h(f, m, k, p):
    macd_step(f, k[56], 5, f[3], p[0], p[1], p[2])
    adx_step(f, k[57], 16, f[1], f[2], f[3], p[3], p[4], p[5])
    delay(f, k[58], 16, 8, 8, k[59])
    ema_step(f, k[60], 24, f[3], f[3], p[6])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = crosses_above(f, k[61], f[5], f[6])
    r0 = tally(m, 64, x0)
    x1 = gt(f[3], f[24])
    r1 = tally(m, 67, x1)
    r2 = tally(m, 70, f[11])
    x2 = lt(f[5], f[6])
    x3 = past(f, k[62], f[7], 1)
    x4 = lt(f[7], x3)
    x5 = both(x2, x4)
    x6 = lt(profit_ratio(m, k, f[3]), 0.004)
    x7 = both(x5, x6)
    r3 = tally(m, 73, x7)
    x8 = crosses_below(f, k[63], f[5], f[6])
    r4 = tally(m, 76, x8)
    x9 = lt(f[3], f[24])
    r5 = tally(m, 79, x9)
    r6 = tally(m, 82, f[11])
    x10 = gt(f[5], f[6])
    x11 = gt(f[7], x3)
    x12 = both(x10, x11)
    x13 = both(x12, x6)
    r7 = tally(m, 85, x13)
    decide(m, k, out, ts, both(both(r0, r1), r2), r3, both(both(r4, r5), r6), r7, f[11], f[12], NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 3600000, before):
        ts = close_ms(m, 62, 3600000)
        shut(m, 62)
        close_1h(f, m, k, p)
        rules(f, m, k, p, out, ts)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 3600000, t, o, h, l, c, v)
    if decides:
        close_1h(f, m, k, p)
    if decides:
        rules(f, m, k, p, out, close_ms(m, 62, 3600000))
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
        if is_overdue(m, 62, 3600000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
