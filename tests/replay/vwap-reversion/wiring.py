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
from shared.indicators.atr import start as atr_start
from shared.indicators.atr import step as atr_step
from shared.indicators.session import start as session_start
from shared.indicators.session import step as session_step
from shared.indicators.vwap import start as vwap_start
from shared.indicators.vwap import step as vwap_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    start_frame(f, m, 5, 64)
    vwap_start(f, k[52], p[0], p[1])
    atr_start(f, k[53], p[2])
    adx_start(f, k[54], p[3], p[4], p[5])
    session_start(f, k[55])
    start_words(f, k[56], 2)
    start_words(f, k[57], 2)


@part
def close_15m(f, m, k, p):
    vwap_step(f, k[52], 10, open_ms(m, 62), f[1], f[2], f[3], f[4], p[0], p[1])
    session_step(f, k[55], 22, open_ms(m, 62))


@part
def close_1h(f, m, k, p):
    atr_step(f, k[53], 13, f[6], f[7], f[8], p[2])
    adx_step(f, k[54], 14, f[6], f[7], f[8], p[3], p[4], p[5])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = crosses_above(f, k[56], f[3], f[12])
    r0 = tally(m, 66, x0)
    x1 = between(f[22], 3.0, 20.0)
    r1 = tally(m, 69, x1)
    x2 = lt(f[14], 25.0)
    r2 = tally(m, 72, x2)
    x3 = ge(f[3], f[10])
    r3 = tally(m, 75, x3)
    x4 = crosses_below(f, k[57], f[3], f[11])
    r4 = tally(m, 78, x4)
    r5 = tally(m, 81, x1)
    r6 = tally(m, 84, x2)
    x5 = le(f[3], f[10])
    r7 = tally(m, 87, x5)
    stop_level = mul(f[13], p[6])
    decide(m, k, out, ts, both(both(r0, r1), r2), r3, both(both(r4, r5), r6), r7, NAN, NAN, NAN, NAN, NAN, NAN, stop_level, NAN, NAN, f[10], NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 900000, before):
        ts = close_ms(m, 62, 900000)
        if is_overdue(m, 64, 3600000, end_of(m, 62, 900000)):
            shut(m, 64)
            close_1h(f, m, k, p)
        shut(m, 62)
        close_15m(f, m, k, p)
        rules(f, m, k, p, out, ts)
    if is_overdue(m, 64, 3600000, before):
        shut(m, 64)
        close_1h(f, m, k, p)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 900000, t, o, h, l, c, v)
    if decides:
        close_15m(f, m, k, p)
    if grow(f, m, k, 5, 64, 3600000, t, o, h, l, c, v):
        close_1h(f, m, k, p)
    if decides:
        rules(f, m, k, p, out, close_ms(m, 62, 900000))
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
        if is_overdue(m, 62, 900000, t[i]):
            return i
        if is_overdue(m, 64, 3600000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
