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
from shared.indicators.fvg import start as fvg_start
from shared.indicators.fvg import step as fvg_step
from shared.indicators.sma import start as sma_start
from shared.indicators.sma import step as sma_step
from shared.indicators.volume_profile import immediate as volumeprofile_immediate
from shared.indicators.volume_profile import start as volumeprofile_start
from shared.indicators.volume_profile import step as volumeprofile_step
from shared.indicators.vpfvg_signal import start as vpfvgsignal_start
from shared.indicators.vpfvg_signal import step as vpfvgsignal_step


@kernel
def start(f, m, k, p):
    start_frame(f, m, 0, 62)
    start_frame(f, m, 5, 64)
    start_frame(f, m, 10, 66)
    volumeprofile_start(f, k[56], p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8])
    start_delay(f, k[57], 22, k[58])
    fvg_start(f, k[59], p[9], p[10], p[11], p[12])
    start_delay(f, k[60], 11, k[61])
    vpfvgsignal_start(f, k[62], p[13], p[14], p[15], p[16], p[17])
    adx_start(f, k[63], p[18], p[19], p[20])
    start_delay(f, k[64], 8, k[65])
    sma_start(f, k[66], p[21])
    ema_start(f, k[67], p[22])
    ema_start(f, k[68], p[23])


@part
def close_15m(f, m, k, p):
    volumeprofile_step(f, k[56], 37, number(m, 62, 900000), f[1], f[2], f[3], f[4], p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8])
    delay(f, k[57], 37, 15, 22, k[58])
    volumeprofile_immediate(f, 15, 15, f[3])
    fvg_step(f, k[59], 70, f[1], f[2], f[3], p[9], p[10], p[11], p[12])
    delay(f, k[60], 70, 59, 11, k[61])
    vpfvgsignal_step(f, k[62], 81, f[1], f[2], f[3], f[15], f[25], f[26], f[59], f[60], f[65], f[67], p[13], p[14], p[15], p[16], p[17])
    adx_step(f, k[63], 97, f[1], f[2], f[3], p[18], p[19], p[20])
    delay(f, k[64], 97, 89, 8, k[65])
    sma_step(f, k[66], 105, f[4], p[21])


@part
def close_1h(f, m, k, p):
    ema_step(f, k[67], 106, f[8], f[8], p[22])


@part
def close_4h(f, m, k, p):
    ema_step(f, k[68], 108, f[13], f[13], p[23])


@part
def rules(f, m, k, p, out, ts):
    count_close(m)
    equity_close(m, k, out, ts)
    x0 = gt(f[3], f[16])
    x1 = both(x0, f[59])
    r0 = tally(m, 68, x1)
    r1 = tally(m, 71, f[81])
    x2 = eq(f[107], 0.0)
    r2 = tally(m, 74, x2)
    x3 = eq(f[109], 0.0)
    r3 = tally(m, 77, x3)
    x4 = gt(f[4], f[105])
    r4 = tally(m, 80, x4)
    x5 = lt(f[3], f[15])
    x6 = eq(f[107], 1.0)
    x7 = both(x5, x6)
    r5 = tally(m, 83, x7)
    x8 = gt(profit_ratio(m, k, f[3]), 0.005)
    x9 = both(f[82], x8)
    r6 = tally(m, 86, x9)
    x10 = lt(f[3], f[17])
    x11 = both(x10, f[60])
    r7 = tally(m, 89, x11)
    r8 = tally(m, 92, f[82])
    r9 = tally(m, 95, x6)
    x12 = eq(f[109], 1.0)
    r10 = tally(m, 98, x12)
    r11 = tally(m, 101, x4)
    x13 = gt(f[3], f[15])
    x14 = both(x13, x2)
    r12 = tally(m, 104, x14)
    x15 = both(f[81], x8)
    r13 = tally(m, 107, x15)
    decide(m, k, out, ts, both(both(both(either(r0, r1), r2), r3), r4), either(r5, r6), both(both(both(either(r7, r8), r9), r10), r11), either(r12, r13), f[92], f[93], NAN, NAN, f[92], f[93], NAN, f[17], f[16], NAN, f[17], f[16])


@kernel
def late(f, m, k, p, out, before):
    if is_overdue(m, 62, 900000, before):
        ts = close_ms(m, 62, 900000)
        if is_overdue(m, 64, 3600000, end_of(m, 62, 900000)):
            shut(m, 64)
            close_1h(f, m, k, p)
        if is_overdue(m, 66, 14400000, end_of(m, 62, 900000)):
            shut(m, 66)
            close_4h(f, m, k, p)
        shut(m, 62)
        close_15m(f, m, k, p)
        rules(f, m, k, p, out, ts)
    if is_overdue(m, 64, 3600000, before):
        shut(m, 64)
        close_1h(f, m, k, p)
    if is_overdue(m, 66, 14400000, before):
        shut(m, 66)
        close_4h(f, m, k, p)


@part
def bar(f, m, k, p, out, t, o, h, l, c, v):
    trade_bar(m, k, out, t, o, h, l, c, v)
    decides = grow(f, m, k, 0, 62, 900000, t, o, h, l, c, v)
    if decides:
        close_15m(f, m, k, p)
    if grow(f, m, k, 5, 64, 3600000, t, o, h, l, c, v):
        close_1h(f, m, k, p)
    if grow(f, m, k, 10, 66, 14400000, t, o, h, l, c, v):
        close_4h(f, m, k, p)
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
        if is_overdue(m, 66, 14400000, t[i]):
            return i
        bar(f, m, k, p, out, t[i], o[i], h[i], l[i], c[i], v[i])
    return last
