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
from shared.indicators.supertrend import start as supertrend_start
from shared.indicators.supertrend import step as supertrend_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    supertrend_start(f, k[52], p[0], p[1])
    atr_start(f, k[53], p[2])
    start_ring(f, k[54], 1)


@part
def close_1h(f, m, k, p):
    supertrend_step(f, k[52], 5, f[1], f[2], f[3], p[0], p[1])
    atr_step(f, k[53], 11, f[1], f[2], f[3], p[2])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = eq(f[6], 0.0)
    r0 = tally(m, 64, x0)
    x1 = past(f, k[54], f[6], 1)
    x2 = eq(x1, 1.0)
    r1 = tally(m, 67, x2)
    x3 = eq(f[6], 1.0)
    r2 = tally(m, 70, x3)
    r3 = tally(m, 73, x3)
    x4 = eq(x1, 0.0)
    r4 = tally(m, 76, x4)
    r5 = tally(m, 79, x0)
    decide(m, k, out, ts, both(r0, r1), r2, both(r3, r4), r5, NAN, NAN, NAN, f[11], NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)


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
