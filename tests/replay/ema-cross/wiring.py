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
from shared.indicators.ema import start as ema_start
from shared.indicators.ema import step as ema_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    ema_start(f, k[52], p[0])
    ema_start(f, k[53], p[1])
    start_words(f, k[54], 2)
    start_words(f, k[55], 2)


@part
def close_15m(f, m, k, p):
    ema_step(f, k[52], 5, f[3], f[3], p[0])
    ema_step(f, k[53], 7, f[3], f[3], p[1])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = crosses_above(f, k[54], f[5], f[7])
    r0 = tally(m, 64, x0)
    x1 = crosses_below(f, k[55], f[5], f[7])
    r1 = tally(m, 67, x1)
    decide(m, k, out, ts, r0, r1, 0.0, 0.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 900000, before):
        ts = close_ms(m, 62, 900000)
        shut(m, 62)
        close_15m(f, m, k, p)
        rules(f, m, k, p, out, ts)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 900000, t, o, h, l, c, v)
    if decides:
        close_15m(f, m, k, p)
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
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
