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
from shared.indicators.natr import start as natr_start
from shared.indicators.natr import step as natr_step
from shared.indicators.sma import start as sma_start
from shared.indicators.sma import step as sma_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    start_frame(f, m, 5, 64)
    sma_start(f, k[58], p[0])
    natr_start(f, k[59], p[1])
    adx_start(f, k[60], p[2], p[3], p[4])


@part
def close_1h(f, m, k, p):
    sma_step(f, k[58], 10, f[3], p[0])
    natr_step(f, k[59], 11, f[1], f[2], f[3], p[1])


@part
def close_4h(f, m, k, p):
    adx_step(f, k[60], 12, f[6], f[7], f[8], p[2], p[3], p[4])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = lt(f[3], f[10])
    r0 = tally(m, 66, x0)
    x1 = lt(f[12], 32.0)
    r1 = tally(m, 69, x1)
    x2 = gt(f[11], 0.4)
    r2 = tally(m, 72, x2)
    decide(m, k, out, ts, both(both(r0, r1), r2), 0.0, 0.0, 0.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 3600000, before):
        ts = close_ms(m, 62, 3600000)
        if is_overdue(m, 64, 14400000, end_of(m, 62, 3600000)):
            shut(m, 64)
            close_4h(f, m, k, p)
        shut(m, 62)
        close_1h(f, m, k, p)
        rules(f, m, k, p, out, ts)
    if is_overdue(m, 64, 14400000, before):
        shut(m, 64)
        close_4h(f, m, k, p)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 3600000, t, o, h, l, c, v)
    if decides:
        close_1h(f, m, k, p)
    if grow(f, m, k, 5, 64, 14400000, t, o, h, l, c, v):
        close_4h(f, m, k, p)
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
        if is_overdue(m, 64, 14400000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
